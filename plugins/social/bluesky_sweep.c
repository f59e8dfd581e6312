/* bluesky_sweep.c: brings mentions, replies and quotes. The list is ordered by a
 * time that authors choose, so nothing says where the new begins: pages are read
 * until one holds nothing new, and once a day all of them, with a look whether
 * posts that we hold were deleted. What is seen gets to disk after the posts. */
#include "social/bluesky.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 100u
#define PAGES_MAX 40u /* with PAGE below BLUESKY_SEEN_MAX */
#define CHECK_AT_ONCE 25u
#define MISSED_MAX 1u /* a post is gone when it was missed more often in a row */
#define MISSED_AGAIN_MS INT64_C(900000)
#define SEEN_KEY "bluesky.seen"
#define FOLLOW_KEY "bluesky.follow"
#define STATE_BYTES ((size_t)64 * 1024)

/* ---- on disk ----------------------------------------------------------- */

static void load(struct social *s, struct bluesky *b)
{
	struct jembatan_bytes bytes;
	char open = '-';

	if (jembatan_state_get(s->ctx, SEEN_KEY, &bytes) == JEMBATAN_OK)
		bluesky_seen_unpack(&b->seen, bytes);
	if (jembatan_state_get(s->ctx, FOLLOW_KEY, &bytes) == JEMBATAN_OK)
		bluesky_follow_unpack(&b->follow, bytes);
	if (sscanf(s->cursor, "1 %" SCNd64 " %" SCNd64 " %c", &b->deep_ms, &b->bottom_ms, &open) != 3)
		b->deep_ms = b->bottom_ms = 0;
	b->is_open = open == 'o';
	b->is_loaded = true;
}

static enum jembatan_result checkpoint(struct social *s, struct bluesky *b, bool is_open)
{
	char cursor[sizeof(s->cursor)];

	(void)snprintf(cursor, sizeof(cursor), "1 %" PRId64 " %" PRId64 " %c", b->deep_ms,
		       b->bottom_ms, is_open ? 'o' : '-');
	enum jembatan_result result = jembatan_checkpoint(s->ctx, cursor);

	if (result == JEMBATAN_OK) {
		memcpy(s->cursor, cursor, sizeof(cursor));
		b->is_open = is_open;
	}
	return result;
}

static enum jembatan_result keep_seen(struct social *s, const struct bluesky *b)
{
	struct kit_text *text = kit_text_new(STATE_BYTES);

	bluesky_seen_pack(&b->seen, text);
	enum jembatan_result result = jembatan_state_put(s->ctx, SEEN_KEY, kit_text_bytes(text));

	kit_text_free(text);
	return result;
}

static enum jembatan_result keep_followed(struct social *s, const struct bluesky *b)
{
	struct kit_text *text = kit_text_new(STATE_BYTES);

	bluesky_follow_pack(&b->follow, text);
	enum jembatan_result result = jembatan_state_put(s->ctx, FOLLOW_KEY, kit_text_bytes(text));

	kit_text_free(text);
	return result;
}

/* ---- posts around a post ----------------------------------------------- */

enum jembatan_result bluesky_get_posts(struct social *s, const char *const *uris, size_t count,
				       json_t **out, unsigned *out_status)
{
	struct bluesky *b = s->own;
	struct kit_text *url = kit_text_new((size_t)32 * 1024);
	json_t *root = NULL;

	kit_text_printf(url, "%s/xrpc/app.bsky.feed.getPosts", s->url);
	for (size_t i = 0; i < count; i++) {
		char *escaped = kit_url_escape(uris[i]);

		kit_text_printf(url, "%suris=%s", i == 0 ? "?" : "&", escaped);
		free(escaped);
	}
	enum jembatan_result result =
		bluesky_ask(s, b->session, kit_text_string(url), &root, out_status);
	json_t *posts = json_object_get(root, "posts");

	if (result == JEMBATAN_OK && !json_is_array(posts))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY,
					  "Bluesky's answer about posts is no list");
	else if (result == JEMBATAN_OK)
		*out = json_incref(posts);
	json_decref(root);
	kit_text_free(url);
	return result;
}

static json_t *find_post(json_t *posts, const char *uri)
{
	json_t *one;
	size_t i;

	json_array_foreach(posts, i, one) {
		const char *its = kit_json_string(one, "uri");

		if (its && strcmp(its, uri) == 0)
			return one;
	}
	return NULL;
}

/* What the new posts of a page answer or quote. Where it cannot be had they go
 * without. */
static json_t *bring_context(struct social *s, json_t *const *views, size_t count)
{
	const char *uris[CHECK_AT_ONCE], *two[2];
	json_t *all = json_array(), *some;
	size_t pending = 0;

	for (size_t i = 0; i <= count; i++) {
		size_t n = i < count ? bluesky_context_uris(views[i], two) : 0;

		if (pending > 0 && (i == count || pending + n > CHECK_AT_ONCE)) {
			if (bluesky_get_posts(s, uris, pending, &some, NULL) == JEMBATAN_OK) {
				(void)json_array_extend(all, some);
				json_decref(some);
			}
			pending = 0;
		}
		for (size_t k = 0; k < n; k++)
			uris[pending++] = two[k];
	}
	return all;
}

static void add_context(struct social *s, json_t *view, json_t *around, struct social_post *post)
{
	struct jembatan_message *m = &post->message;
	const char *uris[2];
	size_t count = bluesky_context_uris(view, uris);

	for (size_t i = 0; i < count; i++) {
		struct social_post other;
		json_t *found = find_post(around, uris[i]);

		if (found && bluesky_read_post(found, s->own_id, s->arena, &other) &&
		    other.message.kind == JEMBATAN_NEW)
			social_add_context(m, s->arena, other.message.author.handle,
					   other.message.text);
	}
}

/* ---- one page ---------------------------------------------------------- */

/* By whichever clock an author could not put back: what the last deep sweep did
 * not show came after it. Beyond how far that one saw, nothing is known. */
static int64_t arrival(const struct social *s, const struct bluesky *b, int64_t claimed_ms)
{
	int64_t now_ms = jembatan_now_ms(s->ctx);

	if (claimed_ms < b->deep_ms && claimed_ms >= b->bottom_ms)
		claimed_ms = b->deep_ms;
	return claimed_ms < now_ms ? claimed_ms : now_ms;
}

/* Older than `start`, as far as its author can be believed. */
static bool is_before_start(const struct social *s, json_t *view)
{
	const char *at = kit_json_string(view, "indexedAt");
	int64_t ms = 0;

	return s->ctx->start_ms > 0 && at && kit_time_parse(at, NULL, 0, &ms) == JEMBATAN_OK &&
	       arrival(s, s->own, ms) < s->ctx->start_ms;
}

enum jembatan_result bluesky_take(struct social *s, json_t *view, json_t *around)
{
	struct bluesky *b = s->own;
	struct social_post post;
	bool is_skipped = false;
	bool is_post = bluesky_read_post(view, s->own_id, s->arena, &post);
	enum jembatan_result result = social_begin(s, kit_json_string(view, "uri"), view,
						   &is_skipped);

	if (result != JEMBATAN_OK || is_skipped)
		return result;
	if (!is_post) {
		const struct jembatan_message other = { .size = sizeof(other),
							.kind = JEMBATAN_IGNORED };

		return jembatan_emit(s->ctx, &other);
	}
	add_context(s, view, around, &post);
	if (!b->session) /* a preview */
		return social_take(s, &post);
	post.message.arrived_ms = arrival(s, b, post.message.arrived_ms);
	result = social_take(s, &post);
	if (result == JEMBATAN_OK && post.message.kind != JEMBATAN_IGNORED)
		bluesky_follow_add(&b->follow, post.message.id);
	return result;
}

/* A post may be there for two reasons, as mention and as reply. */
static bool is_twice(json_t *const *views, size_t count, const char *uri)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(kit_json_string(views[i], "uri"), uri) == 0)
			return true;
	return false;
}

static size_t find_new(const struct bluesky *b, json_t *list, json_t **views)
{
	size_t count = 0, i;
	json_t *one;

	json_array_foreach(list, i, one) {
		const char *uri = kit_json_string(one, "uri");

		if (uri && count < PAGE && !bluesky_seen_has(&b->seen, uri) &&
		    !is_twice(views, count, uri))
			views[count++] = one;
	}
	return count;
}

/* Posts first, then what says that we have had them: a kill in between brings
 * them again, and the core knows them. */
static enum jembatan_result take_new(struct social *s, json_t *const *views, size_t count,
				     bool is_open)
{
	struct bluesky *b = s->own;
	json_t *wanted[PAGE];
	size_t n = 0;

	for (size_t i = count; i > 0; i--) /* the newest stands first */
		if (!is_before_start(s, views[i - 1]))
			wanted[n++] = views[i - 1];
	json_t *around = bring_context(s, wanted, n);
	enum jembatan_result result = JEMBATAN_OK;

	for (size_t i = 0; i < n && result == JEMBATAN_OK; i++)
		result = bluesky_take(s, wanted[i], around);
	json_decref(around);
	if (result == JEMBATAN_OK)
		result = checkpoint(s, b, is_open);
	if (result == JEMBATAN_OK)
		result = keep_followed(s, b);
	for (size_t i = 0; i < count && result == JEMBATAN_OK; i++)
		bluesky_seen_add(&b->seen, kit_json_string(views[i], "uri"));
	return result == JEMBATAN_OK ? keep_seen(s, b) : result;
}

/* ---- the walk ---------------------------------------------------------- */

/* The cursor is a time and what lies below it comes next: posts of the very same
 * millisecond would be left out, so a millisecond is added, as long as that
 * still leads on. A page may be empty for what was filtered out of it. False:
 * there is no further one. */
static bool next_page(struct bluesky *b, json_t *root)
{
	const char *cursor = kit_json_string(root, "cursor");
	char second[32], again[32];
	int64_t ms;

	if (!cursor || *cursor == '\0' || strlen(cursor) >= sizeof(b->page) ||
	    strcmp(cursor, b->page) == 0)
		return false;
	if (strlen(cursor) == 24 && kit_time_parse(cursor, NULL, 0, &ms) == JEMBATAN_OK) {
		kit_time_format_rfc3339(ms + 1, 0, second);
		(void)snprintf(again, sizeof(again), "%.19s.%03dZ", second,
			       (int)((ms + 1) % 1000));
		if (strcmp(again, b->page) != 0)
			cursor = again;
	}
	memcpy(b->page, cursor, strlen(cursor) + 1);
	return true;
}

/* How far back a page reaches; 0: it does not say. */
static int64_t lowest_of(json_t *list)
{
	const char *at = kit_json_string(json_array_get(list, json_array_size(list) - 1), "indexedAt");
	int64_t ms = 0;

	return at && kit_time_parse(at, NULL, 0, &ms) == JEMBATAN_OK ? ms : 0;
}

static enum jembatan_result ask_page(struct social *s, struct bluesky *b, json_t **out)
{
	char *cursor = kit_url_escape(b->page);
	const char *url = kit_arena_printf(
		s->arena, "%s/xrpc/app.bsky.notification.listNotifications?limit=%u&reasons=mention"
		"&reasons=reply&reasons=quote%s%s", s->url, PAGE, b->page[0] ? "&cursor=" : "",
		b->page[0] ? cursor : "");
	enum jembatan_result result = bluesky_ask(s, b->session, url, out, NULL);

	free(cursor);
	if (result == JEMBATAN_OK && !json_is_array(json_object_get(*out, "notifications")))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY,
					  "Bluesky's notifications are not a list");
	return result;
}

static enum jembatan_result end_pages(struct social *s, struct bluesky *b, bool is_cut)
{
	b->page[0] = '\0';
	if (b->is_deep) {
		b->is_checking = true;
		b->checked = 0;
		if (!is_cut)
			b->lowest_ms = 0;
		return JEMBATAN_OK;
	}
	b->started_ms = 0;
	if (!b->is_open)
		return JEMBATAN_IDLE;
	enum jembatan_result result = checkpoint(s, b, false);

	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}

static enum jembatan_result sweep_page(struct social *s, struct bluesky *b)
{
	json_t *root = NULL, *views[PAGE];
	enum jembatan_result result = ask_page(s, b, &root);
	char page[sizeof(b->page)];

	if (result != JEMBATAN_OK) {
		json_decref(root);
		return result;
	}
	memcpy(page, b->page, sizeof(page));
	json_t *list = json_object_get(root, "notifications");
	size_t count = find_new(b, list, views);
	bool goes_on = next_page(b, root) && (count > 0 || b->is_deep);
	bool is_cut = goes_on && ++b->pages >= PAGES_MAX;
	int64_t lowest_ms = lowest_of(list);

	if (lowest_ms > 0)
		b->lowest_ms = lowest_ms;
	if (count > 0)
		result = take_new(s, views, count, goes_on || b->is_deep || b->is_open);
	json_decref(root);
	if (result != JEMBATAN_OK)
		memcpy(b->page, page, sizeof(page)); /* this one again */
	else if (!goes_on || is_cut)
		result = end_pages(s, b, is_cut);
	return result;
}

/* ---- deletions --------------------------------------------------------- */

/* A few at a time; missing once may be the server's trouble. */
static enum jembatan_result check_some(struct social *s, struct bluesky *b)
{
	const char *uris[CHECK_AT_ONCE];
	size_t count = 0;
	json_t *posts = NULL;

	while (count < CHECK_AT_ONCE && b->checked + count < b->follow.count) {
		uris[count] = b->follow.posts[b->checked + count].uri;
		count++;
	}
	enum jembatan_result result =
		count > 0 ? bluesky_get_posts(s, uris, count, &posts, NULL) : JEMBATAN_OK;

	for (size_t i = 0; i < count && result == JEMBATAN_OK; i++) {
		struct bluesky_followed *f = &b->follow.posts[b->checked + i];

		f->is_missing = !find_post(posts, f->uri);
		if (f->is_missing && f->missed + 1 > MISSED_MAX)
			result = social_tell_deleted(s, f->uri);
	}
	json_decref(posts);
	if (result == JEMBATAN_OK)
		b->checked += count;
	return result;
}

static enum jembatan_result end_check(struct social *s, struct bluesky *b)
{
	int64_t deep_ms = b->deep_ms, bottom_ms = b->bottom_ms;

	if (b->is_deep) {
		b->deep_ms = b->started_ms;
		b->bottom_ms = b->lowest_ms;
	}
	enum jembatan_result result = checkpoint(s, b, false);

	if (result != JEMBATAN_OK) {
		b->deep_ms = deep_ms;
		b->bottom_ms = bottom_ms;
		b->checked = 0; /* the deletions are not on disk */
		return result;
	}
	b->again_ms = 0;
	for (size_t i = 0; i < b->follow.count; i++) {
		struct bluesky_followed *f = &b->follow.posts[i];

		f->missed = f->is_missing ? f->missed + 1 : 0;
		if (f->missed > 0 && f->missed <= MISSED_MAX)
			b->again_ms = b->started_ms + MISSED_AGAIN_MS;
	}
	bluesky_follow_drop(&b->follow, MISSED_MAX);
	b->is_deep = b->is_checking = false;
	b->started_ms = 0;
	result = keep_followed(s, b);
	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}

/* ---- poll -------------------------------------------------------------- */

static void begin_sweep(struct social *s, struct bluesky *b)
{
	int64_t now_ms = jembatan_now_ms(s->ctx);
	int64_t every_ms = jembatan_get_integer(s->ctx, "deep_sweep");

	b->started_ms = now_ms;
	b->is_deep = b->is_open || b->deep_ms == 0 || now_ms - b->deep_ms >= every_ms ||
		     now_ms < b->deep_ms;
	b->is_checking = !b->is_deep && b->again_ms > 0 && now_ms >= b->again_ms;
	b->checked = 0;
	b->page[0] = '\0';
	b->pages = 0;
	b->lowest_ms = 0;
}

enum jembatan_result bluesky_poll(struct social *s)
{
	struct bluesky *b = s->own;

	if (!b->session)
		b->session = bluesky_session_new(s);
	if (!b->is_loaded)
		load(s, b);
	if (b->started_ms == 0)
		begin_sweep(s, b);
	if (!b->is_checking)
		return sweep_page(s, b);
	if (b->checked < b->follow.count)
		return check_some(s, b);
	return end_check(s, b);
}
