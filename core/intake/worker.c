/* worker.c: one role of one instance: restart throttle, quarantine of a child
 * that keeps dying, polling, and queued calls. */
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
#define CALLS_MAX 256u

static const struct child_events events;

static enum msg_role
role_of(enum worker_purpose purpose)
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

static void
fail(struct worker *w, const char *sentence)
{
	log_trouble(&w->trouble, w->instance->settings->name, sentence);
	instance_set_alarm(w->instance, sentence);
}

static bool
is_job(const struct worker *w)
{
	return w->purpose == WORKER_REPLAY || w->purpose == WORKER_DRY;
}

static void
end_job(struct worker *w, enum jembatan_result result, const char *why)
{
	w->job.result = result;
	str_copy(w->job.why, sizeof(w->job.why), why != NULL ? why : "");
	child_stop(w->child);
}

/* ---- starting ---------------------------------------------------------- */

/* Options are read anew at each start, so secrets do not stay in memory. */
static enum jembatan_result
start_child(struct worker *w, struct why *why)
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

static void
restart_later(struct worker *w)
{
	w->failures++;
	int64_t first = FAULT_NUMBER("JEMBATAN_RESTART_FIRST_MS", RESTART_FIRST_MS);
	loop_timer_set(w->timer, backoff_spread_ms(backoff_ms(w->failures, first, RESTART_MAX_MS),
						   20));
}

static void
send_sample(struct worker *w)
{
	struct why why;
	size_t at = 0;
	do {
		size_t n = w->sample.size - at;
		if (n > FRAME_BLOB_MAX)
			n = FRAME_BLOB_MAX;
		struct msg_sample piece = { .last = at + n == w->sample.size };
		if (child_ask(w->child, MSG_SAMPLE, msg_sample_fields, &piece,
			      (struct jembatan_bytes){ w->sample.data + at, n }, &why) !=
		    JEMBATAN_OK) {
			end_job(w, JEMBATAN_RETRY, why.text);
			return;
		}
		at += n;
	} while (at < w->sample.size);
}

void
worker_start(struct worker *w)
{
	struct instance *i = w->instance;
	if (!i->usable || i->paused || child_state(w->child) != CHILD_DOWN)
		return;
	/* What the last child left is not on disk yet. */
	if (!batch_is_empty(child_batch(w->child))) {
		loop_timer_set(w->timer, BATCH_WAIT_MS);
		return;
	}
	struct why why;
	enum jembatan_result r = start_child(w, &why);
	if (r == JEMBATAN_OK) {
		/* A preview is not opened: the sample follows at once. */
		if (w->purpose == WORKER_REPLAY) {
			child_skip_open(w->child);
			send_sample(w);
		}
		return;
	}
	if (is_job(w)) {
		w->job.result = r;
		str_copy(w->job.why, sizeof(w->job.why), why.text);
		intake_job_ended(w);
		return;
	}
	fail(w, why.text);
	restart_later(w);
}

void
worker_wake(struct worker *w)
{
	if (child_state(w->child) == CHILD_IDLE && w->purpose == WORKER_POLL)
		loop_timer_set(w->timer, 0);
	else
		worker_start(w);
}

void
worker_stop(struct worker *w)
{
	if (w->child == NULL)
		return;
	loop_timer_stop(w->timer);
	child_stop(w->child);
}

/* ---- asking ------------------------------------------------------------ */

static void
poll_now(struct worker *w)
{
	struct why why;
	if (child_state(w->child) != CHILD_IDLE || w->instance->paused)
		return;
	if (intake_is_full(w->instance->intake)) {
		loop_timer_set(w->timer, FULL_WAIT_MS);
		return;
	}
	w->instance->polls++;
	if (child_ask(w->child, MSG_POLL, NULL, NULL, (struct jembatan_bytes){ 0 }, &why) !=
	    JEMBATAN_OK)
		child_kill(w->child);
}

static void
next_call(struct worker *w)
{
	struct call *c = w->calls;
	struct why why;
	if (c == NULL || child_state(w->child) != CHILD_IDLE)
		return;
	if (child_ask_packed(w->child, c->type, buf_bytes(&c->frame), buf_bytes(&c->blob), &why) !=
	    JEMBATAN_OK)
		child_kill(w->child);
}

static void
on_timer(void *data)
{
	struct worker *w = data;
	if (child_state(w->child) == CHILD_DOWN) {
		w->quarantined = false;
		worker_start(w);
	} else {
		poll_now(w);
	}
}

void
worker_call(struct worker *w, struct call *call)
{
	*w->calls_end = call;
	w->calls_end = &call->next;
	if (child_state(w->child) == CHILD_DOWN && !loop_timer_is_set(w->timer))
		worker_start(w);
	else
		next_call(w);
}

static void
free_call(struct call *c)
{
	buf_done(&c->frame);
	buf_done(&c->blob);
	free(c);
}

static struct call *
pop_call(struct worker *w)
{
	struct call *c = w->calls;
	w->calls = c->next;
	if (w->calls == NULL)
		w->calls_end = &w->calls;
	c->next = NULL;
	return c;
}

/* ---- what the child says ----------------------------------------------- */

static void
on_opened(void *data, struct child *c, const struct msg_result *r)
{
	struct worker *w = data;
	struct instance *i = w->instance;
	bool degraded;
	str_copy(i->confinement, sizeof(i->confinement), child_confinement(c, &degraded));
	i->degraded = degraded;
	if (r->result != JEMBATAN_OK) {
		char sentence[600];
		snprintf(sentence, sizeof(sentence), "the connector could not start: %s",
			 r->why != NULL ? r->why : "it gave no reason");
		if (is_job(w)) {
			end_job(w, (enum jembatan_result)r->result, sentence);
			return;
		}
		fail(w, sentence);
		child_stop(c);
		if (r->result == JEMBATAN_CONFIG) {
			i->usable = false;
			return;
		}
		restart_later(w);
		return;
	}
	if (w->purpose == WORKER_POLL || w->purpose == WORKER_DRY)
		poll_now(w);
	else
		next_call(w);
}

static void
poll_failed(struct worker *w, struct child *c, const struct msg_result *r)
{
	struct instance *i = w->instance;
	const char *why = r->why != NULL ? r->why : "it gave no reason";
	char sentence[600];
	switch ((enum jembatan_result)r->result) {
	case JEMBATAN_AUTH:
		snprintf(sentence, sizeof(sentence), "the remote refuses our credentials: %s", why);
		fail(w, sentence);
		loop_timer_set(w->timer, AUTH_RETRY_MS);
		return;
	case JEMBATAN_CONFIG:
		snprintf(sentence, sizeof(sentence), "paused until its configuration changes: %s", why);
		fail(w, sentence);
		i->usable = false;
		child_stop(c);
		return;
	case JEMBATAN_FATAL:
		snprintf(sentence, sizeof(sentence), "the connector gave up: %s", why);
		fail(w, sentence);
		child_stop(c);
		restart_later(w);
		return;
	case JEMBATAN_OK:
	case JEMBATAN_IDLE:
	case JEMBATAN_RETRY:
	case JEMBATAN_DATA:
	case JEMBATAN_GONE:
		break;
	}
	w->failures++;
	str_copy(sentence, sizeof(sentence), why);
	fail(w, sentence);
	int64_t wait = backoff_jitter_ms(w->failures, RESTART_FIRST_MS, RETRY_MAX_MS);
	loop_timer_set(w->timer, r->delay_ms > wait ? r->delay_ms : wait);
}

static void
polled(struct worker *w, struct child *c, const struct msg_result *r)
{
	struct instance *i = w->instance;
	if (r->result != JEMBATAN_OK && r->result != JEMBATAN_IDLE && r->result != JEMBATAN_DATA) {
		poll_failed(w, c, r);
		return;
	}
	w->failures = 0;
	log_trouble_over(&w->trouble, i->settings->name, "the channel");
	instance_was_ok(i);
	if (r->result != JEMBATAN_IDLE)
		loop_timer_set(w->timer, r->delay_ms);
	else if (!r->watching)
		loop_timer_set(w->timer, r->delay_ms > 0 ? r->delay_ms : i->settings->every_ms);
}

static void
on_done(void *data, struct child *c, const struct msg_result *r)
{
	struct worker *w = data;
	if (w->purpose == WORKER_POLL) {
		polled(w, c, r);
	} else if (w->purpose == WORKER_DRY && r->result == JEMBATAN_OK) {
		poll_now(w);
	} else if (is_job(w)) {
		enum jembatan_result result = r->result == JEMBATAN_IDLE ? JEMBATAN_OK :
					      (enum jembatan_result)r->result;
		end_job(w, result, r->why);
	}
}

static void
on_wake(void *data, struct child *c)
{
	(void)c;
	poll_now(data);
}

static void
on_answer(void *data, struct child *c, const struct frame *f)
{
	struct worker *w = data;
	if (w->calls == NULL)
		return;
	w->failures = 0;
	struct call *call = pop_call(w);
	if (f->type == MSG_RESPONSE) {
		/* Released by worker_release, after what it brought is on disk. */
		buf_clear(&call->frame);
		buf_clear(&call->blob);
		buf_add(&call->frame, f->meta.data, f->meta.size);
		buf_add(&call->blob, f->blob.data, f->blob.size);
		call->next = w->answered;
		w->answered = call;
		child_batch(c)->ready = true;
		intake_want_turn(w->instance->intake);
	} else {
		call->on(call->data, f, NULL);
		free_call(call);
	}
	next_call(w);
}

void
worker_release(struct worker *w)
{
	struct call *c = w->answered, *ordered = NULL;
	w->answered = NULL;
	while (c != NULL) {
		struct call *next = c->next;
		c->next = ordered;
		ordered = c;
		c = next;
	}
	while (ordered != NULL) {
		struct call *next = ordered->next;
		struct frame f = { .type = MSG_RESPONSE, .meta = buf_bytes(&ordered->frame),
				   .blob = buf_bytes(&ordered->blob) };
		ordered->on(ordered->data, &f, NULL);
		free_call(ordered);
		ordered = next;
	}
}

static void
fail_calls(struct worker *w, const char *why)
{
	while (w->calls != NULL) {
		struct call *c = pop_call(w);
		c->on(c->data, NULL, why);
		free_call(c);
	}
}

/* Five deaths in ten minutes: something is wrong that a restart does not cure. */
static void
count_death(struct worker *w, const char *how)
{
	int64_t now = clock_mono_ms();
	char sentence[600];
	w->instance->deaths++;
	w->deaths_mono_ms[w->death_count++ % WORKER_DEATHS] = now;
	int64_t oldest = w->deaths_mono_ms[w->death_count % WORKER_DEATHS];
	if (w->death_count >= WORKER_DEATHS && now - oldest < DEATHS_WINDOW_MS) {
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
	restart_later(w);
}

static void
on_dead(void *data, struct child *c, const char *how, bool clean)
{
	struct worker *w = data;
	(void)c;
	if (is_job(w)) {
		if (!clean) {
			w->job.result = JEMBATAN_FATAL;
			snprintf(w->job.why, sizeof(w->job.why), "the connector %s", how);
		}
		worker_on_dead_job(w);
		return;
	}
	fail_calls(w, how);
	if (!clean)
		count_death(w, how);
	else if (w->instance->usable && !w->instance->paused && !loop_timer_is_set(w->timer))
		loop_timer_set(w->timer, 0);
	intake_want_turn(w->instance->intake);
}

static void
on_batch(void *data, struct child *c)
{
	struct worker *w = data;
	(void)c;
	w->instance->active_mono_ms = clock_mono_ms();
	intake_want_turn(w->instance->intake);
}

static enum jembatan_result
on_state_get(void *data, struct child *c, const char *key, struct buf *out)
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
	.on_dead = on_dead,
	.on_batch = on_batch,
	.on_state_get = on_state_get,
};

void
worker_init(struct worker *w, struct instance *i, enum worker_purpose purpose)
{
	const struct settings *s = intake_settings(i->intake);
	*w = (struct worker){ .instance = i, .purpose = purpose };
	w->calls_end = &w->calls;
	w->timer = loop_timer_new(intake_loop(i->intake), on_timer, w);
	buf_init(&w->sample, (size_t)s->attachment_max_bytes + 64u * 1024u * 1024u);
	w->child = child_new(&(struct child_options){
		.loop = intake_loop(i->intake),
		.instance = i->settings->name,
		.role = role_of(purpose),
		.spawn = { .program = spawn_program(), .plugin = i->plugin, .spool = i->spool,
			   .confinement_required = s->confinement_required },
		.local_key = db_local_key(intake_db(i->intake)),
		.batch_max = s->batch_max,
		.events = &events,
		.data = w,
	});
}

void
worker_done(struct worker *w)
{
	if (w->child == NULL)
		return;
	child_free(w->child);
	loop_timer_free(w->timer);
	while (w->calls != NULL)
		free_call(pop_call(w));
	while (w->answered != NULL) {
		struct call *next = w->answered->next;
		free_call(w->answered);
		w->answered = next;
	}
	buf_done(&w->sample);
	*w = (struct worker){ 0 };
}
