/* reload.c: from files to settings in use. The new settings are loaded beside
 * those that run; plugins check their options in processes of their own while
 * everything goes on; then all rooms move over in one turn of the loop. */
#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/jx.h"
#include "base/log.h"
#include "base/notify.h"
#include "intake/reload.h"
#include "base/poison.h"

struct waiter {
	struct control_peer **peer;
	struct waiter *next;
};

struct reload {
	struct app *app;
	struct settings *next; /* while one is under way; else NULL */
	struct intake_reload *intake;
	struct know_tables *tables; /* NULL: the files are as they were */
	struct problems problems, notes;
	struct waiter *waiters, *later; /* of this one; of the one after it */
	bool again;
	size_t touched; /* instances that are not as they were */
	char alarm[480];
};

static void begin(void *data);

struct reload *reload_new(struct app *a)
{
	struct reload *r = xcalloc(1, sizeof(*r));
	r->app = a;
	return r;
}

/* ---- who waits ---------------------------------------------------------- */

static void add_waiter(struct waiter **list, struct control_peer **peer)
{
	struct waiter *w = xcalloc(1, sizeof(*w));
	w->peer = peer;
	w->next = *list;
	*list = w;
}

static void free_waiters(struct waiter **list)
{
	while (*list != NULL) {
		struct waiter *w = *list;
		*list = w->next;
		free(w->peer);
		free(w);
	}
}

static void tell_row(struct reload *r, json_t *row)
{
	for (struct waiter *w = r->waiters; w != NULL; w = w->next)
		if (*w->peer != NULL)
			control_row(*w->peer, json_incref(row));
	json_decref(row);
}

static void tell_problem(struct reload *r, const char *type, const struct problem *p)
{
	tell_row(r, json_pack("{s:s,s:s?,s:i,s:s}", "type", type, "file", p->file, "line",
			      (int)p->line, "text", p->text));
}

static void tell_end(struct reload *r, int code, const char *sentence)
{
	for (struct waiter *w = r->waiters; w != NULL; w = w->next)
		if (*w->peer != NULL)
			control_end(*w->peer, code, "%s", sentence);
	free_waiters(&r->waiters);
}

/* ---- ends --------------------------------------------------------------- */

static void clear(struct reload *r)
{
	intake_reload_free(r->intake);
	r->intake = NULL;
	know_free(r->tables);
	r->tables = NULL;
	settings_free(r->next);
	r->next = NULL;
	problems_done(&r->problems);
	problems_done(&r->notes);
}

void reload_free(struct reload *r)
{
	if (r == NULL)
		return;
	loop_defer_cancel(r->app->loop, r);
	clear(r);
	free_waiters(&r->waiters);
	free_waiters(&r->later);
	free(r);
}

static void end(struct reload *r)
{
	clear(r);
	app_tell_ready(r->app);
	if (!r->again)
		return;
	r->again = false;
	r->waiters = r->later;
	r->later = NULL;
	loop_defer(r->app->loop, begin, r);
}

static void fail(struct reload *r)
{
	char sentence[480];
	size_t count = r->problems.count + r->problems.dropped;
	CLEANUP(free_pointer) char *first = problem_text(&r->problems.items[0]);
	snprintf(sentence, sizeof(sentence), "the new settings are not in use, those of before are: "
		 "%.300s%s; `jembatan check` lists all", first, count > 1 ? " (and more)" : "");
	str_mend(sentence);
	for (size_t i = 0; i < r->problems.count; i++) {
		CLEANUP(free_pointer) char *text = problem_text(&r->problems.items[i]);
		log_error("reload", "%s", text);
		tell_problem(r, "problem", &r->problems.items[i]);
	}
	str_copy(r->alarm, sizeof(r->alarm), sentence);
	tell_end(r, EX_CONFIG, sentence);
	end(r);
}

static void on_change(void *data, const char *name, const char *what)
{
	struct reload *r = data;
	bool is_kept = strcmp(what, "kept") == 0;
	r->touched += !is_kept;
	if (!is_kept)
		log_notice("reload", "%s: %s", name, what);
	tell_row(r, json_pack("{s:s,s:s,s:s}", "type", "reload", "name", name, "what", what));
}

static void take_tables(struct reload *r)
{
	struct app *a = r->app;
	decide_set_tables(a->decide, r->tables);
	know_free(a->tables);
	a->tables = r->tables;
	r->tables = NULL;
	log_notice("reload", "rules and tables are read again");
}

static void apply(struct reload *r)
{
	struct app *a = r->app;
	char sentence[200];
	bool same_central = settings_same_central(a->settings, r->next);
	r->touched = 0;
	intake_reload_apply(r->intake, on_change, r);
	tell_row(r, json_pack("{s:s,s:s,s:s}", "type", "reload", "name", "central", "what",
			      same_central ? "kept" : "changed"));
	app_take_settings(a, r->next);
	if (r->tables != NULL)
		take_tables(r);
	for (size_t i = 0; i < r->notes.count; i++) {
		CLEANUP(free_pointer) char *text = problem_text(&r->notes.items[i]);
		log_warning("reload", "%s", text);
		tell_problem(r, "note", &r->notes.items[i]);
	}
	r->alarm[0] = '\0';
	snprintf(sentence, sizeof(sentence), "the settings are in use: %zu of %zu instances are not "
		 "as they were, the centre's are %s", r->touched, a->settings->instance_count,
		 same_central ? "the same" : "others");
	if (r->touched > 0 || !same_central)
		log_notice("reload", "%s", sentence);
	tell_end(r, EX_OK, sentence);
	end(r);
}

static void on_checked(void *data)
{
	struct reload *r = data;
	struct why why;
	if (r->app->stopping) {
		tell_end(r, EX_TEMPFAIL, "the daemon stops");
		clear(r);
	} else if (r->problems.count > 0) {
		fail(r);
	} else if (app_settle(r->app, &why) != JEMBATAN_OK) {
		/* A request that is kept back must leave with the credentials of before. */
		problems_add(&r->problems, NULL, 0, "%s", why.text);
		fail(r);
	} else {
		apply(r);
	}
}

/* ---- begin -------------------------------------------------------------- */

/* Only when a file is not as it was. */
static void load_tables(struct reload *r)
{
	const struct know_files files = { r->next->central.categories_file,
					  r->next->central.locations_file,
					  !r->next->classify.enabled };
	struct why why;
	if (know_changed(r->app->tables, &files) && know_load(&files, &r->tables, &why) != JEMBATAN_OK)
		problems_add(&r->problems, NULL, 0, "%s", why.text);
}

static void begin(void *data)
{
	struct reload *r = data;
	struct app *a = r->app;
	if (a->stopping) {
		tell_end(r, EX_TEMPFAIL, "the daemon stops");
		return;
	}
	notify_reloading();
	problems_init(&r->problems);
	problems_init(&r->notes);
	r->next = settings_load(a->settings->file, &r->problems);
	/* As at the start: see jembatand.c. */
	if (r->next != NULL && r->next->central.url != NULL)
		settings_check_complete(r->next, &r->problems);
	if (r->next != NULL && r->problems.count == 0)
		load_tables(r);
	if (r->next == NULL || r->problems.count > 0) {
		fail(r);
		return;
	}
	settings_keep_fixed(r->next, a->settings, &r->notes);
	r->intake = intake_reload_new(a->intake, r->next, &r->problems, on_checked, r);
}

void reload_begin(struct reload *r)
{
	if (r->next != NULL)
		r->again = true;
	else
		loop_defer(r->app->loop, begin, r);
}

const char *reload_alarm(const struct reload *r)
{
	return r->alarm[0] != '\0' ? r->alarm : NULL;
}

void reload_command(struct control_peer *p, const struct msg_command *c)
{
	struct reload *r = control_app(p)->reload;
	(void)c;
	/* What is under way may have read the files before they were as they are. */
	add_waiter(r->next != NULL ? &r->later : &r->waiters, control_hold(p));
	reload_begin(r);
}
