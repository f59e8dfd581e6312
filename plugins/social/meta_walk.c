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

/* Below the depth of the walk nothing is taken, whatever the list holds. */
static bool is_young(const struct social *s, json_t *record, const char *time)
{
	const struct meta *meta = s->own;
	int64_t ms = meta_time(record, time);

	return ms == 0 || (ms >= s->ctx->start_ms &&
			   ms >= meta->started_ms - jembatan_get_integer(s->ctx, "backfill"));
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
		if (result == JEMBATAN_OK)
			result = walk->take(s, item, one, wanted);
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

/* *out_any: some of it is young enough for a page more of a plain list. */
static enum jembatan_result take_page(struct social *s, const struct meta_walk *walk, json_t *list,
				      bool *out_any)
{
	enum jembatan_result result = JEMBATAN_OK;
	json_t *item;
	size_t i;

	*out_any = false;
	json_array_foreach(json_object_get(list, "data"), i, item) {
		bool is_wanted = walk->is_plain ? is_young(s, item, walk->time) :
						  is_new(s, item, walk->time);

		*out_any |= is_wanted;
		if (result == JEMBATAN_OK)
			result = walk->take(s, item, NULL, is_wanted);
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
	const char *since = walk->is_plain ? "" :
		kit_arena_printf(s->arena, "&since=%" PRId64, (meta->started_ms - depth_ms) / 1000);
	const char *url = meta_url(s, "%s/%s?fields=%s&limit=25%s%s%s", s->own_id, walk->path,
				   walk->fields, since, after ? "&after=" : "", after ? escaped : "");

	free(escaped);
	return url;
}

/* After a page: the next one, the next list, or the end. */
static enum jembatan_result go_on(struct social *s, const struct meta_walk *walk, const char *after)
{
	struct meta *meta = s->own;
	bool goes_on = after && ++meta->pages < PAGES_MAX;
	bool is_end = !goes_on && !walk->next;
	enum jembatan_result result = is_end ? meta_walk_save(s, meta->started_ms, meta->done) :
					       jembatan_checkpoint(s->ctx, NULL);

	if (result == JEMBATAN_OK)
		result = social_watch_keep(&meta->watch, s);
	if (result != JEMBATAN_OK)
		return result;
	free(meta->page);
	meta->page = goes_on ? strdup(page_url(s, walk, after)) : NULL;
	if (!goes_on) {
		meta->leg = walk->next;
		meta->pages = 0;
	}
	if (is_end)
		meta->started_ms = 0;
	return is_end ? JEMBATAN_IDLE : JEMBATAN_OK;
}

/* A list beside the first one, such as the tags, may need a permission more. */
static bool is_left_out(struct social *s, const struct meta_walk *first,
			const struct meta_walk *walk, enum jembatan_result result,
			const struct meta_answer *answer)
{
	struct meta *meta = s->own;
	bool it_is = walk != first && meta_is_its_own(result, answer);

	if (it_is && !meta->is_leg_told)
		jembatan_log(s->ctx, JEMBATAN_WARNING, "Meta does not let us read /%s (error %d): it is "
			     "left out, look at the app's permissions", walk->path, (int)answer->code);
	meta->is_leg_told |= it_is;
	return it_is;
}

static enum jembatan_result walk_page(struct social *s, const struct meta_walk *first)
{
	struct meta *meta = s->own;
	const struct meta_walk *walk = meta->leg ? meta->leg : first;
	struct meta_answer answer = { .root = NULL };
	bool any = false;
	enum jembatan_result result =
		meta_call(s, NULL, meta->page ? meta->page : page_url(s, walk, NULL), NULL, &answer);

	if (is_left_out(s, first, walk, result, &answer)) {
		json_decref(answer.root);
		return go_on(s, walk, NULL);
	}
	if (result == JEMBATAN_OK && !json_is_array(json_object_get(answer.root, "data")))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "Meta's answer is no list");
	if (result == JEMBATAN_GONE || result == JEMBATAN_DATA)
		result = jembatan_explain(s->ctx, JEMBATAN_CONFIG,
					  "%s: Meta knows no such page or account, or the token may not "
					  "read it", jembatan_where(s->ctx, "account", NULL));
	if (result == JEMBATAN_OK)
		result = take_page(s, walk, answer.root, &any);
	if (result == JEMBATAN_OK)
		result = go_on(s, walk, !walk->is_plain ? after_of(answer.root) : any ?
			       kit_json_string(answer.root, "paging.cursors.after") : NULL);
	if (result != JEMBATAN_OK && result != JEMBATAN_IDLE)
		social_watch_forget(&meta->watch);
	json_decref(answer.root);
	return result;
}

enum jembatan_result meta_walk_poll(struct social *s, const struct meta_walk *walk)
{
	struct meta *meta = s->own;
	int64_t now_ms = jembatan_now_ms(s->ctx);
	int64_t every_ms = jembatan_get_integer(s->ctx, "backfill_every");

	meta_walk_load(s);
	enum jembatan_result result = social_watch_load(&meta->watch, s);

	if (result != JEMBATAN_OK)
		return result;
	if (meta->started_ms == 0) {
		if (meta->walked_ms > 0 && now_ms >= meta->walked_ms &&
		    now_ms - meta->walked_ms < every_ms)
			return JEMBATAN_IDLE;
		meta->started_ms = now_ms;
		meta->since_ms = meta->walked_ms > 0 ? meta->walked_ms - OVERLAP_MS : 0;
		meta->pages = 0;
		meta->leg = NULL;
	}
	if (meta->full_until_ms > now_ms) {
		jembatan_delay(s->ctx, meta->full_until_ms - now_ms);
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"Meta's limit is nearly used: what is left is for replies");
	}
	return walk_page(s, walk);
}
