/* audit.c: one short row per step. */
#include "store/audit.h"

#include "store/db_inside.h"
#include "base/poison.h"

#define SELF "jembatan" /* stored as NULL: almost every row has it */

enum jembatan_result audit_add(struct db *db, enum audit_subject subject, int64_t subject_id,
			       const char *actor, const char *what, const char *why_text,
			       int64_t now_ms, struct why *why)
{
	return sql_run(&db->sql, why,
		       "INSERT INTO audit (at_ms, subject, subject_id, actor, what, why)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		       SQL_VALUES(sql_number(now_ms), sql_number(subject), sql_number(subject_id),
				  sql_text(str_equal(actor, SELF) ? NULL : actor), sql_text(what),
				  sql_text(why_text)));
}

enum jembatan_result audit_list(struct db *db, enum audit_subject subject, int64_t subject_id,
				size_t limit, struct arena *arena, struct audit_row *out,
				size_t *out_count, struct why *why)
{
	static const char text[] = "SELECT id, at_ms, actor, what, why FROM audit"
				   " WHERE subject = ?1 AND subject_id = ?2 ORDER BY id LIMIT ?3";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(subject), sql_number(subject_id),
						     sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why)) {
		const char *actor = sql_column_text(s, 2, arena);
		out[n++] = (struct audit_row){
			.id = sqlite3_column_int64(s, 0),
			.at_ms = sqlite3_column_int64(s, 1),
			.subject = subject,
			.subject_id = subject_id,
			.actor = actor != NULL ? actor : SELF,
			.what = sql_column_text(s, 3, arena),
			.why = sql_column_text(s, 4, arena),
		};
	}
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}
