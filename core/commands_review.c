/* commands_review.c: a person decides about tickets, or corrects one. Many at
 * once are decided in slices, each a transaction of its own, and the loop goes
 * on between them: no channel waits for a long list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/text.h"
#include "commands.h"
#include "know_view.h"
#include "store/audit.h"
#include "store/tickets.h"
#include "ticket/ticket.h"
#include "ticket/ticket_schema.h"
#include "base/poison.h"

#define SLICE 50u
#define TITLE_MAX 1024u
#define TEXT_MAX (256u * 1024u)

static enum jembatan_result decide_one(struct app *a, struct arena *arena, const char *name,
				       const char *reason, const char *actor, bool accept,
				       struct why *why)
{
	struct ticket_row t;
	enum jembatan_result r = tickets_find(a->db, name, arena, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	return accept ? decide_accept(a->decide, &t, actor, why) :
			decide_reject(a->decide, &t, actor, reason, why);
}

/* ---- all that wait ----------------------------------------------------- */

struct review_all {
	struct control_peer **peer; /* *peer NULL: it has left; what it asked is done all the same */
	struct app *app;
	char *actor, *reason;
	bool accept;
	int64_t newest; /* what comes later was not meant */
	int64_t after;
	size_t done;
};

static void review_over(struct review_all *job, enum jembatan_result r, const struct why *why)
{
	struct control_peer *p = *job->peer;
	if (p != NULL && r != JEMBATAN_OK)
		control_fail(p, r, why);
	else if (p != NULL)
		control_end(p, EX_OK, "%zu %s", job->done, job->accept ? "accepted" : "rejected");
	free(job->peer);
	free(job->actor);
	free(job->reason);
	free(job);
}

static enum jembatan_result review_slice(struct review_all *job, bool *out_more, struct why *why)
{
	struct app *a = job->app;
	struct arena *arena = arena_new();
	struct ticket_row rows[SLICE];
	size_t count = 0, n = 0;
	int64_t after = job->after;
	enum jembatan_result r = db_begin(a->db, why);
	if (r == JEMBATAN_OK)
		r = tickets_list(a->db, TICKET_REVIEW, after, SLICE, arena, rows, &count, why);
	for (; n < count && r == JEMBATAN_OK && rows[n].id <= job->newest; n++) {
		r = decide_one(a, arena, rows[n].reference, job->reason, job->actor, job->accept, why);
		after = rows[n].id;
	}
	if (r == JEMBATAN_OK)
		r = db_commit(a->db, why);
	if (r != JEMBATAN_OK)
		db_abort(a->db);
	arena_free(arena);
	if (r != JEMBATAN_OK)
		return r;
	job->after = after;
	job->done += n;
	*out_more = n == SLICE;
	a->decide_more = true;
	app_want_turn(a);
	return r;
}

static void on_slice(void *data)
{
	struct review_all *job = data;
	struct why why;
	bool more = false;
	enum jembatan_result r = review_slice(job, &more, &why);
	if (r != JEMBATAN_OK || !more) {
		review_over(job, r, &why);
		return;
	}
	if (*job->peer != NULL)
		control_progress(*job->peer, job->accept ? "accepted" : "rejected",
				 (int64_t)job->done, 0);
	loop_defer(job->app->loop, on_slice, job);
}

static void review_all(struct control_peer *p, const char *reason, bool accept)
{
	struct app *a = control_app(p);
	struct why why;
	int64_t newest = 0;
	enum jembatan_result r = tickets_newest(a->db, &newest, &why);
	if (r != JEMBATAN_OK) {
		control_fail(p, r, &why);
		return;
	}
	struct review_all *job = xcalloc(1, sizeof(*job));
	job->peer = control_hold(p);
	job->app = a;
	job->actor = xstrdup(control_actor(p));
	job->reason = xstrdup(reason);
	job->accept = accept;
	job->newest = newest;
	on_slice(job);
}

/* name "all": every ticket that waits now. */
static void review(struct control_peer *p, const struct msg_command *c, bool accept)
{
	struct app *a = control_app(p);
	const char *name = msg_argument(c, "name"), *reason = msg_argument(c, "reason");
	struct why why;
	if (reason == NULL)
		reason = "a person rejected it";
	if (str_equal(name, "all")) {
		review_all(p, reason, accept);
		return;
	}
	struct arena *arena = arena_new();
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = decide_one(a, arena, name != NULL ? name : "", reason, control_actor(p), accept,
			       &why);
	commands_finish(p, r, &why, accept ? "1 accepted" : "1 rejected");
	arena_free(arena);
}

void review_accept_command(struct control_peer *p, const struct msg_command *c)
{
	review(p, c, true);
}

void review_reject_command(struct control_peer *p, const struct msg_command *c)
{
	review(p, c, false);
}

/* ---- correcting -------------------------------------------------------- */

/* In the arena; DATA when nothing or too much is left. */
static enum jembatan_result clean_words(const char *given, size_t max, const char *what,
					struct arena *arena, const char **out, struct why *why)
{
	CLEANUP(buf_done) struct buf clean;
	if (strlen(given) > max)
		return why_set(why, JEMBATAN_DATA, "the %s is longer than %zu bytes", what, max);
	buf_init(&clean, 3 * max + 16);
	text_clean(given, strlen(given), &clean);
	CLEANUP(free_pointer) char *text = text_nfc(clean.size > 0 ? clean.data : "");
	text_trim(text);
	if (*text == '\0')
		return why_set(why, JEMBATAN_DATA, "the %s is empty", what);
	*out = arena_strdup(arena, text);
	return JEMBATAN_OK;
}

/* What the citizen wrote stays beside it. */
static enum jembatan_result edit_body(const struct msg_command *c, struct ticket *t,
				      struct arena *arena, const char **what, struct why *why)
{
	const char *title = msg_argument(c, "title"), *text = msg_argument(c, "text");
	enum jembatan_result r = JEMBATAN_OK;
	if (title == NULL && text == NULL && *what == NULL)
		return why_set(why, JEMBATAN_DATA, "say what is to be changed: --title, --text, --agency, "
			       "--category or --classification");
	if (title != NULL) {
		if (t->title_original == NULL)
			t->title_original = t->title;
		t->title_derived = false;
		r = clean_words(title, TITLE_MAX, "title", arena, &t->title, why);
	}
	if (r == JEMBATAN_OK && text != NULL)
		r = clean_words(text, TEXT_MAX, "text", arena, &t->content_edited, why);
	const char *words = title != NULL && text != NULL ? "title and text" :
			    title != NULL ? "title" : text != NULL ? "text" : NULL;
	if (words != NULL)
		*what = arena_printf(arena, "%s%s%s", words, *what != NULL ? ", " : "",
				     *what != NULL ? *what : "");
	return r;
}

static enum jembatan_result edit(struct control_peer *p, const struct msg_command *c,
				 struct arena *arena, struct why *why)
{
	struct app *a = control_app(p);
	const char *name = msg_argument(c, "name");
	struct ticket_row row;
	struct ticket t;
	enum jembatan_result r = tickets_find(a->db, name != NULL ? name : "", arena, &row, why);
	if (r != JEMBATAN_OK)
		return r;
	if (row.state != TICKET_REFUSED && row.state != TICKET_REVIEW)
		return why_set(why, JEMBATAN_DATA, "%s is %s: only what waits for review or was refused "
			       "can be changed", row.reference, ticket_state_name(row.state));
	if (row.body == NULL)
		return why_set(why, JEMBATAN_GONE, "its content was erased");
	r = ticket_from_json(bytes_text(row.body), arena, &t, why);
	const char *what = NULL;
	if (r == JEMBATAN_OK)
		r = know_view_edit(p, c, arena, &t, &what, why);
	if (r == JEMBATAN_OK)
		r = edit_body(c, &t, arena, &what, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(free_pointer) char *body = ticket_to_json(&t);
	r = ticket_validate(a->schema, bytes_text(body), why);
	if (r == JEMBATAN_OK)
		r = tickets_set_body(a->db, row.id, body, why);
	if (r == JEMBATAN_OK)
		r = audit_add(a->db, AUDIT_TICKET, row.id, control_actor(p), "edited",
			      arena_printf(arena, "its %s", what),
			      clock_now_ms(), why);
	return r;
}

void tickets_edit_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct why why;
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = edit(p, c, arena, &why);
	commands_finish(p, r, &why, "changed; what the citizen wrote is kept beside it. A refused one "
			"goes out with `jembatan unknown resend ID`");
	arena_free(arena);
}
