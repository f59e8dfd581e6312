/* inbox_read.c: messages as they were stored, opened. */
#include "store/inbox_inside.h"

#include <string.h>

#include "base/poison.h"

bool inbox_key_is_none(const struct digest *key)
{
	static const struct digest zero;
	return memcmp(key, &zero, sizeof(zero)) == 0;
}

struct sql_value inbox_key_value(const struct digest *key)
{
	return key == NULL || inbox_key_is_none(key) ? sql_bytes(NULL, 0) :
						       sql_bytes(key->bytes, INBOX_KEY_SIZE);
}

#define COLUMNS \
	"SELECT m.id, m.instance_id, m.received_ms, m.stage, m.ticket_id, m.edit_of, m.repeats," \
	" m.reason, m.thread_key"
#define SELECT_ROWS \
	COLUMNS ", b.uid, b.wrapped, b.head" \
		" FROM message m JOIN message_body b ON b.message_id = m.id "

/* The plain head in db->plain. */
static enum jembatan_result open_head(struct db *db, const struct seal_row *row,
				      struct jembatan_bytes sealed, struct arena *arena,
				      struct msg_message *out, struct why *why)
{
	buf_clear(&db->plain);
	enum jembatan_result r = seal_column_open(row, "head", sealed, &db->plain, why);
	if (r != JEMBATAN_OK)
		return r;
	struct jembatan_bytes packed = {
		arena_memdup(arena, db->plain.data, db->plain.size), db->plain.size
	};
	return msg_message_unpack(packed, arena, out, why);
}

static enum jembatan_result open_row(struct db *db, int64_t id, struct jembatan_bytes uid,
				     struct jembatan_bytes wrapped, struct seal_row *out)
{
	if (uid.size == SEAL_UID_SIZE && keys_find(&db->keys, id, &out->key)) {
		memcpy(out->uid, uid.data, SEAL_UID_SIZE);
		return JEMBATAN_OK;
	}
	enum jembatan_result r = seal_row_open(&db->master, INBOX_TABLE, uid, wrapped, out, NULL);
	if (r == JEMBATAN_OK)
		keys_keep(&db->keys, id, &out->key);
	return r;
}

static void read_columns(sqlite3_stmt *s, struct arena *arena, struct inbox_row *out)
{
	*out = (struct inbox_row){
		.id = sqlite3_column_int64(s, 0),
		.instance_id = sqlite3_column_int64(s, 1),
		.received_ms = sqlite3_column_int64(s, 2),
		.stage = (enum inbox_stage)sqlite3_column_int(s, 3),
		.ticket_id = sqlite3_column_int64(s, 4),
		.edit_of = sqlite3_column_int64(s, 5),
		.repeats = sqlite3_column_int64(s, 6),
		.reason = sql_column_text(s, 7, arena),
	};
	struct jembatan_bytes thread = sql_column_bytes(s, 8);
	if (thread.size == INBOX_KEY_SIZE)
		memcpy(out->thread_key.bytes, thread.data, INBOX_KEY_SIZE);
}

/* uid, wrapped and head from the column `first` on. */
static void read_message(struct db *db, sqlite3_stmt *s, int first, struct arena *arena,
			 struct inbox_row *out)
{
	struct seal_row row;
	enum jembatan_result r = open_row(db, out->id, sql_column_bytes(s, first),
					  sql_column_bytes(s, first + 1), &row);
	if (r == JEMBATAN_OK)
		r = open_head(db, &row, sql_column_bytes(s, first + 2), arena, &out->message, NULL);
	mem_wipe(&row.key, sizeof(row.key));
	if (r != JEMBATAN_OK)
		out->message = (struct msg_message){ 0 }; /* size 0: it cannot be read */
}

static void read_row(struct db *db, sqlite3_stmt *s, struct arena *arena, struct inbox_row *out)
{
	read_columns(s, arena, out);
	read_message(db, s, 9, arena, out);
}

static enum jembatan_result read_rows(struct db *db, sqlite3_stmt *s, struct arena *arena,
				      struct inbox_row *out, size_t *out_count, struct why *why)
{
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		read_row(db, s, arena, &out[n++]);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

/* As it was handed over in this very transaction, or from its row. */
static enum jembatan_result find_message(struct db *db, struct arena *arena, struct inbox_row *out,
					 struct why *why)
{
	static const char text[] =
		"SELECT uid, wrapped, head FROM message_body WHERE message_id = ?1";
	const struct msg_message *fresh = fresh_find(&db->fresh, out->id);
	if (fresh != NULL) {
		out->message = *fresh;
		out->message.message.raw = bytes_of(NULL, 0); /* inbox_raw gives it */
		return JEMBATAN_OK;
	}
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(out->id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		read_message(db, s, 0, arena, out);
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

enum jembatan_result inbox_take(struct db *db, int64_t now_ms, size_t limit, struct arena *arena,
				struct inbox_row *out, size_t *out_count, struct why *why)
{
	static const char text[] = COLUMNS " FROM message m WHERE m.stage = 0 AND m.due_ms <= ?1"
					   " ORDER BY m.due_ms, m.id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(now_ms), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		read_columns(s, arena, &out[n++]);
	sql_end(&s);
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++)
		r = find_message(db, arena, &out[i], why);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result inbox_get(struct db *db, int64_t id, struct arena *arena,
			       struct inbox_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE m.id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		read_row(db, s, arena, out);
	return r;
}

enum jembatan_result inbox_of_ticket(struct db *db, int64_t ticket_id, size_t limit,
				     struct arena *arena, struct inbox_row *out, size_t *out_count,
				     struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE m.ticket_id = ?1 ORDER BY m.id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(ticket_id), sql_number((int64_t)limit)));
	return read_rows(db, s, arena, out, out_count, why);
}

enum jembatan_result inbox_walk(struct db *db, int64_t after_id, size_t limit, struct arena *arena,
				struct inbox_row *out, size_t *out_count, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE m.id > ?1 ORDER BY m.id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(after_id), sql_number((int64_t)limit)));
	return read_rows(db, s, arena, out, out_count, why);
}

enum jembatan_result inbox_thread_look(struct db *db, const struct inbox_row *row,
				       const struct digest *thread_key, int64_t since_ms,
				       struct inbox_look *out, struct why *why)
{
	static const char text[] =
		"SELECT (SELECT stage = 0 FROM message WHERE id = ?1)"
		" + 2 * EXISTS (SELECT 1 FROM message WHERE instance_id = ?2 AND thread_key = ?3"
		" AND thread_key IS NOT NULL AND stage = 0 AND id < ?1 AND received_ms >= ?4)";
	int64_t found = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &found, text,
			       SQL_VALUES(sql_number(row->id), sql_number(row->instance_id),
					  inbox_key_value(thread_key), sql_number(since_ms)));
	if (r == JEMBATAN_OK)
		*out = (struct inbox_look){ (found & 1) != 0, (found & 2) != 0 };
	return r;
}

enum jembatan_result inbox_of_thread(struct db *db, const struct inbox_row *row,
				     const struct digest *thread_key, int64_t until_ms,
				     size_t limit, struct arena *arena, struct inbox_row *out,
				     size_t *out_count, struct why *why)
{
	static const char text[] =
		SELECT_ROWS "WHERE m.instance_id = ?1 AND m.thread_key = ?2"
			    " AND m.thread_key IS NOT NULL AND m.stage = 0 AND m.id > ?3"
			    " AND m.received_ms <= ?4 ORDER BY m.id LIMIT ?5";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(row->instance_id), inbox_key_value(thread_key),
				     sql_number(row->id), sql_number(until_ms),
				     sql_number((int64_t)limit)));
	return read_rows(db, s, arena, out, out_count, why);
}

static enum jembatan_result raw_from_file(struct db *db, const struct seal_row *row,
					  struct jembatan_bytes head, struct buf *out,
					  struct why *why)
{
	struct msg_message m = { 0 };
	struct arena *arena = arena_new();
	enum jembatan_result r = open_head(db, row, head, arena, &m, why);
	if (r == JEMBATAN_OK && m.raw_spooled_count == 0)
		r = why_set(why, JEMBATAN_GONE, "this record came without raw bytes");
	if (r == JEMBATAN_OK)
		r = inbox_files_read(db, m.raw_spooled, out, why);
	arena_free(arena);
	return r;
}

enum jembatan_result inbox_raw(struct db *db, int64_t id, struct buf *out, struct why *why)
{
	static const char text[] =
		"SELECT uid, wrapped, head, raw FROM message_body WHERE message_id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK)
		return r;
	struct seal_row row;
	r = seal_row_open(&db->master, INBOX_TABLE, sql_column_bytes(s, 0), sql_column_bytes(s, 1), &row,
			  why);
	struct jembatan_bytes raw = sql_column_bytes(s, 3);
	if (r == JEMBATAN_OK && raw.size != 0)
		r = seal_column_open(&row, "raw", raw, out, why);
	else if (r == JEMBATAN_OK)
		r = raw_from_file(db, &row, sql_column_bytes(s, 2), out, why);
	mem_wipe(&row.key, sizeof(row.key));
	return r;
}

bool inbox_is_same_thread(const struct inbox_row *a, const struct inbox_row *b)
{
	return a->instance_id == b->instance_id && !inbox_key_is_none(&a->thread_key) &&
	       memcmp(a->thread_key.bytes, b->thread_key.bytes, INBOX_KEY_SIZE) == 0;
}

