/* meta.c: the Graph API. The token goes to `url` alone, in a header. Errors come
 * with a code of Meta's, which says more than the HTTP status. */
#include "social/meta.h"
#include "social/mastodon_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_WAIT_MS INT64_C(300000)
#define POLICY_WAIT_MS INT64_C(86400000)
#define MINUTE_MS INT64_C(60000)
#define NEARLY_FULL 95
#define URL_BYTES 4096u
#define SAME_BYTES ((size_t)64 * 1024)

static const struct {
	int64_t first, last;
	enum meta_act act;
} codes[] = {
	{ 0, 0, META_TOKEN },     { 1, 2, META_PASSING },    { 3, 3, META_TOKEN },
	{ 4, 4, META_SLOW },      { 10, 10, META_TOKEN },    { 17, 17, META_SLOW },
	{ 32, 32, META_SLOW },    { 100, 100, META_REQUEST }, { 102, 102, META_TOKEN },
	{ 104, 104, META_TOKEN }, { 190, 190, META_TOKEN },  { 200, 299, META_TOKEN },
	{ 341, 341, META_SLOW },  { 368, 368, META_SLOW },   { 458, 467, META_TOKEN },
	{ 506, 506, META_REQUEST }, { 613, 613, META_SLOW }, { 803, 803, META_MISSING },
	{ 1705, 1705, META_PASSING }, { 80000, 80014, META_SLOW },
};

enum meta_act meta_act_of(int64_t code, int64_t subcode)
{
	if (code == 100 && subcode == 33)
		return META_MISSING;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (code >= codes[i].first && code <= codes[i].last)
			return codes[i].act;
	return META_UNLISTED;
}

/* ---- limits ------------------------------------------------------------ */

static void see_usage(json_t *usage, int64_t *percent, int64_t *minutes)
{
	static const char *const names[] = { "call_count", "total_time", "total_cputime" };
	int64_t value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (kit_json_integer(usage, names[i], &value) && value > *percent && value < 100000)
			*percent = value;
	if (kit_json_integer(usage, "estimated_time_to_regain_access", &value) && value > *minutes &&
	    value <= 1440)
		*minutes = value;
}

static json_t *read_header(const char *text)
{
	json_t *root = NULL;

	if (text && kit_json_parse((struct jembatan_bytes){ text, strlen(text) }, &root, NULL) !=
	    JEMBATAN_OK)
		root = NULL;
	return root;
}

int64_t meta_wait_ms(const char *app_usage, const char *business_usage, int64_t retry_after_ms,
		     int64_t *out_percent)
{
	json_t *app = read_header(app_usage), *business = read_header(business_usage), *list, *one;
	int64_t percent = 0, minutes = 0;
	const char *id;
	size_t i;

	see_usage(app, &percent, &minutes);
	json_object_foreach(business, id, list)
		json_array_foreach(list, i, one)
			see_usage(one, &percent, &minutes);
	json_decref(app);
	json_decref(business);
	*out_percent = percent;
	int64_t wait_ms = minutes > 0 ? minutes * MINUTE_MS : -1;

	return wait_ms > retry_after_ms ? wait_ms : retry_after_ms;
}

/* ---- requests ---------------------------------------------------------- */

const char *meta_url(struct social *s, const char *format, ...)
{
	char path[URL_BYTES];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	return kit_arena_printf(s->arena, "%s/%s/%s", s->url,
				jembatan_get_string(s->ctx, "graph_version"), path);
}

const char *meta_form(struct social *s, const char *const *pairs)
{
	struct kit_text *form = kit_text_new((size_t)256 * 1024);

	for (size_t i = 0; pairs[i]; i += 2) {
		char *value = pairs[i + 1] ? kit_url_escape(pairs[i + 1]) : NULL;

		if (value)
			kit_text_printf(form, "%s%s=%s", kit_text_bytes(form).size > 0 ? "&" : "",
					pairs[i], value);
		free(value);
	}
	const char *text = kit_text_is_full(form) ? NULL :
						    kit_arena_strdup(s->arena, kit_text_string(form));

	kit_text_free(form);
	return text;
}

static enum jembatan_result judge(struct social *s, enum jembatan_result result, int code,
				  struct meta_answer *a)
{
	switch (a->act) {
	case META_TOKEN:
		a->outcome = JEMBATAN_NOT_SENT; /* with a right token it can go */
		return jembatan_explain(s->ctx, JEMBATAN_AUTH,
					"Meta refuses the access token or what it may do (error %d): "
					"renew it, look at the app's permissions", code);
	case META_PROOF:
		a->outcome = JEMBATAN_NOT_SENT;
		return jembatan_explain(s->ctx, JEMBATAN_AUTH,
					"Meta refuses the proof that goes with the access token (error "
					"%d): app_secret is not that of the token's app", code);
	case META_SLOW:
		a->outcome = JEMBATAN_LATER;
		jembatan_delay(s->ctx, a->wait_ms);
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"Meta's limit is used up (error %d): it goes on by itself", code);
	case META_MISSING:
		a->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_GONE,
					"the post is not there any more, or not for us (error %d)",
					code);
	case META_REQUEST:
		a->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "Meta refuses the request (error %d)",
					code);
	case META_PASSING:
		a->outcome = JEMBATAN_UNKNOWN;
		return jembatan_explain(s->ctx, JEMBATAN_RETRY, "Meta has a trouble (error %d)", code);
	case META_FINE:
	case META_UNLISTED:
		break;
	}
	return result;
}

/* The proof that whoever holds the token knows the app's secret too. */
static const char *with_proof(struct social *s, const char *url, const char *token)
{
	const char *secret = jembatan_get_string(s->ctx, "app_secret");
	char hex[65];

	if (!secret || *secret == '\0')
		return url;
	kit_signature_make(secret, (struct jembatan_bytes){ token, strlen(token) }, hex);
	return kit_arena_printf(s->arena, "%s%cappsecret_proof=%s", url, strchr(url, '?') ? '&' : '?',
				hex);
}

struct call {
	const char *method, *url, *form, *token, *secret;
};

static enum jembatan_result send_call(struct social *s, const struct call *c,
				      struct kit_http_response *response)
{
	const struct jembatan_header header = {
		"Authorization", kit_arena_printf(s->arena, "Bearer %s", c->token)
	};
	const struct kit_http_request request = {
		.size = sizeof(request), .method = c->method,
		.url = with_proof(s, c->url, c->token), .headers = &header, .header_count = 1,
		.body = { c->form ? c->form : "", c->form ? strlen(c->form) : 0 },
		.content_type = c->form ? "application/x-www-form-urlencoded" : NULL,
		.secret = c->secret,
	};

	return kit_http_send(s->http, &request, response);
}

/* Its message may name what was asked for: only this word of it is looked at. */
static bool is_about_proof(json_t *root)
{
	const char *message = kit_json_string(root, "error.message");

	return message && strstr(message, "appsecret_proof");
}

static enum jembatan_result call(struct social *s, const struct call *c, struct meta_answer *out)
{
	struct meta *meta = s->own;
	struct kit_http_response response = { 0 };

	*out = (struct meta_answer){ .outcome = JEMBATAN_NOT_SENT };
	if (!kit_url_same_origin(c->url, s->url))
		return jembatan_explain(s->ctx, JEMBATAN_DATA,
					"a page lies at another host: the token does not go there");
	enum jembatan_result result = social_budget_spend(s->budget, 1, 0);

	if (result != JEMBATAN_OK)
		return result;
	result = send_call(s, c, &response);
	out->status = response.status;
	out->outcome = response.outcome;
	/* Borrowed until the next header is asked for. */
	const char *app = kit_arena_strdup(s->arena, kit_http_header(s->http, "X-App-Usage"));
	const char *business = kit_http_header(s->http, "X-Business-Use-Case-Usage");

	out->wait_ms = meta_wait_ms(app, business, response.retry_after_ms, &meta->percent);
	if (kit_json_parse(response.body, &out->root, NULL) != JEMBATAN_OK)
		out->root = NULL;
	if (kit_json_integer(out->root, "error.code", &out->code)) {
		(void)kit_json_integer(out->root, "error.error_subcode", &out->subcode);
		out->act = is_about_proof(out->root) ? META_PROOF :
						       meta_act_of(out->code, out->subcode);
		if (result == JEMBATAN_OK) /* an error with 200 */
			result = JEMBATAN_RETRY;
	} else if (result != JEMBATAN_OK) {
		out->act = response.status == 429 ? META_SLOW : META_UNLISTED;
	} else if (!out->root) {
		out->outcome = JEMBATAN_UNKNOWN;
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "Meta's answer is not JSON");
	}
	if (out->wait_ms < 0)
		out->wait_ms = out->code == 368 ? POLICY_WAIT_MS : LIMIT_WAIT_MS;
	if (meta->percent >= NEARLY_FULL)
		meta->full_until_ms = jembatan_now_ms(s->ctx) + out->wait_ms;
	return judge(s, result, (int)out->code, out);
}

enum jembatan_result meta_call(struct social *s, const char *method, const char *url,
			       const char *form, struct meta_answer *out)
{
	const char *token = jembatan_get_string(s->ctx, "access_token");

	return call(s, &(struct call){ method, url, form, token, NULL }, out);
}

enum jembatan_result meta_call_as(struct social *s, const char *token, const char *url,
				  const char *secret, struct meta_answer *out)
{
	return call(s, &(struct call){ NULL, url, NULL, token, secret }, out);
}

enum jembatan_result meta_send(struct social *s, const char *url, const char *form,
			       struct jembatan_delivery *out)
{
	struct meta_answer answer = { .root = NULL };
	char buffer[64];

	if (!form) {
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "the reply is too long");
	}
	enum jembatan_result result = meta_call(s, "POST", url, form, &answer);
	const char *id = kit_json_id(answer.root, "id", buffer);

	out->outcome = answer.outcome;
	if (answer.outcome == JEMBATAN_LATER)
		out->at_ms = jembatan_now_ms(s->ctx) + answer.wait_ms;
	if (result == JEMBATAN_OK && id && *id && strlen(id) < sizeof(out->remote_id)) {
		memcpy(out->remote_id, id, strlen(id) + 1);
	} else if (result == JEMBATAN_OK) {
		out->outcome = JEMBATAN_UNKNOWN;
		result = jembatan_explain(s->ctx, JEMBATAN_DATA,
					  "Meta took the reply and named no id");
	}
	json_decref(answer.root);
	return result;
}

static bool is_same_words(const char *shown, const char *text)
{
	struct kit_text *a = kit_text_new(SAME_BYTES), *b = kit_text_new(SAME_BYTES);

	mastodon_squeeze(shown ? shown : "", a);
	mastodon_squeeze(text, b);
	bool it_is = strcmp(kit_text_string(a), kit_text_string(b)) == 0;

	kit_text_free(a);
	kit_text_free(b);
	return it_is;
}

enum jembatan_result meta_find_own(struct social *s, const char *url, const char *field,
				   const char *text, struct jembatan_delivery *out)
{
	struct meta_answer answer = { .root = NULL };
	enum jembatan_result result = meta_call(s, NULL, url, NULL, &answer);
	json_t *list = json_object_get(answer.root, "data"), *one;
	bool is_all = json_is_array(list) && !kit_json_at(answer.root, "paging.next");
	size_t i;

	out->outcome = JEMBATAN_UNKNOWN;
	json_array_foreach(list, i, one) {
		const char *by = meta_id(s, one, "from.id"), *its = meta_id(s, one, "id");

		if (out->outcome == JEMBATAN_UNKNOWN && by && its && strcmp(by, s->own_id) == 0 &&
		    is_same_words(kit_json_string(one, field), text)) {
			out->outcome = JEMBATAN_SENT;
			memcpy(out->remote_id, its, strlen(its) + 1);
		}
	}
	if (result == JEMBATAN_OK && out->outcome == JEMBATAN_UNKNOWN && is_all)
		out->outcome = JEMBATAN_NOT_SENT;
	json_decref(answer.root);
	return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
}

/* ---- small things ------------------------------------------------------ */

int64_t meta_time(json_t *from, const char *path)
{
	char buffer[64];
	const char *text = kit_json_id(from, path, buffer);
	int64_t ms = 0;

	return text && kit_time_parse(text, NULL, 0, &ms) == JEMBATAN_OK ? ms : 0;
}

const char *meta_id(struct social *s, json_t *from, const char *path)
{
	char buffer[64];
	const char *id = kit_json_id(from, path, buffer);
	size_t n = id ? strspn(id, "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
		      : 0;

	return n > 0 && n < 100 && id[n] == '\0' ? kit_arena_strdup(s->arena, id) : NULL;
}

enum jembatan_result meta_check(struct jembatan_context *ctx)
{
	const char *account = jembatan_get_string(ctx, "account");
	const char *version = jembatan_get_string(ctx, "graph_version");
	const char *app = jembatan_get_string(ctx, "app_id");

	if (account[strspn(account, "0123456789")] != '\0')
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: account is Meta's id of the page or account, digits only",
					jembatan_where(ctx, "account", NULL));
	if (app && app[strspn(app, "0123456789")] != '\0')
		return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: app_id is the app's number, digits only",
					jembatan_where(ctx, "app_id", NULL));
	if (version[0] != 'v' || version[1 + strspn(version + 1, "0123456789.")] != '\0')
		return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: graph_version is like v23.0",
					jembatan_where(ctx, "graph_version", NULL));
	return JEMBATAN_OK;
}

void meta_open(struct social *s)
{
	struct meta *meta = calloc(1, sizeof(*meta));
	const char *account = jembatan_get_string(s->ctx, "account");

	if (!meta)
		abort();
	meta->answer = kit_text_new(1024);
	social_watch_init(&meta->watch, s, META_AGES);
	s->own = meta;
	if (account && strlen(account) < sizeof(s->own_id))
		memcpy(s->own_id, account, strlen(account) + 1);
}

void meta_close(struct social *s)
{
	struct meta *meta = s->own;

	kit_text_free(meta->answer);
	free(meta->page);
	free(meta);
}
