/* test_social_watch.c: which posts are looked at again, and when. */
#include "social/social_watch.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS INT64_C(1800000000000) /* 2027-01-15T08:00:00Z */
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

static struct social_watch *w;

static void setup(void)
{
	w = calloc(1, sizeof(*w));
	ck_assert(social_watch_set_ages(w, "1h 1d 7d"));
}

static void teardown(void)
{
	free(w);
}

static const struct {
	const char *text;
	bool is_good;
	size_t count;
} ages[] = {
	{ "1d 7d", true, 2 }, { "off", true, 0 }, { "5m 1h", true, 2 }, { "1d  2d ", true, 2 },
	{ "", false, 0 }, { "7d 1d", false, 0 }, { "1d 1d", false, 0 }, { "1", false, 0 },
	{ "1s", false, 0 }, { "-1d", false, 0 }, { "0h", false, 0 }, { "1d,7d", false, 0 },
	{ "1001d", false, 0 }, { "99999999999999999999d", false, 0 }, { "sehari", false, 0 },
	{ "1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 11m 12m 13m 14m 15m 16m 17m 18m 19m 20m 21m 22m 23m 24m", true,
	  24 },
	{ "1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 11m 12m 13m 14m 15m 16m 17m 18m 19m 20m 21m 22m 23m 24m 25m",
	  false, 0 },
};

START_TEST(ages_rise_or_are_off)
{
	w->age_count = 0;
	ck_assert_int_eq(social_watch_set_ages(w, ages[_i].text), ages[_i].is_good);
	ck_assert_uint_eq(w->age_count, ages[_i].count);
}
END_TEST

static size_t due_at(int64_t ms)
{
	static struct social_watched due[SOCIAL_WATCH_MAX];

	return social_watch_due(w, ms, due, SOCIAL_WATCH_MAX);
}

START_TEST(a_post_is_looked_at_once_at_each_age)
{
	social_watch_note(w, "1", NULL, NOW_MS, NOW_MS);
	ck_assert_uint_eq(due_at(NOW_MS + HOUR_MS - 1), 0);
	ck_assert_uint_eq(due_at(NOW_MS + HOUR_MS), 1);
	ck_assert(!social_watch_seen(w, "1", NULL, NOW_MS + HOUR_MS));
	ck_assert_uint_eq(due_at(NOW_MS + DAY_MS - 1), 0);
	ck_assert_uint_eq(due_at(NOW_MS + DAY_MS), 1);
	ck_assert(social_watch_seen(w, "1", "b", NOW_MS + DAY_MS));
	ck_assert_uint_eq(due_at(NOW_MS + 7 * DAY_MS), 1);
	ck_assert(!social_watch_seen(w, "1", "b", NOW_MS + 7 * DAY_MS));
	ck_assert_uint_eq(w->count, 0);
}
END_TEST

START_TEST(what_was_told_otherwise_is_not_told_again)
{
	social_watch_note(w, "1", "a", NOW_MS, NOW_MS);
	social_watch_note(w, "1", "b", NOW_MS + MINUTE_MS, NOW_MS + MINUTE_MS);
	ck_assert_uint_eq(w->count, 1);
	ck_assert_int_eq(w->posts[0].since_ms, NOW_MS);
	ck_assert(!social_watch_seen(w, "1", "b", NOW_MS + HOUR_MS));
}
END_TEST

START_TEST(what_is_older_than_the_last_age_is_not_kept)
{
	social_watch_note(w, "1", NULL, NOW_MS - 7 * DAY_MS, NOW_MS);
	ck_assert_uint_eq(w->count, 0);
	social_watch_note(w, "2", NULL, NOW_MS, NOW_MS);
	ck_assert_uint_eq(due_at(NOW_MS + 8 * DAY_MS), 0); /* nobody looked for a week */
	ck_assert_uint_eq(w->count, 0);
	ck_assert(social_watch_set_ages(w, "off"));
	social_watch_note(w, "3", NULL, NOW_MS, NOW_MS);
	ck_assert_uint_eq(w->count, 0);
}
END_TEST

START_TEST(the_longest_waiting_come_first_and_the_oldest_makes_room)
{
	struct social_watched due[3];
	char id[16];

	for (unsigned i = 0; i < SOCIAL_WATCH_MAX + 5; i++) {
		snprintf(id, sizeof id, "%u", i);
		social_watch_note(w, id, NULL, NOW_MS + (int64_t)(i * 7 % 100) * MINUTE_MS, NOW_MS);
	}
	ck_assert_uint_eq(w->count, SOCIAL_WATCH_MAX);
	ck_assert_str_eq(w->posts[0].id, "5");
	ck_assert_uint_eq(social_watch_due(w, NOW_MS + DAY_MS, due, 3), 3);
	ck_assert_int_le(due[0].due_ms, due[1].due_ms);
	ck_assert_int_le(due[1].due_ms, due[2].due_ms);
	ck_assert_int_eq(due[0].due_ms, NOW_MS + HOUR_MS);
}
END_TEST

START_TEST(missing_twice_in_a_row_is_gone)
{
	social_watch_note(w, "1", NULL, NOW_MS, NOW_MS);
	ck_assert(!social_watch_missed(w, "1", NOW_MS + HOUR_MS));
	ck_assert_uint_eq(due_at(NOW_MS + HOUR_MS + 10 * MINUTE_MS), 1);
	social_watch_pass(w, "1", NOW_MS + HOUR_MS + 10 * MINUTE_MS);
	ck_assert(!social_watch_missed(w, "1", NOW_MS + DAY_MS));
	ck_assert(social_watch_missed(w, "1", NOW_MS + DAY_MS + 10 * MINUTE_MS));
	ck_assert_uint_eq(w->count, 0);
	ck_assert(!social_watch_missed(w, "1", NOW_MS + 2 * DAY_MS));
}
END_TEST

START_TEST(the_list_survives_and_what_cannot_be_read_is_left_out)
{
	static const char broken[] = "x\n1 - 5 6\n\n2 b 7 8 1\n3 - a b c\n4 - -9223372036854775808 1 0\n"
				     "5 - 1 9223372036854775807 0\n";
	struct kit_text *text = kit_text_new(100000);

	social_watch_read(w, (struct jembatan_bytes){ broken, sizeof(broken) - 1 });
	ck_assert_uint_eq(w->count, 1);
	social_watch_write(w, text);
	ck_assert_str_eq(kit_text_string(text), "2 b 7 8 1\n");
	kit_text_free(text);
	social_watch_read(w, (struct jembatan_bytes){ NULL, 0 });
	ck_assert_uint_eq(w->count, 0);
}
END_TEST

/* As long as ids and revisions may be, all of them fit into a state value. */
START_TEST(a_full_list_fits_into_the_state)
{
	struct kit_text *text = kit_text_new((size_t)60 * 1024);
	char id[64], revision[40];

	memset(revision, 'r', sizeof revision - 1);
	revision[sizeof revision - 1] = '\0';
	for (unsigned i = 0; i < SOCIAL_WATCH_MAX; i++) {
		snprintf(id, sizeof id, "%063u", i);
		social_watch_note(w, id, revision, NOW_MS, NOW_MS);
	}
	ck_assert_uint_eq(w->count, SOCIAL_WATCH_MAX);
	social_watch_write(w, text);
	ck_assert(!kit_text_is_full(text));
	kit_text_free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("social_watch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, ages_rise_or_are_off, 0, COUNT(ages));
	tcase_add_test(tc, a_post_is_looked_at_once_at_each_age);
	tcase_add_test(tc, what_was_told_otherwise_is_not_told_again);
	tcase_add_test(tc, what_is_older_than_the_last_age_is_not_kept);
	tcase_add_test(tc, the_longest_waiting_come_first_and_the_oldest_makes_room);
	tcase_add_test(tc, missing_twice_in_a_row_is_gone);
	tcase_add_test(tc, the_list_survives_and_what_cannot_be_read_is_left_out);
	tcase_add_test(tc, a_full_list_fits_into_the_state);
	return unit_run("social_watch", tc);
}
