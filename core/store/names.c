/* names.c: see names.h. */
#include "store/names.h"

#include "store/db_inside.h"
#include "store/instances.h"
#include "base/poison.h"

static const char *flag_of(enum names_kind kind)
{
	return kind == NAMES_TEMPLATE ? "central.templates_ms" : "central.institutions_ms";
}

enum jembatan_result names_replace(struct db *db, enum names_kind kind,
				   const struct central_name *list, size_t count, int64_t now_ms,
				   struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why, "DELETE FROM central_name WHERE kind = ?1",
					 SQL_VALUES(sql_number(kind)));
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		r = sql_run(&db->sql, why,
			    "INSERT INTO central_name (kind, id, name) VALUES (?1, ?2, ?3)"
			    " ON CONFLICT DO NOTHING",
			    SQL_VALUES(sql_number(kind), sql_text(list[i].id),
				       sql_text(list[i].name)));
	return r == JEMBATAN_OK ? instances_flag_set(db, flag_of(kind), now_ms, why) : r;
}

enum jembatan_result names_age(struct db *db, enum names_kind kind, int64_t *out_ms,
			       struct why *why)
{
	return instances_flag_get(db, flag_of(kind), out_ms, why);
}

enum jembatan_result names_list(struct db *db, enum names_kind kind, const char *after_id,
				size_t limit, struct arena *arena, struct central_name *out,
				size_t *out_count, struct why *why)
{
	static const char text[] = "SELECT id, name FROM central_name WHERE kind = ?1 AND id > ?2"
				   " ORDER BY id LIMIT ?3";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(kind), sql_text(after_id),
						     sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = (struct central_name){ .id = sql_column_text(s, 0, arena),
						  .name = sql_column_text(s, 1, arena) };
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}
