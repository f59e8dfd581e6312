/* test_decide.c: what becomes of each kind of message, how often something
 * leaves for one complaint, and that nothing stops what is behind it. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/audit.h"
#include "store/db_inside.h"
#include "ticket/ticket.h"

#define WARGA "\"author\": {\"id\": \"warga-1\", \"name\": \"Warga Contoh\"}"
#define LAIN "\"author\": {\"id\": \"warga-2\", \"name\": \"Warga Lain\"}"
#define LONG_TEXT "Jalan di depan balai desa rusak parah sejak bulan lalu, mohon diperbaiki."

static void open_with(const char *head)
{
	bench_instance("a", "script", arena_printf(bench.arena, "every: 1s\n%s", head), NULL);
	app_bench_open();
}

/* {"do": "message", "id": ..., "text": LONG_TEXT, the rest}. */
static const char *message(const char *id, const char *text, const char *rest)
{
	return arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%s\", \"text\": \"%s\"%s%s}\n",
			    id, text, rest[0] != '\0' ? ", " : "", rest);
}

static enum inbox_stage stage(int64_t n)
{
	return app_bench_message(n).stage;
}

/* ---- kinds and flags --------------------------------------------------- */

static const struct {
	const char *rest;
	enum inbox_stage stage;
	size_t tickets;
} kinds[] = {
	{ "\"kind\": \"new\"", INBOX_TICKET, 1 },
	{ "\"kind\": \"follow-up\"", INBOX_TICKET, 1 }, /* of a thread nobody knows */
	{ "\"kind\": \"edit\"", INBOX_TICKET, 1 },      /* of what never came */
	{ "\"kind\": \"deletion\"", INBOX_STORED, 0 },
	{ "\"kind\": \"reaction\"", INBOX_STORED, 0 },
	{ "\"kind\": \"receipt\"", INBOX_STORED, 0 },
	{ "\"kind\": \"system\"", INBOX_STORED, 0 },
	{ "\"kind\": \"unreadable\"", INBOX_STORED, 0 },
	{ "\"kind\": \"ignored\"", INBOX_STORED, 0 },
	{ "\"flags\": [\"from-centre\"]", INBOX_LINKED, 1 },
	{ "\"tracking_id\": \"1234567\"", INBOX_LINKED, 1 },
	{ "\"tracking_id\": \"belum ada\"", INBOX_TICKET, 1 },
	{ "\"flags\": [\"automatic\"]", INBOX_TICKET, 1 },
};

START_TEST(each_kind_becomes_what_it_is)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, kinds[_i].rest), 1);
	ck_assert_str_eq(inbox_stage_name(stage(1)), inbox_stage_name(kinds[_i].stage));
	ck_assert_uint_eq(app_bench_tickets(), kinds[_i].tickets);
	ck_assert_ptr_nonnull(app_bench_message(1).reason);
}
END_TEST

START_TEST(what_came_from_the_centre_is_linked_and_never_pushed)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"flags\": [\"from-centre\"], \"tracking_id\": "
				   "\"7654321\""), 1);
	struct ticket_row t = app_bench_ticket(0);
	ck_assert_int_eq(t.state, TICKET_LINKED);
	ck_assert_str_eq(t.tracking_id, "7654321");
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 0);
}
END_TEST

static const struct {
	const char *head;
	enum ticket_state state;
	size_t pushes;
} modes[] = {
	{ "push: auto\n", TICKET_QUEUED, 1 },
	{ "push: review\n", TICKET_REVIEW, 0 },
	{ "push: shadow\n", TICKET_SHADOW, 0 },
	{ "", TICKET_REVIEW, 0 }, /* nothing leaves by itself unless somebody says so */
};

START_TEST(the_push_mode_says_what_leaves_by_itself)
{
	open_with(modes[_i].head);
	app_bench_say("a", message("1", LONG_TEXT, ""), 1);
	ck_assert_int_eq(app_bench_ticket(0).state, modes[_i].state);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), modes[_i].pushes);
}
END_TEST

START_TEST(what_its_channel_is_not_sure_of_waits_for_a_person)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"flags\": [\"unsure\"]"), 1);
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_REVIEW);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 0);
}
END_TEST

START_TEST(references_made_one_after_the_other_begin_alike)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, ""), 1);
	app_bench_say("a", message("2", "Lampu taman di Jalan Mawar padam sejak kemarin.", ""), 1);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	const char *first = arena_strdup(bench.arena, app_bench_ticket(0).reference);
	const char *second = app_bench_ticket(1).reference;
	ck_assert_int_eq(strncmp(first, second, strlen("JB-") + 2), 0);
	ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(a_redelivery_makes_nothing_new)
{
	open_with("push: auto\n");
	const char *line = message("1", LONG_TEXT, "");
	app_bench_say("a", line, 1);
	app_bench_say("a", line, 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
	ck_assert_int_eq(bench_counts("a").repeats, 1);
}
END_TEST

START_TEST(a_citizen_s_unreadable_words_do_not_stand_in_clear)
{
	struct quarantine_row q;
	size_t count = 0;
	open_with("");
	app_bench_say("a", message("1", "kata-kata warga", "\"kind\": \"unreadable\", " WARGA), 1);
	app_bench_say("a", message("2", "the record has no id", "\"kind\": \"unreadable\""), 1);
	bench_ok(quarantine_list(bench.db, 0, 1, bench.arena, &q, &count, &bench.why));
	ck_assert_ptr_null(strstr(q.reason, "warga"));
	bench_ok(quarantine_list(bench.db, q.id, 1, bench.arena, &q, &count, &bench.why));
	ck_assert_str_eq(q.reason, "the record has no id");
}
END_TEST

START_TEST(a_large_unreadable_record_does_not_stop_what_is_behind_it)
{
	struct buf lines, raw;
	struct quarantine_row q;
	size_t count = 0;
	buf_init(&lines, 64u * 1024u * 1024u);
	buf_init(&raw, 64u * 1024u * 1024u);
	open_with("push: auto\n");
	buf_add_text(&lines, "{\"do\": \"message\", \"id\": \"1\", \"kind\": \"unreadable\", "
			     "\"ignore\": \"");
	for (int i = 0; i < 6 * 1024; i++)
		buf_printf(&lines, "%01024d", i); /* more than one sealed value holds */
	buf_add_text(&lines, "\"}\n");
	buf_add_text(&lines, message("2", LONG_TEXT, ""));
	app_bench_say("a", lines.data, 2);
	ck_assert_int_eq(stage(1), INBOX_STORED);
	ck_assert_int_eq(stage(2), INBOX_TICKET);
	bench_ok(quarantine_list(bench.db, 0, 1, bench.arena, &q, &count, &bench.why));
	bench_ok(quarantine_raw(bench.db, q.id, &raw, &bench.why));
	ck_assert_uint_gt(raw.size, 6u * 1024u * 1024u);
	buf_done(&lines);
	buf_done(&raw);
}
END_TEST

START_TEST(a_message_that_the_store_does_not_decide_is_set_aside)
{
	open_with("push: auto\n");
	/* A ticket without this table's row is refused: one message of three. */
	ck_assert_int_eq(sqlite3_exec(bench.db->sql.handle, "CREATE TEMP TRIGGER refuse BEFORE INSERT ON "
		"ticket WHEN new.message_id = 2 BEGIN SELECT RAISE(ABORT, 'no'); END", NULL, NULL,
		NULL), SQLITE_OK);
	app_bench_say("a", arena_printf(bench.arena, "%s%s%s", message("1", LONG_TEXT, ""),
					message("2", LONG_TEXT, WARGA), message("3", LONG_TEXT, LAIN)), 3);
	bench_until(stage(3) == INBOX_TICKET);
	ck_assert_int_eq(stage(1), INBOX_TICKET);
	ck_assert_int_eq(stage(2), INBOX_STORED);
	ck_assert_int_eq(bench_quarantined(), 1);
	ck_assert_str_eq(app.store_alarm, "");
}
END_TEST

START_TEST(a_batch_that_the_store_never_takes_stops_nobody_else)
{
	bench_instance("a", "script", "every: 1s\n", NULL);
	bench_instance("b", "script", "every: 1s\n", NULL);
	app_bench_open();
	ck_assert_int_eq(sqlite3_exec(bench.db->sql.handle, "CREATE TEMP TRIGGER refuse BEFORE INSERT ON "
		"message WHEN new.arrived_ms = 666 BEGIN SELECT RAISE(ABORT, 'no'); END", NULL, NULL,
		NULL), SQLITE_OK);
	bench_script("a", message("1", LONG_TEXT, "\"arrived_ms\": 666"));
	int64_t until = bench_real_ms() + 60000;
	while (bench_status("a").deaths == 0 && bench_real_ms() < until)
		bench_advance(200);
	ck_assert_uint_ge(bench_status("a").deaths, 1);
	app_bench_say("b", message("1", LONG_TEXT, ""), 1);
	ck_assert_int_eq(bench_messages("b"), 1);
	/* Nothing of it was acknowledged: it comes again when the store takes it. */
	ck_assert_ptr_null(bench_cursor("a"));
	ck_assert_int_eq(sqlite3_exec(bench.db->sql.handle, "DROP TRIGGER refuse", NULL, NULL, NULL),
			 SQLITE_OK);
	until = bench_real_ms() + 60000;
	while (bench_messages("a") == 0 && bench_real_ms() < until)
		/* Its deadlines are of the same clock: no leap while it runs. */
		bench_advance(bench_status("a").pid > 0 ? 20 : 20000);
	ck_assert_int_eq(bench_messages("a"), 1);
}
END_TEST

START_TEST(what_does_not_fit_the_national_format_goes_to_a_person)
{
	/* The shipped format takes all that is made here: a stricter one. */
	const char *path = bench_path("strict.json");
	bench_ok(file_write(path, 0600, bytes_text("{\"type\": \"object\", \"properties\": {\"title\": "
		"{\"type\": \"string\", \"maxLength\": 3}}}"), &bench.why));
	setenv("JEMBATAN_SCHEMA", path, 1);
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"subject\": \"Jalan\""), 1);
	struct ticket_row t = app_bench_ticket(0);
	ck_assert_int_eq(t.state, TICKET_REVIEW);
	ck_assert_ptr_nonnull(strstr(t.reason, "national format"));
	ck_assert_ptr_null(strstr(t.reason, "Jalan")); /* the place, never the words */
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 0);
}
END_TEST

/* ---- before the start -------------------------------------------------- */

START_TEST(what_arrived_before_the_start_waits_for_a_backfill)
{
	open_with("push: auto\n");
	bench_ok(intake_backfill(bench.intake, "a", 5000000, &bench.why));
	app_bench_say("a", message("1", LONG_TEXT, "\"arrived_ms\": 4000000"), 1);
	app_bench_say("a", message("2", LONG_TEXT, "\"arrived_ms\": 6000000, " WARGA), 1);
	/* A change of it changes nothing about that. */
	app_bench_say("a", message("1", "Kata lain", "\"arrived_ms\": 4000000"), 1);
	ck_assert_int_eq(stage(1), INBOX_BEFORE_START);
	ck_assert_int_eq(stage(2), INBOX_TICKET);
	ck_assert_int_eq(stage(3), INBOX_BEFORE_START);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	bench_ok(intake_backfill(bench.intake, "a", 3000000, &bench.why));
	bench_until(stage(1) == INBOX_TICKET && stage(3) == INBOX_FOLLOW_UP);
	ck_assert_uint_eq(app_bench_tickets(), 2);
}
END_TEST

/* ---- edits ------------------------------------------------------------- */

START_TEST(an_edit_with_the_same_words_sends_nothing)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"1\""), 1);
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"2\", \"status\": \"diproses\""), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(stage(2), INBOX_STORED);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
}
END_TEST

START_TEST(an_edit_with_new_words_is_a_follow_up)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"1\""), 1);
	app_bench_say("a", message("1", "Kata baru", "\"revision\": \"2\""), 1);
	/* And back again: the centre was told the new words last. */
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"3\""), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(stage(2), INBOX_FOLLOW_UP);
	ck_assert_int_eq(stage(3), INBOX_FOLLOW_UP);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 2);
}
END_TEST

START_TEST(edits_of_something_stored_make_one_ticket_not_one_each)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", "mesin", "\"kind\": \"system\", \"revision\": \"1\""), 1);
	ck_assert_int_eq(stage(1), INBOX_STORED);
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"2\""), 1);
	ck_assert_int_eq(stage(2), INBOX_TICKET);
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"3\""), 1);
	app_bench_say("a", message("1", LONG_TEXT " Tolong.", "\"revision\": \"4\""), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(stage(3), INBOX_STORED);
	ck_assert_int_eq(stage(4), INBOX_FOLLOW_UP);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
}
END_TEST

START_TEST(secrecy_that_is_asked_for_later_is_kept_from_then_on)
{
	struct ticket t = { 0 };
	open_with("push: review\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"1\""), 1);
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"2\", \"flags\": [\"secret\", "
				   "\"anonymous\"]"), 1);
	/* Never relaxed again. */
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"3\""), 1);
	bench_ok(ticket_from_json(bytes_text(app_bench_ticket(0).body), bench.arena, &t, &bench.why));
	ck_assert(t.secret);
	ck_assert(t.anonymous);
	ck_assert_str_eq(app_bench_history(app_bench_ticket(0).id), "review tightened");
}
END_TEST

/* ---- the centre's number, typed in at the source ------------------------ */

static const struct {
	const char *head, *number;
	enum ticket_state state;
	size_t pushes;
} numbers[] = {
	{ "push: review\n", "1234567", TICKET_LINKED, 0 },
	{ "push: shadow\n", "1234567", TICKET_LINKED, 0 },
	{ "push: auto\n", "1234567", TICKET_LINKED, 0 }, /* its push has not left: not needed */
	{ "push: review\n", "belum", TICKET_REVIEW, 0 },
	{ "push: auto\n", "belum", TICKET_QUEUED, 1 },
};

START_TEST(a_number_that_staff_typed_in_links_what_has_not_left)
{
	open_with(numbers[_i].head);
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"1\""), 1);
	app_bench_say("a", message("1", LONG_TEXT, arena_printf(bench.arena, "\"revision\": \"2\", "
		"\"tracking_id\": \"%s\"", numbers[_i].number)), 1);
	ck_assert_int_eq(app_bench_ticket(0).state, numbers[_i].state);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), numbers[_i].pushes);
	ck_assert_uint_eq(app_bench_tickets(), 1);
}
END_TEST

START_TEST(a_push_that_may_have_left_is_not_taken_back)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"1\""), 1);
	struct outbox_row row;
	bench_ok(outbox_rows_of_ticket(bench.db, app_bench_ticket(0).id, bench.arena, &row,
				       &bench.why));
	row.attempts = 1;
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(outbox_rows_update(bench.db, &row, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	app_bench_say("a", message("1", LONG_TEXT, "\"revision\": \"2\", \"tracking_id\": "
				   "\"1234567\""), 1);
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_QUEUED);
	ck_assert_str_eq(app_bench_history(app_bench_ticket(0).id), "queued differs");
}
END_TEST

/* ---- threads ----------------------------------------------------------- */

START_TEST(who_wrote_in_a_thread_before_another_did_still_joins_his_own_ticket)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"thread\": \"t\", " WARGA), 1);
	app_bench_say("a", message("2", LONG_TEXT " di RT lain",
				   "\"kind\": \"follow-up\", \"thread\": \"t\", " LAIN), 1);
	app_bench_say("a", message("3", "Sudah seminggu", "\"kind\": \"follow-up\", \"thread\": \"t\", "
				   WARGA), 1);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_FOLLOW_UP);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_message(1).ticket_id);
	ck_assert_int_ne(app_bench_message(2).ticket_id, app_bench_message(1).ticket_id);
}
END_TEST

START_TEST(an_answer_of_the_same_person_joins_the_ticket)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"thread\": \"t\", " WARGA), 1);
	app_bench_say("a", message("2", "Sudah seminggu", "\"kind\": \"follow-up\", \"thread\": \"t\", "
				   WARGA), 1);
	app_bench_say("a", message("3", "Masih rusak", "\"reply_to\": \"1\", " WARGA), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 2);
}
END_TEST

START_TEST(an_answer_of_another_person_is_a_complaint_of_its_own)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"thread\": \"t\", " WARGA), 1);
	app_bench_say("a", message("2", "Di tempat saya juga begitu, jalan berlubang semua",
				   "\"kind\": \"follow-up\", \"thread\": \"t\", " LAIN), 1);
	/* Nobody is the same person as nobody. */
	app_bench_say("a", message("3", "Di sini juga rusak parah jalannya",
				   "\"kind\": \"follow-up\", \"thread\": \"t\""), 1);
	ck_assert_uint_eq(app_bench_tickets(), 3);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
}
END_TEST

START_TEST(a_number_of_another_report_in_the_text_makes_no_duplicate)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"thread\": \"t\", " WARGA), 1);
	app_bench_say("a", message("2", "Menyusul laporan 1234567: belum ada tindakan",
				   "\"kind\": \"follow-up\", \"thread\": \"t\", " WARGA), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(stage(2), INBOX_FOLLOW_UP);
}
END_TEST

START_TEST(follow_ups_of_a_ticket_in_review_leave_when_it_is_accepted)
{
	open_with("push: review\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"thread\": \"t\", " WARGA), 1);
	app_bench_say("a", message("2", "Sudah seminggu", "\"kind\": \"follow-up\", \"thread\": \"t\", "
				   WARGA), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
	struct ticket_row t = app_bench_ticket(0);
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_accept(app.decide, &t, "petugas", &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 1);
	/* Twice is once. */
	t = app_bench_ticket(0);
	ck_assert_int_eq(decide_accept(app.decide, &t, "petugas", &bench.why), JEMBATAN_DATA);
	ck_assert_int_eq(decide_reject(app.decide, &t, "petugas", "x", &bench.why), JEMBATAN_DATA);
}
END_TEST

START_TEST(nothing_of_a_rejected_ticket_leaves)
{
	open_with("push: review\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"thread\": \"t\", " WARGA), 1);
	struct ticket_row t = app_bench_ticket(0);
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_reject(app.decide, &t, "petugas", "iklan", &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	app_bench_say("a", message("2", "Sudah seminggu", "\"kind\": \"follow-up\", \"thread\": \"t\", "
				   WARGA), 1);
	ck_assert_int_eq(app_bench_ticket(0).state, TICKET_REJECTED);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE) + app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
}
END_TEST

/* ---- attachments by reference ------------------------------------------ */

#define PHOTO "\"attachments\": [{\"name\": \"foto.jpg\", \"reference\": \"3:gambar\"}]"

START_TEST(a_message_waits_for_its_attachment_and_has_it)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, PHOTO), 1);
	bench_until(stage(1) == INBOX_TICKET);
	struct msg_message m = app_bench_message(1).message;
	ck_assert_ptr_nonnull(m.files[0].token);
	ck_assert_uint_eq(m.files[0].size, 18);
	struct outbox_row row;
	bench_ok(outbox_rows_of_ticket(bench.db, app_bench_ticket(0).id, bench.arena, &row,
				       &bench.why));
	ck_assert_int_eq(row.step, OUTBOX_FILES);
}
END_TEST

START_TEST(an_attachment_that_is_not_there_holds_nothing_up)
{
	open_with("push: auto\n");
	app_bench_say("a", message("1", LONG_TEXT, "\"attachments\": [{\"name\": \"foto.jpg\", "
				   "\"reference\": \"tidak ada\"}]"), 1);
	bench_until(stage(1) == INBOX_TICKET);
	ck_assert_ptr_nonnull(app_bench_message(1).message.files[0].missing);
}
END_TEST

START_TEST(a_paused_instance_holds_its_messages_no_longer_than_the_deadline)
{
	struct ticket t = { 0 };
	open_with("push: auto\n");
	app_bench_say("a", "{\"do\": \"log\", \"text\": \"x\"}\n", 1);
	/* Paused as soon as it is stored: nobody can fetch. */
	bench_script("a", message("1", LONG_TEXT, PHOTO));
	int64_t until = bench_real_ms() + 20000;
	while (bench_messages("a") == 0 && bench_real_ms() < until) {
		clock_advance(200);
		loop_turn(bench.loop, 5);
	}
	bench_ok(intake_pause(bench.intake, "a", &bench.why));
	bench_turns(10);
	for (int i = 0; i < 14; i++)
		bench_advance(20000);
	ck_assert_int_eq(stage(1), INBOX_NEW);
	for (int i = 0; i < 3; i++)
		bench_advance(20000);
	bench_until(stage(1) == INBOX_TICKET);
	bench_ok(ticket_from_json(bytes_text(app_bench_ticket(0).body), bench.arena, &t, &bench.why));
	ck_assert_ptr_nonnull(t.attachments[0].missing);
}
END_TEST

START_TEST(an_edit_waits_for_its_original_and_makes_no_second_ticket)
{
	open_with("push: auto\n");
	/* Both in one batch: the original asks for its attachment first. */
	app_bench_say("a", arena_printf(bench.arena, "%s%s",
		message("1", LONG_TEXT, "\"revision\": \"1\", " PHOTO),
		message("1", LONG_TEXT " Tolong.", "\"revision\": \"2\"")), 2);
	int64_t until = bench_real_ms() + 20000;
	while (stage(2) == INBOX_NEW && bench_real_ms() < until)
		bench_advance(500);
	ck_assert_int_eq(stage(1), INBOX_TICKET);
	ck_assert_int_eq(stage(2), INBOX_FOLLOW_UP);
	ck_assert_uint_eq(app_bench_tickets(), 1);
}
END_TEST

START_TEST(an_answer_waits_for_what_it_answers)
{
	open_with("push: auto\n");
	app_bench_say("a", arena_printf(bench.arena, "%s%s",
		message("1", LONG_TEXT, "\"thread\": \"t\", " WARGA ", " PHOTO),
		message("2", "Sudah seminggu", "\"kind\": \"follow-up\", \"thread\": \"t\", " WARGA)), 2);
	int64_t until = bench_real_ms() + 20000;
	while (stage(2) == INBOX_NEW && bench_real_ms() < until)
		bench_advance(500);
	ck_assert_int_eq(stage(1), INBOX_TICKET);
	ck_assert_int_eq(stage(2), INBOX_FOLLOW_UP);
	ck_assert_uint_eq(app_bench_tickets(), 1);
}
END_TEST

START_TEST(what_waited_while_we_were_down_still_gets_its_attachment)
{
	open_with("push: auto\n");
	struct msg_file file = { .name = "foto.jpg", .reference = "3:gambar" };
	struct msg_message m = { .message = { .size = sizeof(m.message), .id = "9", .text = LONG_TEXT },
				 .files = &file, .file_count = 1 };
	struct inbox_item item = { .message = &m, .same_key = digest_sha256(bytes_text("9")),
				   .revision = digest_sha256(bytes_text("9")) };
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(inbox_add(bench.db, bench_status("a").id, &item, 1, NULL, clock_now_ms(),
			   &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	app_bench_close();
	clock_advance(60 * 60000);
	app_bench_open();
	bench_until(stage(1) == INBOX_TICKET);
	ck_assert_ptr_nonnull(app_bench_message(1).message.files[0].token);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("decide");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, app_bench_setup, app_bench_teardown);
	tcase_add_loop_test(t, each_kind_becomes_what_it_is, 0, COUNT_OF(kinds));
	tcase_add_test(t, what_came_from_the_centre_is_linked_and_never_pushed);
	tcase_add_loop_test(t, the_push_mode_says_what_leaves_by_itself, 0, COUNT_OF(modes));
	tcase_add_test(t, what_its_channel_is_not_sure_of_waits_for_a_person);
	tcase_add_test(t, references_made_one_after_the_other_begin_alike);
	tcase_add_test(t, a_redelivery_makes_nothing_new);
	tcase_add_test(t, a_citizen_s_unreadable_words_do_not_stand_in_clear);
	tcase_add_test(t, a_large_unreadable_record_does_not_stop_what_is_behind_it);
	tcase_add_test(t, a_message_that_the_store_does_not_decide_is_set_aside);
	tcase_add_test(t, a_batch_that_the_store_never_takes_stops_nobody_else);
	tcase_add_test(t, what_does_not_fit_the_national_format_goes_to_a_person);
	tcase_add_test(t, what_arrived_before_the_start_waits_for_a_backfill);
	tcase_add_test(t, an_edit_with_the_same_words_sends_nothing);
	tcase_add_test(t, an_edit_with_new_words_is_a_follow_up);
	tcase_add_test(t, edits_of_something_stored_make_one_ticket_not_one_each);
	tcase_add_test(t, secrecy_that_is_asked_for_later_is_kept_from_then_on);
	tcase_add_loop_test(t, a_number_that_staff_typed_in_links_what_has_not_left, 0,
			    COUNT_OF(numbers));
	tcase_add_test(t, a_push_that_may_have_left_is_not_taken_back);
	tcase_add_test(t, an_answer_of_the_same_person_joins_the_ticket);
	tcase_add_test(t, who_wrote_in_a_thread_before_another_did_still_joins_his_own_ticket);
	tcase_add_test(t, an_answer_of_another_person_is_a_complaint_of_its_own);
	tcase_add_test(t, a_number_of_another_report_in_the_text_makes_no_duplicate);
	tcase_add_test(t, follow_ups_of_a_ticket_in_review_leave_when_it_is_accepted);
	tcase_add_test(t, nothing_of_a_rejected_ticket_leaves);
	tcase_add_test(t, a_message_waits_for_its_attachment_and_has_it);
	tcase_add_test(t, an_attachment_that_is_not_there_holds_nothing_up);
	tcase_add_test(t, a_paused_instance_holds_its_messages_no_longer_than_the_deadline);
	tcase_add_test(t, an_edit_waits_for_its_original_and_makes_no_second_ticket);
	tcase_add_test(t, an_answer_waits_for_what_it_answers);
	tcase_add_test(t, what_waited_while_we_were_down_still_gets_its_attachment);
	return unit_run("decide", t);
}
