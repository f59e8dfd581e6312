/* app.h: the daemon as a whole: the one place that knows all rooms. Its turn
 * is a group commit: what children handed over (T1), decisions (T2) and what
 * came back from the centre go to disk in one transaction; only then are the
 * children answered and the next requests sent. */
#ifndef CORE_APP_H
#define CORE_APP_H

#include "base/loop.h"
#include "central/outbox.h"
#include "config/settings.h"
#include "decide.h"
#include "intake/intake.h"
#include "store/db.h"
#include "store/hold.h"

struct control;
struct web_child;
struct reload;
struct replies;
struct eraser;
struct retention;
struct rotate;

struct app {
	struct loop *loop;
	struct settings *settings; /* held; a reload gives others: keep no pointer into them */
	struct db *db;
	struct intake *intake;
	struct decide *decide;
	struct fetch *fetch;
	struct ticket_schema *schema;
	struct know_tables *tables;
	struct central_options central;
	struct outbox *outbox; /* NULL: no centre is configured */
	struct hold hold;      /* after a backup was put back */
	struct replies *replies; /* the way back to the citizen */
	struct control *control;
	struct web_child *web; /* NULL: web.listen is not set */
	struct reload *reload;
	struct eraser *eraser;
	struct retention *retention;
	struct rotate *rotate;
	struct loop_timer *retry, *idle, *watchdog, *drain, *held;
	struct loop_fd *synced; /* a commit is on the disk */
	struct log_trouble trouble;
	bool decide_more;  /* messages may wait for their decision */
	int64_t undecided; /* so many did after the last turn */
	bool stopping;
	int64_t set_back_ms; /* so much the clock was set back, and rows do not know yet */
	bool dues_unchecked; /* the clock was set, or may have been before the start */
	int64_t seen_now_ms, seen_mono_ms; /* at the last idle look */
	bool ready_untold; /* systemd waits for it */
	int64_t started_ms, drain_mono_ms;
	char store_alarm[480]; /* the store refuses writes: why; empty: it does not */
	uint64_t turns;    /* committed */
	uint64_t refusals; /* turns that the store refused, and it said why */
	uint64_t watched;  /* both, when the watchdog last looked */
};

/* Open everything and start the children. CONFIG and a sentence when it cannot
 * work like this. */
MUST_CHECK enum jembatan_result app_open(struct app *a, struct settings *settings, struct why *why);
/* Take over other settings; those of intake are applied by then. */
void app_take_settings(struct app *a, struct settings *settings);
void app_run(struct app *a);   /* until SIGTERM or SIGINT has been drained */
void app_close(struct app *a);

/* Tell systemd that we are ready; again later when that fails. */
void app_tell_ready(struct app *a);
/* Waits until all that was committed is on the disk, and what that tells has left.
 * RETRY: the disk refuses. */
MUST_CHECK enum jembatan_result app_settle(struct app *a, struct why *why);
/* Something waits to be committed: have a turn at the end of this one. */
void app_want_turn(struct app *a);

#endif
