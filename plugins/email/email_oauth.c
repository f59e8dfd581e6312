/* email_oauth.c: see email_oauth.h. Without a page for the consent and without a
 * refresh token the grant is client_credentials, as an organisation's own server
 * may have it. */
#include "email/email_oauth.h"

#include <stdlib.h>
#include <string.h>

/* As documented by the two in November 2026. */
static const struct provider {
	const char *name;
	const char *authorize_url, *token_url; /* %s: the tenant */
	const char *scope;                     /* IMAP and SMTP */
	const char *more[5];                   /* else no refresh token comes */
	bool needs_secret;                     /* also of an app on somebody's machine */
} providers[] = {
	{ "google", "https://accounts.google.com/o/oauth2/v2/auth",
	  "https://oauth2.googleapis.com/token", "https://mail.google.com/",
	  { "access_type", "offline", "prompt", "consent", NULL }, true },
	{ "microsoft", "https://login.microsoftonline.com/%s/oauth2/v2.0/authorize",
	  "https://login.microsoftonline.com/%s/oauth2/v2.0/token",
	  "https://outlook.office.com/IMAP.AccessAsUser.All "
	  "https://outlook.office.com/SMTP.Send offline_access",
	  { NULL }, false },
};

struct places {
	const struct provider *provider; /* NULL: all by options */
	const char *authorize_url, *token_url, *scope;
	bool by_consent;
};

struct email_oauth {
	struct kit_arena *arena;
	struct places places;
	struct kit_http *http; /* to where tokens are issued */
	struct kit_auth *auth;
};

bool email_oauth_is_set(struct jembatan_context *ctx)
{
	return strcmp(jembatan_get_string(ctx, "auth"), "password") != 0;
}

const char *email_oauth_mechanism(struct jembatan_context *ctx)
{
	const char *auth = jembatan_get_string(ctx, "auth");

	if (strcmp(auth, "xoauth2") == 0)
		return "XOAUTH2";
	return strcmp(auth, "oauthbearer") == 0 ? "OAUTHBEARER" : NULL;
}

static const char *own_or(struct jembatan_context *ctx, const char *option, const char *preset,
			  struct kit_arena *arena)
{
	const char *own = jembatan_get_string(ctx, option);
	const char *tenant = preset != NULL ? strstr(preset, "%s") : NULL;

	if (own != NULL || tenant == NULL)
		return own != NULL ? own : preset;
	return kit_arena_printf(arena, "%.*s%s%s", (int)(tenant - preset), preset,
				jembatan_get_string(ctx, "tenant"), tenant + 2);
}

static struct places places_of(struct jembatan_context *ctx, struct kit_arena *arena)
{
	const char *name = jembatan_get_string(ctx, "provider");
	struct places p = { 0 };

	for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++) {
		if (strcmp(providers[i].name, name) == 0)
			p.provider = &providers[i];
	}
	p.authorize_url = own_or(ctx, "authorize_url",
				 p.provider != NULL ? p.provider->authorize_url : NULL, arena);
	p.token_url = own_or(ctx, "token_url", p.provider != NULL ? p.provider->token_url : NULL,
			     arena);
	p.scope = own_or(ctx, "scope", p.provider != NULL ? p.provider->scope : NULL, arena);
	p.by_consent = p.authorize_url != NULL &&
		       jembatan_get_string(ctx, "refresh_token") == NULL;
	return p;
}

/* ---- what is set ------------------------------------------------------------------- */

static bool is_tenant(const char *tenant)
{
	return *tenant != '\0' && strlen(tenant) <= 100 &&
	       tenant[strspn(tenant, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789.-")] == '\0';
}

static const char *missing_of(struct jembatan_context *ctx, const struct places *p)
{
	bool has_secret = jembatan_get_string(ctx, "client_secret") != NULL;

	if (p->token_url == NULL)
		return "token_url (or provider)";
	if (jembatan_get_string(ctx, "client_id") == NULL)
		return "client_id";
	if (p->authorize_url != NULL && p->scope == NULL)
		return "scope";
	if (p->provider != NULL && p->provider->needs_secret && !has_secret)
		return "client_secret";
	if (has_secret || jembatan_get_string(ctx, "refresh_token") != NULL || p->by_consent)
		return NULL;
	return "client_secret, refresh_token or authorize_url";
}

enum jembatan_result email_oauth_check(struct jembatan_context *ctx)
{
	struct kit_arena *arena = kit_arena_new();
	struct places p = places_of(ctx, arena);
	const char *user = jembatan_get_string(ctx, "user"), *missing = missing_of(ctx, &p);
	enum jembatan_result result = JEMBATAN_OK;

	for (const char *c = user != NULL ? user : ""; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ')
			result = jembatan_explain(ctx, JEMBATAN_CONFIG,
						  "%s: user holds a control character",
						  jembatan_where(ctx, "user", NULL));
	}
	if (result == JEMBATAN_OK && missing != NULL)
		result = jembatan_explain(ctx, JEMBATAN_CONFIG, "auth: %s needs the option %s",
					  jembatan_get_string(ctx, "auth"), missing);
	if (result == JEMBATAN_OK && !is_tenant(jembatan_get_string(ctx, "tenant")))
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: tenant is an id or a domain, such as example.go.id",
					  jembatan_where(ctx, "tenant", NULL));
	kit_arena_free(arena);
	return result;
}

/* ---- tokens ------------------------------------------------------------------------ */

struct email_oauth *email_oauth_new(struct jembatan_context *ctx)
{
	struct email_oauth *o = calloc(1, sizeof *o);

	if (o == NULL)
		abort();
	o->arena = kit_arena_new();
	o->places = places_of(ctx, o->arena);
	const struct kit_http_options http = {
		.size = sizeof http,
		.origins = &o->places.token_url,
		.origin_count = 1,
		.ca_file = jembatan_get_string(ctx, "token_ca_file"),
		.answer_ms = jembatan_get_integer(ctx, "timeout"),
	};
	const struct kit_auth_options auth = {
		.size = sizeof auth,
		.kind = KIT_AUTH_OAUTH2,
		.token_url = o->places.token_url,
		.client_id = jembatan_get_string(ctx, "client_id"),
		.client_secret = jembatan_get_string(ctx, "client_secret"),
		.refresh_token = jembatan_get_string(ctx, "refresh_token"),
		.scope = o->places.scope,
		.client_in_header = jembatan_get_integer(ctx, "client_in_header") != 0,
		.by_consent = o->places.by_consent,
	};

	o->http = kit_http_new(ctx, &http);
	o->auth = kit_auth_new(ctx, o->http, &auth);
	return o;
}

void email_oauth_free(struct email_oauth *o)
{
	if (o == NULL)
		return;
	kit_auth_free(o->auth);
	kit_http_free(o->http);
	kit_arena_free(o->arena);
	free(o);
}

struct kit_auth *email_oauth_tokens(const struct email_oauth *o)
{
	return o != NULL ? o->auth : NULL;
}

enum jembatan_result email_oauth_consent(struct jembatan_context *ctx, struct email_oauth *o,
					 const char *answer, const char **out_url)
{
	const char *redirect = jembatan_get_string(ctx, "redirect_url");
	const char *user = jembatan_get_string(ctx, "user");
	size_t n = 0;

	if (o == NULL)
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: this mailbox logs in by a password: set auth: oauth2 "
					"and `provider` first",
					jembatan_where(ctx, "auth", NULL));
	if (o->places.authorize_url == NULL)
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: set `provider`, or `authorize_url`: the page on which "
					"the account consents",
					jembatan_where(ctx, "auth", NULL));
	struct kit_consent_options how = {
		.size = sizeof how,
		.authorize_url = o->places.authorize_url,
		.redirect_url = redirect != NULL ? redirect : "http://localhost",
		.scope = o->places.scope,
	};
	const struct provider *p = o->places.provider;

	for (; p != NULL && p->more[n] != NULL; n++)
		how.more[n] = p->more[n];
	/* The mailbox's own account, where the browser knows several. */
	if (user != NULL) {
		how.more[n++] = "login_hint";
		how.more[n++] = user;
	}
	return kit_consent(o->auth, &how, answer, o->arena, out_url);
}
