/* quoted.c: see quoted.h. */
#include "store/quoted.h"

#include "store/db_inside.h"
#include "base/poison.h"

#define KEY_SIZE 16u /* of a keyed hash, as inbox.c writes it */

static enum jembatan_result take(struct db *db, sqlite3_stmt *s, int64_t *out_ticket_id,
				 struct why *why)
{
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		*out_ticket_id = sqlite3_column_int64(s, 0);
	return r;
}

enum jembatan_result quoted_by_record(struct db *db, const char *instance,
				      const struct digest *same_key, int64_t *out_ticket_id,
				      struct why *why)
{
	/* The sign keeps the planner from walking the ticket's index instead. */
	static const char text[] =
		"SELECT ticket_id FROM message WHERE instance_id = (SELECT id FROM instance"
		" WHERE name = ?1) AND same_key = ?2 AND +ticket_id IS NOT NULL"
		" ORDER BY +id DESC LIMIT 1";
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_text(instance),
						     sql_bytes(same_key->bytes, KEY_SIZE)));
	return take(db, s, out_ticket_id, why);
}

enum jembatan_result quoted_by_submission(struct db *db, const char *reference,
					  int64_t *out_ticket_id, struct why *why)
{
	static const char text[] =
		"SELECT m.ticket_id FROM submission s JOIN message m ON m.id = s.message_id"
		" WHERE s.reference = ?1 AND m.ticket_id IS NOT NULL LIMIT 1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_text(reference)));
	return take(db, s, out_ticket_id, why);
}
