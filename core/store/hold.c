/* hold.c: the flags of a hold, and what becomes of actions that waited. */
#include "store/hold.h"

#include "base/fault.h"
#include "store/db_inside.h"
#include "store/instances.h"
#include "store/outbox_rows.h"
#include "store/tickets.h"
#include "base/poison.h"

#define MADE "restore.made_ms"
#define RESTORED "restore.at_ms"
#define ACTIVE "restore.hold"
#define SKEW_MS (10 * 60000) /* a source's clock may be ahead of ours by so much */

enum jembatan_result hold_read(struct db *db, struct hold *out, struct why *why)
{
	struct hold h = { 0 };
	int64_t active = 0;
	enum jembatan_result r = instances_flag_get(db, MADE, &h.made_ms, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_get(db, RESTORED, &h.restored_ms, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_get(db, ACTIVE, &active, why);
	if (r != JEMBATAN_OK)
		return r;
	h.active = active != 0;
	*out = h;
	return JEMBATAN_OK;
}

bool hold_is_suspect(const struct hold *h, int64_t received_ms, int64_t source_ms)
{
	if (h->restored_ms == 0)
		return false;
	if (received_ms < h->restored_ms)
		return true;
	if (source_ms == 0)
		return h->active;
	return source_ms < h->restored_ms + (h->active ? SKEW_MS : 0);
}

/* A create that the backup saw waiting or under way. With an idempotent centre
 * it stays as it is: the same reference again is harmless. */
static enum jembatan_result hold_creates(struct db *db, int64_t now_ms, enum hold_means means,
					 struct why *why)
{
	int state = means == HOLD_PERSON ? OUTBOX_UNKNOWN : OUTBOX_QUEUED;
	enum jembatan_result r =
		sql_run(&db->sql, why,
			"UPDATE outbox SET state = ?1, started_ms = ?2, due_ms = ?2, lookups = 0,"
			" lookup_ms = ?2, alarmed = 0, why = ?3,"
			" step = CASE WHEN ?4 THEN 3 ELSE step END"
			" WHERE kind = 0 AND state IN (0, 1) AND state <> 2 AND step IN (0, 1)"
			" AND complaint_id IS NULL",
			SQL_VALUES(sql_number(state), sql_number(now_ms), sql_text(HOLD_REASON),
				   sql_number(means == HOLD_LOOKUP)));
	if (r != JEMBATAN_OK || means == HOLD_IDEMPOTENT)
		return r;
	return sql_run(&db->sql, why,
		       "UPDATE ticket SET state = ?1, reason = ?2 WHERE id IN (SELECT ticket_id"
		       " FROM outbox WHERE kind = 0 AND complaint_id IS NULL"
		       " AND (state = 4 OR (state = 0 AND step = 3)))",
		       SQL_VALUES(sql_number(TICKET_UNKNOWN), sql_text(HOLD_REASON)));
}

/* Routes and follow-ups: the centre is asked, as after a lost answer. */
static enum jembatan_result hold_others(struct db *db, int64_t now_ms, struct why *why)
{
	return sql_run(&db->sql, why,
		       "UPDATE outbox SET state = 0, step = 3, due_ms = ?1, lookups = 0,"
		       " lookup_ms = ?1, alarmed = 0, why = ?2"
		       " WHERE state IN (0, 1) AND state <> 2 AND (kind = 1 OR complaint_id IS NOT NULL)",
		       SQL_VALUES(sql_number(now_ms), sql_text(HOLD_REASON)));
}

/* Replies: their channels are asked first; what is told from now on is held. */
static enum jembatan_result hold_replies(struct db *db, int64_t now_ms, struct why *why)
{
	return sql_run(&db->sql, why,
		       "UPDATE reply SET state = 6, started_ms = ?1, due_ms = ?1, settles = 0, why = ?2"
		       " WHERE state IN (0, 1, 6)",
		       SQL_VALUES(sql_number(now_ms),
				  sql_text("it may have gone out before the store was put back")));
}

enum jembatan_result hold_start(struct db *db, int64_t made_ms, int64_t now_ms,
				enum hold_means means, struct why *why)
{
	if (FAULT_PLANTED("restore-unheld"))
		return JEMBATAN_OK;
	enum jembatan_result r = hold_creates(db, now_ms, means, why);
	if (r == JEMBATAN_OK)
		r = hold_others(db, now_ms, why);
	if (r == JEMBATAN_OK)
		r = hold_replies(db, now_ms, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_set(db, MADE, made_ms, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_set(db, RESTORED, now_ms, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_set(db, ACTIVE, 1, why);
	return r;
}

enum jembatan_result hold_release(struct db *db, struct why *why)
{
	return instances_flag_set(db, ACTIVE, 0, why);
}
