/* decide_split.c: a person corrects what was taken for the same complaint. Each
 * join remembers where every message was, so that a split brings back just that.
 * What has left for the centre stays as it left: the centre knows no merging. */
#include "decide_inside.h"

#include <string.h>

#include "base/clock.h"
#include "compare.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define INCIDENT_MAX 512u

/* ---- incidents --------------------------------------------------------- */

static enum jembatan_result put(struct decide *d, struct duplicate_row *row, int64_t incident,
				enum duplicate_settled settled, struct why *why)
{
	row->incident = incident;
	row->settled = settled;
	compare_move(d->compare, row->id, incident);
	return duplicates_update(d->o.db, row, why);
}

static enum jembatan_result members_of(struct decide *d, int64_t incident, struct arena *arena,
				       struct duplicate_row **out, size_t *out_count,
				       struct why *why)
{
	*out = arena_alloc(arena, INCIDENT_MAX * sizeof(**out));
	return duplicates_of_incident(d->o.db, incident, INCIDENT_MAX, arena, *out, out_count, why);
}

/* All of this ticket leave the incident: back to where they were before a
 * person's join, else to one of their own. An incident bears the number of one
 * of its rows, so those who stay may need another number. */
static enum jembatan_result leave_incident(struct decide *d, int64_t incident,
					   const struct ticket_row *ticket, struct arena *arena,
					   size_t *out_left, struct why *why)
{
	struct duplicate_row *rows;
	size_t count = 0;
	int64_t mine = 0, theirs = 0;
	bool head_leaves = false;
	enum jembatan_result r = members_of(d, incident, arena, &rows, &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		bool leaves = rows[i].ticket_id == ticket->id;
		int64_t *first = leaves ? &mine : &theirs;
		if (*first == 0 || (leaves && rows[i].message_id == ticket->message_id))
			*first = leaves && rows[i].former != 0 ? rows[i].former : rows[i].id;
		head_leaves |= leaves && rows[i].id == incident;
	}
	*out_left = 0;
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		if (rows[i].ticket_id == ticket->id) {
			/* What had been joined to it before keeps where it came from. */
			if (rows[i].former == mine || rows[i].message_id == ticket->message_id)
				rows[i].former = 0;
			r = put(d, &rows[i], mine, DUPLICATE_SPLIT, why);
		} else {
			++*out_left;
			if (head_leaves)
				r = put(d, &rows[i], theirs, rows[i].settled, why);
		}
	}
	return r;
}

/* What was made before anything was compared has no row yet. */
static enum jembatan_result row_of_message(struct decide *d, int64_t message_id,
					   struct arena *arena, struct duplicate_row *out,
					   struct why *why)
{
	enum jembatan_result r = duplicates_of_message(d->o.db, message_id, arena, out, why);
	if (r != JEMBATAN_GONE)
		return r;
	*out = (struct duplicate_row){ .message_id = message_id };
	return compare_add(d->compare, out, NULL, why);
}

/* ---- split ------------------------------------------------------------- */

/* Its push, when it is an addition. */
static enum jembatan_result take_back_addition(struct decide *d, const struct inbox_row *m,
					       bool *out_given, struct why *why)
{
	struct ticket_row from;
	*out_given = true;
	if (m->stage != INBOX_FOLLOW_UP)
		return JEMBATAN_OK;
	enum jembatan_result r = tickets_get(d->o.db, m->ticket_id, d->arena, &from, why);
	if (r == JEMBATAN_OK && from.state != TICKET_REVIEW && from.state != TICKET_SHADOW &&
	    from.state != TICKET_REJECTED)
		r = outbox_rows_take_back_follow_up(d->o.db, m->ticket_id, m->id, out_given, why);
	return r;
}

/* An addition that has left for the other ticket stays there. */
static enum jembatan_result give_back(struct decide *d, const struct inbox_row *m,
				      enum inbox_stage stage, int64_t to_ticket, bool *out_given,
				      struct why *why)
{
	enum jembatan_result r = take_back_addition(d, m, out_given, why);
	if (r == JEMBATAN_OK && *out_given)
		r = inbox_leave(d->o.db, m->id, stage, to_ticket, "a person split it off", why);
	return r;
}

/* The ticket that a join had emptied, with all that came from it. */
static enum jembatan_result bring_back(struct decide *d, const struct duplicate_move *first,
				       size_t *out_kept, struct why *why)
{
	struct duplicate_move *moves = arena_alloc(d->arena, OF_TICKET_MAX * sizeof(*moves));
	struct inbox_row m, founder = { 0 };
	struct ticket_row t;
	size_t count = 0;
	enum jembatan_result r = tickets_get(d->o.db, first->ticket_id, d->arena, &t, why);
	if (r == JEMBATAN_OK)
		r = duplicate_moves_from(d->o.db, t.id, OF_TICKET_MAX, moves, &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		bool given = false;
		r = inbox_get(d->o.db, moves[i].message_id, d->arena, &m, why);
		if (r == JEMBATAN_OK)
			r = give_back(d, &m, moves[i].stage, t.id, &given, why);
		if (r == JEMBATAN_OK)
			r = duplicate_moves_undo(d->o.db, &moves[i], why);
		*out_kept += r == JEMBATAN_OK && !given;
		if (m.id == t.message_id)
			founder = m;
	}
	if (r == JEMBATAN_OK)
		r = tickets_set_state(d->o.db, t.id, first->ticket_state, "a person split it off again",
				      why);
	if (r == JEMBATAN_OK && first->ticket_state == TICKET_QUEUED && founder.id != 0)
		r = decide_queue_create(d, &founder, t.id, t.reference, why);
	return r == JEMBATAN_OK ? duplicate_moves_forget(d->o.db, t.id, why) : r;
}

static bool belongs_to(const struct inbox_row *m, const struct inbox_row *founder)
{
	const struct jembatan_message *x = &m->message.message, *y = &founder->message.message;
	return m->edit_of == founder->id ||
	       (m->instance_id == founder->instance_id &&
		(m->stage == INBOX_FOLLOW_UP || m->stage == INBOX_STORED) &&
		(inbox_is_same_thread(m, founder) ||
		 (x->reply_to != NULL && str_equal(x->reply_to, y->id))));
}

/* To this ticket, as what it is now; an addition that has left stays where it is. */
static enum jembatan_result hand_over(struct decide *d, const struct inbox_row *m,
				      const struct ticket_row *to, size_t *out_kept,
				      struct why *why)
{
	bool given = false;
	enum jembatan_result r = give_back(d, m, m->stage, to->id, &given, why);
	*out_kept += r == JEMBATAN_OK && !given;
	if (r != JEMBATAN_OK || !given || m->stage != INBOX_FOLLOW_UP || to->state != TICKET_QUEUED)
		return r;
	return decide_queue(d, m, to->id, OUTBOX_FOLLOW_UP, OUTBOX_POST,
			    arena_printf(d->arena, "%s-F%lld", to->reference, (long long)m->id), why);
}

/* A ticket of its own, as any new complaint gets one, and with it what its
 * author has added since. */
static enum jembatan_result make_own(struct decide *d, const struct inbox_row *row,
				     int64_t *out_ticket, size_t *out_kept, struct why *why)
{
	struct inbox_row *rows = arena_alloc(d->arena, OF_TICKET_MAX * sizeof(*rows));
	size_t count = 0;
	int64_t start_ms = 0;
	const struct instance_settings *s = intake_instance(d->o.intake, row->instance_id, &start_ms);
	struct ticket_row own;
	enum jembatan_result r = inbox_of_ticket(d->o.db, row->ticket_id, OF_TICKET_MAX, d->arena, rows,
						 &count, why);
	if (r == JEMBATAN_OK)
		r = decide_make_ticket(d, row, s, out_ticket, why);
	if (r == JEMBATAN_OK && *out_ticket == 0)
		r = why_set(why, JEMBATAN_DATA, "no ticket can be made of it");
	if (r == JEMBATAN_OK)
		r = tickets_get(d->o.db, *out_ticket, d->arena, &own, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		if (rows[i].id > row->id && belongs_to(&rows[i], row))
			r = hand_over(d, &rows[i], &own, out_kept, why);
	return r;
}

/* What it added there; what has left stays there too. */
static enum jembatan_result take_back(struct decide *d, const struct inbox_row *row,
				      size_t *out_kept, struct why *why)
{
	bool given = false;
	enum jembatan_result r = take_back_addition(d, row, &given, why);
	*out_kept += r == JEMBATAN_OK && !given;
	return r;
}

/* A repost, or what was taken for more of the same report. */
static bool was_taken_for_same(struct decide *d, const struct inbox_row *row)
{
	struct duplicate_row dup;
	return row->stage == INBOX_REPOST ||
	       (row->stage == INBOX_FOLLOW_UP &&
		duplicates_of_message(d->o.db, row->id, d->arena, &dup, NULL) == JEMBATAN_OK &&
		dup.decision == DUPLICATE_REPOST);
}

static enum jembatan_result split_repost(struct decide *d, const struct inbox_row *row,
					 const char *actor, struct arena *arena,
					 const char **out_said, struct why *why)
{
	struct duplicate_move move;
	struct ticket_row from, own;
	int64_t ticket_id = 0;
	size_t kept = 0;
	enum jembatan_result r = duplicate_moves_of(d->o.db, row->id, &move, why);
	if (r == JEMBATAN_OK) {
		ticket_id = move.ticket_id;
		r = bring_back(d, &move, &kept, why);
	} else if (r == JEMBATAN_GONE) {
		r = take_back(d, row, &kept, why);
		if (r == JEMBATAN_OK)
			r = make_own(d, row, &ticket_id, &kept, why);
	}
	if (r == JEMBATAN_OK)
		r = tickets_get(d->o.db, row->ticket_id, d->arena, &from, why);
	if (r == JEMBATAN_OK)
		r = tickets_get(d->o.db, ticket_id, d->arena, &own, why);
	if (r == JEMBATAN_OK)
		r = decide_note(d, from.id, actor, "split", arena_printf(arena, "m%lld is %s now",
			(long long)row->id, own.reference), why);
	if (r == JEMBATAN_OK)
		r = decide_note(d, own.id, actor, "split", arena_printf(arena, "m%lld was part of %s",
			(long long)row->id, from.reference), why);
	if (r == JEMBATAN_OK)
		*out_said = arena_printf(arena, kept == 0 ? "m%lld is %s now (%s)" : "m%lld is %s now (%s); "
					 "additions that have been sent stay where they are",
					 (long long)row->id, own.reference, ticket_state_name(own.state));
	return r;
}

static enum jembatan_result stand_alone(struct decide *d, const struct duplicate_row *dup, size_t left,
					const char *actor, const char *reference,
					struct arena *arena, const char **out_said, struct why *why)
{
	bool was_asked = dup->decision == DUPLICATE_REVIEW && dup->settled != DUPLICATE_SPLIT;
	if (left == 0 && !was_asked)
		return why_set(why, JEMBATAN_DATA, "%s stands alone: there is nothing to split",
			       reference);
	*out_said = arena_printf(arena, "%s stands alone now", reference);
	return decide_note(d, dup->ticket_id, actor, "split",
			   "a person says that it is another complaint", why);
}

/* A changed text stays with its ticket; what a person can say is that the other
 * report, which it is like, is another one. */
static bool is_asked_of_change(struct decide *d, const struct inbox_row *row,
			       struct duplicate_row *out)
{
	return row->edit_of != 0 && row->stage != INBOX_TICKET && row->stage != INBOX_LINKED &&
	       duplicates_of_message(d->o.db, row->id, d->arena, out, NULL) == JEMBATAN_OK &&
	       out->decision == DUPLICATE_REVIEW && out->settled == DUPLICATE_OPEN;
}

static enum jembatan_result keep_apart(struct decide *d, struct duplicate_row *dup,
				       const char *actor, struct arena *arena,
				       const char **out_said, struct why *why)
{
	enum jembatan_result r = put(d, dup, dup->incident, DUPLICATE_SPLIT, why);
	*out_said = arena_printf(arena, "noted: what m%lld says is not the other report",
				 (long long)dup->message_id);
	return r != JEMBATAN_OK ? r :
	       decide_note(d, dup->ticket_id, actor, "split",
			   "a person says that the changed text is not the other report", why);
}

enum jembatan_result decide_split(struct decide *d, int64_t message_id, const char *actor,
				  struct arena *arena, const char **out_said, struct why *why)
{
	struct inbox_row row;
	struct duplicate_row dup;
	struct ticket_row t;
	size_t left = 0;
	arena_reset(d->arena);
	enum jembatan_result r = inbox_get(d->o.db, message_id, d->arena, &row, why);
	if (r == JEMBATAN_OK && (row.ticket_id == 0 || row.message.message.size == 0))
		r = why_set(why, JEMBATAN_DATA, "m%lld belongs to no ticket", (long long)message_id);
	if (r == JEMBATAN_OK && is_asked_of_change(d, &row, &dup))
		return keep_apart(d, &dup, actor, arena, out_said, why);
	bool joined = r == JEMBATAN_OK && was_taken_for_same(d, &row);
	if (r == JEMBATAN_OK && !joined && row.stage != INBOX_TICKET && row.stage != INBOX_LINKED)
		r = why_set(why, JEMBATAN_DATA, "m%lld is an addition to its ticket: only what was taken "
			    "for the same complaint can be split off", (long long)message_id);
	if (r == JEMBATAN_OK)
		r = row_of_message(d, message_id, d->arena, &dup, why);
	if (r != JEMBATAN_OK)
		return r;
	if (joined)
		r = split_repost(d, &row, actor, arena, out_said, why);
	if (r == JEMBATAN_OK)
		r = inbox_get(d->o.db, message_id, d->arena, &row, why);
	if (r == JEMBATAN_OK)
		r = tickets_get(d->o.db, row.ticket_id, d->arena, &t, why);
	if (r == JEMBATAN_OK)
		r = leave_incident(d, dup.incident, &t, d->arena, &left, why);
	dup.ticket_id = t.id;
	if (r == JEMBATAN_OK && *out_said == NULL)
		r = stand_alone(d, &dup, left, actor, t.reference, arena, out_said, why);
	return r;
}

/* ---- words that are to be erased --------------------------------------- */

static bool is_erased(const struct decide_erased *erased, int64_t message_id)
{
	size_t low = 0, high = erased->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (erased->ids[middle] < message_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < erased->count && erased->ids[low] == message_id;
}

/* The first of those who stay gets a ticket of his own, and the others come with him. */
static enum jembatan_result bequeath(struct decide *d, const struct ticket_row *from,
				     const struct decide_erased *erased, struct why *why)
{
	struct inbox_row *rows = arena_alloc(d->arena, OF_TICKET_MAX * sizeof(*rows));
	struct ticket_row own = { 0 };
	size_t count = 0, kept = 0, heir = 0;
	int64_t start_ms = 0;
	enum jembatan_result r = inbox_of_ticket(d->o.db, from->id, OF_TICKET_MAX, d->arena, rows,
						 &count, why);
	for (; heir < count && r == JEMBATAN_OK && own.id == 0; heir++) {
		const struct inbox_row *m = &rows[heir];
		if (is_erased(erased, m->id) || m->message.message.size == 0 ||
		    !was_taken_for_same(d, m))
			continue;
		r = take_back(d, m, &kept, why);
		if (r == JEMBATAN_OK)
			r = decide_make_ticket(d, m, intake_instance(d->o.intake, m->instance_id,
								     &start_ms), &own.id, why);
	}
	if (r == JEMBATAN_OK && own.id != 0)
		r = tickets_get(d->o.db, own.id, d->arena, &own, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK && own.id != 0; i++)
		if (i + 1 != heir && !is_erased(erased, rows[i].id))
			r = hand_over(d, &rows[i], &own, &kept, why);
	return r != JEMBATAN_OK || own.id == 0 ? r :
	       decide_note(d, own.id, DECIDE_ACTOR, "inherited",
			   "what it was taken for is erased: it goes by itself", why);
}

enum jembatan_result decide_inherit(struct decide *d, const struct decide_erased *erased,
				    struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < erased->count && r == JEMBATAN_OK; i++) {
		struct inbox_row m;
		struct ticket_row t = { 0 };
		arena_reset(d->arena);
		r = inbox_get(d->o.db, erased->ids[i], d->arena, &m, why);
		if (r == JEMBATAN_OK && m.ticket_id != 0)
			r = tickets_head(d->o.db, m.ticket_id, d->arena, &t, why);
		if (r == JEMBATAN_OK && t.message_id == m.id && t.state != TICKET_PUSHED &&
		    t.state != TICKET_LINKED && t.state != TICKET_REJECTED)
			r = bequeath(d, &t, erased, why);
		else if (r == JEMBATAN_GONE)
			r = JEMBATAN_OK;
	}
	return r;
}

/* ---- join -------------------------------------------------------------- */

/* How far it has got on its way to the centre. */
static unsigned progress(enum ticket_state state)
{
	switch (state) {
	case TICKET_SHADOW:
		return 0;
	case TICKET_REVIEW:
		return 1;
	case TICKET_QUEUED:
		return 2;
	case TICKET_PUSHED:
	case TICKET_UNKNOWN:
	case TICKET_REFUSED:
	case TICKET_LINKED:
	case TICKET_REJECTED:
	case TICKET_INCOMPLETE:
	case TICKET_ARCHIVED:
		return 3;
	}
	return 3;
}

/* Nothing of it has left, or will: its create is taken back. */
static enum jembatan_result set_free(struct decide *d, const struct ticket_row *t, bool *out_free,
				     struct why *why)
{
	*out_free = t->state == TICKET_REVIEW || t->state == TICKET_SHADOW;
	return t->state == TICKET_QUEUED ?
	       outbox_rows_take_back(d->o.db, t->id, out_free, why) : JEMBATAN_OK;
}

static enum jembatan_result move_message(struct decide *d, const struct inbox_row *m,
					 const struct ticket_row *from,
					 const struct ticket_row *to, struct why *why)
{
	struct duplicate_move move = { .message_id = m->id, .ticket_id = from->id,
				       .stage = m->stage, .ticket_state = from->state };
	enum inbox_stage stage = m->stage == INBOX_TICKET ? INBOX_REPOST : m->stage;
	bool leaves = to->state == TICKET_QUEUED || to->state == TICKET_PUSHED ||
		      to->state == TICKET_UNKNOWN || to->state == TICKET_REFUSED;
	enum jembatan_result r = duplicate_moves_add(d->o.db, &move, why);
	if (r == JEMBATAN_OK && stage == INBOX_FOLLOW_UP && leaves)
		r = decide_queue(d, m, to->id, OUTBOX_FOLLOW_UP, OUTBOX_POST,
				 arena_printf(d->arena, "%s-F%lld", to->reference, (long long)m->id),
				 why);
	return r != JEMBATAN_OK ? r :
	       inbox_leave(d->o.db, m->id, stage, to->id,
			   arena_printf(d->arena, "a person joined %s to %s", from->reference,
					to->reference), why);
}

static enum jembatan_result move_all(struct decide *d, const struct ticket_row *from,
				     const struct ticket_row *to, struct why *why)
{
	struct inbox_row *rows = arena_alloc(d->arena, OF_TICKET_MAX * sizeof(*rows));
	size_t count = 0;
	enum jembatan_result r = inbox_of_ticket(d->o.db, from->id, OF_TICKET_MAX, d->arena, rows,
						 &count, why);
	if (r == JEMBATAN_OK && count == OF_TICKET_MAX)
		r = why_set(why, JEMBATAN_DATA, "%s holds too many messages to be joined",
			    from->reference);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		r = move_message(d, &rows[i], from, to, why);
	return r != JEMBATAN_OK ? r :
	       tickets_set_state(d->o.db, from->id, TICKET_REJECTED,
				 arena_printf(d->arena, "a person joined it to %s", to->reference), why);
}

/* What was asked about two tickets, of a message of either or of its changed text, is
 * answered. */
static enum jembatan_result answer(struct decide *d, struct duplicate_row *rows, size_t count,
				   const struct ticket_row *a, const struct ticket_row *b,
				   struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		struct duplicate_row near;
		int64_t other = rows[i].ticket_id == a->id ? b->id :
				rows[i].ticket_id == b->id ? a->id : 0;
		if (other == 0 || rows[i].nearest == 0 || rows[i].settled != DUPLICATE_OPEN)
			continue;
		r = duplicates_get(d->o.db, rows[i].nearest, d->arena, &near, why);
		if (r == JEMBATAN_OK && near.ticket_id == other)
			r = put(d, &rows[i], rows[i].incident, DUPLICATE_JOINED, why);
		else if (r == JEMBATAN_GONE)
			r = JEMBATAN_OK;
	}
	return r;
}

/* The rows of `from`'s messages go over to the incident of `to`. */
static enum jembatan_result link_incidents(struct decide *d, const struct ticket_row *from,
					   const struct ticket_row *to, struct why *why)
{
	struct duplicate_row *rows, *others, mine, other;
	size_t count = 0, other_count = 0;
	enum jembatan_result r = row_of_message(d, from->message_id, d->arena, &mine, why);
	if (r == JEMBATAN_OK)
		r = row_of_message(d, to->message_id, d->arena, &other, why);
	if (r == JEMBATAN_OK)
		r = members_of(d, other.incident, d->arena, &others, &other_count, why);
	if (r == JEMBATAN_OK)
		r = answer(d, others, other_count, from, to, why);
	if (r != JEMBATAN_OK || mine.incident == other.incident)
		return r;
	r = members_of(d, mine.incident, d->arena, &rows, &count, why);
	if (r == JEMBATAN_OK)
		r = answer(d, rows, count, from, to, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		if (rows[i].ticket_id != from->id)
			continue;
		if (rows[i].former == 0)
			rows[i].former = rows[i].incident;
		r = put(d, &rows[i], other.incident, DUPLICATE_JOINED, why);
	}
	return r;
}

static enum jembatan_result find_public(struct decide *d, const char *name, struct ticket_row *out,
					struct ticket *out_form, struct why *why)
{
	enum jembatan_result r = tickets_find(d->o.db, name, d->arena, out, why);
	if (r == JEMBATAN_OK)
		r = tickets_read(d->o.db, out->id, d->arena, out, out_form, why);
	if (r == JEMBATAN_OK && out_form->secret)
		return why_set(why, JEMBATAN_DATA, "%s is secret: it is never joined or linked",
			       out->reference);
	if (r == JEMBATAN_OK && (out->state == TICKET_REJECTED || out->state == TICKET_ARCHIVED || out->message_id == 0))
		return why_set(why, JEMBATAN_DATA, "%s is %s: nothing can be joined to it",
			       out->reference, ticket_state_name(out->state));
	return r;
}

enum jembatan_result decide_unite(struct decide *d, const char *name, const char *other_name,
				  const char *actor, struct arena *arena, const char **out_said,
				  struct why *why)
{
	struct ticket_row a, b;
	struct ticket a_form = { 0 }, b_form = { 0 };
	bool is_free = false;
	arena_reset(d->arena);
	enum jembatan_result r = find_public(d, name, &a, &a_form, why);
	if (r == JEMBATAN_OK)
		r = find_public(d, other_name, &b, &b_form, why);
	if (r == JEMBATAN_OK && a.id == b.id)
		r = why_set(why, JEMBATAN_DATA, "both are %s", a.reference);
	if (r != JEMBATAN_OK)
		return r;
	bool swap = progress(a.state) > progress(b.state);
	const struct ticket_row *from = swap ? &b : &a, *to = swap ? &a : &b;
	/* What is said anonymously stands under nobody's name. */
	bool relaxes = swap ? b_form.anonymous && !a_form.anonymous :
			      a_form.anonymous && !b_form.anonymous;
	/* The rows first: which of them are the ticket's shows as long as it has them. */
	r = link_incidents(d, from, to, why);
	if (r == JEMBATAN_OK && !relaxes)
		r = set_free(d, from, &is_free, why);
	if (r == JEMBATAN_OK && is_free)
		r = move_all(d, from, to, why);
	const char *what = is_free ? "joined" : "linked";
	if (r == JEMBATAN_OK)
		r = decide_note(d, from->id, actor, what, arena_printf(arena, "with %s", to->reference), why);
	if (r == JEMBATAN_OK)
		r = decide_note(d, to->id, actor, what, arena_printf(arena, "with %s", from->reference), why);
	if (r == JEMBATAN_OK)
		*out_said = is_free ?
			arena_printf(arena, "%s is part of %s now; `jembatan duplicates split m%lld` undoes "
				     "it", from->reference, to->reference, (long long)from->message_id) :
			arena_printf(arena, relaxes ? "%s and %s are linked as one incident; an anonymous "
				     "report keeps its own ticket" : "%s and %s are linked as one incident; "
				     "both have left for the centre, which cannot join them",
				     from->reference, to->reference);
	return r;
}
