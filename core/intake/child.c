/* child.c: one connector process. A bad frame, a missed deadline or an end
 * without order condemns this child only. */
#include "intake/child_inside.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/poison.h"

#define OPEN_DEADLINE_MS 30000
#define POLL_DEADLINE_MS 120000
#define REQUEST_DEADLINE_MS 10000
#define DELIVER_DEADLINE_MS 120000
#define STOP_DEADLINE_MS 5000
#define HANG_UP_MS 1000
#define REQUESTS_MAX 128u /* under way in one child: its host keeps at most 160 frames */

#define REST_MS 50

static void on_readable(void *data, unsigned events);
static void on_rest(void *data);
static void on_deadline(void *data);

struct child *child_new(const struct child_options *o)
{
	struct child *c = xcalloc(1, sizeof(*c));
	c->o = *o;
	c->deadline = loop_timer_new(o->loop, on_deadline, c);
	c->rest = loop_timer_new(o->loop, on_rest, c);
	c->frame_arena = arena_new();
	batch_init(&c->batch, o->batch_max);
	batch_record_init(&c->record);
	return c;
}

static void drop_socket(struct child *c)
{
	loop_defer_cancel(c->o.loop, c);
	c->untold_count = 0;
	loop_fd_remove(c->fd);
	c->fd = NULL;
	channel_free(c->channel);
	c->channel = NULL;
}

/* Kills and reaps what runs. */
static void put_down(struct child *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	c->pid = 0;
	drop_socket(c);
	loop_timer_stop(c->deadline);
	c->state = CHILD_DOWN;
}

void child_free(struct child *c)
{
	if (c == NULL)
		return;
	put_down(c);
	loop_timer_free(c->deadline);
	loop_timer_free(c->rest);
	batch_done(&c->batch);
	batch_record_done(&c->record);
	arena_free(c->frame_arena);
	free(c->untold_us);
	free(c);
}

enum child_state child_state(const struct child *c)
{
	return c->state;
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}

const char *child_confinement(const struct child *c, bool *out_degraded)
{
	*out_degraded = c->degraded;
	return c->confinement;
}

struct batch *child_batch(struct child *c)
{
	return &c->batch;
}

bool child_brought(const struct child *c)
{
	return c->brought;
}

void child_void_cursor(struct child *c)
{
	c->batch.cursor = NULL;
	c->cursor_is_void = c->state != CHILD_DOWN;
}

static void tell_room(void *data)
{
	struct child *c = data;
	c->o.events->on_room(c->o.data, c);
}

/* Of what has just left. */
static void told(struct child *c)
{
	int64_t now_us = clock_mono_us();
	for (size_t i = 0; i < c->untold_count; i++)
		c->o.events->on_told(c->o.data, c, now_us - c->untold_us[i]);
	c->untold_count = 0;
}

/* Where it is gone, the socket says so to the loop. */
static void let_out(void *data)
{
	struct child *c = data;
	bool was_full = !child_takes_more(c);
	(void)!channel_flush(c->channel, NULL);
	told(c);
	child_watch_socket(c);
	if (was_full)
		loop_defer(c->o.loop, tell_room, c);
}

void child_watch_socket(struct child *c)
{
	if (c->fd == NULL)
		return;
	unsigned events = 0;
	/* A full or ready batch waits for its commit: the socket fills up and
	 * the child waits too. */
	if (!c->batch.ready && !c->condemned && !c->resting)
		events |= LOOP_READ;
	if (channel_wants_write(c->channel) && loop_is_held(c->o.loop))
		loop_when_let_go(c->o.loop, let_out, c);
	else if (channel_wants_write(c->channel))
		events |= LOOP_WRITE;
	loop_fd_set(c->fd, events);
}

static enum jembatan_result flush(struct child *c, enum jembatan_result put, struct why *why)
{
	if (put == JEMBATAN_OK && !loop_is_held(c->o.loop))
		put = channel_flush(c->channel, why);
	child_watch_socket(c);
	return put;
}

enum jembatan_result child_send(struct child *c, enum msg_type type, uint32_t seq,
				const struct field *table, const void *from,
				struct jembatan_bytes blob, struct why *why)
{
	if (c->channel == NULL)
		return why_set(why, JEMBATAN_GONE, "the connector is not running");
	return flush(c, channel_put(c->channel, (uint8_t)type, seq, table, from, blob, why), why);
}

static int64_t deadline_of(unsigned type)
{
	if (type == MSG_OPEN)
		return FAULT_NUMBER("JEMBATAN_OPEN_DEADLINE_MS", OPEN_DEADLINE_MS);
	if (type == MSG_REQUEST)
		return REQUEST_DEADLINE_MS;
	if (type == MSG_REPLY || type == MSG_FETCH || type == MSG_CONSENT)
		return DELIVER_DEADLINE_MS;
	return FAULT_NUMBER("JEMBATAN_POLL_DEADLINE_MS", POLL_DEADLINE_MS);
}

/* A SAMPLE comes in several pieces of one call; REQUESTs queue up. Returns the
 * seq to ask with. */
static uint32_t begin_call(struct child *c, enum msg_type type)
{
	if (c->asked_type == 0 || type == MSG_REQUEST) {
		c->seq++;
		c->under_way++;
	}
	if (c->under_way > 1)
		return c->seq;
	c->asked = c->seq;
	c->asked_type = type;
	c->brought = c->deadline_held = false;
	loop_timer_set(c->deadline, deadline_of(type));
	return c->seq;
}

void child_answered(struct child *c)
{
	if (--c->under_way > 0) {
		c->asked++;
		if (c->stop_level == 0 && !c->told_to_stop)
			loop_timer_set(c->deadline, deadline_of(c->asked_type));
		return;
	}
	c->asked_type = 0;
	if (c->state == CHILD_BUSY || c->state == CHILD_OPENING) {
		c->state = CHILD_IDLE;
		loop_timer_stop(c->deadline);
	}
}

enum jembatan_result child_start(struct child *c, const struct msg_open *open, struct why *why)
{
	ASSERT(c->state == CHILD_DOWN && c->pid == 0);
	int fd = -1;
	enum jembatan_result r = spawn_connector(&c->o.spawn, &c->pid, &fd, why);
	if (r != JEMBATAN_OK)
		return r;
	c->channel = channel_new(fd);
	c->fd = loop_fd_add(c->o.loop, fd, LOOP_READ, on_readable, c);
	c->state = CHILD_OPENING;
	c->stop_level = c->asked_type = 0;
	c->under_way = 0;
	c->told_to_stop = c->condemned = c->cursor_is_void = false;
	c->end[0] = '\0';
	batch_record_close(&c->record);
	r = child_send(c, MSG_OPEN, begin_call(c, MSG_OPEN), msg_open_fields, open, (struct jembatan_bytes){ 0 },
		       why);
	if (r != JEMBATAN_OK)
		put_down(c);
	return r;
}

void child_skip_open(struct child *c)
{
	ASSERT(c->state == CHILD_OPENING);
	child_answered(c);
}

bool child_takes_call(const struct child *c, enum msg_type type)
{
	if (c->state == CHILD_IDLE)
		return true;
	return c->state == CHILD_BUSY && type == MSG_REQUEST && c->asked_type == MSG_REQUEST &&
	       c->under_way < REQUESTS_MAX && child_takes_more(c);
}

/* A dead child is asked when its last frames are taken: nothing comes of it. */
static enum jembatan_result begin_asking(struct child *c, enum msg_type type, uint32_t *out_seq,
					 struct why *why)
{
	if (c->pid <= 0 || c->channel == NULL)
		return why_set(why, JEMBATAN_GONE, "the connector is not running");
	ASSERT(child_takes_call(c, type) || (c->state == CHILD_BUSY && type == MSG_SAMPLE));
	*out_seq = begin_call(c, type);
	c->state = CHILD_BUSY;
	return JEMBATAN_OK;
}

enum jembatan_result child_ask_packed(struct child *c, enum msg_type type,
				      struct jembatan_bytes meta, struct jembatan_bytes blob,
				      struct why *why)
{
	uint32_t seq;
	enum jembatan_result r = begin_asking(c, type, &seq, why);
	if (r != JEMBATAN_OK)
		return r;
	return flush(c, channel_put_packed(c->channel, (uint8_t)type, seq, meta, blob, why), why);
}

enum jembatan_result child_ask(struct child *c, enum msg_type type, const struct field *table,
			       const void *from, struct jembatan_bytes blob, struct why *why)
{
	uint32_t seq;
	enum jembatan_result r = begin_asking(c, type, &seq, why);
	return r == JEMBATAN_OK ? child_send(c, type, seq, table, from, blob, why) : r;
}

bool child_takes_more(const struct child *c)
{
	return c->channel != NULL && channel_waiting(c->channel) < FRAME_PIECE_MAX;
}

void child_set_confinement(struct child *c, bool is_required)
{
	c->o.spawn.confinement_required = is_required;
}

void child_kill(struct child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
	c->stop_level = 2;
}

void child_stop(struct child *c)
{
	if (c->state == CHILD_DOWN || c->told_to_stop)
		return;
	c->told_to_stop = true;
	if (child_send(c, MSG_STOP, 0, NULL, NULL, (struct jembatan_bytes){ 0 }, NULL) != JEMBATAN_OK)
		child_kill(c);
	c->state = CHILD_STOPPING;
	loop_timer_set(c->deadline, STOP_DEADLINE_MS);
}

void child_condemn(struct child *c, const char *reason)
{
	if (c->end[0] == '\0')
		str_copy(c->end, sizeof(c->end), reason);
	c->condemned = true;
	c->state = CHILD_STOPPING;
	child_kill(c);
}

void child_refuse(struct child *c, const char *reason)
{
	/* What follows the refused batch must not be taken either, least of
	 * all its cursor; and the record at hand is not what killed it. */
	batch_clear(&c->batch);
	batch_record_close(&c->record);
	if (c->state != CHILD_DOWN)
		child_condemn(c, reason);
}

static void on_deadline(void *data)
{
	struct child *c = data;
	static const char *const during[] = { "start", "opening", "idling", "a call", "stopping" };
	/* It is dead, and what it brought waits for the disk: 0 would be all of us. */
	if (c->pid <= 0)
		return;
	/* It waits for our commit, not we for it: a full disk kills nobody. */
	if (c->batch.ready && c->stop_level == 0 && !c->told_to_stop && c->fd != NULL) {
		c->deadline_held = true;
		return;
	}
	if (c->end[0] == '\0' && !c->told_to_stop)
		snprintf(c->end, sizeof(c->end), "missed its deadline in %s", during[c->state]);
	if (c->stop_level == 0) {
		c->stop_level = 1;
		c->state = CHILD_STOPPING;
		kill(c->pid, SIGTERM);
		loop_timer_set(c->deadline, STOP_DEADLINE_MS);
	} else {
		child_kill(c);
	}
}

/* The other end is closed: the process is of no use any more. The loop would
 * report it again and again, so it is told to forget this socket; what stands
 * in it is still read. */
static void hang_up(struct child *c)
{
	loop_fd_remove(c->fd);
	c->fd = NULL;
	if (c->pid <= 0 || c->told_to_stop)
		return;
	if (c->end[0] == '\0')
		str_copy(c->end, sizeof(c->end), "closed its connection");
	loop_timer_set(c->deadline, HANG_UP_MS);
}

/* Read once and take what came; all of it when the other end is closed, since
 * nobody will tell us again. */
static void read_more(struct child *c)
{
	enum jembatan_result r = JEMBATAN_OK;
	while (!c->batch.ready && !c->condemned && !c->resting && r == JEMBATAN_OK) {
		r = channel_fill(c->channel, NULL);
		if (r == JEMBATAN_GONE && c->fd != NULL)
			hang_up(c);
		child_process(c);
		if (c->fd != NULL)
			return;
	}
}

/* Its deadline goes on: one that only asks is ended by that. */
void child_rest(struct child *c)
{
	c->resting = true;
	c->state_asks = 0;
	loop_timer_set(c->rest, REST_MS);
}

static void on_rest(void *data)
{
	struct child *c = data;
	c->resting = false;
	if (c->channel == NULL)
		return;
	child_process(c);
	if (c->fd == NULL)
		read_more(c);
}

static void on_readable(void *data, unsigned events)
{
	struct child *c = data;
	bool writes = (events & LOOP_WRITE) != 0 && !loop_is_held(c->o.loop);
	bool broken = writes && channel_flush(c->channel, NULL) != JEMBATAN_OK;
	if (broken || (events & LOOP_HANGUP) != 0)
		hang_up(c);
	else if (writes)
		c->o.events->on_room(c->o.data, c);
	if (c->fd == NULL || (events & LOOP_READ) != 0)
		read_more(c);
	child_watch_socket(c);
}

/* Frames that a dead child left in the socket still count, and the batch takes
 * all of them, however full it is: the last one tells of what it died. Bounded:
 * the sender is dead, so the socket only gets emptier. */
static void drain(struct child *c)
{
	enum jembatan_result r = JEMBATAN_OK;
	while (c->channel != NULL && !c->condemned && r == JEMBATAN_OK) {
		r = channel_fill(c->channel, NULL);
		while (child_take_frame(c))
			c->batch.kept = false; /* it may name more files now */
	}
}

bool child_reap(struct child *c)
{
	int status;
	if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	drain(c);
	drop_socket(c);
	loop_timer_stop(c->deadline);
	char how[700], ended[100];
	spawn_describe_end(status, ended, sizeof(ended));
	if (c->end[0] != '\0')
		snprintf(how, sizeof(how), "%s and %s", c->end, ended);
	else
		str_copy(how, sizeof(how), ended);
	/* One that did not stop in time says nothing about its record. */
	if (!c->told_to_stop) {
		char reason[800];
		snprintf(reason, sizeof(reason), "the connector %s while it was at this record", how);
		batch_death(&c->batch, &c->record, reason);
	}
	batch_record_close(&c->record);
	/* Nobody waits for an answer any more; the cursor stays where it was,
	 * unless the child had asked for it to be written. */
	c->batch.ack_count = 0;
	c->state = CHILD_DOWN;
	c->asked_type = 0;
	c->under_way = 0;
	c->batch.ready = !batch_is_empty(&c->batch);
	if (c->batch.ready)
		c->o.events->on_batch(c->o.data, c);
	c->o.events->on_dead(c->o.data, c, how, c->told_to_stop);
	return true;
}

static void remember_asked(struct child *c, int64_t asked_us)
{
	c->untold_us = xrealloc(c->untold_us, c->untold_count + 1, sizeof(*c->untold_us));
	c->untold_us[c->untold_count++] = asked_us;
}

void child_committed(struct child *c)
{
	struct msg_result ok = { .result = JEMBATAN_OK };
	for (size_t i = 0; i < c->batch.ack_count; i++) {
		const struct batch_ack *a = &c->batch.acks[i];
		if (a->type == MSG_CHECKPOINT)
			remember_asked(c, a->asked_mono_us);
		if (child_send(c, MSG_COMMITTED, a->seq, msg_result_fields, &ok,
			       (struct jembatan_bytes){ 0 }, NULL) != JEMBATAN_OK)
			break; /* it is gone: it asks again from its cursor */
	}
	if (!loop_is_held(c->o.loop))
		told(c);
	batch_clear(&c->batch);
	if (c->channel == NULL)
		return;
	if (c->deadline_held) {
		c->deadline_held = false;
		loop_timer_set(c->deadline, deadline_of(c->asked_type));
	}
	child_process(c);
	if (c->fd == NULL)
		read_more(c);
}
