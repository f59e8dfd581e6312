/* test_intake_batch.c: what a child hands over, collected until it is committed. */
#include <string.h>

#include "base/clock.h"
#include "intake/batch.h"
#include "store/audit.h"
#include "store/instances.h"
#include "store/replies.h"
#include "store_unit.h"
#include "ticket/ticket.h"

static struct batch batch;
static struct batch_record record;
static struct buf packed;

static void setup(void)
{
	setup_store();
	batch_init(&batch, 3);
	batch_record_init(&record);
	buf_init(&packed, 4u * 1024u * 1024u);
}

static void teardown_all(void)
{
	buf_done(&packed);
	batch_record_done(&record);
	batch_done(&batch);
	teardown();
}

static struct frame frame_of(enum msg_type type, const struct field *table, const void *from,
			     const char *blob)
{
	struct frame f;
	size_t used;
	buf_clear(&packed);
	ck_ok(frame_pack(&packed, (uint8_t)type, 1, table, from, bytes_text(blob), &why));
	ck_ok(frame_parse(buf_bytes(&packed), &f, &used, &why));
	return f;
}

static void take_begin(const char *id, const char *raw)
{
	struct msg_begin begin = { .id = id, .raw_type = "text/plain" };
	struct frame f = frame_of(MSG_BEGIN, msg_begin_fields, &begin, raw);
	ck_ok(batch_begin(&batch, &record, &f, &why));
}

static enum jembatan_result take_message(const char *id, const char *text, const char *raw)
{
	struct msg_message m = { .message = { .size = sizeof(m.message), .id = id, .text = text,
					      .author = { .id = "warga-contoh" } } };
	struct frame f = frame_of(MSG_MESSAGE, msg_message_fields, &m, raw);
	return batch_message(&batch, &record, &f, inbox_keys(db), "mail", &why);
}

static void write_batch(void)
{
	begin();
	ck_ok(batch_write(&batch, db, instance, false, 7000, &why));
	commit();
}

static const char *raw_of(int64_t id)
{
	static struct buf raw;
	buf_done(&raw);
	buf_init(&raw, 1024);
	ck_ok(inbox_raw(db, id, &raw, &why));
	return raw.data;
}

START_TEST(a_message_has_the_bytes_of_its_record)
{
	take_begin("7", "Jalan rusak di RT 3");
	ck_ok(take_message("7", "Jalan rusak", NULL));
	batch.cursor = "c7";
	write_batch();
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 1);
	ck_assert_str_eq(raw_of(1), "Jalan rusak di RT 3");
}
END_TEST

START_TEST(a_message_with_bytes_of_its_own_keeps_those)
{
	take_begin("page", "[a, b]");
	ck_ok(take_message("a", "Satu", "a"));
	ck_ok(take_message("b", "Dua", "b"));
	write_batch();
	ck_assert_str_eq(raw_of(1), "a");
	ck_assert_str_eq(raw_of(2), "b");
}
END_TEST

START_TEST(the_cursor_is_written_with_its_messages_or_not_at_all)
{
	struct instance_row row;
	ck_ok(take_message("7", "Jalan rusak", "raw"));
	batch.cursor = "c7";
	begin();
	ck_ok(batch_write(&batch, db, instance, false, 7000, &why));
	db_abort(db);
	ck_ok(instances_get(db, "mail", 0, 0, arena, &row, &why));
	ck_assert_ptr_null(row.cursor);
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 0);
	write_batch(); /* it is still there */
	ck_ok(instances_get(db, "mail", 0, 0, arena, &row, &why));
	ck_assert_str_eq(row.cursor, "c7");
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 1);
}
END_TEST

START_TEST(a_record_of_which_nothing_came_is_kept_byte_for_byte)
{
	struct quarantine_row q;
	struct buf raw;
	size_t count = 0;
	take_begin("7", "\x01 not readable");
	take_begin("8", "next");
	ck_ok(take_message("8", "Jalan rusak", NULL));
	ck_assert_uint_eq(batch.bad_count, 1);
	write_batch();
	ck_ok(quarantine_list(db, 0, 1, arena, &q, &count, &why));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(q.remote_id, "7");
	buf_init(&raw, 1024);
	ck_ok(quarantine_raw(db, q.id, &raw, &why));
	ck_assert_str_eq(raw.data, "\x01 not readable");
	buf_done(&raw);
}
END_TEST

START_TEST(a_record_that_kills_its_parser_twice_is_quarantined_and_skipped)
{
	const struct msg_skip *skips;
	size_t count = 0;
	for (int death = 1; death <= 2; death++) {
		take_begin("7", "deadly");
		batch_death(&batch, &record, "the connector was killed while it was at this record");
		write_batch();
		batch_clear(&batch);
		ck_assert_int_eq(number("SELECT count(*) FROM quarantine"), death - 1);
	}
	ck_ok(skips_list(db, instance, arena, &skips, &count, &why));
	ck_assert_uint_eq(count, 1);
	struct digest key = digest_sha256(bytes_text("deadly"));
	key = msg_record_keys("7", &key).record;
	ck_assert_mem_eq(skips[0].key.data, key.bytes, DIGEST_SIZE);
}
END_TEST

/* Signed addresses in it, say: no two readings are alike. */
START_TEST(a_record_that_differs_at_each_reading_is_kept_after_two_deaths)
{
	const struct msg_begin kept = { .id = "7", .raw_type = "text/plain", .kept_raw = true };
	const struct msg_skip *skips;
	struct quarantine_row q;
	size_t count = 0;
	for (int death = 1; death <= 2; death++) {
		take_begin("7", death == 1 ? "deadly, read first" : "deadly, read again");
		batch_death(&batch, &record, "killed");
		write_batch();
		batch_clear(&batch);
	}
	ck_ok(skips_list(db, instance, arena, &skips, &count, &why));
	ck_assert_uint_eq(count, 1);
	ck_assert_mem_eq(skips[0].key.data, msg_record_keys("7", &(struct digest){ 0 }).id.bytes,
			 DIGEST_SIZE);
	/* The host passes it over and sends its bytes. */
	struct frame f = frame_of(MSG_BEGIN, msg_begin_fields, &kept, "deadly, read the third time");
	ck_ok(batch_begin(&batch, &record, &f, &why));
	ck_assert(!record.open); /* it is blamed for no later death */
	write_batch();
	ck_ok(quarantine_list(db, 0, 1, arena, &q, &count, &why));
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_nonnull(strstr(q.reason, "differ"));
}
END_TEST

START_TEST(what_was_read_after_all_clears_its_id_too)
{
	take_begin("7", "read first");
	batch_death(&batch, &record, "killed");
	write_batch();
	batch_clear(&batch);
	take_begin("7", "read again");
	ck_ok(take_message("7", "Jalan rusak", NULL));
	batch_end_record(&batch, &record, "");
	write_batch();
	ck_assert_int_eq(number("SELECT count(*) FROM skip"), 1); /* the first bytes' own */
}
END_TEST

START_TEST(a_record_that_kills_its_parser_after_a_message_is_quarantined_too)
{
	struct buf raw;
	buf_init(&raw, 1024);
	for (int death = 1; death <= 2; death++) {
		take_begin("7", "deadly at its second message");
		ck_ok(take_message("7a", "Jalan rusak", NULL));
		batch_death(&batch, &record, "killed");
		write_batch();
		batch_clear(&batch);
		ck_assert_int_eq(number("SELECT count(*) FROM quarantine"), death - 1);
	}
	ck_assert_int_eq(number("SELECT count(*) FROM message"), 1);
	ck_ok(quarantine_raw(db, number("SELECT id FROM quarantine"), &raw, &why));
	ck_assert_str_eq(raw.data, "deadly at its second message");
	buf_done(&raw);
}
END_TEST

START_TEST(a_call_that_gives_up_after_a_message_blames_no_record)
{
	struct msg_result result = { .result = JEMBATAN_FATAL, .why = "gave up" };
	take_begin("7", "fine");
	ck_ok(take_message("7", "Jalan rusak", NULL));
	batch_end_call(&batch, &record, &result);
	ck_assert_uint_eq(batch.bad_count, 0);
	ck_assert(!record.open);
}
END_TEST

START_TEST(no_dead_record_is_left_out_however_many_there_are)
{
	for (int i = 0; i < 300; i++) {
		char id[16];
		snprintf(id, sizeof(id), "%d", i);
		take_begin(id, "x");
	}
	batch_end_record(&batch, &record, "nothing came");
	ck_assert_uint_eq(batch.bad_count, 300);
	ck_assert(batch_is_full(&batch));
}
END_TEST

START_TEST(what_was_said_of_a_record_is_its_reason_and_no_other_s)
{
	batch_unusable(&record, "before any record");
	take_begin("7", "raw");
	batch_unusable(&record, "first");
	batch_unusable(&record, "no date");
	batch_unusable(&record, NULL);
	take_begin("8", "raw 8");
	take_begin("9", "raw 9");
	batch_unusable(&record, "one of its parts");
	ck_ok(take_message("9", "Jalan rusak", NULL));
	batch_end_record(&batch, &record, NULL);
	ck_assert_uint_eq(batch.bad_count, 2);
	ck_assert_str_eq(batch.bad[0].reason, "no date");
	ck_assert_str_eq(batch.bad[1].reason, "the connector made nothing of this record");
}
END_TEST

static const struct end_row {
	enum jembatan_result result;
	const char *why;
	size_t bad;
	bool death;
	const char *reason;
} end_rows[] = {
	{ JEMBATAN_OK, "not its reason", 1, false, "the connector made nothing of this record" },
	{ JEMBATAN_IDLE, NULL, 1, false, "the connector made nothing of this record" },
	{ JEMBATAN_DATA, "no date", 1, false, "no date" },
	{ JEMBATAN_DATA, NULL, 1, false, "the connector made nothing of this record" },
	{ JEMBATAN_RETRY, "the disk is full", 0, false, NULL },
	{ JEMBATAN_AUTH, "no", 0, false, NULL },
	{ JEMBATAN_CONFIG, "no", 0, false, NULL },
	{ JEMBATAN_FATAL, "gave up", 1, true, "gave up" },
};

START_TEST(how_a_call_ends_decides_about_its_open_record)
{
	const struct end_row *row = &end_rows[_i];
	struct msg_result result = { .result = row->result, .why = row->why };
	take_begin("7", "raw");
	batch_end_call(&batch, &record, &result);
	ck_assert(!record.open);
	ck_assert_uint_eq(batch.bad_count, row->bad);
	if (row->bad == 0)
		return;
	ck_assert(batch.bad[0].death == row->death);
	ck_assert_str_eq(batch.bad[0].reason, row->reason);
}
END_TEST

START_TEST(a_batch_is_full_by_count_and_by_bytes)
{
	CLEANUP(free_pointer) char *large = xcalloc(1, 1000001);
	memset(large, 'x', 1000000);
	ck_ok(take_message("1", "a", NULL));
	ck_ok(take_message("2", "b", NULL));
	ck_assert(!batch_is_full(&batch));
	ck_ok(take_message("3", "c", NULL));
	ck_assert(batch_is_full(&batch));
	batch_clear(&batch);
	batch.max = 1000;
	for (int i = 0; i < 9; i++)
		ck_ok(take_message("1", "a", large));
	ck_assert(batch_is_full(&batch));
}
END_TEST

START_TEST(what_waits_for_its_commit_is_not_empty)
{
	ck_assert(batch_is_empty(&batch));
	batch.cursor = "c";
	ck_assert(!batch_is_empty(&batch));
	batch_clear(&batch);
	batch.answers = true;
	ck_assert(!batch_is_empty(&batch));
	batch_clear(&batch);
	batch_add_ack(&batch, MSG_CHECKPOINT, 1);
	ck_assert(!batch_is_empty(&batch));
	batch_clear(&batch);
	ck_assert(batch_is_empty(&batch));
}
END_TEST

START_TEST(state_is_written_with_the_batch)
{
	struct buf value;
	buf_init(&value, 100);
	batch_add_state(&batch, "token", bytes_text("rahasia"));
	write_batch();
	ck_ok(instances_state_get(db, instance, "token", &value, &why));
	ck_assert_str_eq(value.data, "rahasia");
	buf_done(&value);
}
END_TEST

static const struct {
	const char *given, *kept;
} references[] = {
	{ "JB-7K3M9Q", "JB-7K3M9Q" },
	{ "JB-7K3M9Q-F12", "JB-7K3M9Q-F12" },
	{ "Bu Siti, 0812 3456 789", NULL }, /* whatever a channel echoes */
	{ "warga@example.go.id", NULL },
	{ "1234567890123456789012345678901234567890123456789012345678901234567890", NULL },
	{ NULL, NULL },
};

START_TEST(a_receipt_of_what_we_did_not_send_leaves_nothing)
{
	struct msg_receipt receipt = { .reference = references[_i].given, .remote_id = "62812@wa",
				       .state = JEMBATAN_RECEIPT_READ };
	struct audit_row row;
	size_t count = 1;
	batch_add_receipt(&batch, &receipt, db_local_key(db), "mail");
	if (references[_i].kept == NULL)
		ck_assert_ptr_null(batch.receipts[0].reference);
	else
		ck_assert_str_eq(batch.receipts[0].reference, references[_i].kept);
	write_batch();
	ck_ok(audit_list(db, AUDIT_INSTANCE, instance, 1, arena, &row, &count, &why));
	ck_assert_uint_eq(count, 0);
}
END_TEST

/* Returns the message's id. */
static int64_t write_from(const char *id, const char *thread)
{
	struct msg_message m = { .message = { .size = sizeof(m.message), .id = id, .text = "Satu",
					      .thread = thread, .author = { .id = thread } } };
	struct frame f = frame_of(MSG_MESSAGE, msg_message_fields, &m, "raw");
	ck_ok(batch_message(&batch, &record, &f, inbox_keys(db), "mail", &why));
	write_batch();
	batch_clear(&batch);
	return number("SELECT max(id) FROM message");
}

static const struct {
	bool is_ours;
	const char *thread, *alias;
	bool joins;
} named[] = {
	{ true, "ID.1", "6281", true },
	{ true, "ID.1", NULL, false },
	{ true, NULL, "6281", false },
	{ true, "ID.2", "6281", false }, /* another person's id */
	{ false, "ID.1", "6281", false }, /* of a stranger nothing is kept */
};

START_TEST(a_receipt_that_names_its_reader_in_two_ways_makes_them_one)
{
	int64_t reply = 0, first = write_from("1", "6281");
	struct reply_row row = { .message_id = first, .instance_id = instance, .event = REPLY_NUMBER,
				 .to_kind = "id" };
	begin();
	ck_ok(replies_add(db, &row, "JB-AAAAA1", 7000, &reply, &why));
	ck_ok(replies_get(db, reply, arena, &row, &why));
	row.state = REPLY_SENT;
	row.started_ms = row.sent_ms = 7000;
	ck_ok(replies_update(db, &row, NULL, &why));
	commit();
	struct msg_receipt receipt = { .reference = named[_i].is_ours ? row.reference : "JB-ZZZZZZ-RA",
				       .state = JEMBATAN_RECEIPT_READ, .at_ms = 8000,
				       .thread = named[_i].thread, .thread_alias = named[_i].alias };
	batch_add_receipt(&batch, &receipt, db_local_key(db), "mail");
	write_batch();
	batch_clear(&batch);
	int64_t second = write_from("2", "ID.1");
	struct inbox_row a, b;
	ck_ok(inbox_get(db, first, arena, &a, &why));
	ck_ok(inbox_get(db, second, arena, &b, &why));
	ck_assert(inbox_is_same_thread(&a, &b) == named[_i].joins);
	ck_assert_int_eq(number("SELECT count(*) FROM thread_alias"), named[_i].is_ours &&
			 named[_i].thread != NULL && named[_i].alias != NULL);
}
END_TEST

START_TEST(a_plugins_reason_is_cut_to_a_sentence)
{
	CLEANUP(free_pointer) char *reason = xcalloc(1, 100001);
	for (size_t i = 0; i < 100000; i += 2)
		memcpy(reason + i, "\xc3\xa9", 2); /* the cut must not split one */
	take_begin("7", "x");
	batch_end_record(&batch, &record, reason);
	ck_assert_uint_lt(strlen(batch.bad[0].reason), 410);
	ck_assert_uint_eq(strlen(batch.bad[0].reason) % 2, 0);
}
END_TEST

START_TEST(what_a_replay_cannot_read_is_not_quarantined_again)
{
	take_begin("other key than before", "x");
	batch_end_record(&batch, &record, "nothing came");
	begin();
	ck_ok(batch_write(&batch, db, instance, true, 7000, &why));
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM quarantine"), 0);
}
END_TEST

START_TEST(threads_of_two_instances_are_two_threads)
{
	struct jembatan_bytes key = db_local_key(db);
	struct digest a = batch_thread_key(key, "mail", "t"), b = batch_thread_key(key, "mail-2", "t");
	struct digest none = batch_thread_key(key, "mail", NULL), zero = { 0 };
	ck_assert_mem_ne(&a, &b, sizeof(a));
	ck_assert_mem_eq(&none, &zero, sizeof(zero));
}
END_TEST

START_TEST(a_frame_that_is_no_message_condemns)
{
	struct frame f = { .type = MSG_MESSAGE, .meta = bytes_text("garbage") };
	ck_result(batch_message(&batch, &record, &f, inbox_keys(db), "mail", &why), JEMBATAN_DATA);
	ck_assert_uint_eq(batch.count, 0);
	ck_result(batch_begin(&batch, &record, &f, &why), JEMBATAN_DATA);
	ck_assert(!record.open);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("batch");
	tcase_add_checked_fixture(t, setup, teardown_all);
	tcase_add_test(t, a_message_has_the_bytes_of_its_record);
	tcase_add_test(t, a_message_with_bytes_of_its_own_keeps_those);
	tcase_add_test(t, the_cursor_is_written_with_its_messages_or_not_at_all);
	tcase_add_test(t, a_record_of_which_nothing_came_is_kept_byte_for_byte);
	tcase_add_test(t, a_record_that_kills_its_parser_twice_is_quarantined_and_skipped);
	tcase_add_test(t, a_record_that_differs_at_each_reading_is_kept_after_two_deaths);
	tcase_add_test(t, what_was_read_after_all_clears_its_id_too);
	tcase_add_test(t, a_record_that_kills_its_parser_after_a_message_is_quarantined_too);
	tcase_add_test(t, a_call_that_gives_up_after_a_message_blames_no_record);
	tcase_add_test(t, what_was_said_of_a_record_is_its_reason_and_no_other_s);
	tcase_add_test(t, no_dead_record_is_left_out_however_many_there_are);
	tcase_add_loop_test(t, how_a_call_ends_decides_about_its_open_record, 0,
			    (int)COUNT_OF(end_rows));
	tcase_add_test(t, a_batch_is_full_by_count_and_by_bytes);
	tcase_add_test(t, what_waits_for_its_commit_is_not_empty);
	tcase_add_test(t, state_is_written_with_the_batch);
	tcase_add_loop_test(t, a_receipt_that_names_its_reader_in_two_ways_makes_them_one, 0,
			    (int)COUNT_OF(named));
	tcase_add_loop_test(t, a_receipt_of_what_we_did_not_send_leaves_nothing, 0,
			    COUNT_OF(references));
	tcase_add_test(t, a_plugins_reason_is_cut_to_a_sentence);
	tcase_add_test(t, what_a_replay_cannot_read_is_not_quarantined_again);
	tcase_add_test(t, threads_of_two_instances_are_two_threads);
	tcase_add_test(t, a_frame_that_is_no_message_condemns);
	return unit_run("batch", t);
}
