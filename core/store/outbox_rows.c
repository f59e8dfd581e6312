/* outbox_rows.c: actions towards the centre.
 *
 * A follow-up that waits for its ticket's create stands outside the index of
 * what is due, so that a claim costs the same however many wait. */
#include "store/outbox_rows.h"

#include <string.h>

#include "store/db_inside.h"
#include "base/poison.h"

const char *outbox_kind_name(enum outbox_kind kind)
{
	static const char *const names[] = { "create", "follow_up" };
	return (unsigned)kind < COUNT_OF(names) ? names[kind] : "?";
}

const char *outbox_step_name(enum outbox_step step)
{
	static const char *const names[] = { "files", "post", "route", "settle" };
	return (unsigned)step < COUNT_OF(names) ? names[step] : "?";
}

const char *outbox_state_name(enum outbox_state state)
{
	static const char *const names[] = { "queued", "sending", "done", "refused", "unknown" };
	return (unsigned)state < COUNT_OF(names) ? names[state] : "?";
}

/* The first of a ticket's follow-ups that wait, once none is under way. */
#define OPEN_ONES "outbox INDEXED BY outbox_open WHERE ticket_id = ?1 AND kind = 1 AND state < 2"

enum jembatan_result outbox_rows_let_go(struct db *db, int64_t ticket_id, struct why *why)
{
	if (db->waiting.known && !db->waiting.any)
		return JEMBATAN_OK;
	return sql_run(&db->sql, why,
		       "UPDATE outbox SET waiting = 0 WHERE id ="
		       " (SELECT min(id) FROM " OPEN_ONES " AND waiting = 1)"
		       " AND NOT EXISTS (SELECT 1 FROM " OPEN_ONES " AND waiting = 0)",
		       SQL_VALUES(sql_number(ticket_id)));
}

enum jembatan_result outbox_rows_take_back(struct db *db, int64_t ticket_id, bool *out_taken,
					   struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why,
			"DELETE FROM outbox WHERE ticket_id = ?1 AND kind = 0 AND state = 0"
			" AND attempts = 0 AND started_ms = 0 AND step < 2"
			" AND NOT EXISTS (SELECT 1 FROM " OPEN_ONES ")",
			SQL_VALUES(sql_number(ticket_id)));
	*out_taken = r == JEMBATAN_OK && sql_changes(&db->sql) > 0;
	return r;
}

enum jembatan_result outbox_rows_take_back_follow_up(struct db *db, int64_t ticket_id,
						     int64_t message_id, bool *out_taken,
						     struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why,
			"DELETE FROM outbox WHERE id IN (SELECT id FROM " OPEN_ONES " AND state = 0"
			" AND message_id = ?2 AND attempts = 0 AND started_ms = 0)",
			SQL_VALUES(sql_number(ticket_id), sql_number(message_id)));
	*out_taken = r == JEMBATAN_OK && sql_changes(&db->sql) > 0;
	return r == JEMBATAN_OK && *out_taken ? outbox_rows_let_go(db, ticket_id, why) : r;
}

/* Waits: unless its create has its number (routing may still be under way, or
 * refused), or there is none and the centre has the ticket anyway (linked);
 * and behind those of the same ticket that came before it. */
static enum jembatan_result must_wait(struct db *db, int64_t ticket_id, int64_t *out,
				      struct why *why)
{
	static const char text[] =
		"SELECT NOT coalesce("
		"(SELECT c.state = 2 OR c.complaint_id IS NOT NULL FROM outbox c"
		" WHERE c.ticket_id = ?1 AND c.kind = 0),"
		"(SELECT t.tracking_id IS NOT NULL FROM ticket t WHERE t.id = ?1), 0)"
		" OR EXISTS (SELECT 1 FROM " OPEN_ONES ")";
	return sql_get_number(&db->sql, why, out, text, SQL_VALUES(sql_number(ticket_id)));
}

static enum jembatan_result insert(struct db *db, const struct outbox_row *row, int64_t waiting,
				   int64_t *out_id, struct why *why)
{
	const struct tally_said said = { TALLY_OUTBOX, 0, TALLY_NO_ROW, row->state };
	db->waiting.any = db->waiting.any || waiting != 0;
	enum jembatan_result r =
		tally_run(&db->tally, &db->sql, &said, why,
			"INSERT INTO outbox (ticket_id, message_id, kind, step, state, waiting,"
			" due_ms, started_ms, created_ms, reference)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
			SQL_VALUES(sql_number(row->ticket_id), sql_id(row->message_id),
				   sql_number(row->kind), sql_number(row->step),
				   sql_number(row->state), sql_number(waiting),
				   sql_number(row->due_ms), sql_number(row->started_ms),
				   sql_number(row->created_ms), sql_text(row->reference)));
	if (r == JEMBATAN_OK)
		*out_id = sql_last_id(&db->sql);
	return r;
}

enum jembatan_result outbox_rows_add(struct db *db, int64_t ticket_id, int64_t message_id,
				     enum outbox_kind kind, enum outbox_step first,
				     const char *reference, int64_t due_ms, int64_t now_ms,
				     int64_t *out_id, struct why *why)
{
	const struct outbox_row row = { .ticket_id = ticket_id, .message_id = message_id,
					.kind = kind, .step = first, .due_ms = due_ms,
					.created_ms = now_ms, .reference = reference };
	int64_t waiting = 0;
	enum jembatan_result r = JEMBATAN_OK;
	if (kind == OUTBOX_FOLLOW_UP)
		r = must_wait(db, ticket_id, &waiting, why);
	return r == JEMBATAN_OK ? insert(db, &row, waiting, out_id, why) : r;
}

enum jembatan_result outbox_rows_add_sending(struct db *db, int64_t ticket_id,
					     const char *reference, int64_t now_ms,
					     struct outbox_row *out, struct why *why)
{
	*out = (struct outbox_row){ .ticket_id = ticket_id, .kind = OUTBOX_CREATE,
				    .step = OUTBOX_POST, .state = OUTBOX_SENDING, .due_ms = now_ms,
				    .started_ms = now_ms, .created_ms = now_ms,
				    .reference = reference };
	return insert(db, out, 0, &out->id, why);
}

enum jembatan_result outbox_rows_put_back(struct db *db, int64_t id, struct why *why)
{
	return sql_run(&db->sql, why, "UPDATE outbox SET state = 0, started_ms = 0 WHERE id = ?1",
		       SQL_VALUES(sql_number(id)));
}

enum jembatan_result outbox_rows_hold(struct db *db, int64_t id, const char *reason, int64_t now_ms,
				      struct why *why)
{
	return sql_run(&db->sql, why,
		       "UPDATE outbox SET state = 4, started_ms = ?2, why = ?3 WHERE id = ?1",
		       SQL_VALUES(sql_number(id), sql_number(now_ms), sql_text(reason)));
}

/* ---- reading ----------------------------------------------------------- */

#define SELECT_ROWS \
	"SELECT id, ticket_id, message_id, kind, step, state, attempts, due_ms, started_ms," \
	" created_ms, reference, file_ids, complaint_id, lookups, lookup_ms, why, alarmed" \
	" FROM outbox "

static void read_row(sqlite3_stmt *s, struct arena *arena, struct outbox_row *out)
{
	*out = (struct outbox_row){
		.id = sqlite3_column_int64(s, 0),
		.ticket_id = sqlite3_column_int64(s, 1),
		.message_id = sqlite3_column_int64(s, 2),
		.kind = (enum outbox_kind)sqlite3_column_int(s, 3),
		.step = (enum outbox_step)sqlite3_column_int(s, 4),
		.state = (enum outbox_state)sqlite3_column_int(s, 5),
		.attempts = (unsigned)sqlite3_column_int64(s, 6),
		.due_ms = sqlite3_column_int64(s, 7),
		.started_ms = sqlite3_column_int64(s, 8),
		.created_ms = sqlite3_column_int64(s, 9),
		.reference = sql_column_text(s, 10, arena),
		.file_ids = sql_column_text(s, 11, arena),
		.complaint_id = sql_column_text(s, 12, arena),
		.lookups = (unsigned)sqlite3_column_int64(s, 13),
		.lookup_ms = sqlite3_column_int64(s, 14),
		.why = sql_column_text(s, 15, arena),
		.alarmed = sqlite3_column_int64(s, 16) != 0,
	};
}

static enum jembatan_result read_rows(struct db *db, sqlite3_stmt *s, struct arena *arena,
				      struct outbox_row *out, size_t *out_count, struct why *why)
{
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		read_row(s, arena, &out[n++]);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

static enum jembatan_result read_one(struct db *db, sqlite3_stmt *s, struct arena *arena,
				     struct outbox_row *out, struct why *why)
{
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		read_row(s, arena, out);
	return r;
}

enum jembatan_result outbox_rows_claim(struct db *db, int64_t now_ms, size_t limit,
				       struct arena *arena, struct outbox_row *out,
				       size_t *out_count, struct why *why)
{
	/* By itself the planner would rather sort all that is queued. */
	static const char due[] = SELECT_ROWS
		"INDEXED BY outbox_due WHERE state = 0 AND waiting = 0 AND due_ms <= ?1"
		" ORDER BY due_ms, id LIMIT ?2";
	const struct tally_said said = { TALLY_OUTBOX, 0, OUTBOX_QUEUED, OUTBOX_SENDING };
	size_t n = 0;
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, due,
			  SQL_VALUES(sql_number(now_ms), sql_number((int64_t)limit)));
	enum jembatan_result r = read_rows(db, s, arena, out, &n, why);
	sql_end(&s);
	for (size_t i = 0; r == JEMBATAN_OK && i < n; i++) {
		r = tally_run(&db->tally, &db->sql, &said, why, "UPDATE outbox SET state = 1,"
			      " started_ms = ?2 WHERE id = ?1 AND state = 0",
			      SQL_VALUES(sql_number(out[i].id), sql_number(now_ms)));
		out[i].state = OUTBOX_SENDING;
		out[i].started_ms = now_ms;
	}
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result outbox_rows_in_flight(struct db *db, size_t limit, struct arena *arena,
					   struct outbox_row *out, size_t *out_count,
					   struct why *why)
{
	return outbox_rows_list(db, OUTBOX_SENDING, 0, limit, arena, out, out_count, why);
}

enum jembatan_result outbox_rows_get(struct db *db, int64_t id, struct arena *arena,
				     struct outbox_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	return read_one(db, s, arena, out, why);
}

enum jembatan_result outbox_rows_of_ticket(struct db *db, int64_t ticket_id, struct arena *arena,
					   struct outbox_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE ticket_id = ?1 AND kind = 0";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(ticket_id)));
	return read_one(db, s, arena, out, why);
}

enum jembatan_result outbox_rows_list(struct db *db, int state, int64_t after_id, size_t limit,
				      struct arena *arena, struct outbox_row *out,
				      size_t *out_count, struct why *why)
{
	static const char all[] = SELECT_ROWS "WHERE id > ?1 ORDER BY id LIMIT ?2";
	static const char some[] = SELECT_ROWS "WHERE state = ?3 AND state <> 2 AND id > ?1"
					       " ORDER BY id LIMIT ?2";
	static const char done[] = SELECT_ROWS "WHERE state = ?3 AND id > ?1 ORDER BY id LIMIT ?2";
	struct sql_value values[] = { sql_number(after_id), sql_number((int64_t)limit),
				      sql_number(state) };
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, state < 0 ? all : state == OUTBOX_DONE ? done : some, values,
			  state < 0 ? 2 : 3);
	return read_rows(db, s, arena, out, out_count, why);
}

/* ---- writing back ------------------------------------------------------ */

enum jembatan_result outbox_rows_update(struct db *db, const struct outbox_row *row,
					struct why *why)
{
#define UPDATE "UPDATE outbox SET step = ?2, state = ?3, attempts = ?4, due_ms = ?5," \
	" file_ids = ?6, complaint_id = ?7, lookups = ?8, lookup_ms = ?9," \
	" why = ?10, alarmed = ?11 WHERE id = ?1"
	static const char any[] = UPDATE, sending[] = UPDATE " AND state = 1";
	const struct tally_said said = { TALLY_OUTBOX, 0, OUTBOX_SENDING, row->state };
	const struct sql_value values[] = {
		sql_number(row->id), sql_number(row->step), sql_number(row->state),
		sql_number(row->attempts), sql_number(row->due_ms), sql_text(row->file_ids),
		sql_text(row->complaint_id), sql_number(row->lookups), sql_number(row->lookup_ms),
		sql_text(row->why), sql_number(row->alarmed),
	};
	enum jembatan_result r = tally_run(&db->tally, &db->sql, &said, why, sending, values,
					   COUNT_OF(values));
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		r = sql_run(&db->sql, why, any, values, COUNT_OF(values));
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		return why_set(why, JEMBATAN_GONE, "there is no such action");
	if (r != JEMBATAN_OK)
		return r;
	bool lets_go = row->kind == OUTBOX_CREATE ?
			       row->state == OUTBOX_DONE || row->complaint_id != NULL :
			       row->state != OUTBOX_QUEUED && row->state != OUTBOX_SENDING;
	return lets_go ? outbox_rows_let_go(db, row->ticket_id, why) : JEMBATAN_OK;
}

/* Not within a transaction: one that is aborted may have let the last one go. */
static enum jembatan_result look_who_waits(struct db *db, struct why *why)
{
	int64_t any = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &any, "SELECT EXISTS (SELECT 1"
						" FROM outbox INDEXED BY outbox_open WHERE ticket_id > 0"
						" AND kind = 1 AND state < 2 AND waiting = 1)",
						SQL_NOTHING);
	if (r == JEMBATAN_OK) {
		db->waiting.known = true;
		db->waiting.any = any != 0;
	}
	return r;
}

enum jembatan_result outbox_rows_next_due(struct db *db, int64_t *out_due_ms, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	if (!db->waiting.known && !db->sql.in_transaction)
		r = look_who_waits(db, why);
	if (r == JEMBATAN_OK)
		r = sql_get_number(&db->sql, why, out_due_ms,
				   "SELECT min(due_ms) FROM outbox INDEXED BY outbox_due"
				   " WHERE state = 0 AND waiting = 0",
				   SQL_NOTHING);
	return r;
}

enum jembatan_result outbox_rows_count(struct db *db, struct outbox_counts *out, struct why *why)
{
	static const char text[] = "SELECT key, n FROM tally WHERE counted = 4 AND instance_id = 0";
	struct outbox_counts c = { 0 };
	enum jembatan_result r = db_write_tally(db, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_NOTHING);
	while (sql_next(&db->sql, s, &r, why))
		c.by_state[sqlite3_column_int64(s, 0) & 7] += sqlite3_column_int64(s, 1);
	if (r != JEMBATAN_OK)
		return r;
	r = sql_get_number(&db->sql, why, &c.oldest_queued_ms,
			   "SELECT created_ms FROM outbox WHERE state = 0 AND state <> 2"
			   " ORDER BY id LIMIT 1",
			   SQL_NOTHING);
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	*out = c;
	return JEMBATAN_OK;
}
