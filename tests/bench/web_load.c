/* web_load.c: webhooks thrown at jembatan-web: so many in flight over kept
 * connections (libcurl), and beside them senders that drip a byte a second.
 * Each honest request has a body of its own, signed. Prints one JSON object.
 *   web_load --socket PATH --path /hook/wa/sign --in-flight 32 --seconds 5 \
 *            --slow 1000 --secret KEY */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/poison.h"

#define SAMPLES_MAX 4000000u
#define IN_FLIGHT_MAX 1024u

static const char *socket_path, *path = "/hook/wa/sign", *secret = "";
static unsigned in_flight = 1, slow_count, body_size = 600;
static double seconds = 5;

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- honest senders ---- */

struct sender {
	CURL *curl;
	struct curl_slist *headers;
	char *body, url[256];
	double started;
};

static struct sender senders[IN_FLIGHT_MAX];
static float *samples;
static size_t sample_count, good, refused, broken;
static uint64_t serial, run;

static size_t drop_answer(char *data, size_t size, size_t count, void *user)
{
	(void)data;
	(void)user;
	return size * count;
}

static void sign(struct sender *s, unsigned n)
{
	char hex[2 * DIGEST_SIZE + 1], line[128];
	struct digest mac = digest_hmac(bytes_text(secret), bytes_of(s->body, body_size));
	digest_hex(mac.bytes, sizeof(mac.bytes), hex);
	curl_slist_free_all(s->headers);
	snprintf(line, sizeof(line), "X-Hub-Signature-256: sha256=%s", hex);
	s->headers = curl_slist_append(NULL, line);
	snprintf(line, sizeof(line), "X-Forwarded-For: 203.0.113.%u", n % 250 + 1);
	s->headers = curl_slist_append(s->headers, line);
	s->headers = curl_slist_append(s->headers, "Content-Type: text/plain");
	s->headers = curl_slist_append(s->headers, "Expect:");
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
}

static void send_next(CURLM *multi, unsigned n)
{
	struct sender *s = &senders[n];
	int size = snprintf(s->body, body_size, "Laporan %llx-%llu: lampu jalan padam. ",
			    (unsigned long long)run, (unsigned long long)serial++);
	memset(s->body + size, 'a' + (char)(serial % 26), body_size - (size_t)size);
	sign(s, n);
	s->started = now_s();
	curl_multi_add_handle(multi, s->curl);
}

static void prepare(unsigned n)
{
	struct sender *s = &senders[n];
	s->curl = curl_easy_init();
	s->body = xmalloc(body_size + 1);
	snprintf(s->url, sizeof(s->url), "http://jembatan.invalid%s", path);
	curl_easy_setopt(s->curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(s->curl, CURLOPT_URL, s->url);
	curl_easy_setopt(s->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, s->body);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE, (long)body_size);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, drop_answer);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(s->curl, CURLOPT_PRIVATE, s);
}

static void take(CURLMsg *m, double now)
{
	struct sender *s;
	long status = 0;
	curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
	curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
	if (m->data.result != CURLE_OK)
		broken++;
	else if (status >= 200 && status < 300)
		good++;
	else
		refused++;
	if (sample_count < SAMPLES_MAX)
		samples[sample_count++] = (float)((now - s->started) * 1000.0);
}

/* ---- slow senders ---- */

struct slow {
	int fd;
	unsigned at;
};

static struct slow *slows;
static size_t cut_count;

static void slow_connect(struct slow *s, unsigned n)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char start[256];
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", socket_path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	s->at = 0;
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close_fd(&s->fd);
		s->fd = -1;
		return;
	}
	/* Half of them drip headers, half a body. */
	int size = n % 2 == 0 ?
		snprintf(start, sizeof(start), "POST %s HTTP/1.1\r\nHost: x\r\nX-Slow: ", path) :
		snprintf(start, sizeof(start), "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
			 "X-Forwarded-For: 198.51.%u.%u\r\n\r\n", path, n / 250, n % 250 + 1);
	if (send(s->fd, start, (size_t)size, MSG_NOSIGNAL) < 0)
		close_fd(&s->fd);
}

static void slow_drip(unsigned n)
{
	struct slow *s = &slows[n];
	char answer[512];
	if (s->fd >= 0 && (recv(s->fd, answer, sizeof(answer), MSG_DONTWAIT) >= 0 ||
			   send(s->fd, "a", 1, MSG_NOSIGNAL) < 0)) {
		close(s->fd);
		s->fd = -1;
		cut_count++;
	}
	if (s->fd < 0)
		slow_connect(s, n);
}

/* ---- the run ---- */

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return x < y ? -1 : x > y;
}

static float part(double of)
{
	return sample_count == 0 ? 0 : samples[(size_t)((double)(sample_count - 1) * of)];
}

static void collect(CURLM *multi, double until)
{
	int left;
	double now = now_s();
	for (CURLMsg *m = curl_multi_info_read(multi, &left); m != NULL;
	     m = curl_multi_info_read(multi, &left)) {
		struct sender *s;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
		take(m, now);
		curl_multi_remove_handle(multi, s->curl);
		if (now < until)
			send_next(multi, (unsigned)(s - senders));
	}
}

static double drive(CURLM *multi)
{
	int running = 1;
	unsigned next_slow = 0;
	double start = now_s(), dripped = start;
	for (unsigned n = 0; n < in_flight; n++)
		send_next(multi, n);
	while (running > 0 || now_s() < start + seconds) {
		curl_multi_perform(multi, &running);
		collect(multi, start + seconds);
		curl_multi_perform(multi, &running);
		/* Each slow sender once a second, spread over it. */
		unsigned due = (unsigned)((now_s() - dripped) * (double)slow_count);
		for (unsigned i = 0; i < due && slow_count > 0; i++)
			slow_drip(next_slow++ % slow_count);
		dripped += slow_count > 0 ? (double)due / (double)slow_count : 0;
		if (running > 0)
			curl_multi_poll(multi, NULL, 0, 5, NULL);
	}
	collect(multi, 0); /* the last may have been answered since */
	return now_s() - start;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' }, { "path", required_argument, NULL, 'p' },
		{ "in-flight", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "slow", required_argument, NULL, 'w' }, { "secret", required_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 's')
			socket_path = optarg;
		else if (o == 'p')
			path = optarg;
		else if (o == 'n')
			in_flight = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 't')
			seconds = strtod(optarg, NULL);
		else if (o == 'w')
			slow_count = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'k')
			secret = optarg;
		else
			exit(64);
	}
	if (socket_path == NULL || in_flight == 0 || in_flight > IN_FLIGHT_MAX)
		exit(64);
}

int main(int argc, char **argv)
{
	struct rlimit files = { 8192, 8192 };
	read_options(argc, argv);
	setrlimit(RLIMIT_NOFILE, &files);
	digest_random(&run, sizeof(run));
	samples = xmalloc(SAMPLES_MAX * sizeof(*samples));
	slows = xcalloc(slow_count + 1, sizeof(*slows));
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)in_flight * 2);
	for (unsigned n = 0; n < slow_count; n++)
		slow_connect(&slows[n], n);
	for (unsigned n = 0; n < in_flight; n++)
		prepare(n);
	double took = drive(multi);
	qsort(samples, sample_count, sizeof(*samples), compare);
	printf("{\"in_flight\": %u, \"slow\": %u, \"good\": %zu, \"refused\": %zu, \"broken\": %zu, "
	       "\"per_second\": %.0f, \"p50_ms\": %.1f, \"p99_ms\": %.1f, \"max_ms\": %.1f, "
	       "\"slow_cut\": %zu}\n", in_flight, slow_count, good, refused, broken,
	       (double)good / took, (double)part(0.5), (double)part(0.99), (double)part(1.0), cut_count);
	for (unsigned n = 0; n < in_flight; n++) {
		curl_easy_cleanup(senders[n].curl);
		curl_slist_free_all(senders[n].headers);
		free(senders[n].body);
	}
	curl_multi_cleanup(multi);
	free(samples);
	free(slows);
	return broken == 0 ? 0 : 1;
}
