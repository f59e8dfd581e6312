/* kit_oauth2.c: see kit_internal.h. A token is stored sealed before it is used,
 * so that a restart does not ask for a new one each time, and so that a refresh
 * token that the server has exchanged is never known to our memory alone. */
#include "kit/kit_internal.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/jx.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define STATE_KEY "kit.oauth2"
#define RENEW_BEFORE_MS 60000
#define LIFE_UNKNOWN_MS 300000
#define LIFE_MAX_MS ((int64_t)30 * 24 * 3600 * 1000)
#define TOKEN_MAX ((size_t)16 * 1024)
#define HEADERS_MAX 64u

struct kit_oauth2 {
	struct jembatan_context *ctx;
	struct kit_http *http;
	char *token_url, *form, *client_basic, *identity;
	struct jembatan_header *headers;
	size_t header_count;
	char *access;     /* NULL: none yet */
	char *refresh;    /* the grant refresh_token; else NULL */
	bool by_consent;  /* ... which an account's consent brings; NULL: not yet */
	char *client_id, *client_form; /* as they go with a code */
	int64_t renew_ms; /* ask for a new one from then on */
	bool is_unsaved;  /* not on disk yet: not to be used */
};

void kit_wipe_text(char **text)
{
	if (*text)
		mem_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

/* ---- set up ---- */

static void add_field(struct buf *form, const char *name, const char *value)
{
	if (!value || value[0] == '\0')
		return;
	char *escaped = kit_url_escape(value);
	buf_printf(form, "%s%s=%s", form->size > 0 ? "&" : "", name, escaped);
	kit_wipe_text(&escaped);
}

/* All but the refresh token, which changes. */
static char *make_form(const struct kit_auth_options *o)
{
	struct buf form;
	buf_init(&form, TOKEN_MAX);
	add_field(&form, "grant_type",
		  o->refresh_token || o->by_consent ? "refresh_token" : "client_credentials");
	if (!o->client_in_header) {
		add_field(&form, "client_id", o->client_id);
		add_field(&form, "client_secret", o->client_secret);
	}
	add_field(&form, "scope", o->scope);
	add_field(&form, "audience", o->audience);
	return buf_take(&form);
}

/* With a code: a public client says who it is, too (RFC 6749, 4.1.3). */
static char *make_client_form(const struct kit_auth_options *o)
{
	struct buf form;
	buf_init(&form, TOKEN_MAX);
	add_field(&form, "client_id", o->client_id);
	if (!o->client_in_header)
		add_field(&form, "client_secret", o->client_secret);
	return buf_take(&form);
}

/* RFC 6749, 2.3.1: both are form-encoded before they are joined. */
static char *make_basic(const struct kit_auth_options *o)
{
	CLEANUP(free_pointer) char *id = kit_url_escape(o->client_id ? o->client_id : "");
	CLEANUP(kit_wipe_text)
	char *secret = kit_url_escape(o->client_secret ? o->client_secret : "");
	return kit_basic(id, secret);
}

struct kit_oauth2 *kit_oauth2_new(struct jembatan_context *ctx, struct kit_http *http,
				  const struct kit_auth_options *o)
{
	struct kit_oauth2 *a = xcalloc(1, sizeof(*a));
	/* A stored token of other credentials is not taken up again. */
	const char *const parts[] = { "2", o->token_url, o->client_id, o->client_secret,
				      o->scope, o->audience, o->refresh_token };
	char hex[65];
	kit_digest(parts, COUNT_OF(parts), hex);
	a->ctx = ctx;
	a->http = http;
	a->token_url = xstrdup(o->token_url ? o->token_url : "");
	a->form = make_form(o);
	a->client_basic = o->client_in_header ? make_basic(o) : NULL;
	a->identity = xstrdup(hex);
	a->refresh = o->refresh_token ? xstrdup(o->refresh_token) : NULL;
	a->by_consent = o->by_consent;
	a->client_id = xstrdup(o->client_id ? o->client_id : "");
	a->client_form = make_client_form(o);
	a->headers = xcalloc(o->token_header_count + 1, sizeof(*a->headers));
	for (size_t i = 0; i < o->token_header_count; i++) {
		a->headers[i].name = xstrdup(o->token_headers[i].name);
		a->headers[i].value = xstrdup(o->token_headers[i].value);
	}
	a->header_count = o->token_header_count;
	return a;
}

void kit_oauth2_free(struct kit_oauth2 *a)
{
	if (!a)
		return;
	kit_wipe_text(&a->form);
	kit_wipe_text(&a->client_form);
	free(a->client_id);
	kit_wipe_text(&a->client_basic);
	kit_wipe_text(&a->access);
	kit_wipe_text(&a->refresh);
	for (size_t i = 0; i < a->header_count; i++) {
		char *name = (char *)(uintptr_t)a->headers[i].name;
		char *value = (char *)(uintptr_t)a->headers[i].value;
		free(name);
		kit_wipe_text(&value);
	}
	free(a->headers);
	free(a->token_url);
	free(a->identity);
	free(a);
}

/* ---- on disk: identity, renew_ms, access token, refresh token, a line each ---- */

/* The line at *at, as a copy; NULL at the end. */
static char *take_line(const char **at)
{
	if (**at == '\0')
		return NULL;
	size_t size = strcspn(*at, "\n");
	char *line = xstrndup(*at, size);
	*at += size + ((*at)[size] == '\n');
	return line;
}

/* What another child of this instance, or an earlier life, has stored. */
static void load(struct kit_oauth2 *a)
{
	struct jembatan_bytes stored;
	if (jembatan_state_get(a->ctx, STATE_KEY, &stored) != JEMBATAN_OK ||
	    stored.size > 3 * TOKEN_MAX)
		return;
	CLEANUP(kit_wipe_text) char *text = xstrndup(stored.data, stored.size);
	const char *at = text;
	CLEANUP(kit_wipe_text) char *identity = take_line(&at);
	CLEANUP(kit_wipe_text) char *renew = take_line(&at);
	CLEANUP(kit_wipe_text) char *access = take_line(&at);
	CLEANUP(kit_wipe_text) char *refresh = take_line(&at);
	if (!identity || !str_equal(identity, a->identity) || !access || !*access)
		return;
	if ((a->refresh || a->by_consent) && refresh && *refresh) {
		kit_wipe_text(&a->refresh);
		a->refresh = xstrdup(refresh);
	}
	kit_wipe_text(&a->access);
	a->access = xstrdup(access);
	a->renew_ms = strtoll(renew, NULL, 10);
}

static enum jembatan_result save(struct kit_oauth2 *a, struct kit_why *why)
{
	struct buf text;
	buf_init(&text, 3 * TOKEN_MAX);
	buf_printf(&text, "%s\n%" PRId64 "\n%s\n%s\n", a->identity, a->renew_ms, a->access,
		   a->refresh ? a->refresh : "");
	enum jembatan_result result = jembatan_state_put(a->ctx, STATE_KEY, buf_bytes(&text));
	mem_wipe(text.data, text.size);
	buf_done(&text);
	a->is_unsaved = result != JEMBATAN_OK;
	if (result != JEMBATAN_OK)
		return kit_why_set(why, result, "the access token could not be stored");
	return JEMBATAN_OK;
}

/* ---- the token request and its answer ---- */

/* Our clock and the server's may differ: the life is counted from the answer,
 * shortened by what the answer's Date says has passed already. */
static int64_t renew_at(const struct kit_oauth2 *a, json_t *root,
			const struct kit_http_response *response)
{
	int64_t seconds, life_ms = LIFE_UNKNOWN_MS, now_ms = jembatan_now_ms(a->ctx);
	if (kit_json_integer(root, "expires_in", &seconds) && seconds > 0)
		life_ms = seconds < LIFE_MAX_MS / 1000 ? seconds * 1000 : LIFE_MAX_MS;
	else if (kit_json_integer(root, "expires_at", &seconds) && response->server_ms > 0 &&
		 seconds > response->server_ms / 1000 && seconds < INT64_MAX / 1000)
		life_ms = seconds * 1000 - response->server_ms;
	if (life_ms > LIFE_MAX_MS)
		life_ms = LIFE_MAX_MS;
	return now_ms + (life_ms > 2 * RENEW_BEFORE_MS ? life_ms - RENEW_BEFORE_MS : life_ms / 2);
}

/* A token that can stand on one line of a request; "" counts as none. */
static const char *usable(json_t *root, const char *name)
{
	const char *token = kit_json_string(root, name);
	if (!token || token[0] == '\0' || strlen(token) >= TOKEN_MAX)
		return NULL;
	for (const char *c = token; *c; c++)
		if (*c <= ' ' || *c == 127)
			return NULL;
	return token;
}

static enum jembatan_result take_answer(struct kit_oauth2 *a,
					const struct kit_http_response *response,
					struct kit_why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	CLEANUP(free_pointer) char *shown = kit_url_show(a->token_url);
	struct kit_why parse_why;
	if (kit_json_parse(response->body, &root, &parse_why) != JEMBATAN_OK)
		return kit_why_set(why, JEMBATAN_RETRY, "%s: its answer is %s", shown,
				   parse_why.text);
	const char *access = usable(root, "access_token");
	const char *refresh = usable(root, "refresh_token");
	if (!access)
		return kit_why_set(why, JEMBATAN_AUTH, "%s: its answer has no usable access_token",
				   shown);
	/* token_type is not asked: both grants give bearer tokens. */
	kit_wipe_text(&a->access);
	a->access = xstrdup(access);
	a->renew_ms = renew_at(a, root, response);
	if ((a->refresh || a->by_consent) && refresh) {
		kit_wipe_text(&a->refresh);
		a->refresh = xstrdup(refresh);
	}
	return save(a, why);
}

/* RFC 6749, 5.2: the error's own word, which is one of a few; "": not given. */
static void error_word(const struct kit_http_response *response, char out[48])
{
	CLEANUP(jx_decref) json_t *root = NULL;
	out[0] = '\0';
	if (kit_json_parse(response->body, &root, NULL) != JEMBATAN_OK)
		return;
	const char *word = kit_json_string(root, "error");
	if (word && strlen(word) < 40 &&
	    word[strspn(word, "abcdefghijklmnopqrstuvwxyz_")] == '\0')
		snprintf(out, 48, " (%s)", word);
}

static enum jembatan_result explain(const struct kit_oauth2 *a, enum jembatan_result result,
				    const struct kit_http_response *response,
				    const struct kit_why *inner, struct kit_why *why)
{
	char word[48];
	error_word(response, word);
	/* RFC 6749, 5.2: wrong credentials are a 400 here. */
	if (response->status == 400)
		result = JEMBATAN_AUTH;
	if (result == JEMBATAN_AUTH && a->by_consent && strstr(word, "invalid_grant"))
		return kit_why_set(why, result, "no access token: %s%s: the refresh token is used "
				   "up or taken back: let the account consent once more (jembatan "
				   "oauth %s)", inner->text, word, a->ctx->instance);
	if (result == JEMBATAN_AUTH && a->refresh && strstr(word, "invalid_grant"))
		return kit_why_set(why, result, "no access token: %s%s: the refresh token is used "
				   "up or taken back: let the account consent once more and put "
				   "the new one into refresh_token", inner->text, word);
	return kit_why_set(why, result, "no access token: %s%s", inner->text, word);
}

/* Of a request that was not sent before: its form is the caller's, and wiped. */
static enum jembatan_result ask(struct kit_oauth2 *a, struct buf *form,
				struct kit_http_response *response, struct kit_why *inner)
{
	struct jembatan_header headers[HEADERS_MAX];
	size_t count = 0;
	headers[count++] = (struct jembatan_header){ "Accept", "application/json" };
	if (a->client_basic)
		headers[count++] = (struct jembatan_header){ "Authorization", a->client_basic };
	for (size_t i = 0; i < a->header_count && count < HEADERS_MAX; i++)
		headers[count++] = a->headers[i];
	struct kit_http_request request = {
		.size = sizeof(request),
		.method = "POST",
		.url = a->token_url,
		.headers = headers,
		.header_count = count,
		.body = buf_bytes(form),
		.content_type = "application/x-www-form-urlencoded",
		.body_ceiling = 4 * TOKEN_MAX,
		.operator_url = true,
	};
	enum jembatan_result result = kit_http_exchange(a->http, &request, response, inner);
	mem_wipe(form->data, form->size);
	buf_done(form);
	return result;
}

static enum jembatan_result fetch(struct kit_oauth2 *a, struct kit_http_response *response,
				  struct kit_why *why)
{
	struct kit_why inner = { "" };
	struct buf form;
	if (a->by_consent && !a->refresh)
		return kit_why_set(why, JEMBATAN_AUTH, "the account has not consented yet: run "
				   "jembatan oauth %s", a->ctx->instance);
	buf_init(&form, 4 * TOKEN_MAX);
	buf_printf(&form, "%s", a->form);
	add_field(&form, "refresh_token", a->refresh);
	enum jembatan_result result = ask(a, &form, response, &inner);
	if (result == JEMBATAN_OK)
		return take_answer(a, response, why);
	return explain(a, result, response, &inner, why);
}

const char *kit_oauth2_client_id(const struct kit_oauth2 *a)
{
	return a->client_id;
}

enum jembatan_result kit_oauth2_exchange(struct kit_oauth2 *a, const char *code,
					 const char *redirect_url, const char *verifier,
					 struct kit_http_response *response, struct kit_why *why)
{
	struct kit_why inner = { "" };
	struct buf form;
	char word[48];
	buf_init(&form, 4 * TOKEN_MAX);
	add_field(&form, "grant_type", "authorization_code");
	add_field(&form, "code", code);
	add_field(&form, "redirect_uri", redirect_url);
	add_field(&form, "code_verifier", verifier);
	buf_printf(&form, "&%s", a->client_form);
	enum jembatan_result result = ask(a, &form, response, &inner);
	if (result != JEMBATAN_OK) {
		error_word(response, word);
		return kit_why_set(why, response->status == 400 ? JEMBATAN_AUTH : result,
				   "the code was not exchanged: %s%s: it lives for seconds, begin anew",
				   inner.text, word);
	}
	CLEANUP(jx_decref) json_t *root = NULL;
	if (kit_json_parse(response->body, &root, NULL) != JEMBATAN_OK ||
	    !usable(root, "refresh_token"))
		return kit_why_set(why, JEMBATAN_AUTH, "the account consented, but no refresh token "
				   "came: take our access back in the account's settings and begin anew");
	a->by_consent = true; /* what comes now counts, whatever is written in the options */
	return take_answer(a, response, why);
}

static bool is_good(const struct kit_oauth2 *a, const char *refused)
{
	return a->access && !a->is_unsaved && jembatan_now_ms(a->ctx) < a->renew_ms &&
	       !(refused && str_equal(a->access, refused));
}

enum jembatan_result kit_oauth2_token(struct kit_oauth2 *a, const char *refused_token,
				      struct kit_http_response *response, const char **out_token,
				      struct kit_why *why)
{
	CLEANUP(kit_wipe_text) char *refused = refused_token ? xstrdup(refused_token) : NULL;
	enum jembatan_result result = JEMBATAN_OK;
	/* What the server has given must get to disk before anything else. */
	if (a->is_unsaved)
		result = save(a, why);
	else if (!is_good(a, refused))
		load(a);
	if (result == JEMBATAN_OK && !is_good(a, refused)) {
		result = fetch(a, response, why);
		/* Another child of this instance may have exchanged it at this moment. */
		if (result == JEMBATAN_AUTH && a->refresh)
			load(a);
		if (result == JEMBATAN_AUTH && a->refresh && is_good(a, refused))
			result = JEMBATAN_OK;
	}
	if (result == JEMBATAN_OK)
		*out_token = a->access;
	return result;
}
