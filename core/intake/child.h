/* child.h: one connector process from start to end: its frames, its deadlines
 * and what it has handed over. Decides nothing about when to start or poll:
 * that is intake's. */
#ifndef INTAKE_CHILD_H
#define INTAKE_CHILD_H

#include "base/loop.h"
#include "intake/batch.h"
#include "intake/spawn.h"

#include <sys/types.h>

enum child_state {
	CHILD_DOWN = 0,
	CHILD_OPENING,  /* waits for the answer to OPEN */
	CHILD_IDLE,     /* open, nothing asked */
	CHILD_BUSY,     /* poll, request, sample, ... under way */
	CHILD_STOPPING  /* told to finish, or being killed */
};

struct child;

struct child_events {
	/* OPEN was answered; result OK: the child is idle. */
	void (*on_opened)(void *data, struct child *c, const struct msg_result *r);
	/* A call was answered by DONE. */
	void (*on_done)(void *data, struct child *c, const struct msg_result *r);
	/* The watched descriptor is ready: poll. */
	void (*on_wake)(void *data, struct child *c);
	/* Any other answer (RESPONSE, DELIVERED, FETCHED). */
	void (*on_answer)(void *data, struct child *c, const struct frame *f);
	/* A CHECKPOINT was answered, so many microseconds after it had asked. */
	void (*on_told)(void *data, struct child *c, int64_t us);
	/* What was asked has left but for 1 MiB: more pieces may follow. */
	void (*on_room)(void *data, struct child *c);
	/* The process is gone and reaped. `how` is one sentence; clean: it was
	 * told to stop. The batch holds what is left to be written. */
	void (*on_dead)(void *data, struct child *c, const char *how, bool clean);
	/* Its batch became ready: a turn is wanted. */
	void (*on_batch)(void *data, struct child *c);
	/* STATE_GET: append the value, GONE when there is none. */
	enum jembatan_result (*on_state_get)(void *data, struct child *c, const char *key,
					     struct buf *out);
};

struct child_options {
	struct loop *loop;
	const char *instance;
	enum msg_role role;
	struct spawn_options spawn;
	struct ticket_keys keys;
	size_t batch_max;
	const struct child_events *events;
	void *data;
};

struct child *child_new(const struct child_options *o);
void child_free(struct child *c); /* kills and reaps what still runs */

/* Start the process and send OPEN. */
MUST_CHECK enum jembatan_result child_start(struct child *c, const struct msg_open *open,
					    struct why *why);
/* MODE_PREVIEW and MODE_CHECK have no answer to OPEN: the child is idle. */
void child_skip_open(struct child *c);
/* Would it take a call of this type now? A request child takes several, which
 * it answers in order. */
bool child_takes_call(const struct child *c, enum msg_type type);
/* Ask a child that takes it; the deadline is the type's own, and runs for the
 * oldest call. */
MUST_CHECK enum jembatan_result child_ask(struct child *c, enum msg_type type,
					  const struct field *table, const void *from,
					  struct jembatan_bytes blob, struct why *why);
/* The same with fields that were packed before. */
MUST_CHECK enum jembatan_result child_ask_packed(struct child *c, enum msg_type type,
						 struct jembatan_bytes meta,
						 struct jembatan_bytes blob, struct why *why);
bool child_takes_more(const struct child *c); /* another piece of a SAMPLE */
void child_set_confinement(struct child *c, bool is_required); /* from its next start on */
void child_stop(struct child *c);  /* STOP, then SIGTERM, then SIGKILL */
void child_kill(struct child *c);  /* SIGKILL now */
/* Its batch cannot be stored: drop that and whatever else it said. */
void child_refuse(struct child *c, const char *reason);
/* SIGCHLD came: reap this child if it is the one. True when it died. */
bool child_reap(struct child *c);

enum child_state child_state(const struct child *c);
pid_t child_pid(const struct child *c); /* 0 when down */
const char *child_confinement(const struct child *c, bool *out_degraded);

/* The last call has brought messages, records, receipts or a checkpoint. */
bool child_brought(const struct child *c);
/* Its cursors count no more, also those that are still under way. */
void child_void_cursor(struct child *c);

struct batch *child_batch(struct child *c);
/* The batch was committed: answer who waits, go on reading. */
void child_committed(struct child *c);

#endif
