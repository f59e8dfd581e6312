/* bench_sink.c: takes what is pushed and counts it.
 *
 *     bench_sink [-p PORT] [-k KEY] [-l MS] [-f N]
 *
 * A POST of a JSON object is answered 201 {"complaint_id": n}, after MS; every
 * N-th 503, and not counted. GET /stats: how many posts, and how many values of
 * "KEY" came once and more than once. POST /reset: from the start. */
#include "http.h"

#include "base/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/poison.h"

struct sink {
	const char *key; /* "\"tags_raw\"" */
	uint64_t every;  /* 503 */
	uint64_t posts, taken, turned_away, bad, unique, again;
	int64_t first_ns, last_ns;
	uint64_t *seen; /* open addressing; 0: free */
	size_t slots;
};

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t hash(const char *s, size_t size)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < size; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	return h != 0 ? h : 1;
}

static uint64_t *slot_of(uint64_t *seen, size_t slots, uint64_t h)
{
	size_t i = (size_t)(h * 0x9E3779B97F4A7C15u >> 20) & (slots - 1);
	while (seen[i] != 0 && seen[i] != h)
		i = (i + 1) & (slots - 1);
	return &seen[i];
}

static void grow(struct sink *s)
{
	size_t slots = s->slots != 0 ? 2 * s->slots : 1u << 18;
	uint64_t *seen = xcalloc(slots, sizeof(*seen));
	for (size_t i = 0; i < s->slots; i++)
		if (s->seen[i] != 0)
			*slot_of(seen, slots, s->seen[i]) = s->seen[i];
	free(s->seen);
	s->seen = seen;
	s->slots = slots;
}

/* The text after "KEY": in the body, as it stands there. */
static void note(struct sink *s, struct jembatan_bytes body)
{
	const char *end = (const char *)body.data + body.size;
	const char *p = memmem(body.data, body.size, s->key, strlen(s->key));
	if (p == NULL)
		return;
	for (p += strlen(s->key); p < end && (*p == ':' || *p == ' ' || *p == '"'); p++)
		continue;
	const char *quote = memchr(p, '"', (size_t)(end - p));
	if (2 * s->unique >= s->slots)
		grow(s);
	uint64_t h = hash(p, (size_t)((quote != NULL ? quote : end) - p));
	uint64_t *slot = slot_of(s->seen, s->slots, h);
	s->unique += *slot == 0;
	s->again += *slot != 0;
	*slot = h;
}

static void reset(struct sink *s)
{
	struct sink empty = { .key = s->key, .every = s->every };
	free(s->seen);
	*s = empty;
}

static void stats(const struct sink *s, struct buf *out)
{
	buf_printf(out, "{\"posts\": %llu, \"records\": %llu, \"http503\": %llu, \"bad\": %llu,"
		   " \"unique\": %llu, \"dups\": %llu, \"first_ns\": %lld, \"last_ns\": %lld}\n",
		   (unsigned long long)s->posts, (unsigned long long)s->taken,
		   (unsigned long long)s->turned_away, (unsigned long long)s->bad,
		   (unsigned long long)s->unique, (unsigned long long)s->again,
		   (long long)s->first_ns, (long long)s->last_ns);
}

static void take(struct sink *s, struct jembatan_bytes body, struct http_answer *out)
{
	const char *text = body.data;
	s->last_ns = now_ns();
	if (s->posts++ == 0)
		s->first_ns = s->last_ns;
	if (body.size < 2 || text[0] != '{') {
		s->bad++;
		out->status = 400;
	} else if (s->every != 0 && s->posts % s->every == 0) {
		s->turned_away++;
		out->status = 503;
	} else {
		s->taken++;
		note(s, body);
		out->status = 201;
	}
	buf_printf(&out->body, "{\"complaint_id\": %llu}", (unsigned long long)s->posts);
}

static void on_request(void *data, const struct http_request *r, struct http_answer *out)
{
	struct sink *s = data;
	if (strcmp(r->path, "/reset") == 0)
		reset(s);
	if (strcmp(r->path, "/reset") == 0 || strcmp(r->path, "/stats") == 0)
		stats(s, &out->body);
	else if (r->is_post)
		take(s, r->body, out);
	else
		buf_add_text(&out->body, "{}"); /* the daemon asks whether we are there */
}

int main(int argc, char **argv)
{
	struct sink s = { .key = "\"tags_raw\"" };
	unsigned port = 0;
	int64_t delay_ms = 0;
	for (int o; (o = getopt(argc, argv, "p:k:l:f:")) != -1;) {
		if (o == 'p')
			port = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'k')
			s.key = xasprintf("\"%s\"", optarg);
		else if (o == 'l')
			delay_ms = strtoll(optarg, NULL, 10);
		else if (o == 'f')
			s.every = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	http_serve(port, delay_ms, on_request, &s);
}
