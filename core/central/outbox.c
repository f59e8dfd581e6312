/* outbox.c: the driver. A push is on one of three lists: claimed (its row is
 * `sending` in a transaction that is not committed yet), flying, finished (its
 * result is known and not yet committed). Killed at any line, the rows tell
 * what may have happened: `sending` means unknown, anything else means what it
 * says. */
#include "central/outbox.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "central/outbox_inside.h"
#include "central/polls.h"
#include "store/audit.h"
#include "store/instances.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define WHERE "central"
#define LIST_PAGE 64u
#define BEHIND_MIN 64u
#define ABORTED_MS 1000 /* the disk may be full: no haste */
#define EMPTY_CLAIM_MS 1000 /* due, and yet nothing to claim: look later */

/* ---- lists ---- */

static void list_add(struct push_list *l, struct push *p)
{
	p->next = NULL;
	if (l->last)
		l->last->next = p;
	else
		l->first = p;
	l->last = p;
	l->count++;
}

static struct push *list_take(struct push_list *l)
{
	struct push *p = l->first;

	if (!p)
		return NULL;
	l->first = p->next;
	if (!l->first)
		l->last = NULL;
	l->count--;
	p->next = NULL;
	return p;
}

static void list_remove(struct push_list *l, struct push *p)
{
	struct push **at = &l->first, *before = NULL;

	while (*at != p) {
		before = *at;
		at = &before->next;
	}
	*at = p->next;
	if (l->last == p)
		l->last = before;
	l->count--;
}

static void list_free(struct push_list *l)
{
	struct push *p;

	while ((p = list_take(l)))
		push_free(p);
}

/* ---- writing ---- */

static void context_for(const struct outbox *o, const char *route_to, struct arena *arena,
			struct step_context *out)
{
	*out = (struct step_context){ .central = o->options->central,
				      .tuning = &o->options->tuning,
				      .route_to = route_to,
				      .now_ms = clock_now_ms(),
				      .arena = arena };
}

static enum jembatan_result add_audit(struct outbox *o, int64_t ticket_id, const char *actor,
				      const char *what, const char *text, struct why *why)
{
	return audit_add(o->db, AUDIT_TICKET, ticket_id, actor, what, text, clock_now_ms(), why);
}

enum jembatan_result outbox_write_next(struct outbox *o, const struct step_next *n,
				       const char *actor, struct why *why)
{
	int64_t ticket = n->row.ticket_id;
	enum jembatan_result r = outbox_rows_update(o->db, &n->row, why);

	bool is_pushed = n->tracking_id && n->ticket_state == TICKET_PUSHED;

	if (r == JEMBATAN_OK && is_pushed)
		r = tickets_set_pushed(o->db, ticket, n->tracking_id, n->why, why);
	else if (r == JEMBATAN_OK && n->tracking_id)
		r = tickets_set_tracking(o->db, ticket, n->tracking_id, why);
	if (r == JEMBATAN_OK && n->ticket_state >= 0 && !is_pushed)
		r = tickets_set_state(o->db, ticket, (enum ticket_state)n->ticket_state, n->why,
				      why);
	if (r == JEMBATAN_OK)
		r = add_audit(o, ticket, actor, n->what, n->why, why);
	return r;
}

static void tell(const struct step_next *n)
{
	if (n->is_alarm || n->row.state == OUTBOX_UNKNOWN)
		log_error(WHERE, "%s: %s", n->row.reference, n->why);
	else
		log_info(WHERE, "%s: %s: %s", n->row.reference, n->what, n->why);
}

/* A row that cannot be made into a request: it waits, or a person corrects it. */
static void cannot_prepare(struct outbox *o, struct push *p, enum jembatan_result result,
			   const struct why *why, struct step_next *out)
{
	struct step_context ctx;
	struct step_result r = { .outcome = result == JEMBATAN_DATA || result == JEMBATAN_GONE ?
						    OUTCOME_REFUSED :
						    OUTCOME_NOT_SENT,
				 .how = why->text,
				 .retry_after_ms = -1,
				 .is_last_file = true };

	context_for(o, p->route_to, p->arena, &ctx);
	/* What cannot be read is refused as a whole, not as one of its files. */
	if (r.outcome == OUTCOME_REFUSED && p->row.step == OUTBOX_FILES)
		p->row.step = OUTBOX_POST;
	step_after(&ctx, &p->row, &r, out);
}

/* Build the request of p's row, which stands as `sending` already, and write
 * what that changed. Sets p->goes_on unless the row had to be put back. */
static enum jembatan_result begin_step(struct outbox *o, struct push *p, struct why *why)
{
	const char *left_out = NULL;
	struct why reason = { "" };
	struct step_next next;
	const struct outbox_row was = p->row;
	enum jembatan_result r = push_prepare(p, o->db, o->options, &left_out, &reason);

	p->goes_on = r == JEMBATAN_OK;
	if (r != JEMBATAN_OK) {
		cannot_prepare(o, p, r, &reason, &next);
		p->row = next.row;
		tell(&next);
		return outbox_write_next(o, &next, NULL, why);
	}
	if (left_out)
		r = add_audit(o, p->row.ticket_id, NULL, "file_left_out", left_out, why);
	if (r == JEMBATAN_OK && (p->row.step != was.step || p->row.attempts != was.attempts ||
				 p->row.file_ids != was.file_ids))
		r = outbox_rows_update(o->db, &p->row, why);
	return r;
}

static enum jembatan_result say_sending(struct outbox *o, const struct push *p, struct why *why)
{
	return add_audit(o, p->row.ticket_id, NULL, "sending", outbox_step_name(p->row.step), why);
}

/* Of today's requests, without those that are claimed and count only when they leave. */
static size_t budget_room(struct outbox *o)
{
	size_t left = pace_budget_room(&o->pace, clock_now_ms(), o->options->central->zone_minutes);
	size_t taken = o->claimed.count;

	if (left == SIZE_MAX)
		return left;
	for (const struct push *p = o->finished.first; p; p = p->next)
		taken += p->goes_on;
	return left > taken ? left - taken : 0;
}

static bool may_send(struct outbox *o)
{
	return !o->paused && pace_allowed(&o->pace, clock_mono_ms()) > 0 && budget_room(o) > 0;
}

/* may_go_on: else what has a further step is left for later. */
static enum jembatan_result write_result(struct outbox *o, struct push *p, bool may_go_on,
					 struct why *why)
{
	struct step_context ctx;
	struct step_next next;
	enum jembatan_result r;

	context_for(o, p->route_to, p->arena, &ctx);
	step_after(&ctx, &p->row, &p->result, &next);
	if (next.goes_on && !may_go_on)
		return JEMBATAN_OK;
	p->before = p->row;
	p->is_written = true;
	if (p->result.outcome == OUTCOME_DONE && FAULT_PLANTED("result-dropped"))
		return JEMBATAN_OK;
	bool goes_on = next.goes_on && may_send(o);
	if (next.goes_on && !goes_on) {
		next.row.state = OUTBOX_QUEUED;
		next.row.due_ms = ctx.now_ms;
	}
	r = outbox_write_next(o, &next, NULL, why);
	if (r != JEMBATAN_OK)
		return r;
	tell(&next);
	p->row = next.row;
	p->goes_on = false;
	if (goes_on)
		r = begin_step(o, p, why);
	return r == JEMBATAN_OK && p->goes_on ? say_sending(o, p, why) : r;
}

/* ---- at the start ---- */

static enum jembatan_result recover(struct outbox *o, struct why *why)
{
	struct outbox_row rows[LIST_PAGE];
	struct step_context ctx;
	struct step_next next;
	size_t count;

	do {
		arena_reset(o->arena);
		context_for(o, NULL, o->arena, &ctx);
		enum jembatan_result r =
			outbox_rows_in_flight(o->db, LIST_PAGE, o->arena, rows, &count, why);
		for (size_t i = 0; r == JEMBATAN_OK && i < count; i++) {
			step_recover(&ctx, &rows[i], &next);
			r = outbox_write_next(o, &next, NULL, why);
			if (r == JEMBATAN_OK)
				tell(&next);
		}
		if (r != JEMBATAN_OK)
			return r;
	} while (count > 0);
	return JEMBATAN_OK;
}

/* ---- what is held too long ---- */

static enum jembatan_result alarm_row(struct outbox *o, const struct outbox_row *row,
				      struct why *why)
{
	struct step_next next = { .row = *row, .ticket_state = -1, .what = "held",
				  .is_alarm = true };
	int64_t minutes = (clock_now_ms() - row->started_ms) / 60000;

	next.row.alarmed = true;
	snprintf(next.why, sizeof(next.why),
		 "unknown for %lld minutes: see whether the centre has it, then `jembatan unknown "
		 "confirm` or `resend`", (long long)minutes);
	tell(&next);
	return outbox_write_next(o, &next, NULL, why);
}

static enum jembatan_result alarm_held(struct outbox *o, struct why *why)
{
	struct outbox_row rows[LIST_PAGE];
	int64_t after = 0, limit_ms = o->options->central->unknown_alarm_ms;
	size_t count;

	do {
		arena_reset(o->arena);
		enum jembatan_result r = outbox_rows_list(o->db, OUTBOX_UNKNOWN, after, LIST_PAGE,
							  o->arena, rows, &count, why);
		for (size_t i = 0; r == JEMBATAN_OK && i < count; i++) {
			after = rows[i].id;
			if (!rows[i].alarmed && clock_now_ms() - rows[i].started_ms >= limit_ms)
				r = alarm_row(o, &rows[i], why);
		}
		if (r != JEMBATAN_OK)
			return r;
	} while (count == LIST_PAGE);
	return JEMBATAN_OK;
}

/* ---- claiming ---- */

static size_t room_to_claim(struct outbox *o)
{
	size_t allowed = pace_allowed(&o->pace, clock_mono_ms());
	size_t busy = o->claimed.count + o->flying.count + polls_in_flight(o->polls);

	/* What is not written yet may go on. */
	for (const struct push *p = o->finished.first; p; p = p->next)
		busy += !p->is_written || p->goes_on;
	if (!may_send(o))
		return 0;
	if (allowed > OUTBOX_AHEAD_MAX)
		allowed = OUTBOX_AHEAD_MAX;
	size_t room = allowed > busy ? allowed - busy : 0, budget = budget_room(o);
	return room < budget ? room : budget;
}

/* Its row is `sending` in the open transaction: on the list of what leaves after it. */
static enum jembatan_result take_claimed(struct outbox *o, struct outbox_row *row,
					 struct why *why)
{
	struct push *p = push_new(o, row);
	enum jembatan_result r = begin_step(o, p, why);

	if (r == JEMBATAN_OK && p->goes_on)
		list_add(&o->claimed, p);
	else
		push_free(p);
	if (FAULT_PLANTED("no-row-check") && r == JEMBATAN_OK) {
		row->state = OUTBOX_QUEUED; /* any row may be taken twice */
		r = outbox_rows_update(o->db, row, why);
	}
	return r;
}

static enum jembatan_result claim(struct outbox *o, struct why *why)
{
	struct outbox_row rows[OUTBOX_AHEAD_MAX];
	size_t room = room_to_claim(o), count = 0;
	enum jembatan_result r;

	if (room == 0)
		return JEMBATAN_OK;
	arena_reset(o->arena);
	o->claimed_at_ms = clock_now_ms();
	r = outbox_rows_claim(o->db, o->claimed_at_ms, room, o->arena, rows, &count, why);
	const struct push *last = o->claimed.last;
	for (size_t i = 0; r == JEMBATAN_OK && i < count; i++)
		r = take_claimed(o, &rows[i], why);
	for (last = last ? last->next : o->claimed.first; last && r == JEMBATAN_OK; last = last->next)
		r = say_sending(o, last, why);
	o->came_up_empty = r == JEMBATAN_OK && count < room;
	o->behind = o->came_up_empty || o->behind < count ? 0 : o->behind - count;
	return r;
}

bool outbox_is_behind(struct outbox *o)
{
	return o->behind >= BEHIND_MIN && o->flying.count > 0 && may_send(o);
}

static bool others_wait(const struct outbox *o)
{
	return o->next_due_ms && o->next_due_ms <= clock_now_ms();
}

enum jembatan_result outbox_add_create(struct outbox *o, int64_t ticket_id,
				       const char *reference, struct why *why)
{
	struct outbox_row row;
	int64_t now = clock_now_ms(), id;

	ASSERT(db_in_transaction(o->db));
	/* What was due when the turn began goes first. */
	if (others_wait(o) || room_to_claim(o) == 0) {
		o->behind++;
		return outbox_rows_add(o->db, ticket_id, 0, OUTBOX_CREATE, OUTBOX_POST,
				       reference, now, now, &id, why);
	}
	enum jembatan_result r =
		outbox_rows_add_sending(o->db, ticket_id, reference, now, &row, why);
	return r == JEMBATAN_OK ? take_claimed(o, &row, why) : r;
}

static enum jembatan_result write_budget(struct outbox *o, struct why *why)
{
	enum jembatan_result r;

	if (o->pace.budget == 0 || o->budget_written == o->pace.used)
		return JEMBATAN_OK;
	r = instances_flag_set(o->db, "central.budget_day", o->pace.day, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_set(o->db, "central.budget_used", o->pace.used, why);
	if (r == JEMBATAN_OK)
		o->budget_written = o->pace.used;
	return r;
}

/* ---- a turn ---- */

static bool is_alarm_due(const struct outbox *o)
{
	return clock_mono_ms() >= o->alarm_mono_ms;
}

static enum jembatan_result write_results(struct outbox *o, bool may_go_on, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;

	courier_collect(o->courier);
	for (struct push *p = o->finished.first; p && r == JEMBATAN_OK; p = p->next)
		if (!p->is_written)
			r = write_result(o, p, may_go_on, why);
	return r;
}

enum jembatan_result outbox_write_early(struct outbox *o, struct why *why)
{
	ASSERT(db_in_transaction(o->db));
	return write_results(o, false, why);
}

enum jembatan_result outbox_put_back(struct outbox *o, int64_t ticket_id, struct why *why)
{
	struct push *p = o->claimed.first;

	ASSERT(db_in_transaction(o->db));
	while (p && p->row.ticket_id != ticket_id)
		p = p->next;
	if (!p)
		return JEMBATAN_OK;
	int64_t id = p->row.id;
	list_remove(&o->claimed, p);
	push_free(p);
	return outbox_rows_put_back(o->db, id, why);
}

enum jembatan_result outbox_write(struct outbox *o, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;

	ASSERT(db_in_transaction(o->db));
	if (!o->is_recovered && !FAULT_PLANTED("claims-forgotten"))
		r = recover(o, why);
	for (struct push *p = o->claimed.first; p && r == JEMBATAN_OK; p = p->next)
		r = say_sending(o, p, why);
	if (r == JEMBATAN_OK)
		r = write_results(o, true, why); /* what came meanwhile shares the commit */
	if (r == JEMBATAN_OK && is_alarm_due(o))
		r = alarm_held(o, why);
	if (r == JEMBATAN_OK)
		r = claim(o, why);
	if (r == JEMBATAN_OK)
		r = polls_write(o->polls, why);
	if (r == JEMBATAN_OK)
		r = write_budget(o, why);
	if (r == JEMBATAN_OK && FAULT_PLANTED("send-before-commit"))
		outbox_start_claimed(o, true);
	return r;
}

void outbox_started(struct outbox *o)
{
	struct push *p;
	struct why why;

	o->is_recovered = true;
	if (is_alarm_due(o))
		o->alarm_mono_ms = clock_mono_ms() + outbox_alarm_every_ms(o);
	if (o->finished.count > 0)
		FAULT_POINT("push.written");
	while ((p = list_take(&o->finished))) {
		ASSERT(p->is_written);
		p->is_written = false;
		if (p->goes_on)
			list_add(&o->claimed, p);
		else
			push_free(p);
	}
	outbox_start_claimed(o, false);
	polls_started(o->polls);
	if (outbox_rows_next_due(o->db, &o->next_due_ms, &why) != JEMBATAN_OK)
		o->next_due_ms = clock_now_ms() + EMPTY_CLAIM_MS;
	if (o->came_up_empty && o->next_due_ms && o->next_due_ms <= o->claimed_at_ms)
		o->next_due_ms = clock_now_ms() + EMPTY_CLAIM_MS;
	o->came_up_empty = false;
	outbox_reschedule(o);
}

void outbox_aborted(struct outbox *o)
{
	list_free(&o->claimed);
	o->behind = 0; /* counted anew: those of this turn are gone again */
	polls_aborted(o->polls);
	/* Back to the row as it stands on disk; its arena keeps both. */
	for (struct push *p = o->finished.first; p; p = p->next) {
		if (p->is_written)
			p->row = p->before;
		p->is_written = p->goes_on = false;
	}
	o->budget_written = UINT32_MAX;
	loop_timer_set(o->timer, ABORTED_MS);
}

enum jembatan_result outbox_turn(struct outbox *o, struct why *why)
{
	enum jembatan_result r = db_begin(o->db, why);

	if (r == JEMBATAN_OK)
		r = outbox_write(o, why);
	if (r == JEMBATAN_OK)
		r = db_commit(o->db, why);
	if (r == JEMBATAN_OK) {
		outbox_started(o);
		return r;
	}
	db_abort(o->db);
	outbox_aborted(o);
	return r;
}

/* ---- answers ---- */

static void remember(struct outbox *o, const struct push *p, const struct client_answer *a)
{
	int64_t now = clock_now_ms();

	o->took_ms[o->took_count++ % OUTBOX_LATENCIES] = a->took_ms;
	o->outcomes[p->result.outcome]++;
	if (p->result.outcome == OUTCOME_DONE) {
		o->last_ok_ms = now;
		return;
	}
	o->last_error_ms = now;
	str_copy(o->last_error, sizeof(o->last_error), p->result.how);
}

/* Was this row turned away with 401 or 403 before, while real pushes of others
 * passed in between? Twice so: then it is about this one. */
static bool is_singled_out(const struct outbox *o, const struct push *p)
{
	return o->auth.row_id == p->row.id && o->auth.times >= 2 &&
	       o->auth.passed_since;
}

static void remember_auth(struct outbox *o, const struct push *p)
{
	if (p->result.outcome == OUTCOME_DONE && p->action != OUTCOME_ASK)
		o->auth.passed_since = true;
	if (p->verdict.trouble != OUTCOME_AUTH)
		return;
	if (o->auth.row_id != p->row.id || !o->auth.passed_since)
		o->auth.times = 0;
	o->auth.row_id = p->row.id;
	o->auth.times++;
	o->auth.passed_since = false;
}

static void tell_pace(struct outbox *o, const struct push *p, int64_t took_ms)
{
	bool was_closed = o->pace.state == PACE_CLOSED;

	if (p->is_local)
		return;
	pace_took(&o->pace, took_ms);
	remember_auth(o, p);
	if (pace_ended(&o->pace, p->verdict, p->result.retry_after_ms, clock_mono_ms()))
		outbox_tell_opened(o, p->result.how);
	if (!was_closed && o->pace.state == PACE_CLOSED)
		log_trouble_over(&o->trouble, WHERE, "the centre");
}

static void on_answer(void *data, const struct client_answer *a)
{
	struct push *p = data;
	struct outbox *o = p->outbox;

	p->call = NULL;
	if (!push_read_answer(p, o->options, a, is_singled_out(o, p))) {
		push_next_page(p);
		p->call = courier_start(o->courier, &p->request, on_answer, p);
		return;
	}
	FAULT_POINT("push.answered");
	list_remove(&o->flying, p);
	list_add(&o->finished, p);
	remember(o, p, a);
	tell_pace(o, p, a->took_ms);
	outbox_reschedule(o);
}

void outbox_start_claimed(struct outbox *o, bool too_early)
{
	struct push *p;

	if (o->claimed.count > 0 && !too_early)
		FAULT_POINT("push.claimed");
	while ((p = list_take(&o->claimed))) {
		pace_budget_use(&o->pace);
		list_add(&o->flying, p);
		p->call = courier_start(o->courier, &p->request, on_answer, p);
	}
	if (too_early)
		poll(NULL, 0, 50); /* the courier sends meanwhile */
}
