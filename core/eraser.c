/* eraser.c: see eraser.h. Each step is a slice of a few milliseconds, and the
 * loop goes on between them. */
#include "eraser.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "commands.h"
#include "compare.h"
#include "store/access.h"
#include "store/erase.h"
#include "store/erase_proof.h"
#include "store/inbox.h"
#include "store/quarantine.h"
#include "store/threads.h"
#include "ticket/person.h"
#include "base/poison.h"

#define WALK 64u
#define THREADS_MAX 16u
#define RECORDS 8u
#define SLICE 16u
#define OF_TICKET_MAX 4096u
#define ITEMS_MAX 1000000u
#define RAW_MAX (64u * 1024u * 1024u)
#define KEYS_MAX (64u * 1024u * 1024u)
#define AGAIN_MS 500

enum step { STEP_IDLE, STEP_MESSAGES, STEP_RECORDS, STEP_FOUND, STEP_DESTROY, STEP_LOG, STEP_PROVE,
	    STEP_DONE };

struct eraser {
	struct app *app;
	struct loop_timer *again;
	enum step step;
	struct arena *arena, *page; /* of the request; of a slice */
	struct control_peer **peer; /* NULL: nobody asked in this process */
	char *actor;
	enum erase_by by;
	bool dry_run, is_resumed;
	struct person person;
	struct inbox_row threads[THREADS_MAX]; /* of this person, under other names too */
	size_t thread_count;
	bool by_thread; /* walks once more, for what came under those */
	struct erase_item *items;
	size_t count, capacity;
	int64_t after;     /* of the walk */
	int64_t id;        /* of the request in the store */
	struct buf keys;   /* what was destroyed, as it stood on the disk */
	struct erase_proof *proof;
};

static void on_step(void *data);

static void go_on(struct eraser *e, int64_t after_ms)
{
	if (after_ms > 0)
		loop_timer_set(e->again, after_ms);
	else
		loop_defer(e->app->loop, on_step, e);
}

static struct control_peer *peer_of(struct eraser *e)
{
	return e->peer != NULL ? *e->peer : NULL;
}

static void forget(struct eraser *e)
{
	erase_proof_free(e->proof);
	e->proof = NULL;
	free(e->peer);
	free(e->actor);
	free(e->items);
	e->peer = NULL;
	e->actor = NULL;
	e->items = NULL;
	e->count = e->capacity = 0;
	e->after = e->id = 0;
	e->thread_count = 0;
	e->by_thread = false;
	e->is_resumed = false;
	if (e->keys.data != NULL)
		mem_wipe(e->keys.data, e->keys.size);
	buf_clear(&e->keys);
	arena_reset(e->arena);
	e->step = STEP_IDLE;
}

/* Nothing has been written down: the request is over. */
static void refuse(struct eraser *e, enum jembatan_result r, const struct why *why)
{
	struct control_peer *p = peer_of(e);
	if (p != NULL)
		control_fail(p, r, why);
	forget(e);
}

static void add_item(struct eraser *e, enum audit_subject subject, int64_t id)
{
	if (e->count == e->capacity) {
		e->capacity = e->capacity != 0 ? 2 * e->capacity : 64;
		e->items = xrealloc(e->items, e->capacity, sizeof(*e->items));
	}
	e->items[e->count++] = (struct erase_item){ subject, id };
}

/* ---- finding ----------------------------------------------------------- */

static bool has_thread(const struct eraser *e, const struct inbox_row *row)
{
	for (size_t i = 0; i < e->thread_count; i++)
		if (inbox_is_same_thread(&e->threads[i], row))
			return true;
	return false;
}

static enum jembatan_result note_thread(struct eraser *e, const struct inbox_row *row,
					struct why *why)
{
	bool is_joined = false;
	if (e->by_thread || e->thread_count == THREADS_MAX || has_thread(e, row))
		return JEMBATAN_OK;
	enum jembatan_result r = threads_is_joined(e->app->db, row->instance_id, &row->thread_key,
						   &is_joined, why);
	if (r == JEMBATAN_OK && is_joined)
		e->threads[e->thread_count++] = (struct inbox_row){
			.instance_id = row->instance_id, .thread_key = row->thread_key };
	return r;
}

/* His by his name, or, the second time, by a thread of his. */
static enum jembatan_result look_at(struct eraser *e, const struct inbox_row *row, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	if (row->message.message.size == 0)
		return r;
	bool is_named = person_is(&e->person, &row->message.message.author);
	if (is_named)
		r = note_thread(e, row, why);
	if (e->by_thread ? !is_named && has_thread(e, row) : is_named)
		add_item(e, AUDIT_MESSAGE, row->id);
	return r;
}

static enum jembatan_result walk_messages(struct eraser *e, struct why *why)
{
	struct inbox_row *rows = arena_alloc(e->page, WALK * sizeof(*rows));
	size_t n = 0;
	enum jembatan_result r = inbox_walk(e->app->db, e->after, WALK, e->page, rows, &n, why);
	if (r != JEMBATAN_OK)
		return r;
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++) {
		e->after = rows[i].id;
		r = look_at(e, &rows[i], why);
	}
	if (r != JEMBATAN_OK)
		return r;
	if (e->count > ITEMS_MAX)
		return why_set(why, JEMBATAN_DATA, "this is no person: more than %u messages",
			       ITEMS_MAX);
	if (n < WALK) {
		e->after = 0;
		if (e->thread_count > 0 && !e->by_thread)
			e->by_thread = true;
		else
			e->step = STEP_RECORDS;
	}
	return r;
}

/* Nobody could read these: the bytes are searched. */
static enum jembatan_result walk_records(struct eraser *e, struct why *why)
{
	struct quarantine_row rows[RECORDS];
	size_t n = 0;
	enum jembatan_result r = quarantine_list(e->app->db, e->after, RECORDS, e->page, rows, &n, why);
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++) {
		CLEANUP(buf_done) struct buf raw;
		struct why unread;
		buf_init(&raw, RAW_MAX);
		e->after = rows[i].id;
		if (quarantine_raw(e->app->db, rows[i].id, &raw, &unread) != JEMBATAN_OK)
			continue; /* erased, or damaged */
		if (person_stands_in(&e->person, buf_bytes(&raw)) ||
		    (rows[i].remote_id != NULL &&
		     person_stands_in(&e->person, bytes_text(rows[i].remote_id))))
			add_item(e, AUDIT_QUARANTINE, rows[i].id);
	}
	if (n < RECORDS)
		e->step = STEP_FOUND;
	return r;
}

static enum jembatan_result find_ticket(struct eraser *e, const char *name, struct why *why)
{
	struct ticket_row t;
	struct inbox_row *rows = arena_alloc(e->page, OF_TICKET_MAX * sizeof(*rows));
	size_t n = 0;
	enum jembatan_result r = tickets_find(e->app->db, name, e->page, &t, why);
	if (r == JEMBATAN_OK)
		r = inbox_of_ticket(e->app->db, t.id, OF_TICKET_MAX, e->page, rows, &n, why);
	if (r == JEMBATAN_OK && (n == 0 || n == OF_TICKET_MAX))
		r = why_set(why, JEMBATAN_DATA, "%s has %s messages", t.reference,
			    n == 0 ? "no" : "too many");
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++)
		add_item(e, AUDIT_MESSAGE, rows[i].id);
	return r;
}

/* ---- writing it down --------------------------------------------------- */

static enum jembatan_result refuse_busy(struct eraser *e, struct why *why)
{
	for (size_t i = 0; i < e->count; i++) {
		const char *reference = NULL;
		enum jembatan_result r = erase_find_busy(e->app->db, &e->items[i], e->page, &reference,
							 why);
		if (r != JEMBATAN_OK)
			return r;
		if (reference != NULL)
			return why_set(why, JEMBATAN_RETRY,
				       "%s is on its way to the centre, or may be there: nothing was "
				       "erased. Try again when its push is settled (`jembatan unknown "
				       "list`)", reference);
	}
	return JEMBATAN_OK;
}

static enum jembatan_result note_access(struct eraser *e, int64_t now_ms, struct why *why)
{
	enum jembatan_result r = audit_add(e->app->db, AUDIT_CENTRAL, 0, e->actor, "erase",
					   e->by == ERASE_TICKET ? "one ticket" : "one person", now_ms,
					   why);
	for (size_t i = 0; i < e->count && r == JEMBATAN_OK; i++)
		r = access_add(e->app->db, e->actor, "erased", e->items[i].subject, e->items[i].id,
			       now_ms, why);
	return r;
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Reports of others that waited in a ticket of his. */
static enum jembatan_result save_others(struct eraser *e, struct why *why)
{
	int64_t *ids = arena_alloc(e->page, (e->count + 1) * sizeof(*ids));
	struct decide_erased erased = { .ids = ids };
	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].subject == AUDIT_MESSAGE)
			ids[erased.count++] = e->items[i].id;
	qsort(ids, erased.count, sizeof(*ids), by_number);
	return decide_inherit(e->app->decide, &erased, why);
}

static enum jembatan_result write_down(struct eraser *e, struct why *why)
{
	struct db *db = e->app->db;
	int64_t now_ms = clock_now_ms();
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = refuse_busy(e, why);
	if (r == JEMBATAN_OK)
		r = save_others(e, why);
	if (r == JEMBATAN_OK)
		r = erasures_add(db, e->actor, e->by, e->items, e->count, now_ms, &e->id, why);
	if (r == JEMBATAN_OK)
		r = note_access(e, now_ms, why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r == JEMBATAN_OK) {
		decide_committed(e->app->decide);
		app_want_turn(e->app);
	} else {
		db_abort(db);
		(void)decide_aborted(e->app->decide);
	}
	FAULT_POINT("erase.written");
	e->step = STEP_DESTROY;
	return r;
}

static void tell_found(struct eraser *e, struct control_peer *p)
{
	for (size_t i = 0; i < e->count; i++) {
		struct inbox_row m = { .id = 0 };
		struct ticket_row t = { .id = 0 };
		bool is_message = e->items[i].subject == AUDIT_MESSAGE;
		arena_reset(e->page);
		if (is_message && inbox_get(e->app->db, e->items[i].id, e->page, &m, NULL) ==
		    JEMBATAN_OK && m.ticket_id != 0 &&
		    tickets_get(e->app->db, m.ticket_id, e->page, &t, NULL) != JEMBATAN_OK)
			t.id = 0;
		control_row(p, json_pack("{s:s,s:s,s:I,s:s?,s:s?,s:s?}", "type", "erasable", "what",
			is_message ? "message" : "quarantined record", "id",
			(json_int_t)e->items[i].id, "reference", t.reference, "state",
			t.id != 0 ? ticket_state_name(t.state) : NULL, "tracking_id", t.tracking_id));
	}
	control_end(p, EX_OK, "%zu found; nothing was erased", e->count);
	forget(e);
}

/* Returns false when the request is over. */
static bool found(struct eraser *e)
{
	struct control_peer *p = peer_of(e);
	struct why why;
	if (p == NULL) {
		forget(e); /* who asked has left before anything was written down */
		return false;
	}
	if (e->dry_run) {
		tell_found(e, p);
		return false;
	}
	if (e->count == 0) {
		control_end(p, EX_NOINPUT, "nothing of this person is here");
		forget(e);
		return false;
	}
	enum jembatan_result r = write_down(e, &why);
	if (r != JEMBATAN_OK)
		refuse(e, r, &why);
	return r == JEMBATAN_OK;
}

/* ---- destroying -------------------------------------------------------- */

static enum jembatan_result destroy(struct eraser *e, struct why *why)
{
	struct app *a = e->app;
	struct erase_item items[SLICE];
	int64_t compared[SLICE] = { 0 };
	size_t n = 0, before = e->keys.size;
	enum jembatan_result r = db_begin(a->db, why);
	if (r == JEMBATAN_OK)
		r = erasures_slice(a->db, e->id, SLICE, clock_now_ms(), items, &n, &e->keys, why);
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++)
		if (items[i].subject == AUDIT_MESSAGE)
			r = erase_compared(a->db, items[i].id, &compared[i], why);
	FAULT_POINT("erase.mid");
	if (r == JEMBATAN_OK)
		r = db_commit(a->db, why);
	if (r != JEMBATAN_OK) {
		db_abort(a->db);
		buf_cut(&e->keys, before);
		return r;
	}
	FAULT_POINT("erase.slice");
	for (size_t i = 0; i < n; i++)
		if (compared[i] != 0)
			compare_forget(decide_compare(a->decide), compared[i]);
	inbox_sweep(a->db);
	if (n < SLICE)
		e->step = STEP_LOG;
	return r;
}

static enum jembatan_result prove(struct eraser *e, struct why *why)
{
	bool more = false;
	if (e->proof == NULL)
		e->proof = erase_proof_new(e->app->db, buf_bytes(&e->keys));
	enum jembatan_result r = erase_proof_slice(e->proof, &more, why);
	if (r == JEMBATAN_OK && !more)
		e->step = STEP_DONE;
	return r;
}

/* ---- the report -------------------------------------------------------- */

static void tell_done(struct eraser *e, const struct erasure *x, const struct erase_proven *proven)
{
	struct control_peer *p = peer_of(e);
	const struct erase_counts *c = &x->counts;
	struct why why;
	size_t count = 0;
	if (p == NULL)
		return;
	control_row(p, json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "type", "erased",
		"id", (json_int_t)x->id, "messages", (json_int_t)c->messages, "tickets",
		(json_int_t)c->tickets, "records", (json_int_t)c->records, "files", (json_int_t)c->files,
		"fingerprints", (json_int_t)c->fingerprints, "replies", (json_int_t)c->replies,
		"submissions", (json_int_t)c->submissions, "keys", (json_int_t)proven->keys,
		"searched_bytes", (json_int_t)proven->bytes, "found", (json_int_t)proven->found));
	(void)!backup_tell(p, &(struct backup_telling){ .note = "may hold it still", .count = &count },
			   &why);
	if (proven->found > 0)
		control_end(p, EX_SOFTWARE, "%lld destroyed keys still stand in the files of the store",
			    (long long)proven->found);
	else
		control_end(p, EX_OK, "destroyed here, and none of the keys is in the database or its log "
			    "any more. Not reached: the centre, the agency apps and mailboxes, and the "
			    "backups named above: delete those, or the master key that opens them");
}

static enum jembatan_result finish(struct eraser *e, struct why *why)
{
	struct db *db = e->app->db;
	struct erasure x;
	struct erase_proven proven = erase_proof_result(e->proof);
	enum jembatan_result r = erasures_get(db, e->id, e->page, &x, why);
	if (r == JEMBATAN_OK)
		r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = erasures_done(db, e->id, clock_now_ms(), why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK) {
		db_abort(db);
		return r;
	}
	log_notice("erase", "request %lld: %lld messages and %lld quarantined records destroyed%s",
		   (long long)x.id, (long long)x.counts.messages, (long long)x.counts.records,
		   e->is_resumed ? ", after a restart in the middle" : "");
	if (proven.found > 0)
		log_error("erase", "request %lld: %lld destroyed keys still stand in the files",
			  (long long)x.id, (long long)proven.found);
	tell_done(e, &x, &proven);
	forget(e);
	eraser_resume(e);
	return r;
}

/* ---- the steps --------------------------------------------------------- */

static enum jembatan_result take_step(struct eraser *e, struct why *why)
{
	switch (e->step) {
	case STEP_MESSAGES:
		return walk_messages(e, why);
	case STEP_RECORDS:
		return walk_records(e, why);
	case STEP_DESTROY:
		return destroy(e, why);
	case STEP_LOG:
		e->step = STEP_PROVE;
		enum jembatan_result r = db_empty_log(e->app->db, why);
		if (r != JEMBATAN_OK)
			e->step = STEP_LOG;
		return r;
	case STEP_PROVE:
		return prove(e, why);
	case STEP_DONE:
		return finish(e, why);
	case STEP_FOUND:
	case STEP_IDLE:
		break;
	}
	return JEMBATAN_OK;
}

/* What has been written down is tried until it is done. */
static void on_step(void *data)
{
	struct eraser *e = data;
	struct why why = { "" };
	arena_reset(e->page);
	if (e->step == STEP_IDLE || (e->step == STEP_FOUND && !found(e)))
		return;
	bool is_written = e->step >= STEP_DESTROY;
	enum jembatan_result r = take_step(e, &why);
	if (r != JEMBATAN_OK && !is_written) {
		refuse(e, r, &why);
		return;
	}
	if (r != JEMBATAN_OK && peer_of(e) != NULL)
		control_progress(peer_of(e), why.text, 0, 0);
	if (e->step != STEP_IDLE)
		go_on(e, r == JEMBATAN_OK ? 0 : AGAIN_MS);
}

void eraser_resume(struct eraser *e)
{
	struct erasure x;
	struct why why;
	arena_reset(e->page);
	if (e->step != STEP_IDLE ||
	    erasures_open(e->app->db, e->page, &x, &why) != JEMBATAN_OK)
		return;
	e->id = x.id;
	e->is_resumed = true;
	e->step = STEP_DESTROY;
	go_on(e, 0);
}

struct eraser *eraser_new(struct app *a)
{
	struct eraser *e = xcalloc(1, sizeof(*e));
	e->app = a;
	e->arena = arena_new();
	e->page = arena_new();
	e->again = loop_timer_new(a->loop, on_step, e);
	buf_init(&e->keys, KEYS_MAX);
	return e;
}

void eraser_free(struct eraser *e)
{
	if (e == NULL)
		return;
	loop_defer_cancel(e->app->loop, e);
	loop_timer_free(e->again);
	forget(e);
	buf_done(&e->keys);
	arena_free(e->arena);
	arena_free(e->page);
	free(e);
}

void erase_command(struct control_peer *p, const struct msg_command *c)
{
	struct eraser *e = control_app(p)->eraser;
	const char *person = msg_argument(c, "person"), *ticket = msg_argument(c, "ticket");
	struct why why;
	if ((person == NULL) == (ticket == NULL)) {
		control_end(p, EX_USAGE, "usage: jembatan erase --person FILE|- | --ticket TICKET "
			    "[--dry-run]");
		return;
	}
	if (e->step != STEP_IDLE) {
		control_end(p, EX_TEMPFAIL, "another request to erase is at work: try again in a while");
		return;
	}
	arena_reset(e->page);
	e->peer = control_hold(p);
	e->actor = xstrdup(control_actor(p));
	e->dry_run = msg_argument(c, "dry_run") != NULL;
	e->by = ticket != NULL ? ERASE_TICKET : ERASE_PERSON;
	e->step = ticket != NULL ? STEP_FOUND : STEP_MESSAGES;
	enum jembatan_result r = ticket != NULL ? find_ticket(e, ticket, &why) :
				 person_read(person, e->arena, &e->person, &why);
	if (r != JEMBATAN_OK)
		refuse(e, r, &why);
	else
		go_on(e, 0);
}
