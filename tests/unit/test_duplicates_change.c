/* test_duplicates_change.c: a citizen changes his text, and the new words are like
 * another report: a person is asked, and can answer. All texts are made up. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "compare.h"
#include "store/duplicates.h"

#define FLOOD "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"
#define SCHOOL "Guru honorer di SDN Kenanga 3 belum digaji empat bulan, dinas pendidikan bilang menunggu"
#define ROAD "Aspal Jl. Hargomulyo di kilometer 4 berlubang besar, dua pengendara motor jatuh kemarin malam"
#define RATNA "\"author\": {\"id\": \"r1\", \"phone\": \"0812-0000-0017\"}"
#define BUDI "\"author\": {\"id\": \"b1\", \"phone\": \"081300000018\"}"

static void setup(void)
{
	app_bench_setup();
	app_bench_compares = true;
}

static void open_with(const char *push)
{
	bench_instance("a", "script", arena_printf(bench.arena, "every: 1s\npush: %s\n", push), NULL);
	app_bench_open();
}

static void say(const char *id, const char *revision, const char *text, const char *rest)
{
	app_bench_say("a", arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%s\", "
					"\"revision\": \"%s\", \"text\": \"%s\", %s}\n", id, revision,
					text, rest), 1);
}

/* Ratna's flood is m1, Budi's school m2, and m3 what Budi has made of it. */
static void change_to(const char *text)
{
	say("1", "1", FLOOD, RATNA);
	say("2", "1", SCHOOL, BUDI);
	say("2", "2", text, BUDI);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_FOLLOW_UP);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_message(2).ticket_id);
	ck_assert_uint_eq(app_bench_tickets(), 2);
}

static struct duplicate_row found(int64_t message)
{
	struct duplicate_row row;
	bench_ok(duplicates_of_message(bench.db, message, bench.arena, &row, &bench.why));
	return row;
}

/* How many a person is asked about. */
static size_t asked(void)
{
	struct duplicate_row rows[8];
	size_t count = 0;
	bench_ok(duplicates_list(bench.db, DUPLICATE_REVIEW, true, INT64_MAX, COUNT_OF(rows), bench.arena,
				 rows, &count, &bench.why));
	return count;
}

static enum jembatan_result split(int64_t message, const char **out_said)
{
	bench_ok(db_begin(bench.db, &bench.why));
	enum jembatan_result r = decide_split(app.decide, message, "petugas", bench.arena, out_said,
					      &bench.why);
	if (r != JEMBATAN_OK) {
		db_abort(bench.db);
		(void)decide_aborted(app.decide);
		return r;
	}
	bench_ok(db_commit(bench.db, &bench.why));
	decide_committed(app.decide);
	return r;
}

static void unite(void)
{
	const char *said = NULL;
	bench_ok(db_begin(bench.db, &bench.why));
	bench_ok(decide_unite(app.decide, app_bench_ticket(0).reference, app_bench_ticket(1).reference,
			      "petugas", bench.arena, &said, &bench.why));
	bench_ok(db_commit(bench.db, &bench.why));
	decide_committed(app.decide);
}

START_TEST(a_changed_text_that_is_like_another_report_waits_for_a_person)
{
	open_with("auto");
	change_to(FLOOD);
	struct duplicate_row change = found(3);
	ck_assert_int_eq(change.decision, DUPLICATE_REVIEW);
	ck_assert_int_eq(change.nearest, found(1).id);
	ck_assert_int_eq(change.incident, found(2).incident);
	ck_assert_int_ne(change.incident, found(1).incident);
	ck_assert_uint_gt(change.permille, 600);
	ck_assert_ptr_nonnull(strstr(change.evidence, "the changed text; same words"));
	ck_assert_ptr_null(strstr(change.evidence, "Wijayasari"));
	ck_assert_uint_eq(asked(), 1);
}
END_TEST

START_TEST(a_changed_text_that_is_like_its_own_report_asks_nothing)
{
	open_with("auto");
	change_to(SCHOOL ". Mohon segera dibayar");
	ck_assert_int_eq(found(3).decision, DUPLICATE_SEPARATE);
	ck_assert_int_eq(found(3).nearest, found(2).id);
	/* Not even where its report lies in two tickets of one incident. */
	say("3", "1", SCHOOL, RATNA);
	ck_assert_int_eq(found(4).decision, DUPLICATE_RELATED);
	say("3", "2", SCHOOL ". Tolong dibayar segera", RATNA);
	ck_assert_int_eq(found(5).decision, DUPLICATE_SEPARATE);
	ck_assert_uint_eq(asked(), 0);
}
END_TEST

START_TEST(a_person_says_that_the_changed_text_is_not_the_other_report)
{
	const char *said = NULL;
	open_with("auto");
	change_to(FLOOD);
	ck_assert_int_eq(split(3, &said), JEMBATAN_OK);
	ck_assert_ptr_nonnull(strstr(said, "m3"));
	ck_assert_uint_eq(asked(), 0);
	ck_assert_int_eq(found(3).settled, DUPLICATE_SPLIT);
	ck_assert_int_eq(found(3).incident, found(2).incident);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_message(2).ticket_id);
	ck_assert_ptr_nonnull(strstr(app_bench_history(app_bench_message(2).ticket_id), "split"));
	/* Then it is an addition like any other. */
	ck_assert_int_eq(split(3, &said), JEMBATAN_DATA);
}
END_TEST

START_TEST(a_person_joins_what_has_become_one_report_and_takes_it_back)
{
	const char *said = NULL;
	open_with("review");
	change_to(FLOOD);
	int64_t former = found(3).incident;
	unite();
	ck_assert_uint_eq(asked(), 0);
	ck_assert_int_eq(found(3).settled, DUPLICATE_JOINED);
	for (int64_t m = 1; m <= 3; m++) {
		ck_assert_int_eq(found(m).incident, found(1).incident);
		ck_assert_int_eq(app_bench_message(m).ticket_id, app_bench_message(1).ticket_id);
	}
	int64_t moved = app_bench_message(1).stage == INBOX_REPOST ? 1 : 2;
	ck_assert_int_eq(split(moved, &said), JEMBATAN_OK);
	ck_assert_int_eq(found(3).incident, found(2).incident);
	ck_assert_int_eq(found(3).incident, former);
	ck_assert_int_ne(found(1).incident, former);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_message(2).ticket_id);
}
END_TEST

START_TEST(a_question_about_a_third_report_stays_open_when_two_are_joined)
{
	open_with("review");
	change_to(ROAD); /* like nothing yet */
	ck_assert_uint_eq(asked(), 0);
	say("4", "1", "Lampu jalan di Cempakawarna padam sejak Senin", RATNA);
	say("4", "2", ROAD, RATNA);
	ck_assert_int_eq(found(5).decision, DUPLICATE_REVIEW);
	ck_assert_int_eq(found(5).nearest, found(3).id); /* the change of another one */
	unite(); /* flood and school */
	ck_assert_int_eq(found(5).settled, DUPLICATE_OPEN);
	ck_assert_uint_eq(asked(), 1);
}
END_TEST

START_TEST(a_change_that_waits_for_its_picture_is_compared_once)
{
	open_with("auto");
	say("1", "1", FLOOD, RATNA);
	say("2", "1", SCHOOL, BUDI);
	say("2", "2", FLOOD, BUDI ", \"attachments\": [{\"name\": \"foto.jpg\", "
	    "\"reference\": \"3:gambar\"}]");
	bench_until(app_bench_message(3).stage != INBOX_NEW);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_FOLLOW_UP);
	ck_assert_ptr_nonnull(app_bench_message(3).message.files[0].token);
	ck_assert_int_eq(found(3).decision, DUPLICATE_REVIEW);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("duplicates_change");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, app_bench_teardown);
	tcase_add_test(t, a_changed_text_that_is_like_another_report_waits_for_a_person);
	tcase_add_test(t, a_changed_text_that_is_like_its_own_report_asks_nothing);
	tcase_add_test(t, a_person_says_that_the_changed_text_is_not_the_other_report);
	tcase_add_test(t, a_person_joins_what_has_become_one_report_and_takes_it_back);
	tcase_add_test(t, a_question_about_a_third_report_stays_open_when_two_are_joined);
	tcase_add_test(t, a_change_that_waits_for_its_picture_is_compared_once);
	return unit_run("duplicates_change", t);
}
