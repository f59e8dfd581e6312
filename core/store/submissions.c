/* submissions.c: rows of submissions. */
#include "store/submissions.h"

#include <string.h>

#include "store/db_inside.h"
#include "base/poison.h"

static bool is_zero(const struct digest *d)
{
	static const struct digest zero;
	return memcmp(d, &zero, sizeof(zero)) == 0;
}

enum jembatan_result submissions_add(struct db *db, int64_t instance_id, const struct digest *key,
				     const struct submission_row *row, struct why *why)
{
	return sql_run(&db->sql, why,
		       "INSERT INTO submission (instance_id, idempotency_key, body, reference,"
		       " message_id, received_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		       SQL_VALUES(sql_number(instance_id),
				  is_zero(key) ? sql_bytes(NULL, 0) : sql_bytes(key->bytes, DIGEST_SIZE),
				  sql_bytes(row->body.bytes, DIGEST_SIZE), sql_text(row->reference),
				  sql_number(row->message_id), sql_number(row->received_ms)));
}

/* Columns: reference, body, message_id, received_ms. */
static enum jembatan_result take_one(struct db *db, sqlite3_stmt *s, struct submission_row *out,
				     struct why *why)
{
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK)
		return r;
	struct jembatan_bytes body = sql_column_bytes(s, 1);
	struct submission_row row = { .message_id = sqlite3_column_int64(s, 2),
				      .received_ms = sqlite3_column_int64(s, 3) };
	if (body.size != DIGEST_SIZE)
		return why_set(why, JEMBATAN_DATA, "a submission has a damaged digest");
	memcpy(row.body.bytes, body.data, DIGEST_SIZE);
	str_copy(row.reference, sizeof(row.reference), (const char *)sqlite3_column_text(s, 0));
	*out = row;
	return JEMBATAN_OK;
}

enum jembatan_result submissions_find_key(struct db *db, int64_t instance_id,
					  const struct digest *key, struct submission_row *out,
					  struct why *why)
{
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql,
		"SELECT reference, body, message_id, received_ms FROM submission"
		" WHERE instance_id = ?1 AND idempotency_key = ?2",
		SQL_VALUES(sql_number(instance_id), sql_bytes(key->bytes, DIGEST_SIZE)));
	return take_one(db, s, out, why);
}

enum jembatan_result submissions_find(struct db *db, int64_t instance_id, const char *reference,
				      struct submission_row *out, struct why *why)
{
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql,
		"SELECT reference, body, message_id, received_ms FROM submission"
		" WHERE reference = ?2 AND instance_id = ?1 LIMIT 1",
		SQL_VALUES(sql_number(instance_id), sql_text(reference)));
	return take_one(db, s, out, why);
}

enum jembatan_result submissions_of_message(struct db *db, int64_t message_id,
					    struct submission_row *out, struct why *why)
{
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql,
		"SELECT reference, body, message_id, received_ms FROM submission"
		" WHERE message_id = ?1 ORDER BY id LIMIT 1",
		SQL_VALUES(sql_number(message_id)));
	return take_one(db, s, out, why);
}
