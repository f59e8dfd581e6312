/* test_date.c: zones and ISO dates of configuration and tickets. */
#include "config/date.h"

#include "unit.h"

static const struct {
	const char *text;
	int minutes;
} zones[] = {
	{ "WIB", 420 },	   { "WITA", 480 },   { "WIT", 540 },	 { "UTC", 0 },	     { "Z", 0 },
	{ "+07:00", 420 }, { "+0730", 450 },  { "-03:30", -210 }, { "+09", 540 },     { "+00:00", 0 },
};

START_TEST(a_zone_is_read)
{
	int minutes = -1;
	ck_assert(date_zone(zones[_i].text, &minutes));
	ck_assert_int_eq(minutes, zones[_i].minutes);
}
END_TEST

static const char *const no_zones[] = { "",	 "wib",	   "07:00", "+7",      "+7:00",
					"+15:00", "+07:60", "+07:0", "+07:00:00", "Jakarta" };

START_TEST(anything_else_is_no_zone)
{
	int minutes = -1;
	ck_assert(!date_zone(no_zones[_i], &minutes));
	ck_assert_int_eq(minutes, -1);
}
END_TEST

static const struct {
	const char *text;
	bool has_time;
	const char *in_wib;
} dates[] = {
	{ "2026-01-03", false, "2026-01-03T00:00:00+07:00" },
	{ "2026-01-03 08:45", true, "2026-01-03T08:45:00+07:00" },
	{ "2026-01-03T08:45:10", true, "2026-01-03T08:45:10+07:00" },
	{ "2026-01-03T08:45:10Z", true, "2026-01-03T15:45:10+07:00" },
	{ "2026-01-03T08:45:10.123456Z", true, "2026-01-03T15:45:10.123+07:00" },
	{ "2026-01-03T23:45:10+09:00", true, "2026-01-03T21:45:10+07:00" },
	{ "2026-01-03 08:45:10 +0800", true, "2026-01-03T07:45:10+07:00" },
	{ "2024-02-29", false, "2024-02-29T00:00:00+07:00" },
	{ "1969-12-31T23:59:59.500Z", true, "1970-01-01T06:59:59.500+07:00" },
};

START_TEST(an_iso_date_is_read_and_written)
{
	int64_t ms = 0;
	bool has_time = !dates[_i].has_time;
	char out[40];
	ck_assert(date_parse(dates[_i].text, 420, &ms, &has_time));
	ck_assert_int_eq(has_time, dates[_i].has_time);
	date_format(ms, 420, out);
	ck_assert_str_eq(out, dates[_i].in_wib);
}
END_TEST

static const char *const no_dates[] = {
	"",	      "2026",	    "2026-1-3",	      "2026-02-29",	   "2026-13-01",
	"2026-00-10", "2026-01-00", "2026-04-31",     "2026-01-03T25:00",  "2026-01-03T08:61",
	"1899-12-31", "2200-01-01", "2026-01-03T",    "2026-01-03T08",	   "2026-01-03T08:45:10.",
	"2026-01-03x", "03-01-2026", "2026-01-03T08:45 besok", "2026-01-03T08:45:61",
};

START_TEST(a_day_that_does_not_exist_is_no_date)
{
	int64_t ms = 7;
	ck_assert(!date_parse(no_dates[_i], 420, &ms, NULL));
	ck_assert_int_eq(ms, 7);
}
END_TEST

START_TEST(times_before_1970_and_west_of_utc_are_written)
{
	char out[40];
	date_format(-1, -210, out);
	ck_assert_str_eq(out, "1969-12-31T20:29:59.999-03:30");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("date");
	tcase_add_loop_test(t, a_zone_is_read, 0, COUNT_OF(zones));
	tcase_add_loop_test(t, anything_else_is_no_zone, 0, COUNT_OF(no_zones));
	tcase_add_loop_test(t, an_iso_date_is_read_and_written, 0, COUNT_OF(dates));
	tcase_add_loop_test(t, a_day_that_does_not_exist_is_no_date, 0, COUNT_OF(no_dates));
	tcase_add_test(t, times_before_1970_and_west_of_utc_are_written);
	return unit_run("date", t);
}
