/* submissions.c: complaints over HTTP to instances of the built-in connector:
 * who may hand in, and what became of it. */
#include <string.h>

#include "intake/instance.h"
#include "store/submissions.h"
#include "store/tickets.h"
#include "base/poison.h"

/* An instance that takes submissions, and a key of its own; else the problem. */
static enum msg_problem open_instance(struct intake *in, const char *name, const char *api_key,
				      struct instance **out)
{
	struct instance *i = intake_find(in, name, NULL);
	if (i == NULL || i->leaving || !desk_is_for(i->settings))
		return MSG_PROBLEM_NOT_FOUND;
	/* Its settings are wrong: an alarm says so. */
	if (i->desk == NULL)
		return MSG_PROBLEM_UNAVAILABLE;
	if (api_key == NULL || !desk_knows_key(i->desk, api_key))
		return MSG_PROBLEM_KEY;
	*out = i;
	return MSG_PROBLEM_NONE;
}

void intake_submit(struct intake *in, const char *name, const struct intake_submission *submission,
		   intake_on_submitted *on, void *data)
{
	struct instance *i = NULL;
	enum msg_problem problem = open_instance(in, name, submission->api_key, &i);
	if (problem == MSG_PROBLEM_NONE && (i->paused || !i->usable || intake_is_full(in)))
		problem = MSG_PROBLEM_UNAVAILABLE;
	if (problem != MSG_PROBLEM_NONE) {
		const struct intake_submitted refused = { .problem = problem };
		on(data, &refused);
		return;
	}
	if (desk_submit(i->desk, i->id, submission, on, data))
		intake_want_turn(in);
}

/* The ticket's word; before there is one, where the message stands. */
static enum jembatan_result read_state(struct intake *in, int64_t message_id, struct arena *arena,
				       struct intake_found *out, struct why *why)
{
	struct inbox_row row;
	struct ticket_row ticket;
	enum jembatan_result r = inbox_get(in->db, message_id, arena, &row, why);
	if (r != JEMBATAN_OK)
		return r;
	if (row.ticket_id == 0) {
		out->state = row.stage == INBOX_NEW ? "received" : "kept";
		return JEMBATAN_OK;
	}
	r = tickets_get(in->db, row.ticket_id, arena, &ticket, why);
	if (r != JEMBATAN_OK)
		return r;
	out->state = ticket_state_name(ticket.state);
	out->ticket = ticket.reference;
	out->tracking_id = ticket.tracking_id;
	return JEMBATAN_OK;
}

enum msg_problem intake_look_up(struct intake *in, const char *name, const char *api_key,
				const char *reference, struct arena *arena,
				struct intake_found *out)
{
	struct instance *i = NULL;
	struct submission_row row;
	struct intake_found found = { 0 };
	struct why why;
	enum msg_problem problem = open_instance(in, name, api_key, &i);
	if (problem != MSG_PROBLEM_NONE)
		return problem;
	enum jembatan_result r = submissions_find(in->db, i->id, reference, &row, &why);
	if (r == JEMBATAN_OK) {
		found.received_ms = row.received_ms;
		r = read_state(in, row.message_id, arena, &found, &why);
	}
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? MSG_PROBLEM_NOT_FOUND : MSG_PROBLEM_UNAVAILABLE;
	*out = found;
	return MSG_PROBLEM_NONE;
}
