/* incomplete.c: see incomplete.h. */
#include "store/incomplete.h"

#include "store/db_inside.h"
#include "store/migrate.h"
#include "base/poison.h"

const char schema_incomplete[] =
	"CREATE TABLE incomplete ("
	" ticket_id INTEGER PRIMARY KEY REFERENCES ticket,"
	" missing INTEGER NOT NULL,"
	" due_ms INTEGER NOT NULL,"
	" asked_ms INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX incomplete_due ON incomplete (due_ms);"
	"CREATE INDEX incomplete_unasked ON incomplete (ticket_id) WHERE asked_ms = 0;";
/* All of them are looked at, by their key. */
const char schema_incomplete_all[] = "DROP INDEX incomplete_unasked;";

enum jembatan_result incomplete_put(struct db *db, const struct incomplete_row *row, struct why *why)
{
	return sql_run(&db->sql, why,
		       "INSERT INTO incomplete (ticket_id, missing, due_ms) VALUES (?1, ?2, ?3)"
		       " ON CONFLICT (ticket_id) DO UPDATE SET missing = excluded.missing",
		       SQL_VALUES(sql_number(row->ticket_id), sql_number((int64_t)row->missing),
				  sql_number(row->due_ms)));
}

enum jembatan_result incomplete_set_asked(struct db *db, int64_t ticket_id, int64_t now_ms,
					  struct why *why)
{
	return sql_run(&db->sql, why, "UPDATE incomplete SET asked_ms = ?2 WHERE ticket_id = ?1",
		       SQL_VALUES(sql_number(ticket_id), sql_number(now_ms)));
}

enum jembatan_result incomplete_remove(struct db *db, int64_t ticket_id, struct why *why)
{
	return sql_run(&db->sql, why, "DELETE FROM incomplete WHERE ticket_id = ?1",
		       SQL_VALUES(sql_number(ticket_id)));
}

static struct incomplete_row read_row(sqlite3_stmt *s)
{
	return (struct incomplete_row){
		.ticket_id = sqlite3_column_int64(s, 0),
		.missing = (unsigned)sqlite3_column_int64(s, 1),
		.due_ms = sqlite3_column_int64(s, 2),
		.asked_ms = sqlite3_column_int64(s, 3),
	};
}

enum jembatan_result incomplete_get(struct db *db, int64_t ticket_id, struct incomplete_row *out,
				    struct why *why)
{
	static const char text[] = "SELECT ticket_id, missing, due_ms, asked_ms FROM incomplete"
				   " WHERE ticket_id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(ticket_id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		*out = read_row(s);
	return r;
}

static enum jembatan_result list(struct db *db, const char *text, int64_t from, size_t limit,
				 struct incomplete_row *out, size_t *out_count, struct why *why)
{
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(from), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = read_row(s);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result incomplete_due(struct db *db, int64_t now_ms, size_t limit,
				    struct incomplete_row *out, size_t *out_count, struct why *why)
{
	return list(db, "SELECT ticket_id, missing, due_ms, asked_ms FROM incomplete"
		    " WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2", now_ms, limit, out, out_count, why);
}

enum jembatan_result incomplete_list(struct db *db, int64_t after_id, size_t limit,
				     struct incomplete_row *out, size_t *out_count, struct why *why)
{
	return list(db, "SELECT ticket_id, missing, due_ms, asked_ms FROM incomplete"
		    " WHERE ticket_id > ?1 ORDER BY ticket_id LIMIT ?2", after_id, limit, out,
		    out_count, why);
}

enum jembatan_result incomplete_end(struct db *db, int64_t ticket_id, int64_t now_ms,
				    struct why *why)
{
	return sql_run(&db->sql, why,
		       "UPDATE incomplete SET due_ms = ?2 WHERE ticket_id = ?1 AND due_ms > ?2",
		       SQL_VALUES(sql_number(ticket_id), sql_number(now_ms)));
}
