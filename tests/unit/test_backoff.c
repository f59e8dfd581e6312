/* test_backoff.c: waiting times, Retry-After and units. */
#include "base/backoff.h"
#include "base/units.h"

#include "base/mem.h"

#include "unit.h"

static const struct {
	unsigned attempt;
	int64_t wait_ms;
} doubling[] = {
	{ 0, 2000 }, { 1, 2000 }, { 2, 4000 }, { 3, 8000 }, { 5, 32000 }, { 6, 60000 },
	{ 64, 60000 }, { 4000000000u, 60000 },
};

START_TEST(the_wait_doubles_up_to_its_ceiling)
{
	ck_assert_int_eq(backoff_ms(doubling[_i].attempt, 2000, 60000), doubling[_i].wait_ms);
}
END_TEST

START_TEST(a_huge_ceiling_does_not_overflow)
{
	ck_assert_int_eq(backoff_ms(200, 1000, INT64_MAX), INT64_MAX);
}
END_TEST

START_TEST(jitter_stays_within_its_bounds_and_varies)
{
	int64_t lowest = INT64_MAX, highest = 0;
	for (int i = 0; i < 1000; i++) {
		int64_t wait = backoff_jitter_ms(3, 2000, 60000);
		lowest = wait < lowest ? wait : lowest;
		highest = wait > highest ? wait : highest;
	}
	ck_assert_int_ge(lowest, 1000);
	ck_assert_int_le(highest, 8000);
	ck_assert_int_gt(highest - lowest, 5000);
}
END_TEST

START_TEST(spread_stays_within_its_percentage)
{
	int64_t lowest = INT64_MAX, highest = 0;
	for (int i = 0; i < 1000; i++) {
		int64_t wait = backoff_spread_ms(60000, 20);
		lowest = wait < lowest ? wait : lowest;
		highest = wait > highest ? wait : highest;
	}
	ck_assert_int_ge(lowest, 48000);
	ck_assert_int_le(highest, 72000);
	ck_assert_int_gt(highest - lowest, 20000);
	ck_assert_int_eq(backoff_spread_ms(0, 20), 0);
}
END_TEST

#define DAY 86400000
#define NOW 784111777000 /* Sun, 06 Nov 1994 08:49:37 GMT */

static const struct {
	const char *header;
	int64_t wait_ms;
} retry_after[] = {
	{ "120", 120000 }, { " 5 ", 5000 }, { "0", 0 },
	{ "99999999999999999999", DAY }, { "86401", DAY },
	{ "Sun, 06 Nov 1994 08:50:37 GMT", 60000 },
	{ "Sunday, 06-Nov-94 08:50:37 GMT", 60000 },
	{ "Sun Nov  6 08:50:37 1994", 60000 },
	{ "Sun, 06 Nov 1994 08:00:00 GMT", 0 }, /* past */
	{ "Fri, 06 Nov 2054 08:00:00 GMT", DAY },
	{ "-5", -1 }, { "5x", -1 }, { "", -1 }, { NULL, -1 }, { "soon", -1 }, { "1.5", -1 },
};

START_TEST(retry_after_is_read_in_all_its_forms)
{
	ck_assert_int_eq(backoff_retry_after_ms(retry_after[_i].header, NOW),
			 retry_after[_i].wait_ms);
}
END_TEST

static const struct {
	const char *text;
	int64_t ms, bytes; /* -1: refused */
} units[] = {
	{ "500ms", 500, -1 }, { "30s", 30000, -1 }, { "5m", 300000, -1 }, { "2h", 7200000, -1 },
	{ "1d", DAY, -1 }, { "0", 0, 0 }, { "30", -1, 30 }, { "64KiB", -1, 65536 },
	{ "10MiB", -1, 10485760 }, { "2GiB", -1, 2147483648 }, { "7B", -1, 7 },
	{ "10MB", -1, -1 }, { "", -1, -1 }, { NULL, -1, -1 }, { "s", -1, -1 }, { "-1s", -1, -1 },
	{ "1.5h", -1, -1 }, { "1 s", -1, -1 }, { " 1s", -1, -1 }, { "1s ", -1, -1 },
	{ "99999999999999999999s", -1, -1 }, { "9223372036854775807s", -1, -1 },
	{ "9223372036854775807GiB", -1, -1 }, { "9223372036854775807", -1, INT64_MAX },
};

START_TEST(units_are_read_exactly_or_refused)
{
	int64_t ms = -1, bytes = -1;
	ck_assert(units_duration_ms(units[_i].text, &ms) == (units[_i].ms >= 0));
	ck_assert_int_eq(ms, units[_i].ms);
	ck_assert(units_bytes(units[_i].text, &bytes) == (units[_i].bytes >= 0));
	ck_assert_int_eq(bytes, units[_i].bytes);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("backoff");
	tcase_add_loop_test(t, the_wait_doubles_up_to_its_ceiling, 0, COUNT_OF(doubling));
	tcase_add_test(t, a_huge_ceiling_does_not_overflow);
	tcase_add_test(t, jitter_stays_within_its_bounds_and_varies);
	tcase_add_test(t, spread_stays_within_its_percentage);
	tcase_add_loop_test(t, retry_after_is_read_in_all_its_forms, 0, COUNT_OF(retry_after));
	tcase_add_loop_test(t, units_are_read_exactly_or_refused, 0, COUNT_OF(units));
	return unit_run("backoff", t);
}
