/* differences.c: see differences.h. */
#include "store/differences.h"

#include "store/db_inside.h"
#include "base/poison.h"

#define OPEN "(accepted IS NULL OR accepted <> coalesce(theirs, ''))"

const char *difference_kind_name(enum difference_kind kind)
{
	static const char *const names[] = { "missing", "routing", "status", "content",
					     "unreadable" };
	return (unsigned)kind < COUNT_OF(names) ? names[kind] : "?";
}

enum jembatan_result differences_put(struct db *db, const struct difference *d, int64_t run_ms,
				     struct why *why)
{
	return sql_run(&db->sql, why,
		       "INSERT INTO difference (ticket_id, kind, ours, theirs, first_ms, run_ms)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (ticket_id, kind) DO UPDATE"
		       " SET ours = ?3, theirs = ?4, run_ms = ?5",
		       SQL_VALUES(sql_number(d->ticket_id), sql_number(d->kind), sql_text(d->ours),
				  sql_text(d->theirs), sql_number(run_ms)));
}

enum jembatan_result differences_count(struct db *db, int64_t *out_count, struct why *why)
{
	return sql_get_number(&db->sql, why, out_count, "SELECT count(*) FROM difference WHERE " OPEN,
			      SQL_NOTHING);
}

enum jembatan_result differences_accept(struct db *db, int64_t ticket_id, struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why,
					 "UPDATE difference SET accepted = coalesce(theirs, '')"
					 " WHERE ticket_id = ?1", SQL_VALUES(sql_number(ticket_id)));
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		return why_set(why, JEMBATAN_GONE, "the last comparison found no difference there");
	return r;
}

enum jembatan_result differences_end(struct db *db, int64_t run_ms, int64_t *out_count,
				     int64_t *out_new, struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why, "DELETE FROM difference WHERE run_ms < ?1",
					 SQL_VALUES(sql_number(run_ms)));
	if (r == JEMBATAN_OK)
		r = sql_get_number(&db->sql, why, out_new,
				   "SELECT count(*) FROM difference WHERE first_ms >= ?1 AND " OPEN,
				   SQL_VALUES(sql_number(run_ms)));
	return r == JEMBATAN_OK ? differences_count(db, out_count, why) : r;
}

enum jembatan_result differences_list(struct db *db, int64_t after_ticket_id, size_t limit,
				      struct arena *arena, struct difference *out,
				      size_t *out_count, struct why *why)
{
	static const char text[] =
		"SELECT d.ticket_id, t.reference, t.tracking_id, d.kind, d.ours, d.theirs,"
		" d.first_ms, d.accepted IS NOT NULL AND d.accepted = coalesce(d.theirs, '')"
		" FROM difference d JOIN ticket t ON t.id = d.ticket_id"
		" WHERE d.ticket_id > ?1 ORDER BY d.ticket_id, d.kind LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(after_ticket_id),
						     sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = (struct difference){
			.ticket_id = sqlite3_column_int64(s, 0),
			.reference = sql_column_text(s, 1, arena),
			.tracking_id = sql_column_text(s, 2, arena),
			.kind = (enum difference_kind)sqlite3_column_int(s, 3),
			.ours = sql_column_text(s, 4, arena),
			.theirs = sql_column_text(s, 5, arena),
			.first_ms = sqlite3_column_int64(s, 6),
			.accepted = sqlite3_column_int(s, 7) != 0,
		};
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}
