/* commands.c: what an operator may ask of the running daemon. Each command
 * changes the store in a transaction of its own and leaves an audit row with
 * the name of who asked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "app.h"
#include "base/clock.h"
#include "base/jx.h"
#include "commands.h"
#include "commands_consent.h"
#include "commands_probe.h"
#include "commands_replies.h"
#include "commands_support.h"
#include "commands_central.h"
#include "access_log.h"
#include "control.h"
#include "eraser.h"
#include "explain.h"
#include "know_view.h"
#include "reload.h"
#include "rotate.h"
#include "status.h"
#include "store/audit.h"
#include "store/inbox.h"
#include "store/instances.h"
#include "store/outbox_rows.h"
#include "store/quarantine.h"
#include "store/tickets.h"
#include "base/poison.h"

#define PAGE 200u
#define LIST_MAX 2000u /* rows of one answer; the command asks for more */
#define RAW_MAX (64u * 1024u * 1024u)
#define SHOW_PIECE (256u * 1024u)
#define SHOW_MAX (2u * 1024u * 1024u)

/* ---- helpers ----------------------------------------------------------- */

bool commands_number(const struct msg_command *c, const char *name, int64_t *out)
{
	const char *text = msg_argument(c, name);
	char *end = NULL;
	if (text == NULL || text[0] == '\0')
		return false;
	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	*out = v;
	return true;
}

static const char *instance_name(struct app *a, int64_t id)
{
	int64_t start;
	const struct instance_settings *s = intake_instance(a->intake, id, &start);
	return s != NULL ? s->name : "(removed)";
}

bool commands_finish(struct control_peer *p, enum jembatan_result r, struct why *why,
		     const char *done)
{
	struct app *a = control_app(p);
	if (r == JEMBATAN_OK)
		r = db_commit(a->db, why);
	if (r != JEMBATAN_OK) {
		db_abort(a->db);
		control_fail(p, r, why);
		return false;
	}
	a->decide_more = true; /* what was decided is to be sent now, not at the next idle look */
	app_want_turn(a);
	control_end(p, EX_OK, "%s", done);
	return true;
}

static void end_list(struct control_peer *p, enum jembatan_result r, const struct why *why)
{
	if (r != JEMBATAN_OK)
		control_fail(p, r, why);
	else
		control_end(p, EX_OK, "%s", "");
}

/* ---- review ------------------------------------------------------------ */

static void review_list(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct ticket_row rows[PAGE];
	struct why why;
	size_t count = 0, total = 0;
	int64_t after = 0;
	(void)commands_number(c, "after", &after);
	access_log_try(p, "listed", AUDIT_CENTRAL, 0);
	enum jembatan_result r;
	do {
		arena_reset(arena);
		r = tickets_list(a->db, TICKET_REVIEW, after, PAGE, arena, rows, &count, &why);
		for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
			json_t *row = json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:I,s:s?,s:s?}", "type",
				"ticket", "view", "review", "id", (json_int_t)rows[i].id, "reference", rows[i].reference, "state",
				ticket_state_name(rows[i].state),
				"instance", instance_name(a, rows[i].instance_id), "created_ms",
				(json_int_t)rows[i].created_ms, "title", rows[i].title, "reason",
				rows[i].reason);
			if (row != NULL && rows[i].form != NULL)
				know_view_add(rows[i].form, row);
			control_row(p, row);
			after = rows[i].id;
		}
		total += count;
	} while (r == JEMBATAN_OK && count == PAGE && total < LIST_MAX);
	arena_free(arena);
	end_list(p, r, &why);
}

/* ---- unknown ----------------------------------------------------------- */

static void unknown_row(struct control_peer *p, const struct outbox_row *row)
{
	control_row(p, json_pack("{s:s,s:I,s:s,s:s,s:s,s:s,s:I,s:i,s:I,s:s?,s:s?}", "type", "push",
		"id", (json_int_t)row->id, "reference", row->reference, "kind",
		outbox_kind_name(row->kind), "step", outbox_step_name(row->step), "state",
		outbox_state_name(row->state), "started_ms", (json_int_t)row->started_ms, "attempts",
		(int)row->attempts, "due_ms", (json_int_t)row->due_ms, "why", row->why, "complaint_id",
		row->complaint_id));
}

static void unknown_list(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	bool refused = msg_argument(c, "refused") != NULL;
	struct arena *arena = arena_new();
	struct outbox_row rows[PAGE];
	struct why why;
	enum jembatan_result r = JEMBATAN_OK;
	/* What is still being settled is queued: look at those too. */
	const int states[] = { refused ? OUTBOX_REFUSED : OUTBOX_UNKNOWN, OUTBOX_QUEUED,
			       OUTBOX_SENDING };
	size_t kinds = refused ? 1 : COUNT_OF(states), shown = 0;
	for (size_t s = 0; s < kinds && r == JEMBATAN_OK; s++) {
		int64_t after = 0;
		size_t count = 0;
		do {
			arena_reset(arena);
			r = outbox_rows_list(a->db, states[s], after, PAGE, arena, rows, &count, &why);
			for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
				after = rows[i].id;
				if (!refused && !outbox_row_is_unknown(&rows[i]))
					continue;
				unknown_row(p, &rows[i]);
				shown++;
			}
		} while (r == JEMBATAN_OK && count == PAGE && shown < LIST_MAX);
	}
	arena_free(arena);
	if (r == JEMBATAN_OK && shown >= LIST_MAX)
		control_end(p, EX_OK, "these are the first %zu: there are more", shown);
	else
		end_list(p, r, &why);
}

static void settle(struct control_peer *p, const struct msg_command *c, bool confirm)
{
	struct app *a = control_app(p);
	const char *tracking = msg_argument(c, "tracking");
	struct why why;
	int64_t id = 0;
	if (!commands_number(c, "id", &id) || (confirm && tracking == NULL)) {
		control_end(p, EX_USAGE, "usage: jembatan unknown confirm ID TRACKING, jembatan unknown "
			    "resend ID");
		return;
	}
	if (a->outbox == NULL) {
		control_end(p, EX_CONFIG, "central.url is not set");
		return;
	}
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = confirm ? outbox_confirm(a->outbox, id, tracking, control_actor(p), &why) :
			      outbox_resend(a->outbox, id, control_actor(p), &why);
	commands_finish(p, r, &why, confirm ? "confirmed" : "it is sent again");
}

static void unknown_confirm(struct control_peer *p, const struct msg_command *c)
{
	settle(p, c, true);
}

static void unknown_resend(struct control_peer *p, const struct msg_command *c)
{
	settle(p, c, false);
}

/* ---- quarantine -------------------------------------------------------- */

static void quarantine_row_out(struct control_peer *p, const struct quarantine_row *q)
{
	control_row(p, json_pack("{s:s,s:I,s:s,s:I,s:s?,s:I,s:s?,s:b,s:b}", "type", "record",
		"id", (json_int_t)q->id, "instance", instance_name(control_app(p), q->instance_id),
		"at_ms", (json_int_t)q->at_ms, "reason", q->reason, "bytes", (json_int_t)q->size,
		"media_type", q->raw_type, "dropped", q->dropped, "replayed", q->replayed));
}

static void quarantine_list_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	bool all = msg_argument(c, "all") != NULL;
	struct arena *arena = arena_new();
	struct quarantine_row rows[PAGE];
	struct why why;
	int64_t after = 0;
	size_t count = 0, shown = 0;
	(void)commands_number(c, "after", &after);
	enum jembatan_result r;
	/* The command asks for more when it got LIST_MAX rows: exactly so many. */
	do {
		arena_reset(arena);
		r = quarantine_list(a->db, after, PAGE, arena, rows, &count, &why);
		for (size_t i = 0; i < count && r == JEMBATAN_OK && shown < LIST_MAX; i++) {
			after = rows[i].id;
			if (!all && (rows[i].dropped || rows[i].replayed))
				continue;
			quarantine_row_out(p, &rows[i]);
			shown++;
		}
	} while (r == JEMBATAN_OK && count == PAGE && shown < LIST_MAX);
	arena_free(arena);
	end_list(p, r, &why);
}

/* Reads one record of quarantine and its bytes; ends the answer when not OK. */
static enum jembatan_result quarantine_read(struct control_peer *p, const struct msg_command *c,
					    struct arena *arena, struct quarantine_row *out,
					    struct buf *raw)
{
	struct app *a = control_app(p);
	struct why why;
	int64_t id = 0;
	if (!commands_number(c, "id", &id)) {
		control_end(p, EX_USAGE, "usage: jembatan %s ID", c->name);
		return JEMBATAN_DATA;
	}
	enum jembatan_result r = quarantine_get(a->db, id, arena, out, &why);
	if (r == JEMBATAN_OK)
		r = quarantine_raw(a->db, id, raw, &why);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	return r;
}

/* The raw bytes go out in hex: they may be anything. At most SHOW_MAX in one
 * answer; the command asks on, from where it is, until none come. */
static void quarantine_show(struct control_peer *p, const struct msg_command *c)
{
	struct arena *arena = arena_new();
	struct quarantine_row q;
	struct buf raw;
	int64_t from = 0;
	struct why why;
	enum jembatan_result r;
	buf_init(&raw, RAW_MAX);
	r = quarantine_read(p, c, arena, &q, &raw);
	if (r == JEMBATAN_OK) {
		r = access_log_note(p, "shown", AUDIT_QUARANTINE, q.id, &why);
		if (r != JEMBATAN_OK)
			control_fail(p, r, &why);
	}
	if (r == JEMBATAN_OK) {
		char *hex = xmalloc(2 * SHOW_PIECE + 1);
		if (!commands_number(c, "from", &from) || from < 0) {
			quarantine_row_out(p, &q);
			from = 0;
		}
		size_t end = raw.size;
		if ((size_t)from < end && end - (size_t)from > SHOW_MAX)
			end = (size_t)from + SHOW_MAX;
		for (size_t at = (size_t)from; at < end; at += SHOW_PIECE) {
			size_t n = end - at < SHOW_PIECE ? end - at : SHOW_PIECE;
			digest_hex(raw.data + at, n, hex);
			control_row(p, json_pack("{s:s,s:I,s:s}", "type", "raw", "from", (json_int_t)at,
						 "hex", hex));
		}
		free(hex);
		control_end(p, EX_OK, "%s", "");
	}
	buf_done(&raw);
	arena_free(arena);
}

struct replay {
	struct control_peer **peer;
	struct app *app;
	int64_t id, instance_id;
	struct msg_record_keys keys;
};

static enum jembatan_result replay_succeeded(struct replay *job, struct why *why)
{
	struct db *db = job->app->db;
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = quarantine_set_replayed(db, job->id, why);
	if (r == JEMBATAN_OK)
		r = skips_remove(db, job->instance_id, &job->keys, why);
	if (r == JEMBATAN_OK)
		r = audit_add(db, AUDIT_QUARANTINE, job->id, "jembatan", "replayed",
			      "it was read in the end", clock_now_ms(), why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	return r;
}

static void on_replay(void *data, const struct intake_job *result, bool ended)
{
	struct replay *job = data;
	struct why why = { "" };
	if (!ended)
		return;
	bool good = result->result == JEMBATAN_OK && result->messages > result->unreadable;
	enum jembatan_result r = good ? replay_succeeded(job, &why) :
		why_set(&why, JEMBATAN_DATA, "it still cannot be read: %s",
			result->why[0] != '\0' ? result->why : "nothing came of it");
	if (*job->peer != NULL && r == JEMBATAN_OK)
		control_end(*job->peer, EX_OK, "%lld messages came of it", (long long)result->messages);
	else if (*job->peer != NULL)
		control_fail(*job->peer, r, &why);
	app_want_turn(job->app);
	free(job->peer);
	free(job);
}

static void quarantine_replay(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct arena *arena = arena_new();
	struct quarantine_row q = { 0 };
	struct buf raw;
	struct why why;
	buf_init(&raw, RAW_MAX);
	if (quarantine_read(p, c, arena, &q, &raw) == JEMBATAN_OK) {
		struct replay *job = xcalloc(1, sizeof(*job));
		job->app = a;
		job->id = q.id;
		job->instance_id = q.instance_id;
		struct digest bytes = digest_sha256(buf_bytes(&raw));
		job->keys = msg_record_keys(q.remote_id, &bytes);
		job->peer = control_hold(p);
		enum jembatan_result r = intake_replay(a->intake, q.instance_id, buf_bytes(&raw),
						       on_replay, job, &why);
		if (r != JEMBATAN_OK) {
			control_fail(p, r, &why);
			free(job->peer);
			free(job);
		}
	}
	buf_done(&raw);
	arena_free(arena);
}

static void quarantine_drop(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	struct why why;
	int64_t id = 0;
	if (!commands_number(c, "id", &id)) {
		control_end(p, EX_USAGE, "usage: jembatan quarantine drop ID");
		return;
	}
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = quarantine_set_dropped(a->db, id, &why);
	if (r == JEMBATAN_OK)
		r = audit_add(a->db, AUDIT_QUARANTINE, id, control_actor(p), "dropped",
			      "a person gave it up; its bytes stay until retention ends",
			      clock_now_ms(), &why);
	commands_finish(p, r, &why, "dropped from the list; its bytes stay until retention ends");
}

/* ---- pause, resume, backfill ------------------------------------------- */

static void pause_central(struct control_peer *p, bool paused)
{
	struct app *a = control_app(p);
	struct why why;
	if (!paused && a->hold.active) {
		control_end(p, EX_DATAERR, "a backup was put back, and nothing leaves until its hold is "
			    "ended: look at `jembatan unknown list`, then `jembatan restore --release`");
		return;
	}
	enum jembatan_result r = db_begin(a->db, &why);
	if (r == JEMBATAN_OK)
		r = instances_flag_set(a->db, "central.paused", paused, &why);
	if (r == JEMBATAN_OK)
		r = audit_add(a->db, AUDIT_CENTRAL, 0, control_actor(p), paused ? "paused" : "resumed",
			      NULL, clock_now_ms(), &why);
	if (commands_finish(p, r, &why, paused ? "nothing new is pushed" : "pushing again") &&
	    a->outbox != NULL)
		outbox_pause(a->outbox, paused);
}

static void pause_or_resume(struct control_peer *p, const struct msg_command *c, bool pause)
{
	const char *name = msg_argument(c, "name");
	struct why why;
	if (name == NULL) {
		control_end(p, EX_USAGE, "usage: jembatan pause|resume INSTANCE|central");
		return;
	}
	if (strcmp(name, "central") == 0) {
		pause_central(p, pause);
		return;
	}
	enum jembatan_result r = pause ? intake_pause(control_app(p)->intake, name, &why) :
			intake_resume(control_app(p)->intake, name, &why);
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s %s", name, pause ? "is paused" : "runs again");
}

static void pause_command(struct control_peer *p, const struct msg_command *c)
{
	pause_or_resume(p, c, true);
}

static void resume_command(struct control_peer *p, const struct msg_command *c)
{
	pause_or_resume(p, c, false);
}

static void on_dry_run(void *data, const struct intake_job *job, bool ended)
{
	struct control_peer **peer = data;
	if (*peer != NULL && !ended) {
		control_progress(*peer, "messages found", job->messages, 0);
	} else if (*peer != NULL) {
		struct why why;
		(void)why_set(&why, job->result, "%s", job->why);
		control_row(*peer, json_pack("{s:s,s:I,s:I,s:I,s:I}", "type", "backfill", "messages",
			(json_int_t)job->messages, "unreadable", (json_int_t)job->unreadable,
			"oldest_ms", (json_int_t)job->oldest_ms, "newest_ms",
			(json_int_t)job->newest_ms));
		if (job->result == JEMBATAN_OK)
			control_end(*peer, EX_OK, "nothing was stored; without --dry-run they are taken "
				    "(those known already are recognised)");
		else
			control_fail(*peer, job->result, &why);
	}
	if (ended)
		free(peer);
}

static void backfill_command(struct control_peer *p, const struct msg_command *c)
{
	struct app *a = control_app(p);
	const char *name = msg_argument(c, "name");
	struct why why;
	int64_t since = 0;
	if (name == NULL || !commands_number(c, "since_ms", &since)) {
		control_end(p, EX_USAGE, "usage: jembatan backfill INSTANCE --since DATE [--dry-run]");
		return;
	}
	if (msg_argument(c, "dry_run") == NULL) {
		enum jembatan_result r = intake_backfill(a->intake, name, since, &why);
		if (r != JEMBATAN_OK)
			control_fail(p, r, &why);
		else
			control_end(p, EX_OK, "reading %s again from there; `jembatan status` shows it",
				    name);
		return;
	}
	struct control_peer **peer = control_hold(p);
	enum jembatan_result r = intake_dry_run(a->intake, name, since, on_dry_run, peer, &why);
	if (r != JEMBATAN_OK) {
		control_fail(p, r, &why);
		free(peer);
	}
}

/* ---- the table --------------------------------------------------------- */

control_command *commands_find(const char *name)
{
	static const struct {
		const char *name;
		control_command *run;
	} table[] = {
		{ "status", status_command },
		{ "explain", explain_command },
		{ "review list", review_list },
		{ "tickets edit", tickets_edit_command },
		{ "review show", show_command },
		{ "review accept", review_accept_command },
		{ "review reject", review_reject_command },
		{ "tickets", tickets_command },
		{ "unknown list", unknown_list },
		{ "unknown confirm", unknown_confirm },
		{ "unknown resend", unknown_resend },
		{ "quarantine list", quarantine_list_command },
		{ "quarantine show", quarantine_show },
		{ "quarantine replay", quarantine_replay },
		{ "quarantine drop", quarantine_drop },
		{ "pause", pause_command },
		{ "resume", resume_command },
		{ "backfill", backfill_command },
		{ "support", support_command },
		{ "probe", probe_command },
		{ "oauth", oauth_command },
		{ "central institutions", central_institutions_command },
		{ "central differences", central_differences_command },
		{ "central accept", central_accept_command },
		{ "central words", central_words_command },
		{ "central import", central_import_command },
		{ "intake add", intake_add_command },
		{ "reload", reload_command },
		{ "duplicates list", duplicates_list_command },
		{ "duplicates show", duplicates_show_command },
		{ "duplicates split", duplicates_split_command },
		{ "duplicates join", duplicates_join_command },
		{ "backup begin", backup_begin_command },
		{ "backup end", backup_end_command },
		{ "backup list", backup_list_command },
		{ "restore release", restore_release_command },
		{ "replies list", replies_list_command },
		{ "replies hold", replies_hold_command },
		{ "replies release", replies_release_command },
		{ "replies preview", replies_preview_command },
		{ "key status", key_status_command },
		{ "key rotate", key_rotate_command },
		{ "erase", erase_command },
		{ "access list", access_list_command },
	};
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].run;
	return NULL;
}
