/* commands_import.c: `jembatan central import`: rows of the official export
 * settle pushes whose outcome is unknown, by evidence only, and bring statuses.
 * A trial does all of it in a transaction that is not committed. */
#include "commands_central.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/jx.h"
#include "base/text.h"
#include "commands.h"
#include "config/date.h"
#include "store/follows.h"
#include "store/outbox_rows.h"
#include "store/tickets.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define ROWS_MAX 1000u
#define PAGE 200u
#define UNKNOWN_MAX 5000u

/* A create whose outcome is unknown, by what an export can tell of it. */
struct unknown_push {
	int64_t row_id, ticket_id;
	const char *title, *reference;
	char day[11];
};

struct import {
	struct control_peer *peer;
	struct app *app;
	struct arena *arena;
	struct unknown_push *unknown;
	size_t unknown_count;
	int64_t settled, moved, same, others, conflicts;
};

/* One row of the export. */
struct line {
	int64_t number;
	const char *tracking, *reference, *title, *day, *status;
	bool is_twin;
};

static void tell(struct import *i, const struct line *l, const char *reference, const char *what,
		 const char *why)
{
	control_row(i->peer, json_pack("{s:s,s:I,s:s,s:s?,s:s,s:s?}", "type", "import", "line",
				       (json_int_t)l->number, "tracking_id", l->tracking,
				       "reference", reference, "what", what, "why", why));
}

static void conflict(struct import *i, const struct line *l, const char *reference,
		     const char *why)
{
	i->conflicts++;
	tell(i, l, reference, "look", why);
}

/* ---- what is unknown --------------------------------------------------- */

static enum jembatan_result note_unknown(struct import *i, const struct outbox_row *row,
					 struct why *why)
{
	char date[40];
	struct ticket_row t;
	if (row->kind != OUTBOX_CREATE || !outbox_row_is_unknown(row) ||
	    i->unknown_count == UNKNOWN_MAX)
		return JEMBATAN_OK;
	enum jembatan_result r = tickets_get(i->app->db, row->ticket_id, i->arena, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	struct unknown_push *u = &i->unknown[i->unknown_count++];
	*u = (struct unknown_push){ .row_id = row->id, .ticket_id = row->ticket_id,
				    .reference = t.reference };
	struct ticket body;
	if (t.body != NULL && ticket_from_json(bytes_text(t.body), i->arena, &body, NULL) ==
	    JEMBATAN_OK && body.title != NULL) {
		CLEANUP(free_pointer) char *title = text_squeeze(body.title);
		text_trim(title);
		u->title = arena_strdup(i->arena, title);
	}
	date_format(row->started_ms, i->app->settings->central.zone_minutes, date);
	str_copy(u->day, sizeof(u->day), date);
	return JEMBATAN_OK;
}

/* Those that are held. What is still being settled is found by its reference. */
static enum jembatan_result find_unknown(struct import *i, struct why *why)
{
	struct outbox_row rows[PAGE];
	enum jembatan_result r;
	int64_t after = 0;
	size_t count = 0;
	do {
		r = outbox_rows_list(i->app->db, OUTBOX_UNKNOWN, after, PAGE, i->arena, rows, &count,
				     why);
		for (size_t n = 0; n < count && r == JEMBATAN_OK; n++) {
			after = rows[n].id;
			r = note_unknown(i, &rows[n], why);
		}
	} while (r == JEMBATAN_OK && count == PAGE && i->unknown_count < UNKNOWN_MAX);
	return r;
}

/* ---- one row ----------------------------------------------------------- */

static enum jembatan_result settle(struct import *i, const struct line *l, int64_t row_id,
				   const char *reference, const char *evidence, struct why *why)
{
	enum jembatan_result r = outbox_confirm(i->app->outbox, row_id, l->tracking,
						control_actor(i->peer), why);
	if (r == JEMBATAN_DATA) { /* under way just now, or no number: nothing was changed */
		conflict(i, l, reference, why->text);
		return JEMBATAN_OK;
	}
	if (r != JEMBATAN_OK)
		return r;
	i->settled++;
	tell(i, l, reference, "settled", evidence);
	for (size_t n = 0; n < i->unknown_count; n++)
		if (i->unknown[n].row_id == row_id)
			i->unknown[n].title = NULL; /* it is taken */
	return JEMBATAN_OK;
}

static enum jembatan_result by_reference(struct import *i, const struct line *l, int64_t *out_ticket,
					 struct why *why)
{
	struct ticket_row t;
	struct outbox_row push = { .id = 0 };
	enum jembatan_result r = tickets_find(i->app->db, l->reference, i->arena, &t, why);
	if (r == JEMBATAN_OK)
		r = outbox_rows_of_ticket(i->app->db, t.id, i->arena, &push, why);
	if (r == JEMBATAN_GONE && push.id == 0) {
		i->others++;
		return JEMBATAN_OK;
	}
	if (r != JEMBATAN_OK)
		return r;
	if (outbox_row_is_unknown(&push) && push.complaint_id == NULL) {
		*out_ticket = t.id;
		return settle(i, l, push.id, t.reference, "the export has its reference", why);
	}
	if (t.tracking_id != NULL)
		conflict(i, l, t.reference, "the centre has it under two numbers");
	else
		conflict(i, l, t.reference, "the centre has it, and here it is not unknown");
	return JEMBATAN_OK;
}

/* Only when it is the one such push, and the one such row. */
static enum jembatan_result by_title(struct import *i, const struct line *l, int64_t *out_ticket,
				     struct why *why)
{
	struct unknown_push *found = NULL;
	size_t matches = 0;
	for (size_t n = 0; l->title != NULL && l->day != NULL && n < i->unknown_count; n++) {
		if (!str_equal(i->unknown[n].title, l->title) ||
		    strcmp(i->unknown[n].day, l->day) != 0)
			continue;
		found = &i->unknown[n];
		matches++;
	}
	if (matches == 0) {
		i->others++;
		return JEMBATAN_OK;
	}
	if (matches > 1 || l->is_twin) {
		conflict(i, l, matches == 1 ? found->reference : NULL,
			 "its title and day fit more than one: a person decides");
		return JEMBATAN_OK;
	}
	*out_ticket = found->ticket_id;
	return settle(i, l, found->row_id, found->reference, "title and day are the same, and no other's", why);
}

static enum jembatan_result take_status(struct import *i, const struct line *l, int64_t ticket_id,
					const char *reference, struct why *why)
{
	struct follow_row f;
	enum status_change change = STATUS_SAME;
	struct status_reading reading = { .name = l->status };
	struct app *a = i->app;
	if (l->status == NULL)
		return JEMBATAN_OK;
	enum jembatan_result r = follows_get(a->db, ticket_id, i->arena, &f, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	if (str_equal(f.name, l->status)) {
		i->same++;
		return JEMBATAN_OK;
	}
	struct status_held held = { f.state, f.changed_ms, f.log_ms };
	int state;
	change = status_compare(&a->settings->central.status, &held, &reading, &state);
	/* An export is a copy of some day: what lies behind is no news. */
	if (change == STATUS_SAME || change == STATUS_BACKWARDS) {
		i->same++;
		return JEMBATAN_OK;
	}
	r = outbox_take_status(a->db, &a->settings->central.status, &reading, &f,
			       control_actor(i->peer), &change, why);
	if (r == JEMBATAN_OK)
		r = follows_put(a->db, &f, why);
	if (r != JEMBATAN_OK)
		return r;
	if (change == STATUS_WORD_UNKNOWN) {
		conflict(i, l, reference, "its status word is not known: see central.status.words");
		return JEMBATAN_OK;
	}
	i->moved++;
	tell(i, l, reference, "status", status_name(f.state));
	return JEMBATAN_OK;
}

static enum jembatan_result take_line(struct import *i, const struct line *l, struct why *why)
{
	struct ticket_row t;
	int64_t ticket_id = 0;
	enum jembatan_result r = tickets_find(i->app->db, l->tracking, i->arena, &t, why);
	if (r == JEMBATAN_GONE) {
		r = l->reference != NULL ? by_reference(i, l, &ticket_id, why) :
					   by_title(i, l, &ticket_id, why);
		return r == JEMBATAN_OK && ticket_id != 0 ?
		       take_status(i, l, ticket_id, NULL, why) : r;
	}
	if (r != JEMBATAN_OK)
		return r;
	if (l->reference != NULL && strcmp(l->reference, t.reference) != 0) {
		conflict(i, l, t.reference, "this number carries another reference at the centre");
		return JEMBATAN_OK;
	}
	return take_status(i, l, t.id, t.reference, why);
}

/* ---- the command ------------------------------------------------------- */

static enum jembatan_result take_all(struct import *i, json_t *rows, struct why *why)
{
	json_t *row;
	size_t n;
	enum jembatan_result r = find_unknown(i, why);
	json_array_foreach(rows, n, row) {
		struct line l = { .number = jx_integer(row, "line", 0),
				  .tracking = jx_text(row, "tracking"),
				  .reference = jx_text(row, "reference"),
				  .title = jx_text(row, "title"), .day = jx_text(row, "day"),
				  .status = jx_text(row, "status"),
				  .is_twin = jx_is_true(row, "twin") };
		if (r == JEMBATAN_OK && l.tracking != NULL)
			r = take_line(i, &l, why);
	}
	return r;
}

static void sum_up(struct import *i)
{
	control_row(i->peer, json_pack("{s:s,s:I,s:I,s:I,s:I,s:I}", "type", "sum", "settled",
		(json_int_t)i->settled, "moved", (json_int_t)i->moved, "same", (json_int_t)i->same,
		"others", (json_int_t)i->others, "conflicts", (json_int_t)i->conflicts));
}

void central_import_command(struct control_peer *p, const struct msg_command *c)
{
	struct import i = { .peer = p, .app = control_app(p), .arena = arena_new() };
	const char *text = msg_argument(c, "rows");
	json_t *rows = NULL;
	struct why why;
	if (i.app->outbox == NULL) {
		control_end(p, EX_CONFIG, "central.url is not set");
	} else if (text == NULL || jx_parse(bytes_text(text), &rows, &why) != JEMBATAN_OK ||
		   !json_is_array(rows) || json_array_size(rows) > ROWS_MAX) {
		control_end(p, EX_USAGE, "usage: jembatan central import EXPORT.csv [--dry-run]");
	} else {
		i.unknown = arena_alloc(i.arena, UNKNOWN_MAX * sizeof(*i.unknown));
		enum jembatan_result r = db_begin(i.app->db, &why);
		if (r == JEMBATAN_OK)
			r = take_all(&i, rows, &why);
		if (r == JEMBATAN_OK)
			sum_up(&i);
		if (r == JEMBATAN_OK && msg_argument(c, "dry_run") != NULL) {
			db_abort(i.app->db);
			control_end(p, EX_OK, "%s", "");
		} else {
			commands_finish(p, r, &why, "");
		}
	}
	json_decref(rows);
	arena_free(i.arena);
}
