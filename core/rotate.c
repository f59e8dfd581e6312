/* rotate.c: see rotate.h. A slice is a few milliseconds and a commit; while
 * others want the turn, it waits between them. */
#include "rotate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "commands.h"
#include "status.h"
#include "store/erase.h"
#include "store/master.h"
#include "base/poison.h"

#define SLICE_US 6000
#define BUSY_MS 40
#define AGAIN_MS 500
#define ACTOR "jembatan"

struct rotate {
	struct app *app;
	struct loop_timer *next;
	struct control_peer **peer; /* NULL: nobody waits */
	struct log_trouble trouble;
};

static struct control_peer *peer_of(const struct rotate *x)
{
	return x->peer != NULL ? *x->peer : NULL;
}

static enum jembatan_result finish(struct db *db, enum jembatan_result r, struct why *why)
{
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	return r;
}

/* ---- what is told ------------------------------------------------------ */

enum phase { PHASE_REST, PHASE_WAITS, PHASE_WALK, PHASE_LOG };

static enum phase phase_of(const struct master_state *s)
{
	if (s->old_mark[0] != '\0')
		return PHASE_WALK;
	if (s->began_ms != 0 && s->ended_ms == 0)
		return PHASE_LOG;
	return s->next_mark[0] != '\0' ? PHASE_WAITS : PHASE_REST;
}

static void tell_key(struct control_peer *p, const struct master_state *s)
{
	static const char *const names[] = { "in use", "another is configured", "being changed",
					     "emptying the log" };
	control_row(p, json_pack("{s:s,s:s,s:s,s:s?,s:s?,s:I,s:I,s:I,s:I,s:I}", "type", "key", "state",
		names[phase_of(s)], "mark", s->mark, "old", s->old_mark[0] != '\0' ? s->old_mark : NULL,
		"next", s->next_mark[0] != '\0' ? s->next_mark : NULL, "done", (json_int_t)s->done,
		"total", (json_int_t)s->total, "unreadable", (json_int_t)s->unreadable, "began_ms",
		(json_int_t)s->began_ms, "ended_ms", (json_int_t)s->ended_ms));
}

/* Files of older keys of our own: master.key.MARK. */
static size_t tell_old_files(struct control_peer *p, const char *data_dir)
{
	DIR *d = opendir(data_dir);
	const struct dirent *e;
	size_t n = 0;
	while (d != NULL && (e = readdir(d)) != NULL) {
		CLEANUP(free_pointer) char *path = xasprintf("%s/%s", data_dir, e->d_name);
		if (!str_starts(e->d_name, "master.key.") || str_equal(e->d_name, "master.key.next"))
			continue;
		control_row(p, json_pack("{s:s,s:s,s:s}", "type", "key_file", "place", path, "mark",
					 e->d_name + strlen("master.key.")));
		n++;
	}
	if (d != NULL)
		closedir(d);
	return n;
}

static void tell_unreadable(const struct master_state *s, char *out, size_t size)
{
	out[0] = '\0';
	if (s->unreadable > 0)
		snprintf(out, size, "%lld values opened by neither key: they were damaged before, and "
			 "stay as they are. ", (long long)s->unreadable);
}

/* The end of an answer while nothing goes on. */
static void tell_rest(struct control_peer *p, const struct master_state *s)
{
	char unreadable[160];
	struct why why;
	size_t backups = 0;
	const char *data_dir = control_app(p)->settings->data_dir;
	size_t files = tell_old_files(p, data_dir);
	enum jembatan_result r = backup_tell(p, &(struct backup_telling){ .of_other_keys = true,
									  .count = &backups }, &why);
	tell_unreadable(s, unreadable, sizeof(unreadable));
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else if (s->began_ms == 0)
		control_end(p, EX_OK, "everything is sealed by the key %s", s->mark);
	else if (backups > 0)
		control_end(p, EX_OK, "%sEverything here is sealed by the key %s; no older key opens "
			    "anything here. But the backups above need an older one: keep it as long as "
			    "those, apart from them. Then remove it%s", unreadable, s->mark,
			    files > 0 ? ", also the files above" : "");
	else
		control_end(p, EX_OK, "%sEverything here is sealed by the key %s; no older key opens anything "
			    "here, and no backup that is noted needs one: it may be removed%s",
			    unreadable, s->mark, files > 0 ? ", also the files above" : "");
}

static void tell_state(struct control_peer *p, const struct master_state *s)
{
	tell_key(p, s);
	switch (phase_of(s)) {
	case PHASE_WAITS:
		control_end(p, EX_OK, "everything is sealed by the key %s, which master_key_old names; "
			    "master_key names %s: `jembatan key rotate` changes to it. Keep both until then",
			    s->mark, s->next_mark);
		return;
	case PHASE_WALK:
	case PHASE_LOG:
		control_end(p, EX_OK, "the key is being changed from %s to %s: do not remove the old one "
			    "before this has ended", s->old_mark[0] != '\0' ? s->old_mark : "the old one",
			    s->mark);
		return;
	case PHASE_REST:
		tell_rest(p, s);
		return;
	}
}

static void forget_peer(struct rotate *x)
{
	free(x->peer);
	x->peer = NULL;
}

static void tell_over(struct rotate *x)
{
	struct control_peer *p = peer_of(x);
	struct master_state s;
	struct why why;
	if (master_state(x->app->db, &s, &why) == JEMBATAN_OK) {
		log_notice("key", "the master key was changed: %s seals everything", s.mark);
		if (s.unreadable > 0)
			log_error("key", "%lld values opened by neither key", (long long)s.unreadable);
		if (p != NULL)
			tell_state(p, &s);
	} else if (p != NULL) {
		control_fail(p, JEMBATAN_RETRY, &why);
	}
	forget_peer(x);
}

/* ---- slices ------------------------------------------------------------ */

static enum jembatan_result walk(struct rotate *x, const struct master_state *s, struct why *why)
{
	struct db *db = x->app->db;
	bool is_end = false;
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = master_walk(db, SLICE_US, &is_end, why);
	if (r == JEMBATAN_OK && is_end)
		r = master_leave_old(db, ACTOR, clock_now_ms(), why);
	r = finish(db, r, why);
	if (r != JEMBATAN_OK)
		return r;
	FAULT_POINT("key.slice");
	if (is_end)
		master_forget_old(db);
	else
		db_idle(db);
	if (peer_of(x) != NULL)
		control_progress(peer_of(x), "rows looked at", s->done, s->total);
	return r;
}

static enum jembatan_result empty_log(struct rotate *x, struct why *why)
{
	struct db *db = x->app->db;
	enum jembatan_result r = db_empty_log(db, why);
	FAULT_POINT("key.log");
	if (r == JEMBATAN_OK)
		r = db_begin(db, why);
	if (r != JEMBATAN_OK)
		return r;
	return finish(db, master_end(db, clock_now_ms(), why), why);
}

static bool is_busy(const struct app *a)
{
	return intake_wants_turn(a->intake) || (a->outbox != NULL && outbox_wants_turn(a->outbox));
}

static void on_next(void *data)
{
	struct rotate *x = data;
	struct app *a = x->app;
	struct master_state s;
	struct why why = { "" };
	if (a->stopping)
		return; /* the next start goes on */
	enum jembatan_result r = db_in_transaction(a->db) ?
				 why_set(&why, JEMBATAN_RETRY, "a transaction is open") :
				 master_state(a->db, &s, &why);
	enum phase phase = r == JEMBATAN_OK ? phase_of(&s) : PHASE_REST;
	if (phase == PHASE_WALK)
		r = walk(x, &s, &why);
	else if (phase == PHASE_LOG)
		r = empty_log(x, &why);
	else if (r == JEMBATAN_OK) {
		tell_over(x);
		return;
	}
	if (r != JEMBATAN_OK) {
		log_trouble(&x->trouble, "key", why.text);
		if (peer_of(x) != NULL)
			control_progress(peer_of(x), why.text, 0, 0);
	} else {
		log_trouble_over(&x->trouble, "key", "changing the master key");
	}
	loop_timer_set(x->next, r != JEMBATAN_OK ? AGAIN_MS : is_busy(a) ? BUSY_MS : 0);
}

void rotate_resume(struct rotate *x)
{
	struct master_state s;
	struct why why;
	if (master_state(x->app->db, &s, &why) != JEMBATAN_OK)
		return;
	if (phase_of(&s) == PHASE_WALK || phase_of(&s) == PHASE_LOG) {
		log_notice("key", "changing the master key goes on: %lld of %lld", (long long)s.done,
			   (long long)s.total);
		loop_timer_set(x->next, 0);
	}
}

struct rotate *rotate_new(struct app *a)
{
	struct rotate *x = xcalloc(1, sizeof(*x));
	x->app = a;
	x->next = loop_timer_new(a->loop, on_next, x);
	return x;
}

void rotate_free(struct rotate *x)
{
	if (x == NULL)
		return;
	loop_timer_free(x->next);
	forget_peer(x);
	free(x);
}

/* ---- commands ---------------------------------------------------------- */

void rotate_status(struct control_peer *p)
{
	struct master_state s;
	struct why why;
	if (master_state(control_app(p)->db, &s, &why) != JEMBATAN_OK || phase_of(&s) == PHASE_REST)
		return;
	tell_key(p, &s);
	if (phase_of(&s) == PHASE_WAITS)
		status_alarm(p, "key", "the store is sealed by the key that master_key_old names, not by "
			     "that of master_key: `jembatan key rotate` changes it");
}

void key_status_command(struct control_peer *p, const struct msg_command *c)
{
	struct master_state s;
	struct why why;
	(void)c;
	enum jembatan_result r = master_state(control_app(p)->db, &s, &why);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		tell_state(p, &s);
}

/* Of one that goes on already, the end is waited for. */
void key_rotate_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct rotate *x = a->rotate;
	struct master_state s;
	struct why why;
	(void)c;
	enum jembatan_result r = master_state(a->db, &s, &why);
	if (r == JEMBATAN_OK && peer_of(x) != NULL)
		r = why_set(&why, JEMBATAN_RETRY, "the key is being changed, and somebody watches it: "
			    "`jembatan key status`");
	if (r == JEMBATAN_OK && phase_of(&s) != PHASE_WALK && phase_of(&s) != PHASE_LOG)
		r = master_begin(a->db, control_actor(p), clock_now_ms(), &why);
	if (r != JEMBATAN_OK) {
		control_fail(p, r, &why);
		return;
	}
	forget_peer(x);
	x->peer = control_hold(p);
	loop_timer_set(x->next, 0);
}
