/* app.c: opens the rooms, runs the turn, drains. */
#include "app.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/notify.h"
#include "base/pages.h"
#include "control.h"
#include "eraser.h"
#include "reload.h"
#include "replies.h"
#include "retention.h"
#include "rotate.h"
#include "shares.h"
#include "store/audit.h"
#include "store/due.h"
#include "store/inbox.h"
#include "store/instances.h"
#include "store/master.h"
#include "web_child.h"
#include "base/poison.h"

#define STORE_RETRY_MS 1000
#define IDLE_EVERY_MS 2000
#define CLOCK_JUMP_MS 30000

static void on_turn(void *data);

void app_want_turn(struct app *a)
{
	/* After a refused write the next try waits for its timer. */
	if (!loop_timer_is_set(a->retry))
		loop_defer(a->loop, on_turn, a);
}

static void want_turn(void *data)
{
	app_want_turn(data);
}

static void store_refused(struct app *a, const struct why *why)
{
	a->refusals++;
	web_child_store_failed(a->web);
	log_trouble(&a->trouble, "store", why->text);
	str_copy(a->store_alarm, sizeof(a->store_alarm), why->text);
	loop_timer_set(a->retry, STORE_RETRY_MS);
}

static void store_failed(struct app *a, const struct why *why)
{
	db_abort(a->db);
	bool is_mended = intake_aborted(a->intake);
	is_mended |= fetch_aborted(a->fetch);
	is_mended |= decide_aborted(a->decide);
	if (a->outbox != NULL)
		outbox_aborted(a->outbox);
	replies_aborted(a->replies);
	if (is_mended) {
		/* One of them had what no store can take; the others go on. */
		a->decide_more = true;
		app_want_turn(a);
		return;
	}
	store_refused(a, why);
}

/* What the turn before is to tell goes out as soon as it is on the disk: looked at
 * between the parts of a turn, which take a millisecond and more each. */
static void let_go(struct app *a)
{
	if (loop_is_held(a->loop) && db_sync(a->db, false, NULL) == JEMBATAN_OK)
		loop_let_go(a->loop);
}

enum jembatan_result app_settle(struct app *a, struct why *why)
{
	enum jembatan_result r = db_sync(a->db, true, why);
	if (r == JEMBATAN_OK)
		loop_let_go(a->loop);
	return r;
}

static void on_synced(void *data, unsigned events UNUSED)
{
	struct app *a = data;
	struct why why;
	eventfd_t count;
	(void)!eventfd_read(db_sync_fd(a->db), &count);
	enum jembatan_result r = db_sync(a->db, false, &why);
	if (r == JEMBATAN_OK)
		loop_let_go(a->loop);
	else if (r != JEMBATAN_IDLE)
		store_refused(a, &why);
}

static enum jembatan_result write_turn(struct app *a, bool intake_waits, bool *out_more,
				       struct why *why)
{
	let_go(a);
	enum jembatan_result r = intake_write(a->intake, why);
	if (r == JEMBATAN_OK)
		r = fetch_write(a->fetch, why);
	let_go(a);
	if (r == JEMBATAN_OK && a->outbox != NULL)
		r = outbox_write_early(a->outbox, why);
	let_go(a);
	const struct shares shares = {
		.intake_us = intake_share_us(a->intake),
		.sends = a->outbox != NULL && outbox_is_busy(a->outbox),
		.brings = intake_waits,
		.answers = !web_child_is_idle(a->web),
		.undecided = a->undecided,
	};
	if (r == JEMBATAN_OK)
		r = decide_write(a->decide, a->outbox, a->settings->batch_max,
				 shares_decide_us(&shares), out_more, why);
	let_go(a);
	if (r == JEMBATAN_OK && a->outbox != NULL)
		r = outbox_write(a->outbox, why);
	if (r == JEMBATAN_OK)
		r = replies_write(a->replies, why);
	return r;
}

static void watch_backlog(struct app *a)
{
	struct inbox_counts counts;
	struct why why;
	if (inbox_count(a->db, 0, &counts, &why) == JEMBATAN_OK)
		a->undecided = counts.by_stage[INBOX_NEW];
	intake_set_full(a->intake, a->undecided >= (int64_t)a->settings->inbox_waiting_max);
}

static enum jembatan_result commit_turn(struct app *a, struct why *why)
{
	bool brings = intake_wants_turn(a->intake);
	if (FAULT_PLANTED("ack-before-commit")) {
		intake_committed(a->intake);
		poll(NULL, 0, 20); /* they get time to tell their sources */
	}
	if (brings)
		FAULT_POINT("turn.brings");
	enum jembatan_result r = app_settle(a, why);
	if (r == JEMBATAN_OK)
		r = db_commit(a->db, why);
	if (r == JEMBATAN_OK && brings)
		FAULT_POINT("turn.committed");
	if (r == JEMBATAN_OK && db_sync(a->db, false, NULL) != JEMBATAN_OK &&
	    !FAULT_PLANTED("told-before-sync"))
		loop_hold(a->loop);
	return r;
}

/* Nothing but wall times tells when a row is due; all else goes by the
 * monotonic clock and does not notice. Looked at before each turn, so that no
 * row is written under a clock that nobody has seen. */
static void watch_clock(struct app *a)
{
	int64_t now_ms = clock_now_ms(), mono_ms = clock_mono_ms();
	int64_t jump_ms = now_ms - a->seen_now_ms - (mono_ms - a->seen_mono_ms);
	if (a->seen_now_ms != 0 && (jump_ms > CLOCK_JUMP_MS || jump_ms < -CLOCK_JUMP_MS)) {
		log_warning("jembatand", "the clock was set by %lld s", (long long)(jump_ms / 1000));
		a->dues_unchecked = true;
		if (jump_ms < 0)
			a->set_back_ms -= jump_ms;
	}
	a->seen_now_ms = now_ms;
	a->seen_mono_ms = mono_ms;
}

/* Read no faster than is sent. */
static void pace_intake(struct app *a)
{
	intake_set_paced(a->intake, a->outbox != NULL && outbox_is_behind(a->outbox));
	int64_t held_ms = intake_held_ms(a->intake);
	if (held_ms >= 0 && !loop_timer_is_set(a->held))
		loop_timer_set(a->held, held_ms);
}

/* The log is emptied by this thread: first what was committed is told. */
static void relieve_store(struct app *a)
{
	if (db_wants_relief(a->db) && app_settle(a, NULL) == JEMBATAN_OK)
		db_relieve(a->db);
}

/* One group commit. While it is synced the next turn may be written; what this one
 * acknowledges or sends is kept back by the loop's hold until it is on the disk. */
static void on_turn(void *data)
{
	struct app *a = data;
	if (FAULT_PLANTED("turn-lost") && a->turns > 0)
		return; /* the loop goes round, and nothing comes of it */
	if (FAULT_PLANTED("turn-hangs") && a->turns > 0)
		poll(NULL, 0, -1);
	pace_intake(a);
	bool intake_waits = intake_wants_turn(a->intake) || fetch_wants_turn(a->fetch);
	bool outbox_waits = a->outbox != NULL && outbox_wants_turn(a->outbox);
	bool replies_wait = replies_wants_turn(a->replies);
	if (!intake_waits && !outbox_waits && !replies_wait && !a->decide_more)
		return;
	struct why why;
	bool more = false;
	watch_clock(a);
	intake_prepare(a->intake);
	fetch_prepare(a->fetch);
	enum jembatan_result r = db_begin_ahead(a->db, &why);
	if (r == JEMBATAN_OK)
		r = write_turn(a, intake_waits, &more, &why);
	if (r == JEMBATAN_OK)
		r = commit_turn(a, &why);
	if (r != JEMBATAN_OK) {
		store_failed(a, &why);
		return;
	}
	a->turns++;
	a->store_alarm[0] = '\0';
	log_trouble_over(&a->trouble, "store", "the store");
	a->decide_more = more;
	intake_committed(a->intake);
	fetch_committed(a->fetch);
	decide_committed(a->decide);
	if (a->outbox != NULL)
		outbox_started(a->outbox);
	replies_committed(a->replies);
	watch_backlog(a);
	relieve_store(a);
	if (a->decide_more || intake_wants_turn(a->intake) ||
	    (a->outbox != NULL && outbox_wants_turn(a->outbox)) || replies_wants_turn(a->replies))
		app_want_turn(a);
}

void app_tell_ready(struct app *a)
{
	a->ready_untold = !notify_send("READY=1\nSTATUS=running");
}

/* The log is emptied first: on a small disk it would take what was freed before
 * the database could grow, and then neither could go on. */
static void on_retry(void *data)
{
	struct app *a = data;
	if (!db_in_transaction(a->db))
		db_idle(a->db);
	a->decide_more = true;
	loop_defer(a->loop, on_turn, a);
}

static void check_dues(struct app *a)
{
	struct why why;
	int64_t count = 0;
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK && a->set_back_ms > 0)
		r = due_shift(a->db, clock_now_ms(), a->set_back_ms, &why);
	if (r == JEMBATAN_OK)
		r = due_pull_back(a->db, clock_now_ms(), &count, &why);
	if (r == JEMBATAN_OK)
		r = db_commit(a->db, &why);
	if (r != JEMBATAN_OK) {
		db_abort(a->db); /* the disk: at the next look */
		return;
	}
	a->dues_unchecked = false;
	a->set_back_ms = 0;
	if (count > 0)
		log_warning("jembatand", "%lld rows waited for a time that is far ahead now: they are due",
			    (long long)count);
	if (a->outbox != NULL)
		outbox_clock_set(a->outbox);
}

static void on_idle(void *data)
{
	struct app *a = data;
	watch_clock(a);
	if (a->dues_unchecked && !db_in_transaction(a->db))
		check_dues(a);
	if (!db_in_transaction(a->db))
		db_idle(a->db);
	intake_look(a->intake);
	/* Deferred decisions and rows whose time has come. */
	a->decide_more = true;
	app_want_turn(a);
	if (a->ready_untold)
		app_tell_ready(a);
	FAULT_COVERED();
	loop_timer_set(a->idle, IDLE_EVERY_MS);
}

/* That this is called proves only that the loop goes round. So a turn is asked
 * for at each look, and by the next one it must have been committed, or refused
 * by the store with its reason; and the courier must have come by. Else systemd
 * is to start us anew. */
static void on_watchdog(void *data)
{
	struct app *a = data;
	uint64_t ended = a->turns + a->refusals;
	bool is_courier_alive = a->outbox == NULL || outbox_is_alive(a->outbox);
	if (ended != a->watched && is_courier_alive)
		notify_send("WATCHDOG=1");
	else if (!is_courier_alive)
		log_error("jembatand", "what sends to the centre has stood still since the last look: the "
			  "watchdog is not told that all is well");
	else
		log_error("jembatand", "no turn has ended since the last look: the watchdog is not told "
			  "that all is well");
	a->watched = ended;
	a->decide_more = true;
	app_want_turn(a);
	loop_timer_set(a->watchdog, notify_watchdog_ms());
}

/* ---- draining ---------------------------------------------------------- */

static void on_drain(void *data)
{
	struct app *a = data;
	bool done = intake_is_stopped(a->intake) && !intake_wants_turn(a->intake) &&
		    (a->outbox == NULL || outbox_is_idle(a->outbox)) &&
		    replies_is_idle(a->replies) && web_child_is_idle(a->web) &&
		    !loop_is_held(a->loop);
	int64_t limit = a->settings->central.answer_timeout_ms + 5000;
	if (done || clock_mono_ms() - a->drain_mono_ms > limit) {
		loop_stop(a->loop);
		return;
	}
	app_want_turn(a);
	loop_timer_set(a->drain, 20);
}

static void on_term(void *data, int signal)
{
	struct app *a = data;
	if (a->stopping) {
		log_warning("jembatand", "told to stop again: stopping at once");
		loop_stop(a->loop);
		return;
	}
	a->stopping = true;
	log_notice("jembatand", "signal %d: finishing what is under way, then stopping", signal);
	notify_send("STOPPING=1\nSTATUS=finishing what is under way");
	web_child_stop(a->web);
	replies_stop(a->replies);
	intake_stop(a->intake);
	if (a->outbox != NULL)
		outbox_pause(a->outbox, true);
	a->drain_mono_ms = clock_mono_ms();
	loop_timer_set(a->drain, 0);
}

static void on_hup(void *data, int signal)
{
	struct app *a = data;
	(void)signal;
	reload_begin(a->reload);
}

/* ---- opening ----------------------------------------------------------- */

static enum jembatan_result open_central(struct app *a, struct why *why)
{
	const struct settings *s = a->settings;
	int64_t paused = 0;
	if (s->central.url == NULL) {
		log_warning("central", "central.url is not set: tickets are made, and wait");
		return JEMBATAN_OK;
	}
	a->central = (struct central_options){
		.central = &s->central,
		.instances = s->instances,
		.instance_count = s->instance_count,
		.tuning = central_tuning_usual(),
	};
	a->outbox = outbox_new(a->loop, a->db, &a->central, want_turn, a);
	enum jembatan_result r = instances_flag_get(a->db, "central.paused", &paused, why);
	if (r == JEMBATAN_OK && (paused != 0 || a->hold.active))
		outbox_pause(a->outbox, true);
	return r;
}

void app_take_settings(struct app *a, struct settings *settings)
{
	struct settings *old = a->settings;
	bool same = settings_same_central(old, settings);
	bool same_web = settings_same_web(old, settings);
	struct why why;
	a->settings = settings_hold(settings);
	if (decide_set_settings(a->decide, settings, &why) != JEMBATAN_OK)
		log_error("duplicates", "nothing is compared: %s", why.text);
	replies_take_settings(a->replies, settings);
	retention_begin(a->retention);
	master_offer(a->db, &(struct db_secrets){ settings->master_key,
						  settings->master_key_old });
	a->central.central = &settings->central;
	a->central.instances = settings->instances;
	a->central.instance_count = settings->instance_count;
	if (a->outbox == NULL && settings->central.url != NULL && open_central(a, &why) != JEMBATAN_OK)
		log_error("central", "%s", why.text);
	else if (a->outbox != NULL)
		outbox_take_settings(a->outbox, same);
	log_init("jembatand", settings->log_json ? LOG_JSON : LOG_KEY_VALUE, settings->log_level);
	web_child_take_settings(&a->web, a, same_web);
	settings_free(old);
	a->decide_more = true;
	app_want_turn(a);
}

enum jembatan_result app_open(struct app *a, struct settings *settings, struct why *why)
{
	*a = (struct app){ .settings = settings_hold(settings), .started_ms = clock_now_ms() };
	enum jembatan_result r = ticket_schema_load(ticket_schema_path(), &a->schema, why);
	if (r == JEMBATAN_OK)
		r = know_load(&(struct know_files){ settings->central.categories_file,
						    settings->central.locations_file,
						    !settings->classify.enabled },
			      &a->tables, why);
	if (r == JEMBATAN_OK)
		r = file_make_dirs(settings->data_dir, 0700, why);
	if (r == JEMBATAN_OK)
		r = db_open_keys(settings->data_dir, &(struct db_secrets){ settings->master_key,
				 settings->master_key_old }, &a->db, why);
	if (r == JEMBATAN_OK)
		r = hold_read(a->db, &a->hold, why);
	if (r != JEMBATAN_OK)
		return r;
	a->loop = loop_new();
	a->retry = loop_timer_new(a->loop, on_retry, a);
	a->idle = loop_timer_new(a->loop, on_idle, a);
	a->drain = loop_timer_new(a->loop, on_drain, a);
	a->watchdog = loop_timer_new(a->loop, on_watchdog, a);
	a->held = loop_timer_new(a->loop, want_turn, a);
	a->synced = loop_fd_add(a->loop, db_sync_fd(a->db), LOOP_READ, on_synced, a);
	loop_signal(a->loop, SIGTERM, on_term, a);
	loop_signal(a->loop, SIGINT, on_term, a);
	loop_signal(a->loop, SIGHUP, on_hup, a);
	inbox_sweep(a->db);
	a->intake = intake_new(a->loop, a->db, settings, want_turn, a);
	a->fetch = fetch_new(a->intake, a->db, want_turn, a);
	a->decide = decide_new(&(struct decide_options){ .db = a->db, .intake = a->intake,
							 .settings = settings,
							 .schema = a->schema,
							 .fetch = a->fetch,
							 .hold = &a->hold,
							 .tables = a->tables });
	a->replies = replies_new(&(struct replies_options){ .loop = a->loop, .db = a->db,
							    .intake = a->intake, .hold = &a->hold,
							    .on_turn = want_turn, .data = a },
				 settings);
	a->reload = reload_new(a);
	a->eraser = eraser_new(a);
	a->retention = retention_new(a);
	a->rotate = rotate_new(a);
	r = decide_set_settings(a->decide, settings, why);
	if (r == JEMBATAN_OK)
		r = open_central(a, why);
	if (r == JEMBATAN_OK)
		r = control_open(a, &a->control, why);
	if (r == JEMBATAN_OK)
		r = intake_start(a->intake, why);
	if (r == JEMBATAN_OK)
		a->web = web_child_new(a);
	return r;
}

void app_run(struct app *a)
{
	a->decide_more = a->dues_unchecked = true;
	app_want_turn(a);
	loop_timer_set(a->idle, 0);
	if (notify_watchdog_ms() > 0)
		loop_timer_set(a->watchdog, notify_watchdog_ms());
	eraser_resume(a->eraser);
	retention_begin(a->retention);
	rotate_resume(a->rotate);
	app_tell_ready(a);
	pages_forget_start();
	log_notice("jembatand", "running: %zu instances, data in %s", a->settings->instance_count,
		   a->settings->data_dir);
	loop_run(a->loop);
	log_notice("jembatand", "stopped");
}

void app_close(struct app *a)
{
	control_close(a->control);
	reload_free(a->reload);
	eraser_free(a->eraser);
	retention_free(a->retention);
	rotate_free(a->rotate);
	outbox_free(a->outbox);
	decide_free(a->decide);
	intake_free(a->intake);
	web_child_free(a->web);
	fetch_free(a->fetch);
	replies_free(a->replies);
	if (a->loop != NULL) {
		loop_timer_free(a->retry);
		loop_timer_free(a->idle);
		loop_timer_free(a->drain);
		loop_timer_free(a->watchdog);
		loop_timer_free(a->held);
		loop_fd_remove(a->synced);
		loop_free(a->loop);
	}
	db_close(a->db);
	ticket_schema_free(a->schema);
	know_free(a->tables);
	settings_free(a->settings);
}
