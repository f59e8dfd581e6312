/* explain.c: why something is as it is, step by step. */
#include "explain.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "access_log.h"
#include "base/clock.h"
#include "base/jx.h"
#include "commands_replies.h"
#include "duplicates_view.h"
#include "follow_view.h"
#include "know_view.h"
#include "store/access.h"
#include "store/audit.h"
#include "store/inbox.h"
#include "store/outbox_rows.h"
#include "store/tickets.h"
#include "base/poison.h"

#define MESSAGES_MAX 256u
#define EVENTS_MAX 1024u
#define PAGE 200u
#define LIST_MAX 2000u /* rows of one answer; the command asks for more */

struct history {
	struct app *app;
	struct control_peer *peer;
	struct arena *arena;
	struct audit_row *events;
	size_t event_count;
};

static const char *kind_name(enum jembatan_kind kind)
{
	static const char *const names[] = { "new", "follow-up", "edit", "deletion", "reaction",
					     "receipt", "system", "unreadable", "ignored" };
	return (unsigned)kind < COUNT_OF(names) ? names[kind] : "unknown";
}

static const char *instance_name(struct app *a, int64_t id)
{
	int64_t start;
	const struct instance_settings *s = intake_instance(a->intake, id, &start);
	return s != NULL ? s->name : "(removed)";
}

/* Lists have a title, all others a body. */
static const char *title_of(const struct ticket_row *t)
{
	return t->title == NULL && t->body == NULL ? "(erased)" : t->title;
}

static json_t *ticket_json(struct app *a, const struct ticket_row *t)
{
	json_t *row = json_pack("{s:s,s:I,s:s,s:s,s:s,s:I,s:s?,s:s?,s:s?}", "type", "ticket", "id",
		(json_int_t)t->id, "reference", t->reference, "state", ticket_state_name(t->state),
		"instance", instance_name(a, t->instance_id), "created_ms", (json_int_t)t->created_ms,
		"tracking_id", t->tracking_id, "title", title_of(t), "reason", t->reason);
	if (row != NULL && t->tracking_id != NULL)
		follow_view_add(a, t->id, row);
	return row;
}

static enum jembatan_result add_events(struct history *h, enum audit_subject subject, int64_t id,
				       struct why *why)
{
	size_t count = 0;
	enum jembatan_result r = audit_list(h->app->db, subject, id, EVENTS_MAX - h->event_count,
					    h->arena, h->events + h->event_count, &count, why);
	if (r == JEMBATAN_OK)
		h->event_count += count;
	return r;
}

static int by_time(const void *a, const void *b)
{
	const struct audit_row *x = a, *y = b;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void message_out(struct history *h, const struct inbox_row *m)
{
	control_row(h->peer, json_pack("{s:s,s:I,s:s,s:s,s:s,s:I,s:I,s:I,s:s?}", "type", "message",
		"id", (json_int_t)m->id, "instance", instance_name(h->app, m->instance_id), "kind",
		kind_name(m->message.message.kind), "stage", inbox_stage_name(m->stage), "received_ms",
		(json_int_t)m->received_ms, "repeats", (json_int_t)m->repeats, "edit_of",
		(json_int_t)m->edit_of, "reason", m->reason));
}

/* Without their names, which are the sender's words. */
static void files_out(struct history *h, const struct inbox_row *m)
{
	for (size_t i = 0; i < m->message.file_count; i++) {
		const struct msg_file *f = &m->message.files[i];
		const char *missing = f->token != NULL ? NULL : f->missing != NULL ? f->missing :
				      m->stage == INBOX_NEW ? "it is being fetched" :
							      "it could not be fetched in time";
		control_row(h->peer, json_pack("{s:s,s:I,s:i,s:s?,s:I,s:s,s:s?}", "type", "attachment",
			"message", (json_int_t)m->id, "number", (int)(i + 1), "media_type", f->media_type,
			"bytes", (json_int_t)f->size, "state", missing == NULL ? "here" : "missing",
			"why", missing));
	}
}

static enum jembatan_result explain_ticket(struct history *h, const struct ticket_row *t,
					   struct why *why)
{
	struct inbox_row *rows = arena_alloc(h->arena, MESSAGES_MAX * sizeof(*rows));
	struct outbox_row push;
	size_t count = 0;
	access_log_try(h->peer, "explained", AUDIT_TICKET, t->id);
	control_row(h->peer, ticket_json(h->app, t));
	struct ticket form;
	if (t->body != NULL && ticket_from_json(bytes_text(t->body), h->arena, &form, NULL) == JEMBATAN_OK)
		know_view_rows(h->peer, &form);
	enum jembatan_result r = inbox_of_ticket(h->app->db, t->id, MESSAGES_MAX, h->arena, rows,
						 &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		message_out(h, &rows[i]);
		files_out(h, &rows[i]);
		r = duplicates_view_message(h->peer, rows[i].id, h->arena, why);
		if (r == JEMBATAN_OK)
			r = add_events(h, AUDIT_MESSAGE, rows[i].id, why);
	}
	if (r == JEMBATAN_OK)
		r = outbox_rows_of_ticket(h->app->db, t->id, h->arena, &push, why);
	if (r == JEMBATAN_OK)
		control_row(h->peer, json_pack("{s:s,s:I,s:s,s:s,s:s,s:i,s:I,s:I,s:s?,s:s?}", "type",
			"push", "id", (json_int_t)push.id, "reference", push.reference, "step",
			outbox_step_name(push.step), "state",
			outbox_state_name(push.state), "attempts", (int)push.attempts, "started_ms",
			(json_int_t)push.started_ms, "due_ms", (json_int_t)push.due_ms, "complaint_id",
			push.complaint_id, "why", push.why));
	else if (r == JEMBATAN_GONE)
		r = JEMBATAN_OK;
	if (r == JEMBATAN_OK)
		r = follow_view_rows(h->peer, t->id, why);
	if (r == JEMBATAN_OK)
		r = replies_explain(h->peer, t->id, h->arena, why);
	return r == JEMBATAN_OK ? add_events(h, AUDIT_TICKET, t->id, why) : r;
}

static enum jembatan_result explain(struct history *h, const char *name, struct why *why)
{
	struct ticket_row t;
	if (name[0] != 'm') {
		enum jembatan_result r = tickets_find(h->app->db, name, h->arena, &t, why);
		return r == JEMBATAN_OK ? explain_ticket(h, &t, why) : r;
	}
	char *end = NULL;
	long long id = strtoll(name + 1, &end, 10);
	struct inbox_row m;
	if (name[1] == '\0' || *end != '\0')
		return why_set(why, JEMBATAN_GONE, "%s is no message: say m and its number", name);
	enum jembatan_result r = inbox_get(h->app->db, id, h->arena, &m, why);
	if (r != JEMBATAN_OK)
		return r;
	if (m.ticket_id == 0) {
		access_log_try(h->peer, "explained", AUDIT_MESSAGE, id);
		message_out(h, &m);
		files_out(h, &m);
		return add_events(h, AUDIT_MESSAGE, id, why);
	}
	r = tickets_get(h->app->db, m.ticket_id, h->arena, &t, why);
	return r == JEMBATAN_OK ? explain_ticket(h, &t, why) : r;
}

void explain_command(struct control_peer *p, const struct msg_command *c)
{
	struct history h = { .app = control_app(p), .peer = p, .arena = arena_new() };
	const char *name = msg_argument(c, "name");
	struct why why;
	h.events = arena_alloc(h.arena, EVENTS_MAX * sizeof(*h.events));
	enum jembatan_result r = name == NULL || name[0] == '\0' ?
		why_set(&why, JEMBATAN_GONE, "usage: jembatan explain REFERENCE|TRACKING-ID|mNUMBER") :
		explain(&h, name, &why);
	qsort(h.events, h.event_count, sizeof(*h.events), by_time);
	for (size_t i = 0; i < h.event_count; i++)
		control_row(p, json_pack("{s:s,s:I,s:s,s:s,s:s?}", "type", "event", "at_ms",
			(json_int_t)h.events[i].at_ms, "actor", h.events[i].actor, "what",
			h.events[i].what, "why", h.events[i].why));
	arena_free(h.arena);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", "");
}

void show_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	const char *name = msg_argument(c, "name");
	struct ticket_row t;
	struct why why;
	json_t *body = NULL;
	enum jembatan_result r = tickets_find(a->db, name != NULL ? name : "", arena, &t, &why);
	if (r == JEMBATAN_OK && t.body == NULL)
		r = why_set(&why, JEMBATAN_GONE, "its content was erased");
	if (r == JEMBATAN_OK)
		r = jx_parse(bytes_text(t.body), &body, &why);
	if (r == JEMBATAN_OK)
		r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK) {
		r = audit_add(a->db, AUDIT_TICKET, t.id, control_actor(p), "shown", NULL, clock_now_ms(),
			      &why);
		if (r == JEMBATAN_OK)
			r = access_add(a->db, control_actor(p), "shown", AUDIT_TICKET, t.id,
				       clock_now_ms(), &why);
		if (r == JEMBATAN_OK)
			r = db_commit(a->db, &why);
		if (r != JEMBATAN_OK)
			db_abort(a->db);
	}
	if (r == JEMBATAN_OK) {
		control_row(p, json_pack("{s:s,s:s,s:O}", "type", "body", "state",
					 ticket_state_name(t.state), "body", body));
		control_end(p, EX_OK, "%s", "");
	} else {
		control_fail(p, r, &why);
	}
	json_decref(body);
	arena_free(arena);
}

/* -1: all; -2: there is no such state. */
static int state_by_name(const char *name)
{
	if (name == NULL)
		return -1;
	for (int s = 0; s < TICKET_STATE_COUNT; s++)
		if (str_equal(ticket_state_name((enum ticket_state)s), name))
			return s;
	return -2;
}

void tickets_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct ticket_row rows[PAGE];
	struct why why;
	const char *from = msg_argument(c, "after");
	int state = state_by_name(msg_argument(c, "state"));
	if (state == -2) {
		control_end(p, EX_USAGE, "there is no such state: review, queued, pushed, unknown, refused, "
			    "shadow, linked, rejected, incomplete or archived");
		arena_free(arena);
		return;
	}
	int64_t after = from != NULL ? strtoll(from, NULL, 10) : 0;
	access_log_try(p, "listed", AUDIT_CENTRAL, 0);
	size_t count = 0, total = 0;
	enum jembatan_result r;
	do {
		arena_reset(arena);
		r = tickets_list(a->db, state, after, PAGE, arena, rows,
				 &count, &why);
		for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
			control_row(p, ticket_json(a, &rows[i]));
			after = rows[i].id;
		}
		total += count;
	} while (r == JEMBATAN_OK && count == PAGE && total < LIST_MAX);
	arena_free(arena);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", "");
}
