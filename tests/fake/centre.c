/* centre.c: the interface of the centre, version 3, as public clients speak
 * it. Faults stand around the handlers: before (nothing is committed) and
 * after (the answer is spoilt). */
#include "centre.h"

#include "base/jx.h"
#include "base/text.h"
#include "masters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/poison.h"

#define KEY_BYTES_MAX 200u
#define MISSING "Pengaduan tidak ditemukan"

const char *const CENTRE_OPERATIONS[] = { "create",   "file",	  "route",	  "status",
					  "followups", "followup", "institutions", "templates",
					  "lookup",    NULL };

const char *centre_mode_name(enum ledger_mode mode)
{
	switch (mode) {
	case LEDGER_IDEMPOTENT:
		return "idempotent";
	case LEDGER_LOOKUP:
		return "lookup";
	case LEDGER_NONE:
		break;
	}
	return "none";
}

/* ---- requests ------------------------------------------------------------ */

json_t *centre_body(struct centre_call *call)
{
	json_t *body = NULL;
	const char *type = peer_header(call->request, "Content-Type");
	struct why why;

	if (call->operation != CENTRE_ADMIN && (!type || !strcasestr(type, "application/json"))) {
		peer_answer_message(call->answer, 415, "the body must be application/json");
		return NULL;
	}
	if (jx_parse(buf_bytes(&call->request->body), &body, &why) != JEMBATAN_OK) {
		peer_answer_message(call->answer, 400, why.text);
		return NULL;
	}
	if (!json_is_object(body)) {
		json_decref(body);
		peer_answer_message(call->answer, 400, "the body must be a JSON object");
		return NULL;
	}
	return body;
}

/* A key that is too long is no key. */
const char *centre_key(const struct centre_call *call)
{
	const char *key = peer_header(call->request, "Idempotency-Key");

	return key && *key && strlen(key) <= KEY_BYTES_MAX && text_is_utf8(key, strlen(key)) ?
		       key :
		       NULL;
}

void centre_refuse(struct centre_call *call, json_t *errors)
{
	peer_answer_json(call->answer, 422,
			 json_pack("{s:s,s:o}", "message", "The given data was invalid.", "errors",
				   errors));
}

void centre_fail(struct centre_call *call, enum jembatan_result result)
{
	if (result == JEMBATAN_GONE)
		peer_answer_message(call->answer, 404, MISSING);
	else
		peer_answer_message(call->answer, 500, "the journal cannot be written");
}

static bool is_secret(const char *given, const char *wanted)
{
	if (!given)
		return false;
	return strcmp(str_starts(given, "Bearer ") ? given + 7 : given, wanted) == 0;
}

static bool is_authorized(const struct centre *c, const struct peer_request *r)
{
	if (c->token && !is_secret(peer_header(r, "Authorization"), c->token) &&
	    !is_secret(peer_header(r, "auth"), c->token))
		return false;
	return !c->guid || str_equal(peer_header(r, "token"), c->guid);
}

/* ---- masters and lookup -------------------------------------------------- */

static void answer_list(struct centre_call *call, json_t *list)
{
	peer_answer_json(call->answer, 200,
			 json_pack("{s:{s:o,s:n}}", "results", "data", list, "next_page_url"));
}

static void on_institutions(struct centre_call *call)
{
	answer_list(call, masters_institutions());
}

static void on_templates(struct centre_call *call)
{
	answer_list(call, masters_templates());
}

static void on_lookup(struct centre_call *call)
{
	const char *reference = peer_query(call->request, "reference");

	if (call->centre->mode != LEDGER_LOOKUP)
		peer_answer_message(call->answer, 404, "this centre cannot be asked");
	else if (!reference || !*reference)
		centre_refuse(call, json_pack("{s:[s]}", "reference", "is required"));
	else
		answer_list(call, ledger_lookup(call->centre->ledger, reference));
}

/* ---- the way through ----------------------------------------------------- */

static const struct route {
	const char *method;
	const char *path; /* "*" stands for a number */
	enum centre_operation operation;
	centre_handler *handle;
} ROUTES[] = {
	{ "POST", "/complaints/complaint", CENTRE_CREATE, complaints_create },
	{ "POST", "/complaints/complaint/file", CENTRE_FILE, complaints_file },
	{ "POST", "/complaints/process/*/reject", CENTRE_ROUTE, complaints_route },
	{ "GET", "/complaints/*/complaint", CENTRE_STATUS, complaints_status },
	{ "GET", "/complaints/*/followups", CENTRE_FOLLOWUPS, followups_list },
	{ "POST", "/complaints/followup/add", CENTRE_FOLLOWUP, followups_add },
	{ "GET", "/masters/institutions/external", CENTRE_INSTITUTIONS, on_institutions },
	{ "GET", "/masters/templates", CENTRE_TEMPLATES, on_templates },
	{ "GET", "/lookup", CENTRE_LOOKUP, on_lookup },
	{ "GET", "/", CENTRE_ADMIN, page_show },
	{ "GET", "/_state", CENTRE_ADMIN, admin_state },
	{ "GET", "/_complaints", CENTRE_ADMIN, admin_complaints },
	{ "POST", "/_status/*", CENTRE_ADMIN, admin_status },
	{ "POST", "/_followup/*", CENTRE_ADMIN, admin_followup },
	{ "POST", "/_fault", CENTRE_ADMIN, admin_fault },
	{ "DELETE", "/_fault", CENTRE_ADMIN, admin_fault },
	{ "POST", "/_reset", CENTRE_ADMIN, admin_reset },
};

static const struct route *find_route(const struct peer_request *r, int64_t *out_id,
				      bool *out_path_known)
{
	*out_path_known = false;
	for (size_t i = 0; i < COUNT_OF(ROUTES); i++) {
		if (!peer_path_fits(ROUTES[i].path, r->path, out_id))
			continue;
		*out_path_known = true;
		if (strcmp(ROUTES[i].method, r->method) == 0)
			return &ROUTES[i];
	}
	return NULL;
}

static void pause_as_usual(struct centre *c, const struct peer_request *r)
{
	unsigned ms = c->delay_ms;

	if (ms > 0 && c->jitter)
		ms = faults_random(c->faults, 2 * ms);
	if (ms > 0)
		peer_pause(r, ms);
}

static void handle_operation(struct centre_call *call, const struct route *route)
{
	struct centre *c = call->centre;
	const char *operation = CENTRE_OPERATIONS[route->operation];

	atomic_fetch_add(&c->requests[route->operation], 1);
	faults_draw(c->faults, operation, call->request->path, &call->plan);
	pause_as_usual(c, call->request);
	if (!faults_before(&call->plan, call->request, c->redirect_to, c->hang_ms, call->answer)) {
		if (!is_authorized(c, call->request))
			peer_answer_message(call->answer, 401, "Unauthenticated.");
		else
			route->handle(call);
		if (call->answer->status < 300)
			faults_after(&call->plan, c->hang_ms, call->answer);
	}
	if (!c->quiet)
		(void)dprintf(STDERR_FILENO, "%s %s %u%s%s\n", operation, call->request->path,
			      call->answer->status, call->plan.name ? " fault " : "",
			      call->plan.name ? call->plan.name : "");
}

static void take_route(struct centre_call *call, const struct route *route)
{
	call->operation = route->operation;
	if (route->operation == CENTRE_ADMIN)
		route->handle(call);
	else
		handle_operation(call, route);
}

void centre_handle(void *owner, struct peer_request *r, struct peer_answer *a)
{
	struct centre_call call = { .centre = owner, .request = r, .answer = a };
	bool path_known;
	const struct route *route = find_route(r, &call.id, &path_known);

	if (!route)
		peer_answer_message(a, path_known ? 405 : 404,
				  path_known ? "wrong method" : "no such path");
	else
		take_route(&call, route);
}
