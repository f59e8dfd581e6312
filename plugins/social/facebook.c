/* facebook.c: a Facebook Page: webhooks first, a walk for what they did not bring,
 * replies as comments under the post or comment. */
#include "social/facebook.h"

#include <stdlib.h>
#include <string.h>

#define COMMENT_FIELDS "id,from,message,created_time,permalink_url,parent%7Bid%7D,attachment"

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

static enum jembatan_result take_record(struct social *s, json_t *item, json_t *comment)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	json_t *record = comment ? comment : item;
	bool is_skipped = false;

	if (!facebook_read_record(s, item, comment, &post))
		post.message.kind = JEMBATAN_IGNORED;
	/* What the Page itself says is nobody's complaint and asked for anew each time. */
	if (post.facts & SOCIAL_OWN)
		return JEMBATAN_OK;
	enum jembatan_result result = social_begin(s, post.message.id, record, &is_skipped);

	if (result != JEMBATAN_OK || is_skipped)
		return result;
	if (comment && kit_json_string(item, "message"))
		social_add_context(&post.message, s->arena, kit_json_string(item, "from.name"),
				   kit_json_string(item, "message"));
	return social_take(s, &post);
}

static const struct meta_walk walk = {
	.path = "feed",
	.fields = "id,from,message,created_time,permalink_url,attachments,comments.filter(stream)"
		  ".order(reverse_chronological).limit(25)%7B" COMMENT_FIELDS "%7D",
	.comment_fields = "filter=stream&order=reverse_chronological&fields=" COMMENT_FIELDS,
	.time = "created_time",
	.take = take_record,
};

static enum jembatan_result facebook_poll(struct social *s)
{
	meta_token_look(s);
	return meta_walk_poll(s, &walk);
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
		result = take_record(s, root, NULL);
	}
	json_array_foreach(json_object_get(root, "data"), i, one) {
		if (result == JEMBATAN_OK)
			result = take_record(s, one, NULL);
		json_array_foreach(kit_json_at(one, "comments.data"), k, comment)
			if (result == JEMBATAN_OK)
				result = take_record(s, one, comment);
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
