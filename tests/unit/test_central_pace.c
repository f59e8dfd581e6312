/* test_central_pace.c: the breaker, parallelism, Retry-After, the budget; and
 * the times of settling. Given times, no clock. */
#include "central/pace.h"
#include "central/step.h"

#include <string.h>

#include "unit.h"

static struct central_tuning tuning;
static struct pace pace;

static const struct outcome_verdict done = { OUTCOME_DONE, OUTCOME_FINE };
static const struct outcome_verdict refused = { OUTCOME_REFUSED, OUTCOME_FINE };
static const struct outcome_verdict down = { OUTCOME_NOT_SENT, OUTCOME_DOWN };
static const struct outcome_verdict lost = { OUTCOME_UNKNOWN, OUTCOME_DOWN };
static const struct outcome_verdict busy = { OUTCOME_NOT_SENT, OUTCOME_BUSY };
static const struct outcome_verdict auth = { OUTCOME_NOT_SENT, OUTCOME_AUTH };

static void setup(void)
{
	tuning = central_tuning_usual();
	pace_init(&pace, &tuning, 8, 0);
}

static void end_many(struct outcome_verdict v, unsigned count)
{
	while (count-- > 0)
		(void)pace_ended(&pace, v, -1, 1000);
}

START_TEST(parallelism_doubles_with_each_window_up_to_the_most)
{
	ck_assert_uint_eq(pace_allowed(&pace, 0), 1);
	end_many(done, 1);
	ck_assert_uint_eq(pace_allowed(&pace, 0), 2);
	end_many(done, 2);
	ck_assert_uint_eq(pace_allowed(&pace, 0), 4);
	end_many(refused, 100); /* an answer is an answer */
	ck_assert_uint_eq(pace_allowed(&pace, 0), 8);
}
END_TEST

START_TEST(parallelism_is_halved_by_trouble_and_never_nothing)
{
	end_many(done, 100);
	for (int i = 0; i < 5; i++) {
		end_many(busy, 3);
		ck_assert_uint_eq(pace.limit, i < 3 ? 4u >> i : 1);
		(void)pace_ended(&pace, refused, -1, 1000);
	}
}
END_TEST

START_TEST(after_trouble_it_grows_by_one_per_window)
{
	end_many(done, 100);
	end_many(busy, 3);
	ck_assert_uint_eq(pace.limit, 4);
	end_many(done, 3);
	ck_assert_uint_eq(pace.limit, 4);
	end_many(done, 1);
	ck_assert_uint_eq(pace.limit, 5);
}
END_TEST

START_TEST(every_fiftieth_answer_may_say_busy)
{
	for (int i = 0; i < 100; i++) {
		end_many(done, 49);
		end_many(busy, 1);
	}
	ck_assert_uint_eq(pace.limit, 8);
}
END_TEST

START_TEST(parallelism_does_not_grow_while_answers_get_slower)
{
	for (int i = 0; i < 3; i++)
		pace_took(&pace, 100);
	end_many(done, 1);
	ck_assert_uint_eq(pace.limit, 2);
	for (int i = 0; i < 2; i++)
		pace_took(&pace, 900);
	end_many(done, 50);
	ck_assert_uint_eq(pace.limit, 2);
	for (int i = 0; i < 2; i++)
		pace_took(&pace, 120);
	end_many(done, 50);
	ck_assert_uint_eq(pace.limit, 8);
	for (int i = 0; i < 1000; i++)
		pace_took(&pace, 900); /* and for good: that is how it is */
	ck_assert(!pace.is_slower);
}
END_TEST

START_TEST(the_breaker_opens_at_the_fifth_failure_in_a_row)
{
	end_many(down, 4);
	end_many(done, 1);
	for (int i = 0; i < 4; i++)
		ck_assert(!pace_ended(&pace, i % 2 ? lost : down, -1, 1000));
	ck_assert_int_eq(pace.state, PACE_CLOSED);
	ck_assert(pace_ended(&pace, lost, -1, 1000)); /* tell the operator: once */
	ck_assert(!pace_ended(&pace, lost, -1, 1000));
	ck_assert_int_eq(pace.state, PACE_OPEN);
	ck_assert_uint_eq(pace_allowed(&pace, 1000000000), 0);
}
END_TEST

START_TEST(wrong_credentials_open_it_at_once)
{
	ck_assert(pace_ended(&pace, auth, -1, 1000));
	ck_assert_int_eq(pace.trouble, OUTCOME_AUTH);
	ck_assert(!pace_wants_probe(&pace, 1000 + tuning.auth_first_ms / 2 - 1));
	ck_assert(pace_wants_probe(&pace, 1000 + tuning.auth_first_ms));
}
END_TEST

START_TEST(one_probe_at_a_time_then_one_request_at_a_time)
{
	end_many(done, 100);
	end_many(down, 5);
	ck_assert(pace_wants_probe(&pace, 100000));
	pace_probe_begin(&pace);
	ck_assert(!pace_wants_probe(&pace, 100000));
	ck_assert_uint_eq(pace_allowed(&pace, 100000), 0);
	pace_probe_end(&pace, done, -1, 100000);
	ck_assert_uint_eq(pace_allowed(&pace, 100000), 1);
	ck_assert(!pace_ended(&pace, done, -1, 100000));
	ck_assert_int_eq(pace.state, PACE_CLOSED);
}
END_TEST

START_TEST(one_failure_while_trying_opens_it_again_for_longer)
{
	int64_t wait[12];

	end_many(down, 5);
	for (int i = 0; i < 12; i++) {
		wait[i] = pace.probe_mono_ms - 1000;
		pace_probe_begin(&pace);
		pace_probe_end(&pace, done, -1, 1000);
		ck_assert(pace_ended(&pace, down, -1, 1000));
	}
	ck_assert_int_le(wait[0], tuning.breaker_first_ms);
	ck_assert_int_ge(wait[0], tuning.breaker_first_ms / 2);
	for (int i = 0; i < 12; i++)
		ck_assert_int_le(wait[i], tuning.breaker_ceiling_ms);
	ck_assert_uint_eq(pace.openings, 13); /* a probe alone does not reset it */
}
END_TEST

START_TEST(a_request_that_was_under_way_does_not_close_it)
{
	end_many(down, 5);
	end_many(done, 1);
	ck_assert_int_eq(pace.state, PACE_OPEN);
}
END_TEST

START_TEST(a_refused_probe_is_an_answer_and_a_redirected_one_is_not)
{
	struct outcome_verdict away = { OUTCOME_NOT_SENT, OUTCOME_MISCONFIG };

	end_many(down, 5);
	pace_probe_begin(&pace);
	pace_probe_end(&pace, away, -1, 2000);
	ck_assert_int_eq(pace.state, PACE_OPEN);
	pace_probe_begin(&pace);
	pace_probe_end(&pace, refused, -1, 3000);
	ck_assert_int_eq(pace.state, PACE_TRYING);
}
END_TEST

START_TEST(retry_after_silences_everything_until_then)
{
	(void)pace_ended(&pace, busy, 7000, 1000);
	ck_assert_uint_eq(pace_allowed(&pace, 7999), 0);
	ck_assert_int_eq(pace_wait_ms(&pace, 7000), 1000);
	ck_assert_uint_eq(pace_allowed(&pace, 8000), 1);
	(void)pace_ended(&pace, busy, 3000, 8000);
	(void)pace_ended(&pace, busy, 1, 8000); /* a shorter one shortens nothing */
	ck_assert_uint_eq(pace_allowed(&pace, 10999), 0);
}
END_TEST

START_TEST(only_trouble_may_ask_for_silence_and_a_person_ends_it)
{
	(void)pace_ended(&pace, done, 86400000, 1000);
	ck_assert_int_eq(pace_quiet_ms(&pace, 1000), 0);
	(void)pace_ended(&pace, busy, 86400000, 1000);
	ck_assert_int_eq(pace_quiet_ms(&pace, 2000), 86399000);
	pace_resume(&pace, 2000);
	ck_assert_int_eq(pace_quiet_ms(&pace, 2000), 0);
	ck_assert_uint_gt(pace_allowed(&pace, 2000), 0);
}
END_TEST

START_TEST(the_budget_begins_anew_at_midnight_of_the_centres_zone)
{
	int64_t midnight = (int64_t)20000 * 24 * 3600 * 1000 - (int64_t)420 * 60000;

	pace_init(&pace, &tuning, 8, 2);
	ck_assert(pace_budget_left(&pace, midnight - 1, 420));
	pace_budget_use(&pace);
	pace_budget_use(&pace);
	ck_assert(!pace_budget_left(&pace, midnight - 1, 420));
	ck_assert(pace_budget_left(&pace, midnight, 420));
	ck_assert_uint_eq(pace.used, 0);
}
END_TEST

/* ---- settling ---- */

#define WAIT_MS 300000

static struct arena *arena;
static struct settings_central central;

static struct step_next read_absent(const struct outbox_row *row, int64_t now_ms)
{
	struct step_context ctx = { .central = &central, .tuning = &tuning, .now_ms = now_ms,
				    .arena = arena };
	struct step_result r = { .outcome = OUTCOME_DONE, .evidence = STEP_ABSENT,
				 .how = "the centre answered 200", .retry_after_ms = -1 };
	struct step_next next;

	step_after(&ctx, row, &r, &next);
	return next;
}

static void setup_settling(void)
{
	setup();
	arena = arena_new();
	central = (struct settings_central){ .lookup_url = "/x", .lookup_wait_ms = WAIT_MS };
}

static void teardown_settling(void)
{
	arena_free(arena);
}

static const struct outbox_row unknown_row = { .kind = OUTBOX_CREATE, .step = OUTBOX_SETTLE,
					       .state = OUTBOX_SENDING, .reference = "JB-A" };

START_TEST(absent_is_believed_after_two_readings_that_lie_apart)
{
	struct step_next n = read_absent(&unknown_row, 1000);

	ck_assert_int_eq(n.row.step, OUTBOX_SETTLE);
	ck_assert_int_eq(n.row.due_ms, 1000 + WAIT_MS);
	n = read_absent(&n.row, 1000 + WAIT_MS - 1); /* a start in between, say */
	ck_assert_int_eq(n.row.step, OUTBOX_SETTLE);
	ck_assert_int_eq(n.row.due_ms, 1000 + WAIT_MS);
	n = read_absent(&n.row, 1000 + WAIT_MS);
	ck_assert_int_eq(n.row.step, OUTBOX_FILES); /* those that were sent are skipped */
	ck_assert_int_eq(n.row.state, OUTBOX_QUEUED);
	ck_assert_int_eq(n.ticket_state, TICKET_QUEUED);
	ck_assert_uint_eq(n.row.lookups, 0);
}
END_TEST

START_TEST(a_clock_that_was_set_back_begins_the_wait_anew)
{
	struct step_next n = read_absent(&unknown_row, 10 * WAIT_MS);

	n = read_absent(&n.row, 5 * WAIT_MS);
	ck_assert_int_eq(n.row.step, OUTBOX_SETTLE);
	ck_assert_int_eq(n.row.due_ms, 6 * WAIT_MS);
}
END_TEST

START_TEST(two_readings_in_one_moment_are_one)
{
	central.lookup_wait_ms = 0;
	struct step_next n = read_absent(&unknown_row, 1000);
	n = read_absent(&n.row, 1000);
	ck_assert_int_eq(n.row.step, OUTBOX_SETTLE);
}
END_TEST

START_TEST(a_question_that_stays_unanswered_raises_an_alarm_once)
{
	struct step_context ctx = { .central = &central, .tuning = &tuning, .now_ms = 900000,
				    .arena = arena };
	struct step_result r = { .outcome = OUTCOME_NOT_SENT, .how = "the centre answered 500",
				 .retry_after_ms = -1 };
	struct step_next n;

	central.unknown_alarm_ms = 900000;
	step_after(&ctx, &unknown_row, &r, &n);
	ck_assert(n.is_alarm && n.row.alarmed);
	struct outbox_row row = n.row;
	step_after(&ctx, &row, &r, &n);
	ck_assert(!n.is_alarm && n.row.alarmed);
}
END_TEST

START_TEST(a_row_waits_longer_each_time_and_never_gives_up)
{
	struct step_context ctx = { .central = &central, .tuning = &tuning, .arena = arena };
	struct step_result r = { .outcome = OUTCOME_NOT_SENT, .how = "x", .retry_after_ms = -1 };
	struct outbox_row row = { .kind = OUTBOX_CREATE, .step = OUTBOX_POST,
				  .state = OUTBOX_SENDING, .reference = "JB-A" };
	struct step_next n;

	for (unsigned i = 1; i <= 200; i++) {
		step_after(&ctx, &row, &r, &n);
		row = n.row;
		ck_assert_int_eq(row.state, OUTBOX_QUEUED);
		ck_assert_int_eq(row.step, OUTBOX_POST);
		ck_assert_uint_eq(row.attempts, i);
		ck_assert_int_le(row.due_ms, tuning.retry_ceiling_ms);
		ck_assert_int_ge(row.due_ms, tuning.retry_first_ms / 2);
	}
	r.retry_after_ms = 2 * tuning.retry_ceiling_ms; /* the centre's own wish */
	step_after(&ctx, &row, &r, &n);
	ck_assert_int_eq(n.row.due_ms, 2 * tuning.retry_ceiling_ms);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("central_pace");
	TCase *t = tcase_create("pace"), *s = tcase_create("settling");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, parallelism_doubles_with_each_window_up_to_the_most);
	tcase_add_test(t, after_trouble_it_grows_by_one_per_window);
	tcase_add_test(t, every_fiftieth_answer_may_say_busy);
	tcase_add_test(t, parallelism_does_not_grow_while_answers_get_slower);
	tcase_add_test(t, parallelism_is_halved_by_trouble_and_never_nothing);
	tcase_add_test(t, the_breaker_opens_at_the_fifth_failure_in_a_row);
	tcase_add_test(t, wrong_credentials_open_it_at_once);
	tcase_add_test(t, one_probe_at_a_time_then_one_request_at_a_time);
	tcase_add_test(t, one_failure_while_trying_opens_it_again_for_longer);
	tcase_add_test(t, a_request_that_was_under_way_does_not_close_it);
	tcase_add_test(t, a_refused_probe_is_an_answer_and_a_redirected_one_is_not);
	tcase_add_test(t, retry_after_silences_everything_until_then);
	tcase_add_test(t, only_trouble_may_ask_for_silence_and_a_person_ends_it);
	tcase_add_test(t, the_budget_begins_anew_at_midnight_of_the_centres_zone);
	tcase_add_checked_fixture(s, setup_settling, teardown_settling);
	tcase_add_test(s, absent_is_believed_after_two_readings_that_lie_apart);
	tcase_add_test(s, a_clock_that_was_set_back_begins_the_wait_anew);
	tcase_add_test(s, two_readings_in_one_moment_are_one);
	tcase_add_test(s, a_question_that_stays_unanswered_raises_an_alarm_once);
	tcase_add_test(s, a_row_waits_longer_each_time_and_never_gives_up);
	suite_add_tcase(suite, t);
	suite_add_tcase(suite, s);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
