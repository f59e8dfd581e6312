/* child.c: one connector process. A bad frame, a missed deadline or an end
 * without order condemns this child only. */
#include "intake/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/poison.h"

#define OPEN_DEADLINE_MS 30000
#define POLL_DEADLINE_MS 120000
#define REQUEST_DEADLINE_MS 10000
#define DELIVER_DEADLINE_MS 120000
#define STOP_DEADLINE_MS 5000
#define LOGS_PER_MINUTE 60u

struct child {
	struct child_options o;
	enum child_state state;
	pid_t pid;
	struct channel *channel;
	struct loop_fd *fd;
	struct loop_timer *deadline;
	unsigned stop_level; /* 0 STOP asked, 1 SIGTERM sent, 2 SIGKILL sent */
	bool told_to_stop;
	bool gone;          /* the socket has ended; only the reaping is missing */
	uint32_t seq, asked; /* last used; of the call under way */
	char end[512];      /* why it was condemned, for on_dead */
	char confinement[80];
	bool degraded;
	struct batch batch;
	struct batch_record record;
	struct arena *frame_arena;
	int64_t log_minute;
	unsigned logs;
};

static void on_readable(void *data, unsigned events);
static void on_deadline(void *data);
static void process(struct child *c);

const char *
child_state_name(enum child_state state)
{
	static const char *const names[] = { "down", "opening", "idle", "busy", "stopping" };
	return names[state];
}

struct child *
child_new(const struct child_options *o)
{
	struct child *c = xcalloc(1, sizeof(*c));
	c->o = *o;
	c->deadline = loop_timer_new(o->loop, on_deadline, c);
	c->frame_arena = arena_new();
	batch_init(&c->batch, o->batch_max);
	batch_record_init(&c->record);
	return c;
}

static void
drop_socket(struct child *c)
{
	loop_fd_remove(c->fd);
	c->fd = NULL;
	channel_free(c->channel);
	c->channel = NULL;
}

void
child_free(struct child *c)
{
	if (c == NULL)
		return;
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	drop_socket(c);
	loop_timer_free(c->deadline);
	batch_done(&c->batch);
	batch_record_done(&c->record);
	arena_free(c->frame_arena);
	free(c);
}

enum child_state
child_state(const struct child *c)
{
	return c->state;
}

enum msg_role
child_role(const struct child *c)
{
	return c->o.role;
}

pid_t
child_pid(const struct child *c)
{
	return c->pid;
}

const char *
child_confinement(const struct child *c, bool *out_degraded)
{
	*out_degraded = c->degraded;
	return c->confinement;
}

struct batch *
child_batch(struct child *c)
{
	return &c->batch;
}

static void
watch_socket(struct child *c)
{
	if (c->fd == NULL)
		return;
	unsigned events = 0;
	/* A full or ready batch waits for its commit: the socket fills up and
	 * the child waits too. */
	if (!c->batch.ready && !c->gone)
		events |= LOOP_READ;
	if (channel_wants_write(c->channel))
		events |= LOOP_WRITE;
	loop_fd_set(c->fd, events);
}

static enum jembatan_result
send_frame(struct child *c, enum msg_type type, uint32_t seq, const struct field *table,
	   const void *from, struct jembatan_bytes blob, struct why *why)
{
	if (c->channel == NULL)
		return why_set(why, JEMBATAN_GONE, "the connector is not running");
	enum jembatan_result r = channel_put(c->channel, (uint8_t)type, seq, table, from, blob, why);
	if (r == JEMBATAN_OK)
		r = channel_flush(c->channel, why);
	watch_socket(c);
	return r;
}

static int64_t
deadline_of(enum msg_type type)
{
	if (type == MSG_REQUEST)
		return REQUEST_DEADLINE_MS;
	if (type == MSG_REPLY || type == MSG_FETCH)
		return DELIVER_DEADLINE_MS;
	return FAULT_NUMBER("JEMBATAN_POLL_DEADLINE_MS", POLL_DEADLINE_MS);
}

enum jembatan_result
child_start(struct child *c, const struct msg_open *open, struct why *why)
{
	ASSERT(c->state == CHILD_DOWN && c->pid == 0);
	int fd = -1;
	enum jembatan_result r = spawn_connector(&c->o.spawn, &c->pid, &fd, why);
	if (r != JEMBATAN_OK)
		return r;
	c->channel = channel_new(fd);
	c->fd = loop_fd_add(c->o.loop, fd, LOOP_READ, on_readable, c);
	c->state = CHILD_OPENING;
	c->stop_level = 0;
	c->told_to_stop = c->gone = false;
	c->end[0] = '\0';
	batch_record_close(&c->record);
	loop_timer_set(c->deadline, FAULT_NUMBER("JEMBATAN_OPEN_DEADLINE_MS", OPEN_DEADLINE_MS));
	c->asked = ++c->seq;
	return send_frame(c, MSG_OPEN, c->asked, msg_open_fields, open,
			  (struct jembatan_bytes){ 0 }, why);
}

void
child_skip_open(struct child *c)
{
	ASSERT(c->state == CHILD_OPENING);
	c->state = CHILD_IDLE;
}

static void
begin_call(struct child *c, enum msg_type type)
{
	ASSERT(c->state == CHILD_IDLE || (c->state == CHILD_BUSY && type == MSG_SAMPLE));
	if (c->state == CHILD_IDLE)
		c->asked = ++c->seq;
	c->state = CHILD_BUSY;
	loop_timer_set(c->deadline, deadline_of(type));
}

enum jembatan_result
child_ask_packed(struct child *c, enum msg_type type, struct jembatan_bytes meta,
		 struct jembatan_bytes blob, struct why *why)
{
	begin_call(c, type);
	enum jembatan_result r = channel_put_packed(c->channel, (uint8_t)type, c->asked, meta, blob,
						    why);
	if (r == JEMBATAN_OK)
		r = channel_flush(c->channel, why);
	watch_socket(c);
	return r;
}

enum jembatan_result
child_ask(struct child *c, enum msg_type type, const struct field *table, const void *from,
	  struct jembatan_bytes blob, struct why *why)
{
	begin_call(c, type);
	return send_frame(c, type, c->asked, table, from, blob, why);
}

void
child_kill(struct child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
	c->stop_level = 2;
}

void
child_stop(struct child *c)
{
	if (c->state == CHILD_DOWN || c->told_to_stop)
		return;
	c->told_to_stop = true;
	if (send_frame(c, MSG_STOP, 0, NULL, NULL, (struct jembatan_bytes){ 0 }, NULL) !=
	    JEMBATAN_OK)
		child_kill(c);
	c->state = CHILD_STOPPING;
	loop_timer_set(c->deadline, STOP_DEADLINE_MS);
}

/* End it for a reason that on_dead will tell. */
static void
condemn(struct child *c, const char *reason)
{
	if (c->end[0] == '\0')
		str_copy(c->end, sizeof(c->end), reason);
	c->state = CHILD_STOPPING;
	child_kill(c);
}

static void
on_deadline(void *data)
{
	struct child *c = data;
	static const char *const during[] = { "start", "opening", "idling", "a call", "stopping" };
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

static void
on_log(struct child *c, const struct frame *f)
{
	struct msg_log log = { 0 };
	int64_t minute = clock_mono_ms() / 60000;
	if (minute != c->log_minute) {
		if (c->logs > LOGS_PER_MINUTE)
			log_warning(c->o.instance, "%u lines of this connector were left out",
				    c->logs - LOGS_PER_MINUTE);
		c->log_minute = minute;
		c->logs = 0;
	}
	if (c->logs++ >= LOGS_PER_MINUTE)
		return;
	if (field_unpack(msg_log_fields, f->meta, c->frame_arena, &log, NULL) == JEMBATAN_OK &&
	    log.text != NULL)
		log_at(log.level <= JEMBATAN_ERROR ? (enum jembatan_level)log.level : JEMBATAN_ERROR,
		       c->o.instance, "%s", log.text);
}

static void
batch_ready(struct child *c)
{
	if (c->batch.ready)
		return;
	c->batch.ready = true;
	c->o.events->on_batch(c->o.data, c);
}

static enum jembatan_result
on_done(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_result result = { 0 };
	enum jembatan_result r = field_unpack(msg_result_fields, f->meta, c->frame_arena, &result,
					      why);
	if (r != JEMBATAN_OK)
		return r;
	if (result.result > JEMBATAN_FATAL || f->seq != c->asked ||
	    (c->state != CHILD_OPENING && c->state != CHILD_BUSY && c->state != CHILD_STOPPING))
		return why_set(why, JEMBATAN_DATA, "an answer to nothing that was asked");
	batch_end_record(&c->batch, &c->record,
			 result.result == JEMBATAN_DATA && result.why != NULL ? result.why :
			 "the connector made nothing of this record");
	if (!batch_is_empty(&c->batch))
		batch_ready(c);
	if (c->state == CHILD_STOPPING)
		return JEMBATAN_OK;
	bool opening = c->state == CHILD_OPENING;
	c->state = CHILD_IDLE;
	loop_timer_stop(c->deadline);
	if (opening)
		c->o.events->on_opened(c->o.data, c, &result);
	else
		c->o.events->on_done(c->o.data, c, &result);
	return JEMBATAN_OK;
}

static enum jembatan_result
on_checkpoint(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_checkpoint checkpoint = { 0 };
	struct jembatan_bytes meta = { arena_memdup(c->batch.arena, f->meta.data, f->meta.size),
				       f->meta.size };
	enum jembatan_result r = field_unpack(msg_checkpoint_fields, meta, c->batch.arena,
					      &checkpoint, why);
	if (r != JEMBATAN_OK)
		return r;
	if (c->o.role != MSG_ROLE_POLL)
		return why_set(why, JEMBATAN_DATA, "a checkpoint outside poll");
	batch_end_record(&c->batch, &c->record, "the connector made nothing of this record");
	if (checkpoint.cursor != NULL)
		c->batch.cursor = checkpoint.cursor;
	batch_add_ack(&c->batch, MSG_CHECKPOINT, f->seq);
	batch_ready(c);
	return JEMBATAN_OK;
}

static enum jembatan_result
on_state(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_state state = { 0 };
	enum jembatan_result r = field_unpack(msg_state_fields, f->meta, c->frame_arena, &state, why);
	if (r != JEMBATAN_OK)
		return r;
	if (state.key == NULL || strlen(state.key) > 128 || f->blob.size > 65536)
		return why_set(why, JEMBATAN_DATA, "a state key or value is too long");
	if (f->type == MSG_STATE_PUT) {
		batch_add_state(&c->batch, state.key, f->blob);
		batch_add_ack(&c->batch, MSG_STATE_PUT, f->seq);
		batch_ready(c);
		return JEMBATAN_OK;
	}
	struct buf value;
	buf_init(&value, 65536 + 64);
	state.found = c->o.events->on_state_get(c->o.data, c, state.key, &value) == JEMBATAN_OK;
	r = send_frame(c, MSG_VALUE, f->seq, msg_state_fields, &state, buf_bytes(&value), why);
	mem_wipe(value.data, value.size);
	buf_done(&value);
	return r;
}

static enum jembatan_result
on_manifest(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_manifest m = { 0 };
	enum jembatan_result r = field_unpack(msg_manifest_fields, f->meta, c->frame_arena, &m, why);
	if (r == JEMBATAN_OK) {
		str_copy(c->confinement, sizeof(c->confinement), m.confinement != NULL ? m.confinement : "none");
		c->degraded = m.confinement_degraded;
	}
	return r;
}

static enum jembatan_result
on_answer(struct child *c, const struct frame *f, struct why *why)
{
	if (c->state != CHILD_BUSY || f->seq != c->asked)
		return why_set(why, JEMBATAN_DATA, "an answer to nothing that was asked");
	c->state = CHILD_IDLE;
	loop_timer_stop(c->deadline);
	c->o.events->on_answer(c->o.data, c, f);
	return JEMBATAN_OK;
}

/* A request of which nothing came (receipts, a handshake, a bad signature) is
 * no record to keep, unless the plugin says that it could not be read. */
static enum jembatan_result
on_response(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_response response = { 0 };
	enum jembatan_result r = field_unpack(msg_response_fields, f->meta, c->frame_arena, &response,
					      why);
	if (r != JEMBATAN_OK)
		return r;
	if (response.result == JEMBATAN_DATA)
		batch_end_record(&c->batch, &c->record, response.why != NULL ? response.why :
				 "the connector could not read this request");
	else
		batch_record_close(&c->record);
	return on_answer(c, f, why);
}

static enum jembatan_result
on_frame(struct child *c, const struct frame *f, struct why *why)
{
	switch (f->type) {
	case MSG_MANIFEST:
		return on_manifest(c, f, why);
	case MSG_BEGIN:
		return batch_begin(&c->batch, &c->record, f, why);
	case MSG_MESSAGE:
		return batch_message(&c->batch, &c->record, f, c->o.local_key, c->o.instance, why);
	case MSG_CHECKPOINT:
		return on_checkpoint(c, f, why);
	case MSG_RECEIPT: {
		struct msg_receipt receipt = { 0 };
		enum jembatan_result r = field_unpack(msg_receipt_fields, f->meta, c->frame_arena,
						      &receipt, why);
		if (r == JEMBATAN_OK && receipt.state > JEMBATAN_RECEIPT_FAILED)
			return why_set(why, JEMBATAN_DATA, "a receipt's state is unknown");
		if (r == JEMBATAN_OK)
			batch_add_receipt(&c->batch, &receipt);
		return r;
	}
	case MSG_STATE_GET:
	case MSG_STATE_PUT:
		return on_state(c, f, why);
	case MSG_LOG:
		on_log(c, f);
		return JEMBATAN_OK;
	case MSG_DONE:
		return on_done(c, f, why);
	case MSG_WAKE:
		if (c->state == CHILD_IDLE)
			c->o.events->on_wake(c->o.data, c);
		return JEMBATAN_OK;
	case MSG_RESPONSE:
		return on_response(c, f, why);
	case MSG_DELIVERED:
	case MSG_FETCHED:
		return on_answer(c, f, why);
	default:
		return why_set(why, JEMBATAN_DATA, "a frame of the unknown type %u", (unsigned)f->type);
	}
}

/* False: none is left, or it has been condemned. */
static bool
take_frame(struct child *c)
{
	struct why why = { "" };
	struct frame f;
	if (c->channel == NULL || c->stop_level >= 2)
		return false;
	enum jembatan_result r = channel_next(c->channel, &f, &why);
	if (r == JEMBATAN_IDLE)
		return false;
	if (r == JEMBATAN_OK) {
		arena_reset(c->frame_arena);
		r = on_frame(c, &f, &why);
	}
	if (r != JEMBATAN_OK && r != JEMBATAN_IDLE) {
		struct why said;
		(void)why_set(&said, r, "broke the rules of frames: %s", why.text);
		condemn(c, said.text);
		return false;
	}
	if (batch_is_full(&c->batch))
		batch_ready(c);
	return true;
}

/* Take frames until the batch waits for its commit or none is left. */
static void
process(struct child *c)
{
	while (!c->batch.ready && take_frame(c))
		continue;
	watch_socket(c);
}

static void
on_readable(void *data, unsigned events)
{
	struct child *c = data;
	struct why why;
	if ((events & LOOP_WRITE) != 0 && channel_flush(c->channel, &why) != JEMBATAN_OK)
		c->gone = true;
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0 && !c->batch.ready &&
	    channel_fill(c->channel, &why) == JEMBATAN_GONE)
		c->gone = true;
	process(c);
	/* What was read before the end has been taken; without its socket the
	 * process is of no use. A hang-up is reported again and again: stop. */
	if ((c->gone || (events & LOOP_HANGUP) != 0) && c->fd != NULL && !c->batch.ready) {
		if (channel_fill(c->channel, &why) == JEMBATAN_GONE)
			c->gone = true;
		if (c->gone) {
			loop_fd_remove(c->fd);
			c->fd = NULL;
			if (c->pid > 0 && !c->told_to_stop)
				loop_timer_set(c->deadline, 1000);
		}
	}
}

/* Frames that a dead child left in the socket still count, and the batch takes
 * all of them, however full it is: the last one tells of what it died. Bounded:
 * the sender is dead, so the socket only gets emptier. */
static void
drain(struct child *c)
{
	struct why why;
	enum jembatan_result r = JEMBATAN_OK;
	while (c->channel != NULL && c->stop_level < 2 && r == JEMBATAN_OK) {
		r = channel_fill(c->channel, &why);
		while (take_frame(c))
			c->batch.kept = false; /* it may name more files now */
	}
}

bool
child_reap(struct child *c)
{
	int status;
	if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	bool clean = c->told_to_stop && WIFEXITED(status);
	drain(c);
	drop_socket(c);
	loop_timer_stop(c->deadline);
	char how[700], ended[100];
	spawn_describe_end(status, ended, sizeof(ended));
	if (c->end[0] != '\0')
		snprintf(how, sizeof(how), "%s and %s", c->end, ended);
	else
		str_copy(how, sizeof(how), ended);
	if (!clean) {
		char reason[800];
		snprintf(reason, sizeof(reason), "the connector %s while it was at this record", how);
		batch_death(&c->batch, &c->record, reason);
	}
	batch_record_close(&c->record);
	/* Nobody waits for an answer any more; the cursor stays where it was,
	 * unless the child had asked for it to be written. */
	c->batch.ack_count = 0;
	c->state = CHILD_DOWN;
	if (!batch_is_empty(&c->batch) && !c->batch.ready)
		batch_ready(c);
	c->o.events->on_dead(c->o.data, c, how, clean);
	return true;
}

void
child_committed(struct child *c, void (*on_delay)(void *data, int64_t ms), void *data)
{
	struct msg_result ok = { .result = JEMBATAN_OK };
	for (size_t i = 0; i < c->batch.ack_count; i++) {
		const struct batch_ack *a = &c->batch.acks[i];
		if (a->type == MSG_CHECKPOINT)
			on_delay(data, clock_mono_ms() - a->asked_mono_ms);
		(void)send_frame(c, MSG_COMMITTED, a->seq, msg_result_fields, &ok,
				 (struct jembatan_bytes){ 0 }, NULL);
	}
	batch_clear(&c->batch);
	if (c->channel != NULL)
		process(c);
}
