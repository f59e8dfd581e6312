/* retention.c: see retention.h. What is destroyed is destroyed as `jembatan erase`
 * does it: the data keys go, the rows stay, and the log of the store is emptied. */
#include "retention.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "compare.h"
#include "status.h"
#include "store/access.h"
#include "store/instances.h"
#include "store/retention.h"
#include "base/poison.h"

#define REASON "erased: its time to be kept was over"
#define SLICE 16u
#define ACCESS_SLICE 256u
#define WINDOWS 8u /* of one slice that finds nothing */
#define NEXT_MS 100
#define BUSY_MS 1000
#define PASS_MS 3600000
#define DAY_MS INT64_C(86400000)
#define LEAP_MS (30 * DAY_MS)
#define BELIEVED_MS DAY_MS

#define CLOCK_FLAG "retention.clock"
#define TICKETS_FLAG "retention.tickets"
#define MESSAGES_FLAG "retention.messages"
#define RECORDS_FLAG "retention.records"
#define ACCESS_FLAG "retention.access"

enum step { STEP_REST, STEP_TICKETS, STEP_MESSAGES, STEP_RECORDS, STEP_ACCESS, STEP_LOG };

struct retention {
	struct app *app;
	struct loop_timer *next;
	enum step step;
	int64_t after;
	int64_t leapt_mono_ms; /* since when the clock has not been believed; 0: it is */
	int64_t ended_ms;      /* of the last pass in this process */
	bool is_dirty;         /* destroyed, but the log may hold it still */
	struct erase_counts counts; /* of this pass */
	int64_t access;
	struct log_trouble trouble;
};

static bool is_on(const struct settings_retention *s)
{
	return s->closed_ms + s->archived_ms + s->rejected_ms + s->stored_ms + s->quarantine_ms +
	       s->access_ms > 0;
}

static int64_t before(int64_t kept_ms, int64_t now_ms)
{
	return kept_ms > 0 && now_ms > kept_ms ? now_ms - kept_ms : 0;
}

static enum jembatan_result believe(struct db *db, int64_t now_ms, struct why *why)
{
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_set(db, CLOCK_FLAG, now_ms, why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	return r;
}

/* A clock that leapt ahead by years would destroy everything. It is believed when
 * it has gone on like that for a day. */
static bool clock_is_sound(struct retention *x, int64_t now_ms)
{
	struct why why;
	int64_t seen_ms = 0;
	if (instances_flag_get(x->app->db, CLOCK_FLAG, &seen_ms, &why) != JEMBATAN_OK)
		return false;
	if (seen_ms == 0 || now_ms - seen_ms <= LEAP_MS) {
		x->leapt_mono_ms = 0;
		return true;
	}
	if (x->leapt_mono_ms == 0) {
		x->leapt_mono_ms = clock_mono_ms();
		log_warning("retention", "the clock is %lld days ahead of the last look: nothing is "
			    "destroyed for a day", (long long)((now_ms - seen_ms) / DAY_MS));
	}
	if (clock_mono_ms() - x->leapt_mono_ms < BELIEVED_MS ||
	    believe(x->app->db, now_ms, &why) != JEMBATAN_OK)
		return false;
	x->leapt_mono_ms = 0;
	return true;
}

/* ---- one slice, in a transaction ---- */

static enum jembatan_result add_to(struct db *db, const char *flag, int64_t count, struct why *why)
{
	int64_t so_far = 0;
	if (count == 0)
		return JEMBATAN_OK;
	enum jembatan_result r = instances_flag_get(db, flag, &so_far, why);
	return r == JEMBATAN_OK ? instances_flag_set(db, flag, so_far + count, why) : r;
}

static enum jembatan_result add_counts(struct db *db, const struct erase_counts *c,
				       struct why *why)
{
	enum jembatan_result r = add_to(db, TICKETS_FLAG, c->tickets, why);
	if (r == JEMBATAN_OK)
		r = add_to(db, MESSAGES_FLAG, c->messages, why);
	return r == JEMBATAN_OK ? add_to(db, RECORDS_FLAG, c->records, why) : r;
}

struct slice {
	struct erase_item items[SLICE];
	int64_t compared[SLICE];
	size_t count;
	struct erase_counts counts;
	int64_t after;
	bool is_end;
};

/* A ticket of many messages takes several slices. */
static enum jembatan_result find_ticket(struct db *db, const struct retention_before *b,
					struct slice *s, struct why *why)
{
	int64_t id = 0;
	size_t n = 0;
	enum jembatan_result r = retention_find(db, RETENTION_TICKETS, b, &s->after, 1, &id, &n,
						&s->is_end, why);
	if (r != JEMBATAN_OK || n == 0)
		return r;
	r = retention_of_ticket(db, id, SLICE, s->items, &s->count, why);
	if (s->count == SLICE) {
		s->after = id - 1;
		s->is_end = false;
	} else if (r == JEMBATAN_OK) {
		r = audit_add(db, AUDIT_TICKET, id, NULL, "erased", "its time to be kept was over",
			      clock_now_ms(), why);
	}
	return r;
}

static enum jembatan_result find_rows(struct db *db, enum retention_kind kind,
				      const struct retention_before *b, struct slice *s,
				      struct why *why)
{
	int64_t ids[SLICE];
	enum jembatan_result r = retention_find(db, kind, b, &s->after, SLICE, ids, &s->count,
						&s->is_end, why);
	for (size_t i = 0; i < s->count && r == JEMBATAN_OK; i++)
		s->items[i] = (struct erase_item){ kind == RETENTION_MESSAGES ? AUDIT_MESSAGE :
						   AUDIT_QUARANTINE, ids[i] };
	return r;
}

static enum jembatan_result destroy(struct db *db, struct slice *s, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < s->count && r == JEMBATAN_OK; i++) {
		const struct erase_item *item = &s->items[i];
		r = erase_item(db, item, REASON, &s->counts, NULL, why);
		if (r == JEMBATAN_OK)
			r = audit_add(db, item->subject, item->id, NULL, "erased",
				      "its time to be kept was over", clock_now_ms(), why);
		if (r == JEMBATAN_OK && item->subject == AUDIT_MESSAGE)
			r = erase_compared(db, item->id, &s->compared[i], why);
	}
	return r == JEMBATAN_OK ? add_counts(db, &s->counts, why) : r;
}

static enum jembatan_result look(struct db *db, enum step step, const struct retention_before *b,
				 struct slice *s, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (unsigned n = 0; n < WINDOWS && s->count == 0 && !s->is_end && r == JEMBATAN_OK; n++)
		r = step == STEP_TICKETS ? find_ticket(db, b, s, why) :
		    step == STEP_MESSAGES ? find_rows(db, RETENTION_MESSAGES, b, s, why) :
					    find_rows(db, RETENTION_RECORDS, b, s, why);
	return r == JEMBATAN_OK ? destroy(db, s, why) : r;
}

static void next_step(struct retention *x)
{
	x->step++;
	x->after = 0;
}

static void took(struct retention *x, const struct slice *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->compared[i] != 0)
			compare_forget(decide_compare(x->app->decide), s->compared[i]);
	x->counts.tickets += s->counts.tickets;
	x->counts.messages += s->counts.messages;
	x->counts.records += s->counts.records;
	x->is_dirty |= s->count > 0;
	if (s->counts.files > 0)
		inbox_sweep(x->app->db);
	x->after = s->after;
	if (s->is_end)
		next_step(x);
}

static bool is_wanted(enum step step, const struct retention_before *b)
{
	return step == STEP_TICKETS ? b->closed + b->archived + b->rejected > 0 :
	       step == STEP_MESSAGES ? b->stored > 0 : b->quarantine > 0;
}

static enum jembatan_result take_rows(struct retention *x, int64_t now_ms, struct why *why)
{
	const struct settings_retention *k = &x->app->settings->retention;
	const struct retention_before b = {
		.closed = before(k->closed_ms, now_ms), .archived = before(k->archived_ms, now_ms),
		.rejected = before(k->rejected_ms, now_ms), .stored = before(k->stored_ms, now_ms),
		.quarantine = before(k->quarantine_ms, now_ms),
	};
	struct slice s = { .after = x->after };
	struct db *db = x->app->db;
	if (!is_wanted(x->step, &b)) {
		next_step(x);
		return JEMBATAN_OK;
	}
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = look(db, x->step, &b, &s, why);
	if (s.count > 0)
		FAULT_POINT("retention.mid");
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK) {
		db_abort(db);
		return r;
	}
	if (s.count > 0)
		FAULT_POINT("retention.slice");
	took(x, &s);
	return r;
}

static enum jembatan_result take_access(struct retention *x, int64_t now_ms, struct why *why)
{
	struct db *db = x->app->db;
	int64_t count = 0;
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = access_forget(db, before(x->app->settings->retention.access_ms, now_ms),
				  ACCESS_SLICE, &count, why);
	if (r == JEMBATAN_OK)
		r = add_to(db, ACCESS_FLAG, count, why);
	/* The pass is nearly over: so far the clock was believed. */
	if (r == JEMBATAN_OK)
		r = instances_flag_set(db, CLOCK_FLAG, now_ms, why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK) {
		db_abort(db);
		return r;
	}
	x->access += count;
	x->is_dirty |= count > 0;
	if (count < ACCESS_SLICE)
		next_step(x);
	return r;
}

static enum jembatan_result empty_log(struct retention *x, struct why *why)
{
	enum jembatan_result r = x->is_dirty ? db_empty_log(x->app->db, why) : JEMBATAN_OK;
	if (r != JEMBATAN_OK)
		return r;
	if (x->is_dirty)
		log_notice("retention", "destroyed, as their time was over: the words of %lld tickets, %lld "
			   "messages and %lld quarantined records; %lld rows of the access log",
			   (long long)x->counts.tickets, (long long)x->counts.messages,
			   (long long)x->counts.records, (long long)x->access);
	x->is_dirty = false;
	x->counts = (struct erase_counts){ 0 };
	x->access = 0;
	x->ended_ms = clock_now_ms();
	x->step = STEP_REST;
	return r;
}

/* ---- passes ---- */

bool retention_step(struct retention *x)
{
	struct app *a = x->app;
	struct why why = { "" };
	int64_t now_ms = clock_now_ms();
	if (!is_on(&a->settings->retention) || a->hold.active || a->stopping ||
	    db_in_transaction(a->db) || !clock_is_sound(x, now_ms)) {
		if (x->step != STEP_LOG)
			x->step = STEP_REST;
		return false;
	}
	if (x->step == STEP_REST)
		next_step(x);
	enum jembatan_result r = x->step == STEP_LOG ? empty_log(x, &why) :
				 x->step == STEP_ACCESS ? take_access(x, now_ms, &why) :
							  take_rows(x, now_ms, &why);
	if (r != JEMBATAN_OK)
		log_trouble(&x->trouble, "retention", why.text);
	else
		log_trouble_over(&x->trouble, "retention", "the store");
	return r == JEMBATAN_OK && x->step != STEP_REST;
}

static void on_next(void *data)
{
	struct retention *x = data;
	if (intake_wants_turn(x->app->intake)) {
		loop_timer_set(x->next, BUSY_MS);
		return;
	}
	bool more = retention_step(x);
	/* After a refusal by the disk it waits as well. */
	loop_timer_set(x->next, more ? NEXT_MS : x->step != STEP_REST ? BUSY_MS : PASS_MS);
}

void retention_begin(struct retention *x)
{
	loop_timer_set(x->next, NEXT_MS);
}

struct retention *retention_new(struct app *a)
{
	struct retention *x = xcalloc(1, sizeof(*x));
	x->app = a;
	x->next = loop_timer_new(a->loop, on_next, x);
	return x;
}

void retention_free(struct retention *x)
{
	if (x == NULL)
		return;
	loop_timer_free(x->next);
	free(x);
}

/* ---- status ---- */

static int64_t flag(struct db *db, const char *name)
{
	struct why why;
	int64_t n = 0;
	return instances_flag_get(db, name, &n, &why) == JEMBATAN_OK ? n : 0;
}

void retention_status(struct control_peer *p)
{
	struct app *a = control_app(p);
	const struct retention *x = a->retention;
	control_row(p, json_pack("{s:s,s:b,s:b,s:I,s:I,s:I,s:I,s:I}", "type", "retention", "on",
		is_on(&a->settings->retention), "at_work", x->step != STEP_REST, "ended_ms",
		(json_int_t)x->ended_ms, "tickets", (json_int_t)flag(a->db, TICKETS_FLAG), "messages",
		(json_int_t)flag(a->db, MESSAGES_FLAG), "records",
		(json_int_t)flag(a->db, RECORDS_FLAG), "access",
		(json_int_t)flag(a->db, ACCESS_FLAG)));
	if (x->leapt_mono_ms != 0)
		status_alarm(p, "retention", "the clock is more than 30 days ahead of the last look: nothing "
			     "is destroyed until it has gone on like that for a day. Is it right?");
	if (x->trouble.count > 0)
		status_alarm(p, "retention", "the store refuses to destroy what is to go: see the log");
}
