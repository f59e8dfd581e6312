/* unreachable.c: see unreachable.h. */
#include "store/unreachable.h"

#include "store/db_inside.h"
#include "store/migrate.h"
#include "base/poison.h"

#define KEY_SIZE 16u /* of a keyed hash, as it is stored */

/* Keyed hashes, as reply.address_key and message.thread_key. */
const char schema_unreachable[] =
	"CREATE TABLE unreachable ("
	" instance_id INTEGER NOT NULL REFERENCES instance,"
	" address_key BLOB NOT NULL,"
	" thread_key BLOB NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" until_ms INTEGER NOT NULL,"
	" PRIMARY KEY (instance_id, address_key)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX unreachable_thread ON unreachable (instance_id, thread_key);"
	"CREATE INDEX unreachable_until ON unreachable (until_ms);";

static struct sql_value key_of(const struct digest *d)
{
	return sql_bytes(d->bytes, KEY_SIZE);
}

enum jembatan_result unreachable_put(struct db *db, const struct unreachable_mark *m,
				     struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why, "DELETE FROM unreachable WHERE until_ms <= ?1",
					 SQL_VALUES(sql_number(m->at_ms)));
	db->has_unreachable = true;
	return r != JEMBATAN_OK ? r :
	       sql_run(&db->sql, why, "INSERT OR REPLACE INTO unreachable VALUES (?1, ?2, ?3, ?4, ?5)",
		       SQL_VALUES(sql_number(m->instance_id), key_of(&m->address_key),
				  key_of(&m->thread_key), sql_number(m->at_ms),
				  sql_number(m->until_ms)));
}

enum jembatan_result unreachable_is(struct db *db, int64_t instance_id,
				    const struct digest *address_key, int64_t now_ms, bool *out,
				    struct why *why)
{
	int64_t n = 0;
	enum jembatan_result r = !db->has_unreachable ? JEMBATAN_OK :
		sql_get_number(&db->sql, why, &n, "SELECT EXISTS (SELECT 1 FROM unreachable"
			       " WHERE instance_id = ?1 AND address_key = ?2 AND until_ms > ?3)",
			       SQL_VALUES(sql_number(instance_id), key_of(address_key),
					  sql_number(now_ms)));
	if (r == JEMBATAN_OK)
		*out = n != 0;
	return r;
}

enum jembatan_result unreachable_lift(struct db *db, int64_t instance_id,
				      const struct digest *address_key, struct why *why)
{
	return sql_run(&db->sql, why,
		       "DELETE FROM unreachable WHERE instance_id = ?1 AND address_key = ?2",
		       SQL_VALUES(sql_number(instance_id), key_of(address_key)));
}

enum jembatan_result unreachable_arrived(struct db *db, int64_t instance_id,
					 const struct digest *thread_key, int64_t arrived_ms,
					 struct why *why)
{
	if (!db->has_unreachable)
		return JEMBATAN_OK;
	return sql_run(&db->sql, why,
		       "DELETE FROM unreachable WHERE instance_id = ?1 AND thread_key = ?2"
		       " AND at_ms <= ?3",
		       SQL_VALUES(sql_number(instance_id), key_of(thread_key),
				  sql_number(arrived_ms)));
}

enum jembatan_result unreachable_count(struct db *db, int64_t instance_id, int64_t now_ms,
				       int64_t *out, struct why *why)
{
	*out = 0;
	return !db->has_unreachable ? JEMBATAN_OK :
	       sql_get_number(&db->sql, why, out, "SELECT count(*) FROM unreachable"
			      " WHERE instance_id = ?1 AND until_ms > ?2",
			      SQL_VALUES(sql_number(instance_id), sql_number(now_ms)));
}
