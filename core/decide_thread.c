/* decide_thread.c: what belongs to a ticket that is there: other versions of its
 * record, answers of the same person, its number at the centre. */
#include "decide_inside.h"
#include "decide_know.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/follows.h"
#include "store/outbox_rows.h"
#include "ticket/person.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define FROM_SOURCE "the source carries the centre's number now"
#define WAITS_MS 2000
#define CHOICE_MS (7 * INT64_C(86400000))
#define THREAD_LOOK_MAX 20u /* messages of others, back from the newest */

enum jembatan_result decide_join(struct decide *d, const struct inbox_row *row, int64_t ticket_id,
				 const char *reason, struct why *why)
{
	struct ticket_row t;
	int64_t start_ms, due_ms = 0;
	if (fetch_hold(d->o.fetch, row, &due_ms))
		return inbox_defer(d->o.db, row->id, due_ms, why);
	enum jembatan_result r = tickets_get(d->o.db, ticket_id, d->arena, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	const struct instance_settings *s = intake_instance(d->o.intake, row->instance_id, &start_ms);
	if (t.state == TICKET_INCOMPLETE)
		return decide_know_answer(d, row, s, &t, why);
	/* A person accepted the ticket, and with it what its reporter adds. */
	bool is_open = t.state == TICKET_QUEUED || t.state == TICKET_PUSHED ||
		       t.state == TICKET_UNKNOWN || t.state == TICKET_REFUSED;
	if (is_open && s != NULL && s->push == PUSH_SHADOW) {
		reason = "push: shadow does everything but the sending";
	} else if (is_open) {
		const char *reference = arena_printf(d->arena, "%s-F%lld", t.reference,
						     (long long)row->id);
		r = decide_queue(d, row, ticket_id, OUTBOX_FOLLOW_UP, OUTBOX_POST, reference, why);
	}
	if (r == JEMBATAN_OK)
		r = decide_note(d, ticket_id, DECIDE_ACTOR, "follow-up", reason, why);
	if (r == JEMBATAN_OK)
		r = decide_leave(d, row, INBOX_FOLLOW_UP, ticket_id, reason, why);
	return r;
}

/* What was just claimed, and leaves only with the commit, goes by what is known by then. */
static enum jembatan_result put_back(struct decide *d, int64_t ticket_id, struct why *why)
{
	return d->outbox != NULL ? outbox_put_back(d->outbox, ticket_id, why) : JEMBATAN_OK;
}

/* Anonim and rahasia are never relaxed: who asks for them later gets them in
 * all that is still to leave. */
static enum jembatan_result tighten(struct decide *d, const struct inbox_row *row,
				    int64_t ticket_id, struct why *why)
{
	unsigned flags = row->message.message.flags;
	bool anonymous = (flags & JEMBATAN_ANONYMOUS) != 0;
	bool secret = (flags & JEMBATAN_SECRET_REPORT) != 0;
	struct ticket_row known;
	struct ticket t = { 0 };
	if (!anonymous && !secret)
		return JEMBATAN_OK;
	enum jembatan_result r = tickets_get(d->o.db, ticket_id, d->arena, &known, why);
	if (r != JEMBATAN_OK)
		return r;
	if (known.body == NULL) /* erased: he has joined it, and goes on hearing of it */
		return secret ? follows_let_words_go(d->o.db, ticket_id, true, why) : r;
	r = ticket_from_json(bytes_text(known.body), d->arena, &t, why);
	if (r != JEMBATAN_OK || ((t.anonymous || !anonymous) && (t.secret || !secret)))
		return r;
	t.anonymous |= anonymous;
	t.secret |= secret;
	CLEANUP(free_pointer) char *body = ticket_to_json(&t);
	r = put_back(d, ticket_id, why);
	if (r == JEMBATAN_OK)
		r = tickets_set_body(d->o.db, ticket_id, body, why);
	return r != JEMBATAN_OK ? r :
	       decide_note(d, ticket_id, DECIDE_ACTOR, "tightened", known.state == TICKET_PUSHED ?
			   "the reporter asks for secrecy only now, and the centre has the report: "
			   "tell it there" : "the reporter asks for secrecy", why);
}

/* A person who copies a post breaks its lines elsewhere: that changes no word. */
bool decide_same_words(const struct jembatan_message *a, const struct jembatan_message *b)
{
	CLEANUP(free_pointer) char *left = text_squeeze(a->text != NULL ? a->text : "");
	CLEANUP(free_pointer) char *right = text_squeeze(b->text != NULL ? b->text : "");
	text_trim(left);
	text_trim(right);
	return str_equal(left, right) && str_equal(a->subject, b->subject);
}

/* Its create has never left: it is not needed any more. */
static enum jembatan_result take_back_push(struct decide *d, int64_t ticket_id,
					   const char *tracking_id, bool *out_taken,
					   struct why *why)
{
	struct outbox_row push;
	enum jembatan_result r = put_back(d, ticket_id, why);
	if (r == JEMBATAN_OK)
		r = outbox_rows_of_ticket(d->o.db, ticket_id, d->arena, &push, why);
	*out_taken = r == JEMBATAN_GONE;
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	if (push.state != OUTBOX_QUEUED || push.attempts > 0 || push.started_ms != 0)
		return JEMBATAN_OK;
	*out_taken = true;
	push.state = OUTBOX_DONE;
	push.complaint_id = tracking_id;
	push.why = FROM_SOURCE;
	return outbox_rows_update(d->o.db, &push, why);
}

/* The centre's number appeared at the source: staff typed it in by hand. False
 * in *out_handled: it is the one that the ticket has, and says nothing new. */
static enum jembatan_result learn_tracking(struct decide *d, const struct inbox_row *row,
					   int64_t ticket_id, bool *out_handled, struct why *why)
{
	struct ticket_row t;
	const char *number = row->message.message.tracking_id;
	bool links = false;
	enum jembatan_result r = tickets_get(d->o.db, ticket_id, d->arena, &t, why);
	*out_handled = r == JEMBATAN_OK && !str_equal(t.tracking_id, number);
	if (!*out_handled)
		return r;
	if (t.tracking_id == NULL && decide_is_tracking_id(number)) {
		if (t.state == TICKET_REVIEW || t.state == TICKET_SHADOW)
			links = true;
		else if (t.state == TICKET_QUEUED)
			r = take_back_push(d, ticket_id, number, &links, why);
	}
	if (r == JEMBATAN_OK && links) {
		r = tickets_set_tracking(d->o.db, ticket_id, number, why);
		if (r == JEMBATAN_OK)
			r = tickets_set_state(d->o.db, ticket_id, TICKET_LINKED, FROM_SOURCE, why);
		if (r == JEMBATAN_OK)
			r = decide_note(d, ticket_id, DECIDE_ACTOR, "linked", FROM_SOURCE, why);
	} else if (r == JEMBATAN_OK) {
		r = decide_note(d, ticket_id, DECIDE_ACTOR, "differs",
				"the source carries another number of the centre: compare the two", why);
	}
	return r != JEMBATAN_OK ? r :
	       decide_leave(d, row, INBOX_STORED, ticket_id, FROM_SOURCE, why);
}

/* The newest decided version of the same record, if one belongs to a ticket. */
static enum jembatan_result newest_version(struct decide *d, const struct inbox_row *row,
					   const struct instance_settings *s,
					   const struct inbox_row *first, struct inbox_row *out,
					   struct why *why)
{
	const struct digest none = { 0 };
	int64_t message_id = 0, ticket_id = 0;
	*out = *first;
	if (s == NULL)
		return JEMBATAN_OK;
	struct digest same = ticket_same_key(inbox_keys(d->o.db), s->name, &row->message);
	enum jembatan_result r = inbox_find(d->o.db, row->instance_id, &same, &none, &message_id,
					    &ticket_id, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	return r == JEMBATAN_OK ? inbox_get(d->o.db, message_id, d->arena, out, why) : r;
}

/* What it changes or answers may still wait for its attachments: one after the
 * other. */
static enum jembatan_result wait_for_older(struct decide *d, const struct inbox_row *row,
					   const struct digest *same, const struct digest *thread,
					   bool *out_handled, struct why *why)
{
	bool waits = false;
	enum jembatan_result r = inbox_waits(d->o.db, row->instance_id, row->id, same, thread, &waits,
					     why);
	if (r != JEMBATAN_OK || !waits)
		return r;
	*out_handled = true;
	return inbox_defer(d->o.db, row->id, clock_now_ms() + WAITS_MS, why);
}

/* Channels bring things in any order: a change before what it changes, an older
 * one after a newer one. NULL: it is the newest. */
static const char *came_late(const struct inbox_row *row, const struct inbox_row *first,
			     const struct inbox_row *last)
{
	const struct jembatan_message *m = &row->message.message;
	enum jembatan_kind before = first->message.message.kind;
	if (m->kind == JEMBATAN_NEW && before == JEMBATAN_EDIT)
		return "its newer words came before it";
	if (m->kind != JEMBATAN_DELETION && (before == JEMBATAN_DELETION ||
					     str_equal(first->reason, DECIDE_TAKEN_BACK)))
		return "the citizen had taken it back before it came";
	if (m->kind == JEMBATAN_EDIT && last->message.message.kind == JEMBATAN_EDIT &&
	    m->arrived_ms != 0 && m->arrived_ms < last->message.message.arrived_ms)
		return "a newer change of it came before";
	return NULL;
}

/* What is added to a report goes where that one has gone: to the unit that it accuses
 * now. An incomplete one has gone nowhere yet, and is read again with these words. */
static enum jembatan_result find_accusation(struct decide *d, const struct inbox_row *row,
					    int64_t ticket_id, bool *out, struct why *why)
{
	struct ticket_row known = { 0 };
	struct ticket t = { 0 };
	enum jembatan_result r = tickets_read(d->o.db, ticket_id, d->arena, &known, &t, why);
	*out = r == JEMBATAN_OK && known.state != TICKET_INCOMPLETE &&
	       decide_know_accuses(d, &row->message.message, &t);
	return r == JEMBATAN_DATA || r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

enum jembatan_result decide_edit(struct decide *d, const struct inbox_row *row,
				 const struct instance_settings *s, bool *out_handled,
				 struct why *why)
{
	struct inbox_row first, last;
	enum jembatan_result r = inbox_get(d->o.db, row->edit_of, d->arena, &first, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (r == JEMBATAN_OK && s != NULL) {
		struct digest same = ticket_same_key(inbox_keys(d->o.db), s->name, &row->message);
		r = wait_for_older(d, row, &same, &(struct digest){ 0 }, out_handled, why);
	}
	if (r == JEMBATAN_OK && !*out_handled)
		r = newest_version(d, row, s, &first, &last, why);
	if (r != JEMBATAN_OK || *out_handled)
		return r;
	const char *reason = came_late(row, &first, &last);
	*out_handled = reason != NULL;
	if (reason != NULL)
		return decide_leave(d, row, INBOX_STORED, last.ticket_id, reason, why);
	if (last.ticket_id == 0 && first.stage != INBOX_BEFORE_START)
		return JEMBATAN_OK;
	*out_handled = true;
	if (last.ticket_id == 0)
		return decide_leave(d, row, INBOX_BEFORE_START, 0,
				    "a change of something older than `start`", why);
	r = tighten(d, row, last.ticket_id, why);
	if (r != JEMBATAN_OK)
		return r;
	if (row->message.message.tracking_id != NULL) {
		bool is_told = false;
		r = learn_tracking(d, row, last.ticket_id, &is_told, why);
		if (r != JEMBATAN_OK || is_told)
			return r;
	}
	if (decide_same_words(&last.message.message, &row->message.message))
		return decide_leave(d, row, INBOX_STORED, last.ticket_id,
				    "the source changed something beside the words: nothing is sent", why);
	bool accuses = false;
	r = find_accusation(d, row, last.ticket_id, &accuses, why);
	if (r != JEMBATAN_OK || accuses) {
		*out_handled = r != JEMBATAN_OK;
		return r;
	}
	r = decide_join(d, row, last.ticket_id, "the citizen changed the text", why);
	return r == JEMBATAN_OK ? decide_compare_change(d, row, s, &first, why) : r;
}

static bool is_own_thread(const struct jembatan_message *m)
{
	return m->thread != NULL && str_equal(m->thread, m->author.id);
}

bool decide_same_person(const struct inbox_row *a, const struct inbox_row *b)
{
	const struct jembatan_message *m = &a->message.message, *n = &b->message.message;
	return person_same(&m->author, &n->author, a->instance_id == b->instance_id) ||
	       (inbox_is_same_thread(a, b) && is_own_thread(m) && is_own_thread(n));
}

/* A word that was chosen and does not say of what: it is not of what he reported long
 * ago. What it answers by name is found however old. */
static bool is_too_old(const struct inbox_row *row, const struct inbox_row *known)
{
	const struct jembatan_message *m = &row->message.message;
	return m->kind == JEMBATAN_FOLLOW_UP && (m->flags & JEMBATAN_UNSURE) != 0 &&
	       is_own_thread(m) && !str_equal(m->reply_to, known->message.message.id) &&
	       row->received_ms - known->received_ms > CHOICE_MS;
}

/* Several people may write in one thread: the newest of this one counts. Not
 * written: none of this person's has a ticket. */
static enum jembatan_result own_ticket(struct decide *d, const struct inbox_row *row,
				       const struct digest *same, const struct digest *thread,
				       int64_t *out_ticket_id, struct why *why)
{
	int64_t message_id = INT64_MAX, ticket_id = 0;
	for (unsigned n = 0; n < THREAD_LOOK_MAX; n++) {
		struct inbox_row known;
		enum jembatan_result r = inbox_find_before(d->o.db, row->instance_id, same, thread,
							   message_id, &message_id, &ticket_id, why);
		if (r == JEMBATAN_GONE)
			return JEMBATAN_OK;
		if (r == JEMBATAN_OK)
			r = inbox_get(d->o.db, message_id, d->arena, &known, why);
		if (r != JEMBATAN_OK)
			return r;
		if (decide_same_person(&known, row)) {
			*out_ticket_id = is_too_old(row, &known) ? 0 : ticket_id;
			return JEMBATAN_OK;
		}
	}
	return JEMBATAN_OK;
}

static enum jembatan_result take_answer(struct decide *d, const struct inbox_row *row,
					int64_t ticket_id, const char *reason, bool *out_handled,
					struct why *why)
{
	bool accuses = false;
	enum jembatan_result r = find_accusation(d, row, ticket_id, &accuses, why);
	if (r != JEMBATAN_OK || accuses)
		return r;
	*out_handled = true;
	r = tighten(d, row, ticket_id, why);
	return r == JEMBATAN_OK ? decide_join(d, row, ticket_id, reason, why) : r;
}

enum jembatan_result decide_answer(struct decide *d, const struct inbox_row *row,
				   const struct instance_settings *s, bool *out_handled,
				   struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	const char *instance = s != NULL ? s->name : "removed";
	int64_t ticket_id = 0;
	enum jembatan_result r = (m->flags & JEMBATAN_FROM_CENTRE) != 0 ? JEMBATAN_OK :
				 decide_find_told(d, row, &ticket_id, why);
	if (r != JEMBATAN_OK || ticket_id != 0)
		return r == JEMBATAN_OK ? take_answer(d, row, ticket_id, "an answer to what we sent, or "
						      "of its reporter, who names it", out_handled,
						      why) : r;
	if (m->kind != JEMBATAN_FOLLOW_UP && m->reply_to == NULL)
		return JEMBATAN_OK;
	struct digest same = { 0 };
	if (m->reply_to != NULL) {
		struct msg_message by_id = { .message = { .size = sizeof(by_id.message),
							  .id = m->reply_to } };
		same = ticket_same_key(inbox_keys(d->o.db), instance, &by_id);
	}
	r = own_ticket(d, row, &same, &row->thread_key, &ticket_id, why);
	if (r == JEMBATAN_OK && ticket_id == 0)
		return wait_for_older(d, row, &same, &row->thread_key, out_handled, why);
	return r != JEMBATAN_OK ? r :
	       take_answer(d, row, ticket_id, "an answer of the same person in the same thread",
			   out_handled, why);
}
