/* mastodon_watch.c: see mastodon_watch.h. One line a post. */
#include "social/mastodon_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define KEPT_MS (7 * DAY_MS)
#define MISSED_TWICE 2u

/* Most is edited soon, or never. */
static int64_t interval_ms(int64_t age_ms)
{
	return age_ms < HOUR_MS ? 5 * MINUTE_MS : age_ms < DAY_MS ? HOUR_MS : 6 * HOUR_MS;
}

static void drop(struct mastodon_watch *w, size_t n)
{
	memmove(&w->posts[n], &w->posts[n + 1], (w->count - n - 1) * sizeof(w->posts[0]));
	w->count--;
	w->is_changed = true;
}

static bool read_line(const char *line, struct mastodon_watched *out)
{
	struct mastodon_watched p = { .missing = 0 };

	if (sscanf(line, "%31s %39s %" SCNd64 " %" SCNd64 " %u", p.id, p.edited, &p.since_ms, &p.due_ms,
		   &p.missing) != 5)
		return false;
	if (strcmp(p.edited, "-") == 0)
		p.edited[0] = '\0';
	*out = p;
	return true;
}

void mastodon_watch_read(struct mastodon_watch *w, struct jembatan_bytes text)
{
	const char *at = text.data, *end = at ? at + text.size : NULL;
	char line[160];

	w->count = 0;
	w->is_changed = false;
	while (at < end && w->count < MASTODON_WATCH_MAX) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = stop ? (size_t)(stop - at) : (size_t)(end - at);

		if (n < sizeof(line)) {
			memcpy(line, at, n);
			line[n] = '\0';
			w->count += read_line(line, &w->posts[w->count]);
		}
		at += n + 1;
	}
}

void mastodon_watch_write(const struct mastodon_watch *w, struct kit_text *out)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct mastodon_watched *p = &w->posts[i];

		kit_text_printf(out, "%s %s %" PRId64 " %" PRId64 " %u\n", p->id,
				p->edited[0] ? p->edited : "-", p->since_ms, p->due_ms, p->missing);
	}
}

static bool is_word(const char *text, size_t size)
{
	return *text != '\0' && strlen(text) < size && !strpbrk(text, " \t\r\n");
}

static void set_edited(struct mastodon_watched *p, const char *edited)
{
	p->edited[0] = '\0';
	if (edited && is_word(edited, sizeof(p->edited)))
		memcpy(p->edited, edited, strlen(edited) + 1);
}

void mastodon_watch_note(struct mastodon_watch *w, const char *id, const char *edited,
			 int64_t now_ms)
{
	struct mastodon_watched p = { .since_ms = now_ms, .due_ms = now_ms + interval_ms(0) };

	if (!is_word(id, sizeof(p.id)))
		return;
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->posts[i].id, id) == 0)
			return;
	if (w->count == MASTODON_WATCH_MAX)
		drop(w, 0);
	memcpy(p.id, id, strlen(id) + 1);
	set_edited(&p, edited);
	w->posts[w->count++] = p;
	w->is_changed = true;
}

struct mastodon_watched *mastodon_watch_due(struct mastodon_watch *w, int64_t now_ms)
{
	struct mastodon_watched *due = NULL;

	for (size_t i = 0; i < w->count;) {
		if (now_ms - w->posts[i].since_ms > KEPT_MS)
			drop(w, i);
		else
			i++;
	}
	for (size_t i = 0; i < w->count; i++)
		if (w->posts[i].due_ms <= now_ms && (!due || w->posts[i].due_ms < due->due_ms))
			due = &w->posts[i];
	return due;
}

bool mastodon_watch_seen(struct mastodon_watch *w, struct mastodon_watched *post,
			 const char *edited, int64_t now_ms)
{
	bool is_other = strcmp(edited ? edited : "", post->edited) != 0;

	set_edited(post, edited);
	post->missing = 0;
	post->due_ms = now_ms + interval_ms(now_ms - post->since_ms);
	w->is_changed = true;
	return is_other && post->edited[0] != '\0';
}

bool mastodon_watch_missed(struct mastodon_watch *w, struct mastodon_watched *post, int64_t now_ms)
{
	w->is_changed = true;
	post->due_ms = now_ms + 10 * MINUTE_MS;
	if (++post->missing < MISSED_TWICE)
		return false;
	drop(w, (size_t)(post - w->posts));
	return true;
}
