/* test_store_inbox.c: T1 whole or not at all, verdicts, and the first half
 * of T2. Files: test_store_files. */
#include "store_unit.h"

/* ---- verdicts ---------------------------------------------------------- */

static const struct {
	const char *id, *revision;
	enum inbox_verdict verdict;
	int64_t row, edit_of;
} deliveries[] = {
	{ "a", "1", INBOX_IS_NEW, 1, 0 },
	{ "a", "1", INBOX_IS_SAME, 1, 0 },
	{ "b", "1", INBOX_IS_NEW, 2, 0 },
	{ "a", "2", INBOX_IS_EDIT, 3, 1 },
	{ "a", "3", INBOX_IS_EDIT, 4, 1 },
	{ "a", "2", INBOX_IS_SAME, 3, 1 },
	{ "a", "1", INBOX_IS_SAME, 1, 0 },
};

static void check_deliveries(bool one_batch)
{
	struct inbox_item items[COUNT_OF(deliveries)];
	for (size_t i = 0; i < COUNT_OF(deliveries); i++)
		items[i] = item_of(deliveries[i].id, deliveries[i].revision);
	begin();
	for (size_t i = 0; i < COUNT_OF(deliveries); i += one_batch ? COUNT_OF(deliveries) : 1)
		ck_ok(inbox_add(db, instance, &items[i], one_batch ? COUNT_OF(deliveries) : 1, NULL,
				5000, &why));
	commit();
	for (size_t i = 0; i < COUNT_OF(deliveries); i++) {
		struct inbox_row row;
		ck_assert_int_eq(items[i].verdict, deliveries[i].verdict);
		ck_assert_int_eq(items[i].id, deliveries[i].row);
		ck_ok(inbox_get(db, items[i].id, arena, &row, &why));
		ck_assert_int_eq(row.edit_of, deliveries[i].edit_of);
		ck_assert_str_eq(row.message.message.revision, deliveries[i].revision);
	}
	struct inbox_counts c;
	ck_ok(inbox_count(db, instance, &c, &why));
	ck_assert_int_eq(c.total, 4);
	ck_assert_int_eq(c.repeats, 3);
	ck_assert_int_eq(c.edits, 2);
	ck_assert_int_eq(c.oldest_new_ms, 5000);
}

START_TEST(the_constraint_tells_new_same_and_edit)
{
	check_deliveries(_i == 1);
}
END_TEST

START_TEST(the_same_id_at_another_instance_is_new)
{
	struct instance_row other;
	begin();
	ck_ok(instances_get(db, "app", 0, 1000, arena, &other, &why));
	int64_t first = add_message("a", "1");
	struct inbox_item item = item_of("a", "1");
	ck_ok(inbox_add(db, other.id, &item, 1, NULL, 5000, &why));
	commit();
	ck_assert_int_eq(item.verdict, INBOX_IS_NEW);
	ck_assert_int_ne(item.id, first);
}
END_TEST

/* ---- whole or not at all ----------------------------------------------- */

#ifdef JEMBATAN_FAULTS

#define BATCH 9

static void store_a_batch(void)
{
	struct inbox_item items[BATCH];
	struct msg_spooled file;
	open_store();
	for (int i = 0; i < BATCH; i++)
		items[i] = item_of(arena_printf(arena, "id-%d", i), "1");
	spool_file("attachment", "isi lampiran", &file);
	struct msg_message *m = arena_memdup(arena, items[3].message, sizeof(*m));
	m->raw_spooled = &file;
	m->raw_spooled_count = 1;
	items[3].message = m;
	items[3].raw = bytes_of(NULL, 0);
	ck_ok(inbox_keep_files(db, "mail", items, BATCH, &why));
	begin();
	ck_ok(inbox_add(db, instance, items, BATCH, "uid:9", 5000, &why));
	commit();
	/* A planted bug that holds a commit back shows only when nothing follows. */
	_exit(0);
}

/* After a crash: all of the batch with its cursor, or nothing of it. */
static int64_t stored_in_whole(void)
{
	struct instance_row row;
	open_store();
	ck_ok(instances_get(db, "mail", 0, 1000, arena, &row, &why));
	int64_t messages = number("SELECT count(*) FROM message");
	int64_t bodies = number("SELECT count(*) FROM message_body");
	bool advanced = row.cursor != NULL && strcmp(row.cursor, "uid:9") == 0;
	if (messages != bodies || advanced != (messages != 0))
		return -1;
	return messages;
}

static const struct {
	const char *point;
	int64_t stored;
} kills[] = {
	{ "keep.renamed", 0 }, { "inbox.add.mid", 0 },
	{ "db.commit.before", 0 }, { "db.commit.after", BATCH },
};

START_TEST(a_batch_is_stored_whole_or_not_at_all)
{
	db_close(db);
	setenv("JEMBATAN_KILL_AT", kills[_i].point, 1);
	ck_assert(was_killed(in_child(store_a_batch)));
	unsetenv("JEMBATAN_KILL_AT");
	ck_assert_int_eq(stored_in_whole(), kills[_i].stored);
	/* The file without a row goes, the one with a row stays. */
	ck_assert(is_kept("attachment"));
	inbox_sweep(db);
	ck_assert_int_eq(is_kept("attachment"), kills[_i].stored != 0);
}
END_TEST

START_TEST(what_was_killed_comes_again_and_is_stored_once)
{
	db_close(db);
	setenv("JEMBATAN_KILL_AT", kills[_i].point, 1);
	ck_assert(was_killed(in_child(store_a_batch)));
	unsetenv("JEMBATAN_KILL_AT");
	if (is_kept("attachment")) { /* another child's file has another name */
		char *kept = arena_printf(arena, "%s/spool/keep/attachment", folder);
		ck_assert_int_eq(rename(kept, arena_printf(arena, "%s-1", kept)), 0);
	}
	ck_assert_int_eq(in_child(store_a_batch), 0);
	ck_assert_int_eq(stored_in_whole(), BATCH);
}
END_TEST

static void store_a_batch_twice(void)
{
	for (int i = 0; i < 2; i++) {
		struct inbox_item item = item_of("again", "1");
		begin();
		ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
		commit();
	}
}

/* Each planted bug must be seen by what the tests above look at. */
START_TEST(the_planted_commit_held_back_is_seen)
{
	db_close(db);
	setenv("JEMBATAN_PLANT", "commit-early", 1);
	ck_assert_int_eq(in_child(store_a_batch), 0);
	unsetenv("JEMBATAN_PLANT");
	ck_assert_int_eq(stored_in_whole(), 0);
}
END_TEST

START_TEST(the_planted_cursor_first_is_seen)
{
	db_close(db);
	setenv("JEMBATAN_PLANT", "cursor-first", 1);
	setenv("JEMBATAN_KILL_AT", "inbox.add.mid", 1);
	ck_assert(was_killed(in_child(store_a_batch)));
	unsetenv("JEMBATAN_PLANT");
	unsetenv("JEMBATAN_KILL_AT");
	ck_assert_int_eq(stored_in_whole(), -1);
}
END_TEST

START_TEST(the_planted_loss_of_the_unique_index_is_seen)
{
	setenv("JEMBATAN_PLANT", "no-unique", 1);
	store_a_batch_twice();
	unsetenv("JEMBATAN_PLANT");
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 2);
}
END_TEST

#endif

START_TEST(an_aborted_batch_leaves_nothing)
{
	struct instance_row row;
	struct inbox_item item = item_of("a", "1");
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, "uid:1", 5000, &why));
	db_abort(db);
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM tally WHERE n <> 0"), 0);
	ck_ok(instances_get(db, "mail", 0, 1000, arena, &row, &why));
	ck_assert_ptr_null(row.cursor);
	ck_assert_int_eq(row.last_message_ms, 0);
}
END_TEST

/* ---- what is read back ------------------------------------------------- */

START_TEST(a_message_comes_back_as_it_went_in)
{
	struct msg_file files[] = { { .name = "foto.jpg", .reference = "https://contoh.id/1" } };
	struct msg_message m = {
		.message = {
			.size = sizeof(m.message), .id = "19-digit", .kind = JEMBATAN_FOLLOW_UP,
			.flags = JEMBATAN_ANONYMOUS | JEMBATAN_HAS_POSITION, .thread = "t-1",
			.author = { .name = "Sari", .phone = "+6281234567890" },
			.text = "Lampu jalan mati", .sent_ms = -5, .place = { .latitude = -6.2 },
			.extra = "{\"a\":1}",
		},
		.files = files, .file_count = 1,
	};
	struct inbox_item item = { .message = &m, .raw = bytes_of("\0raw\xff", 5),
				   .same_key = key_of("k"), .revision = key_of("1") };
	struct inbox_row row;
	struct buf raw;
	buf_init(&raw, 100);
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	commit();
	reopen();
	ck_ok(inbox_get(db, item.id, arena, &row, &why));
	ck_assert_int_eq(row.received_ms, 5000);
	ck_assert_int_eq(row.stage, INBOX_NEW);
	ck_assert_str_eq(row.message.message.id, "19-digit");
	ck_assert_int_eq(row.message.message.kind, JEMBATAN_FOLLOW_UP);
	ck_assert_uint_eq(row.message.message.flags, m.message.flags);
	ck_assert_str_eq(row.message.message.author.phone, "+6281234567890");
	ck_assert_str_eq(row.message.message.text, "Lampu jalan mati");
	ck_assert_int_eq(row.message.message.sent_ms, -5);
	ck_assert_double_eq(row.message.message.place.latitude, -6.2);
	ck_assert_uint_eq(row.message.file_count, 1);
	ck_assert_str_eq(row.message.files[0].reference, "https://contoh.id/1");
	ck_ok(inbox_raw(db, item.id, &raw, &why));
	ck_assert_mem_eq(raw.data, "\0raw\xff", 5);
	ck_assert_uint_eq(raw.size, 5);
	buf_done(&raw);
	ck_result(inbox_get(db, 99, arena, &row, &why), JEMBATAN_GONE);
}
END_TEST

static struct jembatan_bytes packed(const struct msg_message *m)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	field_pack(msg_message_fields, m, &out);
	struct jembatan_bytes all = bytes_of(arena_memdup(arena, out.data, out.size), out.size);
	buf_done(&out);
	return all;
}

/* What one turn brings and decides is not opened again, and says the same. */
START_TEST(the_open_transactions_messages_are_taken_as_they_will_be_read)
{
	struct inbox_row now[2], later[2];
	struct msg_file file = { .name = "foto.jpg", .reference = "https://contoh.id/1" };
	struct inbox_item item = item_of("a", "1");
	struct msg_message m = *item.message;
	size_t n;
	m.message.subject = "";
	m.message.raw = item.raw;
	m.files = &file;
	m.file_count = 1;
	item.message = &m;
	begin();
	int64_t before = add_message("z", "1");
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	ck_ok(inbox_take(db, 9000, 2, arena, now, &n, &why));
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(now[0].id, before);
	ck_assert_ptr_eq(now[1].message.message.text, m.message.text); /* not a copy */
	ck_assert_uint_eq(now[1].message.message.raw.size, 0);
	commit();
	ck_ok(inbox_take(db, 9000, 2, arena, later, &n, &why));
	ck_assert_uint_eq(n, 2);
	for (size_t i = 0; i < n; i++) {
		struct jembatan_bytes a = packed(&now[i].message), b = packed(&later[i].message);
		ck_assert_uint_eq(a.size, b.size);
		ck_assert_mem_eq(a.data, b.data, a.size);
		ck_assert_ptr_ne(now[i].message.message.text, later[i].message.message.text);
	}
}
END_TEST

/* Neither after an abort, when its number may be another's, nor once its files are known. */
START_TEST(a_message_that_is_not_as_it_came_is_read)
{
	struct inbox_row row;
	struct inbox_item item = item_of("a", "1");
	struct msg_file file = { .name = "foto.jpg", .missing = "it could not be fetched" };
	struct msg_message m = *item.message;
	size_t n;
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	db_abort(db);
	begin();
	ck_assert_int_eq(add_message("b", "1"), item.id);
	ck_ok(inbox_take(db, 9000, 1, arena, &row, &n, &why));
	ck_assert_str_eq(row.message.message.id, "b");
	m.message.id = "b";
	m.files = &file;
	m.file_count = 1;
	ck_ok(inbox_set_files(db, item.id, &m, &why));
	ck_ok(inbox_take(db, 9000, 1, arena, &row, &n, &why));
	ck_assert_uint_eq(row.message.file_count, 1);
	commit();
}
END_TEST

START_TEST(a_row_that_cannot_be_unsealed_still_comes_out_of_the_queue)
{
	struct inbox_row rows[4];
	size_t n;
	begin();
	int64_t bad = add_message("a", "1");
	add_message("b", "1");
	ck_ok(sql_script(&db->sql, "UPDATE message_body SET head = zeroblob(90)"
			 " WHERE message_id = 1", &why));
	commit();
	ck_ok(inbox_take(db, 9000, 4, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(rows[0].id, bad);
	ck_assert_uint_eq(rows[0].message.message.size, 0);
	ck_assert_str_eq(rows[1].message.message.id, "b");
	struct buf raw;
	buf_init(&raw, 100);
	ck_ok(inbox_raw(db, bad, &raw, &why)); /* raw has a seal of its own */
	buf_done(&raw);
}
END_TEST

START_TEST(a_sealed_value_does_not_open_in_another_row)
{
	struct inbox_row row;
	begin();
	add_message("a", "1");
	add_message("b", "1");
	ck_ok(sql_script(&db->sql, "UPDATE message_body SET head ="
			 " (SELECT head FROM message_body WHERE message_id = 1)"
			 " WHERE message_id = 2", &why));
	commit();
	ck_ok(inbox_get(db, 2, arena, &row, &why));
	ck_assert_uint_eq(row.message.message.size, 0);
}
END_TEST

/* ---- T2 ---------------------------------------------------------------- */

START_TEST(messages_leave_oldest_first_and_only_when_due)
{
	struct inbox_row rows[8];
	size_t n;
	begin();
	for (int i = 0; i < 5; i++)
		add_message(arena_printf(arena, "m%d", i), "1");
	ck_ok(inbox_defer(db, 2, 7000, &why));
	ck_ok(inbox_leave(db, 3, INBOX_STORED, 0, "an automatic mail", &why));
	commit();
	ck_ok(inbox_take(db, 4999, 8, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 0);
	ck_ok(inbox_take(db, 5000, 2, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(rows[0].id, 1);
	ck_assert_int_eq(rows[1].id, 4);
	ck_ok(inbox_take(db, 7000, 8, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 4);
	ck_assert_int_eq(rows[3].id, 2);
	ck_ok(inbox_get(db, 3, arena, rows, &why));
	ck_assert_int_eq(rows[0].stage, INBOX_STORED);
	ck_assert_str_eq(rows[0].reason, "an automatic mail");
	begin();
	ck_result(inbox_defer(db, 3, 9000, &why), JEMBATAN_GONE); /* decided already */
	ck_result(inbox_leave(db, 77, INBOX_STORED, 0, "x", &why), JEMBATAN_GONE);
	db_abort(db);
}
END_TEST

START_TEST(a_follow_up_finds_the_newest_ticket_of_its_id_or_thread)
{
	int64_t message = 0, ticket = 0;
	struct digest thread = key_of("thread"), none = { 0 }, a = key_of("a"), b = key_of("b");
	begin();
	struct inbox_item items[] = { item_of("a", "1"), item_of("b", "1"), item_of("c", "1") };
	items[0].thread_key = items[1].thread_key = thread;
	ck_ok(inbox_add(db, instance, items, 3, NULL, 5000, &why));
	ck_result(inbox_find(db, instance, &a, &thread, &message, &ticket, &why), JEMBATAN_GONE);
	int64_t one = add_ticket(1, "JB-000001", TICKET_QUEUED);
	int64_t two = add_ticket(2, "JB-000002", TICKET_QUEUED);
	ck_ok(inbox_leave(db, 1, INBOX_TICKET, one, NULL, &why));
	ck_ok(inbox_leave(db, 2, INBOX_TICKET, two, NULL, &why));
	commit();
	ck_ok(inbox_find(db, instance, &a, &none, &message, &ticket, &why));
	ck_assert_int_eq(message, 1);
	ck_assert_int_eq(ticket, one);
	ck_ok(inbox_find(db, instance, &a, &thread, &message, &ticket, &why));
	ck_assert_int_eq(message, 2);
	ck_assert_int_eq(ticket, two);
	ck_ok(inbox_find(db, instance, NULL, &thread, &message, &ticket, &why));
	ck_assert_int_eq(ticket, two);
	ck_ok(inbox_find(db, instance, &b, NULL, &message, &ticket, &why));
	ck_assert_int_eq(ticket, two);
	/* No thread is not a thread. */
	ck_result(inbox_find(db, instance, &none, &none, &message, &ticket, &why), JEMBATAN_GONE);
	ck_result(inbox_find(db, instance + 1, &a, &thread, &message, &ticket, &why),
		  JEMBATAN_GONE);
	struct inbox_row rows[4];
	size_t n;
	ck_ok(inbox_of_ticket(db, two, 4, arena, rows, &n, &why));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(rows[0].id, 2);
	ck_assert_int_eq(rows[0].ticket_id, two);
}
END_TEST

START_TEST(a_backfill_releases_what_arrived_since)
{
	static const int64_t arrived[] = { 100, 200, 300 };
	struct inbox_counts c;
	int64_t n = 0;
	begin();
	for (size_t i = 0; i < COUNT_OF(arrived); i++) {
		struct inbox_item item = item_of(arena_printf(arena, "m%zu", i), "1");
		struct msg_message *m = arena_memdup(arena, item.message, sizeof(*m));
		m->message.arrived_ms = i == 1 ? 0 : arrived[i];
		m->message.sent_ms = i == 1 ? arrived[i] : 1; /* arrived goes before sent */
		item.message = m;
		ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
		ck_ok(inbox_leave(db, item.id, INBOX_BEFORE_START, 0, "older than start", &why));
	}
	ck_ok(inbox_release_before_start(db, instance, 200, &n, &why));
	commit();
	ck_assert_int_eq(n, 2);
	ck_ok(inbox_count(db, 0, &c, &why));
	ck_assert_int_eq(c.by_stage[INBOX_NEW], 2);
	ck_assert_int_eq(c.by_stage[INBOX_BEFORE_START], 1);
}
END_TEST

/* ---- suspects ---------------------------------------------------------- */

START_TEST(a_record_that_was_read_after_all_is_no_suspect)
{
	struct msg_record_keys keys = { .record = key_of("record") };
	struct inbox_item item = item_of("a", "1");
	const struct msg_skip *skips;
	struct quarantine_row row;
	unsigned deaths = 0;
	size_t n;
	int64_t id;
	begin();
	ck_ok(skips_count_death(db, instance, &keys, 1, &deaths, &why));
	ck_ok(skips_count_death(db, instance, &keys, 2, &deaths, &why));
	ck_assert_uint_eq(deaths, 2);
	ck_ok(quarantine_add(db, instance, &keys.record, &(struct msg_begin){ .id = "r" },
			     bytes_text("raw"), "killed its reader twice", 3, &id, &why));
	commit();
	reopen();
	item.record = keys;
	begin();
	ck_ok(inbox_add(db, instance, &item, 1, NULL, 5000, &why));
	commit();
	ck_ok(skips_list(db, instance, arena, &skips, &n, &why));
	ck_assert_uint_eq(n, 0);
	ck_ok(quarantine_get(db, id, arena, &row, &why));
	ck_assert(row.replayed);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("inbox");
	tcase_add_checked_fixture(t, setup_store, teardown);
	tcase_add_loop_test(t, the_constraint_tells_new_same_and_edit, 0, 2);
	tcase_add_test(t, the_same_id_at_another_instance_is_new);
#ifdef JEMBATAN_FAULTS
	tcase_add_loop_test(t, a_batch_is_stored_whole_or_not_at_all, 0, COUNT_OF(kills));
	tcase_add_loop_test(t, what_was_killed_comes_again_and_is_stored_once, 0, COUNT_OF(kills));
	tcase_add_test(t, the_planted_commit_held_back_is_seen);
	tcase_add_test(t, the_planted_cursor_first_is_seen);
	tcase_add_test(t, the_planted_loss_of_the_unique_index_is_seen);
#endif
	tcase_add_test(t, an_aborted_batch_leaves_nothing);
	tcase_add_test(t, a_message_comes_back_as_it_went_in);
	tcase_add_test(t, the_open_transactions_messages_are_taken_as_they_will_be_read);
	tcase_add_test(t, a_message_that_is_not_as_it_came_is_read);
	tcase_add_test(t, a_row_that_cannot_be_unsealed_still_comes_out_of_the_queue);
	tcase_add_test(t, a_sealed_value_does_not_open_in_another_row);
	tcase_add_test(t, messages_leave_oldest_first_and_only_when_due);
	tcase_add_test(t, a_follow_up_finds_the_newest_ticket_of_its_id_or_thread);
	tcase_add_test(t, a_backfill_releases_what_arrived_since);
	tcase_add_test(t, a_record_that_was_read_after_all_is_no_suspect);
	return unit_run("store_inbox", t);
}
