/* polls.c: the driver of questions. A question is on one of three lists:
 * claimed (the turn is not committed yet), flying, finished (not written yet).
 * Killed at any line, the question is asked again: its row is still due. */
#include "central/polls_inside.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/fault.h"
#include "store/instances.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define WHERE "central"
#define AHEAD_MAX 16u
#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define LOOK_AGAIN_MS 1000
#define QUIET_FIRST_MS 2000
#define QUIET_CEILING_MS (5 * 60 * 1000)

/* ---- lists --------------------------------------------------------------- */

static void list_add(struct poll_list *l, struct poll *q)
{
	q->next = NULL;
	if (l->last)
		l->last->next = q;
	else
		l->first = q;
	l->last = q;
	l->count++;
}

static struct poll *list_take(struct poll_list *l)
{
	struct poll *q = l->first;

	if (!q)
		return NULL;
	l->first = q->next;
	if (!l->first)
		l->last = NULL;
	l->count--;
	return q;
}

static void list_remove(struct poll_list *l, const struct poll *q)
{
	struct poll_list rest = { 0 };
	struct poll *one;

	while ((one = list_take(l)))
		if (one != q)
			list_add(&rest, one);
	*l = rest;
}

static struct poll *poll_new(struct polls *p, enum poll_kind kind, const struct follow_row *row)
{
	struct poll *q = xcalloc(1, sizeof(*q));

	q->polls = p;
	q->kind = kind;
	q->arena = arena_new();
	if (row) {
		q->row = *row;
		q->row.reference = arena_strdup(q->arena, row->reference);
		q->row.tracking_id = arena_strdup(q->arena, row->tracking_id);
		q->row.instance = arena_strdup(q->arena, row->instance);
		q->row.institution_id = arena_strdup(q->arena, row->institution_id);
	}
	poll_ask(q);
	return q;
}

static void poll_free(struct poll *q)
{
	if (q->call)
		courier_cancel(q->call);
	arena_free(q->arena);
	free(q);
}

static void list_free(struct poll_list *l)
{
	struct poll *q;

	while ((q = list_take(l)))
		poll_free(q);
}

static bool is_under_way(const struct poll_list *l, enum poll_kind kind, int64_t ticket_id)
{
	for (const struct poll *q = l->first; q; q = q->next)
		if (q->kind == kind && q->row.ticket_id == ticket_id)
			return true;
	return false;
}

static bool is_asked(const struct polls *p, enum poll_kind kind, int64_t ticket_id)
{
	return is_under_way(&p->claimed, kind, ticket_id) ||
	       is_under_way(&p->flying, kind, ticket_id);
}

/* ---- room ---------------------------------------------------------------- */

size_t polls_in_flight(const struct polls *p)
{
	return p->claimed.count + p->flying.count;
}

/* Our own part of the day; where none is set, half of the whole, so that
 * pushes keep the other half. */
static bool has_budget(struct polls *p)
{
	const struct settings_central *c = p->outbox->options->central;
	int64_t now = clock_now_ms(), day = (now + (int64_t)c->zone_minutes * 60000) / DAY_MS;
	unsigned most = c->status.daily_budget ? c->status.daily_budget : c->daily_budget / 2;

	if (day != p->day) {
		p->day = day;
		p->used = 0;
	}
	if (c->daily_budget > 0 && most == 0)
		return false;
	return (most == 0 || p->used < most) &&
	       pace_budget_left(&p->outbox->pace, now, c->zone_minutes);
}

/* At most half of what the centre bears at once: a push never waits long. */
static size_t room(struct polls *p)
{
	struct outbox *o = p->outbox;
	int64_t mono = clock_mono_ms();
	size_t allowed = pace_allowed(&o->pace, mono);
	size_t most = allowed > 1 ? allowed / 2 : allowed, mine = polls_in_flight(p);
	size_t busy = o->claimed.count + o->flying.count + mine;

	if (o->paused || mono < p->quiet_until_mono_ms || allowed <= busy || !has_budget(p))
		return 0;
	if (most > AHEAD_MAX)
		most = AHEAD_MAX;
	size_t free_ones = allowed - busy;
	size_t left = most > mine ? most - mine : 0;
	return left < free_ones ? left : free_ones;
}

static bool pushes_wait(const struct outbox *o)
{
	return o->next_due_ms && o->next_due_ms <= clock_now_ms();
}

static bool names_are_due(const struct polls *p, enum names_kind kind)
{
	int64_t every = polls_settings(p)->institutions_every_ms; /* 0: never by itself */

	return p->names_wanted[kind] ||
	       (every > 0 && clock_now_ms() - p->names_ms[kind] >= every);
}

static bool is_comparing(const struct polls *p)
{
	return p->run_ms > p->ended_ms;
}

static int64_t next_nightly_ms(const struct polls *p)
{
	const struct settings_central *c = p->outbox->options->central;

	if (c->status.reconcile_at_ms < 0)
		return INT64_MAX;
	return status_nightly_ms(&c->status, c->zone_minutes, clock_now_ms() + DAY_MS);
}

static bool nightly_is_due(const struct polls *p)
{
	return p->check_wanted || (polls_settings(p)->reconcile_at_ms >= 0 &&
				   next_nightly_ms(p) - DAY_MS > p->run_ms);
}

static bool is_anything_due(const struct polls *p)
{
	int64_t now = clock_now_ms();

	if (!polls_settings(p)->follow)
		return names_are_due(p, NAMES_INSTITUTION) || names_are_due(p, NAMES_TEMPLATE);
	return (p->next_due_ms >= 0 && p->next_due_ms <= now) || is_comparing(p) ||
	       nightly_is_due(p) || names_are_due(p, NAMES_INSTITUTION) ||
	       names_are_due(p, NAMES_TEMPLATE);
}

bool polls_wants_turn(struct polls *p)
{
	if (p->finished.count > 0)
		return true;
	return clock_mono_ms() >= p->look_mono_ms && is_anything_due(p) &&
	       !pushes_wait(p->outbox) && room(p) > 0;
}

static void shorten(int64_t *wait, int64_t other)
{
	if (other >= 0 && (*wait < 0 || other < *wait))
		*wait = other;
}

int64_t polls_wait_ms(struct polls *p)
{
	int64_t wait = -1, now = clock_now_ms(), mono = clock_mono_ms();

	if (p->next_due_ms >= 0)
		shorten(&wait, p->next_due_ms > now ? p->next_due_ms - now : 0);
	if (is_anything_due(p))
		shorten(&wait, 0);
	/* Nothing can leave before these, whatever is due. */
	if (wait >= 0 && p->look_mono_ms - mono > wait)
		wait = p->look_mono_ms - mono;
	if (wait >= 0 && p->quiet_until_mono_ms - mono > wait)
		wait = p->quiet_until_mono_ms - mono;
	return wait == 0 ? LOOK_AGAIN_MS : wait;
}

/* ---- claiming ------------------------------------------------------------ */

static size_t claim_names(struct polls *p, size_t most)
{
	static const enum poll_kind kinds[] = { POLL_INSTITUTIONS, POLL_TEMPLATES };
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(kinds) && n < most; i++) {
		if (!names_are_due(p, (enum names_kind)i) || is_asked(p, kinds[i], 0))
			continue;
		list_add(&p->claimed, poll_new(p, kinds[i], NULL));
		n++;
	}
	return n;
}

/* A ticket that was just pushed is asked about after the first interval. */
static enum jembatan_result choose_time(struct polls *p, const struct follow_row *row,
					struct why *why)
{
	int64_t now = clock_now_ms();

	return follows_set_due(p->outbox->db, row->ticket_id,
			       status_next_ms(polls_settings(p), row->state, now, 0, now,
					      (uint64_t)row->ticket_id), why);
}

static enum jembatan_result claim_rows(struct polls *p, enum poll_kind kind, size_t most,
				       size_t *out_claimed, struct why *why)
{
	struct outbox *o = p->outbox;
	struct follow_row rows[3 * AHEAD_MAX];
	size_t count = 0, limit = most + polls_in_flight(p);

	arena_reset(o->arena);
	ASSERT(limit <= COUNT_OF(rows));
	enum jembatan_result r = kind == POLL_STATUS ?
		follows_due(o->db, clock_now_ms(), COUNT_OF(rows), o->arena, rows, &count, why) :
		follows_unchecked(o->db, p->run_ms, limit, o->arena, rows, &count, why);
	*out_claimed = 0;
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		if (kind == POLL_STATUS && rows[i].due_ms == 0) {
			r = choose_time(p, &rows[i], why);
		} else if (*out_claimed < most && !is_asked(p, kind, rows[i].ticket_id)) {
			list_add(&p->claimed, poll_new(p, kind, &rows[i]));
			(*out_claimed)++;
		}
	}
	return r;
}

static enum jembatan_result claim(struct polls *p, struct why *why)
{
	size_t most = room(p), n = 0, more = 0;
	enum jembatan_result r = JEMBATAN_OK;

	if (most == 0)
		return JEMBATAN_OK;
	n = claim_names(p, most);
	if (polls_settings(p)->follow && n < most) {
		r = claim_rows(p, POLL_STATUS, most - n, &more, why);
		n += more;
		if (r == JEMBATAN_OK && is_comparing(p) && n < most) {
			r = claim_rows(p, POLL_CHECK, most - n, &more, why);
			n += more;
		}
	}
	if (r == JEMBATAN_OK && n < most)
		p->look_mono_ms = clock_mono_ms() + LOOK_AGAIN_MS;
	return r;
}

/* ---- a turn -------------------------------------------------------------- */

static enum jembatan_result write_budget(struct polls *p, struct why *why)
{
	const struct settings_central *c = p->outbox->options->central;
	struct db *db = p->outbox->db;

	if (c->status.daily_budget + c->daily_budget == 0 || p->used_written == p->used)
		return JEMBATAN_OK;
	enum jembatan_result r = instances_flag_set(db, "central.poll_day", p->day, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_set(db, "central.poll_used", p->used, why);
	if (r == JEMBATAN_OK)
		p->used_written = p->used;
	return r;
}

enum jembatan_result polls_write(struct polls *p, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;

	/* At the start, and after a reload. */
	if (!p->is_looked || p->words_seen != polls_settings(p)->words)
		r = polls_look_at_words(p, why);
	for (struct poll *q = p->finished.first; q && r == JEMBATAN_OK; q = q->next)
		r = poll_write(p, q, why);
	if (r == JEMBATAN_OK && polls_settings(p)->follow && (is_comparing(p) || nightly_is_due(p)))
		r = polls_nightly(p, why);
	if (r == JEMBATAN_OK && clock_mono_ms() >= p->look_mono_ms && is_anything_due(p) &&
	    !pushes_wait(p->outbox))
		r = claim(p, why);
	return r == JEMBATAN_OK ? write_budget(p, why) : r;
}

static void find_next_due(struct polls *p)
{
	struct why why;

	if (follows_next_due(p->outbox->db, &p->next_due_ms, &why) != JEMBATAN_OK)
		p->next_due_ms = clock_now_ms() + LOOK_AGAIN_MS;
}

/* As it stands on disk. */
static void read_again(struct polls *p)
{
	struct db *db = p->outbox->db;
	struct why why;

	find_next_due(p);
	enum jembatan_result r = names_age(db, NAMES_INSTITUTION, &p->names_ms[0], &why);
	if (r == JEMBATAN_OK)
		r = names_age(db, NAMES_TEMPLATE, &p->names_ms[1], &why);
	if (r == JEMBATAN_OK)
		r = instances_flag_get(db, "central.compare_run_ms", &p->run_ms, &why);
	if (r == JEMBATAN_OK)
		r = instances_flag_get(db, "central.compare_ended_ms", &p->ended_ms, &why);
	if (r == JEMBATAN_OK)
		r = instances_flag_get(db, "central.compared_ms", &p->compared_ms, &why);
	if (r != JEMBATAN_OK)
		p->look_mono_ms = clock_mono_ms() + LOOK_AGAIN_MS;
}

/* Is it the centre's health, or only this question? A push finds out about
 * credentials and server errors by itself; no question may stop it. */
static bool concerns_all(const struct outcome_verdict *v, const struct client_answer *a)
{
	return v->trouble == OUTCOME_BUSY || a->curl_code != CURLE_OK || a->status == 0;
}

static void tell_pace(struct polls *p, const struct poll *q, const struct client_answer *a)
{
	struct outbox *o = p->outbox;
	struct outcome_facts f = { .action = OUTCOME_ASK,
				   .curl_code = a->curl_code,
				   .any_sent = a->any_sent,
				   .status = a->status,
				   .not_sent_statuses = o->options->central->not_sent_statuses,
				   .not_sent_status_count =
					   o->options->central->not_sent_status_count };
	struct outcome_verdict v = outcome_of(&f);

	if (v.trouble == OUTCOME_FINE) {
		p->troubles = 0;
		p->last_answer_ms = clock_now_ms();
		log_trouble_over(&p->trouble, WHERE, "asking for statuses");
		/* While pushes wait, only they say how the centre takes pushes. */
		if (o->next_due_ms == 0)
			(void)pace_ended(&o->pace, v, a->retry_after_ms, clock_mono_ms());
		return;
	}
	p->troubles++;
	p->quiet_until_mono_ms = clock_mono_ms() + backoff_jitter_ms(p->troubles, QUIET_FIRST_MS,
								     QUIET_CEILING_MS);
	log_trouble(&p->trouble, WHERE, q->how ? q->how : "a status could not be read");
	if (concerns_all(&v, a) && pace_ended(&o->pace, v, a->retry_after_ms, clock_mono_ms()))
		outbox_tell_opened(o, q->how ? q->how : "the centre does not answer");
}

static void start(struct poll *q);

static void on_answer(void *data, const struct client_answer *a)
{
	struct poll *q = data;
	struct polls *p = q->polls;

	q->call = NULL;
	bool is_done = poll_read_answer(q, a);
	tell_pace(p, q, a);
	if (!is_done) {
		start(q);
		return;
	}
	FAULT_POINT("poll.answered");
	list_remove(&p->flying, q);
	list_add(&p->finished, q);
	outbox_reschedule(p->outbox);
}

static void start(struct poll *q)
{
	struct polls *p = q->polls;

	p->used++;
	pace_budget_use(&p->outbox->pace);
	q->call = courier_start(p->outbox->courier, &q->request, on_answer, q);
}

void polls_started(struct polls *p)
{
	struct poll *q;

	p->is_looked = true;
	p->words_seen = polls_settings(p)->words;
	if (p->finished.count > 0)
		FAULT_POINT("poll.written");
	list_free(&p->finished);
	while ((q = list_take(&p->claimed))) {
		list_add(&p->flying, q);
		start(q);
	}
	find_next_due(p);
}

void polls_look(struct polls *p)
{
	read_again(p);
}

void polls_aborted(struct polls *p)
{
	int64_t begun_ms = p->run_ms;

	list_free(&p->claimed);
	p->used_written = UINT32_MAX;
	p->look_mono_ms = clock_mono_ms() + LOOK_AGAIN_MS;
	p->is_looked = false;
	read_again(p);
	p->check_wanted |= begun_ms > p->run_ms;
}

/* ---- life ---------------------------------------------------------------- */

struct polls *polls_new(struct outbox *o)
{
	struct polls *p = xcalloc(1, sizeof(*p));
	int64_t used = 0;
	struct why why;

	p->outbox = o;
	p->day = -1;
	if (instances_flag_get(o->db, "central.poll_day", &p->day, &why) == JEMBATAN_OK &&
	    instances_flag_get(o->db, "central.poll_used", &used, &why) == JEMBATAN_OK)
		p->used = (unsigned)used;
	p->used_written = p->used;
	read_again(p);
	return p;
}

void polls_free(struct polls *p)
{
	if (!p)
		return;
	list_free(&p->claimed);
	list_free(&p->flying);
	list_free(&p->finished);
	free(p);
}

/* ---- asked for by a person ----------------------------------------------- */

void outbox_refresh_institutions(struct outbox *o)
{
	o->polls->names_wanted[NAMES_INSTITUTION] = o->polls->names_wanted[NAMES_TEMPLATE] = true;
	o->polls->quiet_until_mono_ms = o->polls->look_mono_ms = 0;
	outbox_reschedule(o);
}

void outbox_compare(struct outbox *o)
{
	o->polls->check_wanted = true;
	o->polls->quiet_until_mono_ms = o->polls->look_mono_ms = 0;
	outbox_reschedule(o);
}

void outbox_polls_stats(const struct outbox *o, struct outbox_polls_stats *out)
{
	const struct polls *p = o->polls;
	const struct settings_central *c = o->options->central;

	*out = (struct outbox_polls_stats){
		.in_flight = (unsigned)p->flying.count,
		.budget = c->status.daily_budget ? c->status.daily_budget : c->daily_budget / 2,
		.budget_used = p->used,
		.last_answer_ms = p->last_answer_ms,
		.next_due_ms = p->next_due_ms,
		.compared_ms = p->compared_ms,
		.is_comparing = is_comparing(p),
		.institutions_ms = p->names_ms[NAMES_INSTITUTION],
		.readings = p->readings,
		.moved = p->moved,
		.is_refreshing = p->names_wanted[NAMES_INSTITUTION],
	};
}
