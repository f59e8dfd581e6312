/* inbox.c: T1, and the first half of T2.
 *
 * Whether a message is new is decided by the UNIQUE constraint in the very
 * insert, so no crash and no order of batches can make two of one. */
#include "store/inbox.h"

#include <string.h>

#include "base/fault.h"
#include "store/inbox_inside.h"
#include "store/instances.h"
#include "store/news.h"
#include "store/quarantine.h"
#include "store/threads.h"
#include "store/unreachable.h"
#include "base/poison.h"

#define MESSAGE 0u /* kept.subject */

const char *inbox_stage_name(enum inbox_stage stage)
{
	static const char *const names[] = { "new", "ticket", "follow_up", "linked",
					     "stored", "before_start", "review", "repost" };
	return (unsigned)stage < COUNT_OF(names) ? names[stage] : "?";
}

struct ticket_keys inbox_keys(const struct db *db)
{
	return (struct ticket_keys){ .local = db_local_key(db), .near = db->near_keys };
}

/* ---- T1 ---------------------------------------------------------------- */

static enum jembatan_result insert_body(struct db *db, const struct inbox_item *item,
					struct why *why)
{
	struct seal_row row;
	buf_clear(&db->plain);
	buf_clear(&db->sealed);
	buf_clear(&db->wrapped);
	field_pack(msg_message_fields, item->message, &db->plain);
	seal_row_new(&db->master, INBOX_TABLE, &row, &db->wrapped);
	seal_column(&row, "head", buf_bytes(&db->plain), &db->sealed);
	size_t head = db->sealed.size;
	if (item->raw.size != 0)
		seal_column(&row, "raw", item->raw, &db->sealed);
	keys_keep(&db->keys, item->id, &row.key);
	mem_wipe(&row.key, sizeof(row.key));
	if (buf_is_full(&db->plain) || buf_is_full(&db->sealed))
		return why_set(why, JEMBATAN_DATA, "a message is too large for the store");
	return sql_run(&db->sql, why,
		       "INSERT INTO message_body (message_id, uid, wrapped, head, raw)"
		       " VALUES (?1, ?2, ?3, ?4, ?5)",
		       SQL_VALUES(sql_number(item->id), sql_bytes(row.uid, sizeof(row.uid)),
				  sql_bytes(db->wrapped.data, db->wrapped.size),
				  sql_bytes(db->sealed.data, head),
				  sql_bytes(db->sealed.data + head, db->sealed.size - head)));
}

/* Another revision of a known key: an edit of the key's first message. */
static enum jembatan_result find_original(struct db *db, int64_t instance_id,
					  struct inbox_item *item, struct why *why)
{
	int64_t first = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &first, "SELECT min(id) FROM message"
			       " WHERE instance_id = ?1 AND same_key = ?2",
			       SQL_VALUES(sql_number(instance_id),
					  sql_bytes(item->same_key.bytes, INBOX_KEY_SIZE)));
	item->verdict = INBOX_IS_NEW;
	if (r != JEMBATAN_OK || first == item->id)
		return r;
	item->verdict = INBOX_IS_EDIT;
	return sql_run(&db->sql, why, "UPDATE message SET edit_of = ?2 WHERE id = ?1",
		       SQL_VALUES(sql_number(item->id), sql_number(first)));
}

static enum jembatan_result name_files(struct db *db, const struct inbox_item *item,
				       struct why *why)
{
	const struct msg_message *m = item->message;
	for (size_t i = 0; i < m->file_count + m->raw_spooled_count; i++) {
		const char *token = i < m->file_count ? m->files[i].token : m->raw_spooled[0].token;
		if (token == NULL)
			continue;
		if (item->verdict == INBOX_IS_SAME) {
			inbox_files_doom(db, token);
			continue;
		}
		enum jembatan_result r = inbox_files_name(db, token, MESSAGE, item->id, why);
		if (r != JEMBATAN_OK)
			return r;
	}
	return JEMBATAN_OK;
}

/* A record that was under suspicion has been read after all. */
static enum jembatan_result clear_suspect(struct db *db, int64_t instance_id,
					  const struct msg_record_keys *record, struct why *why)
{
	struct digest key = db_record_key(db, &record->record);
	enum jembatan_result r = skips_remove(db, instance_id, record, why);
	if (r != JEMBATAN_OK)
		return r;
	return sql_run(&db->sql, why, "UPDATE quarantine SET replayed = 1"
		       " WHERE instance_id = ?1 AND record_key = ?2",
		       SQL_VALUES(sql_number(instance_id), sql_bytes(key.bytes, DIGEST_SIZE)));
}

static enum jembatan_result count_repeat(struct db *db, int64_t instance_id,
					 struct inbox_item *item, struct why *why)
{
	item->verdict = INBOX_IS_SAME;
	return sql_get_number(&db->sql, why, &item->id,
			      "UPDATE message SET repeats = repeats + 1"
			      " WHERE instance_id = ?1 AND same_key = ?2 AND revision = ?3"
			      " RETURNING id",
			      SQL_VALUES(sql_number(instance_id),
					 sql_bytes(item->same_key.bytes, INBOX_KEY_SIZE),
					 sql_bytes(item->revision.bytes, INBOX_KEY_SIZE)));
}

static enum jembatan_result add_one(struct db *db, int64_t instance_id, struct inbox_item *item,
				    int64_t now_ms, struct why *why)
{
	const struct jembatan_message *m = &item->message->message;
	int64_t said_ms = m->arrived_ms != 0 ? m->arrived_ms : m->sent_ms;
	int64_t arrived_ms = said_ms != 0 ? said_ms : now_ms;
	if (FAULT_PLANTED("no-unique"))
		digest_random(item->same_key.bytes, INBOX_KEY_SIZE);
	const struct tally_said said = { TALLY_STAGE, instance_id, TALLY_NO_ROW, INBOX_NEW };
	enum jembatan_result r = threads_find(db, instance_id, &item->thread_key, why);
	if (r == JEMBATAN_OK)
		r = tally_run(&db->tally, &db->sql, &said, why,
			"INSERT INTO message (instance_id, same_key, revision, thread_key, stage,"
			" due_ms, received_ms, arrived_ms) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?5, ?6)"
			" ON CONFLICT (instance_id, same_key, revision) DO NOTHING",
			SQL_VALUES(sql_number(instance_id),
				   sql_bytes(item->same_key.bytes, INBOX_KEY_SIZE),
				   sql_bytes(item->revision.bytes, INBOX_KEY_SIZE),
				   inbox_key_value(&item->thread_key), sql_number(now_ms),
				   sql_number(arrived_ms)));
	if (r != JEMBATAN_OK)
		return r;
	if (sql_changes(&db->sql) == 0) {
		r = count_repeat(db, instance_id, item, why);
	} else {
		item->id = sql_last_id(&db->sql);
		fresh_add(&db->fresh, item->id, item->message);
		r = insert_body(db, item, why);
		if (r == JEMBATAN_OK)
			r = find_original(db, instance_id, item, why);
		if (r == JEMBATAN_OK && !inbox_key_is_none(&item->thread_alias) && !inbox_key_is_none(&item->thread_key))
			r = threads_join(db, instance_id, &item->thread_alias, &item->thread_key,
					 arrived_ms, item->id, why);
		if (r == JEMBATAN_OK && !inbox_key_is_none(&item->thread_key))
			r = unreachable_arrived(db, instance_id, &item->thread_key, arrived_ms, why);
	}
	if (r == JEMBATAN_OK)
		r = name_files(db, item, why);
	if (r == JEMBATAN_OK && db->has_suspects && !inbox_key_is_none(&item->record.record))
		r = clear_suspect(db, instance_id, &item->record, why);
	return r;
}

/* A planted bug: what the tests must notice is a cursor ahead of its messages. */
static enum jembatan_result commit_cursor_first(struct db *db, int64_t instance_id,
						const char *cursor, struct why *why)
{
	enum jembatan_result r = instances_set_cursor(db, instance_id, cursor, why);
	return r == JEMBATAN_OK ? sql_script(&db->sql, "COMMIT; BEGIN IMMEDIATE", why) : r;
}

enum jembatan_result inbox_add(struct db *db, int64_t instance_id, struct inbox_item *items,
			       size_t count, const char *cursor, int64_t now_ms, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	if (cursor != NULL && FAULT_PLANTED("cursor-first"))
		r = commit_cursor_first(db, instance_id, cursor, why);
	for (size_t i = 0; r == JEMBATAN_OK && i < count; i++) {
		if (i == count / 2)
			FAULT_POINT("inbox.add.mid");
		r = add_one(db, instance_id, &items[i], now_ms, why);
	}
	if (r == JEMBATAN_OK && count > 0)
		r = sql_run(&db->sql, why, "UPDATE instance SET last_message_ms = ?2 WHERE id = ?1",
			    SQL_VALUES(sql_number(instance_id), sql_number(now_ms)));
	if (r == JEMBATAN_OK && cursor != NULL)
		r = instances_set_cursor(db, instance_id, cursor, why);
	return r;
}

/* ---- T2 ---------------------------------------------------------------- */

static enum jembatan_result updated(struct db *db, enum jembatan_result r, struct why *why)
{
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		return why_set(why, JEMBATAN_GONE, "there is no such message, or it is decided");
	return r;
}

#define LEAVE "UPDATE message SET stage = ?2, ticket_id = ?3, reason = ?4 WHERE id = ?1"

static enum jembatan_result leave_any(struct db *db, int64_t id, enum inbox_stage stage,
				      int64_t ticket_id, const char *reason, struct why *why)
{
	return sql_run(&db->sql, why, LEAVE,
		       SQL_VALUES(sql_number(id), sql_number(stage), sql_id(ticket_id),
				  sql_text(reason)));
}

enum jembatan_result inbox_leave(struct db *db, int64_t id, enum inbox_stage stage,
				 int64_t ticket_id, const char *reason, struct why *why)
{
	enum jembatan_result r = news_joined(db, id, stage, ticket_id, why);
	if (r == JEMBATAN_OK)
		r = leave_any(db, id, stage, ticket_id, reason, why);
	return updated(db, r, why);
}

enum jembatan_result inbox_decide(struct db *db, const struct inbox_row *row,
				  enum inbox_stage stage, int64_t ticket_id, const char *reason,
				  struct why *why)
{
	static const char text[] = LEAVE " AND stage = 0 AND instance_id = ?5";
	const struct tally_said said = { TALLY_STAGE, row->instance_id, INBOX_NEW, stage };
	enum jembatan_result r = news_joined(db, row->id, stage, ticket_id, why);
	if (r == JEMBATAN_OK)
		r = tally_run(&db->tally, &db->sql, &said, why, text,
			      SQL_VALUES(sql_number(row->id), sql_number(stage), sql_id(ticket_id),
					 sql_text(reason), sql_number(row->instance_id)));
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		r = leave_any(db, row->id, stage, ticket_id, reason, why);
	return updated(db, r, why);
}

enum jembatan_result inbox_defer(struct db *db, int64_t id, int64_t due_ms, struct why *why)
{
	return updated(db, sql_run(&db->sql, why,
				   "UPDATE message SET due_ms = ?2 WHERE id = ?1 AND stage = 0",
				   SQL_VALUES(sql_number(id), sql_number(due_ms))), why);
}

enum jembatan_result inbox_set_files(struct db *db, int64_t id, const struct msg_message *m,
				     struct why *why)
{
	static const char text[] = "SELECT uid, wrapped FROM message_body WHERE message_id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	struct seal_row row;
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		r = seal_row_open(&db->master, INBOX_TABLE, sql_column_bytes(s, 0), sql_column_bytes(s, 1),
				  &row, why);
	if (r != JEMBATAN_OK)
		return r;
	fresh_clear(&db->fresh);
	buf_clear(&db->plain);
	buf_clear(&db->sealed);
	field_pack(msg_message_fields, m, &db->plain);
	seal_column(&row, "head", buf_bytes(&db->plain), &db->sealed);
	mem_wipe(&row.key, sizeof(row.key));
	if (buf_is_full(&db->plain) || buf_is_full(&db->sealed))
		return why_set(why, JEMBATAN_DATA, "a message is too large for the store");
	for (size_t i = 0; i < m->file_count && r == JEMBATAN_OK; i++)
		if (m->files[i].token != NULL)
			r = inbox_files_name(db, m->files[i].token, MESSAGE, id, why);
	if (r != JEMBATAN_OK)
		return r;
	return updated(db, sql_run(&db->sql, why,
				   "UPDATE message_body SET head = ?2 WHERE message_id = ?1",
				   SQL_VALUES(sql_number(id),
					      sql_bytes(db->sealed.data, db->sealed.size))), why);
}

static enum jembatan_result newest(struct db *db, sqlite3_stmt *s, int64_t *message_id,
				   int64_t *ticket_id, struct why *why)
{
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (r == JEMBATAN_OK && sqlite3_column_int64(s, 0) > *message_id) {
		*message_id = sqlite3_column_int64(s, 0);
		*ticket_id = sqlite3_column_int64(s, 1);
	}
	return r;
}

enum jembatan_result inbox_find(struct db *db, int64_t instance_id, const struct digest *same_key,
				const struct digest *thread_key, int64_t *out_message_id,
				int64_t *out_ticket_id, struct why *why)
{
	return inbox_find_before(db, instance_id, same_key, thread_key, INT64_MAX, out_message_id,
				 out_ticket_id, why);
}

enum jembatan_result inbox_find_before(struct db *db, int64_t instance_id,
				       const struct digest *same_key,
				       const struct digest *thread_key, int64_t before_id,
				       int64_t *out_message_id, int64_t *out_ticket_id,
				       struct why *why)
{
	/* The sign keeps the planner from walking the ticket's index instead. */
	static const char by_key[] = "SELECT max(id), ticket_id FROM message WHERE instance_id = ?1"
				     " AND same_key = ?2 AND +ticket_id IS NOT NULL"
				     " AND id < ?3";
	static const char by_thread[] = "SELECT id, ticket_id FROM message WHERE instance_id = ?1"
					" AND thread_key = ?2 AND ticket_id IS NOT NULL"
					" AND id < ?3 ORDER BY id DESC LIMIT 1";
	int64_t message_id = 0, ticket_id = 0;
	CLEANUP(sql_end) sqlite3_stmt *same =
		sql_query(&db->sql, by_key,
			  SQL_VALUES(sql_number(instance_id), inbox_key_value(same_key),
				     sql_number(before_id)));
	enum jembatan_result r = newest(db, same, &message_id, &ticket_id, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(sql_end) sqlite3_stmt *thread =
		sql_query(&db->sql, by_thread,
			  SQL_VALUES(sql_number(instance_id), inbox_key_value(thread_key),
				     sql_number(before_id)));
	r = newest(db, thread, &message_id, &ticket_id, why);
	if (r != JEMBATAN_OK)
		return r;
	if (message_id == 0)
		return why_set(why, JEMBATAN_GONE, "no message of this id or thread has a ticket");
	*out_message_id = message_id;
	*out_ticket_id = ticket_id;
	return JEMBATAN_OK;
}

enum jembatan_result inbox_waits(struct db *db, int64_t instance_id, int64_t before_id,
				 const struct digest *same_key, const struct digest *thread_key,
				 bool *out_waits, struct why *why)
{
	static const char text[] =
		"SELECT EXISTS (SELECT 1 FROM message WHERE instance_id = ?1 AND same_key = ?3"
		" AND stage = 0 AND id < ?2)"
		" OR EXISTS (SELECT 1 FROM message WHERE instance_id = ?1 AND thread_key = ?4"
		" AND thread_key IS NOT NULL AND stage = 0 AND id < ?2)";
	int64_t found = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &found, text,
			       SQL_VALUES(sql_number(instance_id), sql_number(before_id),
					  inbox_key_value(same_key), inbox_key_value(thread_key)));
	if (r == JEMBATAN_OK)
		*out_waits = found != 0;
	return r;
}

enum jembatan_result inbox_release_before_start(struct db *db, int64_t instance_id,
						int64_t since_ms, int64_t *out_count,
						struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why, "UPDATE message SET stage = 0, reason = NULL"
			" WHERE stage = 5 AND instance_id = ?1 AND arrived_ms >= ?2",
			SQL_VALUES(sql_number(instance_id), sql_number(since_ms)));
	if (r == JEMBATAN_OK)
		*out_count = sql_changes(&db->sql);
	return r;
}

enum jembatan_result inbox_foresee(struct db *db, int64_t instance_id, struct inbox_item *item,
				   struct why *why)
{
	int64_t first = 0, same = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &first, "SELECT ifnull(min(id), 0) FROM message"
			       " WHERE instance_id = ?1 AND same_key = ?2",
			       SQL_VALUES(sql_number(instance_id),
					  sql_bytes(item->same_key.bytes, INBOX_KEY_SIZE)));
	if (r == JEMBATAN_OK)
		r = sql_get_number(&db->sql, why, &same, "SELECT ifnull(min(id), 0) FROM message"
				   " WHERE instance_id = ?1 AND same_key = ?2 AND revision = ?3",
				   SQL_VALUES(sql_number(instance_id),
					      sql_bytes(item->same_key.bytes, INBOX_KEY_SIZE),
					      sql_bytes(item->revision.bytes, INBOX_KEY_SIZE)));
	if (r != JEMBATAN_OK)
		return r;
	item->id = same != 0 ? same : first;
	item->verdict = same != 0 ? INBOX_IS_SAME : first != 0 ? INBOX_IS_EDIT : INBOX_IS_NEW;
	return r;
}

enum jembatan_result inbox_has_new(struct db *db, int64_t instance_id, bool *out_has,
				   struct why *why)
{
	int64_t has = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &has, "SELECT EXISTS (SELECT 1"
						" FROM message WHERE stage = 0 AND instance_id = ?1)",
						SQL_VALUES(sql_number(instance_id)));
	*out_has = has != 0;
	return r;
}

enum jembatan_result inbox_count(struct db *db, int64_t instance_id, struct inbox_counts *out,
				 struct why *why)
{
	static const char text[] = "SELECT counted, key, n FROM tally WHERE counted BETWEEN 0 AND 2"
				   " AND (?1 = 0 OR instance_id = ?1)";
	struct inbox_counts c = { 0 };
	enum jembatan_result r = db_write_tally(db, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(instance_id)));
	while (sql_next(&db->sql, s, &r, why)) {
		int64_t counted = sqlite3_column_int64(s, 0), n = sqlite3_column_int64(s, 2);
		if (counted == 0) {
			c.by_stage[sqlite3_column_int64(s, 1) & 7] += n;
			c.total += n;
		} else if (counted == 1) {
			c.repeats += n;
		} else {
			c.edits += n;
		}
	}
	if (r == JEMBATAN_OK)
		r = sql_get_number(&db->sql, why, &c.oldest_new_ms,
				   "SELECT min((SELECT min(received_ms) FROM message m"
				   " WHERE m.stage = 0 AND m.instance_id = i.id))"
				   " FROM instance i WHERE ?1 = 0 OR i.id = ?1",
				   SQL_VALUES(sql_number(instance_id)));
	if (r == JEMBATAN_OK)
		*out = c;
	return r;
}
