/* telegram.c: a bot: updates by long poll or webhook, files, answers in the chat.
 * The token is a part of every URL's path, and stands in no sentence. Asking for
 * updates behind a number tells Telegram to forget those up to it: so that number
 * is the cursor on disk, and nothing else. */
#include "social/telegram_parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 100u
#define LONG_POLL_S 50
#define SLACK_MS 15000 /* beyond the time that Telegram holds the line */
#define TEXT_UNITS 4096u
#define LIMIT_WAIT_MS 30000
#define MOVED "telegram.moved." /* state: a group's id, before it got another */

struct telegram {
	char username[64]; /* "": not asked yet */
	bool is_hooked;    /* Telegram has been told where to call */
};

/* ---- requests ---------------------------------------------------------- */

struct answer {
	json_t *root;    /* the caller json_decref's; NULL: none that can be read */
	json_t *result;  /* borrowed; NULL unless it is OK */
	const char *said; /* Telegram's description; "" */
	struct kit_http_response http;
};

static const char *method_url(struct social *s, const char *method)
{
	return kit_arena_printf(s->arena, "%s/bot%s/%s", s->url,
				jembatan_get_string(s->ctx, "access_token"), method);
}

static enum jembatan_result explain_failure(struct social *s, enum jembatan_result result,
					    struct answer *a)
{
	int64_t after_s = 0;

	if (kit_json_integer(a->root, "parameters.retry_after", &after_s) && after_s >= 0 &&
	    after_s < 86400) {
		a->http.retry_after_ms = after_s * 1000;
		jembatan_delay(s->ctx, a->http.retry_after_ms);
	}
	switch (a->http.status) {
	case 401:
	case 404: /* of a token that has not even the form of one */
		return jembatan_explain(s->ctx, JEMBATAN_AUTH,
					"Telegram does not know the bot's token: was it revoked at "
					"@BotFather?");
	case 409:
		return jembatan_explain(s->ctx, JEMBATAN_RETRY, strstr(a->said, "webhook") ?
			"a webhook is set for this bot, so it cannot be polled (409): set webhook_url here, "
			"or remove the webhook with Telegram's deleteWebhook" :
			"another program asks for this bot's messages at the same time (409): stop it, or make "
			"a bot of its own for Jembatan");
	default:
		return result;
	}
}

/* body NULL: GET. */
static enum jembatan_result ask(struct social *s, const char *method, json_t *body,
				int64_t deadline_ms, struct answer *out)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct kit_http_request request = {
		.size = sizeof(request),
		.method = body ? "POST" : NULL,
		.url = method_url(s, method),
		.body = { text, text ? strlen(text) : 0 },
		.content_type = body ? "application/json" : NULL,
		.deadline_ms = deadline_ms,
		.secret = jembatan_get_string(s->ctx, "access_token"),
	};

	*out = (struct answer){ .said = "" };
	out->http.retry_after_ms = -1;
	out->http.outcome = JEMBATAN_NOT_SENT;
	enum jembatan_result result = social_budget_spend(s->budget, 1, 0);

	if (result == JEMBATAN_OK)
		result = kit_http_send(s->http, &request, &out->http);
	free(text);
	if (kit_json_parse(out->http.body, &out->root, NULL) != JEMBATAN_OK)
		out->root = NULL;
	const char *said = kit_json_string(out->root, "description");

	out->said = said ? said : "";
	if (result != JEMBATAN_OK)
		return explain_failure(s, result, out);
	out->result = json_is_true(kit_json_at(out->root, "ok")) ? kit_json_at(out->root, "result") : NULL;
	if (!out->result)
		return jembatan_explain(s->ctx, JEMBATAN_RETRY, "Telegram's answer cannot be read");
	return result;
}

/* ---- who we are -------------------------------------------------------- */

/* The bot's number stands before the colon of its token. */
static void telegram_open(struct social *s)
{
	struct telegram *t = calloc(1, sizeof(*t));
	const char *token = jembatan_get_string(s->ctx, "access_token");
	size_t n = token ? strspn(token, "0123456789") : 0;

	if (!t)
		abort();
	if (n > 0 && n < sizeof(s->own_id) && token[n] == ':')
		memcpy(s->own_id, token, n);
	s->own = t;
}

static void telegram_close(struct social *s)
{
	free(s->own);
}

static struct telegram_self self_of(const struct social *s)
{
	const struct telegram *t = s->own;

	return (struct telegram_self){ s->own_id, t->username };
}

static bool remember(struct telegram *t, const char *name, size_t size)
{
	if (size == 0 || size >= sizeof(t->username))
		return false;
	memcpy(t->username, name, size);
	t->username[size] = '\0';
	return true;
}

/* Asked once, then it stands in the state: webhooks have no time to ask. */
static enum jembatan_result learn_self(struct social *s)
{
	struct telegram *t = s->own;
	char *key = kit_arena_printf(s->arena, "telegram.name.%s", s->own_id);
	struct jembatan_bytes value;
	struct answer a;

	if (t->username[0] != '\0' ||
	    (jembatan_state_get(s->ctx, key, &value) == JEMBATAN_OK &&
	     remember(t, value.data, value.size)))
		return JEMBATAN_OK;
	enum jembatan_result result = ask(s, "getMe", NULL, 0, &a);
	const char *name = kit_json_string(a.result, "username");

	if (result == JEMBATAN_OK && (!name || !remember(t, name, strlen(name))))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "Telegram does not say whose token this is");
	else if (result == JEMBATAN_OK)
		result = jembatan_state_put(s->ctx, key, (struct jembatan_bytes){ name, strlen(name) });
	json_decref(a.root);
	return result;
}

static enum jembatan_result telegram_check(struct jembatan_context *ctx)
{
	const char *token = jembatan_get_string(ctx, "access_token");
	const char *secret = jembatan_get_string(ctx, "webhook_secret");
	size_t n = strspn(token, "0123456789");

	if (n == 0 || token[n] != ':' || strpbrk(token, "/?# \t\r\n"))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: access_token is what @BotFather gives, such as 123456:ABC-def",
					jembatan_where(ctx, "access_token", NULL));
	if (jembatan_get_string(ctx, "webhook_url") && (!secret || *secret == '\0'))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: webhook_url needs webhook_secret, a word of our own",
					jembatan_where(ctx, "webhook_url", NULL));
	if (secret && (strlen(secret) > 256 ||
		       secret[strspn(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					     "0123456789_-")] != '\0'))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: webhook_secret is made of letters, digits, _ and -",
					jembatan_where(ctx, "webhook_secret", NULL));
	return JEMBATAN_OK;
}

/* ---- updates ----------------------------------------------------------- */

/* Whoever opens the chat learns what it is for. Where it gets lost, he asks again. */
static json_t *greeting(struct social *s, const struct telegram_update *u)
{
	const char *text = jembatan_get_string(s->ctx, "greeting");

	if (!u->wants_help || !text || *text == '\0' || (u->post.facts & (SOCIAL_BOT | SOCIAL_OWN)))
		return NULL;
	return json_pack("{s:s,s:s}", "chat_id", u->chat, "text", text);
}

static enum jembatan_result note_move(struct social *s, const struct telegram_update *u)
{
	if (!u->moved_from || !u->moved_to)
		return JEMBATAN_OK;
	return jembatan_state_put(s->ctx, kit_arena_printf(s->arena, MOVED "%s", u->moved_from),
				  (struct jembatan_bytes){ u->moved_to, strlen(u->moved_to) });
}

/* is_begun: it is a webhook's body. *out_greeting: the caller's, or NULL. */
static enum jembatan_result take(struct social *s, json_t *update, bool is_begun,
				 struct telegram_update *out, json_t **out_greeting)
{
	const struct telegram_self self = self_of(s);
	static const struct jembatan_message other = { .size = sizeof(other),
						       .kind = JEMBATAN_IGNORED };
	bool is_skipped = false;
	int64_t number = 0;
	enum jembatan_result result = JEMBATAN_OK;

	*out_greeting = NULL;
	*out = (struct telegram_update){ .is_record = false };
	bool is_update = telegram_read_update(update, &self, s->arena, &number, out);

	if (!is_begun)
		result = social_begin(s, out->is_record ? out->post.message.id : NULL, update, &is_skipped);
	if (result != JEMBATAN_OK || is_skipped)
		return result;
	if (!is_update || !out->is_record)
		return jembatan_emit(s->ctx, &other);
	result = social_take(s, &out->post);
	if (result == JEMBATAN_OK && !(s->ctx->mode & JEMBATAN_MODE_PREVIEW))
		result = note_move(s, out);
	if (result == JEMBATAN_OK)
		*out_greeting = greeting(s, out);
	return result;
}

static enum jembatan_result take_page(struct social *s, json_t *page, json_t *greetings,
				      char *out_cursor, size_t size)
{
	enum jembatan_result result = JEMBATAN_OK;
	int64_t highest = -1;
	json_t *update;
	size_t i;

	json_array_foreach(page, i, update) {
		struct telegram_update u;
		json_t *hello = NULL;
		int64_t number = 0;

		if (result != JEMBATAN_OK)
			break;
		result = take(s, update, false, &u, &hello);
		if (hello)
			(void)json_array_append_new(greetings, hello);
		if (kit_json_integer(update, "update_id", &number) && number > highest) {
			highest = number;
			(void)snprintf(out_cursor, size, "%" PRId64, number);
		}
	}
	return result;
}

static void greet(struct social *s, json_t *greetings)
{
	json_t *one;
	size_t i;

	json_array_foreach(greetings, i, one) {
		struct answer a;
		enum jembatan_result result = ask(s, "sendMessage", one, 0, &a);

		json_decref(a.root);
		if (result == JEMBATAN_RETRY)
			break; /* a limit, or no network: nobody is greeted late */
	}
}

static enum jembatan_result take_updates(struct social *s, json_t *page)
{
	json_t *greetings = json_array();
	char cursor[24] = "";
	enum jembatan_result result = take_page(s, page, greetings, cursor, sizeof(cursor));

	if (result == JEMBATAN_OK && cursor[0] != '\0')
		result = jembatan_checkpoint(s->ctx, cursor);
	if (result == JEMBATAN_OK && cursor[0] != '\0') {
		memcpy(s->cursor, cursor, sizeof(cursor));
		greet(s, greetings);
	}
	json_decref(greetings);
	return result;
}

static enum jembatan_result poll_updates(struct social *s)
{
	struct answer a;
	json_t *body = json_pack("{s:i,s:i,s:[s,s]}", "limit", PAGE, "timeout", LONG_POLL_S,
				 "allowed_updates", "message", "edited_message");

	if (s->cursor[0] != '\0')
		(void)json_object_set_new(body, "offset",
					  json_integer(strtoll(s->cursor, NULL, 10) + 1));
	enum jembatan_result result = ask(s, "getUpdates", body, LONG_POLL_S * 1000 + SLACK_MS, &a);

	json_decref(body);
	if (result == JEMBATAN_OK && !json_is_array(a.result))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "Telegram's updates are not a list");
	if (result == JEMBATAN_OK)
		result = take_updates(s, a.result);
	json_decref(a.root);
	return result;
}

/* Telegram calls us: it is told where, once, with our word. */
static enum jembatan_result set_webhook(struct social *s)
{
	struct telegram *t = s->own;
	struct answer a;

	if (t->is_hooked)
		return JEMBATAN_IDLE;
	json_t *body = json_pack("{s:s,s:s,s:[s,s]}", "url", jembatan_get_string(s->ctx, "webhook_url"),
				 "secret_token", jembatan_get_string(s->ctx, "webhook_secret"),
				 "allowed_updates", "message", "edited_message");
	enum jembatan_result result = ask(s, "setWebhook", body, 0, &a);

	json_decref(body);
	json_decref(a.root);
	t->is_hooked = result == JEMBATAN_OK;
	return t->is_hooked ? JEMBATAN_IDLE : result;
}

static enum jembatan_result telegram_poll(struct social *s)
{
	enum jembatan_result result = learn_self(s);

	if (result != JEMBATAN_OK)
		return result;
	/* A trial must take nothing away: there is no looking without taking. */
	if (s->ctx->mode & JEMBATAN_MODE_DRY)
		return JEMBATAN_IDLE;
	return jembatan_get_string(s->ctx, "webhook_url") ? set_webhook(s) : poll_updates(s);
}

/* ---- webhooks ---------------------------------------------------------- */

/* A greeting rides on the answer. */
static void answer_with(struct social *s, json_t *hello, struct jembatan_response *out)
{
	(void)json_object_set_new(hello, "method", json_string("sendMessage"));
	const char *text = social_json(s->arena, hello);

	if (!text)
		return;
	out->media_type = "application/json";
	out->body = (struct jembatan_bytes){ text, strlen(text) };
}

static enum jembatan_result telegram_request(struct social *s, const struct jembatan_request *request,
					     struct jembatan_response *out)
{
	const char *given = kit_request_header(request, "X-Telegram-Bot-Api-Secret-Token");
	struct telegram_update u;
	struct kit_why why = { "" };
	json_t *root = NULL, *hello = NULL;

	out->media_type = "text/plain";
	if (strcmp(request->method, "POST") != 0 ||
	    !kit_secret_is_same(given, jembatan_get_string(s->ctx, "webhook_secret"))) {
		out->status = strcmp(request->method, "POST") == 0 ? 401 : 405;
		return JEMBATAN_OK;
	}
	out->status = 200;
	if (kit_json_parse(request->body, &root, &why) != JEMBATAN_OK)
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "a webhook cannot be read: %s", why.text);
	enum jembatan_result result = learn_self(s);

	/* Without our name a mention is not known for one: it comes again. */
	if (result == JEMBATAN_OK)
		result = take(s, root, true, &u, &hello);
	else
		out->status = 503;
	if (hello)
		answer_with(s, hello, out);
	json_decref(hello);
	json_decref(root);
	return result;
}

/* An update, a list of them, or the answer that holds it. */
static enum jembatan_result telegram_show(struct social *s, struct jembatan_bytes sample)
{
	json_t *root = NULL, *greetings = json_array();
	struct kit_why why = { "" };
	char cursor[24] = "";
	enum jembatan_result result = kit_json_parse(sample, &root, &why);

	if (result != JEMBATAN_OK) {
		result = jembatan_begin(s->ctx, NULL, sample, "text/plain");
		if (result == JEMBATAN_OK)
			result = jembatan_explain(s->ctx, JEMBATAN_DATA, "the sample: %s", why.text);
	} else {
		json_t *list = json_is_array(root) ? root : kit_json_at(root, "result");
		json_t *one = json_is_array(list) ? NULL : json_pack("[O]", root);

		result = take_page(s, one ? one : list, greetings, cursor, sizeof(cursor));
		json_decref(one);
	}
	json_decref(root);
	json_decref(greetings);
	return result;
}

/* ---- replies ----------------------------------------------------------- */

/* A group's id may be another one by now. */
static const char *chat_now(struct social *s, const char *chat)
{
	struct jembatan_bytes value;

	if (jembatan_state_get(s->ctx, kit_arena_printf(s->arena, MOVED "%s", chat), &value) !=
	    JEMBATAN_OK)
		return chat;
	return kit_arena_strndup(s->arena, value.data, value.size);
}

static json_t *message_json(struct social *s, const char *chat, int64_t to_message,
			    const char *text)
{
	size_t n = telegram_prefix(text, TEXT_UNITS);
	const char *kept = text[n] == '\0' ? text : kit_arena_strndup(s->arena, text, n);

	return json_pack("{s:I,s:s,s:{s:I,s:b},s:{s:b}}", "chat_id",
			 (json_int_t)strtoll(chat, NULL, 10), "text", kept, "reply_parameters",
			 "message_id", (json_int_t)to_message, "allow_sending_without_reply", 1,
			 "link_preview_options", "is_disabled", 1);
}

static enum jembatan_result take_sent(struct social *s, const struct answer *a, const char *chat,
				      struct jembatan_delivery *out)
{
	char buffer[64];
	const char *id = kit_json_id(a->result, "message_id", buffer);

	out->outcome = id ? JEMBATAN_SENT : JEMBATAN_UNKNOWN;
	if (!id)
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "Telegram took the reply and named no id");
	(void)snprintf(out->remote_id, sizeof(out->remote_id), "%s:%s", chat, id);
	return JEMBATAN_OK;
}

static enum jembatan_result judge(struct social *s, enum jembatan_result result,
				  const struct answer *a, struct jembatan_delivery *out)
{
	out->outcome = a->http.outcome;
	switch (a->http.status) {
	case 429:
		out->outcome = JEMBATAN_LATER;
		out->at_ms = jembatan_now_ms(s->ctx) + (a->http.retry_after_ms >= 0 ?
				     a->http.retry_after_ms : LIMIT_WAIT_MS);
		return result;
	case 401:
	case 404:
		out->outcome = JEMBATAN_NOT_SENT; /* with a right token it can go */
		return result;
	case 403:
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_OK,
					"not reached: the citizen blocked the bot, or it is no member of "
					"the group any more (403)");
	case 400:
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_OK,
					"Telegram refuses the reply (400): the chat is not there any more, or "
					"nothing can be written in it");
	default:
		return result;
	}
}

static enum jembatan_result telegram_reply(struct social *s, const struct jembatan_reply *reply,
					   struct jembatan_delivery *out)
{
	char chat_then[24];
	int64_t to_message = 0;

	if (reply->flags & JEMBATAN_SETTLE) {
		out->outcome = JEMBATAN_UNKNOWN;
		return jembatan_explain(s->ctx, JEMBATAN_OK, "Telegram cannot be asked what a bot wrote");
	}
	if (!telegram_read_id(reply->reply_to, chat_then, &to_message)) {
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "there is no message to answer");
	}
	const char *chat = chat_now(s, chat_then);
	enum jembatan_result result = JEMBATAN_OK;

	/* The second time at where the group has moved to: the first was refused. */
	for (int tries = 0; tries < 2; tries++) {
		struct answer a;
		char buffer[64];
		json_t *body = message_json(s, chat, to_message, reply->text ? reply->text : "");

		result = ask(s, "sendMessage", body, 0, &a);
		json_decref(body);
		const char *moved = kit_json_id(a.root, "parameters.migrate_to_chat_id", buffer);
		bool again = a.http.status == 400 && moved && tries == 0;

		if (again)
			chat = kit_arena_strdup(s->arena, moved);
		else if (result == JEMBATAN_OK)
			result = take_sent(s, &a, chat, out);
		else
			result = judge(s, result, &a, out);
		/* A cut answer that names no id is one that may have gone out. */
		if (!again && a.http.status / 100 == 2 && !a.result)
			out->outcome = JEMBATAN_UNKNOWN;
		json_decref(a.root);
		if (!again)
			break;
		const struct telegram_update moving = { .moved_from = chat_then, .moved_to = chat };

		if (note_move(s, &moving) != JEMBATAN_OK)
			continue; /* it is asked again the next time */
	}
	return result;
}

/* ---- files ------------------------------------------------------------- */

/* A path is good for an hour: asked for at each try. */
static enum jembatan_result telegram_fetch(struct social *s, const char *reference,
					   struct jembatan_spool *spool)
{
	struct kit_http_response response = { 0 };
	struct answer a;

	if (social_hand_is_link(reference))
		return social_fetch_public(s, reference, spool);
	json_t *body = json_pack("{s:s}", "file_id", reference);
	enum jembatan_result result = ask(s, "getFile", body, 0, &a);
	const char *path = kit_json_string(a.result, "file_path");

	json_decref(body);
	if (a.http.status == 400)
		result = jembatan_explain(s->ctx, JEMBATAN_DATA, strstr(a.said, "too big") ?
					  "the file is larger than Telegram gives to bots (20 MB)" :
					  "Telegram does not have the file any more");
	else if (result == JEMBATAN_OK && (!path || strpbrk(path, "?#\\ ") || strstr(path, "..")))
		result = jembatan_explain(s->ctx, JEMBATAN_DATA, "Telegram names no place of the file");
	if (result == JEMBATAN_OK) {
		const char *token = jembatan_get_string(s->ctx, "access_token");
		const struct kit_http_request request = {
			.size = sizeof(request),
			.url = kit_arena_printf(s->arena, "%s/file/bot%s/%s", s->url, token, path),
			.into = spool,
			.body_ceiling = (size_t)jembatan_get_integer(s->ctx, "media_max"),
			.secret = token,
		};

		result = kit_http_send(s->http, &request, &response);
	}
	json_decref(a.root);
	return result;
}

static const char *const needs[] = { "access_token", NULL };

const struct social_network telegram_network = {
	.name = "telegram",
	.url = "https://api.telegram.org",
	.needs = needs,
	.check = telegram_check,
	.open = telegram_open,
	.close = telegram_close,
	.poll = telegram_poll,
	.reply = telegram_reply,
	.fetch = telegram_fetch,
	.request = telegram_request,
	.show = telegram_show,
};
