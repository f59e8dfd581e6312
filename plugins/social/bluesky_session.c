/* bluesky_session.c: createSession is limited to some hundred a day, so it is only
 * asked when no token is left; refreshSession otherwise, when a token was refused. */
#include "social/bluesky_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_KEY "bluesky.session"
#define TOKEN_MAX ((size_t)8 * 1024)
#define LOGIN_EVERY_MS INT64_C(300000)
#define LIMIT_WAIT_MS INT64_C(300000) /* the window of the limits */

struct bluesky_session {
	char identity[65]; /* of server, account and password */
	char *access, *refresh;
	int64_t login_ms; /* when a login was last tried */
	bool is_unsaved;  /* not on disk yet: not to be used */
};

static void wipe(char **text)
{
	volatile char *at = *text;

	while (at && *at)
		*at++ = '\0';
	free(*text);
	*text = NULL;
}

struct bluesky_session *bluesky_session_new(struct social *s)
{
	struct bluesky_session *session = calloc(1, sizeof(*session));
	const char *const parts[] = { "1", s->url, jembatan_get_string(s->ctx, "account"),
				      jembatan_get_string(s->ctx, "password") };

	if (!session)
		abort();
	kit_digest(parts, 4, session->identity);
	return session;
}

void bluesky_session_free(struct bluesky_session *session)
{
	if (!session)
		return;
	wipe(&session->access);
	wipe(&session->refresh);
	free(session);
}

const char *bluesky_error(const struct kit_http_response *response, struct kit_arena *arena)
{
	json_t *root = NULL;
	const char *word = kit_json_parse(response->body, &root, NULL) == JEMBATAN_OK ?
			   kit_arena_strdup(arena, kit_json_string(root, "error")) : NULL;

	json_decref(root);
	return word ? word : "";
}

/* ---- on disk: identity, login_ms, did, access, refresh, a line each -------- */

static char *take_line(const char **at)
{
	size_t size = strcspn(*at, "\n");
	char *line = strndup(*at, size);

	if (!line)
		abort();
	*at += size + ((*at)[size] == '\n');
	return line;
}

static void load(struct social *s, struct bluesky_session *session)
{
	struct jembatan_bytes stored;

	if (session->is_unsaved || jembatan_state_get(s->ctx, STATE_KEY, &stored) != JEMBATAN_OK ||
	    stored.size > 3 * TOKEN_MAX)
		return;
	char *text = strndup(stored.data, stored.size);
	const char *at = text;

	if (!text)
		abort();
	char *identity = take_line(&at), *login = take_line(&at), *did = take_line(&at);
	char *access = take_line(&at), *refresh = take_line(&at);

	if (strcmp(identity, session->identity) == 0) {
		session->login_ms = strtoll(login, NULL, 10);
		if (strlen(did) < sizeof(s->own_id))
			memcpy(s->own_id, did, strlen(did) + 1);
		wipe(&session->access);
		wipe(&session->refresh);
		session->access = *access ? strdup(access) : NULL;
		session->refresh = *refresh ? strdup(refresh) : NULL;
	}
	free(identity);
	free(login);
	free(did);
	wipe(&access);
	wipe(&refresh);
	wipe(&text);
}

static enum jembatan_result save(struct social *s, struct bluesky_session *session)
{
	struct kit_text *text = kit_text_new(3 * TOKEN_MAX);

	kit_text_printf(text, "%s\n%" PRId64 "\n%s\n%s\n%s\n", session->identity, session->login_ms,
			s->own_id, session->access ? session->access : "",
			session->refresh ? session->refresh : "");
	enum jembatan_result result = jembatan_state_put(s->ctx, STATE_KEY, kit_text_bytes(text));

	kit_text_free(text);
	session->is_unsaved = result != JEMBATAN_OK;
	return result == JEMBATAN_OK ? result :
	       jembatan_explain(s->ctx, JEMBATAN_RETRY, "Bluesky's tokens could not be stored");
}

/* ---- tokens ------------------------------------------------------------ */

/* That can stand on one line of a request. */
static bool is_usable(const char *token)
{
	return token && *token && strlen(token) < TOKEN_MAX &&
	       token[strspn(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.~+/=")] == '\0';
}

static enum jembatan_result take_tokens(struct social *s, struct bluesky_session *session,
					const struct kit_http_response *response)
{
	json_t *root = NULL;
	struct kit_why why = { "" };
	enum jembatan_result result = kit_json_parse(response->body, &root, &why);
	const char *access = kit_json_string(root, "accessJwt");
	const char *refresh = kit_json_string(root, "refreshJwt");
	const char *did = kit_json_string(root, "did");

	if (result != JEMBATAN_OK || !is_usable(access) || !is_usable(refresh) || !did ||
	    strncmp(did, "did:", 4) != 0 || strlen(did) >= sizeof(s->own_id) || strchr(did, '\n')) {
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY,
					  "Bluesky's answer to the login has no tokens");
	} else {
		memcpy(s->own_id, did, strlen(did) + 1);
		wipe(&session->access);
		wipe(&session->refresh);
		session->access = strdup(access);
		session->refresh = strdup(refresh);
		result = save(s, session);
	}
	json_decref(root);
	return result;
}

/* Bluesky tells when its window ends in a header of its own. */
static void heed_limit(struct social *s, struct kit_http_response *out)
{
	if (out->status != 429 || out->retry_after_ms >= 0)
		return;
	int64_t now_ms = out->server_ms > 0 ? out->server_ms : jembatan_now_ms(s->ctx);
	int64_t wait_ms = social_reset_wait_ms(kit_http_header(s->http, "ratelimit-reset"), now_ms);

	out->retry_after_ms = wait_ms >= 0 ? wait_ms : LIMIT_WAIT_MS;
	jembatan_delay(s->ctx, out->retry_after_ms);
}

static enum jembatan_result post(struct social *s, const char *method, const char *token,
				 const char *json, struct kit_http_response *out)
{
	const struct jembatan_header header = { "Authorization",
						kit_arena_printf(s->arena, "Bearer %s",
								 token ? token : "") };
	const struct kit_http_request request = {
		.size = sizeof(request),
		.method = "POST",
		.url = kit_arena_printf(s->arena, "%s/xrpc/com.atproto.server.%s", s->url, method),
		.headers = &header,
		.header_count = token ? 1 : 0,
		.body = { json ? json : "", json ? strlen(json) : 0 },
		.content_type = json ? "application/json" : NULL,
	};
	enum jembatan_result result = social_budget_spend(s->budget, 1, 0);

	if (result != JEMBATAN_OK)
		return result;
	result = kit_http_send(s->http, &request, out);
	heed_limit(s, out);
	return result;
}

static enum jembatan_result log_in(struct social *s, struct bluesky_session *session)
{
	int64_t now_ms = jembatan_now_ms(s->ctx);
	int64_t before_ms = session->login_ms, wait_ms = before_ms + LOGIN_EVERY_MS - now_ms;
	struct kit_http_response response = { .outcome = JEMBATAN_NOT_SENT };

	if (session->login_ms > 0 && wait_ms > 0 && wait_ms <= LOGIN_EVERY_MS) {
		jembatan_delay(s->ctx, wait_ms);
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"Bluesky takes few logins a day: the next one is in %" PRId64
					" s", wait_ms / 1000 + 1);
	}
	/* Counted before it is tried: no loop of deaths uses them up. */
	session->login_ms = now_ms;
	wipe(&session->access);
	wipe(&session->refresh);
	enum jembatan_result result = save(s, session);

	if (result != JEMBATAN_OK)
		return result;
	json_t *body = json_pack("{s:s,s:s}", "identifier", jembatan_get_string(s->ctx, "account"),
				 "password", jembatan_get_string(s->ctx, "password"));
	char *json = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	result = post(s, "createSession", NULL, json ? json : "{}", &response);
	wipe(&json);
	if (result == JEMBATAN_OK)
		return take_tokens(s, session, &response);
	if (response.status == 0 && response.outcome == JEMBATAN_NOT_SENT) {
		session->login_ms = before_ms; /* nobody heard of it */
		if (save(s, session) != JEMBATAN_OK)
			return JEMBATAN_RETRY;
	}
	if (response.status == 401 || response.status == 400)
		return jembatan_explain(s->ctx, JEMBATAN_AUTH,
					"Bluesky refuses `account` and `password` (%s): make a new app "
					"password and put it there",
					strcmp(bluesky_error(&response, s->arena),
					       "AuthFactorTokenRequired") == 0 ?
					"this is the account's own password, not an app password" :
					"wrong or revoked");
	return result;
}

/* Another one than this, which was refused (or NULL: there was none). */
static enum jembatan_result renew(struct social *s, struct bluesky_session *session,
				  const char *refused)
{
	struct kit_http_response response = { 0 };

	if (session->is_unsaved) {
		enum jembatan_result kept = save(s, session);

		if (kept != JEMBATAN_OK || session->access)
			return kept;
	}
	load(s, session); /* another process may have it already */
	if (session->access && (!refused || strcmp(session->access, refused) != 0))
		return JEMBATAN_OK;
	if (!session->refresh)
		return log_in(s, session);
	enum jembatan_result result =
		post(s, "refreshSession", session->refresh, NULL, &response);

	if (result == JEMBATAN_OK)
		return take_tokens(s, session, &response);
	/* Expired or taken back: the password is left. */
	if (response.status == 400 || response.status == 401)
		return log_in(s, session);
	return result;
}

static bool is_token_refused(const struct kit_http_response *response, struct kit_arena *arena)
{
	const char *error;

	if (response->status == 401)
		return true;
	if (response->status != 400)
		return false;
	error = bluesky_error(response, arena);
	return strcmp(error, "ExpiredToken") == 0 || strcmp(error, "InvalidToken") == 0;
}

/* ---- calls ------------------------------------------------------------- */

enum jembatan_result bluesky_call(struct social *s, struct bluesky_session *session,
				  struct kit_http_request *request, struct kit_http_response *out)
{
	const char *refused = NULL;

	request->size = sizeof(*request);
	for (int i = 0; i < 2; i++) {
		enum jembatan_result result = JEMBATAN_OK;

		*out = (struct kit_http_response){ .outcome = JEMBATAN_NOT_SENT,
						   .retry_after_ms = -1 };
		if (!session->access || session->is_unsaved || refused)
			result = renew(s, session, refused);
		if (result == JEMBATAN_OK)
			result = social_budget_spend(s->budget, 1, 0);
		if (result != JEMBATAN_OK)
			return result;
		const struct jembatan_header header = {
			"Authorization", kit_arena_printf(s->arena, "Bearer %s", session->access)
		};

		request->headers = &header;
		request->header_count = 1;
		result = kit_http_send(s->http, request, out);
		heed_limit(s, out);
		request->headers = NULL;
		request->header_count = 0;
		if (!is_token_refused(out, s->arena))
			return result;
		refused = kit_arena_strdup(s->arena, session->access);
	}
	return jembatan_explain(s->ctx, JEMBATAN_AUTH,
				"Bluesky refuses a token that it has just given");
}

enum jembatan_result bluesky_ask(struct social *s, struct bluesky_session *session,
				 const char *url, json_t **out, unsigned *out_status)
{
	struct kit_http_request request = { .url = url };
	struct kit_http_response response = { 0 };
	struct kit_why why = { "" };
	enum jembatan_result result = bluesky_call(s, session, &request, &response);

	if (out_status)
		*out_status = response.status;
	if (result == JEMBATAN_OK && kit_json_parse(response.body, out, &why) != JEMBATAN_OK)
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "Bluesky's answer: %s", why.text);
	return result;
}
