/* agency_api.c: requests to the app with its headers and credentials; the
 * details of a record; attachments. */
#include "agency-api/agency_api.h"
#include "agency-api/agency_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A detail that fails so often, while others come, is the record's fault. */
#define STRIKES 3
#define STRIKES_KEPT 64
/* So many failures in a row, and the app is left in peace. */
#define FAILURES_MAX 3
/* A record together with its details. */
#define RECORD_CEILING ((size_t)32 << 20)

/* A record whose details failed. */
struct strike {
	uint64_t key;
	unsigned count;
	uint64_t came_before; /* `came` when it failed first */
};

struct agency_api {
	struct jembatan_context *ctx;
	struct agency_setup *setup;
	struct kit_http *http;
	struct kit_auth *auth;
	struct strike strikes[STRIKES_KEPT];
	size_t next_strike;  /* the slot to be used next */
	uint64_t came;       /* details that came */
	unsigned failures;   /* since one came */
	bool may_go_on;      /* the last failure was one record's */
};

/* ---- open, close ------------------------------------------------------- */

#define ORIGINS_MAX (1 + AGENCY_DETAILS_MAX)

/* Addresses that the operator wrote: the list, and absolute details. Blanks
 * stand behind the host, so that the part before them names the origin. */
static size_t list_origins(const struct agency_setup *s, struct kit_arena *arena,
			   const char *out[ORIGINS_MAX])
{
	size_t count = 0;
	const char *key, *value;

	out[count++] = s->url;
	for (size_t i = 0; count < ORIGINS_MAX &&
			   jembatan_get_entry(s->ctx, "details", i, &key, &value);
	     i++)
		if (strncmp(value, "http://", 7) == 0 ||
		    strncmp(value, "https://", 8) == 0)
			out[count++] = kit_arena_strndup(arena, value,
							 strcspn(value, "{"));
	return count;
}

struct agency_api *agency_api_open(struct jembatan_context *ctx,
				   struct agency_setup *setup)
{
	struct kit_http_options options = kit_http_options_get(ctx);
	struct agency_api *api = calloc(1, sizeof(*api));
	struct kit_arena *arena = kit_arena_new();
	const char *origins[ORIGINS_MAX];

	if (!api)
		abort();
	api->ctx = ctx;
	api->setup = setup;
	options.origins = origins;
	options.origin_count = list_origins(setup, arena, origins);
	api->http = kit_http_new(ctx, &options);
	api->auth = kit_auth_new(ctx, api->http, &setup->auth);
	kit_arena_free(arena);
	return api;
}

void agency_api_close(struct agency_api *api)
{
	if (!api)
		return;
	kit_auth_free(api->auth);
	kit_http_free(api->http);
	free(api);
}

/* ---- requests ---------------------------------------------------------- */

enum jembatan_result agency_api_get(struct agency_api *api, const char *url,
				    struct kit_http_response *out)
{
	struct kit_http_request request = {
		.size = sizeof(request),
		.url = url,
		.headers = api->setup->headers,
		.header_count = api->setup->header_count,
		.follow = true,
	};

	return kit_auth_send(api->auth, &request, out);
}

enum jembatan_result agency_api_change(struct agency_api *api,
				       const struct agency_change *change,
				       struct kit_http_response *out)
{
	const struct agency_setup *s = api->setup;
	struct jembatan_header headers[AGENCY_HEADERS_MAX + 1];
	struct kit_http_request request = {
		.size = sizeof(request),
		.method = change->method,
		.url = change->url,
		.headers = headers,
		.header_count = s->header_count,
		.body = change->body,
		.content_type = change->content_type,
	};

	memcpy(headers, s->headers, s->header_count * sizeof(headers[0]));
	if (change->key)
		headers[request.header_count++] =
			(struct jembatan_header){ "Idempotency-Key", change->key };
	return kit_auth_send(api->auth, &request, out);
}

char *agency_api_address(const struct agency_api *api, const char *relative)
{
	char *url = kit_url_join(api->setup->url, relative);

	if (url && kit_url_same_origin(url, api->setup->url))
		return url;
	free(url);
	return NULL;
}

const char *agency_api_header(const struct agency_api *api, const char *name)
{
	return kit_http_header(api->http, name);
}

/* ---- details ----------------------------------------------------------- */

struct detail_call {
	struct agency_api *api;
	const struct agency_detail *detail;
	uint64_t key; /* of the record */
	struct kit_why *why;
};

static enum jembatan_result refuse(const struct detail_call *call,
				   const char *what)
{
	const char *name = call->detail->name;

	return kit_why_set(call->why, JEMBATAN_DATA, "%s: its %s: %s",
			   jembatan_where(call->api->ctx, "details", name), name,
			   what);
}

static struct strike *find_strike(struct agency_api *api, uint64_t key)
{
	struct strike *strike;

	for (size_t i = 0; i < STRIKES_KEPT; i++)
		if (api->strikes[i].key == key)
			return &api->strikes[i];
	strike = &api->strikes[api->next_strike];
	api->next_strike = (api->next_strike + 1) % STRIKES_KEPT;
	*strike = (struct strike){ .key = key, .came_before = api->came };
	return strike;
}

/* The app's fault, and worth another try, until the details of others have come
 * while these have failed again and again. */
static enum jembatan_result fail(const struct detail_call *call, const char *what)
{
	struct agency_api *api = call->api;
	struct strike *strike = find_strike(api, call->key);

	strike->count++;
	api->failures++;
	if (strike->count >= STRIKES && api->came > strike->came_before)
		return refuse(call, what);
	api->may_go_on = api->failures < FAILURES_MAX;
	return jembatan_explain(api->ctx, JEMBATAN_RETRY,
				"%s of a record: %s; it is asked for again",
				call->detail->name, what);
}

static enum jembatan_result judge(const struct detail_call *call,
				  enum jembatan_result result,
				  const struct kit_http_response *response)
{
	char what[64] = "the address is refused";

	if (response->status)
		(void)snprintf(what, sizeof(what), "the app answers %u",
			       response->status);
	if (result == JEMBATAN_RETRY && response->status >= 500 &&
	    response->status != 503)
		return fail(call, what);
	if (result == JEMBATAN_GONE || result == JEMBATAN_DATA ||
	    response->status == 403)
		return refuse(call, what);
	return result;
}

/* The detail's address. GONE: this record has none. */
static enum jembatan_result make_url(const struct detail_call *call,
				     struct jembatan_bytes record, json_t *root,
				     char **out_url)
{
	struct kit_text *text = kit_text_new(8192);
	struct kit_why why = { "" };
	enum jembatan_result result = agency_template_fill(
		call->detail->url, record, root, text, &why);

	if (result == JEMBATAN_DATA)
		(void)refuse(call, why.text);
	if (result == JEMBATAN_OK) {
		*out_url = kit_url_join(call->api->setup->url, kit_text_string(text));
		if (!*out_url || kit_text_is_full(text))
			result = refuse(call, "its address cannot be made");
	}
	kit_text_free(text);
	return result;
}

static enum jembatan_result join(const struct detail_call *call,
				 struct jembatan_bytes answer,
				 struct kit_arena *arena,
				 struct jembatan_bytes *record)
{
	struct kit_text *text = kit_text_new(RECORD_CEILING);
	enum jembatan_result result = JEMBATAN_OK;

	agency_parse_join(*record, call->detail->name, answer, text);
	if (kit_text_is_full(text))
		result = refuse(call, "the record becomes too large with it");
	else
		*record = agency_parse_copy(kit_text_bytes(text), arena);
	kit_text_free(text);
	return result;
}

/* Ask for one detail and join it to the record. */
static enum jembatan_result join_detail(const struct detail_call *call,
					struct kit_arena *arena, json_t *root,
					struct jembatan_bytes *record)
{
	struct kit_http_response response = { 0 };
	json_t *answer = NULL;
	char *url = NULL;
	enum jembatan_result result = make_url(call, *record, root, &url);

	if (result == JEMBATAN_OK) {
		result = agency_api_get(call->api, url, &response);
		if (result != JEMBATAN_OK)
			result = judge(call, result, &response);
		else if (kit_json_parse(response.body, &answer, NULL) != JEMBATAN_OK)
			result = fail(call, "the answer is not JSON");
		else
			result = join(call, response.body, arena, record);
		if (answer) {
			call->api->came++;
			call->api->failures = 0;
		}
	} else if (result == JEMBATAN_GONE) {
		result = JEMBATAN_OK;
	}
	json_decref(answer);
	free(url);
	return result;
}

enum jembatan_result agency_api_details(struct agency_api *api,
					struct kit_arena *arena,
					struct jembatan_bytes *bytes,
					struct agency_record *record,
					struct kit_why *why)
{
	const struct agency_setup *s = api->setup;
	struct detail_call call = { .api = api, .why = why,
				    .key = agency_seen_key(record->digest) };
	enum jembatan_result result = JEMBATAN_OK;

	api->may_go_on = false;
	for (size_t i = 0; i < s->detail_count && result == JEMBATAN_OK; i++) {
		struct agency_record joined = { 0 };

		call.detail = &s->details[i];
		result = join_detail(&call, arena, record->root, bytes);
		if (result != JEMBATAN_OK)
			break;
		result = agency_parse_record(s->mapping, *bytes, arena, &joined, why);
		agency_record_done(record);
		*record = joined;
	}
	return result;
}

bool agency_api_may_go_on(const struct agency_api *api)
{
	return api->may_go_on;
}

/* ---- fetch ------------------------------------------------------------- */

/* The app answers with JSON that holds the file as base64. */
static enum jembatan_result fetch_wrapped(struct agency_api *api,
					  const char *url,
					  struct jembatan_spool *spool)
{
	struct kit_http_response response = { 0 };
	struct kit_text *text;
	struct kit_why why = { "" };
	const char *content;
	json_t *root = NULL;
	enum jembatan_result result = agency_api_get(api, url, &response);

	if (result != JEMBATAN_OK)
		return result;
	if (kit_json_parse(response.body, &root, &why) != JEMBATAN_OK)
		return jembatan_explain(api->ctx, JEMBATAN_RETRY,
					"the attachment's answer is not JSON: %s",
					why.text);
	text = kit_text_new(response.body.size + 1);
	content = kit_json_string(root, api->setup->attachment_base64);
	if (!content || kit_base64_decode(content, text) != JEMBATAN_OK)
		result = jembatan_explain(api->ctx, JEMBATAN_DATA,
					  "the attachment's answer has no base64 at %s (%s)",
					  api->setup->attachment_base64,
					  jembatan_where(api->ctx, "attachment_base64",
							 NULL));
	else
		result = jembatan_spool_write(api->ctx, spool, kit_text_bytes(text));
	kit_text_free(text);
	json_decref(root);
	return result;
}

enum jembatan_result agency_api_fetch(struct agency_api *api, const char *url,
				      struct jembatan_spool *spool)
{
	bool ours = kit_url_same_origin(url, api->setup->url);
	struct kit_http_response response = { 0 };
	struct kit_http_request request = {
		.size = sizeof(request),
		.url = url,
		.follow = true,
		.into = spool,
	};

	if (ours && api->setup->attachment_base64)
		return fetch_wrapped(api, url, spool);
	/* Headers may be keys: they go to the app alone. */
	if (ours) {
		request.headers = api->setup->headers;
		request.header_count = api->setup->header_count;
	}
	return kit_auth_send(api->auth, &request, &response);
}
