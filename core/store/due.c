/* due.c: times that lie too far ahead, of what is to be done and of what was. */
#include "store/due.h"

#include "store/db_inside.h"
#include "base/poison.h"

/* Back-off and look-ups wait 15 minutes at most, attachments five; a longer
 * Retry-After is asked for anew. Status is asked for after days at most. */
#define WAITS_MOST_MS (60 * 60000)
#define ASKS_MOST_MS (31ll * 24 * 3600000)
#define TELLS_MOST_MS (2ll * 24 * 3600000) /* quiet hours, caps, a channel's wish */
#define ANSWERS_MOST_MS (366ll * 24 * 3600000) /* complete.wait */

static enum jembatan_result pull(struct db *db, const char *text, int64_t now_ms, int64_t most_ms,
				 int64_t *count, struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why, text,
					 SQL_VALUES(sql_number(now_ms),
						    sql_number(now_ms + most_ms)));
	if (r == JEMBATAN_OK)
		*count += sql_changes(&db->sql);
	return r;
}

/* When something was done last. What was done in a year that has not come would be
 * done again in that year: the nightly comparison, the centre's lists. And nobody
 * would be answered who writes before replies were switched on. */
static enum jembatan_result forget_future(struct db *db, int64_t now_ms, struct why *why)
{
	static const char *const texts[] = {
		"UPDATE flag SET value = ?1 WHERE value > ?1 AND (name IN ('central.compare_run_ms',"
		" 'central.compare_ended_ms', 'central.compared_ms', 'central.institutions_ms',"
		" 'central.templates_ms')"
		" OR name GLOB 'replies.since.*')",
		"UPDATE follow SET checked_ms = ?1 WHERE due_ms IS NOT NULL AND checked_ms > ?1",
		"UPDATE difference SET run_ms = ?1, first_ms = min(first_ms, ?1) WHERE run_ms > ?1",
	};
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; r == JEMBATAN_OK && i < COUNT_OF(texts); i++)
		r = sql_run(&db->sql, why, texts[i], SQL_VALUES(sql_number(now_ms)));
	return r;
}

enum jembatan_result due_pull_back(struct db *db, int64_t now_ms, int64_t *out_count,
				   struct why *why)
{
	static const char pushes[] = "UPDATE outbox SET due_ms = ?1"
				     " WHERE state = 0 AND state <> 2 AND due_ms > ?2";
	static const char messages[] = "UPDATE message SET due_ms = ?1 WHERE stage = 0 AND due_ms > ?2";
	static const char questions[] = "UPDATE follow SET due_ms = ?1 WHERE due_ms IS NOT NULL"
					" AND due_ms > ?2";
	static const char replies[] = "UPDATE reply SET due_ms = ?1 WHERE state IN (0, 6)"
				      " AND due_ms > ?2";
	static const char incomplete[] = "UPDATE incomplete SET due_ms = ?1 WHERE due_ms > ?2";
	int64_t count = 0;
	enum jembatan_result r = pull(db, pushes, now_ms, WAITS_MOST_MS, &count, why);
	if (r == JEMBATAN_OK)
		r = pull(db, messages, now_ms, WAITS_MOST_MS, &count, why);
	if (r == JEMBATAN_OK)
		r = pull(db, questions, now_ms, ASKS_MOST_MS, &count, why);
	if (r == JEMBATAN_OK)
		r = pull(db, replies, now_ms, TELLS_MOST_MS, &count, why);
	if (r == JEMBATAN_OK)
		r = pull(db, incomplete, now_ms, ANSWERS_MOST_MS, &count, why);
	if (r == JEMBATAN_OK)
		r = forget_future(db, now_ms, why);
	if (r == JEMBATAN_OK)
		*out_count = count;
	return r;
}

enum jembatan_result due_shift(struct db *db, int64_t now_ms, int64_t by_ms, struct why *why)
{
	static const char *const texts[] = {
		("UPDATE outbox SET due_ms = due_ms - ?2"
		 " WHERE state = 0 AND state <> 2 AND due_ms > ?1"),
		"UPDATE message SET due_ms = due_ms - ?2 WHERE stage = 0 AND due_ms > ?1",
		"UPDATE follow SET due_ms = due_ms - ?2 WHERE due_ms IS NOT NULL AND due_ms > ?1",
		"UPDATE incomplete SET due_ms = due_ms - ?2 WHERE due_ms > ?1",
		"UPDATE reply SET due_ms = due_ms - ?2 WHERE state IN (0, 6) AND due_ms > ?1",
	};
	enum jembatan_result r = JEMBATAN_OK;

	for (size_t i = 0; r == JEMBATAN_OK && i < COUNT_OF(texts); i++)
		r = sql_run(&db->sql, why, texts[i],
			    SQL_VALUES(sql_number(now_ms), sql_number(by_ms)));
	return r;
}
