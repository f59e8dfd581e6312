/* follow_view.c: see follow_view.h. */
#include "follow_view.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/audit.h"
#include "store/follows.h"
#include "base/poison.h"

#define ENTRIES_MAX 500u

void follow_view_add(struct app *a, int64_t ticket_id, json_t *row)
{
	struct arena *arena = arena_new();
	struct follow_row f;
	if (follows_get(a->db, ticket_id, arena, &f, NULL) == JEMBATAN_OK) {
		json_object_set_new(row, "centre", f.changed_ms != 0 ?
				    json_string(status_name(f.state)) : json_null());
		json_object_set_new(row, "says", f.name != NULL ? json_string(f.name) : json_null());
	}
	arena_free(arena);
}

static void followed_row(struct control_peer *p, const struct follow_row *f)
{
	control_row(p, json_pack("{s:s,s:s?,s:s?,s:s?,s:s?,s:s?,s:I,s:I,s:I,s:b}", "type", "followed",
		"centre", f->changed_ms != 0 ? status_name(f->state) : NULL, "says", f->name, "code",
		f->code, "institution_id", f->institution_id, "institution", f->institution,
		"changed_ms", (json_int_t)f->changed_ms, "asked_ms", (json_int_t)f->asked_ms, "due_ms",
		(json_int_t)(f->due_ms > 0 ? f->due_ms : 0), "missing", f->missing > 0));
}

static enum jembatan_result audit_look(struct control_peer *p, int64_t ticket_id, struct why *why)
{
	struct db *db = control_app(p)->db;
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = audit_add(db, AUDIT_TICKET, ticket_id, control_actor(p), "shown",
			      "what the centre wrote", clock_now_ms(), why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	return r;
}

enum jembatan_result follow_view_rows(struct control_peer *p, int64_t ticket_id, struct why *why)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct follow_entry *entries = arena_alloc(arena, ENTRIES_MAX * sizeof(*entries));
	struct follow_row f;
	size_t count = 0;
	enum jembatan_result r = follows_get(a->db, ticket_id, arena, &f, why);
	if (r == JEMBATAN_OK) {
		followed_row(p, &f);
		r = follows_entries(a->db, ticket_id, ENTRIES_MAX, arena, entries, &count, why);
	}
	if (r == JEMBATAN_OK && count > 0)
		r = audit_look(p, ticket_id, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		control_row(p, json_pack("{s:s,s:I,s:s,s:s?,s:s?,s:s?}", "type", "entry", "at_ms",
			(json_int_t)(entries[i].at_ms != 0 ? entries[i].at_ms : entries[i].seen_ms),
			"kind", entries[i].kind == FOLLOW_LOG ? "log" :
			entries[i].is_ours ? "sent by us" : "follow-up", "from", entries[i].from, "to",
			entries[i].to, "text", entries[i].text));
	arena_free(arena);
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

/* ---- status ------------------------------------------------------------ */

void follow_view_status(struct control_peer *p, const struct tallies *t)
{
	struct app *a = control_app(p);
	const struct outbox_polls_stats *s = &t->polls;
	if (a->outbox == NULL)
		return;
	json_t *states = json_object();
	for (int i = 0; i < STATUS_COUNT; i++)
		json_object_set_new(states, status_name(i), json_integer(t->follows.by_state[i]));
	control_row(p, json_pack("{s:s,s:b,s:I,s:I,s:o,s:I,s:I,s:i,s:i,s:i,s:I,s:b,s:I,s:I,s:I,s:I}",
		"type", "follow", "on", a->settings->central.status.follow, "followed",
		(json_int_t)t->follows.asked, "known", (json_int_t)t->follows.total, "states", states,
		"last_answer_ms", (json_int_t)s->last_answer_ms, "next_due_ms",
		(json_int_t)(s->next_due_ms > 0 ? s->next_due_ms : 0), "budget", (int)s->budget,
		"budget_used", (int)s->budget_used, "unknown_words", (int)t->unknown_words,
		"compared_ms", (json_int_t)s->compared_ms, "comparing", s->is_comparing, "differences",
		(json_int_t)t->differences, "institutions_ms", (json_int_t)s->institutions_ms,
		"readings", (json_int_t)s->readings, "moved", (json_int_t)s->moved));
}
