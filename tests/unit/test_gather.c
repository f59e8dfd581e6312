/* test_gather.c: what one person sends within a few minutes is one complaint,
 * in whatever order it comes, with its changes, and over a restart; what others
 * send, or the same person later, is not. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "base/clock.h"
#include "store/instances.h"
#include "ticket/ticket.h"

#define MINUTE_MS 60000
#define SENT_MS 1799999000000
#define WARGA "\"thread\": \"w1\", \"author\": {\"id\": \"w1\", \"name\": \"Warga Contoh\"}"
#define LAIN "\"thread\": \"w2\", \"author\": {\"id\": \"w2\", \"name\": \"Warga Lain\"}"
#define NUMBER "\"thread\": \"628120001\", \"author\": {\"id\": \"628120001\", " \
	       "\"phone\": \"+628120001\"}"
#define ID_ALONE "\"thread\": \"ID.1a\", \"author\": {\"id\": \"ID.1a\"}"
#define ID_AND_NUMBER "\"thread\": \"ID.1a\", \"thread_alias\": \"628120001\", \"author\": " \
		      "{\"id\": \"ID.1a\", \"phone\": \"+628120001\"}"
#define PHOTO "\"attachments\": [{\"name\": \"foto.jpg\", \"reference\": \"2:gambar\"}]"
#define GONE "\"attachments\": [{\"name\": \"hilang.jpg\", \"reference\": \"tidak ada\"}]"
#define LATER "\"attachments\": [{\"name\": \"foto.jpg\", \"reference\": \"later\"}]"
#define PLACE "\"flags\": [\"position\"], \"place\": {\"address\": \"Jl. Mawar\", \"latitude\": -6.9, " \
	      "\"longitude\": 107.6}"
#define TEXT "Lampu jalan di depan balai desa padam sejak hari Senin, mohon diperbaiki."

static void open_gathering(const char *head)
{
	bench_instance("a", "script",
		       arena_printf(bench.arena, "every: 1s\ngather: 3m\n%s", head), NULL);
	app_bench_open();
}

/* second: when its sender sent it. */
static void say(const char *id, const char *text, int second, const char *rest)
{
	app_bench_say("a", arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%s\", %s%s%s"
					"\"sent_ms\": %lld, \"arrived_ms\": %lld, %s}\n", id,
					text != NULL ? "\"text\": \"" : "", text != NULL ? text : "",
					text != NULL ? "\", " : "",
					(long long)(SENT_MS + second * 1000),
					(long long)(SENT_MS + second * 1000), rest), 1);
}

static enum inbox_stage stage(int64_t n)
{
	return app_bench_message(n).stage;
}

static void pass(int64_t ms)
{
	for (int64_t step = 2000; ms > 0; ms -= step)
		bench_advance(step);
	bench_turns(3);
}

static struct ticket form_of(size_t n)
{
	struct ticket t = { 0 };
	struct ticket_row row = app_bench_ticket(n);
	bench_ok(ticket_from_json(bytes_text(row.body), bench.arena, &t, &bench.why));
	return t;
}

/* ---- one complaint -------------------------------------------------------- */

START_TEST(a_text_a_photo_and_a_place_are_one_complaint)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "Ini fotonya", 20, WARGA ", " PHOTO);
	say("3", "Lokasi: Jl. Mawar", 40, WARGA ", " PLACE);
	pass(2 * MINUTE_MS);
	ck_assert_uint_eq(app_bench_tickets(), 0); /* the window is still open */
	pass(MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
	struct ticket t = form_of(0);
	ck_assert_str_eq(t.content_original, TEXT "\nIni fotonya\nLokasi: Jl. Mawar");
	ck_assert_uint_eq(t.attachment_count, 1);
	ck_assert_ptr_null(t.attachments[0].missing);
	ck_assert_int_eq(t.attachments[0].size_bytes, 12);
	ck_assert_str_eq(t.place.address, "Jl. Mawar");
	ck_assert(t.place.has_position);
	ck_assert_int_eq(t.sent_ms, SENT_MS);
	ck_assert_int_eq(stage(1), INBOX_TICKET);
	for (int n = 2; n <= 3; n++) {
		ck_assert_int_eq(stage(n), INBOX_STORED);
		ck_assert_int_eq(app_bench_message(n).ticket_id, app_bench_ticket(0).id);
	}
	ck_assert_ptr_nonnull(strstr(app_bench_history(app_bench_ticket(0).id), "gathered"));
}
END_TEST

/* "Ya", to a question that nobody knows. */
#define QUICK "\"kind\": \"follow-up\", \"flags\": [\"unsure\"], \"reply_to\": \"lain\""

START_TEST(a_quick_reply_alone_goes_to_a_person_and_beside_a_text_is_part_of_it)
{
	open_gathering("push: auto\n");
	say("1", "Ya", 0, WARGA ", " QUICK);
	if (_i == 1)
		say("2", TEXT, 20, WARGA);
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(app_bench_ticket(0).state, _i == 1 ? TICKET_QUEUED : TICKET_REVIEW);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), (size_t)_i);
}
END_TEST

START_TEST(the_order_is_that_of_the_sender_not_of_the_network)
{
	open_gathering("push: auto\n");
	say("3", "tiga", 40, WARGA);
	say("1", TEXT, 0, WARGA);
	say("2", "dua", 20, WARGA);
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_str_eq(form_of(0).content_original, TEXT "\ndua\ntiga");
}
END_TEST

START_TEST(secrecy_that_one_part_asks_for_holds_for_the_whole)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "Rahasiakan nama saya", 20, WARGA ", \"flags\": [\"anonymous\", \"secret\"]");
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert(form_of(0).anonymous && form_of(0).secret);
}
END_TEST

START_TEST(a_redelivery_in_the_window_adds_nothing)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "dua", 20, WARGA);
	say("2", "dua", 20, WARGA);
	say("1", TEXT, 0, WARGA);
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_str_eq(form_of(0).content_original, TEXT "\ndua");
}
END_TEST

START_TEST(a_restart_in_the_middle_changes_nothing)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "dua", 20, WARGA ", " PHOTO);
	pass(MINUTE_MS);
	app_bench_close();
	app_bench_open();
	say("3", "tiga", 80, WARGA);
	pass(2 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_str_eq(form_of(0).content_original, TEXT "\ndua\ntiga");
	ck_assert_ptr_null(form_of(0).attachments[0].missing);
}
END_TEST

START_TEST(a_window_that_ended_while_we_were_down_still_gathers)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "dua", 20, WARGA);
	app_bench_close();
	clock_advance(60 * MINUTE_MS);
	app_bench_open();
	pass(10000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_str_eq(form_of(0).content_original, TEXT "\ndua");
}
END_TEST

START_TEST(a_photo_that_cannot_be_had_is_missing_in_the_whole_and_holds_nothing_up)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", NULL, 20, WARGA ", " GONE);
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_uint_eq(form_of(0).attachment_count, 1);
	ck_assert_ptr_nonnull(form_of(0).attachments[0].missing);
}
END_TEST

/* Channels shut those out who ask for a file again and again. */
START_TEST(a_file_that_does_not_come_is_asked_for_a_few_times_only)
{
	struct buf asked;
	buf_init(&asked, 1024);
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "Ini fotonya", 20, WARGA ", " LATER);
	pass(4 * MINUTE_MS);
	ck_assert_uint_eq(app_bench_tickets(), 0); /* until its deadline */
	pass(MINUTE_MS + 10000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_ptr_nonnull(form_of(0).attachments[0].missing);
	bench_ok(instances_state_get(bench.db, bench_status("a").id, "later", &asked, &bench.why));
	ck_assert_uint_ge(asked.size, 4);
	ck_assert_uint_le(asked.size, 8);
	buf_done(&asked);
}
END_TEST

START_TEST(a_part_that_quotes_one_that_waits_is_a_part)
{
	open_gathering("push: auto\n");
	say("0", TEXT, -3600, WARGA);
	pass(4 * MINUTE_MS);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	say("1", "Laporan lain: sampah menumpuk di pasar", 0, WARGA);
	say("2", "yang ini maksud saya", 20, WARGA ", \"reply_to\": \"1\"");
	say("3", "masih padam", 30, WARGA ", \"reply_to\": \"0\"");
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(stage(4), INBOX_FOLLOW_UP); /* it quotes what has a ticket */
	ck_assert_int_eq(stage(3), INBOX_STORED);
}
END_TEST

/* ---- one person, two names --------------------------------------------------- */

static const char *const orders[][3] = {
	{ NUMBER, ID_AND_NUMBER, ID_ALONE }, { NUMBER, ID_ALONE, ID_AND_NUMBER },
	{ ID_AND_NUMBER, NUMBER, ID_ALONE }, { ID_AND_NUMBER, ID_ALONE, NUMBER },
	{ ID_ALONE, ID_AND_NUMBER, NUMBER }, { ID_ALONE, NUMBER, ID_AND_NUMBER },
};

START_TEST(who_is_known_by_number_and_by_id_sends_one_complaint)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, orders[_i][0]);
	say("2", "dua", 10, orders[_i][1]);
	app_bench_close();
	app_bench_open();
	say("3", "tiga", 20, orders[_i][2]);
	pass(3 * MINUTE_MS + 10000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_str_eq(form_of(0).content_original, TEXT "\ndua\ntiga");
}
END_TEST

static const char *const answers[][2] = { { NUMBER, ID_ALONE }, { ID_ALONE, NUMBER } };

START_TEST(his_answer_under_the_other_name_is_a_follow_up)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, answers[_i][0]);
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	/* What says that they are one may be no complaint. */
	say("2", NULL, 200, ID_AND_NUMBER ", \"kind\": \"reaction\"");
	app_bench_close();
	app_bench_open();
	say("3", "masih padam", 300, arena_printf(bench.arena, "%s, \"reply_to\": \"1\"",
						  answers[_i][1]));
	pass(5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(stage(3), INBOX_FOLLOW_UP);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_ticket(0).id);
}
END_TEST

START_TEST(names_that_nobody_joined_are_two_people)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, NUMBER);
	say("2", "Sampah menumpuk di depan pasar", 10, _i == 0 ? ID_ALONE :
	    ID_AND_NUMBER ", \"old\": true"); /* a connector that cannot say it yet */
	pass(3 * MINUTE_MS + 10000);
	ck_assert_uint_eq(app_bench_tickets(), 2);
}
END_TEST

/* ---- more than one ---------------------------------------------------------- */

START_TEST(two_people_at_the_same_time_are_two_complaints)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "Sampah menumpuk di depan pasar selama dua minggu", 5, LAIN);
	say("3", "tambahan", 10, WARGA);
	pass(3 * MINUTE_MS + 8000);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(stage(1), INBOX_TICKET);
	ck_assert_int_eq(stage(2), INBOX_TICKET);
	ck_assert_int_eq(stage(3), INBOX_STORED);
}
END_TEST

START_TEST(another_person_in_the_same_thread_is_not_taken_in)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "Sampah menumpuk", 5, "\"thread\": \"w1\", \"author\": {\"id\": \"w2\"}");
	pass(3 * MINUTE_MS + 10000);
	ck_assert_uint_eq(app_bench_tickets(), 2);
}
END_TEST

START_TEST(what_comes_after_the_window_is_another_complaint)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	pass(2 * MINUTE_MS);
	say("2", "dua", 125, WARGA);
	pass(MINUTE_MS + 4000);
	say("3", "Sampah menumpuk di depan pasar", 190, WARGA);
	pass(3 * MINUTE_MS + 8000);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(stage(2), INBOX_STORED);
	ck_assert_int_eq(stage(3), INBOX_TICKET);
}
END_TEST

START_TEST(what_was_sent_days_apart_is_not_gathered_when_it_is_read_together)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "Sampah menumpuk di depan pasar", 86400, WARGA);
	pass(3 * MINUTE_MS + 10000);
	ck_assert_uint_eq(app_bench_tickets(), 2);
}
END_TEST

START_TEST(more_parts_than_one_complaint_takes_are_a_second_one)
{
	struct buf lines;
	buf_init(&lines, 1024 * 1024);
	open_gathering("push: auto\n");
	for (int i = 0; i < 70; i++)
		buf_printf(&lines, "{\"do\": \"message\", \"id\": \"%d\", \"text\": \"bagian %d\", "
			   "\"arrived_ms\": %lld, \"sent_ms\": %lld, " WARGA "}\n", i, i,
			   (long long)SENT_MS + i, (long long)SENT_MS + i);
	app_bench_say("a", lines.data, 70);
	pass(3 * MINUTE_MS + 10000);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(bench_counts("a").by_stage[INBOX_NEW], 0);
	buf_done(&lines);
}
END_TEST

START_TEST(without_gather_each_message_is_its_own)
{
	bench_instance("a", "script", "every: 1s\npush: auto\n", NULL);
	app_bench_open();
	say("1", TEXT, 0, WARGA);
	say("2", "Sampah menumpuk", 20, WARGA);
	ck_assert_uint_eq(app_bench_tickets(), 2);
}
END_TEST

/* ---- changes ------------------------------------------------------------------ */

START_TEST(a_change_within_the_window_changes_the_words)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "dua", 10, WARGA);
	say("1", "Kata yang benar", 30, WARGA ", \"kind\": \"edit\", \"revision\": \"e2\"");
	say("1", "Kata yang lebih lama", 20, WARGA ", \"kind\": \"edit\", \"revision\": \"e1\"");
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
	ck_assert_str_eq(form_of(0).content_original, "Kata yang benar\ndua");
	ck_assert_int_eq(stage(3), INBOX_STORED);
	ck_assert_int_eq(stage(4), INBOX_STORED);
}
END_TEST

START_TEST(what_is_taken_back_within_the_window_is_taken_out)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "jangan dimuat", 10, WARGA);
	say("2", NULL, 30, WARGA ", \"kind\": \"deletion\", \"revision\": \"d\"");
	say("3", "tiga", 40, WARGA);
	say("1", NULL, 50, WARGA ", \"kind\": \"deletion\", \"revision\": \"d\"");
	pass(4 * MINUTE_MS);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_str_eq(form_of(0).content_original, "tiga");
	for (int n = 1; n <= 3; n++)
		ck_assert_int_eq(stage(n), INBOX_STORED);
	ck_assert_int_eq(stage(4), INBOX_TICKET);
	/* A change of it that was late does not bring it back. */
	say("2", "jangan dimuat, sungguh", 20, WARGA ", \"kind\": \"edit\", \"revision\": \"e\"");
	pass(4 * MINUTE_MS);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(stage(6), INBOX_STORED);
}
END_TEST

START_TEST(a_change_that_comes_before_its_message_is_what_counts)
{
	open_gathering("push: auto\n");
	say("1", "Kata yang benar", 30, WARGA ", \"kind\": \"edit\", \"revision\": \"e\"");
	say("1", "Kata yang salah", 0, WARGA);
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 0);
	ck_assert_str_eq(form_of(0).content_original, "Kata yang benar");
	ck_assert_int_eq(stage(2), INBOX_STORED);
}
END_TEST

START_TEST(what_was_taken_back_before_it_came_is_no_complaint)
{
	open_gathering("push: auto\n");
	say("1", NULL, 30, WARGA ", \"kind\": \"deletion\", \"revision\": \"d\"");
	say("1", TEXT, 0, WARGA);
	pass(3 * MINUTE_MS + 5000);
	ck_assert_uint_eq(app_bench_tickets(), 0);
	ck_assert_int_eq(stage(2), INBOX_STORED);
}
END_TEST

START_TEST(a_change_after_the_window_is_a_follow_up_of_the_whole)
{
	open_gathering("push: auto\n");
	say("1", TEXT, 0, WARGA);
	say("2", "dua", 10, WARGA);
	pass(3 * MINUTE_MS + 5000);
	say("2", "dua, diperbaiki", 200, WARGA ", \"kind\": \"edit\", \"revision\": \"e2\"");
	say("2", "dua, lama", 190, WARGA ", \"kind\": \"edit\", \"revision\": \"e1\"");
	pass(5000);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(stage(3), INBOX_FOLLOW_UP);
	ck_assert_int_eq(stage(4), INBOX_STORED);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("gather");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, app_bench_setup, app_bench_teardown);
	tcase_add_loop_test(t, a_quick_reply_alone_goes_to_a_person_and_beside_a_text_is_part_of_it, 0,
			    2);
	tcase_add_test(t, a_text_a_photo_and_a_place_are_one_complaint);
	tcase_add_test(t, the_order_is_that_of_the_sender_not_of_the_network);
	tcase_add_test(t, secrecy_that_one_part_asks_for_holds_for_the_whole);
	tcase_add_test(t, a_redelivery_in_the_window_adds_nothing);
	tcase_add_test(t, a_restart_in_the_middle_changes_nothing);
	tcase_add_test(t, a_window_that_ended_while_we_were_down_still_gathers);
	tcase_add_test(t, a_photo_that_cannot_be_had_is_missing_in_the_whole_and_holds_nothing_up);
	tcase_add_test(t, a_file_that_does_not_come_is_asked_for_a_few_times_only);
	tcase_add_test(t, a_part_that_quotes_one_that_waits_is_a_part);
	tcase_add_loop_test(t, who_is_known_by_number_and_by_id_sends_one_complaint, 0,
			    (int)COUNT_OF(orders));
	tcase_add_loop_test(t, his_answer_under_the_other_name_is_a_follow_up, 0,
			    (int)COUNT_OF(answers));
	tcase_add_loop_test(t, names_that_nobody_joined_are_two_people, 0, 2);
	tcase_add_test(t, two_people_at_the_same_time_are_two_complaints);
	tcase_add_test(t, another_person_in_the_same_thread_is_not_taken_in);
	tcase_add_test(t, what_comes_after_the_window_is_another_complaint);
	tcase_add_test(t, what_was_sent_days_apart_is_not_gathered_when_it_is_read_together);
	tcase_add_test(t, more_parts_than_one_complaint_takes_are_a_second_one);
	tcase_add_test(t, without_gather_each_message_is_its_own);
	tcase_add_test(t, a_change_within_the_window_changes_the_words);
	tcase_add_test(t, what_is_taken_back_within_the_window_is_taken_out);
	tcase_add_test(t, a_change_that_comes_before_its_message_is_what_counts);
	tcase_add_test(t, what_was_taken_back_before_it_came_is_no_complaint);
	tcase_add_test(t, a_change_after_the_window_is_a_follow_up_of_the_whole);
	return unit_run("gather", t);
}
