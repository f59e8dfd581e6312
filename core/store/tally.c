/* tally.c: what changed, by table and column. */
#define SQLITE_ENABLE_PREUPDATE_HOOK
#include "store/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/poison.h"

#ifdef JEMBATAN_FAULTS
#define IS_CHECKED true
#else
#define IS_CHECKED false
#endif

/* Columns by their place in the schema; columns are only ever added behind. */
enum { MESSAGE_INSTANCE = 1, MESSAGE_STAGE = 5, MESSAGE_REPEATS = 9, MESSAGE_EDIT_OF = 10 };
enum { STATE = 5 }; /* of ticket, outbox and reply */
enum { QUARANTINE_DROPPED = 7, QUARANTINE_REPLAYED = 8 };
enum { FOLLOW_STATE = 1, FOLLOW_DUE = 7 };
enum { BODY_WRAPPED = 2 }; /* of message_body */

static void add(struct tally *t, enum tally_counted counted, int64_t instance_id, int64_t key,
		int64_t n)
{
	/* From the last one on: they come in much the same order. */
	size_t at = t->last;
	for (size_t left = t->count; left > 0; left--) {
		struct tally_change *c = &t->changes[at];
		if (c->counted == counted && c->instance_id == instance_id && c->key == key) {
			c->n += n;
			t->last = at;
			return;
		}
		at = at + 1 < t->count ? at + 1 : 0;
	}
	if (t->count == t->capacity) {
		t->capacity = t->capacity != 0 ? 2 * t->capacity : 32;
		t->changes = xrealloc(t->changes, t->capacity, sizeof(*t->changes));
	}
	t->changes[t->count++] = (struct tally_change){ counted, instance_id, key, n };
}

/* One row before (is_old) or after its change. */
struct side {
	sqlite3 *handle;
	bool is_old;
};

static sqlite3_value *value_of(const struct side *s, int at)
{
	sqlite3_value *value = NULL;
	int code = s->is_old ? sqlite3_preupdate_old(s->handle, at, &value) :
			       sqlite3_preupdate_new(s->handle, at, &value);
	ASSERT(code == SQLITE_OK);
	return value;
}

static int64_t column(const struct side *s, int at)
{
	return sqlite3_value_int64(value_of(s, at));
}

static void count_message(struct tally *t, const struct side *s, int64_t n)
{
	int64_t instance_id = column(s, MESSAGE_INSTANCE);
	add(t, TALLY_STAGE, instance_id, column(s, MESSAGE_STAGE), n);
	int64_t repeats = column(s, MESSAGE_REPEATS);
	if (repeats != 0)
		add(t, TALLY_REPEATS, instance_id, 0, n * repeats);
	if (column(s, MESSAGE_EDIT_OF) != 0)
		add(t, TALLY_EDITS, instance_id, 0, n);
}

static void count_quarantine(struct tally *t, const struct side *s, int64_t n)
{
	if (column(s, QUARANTINE_DROPPED) == 0 && column(s, QUARANTINE_REPLAYED) == 0)
		add(t, TALLY_QUARANTINE, 0, 0, n);
}

static void count_follow(struct tally *t, const struct side *s, int64_t n)
{
	add(t, TALLY_FOLLOWED, 0, column(s, FOLLOW_STATE), n);
	if (sqlite3_value_type(value_of(s, FOLLOW_DUE)) != SQLITE_NULL)
		add(t, TALLY_ASKED, 0, 0, n);
}

static void count_ticket(struct tally *t, const struct side *s, int64_t n)
{
	add(t, TALLY_TICKETS, 0, column(s, STATE), n);
}

static void count_outbox(struct tally *t, const struct side *s, int64_t n)
{
	add(t, TALLY_OUTBOX, 0, column(s, STATE), n);
}

static void count_reply(struct tally *t, const struct side *s, int64_t n)
{
	add(t, TALLY_REPLIES, 0, column(s, STATE), n);
}

/* What is remembered of a row that is not any more what it was. */

/* Without its key what was made of it cannot be read either. after: NULL: deleted. */
static void forget_message(struct tally *t, const struct side *after, int64_t id)
{
	keys_forget(t->keys, id);
	if (after == NULL || sqlite3_value_type(value_of(after, BODY_WRAPPED)) == SQLITE_NULL)
		recent_forget_all(t->recent);
}

static void forget_ticket(struct tally *t, const struct side *after UNUSED, int64_t id)
{
	recent_forget(t->recent, id);
}

#define NEVER_SAID (-1)

static const struct watched {
	const char *table;
	int said; /* how a statement names it in advance */
	void (*count)(struct tally *t, const struct side *s, int64_t n); /* or NULL */
	void (*forget)(struct tally *t, const struct side *after, int64_t id); /* or NULL */
} watched[] = {
	/* The most frequent of those that nothing is done about. */
	{ "audit", NEVER_SAID, NULL, NULL },
	{ "message", TALLY_STAGE, count_message, NULL },
	{ "ticket", TALLY_TICKETS, count_ticket, NULL },
	{ "outbox", TALLY_OUTBOX, count_outbox, NULL },
	{ "message_body", NEVER_SAID, NULL, forget_message },
	{ "ticket_body", NEVER_SAID, NULL, forget_ticket },
	{ "follow", NEVER_SAID, count_follow, NULL },
	{ "reply", NEVER_SAID, count_reply, NULL },
	{ "quarantine", NEVER_SAID, count_quarantine, NULL },
};

static const struct watched *find_watched(const char *table)
{
	for (size_t i = 0; i < COUNT_OF(watched); i++)
		if (watched[i].table[0] == table[0] && strcmp(watched[i].table, table) == 0)
			return &watched[i];
	return NULL;
}

static void count_said(struct tally *t, const struct tally_said *said, int64_t n)
{
	if (said->from != TALLY_NO_ROW)
		add(t, said->counted, said->instance_id, said->from, -n);
	add(t, said->counted, said->instance_id, said->to, n);
}

static void count_read(struct tally *t, const struct watched *w, sqlite3 *handle, int operation)
{
	const struct side before = { handle, true }, after = { handle, false };
	if (operation != SQLITE_INSERT)
		w->count(t, &before, -1);
	if (operation != SQLITE_DELETE)
		w->count(t, &after, 1);
}

/* What was said and what is read come to nothing together. */
static void check_said(const struct tally_said *said, const struct watched *w, sqlite3 *handle,
		       int operation)
{
	struct tally both = { 0 };
	count_read(&both, w, handle, operation);
	count_said(&both, said, -1);
	for (size_t i = 0; i < both.count; i++)
		ASSERT(both.changes[i].n == 0);
	tally_done(&both);
}

static void on_change(void *data, sqlite3 *handle, int operation, const char *database,
		      const char *table, sqlite3_int64 old_id, sqlite3_int64 new_id UNUSED)
{
	struct tally *t = data;
	const struct watched *w = find_watched(table);
	if (w == NULL || strcmp(database, "main") != 0)
		return;
	const struct side after = { handle, false };
	if (w->forget != NULL && operation != SQLITE_INSERT)
		w->forget(t, operation == SQLITE_DELETE ? NULL : &after, old_id);
	if (t->said != NULL && (int)t->said->counted == w->said) {
		if (IS_CHECKED)
			check_said(t->said, w, handle, operation);
		count_said(t, t->said, 1);
	} else if (w->count != NULL) {
		count_read(t, w, handle, operation);
	}
}

void tally_watch(struct tally *t, struct sql *sql, struct keys *keys, struct recent *recent)
{
	t->keys = keys;
	t->recent = recent;
	sqlite3_preupdate_hook(sql->handle, on_change, t);
}

enum jembatan_result tally_run(struct tally *t, struct sql *sql, const struct tally_said *said,
			       struct why *why, const char *text, const struct sql_value *values,
			       size_t count)
{
	t->said = said;
	enum jembatan_result r = sql_run(sql, why, text, values, count);
	t->said = NULL;
	return r;
}

void tally_done(struct tally *t)
{
	free(t->changes);
	*t = (struct tally){ 0 };
}

void tally_forget(struct tally *t)
{
	t->count = t->last = 0;
}

enum jembatan_result tally_write(struct tally *t, struct sql *sql, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < t->count && r == JEMBATAN_OK; i++) {
		const struct tally_change *c = &t->changes[i];
		if (c->n != 0)
			r = sql_run(sql, why, "INSERT INTO tally VALUES (?1, ?2, ?3, ?4)"
				    " ON CONFLICT DO UPDATE SET n = n + excluded.n",
				    SQL_VALUES(sql_number(c->counted), sql_number(c->instance_id),
					       sql_number(c->key), sql_number(c->n)));
	}
	if (r == JEMBATAN_OK)
		tally_forget(t);
	return r;
}
