/* kit_auth.c: credentials put on requests. They leave only towards origins
 * that an operator wrote. */
#include "kit/kit_internal.h"

#include "base/buf.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define TOKEN_MAX ((size_t)16 * 1024)
#define HEADERS_MAX 64u

const char *const kit_auth_choices[] = { "none", "header", "basic", "bearer", "oauth2", NULL };

struct kit_auth {
	struct jembatan_context *ctx;
	struct kit_http *http;
	enum kit_auth_kind kind;
	char *header;
	char *value; /* of the header; OAuth2: NULL */
	struct kit_oauth2 *oauth2;
};

static char *base64(const char *text)
{
	size_t size = strlen(text);
	ASSERT(size < TOKEN_MAX);
	char *out = xmalloc(size * 4 / 3 + 5);
	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)size);
	return out;
}

char *kit_basic(const char *user, const char *password)
{
	CLEANUP(kit_wipe_text)
	char *pair = xasprintf("%s:%s", user ? user : "", password ? password : "");
	CLEANUP(kit_wipe_text) char *encoded = base64(pair);
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
		.refresh_token = jembatan_get_string(ctx, "refresh_token"),
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
	/* An app that a person has consented to may have no secret. */
	if (o.kind == KIT_AUTH_OAUTH2 && !o.client_secret && !o.refresh_token)
		return missing(ctx, "client_secret");
	*out = o;
	return JEMBATAN_OK;
}

/* ---- requests ---- */

static enum jembatan_result send_with(struct kit_auth *a, const struct kit_http_request *r,
				      const char *value, struct kit_http_response *out,
				      struct kit_why *why)
{
	struct jembatan_header headers[HEADERS_MAX];
	struct kit_http_request request = *r;
	if (r->header_count >= HEADERS_MAX)
		return kit_why_set(why, JEMBATAN_CONFIG, "a request has too many headers");
	if (r->header_count > 0)
		memcpy(headers, r->headers, r->header_count * sizeof(*headers));
	headers[r->header_count] = (struct jembatan_header){ a->header, value };
	request.headers = headers;
	request.header_count = r->header_count + 1;
	return kit_http_exchange(a->http, &request, out, why);
}

/* A 401 may mean a token that was taken back: one new one, one more try. */
static enum jembatan_result send_oauth2(struct kit_auth *a, const struct kit_http_request *r,
					struct kit_http_response *out, struct kit_why *why)
{
	CLEANUP(kit_wipe_text) char *refused = NULL;
	for (;;) {
		const char *token;
		enum jembatan_result result =
			kit_oauth2_token(a->oauth2, refused, out, &token, why);
		if (result != JEMBATAN_OK) {
			out->outcome = JEMBATAN_NOT_SENT; /* the request itself */
			return result;
		}
		CLEANUP(kit_wipe_text) char *value = xasprintf("Bearer %s", token);
		result = send_with(a, r, value, out, why);
		/* With a body going into a spool nothing was written for a 401. */
		if (out->status != 401 || refused)
			return result;
		refused = xstrdup(token);
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
		result = send_with(a, r, a->value, out, &why);
	return kit_http_tell(a->http, result, out, &why);
}

enum jembatan_result kit_auth_token(struct kit_auth *a, const char *refused,
				    const char **out_token)
{
	struct kit_http_response response = { .retry_after_ms = -1 };
	struct kit_why why = { "" };
	ASSERT(a->oauth2);
	enum jembatan_result result =
		kit_oauth2_token(a->oauth2, refused, &response, out_token, &why);
	return kit_http_tell(a->http, result, &response, &why);
}

struct kit_oauth2 *kit_auth_oauth2(struct kit_auth *a, struct jembatan_context **out_ctx,
				   struct kit_http **out_http)
{
	*out_ctx = a->ctx;
	*out_http = a->http;
	return a->oauth2;
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
		a->value = kit_basic(o->username, o->password);
		break;
	case KIT_AUTH_BEARER:
		a->value = xasprintf("Bearer %s", o->token ? o->token : "");
		break;
	case KIT_AUTH_OAUTH2:
		a->oauth2 = kit_oauth2_new(ctx, http, o);
		break;
	}
	return a;
}

void kit_auth_free(struct kit_auth *a)
{
	if (!a)
		return;
	kit_wipe_text(&a->value);
	kit_oauth2_free(a->oauth2);
	free(a->header);
	free(a);
}
