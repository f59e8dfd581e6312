/* erasures.c: requests to erase, and their slices. */
#include <stdlib.h>

#include "store/db_inside.h"
#include "store/erase_inside.h"
#include "base/poison.h"

#define REASON "erased: its words were destroyed on request"

enum jembatan_result erasures_add(struct db *db, const char *actor, enum erase_by by,
				  const struct erase_item *items, size_t count, int64_t now_ms,
				  int64_t *out_id, struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why,
					 "INSERT INTO erasure (asked_ms, actor, by) VALUES (?1, ?2, ?3)",
					 SQL_VALUES(sql_number(now_ms), sql_text(actor),
						    sql_number(by)));
	*out_id = r == JEMBATAN_OK ? sql_last_id(&db->sql) : 0;
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		r = sql_run(&db->sql, why,
			    "INSERT INTO erasure_item (erasure_id, subject, subject_id)"
			    " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
			    SQL_VALUES(sql_number(*out_id), sql_number(items[i].subject),
				       sql_number(items[i].id)));
		if (r == JEMBATAN_OK)
			r = erase_withdraw(db, &items[i], why);
	}
	return r;
}

#define SELECT_ROWS \
	"SELECT id, asked_ms, actor, by, messages, tickets, records, files, fingerprints, replies," \
	" submissions, (SELECT count(*) FROM erasure_item i WHERE i.erasure_id = e.id)" \
	" FROM erasure e "

static enum jembatan_result read_one(struct db *db, sqlite3_stmt *s, struct arena *arena,
				     struct erasure *out, struct why *why)
{
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		*out = (struct erasure){
			.id = sqlite3_column_int64(s, 0),
			.asked_ms = sqlite3_column_int64(s, 1),
			.actor = sql_column_text(s, 2, arena),
			.by = (enum erase_by)sqlite3_column_int(s, 3),
			.counts = { .messages = sqlite3_column_int64(s, 4),
				    .tickets = sqlite3_column_int64(s, 5),
				    .records = sqlite3_column_int64(s, 6),
				    .files = sqlite3_column_int64(s, 7),
				    .fingerprints = sqlite3_column_int64(s, 8),
				    .replies = sqlite3_column_int64(s, 9),
				    .submissions = sqlite3_column_int64(s, 10) },
			.left = sqlite3_column_int64(s, 11),
		};
	return r;
}

enum jembatan_result erasures_open(struct db *db, struct arena *arena, struct erasure *out,
				   struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE done_ms = 0 ORDER BY id LIMIT 1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_NOTHING);
	return read_one(db, s, arena, out, why);
}

enum jembatan_result erasures_get(struct db *db, int64_t id, struct arena *arena,
				  struct erasure *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	return read_one(db, s, arena, out, why);
}

static enum jembatan_result next_items(struct db *db, int64_t id, size_t limit,
				       struct erase_item *out, size_t *out_count, struct why *why)
{
	static const char text[] = "SELECT subject, subject_id FROM erasure_item"
				   " WHERE erasure_id = ?1 LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(id), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = (struct erase_item){ (enum audit_subject)sqlite3_column_int(s, 0),
						sqlite3_column_int64(s, 1) };
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

static enum jembatan_result add_counts(struct db *db, int64_t id, const struct erase_counts *c,
				       struct why *why)
{
	return sql_run(&db->sql, why,
		       "UPDATE erasure SET messages = messages + ?2, tickets = tickets + ?3,"
		       " records = records + ?4, files = files + ?5,"
		       " fingerprints = fingerprints + ?6, replies = replies + ?7,"
		       " submissions = submissions + ?8 WHERE id = ?1",
		       SQL_VALUES(sql_number(id), sql_number(c->messages), sql_number(c->tickets),
				  sql_number(c->records), sql_number(c->files),
				  sql_number(c->fingerprints), sql_number(c->replies),
				  sql_number(c->submissions)));
}

enum jembatan_result erasures_slice(struct db *db, int64_t id, size_t limit, int64_t now_ms,
				    struct erase_item *out_items, size_t *out_count,
				    struct buf *out_keys, struct why *why)
{
	struct erase_counts counts = { 0 };
	size_t n = 0;
	enum jembatan_result r = next_items(db, id, limit, out_items, &n, why);
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++) {
		r = erase_item(db, &out_items[i], REASON, &counts, out_keys, why);
		if (r == JEMBATAN_OK)
			r = audit_add(db, out_items[i].subject, out_items[i].id, NULL, "erased",
				      "its words were destroyed on request", now_ms, why);
		if (r == JEMBATAN_OK)
			r = sql_run(&db->sql, why, "DELETE FROM erasure_item WHERE erasure_id = ?1"
				    " AND subject = ?2 AND subject_id = ?3",
				    SQL_VALUES(sql_number(id), sql_number(out_items[i].subject),
					       sql_number(out_items[i].id)));
	}
	if (r == JEMBATAN_OK)
		r = add_counts(db, id, &counts, why);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result erasures_done(struct db *db, int64_t id, int64_t now_ms, struct why *why)
{
	return sql_run(&db->sql, why, "UPDATE erasure SET done_ms = ?2 WHERE id = ?1",
		       SQL_VALUES(sql_number(id), sql_number(now_ms)));
}
