/* x_reply.c: answers under a post. X answers only who summoned us, charges for each
 * reply, refuses the same words twice, and has no key that would make a second
 * sending harmless: in doubt our own timeline says whether it is out. */
#include "social/x.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_PAGES 5u
#define LOOK_SIZE 100u

struct answer {
	const char *first_id, *post_id; /* of the post: its first and newest version */
	const char *text;
};

static enum jembatan_result refuse(struct social *s, struct jembatan_delivery *out, const char *why)
{
	out->outcome = JEMBATAN_REFUSED;
	return jembatan_explain(s->ctx, JEMBATAN_DATA, "%s", why);
}

static bool is_id(const char *id)
{
	return id && *id && strlen(id) <= 19 && id[strspn(id, "0123456789")] == '\0';
}

/* ---- found again ------------------------------------------------------- */

static bool is_ours(struct social *s, json_t *post, json_t *includes, const struct answer *a,
		    struct jembatan_delivery *out)
{
	const struct x_us us = x_us(s);
	struct social_post found;
	struct x_traits traits = { 0 };
	json_t *record = x_record(post, includes);
	bool it_is = record && x_read_post(record, &us, s->arena, &found, &traits) &&
		     found.message.text && x_is_same_text(a->text, found.message.text, s->arena) &&
		     (!found.message.reply_to || strcmp(found.message.reply_to, a->post_id) == 0 ||
		      strcmp(found.message.reply_to, a->first_id) == 0);

	if (it_is)
		memcpy(out->remote_id, found.message.id, strlen(found.message.id) + 1);
	json_decref(record);
	return it_is;
}

static const char *own_posts_url(struct social *s, const struct answer *a, const char *token)
{
	char *escaped = token ? kit_url_escape(token) : NULL;
	const char *url = kit_arena_printf(
		s->arena, "%s/2/users/%s/tweets?max_results=%u&since_id=%s%s%s%s", s->url, s->own_id,
		LOOK_SIZE, a->first_id, escaped ? "&pagination_token=" : "", escaped ? escaped : "",
		x_speaks_post(s) ? "&post.fields=created_at,entities,text&expansions=referenced_posts" :
				   "&tweet.fields=created_at,entities,referenced_tweets,text");

	free(escaped);
	return url;
}

/* SENT, with its id; NOT_SENT: our timeline has all that came after the post, and
 * not this; else UNKNOWN. */
static enum jembatan_result look(struct social *s, const struct answer *a,
				 struct jembatan_delivery *out)
{
	const char *token = NULL;
	enum jembatan_result result = x_learn_me(s);

	out->outcome = JEMBATAN_UNKNOWN;
	for (unsigned n = 0; n < LOOK_PAGES && result == JEMBATAN_OK; n++) {
		json_t *page = NULL, *one;
		size_t i;

		result = x_ask(s, own_posts_url(s, a, token),
			       LOOK_SIZE * social_budget_price(s->budget, "mention"), &page, NULL);
		if (result == JEMBATAN_OK)
			result = x_settle_page(s, page, "mention");
		json_array_foreach(json_object_get(page, "data"), i, one)
			if (result == JEMBATAN_OK && out->outcome != JEMBATAN_SENT &&
			    is_ours(s, one, json_object_get(page, "includes"), a, out))
				out->outcome = JEMBATAN_SENT;
		token = kit_arena_strdup(s->arena, kit_json_string(page, "meta.next_token"));
		bool is_page = json_object_get(page, "meta") != NULL;

		json_decref(page);
		if (result != JEMBATAN_OK || out->outcome == JEMBATAN_SENT || !is_page)
			break;
		if (!token) {
			out->outcome = JEMBATAN_NOT_SENT;
			break;
		}
	}
	return result;
}

/* ---- sending ----------------------------------------------------------- */

static bool says(json_t *body, const char *word)
{
	static const char *const places[] = { "detail", "title", "type", "errors.0.message",
					      "errors.0.detail" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *text = kit_json_string(body, places[i]);

		if (text && strstr(text, word))
			return true;
	}
	return false;
}

static enum jembatan_result forbidden(struct social *s, json_t *body, const struct answer *a,
				      struct jembatan_delivery *out)
{
	static const char *const tokens[] = { "client-forbidden", "unsupported-authentication",
					      "oauth1-permissions", "client-not-enrolled" };

	if (says(body, "duplicate")) {
		enum jembatan_result result = look(s, a, out);

		if (out->outcome == JEMBATAN_SENT)
			return JEMBATAN_OK;
		out->outcome = JEMBATAN_UNKNOWN;
		return result != JEMBATAN_OK ? result :
		       jembatan_explain(s->ctx, JEMBATAN_OK,
					"X says that these words are out already, and the timeline does "
					"not show them under this post");
	}
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		if (says(body, tokens[i])) {
			out->outcome = JEMBATAN_NOT_SENT;
			return jembatan_explain(s->ctx, JEMBATAN_AUTH,
						"X does not let this token post: it must be the "
						"account's own, with tweet.write");
		}
	return refuse(s, out, "X does not allow a reply to this post: the author did not summon us, "
			      "has limited who may answer, or the post is gone");
}

static enum jembatan_result judge(struct social *s, enum jembatan_result result,
				  const struct kit_http_response *response, const struct answer *a,
				  struct jembatan_delivery *out)
{
	char buffer[64];
	json_t *root = NULL;
	const char *id = NULL;

	out->outcome = response->outcome;
	if (kit_json_parse(response->body, &root, NULL) != JEMBATAN_OK)
		root = NULL;
	switch (response->status) {
	case 402:
	case 429:
		out->outcome = JEMBATAN_LATER;
		out->at_ms = jembatan_now_ms(s->ctx) + response->retry_after_ms;
		break;
	case 401:
		out->outcome = JEMBATAN_NOT_SENT;
		break;
	case 403:
		result = forbidden(s, root, a, out);
		break;
	case 400:
	case 404:
		result = refuse(s, out, "X does not take this reply: the post is gone, or not ours to "
					"answer");
		break;
	default:
		if (result != JEMBATAN_OK)
			break;
		id = kit_json_id(root, "data.id", buffer);
		if (is_id(id)) {
			memcpy(out->remote_id, id, strlen(id) + 1);
			break;
		}
		out->outcome = JEMBATAN_UNKNOWN;
		result = jembatan_explain(s->ctx, JEMBATAN_DATA, "X took the reply and named no id");
	}
	json_decref(root);
	return result;
}

static enum jembatan_result send_answer(struct social *s, const struct answer *a,
					struct jembatan_delivery *out)
{
	struct kit_http_response response = { 0 };
	json_t *body = json_pack("{s:s,s:{s:s}}", "text", a->text, "reply", "in_reply_to_tweet_id",
				 a->post_id);
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (!text)
		return refuse(s, out, "the reply is not valid text");
	struct kit_http_request request = {
		.method = "POST",
		.url = kit_arena_printf(s->arena, "%s/2/tweets", s->url),
		.body = { text, strlen(text) },
		.content_type = "application/json",
	};
	enum jembatan_result result = x_call(s, &request, social_budget_price(s->budget, "reply"),
					     &response);

	result = judge(s, result, &response, a, out);
	free(text);
	return result;
}

enum jembatan_result x_reply(struct social *s, const struct jembatan_reply *reply,
			     struct jembatan_delivery *out)
{
	bool is_settling = (reply->flags & JEMBATAN_SETTLE) != 0, is_quiet = false;
	struct answer a = { .first_id = reply->reply_to };

	if (!is_id(reply->reply_to)) {
		out->outcome = is_settling ? JEMBATAN_UNKNOWN : JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "there is no post to answer");
	}
	a.post_id = x_notes_find(s, a.first_id, &is_quiet);
	a.text = x_reply_text(reply->text ? reply->text : "", s->arena);
	if (is_settling)
		return look(s, &a, out);
	if (is_quiet)
		return refuse(s, out, "the author did not summon us (no mention, no quote): X takes no "
				      "reply then");
	if (*a.text == '\0')
		return refuse(s, out, "nothing is left of the reply without its links");
	return send_answer(s, &a, out);
}
