/* child_inside.h: the insides of a child, shared by child.c (the process) and
 * child_frames.c (what it says). Not for other files. */
#ifndef INTAKE_CHILD_INSIDE_H
#define INTAKE_CHILD_INSIDE_H

#include "intake/child.h"

struct child {
	struct child_options o;
	enum child_state state;
	pid_t pid;
	struct channel *channel;
	struct loop_fd *fd; /* NULL once the other end is closed */
	struct loop_timer *deadline;
	unsigned stop_level;  /* 0 STOP asked, 1 SIGTERM sent, 2 SIGKILL sent */
	bool told_to_stop;
	bool condemned;       /* nothing that it says counts any more */
	bool deadline_held;   /* it was due while the child waited for our commit */
	bool cursor_is_void;  /* a backfill has begun: its cursors are of before */
	bool brought;         /* the call under way has brought something */
	uint32_t seq, asked;  /* last used; of the oldest call under way */
	unsigned asked_type;  /* enum msg_type of it; 0: none, or answered */
	size_t under_way;     /* calls; more than one are REQUESTs with seqs in a row */
	char end[512];        /* why it was condemned, for on_dead */
	char confinement[80];
	bool degraded;
	struct batch batch;
	int64_t *untold_us; /* when it asked for checkpoints whose answers are on their way */
	size_t untold_count;
	struct batch_record record;
	struct arena *frame_arena;
	struct loop_timer *rest;
	unsigned state_asks; /* of its state, since it last rested */
	bool resting;  /* not read from: it asks for its state without end */
	int64_t log_minute;
	unsigned logs;
};

/* A while without reading from it. */
void child_rest(struct child *c);
/* False: none is left, or it has been condemned. */
bool child_take_frame(struct child *c);
/* Take frames until the batch waits for its commit or none is left. */
void child_process(struct child *c);

/* The oldest call was answered: the next one's deadline begins. */
void child_answered(struct child *c);

MUST_CHECK enum jembatan_result child_send(struct child *c, enum msg_type type, uint32_t seq,
					   const struct field *table, const void *from,
					   struct jembatan_bytes blob, struct why *why);
/* Read from it only while its batch may grow; write while something waits. */
void child_watch_socket(struct child *c);
/* End it at once for a reason that on_dead will tell. */
void child_condemn(struct child *c, const char *reason);

#endif
