/* follows.c: rows of followed tickets and their entries. */
#include "store/follows.h"

#include <stdio.h>
#include <string.h>

#include "base/jx.h"
#include "store/db_inside.h"
#include "store/tickets_inside.h"
#include "base/poison.h"

#define SELECT_ROWS \
	"SELECT f.ticket_id, t.reference, t.tracking_id, t.instance_id, t.created_ms, f.state," \
	" f.changed_ms, f.log_ms, f.institution_id, f.asked_ms, coalesce(f.due_ms, -1)," \
	" f.failures, f.missing, f.checked_ms, i.name, f.raw, f.secret" \
	" FROM follow f JOIN ticket t ON t.id = f.ticket_id" \
	" JOIN instance i ON i.id = t.instance_id "
#define RAW_COLUMN 15

/* ---- reading ----------------------------------------------------------- */

static void read_row(sqlite3_stmt *s, struct arena *arena, struct follow_row *out)
{
	*out = (struct follow_row){
		.ticket_id = sqlite3_column_int64(s, 0),
		.reference = sql_column_text(s, 1, arena),
		.tracking_id = sql_column_text(s, 2, arena),
		.instance_id = sqlite3_column_int64(s, 3),
		.created_ms = sqlite3_column_int64(s, 4),
		.state = sqlite3_column_int(s, 5),
		.changed_ms = sqlite3_column_int64(s, 6),
		.log_ms = sqlite3_column_int64(s, 7),
		.institution_id = sql_column_text(s, 8, arena),
		.asked_ms = sqlite3_column_int64(s, 9),
		.due_ms = sqlite3_column_int64(s, 10),
		.failures = (unsigned)sqlite3_column_int(s, 11),
		.missing = (unsigned)sqlite3_column_int(s, 12),
		.checked_ms = sqlite3_column_int64(s, 13),
		.instance = sql_column_text(s, 14, arena),
		.is_erased = sqlite3_column_type(s, RAW_COLUMN + 1) != SQLITE_NULL,
		.was_secret = sqlite3_column_int(s, RAW_COLUMN + 1) != 0,
	};
}

static enum jembatan_result read_rows(struct db *db, sqlite3_stmt *s, struct arena *arena,
				      struct follow_row *out, size_t *out_count, struct why *why)
{
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		read_row(s, arena, &out[n++]);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result follows_due(struct db *db, int64_t now_ms, size_t limit, struct arena *arena,
				 struct follow_row *out, size_t *out_count, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE f.due_ms <= ?1"
					       " ORDER BY f.due_ms, f.ticket_id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(now_ms),
						     sql_number((int64_t)limit)));
	return read_rows(db, s, arena, out, out_count, why);
}

enum jembatan_result follows_unchecked(struct db *db, int64_t run_ms, size_t limit,
				       struct arena *arena, struct follow_row *out,
				       size_t *out_count, struct why *why)
{
	static const char text[] =
		SELECT_ROWS "WHERE f.checked_ms < ?1 AND f.due_ms IS NOT NULL"
			    " ORDER BY f.checked_ms, f.ticket_id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(run_ms),
						     sql_number((int64_t)limit)));
	return read_rows(db, s, arena, out, out_count, why);
}

enum jembatan_result follows_next_due(struct db *db, int64_t *out_due_ms, struct why *why)
{
	return sql_get_number(&db->sql, why, out_due_ms,
			      "SELECT coalesce((SELECT due_ms FROM follow WHERE due_ms IS NOT NULL"
			      " ORDER BY due_ms LIMIT 1), -1)", SQL_NOTHING);
}

static void read_raw(const struct jembatan_bytes json, struct arena *arena, struct follow_row *out)
{
	CLEANUP(jx_decref) json_t *root = NULL;
	if (jx_parse(json, &root, NULL) != JEMBATAN_OK)
		return;
	out->code = arena_strdup(arena, jx_text(root, "code"));
	out->name = arena_strdup(arena, jx_text(root, "name"));
	out->institution = arena_strdup(arena, jx_text(root, "institution"));
}

enum jembatan_result follows_get(struct db *db, int64_t ticket_id, struct arena *arena,
				 struct follow_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE f.ticket_id = ?1";
	CLEANUP(ticket_seal_wipe) struct ticket_seal key = { .reference = "" };
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(ticket_id)));
	struct follow_row row;
	struct jembatan_bytes json = { 0 };
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_GONE)
		return why_set(why, r, "the centre does not have this ticket");
	if (r != JEMBATAN_OK)
		return r;
	read_row(s, arena, &row);
	struct jembatan_bytes raw = sql_column_bytes(s, RAW_COLUMN);
	if (raw.size > 0)
		r = ticket_seal_find(db, ticket_id, &key, why);
	if (raw.size > 0 && r == JEMBATAN_OK)
		r = ticket_unseal_value(db, &key, "follow", raw, &json, why);
	if (r == JEMBATAN_OK && raw.size > 0)
		read_raw(json, arena, &row);
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	*out = row;
	return JEMBATAN_OK;
}

/* ---- writing ----------------------------------------------------------- */

static enum jembatan_result put_words(struct db *db, const struct follow_row *row,
				      struct why *why)
{
	CLEANUP(ticket_seal_wipe) struct ticket_seal key = { .reference = "" };
	CLEANUP(jx_decref) json_t *json = json_pack("{s:s?,s:s?,s:s?}", "code", row->code, "name",
						    row->name, "institution", row->institution);
	CLEANUP(free_pointer) char *text = jx_dump(json);
	struct jembatan_bytes sealed;
	enum jembatan_result r = ticket_seal_find(db, row->ticket_id, &key, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (r == JEMBATAN_OK)
		r = ticket_seal_value(db, &key, "follow", bytes_text(text), &sealed, why);
	if (r != JEMBATAN_OK)
		return r;
	return sql_run(&db->sql, why, "UPDATE follow SET raw = ?2 WHERE ticket_id = ?1",
		       SQL_VALUES(sql_number(row->ticket_id), sql_bytes(sealed.data, sealed.size)));
}

static struct sql_value due_value(int64_t due_ms)
{
	return due_ms < 0 ? sql_text(NULL) : sql_number(due_ms);
}

enum jembatan_result follows_put(struct db *db, const struct follow_row *row, struct why *why)
{
	enum jembatan_result r = sql_run(
		&db->sql, why,
		"INSERT INTO follow (ticket_id, state, changed_ms, log_ms, institution_id, asked_ms,"
		" due_ms, failures, missing) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
		" ON CONFLICT (ticket_id) DO UPDATE SET state = ?2, changed_ms = ?3, log_ms = ?4,"
		" institution_id = ?5, asked_ms = ?6, due_ms = ?7, failures = ?8, missing = ?9",
		SQL_VALUES(sql_number(row->ticket_id), sql_number(row->state),
			   sql_number(row->changed_ms), sql_number(row->log_ms),
			   sql_text(row->institution_id), sql_number(row->asked_ms),
			   due_value(row->due_ms), sql_number(row->failures),
			   sql_number(row->missing)));
	return r == JEMBATAN_OK && row->name != NULL ? put_words(db, row, why) : r;
}

enum jembatan_result follows_set_due(struct db *db, int64_t ticket_id, int64_t due_ms,
				     struct why *why)
{
	return sql_run(&db->sql, why, "UPDATE follow SET due_ms = ?2 WHERE ticket_id = ?1",
		       SQL_VALUES(sql_number(ticket_id), due_value(due_ms)));
}

enum jembatan_result follows_let_words_go(struct db *db, int64_t ticket_id, bool is_secret,
					  struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why, "UPDATE follow SET raw = NULL, secret = max(?2, ifnull(secret, 0))"
			" WHERE ticket_id = ?1", SQL_VALUES(sql_number(ticket_id), sql_number(is_secret)));
	return r != JEMBATAN_OK ? r :
	       sql_run(&db->sql, why, "UPDATE follow_entry SET sealed = x'' WHERE ticket_id = ?1",
		       SQL_VALUES(sql_number(ticket_id)));
}

enum jembatan_result follows_set_checked(struct db *db, int64_t ticket_id, int64_t run_ms,
					 struct why *why)
{
	return sql_run(&db->sql, why, "UPDATE follow SET checked_ms = ?2 WHERE ticket_id = ?1",
		       SQL_VALUES(sql_number(ticket_id), sql_number(run_ms)));
}

/* ---- entries ----------------------------------------------------------- */

static struct digest entry_key(const struct db *db, const struct follow_entry *e)
{
	struct digest_state *s = digest_begin(db_local_key(db));
	char kind = (char)('0' + e->kind);
	digest_part(s, bytes_of(&kind, 1));
	digest_part_text(s, e->key);
	return digest_end(s);
}

static void entry_label(const void *key, char out[2 * DIGEST_SIZE + 8])
{
	memcpy(out, "entry:", 6);
	digest_hex(key, DIGEST_SIZE, out + 6);
}

enum jembatan_result follows_add_entry(struct db *db, int64_t ticket_id,
				       const struct follow_entry *e, bool *out_is_new,
				       struct why *why)
{
	CLEANUP(ticket_seal_wipe) struct ticket_seal key = { .reference = "" };
	struct digest same = entry_key(db, e);
	char label[2 * DIGEST_SIZE + 8];
	struct jembatan_bytes sealed;
	int64_t is_known = 0;
	enum jembatan_result r = sql_get_number(
		&db->sql, why, &is_known,
		"SELECT EXISTS (SELECT 1 FROM follow_entry WHERE ticket_id = ?1 AND entry_key = ?2)",
		SQL_VALUES(sql_number(ticket_id), sql_bytes(same.bytes, DIGEST_SIZE)));
	*out_is_new = false;
	if (r != JEMBATAN_OK || is_known != 0)
		return r;
	r = ticket_seal_find(db, ticket_id, &key, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	CLEANUP(jx_decref) json_t *json = json_pack("{s:s?,s:s?,s:s?,s:b}", "text", e->text, "from",
						    e->from, "to", e->to, "ours", e->is_ours);
	CLEANUP(free_pointer) char *text = jx_dump(json);
	entry_label(same.bytes, label);
	if (r == JEMBATAN_OK)
		r = ticket_seal_value(db, &key, label, bytes_text(text), &sealed, why);
	if (r == JEMBATAN_OK)
		r = sql_run(&db->sql, why,
			    "INSERT INTO follow_entry (ticket_id, kind, entry_key, at_ms, seen_ms,"
			    " sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			    SQL_VALUES(sql_number(ticket_id), sql_number(e->kind),
				       sql_bytes(same.bytes, DIGEST_SIZE), sql_number(e->at_ms),
				       sql_number(e->seen_ms), sql_bytes(sealed.data, sealed.size)));
	*out_is_new = r == JEMBATAN_OK;
	return r;
}

static enum jembatan_result read_entry(struct db *db, sqlite3_stmt *s,
				       const struct ticket_seal *key, struct arena *arena,
				       struct follow_entry *out, struct why *why)
{
	CLEANUP(jx_decref) json_t *json = NULL;
	char label[2 * DIGEST_SIZE + 8];
	struct jembatan_bytes same = sql_column_bytes(s, 4), plain;
	if (same.size != DIGEST_SIZE)
		return why_set(why, JEMBATAN_DATA, "an entry has a damaged key");
	entry_label(same.data, label);
	enum jembatan_result r = ticket_unseal_value(db, key, label, sql_column_bytes(s, 5), &plain,
						     why);
	if (r == JEMBATAN_OK)
		r = jx_parse(plain, &json, why);
	if (r != JEMBATAN_OK)
		return r;
	*out = (struct follow_entry){
		.id = sqlite3_column_int64(s, 0),
		.kind = (enum follow_kind)sqlite3_column_int(s, 1),
		.at_ms = sqlite3_column_int64(s, 2),
		.seen_ms = sqlite3_column_int64(s, 3),
		.text = arena_strdup(arena, jx_text(json, "text")),
		.from = arena_strdup(arena, jx_text(json, "from")),
		.to = arena_strdup(arena, jx_text(json, "to")),
		.is_ours = jx_is_true(json, "ours"),
	};
	return JEMBATAN_OK;
}

enum jembatan_result follows_entries(struct db *db, int64_t ticket_id, size_t limit,
				     struct arena *arena, struct follow_entry *out,
				     size_t *out_count, struct why *why)
{
	static const char text[] = "SELECT id, kind, at_ms, seen_ms, entry_key, sealed"
				   " FROM follow_entry WHERE ticket_id = ?1"
				   " ORDER BY at_ms, id LIMIT ?2";
	CLEANUP(ticket_seal_wipe) struct ticket_seal key = { .reference = "" };
	enum jembatan_result r = ticket_seal_find(db, ticket_id, &key, why);
	size_t n = 0;
	*out_count = 0;
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(ticket_id),
						     sql_number((int64_t)limit)));
	while (sql_next(&db->sql, s, &r, why)) {
		/* One damaged entry must not hide the others. */
		if (read_entry(db, s, &key, arena, &out[n], NULL) == JEMBATAN_OK)
			n++;
	}
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

/* ---- counting ---------------------------------------------------------- */

enum jembatan_result follows_count(struct db *db, struct follow_counts *out, struct why *why)
{
	static const char text[] = "SELECT counted, key, n FROM tally"
				   " WHERE counted IN (6, 7) AND instance_id = 0";
	struct follow_counts counts = { .total = 0 };
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_NOTHING);
	enum jembatan_result r;
	while (sql_next(&db->sql, s, &r, why)) {
		int64_t key = sqlite3_column_int64(s, 1), n = sqlite3_column_int64(s, 2);
		if (sqlite3_column_int(s, 0) == 7) {
			counts.asked = n;
		} else if (key >= 0 && key < (int64_t)FOLLOWS_STATES) {
			counts.by_state[key] = n;
			counts.total += n;
		}
	}
	if (r == JEMBATAN_OK)
		*out = counts;
	return r;
}
