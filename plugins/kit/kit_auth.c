/* kit_auth.c: credentials put on requests. They leave only towards origins
 * that an operator wrote. An OAuth2 token is stored sealed before it is used,
 * so that a restart does not ask for a new one each time. */
#include "kit/kit_internal.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/jx.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define STATE_KEY "kit.oauth2"
#define RENEW_BEFORE_MS 60000
#define LIFE_UNKNOWN_MS 300000
#define LIFE_MAX_MS ((int64_t)30 * 24 * 3600 * 1000)
#define TOKEN_MAX ((size_t)16 * 1024)
#define HEADERS_MAX 64u

const char *const kit_auth_choices[] = { "none", "header", "basic", "bearer", "oauth2", NULL };

struct kit_auth {
	struct jembatan_context *ctx;
	struct kit_http *http;
	enum kit_auth_kind kind;
	char *header;
	char *value; /* of the header; OAuth2: NULL while there is no token */
	int64_t renew_ms; /* OAuth2: ask for a new one from then on */
	bool is_loaded;
	char *token_url, *form, *client_basic, *identity;
	struct jembatan_header *token_headers;
	size_t token_header_count;
};

static void wipe_text(char **text)
{
	if (*text)
		mem_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static char *base64(const char *text)
{
	size_t size = strlen(text);
	ASSERT(size < TOKEN_MAX);
	char *out = xmalloc(size * 4 / 3 + 5);
	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)size);
	return out;
}

static char *basic(const char *user, const char *password)
{
	CLEANUP(wipe_text)
	char *pair = xasprintf("%s:%s", user ? user : "", password ? password : "");
	CLEANUP(wipe_text) char *encoded = base64(pair);
	return xasprintf("Basic %s", encoded);
}

/* ---- options ---- */

static enum jembatan_result missing(struct jembatan_context *ctx, const char *name)
{
	const char *kind = jembatan_get_string(ctx, "auth");
	return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: auth: %s needs %s",
				jembatan_where(ctx, "auth", NULL), kind, name);
}

static enum kit_auth_kind kind_of(const char *word)
{
	for (unsigned i = 0; word && kit_auth_choices[i]; i++)
		if (str_equal(word, kit_auth_choices[i]))
			return (enum kit_auth_kind)i;
	return KIT_AUTH_NONE;
}

enum jembatan_result kit_auth_options_get(struct jembatan_context *ctx,
					  struct kit_auth_options *out)
{
	struct kit_auth_options o = {
		.size = sizeof(o),
		.kind = kind_of(jembatan_get_string(ctx, "auth")),
		.header = jembatan_get_string(ctx, "auth_header"),
		.prefix = jembatan_get_string(ctx, "auth_prefix"),
		.token = jembatan_get_string(ctx, "token"),
		.username = jembatan_get_string(ctx, "username"),
		.password = jembatan_get_string(ctx, "password"),
		.token_url = jembatan_get_string(ctx, "token_url"),
		.client_id = jembatan_get_string(ctx, "client_id"),
		.client_secret = jembatan_get_string(ctx, "client_secret"),
		.scope = jembatan_get_string(ctx, "scope"),
		.audience = jembatan_get_string(ctx, "audience"),
		.client_in_header = jembatan_get_integer(ctx, "client_in_header") != 0,
	};
	bool is_token = o.kind == KIT_AUTH_HEADER || o.kind == KIT_AUTH_BEARER;
	if (is_token && !o.token)
		return missing(ctx, "token");
	if (o.kind == KIT_AUTH_BASIC && !o.username)
		return missing(ctx, "username");
	if (o.kind == KIT_AUTH_OAUTH2 && !o.token_url)
		return missing(ctx, "token_url");
	if (o.kind == KIT_AUTH_OAUTH2 && !o.client_id)
		return missing(ctx, "client_id");
	if (o.kind == KIT_AUTH_OAUTH2 && !o.client_secret)
		return missing(ctx, "client_secret");
	*out = o;
	return JEMBATAN_OK;
}

/* ---- OAuth2: the token request and its answer ---- */

static void add_field(struct buf *form, const char *name, const char *value)
{
	if (!value || value[0] == '\0')
		return;
	char *escaped = kit_url_escape(value);
	buf_printf(form, "%s%s=%s", form->size > 0 ? "&" : "", name, escaped);
	wipe_text(&escaped);
}

static void set_up_oauth2(struct kit_auth *a, const struct kit_auth_options *o)
{
	struct buf form;
	buf_init(&form, TOKEN_MAX);
	add_field(&form, "grant_type", "client_credentials");
	if (!o->client_in_header) {
		add_field(&form, "client_id", o->client_id);
		add_field(&form, "client_secret", o->client_secret);
	} else {
		/* RFC 6749, 2.3.1: both are form-encoded before they are joined. */
		CLEANUP(free_pointer) char *id = kit_url_escape(o->client_id ? o->client_id : "");
		CLEANUP(wipe_text) char *secret =
			kit_url_escape(o->client_secret ? o->client_secret : "");
		a->client_basic = basic(id, secret);
	}
	add_field(&form, "scope", o->scope);
	add_field(&form, "audience", o->audience);
	a->form = buf_take(&form);
	a->token_url = xstrdup(o->token_url ? o->token_url : "");
	/* A stored token of other credentials is not taken up again. */
	const char *const parts[] = { o->token_url, o->client_id, o->client_secret, o->scope,
				      o->audience };
	char hex[65];
	kit_digest(parts, COUNT_OF(parts), hex);
	a->identity = xstrdup(hex);
	a->token_headers = xcalloc(o->token_header_count, sizeof(*a->token_headers));
	for (size_t i = 0; i < o->token_header_count; i++) {
		a->token_headers[i].name = xstrdup(o->token_headers[i].name);
		a->token_headers[i].value = xstrdup(o->token_headers[i].value);
	}
	a->token_header_count = o->token_header_count;
}

/* State: identity, renew_ms, then the header's value, one per line. */
static void load_token(struct kit_auth *a)
{
	struct jembatan_bytes stored;
	a->is_loaded = true;
	if (jembatan_state_get(a->ctx, STATE_KEY, &stored) != JEMBATAN_OK ||
	    stored.size > TOKEN_MAX)
		return;
	CLEANUP(wipe_text) char *text = xstrndup(stored.data, stored.size);
	size_t identity_size = strlen(a->identity);
	if (strncmp(text, a->identity, identity_size) != 0 || text[identity_size] != '\n')
		return;
	char *end;
	int64_t renew_ms = strtoll(text + identity_size + 1, &end, 10);
	if (*end != '\n' || end[1] == '\0')
		return;
	a->value = xstrdup(end + 1);
	a->renew_ms = renew_ms;
}

static enum jembatan_result store_token(struct kit_auth *a, char *value, int64_t renew_ms,
					struct kit_why *why)
{
	struct buf text;
	buf_init(&text, 2 * TOKEN_MAX);
	buf_printf(&text, "%s\n%" PRId64 "\n%s", a->identity, renew_ms, value);
	enum jembatan_result result = jembatan_state_put(a->ctx, STATE_KEY, buf_bytes(&text));
	mem_wipe(text.data, text.size);
	buf_done(&text);
	if (result != JEMBATAN_OK)
		return kit_why_set(why, result, "the access token could not be stored");
	wipe_text(&a->value);
	a->value = value;
	a->renew_ms = renew_ms;
	return JEMBATAN_OK;
}

/* Our clock and the server's may differ: the life is counted from the answer,
 * shortened by what the answer's Date says has passed already. */
static int64_t renew_at(const struct kit_auth *a, json_t *root,
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

static enum jembatan_result take_token(struct kit_auth *a, const struct kit_http_response *response,
				       struct kit_why *why)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	CLEANUP(free_pointer) char *shown = kit_url_show(a->token_url);
	struct kit_why parse_why;
	if (kit_json_parse(response->body, &root, &parse_why) != JEMBATAN_OK)
		return kit_why_set(why, JEMBATAN_RETRY, "%s: its answer is %s", shown,
				   parse_why.text);
	const char *token = kit_json_string(root, "access_token");
	if (!token || token[0] == '\0' || strlen(token) > TOKEN_MAX / 2)
		return kit_why_set(why, JEMBATAN_AUTH, "%s: its answer has no access_token", shown);
	if (strpbrk(token, "\r\n"))
		return kit_why_set(why, JEMBATAN_AUTH, "%s: its access_token has a line break",
				   shown);
	/* token_type is not asked: client_credentials gives bearer tokens. */
	char *value = xasprintf("Bearer %s", token);
	enum jembatan_result result = store_token(a, value, renew_at(a, root, response), why);
	if (result != JEMBATAN_OK)
		wipe_text(&value);
	return result;
}

static enum jembatan_result fetch_token(struct kit_auth *a, struct kit_http_response *response,
					struct kit_why *why)
{
	struct jembatan_header headers[HEADERS_MAX];
	size_t count = 0;
	headers[count++] = (struct jembatan_header){ "Accept", "application/json" };
	if (a->client_basic)
		headers[count++] = (struct jembatan_header){ "Authorization", a->client_basic };
	for (size_t i = 0; i < a->token_header_count && count < HEADERS_MAX; i++)
		headers[count++] = a->token_headers[i];
	struct kit_http_request request = {
		.size = sizeof(request),
		.method = "POST",
		.url = a->token_url,
		.headers = headers,
		.header_count = count,
		.body = { a->form, strlen(a->form) },
		.content_type = "application/x-www-form-urlencoded",
		.body_ceiling = 4 * TOKEN_MAX,
		.operator_url = true,
	};
	struct kit_why inner = { "" };
	enum jembatan_result result = kit_http_exchange(a->http, &request, response, &inner);
	if (result == JEMBATAN_OK)
		return take_token(a, response, why);
	/* RFC 6749, 5.2: wrong credentials are a 400 here. */
	if (response->status == 400)
		result = JEMBATAN_AUTH;
	return kit_why_set(why, result, "no access token: %s", inner.text);
}

/* ---- requests ---- */

static enum jembatan_result send_with(struct kit_auth *a, const struct kit_http_request *r,
				      struct kit_http_response *out, struct kit_why *why)
{
	struct jembatan_header headers[HEADERS_MAX];
	struct kit_http_request request = *r;
	if (r->header_count >= HEADERS_MAX)
		return kit_why_set(why, JEMBATAN_CONFIG, "a request has too many headers");
	if (r->header_count > 0)
		memcpy(headers, r->headers, r->header_count * sizeof(*headers));
	headers[r->header_count] = (struct jembatan_header){ a->header, a->value };
	request.headers = headers;
	request.header_count = r->header_count + 1;
	return kit_http_exchange(a->http, &request, out, why);
}

static enum jembatan_result send_oauth2(struct kit_auth *a, const struct kit_http_request *r,
					struct kit_http_response *out, struct kit_why *why)
{
	bool is_fresh = false;
	if (!a->is_loaded)
		load_token(a);
	for (;;) {
		if (!a->value || jembatan_now_ms(a->ctx) >= a->renew_ms) {
			enum jembatan_result result = fetch_token(a, out, why);
			if (result != JEMBATAN_OK) {
				out->outcome = JEMBATAN_NOT_SENT; /* the request itself */
				return result;
			}
			is_fresh = true;
		}
		enum jembatan_result result = send_with(a, r, out, why);
		/* With a body going into a spool nothing was written for a 401. */
		if (out->status != 401 || is_fresh)
			return result;
		a->renew_ms = 0;
	}
}

enum jembatan_result kit_auth_send(struct kit_auth *a, const struct kit_http_request *r,
				   struct kit_http_response *out)
{
	struct kit_why why = { "" };
	enum jembatan_result result;
	*out = (struct kit_http_response){ .retry_after_ms = -1, .outcome = JEMBATAN_NOT_SENT };
	if (a->kind == KIT_AUTH_NONE || !kit_http_is_trusted(a->http, r))
		result = kit_http_exchange(a->http, r, out, &why);
	else if (a->kind == KIT_AUTH_OAUTH2)
		result = send_oauth2(a, r, out, &why);
	else
		result = send_with(a, r, out, &why);
	return kit_http_tell(a->http, result, out, &why);
}

/* ---- life ---- */

struct kit_auth *kit_auth_new(struct jembatan_context *ctx, struct kit_http *http,
			      const struct kit_auth_options *o)
{
	struct kit_auth *a = xcalloc(1, sizeof(*a));
	a->ctx = ctx;
	a->http = http;
	a->kind = o->kind;
	a->header = xstrdup(o->kind == KIT_AUTH_HEADER && o->header ? o->header : "Authorization");
	switch (o->kind) {
	case KIT_AUTH_NONE:
		break;
	case KIT_AUTH_HEADER:
		a->value = xasprintf("%s%s", o->prefix ? o->prefix : "", o->token ? o->token : "");
		break;
	case KIT_AUTH_BASIC:
		a->value = basic(o->username, o->password);
		break;
	case KIT_AUTH_BEARER:
		a->value = xasprintf("Bearer %s", o->token ? o->token : "");
		break;
	case KIT_AUTH_OAUTH2:
		set_up_oauth2(a, o);
		break;
	}
	return a;
}

void kit_auth_free(struct kit_auth *a)
{
	if (!a)
		return;
	wipe_text(&a->value);
	wipe_text(&a->form);
	wipe_text(&a->client_basic);
	free(a->header);
	free(a->token_url);
	free(a->identity);
	for (size_t i = 0; i < a->token_header_count; i++) {
		char *name = (char *)(uintptr_t)a->token_headers[i].name;
		char *value = (char *)(uintptr_t)a->token_headers[i].value;
		free(name);
		wipe_text(&value);
	}
	free(a->token_headers);
	free(a);
}
