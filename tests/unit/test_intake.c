/* test_intake.c: real children under a real loop: what is acknowledged when,
 * what a death costs, and who is asked again when. The clock is held; children
 * live in real time. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "intake_bench.h"

#define MINUTE 60000

static const char one_message[] =
	"{\"do\": \"message\", \"id\": \"1\", \"text\": \"Jalan rusak di RT 3\"}\n";

static void start_script(const char *lines)
{
	bench_instance("a", "script", "", NULL);
	bench_script("a", lines);
	bench_open();
	bench_start();
}

static void start_misbehave(const char *options)
{
	bench_instance("a", "misbehave", "", options);
	bench_open();
	bench_start();
}

static bool is_waiting(void)
{
	return strcmp(bench_status("a").state, "waiting") == 0;
}

/* ---- acknowledgements -------------------------------------------------- */

/* Nor while the commit is on its way to the disk: the loop is held then. */
START_TEST(nothing_is_acknowledged_before_it_is_committed)
{
	bench_instance("a", "script", "", NULL);
	bench_script("a", one_message);
	bench_open();
	bench.holds = true;
	bench_start();
	bench_until(bench.wants);
	bench_turns(20);
	/* The child waits in its checkpoint; its cursor stands nowhere. */
	ck_assert_str_eq(bench_status("a").state, "polling");
	ck_assert_int_eq((int64_t)bench_status("a").checkpoints, 0);
	ck_assert_ptr_null(bench_cursor("a"));
	loop_hold(bench.loop);
	bench.holds = false;
	bench_until(bench_messages("a") == 1);
	bench_turns(20);
	ck_assert_str_eq(bench_status("a").state, "polling");
	ck_assert_int_eq((int64_t)bench_status("a").checkpoints, 0);
	loop_let_go(bench.loop);
	bench_until(is_waiting());
	ck_assert_int_gt((int64_t)bench_status("a").checkpoints, 0);
	ck_assert_int_eq(bench_messages("a"), 1);
	ck_assert_str_eq(bench_cursor("a"), "1");
}
END_TEST

START_TEST(a_batch_that_the_disk_refuses_is_kept_and_written_later)
{
	bench_instance("a", "script", "", NULL);
	bench_script("a", one_message);
	bench_open();
	bench.fails = true;
	bench_start();
	bench_until(bench.aborts > 3);
	ck_assert_str_eq(bench_status("a").state, "polling");
	ck_assert_int_eq(bench_messages("a"), 0);
	bench.fails = false;
	bench_until(is_waiting());
	ck_assert_int_eq(bench_messages("a"), 1);
}
END_TEST

START_TEST(a_full_disk_kills_no_child)
{
	bench_instance("a", "script", "", NULL);
	bench_script("a", one_message);
	bench_open();
	bench.holds = true;
	bench_start();
	bench_until(bench.wants);
	int64_t pid = bench_status("a").pid;
	for (int i = 0; i < 10; i++)
		bench_advance(2 * MINUTE); /* its poll may take 2 minutes */
	bench.holds = false;
	bench_until(is_waiting());
	ck_assert_int_eq(bench_status("a").pid, pid);
}
END_TEST

START_TEST(a_child_that_floods_is_committed_in_slices)
{
	start_misbehave("  act: flood\n");
	/* It never checkpoints: what came is stored all the same. */
	bench_until(bench_messages("a") > 2000);
	ck_assert_ptr_null(bench_cursor("a"));
	ck_assert_uint_gt(bench.commits, 2);
}
END_TEST

/* What one commit takes of the flood when its child had all the time it wanted. */
static int64_t flood_of_one_commit(void)
{
	bench.holds = true;
	bench_until(bench.wants);
	bench_turns(100);
	int64_t before = bench_messages("a");
	unsigned commits = bench.commits;
	bench.holds = false;
	bench_until(bench.commits > commits);
	return bench_messages("a") - before;
}

START_TEST(beside_another_a_flood_gets_a_share_of_the_turn)
{
	bench_instance("a", "misbehave", "", "  act: flood\n");
	bench_instance("b", "script", "", NULL);
	bench_script("b", one_message);
	bench_open();
	bench.settings->batch_max = 4096;
	bench_start();
	bench_until(bench_messages("a") > 0 && bench_messages("b") == 1);
	ck_assert_int_gt(intake_share_us(bench.intake), 0);
	(void)flood_of_one_commit(); /* was begun before the share was known */
	ck_assert_int_le(flood_of_one_commit(), 250);
	bench_advance(10000); /* b has nothing more */
	bench_until(intake_share_us(bench.intake) == 0);
	(void)flood_of_one_commit();
	ck_assert_int_ge(flood_of_one_commit(), 64);
}
END_TEST

static int64_t held_after_some_turns(void)
{
	bench_turns(100);
	ck_assert_int_ge(intake_held_ms(bench.intake), 0);
	ck_assert(!intake_wants_turn(bench.intake));
	return bench_messages("a");
}

/* How many messages it brought until it was held. */
static int64_t flood_until_full(void)
{
	start_misbehave("  act: flood\n");
	bench_until(bench_messages("a") > 500);
	intake_set_full(bench.intake, true);
	bench_until(intake_held_ms(bench.intake) >= 0);
	return held_after_some_turns();
}

/* Else one poll that never ends fills the disk, and nobody else is polled. */
START_TEST(while_too_much_waits_for_its_decision_a_flood_is_held)
{
	int64_t held = flood_until_full();
	clock_advance(1000);
	ck_assert_int_eq(held_after_some_turns(), held);
	intake_set_full(bench.intake, false);
	bench_until(bench_messages("a") > held + 1000);
}
END_TEST

START_TEST(what_is_held_is_taken_when_its_child_is_to_end)
{
	int64_t held = flood_until_full();
	intake_stop(bench.intake);
	bench_until(bench_messages("a") > held);
	bench_until(intake_is_stopped(bench.intake));
}
END_TEST

START_TEST(while_others_wait_to_be_sent_a_flood_is_held)
{
	bench_instance("a", "misbehave", "", "  act: flood\n");
	bench_instance("b", "script", "", NULL);
	bench_script("b", one_message);
	bench_open();
	intake_set_paced(bench.intake, true);
	bench_start();
	bench_until(intake_held_ms(bench.intake) >= 0); /* the clock stands */
	int64_t first = held_after_some_turns();
	ck_assert_int_eq(held_after_some_turns(), first);
	bench_until(bench_messages("b") == 1); /* who brings little is not */
	clock_advance(20);
	intake_set_paced(bench.intake, true);
	ck_assert(intake_wants_turn(bench.intake));
	int64_t second = held_after_some_turns();
	ck_assert_int_gt(second, first);
	intake_set_paced(bench.intake, false);
	ck_assert_int_eq(intake_held_ms(bench.intake), -1);
	bench_until(bench_messages("a") > second + 1000);
}
END_TEST

START_TEST(state_is_durable_before_state_put_returns)
{
	bench_instance("a", "script", "", NULL);
	bench_script("a", "{\"do\": \"state\", \"key\": \"token\", \"value\": \"baru\"}\n"
			  "{\"do\": \"return\", \"result\": \"idle\"}\n");
	bench_open();
	bench.holds = true;
	bench_start();
	bench_until(bench.wants);
	bench_turns(20);
	ck_assert_str_eq(bench_status("a").state, "polling");
	bench.holds = false;
	bench_until(is_waiting());
	struct buf value;
	buf_init(&value, 100);
	bench_ok(instances_state_get(bench.db, bench_status("a").id, "token", &value, &bench.why));
	ck_assert_str_eq(value.data, "baru");
	buf_done(&value);
}
END_TEST

/* ---- deaths ------------------------------------------------------------ */

START_TEST(a_record_that_kills_its_parser_twice_is_quarantined_and_the_rest_comes)
{
	struct quarantine_row q;
	size_t count = 0;
	struct buf raw;
	start_misbehave("  act: crash\n  ids: [\"5\"]\n  total: 10\n  step: 3\n");
	for (uint64_t deaths = 1; deaths <= 2; deaths++) {
		bench_until(bench_status("a").deaths == deaths);
		bench_turns(3);
		bench_advance(6000);
	}
	bench_until(bench_messages("a") == 9 && is_waiting());
	bench_ok(quarantine_list(bench.db, 0, 1, bench.arena, &q, &count, &bench.why));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(q.remote_id, "5");
	buf_init(&raw, 1000);
	bench_ok(quarantine_raw(bench.db, q.id, &raw, &bench.why));
	ck_assert_str_eq(raw.data, "Laporan 5: lampu jalan padam di RT 5.");
	buf_done(&raw);
	ck_assert_str_eq(bench_cursor("a"), "10");
}
END_TEST

static const struct {
	const char *id, *reason;
} passed_over[] = {
	{ "1", "the report has no date" },
	{ "2", "the connector made nothing of this record" }, /* not the first one's reason */
	{ "4", "the sender ************ is not known" },
	{ "5", "its last word" },
};

START_TEST(what_a_plugin_says_of_a_record_that_it_passes_over_is_kept)
{
	struct quarantine_row q[8];
	size_t count = 0;
	start_script("{\"do\": \"pass-over\", \"id\": \"1\", \"why\": \"the report has no date\"}\n"
		     "{\"do\": \"pass-over\", \"id\": \"2\"}\n"
		     "{\"do\": \"message\", \"id\": \"3\", \"text\": \"Jalan berlubang.\"}\n"
		     "{\"do\": \"pass-over\", \"id\": \"4\", \"why\": "
		     "\"the sender 081234567890 is not known\"}\n"
		     "{\"do\": \"checkpoint\"}\n"
		     "{\"do\": \"pass-over\", \"id\": \"5\", \"why\": \"its last word\"}\n");
	bench_until(is_waiting());
	ck_assert_int_eq(bench_messages("a"), 1);
	bench_ok(quarantine_list(bench.db, 0, COUNT_OF(q), bench.arena, q, &count, &bench.why));
	ck_assert_uint_eq(count, COUNT_OF(passed_over));
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(q[i].remote_id, passed_over[i].id);
		ck_assert_str_eq(q[i].reason, passed_over[i].reason);
	}
}
END_TEST

START_TEST(the_killer_is_found_behind_many_messages_that_were_not_read_yet)
{
	/* 300 messages wait in the socket when it dies, more than a batch. */
	start_misbehave("  act: crash\n  ids: [\"301\"]\n  total: 310\n  step: 400\n");
	for (uint64_t deaths = 1; deaths <= 2; deaths++) {
		bench_until(bench_status("a").deaths == deaths);
		bench_turns(5);
		bench_advance(6000);
	}
	bench_until(bench_messages("a") == 309 && is_waiting());
	ck_assert_int_eq(bench_quarantined(), 1);
}
END_TEST

START_TEST(five_deaths_in_ten_minutes_rest_for_fifteen)
{
	start_misbehave("  act: crash\n");
	for (uint64_t deaths = 1; deaths <= 5; deaths++) {
		bench_until(bench_status("a").deaths >= deaths);
		bench_advance(deaths < 5 ? 20000 : 0);
	}
	ck_assert_str_eq(bench_status("a").state, "resting");
	ck_assert_ptr_nonnull(strstr(bench_status("a").alarm, "rests for 15 minutes"));
	uint64_t before = bench_status("a").deaths;
	bench_advance(14 * MINUTE);
	bench_turns(20);
	ck_assert_uint_eq(bench_status("a").deaths, before);
	bench_advance(2 * MINUTE);
	bench_until(bench_status("a").deaths > before);
}
END_TEST

START_TEST(a_death_of_one_child_costs_another_nothing)
{
	bench_instance("a", "misbehave", "", "  act: crash\n");
	bench_instance("b", "script", "", NULL);
	bench_script("b", one_message);
	bench_open();
	bench_start();
	bench_until(bench_status("a").deaths >= 1 && bench_messages("b") == 1);
	ck_assert_uint_eq(bench_status("b").deaths, 0);
	ck_assert_ptr_null(bench_status("b").alarm);
}
END_TEST

START_TEST(a_child_that_hangs_is_ended_after_its_deadline)
{
	start_misbehave("  act: hang\n  ids: [\"2\"]\n");
	bench_until(strcmp(bench_status("a").state, "polling") == 0);
	bench_turns(20); /* it has begun its record */
	bench_advance(121000); /* its sibling may still be opening: that counts too */
	bench_until(bench_status("a").deaths >= 1 && bench_status("a").alarm != NULL);
	ck_assert_ptr_nonnull(strstr(bench_status("a").alarm, "missed its deadline"));
	ck_assert_int_eq(bench_messages("a"), 1);
}
END_TEST

START_TEST(garbage_condemns_the_child_and_its_record)
{
	start_misbehave("  act: garbage\n  ids: [\"3\"]\n  total: 4\n");
	for (uint64_t deaths = 1; deaths <= 2; deaths++) {
		bench_until(bench_status("a").deaths == deaths);
		bench_turns(3);
		bench_advance(6000);
	}
	bench_until(bench_messages("a") == 3 && is_waiting());
	ck_assert_int_eq(bench_quarantined(), 1);
}
END_TEST

START_TEST(a_child_that_is_told_to_stop_blames_no_record)
{
	start_misbehave("  act: hang\n  ids: [\"1\"]\n");
	bench_until(strcmp(bench_status("a").state, "polling") == 0);
	bench_turns(20);
	for (int i = 0; i < 2; i++) {
		bench_ok(intake_pause(bench.intake, "a", &bench.why));
		bench_advance(5000); /* STOP, then SIGTERM ... */
		bench_until(bench_status("a").pid == 0);
		bench_ok(intake_resume(bench.intake, "a", &bench.why));
		bench_until(strcmp(bench_status("a").state, "polling") == 0);
		bench_turns(20);
	}
	ck_assert_uint_eq(bench_status("a").deaths, 0);
	ck_assert_int_eq(bench_quarantined(), 0);
}
END_TEST

/* ---- results ----------------------------------------------------------- */

static const struct {
	const char *result, *alarm, *state;
	int64_t quiet_ms, again_ms; /* not before; by then; 0: never again */
} results[] = {
	{ "retry", "sebab", "failing", 900, 2500 },
	{ "auth", "refuses our credentials", "failing", 14 * MINUTE, 16 * MINUTE },
	{ "config", "until its configuration changes", "disabled", 24 * 60 * MINUTE, 0 },
	{ "fatal", "gave up", "down", 1500, 3000 },
	{ "gone", "sebab", "failing", 900, 2500 },
};

START_TEST(a_result_says_when_to_ask_again)
{
	char line[200];
	snprintf(line, sizeof(line), "{\"do\": \"return\", \"result\": \"%s\", \"why\": \"sebab\"}\n",
		 results[_i].result);
	start_script(line);
	bench_until(bench_status("a").alarm != NULL);
	bench_until(strcmp(bench_status("a").state, results[_i].state) == 0);
	bench_turns(5);
	ck_assert_ptr_nonnull(strstr(bench_status("a").alarm, results[_i].alarm));
	uint64_t polls = bench_status("a").polls;
	bench_advance(results[_i].quiet_ms);
	bench_turns(10);
	ck_assert_uint_eq(bench_status("a").polls, polls);
	if (results[_i].again_ms == 0)
		return;
	bench_advance(results[_i].again_ms - results[_i].quiet_ms);
	bench_until(bench_status("a").polls > polls);
	bench_until(bench_status("a").alarm == NULL);
}
END_TEST

START_TEST(retry_after_is_obeyed)
{
	start_script("{\"do\": \"return\", \"result\": \"retry\", \"delay_ms\": 600000}\n");
	bench_until(strcmp(bench_status("a").state, "failing") == 0);
	bench_turns(3);
	bench_advance(590000);
	bench_turns(10);
	ck_assert_uint_eq(bench_status("a").polls, 1);
	bench_advance(11000);
	bench_until(bench_status("a").polls == 2);
}
END_TEST

START_TEST(no_plugin_stops_its_channel_for_ever)
{
	start_script("{\"do\": \"return\", \"result\": \"retry\", \"delay_ms\": 9000000000000}\n");
	bench_until(strcmp(bench_status("a").state, "failing") == 0);
	bench_turns(3);
	bench_advance((int64_t)25 * 60 * MINUTE);
	bench_until(bench_status("a").polls == 2);
}
END_TEST

START_TEST(refused_credentials_at_the_opening_pause_it)
{
	start_misbehave("  act: open-auth\n");
	bench_until(bench_status("a").alarm != NULL);
	bench_until(bench_status("a").pid == 0);
	bench_advance(14 * MINUTE);
	bench_turns(10);
	ck_assert_int_eq(bench_status("a").pid, 0);
	clock_advance(2 * MINUTE); /* and look at once: it does not live long */
	bench_until(bench_status("a").pid != 0);
}
END_TEST

START_TEST(one_that_says_more_and_brings_nothing_does_not_spin)
{
	start_misbehave("  act: more-of-nothing\n");
	bench_until(bench_status("a").polls == 1 && is_waiting());
	bench_turns(30);
	ck_assert_uint_eq(bench_status("a").polls, 1);
	bench_advance(1100);
	bench_until(bench_status("a").polls == 2);
}
END_TEST

/* ---- watching ---------------------------------------------------------- */

START_TEST(a_watched_connection_is_polled_when_it_speaks)
{
	start_script("{\"do\": \"watch\", \"ms\": 50}\n"
		     "{\"do\": \"return\", \"result\": \"idle\"}\n"
		     "{\"do\": \"message\", \"id\": \"1\", \"text\": \"Jalan rusak\"}\n");
	/* No time passes for us: only the wake brings the second poll. */
	bench_until(bench_messages("a") == 1);
	ck_assert_uint_ge(bench_status("a").polls, 2);
}
END_TEST

START_TEST(a_watched_connection_that_stays_silent_is_looked_at)
{
	start_script("{\"do\": \"watch\", \"ms\": 100000000}\n"
		     "{\"do\": \"return\", \"result\": \"idle\"}\n");
	bench_until(bench_status("a").watching);
	uint64_t polls = bench_status("a").polls;
	bench_advance(29 * MINUTE);
	bench_turns(5);
	ck_assert_uint_eq(bench_status("a").polls, polls);
	bench_advance(2 * MINUTE);
	bench_until(bench_status("a").polls > polls);
}
END_TEST

START_TEST(a_wake_while_too_much_waits_is_not_lost)
{
	start_script("{\"do\": \"watch\", \"ms\": 1000}\n"
		     "{\"do\": \"return\", \"result\": \"idle\"}\n"
		     "{\"do\": \"message\", \"id\": \"1\", \"text\": \"Jalan rusak\"}\n");
	bench_until(bench_status("a").watching);
	intake_set_full(bench.intake, true);
	bench_until(!bench_status("a").watching);
	bench_turns(10);
	ck_assert_int_eq(bench_messages("a"), 0);
	intake_set_full(bench.intake, false);
	bench_advance(300);
	bench_until(bench_messages("a") == 1);
}
END_TEST

/* ---- pause and resume -------------------------------------------------- */

START_TEST(a_paused_instance_rests_until_it_is_resumed_even_by_another_daemon)
{
	start_script("");
	bench_until(is_waiting());
	bench_ok(intake_pause(bench.intake, "a", &bench.why));
	bench_until(bench_status("a").pid == 0);
	bench_script("a", one_message);
	bench_advance(10 * MINUTE);
	bench_close();
	bench_open();
	bench_start();
	bench_turns(10);
	ck_assert_str_eq(bench_status("a").state, "paused");
	ck_assert_int_eq(bench_status("a").pid, 0);
	bench_ok(intake_resume(bench.intake, "a", &bench.why));
	bench_until(bench_messages("a") == 1);
}
END_TEST

START_TEST(a_pause_that_is_taken_back_at_once_does_not_leave_it_down)
{
	start_script("");
	bench_until(is_waiting());
	bench_ok(intake_pause(bench.intake, "a", &bench.why));
	bench_ok(intake_resume(bench.intake, "a", &bench.why));
	bench_script("a", one_message);
	bench_until(bench_messages("a") == 1);
}
END_TEST

START_TEST(a_disabled_instance_goes_on_when_a_person_says_so)
{
	start_script("{\"do\": \"return\", \"result\": \"config\", \"why\": \"kunci\"}\n");
	bench_script("a", one_message);
	bench_until(strcmp(bench_status("a").state, "disabled") == 0 &&
		    bench_status("a").pid == 0);
	bench_ok(intake_resume(bench.intake, "a", &bench.why));
	bench_until(bench_messages("a") == 1);
	ck_assert_ptr_null(bench_status("a").alarm);
}
END_TEST

START_TEST(an_instance_that_was_left_out_cannot_be_resumed)
{
	bench_instance("a", "there-is-none", "", "  x: y\n");
	bench_instance("b", "script", "", NULL);
	bench_open();
	bench_start();
	ck_assert_ptr_nonnull(strstr(bench_status("a").alarm, "left out"));
	ck_assert_int_eq(intake_resume(bench.intake, "a", &bench.why), JEMBATAN_CONFIG);
	bench_until(strcmp(bench_status("b").state, "waiting") == 0);
}
END_TEST

START_TEST(a_stop_ends_all_children_and_keeps_what_they_brought)
{
	start_script(one_message);
	bench_until(is_waiting());
	intake_stop(bench.intake);
	bench_until(intake_is_stopped(bench.intake));
	ck_assert_int_eq(bench_messages("a"), 1);
	bench_turns(5);
	bench_advance(10 * MINUTE);
	ck_assert(intake_is_stopped(bench.intake));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("intake");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, bench_setup, bench_teardown);
	tcase_add_test(t, nothing_is_acknowledged_before_it_is_committed);
	tcase_add_test(t, a_batch_that_the_disk_refuses_is_kept_and_written_later);
	tcase_add_test(t, a_full_disk_kills_no_child);
	tcase_add_test(t, a_child_that_floods_is_committed_in_slices);
	tcase_add_test(t, beside_another_a_flood_gets_a_share_of_the_turn);
	tcase_add_test(t, while_too_much_waits_for_its_decision_a_flood_is_held);
	tcase_add_test(t, what_is_held_is_taken_when_its_child_is_to_end);
	tcase_add_test(t, while_others_wait_to_be_sent_a_flood_is_held);
	tcase_add_test(t, state_is_durable_before_state_put_returns);
	tcase_add_test(t, a_record_that_kills_its_parser_twice_is_quarantined_and_the_rest_comes);
	tcase_add_test(t, what_a_plugin_says_of_a_record_that_it_passes_over_is_kept);
	tcase_add_test(t, the_killer_is_found_behind_many_messages_that_were_not_read_yet);
	tcase_add_test(t, five_deaths_in_ten_minutes_rest_for_fifteen);
	tcase_add_test(t, a_death_of_one_child_costs_another_nothing);
	tcase_add_test(t, a_child_that_hangs_is_ended_after_its_deadline);
	tcase_add_test(t, garbage_condemns_the_child_and_its_record);
	tcase_add_test(t, a_child_that_is_told_to_stop_blames_no_record);
	tcase_add_loop_test(t, a_result_says_when_to_ask_again, 0, COUNT_OF(results));
	tcase_add_test(t, retry_after_is_obeyed);
	tcase_add_test(t, no_plugin_stops_its_channel_for_ever);
	tcase_add_test(t, refused_credentials_at_the_opening_pause_it);
	tcase_add_test(t, one_that_says_more_and_brings_nothing_does_not_spin);
	tcase_add_test(t, a_watched_connection_is_polled_when_it_speaks);
	tcase_add_test(t, a_watched_connection_that_stays_silent_is_looked_at);
	tcase_add_test(t, a_wake_while_too_much_waits_is_not_lost);
	tcase_add_test(t, a_paused_instance_rests_until_it_is_resumed_even_by_another_daemon);
	tcase_add_test(t, a_pause_that_is_taken_back_at_once_does_not_leave_it_down);
	tcase_add_test(t, a_disabled_instance_goes_on_when_a_person_says_so);
	tcase_add_test(t, an_instance_that_was_left_out_cannot_be_resumed);
	tcase_add_test(t, a_stop_ends_all_children_and_keeps_what_they_brought);
	return unit_run("intake", t);
}
