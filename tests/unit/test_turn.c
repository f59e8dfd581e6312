/* test_turn.c: the app's turn, its commit and the disk: what is told, and when. */
#include <string.h>

#include "app_bench.h"
#include "fake_disk.h"

static void turn_setup(void)
{
	disk_set(DISK_WELL);
	app_bench_setup();
	bench_instance("a", "script", "every: 1s\npush: review\n", NULL);
	app_bench_open();
}

static void turn_teardown(void)
{
	disk_set(DISK_WELL);
	app_bench_teardown();
}

static void bring(const char *id)
{
	bench_script("a", arena_printf(bench.arena, "{\"do\": \"message\", \"id\": \"%s\", \"text\": "
				       "\"Jalan di depan balai desa rusak parah\"}\n", id));
}

static bool is_state(const char *state)
{
	return strcmp(bench_status("a").state, state) == 0;
}

/* It is committed, as far as SQLite goes, and a power cut would take it. */
START_TEST(what_the_disk_refuses_to_sync_is_not_told_until_it_is_there)
{
	bench_until(is_state("waiting"));
	bring("m1");
	disk_set(DISK_REFUSES);
	bench_advance(1000);
	bench_until(strstr(app.store_alarm, "could not be synced") && is_state("polling"));
	ck_assert(loop_is_held(app.loop));
	uint64_t turns = app.turns;
	unsigned refused = disk_count(&disk.refused);
	for (unsigned i = 0; i < 5; i++)
		bench_advance(1000);
	ck_assert_uint_gt(disk_count(&disk.refused), refused);
	ck_assert_uint_eq(app.turns, turns);
	ck_assert(is_state("polling"));
	ck_assert(loop_is_held(app.loop));
	disk_set(DISK_WELL);
	bench_advance(1000);
	bench_until(is_state("waiting"));
	bench_until(!loop_is_held(app.loop));
	ck_assert_str_eq(app.store_alarm, "");
	ck_assert_int_eq(bench_messages("a"), 1);
	ck_assert_uint_eq(app_bench_tickets(), 1);
	app_bench_say("a", "{\"do\": \"message\", \"id\": \"m2\", \"text\": \"Lampu padam\"}\n", 1);
	ck_assert_int_eq(bench_messages("a"), 2);
}
END_TEST

/* Else the loop would be held, and nobody hear anything, until the next turn. */
START_TEST(what_is_synced_is_told_without_another_turn)
{
	bench_until(is_state("waiting"));
	bring("m1");
	bench_advance(1000);
	bench_until(is_state("waiting") && bench_messages("a") == 1);
	bench_until(!loop_is_held(app.loop));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("turn");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, turn_setup, turn_teardown);
	tcase_add_test(t, what_the_disk_refuses_to_sync_is_not_told_until_it_is_there);
	tcase_add_test(t, what_is_synced_is_told_without_another_turn);
	return unit_run("turn", t);
}
