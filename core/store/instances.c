/* instances.c: cursors, pauses, and the plugins' own small values. */
#include "store/instances.h"

#include <stdio.h>

#include "store/db_inside.h"
#include "base/poison.h"

#define STATE_VALUE_MAX (64u * 1024u)
#define LABEL_SIZE 64u

static const char *cursor_label(int64_t id, char out[LABEL_SIZE])
{
	snprintf(out, LABEL_SIZE, "instance.cursor:%lld", (long long)id);
	return out;
}

static enum jembatan_result read_row(struct db *db, const char *name, struct arena *arena,
				     struct instance_row *out, struct why *why)
{
	static const char text[] = "SELECT id, cursor, start_ms, paused, first_seen_ms, last_ok_ms,"
				   " last_message_ms FROM instance WHERE name = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_text(name)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK)
		return r;
	struct instance_row row = {
		.id = sqlite3_column_int64(s, 0),
		.start_ms = sqlite3_column_int64(s, 2),
		.paused = sqlite3_column_int64(s, 3) != 0,
		.first_seen_ms = sqlite3_column_int64(s, 4),
		.last_ok_ms = sqlite3_column_int64(s, 5),
		.last_message_ms = sqlite3_column_int64(s, 6),
	};
	struct jembatan_bytes sealed = sql_column_bytes(s, 1), plain = { 0 };
	if (sealed.size != 0) {
		char label[LABEL_SIZE];
		r = db_unseal(db, cursor_label(row.id, label), sealed, &plain, why);
		if (r != JEMBATAN_OK)
			return r;
		row.cursor = arena_strndup(arena, plain.data, plain.size);
	}
	row.name = arena_strdup(arena, name);
	*out = row;
	return JEMBATAN_OK;
}

enum jembatan_result instances_get(struct db *db, const char *name, int64_t start_ms,
				   int64_t now_ms, struct arena *arena, struct instance_row *out,
				   struct why *why)
{
	enum jembatan_result r = read_row(db, name, arena, out, why);
	if (r != JEMBATAN_GONE)
		return r;
	r = sql_run(&db->sql, why,
		    "INSERT INTO instance (name, start_ms, first_seen_ms) VALUES (?1, ?2, ?3)",
		    SQL_VALUES(sql_text(name), sql_number(start_ms), sql_number(now_ms)));
	if (r != JEMBATAN_OK)
		return r;
	return read_row(db, name, arena, out, why);
}

/* The row must be there. */
static enum jembatan_result updated(struct db *db, enum jembatan_result r, struct why *why)
{
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		return why_set(why, JEMBATAN_GONE, "there is no such instance in the store");
	return r;
}

enum jembatan_result instances_set_cursor(struct db *db, int64_t id, const char *cursor,
					  struct why *why)
{
	char label[LABEL_SIZE];
	struct jembatan_bytes sealed = { 0 };
	if (cursor != NULL)
		sealed = db_seal(db, cursor_label(id, label), bytes_text(cursor));
	return updated(db, sql_run(&db->sql, why, "UPDATE instance SET cursor = ?2 WHERE id = ?1",
				   SQL_VALUES(sql_number(id), sql_bytes(sealed.data, sealed.size))),
		       why);
}

enum jembatan_result instances_set_start(struct db *db, int64_t id, int64_t start_ms,
					 struct why *why)
{
	return updated(db, sql_run(&db->sql, why, "UPDATE instance SET start_ms = ?2 WHERE id = ?1",
				   SQL_VALUES(sql_number(id), sql_number(start_ms))), why);
}

enum jembatan_result instances_set_paused(struct db *db, int64_t id, bool paused, struct why *why)
{
	return updated(db, sql_run(&db->sql, why, "UPDATE instance SET paused = ?2 WHERE id = ?1",
				   SQL_VALUES(sql_number(id), sql_number(paused))), why);
}

enum jembatan_result instances_set_ok(struct db *db, int64_t id, int64_t now_ms, struct why *why)
{
	return updated(db, sql_run(&db->sql, why,
				   "UPDATE instance SET last_ok_ms = ?2 WHERE id = ?1",
				   SQL_VALUES(sql_number(id), sql_number(now_ms))), why);
}

static char *state_label(int64_t id, const char *key)
{
	return xasprintf("instance_state:%lld:%s", (long long)id, key);
}

enum jembatan_result instances_state_get(struct db *db, int64_t id, const char *key,
					 struct buf *out, struct why *why)
{
	static const char text[] =
		"SELECT value FROM instance_state WHERE instance_id = ?1 AND key = ?2";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(id), sql_text(key)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(free_pointer) char *label = state_label(id, key);
	return seal_value_open(&db->master, label, sql_column_bytes(s, 0), out, why);
}

enum jembatan_result instances_state_put(struct db *db, int64_t id, const char *key,
					 struct jembatan_bytes value, struct why *why)
{
	if (value.size == 0)
		return sql_run(&db->sql, why,
			       "DELETE FROM instance_state WHERE instance_id = ?1 AND key = ?2",
			       SQL_VALUES(sql_number(id), sql_text(key)));
	if (value.size > STATE_VALUE_MAX)
		return why_set(why, JEMBATAN_DATA,
			       "a connector's state value is larger than %u bytes",
			       STATE_VALUE_MAX);
	CLEANUP(free_pointer) char *label = state_label(id, key);
	struct jembatan_bytes sealed = db_seal(db, label, value);
	return sql_run(&db->sql, why,
		       "INSERT INTO instance_state (instance_id, key, value) VALUES (?1, ?2, ?3)"
		       " ON CONFLICT DO UPDATE SET value = excluded.value",
		       SQL_VALUES(sql_number(id), sql_text(key),
				  sql_bytes(sealed.data, sealed.size)));
}

enum jembatan_result instances_flag_get(struct db *db, const char *name, int64_t *out,
					struct why *why)
{
	int64_t value = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &value,
						"SELECT value FROM flag WHERE name = ?1",
						SQL_VALUES(sql_text(name)));
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	*out = value;
	return JEMBATAN_OK;
}

enum jembatan_result instances_flag_set(struct db *db, const char *name, int64_t value,
					struct why *why)
{
	return sql_run(&db->sql, why, "INSERT INTO flag (name, value) VALUES (?1, ?2)"
		       " ON CONFLICT DO UPDATE SET value = excluded.value",
		       SQL_VALUES(sql_text(name), sql_number(value)));
}
