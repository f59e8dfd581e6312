/* worker.c: one role of one instance: restart throttle, rest of a child that
 * keeps dying, and polling. Its calls stand in calls.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/fault.h"
#include "intake/instance.h"
#include "store/instances.h"
#include "store/quarantine.h"
#include "base/poison.h"

#define RESTART_FIRST_MS 2000
#define RESTART_MAX_MS 60000
#define RETRY_MAX_MS 300000
#define AUTH_RETRY_MS (15 * 60000)
#define DEATHS_WINDOW_MS (10 * 60000)
#define QUARANTINE_MS (15 * 60000)
#define FULL_WAIT_MS 200
#define BATCH_WAIT_MS 500
#define EMPTY_POLL_MS 1000
#define WATCH_MAX_MS (30 * 60000)
#define DELAY_MAX_MS (24 * 3600000)

static const struct child_events events;

static enum msg_role role_of(enum worker_purpose purpose)
{
	switch (purpose) {
	case WORKER_POLL:
	case WORKER_DRY:
		return MSG_ROLE_POLL;
	case WORKER_REQUEST:
		return MSG_ROLE_REQUEST;
	case WORKER_DELIVER:
		return MSG_ROLE_DELIVER;
	case WORKER_REPLAY:
		return MSG_ROLE_TOOL;
	}
	return MSG_ROLE_TOOL;
}

unsigned worker_needs(enum worker_purpose purpose)
{
	switch (purpose) {
	case WORKER_POLL:
	case WORKER_DRY:
		return JEMBATAN_CAN_POLL;
	case WORKER_REQUEST:
		return JEMBATAN_CAN_REQUEST;
	case WORKER_DELIVER:
		return JEMBATAN_CAN_REPLY | JEMBATAN_CAN_FETCH | JEMBATAN_CAN_CONSENT;
	case WORKER_REPLAY:
		return JEMBATAN_CAN_PREVIEW;
	}
	return 0;
}

static void fail(struct worker *w, const char *sentence)
{
	log_trouble(&w->trouble, w->instance->settings->name, sentence);
	str_copy(w->alarm, sizeof(w->alarm), sentence);
}

void worker_was_ok(struct worker *w)
{
	static const char *const words[] = { "the channel", "the webhook", "the way back",
					     "the replay", "the dry run" };
	w->failures = 0;
	w->alarm[0] = '\0';
	log_trouble_over(&w->trouble, w->instance->settings->name, words[w->purpose]);
}

static bool is_job(const struct worker *w)
{
	return w->purpose == WORKER_REPLAY || w->purpose == WORKER_DRY;
}

static void set_outcome(struct worker *w, enum jembatan_result result, const char *why)
{
	w->job_is_over = true;
	w->job.result = result;
	str_copy(w->job.why, sizeof(w->job.why), why != NULL ? why : "");
}

void worker_end_job(struct worker *w, enum jembatan_result result, const char *why)
{
	set_outcome(w, result, why);
	child_stop(w->child);
}

/* A plugin's wish how long to wait may be any number. */
static int64_t waiting_ms(int64_t wished_ms, int64_t at_least_ms)
{
	if (wished_ms > DELAY_MAX_MS)
		wished_ms = DELAY_MAX_MS;
	return wished_ms > at_least_ms ? wished_ms : at_least_ms;
}

/* Nothing of this instance goes on until a person says so. */
static void disable(struct instance *i)
{
	i->usable = false;
	worker_stop(&i->poll);
	worker_stop(&i->request);
	worker_stop(&i->deliver);
}

/* ---- starting ---------------------------------------------------------- */

/* Options are read anew at each start, so secrets do not stay in memory. */
static enum jembatan_result start_child(struct worker *w, struct why *why)
{
	struct instance *i = w->instance;
	struct arena *arena = arena_new();
	struct problems problems;
	problems_init(&problems);
	struct instance_options options = { 0 };
	struct msg_open open = {
		.instance = i->settings->name,
		.role = role_of(w->purpose),
		.mode = w->purpose == WORKER_DRY ? JEMBATAN_MODE_DRY :
			w->purpose == WORKER_REPLAY ? JEMBATAN_MODE_PREVIEW : 0,
		.cursor = w->purpose == WORKER_POLL ? i->cursor : NULL,
		.start_ms = w->purpose == WORKER_DRY ? w->dry_since_ms : i->start_ms,
		.attachment_max_bytes = intake_settings(i->intake)->attachment_max_bytes,
	};
	enum jembatan_result r = instance_options_check(i->settings, i->manifest.options,
							i->manifest.option_count, &problems, arena,
							&options);
	if (r != JEMBATAN_OK) {
		CLEANUP(free_pointer) char *text = problems.count > 0 ?
			problem_text(&problems.items[0]) : xstrdup("its options are wrong");
		(void)why_set(why, r, "%s", text);
		goto out;
	}
	w->key = instance_key(i->intake, intake_settings(i->intake), i->plugin, &options);
	open.options = options.options;
	open.option_count = options.option_count;
	open.grants = options.grants;
	open.grant_count = options.grant_count;
	r = skips_list(intake_db(i->intake), i->id, arena, &open.skips, &open.skip_count, why);
	/* A replay is somebody's wish to try the record once more. */
	if (w->purpose == WORKER_REPLAY)
		open.skip_count = 0;
	if (r == JEMBATAN_OK)
		r = child_start(w->child, &open, why);
out:
	problems_done(&problems);
	arena_free(arena);
	return r;
}

static void restart_later(struct worker *w, int64_t wished_ms)
{
	w->failures++;
	int64_t first = FAULT_NUMBER("JEMBATAN_RESTART_FIRST_MS", RESTART_FIRST_MS);
	int64_t most = FAULT_NUMBER("JEMBATAN_RESTART_MAX_MS", RESTART_MAX_MS);
	int64_t wait = backoff_ms(w->failures, first, most);
	loop_timer_set(w->timer, waiting_ms(wished_ms, backoff_spread_ms(wait, 20)));
}

void worker_start(struct worker *w)
{
	struct instance *i = w->instance;
	if ((!i->usable && !w->is_by_hand) || (i->paused && !is_job(w)) || child_state(w->child) != CHILD_DOWN ||
	    (i->manifest.capabilities & worker_needs(w->purpose)) == 0)
		return;
	/* What the last child left is not on disk yet. */
	if (!batch_is_empty(child_batch(w->child))) {
		loop_timer_set(w->timer, BATCH_WAIT_MS);
		return;
	}
	loop_timer_stop(w->timer);
	w->quarantined = w->restarts = false;
	struct why why;
	enum jembatan_result r = start_child(w, &why);
	if (r == JEMBATAN_OK) {
		/* A preview is not opened: the sample follows at once. */
		if (w->purpose == WORKER_REPLAY) {
			child_skip_open(w->child);
			worker_send_sample(w);
		}
		return;
	}
	if (is_job(w)) {
		set_outcome(w, r, why.text);
		intake_job_ended(w);
		return;
	}
	fail(w, why.text);
	restart_later(w, 0);
}

void worker_wake(struct worker *w)
{
	if (child_state(w->child) == CHILD_IDLE && w->purpose == WORKER_POLL)
		loop_timer_set(w->timer, 0);
	else
		worker_start(w);
}

void worker_stop(struct worker *w)
{
	if (w->child == NULL)
		return;
	loop_timer_stop(w->timer);
	child_stop(w->child);
	if (child_state(w->child) == CHILD_DOWN)
		worker_fail_calls(w, "it is stopped");
}

void worker_forgive(struct worker *w)
{
	w->failures = 0;
	w->death_count = 0;
	w->quarantined = false;
	w->alarm[0] = '\0';
	loop_timer_stop(w->timer);
}

/* A request or reply under way is answered first: worker_next_call goes on. */
void worker_restart(struct worker *w)
{
	bool is_asked = w->calls != w->unasked && child_state(w->child) == CHILD_BUSY;
	worker_forgive(w);
	w->restarts = true;
	if (!is_asked)
		child_stop(w->child);
}

/* ---- asking ------------------------------------------------------------ */

static void poll_now(struct worker *w)
{
	struct why why;
	if (child_state(w->child) != CHILD_IDLE || (w->instance->paused && !is_job(w)))
		return;
	if (intake_is_full(w->instance->intake)) {
		loop_timer_set(w->timer, FULL_WAIT_MS);
		return;
	}
	loop_timer_stop(w->timer);
	w->instance->polls++;
	if (child_ask(w->child, MSG_POLL, NULL, NULL, (struct jembatan_bytes){ 0 }, &why) !=
	    JEMBATAN_OK)
		child_kill(w->child);
}

static void on_timer(void *data)
{
	struct worker *w = data;
	if (child_state(w->child) != CHILD_DOWN) {
		if (role_of(w->purpose) == MSG_ROLE_POLL)
			poll_now(w);
		return;
	}
	w->quarantined = false;
	/* Replies and fetches are rare: their child starts when one waits. */
	if (w->purpose != WORKER_DELIVER || w->calls != NULL)
		worker_start(w);
}

/* ---- what the child says ----------------------------------------------- */

static void open_failed(struct worker *w, const struct msg_result *r)
{
	char sentence[600];
	snprintf(sentence, sizeof(sentence), "the connector could not start: %s",
		 r->why != NULL ? r->why : "it gave no reason");
	if (is_job(w)) {
		worker_end_job(w, (enum jembatan_result)r->result, sentence);
		return;
	}
	fail(w, sentence);
	if (r->result == JEMBATAN_CONFIG) {
		disable(w->instance);
		return;
	}
	child_stop(w->child);
	if (r->result == JEMBATAN_AUTH)
		loop_timer_set(w->timer, waiting_ms(r->delay_ms, AUTH_RETRY_MS));
	else
		restart_later(w, r->delay_ms);
}

static void on_opened(void *data, struct child *c, const struct msg_result *r)
{
	struct worker *w = data;
	struct instance *i = w->instance;
	bool degraded;
	str_copy(i->confinement, sizeof(i->confinement), child_confinement(c, &degraded));
	i->degraded = degraded;
	if (r->result != JEMBATAN_OK) {
		open_failed(w, r);
	} else if (role_of(w->purpose) == MSG_ROLE_POLL) {
		poll_now(w);
	} else {
		w->alarm[0] = '\0'; /* it is up again; its next call may be long in coming */
		worker_next_call(w);
	}
}

static void poll_failed(struct worker *w, const struct msg_result *r)
{
	const char *why = r->why != NULL ? r->why : "it gave no reason";
	char sentence[600];
	switch ((enum jembatan_result)r->result) {
	case JEMBATAN_AUTH:
		snprintf(sentence, sizeof(sentence), "the remote refuses our credentials: %s", why);
		fail(w, sentence);
		loop_timer_set(w->timer, waiting_ms(r->delay_ms, AUTH_RETRY_MS));
		return;
	case JEMBATAN_CONFIG:
		snprintf(sentence, sizeof(sentence), "paused until its configuration changes: %s", why);
		fail(w, sentence);
		disable(w->instance);
		return;
	case JEMBATAN_FATAL:
		snprintf(sentence, sizeof(sentence), "the connector gave up: %s", why);
		fail(w, sentence);
		child_stop(w->child);
		restart_later(w, r->delay_ms);
		return;
	case JEMBATAN_OK:
	case JEMBATAN_IDLE:
	case JEMBATAN_RETRY:
	case JEMBATAN_DATA:
	case JEMBATAN_GONE:
		break;
	}
	w->failures++;
	fail(w, why);
	loop_timer_set(w->timer, waiting_ms(r->delay_ms, backoff_jitter_ms(w->failures,
									    RESTART_FIRST_MS,
									    RETRY_MAX_MS)));
}

/* One that says "more" and brings nothing must not keep us spinning. */
static int64_t pause_ms(const struct worker *w)
{
	return child_brought(w->child) ? 0 : EMPTY_POLL_MS;
}

static void polled(struct worker *w, const struct msg_result *r)
{
	struct instance *i = w->instance;
	if (r->result != JEMBATAN_OK && r->result != JEMBATAN_IDLE && r->result != JEMBATAN_DATA) {
		poll_failed(w, r);
		return;
	}
	worker_was_ok(w);
	instance_was_ok(i);
	w->not_before_mono_ms = clock_mono_ms() + pause_ms(w);
	w->watching = r->result == JEMBATAN_IDLE && r->watching;
	if (r->result != JEMBATAN_IDLE)
		i->wait_ms = waiting_ms(r->delay_ms, pause_ms(w));
	else if (w->watching)
		/* A connection may be dead without a word: look now and then. */
		i->wait_ms = waiting_ms(i->settings->every_ms, WATCH_MAX_MS);
	else
		i->wait_ms = r->delay_ms > 0 ? waiting_ms(r->delay_ms, 0) : i->settings->every_ms;
	loop_timer_set(w->timer, i->wait_ms);
}

static void dry_polled(struct worker *w, const struct msg_result *r)
{
	bool more = r->result == JEMBATAN_OK || r->result == JEMBATAN_DATA;
	bool is_good = r->result == JEMBATAN_IDLE || (w->one_page && more);
	if (more && child_brought(w->child) && !w->one_page)
		poll_now(w);
	else
		worker_end_job(w, is_good ? JEMBATAN_OK : (enum jembatan_result)r->result, r->why);
}

static void on_done(void *data, struct child *c, const struct msg_result *r)
{
	struct worker *w = data;
	(void)c;
	switch (w->purpose) {
	case WORKER_POLL:
		polled(w, r);
		return;
	case WORKER_DRY:
		dry_polled(w, r);
		return;
	case WORKER_REPLAY:
		worker_end_job(w, r->result == JEMBATAN_IDLE ? JEMBATAN_OK :
			       (enum jembatan_result)r->result, r->why);
		return;
	case WORKER_REQUEST:
	case WORKER_DELIVER:
		worker_refuse_call(w, r->why != NULL ? r->why : "the connector cannot do this");
		return;
	}
}

static void on_wake(void *data, struct child *c)
{
	struct worker *w = data;
	int64_t left = w->not_before_mono_ms - clock_mono_ms();
	(void)c;
	w->watching = false;
	if (left > 0)
		loop_timer_set(w->timer, left);
	else
		poll_now(w);
}

static void on_answer(void *data, struct child *c, const struct frame *f)
{
	(void)c;
	worker_take_answer(data, f);
}

static void on_told(void *data, struct child *c UNUSED, int64_t us)
{
	struct instance *i = ((struct worker *)data)->instance;
	i->delays_us[i->delay_count++ % DELAY_RING] = us;
}

static void on_room(void *data, struct child *c)
{
	struct worker *w = data;
	if (w->purpose == WORKER_REPLAY && child_state(c) == CHILD_BUSY)
		worker_send_sample(w);
	else
		worker_next_call(w);
}

static int64_t deaths_window_ms(void)
{
	return FAULT_NUMBER("JEMBATAN_DEATHS_WINDOW_MS", DEATHS_WINDOW_MS);
}

/* Five deaths in ten minutes: something is wrong that a restart does not cure. */
static void count_death(struct worker *w, const char *how)
{
	int64_t now = clock_mono_ms();
	char sentence[600];
	w->instance->deaths++;
	w->deaths_mono_ms[w->death_count++ % WORKER_DEATHS] = now;
	int64_t oldest = w->deaths_mono_ms[w->death_count % WORKER_DEATHS];
	if (w->death_count >= WORKER_DEATHS && now - oldest < deaths_window_ms()) {
		snprintf(sentence, sizeof(sentence),
			 "its connector died %u times within 10 minutes (the last %s): it rests for 15 "
			 "minutes; look at the log and at `jembatan quarantine list`", WORKER_DEATHS, how);
		fail(w, sentence);
		w->quarantined = true;
		w->death_count = 0;
		w->failures = 0;
		loop_timer_set(w->timer, QUARANTINE_MS);
		return;
	}
	snprintf(sentence, sizeof(sentence), "its connector %s; it is started again", how);
	fail(w, sentence);
	restart_later(w, 0);
}

static void job_died(struct worker *w, const char *how, bool clean)
{
	struct why why;
	if (!w->job_is_over && clean)
		set_outcome(w, JEMBATAN_RETRY, "it was stopped before its end");
	else if (!w->job_is_over)
		set_outcome(w, why_set(&why, JEMBATAN_FATAL, "the connector %s", how), why.text);
	worker_on_dead_job(w);
}

static void on_dead(void *data, struct child *c, const char *how, bool clean)
{
	struct worker *w = data;
	(void)c;
	w->watching = false;
	if (is_job(w)) {
		job_died(w, how, clean);
		return;
	}
	/* Those of a child that makes way for another were not sent yet. */
	if (!clean || !w->restarts || !w->instance->usable || w->calls != w->unasked)
		worker_fail_calls(w, how);
	if (w->instance->leaving)
		intake_sweep_later(w->instance->intake);
	if (!clean)
		count_death(w, how);
	else if (w->instance->usable && !w->instance->paused && !loop_timer_is_set(w->timer))
		loop_timer_set(w->timer, 0);
	intake_want_turn(w->instance->intake);
}

static void on_batch(void *data, struct child *c)
{
	struct worker *w = data;
	(void)c;
	w->instance->active_mono_ms = clock_mono_ms();
	intake_want_turn(w->instance->intake);
}

static enum jembatan_result on_state_get(void *data, struct child *c, const char *key,
					 struct buf *out)
{
	struct worker *w = data;
	struct why why;
	(void)c;
	return instances_state_get(intake_db(w->instance->intake), w->instance->id, key, out, &why);
}

static const struct child_events events = {
	.on_opened = on_opened,
	.on_done = on_done,
	.on_wake = on_wake,
	.on_answer = on_answer,
	.on_room = on_room,
	.on_told = on_told,
	.on_dead = on_dead,
	.on_batch = on_batch,
	.on_state_get = on_state_get,
};

void worker_init(struct worker *w, struct instance *i, enum worker_purpose purpose)
{
	const struct settings *s = intake_settings(i->intake);
	*w = (struct worker){ .instance = i, .purpose = purpose };
	w->calls_end = &w->calls;
	w->answered_end = &w->answered;
	w->timer = loop_timer_new(intake_loop(i->intake), on_timer, w);
	buf_init(&w->sample, (size_t)s->attachment_max_bytes + 64u * 1024u * 1024u);
	w->child = child_new(&(struct child_options){
		.loop = intake_loop(i->intake),
		.instance = i->name,
		.role = role_of(purpose),
		.spawn = { .program = spawn_program(), .plugin = i->plugin, .spool = i->spool,
			   .confinement_required = s->confinement_required },
		.keys = inbox_keys(intake_db(i->intake)),
		.batch_max = s->batch_max,
		.events = &events,
		.data = w,
	});
}

void worker_done(struct worker *w)
{
	if (w->child == NULL)
		return;
	child_free(w->child);
	loop_timer_free(w->timer);
	worker_fail_calls(w, "the daemon stops");
	worker_fail_answered(w, "the daemon stops, and what it brought is not stored");
	if (w->on_job != NULL) {
		set_outcome(w, JEMBATAN_RETRY, "the daemon stops");
		w->on_job(w->job_data, &w->job, true);
	}
	buf_done(&w->sample);
	*w = (struct worker){ 0 };
}
