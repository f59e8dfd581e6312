/* social_watch.c: see social_watch.h. One line a post. */
#include "social/social_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define AGAIN_MS (10 * MINUTE_MS) /* after it was not there once */
#define MISSED_TWICE 2u
#define LATE_MS DAY_MS
#define TIME_MAX_MS INT64_C(253402300800000) /* the year 10000 */
#define STATE_BYTES ((size_t)60 * 1024)

/* ---- ages -------------------------------------------------------------- */

static bool read_age(const char **at, int64_t *out_ms)
{
	char *unit;
	int64_t number = strtoll(*at, &unit, 10);
	int64_t each_ms = *unit == 'm' ? MINUTE_MS : *unit == 'h' ? HOUR_MS : *unit == 'd' ? DAY_MS : 0;

	if (**at < '0' || **at > '9' || each_ms == 0 || number < 1 || number > 1000)
		return false;
	*at = unit + 1;
	*out_ms = number * each_ms;
	return **at == ' ' || **at == '\0';
}

bool social_watch_set_ages(struct social_watch *w, const char *ages)
{
	int64_t read_ms[SOCIAL_WATCH_AGES], last_ms = 0;
	size_t count = 0;

	if (strcmp(ages, "off") == 0)
		ages = "";
	else if (*ages == '\0')
		return false;
	while (*ages != '\0') {
		if (count == SOCIAL_WATCH_AGES || !read_age(&ages, &read_ms[count]) ||
		    read_ms[count] <= last_ms)
			return false;
		last_ms = read_ms[count++];
		ages += strspn(ages, " ");
	}
	memcpy(w->ages_ms, read_ms, count * sizeof(read_ms[0]));
	w->age_count = count;
	return true;
}

void social_watch_init(struct social_watch *w, struct social *s, const char *preset)
{
	const char *ages = jembatan_get_string(s->ctx, "watch");

	if (!ages || !social_watch_set_ages(w, ages))
		(void)social_watch_set_ages(w, preset);
}

enum jembatan_result social_watch_check(struct jembatan_context *ctx)
{
	const char *ages = jembatan_get_string(ctx, "watch");
	struct social_watch *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	bool is_good = !ages || social_watch_set_ages(w, ages);

	free(w);
	return is_good ? JEMBATAN_OK :
	       jembatan_explain(ctx, JEMBATAN_CONFIG,
				"%s: `watch` is rising ages such as \"1h 1d 7d\" (at most %u), or \"off\"",
				jembatan_where(ctx, "watch", NULL), SOCIAL_WATCH_AGES);
}

/* When the next age is reached; 0: there is none. */
static int64_t next_due_ms(const struct social_watch *w, int64_t since_ms, int64_t now_ms)
{
	for (size_t i = 0; i < w->age_count; i++)
		if (now_ms - since_ms < w->ages_ms[i])
			return since_ms + w->ages_ms[i];
	return 0;
}

/* ---- on disk ----------------------------------------------------------- */

static bool read_line(const char *line, struct social_watched *out)
{
	struct social_watched p = { .missing = 0 };

	if (sscanf(line, "%63s %39s %" SCNd64 " %" SCNd64 " %u", p.id, p.edited, &p.since_ms, &p.due_ms,
		   &p.missing) != 5 || p.since_ms < 0 || p.since_ms > TIME_MAX_MS || p.due_ms < 0 ||
	    p.due_ms > TIME_MAX_MS)
		return false;
	if (strcmp(p.edited, "-") == 0)
		p.edited[0] = '\0';
	*out = p;
	return true;
}

void social_watch_read(struct social_watch *w, struct jembatan_bytes text)
{
	const char *at = text.data, *end = at ? at + text.size : NULL;
	char line[200];

	w->count = 0;
	w->is_changed = false;
	while (at < end && w->count < SOCIAL_WATCH_MAX) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = stop ? (size_t)(stop - at) : (size_t)(end - at);

		if (n < sizeof(line)) {
			memcpy(line, at, n);
			line[n] = '\0';
			w->count += read_line(line, &w->posts[w->count]);
		}
		at += n + (stop != NULL);
	}
}

void social_watch_write(const struct social_watch *w, struct kit_text *out)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct social_watched *p = &w->posts[i];

		kit_text_printf(out, "%s %s %" PRId64 " %" PRId64 " %u\n", p->id,
				p->edited[0] ? p->edited : "-", p->since_ms, p->due_ms, p->missing);
	}
}

static const char *key_of(struct social *s)
{
	return kit_arena_printf(s->arena, "%s.watch", s->network->name);
}

enum jembatan_result social_watch_load(struct social_watch *w, struct social *s)
{
	struct jembatan_bytes text = { NULL, 0 };

	if (w->is_loaded || w->age_count == 0)
		return JEMBATAN_OK;
	enum jembatan_result result = jembatan_state_get(s->ctx, key_of(s), &text);

	if (result != JEMBATAN_OK && result != JEMBATAN_GONE)
		return result;
	social_watch_read(w, text);
	w->is_loaded = true;
	return JEMBATAN_OK;
}

enum jembatan_result social_watch_keep(struct social_watch *w, struct social *s)
{
	if (!w->is_loaded || !w->is_changed)
		return JEMBATAN_OK;
	struct kit_text *text = kit_text_new(STATE_BYTES);

	social_watch_write(w, text);
	enum jembatan_result result = jembatan_state_put(s->ctx, key_of(s), kit_text_bytes(text));

	w->is_changed = result != JEMBATAN_OK;
	kit_text_free(text);
	return result;
}

void social_watch_forget(struct social_watch *w)
{
	w->is_loaded = false;
}

enum jembatan_result social_watch_told(struct social_watch *w, struct social *s,
				       enum jembatan_result result)
{
	if (result == JEMBATAN_OK)
		result = jembatan_checkpoint(s->ctx, NULL);
	if (result == JEMBATAN_OK)
		result = social_watch_keep(w, s);
	else
		social_watch_forget(w);
	return result;
}

/* ---- posts ------------------------------------------------------------- */

static void drop(struct social_watch *w, size_t n)
{
	memmove(&w->posts[n], &w->posts[n + 1], (w->count - n - 1) * sizeof(w->posts[0]));
	w->count--;
	w->is_changed = true;
}

static struct social_watched *find(struct social_watch *w, const char *id)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->posts[i].id, id) == 0)
			return &w->posts[i];
	return NULL;
}

static bool is_word(const char *text, size_t size)
{
	return *text != '\0' && strlen(text) < size && !strpbrk(text, " \t\r\n");
}

static void set_revision(struct social_watch *w, struct social_watched *p, const char *revision)
{
	const char *now = revision && is_word(revision, sizeof(p->edited)) ? revision : "";

	w->is_changed |= strcmp(p->edited, now) != 0;
	memmove(p->edited, now, strlen(now) + 1);
}

void social_watch_note(struct social_watch *w, const char *id, const char *revision,
		       int64_t since_ms, int64_t now_ms)
{
	struct social_watched p = { .since_ms = since_ms,
				    .due_ms = next_due_ms(w, since_ms, now_ms) };
	struct social_watched *known = find(w, id);

	if (known)
		set_revision(w, known, revision);
	if (known || p.due_ms == 0 || !is_word(id, sizeof(p.id)))
		return;
	if (w->count == SOCIAL_WATCH_MAX)
		drop(w, 0);
	memcpy(p.id, id, strlen(id) + 1);
	set_revision(w, &p, revision);
	w->posts[w->count++] = p;
	w->is_changed = true;
}

static int by_due(const void *a, const void *b)
{
	const struct social_watched *left = a, *right = b;

	return (left->due_ms > right->due_ms) - (left->due_ms < right->due_ms);
}

size_t social_watch_due(struct social_watch *w, int64_t now_ms, struct social_watched *out,
			size_t max)
{
	int64_t last_ms = w->age_count > 0 ? w->ages_ms[w->age_count - 1] : 0;
	size_t count = 0;

	for (size_t i = 0; i < w->count;) {
		if (now_ms - w->posts[i].since_ms >= last_ms + LATE_MS)
			drop(w, i);
		else
			i++;
	}
	for (size_t i = 0; i < w->count && w->age_count > 0; i++) {
		if (w->posts[i].due_ms > now_ms)
			continue;
		if (count < max)
			out[count++] = w->posts[i];
		else if (w->posts[i].due_ms < out[max - 1].due_ms)
			out[max - 1] = w->posts[i];
		else
			continue;
		qsort(out, count, sizeof(out[0]), by_due);
	}
	return count;
}

void social_watch_pass(struct social_watch *w, const char *id, int64_t now_ms)
{
	struct social_watched *post = find(w, id);

	if (!post)
		return;
	post->missing = 0;
	post->due_ms = next_due_ms(w, post->since_ms, now_ms);
	w->is_changed = true;
	if (post->due_ms == 0)
		drop(w, (size_t)(post - w->posts));
}

bool social_watch_seen(struct social_watch *w, const char *id, const char *revision,
		       int64_t now_ms)
{
	struct social_watched *post = find(w, id);
	bool is_other = post && strcmp(revision ? revision : "", post->edited) != 0;

	if (post)
		set_revision(w, post, revision);
	is_other = is_other && post->edited[0] != '\0';
	social_watch_pass(w, id, now_ms);
	return is_other;
}

bool social_watch_missed(struct social_watch *w, const char *id, int64_t now_ms)
{
	struct social_watched *post = find(w, id);

	if (!post)
		return false;
	w->is_changed = true;
	post->due_ms = now_ms + AGAIN_MS;
	if (++post->missing < MISSED_TWICE)
		return false;
	drop(w, (size_t)(post - w->posts));
	return true;
}
