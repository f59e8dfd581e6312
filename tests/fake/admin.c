/* admin.c: the side of the tests and of whoever plays the agency: what the
 * centre holds, faults at run time, statuses and follow-ups by hand. Loopback
 * only, so no credentials. */
#include "centre.h"

#include "base/jx.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

static void answer_ok(struct centre_call *call)
{
	peer_answer_json(call->answer, 200, json_pack("{s:s}", "message", "OK"));
}

static void answer_result(struct centre_call *call, enum jembatan_result result)
{
	if (result == JEMBATAN_OK)
		answer_ok(call);
	else
		centre_fail(call, result);
}

/* ?brief=1 leaves the lists of complaints and uploads out. */
void admin_state(struct centre_call *call)
{
	struct centre *c = call->centre;
	bool brief = peer_query_number(call->request, "brief", 0, 1, 0) == 1;
	json_t *state = ledger_summary(c->ledger, !brief);
	json_t *operations = json_object();
	unsigned long long total = 0;

	for (size_t i = 0; CENTRE_OPERATIONS[i]; i++) {
		unsigned long long n = atomic_load(&c->requests[i]);

		total += n;
		json_object_set_new(operations, CENTRE_OPERATIONS[i], json_integer((json_int_t)n));
	}
	json_object_set_new(state, "mode", json_string(centre_mode_name(c->mode)));
	json_object_set_new(state, "requests", json_integer((json_int_t)total));
	json_object_set_new(state, "by_operation", operations);
	json_object_set_new(state, "faults", faults_list(c->faults));
	peer_answer_json(call->answer, 200, state);
}

void admin_complaints(struct centre_call *call)
{
	int64_t after = peer_query_number(call->request, "after", 0, INT64_MAX - 1, 0);

	call->answer->media_type = "application/jsonl";
	ledger_dump(call->centre->ledger, after, &call->answer->body);
}

void admin_status(struct centre_call *call)
{
	CLEANUP(jx_decref) json_t *body = centre_body(call);
	const char *code;
	const char *name;
	const char *note;
	char number[64];

	if (!body)
		return;
	code = jx_id(body, "status_code", number);
	name = jx_text(body, "status_name");
	note = jx_text(body, "note");
	if (!code || !name)
		centre_refuse(call, json_pack("{s:[s]}", "status_code",
					      "is required, and so is status_name"));
	else
		answer_result(call, ledger_status(call->centre->ledger, call->id, code, name,
						  note ? note : ""));
}

void admin_followup(struct centre_call *call)
{
	CLEANUP(jx_decref) json_t *body = centre_body(call);
	int64_t id;

	if (!body)
		return;
	if (!jx_text(body, "content"))
		centre_refuse(call, json_pack("{s:[s]}", "content", "is required"));
	else
		answer_result(call,
			      ledger_followup(call->centre->ledger, call->id, body, NULL, &id));
}

void admin_fault(struct centre_call *call)
{
	faults_serve(call->centre->faults, call->request, call->answer);
}

/* As after a start without faults and without a journal. */
void admin_reset(struct centre_call *call)
{
	struct centre *c = call->centre;

	faults_clear(c->faults);
	for (size_t i = 0; i < CENTRE_ADMIN; i++)
		atomic_store(&c->requests[i], 0);
	answer_result(call, ledger_reset(c->ledger));
}
