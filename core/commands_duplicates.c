/* commands_duplicates.c: what was found to be the same complaint, for people to
 * look at and to correct. What is secret is in no list and behind no link. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "access_log.h"
#include "commands.h"
#include "compare.h"
#include "duplicates_view.h"
#include "store/duplicates.h"
#include "store/tickets.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define PAGE 100u
#define LIST_MAX 500u
#define MEMBERS_MAX 512u

/* ---- what may be shown ------------------------------------------------- */

struct side {
	struct ticket_row row;
	struct ticket form;
};

/* False: secret, erased, or not there. */
static bool may_show(struct app *a, int64_t ticket_id, struct arena *arena, struct side *out)
{
	*out = (struct side){ .row = { 0 } };
	return ticket_id != 0 &&
	       tickets_read(a->db, ticket_id, arena, &out->row, &out->form, NULL) == JEMBATAN_OK &&
	       !out->form.secret;
}

static const char *judgement(struct app *a, const struct duplicate_row *d)
{
	if (d->settled == DUPLICATE_SPLIT)
		return "separate (by a person)";
	if (d->settled == DUPLICATE_JOINED)
		return "the same (by a person)";
	if (d->decision != DUPLICATE_REVIEW)
		return duplicate_decision_name(d->decision);
	return d->permille >= a->settings->duplicates.review * 10 ? "probably the same" :
								     "probably not the same";
}

/* nearest: NULL when there is none that may be shown. */
static void row_out(struct control_peer *p, const struct duplicate_row *d, const struct side *mine,
		    int64_t nearest_message, const char *nearest, struct arena *arena)
{
	struct app *a = control_app(p);
	int64_t start_ms = 0;
	const struct instance_settings *s = intake_instance(a->intake, mine->row.instance_id, &start_ms);
	control_row(p, json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s?,s:I,s:s?,s:s?,s:s?,s:s?}",
		"type", "duplicate",
		"message", arena_printf(arena, "m%lld", (long long)d->message_id),
		"added_ms", (json_int_t)d->added_ms, "reference", mine->row.reference,
		"state", ticket_state_name(mine->row.state), "decision", judgement(a, d),
		"instance", s != NULL ? s->name : NULL, "percent", (json_int_t)(d->permille / 10),
		"like", nearest != NULL ? arena_printf(arena, "m%lld", (long long)nearest_message) : NULL,
		"like_reference", nearest, "title", mine->form.title,
		"evidence", nearest != NULL ? d->evidence : NULL));
}

/* Sets *out_shown when it was shown. A link to what is secret is no link. */
static enum jembatan_result show_row(struct control_peer *p, const struct duplicate_row *d,
				     bool only_links, struct arena *arena, bool *out_shown,
				     struct why *why)
{
	struct app *a = control_app(p);
	struct duplicate_row other = { 0 };
	struct side mine, nearest;
	enum jembatan_result r = d->nearest == 0 ? JEMBATAN_GONE :
		duplicates_get(a->db, d->nearest, arena, &other, why);
	*out_shown = false;
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	bool linked = r == JEMBATAN_OK && may_show(a, other.ticket_id, arena, &nearest);
	if (!may_show(a, d->ticket_id, arena, &mine) || (only_links && !linked))
		return JEMBATAN_OK;
	*out_shown = true;
	row_out(p, d, &mine, other.message_id, linked ? nearest.row.reference : NULL, arena);
	return JEMBATAN_OK;
}

enum jembatan_result duplicates_view_message(struct control_peer *p, int64_t message_id,
					     struct arena *arena, struct why *why)
{
	struct duplicate_row d;
	bool shown = false;
	enum jembatan_result r = duplicates_of_message(control_app(p)->db, message_id, arena, &d, why);
	if (r == JEMBATAN_GONE || (r == JEMBATAN_OK && d.decision == DUPLICATE_SEPARATE &&
				   d.settled == DUPLICATE_OPEN))
		return JEMBATAN_OK;
	return r == JEMBATAN_OK ? show_row(p, &d, d.settled == DUPLICATE_OPEN, arena, &shown, why) : r;
}

void duplicates_view_status(struct control_peer *p)
{
	struct compare_stats s;
	compare_stats(decide_compare(control_app(p)->decide), &s);
	if (s.on)
		control_row(p, json_pack("{s:s,s:b,s:I,s:I}", "type", "duplicates", "ready", s.ready,
					 "known", (json_int_t)s.count, "bytes", (json_int_t)s.bytes));
	if (s.alarm != NULL)
		control_row(p, json_pack("{s:s,s:s,s:s}", "type", "alarm", "where", "duplicates", "text",
					 s.alarm));
	if (s.on && !s.ready)
		control_row(p, json_pack("{s:s,s:s,s:s}", "type", "alarm", "where", "duplicates", "text",
					 "the complaints of the window are being read back; decisions wait "
					 "for it"));
}

/* ---- list, show -------------------------------------------------------- */

void duplicates_list_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	bool all = msg_argument(c, "all") != NULL;
	struct arena *arena = arena_new();
	struct duplicate_row rows[PAGE];
	struct why why;
	int64_t before = INT64_MAX;
	size_t count = 0, shown = 0;
	enum jembatan_result r;
	do {
		arena_reset(arena);
		r = duplicates_list(a->db, all ? -1 : DUPLICATE_REVIEW, !all, before, PAGE, arena, rows,
				    &count, &why);
		for (size_t i = 0; i < count && r == JEMBATAN_OK && shown < LIST_MAX; i++) {
			bool is_shown = false;
			before = rows[i].id;
			r = show_row(p, &rows[i], true, arena, &is_shown, &why);
			shown += is_shown;
		}
	} while (r == JEMBATAN_OK && count == PAGE && shown < LIST_MAX);
	arena_free(arena);
	access_log_try(p, "duplicates listed", AUDIT_CENTRAL, 0);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else if (shown == LIST_MAX)
		control_end(p, EX_OK, "these are the newest %u: there are more", LIST_MAX);
	else
		control_end(p, EX_OK, "%s", "");
}

/* "m12", or a ticket's reference or tracking number. */
static enum jembatan_result find_message(struct app *a, const char *name, struct arena *arena,
					 int64_t *out, struct why *why)
{
	struct ticket_row t;
	char *end = NULL;
	if (name == NULL)
		return why_set(why, JEMBATAN_GONE, "say which: mNUMBER or a ticket's reference");
	if (name[0] == 'm' && name[1] >= '0' && name[1] <= '9') {
		*out = strtoll(name + 1, &end, 10);
		return *end == '\0' ? JEMBATAN_OK :
		       why_set(why, JEMBATAN_GONE, "that is no message: say m and its number");
	}
	enum jembatan_result r = tickets_find(a->db, name, arena, &t, why);
	if (r == JEMBATAN_OK)
		*out = t.message_id;
	return r;
}

static enum jembatan_result show(struct control_peer *p, const char *name, struct arena *arena,
				 struct why *why)
{
	struct app *a = control_app(p);
	struct duplicate_row *rows = arena_alloc(arena, MEMBERS_MAX * sizeof(*rows));
	struct duplicate_row d, other;
	struct side mine;
	int64_t message_id = 0;
	size_t count = 0;
	bool shown = false;
	enum jembatan_result r = find_message(a, name, arena, &message_id, why);
	if (r == JEMBATAN_OK)
		r = duplicates_of_message(a->db, message_id, arena, &d, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE && message_id != 0 ?
		       why_set(why, r, "m%lld has not been compared", (long long)message_id) : r;
	access_log_try(p, "duplicates shown", AUDIT_MESSAGE, message_id);
	/* Behind a secret one there is nothing to see. */
	if (!may_show(a, d.ticket_id, arena, &mine))
		return JEMBATAN_OK;
	r = duplicates_of_incident(a->db, d.incident, MEMBERS_MAX, arena, rows, &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		r = show_row(p, &rows[i], false, arena, &shown, why);
	/* What it may be the same as lies in another incident: so with its changed text. */
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		if (rows[i].ticket_id != d.ticket_id || rows[i].decision != DUPLICATE_REVIEW ||
		    rows[i].settled != DUPLICATE_OPEN)
			continue;
		r = duplicates_get(a->db, rows[i].nearest, arena, &other, why);
		if (r == JEMBATAN_OK)
			r = show_row(p, &other, false, arena, &shown, why);
	}
	return r;
}

void duplicates_show_command(struct control_peer *p, const struct msg_command *c)
{
	struct arena *arena = arena_new();
	struct why why;
	enum jembatan_result r = show(p, msg_argument(c, "name"), arena, &why);
	arena_free(arena);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", "");
}

/* ---- split, join ------------------------------------------------------- */

static void finish(struct control_peer *p, enum jembatan_result r, struct why *why,
		   const char *said)
{
	struct app *a = control_app(p);
	if (commands_finish(p, r, why, said != NULL ? said : ""))
		decide_committed(a->decide);
	else
		(void)decide_aborted(a->decide);
}

void duplicates_split_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	const char *said = NULL;
	struct why why;
	int64_t message_id = 0;
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = find_message(a, msg_argument(c, "name"), arena, &message_id, &why);
	if (r == JEMBATAN_OK)
		r = decide_split(a->decide, message_id, control_actor(p), arena, &said, &why);
	finish(p, r, &why, said);
	arena_free(arena);
}

/* A ticket by the name of one of its messages. */
static enum jembatan_result ticket_name(struct app *a, const char *name, struct arena *arena,
					const char **out, struct why *why)
{
	struct inbox_row m;
	struct ticket_row t;
	int64_t message_id = 0;
	*out = name;
	if (name == NULL)
		return why_set(why, JEMBATAN_GONE, "say which two: references of tickets, or messages");
	if (name[0] != 'm')
		return JEMBATAN_OK;
	enum jembatan_result r = find_message(a, name, arena, &message_id, why);
	if (r == JEMBATAN_OK)
		r = inbox_get(a->db, message_id, arena, &m, why);
	if (r == JEMBATAN_OK)
		r = tickets_get(a->db, m.ticket_id, arena, &t, why);
	if (r == JEMBATAN_OK)
		*out = t.reference;
	return r;
}

void duplicates_join_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	const char *said = NULL, *name = NULL, *other = NULL;
	struct why why;
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = ticket_name(a, msg_argument(c, "name"), arena, &name, &why);
	if (r == JEMBATAN_OK)
		r = ticket_name(a, msg_argument(c, "other"), arena, &other, &why);
	if (r == JEMBATAN_OK)
		r = decide_unite(a->decide, name, other, control_actor(p), arena, &said, &why);
	finish(p, r, &why, said);
	arena_free(arena);
}
