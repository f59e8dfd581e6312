/* quarantine.c: what could not be understood, byte for byte, and the records
 * that killed their parser. Record keys come from a child as plain digests of
 * remote ids: they are stored as keyed hashes, and sealed. */
#include "store/quarantine.h"

#include <stdio.h>
#include <string.h>

#include "store/db_inside.h"
#include "base/poison.h"

#define TABLE "quarantine"
#define QUARANTINE 4u /* kept.subject */
#define DEATHS_TO_SKIP 2

/* A column of its own buffer; NULL when there is nothing to seal. */
struct sealed_columns {
	struct buf remote_id, spooled, raw;
};

static void columns_init(struct sealed_columns *c)
{
	buf_init(&c->remote_id, SEAL_VALUE_MAX);
	buf_init(&c->spooled, SEAL_VALUE_MAX);
	buf_init(&c->raw, SEAL_VALUE_MAX);
}

static void columns_done(struct sealed_columns *c)
{
	buf_done(&c->remote_id);
	buf_done(&c->spooled);
	buf_done(&c->raw);
}

/* The packed msg_begin holds the remote id and the raw file's token and key. */
static bool seal_columns(struct db *db, const struct seal_row *row, const struct msg_begin *begin,
			 struct jembatan_bytes raw, struct sealed_columns *c)
{
	if (begin->id != NULL)
		seal_column(row, "remote_id", bytes_text(begin->id), &c->remote_id);
	if (begin->spooled_count != 0) {
		buf_clear(&db->plain);
		field_pack(msg_begin_fields, begin, &db->plain);
		seal_column(row, "spooled", buf_bytes(&db->plain), &c->spooled);
	}
	if (raw.size != 0)
		seal_column(row, "raw", raw, &c->raw);
	return !buf_is_full(&c->remote_id) && !buf_is_full(&c->spooled) && !buf_is_full(&c->raw) &&
	       !buf_is_full(&db->plain);
}

static struct sql_value buf_value(const struct buf *b)
{
	return sql_bytes(b->data, b->size);
}

static enum jembatan_result insert(struct db *db, int64_t instance_id, const struct digest *key,
				   const struct msg_begin *begin, struct jembatan_bytes raw,
				   const char *reason, int64_t now_ms, struct why *why)
{
	struct seal_row row;
	CLEANUP(columns_done) struct sealed_columns c;
	columns_init(&c);
	buf_clear(&db->wrapped);
	seal_row_new(&db->master, TABLE, &row, &db->wrapped);
	bool fits = seal_columns(db, &row, begin, raw, &c);
	mem_wipe(&row.key, sizeof(row.key));
	if (!fits)
		return why_set(why, JEMBATAN_DATA, "a record is too large for the store");
	size_t size = begin->spooled_count != 0 ? begin->spooled->size : raw.size;
	return sql_run(&db->sql, why,
		       "INSERT INTO quarantine (instance_id, record_key, at_ms, raw_type, reason,"
		       " size, uid, wrapped, remote_id, spooled, raw)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
		       SQL_VALUES(sql_number(instance_id), sql_bytes(key->bytes, DIGEST_SIZE),
				  sql_number(now_ms), sql_text(begin->raw_type), sql_text(reason),
				  sql_number((int64_t)size), sql_bytes(row.uid, sizeof(row.uid)),
				  buf_value(&db->wrapped), buf_value(&c.remote_id),
				  buf_value(&c.spooled), buf_value(&c.raw)));
}

/* Known: back again, so it waits again. */
static enum jembatan_result again(struct db *db, int64_t instance_id, const struct digest *key,
				  const char *reason, int64_t now_ms, int64_t *out_id,
				  struct why *why)
{
	return sql_get_number(&db->sql, why, out_id,
			      "UPDATE quarantine SET at_ms = ?3, reason = ?4, replayed = 0"
			      " WHERE instance_id = ?1 AND record_key = ?2 RETURNING id",
			      SQL_VALUES(sql_number(instance_id),
					 sql_bytes(key->bytes, DIGEST_SIZE), sql_number(now_ms),
					 sql_text(reason)));
}

enum jembatan_result quarantine_add(struct db *db, int64_t instance_id,
				    const struct digest *record_key, const struct msg_begin *begin,
				    struct jembatan_bytes raw, const char *reason, int64_t now_ms,
				    int64_t *out_id, struct why *why)
{
	struct digest key = db_record_key(db, record_key);
	bool spooled = begin->spooled_count != 0;
	enum jembatan_result r = again(db, instance_id, &key, reason, now_ms, out_id, why);
	if (r == JEMBATAN_OK && spooled)
		inbox_files_doom(db, begin->spooled->token);
	if (r != JEMBATAN_GONE)
		return r;
	r = insert(db, instance_id, &key, begin, raw, reason, now_ms, why);
	if (r != JEMBATAN_OK)
		return r;
	int64_t id = sql_last_id(&db->sql);
	if (spooled)
		r = inbox_files_name(db, begin->spooled->token, QUARANTINE, id, why);
	if (r == JEMBATAN_OK) {
		db->has_suspects = true;
		*out_id = id;
	}
	return r;
}

/* ---- reading ----------------------------------------------------------- */

#define SELECT_ROWS \
	"SELECT id, instance_id, at_ms, raw_type, reason, size, dropped, replayed, uid, wrapped," \
	" remote_id FROM quarantine "

static const char *open_remote_id(struct db *db, sqlite3_stmt *s, struct arena *arena)
{
	struct seal_row row;
	struct jembatan_bytes sealed = sql_column_bytes(s, 10);
	if (sealed.size == 0 ||
	    seal_row_open(&db->master, TABLE, sql_column_bytes(s, 8), sql_column_bytes(s, 9), &row,
			  NULL) != JEMBATAN_OK)
		return NULL;
	buf_clear(&db->plain);
	enum jembatan_result r = seal_column_open(&row, "remote_id", sealed, &db->plain, NULL);
	mem_wipe(&row.key, sizeof(row.key));
	return r == JEMBATAN_OK ? arena_strndup(arena, db->plain.data, db->plain.size) : NULL;
}

static void read_row(struct db *db, sqlite3_stmt *s, struct arena *arena,
		     struct quarantine_row *out)
{
	*out = (struct quarantine_row){
		.id = sqlite3_column_int64(s, 0),
		.instance_id = sqlite3_column_int64(s, 1),
		.at_ms = sqlite3_column_int64(s, 2),
		.remote_id = open_remote_id(db, s, arena),
		.raw_type = sql_column_text(s, 3, arena),
		.reason = sql_column_text(s, 4, arena),
		.size = (size_t)sqlite3_column_int64(s, 5),
		.dropped = sqlite3_column_int64(s, 6) != 0,
		.replayed = sqlite3_column_int64(s, 7) != 0,
	};
}

enum jembatan_result quarantine_list(struct db *db, int64_t after_id, size_t limit,
				     struct arena *arena, struct quarantine_row *out,
				     size_t *out_count, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE id > ?1 ORDER BY id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(after_id), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		read_row(db, s, arena, &out[n++]);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

static enum jembatan_result gone(struct why *why)
{
	return why_set(why, JEMBATAN_GONE, "there is no such record in quarantine");
}

enum jembatan_result quarantine_get(struct db *db, int64_t id, struct arena *arena,
				    struct quarantine_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		read_row(db, s, arena, out);
	return r == JEMBATAN_GONE ? gone(why) : r;
}

static enum jembatan_result raw_from_file(struct db *db, const struct seal_row *row,
					  struct jembatan_bytes sealed, struct buf *out,
					  struct why *why)
{
	buf_clear(&db->plain);
	enum jembatan_result r = seal_column_open(row, "spooled", sealed, &db->plain, why);
	if (r != JEMBATAN_OK)
		return r;
	struct msg_begin begin = { 0 };
	struct arena *arena = arena_new();
	r = field_unpack(msg_begin_fields, buf_bytes(&db->plain), arena, &begin, why);
	if (r == JEMBATAN_OK && begin.spooled_count != 1)
		r = why_set(why, JEMBATAN_DATA, "a record in quarantine names no file");
	if (r == JEMBATAN_OK)
		r = inbox_files_read(db, begin.spooled, out, why);
	arena_free(arena);
	return r;
}

enum jembatan_result quarantine_raw(struct db *db, int64_t id, struct buf *out, struct why *why)
{
	static const char text[] =
		"SELECT uid, wrapped, spooled, raw FROM quarantine WHERE id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? gone(why) : r;
	struct seal_row row;
	r = seal_row_open(&db->master, TABLE, sql_column_bytes(s, 0), sql_column_bytes(s, 1), &row,
			  why);
	if (r != JEMBATAN_OK)
		return r;
	struct jembatan_bytes spooled = sql_column_bytes(s, 2), raw = sql_column_bytes(s, 3);
	if (spooled.size != 0)
		r = raw_from_file(db, &row, spooled, out, why);
	else if (raw.size != 0)
		r = seal_column_open(&row, "raw", raw, out, why);
	mem_wipe(&row.key, sizeof(row.key));
	return r;
}

static enum jembatan_result updated(struct db *db, enum jembatan_result r, struct why *why)
{
	return r == JEMBATAN_OK && sql_changes(&db->sql) == 0 ? gone(why) : r;
}

enum jembatan_result quarantine_set_replayed(struct db *db, int64_t id, struct why *why)
{
	return updated(db, sql_run(&db->sql, why,
				   "UPDATE quarantine SET replayed = 1 WHERE id = ?1",
				   SQL_VALUES(sql_number(id))), why);
}

enum jembatan_result quarantine_set_dropped(struct db *db, int64_t id, struct why *why)
{
	return updated(db, sql_run(&db->sql, why, "UPDATE quarantine SET dropped = 1 WHERE id = ?1",
				   SQL_VALUES(sql_number(id))), why);
}

enum jembatan_result quarantine_count(struct db *db, int64_t *out_waiting, struct why *why)
{
	enum jembatan_result r = db_write_tally(db, why);
	if (r != JEMBATAN_OK)
		return r;
	return sql_get_number(&db->sql, why, out_waiting,
			      "SELECT coalesce(sum(n), 0) FROM tally"
			      " WHERE counted = 5 AND instance_id = 0", SQL_NOTHING);
}

/* ---- the skip list ----------------------------------------------------- */

static const char *skip_label(int64_t instance_id, const struct digest *key, char out[112])
{
	char hex[2 * DIGEST_SIZE + 1];
	digest_hex(key->bytes, DIGEST_SIZE, hex);
	snprintf(out, 112, "skip:%lld:%s", (long long)instance_id, hex);
	return out;
}

static enum jembatan_result count_death(struct db *db, int64_t instance_id,
					const struct digest *record_key, int64_t now_ms,
					int64_t *out_deaths, struct why *why)
{
	char label[112];
	struct digest key = db_record_key(db, record_key);
	struct jembatan_bytes sealed = db_seal(db, skip_label(instance_id, &key, label),
					       bytes_of(record_key->bytes, DIGEST_SIZE));
	return sql_get_number(&db->sql, why, out_deaths,
			      "INSERT INTO skip (instance_id, record_key, deaths, last_ms, sealed)"
			      " VALUES (?1, ?2, 1, ?3, ?4) ON CONFLICT DO UPDATE"
			      " SET deaths = deaths + 1, last_ms = excluded.last_ms"
			      " RETURNING deaths",
			      SQL_VALUES(sql_number(instance_id),
					 sql_bytes(key.bytes, DIGEST_SIZE), sql_number(now_ms),
					 sql_bytes(sealed.data, sealed.size)));
}

enum jembatan_result skips_count_death(struct db *db, int64_t instance_id,
				       const struct msg_record_keys *keys, int64_t now_ms,
				       unsigned *out_deaths, struct why *why)
{
	static const struct digest none = { 0 };
	int64_t deaths = 0, forms = 0;
	enum jembatan_result r = count_death(db, instance_id, &keys->record, now_ms, &deaths, why);
	if (r == JEMBATAN_OK && deaths == 1 && memcmp(&keys->id, &none, sizeof(none)) != 0)
		r = count_death(db, instance_id, &keys->id, now_ms, &forms, why);
	if (r == JEMBATAN_OK) {
		db->has_suspects = true;
		*out_deaths = (unsigned)deaths;
	}
	return r;
}

enum jembatan_result skips_list(struct db *db, int64_t instance_id, struct arena *arena,
				const struct msg_skip **out, size_t *out_count, struct why *why)
{
	static const char text[] = "SELECT record_key, sealed, count(*) OVER () FROM skip"
				   " WHERE instance_id = ?1 AND deaths >= ?2";
	struct msg_skip *list = NULL;
	size_t n = 0;
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(instance_id), sql_number(DEATHS_TO_SKIP)));
	enum jembatan_result r;
	while (sql_next(&db->sql, s, &r, why)) {
		char label[112];
		struct digest key = { 0 };
		struct jembatan_bytes stored = sql_column_bytes(s, 0), plain = { 0 };
		size_t total = (size_t)sqlite3_column_int64(s, 2);
		if (list == NULL)
			list = arena_alloc(arena, total * sizeof(*list));
		if (stored.size == DIGEST_SIZE)
			memcpy(key.bytes, stored.data, DIGEST_SIZE);
		r = db_unseal(db, skip_label(instance_id, &key, label), sql_column_bytes(s, 1),
			      &plain, why);
		if (r != JEMBATAN_OK)
			return r;
		list[n++].key = bytes_of(arena_memdup(arena, plain.data, plain.size), plain.size);
	}
	if (r == JEMBATAN_OK) {
		*out = list;
		*out_count = n;
	}
	return r;
}

enum jembatan_result skips_remove(struct db *db, int64_t instance_id,
				  const struct msg_record_keys *keys, struct why *why)
{
	struct digest record = db_record_key(db, &keys->record), id = db_record_key(db, &keys->id);
	return sql_run(&db->sql, why,
		       "DELETE FROM skip WHERE instance_id = ?1 AND record_key IN (?2, ?3)",
		       SQL_VALUES(sql_number(instance_id), sql_bytes(record.bytes, DIGEST_SIZE),
				  sql_bytes(id.bytes, DIGEST_SIZE)));
}
