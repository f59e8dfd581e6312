/* duplicates.c: rows of compared complaints. */
#include "store/duplicates.h"

#include "store/db_inside.h"
#include "store/instances.h"
#include "base/poison.h"

#define EVICTED "duplicates.evicted"

const char *duplicate_decision_name(enum duplicate_decision decision)
{
	static const char *const names[] = { "separate", "review", "related", "repost" };
	return (unsigned)decision < COUNT_OF(names) ? names[decision] : "?";
}

enum jembatan_result duplicates_newest(struct db *db, int64_t *out_id, int64_t *out_added_ms,
				       struct why *why)
{
	static const char text[] = "SELECT id, added_ms FROM duplicate ORDER BY id DESC LIMIT 1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_NOTHING);
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	*out_id = r == JEMBATAN_OK ? sqlite3_column_int64(s, 0) : 0;
	*out_added_ms = r == JEMBATAN_OK ? sqlite3_column_int64(s, 1) : 0;
	return JEMBATAN_OK;
}

/* ---- the fingerprint --------------------------------------------------- */

/* In db->sealed. */
static enum jembatan_result seal_fingerprint(struct db *db, int64_t message_id,
					     struct jembatan_bytes plain, struct why *why)
{
	static const char text[] = "SELECT uid, wrapped FROM message_body WHERE message_id = ?1";
	buf_clear(&db->sealed);
	if (plain.size == 0)
		return JEMBATAN_OK;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(message_id)));
	struct seal_row row;
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		r = seal_row_open(&db->master, "message", sql_column_bytes(s, 0),
				  sql_column_bytes(s, 1), &row, why);
	if (r != JEMBATAN_OK)
		return r;
	seal_column(&row, "fingerprint", plain, &db->sealed);
	mem_wipe(&row.key, sizeof(row.key));
	return JEMBATAN_OK;
}

/* Columns: uid, wrapped, fingerprint, from `at` on. Empty when it does not open. */
static struct jembatan_bytes open_fingerprint(struct db *db, sqlite3_stmt *s, int at,
					      struct arena *arena)
{
	struct seal_row row;
	enum jembatan_result r = seal_row_open(&db->master, "message", sql_column_bytes(s, at),
					       sql_column_bytes(s, at + 1), &row, NULL);
	buf_clear(&db->plain);
	if (r == JEMBATAN_OK)
		r = seal_column_open(&row, "fingerprint", sql_column_bytes(s, at + 2), &db->plain,
				     NULL);
	mem_wipe(&row.key, sizeof(row.key));
	if (r != JEMBATAN_OK)
		return bytes_of(NULL, 0);
	return bytes_of(arena_memdup(arena, db->plain.data, db->plain.size), db->plain.size);
}

enum jembatan_result duplicates_add(struct db *db, const struct duplicate_row *row,
				    struct jembatan_bytes fingerprint, struct why *why)
{
	enum jembatan_result r = seal_fingerprint(db, row->message_id, fingerprint, why);
	if (r != JEMBATAN_OK)
		return r;
	return sql_run(&db->sql, why,
		       "INSERT INTO duplicate (id, message_id, added_ms, incident, former, decision,"
		       " settled, permille, nearest, evidence, fingerprint)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
		       SQL_VALUES(sql_number(row->id), sql_number(row->message_id),
				  sql_number(row->added_ms), sql_number(row->incident),
				  sql_id(row->former), sql_number(row->decision),
				  sql_number(row->settled), sql_number(row->permille),
				  sql_id(row->nearest), sql_text(row->evidence),
				  sql_bytes(db->sealed.data, db->sealed.size)));
}

/* ---- reading ----------------------------------------------------------- */

#define SELECT_ROWS \
	"SELECT d.id, d.message_id, d.added_ms, m.ticket_id, d.incident, d.former, d.decision," \
	" d.settled, d.permille, d.nearest, d.evidence" \
	" FROM duplicate d JOIN message m ON m.id = d.message_id "

static void read_row(sqlite3_stmt *s, struct arena *arena, struct duplicate_row *out)
{
	*out = (struct duplicate_row){
		.id = sqlite3_column_int64(s, 0),
		.message_id = sqlite3_column_int64(s, 1),
		.added_ms = sqlite3_column_int64(s, 2),
		.ticket_id = sqlite3_column_int64(s, 3),
		.incident = sqlite3_column_int64(s, 4),
		.former = sqlite3_column_int64(s, 5),
		.decision = (enum duplicate_decision)sqlite3_column_int(s, 6),
		.settled = (enum duplicate_settled)sqlite3_column_int(s, 7),
		.permille = (unsigned)sqlite3_column_int(s, 8),
		.nearest = sqlite3_column_int64(s, 9),
		.evidence = sql_column_text(s, 10, arena),
	};
}

static enum jembatan_result read_one(struct db *db, sqlite3_stmt *s, struct arena *arena,
				     struct duplicate_row *out, struct why *why)
{
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		read_row(s, arena, out);
	return r;
}

static enum jembatan_result read_rows(struct db *db, sqlite3_stmt *s, struct arena *arena,
				      struct duplicate_row *out, size_t *out_count,
				      struct why *why)
{
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		read_row(s, arena, &out[n++]);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result duplicates_get(struct db *db, int64_t id, struct arena *arena,
				    struct duplicate_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE d.id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	return read_one(db, s, arena, out, why);
}

enum jembatan_result duplicates_of_message(struct db *db, int64_t message_id, struct arena *arena,
					   struct duplicate_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE d.message_id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(message_id)));
	return read_one(db, s, arena, out, why);
}

enum jembatan_result duplicates_of_incident(struct db *db, int64_t incident, size_t limit,
					    struct arena *arena, struct duplicate_row *out,
					    size_t *out_count, struct why *why)
{
	/* The row that began it stands in no index: it is its own incident, unless
	 * it was moved to another one. */
	static const char text[] = SELECT_ROWS
		"WHERE d.id IN (SELECT id FROM duplicate WHERE id = ?1 AND incident = ?1"
		" UNION ALL SELECT id FROM duplicate WHERE incident = ?1 AND incident <> id)"
		" ORDER BY d.id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(incident), sql_number((int64_t)limit)));
	return read_rows(db, s, arena, out, out_count, why);
}

enum jembatan_result duplicates_list(struct db *db, int decision, bool open, int64_t before_id,
				     size_t limit, struct arena *arena, struct duplicate_row *out,
				     size_t *out_count, struct why *why)
{
	static const char all[] = SELECT_ROWS "WHERE d.decision > 0 AND d.id < ?1"
				  " AND (?3 = 0 OR d.settled = 0) ORDER BY d.id DESC LIMIT ?2";
	static const char some[] = SELECT_ROWS "WHERE d.decision > 0 AND d.decision = ?4"
				   " AND d.id < ?1 AND (?3 = 0 OR d.settled = 0)"
				   " ORDER BY d.id DESC LIMIT ?2";
	struct sql_value values[] = { sql_number(before_id), sql_number((int64_t)limit),
				      sql_number(open), sql_number(decision) };
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, decision < 0 ? all : some, values,
						     decision < 0 ? 3 : 4);
	return read_rows(db, s, arena, out, out_count, why);
}

enum jembatan_result duplicates_update(struct db *db, const struct duplicate_row *row,
				       struct why *why)
{
	return sql_run(&db->sql, why,
		       "UPDATE duplicate SET incident = ?2, former = ?3, decision = ?4, settled = ?5"
		       " WHERE id = ?1",
		       SQL_VALUES(sql_number(row->id), sql_number(row->incident),
				  sql_id(row->former), sql_number(row->decision),
				  sql_number(row->settled)));
}

/* ---- the memory -------------------------------------------------------- */

enum jembatan_result duplicates_kept(struct db *db, int64_t after_id, size_t limit,
				     struct arena *arena, struct duplicate_kept *out,
				     size_t *out_count, struct why *why)
{
	static const char text[] =
		"SELECT d.id, d.incident, d.added_ms, b.uid, b.wrapped, d.fingerprint"
		" FROM duplicate d JOIN message_body b ON b.message_id = d.message_id"
		" WHERE d.id > ?1 AND d.fingerprint IS NOT NULL ORDER BY d.id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(after_id), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = (struct duplicate_kept){
			.id = sqlite3_column_int64(s, 0),
			.incident = sqlite3_column_int64(s, 1),
			.added_ms = sqlite3_column_int64(s, 2),
			.fingerprint = open_fingerprint(db, s, 3, arena),
		};
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result duplicates_evicted(struct db *db, int64_t *out_id, struct why *why)
{
	return instances_flag_get(db, EVICTED, out_id, why);
}

enum jembatan_result duplicates_evict(struct db *db, int64_t before_id, size_t limit,
				      struct why *why)
{
	int64_t from = 0, to = 0;
	enum jembatan_result r = instances_flag_get(db, EVICTED, &from, why);
	if (r == JEMBATAN_OK)
		r = sql_get_number(&db->sql, why, &to, "SELECT coalesce(max(id), 0) FROM (SELECT id"
				   " FROM duplicate WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3)",
				   SQL_VALUES(sql_number(from), sql_number(before_id),
					      sql_number((int64_t)limit)));
	if (r != JEMBATAN_OK || to == 0)
		return r;
	r = sql_run(&db->sql, why, "UPDATE duplicate SET fingerprint = NULL"
		    " WHERE id > ?1 AND id <= ?2", SQL_VALUES(sql_number(from), sql_number(to)));
	return r == JEMBATAN_OK ? instances_flag_set(db, EVICTED, to, why) : r;
}

/* ---- a person's joins -------------------------------------------------- */

enum jembatan_result duplicate_moves_add(struct db *db, const struct duplicate_move *move,
					 struct why *why)
{
	return sql_run(&db->sql, why,
		       "INSERT OR IGNORE INTO duplicate_move (message_id, ticket_id, stage,"
		       " ticket_state) VALUES (?1, ?2, ?3, ?4)",
		       SQL_VALUES(sql_number(move->message_id), sql_number(move->ticket_id),
				  sql_number(move->stage), sql_number(move->ticket_state)));
}

static void read_move(sqlite3_stmt *s, struct duplicate_move *out)
{
	*out = (struct duplicate_move){
		.message_id = sqlite3_column_int64(s, 0),
		.ticket_id = sqlite3_column_int64(s, 1),
		.stage = (enum inbox_stage)sqlite3_column_int(s, 2),
		.ticket_state = (enum ticket_state)sqlite3_column_int(s, 3),
		.id = sqlite3_column_int64(s, 4),
	};
}

enum jembatan_result duplicate_moves_of(struct db *db, int64_t message_id,
					struct duplicate_move *out, struct why *why)
{
	static const char text[] = "SELECT message_id, ticket_id, stage, ticket_state, id"
				   " FROM duplicate_move WHERE message_id = ?1 ORDER BY id LIMIT 1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(message_id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		read_move(s, out);
	return r;
}

enum jembatan_result duplicate_moves_from(struct db *db, int64_t ticket_id, size_t limit,
					  struct duplicate_move *out, size_t *out_count,
					  struct why *why)
{
	static const char text[] = "SELECT message_id, ticket_id, stage, ticket_state, id"
				   " FROM duplicate_move WHERE ticket_id = ?1"
				   " ORDER BY message_id LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(ticket_id), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		read_move(s, &out[n++]);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result duplicate_moves_undo(struct db *db, const struct duplicate_move *move,
					  struct why *why)
{
	return sql_run(&db->sql, why,
		       "DELETE FROM duplicate_move WHERE message_id = ?1 AND id >= ?2",
		       SQL_VALUES(sql_number(move->message_id), sql_number(move->id)));
}

enum jembatan_result duplicate_moves_forget(struct db *db, int64_t ticket_id, struct why *why)
{
	return sql_run(&db->sql, why, "DELETE FROM duplicate_move WHERE ticket_id = ?1",
		       SQL_VALUES(sql_number(ticket_id)));
}
