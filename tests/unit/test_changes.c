/* test_changes.c: a text that its citizen changed, and those who say the same
 * afterwards. All texts are made up. */
#include <string.h>

#include "app_bench.h"
#include "store/duplicates.h"

#define FLOOD "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"
#define SCHOOL "Atap ruang kelas SDN Melati 4 Jl. Cempaka No. 7 Kelurahan Karangmulya bocor parah, murid " \
	"belajar di teras dan buku perpustakaan rusak terendam air hujan sejak bulan lalu"
#define RATNA "\"author\": {\"id\": \"r1\", \"phone\": \"0812-0000-0017\"}"
#define RATNA_MAIL "\"author\": {\"id\": \"x9\", \"phone\": \"+62 812 0000 0017\"}"
#define BUDI "\"author\": {\"id\": \"b1\", \"phone\": \"081300000018\"}"

#define LINE(id, revision, text, author) "{\"do\": \"message\", \"id\": \"" id "\", \"revision\": \"" \
	revision "\", \"text\": \"" text "\", " author "}\n"

static void setup(void)
{
	app_bench_setup();
	app_bench_compares = true;
	bench_instance("a", "script", "every: 1s\npush: auto\n", NULL);
	bench_instance("b", "script", "every: 1s\npush: auto\n", NULL);
	app_bench_open();
	app_bench_say("a", LINE("1", "1", FLOOD, RATNA), 1);
	app_bench_say("a", LINE("1", "2", SCHOOL, RATNA), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(app_bench_message(2).stage, INBOX_FOLLOW_UP);
}

static struct duplicate_row found(int64_t message)
{
	struct duplicate_row row;
	bench_ok(duplicates_of_message(bench.db, message, bench.arena, &row, &bench.why));
	return row;
}

START_TEST(who_says_again_what_was_changed_joins_the_ticket)
{
	ck_assert_int_eq(found(2).incident, found(1).id);
	ck_assert_int_eq(found(2).decision, DUPLICATE_SEPARATE);
	app_bench_say("b", LINE("9", "1", SCHOOL, RATNA_MAIL), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_REPOST);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_ticket(0).id);
}
END_TEST

/* The addition would go to the unit that it accuses. */
START_TEST(a_change_that_accuses_a_unit_is_a_report_of_its_own)
{
	app_bench_say("a", LINE("1", "3", SCHOOL " Petugas dinas meminta uang pelicin kepada warga, "
				"mohon diusut", RATNA), 1);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_TICKET);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_FOLLOW_UP), 1);
	/* What is changed from then on belongs to that report. */
	app_bench_say("a", LINE("1", "4", SCHOOL " Petugas dinas meminta uang pelicin kepada warga, "
				"mohon diusut. Namanya ada pada kami", RATNA), 1);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(app_bench_message(4).ticket_id, app_bench_ticket(1).id);
}
END_TEST

START_TEST(the_words_of_before_are_known_still)
{
	app_bench_say("b", LINE("9", "1", FLOOD, RATNA_MAIL), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_REPOST);
}
END_TEST

START_TEST(another_reporter_of_the_changed_matter_is_never_merged)
{
	app_bench_say("b", LINE("9", "1", SCHOOL " kata wali murid", BUDI), 1);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_TICKET);
}
END_TEST

START_TEST(after_a_restart_both_are_known)
{
	app_bench_close();
	app_bench_open();
	app_bench_say("b", LINE("9", "1", SCHOOL, RATNA_MAIL), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("changes");
	tcase_add_checked_fixture(t, setup, app_bench_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_change_that_accuses_a_unit_is_a_report_of_its_own);
	tcase_add_test(t, who_says_again_what_was_changed_joins_the_ticket);
	tcase_add_test(t, the_words_of_before_are_known_still);
	tcase_add_test(t, another_reporter_of_the_changed_matter_is_never_merged);
	tcase_add_test(t, after_a_restart_both_are_known);
	return unit_run("changes", t);
}
