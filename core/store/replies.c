/* replies.c: rows of replies. What waits behind another one of its ticket and
 * address stands outside the index of what is due, so that a look costs the
 * same however many wait. */
#include "store/replies.h"

#include <stdio.h>
#include <string.h>

#include "store/db_inside.h"
#include "store/instances.h"
#include "base/poison.h"

#define KEY_SIZE 16u /* of a keyed hash, as it is stored */
#define CODE_SIZE 8u

const char *reply_event_name(enum reply_event event)
{
	static const char *const names[] = { "received", "number", "question", "status", "resend" };
	return (unsigned)event < COUNT_OF(names) ? names[event] : "?";
}

const char *reply_state_name(enum reply_state state)
{
	static const char *const names[] = { "queued", "sending", "sent", "delivered", "read",
					     "failed", "unknown", "dropped", "held" };
	return (unsigned)state < COUNT_OF(names) ? names[state] : "?";
}

/* ---- keys -------------------------------------------------------------- */

struct digest replies_remote_key(const struct db *db, int64_t instance_id, const char *remote_id)
{
	struct digest_state *s = digest_begin(db_local_key(db));
	digest_part_text(s, "reply");
	digest_part(s, bytes_of(&instance_id, sizeof(instance_id)));
	digest_part_text(s, remote_id);
	return digest_end(s);
}

struct digest replies_address_key(const struct db *db, const char *kind, const char *address)
{
	struct digest_state *s = digest_begin(db_local_key(db));
	digest_part_text(s, "address");
	digest_part_text(s, kind);
	digest_part_text(s, address);
	return digest_end(s);
}

static struct sql_value key_value(const struct digest *key)
{
	return key == NULL ? sql_bytes(NULL, 0) : sql_bytes(key->bytes, KEY_SIZE);
}

/* ---- waiting ----------------------------------------------------------- */

#define OPEN_ONES \
	"reply INDEXED BY reply_open WHERE address_key = ?1 AND ticket_id IS ?2" \
	" AND state IN (0, 1, 6)"

static enum jembatan_result let_go(struct db *db, const struct digest *address_key,
				   int64_t ticket_id, struct why *why)
{
	return sql_run(&db->sql, why,
		       "UPDATE reply SET waiting = 0 WHERE id ="
		       " (SELECT min(id) FROM " OPEN_ONES " AND waiting = 1)"
		       " AND NOT EXISTS (SELECT 1 FROM " OPEN_ONES " AND waiting = 0)",
		       SQL_VALUES(key_value(address_key), sql_id(ticket_id)));
}

static void make_reference(const char *ticket_reference, int64_t message_id, char *out, size_t size)
{
	uint8_t random[CODE_SIZE];
	char code[CODE_SIZE + 1];
	digest_random(random, sizeof(random));
	digest_code(random, sizeof(random), code, CODE_SIZE);
	if (ticket_reference != NULL)
		snprintf(out, size, "%s-R%s", ticket_reference, code);
	else
		snprintf(out, size, "JM%lld-R%s", (long long)message_id, code);
}

enum jembatan_result replies_add(struct db *db, const struct reply_row *row,
				 const char *ticket_reference, int64_t now_ms, int64_t *out_id,
				 struct why *why)
{
	char reference[64];
	make_reference(ticket_reference, row->message_id, reference, sizeof(reference));
	enum jembatan_result r =
		sql_run(&db->sql, why,
			"INSERT INTO reply (ticket_id, message_id, instance_id, event, state, status,"
			" to_kind, address_key, reference, waiting, due_ms, created_ms, fallback_of,"
			" missed, why) VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?1, ?9,"
			" EXISTS (SELECT 1 FROM " OPEN_ONES "), ?10, ?11, ?12, ?13, ?14)",
			SQL_VALUES(key_value(&row->address_key), sql_id(row->ticket_id),
				   sql_number(row->message_id), sql_number(row->instance_id),
				   sql_number(row->event), sql_number(row->state),
				   sql_number(row->status), sql_text(row->to_kind),
				   sql_text(reference), sql_number(row->due_ms), sql_number(now_ms),
				   sql_id(row->fallback_of), sql_number(row->missed),
				   sql_text(row->why)));
	if (r == JEMBATAN_OK)
		*out_id = sql_last_id(&db->sql);
	return r;
}

enum jembatan_result replies_was_told(struct db *db, int64_t ticket_id,
				      const struct digest *address_key, int event, bool *out,
				      struct why *why)
{
	int64_t found = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &found,
			       "SELECT EXISTS (SELECT 1 FROM reply INDEXED BY reply_ticket"
			       " WHERE ticket_id = ?1 AND address_key = ?2"
			       " AND (?3 < 0 OR event = ?3))",
			       SQL_VALUES(sql_number(ticket_id), key_value(address_key),
					  sql_number(event)));
	if (r == JEMBATAN_OK)
		*out = found != 0;
	return r;
}

enum jembatan_result replies_was_told_since(struct db *db, const struct digest *address_key,
					    enum reply_event event, int64_t since_ms, bool *out,
					    struct why *why)
{
	int64_t found = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &found,
			       "SELECT EXISTS (SELECT 1 FROM reply INDEXED BY reply_address"
			       " WHERE address_key = ?1 AND event = ?2 AND created_ms > ?3)",
			       SQL_VALUES(key_value(address_key), sql_number(event),
					  sql_number(since_ms)));
	if (r == JEMBATAN_OK)
		*out = found != 0;
	return r;
}

enum jembatan_result replies_last_status(struct db *db, int64_t ticket_id,
					 const struct digest *address_key, int *out,
					 struct why *why)
{
	int64_t status = -1;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &status,
			       "SELECT coalesce((SELECT status FROM reply INDEXED BY reply_ticket"
			       " WHERE ticket_id = ?1 AND address_key = ?2 AND event = 3"
			       " ORDER BY id DESC LIMIT 1), -1)",
			       SQL_VALUES(sql_number(ticket_id), key_value(address_key)));
	if (r == JEMBATAN_OK)
		*out = (int)status;
	return r;
}

/* Is there a question of this ticket of which this holds? */
static enum jembatan_result has_question(struct db *db, int64_t ticket_id, const char *query,
					 bool *out, struct why *why)
{
	int64_t found = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &found, query,
						SQL_VALUES(sql_number(ticket_id)));
	if (r == JEMBATAN_OK)
		*out = found != 0;
	return r;
}

#define QUESTION_OF \
	"SELECT EXISTS (SELECT 1 FROM reply INDEXED BY reply_ticket" \
	" WHERE ticket_id = ?1 AND event = 2"

enum jembatan_result replies_was_asked(struct db *db, int64_t ticket_id, bool *out,
				       struct why *why)
{
	return has_question(db, ticket_id, QUESTION_OF ")", out, why);
}

enum jembatan_result replies_question_lives(struct db *db, int64_t ticket_id, bool *out,
					    struct why *why)
{
	return has_question(db, ticket_id, QUESTION_OF " AND state <> 5"
			    " AND (state <> 7 OR started_ms <> 0))", out, why);
}

enum jembatan_result replies_question_left(struct db *db, int64_t ticket_id, bool *out,
					   struct why *why)
{
	return has_question(db, ticket_id, QUESTION_OF " AND state <> 5 AND started_ms <> 0)", out,
			    why);
}

enum jembatan_result replies_overtake(struct db *db, int64_t ticket_id,
				      const struct digest *address_key, enum reply_event event,
				      const char *reason, int64_t *out_count, struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why,
			"UPDATE reply INDEXED BY reply_open SET state = 7, why = ?4"
			" WHERE address_key = ?1 AND ticket_id IS ?2 AND state IN (0, 1, 6)"
			" AND event = ?3 AND state = 0 AND started_ms = 0",
			SQL_VALUES(key_value(address_key), sql_id(ticket_id), sql_number(event),
				   sql_text(reason)));
	if (r != JEMBATAN_OK)
		return r;
	*out_count = sql_changes(&db->sql);
	return *out_count > 0 ? let_go(db, address_key, ticket_id, why) : r;
}

enum jembatan_result replies_is_overtaken(struct db *db, const struct reply_row *row, bool *out,
					  struct why *why)
{
	int64_t found = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &found,
			       "SELECT EXISTS (SELECT 1 FROM " OPEN_ONES " AND id > ?3 AND"
			       " CASE ?4 WHEN 0 THEN event IN (1, 2) WHEN 2 THEN event = 1"
			       " WHEN 3 THEN event = 3 ELSE 0 END)",
			       SQL_VALUES(key_value(&row->address_key), sql_id(row->ticket_id),
					  sql_number(row->id), sql_number(row->event)));
	if (r == JEMBATAN_OK)
		*out = found != 0;
	return r;
}

/* ---- reading ----------------------------------------------------------- */

#define SELECT_ROWS \
	"SELECT id, ticket_id, message_id, instance_id, event, state, status, to_kind," \
	" address_key, reference, waiting, settling, attempts, settles, repeated, due_ms," \
	" created_ms, started_ms, sent_ms, fallback_of, missed, why, put_off FROM reply "

static void read_row(sqlite3_stmt *s, struct arena *arena, struct reply_row *out)
{
	struct jembatan_bytes key = sql_column_bytes(s, 8);
	*out = (struct reply_row){
		.id = sqlite3_column_int64(s, 0),
		.ticket_id = sqlite3_column_int64(s, 1),
		.message_id = sqlite3_column_int64(s, 2),
		.instance_id = sqlite3_column_int64(s, 3),
		.event = (enum reply_event)sqlite3_column_int(s, 4),
		.state = (enum reply_state)sqlite3_column_int(s, 5),
		.status = sqlite3_column_int(s, 6),
		.to_kind = sql_column_text(s, 7, arena),
		.reference = sql_column_text(s, 9, arena),
		.waiting = sqlite3_column_int64(s, 10) != 0,
		.settling = sqlite3_column_int64(s, 11) != 0,
		.attempts = (unsigned)sqlite3_column_int64(s, 12),
		.settles = (unsigned)sqlite3_column_int64(s, 13),
		.repeated = sqlite3_column_int64(s, 14) != 0,
		.due_ms = sqlite3_column_int64(s, 15),
		.created_ms = sqlite3_column_int64(s, 16),
		.started_ms = sqlite3_column_int64(s, 17),
		.sent_ms = sqlite3_column_int64(s, 18),
		.fallback_of = sqlite3_column_int64(s, 19),
		.missed = sqlite3_column_int64(s, 20) != 0,
		.why = sql_column_text(s, 21, arena),
		.put_off = (unsigned)sqlite3_column_int64(s, 22),
	};
	if (key.size == KEY_SIZE)
		memcpy(out->address_key.bytes, key.data, KEY_SIZE);
}

static enum jembatan_result read_rows(struct db *db, sqlite3_stmt *s, struct arena *arena,
				      struct reply_row *out, size_t *out_count, struct why *why)
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
				     struct reply_row *out, struct why *why)
{
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		read_row(s, arena, out);
	return r;
}

#define DUE_ONES "reply INDEXED BY reply_due WHERE instance_id = ?1 AND state IN (0, 6) AND waiting = 0"

enum jembatan_result replies_due(struct db *db, int64_t instance_id, int64_t now_ms, size_t limit,
				 struct arena *arena, struct reply_row *out, size_t *out_count,
				 struct why *why)
{
	static const char text[] = SELECT_ROWS
		"INDEXED BY reply_due WHERE instance_id = ?1 AND state IN (0, 6) AND waiting = 0"
		" AND due_ms <= ?2 ORDER BY due_ms, id LIMIT ?3";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(instance_id), sql_number(now_ms),
						     sql_number((int64_t)limit)));
	return read_rows(db, s, arena, out, out_count, why);
}

enum jembatan_result replies_next_due(struct db *db, int64_t instance_id, int64_t *out_due_ms,
				      struct why *why)
{
	return sql_get_number(&db->sql, why, out_due_ms,
			      "SELECT coalesce((SELECT due_ms FROM " DUE_ONES
			      " ORDER BY due_ms LIMIT 1), -1)",
			      SQL_VALUES(sql_number(instance_id)));
}

enum jembatan_result replies_in_flight(struct db *db, size_t limit, struct arena *arena,
				       struct reply_row *out, size_t *out_count, struct why *why)
{
	static const char text[] = SELECT_ROWS
		"INDEXED BY reply_sending WHERE state = 1 ORDER BY id LIMIT ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number((int64_t)limit)));
	return read_rows(db, s, arena, out, out_count, why);
}

enum jembatan_result replies_sent_since(struct db *db, const struct digest *address_key,
					int64_t since_ms, int64_t *out_count,
					int64_t *out_oldest_ms, struct why *why)
{
	static const char text[] =
		"SELECT count(*), coalesce(min(started_ms), 0) FROM reply INDEXED BY reply_address"
		" WHERE address_key = ?1 AND started_ms > ?2";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(key_value(address_key),
								sql_number(since_ms)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK)
		return r;
	*out_count = sqlite3_column_int64(s, 0);
	*out_oldest_ms = sqlite3_column_int64(s, 1);
	return JEMBATAN_OK;
}

enum jembatan_result replies_get(struct db *db, int64_t id, struct arena *arena,
				 struct reply_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	enum jembatan_result r = read_one(db, s, arena, out, why);
	return r == JEMBATAN_GONE ? why_set(why, r, "there is no reply %lld", (long long)id) : r;
}

enum jembatan_result replies_find(struct db *db, const char *reference,
				  const struct digest *remote_key, struct arena *arena,
				  struct reply_row *out, struct why *why)
{
	static const char ours[] = SELECT_ROWS "WHERE reference = ?1";
	static const char theirs[] = SELECT_ROWS "WHERE remote_key = ?1 LIMIT 1";
	enum jembatan_result r = JEMBATAN_GONE;
	if (reference != NULL) {
		CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, ours,
							     SQL_VALUES(sql_text(reference)));
		r = read_one(db, s, arena, out, why);
	}
	if (r != JEMBATAN_GONE || remote_key == NULL)
		return r;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, theirs,
						     SQL_VALUES(key_value(remote_key)));
	return read_one(db, s, arena, out, why);
}

enum jembatan_result replies_list(struct db *db, const struct replies_filter *filter, size_t limit,
				  struct arena *arena, struct reply_row *out, size_t *out_count,
				  struct why *why)
{
	static const char all[] = SELECT_ROWS "WHERE id > ?1 ORDER BY id LIMIT ?2";
	static const char missed[] = SELECT_ROWS
		"INDEXED BY reply_missed WHERE missed = 1 AND id > ?1 ORDER BY id LIMIT ?2";
	static const char of_ticket[] = SELECT_ROWS
		"INDEXED BY reply_ticket WHERE ticket_id = ?3 AND id > ?1 ORDER BY id LIMIT ?2";
	static const char of_state[] = SELECT_ROWS
		"INDEXED BY reply_state WHERE state = ?3 AND id > ?1 ORDER BY id LIMIT ?2";
	bool narrow = filter->ticket_id != 0 || filter->state >= 0;
	struct sql_value values[] = { sql_number(filter->after_id), sql_number((int64_t)limit),
				      sql_number(filter->ticket_id != 0 ? filter->ticket_id :
									  filter->state) };
	const char *text = filter->missed	 ? missed :
			   filter->ticket_id != 0 ? of_ticket :
			   filter->state >= 0	 ? of_state :
						   all;
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, values, narrow && !filter->missed ? 3 : 2);
	return read_rows(db, s, arena, out, out_count, why);
}

/* ---- writing back ------------------------------------------------------ */

enum jembatan_result replies_update(struct db *db, const struct reply_row *row,
				    const struct digest *remote_key, struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why,
			"UPDATE reply SET state = ?2, settling = ?3, attempts = ?4, settles = ?5,"
			" repeated = ?6, due_ms = ?7, started_ms = ?8, sent_ms = ?9, missed = ?10,"
			" why = ?11, remote_key = coalesce(?12, remote_key), put_off = ?13"
			" WHERE id = ?1",
			SQL_VALUES(sql_number(row->id), sql_number(row->state),
				   sql_number(row->settling), sql_number(row->attempts),
				   sql_number(row->settles), sql_number(row->repeated),
				   sql_number(row->due_ms), sql_number(row->started_ms),
				   sql_number(row->sent_ms), sql_number(row->missed),
				   sql_text(row->why), key_value(remote_key),
				   sql_number(row->put_off)));
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		return why_set(why, JEMBATAN_GONE, "there is no such reply");
	bool is_open = row->state == REPLY_QUEUED || row->state == REPLY_SENDING ||
		       row->state == REPLY_UNKNOWN;
	return r == JEMBATAN_OK && !is_open ? let_go(db, &row->address_key, row->ticket_id, why) : r;
}

enum jembatan_result replies_reopen(struct db *db, int64_t id, int64_t due_ms, struct why *why)
{
	return sql_run(&db->sql, why,
		       "UPDATE reply SET state = 0, settling = 0, attempts = 0, settles = 0,"
		       " put_off = 0, due_ms = ?2, sent_ms = 0, missed = 0, why = NULL,"
		       " waiting = EXISTS (SELECT 1 FROM reply o INDEXED BY reply_open"
		       " WHERE o.address_key = reply.address_key AND o.ticket_id IS reply.ticket_id"
		       " AND o.state IN (0, 1, 6) AND o.id <> reply.id)"
		       " WHERE id = ?1 AND state NOT IN (0, 1, 6)",
		       SQL_VALUES(sql_number(id), sql_number(due_ms)));
}

enum jembatan_result replies_count(struct db *db, struct replies_counts *out, struct why *why)
{
	static const char text[] = "SELECT key, n FROM tally WHERE counted = 8 AND instance_id = 0";
	struct replies_counts c = { 0 };
	enum jembatan_result r = db_write_tally(db, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_NOTHING);
	while (sql_next(&db->sql, s, &r, why)) {
		int64_t key = sqlite3_column_int64(s, 0);
		if (key >= 0 && key < (int64_t)REPLY_STATES)
			c.by_state[key] += sqlite3_column_int64(s, 1);
	}
	if (r == JEMBATAN_OK)
		r = sql_get_number(&db->sql, why, &c.missed,
				   "SELECT count(*) FROM reply INDEXED BY reply_missed"
				   " WHERE missed = 1", SQL_NOTHING);
	if (r == JEMBATAN_OK)
		*out = c;
	return r;
}
