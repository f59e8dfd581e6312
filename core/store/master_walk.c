/* master_walk.c: wrapping again, in slices. Where it stands is in the table flag,
 * written in the transaction of each slice. New rows are sealed by the new key
 * from the first moment, so the walk ends at the ids of its beginning. */
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "store/audit.h"
#include "store/instances.h"
#include "store/master_inside.h"
#include "base/poison.h"

#define WINDOW 64 /* ids at once: few rows in memory, and never a long search */

const struct master_column master_columns[MASTER_COLUMNS] = {
	{ "instance", "cursor", NULL,
	  "SELECT id, NULL, cursor, 'instance.cursor:' || id FROM instance"
	  " WHERE cursor IS NOT NULL",
	  "UPDATE instance SET cursor = ?3 WHERE id = ?1 AND ?2 IS NULL" },
	{ "instance_state", "value", NULL,
	  "SELECT instance_id, key, value, 'instance_state:' || instance_id || ':' || key"
	  " FROM instance_state",
	  "UPDATE instance_state SET value = ?3 WHERE instance_id = ?1 AND key = ?2" },
	{ "skip", "sealed", NULL,
	  "SELECT instance_id, record_key, sealed,"
	  " 'skip:' || instance_id || ':' || lower(hex(record_key)) FROM skip",
	  "UPDATE skip SET sealed = ?3 WHERE instance_id = ?1 AND record_key = ?2" },
	{ "follow_word", "sealed", NULL,
	  "SELECT word_key, NULL, sealed, 'follow_word' FROM follow_word",
	  "UPDATE follow_word SET sealed = ?3 WHERE word_key = ?1 AND ?2 IS NULL" },
	{ "message_body", "wrapped", "SELECT coalesce(max(message_id), 0) FROM message_body",
	  "SELECT message_id, NULL, wrapped, 'wrap:message:' || lower(hex(uid)) FROM message_body"
	  " WHERE message_id > ?1 AND message_id <= ?2 AND wrapped IS NOT NULL",
	  "UPDATE message_body SET wrapped = ?3 WHERE message_id = ?1 AND ?2 IS NULL" },
	{ "quarantine", "wrapped", "SELECT coalesce(max(id), 0) FROM quarantine",
	  "SELECT id, NULL, wrapped, 'wrap:quarantine:' || lower(hex(uid)) FROM quarantine"
	  " WHERE id > ?1 AND id <= ?2 AND wrapped IS NOT NULL",
	  "UPDATE quarantine SET wrapped = ?3 WHERE id = ?1 AND ?2 IS NULL" },
	{ "ticket_body", "wrapped", "SELECT coalesce(max(ticket_id), 0) FROM ticket_body",
	  "SELECT b.ticket_id, NULL, b.wrapped, 'wrap:ticket:' || t.reference"
	  " FROM ticket_body b JOIN ticket t ON t.id = b.ticket_id"
	  " WHERE b.ticket_id > ?1 AND b.ticket_id <= ?2 AND b.wrapped IS NOT NULL",
	  "UPDATE ticket_body SET wrapped = ?3 WHERE ticket_id = ?1 AND ?2 IS NULL" },
};

/* ---- flags ------------------------------------------------------------- */

#define BEGAN "key.began"
#define ENDED "key.ended"
#define COLUMN "key.column" /* which is walked */
#define AFTER "key.after"   /* up to which id it is done */
#define DONE "key.done"
#define TOTAL "key.total"
#define UNREADABLE "key.unreadable"

static const char *upto_flag(size_t column)
{
	static const char *const names[MASTER_COLUMNS] = { "key.upto.0", "key.upto.1", "key.upto.2",
							   "key.upto.3", "key.upto.4", "key.upto.5",
							   "key.upto.6" };
	return names[column];
}

struct flag {
	const char *name;
	int64_t value;
};

static enum jembatan_result get_flags(struct db *db, struct flag *flags, size_t n, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++)
		r = instances_flag_get(db, flags[i].name, &flags[i].value, why);
	return r;
}

static enum jembatan_result set_flags(struct db *db, const struct flag *flags, size_t n,
				      struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++)
		r = instances_flag_set(db, flags[i].name, flags[i].value, why);
	return r;
}

/* ---- rows -------------------------------------------------------------- */

struct row {
	struct sql_value key, second;
	struct jembatan_bytes sealed;
	const char *label;
	struct row *next;
};

static struct sql_value keep_value(sqlite3_stmt *s, int column, struct arena *arena)
{
	struct jembatan_bytes b = sql_column_bytes(s, column);
	switch (sqlite3_column_type(s, column)) {
	case SQLITE_INTEGER:
		return sql_number(sqlite3_column_int64(s, column));
	case SQLITE_TEXT:
		return sql_text(sql_column_text(s, column, arena));
	case SQLITE_BLOB:
		return sql_bytes(arena_memdup(arena, b.data, b.size), b.size);
	default:
		return sql_text(NULL);
	}
}

/* All of them first: a statement that is being read must not see its own writes. */
static enum jembatan_result read_rows(struct db *db, const struct master_column *c, int64_t after,
				      int64_t upto, struct arena *arena, struct row **out,
				      struct why *why)
{
	const struct sql_value window[] = { sql_number(after), sql_number(upto) };
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, c->read, window,
						     c->last != NULL ? COUNT_OF(window) : 0);
	enum jembatan_result r;
	*out = NULL;
	while (sql_next(&db->sql, s, &r, why)) {
		struct row *row = arena_alloc(arena, sizeof(*row));
		struct jembatan_bytes sealed = sql_column_bytes(s, 2);
		*row = (struct row){
			.key = keep_value(s, 0, arena), .second = keep_value(s, 1, arena),
			.sealed = bytes_of(arena_memdup(arena, sealed.data, sealed.size), sealed.size),
			.label = sql_column_text(s, 3, arena), .next = *out,
		};
		*out = row;
	}
	return r;
}

/* What neither key opens was damaged before: it is counted, and stays as it is. */
static enum jembatan_result seal_rows_again(struct db *db, const struct master_column *c,
					    int64_t after, int64_t upto, int64_t *unreadable,
					    struct why *why)
{
	struct row *rows = NULL;
	struct arena *arena = arena_new();
	enum jembatan_result r = read_rows(db, c, after, upto, arena, &rows, why);
	for (const struct row *row = rows; row != NULL && r == JEMBATAN_OK; row = row->next) {
		enum jembatan_result sealed = seal_again(&db->master, row->label, row->sealed,
							 &db->sealed, NULL);
		if (sealed == JEMBATAN_OK)
			r = sql_run(&db->sql, why, c->write,
				    SQL_VALUES(row->key, row->second,
					       sql_bytes(db->sealed.data, db->sealed.size)));
		else if (sealed != JEMBATAN_IDLE)
			++*unreadable;
	}
	arena_free(arena);
	return r;
}

/* ---- the walk ---------------------------------------------------------- */

enum jembatan_result master_walk_begin(struct db *db, const char *actor, int64_t now_ms,
				       struct why *why)
{
	int64_t total = 0, unreadable = 0;
	enum jembatan_result r = audit_add(db, AUDIT_CENTRAL, 0, actor, "key",
					   "the master key is being changed", now_ms, why);
	for (size_t i = 0; i < MASTER_COLUMNS && r == JEMBATAN_OK; i++) {
		int64_t upto = 0;
		if (master_columns[i].last == NULL) {
			r = seal_rows_again(db, &master_columns[i], 0, 0, &unreadable, why);
			continue;
		}
		r = sql_get_number(&db->sql, why, &upto, master_columns[i].last, SQL_NOTHING);
		if (r == JEMBATAN_OK)
			r = instances_flag_set(db, upto_flag(i), upto, why);
		total += upto;
	}
	const struct flag flags[] = { { BEGAN, now_ms }, { ENDED, 0 }, { COLUMN, 0 }, { AFTER, 0 },
				      { DONE, 0 }, { TOTAL, total }, { UNREADABLE, unreadable } };
	return r == JEMBATAN_OK ? set_flags(db, flags, COUNT_OF(flags), why) : r;
}

struct walk {
	int64_t column, after, done, unreadable;
};

/* One window, or on to the next column. */
static enum jembatan_result take_window(struct db *db, struct walk *w, struct why *why)
{
	const struct master_column *c = &master_columns[w->column];
	int64_t upto = 0;
	enum jembatan_result r = instances_flag_get(db, upto_flag((size_t)w->column), &upto, why);
	if (r != JEMBATAN_OK)
		return r;
	if (c->last == NULL || w->after >= upto) {
		w->column++;
		w->after = 0;
		return JEMBATAN_OK;
	}
	int64_t to = upto - w->after > WINDOW ? w->after + WINDOW : upto;
	r = seal_rows_again(db, c, w->after, to, &w->unreadable, why);
	w->done += to - w->after;
	w->after = to;
	return r;
}

enum jembatan_result master_walk(struct db *db, int64_t budget_us, bool *out_is_end,
				 struct why *why)
{
	ASSERT(db->master.has_old);
	int64_t until_us = clock_mono_us() + budget_us;
	struct flag flags[] = { { COLUMN, 0 }, { AFTER, 0 }, { DONE, 0 }, { UNREADABLE, 0 } };
	enum jembatan_result r = get_flags(db, flags, COUNT_OF(flags), why);
	struct walk w = { flags[0].value, flags[1].value, flags[2].value, flags[3].value };
	do {
		if (r == JEMBATAN_OK && w.column < (int64_t)MASTER_COLUMNS)
			r = take_window(db, &w, why);
	} while (r == JEMBATAN_OK && w.column < (int64_t)MASTER_COLUMNS &&
		 clock_mono_us() < until_us);
	FAULT_POINT("key.mid");
	const struct flag after[] = { { COLUMN, w.column }, { AFTER, w.after }, { DONE, w.done },
				      { UNREADABLE, w.unreadable } };
	if (r == JEMBATAN_OK)
		r = set_flags(db, after, COUNT_OF(after), why);
	*out_is_end = w.column >= (int64_t)MASTER_COLUMNS;
	return r;
}

enum jembatan_result master_leave_old(struct db *db, const char *actor, int64_t now_ms,
				      struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why, "DELETE FROM meta WHERE name = 'old_key'",
					 SQL_NOTHING);
	return r == JEMBATAN_OK ? audit_add(db, AUDIT_CENTRAL, 0, actor, "key",
					    "the master key was changed", now_ms, why) : r;
}

void master_forget_old(struct db *db)
{
	mem_wipe(&db->master.old, sizeof(db->master.old));
	db->master.has_old = false;
}

enum jembatan_result master_end(struct db *db, int64_t now_ms, struct why *why)
{
	return instances_flag_set(db, ENDED, now_ms, why);
}

enum jembatan_result master_state(struct db *db, struct master_state *out, struct why *why)
{
	struct flag flags[] = { { BEGAN, 0 }, { ENDED, 0 }, { DONE, 0 }, { TOTAL, 0 },
				{ UNREADABLE, 0 } };
	enum jembatan_result r = get_flags(db, flags, COUNT_OF(flags), why);
	if (r != JEMBATAN_OK)
		return r;
	*out = (struct master_state){
		.is_own = db->has_own_key, .began_ms = flags[0].value, .ended_ms = flags[1].value,
		.done = flags[2].value, .total = flags[3].value, .unreadable = flags[4].value,
	};
	seal_mark(&db->master.now, out->mark);
	if (db->master.has_old)
		seal_mark(&db->master.old, out->old_mark);
	if (db->has_next)
		seal_mark(&db->next, out->next_mark);
	return r;
}
