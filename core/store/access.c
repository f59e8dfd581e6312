/* access.c: see access.h. */
#include "store/access.h"

#include "store/db_inside.h"
#include "base/poison.h"

enum jembatan_result access_add(struct db *db, const char *actor, const char *what,
				enum audit_subject subject, int64_t subject_id, int64_t now_ms,
				struct why *why)
{
	return sql_run(&db->sql, why,
		       "INSERT INTO access (at_ms, actor, what, subject, subject_id)"
		       " VALUES (?1, ?2, ?3, ?4, ?5)",
		       SQL_VALUES(sql_number(now_ms), sql_text(actor), sql_text(what),
				  sql_number(subject), sql_number(subject_id)));
}

enum jembatan_result access_list(struct db *db, int64_t after_id, size_t limit, struct arena *arena,
				 struct access_row *out, size_t *out_count, struct why *why)
{
	static const char text[] =
		"SELECT a.id, a.at_ms, a.actor, a.what, a.subject, a.subject_id, t.reference"
		" FROM access a LEFT JOIN ticket t ON a.subject = 1 AND t.id = a.subject_id"
		" WHERE a.id > ?1 ORDER BY a.id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(after_id), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = (struct access_row){
			.id = sqlite3_column_int64(s, 0),
			.at_ms = sqlite3_column_int64(s, 1),
			.actor = sql_column_text(s, 2, arena),
			.what = sql_column_text(s, 3, arena),
			.subject = (enum audit_subject)sqlite3_column_int(s, 4),
			.subject_id = sqlite3_column_int64(s, 5),
			.reference = sql_column_text(s, 6, arena),
		};
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result access_forget(struct db *db, int64_t before_ms, size_t limit,
				   int64_t *out_count, struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why, "DELETE FROM access WHERE id IN (SELECT id FROM access"
			" WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
			SQL_VALUES(sql_number(before_ms), sql_number((int64_t)limit)));
	*out_count = r == JEMBATAN_OK ? sql_changes(&db->sql) : 0;
	return r;
}
