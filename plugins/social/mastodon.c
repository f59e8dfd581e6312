/* mastodon.c: mentions by min_id, which pages forward and leaves nothing out;
 * replies as visible as the post that they answer, never more. */
#include "social/mastodon_parse.h"
#include "social/social_watch.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 40u
#define LIMIT_WAIT_MS INT64_C(300000) /* the window of Mastodon's limits */
#define LOOKS 5u /* at posts of before, in one poll */
/* A look costs nothing, and most is edited soon, or never. */
#define AGES "5m 10m 20m 40m 1h 2h 3h 4h 6h 8h 12h 18h 1d 36h 2d 3d 4d 5d 6d 7d"
#define REPLY_BYTES ((size_t)64 * 1024)

/* ---- requests ---------------------------------------------------------- */

static enum jembatan_result call(struct social *s, struct kit_http_request *request,
				 const char *idempotency_key, struct kit_http_response *out)
{
	const struct jembatan_header headers[] = {
		{ "Authorization", kit_arena_printf(s->arena, "Bearer %s",
						    jembatan_get_string(s->ctx, "access_token")) },
		{ "Idempotency-Key", idempotency_key },
	};

	request->size = sizeof(*request);
	request->headers = headers;
	request->header_count = idempotency_key ? 2 : 1;
	*out = (struct kit_http_response){ .retry_after_ms = -1, .outcome = JEMBATAN_NOT_SENT };
	enum jembatan_result result = social_budget_spend(s->budget, 1, 0);

	if (result == JEMBATAN_OK)
		result = kit_http_send(s->http, request, out);

	/* Mastodon tells when its window ends in a header of its own. */
	if (out->status == 429 && out->retry_after_ms < 0) {
		int64_t now_ms = out->server_ms > 0 ? out->server_ms : jembatan_now_ms(s->ctx);
		int64_t wait_ms = social_reset_wait_ms(kit_http_header(s->http, "X-RateLimit-Reset"),
						       now_ms);

		out->retry_after_ms = wait_ms >= 0 ? wait_ms : LIMIT_WAIT_MS;
		jembatan_delay(s->ctx, out->retry_after_ms);
	}
	return result;
}

/* The answer as JSON: the caller json_decref's. */
static enum jembatan_result ask(struct social *s, const char *url, json_t **out, unsigned *out_status)
{
	struct kit_http_request request = { .url = url };
	struct kit_http_response response = { 0 };
	struct kit_why why = { "" };
	enum jembatan_result result = call(s, &request, NULL, &response);

	if (out_status)
		*out_status = response.status;
	if (result == JEMBATAN_OK && kit_json_parse(response.body, out, &why) != JEMBATAN_OK)
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "Mastodon's answer: %s", why.text);
	return result;
}

static enum jembatan_result learn_own_id(struct social *s)
{
	char buffer[64];
	json_t *root = NULL;

	if (s->own_id[0] != '\0')
		return JEMBATAN_OK;
	enum jembatan_result result =
		ask(s, kit_arena_printf(s->arena, "%s/api/v1/accounts/verify_credentials", s->url),
		    &root, NULL);
	const char *id = kit_json_id(root, "id", buffer);

	if (result == JEMBATAN_OK && (!id || *id == '\0' || strlen(id) >= sizeof(s->own_id)))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY,
					  "Mastodon does not say whose token this is");
	else if (result == JEMBATAN_OK)
		memcpy(s->own_id, id, strlen(id) + 1);
	json_decref(root);
	return result;
}

/* ---- mentions ---------------------------------------------------------- */

/* Whoever wrote it, and his server, may date it as they like: it arrived when our
 * server noticed it. */
static void set_arrival(json_t *notification, struct jembatan_message *m)
{
	const char *at = kit_json_string(notification, "created_at");
	int64_t ms;

	if (at && kit_time_parse(at, NULL, 0, &ms) == JEMBATAN_OK)
		m->arrived_ms = ms;
}

/* A notification, or a bare status. */
static enum jembatan_result take(struct social *s, json_t *record)
{
	struct social_post post;
	json_t *status = kit_json_at(record, "status");
	char buffer[64];
	bool is_skipped = false;

	if (!status && kit_json_at(record, "content"))
		status = record;
	enum jembatan_result result = social_begin(s, kit_json_id(status ? status : record, "id",
								  buffer), record, &is_skipped);
	if (result != JEMBATAN_OK || is_skipped)
		return result;
	if (mastodon_read_status(status, s->own_id, s->arena, &post)) {
		if (status != record) {
			post.facts |= SOCIAL_MENTION; /* that is what was asked for */
			set_arrival(record, &post.message);
		}
		result = social_take(s, &post);
		if (post.message.kind == JEMBATAN_NEW) {
			int64_t now_ms = jembatan_now_ms(s->ctx);

			social_watch_note(s->own, post.message.id, post.message.revision, now_ms,
					  now_ms);
		}
		return result;
	}
	/* A follower, a report to moderators: kept, nothing follows. */
	const struct jembatan_message other = { .size = sizeof(other), .kind = JEMBATAN_IGNORED };

	return jembatan_emit(s->ctx, &other);
}

static bool is_before_start(struct social *s, json_t *record)
{
	const char *at = kit_json_string(record, "created_at");
	int64_t ms;

	return s->ctx->start_ms > 0 && at && kit_time_parse(at, NULL, 0, &ms) == JEMBATAN_OK &&
	       ms < s->ctx->start_ms;
}

static const char *highest_id(json_t *page, struct kit_arena *arena)
{
	const char *highest = NULL;
	char buffer[64];
	json_t *one;
	size_t i;

	json_array_foreach(page, i, one) {
		const char *id = kit_json_id(one, "id", buffer);

		if (id && (!highest || social_id_is_above(id, highest)))
			highest = kit_arena_strdup(arena, id);
	}
	return highest;
}

/* ---- edited or deleted later -------------------------------------------- */

static void mastodon_open(struct social *s)
{
	s->own = calloc(1, sizeof(struct social_watch));
	if (!s->own)
		abort();
	social_watch_init(s->own, s, AGES);
}

static void mastodon_close(struct social *s)
{
	free(s->own);
}

static enum jembatan_result tell_edited(struct social *s, json_t *status)
{
	struct social_post post;
	bool is_skipped = false;
	char buffer[64];
	enum jembatan_result result = social_begin(s, kit_json_id(status, "id", buffer), status,
						   &is_skipped);

	if (result != JEMBATAN_OK || is_skipped ||
	    !mastodon_read_status(status, s->own_id, s->arena, &post))
		return result;
	post.facts |= SOCIAL_MENTION;
	if (post.message.kind == JEMBATAN_NEW)
		post.message.kind = JEMBATAN_EDIT;
	/* When it was changed, not when it was written. */
	if (kit_time_parse(post.message.revision, NULL, 0, &post.message.arrived_ms) != JEMBATAN_OK)
		post.message.arrived_ms = jembatan_now_ms(s->ctx);
	return social_take(s, &post);
}

static enum jembatan_result look_again(struct social *s, const struct social_watched *post)
{
	struct social_watch *w = s->own;
	int64_t now_ms = jembatan_now_ms(s->ctx);
	char *id = kit_url_escape(post->id);
	json_t *status = NULL;
	enum jembatan_result result =
		ask(s, kit_arena_printf(s->arena, "%s/api/v1/statuses/%s", s->url, id), &status, NULL);

	free(id);
	if (result == JEMBATAN_GONE)
		result = social_watch_missed(w, post->id, now_ms) ?
			 social_tell_deleted(s, post->id) : JEMBATAN_OK;
	else if (result == JEMBATAN_OK &&
		 social_watch_seen(w, post->id, kit_json_string(status, "edited_at"), now_ms))
		result = tell_edited(s, status);
	json_decref(status);
	return result;
}

static enum jembatan_result look_at_some(struct social *s)
{
	struct social_watch *w = s->own;
	struct social_watched due[LOOKS];
	size_t count = social_watch_due(w, jembatan_now_ms(s->ctx), due, LOOKS);
	enum jembatan_result result = JEMBATAN_OK;

	if (count == 0)
		return social_watch_keep(w, s);
	for (size_t i = 0; i < count && result == JEMBATAN_OK && !jembatan_stopping(s->ctx); i++)
		result = look_again(s, &due[i]);
	return social_watch_told(w, s, result);
}

static enum jembatan_result move_on(struct social *s, const char *cursor)
{
	if (strlen(cursor) >= sizeof(s->cursor))
		return jembatan_explain(s->ctx, JEMBATAN_RETRY, "Mastodon's ids are too long");
	enum jembatan_result result = jembatan_checkpoint(s->ctx, cursor);

	if (result == JEMBATAN_OK)
		memcpy(s->cursor, cursor, strlen(cursor) + 1);
	return result;
}

static const char *page_url(struct social *s, const char *min_id, unsigned limit)
{
	return kit_arena_printf(s->arena, "%s/api/v1/notifications?types[]=mention&limit=%u"
				"&include_filtered=true%s%s", s->url, limit,
				min_id ? "&min_id=" : "", min_id ? min_id : "");
}

/* With `start` set, the first look may begin behind all that is older. */
static enum jembatan_result find_start(struct social *s)
{
	json_t *page = NULL;
	enum jembatan_result result = ask(s, page_url(s, NULL, 1), &page, NULL);
	const char *newest = result == JEMBATAN_OK ? highest_id(page, s->arena) : NULL;

	if (result == JEMBATAN_OK && newest && is_before_start(s, json_array_get(page, 0)))
		result = move_on(s, newest);
	json_decref(page);
	return result;
}

/* Within a page the newest stands first. */
static enum jembatan_result take_page(struct social *s, json_t *page)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (size_t i = json_array_size(page); i > 0 && result == JEMBATAN_OK; i--) {
		json_t *record = json_array_get(page, i - 1);

		if (!is_before_start(s, record))
			result = take(s, record);
	}
	return result;
}

static enum jembatan_result mastodon_poll(struct social *s)
{
	json_t *page = NULL;
	enum jembatan_result result = learn_own_id(s);

	if (result == JEMBATAN_OK)
		result = social_watch_load(s->own, s);
	if (result == JEMBATAN_OK && s->cursor[0] == '\0' && s->ctx->start_ms > 0)
		result = find_start(s);
	if (result == JEMBATAN_OK)
		result = ask(s, page_url(s, s->cursor[0] ? s->cursor : "0", PAGE), &page, NULL);
	if (result == JEMBATAN_OK && !json_is_array(page))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY,
					  "Mastodon's notifications are not a list");
	const char *highest = highest_id(page, s->arena);

	/* A server that does not know min_id would give the same page for ever. */
	if (result == JEMBATAN_OK && (!highest || (s->cursor[0] &&
						   !social_id_is_above(highest, s->cursor))))
		result = JEMBATAN_IDLE;
	if (result == JEMBATAN_OK)
		result = take_page(s, page);
	if (result == JEMBATAN_OK)
		result = social_watch_keep(s->own, s); /* before the cursor: what comes again is noted once */
	if (result == JEMBATAN_OK)
		result = move_on(s, highest);
	json_decref(page);
	if (result == JEMBATAN_IDLE && !(s->ctx->mode & JEMBATAN_MODE_DRY)) {
		enum jembatan_result looked = look_at_some(s);

		result = looked == JEMBATAN_OK ? JEMBATAN_IDLE : looked;
	}
	return result;
}

/* A page of notifications, one, or a status. */
static enum jembatan_result mastodon_show(struct social *s, struct jembatan_bytes sample)
{
	struct kit_why why = { "" };
	json_t *root = NULL;

	if (kit_json_parse(sample, &root, &why) != JEMBATAN_OK) {
		enum jembatan_result began = jembatan_begin(s->ctx, NULL, sample, "text/plain");

		return began != JEMBATAN_OK ? began :
		       jembatan_explain(s->ctx, JEMBATAN_DATA, "the sample: %s", why.text);
	}
	enum jembatan_result result = json_is_array(root) ? take_page(s, root) : take(s, root);

	json_decref(root);
	return result;
}

/* ---- replies ----------------------------------------------------------- */

struct answer {
	const char *post_id, *acct, *visibility, *text;
};

static enum jembatan_result not_now(struct jembatan_delivery *out, enum jembatan_result result)
{
	out->outcome = JEMBATAN_NOT_SENT;
	return result;
}

/* The post is looked at first: it says who is answered, and how openly. */
static enum jembatan_result look(struct social *s, const struct jembatan_reply *reply,
				 struct answer *out, struct jembatan_delivery *delivery)
{
	unsigned status = 0;
	json_t *root = NULL;
	char *id = reply->reply_to ? kit_url_escape(reply->reply_to) : NULL;

	if (!id) {
		delivery->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "there is no post to answer");
	}
	enum jembatan_result result =
		ask(s, kit_arena_printf(s->arena, "%s/api/v1/statuses/%s", s->url, id), &root, &status);
	free(id);
	const char *acct = kit_json_string(root, "account.acct");
	const char *visibility = kit_json_string(root, "visibility");

	if (result == JEMBATAN_GONE) {
		delivery->outcome = JEMBATAN_REFUSED;
		result = jembatan_explain(s->ctx, JEMBATAN_GONE,
					  "the post is not there any more, or not for us");
	} else if (result == JEMBATAN_OK && (!acct || *acct == '\0')) {
		result = not_now(delivery, jembatan_explain(s->ctx, JEMBATAN_RETRY,
							    "Mastodon does not say whose post it is"));
	} else if (result == JEMBATAN_OK) {
		static const char *const known[] = { "public", "unlisted", "private" };

		*out = (struct answer){ .post_id = reply->reply_to, .visibility = "direct",
			.acct = kit_arena_strdup(s->arena, acct) };
		for (size_t i = 0; visibility && i < sizeof(known) / sizeof(known[0]); i++)
			if (strcmp(visibility, known[i]) == 0)
				out->visibility = known[i];
		out->text = kit_arena_printf(s->arena, "@%s %s", out->acct,
					     reply->text ? reply->text : "");
	} else {
		result = not_now(delivery, result);
	}
	json_decref(root);
	return result;
}

static bool is_same_words(const char *html, const char *text, struct kit_arena *arena)
{
	struct kit_text *a = kit_text_new(REPLY_BYTES), *b = kit_text_new(REPLY_BYTES);
	const char *shown = mastodon_text(html, arena);

	mastodon_squeeze(shown ? shown : "", a);
	mastodon_squeeze(text, b);
	bool it_is = strcmp(kit_text_string(a), kit_text_string(b)) == 0;

	kit_text_free(a);
	kit_text_free(b);
	return it_is;
}

static bool found_in(struct social *s, json_t *answers, const struct answer *a,
		     struct jembatan_delivery *out)
{
	char author[64], to[64], id[64];
	json_t *one;
	size_t i;

	json_array_foreach(answers, i, one) {
		const char *by = kit_json_id(one, "account.id", author);
		const char *under = kit_json_id(one, "in_reply_to_id", to);
		const char *its = kit_json_id(one, "id", id);
		const char *html = kit_json_string(one, "content");

		if (by && under && its && html && strcmp(by, s->own_id) == 0 &&
		    strcmp(under, a->post_id) == 0 && strlen(its) < sizeof(out->remote_id) &&
		    is_same_words(html, a->text, s->arena)) {
			memcpy(out->remote_id, its, strlen(its) + 1);
			return true;
		}
	}
	return false;
}

/* Is it there, under the post? The name before the text is as far as a server
 * shows it, so our own text alone is compared. */
static enum jembatan_result settle(struct social *s, struct answer *a, const char *text,
				   struct jembatan_delivery *out)
{
	json_t *root = NULL;
	enum jembatan_result result = learn_own_id(s);

	out->outcome = JEMBATAN_UNKNOWN;
	if (result == JEMBATAN_OK)
		result = ask(s, kit_arena_printf(s->arena, "%s/api/v1/statuses/%s/context", s->url,
						 a->post_id), &root, NULL);
	if (result != JEMBATAN_OK)
		return result;
	const char *at = strchr(a->acct, '@');
	const char *user = kit_arena_strndup(s->arena, a->acct, at ? (size_t)(at - a->acct)
								   : strlen(a->acct));

	a->text = kit_arena_printf(s->arena, "@%s %s", user, text);
	if (found_in(s, json_object_get(root, "descendants"), a, out))
		out->outcome = JEMBATAN_SENT;
	/* A link looks different when it is shown: then nothing found says nothing. */
	else if (!strstr(text, "://"))
		out->outcome = JEMBATAN_NOT_SENT;
	json_decref(root);
	return JEMBATAN_OK;
}

static enum jembatan_result judge(struct social *s, enum jembatan_result result,
				  const struct kit_http_response *response,
				  struct jembatan_delivery *out)
{
	char buffer[64];
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
	const char *id = kit_json_parse(response->body, &root, NULL) == JEMBATAN_OK ?
			 kit_json_id(root, "id", buffer) : NULL;

	if (id && *id && strlen(id) < sizeof(out->remote_id)) {
		memcpy(out->remote_id, id, strlen(id) + 1);
	} else {
		out->outcome = JEMBATAN_UNKNOWN;
		result = jembatan_explain(s->ctx, JEMBATAN_DATA,
					  "Mastodon took the reply and named no id");
	}
	json_decref(root);
	return result;
}

static enum jembatan_result mastodon_reply(struct social *s, const struct jembatan_reply *reply,
					   struct jembatan_delivery *out)
{
	struct kit_http_response response = { 0 };
	struct answer a = { 0 };
	enum jembatan_result result = look(s, reply, &a, out);

	if (reply->flags & JEMBATAN_SETTLE) {
		out->outcome = JEMBATAN_UNKNOWN; /* also when the post is gone */
		return result == JEMBATAN_OK ? settle(s, &a, reply->text ? reply->text : "", out) :
		       result == JEMBATAN_GONE ? JEMBATAN_OK : result;
	}
	if (result != JEMBATAN_OK)
		return result;
	json_t *body = json_pack("{s:s,s:s,s:s,s:s}", "status", a.text, "in_reply_to_id", a.post_id,
				 "visibility", a.visibility, "language",
				 reply->language ? reply->language : "id");
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (!text) {
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "the reply is not valid text");
	}
	struct kit_http_request request = {
		.method = "POST",
		.url = kit_arena_printf(s->arena, "%s/api/v1/statuses", s->url),
		.body = { text, strlen(text) },
		.content_type = "application/json",
	};

	result = judge(s, call(s, &request, reply->reference, &response), &response, out);
	free(text);
	return result;
}

static const char *const needs[] = { "url", "access_token", NULL };

/* 300 in five minutes. */
static const struct social_budget_preset budget = { .per_15min = 900 };

const struct social_network mastodon_network = {
	.name = "mastodon",
	.budget = &budget,
	.needs = needs,
	.open = mastodon_open,
	.close = mastodon_close,
	.poll = mastodon_poll,
	.reply = mastodon_reply,
	.fetch = social_fetch_public,
	.show = mastodon_show,
};
