/* decide.c: from inbox rows to tickets, follow-ups, links and what is only
 * kept. Every branch leaves a reason that `jembatan explain` shows. */
#include "decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "intake/batch.h"
#include "store/audit.h"
#include "store/quarantine.h"
#include "store/outbox_rows.h"
#include "ticket/normalize.h"
#include "base/poison.h"

#define ACTOR "jembatan"
#define OF_TICKET_MAX 256u
#define EDIT_WAITS_MS 2000

struct decide {
	struct decide_options o;
	struct arena *arena;
	struct inbox_row *rows;
	size_t capacity;
};

struct decide *
decide_new(const struct decide_options *o)
{
	struct decide *d = xcalloc(1, sizeof(*d));
	d->o = *o;
	d->arena = arena_new();
	return d;
}

void
decide_free(struct decide *d)
{
	if (d == NULL)
		return;
	arena_free(d->arena);
	free(d->rows);
	free(d);
}

static enum jembatan_result
leave(struct decide *d, const struct inbox_row *row, enum inbox_stage stage, int64_t ticket_id,
      const char *reason, struct why *why)
{
	return inbox_leave(d->o.db, row->id, stage, ticket_id, reason, why);
}

static enum jembatan_result
note(struct decide *d, int64_t ticket_id, const char *actor, const char *what,
     const char *reason, struct why *why)
{
	return audit_add(d->o.db, AUDIT_TICKET, ticket_id, actor, what, reason, clock_now_ms(), why);
}

/* ---- a ticket ---------------------------------------------------------- */

static bool
has_files(const struct msg_message *m)
{
	for (size_t i = 0; i < m->file_count; i++)
		if (m->files[i].token != NULL)
			return true;
	return false;
}

static enum jembatan_result
queue_create(struct decide *d, int64_t ticket_id, const char *reference,
	     const struct msg_message *m, struct why *why)
{
	int64_t now = clock_now_ms(), id;
	return outbox_rows_add(d->o.db, ticket_id, 0, OUTBOX_CREATE,
			       has_files(m) ? OUTBOX_FILES : OUTBOX_POST, reference, now, now, &id,
			       why);
}

/* A reference is 30 random bits: try again when it is taken. */
static enum jembatan_result
add_ticket(struct decide *d, struct ticket *t, struct ticket_row *row, struct why *why)
{
	enum jembatan_result r = JEMBATAN_DATA;
	for (unsigned tries = 0; tries < 16 && r == JEMBATAN_DATA; tries++) {
		uint8_t random[5];
		char reference[TICKET_REFERENCE_SIZE];
		digest_random(random, sizeof(random));
		ticket_reference(random, reference);
		t->reference = row->reference = arena_strdup(d->arena, reference);
		CLEANUP(free_pointer) char *body = ticket_to_json(t);
		row->body = body;
		r = tickets_add(d->o.db, row, &row->id, why);
		row->body = NULL;
	}
	return r;
}

/* Numbers of the centre have 6 to 10 digits; staff type them by hand. */
static bool
is_tracking_id(const char *s)
{
	size_t n = strspn(s, "0123456789");
	return s[n] == '\0' && n >= 6 && n <= 10;
}

struct verdict {
	enum ticket_state state;
	enum inbox_stage stage;
	const char *what, *reason;
};

static struct verdict
judge(struct decide *d, const struct instance_settings *s, const struct ticket *t)
{
	struct why why;
	if (t->from_centre || (t->tracking_id != NULL && is_tracking_id(t->tracking_id)))
		return (struct verdict){ TICKET_LINKED, INBOX_LINKED, "linked",
			"it came from the centre, or carries its number already: never pushed" };
	if (t->tracking_id != NULL)
		return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review",
			"the source carries a number of the centre that cannot be one: is it there "
			"already?" };
	CLEANUP(free_pointer) char *body = ticket_to_json(t);
	if (ticket_validate(d->o.schema, bytes_text(body), &why) != JEMBATAN_OK)
		return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review",
			arena_printf(d->arena, "it does not fit the national format: %s", why.text) };
	if (s == NULL)
		return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review",
			"its instance is not configured any more" };
	switch (s->push) {
	case PUSH_AUTO:
		return (struct verdict){ TICKET_QUEUED, INBOX_TICKET, "queued",
			"push: auto sends it to the centre" };
	case PUSH_SHADOW:
		return (struct verdict){ TICKET_SHADOW, INBOX_TICKET, "shadow",
			"push: shadow does everything but the sending" };
	case PUSH_REVIEW:
		break;
	}
	return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review",
		"push: review waits for a person: `jembatan review accept`" };
}

/* A planted bug: the message leaves its stage before its product is there. */
static enum jembatan_result
leave_too_early(struct decide *d, const struct inbox_row *row, struct why *why)
{
	enum jembatan_result r = leave(d, row, INBOX_TICKET, 0, NULL, why);
	if (r == JEMBATAN_OK)
		r = db_commit(d->o.db, why);
	return r == JEMBATAN_OK ? db_begin(d->o.db, why) : r;
}

static enum jembatan_result
make_ticket(struct decide *d, const struct inbox_row *row, const struct instance_settings *s,
	    struct why *why)
{
	const struct msg_message *m = &row->message;
	struct ticket t = { 0 };
	struct normalize_options options = {
		.instance = s != NULL ? s->name : "removed",
		.channel = s != NULL ? s->connector : NULL,
		.source_system = s != NULL ? (s->profile != NULL ? s->profile : s->connector) : NULL,
		.reference = "JB-000000", /* the real one comes with the row */
		.received_ms = row->received_ms,
		.zone_minutes = d->o.settings->central.zone_minutes,
	};
	enum jembatan_result r = normalize_message(m, &options, d->arena, &t, why);
	if (r == JEMBATAN_DATA)
		return leave(d, row, INBOX_STORED, 0, why->text, why);
	if (r != JEMBATAN_OK)
		return r;
	struct verdict v = judge(d, s, &t);
	struct ticket_row ticket = {
		.instance_id = row->instance_id,
		.message_id = row->id,
		.created_ms = clock_now_ms(),
		.state = v.state,
		.tracking_id = v.state == TICKET_LINKED ? t.tracking_id : NULL,
		.reason = v.reason,
	};
	r = FAULT_PLANTED("decision-split") ? leave_too_early(d, row, why) : JEMBATAN_OK;
	FAULT_POINT("decide.mid");
	if (r == JEMBATAN_OK)
		r = add_ticket(d, &t, &ticket, why);
	if (r == JEMBATAN_OK && v.state == TICKET_QUEUED)
		r = queue_create(d, ticket.id, ticket.reference, m, why);
	if (r == JEMBATAN_OK)
		r = note(d, ticket.id, ACTOR, v.what, v.reason, why);
	if (r == JEMBATAN_OK)
		r = leave(d, row, v.stage, ticket.id, v.reason, why);
	return r;
}

/* ---- what belongs to a ticket that is there ---------------------------- */

static enum jembatan_result
join(struct decide *d, const struct inbox_row *row, int64_t ticket_id, const char *reason,
     struct why *why)
{
	struct ticket_row t;
	enum jembatan_result r = tickets_get(d->o.db, ticket_id, d->arena, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	int64_t start_ms;
	const struct instance_settings *s = intake_instance(d->o.intake, row->instance_id, &start_ms);
	/* A person accepted the ticket, and with it what its reporter adds. */
	bool is_open = t.state == TICKET_QUEUED || t.state == TICKET_PUSHED ||
		       t.state == TICKET_UNKNOWN || t.state == TICKET_REFUSED;
	if (is_open && s != NULL && s->push == PUSH_SHADOW) {
		reason = "push: shadow does everything but the sending";
	} else if (is_open) {
		int64_t now = clock_now_ms(), id;
		const char *reference = arena_printf(d->arena, "%s-F%lld", t.reference,
						     (long long)row->id);
		r = outbox_rows_add(d->o.db, ticket_id, row->id, OUTBOX_FOLLOW_UP, OUTBOX_POST,
				    reference, now, now, &id, why);
	}
	if (r == JEMBATAN_OK)
		r = note(d, ticket_id, ACTOR, "follow-up", reason, why);
	if (r == JEMBATAN_OK)
		r = leave(d, row, INBOX_FOLLOW_UP, ticket_id, reason, why);
	return r;
}

static bool
same_words(const struct jembatan_message *a, const struct jembatan_message *b)
{
	return str_equal(a->text, b->text) && str_equal(a->subject, b->subject);
}

/* The centre's number appeared at the source: staff typed it in by hand. */
static enum jembatan_result
learn_tracking(struct decide *d, const struct inbox_row *row, int64_t ticket_id, struct why *why)
{
	struct ticket_row t;
	enum jembatan_result r = tickets_get(d->o.db, ticket_id, d->arena, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	if (t.state == TICKET_REVIEW || t.state == TICKET_SHADOW) {
		r = tickets_set_tracking(d->o.db, ticket_id, row->message.message.tracking_id, why);
		if (r == JEMBATAN_OK)
			r = tickets_set_state(d->o.db, ticket_id, TICKET_LINKED,
					      "the source carries the centre's number now", why);
		if (r == JEMBATAN_OK)
			r = note(d, ticket_id, ACTOR, "linked",
				 "the source carries the centre's number now", why);
	} else if (!str_equal(t.tracking_id, row->message.message.tracking_id)) {
		r = note(d, ticket_id, ACTOR, "differs",
			 "the source carries another number of the centre: compare the two", why);
	}
	if (r == JEMBATAN_OK)
		r = leave(d, row, INBOX_STORED, ticket_id, "the source carries the centre's number",
			  why);
	return r;
}

/* The same record with other content. Sets *out_handled when it belongs to a
 * ticket or to a message that waits; else it is decided like a new one. */
static enum jembatan_result
decide_edit(struct decide *d, const struct inbox_row *row, bool *out_handled, struct why *why)
{
	struct inbox_row first;
	enum jembatan_result r = inbox_get(d->o.db, row->edit_of, d->arena, &first, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (r != JEMBATAN_OK)
		return r;
	if (first.stage == INBOX_NEW) {
		/* It waits for its attachments: one after the other. */
		*out_handled = true;
		return inbox_defer(d->o.db, row->id, clock_now_ms() + EDIT_WAITS_MS, why);
	}
	if (first.ticket_id == 0 && first.stage != INBOX_BEFORE_START)
		return JEMBATAN_OK;
	*out_handled = true;
	if (first.stage == INBOX_BEFORE_START)
		return leave(d, row, INBOX_BEFORE_START, 0,
			     "a change of something older than `start`", why);
	if (row->message.message.tracking_id != NULL)
		return learn_tracking(d, row, first.ticket_id, why);
	/* The newest version is what the words are compared with. */
	struct inbox_row *known = arena_alloc(d->arena, OF_TICKET_MAX * sizeof(*known));
	size_t count = 0;
	r = inbox_of_ticket(d->o.db, first.ticket_id, OF_TICKET_MAX, d->arena, known, &count, why);
	if (r != JEMBATAN_OK)
		return r;
	for (size_t i = 0; i < count; i++)
		if (same_words(&known[i].message.message, &row->message.message))
			return leave(d, row, INBOX_STORED, first.ticket_id,
				     "the source changed something beside the words: nothing is sent",
				     why);
	return join(d, row, first.ticket_id, "the citizen changed the text", why);
}

static bool
same_author(const struct jembatan_author *a, const struct jembatan_author *b)
{
	return (a->id != NULL && str_equal(a->id, b->id)) ||
	       (a->mail != NULL && str_equal(a->mail, b->mail)) ||
	       (a->phone != NULL && str_equal(a->phone, b->phone));
}

/* An answer within a known thread, by the same person. Another person's
 * answer is a complaint of its own. */
static enum jembatan_result
decide_answer(struct decide *d, const struct inbox_row *row, const struct instance_settings *s,
	      bool *out_handled, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	struct jembatan_bytes key = db_local_key(d->o.db);
	const char *instance = s != NULL ? s->name : "removed";
	if (m->kind != JEMBATAN_FOLLOW_UP && m->reply_to == NULL)
		return JEMBATAN_OK;
	struct digest same = { 0 }, thread = batch_thread_key(key, instance, m->thread);
	if (m->reply_to != NULL) {
		struct msg_message by_id = { .message = { .size = sizeof(by_id.message),
							  .id = m->reply_to } };
		same = ticket_same_key(key, instance, &by_id);
	}
	int64_t message_id = 0, ticket_id = 0;
	enum jembatan_result r = inbox_find(d->o.db, row->instance_id, &same, &thread, &message_id,
					    &ticket_id, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	struct inbox_row known;
	if (r == JEMBATAN_OK)
		r = inbox_get(d->o.db, message_id, d->arena, &known, why);
	if (r != JEMBATAN_OK)
		return r;
	if (!same_author(&known.message.message.author, &m->author))
		return JEMBATAN_OK;
	*out_handled = true;
	return join(d, row, ticket_id, "an answer of the same person in the same thread", why);
}

/* ---- one message ------------------------------------------------------- */

static const char *
only_kept(const struct jembatan_message *m)
{
	switch (m->kind) {
	case JEMBATAN_REACTION:
		return "a reaction is never a complaint";
	case JEMBATAN_RECEIPT:
		return "a receipt";
	case JEMBATAN_SYSTEM:
		return "a machine wrote it (automatic mail, bounce or notice): neither answered nor "
		       "made into a complaint";
	case JEMBATAN_IGNORED:
		return "the connector says that nothing follows from it (our own post or a repost)";
	case JEMBATAN_DELETION:
		return "the citizen deleted it; what we hold stays";
	case JEMBATAN_NEW:
	case JEMBATAN_FOLLOW_UP:
	case JEMBATAN_EDIT:
	case JEMBATAN_UNREADABLE:
		return NULL;
	}
	return NULL;
}

static enum jembatan_result
keep_unreadable(struct decide *d, const struct inbox_row *row, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	struct buf raw;
	buf_init(&raw, 64u * 1024u * 1024u);
	struct msg_begin begin = { .id = m->id, .raw_type = m->raw_type };
	enum jembatan_result r = inbox_raw(d->o.db, row->id, &raw, why);
	if (r == JEMBATAN_GONE)
		r = JEMBATAN_OK;
	const char *reason = m->text != NULL ? m->text : "the connector could not read it";
	struct digest key = m->id != NULL ? digest_sha256(bytes_text(m->id)) :
			    digest_sha256(buf_bytes(&raw));
	int64_t id = 0;
	if (r == JEMBATAN_OK)
		r = quarantine_add(d->o.db, row->instance_id, &key, &begin, buf_bytes(&raw), reason,
				   clock_now_ms(), &id, why);
	buf_done(&raw);
	if (r == JEMBATAN_OK)
		r = leave(d, row, INBOX_STORED, 0, "it cannot be read: see `jembatan quarantine list`",
			  why);
	return r;
}

static enum jembatan_result
keep(struct decide *d, const struct inbox_row *row, const char *reason, struct why *why)
{
	int64_t ticket_id = 0;
	if (row->edit_of != 0) {
		struct inbox_row first;
		if (inbox_get(d->o.db, row->edit_of, d->arena, &first, why) == JEMBATAN_OK)
			ticket_id = first.ticket_id;
	}
	if (ticket_id != 0) {
		enum jembatan_result r = note(d, ticket_id, ACTOR, "noted", reason, why);
		if (r != JEMBATAN_OK)
			return r;
	}
	return leave(d, row, INBOX_STORED, ticket_id, reason, why);
}

static enum jembatan_result
decide_one(struct decide *d, const struct inbox_row *row, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	int64_t start_ms = 0;
	const struct instance_settings *s = intake_instance(d->o.intake, row->instance_id, &start_ms);
	if (m->size == 0)
		return leave(d, row, INBOX_STORED, 0,
			     "its sealed content does not open: bring the store back from a backup", why);
	if (m->kind == JEMBATAN_UNREADABLE)
		return keep_unreadable(d, row, why);
	const char *reason = only_kept(m);
	if (reason != NULL)
		return keep(d, row, reason, why);
	int64_t due_ms = 0;
	if (fetch_hold(d->o.fetch, row, &due_ms))
		return inbox_defer(d->o.db, row->id, due_ms, why);
	bool handled = false;
	enum jembatan_result r = JEMBATAN_OK;
	if (row->edit_of != 0)
		r = decide_edit(d, row, &handled, why);
	if (r == JEMBATAN_OK && !handled)
		r = decide_answer(d, row, s, &handled, why);
	if (r != JEMBATAN_OK || handled)
		return r;
	if (m->arrived_ms != 0 && m->arrived_ms < start_ms)
		return leave(d, row, INBOX_BEFORE_START, 0,
			     "it arrived before `start`: `jembatan backfill` takes it along", why);
	return make_ticket(d, row, s, why);
}

enum jembatan_result
decide_write(struct decide *d, size_t limit, size_t *out_count, struct why *why)
{
	if (d->capacity < limit) {
		d->rows = xrealloc(d->rows, limit, sizeof(*d->rows));
		d->capacity = limit;
	}
	arena_reset(d->arena);
	size_t count = 0;
	enum jembatan_result r = inbox_take(d->o.db, clock_now_ms(), limit, d->arena, d->rows,
					    &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		r = decide_one(d, &d->rows[i], why);
	*out_count = count;
	return r;
}

/* ---- a person's decision ----------------------------------------------- */

enum jembatan_result
decide_accept(struct decide *d, const struct ticket_row *t, const char *actor, struct why *why)
{
	struct arena *arena = arena_new();
	struct inbox_row *rows = arena_alloc(arena, OF_TICKET_MAX * sizeof(*rows));
	size_t count = 0;
	enum jembatan_result r = JEMBATAN_OK;
	if (t->state != TICKET_REVIEW && t->state != TICKET_SHADOW)
		r = why_set(why, JEMBATAN_DATA, "%s does not wait for review: it is %s", t->reference,
			    ticket_state_name(t->state));
	if (r == JEMBATAN_OK)
		r = inbox_of_ticket(d->o.db, t->id, OF_TICKET_MAX, arena, rows, &count, why);
	if (r == JEMBATAN_OK)
		r = tickets_set_state(d->o.db, t->id, TICKET_QUEUED, "a person accepted it", why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		int64_t now = clock_now_ms(), id;
		if (rows[i].id == t->message_id)
			r = queue_create(d, t->id, t->reference, &rows[i].message, why);
		else if (rows[i].stage == INBOX_FOLLOW_UP)
			r = outbox_rows_add(d->o.db, t->id, rows[i].id, OUTBOX_FOLLOW_UP, OUTBOX_POST,
					    arena_printf(arena, "%s-F%lld", t->reference,
							 (long long)rows[i].id), now, now, &id, why);
	}
	if (r == JEMBATAN_OK)
		r = note(d, t->id, actor, "accepted", "a person accepted it", why);
	arena_free(arena);
	return r;
}

enum jembatan_result
decide_reject(struct decide *d, const struct ticket_row *t, const char *actor,
	      const char *reason, struct why *why)
{
	if (t->state != TICKET_REVIEW && t->state != TICKET_SHADOW)
		return why_set(why, JEMBATAN_DATA, "%s does not wait for review: it is %s", t->reference,
			       ticket_state_name(t->state));
	enum jembatan_result r = tickets_set_state(d->o.db, t->id, TICKET_REJECTED, reason, why);
	if (r == JEMBATAN_OK)
		r = note(d, t->id, actor, "rejected", reason, why);
	return r;
}
