/* erase.c: one message or one record of quarantine, with all that hangs on it. */
#include "store/erase.h"

#include <string.h>

#include "store/db_inside.h"
#include "store/erase_inside.h"
#include "store/follows.h"
#include "store/outbox_rows.h"
#include "store/tickets.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define FILES_MAX 512u

/* Statements of one row each, with ?1 the id and ?2 the reason. Returns how many
 * rows they changed. */
static enum jembatan_result run(struct db *db, const char *text, int64_t id, const char *reason,
				int64_t *count, struct why *why)
{
	struct sql_value values[] = { sql_number(id), sql_text(reason) };
	enum jembatan_result r = sql_run(&db->sql, why, text, values, reason != NULL ? 2 : 1);
	if (r == JEMBATAN_OK && count != NULL)
		*count += sql_changes(&db->sql);
	return r;
}

struct statement {
	const char *text;
	bool has_reason;
	size_t counted; /* offset in erase_counts; NONE: not counted */
};
#define NONE SIZE_MAX
#define COUNTED(member) offsetof(struct erase_counts, member)

static enum jembatan_result run_all(struct db *db, const struct statement *list, size_t n, int64_t id,
				    const char *reason, struct erase_counts *c, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < n && r == JEMBATAN_OK; i++) {
		int64_t *count = list[i].counted == NONE ? NULL :
				 (int64_t *)(void *)((char *)c + list[i].counted);
		r = run(db, list[i].text, id, list[i].has_reason ? reason : NULL, count, why);
	}
	return r;
}

/* ---- files ------------------------------------------------------------- */

/* Their rows go with the transaction, they themselves after it. */
static enum jembatan_result drop_files(struct db *db, const struct erase_item *item,
				       struct erase_counts *c, struct why *why)
{
	static const char list[] = "SELECT token FROM kept WHERE subject = ?1 AND subject_id = ?2"
				   " LIMIT ?3";
	enum jembatan_result r;
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, list, SQL_VALUES(sql_number(item->subject), sql_number(item->id),
						     sql_number(FILES_MAX)));
	while (sql_next(&db->sql, s, &r, why)) {
		inbox_files_forget(db, (const char *)sqlite3_column_text(s, 0));
		c->files++;
	}
	if (r != JEMBATAN_OK)
		return r;
	return sql_run(&db->sql, why, "DELETE FROM kept WHERE subject = ?1 AND subject_id = ?2",
		       SQL_VALUES(sql_number(item->subject), sql_number(item->id)));
}

/* ---- a message --------------------------------------------------------- */

static enum jembatan_result note_key(struct db *db, const char *text, int64_t id, struct buf *keys,
				     struct why *why)
{
	if (keys == NULL)
		return JEMBATAN_OK;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	struct jembatan_bytes wrapped = r == JEMBATAN_OK ? sql_column_bytes(s, 0) : bytes_of(NULL, 0);
	if (wrapped.size == SEAL_WRAPPED_SIZE)
		buf_add(keys, wrapped.data, wrapped.size);
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

/* Whoever joined the ticket goes on hearing of its state. What cannot be read any more
 * counts as secret. */
static enum jembatan_result let_words_go(struct db *db, int64_t ticket_id, struct why *why)
{
	struct arena *arena = arena_new();
	struct ticket_row row;
	struct ticket form = { .secret = true };
	enum jembatan_result r = tickets_read(db, ticket_id, arena, &row, &form, why);
	if (r == JEMBATAN_OK || r == JEMBATAN_DATA || r == JEMBATAN_GONE)
		r = follows_let_words_go(db, ticket_id, r != JEMBATAN_OK || form.secret, why);
	arena_free(arena);
	return r;
}

/* Of a founding message: its ticket, which is sealed by the same key. */
static enum jembatan_result erase_ticket(struct db *db, int64_t message_id, const char *reason,
					 struct erase_counts *c, struct why *why)
{
	static const struct statement list[] = {
		{ "UPDATE ticket SET reason = ?2 WHERE id = ?1", true, COUNTED(tickets) },
		{ "UPDATE ticket_body SET wrapped = NULL, sealed = x'' WHERE ticket_id = ?1", false,
		  NONE },
		{ "UPDATE outbox SET file_ids = NULL WHERE ticket_id = ?1"
		  " AND file_ids IS NOT NULL", false, NONE },
		{ "DELETE FROM incomplete WHERE ticket_id = ?1", false, NONE },
		/* What an officer gave as a reason may name the person. */
		{ "UPDATE audit SET why = NULL WHERE subject = 1 AND subject_id = ?1"
		  " AND actor <> 'jembatan' AND why IS NOT NULL", false, NONE },
	};
	static const char text[] = "SELECT id FROM ticket WHERE id ="
				   " (SELECT ticket_id FROM message WHERE id = ?1) AND message_id = ?1";
	int64_t id = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &id, text,
						SQL_VALUES(sql_number(message_id)));
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (r == JEMBATAN_OK)
		r = let_words_go(db, id, why);
	return r == JEMBATAN_OK ? run_all(db, list, COUNT_OF(list), id, reason, c, why) : r;
}

static enum jembatan_result erase_message(struct db *db, const struct erase_item *item,
					  const char *reason, struct erase_counts *c,
					  struct buf *keys, struct why *why)
{
	static const char key[] = "SELECT wrapped FROM message_body WHERE message_id = ?1";
	/* A reply's address is known by a keyed hash: another one takes its place. */
	static const struct statement list[] = {
		/* The last one of its thread takes along what it was also called. */
		{ "DELETE FROM thread_alias WHERE (instance_id, thread_key) ="
		  " (SELECT instance_id, thread_key FROM message WHERE id = ?1)"
		  " AND NOT EXISTS (SELECT 1 FROM message n INDEXED BY message_thread"
		  " WHERE n.instance_id = thread_alias.instance_id AND n.thread_key ="
		  " thread_alias.thread_key AND n.thread_key IS NOT NULL AND n.ticket_id IS NOT NULL"
		  " AND n.id <> ?1)"
		  " AND NOT EXISTS (SELECT 1 FROM message n INDEXED BY message_waits"
		  " WHERE n.instance_id = thread_alias.instance_id AND n.thread_key ="
		  " thread_alias.thread_key AND n.thread_key IS NOT NULL AND n.stage = 0"
		  " AND n.id <> ?1)", false, NONE },
		{ "UPDATE message SET thread_key = NULL, reason = ?2,"
		  " stage = CASE WHEN stage IN (0, 5, 6) THEN 4 ELSE stage END WHERE id = ?1", true,
		  NONE },
		{ "UPDATE duplicate SET fingerprint = NULL WHERE message_id = ?1"
		  " AND fingerprint IS NOT NULL", false, COUNTED(fingerprints) },
		{ "UPDATE reply SET waiting = 0 WHERE id IN (SELECT f.id FROM reply o INDEXED BY"
		  " reply_message JOIN reply f INDEXED BY reply_open ON f.address_key = o.address_key"
		  " AND f.ticket_id IS o.ticket_id AND f.state IN (0, 1, 6) WHERE o.message_id = ?1"
		  " AND f.message_id <> ?1 AND f.waiting = 1)", false, NONE },
		{ "DELETE FROM unreachable WHERE (instance_id, address_key) IN (SELECT instance_id,"
		  " address_key FROM reply INDEXED BY reply_message WHERE message_id = ?1)", false,
		  NONE },
		{ "UPDATE reply SET address_key = randomblob(16), remote_key = NULL, waiting = 0, missed = 0,"
		  " state = CASE WHEN state IN (0, 6, 8) THEN 7 ELSE state END, why = ?2"
		  " WHERE message_id = ?1", true, COUNTED(replies) },
		{ "DELETE FROM reply_news WHERE message_id = ?1", false, NONE },
		{ "UPDATE submission SET idempotency_key = NULL, body = zeroblob(32)"
		  " WHERE message_id = ?1", false, COUNTED(submissions) },
		{ "UPDATE message_body SET wrapped = NULL, head = x'', raw = NULL"
		  " WHERE message_id = ?1 AND wrapped IS NOT NULL", false, COUNTED(messages) },
		/* Nobody is left who could hear of it. */
		{ "UPDATE follow SET due_ms = NULL WHERE ticket_id = (SELECT ticket_id FROM message"
		  " WHERE id = ?1) AND secret IS NOT NULL AND due_ms IS NOT NULL"
		  " AND NOT EXISTS (SELECT 1 FROM message m INDEXED BY message_ticket JOIN message_body b"
		  " ON b.message_id = m.id WHERE m.ticket_id = follow.ticket_id"
		  " AND m.stage IN (1, 2, 7) AND b.wrapped IS NOT NULL)", false, NONE },
	};
	enum jembatan_result r = note_key(db, key, item->id, keys, why);
	if (r == JEMBATAN_OK)
		r = erase_ticket(db, item->id, reason, c, why);
	return r == JEMBATAN_OK ? run_all(db, list, COUNT_OF(list), item->id, reason, c, why) : r;
}

static enum jembatan_result erase_record(struct db *db, const struct erase_item *item,
					 const char *reason, struct erase_counts *c,
					 struct buf *keys, struct why *why)
{
	static const char key[] = "SELECT wrapped FROM quarantine WHERE id = ?1";
	enum jembatan_result r = note_key(db, key, item->id, keys, why);
	if (r != JEMBATAN_OK)
		return r;
	return run(db, "UPDATE quarantine SET wrapped = NULL, remote_id = NULL, spooled = NULL,"
		   " raw = NULL, dropped = 1, reason = ?2 WHERE id = ?1 AND wrapped IS NOT NULL",
		   item->id, reason, &c->records, why);
}

enum jembatan_result erase_item(struct db *db, const struct erase_item *item, const char *reason,
				struct erase_counts *counts, struct buf *out_keys, struct why *why)
{
	enum jembatan_result r = erase_withdraw(db, item, why);
	if (r == JEMBATAN_OK)
		r = drop_files(db, item, counts, why);
	if (r != JEMBATAN_OK)
		return r;
	return item->subject == AUDIT_QUARANTINE ?
	       erase_record(db, item, reason, counts, out_keys, why) :
	       erase_message(db, item, reason, counts, out_keys, why);
}

enum jembatan_result erase_compared(struct db *db, int64_t message_id, int64_t *out_id,
				    struct why *why)
{
	enum jembatan_result r = sql_get_number(&db->sql, why, out_id,
						"SELECT id FROM duplicate WHERE message_id = ?1",
						SQL_VALUES(sql_number(message_id)));
	if (r != JEMBATAN_GONE)
		return r;
	*out_id = 0;
	return JEMBATAN_OK;
}

/* ---- towards the centre ------------------------------------------------ */

enum jembatan_result erase_find_busy(struct db *db, const struct erase_item *item,
				     struct arena *arena, const char **out_reference,
				     struct why *why)
{
	/* Of the message's own follow-up, and of the ticket that it founded. A queued
	 * row that has begun may have left. */
	static const char text[] =
		"SELECT t.reference FROM message m JOIN ticket t ON t.id = m.ticket_id"
		" JOIN outbox o ON o.ticket_id = t.id"
		" WHERE m.id = ?1 AND o.state <> 2 AND (o.message_id = m.id OR t.message_id = m.id)"
		" AND (o.state IN (1, 4) OR (o.state = 0 AND (o.started_ms <> 0 OR o.step > 1)))"
		" LIMIT 1";
	*out_reference = NULL;
	if (item->subject != AUDIT_MESSAGE)
		return JEMBATAN_OK;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(item->id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		*out_reference = sql_column_text(s, 0, arena);
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

/* Takes back what has not begun, of the ticket when it founded that. What others add to
 * one that the centre has goes on. */
enum jembatan_result erase_withdraw(struct db *db, const struct erase_item *item, struct why *why)
{
	static const char ticket_of[] = "SELECT ticket_id FROM message WHERE id = ?1"
					" AND ticket_id IS NOT NULL";
	static const struct statement list[] = {
		{ "DELETE FROM outbox WHERE state IN (0, 3) AND state <> 2"
		  " AND message_id = ?1", false, NONE },
		{ "DELETE FROM outbox WHERE state IN (0, 3) AND state <> 2 AND ticket_id ="
		  " (SELECT id FROM ticket WHERE id = (SELECT ticket_id FROM message WHERE id = ?1)"
		  " AND message_id = ?1 AND (state <> 2 OR outbox.kind = 0))", false, NONE },
		{ "UPDATE ticket SET state = 7 WHERE id = (SELECT ticket_id FROM message"
		  " WHERE id = ?1) AND message_id = ?1 AND state IN (0, 1, 3, 4, 5, 8, 9)", false, NONE },
	};
	int64_t ticket_id = 0;
	struct erase_counts none = { 0 };
	if (item->subject != AUDIT_MESSAGE)
		return JEMBATAN_OK;
	enum jembatan_result r = run_all(db, list, COUNT_OF(list), item->id, NULL, &none, why);
	if (r == JEMBATAN_OK)
		r = sql_get_number(&db->sql, why, &ticket_id, ticket_of,
				   SQL_VALUES(sql_number(item->id)));
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	return r == JEMBATAN_OK ? outbox_rows_let_go(db, ticket_id, why) : r;
}
