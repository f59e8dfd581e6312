/* test_duplicates_people.c: who wrote a message is found by one rule, whatever is
 * to be decided of it, and numbers of other reports lead to them. All texts are
 * made up. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "base/clock.h"
#include "store/audit.h"
#include "store/duplicates.h"

#define FLOOD "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"

static void setup(void)
{
	app_bench_setup();
	app_bench_compares = true;
}

static void open_two(void)
{
	bench_instance("a", "script", "every: 1s\npush: auto\n", NULL);
	bench_instance("b", "script", "every: 1s\npush: auto\n", NULL);
	app_bench_open();
}

static void say(const char *instance, const char *id, const char *text, const char *author,
		const char *rest)
{
	app_bench_say(instance, arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%s\", "
					     "\"text\": \"%s\", \"author\": {%s}%s}\n", id, text,
					     author, rest), 1);
}

/* ---- one rule for who wrote it ------------------------------------------- */

static const struct {
	const char *first, *second;
	bool same;
} spellings[] = {
	{ "\"phone\": \"081200000017\"", "\"phone\": \"+62 812-0000-0017\"", true },
	{ "\"phone\": \"+6281200000017\"", "\"phone\": \"6281200000017\"", true },
	{ "\"phone\": \"6281200000017\"", "\"phone\": \"0812.0000.0017\"", true },
	{ "\"mail\": \"Ratna@Contoh.invalid\"", "\"mail\": \"ratna@contoh.INVALID\"", true },
	{ "\"id\": \"ID.13491208655302741918\", \"phone\": \"+6281200000017\"",
	  "\"id\": \"081200000017\", \"phone\": \"081200000017\"", true },
	{ "\"phone\": \"081200000017\"", "\"phone\": \"081200000018\"", false },
	{ "\"phone\": \"1708\"", "\"phone\": \"1708\"", false },
	{ "\"mail\": \"ratna@contoh.invalid\"", "\"mail\": \"atna@contoh.invalid\"", false },
	/* an id means something within its instance only */
	{ "\"id\": \"ID.13491208655302741918\"", "\"id\": \"ID.13491208655302741918\"", false },
};

/* Who names his report adds to it, though nothing is compared. */
START_TEST(a_reporter_is_known_by_his_number_or_mail_however_it_is_written)
{
	app_bench_compares = false;
	open_two();
	say("a", "1", FLOOD, spellings[_i].first, "");
	say("b", "2", arena_printf(bench.arena, "%s: petugas belum datang",
				   app_bench_ticket(0).reference), spellings[_i].second, "");
	ck_assert_uint_eq(app_bench_tickets(), spellings[_i].same ? 1 : 2);
}
END_TEST

/* An answer to a message of his, in the same instance. */
START_TEST(an_answer_is_known_by_the_number_however_it_is_written)
{
	app_bench_compares = false;
	open_two();
	say("a", "1", FLOOD, spellings[_i].first, "");
	say("a", "2", "Tambahan: airnya makin tinggi", spellings[_i].second, ", \"reply_to\": \"1\"");
	bool same = spellings[_i].same || strstr(spellings[_i].first, "\"id\"") != NULL;
	ck_assert_uint_eq(app_bench_tickets(), same ? 1 : 2);
}
END_TEST

/* In a thread that is not one person's, somebody else answers too. */
START_TEST(who_writes_in_the_same_thread_is_not_the_same_person)
{
	open_two();
	say("a", "1", FLOOD, "\"id\": \"r1\"", ", \"thread\": \"t\"");
	say("a", "2", arena_printf(bench.arena, "Seperti laporan %s, di gang saya juga",
				   app_bench_ticket(0).reference), "\"id\": \"b1\"",
	    ", \"thread\": \"t\"");
	ck_assert_uint_eq(app_bench_tickets(), 2);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("duplicates_people");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, app_bench_teardown);
	tcase_add_loop_test(t, a_reporter_is_known_by_his_number_or_mail_however_it_is_written, 0,
			    COUNT_OF(spellings));
	tcase_add_loop_test(t, an_answer_is_known_by_the_number_however_it_is_written, 0,
			    COUNT_OF(spellings));
	tcase_add_test(t, who_writes_in_the_same_thread_is_not_the_same_person);
	return unit_run("duplicates_people", t);
}
