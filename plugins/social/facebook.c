/* facebook.c: a Facebook Page: webhooks first, a walk for what they did not bring,
 * replies as comments under the post or comment. */
#include "social/facebook.h"

#include <stdlib.h>
#include <string.h>

#define COMMENT_FIELDS "id,from,message,created_time,permalink_url,parent%7Bid%7D,attachment"
#define POST_FIELDS "id,from,message,created_time,permalink_url,attachments"

/* ---- what comes -------------------------------------------------------- */

static enum jembatan_result take_change(struct social *s, json_t *root, json_t *entry,
					json_t *change)
{
	struct social_post post = { .message = { .size = sizeof(post.message),
						 .kind = JEMBATAN_IGNORED } };
	json_t *value = json_object_get(change, "value");

	(void)facebook_read_change(s, kit_json_string(change, "field"), value,
				   meta_time(entry, "time"), &post);
	meta_set_raw(s, root, entry, change, &post.message);
	return social_take(s, &post);
}

static enum jembatan_result take_record(struct social *s, json_t *item, json_t *comment,
					bool is_new)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	json_t *record = comment ? comment : item;

	if (!facebook_read_record(s, item, comment, &post))
		post.message.kind = JEMBATAN_IGNORED;
	/* What the Page itself says is nobody's complaint and asked for anew each time. */
	if (post.facts & SOCIAL_OWN)
		return JEMBATAN_OK;
	const struct meta_parent parent = { kit_json_string(item, "from.name"),
					    kit_json_string(item, "message") };

	return meta_watch_take(s, record, &post, is_new, comment ? &parent : NULL);
}

static const struct meta_walk walk = {
	.path = "feed",
	.fields = POST_FIELDS ",comments.filter(stream)"
		  ".order(reverse_chronological).limit(25)%7B" COMMENT_FIELDS "%7D",
	.comment_fields = "filter=stream&order=reverse_chronological&fields=" COMMENT_FIELDS,
	.time = "created_time",
	.take = take_record,
};

/* A post's id begins with ours, a comment's with its post's number. */
static bool is_post_id(const struct social *s, const char *id)
{
	size_t n = strlen(s->own_id);

	return strncmp(id, s->own_id, n) == 0 && id[n] == '_';
}

static const char *look_url(struct social *s, const char *id)
{
	return meta_url(s, "%s?fields=%s", id, is_post_id(s, id) ? POST_FIELDS : COMMENT_FIELDS);
}

/* The post above a comment is known by its number, not by its words. */
static enum jembatan_result take_look(struct social *s, const char *id, json_t *answer)
{
	if (is_post_id(s, id))
		return take_record(s, answer, NULL, false);
	const char *post = kit_arena_printf(s->arena, "%s_%.*s", s->own_id, (int)strcspn(id, "_"), id);
	json_t *item = json_pack("{s:s}", "id", post);
	enum jembatan_result result = take_record(s, item, answer, false);

	json_decref(item);
	return result;
}

static const struct meta_look look = { look_url, take_look };

static enum jembatan_result facebook_poll(struct social *s)
{
	meta_token_look(s);
	enum jembatan_result result = meta_walk_poll(s, &walk);

	return result == JEMBATAN_IDLE ? meta_watch_look(s, &look) : result;
}

static enum jembatan_result facebook_request(struct social *s, const struct jembatan_request *request,
					     struct jembatan_response *out)
{
	return meta_request(s, request, out, "page", take_change);
}

/* A webhook's body, a page of /feed or of comments, or one of them. */
static enum jembatan_result facebook_show(struct social *s, struct jembatan_bytes sample)
{
	struct kit_why why = { "" };
	json_t *root = NULL, *one, *comment;
	size_t i, k;
	enum jembatan_result result = kit_json_parse(sample, &root, &why);

	if (result != JEMBATAN_OK) {
		result = jembatan_begin(s->ctx, NULL, sample, "text/plain");
		return result != JEMBATAN_OK ? result :
		       jembatan_explain(s->ctx, JEMBATAN_DATA, "the sample: %s", why.text);
	}
	if (json_object_get(root, "object")) {
		s->own_id[0] = '\0'; /* a sample may be of any Page */
		result = jembatan_begin(s->ctx, NULL, sample, "application/json");
		if (result == JEMBATAN_OK)
			result = meta_take_body(s, root, "page", take_change);
	} else if (!json_is_array(json_object_get(root, "data"))) {
		result = take_record(s, root, NULL, true);
	}
	json_array_foreach(json_object_get(root, "data"), i, one) {
		if (result == JEMBATAN_OK)
			result = take_record(s, one, NULL, true);
		json_array_foreach(kit_json_at(one, "comments.data"), k, comment)
			if (result == JEMBATAN_OK)
				result = take_record(s, one, comment, true);
	}
	json_decref(root);
	return result;
}

/* ---- replies ----------------------------------------------------------- */

/* The answer to a comment's comment stands under the first one. */
static const char *list_of(struct social *s, const char *id, enum jembatan_result *out)
{
	struct meta_answer answer = { .root = NULL };

	*out = meta_call(s, NULL, meta_url(s, "%s?fields=id,parent%%7Bid%%7D", id), NULL, &answer);
	const char *parent = meta_id(s, answer.root, "parent.id");

	json_decref(answer.root);
	/* A post has no such field, and Meta says so as an error. */
	if (*out == JEMBATAN_DATA || *out == JEMBATAN_CONFIG)
		*out = JEMBATAN_OK;
	return parent ? parent : id;
}

static enum jembatan_result settle(struct social *s, const char *id, const char *text,
				   struct jembatan_delivery *out)
{
	enum jembatan_result result;
	const char *where = list_of(s, id, &result);

	out->outcome = JEMBATAN_UNKNOWN;
	if (result != JEMBATAN_OK)
		return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
	return meta_find_own(s, meta_url(s, "%s/comments?filter=stream&order=reverse_chronological&"
					 "limit=100&fields=id,from,message", where), "message", text,
			     out);
}

static enum jembatan_result facebook_reply(struct social *s, const struct jembatan_reply *reply,
					   struct jembatan_delivery *out)
{
	json_t *id_of = json_pack("{s:s?}", "id", reply->reply_to);
	const char *id = meta_id(s, id_of, "id");
	const char *text = reply->text ? reply->text : "";

	json_decref(id_of);
	if (!id) {
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "there is no post to answer");
	}
	if (reply->flags & JEMBATAN_SETTLE)
		return settle(s, id, text, out);
	const char *const pairs[] = { "message", text, NULL };

	return meta_send(s, meta_url(s, "%s/comments", id), meta_form(s, pairs), out);
}

static const char *const needs[] = { "account", "access_token", "app_secret", "verify_token", NULL };

const struct social_network facebook_network = {
	.name = "facebook",
	.url = "https://graph.facebook.com",
	.needs = needs,
	.check = meta_check,
	.open = meta_open,
	.close = meta_close,
	.poll = facebook_poll,
	.request = facebook_request,
	.reply = facebook_reply,
	.fetch = social_fetch_public,
	.show = facebook_show,
};
