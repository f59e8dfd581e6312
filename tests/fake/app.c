/* app.c: credentials, routes and the side of the tests of the fake agency app. */
#include "app.h"

#include "base/clock.h"
#include "base/jx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/poison.h"

#define TOKEN_PREFIX "tiruan-"

const char *const APP_OPERATIONS[] = { "token", "list", "detail", "page",  "offset", "cursor",
				       "next",	"link", "photo",  "write", NULL };

/* ---- credentials --------------------------------------------------------- */

/* A token says its number and when it ends: nothing has to be remembered. */
static char *make_token(struct app *app)
{
	return xasprintf(TOKEN_PREFIX "%llu-%lld", atomic_fetch_add(&app->tokens, 1) + 1,
			 (long long)(clock_now_ms() + app->token_ms));
}

static bool is_good_token(struct app *app, const char *authorization)
{
	static const char start[] = "Bearer " TOKEN_PREFIX;
	unsigned long long number;
	char *end = NULL;

	if (!authorization || !str_starts(authorization, start))
		return false;
	errno = 0;
	number = strtoull(authorization + sizeof(start) - 1, &end, 10);
	if (errno || *end != '-' || number <= atomic_load(&app->void_tokens) ||
	    number > atomic_load(&app->tokens))
		return false;
	return strtoll(end + 1, NULL, 10) > clock_now_ms();
}

/* "Name: value" */
static bool has_header(const struct peer_request *r, const char *line)
{
	const char *colon = strchr(line, ':');
	CLEANUP(free_pointer) char *name = xstrndup(line, (size_t)(colon - line));

	return str_equal(peer_header(r, name), colon + 1 + strspn(colon + 1, " "));
}

static bool is_authorized(const struct app_call *call)
{
	struct app *app = call->app;

	for (size_t i = 0; i < app->required_count; i++)
		if (!has_header(call->request, app->required[i]))
			return false;
	return !app->client_id || is_good_token(app, peer_header(call->request, "Authorization"));
}

static void on_token(struct app_call *call)
{
	const struct peer_request *r = call->request;
	CLEANUP(free_pointer) char *token = NULL;

	if (!str_equal(peer_field(r, "grant_type"), "client_credentials")) {
		peer_answer_json(call->answer, 400,
				 json_pack("{s:s}", "error", "unsupported_grant_type"));
	} else if (call->app->client_id &&
		   (!str_equal(peer_field(r, "client_id"), call->app->client_id) ||
		    !str_equal(peer_field(r, "client_secret"), call->app->client_secret))) {
		peer_answer_json(call->answer, 401, json_pack("{s:s}", "error", "invalid_client"));
	} else {
		token = make_token(call->app);
		peer_answer_json(call->answer, 200,
				 json_pack("{s:s,s:s,s:I}", "access_token", token, "token_type",
					   "Bearer", "expires_in",
					   (json_int_t)(call->app->token_ms / 1000)));
	}
}

/* ---- photos -------------------------------------------------------------- */

static void on_photo(struct app_call *call)
{
	/* A PNG of one grey pixel. */
	static const unsigned char png[] = {
		0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d,
		0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
		0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00,
		0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x68, 0x00, 0x00, 0x00,
		0x82, 0x00, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x49,
		0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
	};

	call->answer->media_type = "image/png";
	buf_add(&call->answer->body, png, sizeof(png));
}

/* ---- what is written back -------------------------------------------------- */

/* The body's object and the record's id; NULL: it is answered already. */
static json_t *read_change(struct app_call *call, char id[32])
{
	json_t *body = NULL;
	json_t *record;
	struct why why;

	(void)snprintf(id, 32, "%lld", (long long)call->number);
	record = records_find(call->app->records, id);
	if (!record) {
		peer_answer_message(call->answer, 404, "no such complaint");
	} else if (jx_parse(buf_bytes(&call->request->body), &body, &why) != JEMBATAN_OK ||
		   !json_is_object(body)) {
		peer_answer_message(call->answer, 400, "not an object");
		json_decref(body);
		body = NULL;
	}
	json_decref(record);
	return body;
}

static void change(struct app_call *call, const char *id, json_t *with)
{
	char *same = NULL;

	json_object_set_new(with, "id", json_string(id));
	if (records_put(call->app->records, with, &same) == JEMBATAN_OK)
		free(same);
	json_decref(with);
	peer_answer_json(call->answer, 200, json_pack("{s:s}", "message", "OK"));
}

/* Sapawarga: digits, at most ten. */
static void on_number(struct app_call *call)
{
	char id[32];
	CLEANUP(jx_decref) json_t *body = read_change(call, id);
	const char *number = body ? jx_text(body, "sp4n_id") : NULL;

	if (!body)
		return;
	if (!number || !*number || strlen(number) > 10 ||
	    number[strspn(number, "0123456789")] != '\0') {
		peer_answer_json(call->answer, 422, json_pack("{s:{s:s}}", "errors", "sp4n_id", "angka"));
		return;
	}
	change(call, id, json_pack("{s:s,s:O?}", "sp4n_id", number, "sp4n_created_at",
				   json_object_get(body, "sp4n_created_at")));
}

/* An app of no name: notes below the complaint. */
static void on_note(struct app_call *call)
{
	char id[32];
	CLEANUP(jx_decref) json_t *body = read_change(call, id);
	json_t *record = body ? records_find(call->app->records, id) : NULL;
	json_t *notes;

	if (!body)
		return;
	notes = json_object_get(record, "notes") ? json_copy(json_object_get(record, "notes")) :
						   json_array();
	json_array_append(notes, body);
	json_decref(record);
	change(call, id, json_pack("{s:o}", "notes", notes));
}

/* ---- the side of the tests ----------------------------------------------- */

static void put(struct app_call *call, json_t *record, json_t *ids)
{
	char *id = NULL;

	if (records_put(call->app->records, record, &id) != JEMBATAN_OK)
		return;
	json_array_append_new(ids, json_string(id));
	free(id);
}

/* One object or a list of them. */
static void on_add(struct app_call *call)
{
	CLEANUP(jx_decref) json_t *body = NULL;
	json_t *ids;
	json_t *record;
	struct why why;
	size_t i;

	if (jx_parse(buf_bytes(&call->request->body), &body, &why) != JEMBATAN_OK) {
		peer_answer_message(call->answer, 400, why.text);
		return;
	}
	ids = json_array();
	if (json_is_array(body)) {
		json_array_foreach(body, i, record)
			put(call, record, ids);
	} else {
		put(call, body, ids);
	}
	peer_answer_json(call->answer, 200, json_pack("{s:o}", "ids", ids));
}

static void on_state(struct app_call *call)
{
	struct app *app = call->app;
	json_t *all = records_select(app->records, "created_at", false, -1);
	json_t *operations = json_object();

	for (size_t i = 0; APP_OPERATIONS[i]; i++)
		json_object_set_new(operations, APP_OPERATIONS[i],
				    json_integer((json_int_t)atomic_load(&app->requests[i])));
	peer_answer_json(call->answer, 200,
			 json_pack("{s:i,s:I,s:o,s:o,s:o}", "count", (int)json_array_size(all),
				   "tokens", (json_int_t)atomic_load(&app->tokens), "by_operation",
				   operations, "faults", faults_list(app->faults), "records", all));
}

static void on_fault(struct app_call *call)
{
	faults_serve(call->app->faults, call->request, call->answer);
}

static void on_reset(struct app_call *call)
{
	records_clear(call->app->records);
	faults_clear(call->app->faults);
	peer_answer_message(call->answer, 200, "OK");
}

/* ---- the way through ----------------------------------------------------- */

static const struct route {
	const char *method;
	const char *path; /* "*" stands for a number */
	enum app_operation operation;
	app_handler *handle;
} ROUTES[] = {
	{ "POST", "/oauth/token", APP_TOKEN, on_token },
	{ "GET", "/aduan/complaints", APP_LIST, lists_sapawarga },
	{ "GET", "/aduan/complaints/*", APP_DETAIL, lists_detail },
	{ "PATCH", "/aduan/complaints/*/add-sp4n", APP_WRITE, on_number },
	{ "POST", "/aduan/complaints/*/notes", APP_WRITE, on_note },
	{ "GET", "/generic/page", APP_PAGE, lists_page },
	{ "GET", "/generic/offset", APP_OFFSET, lists_offset },
	{ "GET", "/generic/cursor", APP_CURSOR, lists_cursor },
	{ "GET", "/generic/next", APP_NEXT, lists_next },
	{ "GET", "/generic/link", APP_LINK, lists_link },
	{ "GET", "/photos/*.png", APP_PHOTO, on_photo },
	{ "GET", "/_state", APP_ADMIN, on_state },
	{ "POST", "/_add", APP_ADMIN, on_add },
	{ "POST", "/_fault", APP_ADMIN, on_fault },
	{ "DELETE", "/_fault", APP_ADMIN, on_fault },
	{ "POST", "/_reset", APP_ADMIN, on_reset },
};

static const struct route *find_route(const struct peer_request *r, int64_t *out_number)
{
	for (size_t i = 0; i < COUNT_OF(ROUTES); i++)
		if (strcmp(ROUTES[i].method, r->method) == 0 &&
		    peer_path_fits(ROUTES[i].path, r->path, out_number))
			return &ROUTES[i];
	return NULL;
}

static void answer_operation(struct app_call *call, const struct route *route)
{
	struct app *app = call->app;

	if (call->plan.kind == FAULTS_EXPIRED)
		atomic_store(&app->void_tokens, atomic_load(&app->tokens));
	if (route->operation != APP_TOKEN &&
	    (call->plan.kind == FAULTS_EXPIRED || !is_authorized(call)))
		peer_answer_message(call->answer, 401, "Unauthenticated.");
	else
		route->handle(call);
	if (call->answer->status < 300)
		faults_after(&call->plan, app->hang_ms, call->answer);
}

static void handle_operation(struct app_call *call, const struct route *route)
{
	struct app *app = call->app;
	const char *operation = APP_OPERATIONS[route->operation];

	atomic_fetch_add(&app->requests[route->operation], 1);
	faults_draw(app->faults, operation, call->request->path, &call->plan);
	if (!faults_before(&call->plan, call->request, app->elsewhere, app->hang_ms, call->answer))
		answer_operation(call, route);
	if (!app->quiet)
		(void)dprintf(STDERR_FILENO, "%s %u%s%s\n", operation, call->answer->status,
			      call->plan.name ? " fault " : "",
			      call->plan.name ? call->plan.name : "");
}

void app_handle(void *owner, struct peer_request *r, struct peer_answer *a)
{
	struct app_call call = { .app = owner, .request = r, .answer = a };
	const struct route *route = find_route(r, &call.number);

	if (!route)
		peer_answer_message(a, 404, "no such path");
	else if (route->operation == APP_ADMIN)
		route->handle(&call);
	else
		handle_operation(&call, route);
}
