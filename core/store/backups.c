/* backups.c: rows of the table backup. */
#include "store/backups.h"

#include "store/db_inside.h"
#include "base/poison.h"

enum jembatan_result backups_add(struct db *db, const char *place, int64_t now_ms, int64_t *out_id,
				 struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why,
					 "INSERT INTO backup (made_ms, place) VALUES (?1, ?2)",
					 SQL_VALUES(sql_number(now_ms), sql_text(place)));
	if (r == JEMBATAN_OK)
		*out_id = sql_last_id(&db->sql);
	return r;
}

enum jembatan_result backups_finish(struct db *db, int64_t id, const char *digest, int64_t bytes,
				    struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why, "UPDATE backup SET digest = ?2, bytes = ?3 WHERE id = ?1",
			SQL_VALUES(sql_number(id), sql_text(digest), sql_number(bytes)));
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		return why_set(why, JEMBATAN_GONE, "there is no such backup");
	return r;
}

enum jembatan_result backups_list(struct db *db, int64_t after_id, size_t limit,
				  struct arena *arena, struct backups_row *out, size_t *out_count,
				  struct why *why)
{
	static const char text[] = "SELECT id, made_ms, bytes, place, digest, key_mark FROM backup"
				   " WHERE id > ?1 ORDER BY id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(after_id), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = (struct backups_row){
			.id = sqlite3_column_int64(s, 0),
			.made_ms = sqlite3_column_int64(s, 1),
			.bytes = sqlite3_column_int64(s, 2),
			.place = sql_column_text(s, 3, arena),
			.digest = sql_column_text(s, 4, arena),
			.key_mark = sql_column_text(s, 5, arena),
		};
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}
