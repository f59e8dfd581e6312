/* test_store_erase.c: what an erasure leaves of a person, over all tables and columns
 * that the schema has at run time. A column that comes is listed here with the reason
 * why it may stay, or nothing of it does; and each change that an erasure makes is left
 * out once, to see that it is missed. */
#include "store_unit.h"

#include "store/erase.h"

#define NAMES_MAX 64u

struct words {
	const char *column, *why;
};

/* No citizen's words, or keyed hashes by which a redelivery is recognised. */
static const struct words stays[] = {
	{ "message.same_key", "a keyed hash: the same message again" },
	{ "message.revision", "a keyed hash: the same message again" },
	{ "message_body.uid", "random" },
	{ "ticket.reference", "ours" },
	{ "ticket.tracking_id", "the centre's number" },
	{ "outbox.reference", "ours" },
	{ "outbox.complaint_id", "the centre's number" },
	{ "outbox.why", "a code or a sentence of ours" },
	{ "follow.institution_id", "the centre's number" },
	{ "follow_entry.entry_key", "a keyed hash: the same line again" },
	{ "duplicate.evidence", "names of features" },
	{ "reply.reference", "ours" },
	{ "reply.to_kind", "mail, phone, id" },
	{ "submission.reference", "ours" },
	{ "quarantine.record_key", "a keyed hash: the same record again" },
	{ "quarantine.raw_type", "a media type" },
	{ "quarantine.uid", "random" },
	{ "audit.actor", "who worked here" },
	{ "audit.what", "a word of ours" },
	{ "difference.ours", "a state or number" },
	{ "difference.theirs", "a state or number" },
	{ "difference.accepted", "a state or number" },
	{ "instance.", "no person's" },
	{ "instance_state.", "no person's" },
	{ "skip.", "a record that nobody could read yet" },
	{ "follow_word.", "words of the centre's states" },
	{ "central_name.", "institutions" },
	{ "backup.", "no person's" },
	{ "access.", "who looked" },
	{ "erasure.", "who asked" },
	{ "flag.", "numbers" },
	{ "meta.", "keys" },
};

/* Of generated rows; ?: the column's mark. NULL: no row is made, it is there already. */
static const struct words values[] = {
	{ "message.", NULL },
	{ "message_body.", NULL },
	{ "ticket.", NULL },
	{ "ticket_body.", NULL },
	{ "follow.", NULL },
	{ "tally.", NULL },
	{ "meta.", NULL },
	{ "flag.", NULL },
	{ "instance.", NULL },
	{ "erasure_item.", NULL },
	{ "kept.subject", "0" },
	{ "kept.subject_id", "1" },
	{ "audit.subject", "1" },
	{ "audit.subject_id", "1" },
	{ "outbox.kind", "1" },
	{ "outbox.state", "2" },
	{ "outbox.waiting", "0" },
	{ "reply.state", "0" },
	{ "reply.fallback_of", "NULL" },
	{ "reply.remote_key", "CAST('remote' AS BLOB)" },
	{ "reply_news.reply_id", "NULL" },
	{ "unreachable.address_key", "(SELECT address_key FROM reply WHERE message_id = 1)" },
	{ "thread_alias.thread_key", "(SELECT thread_key FROM message WHERE id = 1)" },
	{ "quarantine.wrapped", "zeroblob(3)" },
	{ "quarantine.dropped", "0" },
	{ "erasure.done_ms", "1" },
};

static const struct words *find(const struct words *list, size_t count, const char *table,
				const char *column)
{
	const char *whole = arena_printf(arena, "%s.%s", table, column);
	const char *any = arena_printf(arena, "%s.", table);
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i].column, whole) || str_equal(list[i].column, any))
			return &list[i];
	return NULL;
}

static size_t names(const char *query, const char **out)
{
	sqlite3_stmt *s = NULL;
	size_t n = 0;
	ck_assert_int_eq(sqlite3_prepare_v2(db->sql.handle, query, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		ck_assert_uint_lt(n, NAMES_MAX);
		out[n++] = arena_strdup(arena, (const char *)sqlite3_column_text(s, 0));
	}
	sqlite3_finalize(s);
	return n;
}

static size_t tables(const char **out)
{
	return names("SELECT name FROM sqlite_schema WHERE type = 'table'"
		     " AND name NOT LIKE 'sqlite_%' ORDER BY name = 'unreachable', name", out);
}

static size_t columns(const char *table, const char *type, const char **out)
{
	return names(arena_printf(arena, "SELECT name FROM pragma_table_info('%s') WHERE type LIKE '%s'",
				  table, type), out);
}

static const char *value_of(const char *table, const char *column, bool is_number)
{
	const struct words *known = find(values, COUNT_OF(values), table, column);
	if (known != NULL)
		return known->why;
	if (is_number) /* the first message, ticket and instance are the person's */
		return str_equal(column, "id") ? "NULL" : "1";
	return arena_printf(arena, "CAST('mark of %s.%s' AS %s)", table, column,
			    number(arena_printf(arena, "SELECT type = 'BLOB' FROM pragma_table_info('%s')"
						" WHERE name = '%s'", table, column)) != 0 ?
			    "BLOB" : "TEXT");
}

static void script(const char *text)
{
	ck_assert_msg(sql_script(&db->sql, text, &why) == JEMBATAN_OK, "%s: %s", text, why.text);
}

static void make_row(const char *table)
{
	const char *all[NAMES_MAX], *numbers[NAMES_MAX];
	size_t count = columns(table, "%", all), number_count = columns(table, "INTEGER", numbers);
	const char *text = "";
	if (find(values, COUNT_OF(values), table, "") != NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		bool is_number = false;
		for (size_t n = 0; n < number_count; n++)
			is_number |= str_equal(all[i], numbers[n]);
		text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "",
				    value_of(table, all[i], is_number));
	}
	script(arena_printf(arena, "INSERT INTO %s VALUES (%s)", table, text));
}

/* Messages 1 and 2 are the person's, 3 is another's who has joined; ticket 1 is what they
 * wrote, ticket 2 is of message 4, his too, and nothing of it has left. */
static void make_scene(void)
{
	const char *all[NAMES_MAX];
	size_t count = tables(all);
	begin();
	for (int i = 1; i <= 4; i++) {
		struct inbox_item item = item_of(arena_printf(arena, "m%d", i), "1");
		item.thread_key = key_of(i == 3 ? "thread of another" : "thread");
		ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	}
	int64_t pushed = add_ticket(1, "JB-AAAAA1", TICKET_QUEUED), held = add_ticket(4, "JB-AAAAA2", TICKET_QUEUED);
	ck_ok(tickets_set_pushed(db, pushed, "7000001", "mark of a reason", &why));
	ck_ok(inbox_leave(db, 1, INBOX_TICKET, pushed, "mark of a reason", &why));
	ck_ok(inbox_leave(db, 2, INBOX_FOLLOW_UP, pushed, "mark of another reason", &why));
	ck_ok(inbox_leave(db, 3, INBOX_REPOST, pushed, NULL, &why));
	ck_ok(inbox_leave(db, 4, INBOX_TICKET, held, NULL, &why));
	script("UPDATE message SET stage = 0 WHERE id = 2;"
	       "UPDATE follow SET raw = CAST('mark of follow.raw' AS BLOB), institution_id = '77',"
	       " due_ms = 1;");
	for (size_t i = 0; i < count; i++)
		make_row(all[i]);
	script("INSERT INTO outbox (ticket_id, message_id, kind, step, state, due_ms, created_ms, reference)"
	       " VALUES (1, 2, 1, 3, 0, 1, 1, 'F2'), (1, 3, 1, 3, 0, 1, 1, 'F3'),"
	       " (2, NULL, 0, 1, 0, 1, 1, 'JB-AAAAA2');"
	       "INSERT INTO reply (ticket_id, message_id, instance_id, event, to_kind, address_key,"
	       " reference, waiting, due_ms, created_ms) SELECT ticket_id, 3, instance_id, 3, 'id',"
	       " address_key, 'R3', 1, 1, 1 FROM reply WHERE message_id = 1;"
	       "UPDATE reply SET waiting = 0 WHERE message_id = 1;");
	commit();
}

static void erase_some(const struct erase_item *items, size_t count)
{
	struct erase_item done[8];
	struct buf keys;
	int64_t id = 0;
	size_t n = 0;
	buf_init(&keys, 65536);
	begin();
	ck_ok(erasures_add(db, "petugas", ERASE_PERSON, items, count, 1, &id, &why));
	ck_ok(erasures_slice(db, id, COUNT_OF(done), 2, done, &n, &keys, &why));
	commit();
	ck_assert_uint_eq(n, count);
	buf_done(&keys);
}

/* A value, as it stood in a column that must not keep it. */
struct value {
	const char *table, *column, *quoted, *where; /* his rows */
};

#define VALUES_MAX 256u

static size_t note_values(struct value *out)
{
	const char *all[NAMES_MAX], *some[NAMES_MAX], *found[NAMES_MAX];
	size_t n = 0, count = tables(all);
	for (size_t t = 0; t < count; t++) {
		size_t column_count = columns(all[t], "%", some);
		for (size_t c = 0; c < column_count; c++) {
			if (find(stays, COUNT_OF(stays), all[t], some[c]) != NULL)
				continue;
			const char *of = str_equal(all[t], "message") ? "id <> 3" :
					 str_equal(all[t], "message_body") ||
					 str_equal(all[t], "reply") ? "message_id <> 3" : "1";
			size_t k = names(arena_printf(arena, "SELECT DISTINCT quote(%s) FROM %s WHERE"
				" typeof(%s) IN ('text', 'blob') AND length(%s) > 0 AND %s", some[c], all[t],
				some[c], some[c], of), found);
			for (size_t i = 0; i < k; i++) {
				ck_assert_uint_lt(n, VALUES_MAX);
				out[n++] = (struct value){ all[t], some[c], found[i], of };
			}
		}
	}
	return n;
}

/* Within quotes of SQL. */
static const char *doubled(const char *text)
{
	char *out = arena_alloc(arena, 2 * strlen(text) + 1), *to = out;
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			*to++ = '\'';
		*to++ = *text;
	}
	*to = '\0';
	return out;
}

/* What is left of him: "reply.address_key"; NULL: nothing. */
static const char *left_over(const struct value *noted, size_t count)
{
	static const char *const facts[] = {
		"SELECT count(*) FROM message WHERE id <> 3 AND stage IN (0, 5, 6)",
		"SELECT count(*) FROM ticket WHERE id = 2 AND state <> 7",
		"SELECT count(*) FROM outbox WHERE state IN (0, 3) AND ifnull(message_id, 0) <> 3",
		"SELECT count(*) FROM reply WHERE message_id <> 3 AND state IN (0, 6, 8)",
		"SELECT count(*) FROM reply WHERE message_id <> 3 AND (waiting OR missed)",
		"SELECT count(*) FROM reply WHERE message_id = 3 AND waiting",
		"SELECT count(*) FROM reply_news",
		"SELECT count(*) FROM incomplete",
		"SELECT count(*) FROM follow WHERE secret IS NULL",
		"SELECT count(*) FROM quarantine WHERE dropped = 0",
	};
	for (size_t i = 0; i < count; i++)
		if (number(arena_printf(arena, "SELECT count(*) FROM %s WHERE %s AND quote(%s) ="
					" '%s'", noted[i].table, noted[i].where, noted[i].column,
					doubled(noted[i].quoted))) != 0)
			return arena_printf(arena, "%s.%s", noted[i].table, noted[i].column);
	for (size_t i = 0; i < COUNT_OF(facts); i++)
		if (number(facts[i]) != 0)
			return facts[i];
	return NULL;
}

/* His four items, then the other's: what is followed for him ends with him. */
static const char *erase_and_look(void)
{
	static const struct erase_item his[] = { { AUDIT_MESSAGE, 1 }, { AUDIT_MESSAGE, 2 },
						 { AUDIT_MESSAGE, 4 }, { AUDIT_QUARANTINE, 1 } };
	static const struct erase_item other = { AUDIT_MESSAGE, 3 };
	struct value noted[VALUES_MAX];
	size_t count = note_values(noted);
	ck_assert_uint_gt(count, 20);
	erase_some(his, COUNT_OF(his));
	const char *left = left_over(noted, count);
	if (left == NULL && number("SELECT count(*) FROM follow WHERE due_ms IS NOT NULL") != 1)
		left = "nobody is told any more";
	if (left == NULL && number("SELECT count(*) FROM outbox WHERE message_id = 3 AND state = 0") != 1)
		left = "what another added is taken back";
	erase_some(&other, 1);
	if (left == NULL && number("SELECT count(*) FROM follow WHERE due_ms IS NOT NULL") != 0)
		left = "it is followed for nobody";
	if (left == NULL && number("SELECT count(*) FROM outbox WHERE state = 0") != 0)
		left = "what the other added goes to the centre still";
	return left;
}

START_TEST(nothing_of_a_person_is_left_in_any_column)
{
	make_scene();
	const char *left = erase_and_look();
	ck_assert_msg(left == NULL, "left: %s", left);
}
END_TEST

START_TEST(what_was_erased_is_not_at_hand_either)
{
	struct ticket form;
	make_scene();
	begin();
	int64_t id = add_ticket(1, "JB-000077", TICKET_PUSHED);
	commit();
	ck_assert(tickets_recent(db, id, arena, &form));
	erase_some(&(struct erase_item){ AUDIT_MESSAGE, 1 }, 1);
	ck_assert(!tickets_recent(db, id, arena, &form));
}
END_TEST

/* ---- what is left out is missed ------------------------------------------ */

static const struct {
	const char *change, *when;
} changes[] = {
	{ "DELETE ON kept", NULL },
	{ "UPDATE OF reason ON ticket", NULL },
	{ "UPDATE OF state ON ticket", NULL },
	{ "UPDATE ON ticket_body", NULL },
	{ "UPDATE OF raw ON follow", NULL },
	{ "UPDATE OF due_ms ON follow", NULL },
	{ "UPDATE ON follow_entry", NULL },
	{ "UPDATE OF file_ids ON outbox", NULL },
	{ "DELETE ON outbox", "old.message_id = 2" },
	{ "DELETE ON outbox", "old.kind = 0" },
	{ "DELETE ON incomplete", NULL },
	{ "UPDATE ON audit", NULL },
	{ "DELETE ON thread_alias", NULL },
	{ "UPDATE ON message", NULL },
	{ "UPDATE ON duplicate", NULL },
	{ "UPDATE ON reply", "old.message_id = 1" },
	{ "UPDATE ON reply", "old.message_id = 3" },
	{ "DELETE ON unreachable", NULL },
	{ "DELETE ON reply_news", NULL },
	{ "UPDATE ON submission", NULL },
	{ "UPDATE ON message_body", NULL },
	{ "UPDATE ON quarantine", NULL },
};

START_TEST(each_change_that_is_left_out_is_missed)
{
	make_scene();
	script(arena_printf(arena, "CREATE TEMP TRIGGER left_out BEFORE %s WHEN %s BEGIN"
			    " SELECT RAISE(IGNORE); END", changes[_i].change,
			    changes[_i].when != NULL ? changes[_i].when : "1"));
	ck_assert_msg(erase_and_look() != NULL, "nobody misses: %s", changes[_i].change);
}
END_TEST

/* Of each table that an erasure changes there is a row above. */
static int look_at_change(void *data, int action, const char *table, const char *column,
			  const char *base, const char *trigger)
{
	const char *what = action == SQLITE_DELETE ? "DELETE" : action == SQLITE_UPDATE ? "UPDATE" : NULL;
	bool is_known = what == NULL || strncmp(table, "sqlite_", 7) == 0 ||
			str_equal(table, "tally") || strncmp(table, "erasure", 7) == 0;
	(void)column;
	(void)base;
	(void)trigger;
	for (size_t i = 0; i < COUNT_OF(changes) && !is_known; i++) {
		size_t n = strlen(changes[i].change), k = strlen(table);
		is_known = strncmp(changes[i].change, what, 6) == 0 && n > k &&
			   changes[i].change[n - k - 1] == ' ' &&
			   str_equal(changes[i].change + n - k, table);
	}
	if (!is_known)
		*(const char **)data = arena_printf(arena, "%s %s", what, table);
	return SQLITE_OK;
}

START_TEST(each_table_that_is_changed_is_tried)
{
	const char *unknown = NULL;
	make_scene();
	reopen(); /* nothing is prepared */
	sqlite3_set_authorizer(db->sql.handle, look_at_change, &unknown);
	ck_assert_ptr_null(erase_and_look());
	sqlite3_set_authorizer(db->sql.handle, NULL, NULL);
	ck_assert_msg(unknown == NULL, "not tried: %s", unknown);
}
END_TEST

/* A reason above that no column has is one that hides the next. */
START_TEST(what_may_stay_is_there)
{
	const char *all[NAMES_MAX], *some[NAMES_MAX];
	size_t count = tables(all);
	for (size_t i = 0; i < COUNT_OF(stays); i++) {
		bool is_there = false;
		for (size_t t = 0; t < count; t++) {
			size_t n = columns(all[t], "%", some);
			for (size_t c = 0; c < n; c++)
				is_there |= find(&stays[i], 1, all[t], some[c]) != NULL;
		}
		ck_assert_msg(is_there, "no column %s", stays[i].column);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("store_erase");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_test(t, nothing_of_a_person_is_left_in_any_column);
	tcase_add_test(t, what_was_erased_is_not_at_hand_either);
	tcase_add_loop_test(t, each_change_that_is_left_out_is_missed, 0, COUNT_OF(changes));
	tcase_add_test(t, each_table_that_is_changed_is_tried);
	tcase_add_test(t, what_may_stay_is_there);
	return unit_run("store_erase", t);
}
