/* outbox_inside.h: the outbox's own parts; for outbox*.c only. */
#ifndef CENTRAL_OUTBOX_INSIDE_H
#define CENTRAL_OUTBOX_INSIDE_H

#include "base/log.h"
#include "central/outbox.h"
#include "central/pace.h"
#include "central/push.h"

#define OUTBOX_LATENCIES 256u

struct push_list {
	struct push *first, *last;
	size_t count;
};

struct polls;

struct outbox {
	struct loop *loop;
	struct db *db;
	const struct central_options *options;
	outbox_on_wants *on_wants;
	void *data;
	struct courier *courier;
	struct loop_timer *timer;
	struct pace pace;
	struct arena *arena; /* of one reading */
	struct push_list claimed, flying, finished;
	uint64_t numbers[64]; /* a bit for each number that a finished one was given */
	struct polls *polls; /* questions beside the pushes */
	bool is_recovered, paused;
	size_t behind;           /* new reports that found no connection, about */
	bool came_up_empty;      /* the last claim got all that could be had */
	int64_t claimed_at_ms;   /* the last claim took what was due by then */
	int64_t next_due_ms;     /* of a queued row; 0: none */
	int64_t alarm_mono_ms;   /* when to look for what is held too long */
	unsigned budget_written;
	struct courier_call *probe;
	struct client_request probe_request;
	char *probe_url; /* of the last probe */
	struct { /* the row that was turned away with 401 or 403 last */
		int64_t row_id;
		unsigned times;
		bool passed_since; /* another push was taken since then */
	} auth;
	struct log_trouble trouble;
	int64_t took_ms[OUTBOX_LATENCIES];
	uint64_t took_count, outcomes[4];
	char last_error[200];
	int64_t last_error_ms, last_ok_ms;
};

/* Write what follows from a result, a start or a person's word. */
MUST_CHECK enum jembatan_result outbox_write_next(struct outbox *o, const struct step_next *n,
						  const char *actor, struct why *why);
/* too_early: the planted bug that sends before the commit. */
void outbox_start_claimed(struct outbox *o, bool too_early);
/* Ask for a turn now, or set the timer for when something may be due. */
void outbox_reschedule(struct outbox *o);
int64_t outbox_alarm_every_ms(const struct outbox *o);
/* The breaker has opened. */
void outbox_tell_opened(struct outbox *o, const char *how);

#endif
