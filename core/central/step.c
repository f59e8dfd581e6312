/* step.c: the transitions of a row. The rule behind all of them: what may have
 * been taken is not sent again before there is evidence, unless the centre
 * tells repeats apart or the operator asked for it. */
#include "central/step.h"

#include "base/backoff.h"
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/poison.h"

#define ANOTHERS_MAX 2 /* so often it may give a number that another ticket has */

enum outcome_action step_action(const struct outbox_row *row)
{
	if (row->step == OUTBOX_SETTLE)
		return OUTCOME_ASK;
	if (row->kind == OUTBOX_FOLLOW_UP)
		return OUTCOME_FOLLOW_UP;
	if (row->step == OUTBOX_FILES)
		return OUTCOME_FILE;
	return row->step == OUTBOX_ROUTE ? OUTCOME_ROUTE : OUTCOME_CREATE;
}

static PRINTF_LIKE(3, 4) void say(struct step_next *out, const char *what, const char *format,
				  ...)
{
	va_list ap;

	out->what = what;
	va_start(ap, format);
	vsnprintf(out->why, sizeof(out->why), format, ap);
	va_end(ap);
}

static void begin(const struct outbox_row *row, struct step_next *out)
{
	*out = (struct step_next){ .row = *row, .ticket_state = -1 };
}

/* The row keeps the last sentence, for lists. */
static void finish(const struct step_context *ctx, struct step_next *out)
{
	if (out->why[0] && out->row.state != OUTBOX_DONE)
		out->row.why = arena_strdup(ctx->arena, out->why);
	if (out->row.state == OUTBOX_DONE)
		out->row.why = NULL;
}

static bool is_create(const struct outbox_row *row)
{
	return row->kind == OUTBOX_CREATE;
}

/* A create whose number is known is settled about its routing. */
static bool is_number_known(const struct outbox_row *row)
{
	return is_create(row) && row->complaint_id;
}

static void set_step(struct step_next *out, enum outbox_step step)
{
	if (out->row.step != step)
		out->row.attempts = 0;
	out->row.step = step;
}

static void wait_for_turn(struct step_next *out, int64_t due_ms)
{
	out->row.state = OUTBOX_QUEUED;
	out->row.due_ms = due_ms;
}

/* Later each time, without an end, and not before the centre's own wish. */
static int64_t back_off(const struct step_context *ctx, struct step_next *out,
			int64_t retry_after_ms)
{
	int64_t wait = backoff_jitter_ms(++out->row.attempts, ctx->tuning->retry_first_ms,
					 ctx->tuning->retry_ceiling_ms);

	if (retry_after_ms > wait)
		wait = retry_after_ms;
	wait_for_turn(out, ctx->now_ms + wait);
	return wait;
}

static void end(struct step_next *out)
{
	out->row.state = OUTBOX_DONE;
	out->row.alarmed = false;
}

/* ---- done ---- */

static void on_created(const struct step_context *ctx, const char *id, const char *how,
		       struct step_next *out)
{
	out->row.complaint_id = out->tracking_id = arena_strdup(ctx->arena, id);
	out->ticket_state = TICKET_PUSHED;
	out->row.lookups = 0;
	out->row.alarmed = false;
	if (!ctx->route_to) {
		end(out);
		say(out, "pushed", "%s: the centre has it as %s", how, id);
		return;
	}
	set_step(out, OUTBOX_ROUTE);
	out->goes_on = true;
	say(out, "pushed", "%s: the centre has it as %s; next it is routed to %s", how, id,
	    ctx->route_to);
}

static void on_file(const struct step_context *ctx, const struct step_result *r, const char *id,
		    struct step_next *out)
{
	out->row.file_ids = lapor_v3_ids_add(out->row.file_ids, id, ctx->arena);
	out->row.attempts = 0;
	set_step(out, r->is_last_file ? OUTBOX_POST : OUTBOX_FILES);
	out->goes_on = true;
}

static void on_done(const struct step_context *ctx, const struct step_result *r,
		    struct step_next *out)
{
	switch (step_action(&out->row)) {
	case OUTCOME_FILE:
		say(out, "file_sent", "%s: the file is %s at the centre", r->how, r->id);
		on_file(ctx, r, r->id, out);
		break;
	case OUTCOME_CREATE:
		on_created(ctx, r->id, r->how, out);
		break;
	case OUTCOME_ROUTE:
		end(out);
		say(out, "routed", "%s: the centre handed it to %s", r->how, ctx->route_to);
		break;
	case OUTCOME_FOLLOW_UP:
		end(out);
		say(out, "follow_up_sent", "%s", r->how);
		break;
	case OUTCOME_ASK:
		break;
	}
}

/* ---- refused, not sent, unknown ---- */

static void on_refused(const struct step_context *ctx, const struct step_result *r,
		       struct step_next *out)
{
	if (step_action(&out->row) == OUTCOME_FILE) {
		/* A file that the centre does not want never holds up a report. */
		say(out, "file_left_out", "%s: the report goes on without this file", r->how);
		on_file(ctx, r, "", out);
		return;
	}
	out->row.state = OUTBOX_REFUSED;
	out->is_alarm = true;
	if (is_create(&out->row) && !is_number_known(&out->row)) {
		out->ticket_state = TICKET_REFUSED;
		say(out, "refused", "%s: a person corrects it and sends it again", r->how);
	} else if (is_create(&out->row)) {
		say(out, "route_refused", "%s: the centre has the report, but not at %s; a person "
		    "routes it there", r->how, ctx->route_to ? ctx->route_to : "its institution");
	} else {
		say(out, "follow_up_refused", "%s: a person decides", r->how);
	}
}

static void on_not_sent(const struct step_context *ctx, const struct step_result *r,
			struct step_next *out)
{
	int64_t wait = back_off(ctx, out, r->retry_after_ms);

	say(out, "not_sent", "%s: step %s again in %lld s", r->how,
	    outbox_step_name(out->row.step), (long long)((wait + 999) / 1000));
}

static void on_unknown(const struct step_context *ctx, const struct step_result *r,
		       struct step_next *out)
{
	struct outcome_means means = { .idempotent = ctx->central->idempotent,
				       .lookup = ctx->central->lookup_url != NULL,
				       .resend = ctx->central->unknown == UNKNOWN_RESEND };
	enum outcome_action action = step_action(&out->row);
	enum outcome_settling settling = outcome_settling(action, &means);
	bool is_push = action == OUTCOME_CREATE;

	if (r->is_anothers && settling == OUTCOME_SEND_AGAIN && out->row.attempts >= ANOTHERS_MAX)
		settling = OUTCOME_HOLD;
	switch (settling) {
	case OUTCOME_SEND_AGAIN:
		back_off(ctx, out, r->retry_after_ms);
		say(out, "unknown", "%s: step %s is sent again%s", r->how,
		    outbox_step_name(out->row.step),
		    !is_push ? "" : means.idempotent ? " with the same reference" : "; it may double");
		break;
	case OUTCOME_LOOK:
		set_step(out, OUTBOX_SETTLE);
		out->row.lookups = 0;
		out->row.lookup_ms = ctx->now_ms; /* since when it is unknown */
		back_off(ctx, out, r->retry_after_ms);
		say(out, "unknown", "%s: the centre is asked what became of it", r->how);
		break;
	case OUTCOME_HOLD:
		out->row.state = OUTBOX_UNKNOWN;
		say(out, "unknown", "%s: held; see the centre and use `jembatan unknown`", r->how);
		break;
	}
	if (is_push && out->row.state != OUTBOX_QUEUED)
		out->ticket_state = TICKET_UNKNOWN;
	if (is_push && out->row.step == OUTBOX_SETTLE)
		out->ticket_state = TICKET_UNKNOWN;
}

/* ---- settling ---- */

static void on_present(const struct step_context *ctx, const struct step_result *r,
		       struct step_next *out)
{
	if (is_create(&out->row) && !is_number_known(&out->row)) {
		on_created(ctx, r->id, "found by its reference", out);
		return;
	}
	bool is_route = is_create(&out->row);
	end(out);
	out->row.step = is_route ? OUTBOX_ROUTE : OUTBOX_POST;
	say(out, is_route ? "routed" : "follow_up_sent", "%s: it had been taken", r->how);
}

/* After a restore, a create is asked for before its files were all sent; those
 * that were are not sent again (push.c). */
static enum outbox_step first_step(const struct outbox_row *row)
{
	return is_create(row) ? OUTBOX_FILES : OUTBOX_POST;
}

/* Absent is believed after two readings that lie far enough apart: a push may
 * still be on its way inside the centre when the first one is made. A wrong
 * route only repeats itself, so there one reading is enough. */
static void on_absent(const struct step_context *ctx, const struct step_result *r,
		      struct step_next *out)
{
	struct outbox_row *row = &out->row;

	if (is_number_known(row)) {
		row->step = OUTBOX_ROUTE;
		back_off(ctx, out, -1);
		say(out, "absent", "%s: it is not routed yet; sent again", r->how);
		return;
	}
	if (row->lookups == 0 || row->lookup_ms > ctx->now_ms) {
		row->lookups = 1;
		row->lookup_ms = ctx->now_ms;
	}
	if (ctx->now_ms - row->lookup_ms < ctx->central->lookup_wait_ms ||
	    ctx->now_ms == row->lookup_ms) {
		wait_for_turn(out, row->lookup_ms + ctx->central->lookup_wait_ms);
		say(out, "absent", "%s: not there; asked once more after %lld s", r->how,
		    (long long)(ctx->central->lookup_wait_ms / 1000));
		return;
	}
	set_step(out, first_step(row));
	row->lookups = 0;
	row->alarmed = false;
	wait_for_turn(out, ctx->now_ms);
	if (is_create(row))
		out->ticket_state = TICKET_QUEUED;
	say(out, "absent", "%s: not there at both readings; sent again", r->how);
}

static void on_asked(const struct step_context *ctx, const struct step_result *r,
		     struct step_next *out)
{
	if (r->outcome == OUTCOME_DONE && r->evidence == STEP_PRESENT) {
		on_present(ctx, r, out);
		return;
	}
	if (r->outcome == OUTCOME_DONE && r->evidence == STEP_ABSENT) {
		on_absent(ctx, r, out);
		return;
	}
	if (r->is_anothers) { /* it will say the same again */
		out->row.state = OUTBOX_UNKNOWN;
		say(out, "unknown", "%s: held; compare both at the centre and use `jembatan unknown`",
		    r->how);
		return;
	}
	int64_t wait = back_off(ctx, out, r->retry_after_ms);
	say(out, "not_settled", "%s: still unknown, asked again in %lld s", r->how,
	    (long long)((wait + 999) / 1000));
	if (!out->row.alarmed &&
	    ctx->now_ms - out->row.lookup_ms >= ctx->central->unknown_alarm_ms)
		out->row.alarmed = out->is_alarm = true;
}

void step_after(const struct step_context *ctx, const struct outbox_row *row,
		const struct step_result *r, struct step_next *out)
{
	enum outcome outcome = r->outcome;

	if (outcome == OUTCOME_UNKNOWN && FAULT_PLANTED("resend-unknown"))
		outcome = OUTCOME_NOT_SENT;
	begin(row, out);
	if (row->step == OUTBOX_SETTLE)
		on_asked(ctx, r, out);
	else if (outcome == OUTCOME_DONE)
		on_done(ctx, r, out);
	else if (outcome == OUTCOME_REFUSED)
		on_refused(ctx, r, out);
	else if (outcome == OUTCOME_NOT_SENT)
		on_not_sent(ctx, r, out);
	else
		on_unknown(ctx, r, out);
	finish(ctx, out);
}

void step_recover(const struct step_context *ctx, const struct outbox_row *row,
		  struct step_next *out)
{
	struct step_result r = { .outcome = OUTCOME_UNKNOWN,
				 .how = "the daemon ended while it was under way",
				 .retry_after_ms = -1 };

	if (FAULT_PLANTED("sending-requeued"))
		r.outcome = OUTCOME_NOT_SENT;
	step_after(ctx, row, &r, out);
}

/* ---- a person ---- */

void step_confirm(const struct step_context *ctx, const struct outbox_row *row,
		  const char *tracking_id, const char *actor, struct step_next *out)
{
	begin(row, out);
	if (is_create(row)) {
		on_created(ctx, tracking_id, "confirmed by a person", out);
		if (out->goes_on)
			wait_for_turn(out, ctx->now_ms);
		out->goes_on = false;
	} else {
		end(out);
	}
	say(out, "confirmed", "%s says that the centre has it", actor);
	finish(ctx, out);
}

void step_resend(const struct step_context *ctx, const struct outbox_row *row,
		 const char *actor, struct step_next *out)
{
	begin(row, out);
	if (is_number_known(row))
		set_step(out, OUTBOX_ROUTE);
	else if (row->step == OUTBOX_SETTLE)
		set_step(out, first_step(&out->row));
	out->row.lookups = 0;
	out->row.attempts = 0;
	out->row.alarmed = false;
	wait_for_turn(out, ctx->now_ms);
	if (is_create(row) && !is_number_known(row))
		out->ticket_state = TICKET_QUEUED;
	say(out, "resend", "%s says that it is to be sent again", actor);
	finish(ctx, out);
}
