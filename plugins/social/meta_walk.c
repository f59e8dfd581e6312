/* meta_walk.c: looks now and then at the newest posts and their comments, for what
 * webhooks did not bring. Times are Meta's own. The cursor moves once a walk has
 * come to its end: one that was cut short begins anew, and the core knows what it
 * has had. */
#include "social/meta.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 200u
#define COMMENT_PAGES_MAX 20u
#define OVERLAP_MS INT64_C(3600000)

/* ---- the cursor: "1 walked done" --------------------------------------- */

void meta_walk_load(struct social *s)
{
	struct meta *meta = s->own;

	if (!meta->is_loaded &&
	    sscanf(s->cursor, "1 %" SCNd64 " %" SCNd64, &meta->walked_ms, &meta->done) != 2)
		meta->walked_ms = meta->done = 0;
	meta->is_loaded = true;
}

enum jembatan_result meta_walk_save(struct social *s, int64_t walked_ms, int64_t done)
{
	struct meta *meta = s->own;
	char cursor[sizeof(s->cursor)];

	(void)snprintf(cursor, sizeof(cursor), "1 %" PRId64 " %" PRId64, walked_ms, done);
	enum jembatan_result result = jembatan_checkpoint(s->ctx, cursor);

	if (result == JEMBATAN_OK) {
		memcpy(s->cursor, cursor, sizeof(cursor));
		meta->walked_ms = walked_ms;
		meta->done = done;
	}
	return result;
}

/* ---- a page ------------------------------------------------------------ */

static bool is_new(const struct social *s, json_t *record, const char *time)
{
	const struct meta *meta = s->own;
	int64_t ms = meta_time(record, time);

	return (ms == 0 || ms >= meta->since_ms) && (ms == 0 || ms >= s->ctx->start_ms);
}

/* `paging.next` is there as long as there is more; where it leads is made anew
 * from the cursor, since the URL that they give holds the token. */
static const char *after_of(json_t *list)
{
	return kit_json_at(list, "paging.next") ? kit_json_string(list, "paging.cursors.after") : NULL;
}

static enum jembatan_result take_comments(struct social *s, const struct meta_walk *walk,
					  json_t *item, json_t *list, bool *out_goes_on)
{
	enum jembatan_result result = JEMBATAN_OK;
	bool all_new = true;
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(list, "data"), i, one) {
		bool wanted = is_new(s, one, walk->time);

		all_new = all_new && wanted;
		if (wanted && result == JEMBATAN_OK)
			result = walk->take(s, item, one);
	}
	*out_goes_on = all_new && i > 0 && after_of(list) != NULL;
	return result;
}

/* The newest stand first: more are asked for as long as all are new. */
static enum jembatan_result walk_comments(struct social *s, const struct meta_walk *walk,
					  json_t *item)
{
	json_t *list = json_incref(json_object_get(item, "comments"));
	const char *id = meta_id(s, item, "id");
	bool goes_on = false;
	enum jembatan_result result = take_comments(s, walk, item, list, &goes_on);

	for (unsigned n = 0; goes_on && id && result == JEMBATAN_OK && n < COMMENT_PAGES_MAX; n++) {
		struct meta_answer answer = { .root = NULL };
		char *after = kit_url_escape(after_of(list));

		result = meta_call(s, NULL, meta_url(s, "%s/comments?%s&limit=100&after=%s", id,
						     walk->comment_fields, after), NULL, &answer);
		free(after);
		json_decref(list);
		list = answer.root;
		/* The post went away meanwhile. */
		if (result == JEMBATAN_GONE || result == JEMBATAN_DATA)
			break;
		if (result == JEMBATAN_OK)
			result = take_comments(s, walk, item, list, &goes_on);
	}
	json_decref(list);
	return result == JEMBATAN_GONE || result == JEMBATAN_DATA ? JEMBATAN_OK : result;
}

static enum jembatan_result take_page(struct social *s, const struct meta_walk *walk, json_t *list)
{
	enum jembatan_result result = JEMBATAN_OK;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(list, "data"), i, item) {
		if (result == JEMBATAN_OK && is_new(s, item, walk->time))
			result = walk->take(s, item, NULL);
		if (result == JEMBATAN_OK && json_object_get(item, "comments"))
			result = walk_comments(s, walk, item);
	}
	return result;
}

/* ---- the walk ---------------------------------------------------------- */

static const char *page_url(struct social *s, const struct meta_walk *walk, const char *after)
{
	const struct meta *meta = s->own;
	int64_t depth_ms = jembatan_get_integer(s->ctx, "backfill");
	char *escaped = after ? kit_url_escape(after) : NULL;
	const char *url = meta_url(s, "%s/%s?fields=%s&limit=25&since=%" PRId64 "%s%s", s->own_id,
				   walk->path, walk->fields, (meta->started_ms - depth_ms) / 1000,
				   after ? "&after=" : "", after ? escaped : "");

	free(escaped);
	return url;
}

static enum jembatan_result walk_page(struct social *s, const struct meta_walk *walk)
{
	struct meta *meta = s->own;
	struct meta_answer answer = { .root = NULL };
	enum jembatan_result result =
		meta_call(s, NULL, meta->page ? meta->page : page_url(s, walk, NULL), NULL, &answer);

	if (result == JEMBATAN_OK && !json_is_array(json_object_get(answer.root, "data")))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "Meta's answer is no list");
	if (result == JEMBATAN_GONE || result == JEMBATAN_DATA)
		result = jembatan_explain(s->ctx, JEMBATAN_CONFIG,
					  "%s: Meta knows no such page or account, or the token may not "
					  "read it", jembatan_where(s->ctx, "account", NULL));
	if (result == JEMBATAN_OK)
		result = take_page(s, walk, answer.root);
	if (result == JEMBATAN_OK) {
		const char *after = after_of(answer.root);
		bool goes_on = after && ++meta->pages < PAGES_MAX;

		result = goes_on ? jembatan_checkpoint(s->ctx, NULL) :
				   meta_walk_save(s, meta->started_ms, meta->done);
		if (result == JEMBATAN_OK) {
			free(meta->page);
			meta->page = goes_on ? strdup(page_url(s, walk, after)) : NULL;
			if (!goes_on)
				meta->started_ms = 0;
			result = goes_on ? JEMBATAN_OK : JEMBATAN_IDLE;
		}
	}
	json_decref(answer.root);
	return result;
}

enum jembatan_result meta_walk_poll(struct social *s, const struct meta_walk *walk)
{
	struct meta *meta = s->own;
	int64_t now_ms = jembatan_now_ms(s->ctx);
	int64_t every_ms = jembatan_get_integer(s->ctx, "backfill_every");

	meta_walk_load(s);
	if (meta->started_ms == 0) {
		if (meta->walked_ms > 0 && now_ms >= meta->walked_ms &&
		    now_ms - meta->walked_ms < every_ms)
			return JEMBATAN_IDLE;
		meta->started_ms = now_ms;
		meta->since_ms = meta->walked_ms > 0 ? meta->walked_ms - OVERLAP_MS : 0;
		meta->pages = 0;
	}
	if (meta->full_until_ms > now_ms) {
		jembatan_delay(s->ctx, meta->full_until_ms - now_ms);
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"Meta's limit is nearly used: what is left is for replies");
	}
	return walk_page(s, walk);
}
