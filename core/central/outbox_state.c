/* outbox_state.c: the outbox's life, its timer and probes, what `status` shows
 * and what a person says about a row. */
#include "central/outbox_inside.h"
#include "central/polls.h"

#include "base/clock.h"
#include "store/instances.h"
#include "store/tickets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define WHERE "central"
#define LONGEST_WAIT_MS 60000
#define UNANSWERED_MS 1000 /* asked for a turn and got none */

/* ---- the timer and probes ---- */

static bool has_room(struct outbox *o)
{
	const struct settings_central *c = o->options->central;

	size_t busy = o->flying.count + polls_in_flight(o->polls);

	return !o->paused && pace_allowed(&o->pace, clock_mono_ms()) > busy &&
	       pace_budget_left(&o->pace, clock_now_ms(), c->zone_minutes);
}

static bool has_work(struct outbox *o)
{
	return o->finished.count > 0 ||
	       (has_room(o) && o->next_due_ms && o->next_due_ms <= clock_now_ms());
}

bool outbox_is_busy(const struct outbox *o)
{
	return 2 * o->flying.count > pace_allowed(&o->pace, clock_mono_ms());
}

bool outbox_wants_turn(struct outbox *o)
{
	if (!o->is_recovered || clock_mono_ms() >= o->alarm_mono_ms)
		return true;
	return has_work(o) || polls_wants_turn(o->polls);
}

static void shorten(int64_t *wait, int64_t other)
{
	if (other >= 0 && other < *wait)
		*wait = other;
}

static void on_probed(void *data, const struct client_answer *a)
{
	struct outbox *o = data;
	struct outcome_facts f = { .action = OUTCOME_ASK,
				   .curl_code = a->curl_code,
				   .any_sent = a->any_sent,
				   .status = a->status,
				   .not_sent_statuses = o->options->central->not_sent_statuses,
				   .not_sent_status_count =
					   o->options->central->not_sent_status_count };

	o->probe = NULL;
	pace_probe_end(&o->pace, outcome_of(&f), a->retry_after_ms, clock_mono_ms());
	if (o->pace.state == PACE_OPEN)
		log_debug(WHERE, "the centre was asked and is not back (%u)", a->status);
	outbox_reschedule(o);
}

static void probe(struct outbox *o)
{
	free(o->probe_url);
	o->probe_url = xasprintf("%s%s", o->options->central->url, o->options->tuning.probe_path);
	pace_probe_begin(&o->pace);
	o->probe_request = (struct client_request){ .url = o->probe_url };
	o->probe = courier_start(o->courier, &o->probe_request, on_probed, o);
}

static void on_timer(void *data)
{
	outbox_reschedule(data);
}

void outbox_reschedule(struct outbox *o)
{
	int64_t wait = LONGEST_WAIT_MS;

	if (pace_wants_probe(&o->pace, clock_mono_ms()))
		probe(o);
	if (outbox_wants_turn(o)) {
		if (o->on_wants)
			o->on_wants(o->data);
		wait = UNANSWERED_MS; /* the turn sets it anew */
	}
	shorten(&wait, pace_wait_ms(&o->pace, clock_mono_ms()));
	shorten(&wait, o->alarm_mono_ms - clock_mono_ms());
	if (o->next_due_ms && has_room(o) && o->next_due_ms > clock_now_ms())
		shorten(&wait, o->next_due_ms - clock_now_ms());
	shorten(&wait, polls_wait_ms(o->polls));
	loop_timer_set(o->timer, wait);
}

void outbox_tell_opened(struct outbox *o, const char *how)
{
	char sentence[300];
	enum outcome_trouble t = o->pace.trouble;

	snprintf(sentence, sizeof(sentence), "%s; %s", how,
		 t == OUTCOME_AUTH ? "see central.secret and central.guid: reports wait" :
		 t == OUTCOME_MISCONFIG ? "see central.url, it leads elsewhere: reports wait" :
					  "reports wait until the centre is back");
	log_trouble(&o->trouble, WHERE, sentence);
}

int64_t outbox_alarm_every_ms(const struct outbox *o)
{
	int64_t limit = o->options->central->unknown_alarm_ms;

	return limit < LONGEST_WAIT_MS ? limit : LONGEST_WAIT_MS;
}

/* ---- life ---- */

static void read_flags(struct outbox *o)
{
	int64_t paused = 0, day = -1, used = 0;
	struct why why;

	if (instances_flag_get(o->db, "central.paused", &paused, &why) == JEMBATAN_OK)
		o->paused = paused != 0;
	if (instances_flag_get(o->db, "central.budget_day", &day, &why) == JEMBATAN_OK &&
	    instances_flag_get(o->db, "central.budget_used", &used, &why) == JEMBATAN_OK)
		pace_budget_set(&o->pace, day, (unsigned)used);
	o->budget_written = o->pace.used;
}

static struct client_options client_options_of(const struct settings_central *c)
{
	return (struct client_options){ .auth_header = c->auth_header,
					.auth_scheme = c->auth_scheme,
					.secret = c->secret,
					.guid = c->guid,
					.ca_file = c->ca_file,
					.connect_timeout_ms = c->connect_timeout_ms,
					.answer_timeout_ms = c->answer_timeout_ms,
					.connections = c->connections };
}

void outbox_take_settings(struct outbox *o, bool are_equal)
{
	const struct settings_central *c = o->options->central;
	struct client_options client = client_options_of(c);

	courier_set_options(o->courier, &client);
	if (are_equal)
		return;
	pace_change(&o->pace, c->connections, c->daily_budget, clock_mono_ms());
	o->next_due_ms = 1; /* look at once */
	loop_timer_set(o->timer, 0);
}

struct outbox *outbox_new(struct loop *loop, struct db *db,
			  const struct central_options *options, outbox_on_wants *on_wants,
			  void *data)
{
	const struct settings_central *c = options->central;
	struct client_options client = client_options_of(c);
	struct outbox *o = xcalloc(1, sizeof(*o));

	ASSERT(c->url);
	o->loop = loop;
	o->db = db;
	o->options = options;
	o->on_wants = on_wants;
	o->data = data;
	o->courier = courier_new(loop, &client);
	o->timer = loop_timer_new(loop, on_timer, o);
	o->arena = arena_new();
	o->next_due_ms = 1; /* look at once */
	o->alarm_mono_ms = clock_mono_ms();
	pace_init(&o->pace, &options->tuning, c->connections, c->daily_budget);
	read_flags(o);
	o->polls = polls_new(o);
	loop_timer_set(o->timer, 0);
	return o;
}

static void free_list(struct push_list *l)
{
	while (l->first) {
		struct push *p = l->first;
		l->first = p->next;
		push_free(p);
	}
}

void outbox_free(struct outbox *o)
{
	if (!o)
		return;
	free_list(&o->claimed);
	free_list(&o->flying);
	free_list(&o->finished);
	polls_free(o->polls);
	courier_free(o->courier);
	loop_timer_free(o->timer);
	arena_free(o->arena);
	free(o->probe_url);
	free(o);
}

void outbox_look(struct outbox *o)
{
	o->next_due_ms = 1;
	outbox_reschedule(o);
}

void outbox_clock_set(struct outbox *o)
{
	polls_look(o->polls);
	outbox_look(o);
}

void outbox_pause(struct outbox *o, bool paused)
{
	o->paused = paused;
	if (!paused)
		pace_resume(&o->pace, clock_mono_ms());
	outbox_look(o);
}

bool outbox_is_idle(const struct outbox *o)
{
	return o->claimed.count + o->flying.count + o->finished.count == 0;
}

bool outbox_is_alive(const struct outbox *o)
{
	return courier_is_alive(o->courier);
}

/* ---- a person's word ---- */

bool outbox_row_is_unknown(const struct outbox_row *row)
{
	return row->state == OUTBOX_UNKNOWN ||
	       (row->state != OUTBOX_DONE && row->step == OUTBOX_SETTLE);
}

/* A row under way cannot be settled by a person: its answer may come now. */
static enum jembatan_result get_held(struct outbox *o, int64_t id, struct outbox_row *out,
				     struct why *why)
{
	enum jembatan_result r;

	arena_reset(o->arena);
	r = outbox_rows_get(o->db, id, o->arena, out, why);
	if (r != JEMBATAN_OK)
		return r;
	if (out->state == OUTBOX_SENDING)
		return why_set(why, JEMBATAN_DATA, "%s is being sent just now; try again later",
			       out->reference);
	if (!outbox_row_is_unknown(out) && out->state != OUTBOX_REFUSED)
		return why_set(why, JEMBATAN_DATA, "%s is not held as unknown: it is %s",
			       out->reference, outbox_state_name(out->state));
	return JEMBATAN_OK;
}

static enum jembatan_result context_of(struct outbox *o, const struct outbox_row *row,
				       struct step_context *out, struct why *why)
{
	struct ticket_row ticket;
	struct ticket t = { 0 };
	enum jembatan_result r = tickets_get(o->db, row->ticket_id, o->arena, &ticket, why);

	if (r == JEMBATAN_OK && ticket.body)
		r = ticket_from_json(bytes_text(ticket.body), o->arena, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	*out = (struct step_context){ .central = o->options->central,
				      .tuning = &o->options->tuning,
				      .route_to = arena_strdup(o->arena, central_route_to(o->options, &t)),
				      .now_ms = clock_now_ms(),
				      .arena = o->arena };
	return JEMBATAN_OK;
}

/* Once the transaction is over, from the loop. */
static void look_soon(struct outbox *o)
{
	o->next_due_ms = 1;
	loop_timer_set(o->timer, 0);
}

enum jembatan_result outbox_confirm(struct outbox *o, int64_t row_id, const char *tracking_id,
				    const char *actor, struct why *why)
{
	struct outbox_row row;
	struct step_context ctx;
	struct step_next next;
	enum jembatan_result r = get_held(o, row_id, &row, why);

	if (r == JEMBATAN_OK && row.kind == OUTBOX_CREATE && !lapor_v3_is_id(tracking_id))
		r = why_set(why, JEMBATAN_DATA, "that is not a tracking number");
	if (r == JEMBATAN_OK)
		r = context_of(o, &row, &ctx, why);
	if (r != JEMBATAN_OK)
		return r;
	step_confirm(&ctx, &row, tracking_id, actor, &next);
	look_soon(o);
	return outbox_write_next(o, &next, actor, why);
}

enum jembatan_result outbox_resend(struct outbox *o, int64_t row_id, const char *actor,
				   struct why *why)
{
	struct outbox_row row;
	struct step_context ctx;
	struct step_next next;
	enum jembatan_result r = get_held(o, row_id, &row, why);

	if (r == JEMBATAN_OK)
		r = context_of(o, &row, &ctx, why);
	if (r != JEMBATAN_OK)
		return r;
	step_resend(&ctx, &row, actor, &next);
	look_soon(o);
	return outbox_write_next(o, &next, actor, why);
}

/* ---- status ---- */

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void latencies(const struct outbox *o, struct outbox_stats *out)
{
	int64_t sorted[OUTBOX_LATENCIES];
	size_t n = o->took_count < OUTBOX_LATENCIES ? (size_t)o->took_count : OUTBOX_LATENCIES;

	if (n == 0)
		return;
	memcpy(sorted, o->took_ms, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare);
	out->p50_ms = sorted[n / 2];
	out->p99_ms = sorted[n * 99 / 100];
}

void outbox_stats(struct outbox *o, struct outbox_stats *out)
{
	int64_t mono = clock_mono_ms();

	(void)pace_budget_left(&o->pace, clock_now_ms(), o->options->central->zone_minutes);
	*out = (struct outbox_stats){
		.paused = o->paused,
		.breaker = pace_state_name(o->pace.state),
		.trouble = outcome_trouble_name(o->pace.trouble),
		.next_probe_ms = o->pace.state == PACE_OPEN ? pace_wait_ms(&o->pace, mono) : -1,
		.quiet_ms = pace_quiet_ms(&o->pace, mono),
		.in_flight = (unsigned)o->flying.count,
		.parallel = o->pace.limit,
		.parallel_most = o->pace.most,
		.budget = o->pace.budget,
		.budget_used = o->pace.used,
		.done = o->outcomes[OUTCOME_DONE],
		.refused = o->outcomes[OUTCOME_REFUSED],
		.not_sent = o->outcomes[OUTCOME_NOT_SENT],
		.unknown = o->outcomes[OUTCOME_UNKNOWN],
		.last_error_ms = o->last_error_ms,
		.last_ok_ms = o->last_ok_ms,
	};
	snprintf(out->last_error, sizeof(out->last_error), "%s", o->last_error);
	latencies(o, out);
}
