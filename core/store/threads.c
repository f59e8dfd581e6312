/* threads.c: see threads.h. A thread is never an alias itself: it was looked up
 * before something else was joined to it. */
#include "store/threads.h"

#include <string.h>

#include "store/db_inside.h"
#include "base/poison.h"

#define KEY_SIZE 16u /* of a keyed hash, as it is stored */

static struct sql_value key_of(const struct digest *d)
{
	return sql_bytes(d->bytes, KEY_SIZE);
}

/* GONE: it is no other name of a thread. */
static enum jembatan_result look_up(struct db *db, int64_t instance_id, const struct digest *alias,
				    struct digest *out_thread, int64_t *out_at_ms, struct why *why)
{
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, "SELECT thread_key, at_ms FROM thread_alias"
				    " WHERE instance_id = ?1 AND alias = ?2",
			  SQL_VALUES(sql_number(instance_id), key_of(alias)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	struct jembatan_bytes found = r == JEMBATAN_OK ? sql_column_bytes(s, 0) : bytes_of(NULL, 0);
	if (r == JEMBATAN_OK && found.size != KEY_SIZE)
		return why_set(why, JEMBATAN_DATA, "the key of a thread has %zu bytes", found.size);
	if (r == JEMBATAN_OK) {
		*out_thread = (struct digest){ 0 };
		memcpy(out_thread->bytes, found.data, KEY_SIZE);
		*out_at_ms = sqlite3_column_int64(s, 1);
	}
	return r;
}

enum jembatan_result threads_find(struct db *db, int64_t instance_id, struct digest *key,
				  struct why *why)
{
	int64_t at_ms;
	if (!db->has_aliases)
		return JEMBATAN_OK;
	enum jembatan_result r = look_up(db, instance_id, key, key, &at_ms, why);
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

/* Of what is decided only that with a ticket is looked for by its thread; each
 * statement has its index. */
static enum jembatan_result move(struct db *db, int64_t instance_id, const struct digest *alias,
				 const struct digest *thread, struct why *why)
{
	static const char *const texts[] = {
		"UPDATE message INDEXED BY message_waits SET thread_key = ?3 WHERE instance_id = ?1"
		" AND thread_key = ?2 AND thread_key IS NOT NULL AND stage = 0",
		"UPDATE message INDEXED BY message_thread SET thread_key = ?3 WHERE instance_id = ?1"
		" AND thread_key = ?2 AND thread_key IS NOT NULL AND ticket_id IS NOT NULL",
		/* What else it was called. */
		"UPDATE thread_alias INDEXED BY thread_alias_thread SET thread_key = ?3"
		" WHERE instance_id = ?1 AND thread_key = ?2",
		"UPDATE unreachable INDEXED BY unreachable_thread SET thread_key = ?3"
		" WHERE instance_id = ?1 AND thread_key = ?2",
	};
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < COUNT_OF(texts) && r == JEMBATAN_OK; i++)
		r = sql_run(&db->sql, why, texts[i],
			    SQL_VALUES(sql_number(instance_id), key_of(alias), key_of(thread)));
	return r;
}

enum jembatan_result threads_join(struct db *db, int64_t instance_id, const struct digest *alias,
				  const struct digest *thread, int64_t at_ms,
				  int64_t message_id, struct why *why)
{
	struct digest known;
	int64_t known_ms = 0;
	enum jembatan_result r = look_up(db, instance_id, alias, &known, &known_ms, why);
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	bool is_known = r == JEMBATAN_OK;
	if (memcmp(alias->bytes, thread->bytes, KEY_SIZE) == 0 ||
	    (is_known && (known_ms > at_ms || memcmp(known.bytes, thread->bytes, KEY_SIZE) == 0)))
		return JEMBATAN_OK;
	db->has_aliases = true;
	r = sql_run(&db->sql, why,
		    "INSERT INTO thread_alias VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
		    " thread_key = excluded.thread_key, at_ms = excluded.at_ms,"
		    " message_id = excluded.message_id",
		    SQL_VALUES(sql_number(instance_id), key_of(alias), key_of(thread),
			       sql_number(at_ms), sql_id(message_id)));
	/* Another owner of the number: what was before is not his. */
	return r != JEMBATAN_OK || is_known ? r : move(db, instance_id, alias, thread, why);
}

enum jembatan_result threads_is_joined(struct db *db, int64_t instance_id,
				       const struct digest *thread, bool *out_is, struct why *why)
{
	int64_t n = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &n, "SELECT EXISTS (SELECT 1 FROM thread_alias"
			       " WHERE instance_id = ?1 AND thread_key = ?2)",
			       SQL_VALUES(sql_number(instance_id), key_of(thread)));
	*out_is = n != 0;
	return r;
}

enum jembatan_result threads_newest(struct db *db, int64_t instance_id,
				    const struct digest *thread, int64_t *out_message_id,
				    struct why *why)
{
	static const char text[] =
		"SELECT coalesce((SELECT a.message_id FROM thread_alias a INDEXED BY thread_alias_thread"
		" JOIN message_body b ON b.message_id = a.message_id WHERE a.instance_id = ?1"
		" AND a.thread_key = ?2 AND b.wrapped IS NOT NULL ORDER BY a.at_ms DESC LIMIT 1), 0)";
	*out_message_id = 0;
	return !db->has_aliases ? JEMBATAN_OK :
	       sql_get_number(&db->sql, why, out_message_id, text,
			      SQL_VALUES(sql_number(instance_id), key_of(thread)));
}
