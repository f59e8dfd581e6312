/* outcome.c: the table.
 *
 * If the power fails after the row was written as sending, the next start finds
 * it so and calls reply_after_answer with is_lost: the same path as a child's
 * death. */
#include "reply/outcome.h"

#include "base/backoff.h"
#include "base/fault.h"
#include "base/poison.h"

#define FIRST_MS INT64_C(5000)
#define MOST_MS (INT64_C(30) * 60000)
#define LATER_MOST_MS (INT64_C(24) * 3600000)
#define PATIENT_MOST_MS (INT64_C(4) * 3600000)
#define LONG_MS (INT64_C(12) * 3600000)
#define SETTLE_FIRST_MS INT64_C(2000)
#define SETTLES_MAX 4u
#define REPEATS_MAX 6u /* a server that loses its answer each time */

/* It certainly did not go out this time; an earlier try may have. */
static void did_not_leave(struct reply_verdict *v)
{
	if (!v->row.repeated)
		v->row.started_ms = 0;
}

static void set(struct reply_verdict *v, enum reply_state state, int64_t due_ms, const char *why)
{
	v->row.state = state;
	v->row.due_ms = due_ms;
	v->row.why = why;
	v->row.settling = false;
}

static void again(struct reply_verdict *v, int64_t now_ms, const char *why)
{
	v->row.attempts++;
	v->row.settles = 0;
	set(v, REPLY_QUEUED, now_ms + backoff_ms(v->row.attempts, FIRST_MS, MOST_MS), why);
}

/* The channel cannot tell. */
static void by_guarantee(const struct reply_channel *c, int64_t now_ms, struct reply_verdict *v)
{
	struct reply_row *row = &v->row;
	if (c->guarantee == REPLY_REPEATS && row->attempts < REPEATS_MAX) {
		row->repeated = true;
		again(v, now_ms, "nobody knows whether it went out: sent again under the same id");
	} else if (row->event == REPLY_NUMBER && !row->repeated) {
		row->repeated = true;
		again(v, now_ms, "nobody knows whether the number went out: sent once more");
	} else {
		set(v, REPLY_DROPPED, 0, row->repeated ?
		    "nobody knows whether it went out, and it was sent twice" :
		    "nobody knows whether it went out: not sent again");
		row->missed = row->event == REPLY_NUMBER || row->event == REPLY_STATUS;
	}
}

/* It may have gone out. Evidence may still come; then the channel is asked. */
static void unknown(const struct reply_channel *c, int64_t now_ms, const char *why,
		    struct reply_verdict *v)
{
	struct reply_row *row = &v->row;
	if (FAULT_PLANTED("reply-resent")) {
		again(v, now_ms, "planted");
		return;
	}
	int64_t settle_ms = row->started_ms + c->settle_after_ms;
	if (row->settles >= SETTLES_MAX && now_ms >= settle_ms) {
		by_guarantee(c, now_ms, v);
		return;
	}
	int64_t due_ms = now_ms + backoff_ms(row->settles + 1, SETTLE_FIRST_MS, MOST_MS);
	if (row->settles + 1 >= SETTLES_MAX && due_ms < settle_ms)
		due_ms = settle_ms;
	set(v, REPLY_UNKNOWN, due_ms, why);
}

static void later(int64_t at_ms, int64_t now_ms, enum reply_state state, const char *why,
		  struct reply_verdict *v)
{
	int64_t due_ms = at_ms > now_ms ? at_ms : now_ms + FIRST_MS;
	if (due_ms > now_ms + LATER_MOST_MS)
		due_ms = now_ms + LATER_MOST_MS;
	set(v, state, due_ms, why != NULL ? why : "the channel asks to wait");
}

/* It asks to wait, again and again: twice as long each time, and not for ever. */
static void patiently(const struct reply_channel *c, int64_t at_ms, int64_t now_ms, const char *why,
		      struct reply_verdict *v)
{
	int64_t wait_ms = at_ms > now_ms ? at_ms - now_ms : FIRST_MS;
	if (++v->row.put_off > c->patience) {
		set(v, REPLY_FAILED, 0, why != NULL ? why : "for days it was to come later");
		v->did_fail = true;
		return;
	}
	for (unsigned i = 1; i < v->row.put_off && wait_ms < PATIENT_MOST_MS; i++)
		wait_ms *= 2;
	if (wait_ms > PATIENT_MOST_MS && at_ms <= now_ms + PATIENT_MOST_MS)
		wait_ms = PATIENT_MOST_MS;
	later(now_ms + wait_ms, now_ms, REPLY_QUEUED, why, v);
}

/* A pace has no end; who is put off from day to day is not waited for. */
static void tomorrow(const struct reply_channel *c, int64_t at_ms, int64_t now_ms, const char *why,
		     struct reply_verdict *v)
{
	bool is_long = c->days > 0 && at_ms - now_ms >= LONG_MS;
	if (is_long && ++v->row.put_off > c->days) {
		set(v, REPLY_FAILED, 0, why != NULL ? why : "for days it was to come later");
		v->did_fail = true;
		return;
	}
	later(at_ms, now_ms, REPLY_QUEUED, why, v);
}

/* The channel has no words for it: another way, or nobody misses it. */
static void not_told(const struct reply_answer *a, struct reply_verdict *v)
{
	did_not_leave(v);
	set(v, REPLY_DROPPED, 0, a->why != NULL ? a->why : "the channel has no way to say it");
	v->did_fail = true;
}

static void settled(const struct reply_channel *c, const struct reply_answer *a, int64_t now_ms,
		    struct reply_verdict *v)
{
	v->row.settles++;
	switch (a->outcome) {
	case JEMBATAN_SENT:
		v->row.sent_ms = v->row.started_ms;
		set(v, REPLY_SENT, 0, "it had gone out: the channel says so");
		return;
	case JEMBATAN_NOT_SENT:
		did_not_leave(v);
		again(v, now_ms, "it had not gone out: the channel says so");
		return;
	case JEMBATAN_REFUSED:
		set(v, REPLY_FAILED, 0, a->why);
		v->did_fail = true;
		return;
	case JEMBATAN_LATER:
		later(a->at_ms, now_ms, REPLY_UNKNOWN, a->why, v);
		return;
	case JEMBATAN_UNKNOWN:
		if (c->settle_after_ms == 0)
			v->row.settles = SETTLES_MAX; /* asked, and it cannot tell */
		unknown(c, now_ms, a->why, v);
		return;
	case JEMBATAN_NOT_TOLD:
		not_told(a, v);
		return;
	}
}

static void tried(const struct reply_channel *c, const struct reply_answer *a, int64_t now_ms,
		  struct reply_verdict *v)
{
	switch (a->outcome) {
	case JEMBATAN_SENT:
		v->row.sent_ms = now_ms;
		set(v, REPLY_SENT, 0, NULL);
		return;
	case JEMBATAN_REFUSED:
		set(v, REPLY_FAILED, 0, a->why != NULL ? a->why : "the channel refuses it");
		v->did_fail = true;
		return;
	case JEMBATAN_NOT_SENT:
		v->way = REPLY_WAY_DOWN;
		did_not_leave(v);
		again(v, now_ms, a->why != NULL ? a->why : "it could not be sent");
		return;
	case JEMBATAN_LATER:
		did_not_leave(v);
		if (c->patience > 0)
			patiently(c, a->at_ms, now_ms, a->why, v);
		else
			tomorrow(c, a->at_ms, now_ms, a->why, v);
		return;
	case JEMBATAN_UNKNOWN:
		unknown(c, now_ms, a->why != NULL ? a->why : "the answer was lost", v);
		return;
	case JEMBATAN_NOT_TOLD:
		not_told(a, v);
		return;
	}
}

void reply_after_answer(const struct reply_channel *c, const struct reply_row *row,
			const struct reply_answer *a, int64_t now_ms, struct reply_verdict *out)
{
	bool was_settling = row->settling;
	*out = (struct reply_verdict){ .row = *row };
	if (a->is_lost) {
		out->row.settles += was_settling;
		unknown(c, now_ms, a->why != NULL ? a->why : "the answer was lost", out);
		return;
	}
	/* Refused credentials and a configuration that does not work are answers:
	 * nothing went out, and nothing will until a person has acted. */
	bool is_closed = a->result == JEMBATAN_AUTH || a->result == JEMBATAN_CONFIG;
	if (is_closed && a->outcome != JEMBATAN_SENT) {
		out->way = REPLY_WAY_CLOSED;
		if (!was_settling)
			did_not_leave(out);
		/* Its way waits, not the row: it is due when that opens again. */
		set(out, was_settling ? REPLY_UNKNOWN : REPLY_QUEUED, now_ms,
		    a->why != NULL ? a->why : "held: the way back is closed");
		return;
	}
	if (was_settling)
		settled(c, a, now_ms, out);
	else
		tried(c, a, now_ms, out);
}

static int rank(enum reply_state state)
{
	switch (state) {
	case REPLY_SENT:
		return 1;
	case REPLY_FAILED:
		return 2;
	case REPLY_DELIVERED:
		return 3;
	case REPLY_READ:
		return 4;
	case REPLY_QUEUED:
	case REPLY_SENDING:
	case REPLY_UNKNOWN:
	case REPLY_DROPPED:
	case REPLY_HELD:
		break;
	}
	return 0;
}

bool reply_after_receipt(const struct reply_row *row, unsigned receipt_state, int64_t at_ms,
			 struct reply_row *out, bool *out_failed)
{
	static const enum reply_state states[] = { REPLY_SENT, REPLY_DELIVERED, REPLY_READ,
						   REPLY_FAILED };
	*out_failed = false;
	if (receipt_state >= COUNT_OF(states))
		return false;
	enum reply_state state = states[receipt_state];
	/* Of one that never left: somebody else's, or made up. But what was tried may have
	 * left although the answer said that it had not. */
	if (row->started_ms == 0 && (row->attempts == 0 || state == REPLY_FAILED))
		return false;
	if (rank(state) <= rank(row->state))
		return false;
	*out = *row;
	out->state = state;
	out->settling = false;
	out->why = state == REPLY_FAILED ? "the channel says that it did not get through" : NULL;
	*out_failed = state == REPLY_FAILED;
	if (!*out_failed && out->sent_ms == 0)
		out->sent_ms = at_ms;
	if (!*out_failed)
		out->missed = false;
	return true;
}
