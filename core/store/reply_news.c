/* reply_news.c: what is to be told. A status at the centre is told by the trigger of
 * schema_reply.c. */
#include "store/db_inside.h"
#include "store/instances.h"
#include "store/news.h"
#include "store/replies.h"
#include "base/poison.h"

#define IS_ON "replies.on"

/* Asked at each change of a row: read once, and again after a transaction that may
 * have set it was taken back. */
static enum jembatan_result is_on(struct db *db, bool *out, struct why *why)
{
	int64_t on = 0;
	enum jembatan_result r = JEMBATAN_OK;
	if (!db->replies.known) {
		r = instances_flag_get(db, IS_ON, &on, why);
		if (r != JEMBATAN_OK)
			return r;
		db->replies.known = true;
		db->replies.on = on != 0;
	}
	*out = db->replies.on;
	return r;
}

enum jembatan_result replies_set_on(struct db *db, bool on, struct why *why)
{
	bool was = false;
	enum jembatan_result r = is_on(db, &was, why);
	if (r != JEMBATAN_OK || was == on)
		return r;
	db->replies.known = false;
	return instances_flag_set(db, IS_ON, on, why);
}

enum jembatan_result news_number(struct db *db, int64_t ticket_id, struct why *why)
{
	bool on = false;
	enum jembatan_result r = is_on(db, &on, why);
	if (r != JEMBATAN_OK || !on)
		return r;
	return sql_run(&db->sql, why, "INSERT INTO reply_news (kind, ticket_id, at_ms)"
		       " SELECT 1, id, created_ms FROM ticket WHERE id = ?1",
		       SQL_VALUES(sql_number(ticket_id)));
}

enum jembatan_result news_joined(struct db *db, int64_t message_id, enum inbox_stage stage,
				 int64_t ticket_id, struct why *why)
{
	bool on = false, reports = stage == INBOX_TICKET || stage == INBOX_FOLLOW_UP ||
				   stage == INBOX_REPOST;
	enum jembatan_result r = is_on(db, &on, why);
	if (r != JEMBATAN_OK || !on || !reports || ticket_id == 0)
		return r;
	/* Who was moved to another ticket hears of that one's number. */
	return sql_run(&db->sql, why, "INSERT INTO reply_news (kind, ticket_id, message_id, at_ms)"
		       " SELECT 0, ?2, id, received_ms FROM message WHERE id = ?1"
		       " AND (stage = 0 OR ticket_id <> ?2)",
		       SQL_VALUES(sql_number(message_id), sql_number(ticket_id)));
}

enum jembatan_result replies_news_add(struct db *db, const struct reply_news *n, int64_t now_ms,
				      struct why *why)
{
	return sql_run(&db->sql, why,
		       "INSERT INTO reply_news (kind, ticket_id, message_id, reply_id, status, at_ms)"
		       " SELECT ?1, ?2, ?3, ?4, ?5, ?6"
		       " WHERE (SELECT value FROM flag WHERE name = 'replies.on') = 1",
		       SQL_VALUES(sql_number(n->kind), sql_id(n->ticket_id), sql_id(n->message_id),
				  sql_id(n->reply_id), sql_number(n->status), sql_number(now_ms)));
}

enum jembatan_result replies_news(struct db *db, size_t limit, struct reply_news *out,
				  size_t *out_count, struct why *why)
{
	static const char text[] =
		"SELECT id, kind, ticket_id, message_id, reply_id, status, after_id, at_ms"
		" FROM reply_news ORDER BY id LIMIT ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = (struct reply_news){
			.id = sqlite3_column_int64(s, 0),
			.kind = (enum reply_news_kind)sqlite3_column_int(s, 1),
			.ticket_id = sqlite3_column_int64(s, 2),
			.message_id = sqlite3_column_int64(s, 3),
			.reply_id = sqlite3_column_int64(s, 4),
			.status = sqlite3_column_int(s, 5),
			.after_id = sqlite3_column_int64(s, 6),
			.at_ms = sqlite3_column_int64(s, 7),
		};
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result replies_news_move(struct db *db, int64_t id, int64_t after_id,
				       struct why *why)
{
	return sql_run(&db->sql, why, "UPDATE reply_news SET after_id = ?2 WHERE id = ?1",
		       SQL_VALUES(sql_number(id), sql_number(after_id)));
}

enum jembatan_result replies_news_done(struct db *db, int64_t id, struct why *why)
{
	return sql_run(&db->sql, why, "DELETE FROM reply_news WHERE id = ?1",
		       SQL_VALUES(sql_number(id)));
}

enum jembatan_result replies_last_contact(struct db *db, int64_t message_id, int64_t *out_ms,
					  struct why *why)
{
	return sql_get_number(&db->sql, why, out_ms,
			      "SELECT max(m.arrived_ms, coalesce((SELECT max(n.arrived_ms)"
			      " FROM message n INDEXED BY message_thread"
			      " WHERE n.instance_id = m.instance_id AND n.thread_key = m.thread_key"
			      " AND n.thread_key IS NOT NULL AND n.ticket_id IS NOT NULL), 0))"
			      " FROM message m WHERE m.id = ?1",
			      SQL_VALUES(sql_number(message_id)));
}

enum jembatan_result replies_reporters(struct db *db, int64_t ticket_id, int64_t after_id,
				       size_t limit, int64_t *out_ids, size_t *out_count,
				       struct why *why)
{
	static const char text[] =
		"SELECT id FROM message INDEXED BY message_ticket WHERE ticket_id = ?1 AND id > ?2"
		" AND stage IN (1, 2, 7) ORDER BY id LIMIT ?3";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(ticket_id), sql_number(after_id),
						     sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out_ids[n++] = sqlite3_column_int64(s, 0);
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}
