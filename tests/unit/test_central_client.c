/* test_central_client.c: what the client says about requests that never left. */
#include "central/client.h"
#include "central/outcome.h"

#include "base/clock.h"
#include "base/fault.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static struct loop *loop;
static struct client *client;
static struct client_answer got;
static unsigned answers;

static void setup(void)
{
	static const struct client_options options = { .connect_timeout_ms = 60,
						       .answer_timeout_ms = 60,
						       .connections = 4 };

	loop = loop_new();
	client = client_new(loop, &options);
	answers = 0;
}

static void teardown(void)
{
	client_free(client);
	loop_free(loop);
}

static void on_done(void *data, const struct client_answer *answer)
{
	(void)data;
	got = *answer;
	answers++;
}

static void send_and_wait(const char *url)
{
	unsigned wanted = answers + 1;
	struct client_request r = { .url = url, .body = "{}" };

	client_start(client, &r, on_done, NULL);
	while (answers < wanted)
		loop_turn(loop, 1000);
}

static enum outcome outcome(void)
{
	struct outcome_facts f = { .action = OUTCOME_CREATE,
				   .curl_code = got.curl_code,
				   .any_sent = got.any_sent,
				   .status = got.status };

	return outcome_of(&f).outcome;
}

/* A socket that listens; its port. */
static int listen_on(int backlog, char url[64], const char *scheme)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, size), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	snprintf(url, 64, "%s://127.0.0.1:%u/", scheme, ntohs(a.sin_port));
	return fd;
}

static void fill(const char *url)
{
	const char *port = strrchr(url, ':') + 1;
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };

	for (int i = 0; i < 4; i++) { /* left open: the test's process ends soon */
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fd, (struct sockaddr *)&a, sizeof(a));
	}
}

START_TEST(a_connect_that_hangs_is_not_sent_and_the_client_lives_on)
{
	char url[64];
	int fd = listen_on(0, url, "http");

	fill(url);
	for (int i = 0; i < 3; i++) { /* numbers of sockets are used again */
		send_and_wait(url);
		ck_assert_int_eq(got.curl_code, CURLE_OPERATION_TIMEDOUT);
		ck_assert(!got.any_sent);
		ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
	}
	close(fd);
}
END_TEST

START_TEST(a_port_where_nobody_listens_is_not_sent)
{
	char url[64];

	close(listen_on(1, url, "http"));
	send_and_wait(url);
	ck_assert_int_eq(got.curl_code, CURLE_COULDNT_CONNECT);
	ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
}
END_TEST

START_TEST(a_name_that_nobody_knows_is_not_sent)
{
	send_and_wait("http://nobody.invalid/");
	ck_assert(!got.any_sent);
	ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
}
END_TEST

START_TEST(a_handshake_that_fails_is_not_sent)
{
	char url[64];
	int fd = listen_on(4, url, "https");

	/* Nobody answers the greeting of TLS. */
	send_and_wait(url);
	ck_assert(!got.any_sent);
	ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
	close(fd);
}
END_TEST

START_TEST(a_request_that_nobody_answers_is_unknown)
{
	char url[64];
	int fd = listen_on(4, url, "http");

	send_and_wait(url);
	ck_assert_int_eq(got.curl_code, CURLE_OPERATION_TIMEDOUT);
	ck_assert(got.any_sent);
	ck_assert_int_eq(outcome(), OUTCOME_UNKNOWN);
	close(fd);
}
END_TEST

/* ---- a peer that we play ourselves, a turn at a time ---- */

/* The next connection of this socket, once it is there. */
static int take_connection(int fd)
{
	int peer;

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while ((peer = accept(fd, NULL, NULL)) < 0)
		loop_turn(loop, 5);
	return peer;
}

static char request[4096];

static void read_request(int peer)
{
	size_t size = 0;

	do {
		loop_turn(loop, 5);
		ssize_t n = recv(peer, request + size, sizeof(request) - 1 - size, MSG_DONTWAIT);
		ck_assert_int_ne((int)n, 0);
		if (n > 0)
			size += (size_t)n;
		request[size] = '\0';
	} while (!strstr(request, "\r\n\r\n{}"));
}

static void say(int peer, const char *text)
{
	ck_assert_int_eq(send(peer, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static const struct client_options PATIENT = { .connect_timeout_ms = 20000,
					       .answer_timeout_ms = 20000,
					       .connections = 4 };

START_TEST(an_answer_that_nobody_asked_for_is_not_the_next_ones)
{
	char url[64];
	int fd = listen_on(4, url, "http");
	struct client_request r = { .url = url, .body = "{}" };

	client_set_options(client, &PATIENT);
	client_start(client, &r, on_done, NULL);
	int peer = take_connection(fd);
	read_request(peer);
	say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	while (answers < 1)
		loop_turn(loop, 5);
	ck_assert_uint_eq(got.status, 200);
	say(peer, "HTTP/1.1 201 OK\r\nContent-Length: 7\r\n\r\n\"stale\"");
	client_start(client, &r, on_done, NULL);
	while (answers < 2)
		loop_turn(loop, 5);
	ck_assert_int_eq(got.curl_code, CURLE_ABORTED_BY_CALLBACK);
	ck_assert_int_eq(outcome(), OUTCOME_NOT_SENT);
	/* And that connection is over: the next one is new. */
	client_start(client, &r, on_done, NULL);
	int other = take_connection(fd);
	read_request(other);
	say(other, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	while (answers < 3)
		loop_turn(loop, 5);
	ck_assert_uint_eq(got.status, 200);
	/* A kept one to which nothing was said is used again. */
	client_start(client, &r, on_done, NULL);
	read_request(other);
	say(other, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	while (answers < 4)
		loop_turn(loop, 5);
	ck_assert_uint_eq(got.status, 200);
	close(peer);
	close(other);
	close(fd);
}
END_TEST

/* A kept handle is used again as it is, but for what differs. */
static const struct {
	const char *path, *key;
	bool closes; /* the centre, after its answer */
} reports[] = { { "/satu", "JB-1", false },	{ "/satu", "JB-2", false },
		{ "/dua?x=1", "JB-3", false },	{ "/dua?x=1", "JB-4", true },
		{ "/dua?x=1", "JB-5", false },	{ "/satu", "JB-6", false } };

START_TEST(each_report_says_what_is_its_own)
{
	char base[64], url[96], first[128], key[64];
	int fd = listen_on(4, base, "http"), peer = -1;

	client_set_options(client, &PATIENT);
	for (unsigned i = 0; i < COUNT_OF(reports); i++) {
		snprintf(url, sizeof(url), "%.*s%s", (int)strlen(base) - 1, base, reports[i].path);
		snprintf(first, sizeof(first), "POST %s HTTP/1.1\r\nHost: 127.0.0.1:",
			 reports[i].path);
		snprintf(key, sizeof(key), "\r\nIdempotency-Key: %s\r\n", reports[i].key);
		struct client_request r = { .url = url, .body = "{}",
					    .idempotency_key = reports[i].key };
		client_start(client, &r, on_done, NULL);
		if (peer < 0)
			peer = take_connection(fd);
		read_request(peer);
		ck_assert_msg(strncmp(request, first, strlen(first)) == 0, "%s", request);
		ck_assert_msg(strstr(request, key) != NULL, "%s", request);
		const char *agent = strstr(request, "\r\nUser-Agent: jembatan/");
		ck_assert_msg(agent && !strstr(agent + 3, "User-Agent:"), "%s", request);
		ck_assert_msg(strstr(request, "\r\nExpect") == NULL, "%s", request);
		say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
		while (answers < i + 1)
			loop_turn(loop, 5);
		ck_assert_uint_eq(got.status, 200);
		memset(url, '-', strlen(url)); /* the caller's text may be gone now */
		if (reports[i].closes) {
			close(peer);
			peer = -1;
		}
	}
	close(peer);
	close(fd);
}
END_TEST

static const char *const floods[] = { "X-Panjang: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
				      "HTTP/1.1 100 Continue\r\n\r\n" };

START_TEST(headers_without_end_are_cut)
{
	char url[64];
	int fd = listen_on(4, url, "http");
	struct client_request r = { .url = url, .body = "{}" };
	const char *piece = floods[_i];
	size_t sent = 0;

	client_set_options(client, &PATIENT);
	client_start(client, &r, on_done, NULL);
	int peer = take_connection(fd);
	read_request(peer);
	if (_i == 0)
		say(peer, "HTTP/1.1 200 OK\r\n");
	while (answers < 1) {
		ssize_t n = send(peer, piece, strlen(piece), MSG_NOSIGNAL | MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		ck_assert_uint_lt(sent, 8u * 1024 * 1024);
		loop_turn(loop, 0);
	}
	ck_assert(got.is_too_long);
	ck_assert_int_eq(outcome(), OUTCOME_UNKNOWN);
	close(peer);
	close(fd);
}
END_TEST

#ifdef JEMBATAN_FAULTS
START_TEST(a_request_that_libcurl_has_lost_ends_too)
{
	char url[64];
	int fd = listen_on(4, url, "http");
	struct client_request r = { .url = url, .body = "{}" };

	setenv("JEMBATAN_LOST_MS", "40", 1);
	setenv("JEMBATAN_PLANT", "curl-forgets", 1);
	client_start(client, &r, on_done, NULL);
	client_start(client, &r, on_done, NULL);
	while (answers < 2)
		loop_turn(loop, 1000);
	ck_assert_int_eq(got.curl_code, CURLE_OPERATION_TIMEDOUT);
	ck_assert_int_ge(got.took_ms, 120 + 40);
	unsetenv("JEMBATAN_PLANT");
	unsetenv("JEMBATAN_LOST_MS");
	send_and_wait(url); /* the others are served as ever */
	ck_assert(got.any_sent);
	close(fd);
}
END_TEST
#endif

START_TEST(what_is_cancelled_is_not_answered)
{
	char url[64];
	int fd = listen_on(4, url, "http");
	struct client_request r = { .url = url, .body = "{}" };
	struct client_call *call = client_start(client, &r, on_done, NULL);

	loop_turn(loop, 0);
	client_cancel(call);
	client_start(client, &r, on_done, NULL); /* client_free cancels this one */
	loop_turn(loop, 0);
	ck_assert_uint_eq(answers, 0);
	close(fd);
}
END_TEST

/* The kernel takes a moment until an address counts. */
static bool bind_soon(int fd, const struct sockaddr_in6 *a)
{
	int64_t until = clock_mono_ms() + 5000;

	while (bind(fd, (const struct sockaddr *)a, sizeof(*a)) != 0) {
		if (errno != EADDRNOTAVAIL || clock_mono_ms() > until)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

/* In a network of its own: fe80::1 on the loopback, which is nobody's without
 * its zone. The exit status of a process. */
static int ask_by_zone(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
	socklen_t size = sizeof(a);
	char url[64];

	if (unshare(CLONE_NEWNET) != 0)
		return 2;
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct in6_ifreq local = { .ifr6_prefixlen = 64,
				   .ifr6_ifindex = (int)if_nametoindex("lo") };
	inet_pton(AF_INET6, "fe80::1", &local.ifr6_addr);
	a.sin6_addr = local.ifr6_addr;
	a.sin6_scope_id = (uint32_t)local.ifr6_ifindex;
	if (ioctl(fd, SIOCSIFFLAGS, &up) != 0 || ioctl(fd, SIOCSIFADDR, &local) != 0 ||
	    !bind_soon(fd, &a) || listen(fd, 4) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) != 0)
		return 3;
	snprintf(url, sizeof(url), "http://[fe80::1%%25lo]:%u/", ntohs(a.sin6_port));
	setup();
	send_and_wait(url);
	bool first = got.any_sent;
	send_and_wait(url); /* by the address that was taken apart */
	bool second = got.any_sent;
	snprintf(url, sizeof(url), "http://[fe80::1]:%u/", ntohs(a.sin6_port));
	send_and_wait(url);
	teardown();
	return first && second && !got.any_sent ? 0 : 4;
}

START_TEST(an_address_with_a_zone_is_reached)
{
	int status;

	if (getuid() != 0)
		return; /* a network of its own is root's */
	pid_t pid = fork();
	if (pid == 0)
		_exit(ask_by_zone());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("central_client");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_connect_that_hangs_is_not_sent_and_the_client_lives_on);
	tcase_add_test(t, a_port_where_nobody_listens_is_not_sent);
	tcase_add_test(t, a_name_that_nobody_knows_is_not_sent);
	tcase_add_test(t, a_handshake_that_fails_is_not_sent);
	tcase_add_test(t, a_request_that_nobody_answers_is_unknown);
	tcase_add_test(t, an_answer_that_nobody_asked_for_is_not_the_next_ones);
	tcase_add_test(t, each_report_says_what_is_its_own);
	tcase_add_loop_test(t, headers_without_end_are_cut, 0, COUNT_OF(floods));
#ifdef JEMBATAN_FAULTS
	tcase_add_test(t, a_request_that_libcurl_has_lost_ends_too);
#endif
	tcase_add_test(t, what_is_cancelled_is_not_answered);
	tcase_add_test(t, an_address_with_a_zone_is_reached);
	return unit_run("central_client", t);
}
