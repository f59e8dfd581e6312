/* intake.c: all instances together, and their part of the app's turn. */
#include "intake/intake.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "intake/instance.h"
#include "store/instances.h"
#include "base/poison.h"

/* While several instances are busy a turn is short, so that a flood in one does
 * not delay the acknowledgements of the others: messages of one batch, and time
 * where commits cost next to nothing or very much. */
#define SHARED_SLICE_MIN 4u
#define SHARE_MIN_US 250
#define SHARE_MAX_US 5000
#define SHARED_WINDOW_MS 2000
/* Alone a turn is short too: while it takes in, nobody gets on who waits for its
 * end. What storing its messages takes is worth half its commit. */
#define SLICE_MIN 64u
/* While others wait to be sent: at least so much, at least so often. */
#define WINDOW_MS 10
#define WINDOW_MESSAGES 64u
#define FILES_AGAIN_MS 1000

void intake_want_turn(struct intake *in)
{
	in->on_turn(in->data);
}

struct loop *intake_loop(struct intake *in)
{
	return in->loop;
}

struct db *intake_db(struct intake *in)
{
	return in->db;
}

const struct settings *intake_settings(struct intake *in)
{
	return in->settings;
}

int64_t intake_share_us(const struct intake *in)
{
	int64_t us = db_usual_commit_us(in->db) / 2;
	if (!in->shared)
		return 0;
	return us < SHARE_MIN_US ? SHARE_MIN_US : us < SHARE_MAX_US ? us : SHARE_MAX_US;
}

void intake_set_full(struct intake *in, bool full)
{
	in->full = full;
}

bool intake_is_full(struct intake *in)
{
	return in->full;
}

struct intake *intake_new(struct loop *loop, struct db *db, struct settings *settings,
			  void (*on_turn)(void *data), void *data)
{
	struct intake *in = xcalloc(1, sizeof(*in));
	in->loop = loop;
	in->db = db;
	in->settings = settings_hold(settings);
	in->on_turn = on_turn;
	in->data = data;
	return in;
}

void intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	while (in->instances != NULL) {
		struct instance *i = in->instances;
		in->instances = i->next;
		instance_free(i);
	}
	loop_defer_cancel(in->loop, in);
	settings_free(in->settings);
	free(in);
}

static void on_sigchld(void *data, int signal)
{
	struct intake *in = data;
	(void)signal;
	for (struct instance *i = in->instances; i != NULL; i = i->next) {
		struct worker *const workers[] = { &i->poll, &i->request, &i->deliver, i->job };
		for (size_t n = 0; n < COUNT_OF(workers); n++)
			if (workers[n] != NULL && workers[n]->child != NULL)
				(void)child_reap(workers[n]->child);
	}
}

/* ---- starting and stopping ---------------------------------------------- */

enum jembatan_result intake_start(struct intake *in, struct why *why)
{
	loop_signal(in->loop, SIGCHLD, on_sigchld, in);
	for (size_t n = 0; n < in->settings->instance_count; n++) {
		const struct instance_settings *s = &in->settings->instances[n];
		if (!s->enabled)
			continue;
		enum jembatan_result r = instance_start(in, s, NULL, NULL, why);
		if (r != JEMBATAN_OK)
			return r;
	}
	return JEMBATAN_OK;
}

void intake_stop(struct intake *in)
{
	in->stopping = true;
	for (struct instance *i = in->instances; i != NULL; i = i->next)
		instance_stop(i);
}

enum jembatan_result intake_start_for_jobs(struct intake *in, struct why *why)
{
	in->for_jobs = true;
	return intake_start(in, why);
}

static bool is_down(const struct worker *w)
{
	return w == NULL || w->child == NULL || child_state(w->child) == CHILD_DOWN;
}

bool intake_is_stopped(const struct intake *in)
{
	for (const struct instance *i = in->instances; i != NULL; i = i->next)
		if (!is_down(&i->poll) || !is_down(&i->request) || !is_down(&i->deliver) ||
		    !is_down(i->job))
			return false;
	return true;
}

/* ---- leaving ----------------------------------------------------------- */

static bool is_over(const struct worker *w)
{
	return is_down(w) && (w == NULL || w->child == NULL || batch_is_empty(child_batch(w->child)));
}

/* How its messages are to be taken stands in its settings alone. */
static bool has_undecided(struct intake *in, const struct instance *i)
{
	bool has = false;
	return inbox_has_new(in->db, i->id, &has, NULL) != JEMBATAN_OK || has;
}

/* Its rows stay: messages, cursor, state. */
static void sweep(void *data)
{
	struct intake *in = data;
	struct instance **at = &in->instances;
	while (*at != NULL) {
		struct instance *i = *at;
		if (!i->leaving || !is_over(&i->poll) || !is_over(&i->request) ||
		    !is_over(&i->deliver) || !is_over(i->job) || desk_wants_turn(i->desk) ||
		    has_undecided(in, i)) {
			at = &i->next;
			continue;
		}
		*at = i->next;
		instance_free(i);
	}
}

void intake_sweep_later(struct intake *in)
{
	loop_defer(in->loop, sweep, in);
}

/* ---- the turn ---------------------------------------------------------- */

typedef void each_worker(struct intake *in, struct instance *i, struct worker *w, void *data);

void intake_set_paced(struct intake *in, bool paced)
{
	int64_t now_ms = clock_mono_ms();

	in->paced = paced;
	if (now_ms - in->window_mono_ms < WINDOW_MS)
		return;
	in->window_mono_ms = now_ms;
	for (struct instance *i = in->instances; i != NULL; i = i->next)
		i->brought = 0;
}

/* A poll under way may bring without end: it waits for the decisions, or for the
 * next window. Not what a child leaves behind that is to end, or has ended. */
static bool is_held(const struct intake *in, const struct worker *w)
{
	return w->purpose == WORKER_POLL && child_state(w->child) == CHILD_BUSY &&
	       (in->full || (in->paced && w->instance->brought >= WINDOW_MESSAGES));
}

static bool is_ready(const struct intake *in, const struct worker *w)
{
	return w != NULL && w->child != NULL && child_batch(w->child)->ready && !is_held(in, w);
}

int64_t intake_held_ms(const struct intake *in)
{
	int64_t left_ms = in->window_mono_ms + WINDOW_MS - clock_mono_ms();

	for (const struct instance *i = in->instances; i != NULL; i = i->next)
		if (i->poll.child != NULL && child_batch(i->poll.child)->ready && is_held(in, &i->poll))
			return left_ms > 0 ? left_ms : 0;
	return -1;
}

static void each_ready(struct intake *in, each_worker *fn, void *data)
{
	for (struct instance *i = in->instances; i != NULL; i = i->next) {
		struct worker *const workers[] = { &i->poll, &i->request, &i->deliver, i->job };
		for (size_t n = 0; n < COUNT_OF(workers); n++)
			if (is_ready(in, workers[n]))
				fn(in, i, workers[n], data);
	}
}

/* Ready, and not waiting for the spool to work again. */
static bool is_due(const struct intake *in, const struct worker *w)
{
	return is_ready(in, w) &&
	       (child_batch(w->child)->kept || in->files_failed_mono_ms == 0 ||
		clock_mono_ms() - in->files_failed_mono_ms >= FILES_AGAIN_MS);
}

static bool ok_is_due(const struct instance *i)
{
	return i->last_ok_ms - i->last_ok_written_ms >= OK_WRITTEN_EVERY_MS;
}

bool intake_wants_turn(const struct intake *in)
{
	for (const struct instance *i = in->instances; i != NULL; i = i->next) {
		const struct worker *const workers[] = { &i->poll, &i->request, &i->deliver, i->job };
		for (size_t n = 0; n < COUNT_OF(workers); n++)
			if (is_due(in, workers[n]))
				return true;
		if (ok_is_due(i) || desk_wants_turn(i->desk))
			return true;
	}
	return false;
}

static void drop_file(const struct instance *i, const char *token)
{
	char path[1024];
	if (token == NULL || strchr(token, '/') != NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", i->spool, token);
	unlink(path);
}

static bool is_dry(const struct worker *w)
{
	return w->purpose == WORKER_DRY || w->is_dry;
}

/* A dry run stores nothing. */
static void drop_files(const struct instance *i, const struct batch *b)
{
	for (size_t n = 0; n < b->count; n++) {
		const struct msg_message *m = b->items[n].message;
		for (size_t f = 0; f < m->file_count; f++)
			drop_file(i, m->files[f].token);
		if (m->raw_spooled_count > 0)
			drop_file(i, m->raw_spooled->token);
	}
}

static void drop_bad_files(const struct instance *i, const struct batch *b)
{
	for (size_t n = 0; n < b->bad_count; n++)
		if (b->bad[n].begin.spooled_count > 0)
			drop_file(i, b->bad[n].begin.spooled->token);
}

static enum jembatan_result keep_batch(struct intake *in, struct instance *i, struct worker *w,
				       struct why *why)
{
	struct batch *b = child_batch(w->child);
	if (is_dry(w))
		drop_files(i, b);
	if (is_dry(w) || w->purpose == WORKER_REPLAY)
		drop_bad_files(i, b); /* a replay's record is in quarantine already */
	if (is_dry(w))
		return JEMBATAN_OK;
	enum jembatan_result r = inbox_keep_files(in->db, i->settings->name, b->items, b->count,
						  why);
	for (size_t n = 0; n < b->bad_count && r == JEMBATAN_OK && w->purpose != WORKER_REPLAY; n++)
		r = inbox_keep_raw(in->db, i->settings->name, &b->bad[n].begin, why);
	return r;
}

/* Its batch can never be stored: the child starts over from its last cursor,
 * and nobody is told that something was taken. */
static void refuse_batch(struct instance *i, struct worker *w, const char *why)
{
	log_error(i->settings->name, "the connector's batch is refused: %s", why);
	child_refuse(w->child, "handed over what cannot be stored");
	worker_fail_answered(w, "what it brought cannot be stored");
	if (w == i->job && child_state(w->child) == CHILD_DOWN)
		intake_job_ended(w);
}

static void keep_files(struct intake *in, struct instance *i, struct worker *w, void *data)
{
	struct batch *b = child_batch(w->child);
	struct why why;
	(void)data;
	if (b->kept)
		return;
	enum jembatan_result r = keep_batch(in, i, w, &why);
	if (r == JEMBATAN_OK) {
		b->kept = true;
		in->files_failed_mono_ms = 0;
		log_trouble_over(&in->files_trouble, "spool", "the spool");
	} else if (r == JEMBATAN_DATA) {
		refuse_batch(i, w, why.text);
	} else {
		in->files_failed_mono_ms = clock_mono_ms();
		log_trouble(&in->files_trouble, "spool", why.text);
	}
}

void intake_prepare(struct intake *in)
{
	each_ready(in, keep_files, NULL);
}

struct write_state {
	enum jembatan_result result;
	struct why *why;
	int64_t now_ms;
	size_t messages;
};

static void write_one(struct intake *in, struct instance *i, struct worker *w, void *data)
{
	struct write_state *s = data;
	struct batch *b = child_batch(w->child);
	if (s->result != JEMBATAN_OK || !b->kept)
		return;
	if (is_dry(w)) {
		s->result = batch_write_state(b, in->db, i->id, s->why);
		return;
	}
	s->messages += b->count;
	s->result = batch_write(b, in->db, i->id, w->purpose == WORKER_REPLAY, s->now_ms, s->why);
	if (s->result == JEMBATAN_OK)
		return;
	w->refused = s->result == JEMBATAN_DATA;
	(void)why_prefix(s->why, s->result, "%s", i->settings->name);
}

enum jembatan_result intake_write(struct intake *in, struct why *why)
{
	struct write_state s = { .result = JEMBATAN_OK, .why = why, .now_ms = clock_now_ms() };
	int64_t began_us = clock_mono_us();
	each_ready(in, write_one, &s);
	for (struct instance *i = in->instances; i != NULL && s.result == JEMBATAN_OK; i = i->next)
		if (desk_wants_turn(i->desk))
			s.result = desk_write(i->desk, i->id, why);
	if (s.messages > 0) {
		int64_t us = (clock_mono_us() - began_us) / (int64_t)s.messages;
		in->message_us += in->message_us == 0 ? us : (us - in->message_us) / 8;
	}
	for (struct instance *i = in->instances; i != NULL && s.result == JEMBATAN_OK; i = i->next)
		if (ok_is_due(i))
			s.result = instances_set_ok(in->db, i->id, i->last_ok_ms, why);
	return s.result;
}

/* Nothing was written that could say so. */
static void foresee(struct worker *w, struct batch *b)
{
	struct why why;
	for (size_t n = 0; n < b->count; n++)
		if (inbox_foresee(w->instance->intake->db, w->instance->id, &b->items[n], &why) !=
		    JEMBATAN_OK)
			log_error(w->instance->name, "%s", why.text);
}

static void count_job(struct worker *w, struct batch *b)
{
	if (w->is_dry)
		foresee(w, b);
	for (size_t n = 0; n < b->count; n++) {
		const struct jembatan_message *m = &b->items[n].message->message;
		int64_t at = m->arrived_ms != 0 ? m->arrived_ms : m->sent_ms;
		w->job.messages++;
		if (m->kind == JEMBATAN_UNREADABLE)
			w->job.unreadable++;
		if (at != 0 && (w->job.oldest_ms == 0 || at < w->job.oldest_ms))
			w->job.oldest_ms = at;
		if (at > w->job.newest_ms)
			w->job.newest_ms = at;
	}
	w->job.unreadable += (int64_t)b->bad_count;
	if (w->on_job == NULL)
		return;
	const char **nothing_of = arena_alloc(b->arena, (b->bad_count + 1) * sizeof(*nothing_of));
	for (size_t n = 0; n < b->bad_count; n++)
		nothing_of[n] = b->bad[n].begin.id;
	struct intake_job told = w->job;
	told.items = b->items;
	told.item_count = b->count;
	told.nothing_of = nothing_of;
	told.nothing_count = b->bad_count;
	w->on_job(w->job_data, &told, false);
}

/* Of one child in a turn: what is stored in half the time of a commit. While others
 * are active too, less at least and less at most, so that a child that floods adds no
 * more to a turn than the commit takes that they would have had alone. */
static size_t slice_of(const struct intake *in)
{
	int64_t us = in->shared ? intake_share_us(in) : db_usual_commit_us(in->db) / 2;
	int64_t n = us / (in->message_us > 0 ? in->message_us : 1);
	size_t least = in->shared ? SHARED_SLICE_MIN : SLICE_MIN;
	size_t slice = n > (int64_t)least ? (size_t)n : least;
	return slice < in->settings->batch_max ? slice : in->settings->batch_max;
}

static void share_turn(struct intake *in)
{
	int64_t since = clock_mono_ms() - SHARED_WINDOW_MS;
	size_t active = 0;
	for (struct instance *i = in->instances; i != NULL; i = i->next)
		active += i->active_mono_ms > since;
	in->shared = active > 1;
	size_t max = slice_of(in);
	for (struct instance *i = in->instances; i != NULL; i = i->next)
		if (i->poll.child != NULL)
			child_batch(i->poll.child)->max = max;
}

static void acknowledge(struct intake *in, struct instance *i, struct worker *w, void *data)
{
	struct batch *b = child_batch(w->child);
	(void)in;
	(void)data;
	if (!b->kept)
		return;
	if (w->purpose != WORKER_REPLAY && w->purpose != WORKER_DRY && b->count > 0)
		i->message_mono_ms = clock_mono_ms();
	if (w->purpose == WORKER_POLL && b->cursor != NULL) {
		free(i->cursor);
		i->cursor = xstrdup(b->cursor);
	}
	if (w->purpose == WORKER_REPLAY || w->purpose == WORKER_DRY)
		count_job(w, b);
	worker_release(w);
	if (w->purpose == WORKER_POLL)
		i->brought += b->count;
	child_committed(w->child);
	/* A child that died waited for its last batch to be written. */
	if (child_state(w->child) == CHILD_DOWN && w == i->job)
		intake_job_ended(w);
}

void intake_committed(struct intake *in)
{
	for (struct instance *i = in->instances; i != NULL; i = i->next)
		if (ok_is_due(i))
			i->last_ok_written_ms = i->last_ok_ms;
	share_turn(in);
	for (struct instance *i = in->instances; i != NULL; i = i->next)
		if (i->desk != NULL && desk_committed(i->desk))
			i->message_mono_ms = clock_mono_ms();
	each_ready(in, acknowledge, NULL);
	intake_sweep_later(in);
}

/* What the disk refused is still there for the next turn. What the store
 * refuses for good would stop everybody: its child starts over without it. */
static void set_aside(struct intake *in, struct instance *i, struct worker *w, void *data)
{
	bool *some = data;
	(void)in;
	if (!w->refused)
		return;
	w->refused = false;
	*some = true;
	refuse_batch(i, w, "the store does not take it");
}

bool intake_aborted(struct intake *in)
{
	bool some = false;
	each_ready(in, set_aside, &some);
	for (struct instance *i = in->instances; i != NULL; i = i->next)
		if (i->desk != NULL)
			some |= desk_aborted(i->desk);
	return some;
}
