/* test_duplicates_window.c: what the window of comparison knows whatever the clock and
 * the channels do. All texts are made up. */
#include <stdio.h>
#include <string.h>

#include "app_bench.h"
#include "base/clock.h"
#include "store/db_inside.h"
#include "store/duplicates.h"

#define FLOOD "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"
#define SCHOOL "Guru honorer di SDN Kenanga 3 belum digaji empat bulan, dinas pendidikan bilang menunggu"
#define RATNA "\"phone\": \"0812-0000-0017\", \"name\": \"Ratna Misalnya\""
#define BUDI "\"phone\": \"081300000018\", \"name\": \"Budi Misalnya\""
#define HOUR_MS INT64_C(3600000)
#define LEAP_MS (4000 * 24 * HOUR_MS)

static unsigned said;

static void setup(void)
{
	app_bench_setup();
	app_bench_compares = true;
	bench_instance("a", "script", "every: 1s\npush: auto\n", NULL);
	bench_instance("b", "script", "every: 1s\npush: auto\n", NULL);
	bench_instance("c", "script", "every: 1s\npush: auto\n", NULL);
	app_bench_open();
}

static void say(const char *instance, const char *text, const char *author)
{
	app_bench_say(instance, arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%u\", "
					     "\"text\": \"%s\", \"author\": {%s}}\n", ++said, text,
					     author), 1);
}

static struct duplicate_row found(int64_t message)
{
	struct duplicate_row row;
	bench_ok(duplicates_of_message(bench.db, message, bench.arena, &row, &bench.why));
	return row;
}

static int64_t known(void)
{
	int64_t n = -1;
	bench_ok(sql_get_number(&bench.db->sql, &bench.why, &n,
				"SELECT count(*) FROM duplicate WHERE fingerprint IS NOT NULL",
				SQL_NOTHING));
	return n;
}

static void leap(int64_t ms)
{
	clock_hold(clock_now_ms() + ms, clock_mono_ms());
}

START_TEST(a_clock_that_leaps_ahead_and_back_forgets_no_complaint)
{
	say("a", FLOOD, RATNA);
	leap(LEAP_MS);
	say("b", SCHOOL, BUDI);
	bench_turns(3);
	ck_assert_int_eq(known(), 2);
	if (_i == 1) { /* a restart by the wrong clock */
		app_bench_close();
		app_bench_open();
		bench_turns(3);
		ck_assert_int_eq(known(), 2);
	}
	leap(-LEAP_MS);
	say("c", FLOOD, RATNA);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_REPOST);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_int_eq(known(), 3);
}
END_TEST

START_TEST(a_clock_that_stays_ahead_is_believed_after_a_day)
{
	say("a", FLOOD, RATNA);
	leap(LEAP_MS);
	say("b", SCHOOL, BUDI);
	clock_advance(23 * HOUR_MS);
	bench_turns(3);
	ck_assert_int_eq(known(), 2);
	clock_advance(2 * HOUR_MS);
	say("c", FLOOD, RATNA);
	ck_assert_int_eq(app_bench_message(3).stage, INBOX_TICKET);
}
END_TEST

/* By mail, by an app, and by WhatsApp: who says it again and who else saw it. */
START_TEST(one_incident_on_three_channels_loses_no_reporter)
{
	say("a", FLOOD, RATNA);
	say("b", FLOOD, BUDI);
	say("c", FLOOD, RATNA);
	ck_assert_uint_eq(app_bench_tickets(), 2);
	ck_assert_uint_eq(app_bench_pushes(OUTBOX_CREATE), 2);
	ck_assert_int_eq(found(2).incident, found(1).id);
	ck_assert_int_eq(found(3).incident, found(1).id);
	ck_assert_int_eq(app_bench_message(3).ticket_id, app_bench_ticket(0).id);
	ck_assert_int_eq(app_bench_message(2).ticket_id, app_bench_ticket(1).id);
	static const char *const names[] = { "Ratna Misalnya", "Budi Misalnya", "Ratna Misalnya" };
	for (int64_t n = 1; n <= 3; n++)
		ck_assert_str_eq(app_bench_message(n).message.message.author.name, names[n - 1]);
	/* Each ticket has its own. */
	ck_assert_ptr_nonnull(strstr(app_bench_ticket(0).body, names[0]));
	ck_assert_ptr_null(strstr(app_bench_ticket(0).body, names[1]));
	ck_assert_ptr_nonnull(strstr(app_bench_ticket(1).body, names[1]));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("duplicates_window");
	tcase_add_checked_fixture(t, setup, app_bench_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_clock_that_leaps_ahead_and_back_forgets_no_complaint, 0, 2);
	tcase_add_test(t, a_clock_that_stays_ahead_is_believed_after_a_day);
	tcase_add_test(t, one_incident_on_three_channels_loses_no_reporter);
	return unit_run("duplicates_window", t);
}
