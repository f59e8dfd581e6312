/* commands_central.c: see commands_central.h. */
#include "commands_central.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "store/audit.h"
#include "store/differences.h"
#include "store/follow_words.h"
#include "store/follows.h"
#include "store/names.h"
#include "store/tickets.h"
#include "base/poison.h"

#define LIST_MAX 2000u /* rows of one answer; the command asks for more */
#define LOOK_MS 50
#define REFRESH_MS (2 * 60 * 1000)
#define COMPARE_MS (10 * 60 * 1000)

/* ---- waiting for what was asked for ------------------------------------ */

struct wait {
	struct control_peer **peer;
	struct app *app;
	struct loop_timer *timer;
	int64_t since_ms, until_mono_ms;
	bool is_comparison;
	void (*show)(struct control_peer *p, int64_t after, const char *after_id);
};

static bool is_done(const struct wait *w)
{
	struct outbox_polls_stats s;
	outbox_polls_stats(w->app->outbox, &s);
	if (w->is_comparison)
		return s.compared_ms >= w->since_ms && !s.is_comparing;
	return !s.is_refreshing;
}

static void on_look(void *data)
{
	struct wait *w = data;
	struct control_peer *p = *w->peer;
	bool is_late = clock_mono_ms() > w->until_mono_ms;
	if (p != NULL && !is_done(w) && !is_late) {
		loop_timer_set(w->timer, LOOK_MS);
		return;
	}
	if (p != NULL && is_late)
		control_end(p, EX_TEMPFAIL, "the centre has not answered yet; it goes on by itself");
	else if (p != NULL)
		w->show(p, 0, "");
	loop_timer_free(w->timer);
	free(w->peer);
	free(w);
}

static bool wait_for(struct control_peer *p, bool is_comparison,
		     void (*show)(struct control_peer *, int64_t, const char *))
{
	struct app *a = control_app(p);
	if (a->outbox == NULL) {
		control_end(p, EX_CONFIG, "central.url is not set");
		return false;
	}
	struct wait *w = xcalloc(1, sizeof(*w));
	w->app = a;
	w->is_comparison = is_comparison;
	w->show = show;
	w->since_ms = clock_now_ms();
	w->until_mono_ms = clock_mono_ms() + (is_comparison ? COMPARE_MS : REFRESH_MS);
	w->peer = control_hold(p);
	w->timer = loop_timer_new(a->loop, on_look, w);
	if (is_comparison)
		outbox_compare(a->outbox);
	else
		outbox_refresh_institutions(a->outbox);
	loop_timer_set(w->timer, LOOK_MS);
	return true;
}

/* ---- institutions ------------------------------------------------------ */

static void show_institutions(struct control_peer *p, int64_t after, const char *after_id)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct central_name *rows = arena_alloc(arena, LIST_MAX * sizeof(*rows));
	int64_t read_ms = 0;
	size_t count = 0;
	struct why why;
	char when[32];
	(void)after;
	enum jembatan_result r = names_age(a->db, NAMES_INSTITUTION, &read_ms, &why);
	if (r == JEMBATAN_OK)
		r = names_list(a->db, NAMES_INSTITUTION, after_id, LIST_MAX, arena, rows, &count, &why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		control_row(p, json_pack("{s:s,s:s,s:s,s:I}", "type", "institution", "id", rows[i].id,
					 "name", rows[i].name, "read_ms", (json_int_t)read_ms));
	arena_free(arena);
	clock_format(read_ms, 0, when);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else if (read_ms == 0)
		control_end(p, EX_OK, "the list was not read yet: --refresh reads it now");
	else if (after_id[0] != '\0')
		control_end(p, EX_OK, "%s", "");
	else
		control_end(p, EX_OK, "read at %s", when);
}

void central_institutions_command(struct control_peer *p, const struct msg_command *c)
{
	const char *after = msg_argument(c, "after");
	if (msg_argument(c, "refresh") != NULL)
		(void)wait_for(p, false, show_institutions);
	else
		show_institutions(p, 0, after != NULL ? after : "");
}

/* ---- differences ------------------------------------------------------- */

static void difference_row(struct control_peer *p, const struct difference *d)
{
	control_row(p, json_pack("{s:s,s:I,s:s,s:s?,s:s,s:s?,s:s?,s:I,s:b}", "type", "difference", "id",
		(json_int_t)d->ticket_id, "reference", d->reference, "tracking_id", d->tracking_id,
		"what", difference_kind_name(d->kind), "ours", d->ours, "theirs", d->theirs, "first_ms",
		(json_int_t)d->first_ms, "accepted", d->accepted));
}

static void show_differences(struct control_peer *p, int64_t after, const char *after_id)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	/* Whole tickets only: a page ends before the ticket that it may have cut. */
	struct difference *rows = arena_alloc(arena, LIST_MAX * sizeof(*rows));
	struct outbox_polls_stats s = { .compared_ms = 0 };
	struct why why;
	size_t count = 0;
	char when[32];
	(void)after_id;
	enum jembatan_result r = differences_list(a->db, after, LIST_MAX, arena, rows, &count, &why);
	while (r == JEMBATAN_OK && count == LIST_MAX &&
	       rows[count - 1].ticket_id == rows[LIST_MAX - 1].ticket_id && count > DIFFERENCE_KINDS)
		count--;
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		difference_row(p, &rows[i]);
	arena_free(arena);
	if (a->outbox != NULL)
		outbox_polls_stats(a->outbox, &s);
	clock_format(s.compared_ms, 0, when);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else if (s.compared_ms == 0)
		control_end(p, EX_OK, "nothing was compared yet: --refresh does it now");
	else if (after != 0)
		control_end(p, EX_OK, "%s", "");
	else
		control_end(p, EX_OK, "compared at %s%s", when,
			    s.is_comparing ? "; a comparison is under way" : "");
}

void central_differences_command(struct control_peer *p, const struct msg_command *c)
{
	const char *after = msg_argument(c, "after");
	if (msg_argument(c, "refresh") != NULL)
		(void)wait_for(p, true, show_differences);
	else
		show_differences(p, after != NULL ? strtoll(after, NULL, 10) : 0, "");
}

/* ---- accept ------------------------------------------------------------ */

/* The centre's present words become the state, even backwards: a person says so. */
static enum jembatan_result take_their_state(struct app *a, const char *actor,
					     struct follow_row *f, struct why *why)
{
	char text[100];
	int state = status_of_words(&a->settings->central.status, f->name, f->code);
	if (state == STATUS_UNKNOWN || state == f->state)
		return JEMBATAN_OK;
	snprintf(text, sizeof(text), "%s -> %s, by a person's word", status_name(f->state),
		 status_name(state));
	f->state = state;
	f->changed_ms = clock_now_ms();
	f->due_ms = 0; /* a new time */
	enum jembatan_result r = follows_put(a->db, f, why);
	return r == JEMBATAN_OK ? audit_add(a->db, AUDIT_TICKET, f->ticket_id, actor, "status", text,
					    f->changed_ms, why) : r;
}

static enum jembatan_result accept(struct control_peer *p, const char *name, struct arena *arena,
				   struct why *why)
{
	struct app *a = control_app(p);
	struct ticket_row t;
	struct follow_row f;
	enum jembatan_result r = tickets_find(a->db, name, arena, &t, why);
	if (r == JEMBATAN_OK)
		r = follows_get(a->db, t.id, arena, &f, why);
	if (r == JEMBATAN_OK)
		r = db_begin(a->db, why);
	if (r != JEMBATAN_OK)
		return r;
	r = differences_accept(a->db, t.id, why);
	if (r == JEMBATAN_OK)
		r = audit_add(a->db, AUDIT_TICKET, t.id, control_actor(p), "accepted_difference",
			      "the centre's word is taken", clock_now_ms(), why);
	if (r == JEMBATAN_OK)
		r = take_their_state(a, control_actor(p), &f, why);
	if (r == JEMBATAN_OK)
		r = db_commit(a->db, why);
	if (r != JEMBATAN_OK)
		db_abort(a->db);
	return r;
}

void central_accept_command(struct control_peer *p, const struct msg_command *c)
{
	const char *name = msg_argument(c, "name");
	struct arena *arena = arena_new();
	struct why why;
	if (name == NULL) {
		control_end(p, EX_USAGE, "usage: jembatan central accept TICKET");
	} else {
		enum jembatan_result r = accept(p, name, arena, &why);
		if (r != JEMBATAN_OK)
			control_fail(p, r, &why);
		else
			control_end(p, EX_OK, "the centre's word about it is taken");
	}
	arena_free(arena);
}

/* ---- words ------------------------------------------------------------- */

void central_words_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct follow_word *words = arena_alloc(arena, FOLLOW_WORDS_MAX * sizeof(*words));
	struct why why;
	size_t count = 0;
	(void)c;
	enum jembatan_result r = follow_words_list(a->db, arena, words, &count, &why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		control_row(p, json_pack("{s:s,s:s?,s:s?,s:I,s:I}", "type", "word", "word",
			words[i].name, "code", words[i].code, "first_ms", (json_int_t)words[i].first_ms,
			"times", (json_int_t)words[i].count));
	arena_free(arena);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", count == 0 ? "every word of the centre is known" : "");
}
