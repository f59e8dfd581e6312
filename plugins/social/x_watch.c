/* x_watch.c: mentions of the last days, looked up again: who edits or deletes a post
 * mentions nobody anew. Each post that is shown costs its price: so it is done
 * seldom, and only from the first four fifths of a month's money. */
#include "social/x.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MAX 100u /* what X takes in one call */

/* The newest of its versions. */
static const char *newest_of(json_t *post, const char *id, struct kit_arena *arena)
{
	json_t *history = x_either(post, "edit_history_post_ids", "edit_history_tweet_ids"), *one;
	size_t i;

	json_array_foreach(history, i, one) {
		const char *other = json_string_value(one);

		if (other && strlen(other) <= 32 && social_id_is_above(other, id))
			id = other;
	}
	return kit_arena_strdup(arena, id);
}

/* Deleted: X says of this very post that there is none. One that is protected, or
 * whose author is suspended, or that X cannot show now, is no such. */
static bool is_gone(json_t *root, const char *id)
{
	json_t *errors = json_object_get(root, "errors");
	json_t *error = x_find(errors, "resource_id", id);
	const char *type = kit_json_string(error ? error : x_find(errors, "value", id), "type");
	const char *word = type ? strrchr(type, '/') : NULL;

	return word && strcmp(word, "/resource-not-found") == 0;
}

static enum jembatan_result ask(struct social *s, const char *const *ids, size_t count,
				const char *fields, int64_t each_micro, json_t **out)
{
	struct kit_text *list = kit_text_new((size_t)8 * 1024);

	for (size_t i = 0; i < count; i++)
		kit_text_printf(list, "%s%s", i > 0 ? "," : "", ids[i]);
	enum jembatan_result result =
		x_ask(s, kit_arena_printf(s->arena, "%s/2/tweets?ids=%s%s", s->url, kit_text_string(list),
					  fields), (int64_t)count * each_micro, out, NULL);

	kit_text_free(list);
	if (result == JEMBATAN_OK)
		result = x_settle_page(s, *out, "post");
	/* Of all of them at once: that says nothing of any. */
	if (result == JEMBATAN_GONE)
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "X does not know how to show posts");
	return result;
}

static enum jembatan_result tell_edited(struct social *s, json_t *post, json_t *includes)
{
	const struct x_us us = x_us(s);
	struct social_post edited;
	struct x_traits traits = { 0 };
	json_t *record = x_record(post, includes);
	bool is_skipped = false;
	char buffer[64];
	enum jembatan_result result = social_begin(s, kit_json_id(post, "id", buffer), record,
						   &is_skipped);

	if (result == JEMBATAN_OK && !is_skipped &&
	    x_read_post(record, &us, s->arena, &edited, &traits)) {
		edited.facts |= SOCIAL_MENTION;
		if (edited.message.kind == JEMBATAN_NEW)
			edited.message.kind = JEMBATAN_EDIT;
		x_note(s, edited.message.id, &traits);
		result = social_take(s, &edited);
	}
	json_decref(record);
	return result;
}

/* What X has newer versions of: these are fetched with all that belongs to them. */
static enum jembatan_result take_edited(struct social *s, const struct social_watched *posts,
					const char *const *newest, size_t count)
{
	struct social_watch *w = &((struct x *)s->own)->watch;
	int64_t now_ms = jembatan_now_ms(s->ctx);
	json_t *root = NULL;
	enum jembatan_result result =
		count > 0 ? ask(s, newest, count, x_fields(s), x_post_costs(s), &root) : JEMBATAN_OK;

	for (size_t i = 0; i < count && result == JEMBATAN_OK; i++) {
		json_t *post = x_find(json_object_get(root, "data"), "id", newest[i]);

		if (!post)
			social_watch_pass(w, posts[i].id, now_ms);
		else if (social_watch_seen(w, posts[i].id, newest[i], now_ms))
			result = tell_edited(s, post, json_object_get(root, "includes"));
	}
	json_decref(root);
	return result;
}

static enum jembatan_result look(struct social *s, const struct social_watched *posts, size_t count)
{
	struct social_watch *w = &((struct x *)s->own)->watch;
	int64_t now_ms = jembatan_now_ms(s->ctx);
	const char *ids[LOOK_MAX], *newest[LOOK_MAX];
	struct social_watched edited[LOOK_MAX];
	size_t edited_count = 0;
	json_t *root = NULL;

	for (size_t i = 0; i < count; i++)
		ids[i] = posts[i].edited[0] ? posts[i].edited : posts[i].id;
	enum jembatan_result result = ask(s, ids, count, x_history_fields(s),
					  social_budget_price(s->budget, "post"), &root);

	for (size_t i = 0; i < count && result == JEMBATAN_OK; i++) {
		json_t *post = x_find(json_object_get(root, "data"), "id", ids[i]);
		const char *last = post ? newest_of(post, ids[i], s->arena) : ids[i];

		if (!post && is_gone(root, ids[i])) {
			if (social_watch_missed(w, posts[i].id, now_ms))
				result = social_tell_deleted(s, posts[i].id);
		} else if (strcmp(last, ids[i]) != 0) {
			edited[edited_count] = posts[i];
			newest[edited_count++] = last;
		} else {
			social_watch_pass(w, posts[i].id, now_ms);
		}
	}
	json_decref(root);
	return result == JEMBATAN_OK ? take_edited(s, edited, newest, edited_count) : result;
}

/* As many as the money allows that is not kept for mentions and replies. */
static size_t affordable(struct social *s)
{
	struct social_budget_view view;
	int64_t each = social_budget_price(s->budget, "post"), left;

	if (social_budget_look(s->budget, &view) != JEMBATAN_OK)
		return 0;
	left = view.cost_limit_micro - view.cost_limit_micro / 5 - view.cost_micro;
	if (view.cost_limit_micro == 0 || each == 0 || left / each >= LOOK_MAX)
		return LOOK_MAX;
	return left > 0 ? (size_t)(left / each) : 0;
}

enum jembatan_result x_look_again(struct social *s)
{
	struct social_watch *w = &((struct x *)s->own)->watch;
	struct social_watched due[LOOK_MAX];
	size_t count = social_watch_due(w, jembatan_now_ms(s->ctx), due, LOOK_MAX), most;

	if (count == 0 || (most = affordable(s)) == 0)
		return JEMBATAN_OK;
	enum jembatan_result result = look(s, due, count < most ? count : most);

	if (result == JEMBATAN_OK)
		result = x_notes_put(s);
	return social_watch_told(w, s, result);
}
