/* bluesky_reply.c: replies under the post. The record's key comes from the reply's
 * reference, so one that went out cannot go out again, and can be looked for. */
#include "social/bluesky.h"

#include <stdlib.h>
#include <string.h>

struct place {
	const char *uri, *cid, *root_uri, *root_cid; /* in the arena */
};

static enum jembatan_result not_now(struct jembatan_delivery *out, enum jembatan_result result)
{
	out->outcome = JEMBATAN_NOT_SENT;
	return result;
}

static enum jembatan_result refuse(struct social *s, struct jembatan_delivery *out,
				   enum jembatan_result result, const char *why)
{
	out->outcome = JEMBATAN_REFUSED;
	return jembatan_explain(s->ctx, result, "%s", why);
}

/* ---- where it goes ----------------------------------------------------- */

static enum jembatan_result read_place(struct social *s, json_t *post, struct place *out,
				       struct jembatan_delivery *delivery)
{
	const char *uri = kit_json_string(post, "uri"), *cid = kit_json_string(post, "cid");
	const char *root_uri = kit_json_string(post, "record.reply.root.uri");
	const char *root_cid = kit_json_string(post, "record.reply.root.cid");

	if (!post)
		return refuse(s, delivery, JEMBATAN_GONE, "the post is not there any more");
	if (json_is_true(kit_json_at(post, "viewer.replyDisabled")))
		return refuse(s, delivery, JEMBATAN_DATA,
			      "the author lets nobody, or not us, answer this post");
	if (!uri || !cid)
		return not_now(delivery, jembatan_explain(s->ctx, JEMBATAN_RETRY,
							  "Bluesky does not say what post it is"));
	if (!root_uri || !root_cid) {
		root_uri = uri;
		root_cid = cid;
	}
	*out = (struct place){ kit_arena_strdup(s->arena, uri), kit_arena_strdup(s->arena, cid),
			       kit_arena_strdup(s->arena, root_uri),
			       kit_arena_strdup(s->arena, root_cid) };
	return JEMBATAN_OK;
}

static enum jembatan_result look(struct social *s, const char *uri, struct place *out,
				 struct jembatan_delivery *delivery)
{
	json_t *posts = NULL;
	enum jembatan_result result = bluesky_get_posts(s, &uri, 1, &posts, NULL);

	result = result == JEMBATAN_OK ?
		 read_place(s, json_array_get(posts, 0), out, delivery) : not_now(delivery, result);
	json_decref(posts);
	return result;
}

/* ---- sending ----------------------------------------------------------- */

static json_t *make_record(struct social *s, const struct jembatan_reply *reply,
			   const struct place *place)
{
	char now[32];
	const char *text = reply->text ? reply->text : "";

	kit_time_format_rfc3339(jembatan_now_ms(s->ctx), 0, now);
	json_t *record = json_pack("{s:s,s:s,s:s,s:[s],s:{s:{s:s,s:s},s:{s:s,s:s}}}", "$type",
				   BLUESKY_POSTS, "text", text, "createdAt", now, "langs",
				   reply->language ? reply->language : "id", "reply", "root", "uri",
				   place->root_uri, "cid", place->root_cid, "parent", "uri",
				   place->uri, "cid", place->cid);
	json_t *facets = record ? bluesky_link_facets(text) : NULL;

	if (facets)
		(void)json_object_set_new(record, "facets", facets);
	return record;
}

static enum jembatan_result judge(struct social *s, enum jembatan_result result,
				  const struct kit_http_response *response,
				  struct jembatan_delivery *out)
{
	json_t *root = NULL;

	out->outcome = response->outcome;
	if (response->status == 429) {
		out->outcome = JEMBATAN_LATER;
		out->at_ms = jembatan_now_ms(s->ctx) + response->retry_after_ms;
	} else if (result == JEMBATAN_AUTH) {
		out->outcome = JEMBATAN_NOT_SENT; /* with a right token it can go */
	}
	if (result != JEMBATAN_OK)
		return result;
	const char *uri = kit_json_parse(response->body, &root, NULL) == JEMBATAN_OK ?
			  kit_json_string(root, "uri") : NULL;

	if (bluesky_is_post_uri(uri) && strlen(uri) < sizeof(out->remote_id)) {
		memcpy(out->remote_id, uri, strlen(uri) + 1);
	} else {
		out->outcome = JEMBATAN_UNKNOWN;
		result = jembatan_explain(s->ctx, JEMBATAN_DATA,
					  "Bluesky took the reply and named no address");
	}
	json_decref(root);
	return result;
}

static enum jembatan_result send_it(struct social *s, const struct jembatan_reply *reply,
				    const struct place *place, const char *key,
				    struct jembatan_delivery *out)
{
	struct bluesky *b = s->own;
	struct kit_http_response response = { 0 };
	json_t *record = make_record(s, reply, place);
	json_t *body = record ? json_pack("{s:s,s:s,s:s,s:o}", "repo", s->own_id, "collection",
					  BLUESKY_POSTS, "rkey", key, "record", record) : NULL;
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (!text)
		return refuse(s, out, JEMBATAN_DATA, "the reply is not valid text");
	struct kit_http_request request = {
		.method = "POST",
		.url = kit_arena_printf(s->arena, "%s/xrpc/com.atproto.repo.createRecord", s->url),
		.body = { text, strlen(text) },
		.content_type = "application/json",
	};
	enum jembatan_result result = bluesky_call(s, b->session, &request, &response);

	free(text);
	return judge(s, result, &response, out);
}

/* Is the record of this key there? Our own server knows for certain. */
static enum jembatan_result settle(struct social *s, const char *key, struct jembatan_delivery *out)
{
	struct bluesky *b = s->own;
	struct kit_http_response response = { 0 };
	struct kit_http_request request = {
		.url = kit_arena_printf(s->arena, "%s/xrpc/com.atproto.repo.getRecord?repo=%s&collection="
					BLUESKY_POSTS "&rkey=%s", s->url, s->own_id, key),
	};
	enum jembatan_result result = bluesky_call(s, b->session, &request, &response);

	out->outcome = JEMBATAN_UNKNOWN;
	if (response.status == 400 &&
	    strcmp(bluesky_error(&response, s->arena), "RecordNotFound") == 0) {
		out->outcome = JEMBATAN_NOT_SENT;
		return JEMBATAN_OK;
	}
	return result == JEMBATAN_OK ? judge(s, result, &response, out) : result;
}

/* Who we are is known once we are logged in. */
static enum jembatan_result learn_own_id(struct social *s)
{
	struct bluesky *b = s->own;
	struct kit_http_request request = {
		.url = kit_arena_printf(s->arena, "%s/xrpc/com.atproto.server.getSession", s->url),
	};
	struct kit_http_response response = { 0 };

	if (!b->session)
		b->session = bluesky_session_new(s);
	return s->own_id[0] != '\0' ? JEMBATAN_OK :
				      bluesky_call(s, b->session, &request, &response);
}

enum jembatan_result bluesky_reply(struct social *s, const struct jembatan_reply *reply,
				   struct jembatan_delivery *out)
{
	struct place place = { 0 };
	char key[14];

	if (!bluesky_is_post_uri(reply->reply_to))
		return refuse(s, out, JEMBATAN_DATA, "there is no post to answer");
	bluesky_reply_key(reply->reference, reply->reply_to, key);
	enum jembatan_result result = learn_own_id(s);

	if (reply->flags & JEMBATAN_SETTLE) {
		out->outcome = JEMBATAN_UNKNOWN;
		return result == JEMBATAN_OK ? settle(s, key, out) : result;
	}
	result = result == JEMBATAN_OK ? look(s, reply->reply_to, &place, out) :
					 not_now(out, result);
	return result == JEMBATAN_OK ? send_it(s, reply, &place, key, out) : result;
}
