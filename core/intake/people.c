/* people.c: what people and other rooms ask of the running instances: pause,
 * replay, dry run, backfill, calls, status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "intake/instance.h"
#include "store/inbox.h"
#include "store/instances.h"
#include "base/poison.h"

#define PROBE_BACK_MS 3600000

/* ---- jobs -------------------------------------------------------------- */

void worker_on_dead_job(struct worker *w)
{
	if (child_batch(w->child)->ready)
		intake_want_turn(w->instance->intake);
	else
		intake_job_ended(w);
}

static void free_job_later(void *data)
{
	instance_free_job(data);
}

void intake_job_ended(struct worker *w)
{
	struct instance *i = w->instance;
	if (w->on_job != NULL)
		w->on_job(w->job_data, &w->job, true);
	w->on_job = NULL;
	/* We may be inside one of its callbacks. */
	loop_defer(i->intake->loop, free_job_later, i);
}

struct instance *intake_find(struct intake *in, const char *name, struct why *why)
{
	for (struct instance *i = in->instances; i != NULL; i = i->next)
		if (!i->leaving && strcmp(i->name, name) == 0)
			return i;
	(void)why_set(why, JEMBATAN_GONE, "there is no running instance named %s: see `jembatan status`",
		      name);
	return NULL;
}

/* A plugin that could not be asked yet what it can do may be able to: whoever
 * waits for it is not told that it never will. */
static bool may_be_able(const struct instance *i, unsigned capability)
{
	return i->manifest.name == NULL || (i->manifest.capabilities & capability) != 0;
}

static const char *why_not(const struct instance *i)
{
	const char *alarm = instance_alarm(i);
	return alarm != NULL ? alarm : i->intake->stopping ? "the daemon stops" : "it is disabled";
}

static enum jembatan_result start_job(struct instance *i, enum worker_purpose purpose,
				      bool is_by_hand, struct why *why)
{
	if (i->job != NULL)
		return why_set(why, JEMBATAN_RETRY, "%s is at another such job: try again when it is done",
			       i->settings->name);
	if (!i->usable && (!is_by_hand || i->manifest.name == NULL || i->intake->stopping))
		return why_set(why, JEMBATAN_CONFIG, "%s cannot work: %s", i->settings->name,
			       why_not(i));
	i->job = xcalloc(1, sizeof(*i->job));
	worker_init(i->job, i, purpose);
	i->job->is_by_hand = is_by_hand;
	return JEMBATAN_OK;
}

static enum jembatan_result start_sample(struct instance *i, struct jembatan_bytes raw,
					 intake_on_job *on, void *data, struct why *why)
{
	buf_add(&i->job->sample, raw.data, raw.size);
	if (buf_is_full(&i->job->sample)) {
		instance_free_job(i);
		return why_set(why, JEMBATAN_DATA, "the record is too large to be read again");
	}
	i->job->on_job = on;
	i->job->job_data = data;
	worker_start(i->job);
	return JEMBATAN_OK;
}

enum jembatan_result intake_replay(struct intake *in, int64_t instance_id,
				   struct jembatan_bytes raw, intake_on_job *on, void *data,
				   struct why *why)
{
	struct instance *i = in->instances;
	while (i != NULL && (i->leaving || i->id != instance_id))
		i = i->next;
	if (i == NULL)
		return why_set(why, JEMBATAN_GONE, "its instance is not configured any more");
	if (!may_be_able(i, JEMBATAN_CAN_PREVIEW))
		return why_set(why, JEMBATAN_CONFIG, "the connector %s cannot read a record by itself",
			       i->settings->connector);
	enum jembatan_result r = start_job(i, WORKER_REPLAY, false, why);
	if (r != JEMBATAN_OK)
		return r;
	i->job->sample_digest = digest_sha256(raw);
	child_batch(i->job->child)->replayed = &i->job->sample_digest;
	return start_sample(i, raw, on, data, why);
}

enum jembatan_result intake_hand_in(struct intake *in, const char *name,
				    struct jembatan_bytes posts, bool is_dry, intake_on_job *on,
				    void *data, struct why *why)
{
	struct instance *i = intake_find(in, name, why);
	if (i == NULL)
		return JEMBATAN_GONE;
	if (!may_be_able(i, JEMBATAN_CAN_HAND))
		return why_set(why, JEMBATAN_CONFIG, "the connector %s takes no posts by hand",
			       i->settings->connector);
	if (intake_is_full(in))
		return why_set(why, JEMBATAN_RETRY, "too many messages wait for their decision");
	enum jembatan_result r = start_job(i, WORKER_REPLAY, true, why);
	if (r != JEMBATAN_OK)
		return r;
	i->job->is_dry = is_dry;
	return start_sample(i, posts, on, data, why);
}

static enum jembatan_result run_dry(struct intake *in, const char *name, int64_t since_ms,
				    bool one_page, intake_on_job *on, void *data, struct why *why)
{
	struct instance *i = intake_find(in, name, why);
	if (i == NULL)
		return JEMBATAN_GONE;
	if (!may_be_able(i, JEMBATAN_CAN_POLL))
		return why_set(why, JEMBATAN_CONFIG, "the connector %s does not poll", i->settings->connector);
	enum jembatan_result r = start_job(i, WORKER_DRY, false, why);
	if (r != JEMBATAN_OK)
		return r;
	i->job->dry_since_ms = since_ms;
	i->job->one_page = one_page;
	i->job->on_job = on;
	i->job->job_data = data;
	worker_start(i->job);
	return JEMBATAN_OK;
}

enum jembatan_result intake_dry_run(struct intake *in, const char *name, int64_t since_ms,
				    intake_on_job *on, void *data, struct why *why)
{
	return run_dry(in, name, since_ms, false, on, data, why);
}

enum jembatan_result intake_probe(struct intake *in, const char *name, intake_on_job *on,
				  void *data, struct why *why)
{
	return run_dry(in, name, clock_now_ms() - PROBE_BACK_MS, true, on, data, why);
}

enum jembatan_result intake_backfill(struct intake *in, const char *name, int64_t since_ms,
				     struct why *why)
{
	struct instance *i = intake_find(in, name, why);
	if (i == NULL)
		return JEMBATAN_GONE;
	int64_t released = 0;
	enum jembatan_result r = db_begin(in->db, why);
	if (r == JEMBATAN_OK)
		r = instances_set_start(in->db, i->id, since_ms, why);
	if (r == JEMBATAN_OK)
		r = instances_set_cursor(in->db, i->id, NULL, why);
	if (r == JEMBATAN_OK)
		r = inbox_release_before_start(in->db, i->id, since_ms, &released, why);
	if (r == JEMBATAN_OK)
		r = db_commit(in->db, why);
	if (r != JEMBATAN_OK) {
		db_abort(in->db);
		return r;
	}
	i->start_ms = since_ms;
	i->backfilled_ms = clock_now_ms();
	free(i->cursor);
	i->cursor = NULL;
	if (i->poll.child != NULL) {
		/* What is still under way belongs to the old cursor: its messages
		 * count, its cursors do not. */
		child_void_cursor(i->poll.child);
		worker_stop(&i->poll);
		worker_start(&i->poll);
	}
	intake_want_turn(in);
	return JEMBATAN_OK;
}

/* ---- people ------------------------------------------------------------ */

static enum jembatan_result set_paused(struct intake *in, const char *name, bool paused,
				       struct why *why)
{
	struct instance *i = intake_find(in, name, why);
	if (i == NULL)
		return JEMBATAN_GONE;
	enum jembatan_result r = db_begin(in->db, why);
	if (r == JEMBATAN_OK)
		r = instances_set_paused(in->db, i->id, paused, why);
	if (r == JEMBATAN_OK)
		r = db_commit(in->db, why);
	if (r != JEMBATAN_OK) {
		db_abort(in->db);
		return r;
	}
	i->paused = paused;
	i->began_mono_ms = clock_mono_ms();
	struct worker *const workers[] = { &i->poll, &i->request, &i->deliver };
	for (size_t n = 0; n < COUNT_OF(workers); n++) {
		if (workers[n]->child == NULL)
			continue;
		if (paused)
			worker_stop(workers[n]);
		else if (workers[n] != &i->deliver)
			worker_wake(workers[n]);
	}
	return JEMBATAN_OK;
}

enum jembatan_result intake_pause(struct intake *in, const char *name, struct why *why)
{
	return set_paused(in, name, true, why);
}

enum jembatan_result intake_resume(struct intake *in, const char *name, struct why *why)
{
	struct instance *i = intake_find(in, name, why);
	if (i == NULL)
		return JEMBATAN_GONE;
	if (i->manifest.name == NULL || in->stopping)
		return why_set(why, JEMBATAN_CONFIG, "%s cannot work: %s", name, why_not(i));
	/* It may have been disabled for a reason that is cured now. */
	i->usable = true;
	i->poll.alarm[0] = i->request.alarm[0] = i->deliver.alarm[0] = '\0';
	return set_paused(in, name, false, why);
}

enum jembatan_result intake_renew(struct intake *in, const char *name, struct why *why)
{
	struct instance *i = intake_find(in, name, why);
	if (i == NULL)
		return JEMBATAN_GONE;
	i->usable = true;
	i->deliver.alarm[0] = '\0';
	struct worker *const workers[] = { &i->poll, &i->request };
	for (size_t n = 0; n < COUNT_OF(workers); n++) {
		if (workers[n]->child == NULL)
			continue;
		worker_restart(workers[n]);
		worker_start(workers[n]); /* if it rests just now */
	}
	return JEMBATAN_OK;
}

/* ---- calls ------------------------------------------------------------- */

static unsigned capability_of(enum msg_type type)
{
	return type == MSG_REQUEST ? JEMBATAN_CAN_REQUEST : type == MSG_REPLY ? JEMBATAN_CAN_REPLY :
	       type == MSG_CONSENT ? JEMBATAN_CAN_CONSENT :
	       JEMBATAN_CAN_FETCH;
}

static enum jembatan_result may_call(const struct instance *i, const struct worker *w,
				     enum msg_type type, struct why *why)
{
	const char *name = i->settings->name;
	if (!may_be_able(i, capability_of(type)))
		return why_set(why, JEMBATAN_GONE, "%s does not do that", name);
	if (i->paused)
		return why_set(why, JEMBATAN_RETRY, "%s is paused", name);
	if (type == MSG_REQUEST && intake_is_full(i->intake))
		return why_set(why, JEMBATAN_RETRY, "too many messages wait for their decision");
	if (!i->usable || w->quarantined || w->child == NULL)
		return why_set(why, JEMBATAN_RETRY, "%s cannot work: %s", name, why_not(i));
	if (w->call_count >= (type == MSG_REQUEST ? CALLS_REQUESTS_MAX : CALLS_MAX) ||
	    w->call_bytes >= CALLS_BYTES_MAX)
		return why_set(why, JEMBATAN_RETRY, "too much waits for %s", name);
	return JEMBATAN_OK;
}

enum jembatan_result intake_call(struct intake *in, const char *name, enum msg_type type,
				 const struct field *table, const void *from,
				 struct jembatan_bytes blob, intake_on_answer *on, void *data,
				 struct why *why)
{
	struct instance *i = intake_find(in, name, why);
	if (i == NULL)
		return JEMBATAN_GONE;
	struct worker *w = type == MSG_REQUEST ? &i->request : &i->deliver;
	enum jembatan_result r = may_call(i, w, type, why);
	if (r != JEMBATAN_OK)
		return r;
	struct call *c = xcalloc(1, sizeof(*c));
	c->type = type;
	c->on = on;
	c->data = data;
	buf_init(&c->frame, FRAME_META_MAX);
	buf_init(&c->blob, FRAME_BLOB_MAX);
	field_pack(table, from, &c->frame);
	buf_add(&c->blob, blob.data, blob.size);
	if (buf_is_full(&c->frame) || buf_is_full(&c->blob)) {
		call_free(c);
		return why_set(why, JEMBATAN_DATA, "it is too large for the connector of %s", name);
	}
	worker_call(w, c);
	return JEMBATAN_OK;
}

bool intake_fetches(struct intake *in, int64_t instance_id, bool *out_now, int64_t *out_since_ms)
{
	for (const struct instance *i = in->instances; i != NULL; i = i->next) {
		if (i->id != instance_id)
			continue;
		*out_now = i->usable && !i->paused && !in->stopping;
		*out_since_ms = i->backfilled_ms;
		return may_be_able(i, JEMBATAN_CAN_FETCH);
	}
	return false;
}

bool intake_replies(struct intake *in, int64_t instance_id, bool *out_now)
{
	const struct instance *i = in->instances;
	while (i != NULL && i->id != instance_id)
		i = i->next;
	*out_now = i != NULL && i->usable && !i->paused && !in->stopping && !i->leaving &&
		   !i->deliver.quarantined;
	return i != NULL && may_be_able(i, JEMBATAN_CAN_REPLY);
}

/* ---- status ------------------------------------------------------------ */

static int compare_us(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void percentiles(const struct instance *i, int64_t *out_p50, int64_t *out_p99)
{
	size_t n = i->delay_count < DELAY_RING ? i->delay_count : DELAY_RING;
	int64_t sorted[DELAY_RING];
	*out_p50 = *out_p99 = 0;
	if (n == 0)
		return;
	memcpy(sorted, i->delays_us, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare_us);
	*out_p50 = sorted[n / 2];
	*out_p99 = sorted[n * 99 / 100];
}

static const char *state_word(const struct instance *i)
{
	if (i->paused)
		return "paused";
	if (!i->usable)
		return "disabled";
	if (i->poll.quarantined)
		return "resting";
	if (i->poll.child == NULL)
		return "ready";
	switch (child_state(i->poll.child)) {
	case CHILD_DOWN:
		return "down";
	case CHILD_OPENING:
		return "opening";
	case CHILD_IDLE:
		return i->poll.alarm[0] != '\0' ? "failing" : "waiting";
	case CHILD_BUSY:
		return "polling";
	case CHILD_STOPPING:
		return "stopping";
	}
	return "down";
}

bool intake_status(struct intake *in, size_t n, struct intake_status *out)
{
	struct instance *i = in->instances;
	while (i != NULL && (i->leaving || n-- > 0))
		i = i->next;
	if (i == NULL)
		return false;
	*out = (struct intake_status){
		.id = i->id,
		.name = i->settings->name,
		.connector = i->settings->connector,
		.push = settings_push_name(i->settings->push),
		.alarm = instance_alarm(i),
		.confinement = i->confinement[0] != '\0' ? i->confinement : NULL,
		.state = state_word(i),
		.paused = i->paused,
		.usable = i->usable,
		.degraded = i->degraded,
		.last_ok_ms = i->last_ok_ms,
		.every_ms = i->poll.child != NULL ? i->settings->every_ms : 0,
		.watching = i->poll.watching,
		.silent = instance_is_silent(i),
		.quiet = instance_is_quiet(i),
		.start_ms = i->start_ms,
		.deaths = i->deaths,
		.polls = i->polls,
		.pid = i->poll.child != NULL ? child_pid(i->poll.child) : 0,
	};
	out->checkpoints = i->delay_count;
	percentiles(i, &out->commit_p50_us, &out->commit_p99_us);
	return true;
}

const struct instance_settings *intake_instance(struct intake *in, int64_t id,
						int64_t *out_start_ms)
{
	for (struct instance *i = in->instances; i != NULL; i = i->next) {
		if (i->id != id)
			continue;
		*out_start_ms = i->start_ms;
		return i->settings;
	}
	return NULL;
}
