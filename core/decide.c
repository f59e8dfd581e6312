/* decide.c: from inbox rows to tickets, follow-ups, links and what is only
 * kept. Every branch leaves a reason that `jembatan explain` shows. */
#include "decide_inside.h"
#include "decide_know.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scout.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/thread.h"
#include "compare.h"
#include "store/audit.h"
#include "store/incomplete.h"
#include "store/quarantine.h"
#include "store/outbox_rows.h"
#include "ticket/complete.h"
#include "ticket/understand.h"
#include "ticket/personal.h"
#include "base/poison.h"

#define RAW_INLINE_MAX FRAME_BLOB_MAX /* a webhook of one message keeps its body */

struct decide *decide_new(const struct decide_options *o)
{
	struct decide *d = xcalloc(1, sizeof(*d));
	d->o = *o;
	d->arena = arena_new();
	d->know = decide_know_new();
	d->compare = compare_new(o->db);
	d->memo = tokens_memo_new();
	d->scout = scout_new(thread_processors() > 1);
	return d;
}

enum jembatan_result decide_set_settings(struct decide *d, const struct settings *settings,
					 struct why *why)
{
	d->o.settings = settings;
	return compare_take_settings(d->compare, &settings->duplicates, why);
}

struct compare *decide_compare(struct decide *d)
{
	return d->compare;
}

void decide_set_tables(struct decide *d, const struct know_tables *tables)
{
	d->o.tables = tables;
}

void decide_free(struct decide *d)
{
	if (d == NULL)
		return;
	decide_know_free(d->know);
	compare_free(d->compare);
	scout_free(d->scout);
	tokens_memo_free(d->memo);
	arena_free(d->arena);
	free(d);
}

enum jembatan_result decide_leave(struct decide *d, const struct inbox_row *row,
				  enum inbox_stage stage, int64_t ticket_id, const char *reason,
				  struct why *why)
{
	return inbox_decide(d->o.db, row, stage, ticket_id, reason, why);
}

enum jembatan_result decide_note(struct decide *d, int64_t ticket_id, const char *actor,
				 const char *what, const char *reason, struct why *why)
{
	return audit_add(d->o.db, AUDIT_TICKET, ticket_id, actor, what, reason, clock_now_ms(), why);
}

bool decide_is_tracking_id(const char *s)
{
	size_t n = strspn(s, "0123456789");
	return s[n] == '\0' && n >= 6 && n <= 10;
}

/* ---- a ticket ---------------------------------------------------------- */

static bool has_files(const struct msg_message *m)
{
	for (size_t i = 0; i < m->file_count; i++)
		if (m->files[i].token != NULL)
			return true;
	return false;
}

bool decide_is_suspect(const struct decide *d, const struct inbox_row *row)
{
	const struct jembatan_message *m = &row->message.message;
	return d->o.hold != NULL && hold_is_suspect(d->o.hold, row->received_ms,
						    m->arrived_ms != 0 ? m->arrived_ms : m->sent_ms);
}

enum jembatan_result decide_queue(struct decide *d, const struct inbox_row *row, int64_t ticket_id,
				  enum outbox_kind kind, enum outbox_step first,
				  const char *reference, struct why *why)
{
	int64_t now = clock_now_ms(), id = 0;
	enum jembatan_result r =
		outbox_rows_add(d->o.db, ticket_id, kind == OUTBOX_FOLLOW_UP ? row->id : 0, kind, first,
				reference, now, now, &id, why);
	if (r == JEMBATAN_OK && decide_is_suspect(d, row))
		r = outbox_rows_hold(d->o.db, id, HOLD_REASON, now, why);
	return r;
}

enum jembatan_result decide_queue_create(struct decide *d, const struct inbox_row *row,
					 int64_t ticket_id, const char *reference, struct why *why)
{
	return decide_queue(d, row, ticket_id, OUTBOX_CREATE,
			    has_files(&row->message) ? OUTBOX_FILES : OUTBOX_POST, reference, why);
}

/* A reference is 30 random bits: try again when it is taken. */
static enum jembatan_result add_ticket(struct decide *d, struct ticket *t, struct ticket_row *row,
				       struct why *why)
{
	row->reference = t->reference;
	row->form = t;
	enum jembatan_result r = tickets_add(d->o.db, row, &row->id, why);
	for (unsigned tries = 0; tries < 16 && r == JEMBATAN_DATA; tries++) {
		row->reference = t->reference = decide_new_reference(d);
		r = tickets_add(d->o.db, row, &row->id, why);
	}
	row->form = NULL;
	return r;
}

struct verdict {
	enum ticket_state state;
	enum inbox_stage stage;
	const char *what, *reason;
};

/* Why it goes where it goes, with what is worth knowing there. */
static const char *with_lacks(struct decide *d, const char *reason, const struct decide_known *known)
{
	return known->lacks == NULL ? reason : arena_printf(d->arena, "%s; %s", reason, known->lacks);
}

/* misfit: where it breaks the format, or NULL. */
static struct verdict judge(struct decide *d, const struct instance_settings *s,
			    const struct ticket *t, const char *misfit,
			    const struct decide_known *known)
{
	if (t->from_centre || (t->tracking_id != NULL && decide_is_tracking_id(t->tracking_id)))
		return (struct verdict){ TICKET_LINKED, INBOX_LINKED, "linked",
			"it came from the centre, or carries its number already: never pushed" };
	if (t->tracking_id != NULL)
		return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review",
			"the source carries a number of the centre that cannot be one: is it there "
			"already?" };
	if (misfit != NULL)
		return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review",
			arena_printf(d->arena, "it does not fit the national format: %s", misfit) };
	if (s == NULL)
		return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review",
			"its instance is not configured any more" };
	if (known->missing != 0 && s->push != PUSH_SHADOW)
		return (struct verdict){ TICKET_INCOMPLETE, INBOX_TICKET, "incomplete",
			arena_printf(d->arena, "menunggu kelengkapan: its reporter is asked for: %s",
				     complete_names(known->missing, d->arena)) };
	switch (s->push) {
	case PUSH_AUTO:
		if (known->review != NULL)
			return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review", known->review };
		return (struct verdict){ TICKET_QUEUED, INBOX_TICKET, "queued",
			with_lacks(d, known->note != NULL ? known->note :
				   "push: auto sends it to the centre", known) };
	case PUSH_SHADOW:
		return (struct verdict){ TICKET_SHADOW, INBOX_TICKET, "shadow",
			"push: shadow does everything but the sending" };
	case PUSH_REVIEW:
		break;
	}
	return (struct verdict){ TICKET_REVIEW, INBOX_TICKET, "review",
		with_lacks(d, "push: review waits for a person: `jembatan review accept`", known) };
}

/* A planted bug: the message leaves its stage before its product is there. */
static enum jembatan_result leave_too_early(struct decide *d, const struct inbox_row *row,
					    struct why *why)
{
	enum jembatan_result r = decide_leave(d, row, INBOX_TICKET, 0, NULL, why);
	if (r == JEMBATAN_OK)
		r = db_commit(d->o.db, why);
	return r == JEMBATAN_OK ? db_begin(d->o.db, why) : r;
}

/* What follows from the ticket's state. */
static enum jembatan_result begin_state(struct decide *d, const struct inbox_row *row,
					const struct ticket_row *t, unsigned missing,
					struct why *why)
{
	if (t->state == TICKET_INCOMPLETE)
		return decide_know_wait(d, t->id, missing, why);
	if (t->state == TICKET_QUEUED && d->outbox != NULL && !has_files(&row->message))
		return outbox_add_create(d->outbox, t->id, t->reference, why);
	return t->state == TICKET_QUEUED || t->state == TICKET_UNKNOWN ?
	       decide_queue_create(d, row, t->id, t->reference, why) : JEMBATAN_OK;
}

enum jembatan_result decide_make_ticket(struct decide *d, const struct inbox_row *row,
					const struct instance_settings *s, int64_t *out_id,
					struct why *why)
{
	struct ticket t = { 0 };
	struct decide_known known;
	enum jembatan_result r = decide_understand(d, row, s, &t, &known, why);
	if (r == JEMBATAN_DATA)
		return decide_leave(d, row, INBOX_STORED, 0, why->text, why);
	if (r != JEMBATAN_OK)
		return r;
	struct why misfit;
	bool fits = ticket_check(&t, d->o.schema, &misfit) == JEMBATAN_OK;
	struct verdict v = judge(d, s, &t, fits ? NULL : misfit.text, &known);
	if (v.state == TICKET_QUEUED && decide_is_suspect(d, row))
		v = (struct verdict){ TICKET_UNKNOWN, INBOX_TICKET, "unknown", HOLD_REASON };
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
	if (r == JEMBATAN_OK)
		r = decide_note(d, ticket.id, DECIDE_ACTOR, v.what, v.reason, why);
	if (r == JEMBATAN_OK)
		r = begin_state(d, row, &ticket, known.missing, why);
	if (r == JEMBATAN_OK)
		r = decide_leave(d, row, v.stage, ticket.id, v.reason, why);
	if (r == JEMBATAN_OK)
		*out_id = ticket.id;
	return r;
}

/* ---- one message ------------------------------------------------------- */

static const char *only_kept(const struct jembatan_message *m)
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

/* Into quarantine: large raw bytes stay in the file where they are. */
static enum jembatan_result quarantine(struct decide *d, const struct inbox_row *row,
				       const char *reason, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	struct msg_begin begin = { .id = m->id, .raw_type = m->raw_type,
				   .spooled = row->message.raw_spooled,
				   .spooled_count = row->message.raw_spooled_count };
	CLEANUP(buf_done) struct buf raw;
	char sentence[400];
	int64_t id = 0;
	buf_init(&raw, RAW_INLINE_MAX);
	/* It is kept in clear. Cut behind it: half a number is not known as one. */
	char *masked = arena_strdup(d->arena, reason);
	(void)personal_mask(masked, PERSONAL_ALL);
	str_copy(sentence, sizeof(sentence), masked);
	/* Without them the message itself still holds what there is. */
	if (begin.spooled_count == 0 && inbox_raw(d->o.db, row->id, &raw, NULL) != JEMBATAN_OK)
		buf_clear(&raw);
	struct digest key = { 0 };
	if (m->id != NULL)
		key = digest_sha256(bytes_text(m->id));
	else if (begin.spooled_count > 0 && begin.spooled->sha256.size == DIGEST_SIZE)
		memcpy(key.bytes, begin.spooled->sha256.data, DIGEST_SIZE);
	else if (raw.size > 0)
		key = digest_sha256(buf_bytes(&raw));
	else
		key = digest_sha256(bytes_text(arena_printf(d->arena, "m%lld", (long long)row->id)));
	return quarantine_add(d->o.db, row->instance_id, &key, &begin, buf_bytes(&raw), sentence,
			      clock_now_ms(), &id, why);
}

static enum jembatan_result keep_unreadable(struct decide *d, const struct inbox_row *row,
					    struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	/* The plugin's sentence, unless it may be a citizen's. */
	bool is_reason = m->text != NULL && m->subject == NULL && m->author.id == NULL &&
			 m->author.name == NULL && m->author.phone == NULL && m->author.mail == NULL;
	enum jembatan_result r = quarantine(d, row, is_reason ? m->text :
					    "the connector could not read it", why);
	if (r == JEMBATAN_OK)
		r = decide_ask_again(d, row, why);
	return r != JEMBATAN_OK ? r :
	       decide_leave(d, row, INBOX_STORED, 0, "it cannot be read: see `jembatan quarantine list`",
		     why);
}

/* The store refused its decision: it must not stop what is behind it. */
static enum jembatan_result set_aside(struct decide *d, const struct inbox_row *row,
				      struct why *why)
{
	const char *reason = arena_printf(d->arena, "it could not be decided: %s", d->stuck_why);
	enum jembatan_result r = quarantine(d, row, reason, why);
	return r == JEMBATAN_OK ? decide_leave(d, row, INBOX_STORED, 0, reason, why) : r;
}

static enum jembatan_result keep(struct decide *d, const struct inbox_row *row, const char *reason,
				 struct why *why)
{
	int64_t ticket_id = 0;
	if (row->edit_of != 0) {
		struct inbox_row first;
		if (inbox_get(d->o.db, row->edit_of, d->arena, &first, why) == JEMBATAN_OK)
			ticket_id = first.ticket_id;
	}
	if (ticket_id != 0) {
		enum jembatan_result r = decide_note(d, ticket_id, DECIDE_ACTOR, "noted", reason, why);
		if (r != JEMBATAN_OK)
			return r;
	}
	return decide_leave(d, row, INBOX_STORED, ticket_id, reason, why);
}

static enum jembatan_result decide_one(struct decide *d, const struct inbox_row *row,
				       struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	int64_t start_ms = 0;
	const struct instance_settings *s = intake_instance(d->o.intake, row->instance_id, &start_ms);
	d->tried_id = row->id;
	if (row->id == d->stuck_id)
		return set_aside(d, row, why);
	if (m->size == 0)
		return decide_leave(d, row, INBOX_STORED, 0,
			     "its sealed content does not open: bring the store back from a backup", why);
	struct decide_gather g;
	bool handled = false;
	enum jembatan_result r = decide_gather_first(d, row, s, &g, &handled, why);
	if (r != JEMBATAN_OK || handled)
		return r;
	if (m->kind == JEMBATAN_UNREADABLE)
		return keep_unreadable(d, row, why);
	const char *reason = only_kept(m);
	if (reason != NULL)
		return keep(d, row, reason, why);
	if (row->edit_of != 0)
		r = decide_edit(d, row, s, &handled, why);
	if (r == JEMBATAN_OK && !handled && !g.is_part)
		r = decide_answer(d, row, s, &handled, why);
	if (r != JEMBATAN_OK || handled)
		return r;
	if (m->arrived_ms != 0 && m->arrived_ms < start_ms)
		return decide_leave(d, row, INBOX_BEFORE_START, 0,
			     "it arrived before `start`: `jembatan backfill` takes it along", why);
	r = decide_gather(d, row, s, &g, &handled, why);
	if (r != JEMBATAN_OK || handled)
		return r;
	int64_t due_ms = 0;
	if (g.count == 0 && fetch_hold(d->o.fetch, row, &due_ms))
		return inbox_defer(d->o.db, row->id, due_ms, why);
	r = decide_new_complaint(d, g.whole, s, why);
	return r == JEMBATAN_OK ? decide_gathered(d, &g, why) : r;
}

static enum jembatan_result decide_some(struct decide *d, size_t limit, int64_t budget_us,
					bool *out_more, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	int64_t began_us = clock_mono_us();
	size_t slice = budget_us < DECIDE_SHORT_US ? DECIDE_SHORT_SLICE : DECIDE_SLICE;
	size_t left = limit, count = 0, done = 0, most;
	bool ready = false, is_over = false;
	d->tried_id = 0;
	r = compare_load(d->compare, budget_us, &ready, why);
	if (r != JEMBATAN_OK || !ready) {
		*out_more = true;
		return r;
	}
	r = decide_know_due(d, why);
	do {
		arena_reset(d->arena);
		most = left < slice ? left : slice;
		if (r == JEMBATAN_OK)
			r = inbox_take(d->o.db, clock_now_ms(), most, d->arena, d->rows, &count, why);
		if (r == JEMBATAN_OK)
			decide_look_ahead(d, d->rows, count);
		done = 0;
		while (done < count && !is_over && r == JEMBATAN_OK) {
			r = decide_one(d, &d->rows[done++], why);
			is_over = clock_mono_us() - began_us >= budget_us;
		}
		scout_end(d->scout);
		left -= done;
	} while (r == JEMBATAN_OK && count == most && left > 0 && !is_over);
	*out_more = count == most || done < count;
	if (r == JEMBATAN_OK && left == limit)
		r = compare_tidy(d->compare, why);
	if (r == JEMBATAN_OK) {
		d->stuck_id = d->tried_id = 0;
	} else if (r == JEMBATAN_DATA || r == JEMBATAN_GONE) {
		str_copy(d->stuck_why, sizeof(d->stuck_why), why->text);
		r = JEMBATAN_DATA;
	} else {
		d->tried_id = 0;
	}
	return r;
}

enum jembatan_result decide_write(struct decide *d, struct outbox *outbox, size_t limit,
				  int64_t budget_us, bool *out_more, struct why *why)
{
	d->outbox = outbox;
	enum jembatan_result r = decide_some(d, limit, budget_us, out_more, why);
	d->outbox = NULL;
	return r;
}

void decide_committed(struct decide *d)
{
	compare_committed(d->compare);
}

bool decide_aborted(struct decide *d)
{
	compare_aborted(d->compare);
	bool is_new = d->tried_id != 0 && d->tried_id != d->stuck_id;
	if (is_new) {
		d->stuck_id = d->tried_id;
		log_error("decide", "message m%lld is put in quarantine: %s", (long long)d->stuck_id,
			  d->stuck_why);
	}
	d->tried_id = 0;
	return is_new;
}

/* ---- a person's decision ----------------------------------------------- */

static bool waits_for_a_person(const struct ticket_row *t)
{
	return t->state == TICKET_REVIEW || t->state == TICKET_SHADOW ||
	       t->state == TICKET_INCOMPLETE || t->state == TICKET_ARCHIVED;
}

enum jembatan_result decide_accept(struct decide *d, const struct ticket_row *t, const char *actor,
				   struct why *why)
{
	return decide_let_go(d, t, actor, "a person accepted it", why);
}

enum jembatan_result decide_let_go(struct decide *d, const struct ticket_row *t, const char *actor,
				   const char *reason, struct why *why)
{
	struct arena *arena = arena_new();
	struct inbox_row *rows = arena_alloc(arena, OF_TICKET_MAX * sizeof(*rows));
	size_t count = 0;
	enum jembatan_result r = JEMBATAN_OK;
	if (!waits_for_a_person(t))
		r = why_set(why, JEMBATAN_DATA, "%s does not wait for review: it is %s", t->reference,
			    ticket_state_name(t->state));
	if (r == JEMBATAN_OK)
		r = inbox_of_ticket(d->o.db, t->id, OF_TICKET_MAX, arena, rows, &count, why);
	if (r == JEMBATAN_OK)
		r = incomplete_remove(d->o.db, t->id, why);
	if (r == JEMBATAN_OK)
		r = tickets_set_state(d->o.db, t->id, TICKET_QUEUED, reason, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		if (rows[i].id == t->message_id) {
			r = decide_queue_create(d, &rows[i], t->id, t->reference, why);
			if (r == JEMBATAN_OK && decide_is_suspect(d, &rows[i]))
				r = tickets_set_state(d->o.db, t->id, TICKET_UNKNOWN, HOLD_REASON, why);
		} else if (rows[i].stage == INBOX_FOLLOW_UP) {
			r = decide_queue(d, &rows[i], t->id, OUTBOX_FOLLOW_UP, OUTBOX_POST,
					 arena_printf(arena, "%s-F%lld", t->reference,
						      (long long)rows[i].id), why);
		}
	}
	if (r == JEMBATAN_OK)
		r = decide_note(d, t->id, actor, "accepted", reason, why);
	arena_free(arena);
	return r;
}

enum jembatan_result decide_reject(struct decide *d, const struct ticket_row *t, const char *actor,
				   const char *reason, struct why *why)
{
	if (!waits_for_a_person(t))
		return why_set(why, JEMBATAN_DATA, "%s does not wait for review: it is %s", t->reference,
			       ticket_state_name(t->state));
	enum jembatan_result r = incomplete_remove(d->o.db, t->id, why);
	if (r == JEMBATAN_OK)
		r = tickets_set_state(d->o.db, t->id, TICKET_REJECTED, reason, why);
	if (r == JEMBATAN_OK)
		r = decide_note(d, t->id, actor, "rejected", reason, why);
	return r;
}
