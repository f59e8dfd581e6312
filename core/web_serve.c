/* web_serve.c: the rooms behind HTTP. A webhook goes to its instance's child
 * and is answered after the commit of what it brought; a complaint to the
 * intake; /ready and /metrics are the core's own. */
#include "web_serve.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/jx.h"
#include "metrics.h"
#include "base/poison.h"

#define RETRY_AFTER_S 5u

/* ---- /ready, /metrics ---- */

static bool can_commit(const struct app *a)
{
	return a->store_alarm[0] == '\0' && !a->stopping;
}

static void serve_ready(struct web_call *call)
{
	const struct msg_web_answer ready = { .status = 200 };
	if (can_commit(web_call_app(call)))
		web_answer(call, &ready, bytes_text("ready\n"));
	else
		web_refuse(call, MSG_PROBLEM_UNAVAILABLE,
			   "Penyimpanan menolak atau layanan sedang berhenti: lihat `jembatan status`.",
			   "The store refuses or the service stops: see `jembatan status`.");
	web_call_end(call);
}

static void serve_metrics(struct web_call *call)
{
	static const struct msg_web_answer answer = { .status = 200,
						      .media_type = METRICS_MEDIA_TYPE };
	CLEANUP(buf_done) struct buf text;
	struct why why;
	buf_init(&text, FRAME_PIECE_MAX);
	if (metrics_write(web_call_app(call), &text, &why) == JEMBATAN_OK && !buf_is_full(&text))
		web_answer(call, &answer, buf_bytes(&text));
	else
		web_refuse(call, MSG_PROBLEM_INSIDE, NULL, NULL);
	web_call_end(call);
}

/* ---- /hook ---- */

/* A 2xx says that it is stored, so only these results may have one: DATA is
 * kept in quarantine, and sending it again would change nothing. */
static bool is_taken(unsigned result)
{
	return result == JEMBATAN_OK || result == JEMBATAN_IDLE || result == JEMBATAN_DATA;
}

static void hand_back(struct web_call *call, const struct msg_response *r,
		      struct jembatan_bytes body)
{
	unsigned status = r->status;
	if (status == 0 && is_taken(r->result))
		status = 200;
	if (status < 200 || (status < 300 && !is_taken(r->result))) {
		web_refuse(call, MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
		return;
	}
	const struct msg_web_answer a = {
		.status = status,
		.media_type = r->media_type,
		.retry_after_s = status == 503 || status == 429 ? RETRY_AFTER_S : 0,
	};
	web_acknowledge(call, &a, body);
}

/* After the commit; or the child died, or never was there. */
static void on_hook(void *data, const struct frame *answer, const char *why)
{
	struct web_call *call = data;
	struct msg_response r = { 0 };
	struct arena *arena = arena_new();
	(void)why; /* the instance's alarm says it; a stranger needs not know */
	if (answer != NULL &&
	    field_unpack(msg_response_fields, answer->meta, arena, &r, NULL) == JEMBATAN_OK)
		hand_back(call, &r, answer->blob);
	else
		web_refuse(call, MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
	web_call_end(call);
	arena_free(arena);
}

static void serve_hook(struct web_call *call, const struct msg_web_request *in,
		       struct jembatan_bytes body)
{
	struct why why;
	const struct msg_request request = {
		.method = in->method,
		.path = in->path,
		.query = in->query,
		.peer = in->peer,
		.headers = in->headers,
		.header_count = in->header_count,
	};
	enum jembatan_result r = intake_call(web_call_app(call)->intake, in->instance, MSG_REQUEST,
					     msg_request_fields, &request, body, on_hook, call, &why);
	if (r == JEMBATAN_OK)
		return;
	web_refuse(call, r == JEMBATAN_GONE ? MSG_PROBLEM_NOT_FOUND :
		   r == JEMBATAN_DATA ? MSG_PROBLEM_TOO_LARGE : MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
	web_call_end(call);
}

/* ---- /intake ---- */

/* A header's value; NULL: it is missing, or stands there twice. */
static const char *header_of(const struct msg_web_request *in, const char *name)
{
	const char *found = NULL;
	for (size_t i = 0; i < in->header_count; i++) {
		if (in->headers[i].name == NULL || strcasecmp(in->headers[i].name, name) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = in->headers[i].value != NULL ? in->headers[i].value : "";
	}
	return found;
}

static size_t count_of(const struct msg_web_request *in, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < in->header_count; i++)
		n += in->headers[i].name != NULL && strcasecmp(in->headers[i].name, name) == 0;
	return n;
}

static const char *key_of(const struct msg_web_request *in)
{
	static const char scheme[] = "Bearer ";
	const char *value = header_of(in, "Authorization");
	if (value == NULL || strncasecmp(value, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	value += sizeof(scheme) - 1;
	return value + strspn(value, " ");
}

static bool is_json(const struct msg_web_request *in)
{
	static const char json[] = "application/json";
	const char *value = header_of(in, "Content-Type");
	return value != NULL && strncasecmp(value, json, sizeof(json) - 1) == 0 &&
	       strchr("; \t", value[sizeof(json) - 1]) != NULL;
}

static void answer_json(struct web_call *call, unsigned status, const char *location, json_t *root)
{
	const struct msg_web_answer a = { .status = status, .media_type = "application/json",
					  .location = location };
	CLEANUP(free_pointer) char *text = jx_dump(root);
	json_decref(root);
	web_acknowledge(call, &a, bytes_text(text));
}

/* The instance's name stands behind the call: it is needed for the location. */
struct submitter {
	struct web_call *call;
	char instance[64];
};

static void on_submitted(void *data, const struct intake_submitted *s)
{
	struct submitter *w = data;
	if (s->problem != MSG_PROBLEM_NONE) {
		web_refuse(w->call, s->problem, s->detail_id, s->detail_en);
	} else {
		CLEANUP(free_pointer) char *location = xasprintf("/intake/%s/%s", w->instance,
								 s->reference);
		answer_json(w->call, 202, location, json_pack("{s:s}", "reference", s->reference));
	}
	web_call_end(w->call);
	free(w);
}

static void submit(struct web_call *call, const struct msg_web_request *in,
		   struct jembatan_bytes body)
{
	struct submitter *w = xcalloc(1, sizeof(*w));
	const struct intake_submission submission = {
		.api_key = key_of(in),
		.idempotency_key = header_of(in, "Idempotency-Key"),
		.body = body,
	};
	w->call = call;
	str_copy(w->instance, sizeof(w->instance), in->instance);
	intake_submit(web_call_app(call)->intake, in->instance, &submission, on_submitted, w);
}

static void look_up(struct web_call *call, const struct msg_web_request *in)
{
	struct intake_found found;
	struct arena *arena = arena_new();
	enum msg_problem problem = intake_look_up(web_call_app(call)->intake, in->instance, key_of(in),
						  in->path + 1, arena, &found);
	if (problem != MSG_PROBLEM_NONE) {
		web_refuse(call, problem, NULL, NULL);
	} else {
		char received[32];
		clock_format(found.received_ms, 0, received);
		answer_json(call, 200, NULL,
			    json_pack("{s:s,s:s,s:s?,s:s?,s:s}", "reference", in->path + 1, "state",
				      found.state, "ticket", found.ticket, "tracking_number",
				      found.tracking_id, "received", received));
	}
	web_call_end(call);
	arena_free(arena);
}

static void serve_intake(struct web_call *call, const struct msg_web_request *in,
			 struct jembatan_bytes body)
{
	bool at_root = strcmp(in->path, "/") == 0, is_get = strcmp(in->method, "GET") == 0;
	const struct msg_web_answer wrong = { .problem = MSG_PROBLEM_METHOD,
					      .allow = at_root ? "POST" : "GET" };
	if (is_get && !at_root) {
		look_up(call, in);
		return;
	}
	/* Taken without its key, a complaint could be doubled. */
	if (!is_get && at_root && count_of(in, "Idempotency-Key") > 1) {
		web_refuse(call, MSG_PROBLEM_BAD_REQUEST, NULL, NULL);
		web_call_end(call);
		return;
	}
	if (!is_get && at_root && is_json(in)) {
		submit(call, in, body);
		return;
	}
	if (is_get || !at_root)
		web_answer(call, &wrong, bytes_text(NULL));
	else
		web_refuse(call, MSG_PROBLEM_MEDIA_TYPE, NULL, NULL);
	web_call_end(call);
}

void web_serve(struct web_call *call, const struct msg_web_request *request,
	       struct jembatan_bytes body)
{
	bool stores = request->room == MSG_WEB_HOOK || request->room == MSG_WEB_INTAKE;
	if (stores && (!can_commit(web_call_app(call)) || request->instance == NULL)) {
		web_refuse(call, MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
		web_call_end(call);
		return;
	}
	switch ((enum msg_web_room)request->room) {
	case MSG_WEB_READY:
		serve_ready(call);
		return;
	case MSG_WEB_METRICS:
		serve_metrics(call);
		return;
	case MSG_WEB_HOOK:
		serve_hook(call, request, body);
		return;
	case MSG_WEB_INTAKE:
		serve_intake(call, request, body);
		return;
	}
	web_refuse(call, MSG_PROBLEM_NOT_FOUND, NULL, NULL);
	web_call_end(call);
}
