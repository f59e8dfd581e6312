/* tickets.c: rows of tickets and their sealed bodies. */
#include "store/tickets.h"
#include "store/outbox_rows.h"

#include <stdio.h>
#include <string.h>

#include "store/db_inside.h"
#include "store/news.h"
#include "store/tickets_inside.h"
#include "ticket/personal.h"
#include "ticket/ticket_pack.h"
#include "base/poison.h"

#define REFERENCE_MAX TICKET_NAME_MAX
#define LABEL_SIZE (REFERENCE_MAX + 32u)

const char *ticket_state_name(enum ticket_state state)
{
	static const char *const names[] = { "review", "queued", "pushed", "unknown",
					     "refused", "shadow", "linked", "rejected",
					     "incomplete", "archived" };
	return (unsigned)state < COUNT_OF(names) ? names[state] : "?";
}

/* ---- the body's key ---------------------------------------------------- */

static enum jembatan_result open_own_key(struct db *db, const char *reference,
					 struct jembatan_bytes wrapped, struct box_key *out,
					 struct why *why)
{
	char label[LABEL_SIZE];
	struct jembatan_bytes plain = { 0 };
	snprintf(label, sizeof(label), "wrap:ticket:%s", reference);
	enum jembatan_result r = db_unseal(db, label, wrapped, &plain, why);
	if (r == JEMBATAN_OK && plain.size != BOX_KEY_SIZE)
		r = why_set(why, JEMBATAN_DATA, "a ticket has a damaged key");
	if (r == JEMBATAN_OK)
		memcpy(out->bytes, plain.data, BOX_KEY_SIZE);
	return r;
}

/* Its founding message's key, so that erasing that message erases the ticket's
 * words; its own where there was no message. GONE: erased. */
static enum jembatan_result find_key(struct db *db, int64_t message_id, const char *reference,
				     struct jembatan_bytes wrapped, struct box_key *out,
				     struct why *why)
{
	static const char text[] = "SELECT uid, wrapped FROM message_body WHERE message_id = ?1";
	if (message_id == 0)
		return open_own_key(db, reference, wrapped, out, why);
	if (keys_find(&db->keys, message_id, out))
		return JEMBATAN_OK;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(message_id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK)
		return r;
	struct seal_row row;
	r = seal_row_open(&db->master, "message", sql_column_bytes(s, 0), sql_column_bytes(s, 1),
			  &row, why);
	if (r == JEMBATAN_OK) {
		*out = row.key;
		keys_keep(&db->keys, message_id, out);
	}
	mem_wipe(&row.key, sizeof(row.key));
	return r;
}

static const char *body_label(const char *reference, char out[LABEL_SIZE])
{
	snprintf(out, LABEL_SIZE, "ticket.body:%s", reference);
	return out;
}

/* The sealed body in db->sealed. */
static enum jembatan_result seal_body(struct db *db, const struct box_key *key,
				      const char *reference, struct jembatan_bytes body,
				      struct why *why)
{
	char label[LABEL_SIZE];
	buf_clear(&db->sealed);
	box_seal(key, body_label(reference, label), body, &db->sealed);
	if (buf_is_full(&db->plain) || buf_is_full(&db->sealed))
		return why_set(why, JEMBATAN_DATA, "a ticket is too large for the store");
	return JEMBATAN_OK;
}

/* ---- writing ----------------------------------------------------------- */

static struct jembatan_bytes plain_body(struct db *db, const struct ticket_row *row)
{
	buf_clear(&db->plain);
	if (row->form == NULL)
		return bytes_text(row->body);
	ticket_pack(row->form, &db->plain);
	return buf_bytes(&db->plain);
}

static enum jembatan_result insert_body(struct db *db, int64_t id, const struct ticket_row *row,
					struct why *why)
{
	struct box_key key;
	char label[LABEL_SIZE];
	enum jembatan_result r;
	buf_clear(&db->wrapped);
	if (row->message_id == 0) {
		box_key_random(&key);
		snprintf(label, sizeof(label), "wrap:ticket:%s", row->reference);
		seal_value(&db->master, label, bytes_of(key.bytes, BOX_KEY_SIZE), &db->wrapped);
		r = JEMBATAN_OK;
	} else {
		r = find_key(db, row->message_id, row->reference, bytes_of(NULL, 0), &key, why);
	}
	struct jembatan_bytes plain = plain_body(db, row);
	if (r == JEMBATAN_OK)
		r = seal_body(db, &key, row->reference, plain, why);
	mem_wipe(&key, sizeof(key));
	if (r != JEMBATAN_OK)
		return r;
	recent_keep(&db->recent, id, plain);
	return sql_run(&db->sql, why, "INSERT INTO ticket_body (ticket_id, wrapped, sealed)"
		       " VALUES (?1, ?2, ?3)",
		       SQL_VALUES(sql_number(id), sql_bytes(db->wrapped.data, db->wrapped.size),
				  sql_bytes(db->sealed.data, db->sealed.size)));
}

enum jembatan_result tickets_add(struct db *db, const struct ticket_row *row, int64_t *out_id,
				 struct why *why)
{
	size_t n = strlen(row->reference);
	ASSERT(n > 0 && n <= REFERENCE_MAX && (row->body != NULL || row->form != NULL));
	const struct tally_said said = { TALLY_TICKETS, 0, TALLY_NO_ROW, row->state };
	enum jembatan_result r =
		tally_run(&db->tally, &db->sql, &said, why,
			"INSERT INTO ticket (reference, instance_id, message_id, created_ms, state,"
			" tracking_id, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
			" ON CONFLICT (reference) DO NOTHING",
			SQL_VALUES(sql_text(row->reference), sql_number(row->instance_id),
				   sql_id(row->message_id), sql_number(row->created_ms),
				   sql_number(row->state), sql_text(row->tracking_id),
				   sql_text(row->reason)));
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		return why_set(why, JEMBATAN_DATA, "the reference %s is taken: make another",
			       row->reference);
	if (r != JEMBATAN_OK)
		return r;
	int64_t id = sql_last_id(&db->sql);
	r = insert_body(db, id, row, why);
	if (r == JEMBATAN_OK)
		*out_id = id;
	return r;
}

static enum jembatan_result gone(struct why *why)
{
	return why_set(why, JEMBATAN_GONE, "there is no such ticket");
}

enum jembatan_result tickets_set_state(struct db *db, int64_t id, enum ticket_state state,
				       const char *reason, struct why *why)
{
	enum jembatan_result r = sql_run(&db->sql, why,
					 "UPDATE ticket SET state = ?2, reason = ?3 WHERE id = ?1",
					 SQL_VALUES(sql_number(id), sql_number(state),
						    sql_text(reason)));
	return r == JEMBATAN_OK && sql_changes(&db->sql) == 0 ? gone(why) : r;
}

/* OK also when it has this very number already. */
static enum jembatan_result expect_number(struct db *db, int64_t id, const char *tracking_id,
					  struct why *why)
{
	static const char text[] = "SELECT tracking_id = ?2 FROM ticket WHERE id = ?1";
	int64_t same = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &same, text,
						SQL_VALUES(sql_number(id), sql_text(tracking_id)));
	if (r == JEMBATAN_GONE)
		return gone(why);
	return r != JEMBATAN_OK || same != 0 ? r :
	       why_set(why, JEMBATAN_DATA,
		       "this ticket already has another tracking number: compare both at the "
		       "centre");
}

enum jembatan_result tickets_set_tracking(struct db *db, int64_t id, const char *tracking_id,
					  struct why *why)
{
	enum jembatan_result r =
		sql_run(&db->sql, why,
			"UPDATE ticket SET tracking_id = ?2 WHERE id = ?1 AND tracking_id IS NULL",
			SQL_VALUES(sql_number(id), sql_text(tracking_id)));
	if (r == JEMBATAN_OK)
		r = sql_changes(&db->sql) > 0 ? news_number(db, id, why) :
						expect_number(db, id, tracking_id, why);
	if (r != JEMBATAN_OK)
		return r;
	/* A linked ticket has no create whose end could let its follow-ups go. */
	int64_t has_create = 0;
	r = sql_get_number(&db->sql, why, &has_create, "SELECT EXISTS (SELECT 1 FROM outbox"
			   " WHERE ticket_id = ?1 AND kind = 0)", SQL_VALUES(sql_number(id)));
	return r == JEMBATAN_OK && has_create == 0 ? outbox_rows_let_go(db, id, why) : r;
}

enum jembatan_result tickets_set_pushed(struct db *db, int64_t id, const char *tracking_id,
					const char *reason, struct why *why)
{
#define SET_PUSHED "UPDATE ticket SET tracking_id = ?2, state = 2, reason = ?3 WHERE id = ?1" \
	" AND tracking_id IS NULL"
	static const char any[] = SET_PUSHED, queued[] = SET_PUSHED " AND state = 1";
	const struct tally_said said = { TALLY_TICKETS, 0, TICKET_QUEUED, TICKET_PUSHED };
	const struct sql_value values[] = { sql_number(id), sql_text(tracking_id),
					    sql_text(reason) };
	enum jembatan_result r = tally_run(&db->tally, &db->sql, &said, why, queued, values,
					   COUNT_OF(values));
	if (r == JEMBATAN_OK && sql_changes(&db->sql) == 0)
		r = sql_run(&db->sql, why, any, values, COUNT_OF(values));
	if (r != JEMBATAN_OK)
		return r;
	if (sql_changes(&db->sql) > 0) {
		r = news_number(db, id, why);
	} else {
		r = expect_number(db, id, tracking_id, why);
		if (r == JEMBATAN_OK)
			r = tickets_set_state(db, id, TICKET_PUSHED, reason, why);
	}
	if (r != JEMBATAN_OK)
		return r;
	return sql_run(&db->sql, why, "INSERT INTO follow (ticket_id) VALUES (?1)"
		       " ON CONFLICT DO NOTHING", SQL_VALUES(sql_number(id)));
}

enum jembatan_result tickets_set_body(struct db *db, int64_t id, const char *body, struct why *why)
{
	static const char text[] = "SELECT t.reference, t.message_id, b.wrapped FROM ticket t"
				   " JOIN ticket_body b ON b.ticket_id = t.id WHERE t.id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_GONE)
		return gone(why);
	if (r != JEMBATAN_OK)
		return r;
	struct box_key key;
	const char *reference = (const char *)sqlite3_column_text(s, 0);
	r = find_key(db, sqlite3_column_int64(s, 1), reference, sql_column_bytes(s, 2), &key, why);
	if (r == JEMBATAN_OK)
		r = seal_body(db, &key, reference, bytes_text(body), why);
	mem_wipe(&key, sizeof(key));
	if (r != JEMBATAN_OK)
		return r;
	return sql_run(&db->sql, why, "UPDATE ticket_body SET sealed = ?2 WHERE ticket_id = ?1",
		       SQL_VALUES(sql_number(id), sql_bytes(db->sealed.data, db->sealed.size)));
}

/* ---- what else belongs to a ticket ------------------------------------- */

void ticket_seal_wipe(struct ticket_seal *s)
{
	mem_wipe(&s->key, sizeof(s->key));
}

enum jembatan_result ticket_seal_find(struct db *db, int64_t ticket_id, struct ticket_seal *out,
				      struct why *why)
{
	static const char text[] = "SELECT t.reference, t.message_id, b.wrapped FROM ticket t"
				   " JOIN ticket_body b ON b.ticket_id = t.id WHERE t.id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text,
						     SQL_VALUES(sql_number(ticket_id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_GONE)
		return gone(why);
	if (r != JEMBATAN_OK)
		return r;
	snprintf(out->reference, sizeof(out->reference), "%s", sqlite3_column_text(s, 0));
	return find_key(db, sqlite3_column_int64(s, 1), out->reference, sql_column_bytes(s, 2),
			&out->key, why);
}

static void value_label(const struct ticket_seal *s, const char *what, char *out, size_t size)
{
	snprintf(out, size, "ticket.%s:%s", what, s->reference);
}

enum jembatan_result ticket_seal_value(struct db *db, const struct ticket_seal *s,
				       const char *what, struct jembatan_bytes plain,
				       struct jembatan_bytes *out, struct why *why)
{
	char label[192];
	value_label(s, what, label, sizeof(label));
	buf_clear(&db->sealed);
	box_seal(&s->key, label, plain, &db->sealed);
	if (buf_is_full(&db->sealed))
		return why_set(why, JEMBATAN_DATA, "a value is too large for the store");
	*out = buf_bytes(&db->sealed);
	return JEMBATAN_OK;
}

enum jembatan_result ticket_unseal_value(struct db *db, const struct ticket_seal *s,
					 const char *what, struct jembatan_bytes sealed,
					 struct jembatan_bytes *out, struct why *why)
{
	char label[192];
	value_label(s, what, label, sizeof(label));
	buf_clear(&db->plain);
	enum jembatan_result r = box_open(&s->key, label, sealed, &db->plain, why);
	if (r == JEMBATAN_OK)
		*out = buf_bytes(&db->plain);
	return r;
}

/* ---- reading ----------------------------------------------------------- */

#define SELECT_ROWS \
	"SELECT t.id, t.reference, t.instance_id, t.message_id, t.created_ms, t.state," \
	" t.tracking_id, t.reason, b.wrapped, b.sealed" \
	" FROM ticket t JOIN ticket_body b ON b.ticket_id = t.id "

/* As it was sealed, in the arena; of size 0 when the words were erased. */
static enum jembatan_result open_body(struct db *db, sqlite3_stmt *s, struct arena *arena,
				      const struct ticket_row *row, struct jembatan_bytes *out,
				      struct why *why)
{
	struct box_key key;
	char label[LABEL_SIZE];
	enum jembatan_result r = find_key(db, row->message_id, row->reference,
					  sql_column_bytes(s, 8), &key, why);
	*out = bytes_of(NULL, 0);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	buf_clear(&db->plain);
	if (r == JEMBATAN_OK)
		r = box_open(&key, body_label(row->reference, label), sql_column_bytes(s, 9),
			     &db->plain, why);
	mem_wipe(&key, sizeof(key));
	if (r == JEMBATAN_OK)
		*out = bytes_of(arena_memdup(arena, db->plain.data, db->plain.size),
				db->plain.size);
	return r;
}

/* The body stays NULL when the words were erased. */
static enum jembatan_result read_body(struct db *db, sqlite3_stmt *s, struct arena *arena,
				      struct ticket_row *row, struct why *why)
{
	struct jembatan_bytes plain;
	struct ticket t;
	enum jembatan_result r = open_body(db, s, arena, row, &plain, why);
	if (r != JEMBATAN_OK || plain.size == 0)
		return r;
	if (!ticket_is_packed(plain)) {
		row->body = arena_strndup(arena, plain.data, plain.size);
		return JEMBATAN_OK;
	}
	r = ticket_unpack(plain, arena, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(free_pointer) char *json = ticket_to_json(&t);
	row->body = arena_strdup(arena, json);
	return JEMBATAN_OK;
}

static const struct ticket *read_form(struct db *db, sqlite3_stmt *s, struct arena *arena,
				      const struct ticket_row *row)
{
	struct jembatan_bytes plain;
	struct ticket *t = arena_alloc(arena, sizeof(*t));
	if (open_body(db, s, arena, row, &plain, NULL) != JEMBATAN_OK || plain.size == 0 ||
	    ticket_unpack(plain, arena, t, NULL) != JEMBATAN_OK)
		return NULL;
	return t;
}

static void read_row(sqlite3_stmt *s, struct arena *arena, struct ticket_row *out)
{
	*out = (struct ticket_row){
		.id = sqlite3_column_int64(s, 0),
		.reference = sql_column_text(s, 1, arena),
		.instance_id = sqlite3_column_int64(s, 2),
		.message_id = sqlite3_column_int64(s, 3),
		.created_ms = sqlite3_column_int64(s, 4),
		.state = (enum ticket_state)sqlite3_column_int(s, 5),
		.tracking_id = sql_column_text(s, 6, arena),
		.reason = sql_column_text(s, 7, arena),
	};
}

static enum jembatan_result read_one(struct db *db, sqlite3_stmt *s, struct arena *arena,
				     struct ticket_row *out, struct why *why)
{
	struct ticket_row row;
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_GONE)
		return gone(why);
	if (r != JEMBATAN_OK)
		return r;
	read_row(s, arena, &row);
	r = read_body(db, s, arena, &row, why);
	if (r == JEMBATAN_OK)
		*out = row;
	return r;
}

enum jembatan_result tickets_get(struct db *db, int64_t id, struct arena *arena,
				 struct ticket_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE t.id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	return read_one(db, s, arena, out, why);
}

enum jembatan_result tickets_head(struct db *db, int64_t id, struct arena *arena,
				  struct ticket_row *out, struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE t.id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r == JEMBATAN_OK)
		read_row(s, arena, out);
	return r == JEMBATAN_GONE ? gone(why) : r;
}

enum jembatan_result tickets_read(struct db *db, int64_t id, struct arena *arena,
				  struct ticket_row *out, struct ticket *out_form,
				  struct why *why)
{
	static const char text[] = SELECT_ROWS "WHERE t.id = ?1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_VALUES(sql_number(id)));
	struct jembatan_bytes plain;
	enum jembatan_result r = sql_one(&db->sql, s, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? gone(why) : r;
	read_row(s, arena, out);
	r = open_body(db, s, arena, out, &plain, why);
	if (r == JEMBATAN_OK && plain.size == 0)
		return why_set(why, JEMBATAN_DATA, "the ticket's body is not there any more");
	return r == JEMBATAN_OK ? ticket_unpack(plain, arena, out_form, why) : r;
}

bool tickets_recent(struct db *db, int64_t id, struct arena *arena, struct ticket *out)
{
	struct jembatan_bytes kept = recent_find(&db->recent, id);
	if (kept.size == 0)
		return false;
	kept.data = arena_memdup(arena, kept.data, kept.size);
	return ticket_unpack(kept, arena, out, NULL) == JEMBATAN_OK;
}

enum jembatan_result tickets_find(struct db *db, const char *name, struct arena *arena,
				  struct ticket_row *out, struct why *why)
{
	static const char by_reference[] = SELECT_ROWS "WHERE t.reference = upper(?1)";
	static const char by_tracking[] = SELECT_ROWS "WHERE t.tracking_id = ?1 LIMIT 1";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, by_reference,
						     SQL_VALUES(sql_text(name)));
	enum jembatan_result r = read_one(db, s, arena, out, why);
	if (r != JEMBATAN_GONE)
		return r;
	CLEANUP(sql_end) sqlite3_stmt *t = sql_query(&db->sql, by_tracking,
						     SQL_VALUES(sql_text(name)));
	return read_one(db, t, arena, out, why);
}

enum jembatan_result tickets_other_with(struct db *db, int64_t id, const char *tracking_id,
					struct arena *arena, const char **out_reference,
					struct why *why)
{
	static const char text[] = "SELECT reference FROM ticket WHERE tracking_id = ?2"
				   " AND id <> ?1 AND state <> ?3 LIMIT 1";
	db_read_on(db); /* answers come in crowds */
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, text, SQL_VALUES(sql_number(id), sql_text(tracking_id),
						     sql_number(TICKET_LINKED)));
	enum jembatan_result r = sql_one(&db->sql, s, why);

	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	*out_reference = r == JEMBATAN_OK ?
		arena_strdup(arena, (const char *)sqlite3_column_text(s, 0)) : NULL;
	return JEMBATAN_OK;
}

/* Of a ticket made before titles were masked, or of a person's own words. */
static const char *masked_title(struct arena *arena, const struct ticket *form)
{
	if (form == NULL || form->title == NULL)
		return NULL;
	char *title = arena_strdup(arena, form->title);
	(void)personal_mask(title, PERSONAL_ALL);
	return title;
}

enum jembatan_result tickets_list(struct db *db, int state, int64_t after_id, size_t limit,
				  struct arena *arena, struct ticket_row *out, size_t *out_count,
				  struct why *why)
{
	static const char all[] = SELECT_ROWS "WHERE t.id > ?1 ORDER BY t.id LIMIT ?2";
	static const char some[] = SELECT_ROWS "WHERE t.state = ?3 AND t.state <> 2 AND t.id > ?1"
					       " ORDER BY t.id LIMIT ?2";
	static const char pushed[] = SELECT_ROWS "WHERE t.state = ?3 AND t.id > ?1"
						 " ORDER BY t.id LIMIT ?2";
	struct sql_value values[] = { sql_number(after_id), sql_number((int64_t)limit),
				      sql_number(state) };
	CLEANUP(sql_end) sqlite3_stmt *s =
		sql_query(&db->sql, state < 0 ? all : state == TICKET_PUSHED ? pushed : some, values,
			  state < 0 ? 2 : 3);
	enum jembatan_result r;
	size_t n = 0;
	while (sql_next(&db->sql, s, &r, why)) {
		read_row(s, arena, &out[n]);
		/* One damaged body must not hide the others of a list. */
		out[n].form = read_form(db, s, arena, &out[n]);
		out[n].title = masked_title(arena, out[n].form);
		n++;
	}
	if (r == JEMBATAN_OK)
		*out_count = n;
	return r;
}

enum jembatan_result tickets_newest(struct db *db, int64_t *out_id, struct why *why)
{
	return sql_get_number(&db->sql, why, out_id, "SELECT coalesce(max(id), 0) FROM ticket",
			      SQL_NOTHING);
}

enum jembatan_result tickets_count(struct db *db, int64_t out_by_state[TICKET_STATE_COUNT], struct why *why)
{
	static const char text[] = "SELECT key, n FROM tally WHERE counted = 3 AND instance_id = 0";
	int64_t by_state[TICKET_STATE_COUNT] = { 0 };
	enum jembatan_result r = db_write_tally(db, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(&db->sql, text, SQL_NOTHING);
	while (sql_next(&db->sql, s, &r, why)) {
		int64_t state = sqlite3_column_int64(s, 0);
		if (state >= 0 && state < TICKET_STATE_COUNT)
			by_state[state] += sqlite3_column_int64(s, 1);
	}
	if (r == JEMBATAN_OK)
		memcpy(out_by_state, by_state, sizeof(by_state));
	return r;
}
