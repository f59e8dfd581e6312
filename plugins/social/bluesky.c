/* bluesky.c: the network's table, what a sample becomes, and files. */
#include "social/bluesky.h"

#include <stdlib.h>
#include <string.h>

static void bluesky_open(struct social *s)
{
	s->own = calloc(1, sizeof(struct bluesky));
	if (!s->own)
		abort();
	s->token_renews = true;
}

static void bluesky_close(struct social *s)
{
	struct bluesky *b = s->own;

	bluesky_session_free(b->session);
	bluesky_follow_done(&b->follow);
	free(b);
}

/* A page of notifications or posts, or one of them. */
static enum jembatan_result bluesky_show(struct social *s, struct jembatan_bytes sample)
{
	struct kit_why why = { "" };
	json_t *root = NULL, *one;
	size_t i;

	if (kit_json_parse(sample, &root, &why) != JEMBATAN_OK) {
		enum jembatan_result began = jembatan_begin(s->ctx, NULL, sample, "text/plain");

		return began != JEMBATAN_OK ? began :
		       jembatan_explain(s->ctx, JEMBATAN_DATA, "the sample: %s", why.text);
	}
	enum jembatan_result result = JEMBATAN_OK;
	json_t *list = json_object_get(root, "notifications");

	if (!list)
		list = json_object_get(root, "posts");
	if (!json_is_array(list))
		result = bluesky_take(s, root, NULL);
	json_array_foreach(list, i, one)
		if (result == JEMBATAN_OK)
			result = bluesky_take(s, one, list);
	json_decref(root);
	return result;
}

/* ---- files ------------------------------------------------------------- */

/* "https://cdn/img/feed_fullsize/plain/did/cid@jpeg" of the image with this cid. */
static const char *find_image(json_t *post, const char *cid, struct kit_arena *arena)
{
	static const char *const places[] = { "embed.images", "embed.media.images" };
	json_t *one;
	size_t i;

	for (size_t k = 0; k < 2; k++) {
		json_array_foreach(kit_json_at(post, places[k]), i, one) {
			const char *url = kit_json_string(one, "fullsize");

			if (url && strstr(url, cid))
				return kit_arena_strdup(arena, url);
		}
	}
	return NULL;
}

/* Where an image lies is asked for now; it is public, and fetched without token. */
enum jembatan_result bluesky_fetch(struct social *s, const char *reference,
				   struct jembatan_spool *spool)
{
	struct bluesky *b = s->own;
	const char *cid = strchr(reference, ' ');
	const char *uri = kit_arena_strndup(s->arena, reference,
					    cid ? (size_t)(cid - reference) : 0);
	json_t *posts = NULL;

	if (!cid || !bluesky_is_post_uri(uri))
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "this is no file of Bluesky's");
	if (!b->session)
		b->session = bluesky_session_new(s);
	enum jembatan_result result = bluesky_get_posts(s, &uri, 1, &posts, NULL);
	const char *url = result == JEMBATAN_OK ?
			  find_image(json_array_get(posts, 0), cid + 1, s->arena) : NULL;

	json_decref(posts);
	if (result == JEMBATAN_OK && !url)
		result = jembatan_explain(s->ctx, JEMBATAN_GONE,
					  "the post or its image is not there any more");
	return result == JEMBATAN_OK ? social_fetch_public(s, url, spool) : result;
}

static const char *const needs[] = { "account", "password", NULL };

/* 3,000 requests in five minutes from one address. */
static const struct social_budget_preset budget = { .per_15min = 9000 };

const struct social_network bluesky_network = {
	.name = "bluesky",
	.url = "https://bsky.social",
	.budget = &budget,
	.needs = needs,
	.open = bluesky_open,
	.close = bluesky_close,
	.poll = bluesky_poll,
	.reply = bluesky_reply,
	.fetch = bluesky_fetch,
	.show = bluesky_show,
};
