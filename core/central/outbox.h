/* outbox.h: the driver towards the centre. It keeps to two orders: a row is
 * `sending` on disk before the first byte leaves, and what came back is on
 * disk before the next step leaves. It opens no transaction of its own: the
 * app calls it inside its group commit.
 *
 *     db_begin; ... T1, T2 ...; outbox_write(o); db_commit;
 *     committed: outbox_started(o);   else: outbox_aborted(o);
 *
 * Results of a failed commit are kept and written in the next turn; claims of
 * it are forgotten, and nothing of them has left. */
#ifndef CENTRAL_OUTBOX_H
#define CENTRAL_OUTBOX_H

#include "base/loop.h"
#include "central/central.h"
#include "central/status.h"
#include "store/follows.h"
#include "store/outbox_rows.h"

#define OUTBOX_AHEAD_MAX 256u /* claimed at once, at most */

struct outbox;
typedef void outbox_on_wants(void *data);

/* on_wants (may be NULL) is called from the loop whenever there is something
 * to write or to claim: have a turn soon. The options are borrowed. */
struct outbox *outbox_new(struct loop *loop, struct db *db,
			  const struct central_options *options, outbox_on_wants *on_wants,
			  void *data);
/* Cancels what is under way: the rows stay `sending` and are settled at the
 * next start. To end without that: outbox_pause, then turns until idle. */
void outbox_free(struct outbox *o); /* NULL is fine */

/* The options that were borrowed are of other settings now, equal to those of
 * before or not: the old ones are not used any more when this returns. */
void outbox_take_settings(struct outbox *o, bool are_equal);

/* Reports are sent, and yet some dozens of new ones wait for a connection. */
bool outbox_is_behind(struct outbox *o);

bool outbox_wants_turn(struct outbox *o);
/* Inside the open transaction, before new reports are made in it: what came back
 * and needs no further step is written, so that they find connections free.
 * outbox_write follows. */
MUST_CHECK enum jembatan_result outbox_write_early(struct outbox *o, struct why *why);
/* Inside the open transaction, before outbox_write: the create of a ticket that
 * was just stored in it, without files. When nothing was due as the turn began and
 * a connection is free it is claimed at once; else it is queued. */
MUST_CHECK enum jembatan_result outbox_add_create(struct outbox *o, int64_t ticket_id,
						  const char *reference, struct why *why);
/* Between those two: the ticket is about to change, and nothing of it has left.
 * A create that was claimed at once is queued again, to be made anew from the
 * store; nothing happens when there is none. */
MUST_CHECK enum jembatan_result outbox_put_back(struct outbox *o, int64_t ticket_id,
						struct why *why);
/* Inside the open transaction. Not OK: abort it and call outbox_aborted. */
MUST_CHECK enum jembatan_result outbox_write(struct outbox *o, struct why *why);
void outbox_started(struct outbox *o); /* committed: requests leave now */
void outbox_aborted(struct outbox *o);
/* All of it in a transaction of its own. For tests and drains. */
MUST_CHECK enum jembatan_result outbox_turn(struct outbox *o, struct why *why);

/* Take nothing new; what is under way ends. The flag "central.paused" in the
 * store is the app's to write; outbox_new reads it. */
void outbox_pause(struct outbox *o, bool paused);
/* Rows may be due earlier than was known: look. */
void outbox_look(struct outbox *o);
/* The clock was set, and times in the store with it (store/due.h). */
void outbox_clock_set(struct outbox *o);
bool outbox_is_idle(const struct outbox *o); /* nothing under way or unwritten */
bool outbox_is_busy(const struct outbox *o); /* more than half of what may be sent at once is */
bool outbox_is_alive(const struct outbox *o); /* its courier is: see courier_is_alive */

/* `jembatan unknown confirm|resend`, inside an open transaction: the person
 * says what became of the row. DATA when it is neither held as unknown
 * nor refused, GONE when there is no such row. */
MUST_CHECK enum jembatan_result outbox_confirm(struct outbox *o, int64_t row_id,
					       const char *tracking_id, const char *actor,
					       struct why *why);
MUST_CHECK enum jembatan_result outbox_resend(struct outbox *o, int64_t row_id,
					      const char *actor, struct why *why);
/* True for what `unknown list` shows: held, or still being settled. */
bool outbox_row_is_unknown(const struct outbox_row *row);

struct outbox_stats {
	bool paused;
	const char *breaker;  /* "closed", "open", "probing", "trying" */
	const char *trouble;  /* why it is not closed; "" */
	int64_t next_probe_ms; /* from now; -1: none */
	int64_t quiet_ms;      /* Retry-After: so long from now; 0: none */
	unsigned in_flight, parallel, parallel_most;
	unsigned budget, budget_used; /* requests today; budget 0: no end */
	int64_t p50_ms, p99_ms;       /* of the last 256 answers */
	uint64_t done, refused, not_sent, unknown; /* steps since the start */
	char last_error[200];         /* "" when there was none */
	int64_t last_error_ms, last_ok_ms; /* wall; 0: never */
};
void outbox_stats(struct outbox *o, struct outbox_stats *out);

/* ---- what is asked beside the pushes (polls.c) ---- */

/* Read the public lists anew, or compare all with the centre, as soon as
 * pushes leave room; the stats say when it is done. */
void outbox_refresh_institutions(struct outbox *o);
void outbox_compare(struct outbox *o);

struct outbox_polls_stats {
	unsigned in_flight;
	unsigned budget, budget_used; /* questions today; budget 0: no end */
	int64_t last_answer_ms;       /* 0: none since the start */
	int64_t next_due_ms;          /* of a followed ticket; -1: none */
	int64_t compared_ms;          /* the last whole comparison; 0: never */
	bool is_comparing, is_refreshing;
	int64_t institutions_ms;      /* when the list was read; 0: never */
	uint64_t readings, moved;     /* since the start */
};
void outbox_polls_stats(const struct outbox *o, struct outbox_polls_stats *out);

/* What a reading of a ticket's status changes, from a question or from an
 * export: into *row (follows_put is the caller's) and the history. */
MUST_CHECK enum jembatan_result outbox_take_status(struct db *db, const struct settings_status *s,
						   const struct status_reading *reading,
						   struct follow_row *row, const char *actor,
						   enum status_change *out, struct why *why);

#endif
