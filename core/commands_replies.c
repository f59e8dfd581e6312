/* commands_replies.c: what a person sees of the way back to the citizen, and
 * may say about a reply. */
#include "commands_replies.h"

#include <string.h>
#include <sysexits.h>

#include "access_log.h"
#include "base/jx.h"
#include "central/status.h"
#include "commands.h"
#include "replies.h"
#include "status.h"
#include "store/tickets.h"
#include "base/poison.h"

#define PAGE 200u
#define LIST_MAX 2000u

static const char *reference_of(struct app *a, int64_t ticket_id, struct arena *arena)
{
	struct ticket_row t;
	return ticket_id != 0 && tickets_head(a->db, ticket_id, arena, &t, NULL) == JEMBATAN_OK ?
		       t.reference : NULL;
}

static const char *instance_name(struct app *a, int64_t id)
{
	int64_t start_ms;
	const struct instance_settings *s = intake_instance(a->intake, id, &start_ms);
	return s != NULL ? s->name : "(removed)";
}

json_t *replies_json(struct app *a, const struct reply_row *row, struct arena *arena)
{
	json_t *out = json_pack(
		"{s:s,s:I,s:s?,s:s,s:s,s:s,s:s,s:s,s:i,s:I,s:I,s:b,s:s?}", "type", "reply", "id",
		(json_int_t)row->id, "ticket", reference_of(a, row->ticket_id, arena), "instance",
		instance_name(a, row->instance_id), "event", reply_event_name(row->event), "to_kind",
		row->to_kind, "state", reply_state_name(row->state), "reference", row->reference,
		"attempts", (int)row->attempts, "due_ms", (json_int_t)row->due_ms, "sent_ms",
		(json_int_t)row->sent_ms, "missed", row->missed, "why", row->why);
	if (out != NULL && row->event == REPLY_STATUS)
		json_object_set_new(out, "status", json_string(status_name(row->status)));
	if (out != NULL && row->waiting)
		json_object_set_new(out, "waiting", json_true());
	return out;
}

static bool read_state(const char *word, int *out)
{
	for (unsigned s = 0; s < REPLY_STATES; s++) {
		if (!str_equal(word, reply_state_name((enum reply_state)s)))
			continue;
		*out = (int)s;
		return true;
	}
	return false;
}

static enum jembatan_result read_filter(struct app *a, const struct msg_command *c,
					struct arena *arena, struct replies_filter *out,
					struct why *why)
{
	struct ticket_row t;
	const char *word = msg_argument(c, "what");
	*out = (struct replies_filter){ .state = -1, .missed = msg_argument(c, "missed") != NULL };
	(void)commands_number(c, "after", &out->after_id);
	if (word == NULL || read_state(word, &out->state))
		return JEMBATAN_OK;
	enum jembatan_result r = tickets_find(a->db, word, arena, &t, why);
	if (r == JEMBATAN_GONE)
		return why_set(why, r, "%s is neither a state of replies nor a ticket", word);
	if (r == JEMBATAN_OK)
		out->ticket_id = t.id;
	return r;
}

void replies_list_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct reply_row *rows = arena_alloc(arena, PAGE * sizeof(*rows));
	struct replies_filter filter;
	struct why why;
	size_t count = 0, sent = 0;
	enum jembatan_result r = read_filter(a, c, arena, &filter, &why);
	do {
		if (r == JEMBATAN_OK)
			r = replies_list(a->db, &filter, PAGE, arena, rows, &count, &why);
		for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
			control_row(p, replies_json(a, &rows[i], arena));
		sent += count;
		if (count > 0)
			filter.after_id = rows[count - 1].id;
	} while (r == JEMBATAN_OK && count == PAGE && sent < LIST_MAX);
	arena_free(arena);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", "");
}

static void change(struct control_peer *p, const struct msg_command *c, bool release)
{
	struct app *a = control_app(p);
	struct why why;
	int64_t id = 0;
	if (!commands_number(c, "id", &id)) {
		control_end(p, EX_USAGE, "usage: jembatan replies hold ID, jembatan replies release ID");
		return;
	}
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = release ? replies_release(a->replies, id, control_actor(p), &why) :
			      replies_hold(a->replies, id, control_actor(p), &why);
	commands_finish(p, r, &why, release ? "it leaves as soon as its channel takes it" :
					      "it waits for `jembatan replies release`");
}

void replies_release_command(struct control_peer *p, const struct msg_command *c)
{
	change(p, c, true);
}

void replies_hold_command(struct control_peer *p, const struct msg_command *c)
{
	change(p, c, false);
}

/* "number", "received", or the name of a state at the centre. */
static bool read_event(const char *word, enum reply_event *out, int *out_status)
{
	enum status_state state;
	*out = REPLY_NUMBER;
	*out_status = 0;
	if (word == NULL)
		return true;
	for (unsigned e = 0; e < REPLY_EVENTS; e++) {
		*out = (enum reply_event)e;
		if (*out != REPLY_STATUS && str_equal(word, reply_event_name(*out)))
			return true;
	}
	*out = REPLY_STATUS;
	if (!status_by_name(word, &state))
		return false;
	*out_status = (int)state;
	return true;
}

void replies_preview_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct ticket_row t;
	struct why why;
	const char *name = msg_argument(c, "name"), *subject = NULL, *text = NULL;
	enum reply_event event;
	int status;
	enum jembatan_result r = name == NULL || !read_event(msg_argument(c, "event"), &event, &status) ?
		why_set(&why, JEMBATAN_GONE, "usage: jembatan replies preview TICKET [received|number|"
			"question|STATE]") :
		tickets_find(a->db, name, arena, &t, &why);
	if (r == JEMBATAN_OK)
		r = replies_preview(a->replies, t.id, event, status, arena, &subject, &text, &why);
	if (r == JEMBATAN_OK)
		r = access_log_note(p, "letter shown", AUDIT_TICKET, t.id, &why);
	if (r == JEMBATAN_OK)
		control_row(p, json_pack("{s:s,s:s,s:s?,s:s}", "type", "letter", "ticket", t.reference,
					 "subject", subject, "text", text));
	arena_free(arena);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", "");
}

/* ---- status ------------------------------------------------------------ */

static void way_row(struct control_peer *p, const struct replies_way *w)
{
	control_row(p, json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:I,s:I,s:s?}", "type", "way", "instance",
				 w->instance, "connector", w->connector, "guarantee", w->guarantee,
				 "state", w->is_shadow ? "shadow" : w->is_closed ? "held" :
				 w->alarm != NULL ? "waiting" : "open", "in_flight", (int)w->in_flight,
				 "unreachable", (json_int_t)w->unreachable, "expires_days", (json_int_t)(w->expires_days == INT64_MAX ? -1 :
							      w->expires_days), "alarm", w->alarm));
	if (w->alarm != NULL)
		status_alarm(p, w->instance, w->alarm);
}

void replies_status(struct control_peer *p, const struct tallies *t)
{
	struct app *a = control_app(p);
	const struct replies_counts counts = t->replies;
	struct replies_way w;
	bool any = replies_way(a->replies, 0, &w);
	json_t *by_state = json_object();
	for (unsigned s = 0; s < REPLY_STATES; s++) {
		any |= counts.by_state[s] > 0;
		json_object_set_new(by_state, reply_state_name((enum reply_state)s),
				    json_integer(counts.by_state[s]));
	}
	if (!any) { /* nobody is answered: nothing to show */
		json_decref(by_state);
		return;
	}
	control_row(p, json_pack("{s:s,s:o,s:I}", "type", "replies", "states", by_state,
				 "not_reached", (json_int_t)counts.missed));
	for (size_t n = 0; replies_way(a->replies, n, &w); n++)
		way_row(p, &w);
	if (replies_trouble(a->replies) != NULL)
		status_alarm(p, "replies", replies_trouble(a->replies));
	if (counts.missed > 0)
		status_alarm(p, "replies", "citizens were not reached: `jembatan replies list "
			     "--not-reached`");
	if (counts.by_state[REPLY_HELD] > 0)
		status_alarm(p, "replies", "replies wait for a person: `jembatan replies list held`");
}

enum jembatan_result replies_explain(struct control_peer *p, int64_t ticket_id, struct arena *arena,
				     struct why *why)
{
	struct reply_row *rows = arena_alloc(arena, PAGE * sizeof(*rows));
	const struct replies_filter filter = { .state = -1, .ticket_id = ticket_id };
	size_t count = 0;
	enum jembatan_result r = replies_list(control_app(p)->db, &filter, PAGE, arena, rows, &count,
					      why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		control_row(p, replies_json(control_app(p), &rows[i], arena));
	return r;
}
