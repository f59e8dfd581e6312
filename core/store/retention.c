/* retention.c: see retention.h. A window is a range of row numbers, so that a
 * call costs the same whatever the store holds. */
#include "store/retention.h"

#include "store/db_inside.h"
#include "base/poison.h"

#define WINDOW 1024

/* ?3 closed, ?4 archived, ?5 rejected. Ticket states: 2 pushed, 7 rejected, 9
 * archived; follow states: 6 and 7 closed, 8 archived, 9 rejected. */
#define BEFORE_OF_TICKET \
	"CASE WHEN t.state = 9 OR (t.state = 2 AND f.state = 8) THEN ?4" \
	" WHEN t.state = 7 OR (t.state = 2 AND f.state = 9) THEN ?5" \
	" WHEN t.state = 2 AND f.state IN (6, 7) THEN ?3 ELSE 0 END"

/* Cheap conditions first: the others are asked of few. */
static const char tickets[] =
	"SELECT t.id FROM ticket t LEFT JOIN follow f ON f.ticket_id = t.id"
	" WHERE t.id > ?1 AND t.id <= ?2 AND t.created_ms < " BEFORE_OF_TICKET
	" AND ifnull(f.changed_ms, 0) < " BEFORE_OF_TICKET
	" AND EXISTS (SELECT 1 FROM message m JOIN message_body b ON b.message_id = m.id"
	"  WHERE m.ticket_id = t.id AND b.wrapped IS NOT NULL)"
	" AND NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = t.id"
	"  AND (m.stage IN (0, 6) OR m.received_ms >= " BEFORE_OF_TICKET "))"
	" AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = 1 AND a.subject_id = t.id"
	"  AND a.at_ms >= " BEFORE_OF_TICKET ")"
	" AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.ticket_id = t.id AND o.state <> 2"
	"  AND o.state IN (0, 1, 3, 4))"
	" AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.ticket_id = t.id"
	"  AND r.state IN (0, 1, 6, 8))"
	" AND NOT EXISTS (SELECT 1 FROM reply_news n WHERE n.ticket_id = t.id)"
	" ORDER BY t.id LIMIT ?6";

static const char messages[] =
	"SELECT m.id FROM message m WHERE m.id > ?1 AND m.id <= ?2 AND m.stage = 4"
	" AND m.ticket_id IS NULL AND m.received_ms < ?3"
	" AND EXISTS (SELECT 1 FROM message_body b WHERE b.message_id = m.id"
	"  AND b.wrapped IS NOT NULL)"
	" AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.message_id = m.id"
	"  AND r.state IN (0, 1, 6, 8))"
	" AND NOT EXISTS (SELECT 1 FROM reply_news n WHERE n.message_id = m.id)"
	" ORDER BY m.id LIMIT ?4";

/* One that waits for a person may be somebody's complaint. */
static const char records[] =
	"SELECT id FROM quarantine WHERE id > ?1 AND id <= ?2 AND dropped + replayed > 0"
	" AND wrapped IS NOT NULL AND at_ms < ?3 ORDER BY id LIMIT ?4";

static enum jembatan_result newest_of(struct db *db, enum retention_kind kind, int64_t *out,
				      struct why *why)
{
	static const char *const texts[] = {
		"SELECT ifnull(max(id), 0) FROM ticket", "SELECT ifnull(max(id), 0) FROM message",
		"SELECT ifnull(max(id), 0) FROM quarantine",
	};
	return sql_get_number(&db->sql, why, out, texts[kind], SQL_NOTHING);
}

static sqlite3_stmt *find(struct db *db, enum retention_kind kind,
			  const struct retention_before *before, int64_t after, size_t limit)
{
	struct sql_value from = sql_number(after), to = sql_number(after + WINDOW);
	struct sql_value most = sql_number((int64_t)limit);
	if (kind == RETENTION_TICKETS)
		return sql_query(&db->sql, tickets,
				 SQL_VALUES(from, to, sql_number(before->closed),
					    sql_number(before->archived),
					    sql_number(before->rejected), most));
	if (kind == RETENTION_MESSAGES)
		return sql_query(&db->sql, messages,
				 SQL_VALUES(from, to, sql_number(before->stored), most));
	return sql_query(&db->sql, records,
			 SQL_VALUES(from, to, sql_number(before->quarantine), most));
}

enum jembatan_result retention_find(struct db *db, enum retention_kind kind,
				    const struct retention_before *before, int64_t *after,
				    size_t limit, int64_t *out_ids, size_t *out_count,
				    bool *out_end, struct why *why)
{
	int64_t newest = 0;
	size_t n = 0;
	enum jembatan_result r = newest_of(db, kind, &newest, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(sql_end) sqlite3_stmt *s = find(db, kind, before, *after, limit);
	while (sql_next(&db->sql, s, &r, why))
		out_ids[n++] = sqlite3_column_int64(s, 0);
	if (r != JEMBATAN_OK)
		return r;
	*out_count = n;
	*after = n == limit ? out_ids[n - 1] : *after + WINDOW;
	*out_end = *after >= newest;
	return r;
}

enum jembatan_result retention_of_ticket(struct db *db, int64_t ticket_id, size_t limit,
					 struct erase_item *out, size_t *out_count, struct why *why)
{
	static const char text[] =
		"SELECT m.id FROM message m WHERE m.ticket_id = ?1"
		" AND EXISTS (SELECT 1 FROM message_body b WHERE b.message_id = m.id"
		"  AND b.wrapped IS NOT NULL) ORDER BY m.id DESC LIMIT ?2";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text,
			  SQL_VALUES(sql_number(ticket_id), sql_number((int64_t)limit)));
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why))
		out[n++] = (struct erase_item){ AUDIT_MESSAGE, sqlite3_column_int64(s, 0) };
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}
