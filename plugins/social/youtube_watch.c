/* youtube_watch.c: comments of the last days, asked for by their ids: what is not
 * there twice was deleted. A unit for fifty of them. */
#include "social/youtube.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MAX 50u  /* what one call takes */
#define SINGLE_MAX 5u /* calls in one poll, where each asks for one */

static json_t *find(json_t *root, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(root, "items"), i, one) {
		const char *its = kit_json_string(one, "id");

		if (its && strcmp(its, id) == 0)
			return one;
	}
	return NULL;
}

static const char *list_url(struct social *s, const struct social_watched *posts, size_t count)
{
	struct kit_text *url = kit_text_new((size_t)16 * 1024);

	kit_text_printf(url, "%s/comments?part=snippet&textFormat=plainText&id=", s->url);
	for (size_t i = 0; i < count; i++) {
		char *escaped = kit_url_escape(posts[i].id);

		kit_text_printf(url, "%s%s", i > 0 ? "," : "", escaped);
		free(escaped);
	}
	const char *kept = kit_arena_strdup(s->arena, kit_text_string(url));

	kit_text_free(url);
	return kept;
}

static enum jembatan_result tell(struct social *s, const struct social_watched *post, json_t *comment)
{
	struct social_watch *w = &((struct youtube *)s->own)->watch;
	int64_t now_ms = jembatan_now_ms(s->ctx), newest_ms = 0;
	struct social_post found;

	if (!comment)
		return social_watch_missed(w, post->id, now_ms) ? social_tell_deleted(s, post->id) :
								  JEMBATAN_OK;
	if (!youtube_read_comment(comment, "", s->arena, &found))
		return JEMBATAN_OK;
	return social_watch_seen(w, post->id, found.message.revision, now_ms) ?
	       youtube_take_comment(s, comment, &newest_ms) : JEMBATAN_OK;
}

/* GONE: one of them is not there, and YouTube does not say which. */
static enum jembatan_result look(struct social *s, const struct social_watched *posts, size_t count)
{
	struct kit_http_response response;
	json_t *root = NULL;
	enum jembatan_result result = youtube_ask(s, list_url(s, posts, count), NULL,
						  YOUTUBE_READ_UNITS, &response, &root);

	if (result == JEMBATAN_GONE && count == 1)
		result = tell(s, &posts[0], NULL);
	else if (result == JEMBATAN_OK && !json_is_array(json_object_get(root, "items")))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "YouTube's comments are not a list");
	else
		for (size_t i = 0; i < count && result == JEMBATAN_OK; i++)
			result = tell(s, &posts[i], find(root, posts[i].id));
	json_decref(root);
	return result;
}

static enum jembatan_result look_at(struct social *s, const struct social_watched *posts, size_t count)
{
	struct youtube *y = s->own;
	enum jembatan_result result = y->asks_singly ? JEMBATAN_GONE : look(s, posts, count);

	if (result != JEMBATAN_GONE)
		return result;
	y->asks_singly = count > SINGLE_MAX;
	result = JEMBATAN_OK;
	for (size_t i = 0; i < count && i < SINGLE_MAX && result == JEMBATAN_OK; i++)
		result = look(s, &posts[i], 1);
	return result;
}

enum jembatan_result youtube_look_again(struct social *s)
{
	struct social_watch *w = &((struct youtube *)s->own)->watch;
	struct social_watched due[LOOK_MAX];
	size_t count = social_watch_due(w, jembatan_now_ms(s->ctx), due, LOOK_MAX);

	if (count == 0)
		return JEMBATAN_OK;
	return social_watch_told(w, s, look_at(s, due, count));
}
