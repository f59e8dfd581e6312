/* test_agency_walk.c: from cursor to cursor over lists of every kind: nothing is
 * lost when rows change on the way, and nothing when the process dies. */
#include "agency_bench.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define RECORDS 23

static const struct style {
	const char *paging, *path, *size, *items, *next;
} styles[] = {
	{ "page", "/generic/page", "per_page", "items", NULL },
	{ "offset", "/generic/offset", "limit", "items", NULL },
	{ "cursor", "/generic/cursor", "limit", "items", "next_cursor" },
	{ "next", "/generic/next", "limit", "items", "next" },
	{ "link", "/generic/link", "limit", "", NULL },
};

#define STYLES (int)(sizeof(styles) / sizeof(styles[0]))

static void teardown(void)
{
	bench_stop();
}

static void set_style(const struct style *style, const char *order)
{
	bench_set("paging", NULL, style->paging);
	bench_set_url(style->path);
	bench_set("page_size_parameter", NULL, style->size);
	bench_set("page_size", NULL, "5");
	bench_set("items", NULL, style->items);
	if (style->next)
		bench_set("next_path", NULL, style->next);
	bench_set("order", NULL, order);
	bench_set("query", "updated_since", "{updated}");
}

/* Rows of the loop tests: each style with each order. */
static void start(int row)
{
	bench_start(NULL, RECORDS);
	set_style(&styles[row % STYLES], row < STYLES ? "none" : "ascending");
}

START_TEST(each_record_comes_once_and_then_nothing)
{
	size_t checkpoints;

	start(_i);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
	ck_assert_uint_eq(bench.kept_count, RECORDS);
	ck_assert_str_eq(bench.cursor, "{\"since\":\"2024-11-20T01:00:23Z\"}");
	checkpoints = testctx_checkpoint_count(bench.t);
	/* The app is told nothing, so the core's commit holds up no page. */
	ck_assert_uint_gt(checkpoints, 0);
	ck_assert_uint_eq(testctx_ahead_count(bench.t), checkpoints);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench.kept_count, RECORDS);
	ck_assert_uint_eq(testctx_checkpoint_count(bench.t), checkpoints);
}
END_TEST

START_TEST(a_row_that_moves_while_pages_are_read_hides_no_other)
{
	start(_i);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll(), JEMBATAN_OK);
	bench_touch(1);
	ck_assert_int_eq(bench_poll(), JEMBATAN_OK);
	bench_touch(2);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
	ck_assert_uint_eq(bench_count(1), 2);
}
END_TEST

START_TEST(killed_after_each_page_it_goes_on_from_the_cursor)
{
	enum jembatan_result result = JEMBATAN_OK;

	start(_i);
	for (int i = 0; i < 100 && result == JEMBATAN_OK; i++) {
		ck_assert_int_eq(bench_open(), JEMBATAN_OK);
		result = bench_poll();
		bench_kill();
	}
	ck_assert_int_eq(result, JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
}
END_TEST

START_TEST(killed_between_page_and_cursor_it_brings_the_page_again)
{
	enum jembatan_result result = JEMBATAN_OK;

	start(_i);
	for (int i = 0; i < 100 && result != JEMBATAN_IDLE; i++) {
		ck_assert_int_eq(bench_open(), JEMBATAN_OK);
		if (i % 2 == 0)
			(void)bench_poll_lost();
		else
			result = bench_poll();
		bench_kill();
	}
	ck_assert_int_eq(result, JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
}
END_TEST

START_TEST(a_checkpoint_that_fails_is_said_again_with_its_records)
{
	start(_i);
	bench_set("overlap", NULL, "0s");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_lost(), JEMBATAN_RETRY);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
}
END_TEST

START_TEST(a_change_comes_as_a_new_revision_of_the_same_id)
{
	start(_i);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	bench_touch(7);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench.kept_count, RECORDS + 1);
	ck_assert_uint_eq(bench_count(7), 2);
}
END_TEST

/* Whole seconds: the app says the same time for both. */
START_TEST(a_change_within_the_second_of_one_already_read_is_seen)
{
	start(_i);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	bench_add("{\"id\":5571685772206594023,\"title\":\"Lain\",\"created_at\":"
		  "\"2024-11-20T01:00:23Z\",\"updated_at\":\"2024-11-20T01:00:23Z\"}");
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench.kept_count, RECORDS + 1);
	ck_assert_uint_eq(bench_count(RECORDS), 2);
	/* Another revision of it, by which the core knows it for an edit. */
	for (size_t i = 0; i < RECORDS; i++)
		ck_assert_str_ne(bench.kept[i], bench.kept[RECORDS]);
	/* And nothing more, after a restart too. */
	bench_kill();
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	for (size_t i = RECORDS + 1; i < bench.kept_count; i++) {
		size_t same = 0;

		for (size_t k = 0; k <= RECORDS; k++)
			same += strcmp(bench.kept[i], bench.kept[k]) == 0;
		ck_assert_uint_eq(same, 1);
	}
}
END_TEST

START_TEST(pages_in_another_order_and_rows_repeated_lose_nothing)
{
	start(_i);
	bench_fault("shuffle");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	bench_no_fault();
	bench_fault("redeliver=3");
	for (int i = 1; i <= RECORDS; i += 2)
		bench_touch(i);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
	ck_assert_uint_eq(bench.kept_count, RECORDS + (RECORDS + 1) / 2);
}
END_TEST

/* ---- sorted lists ------------------------------------------------------ */

START_TEST(an_ascending_list_moves_since_on_with_each_page)
{
	start(STYLES);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll(), JEMBATAN_OK);
	ck_assert_ptr_nonnull(strstr(bench.cursor, "\"since\":\"2024-11-20T01:00:05Z\""));
}
END_TEST

START_TEST(a_descending_list_is_read_until_all_is_known)
{
	int64_t before;

	bench_start(NULL, 120);
	bench_set("paging", NULL, "page");
	bench_set_url("/aduan/complaints");
	bench_set("page_size_parameter", NULL, "limit");
	bench_set("page_size", NULL, "10");
	bench_set("items", NULL, "data.data");
	bench_set("order", NULL, "descending");
	bench_set("overlap", NULL, "20s");
	bench_set("query", "sort_by", "updated_at");
	bench_set("query", "sort_type", "desc");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(120));
	before = bench_requests("list");
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	/* Twenty seconds are two pages, and the third is all old. */
	ck_assert_int_le(bench_requests("list") - before, 4);
	bench_touch(50);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench_count(50), 2);
}
END_TEST

START_TEST(a_record_from_the_future_hides_nothing)
{
	start(_i);
	bench_add("{\"id\":99,\"title\":\"x\",\"updated_at\":\"2190-01-01T00:00:00Z\"}");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_ptr_null(strstr(bench.cursor, "2190"));
	bench_touch(3);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench_count(3), 2);
}
END_TEST

/* {updated} without a zone: the app takes it for UTC, we write it in `zone`. */
START_TEST(a_wrong_zone_is_named_and_hides_nothing)
{
	static const char *const zones[] = { "WIT", "-09:00", "+14:00" };

	start(STYLES + _i % 2);
	bench_set("updated_format", NULL, "sql");
	bench_set("zone", NULL, zones[_i]);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
	for (int i = 1; i <= RECORDS; i += 4) {
		bench_touch(i);
		ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
		ck_assert_uint_eq(bench_count(i), 2);
	}
	if (zones[_i][0] != '-')
		ck_assert_ptr_nonnull(strstr(testctx_log(bench.t), "zone"));
}
END_TEST

/* The last change that we know of was overtaken by another one of the same record,
 * and within the overlap there is none but that: nothing is hidden. */
START_TEST(a_quiet_app_whose_last_record_changes_hides_nothing_from_us)
{
	int64_t before;

	start(STYLES);
	bench_add("{\"id\":5571685772206594024,\"title\":\"x\",\"updated_at\":"
		  "\"2024-11-20T05:00:00Z\"}");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	bench_touch(24);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench_count(24), 2);
	ck_assert_ptr_null(strstr(testctx_log(bench.t), "zone"));
	before = bench_requests("list");
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_int_le(bench_requests("list") - before, 2);
}
END_TEST

START_TEST(the_overlap_brings_what_was_written_late)
{
	start(_i);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	bench_add("{\"id\":5571685772206594024,\"title\":\"x\",\"updated_at\":"
		  "\"2024-11-20T00:55:00Z\"}");
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench_count(24), 1);
}
END_TEST

START_TEST(the_overlap_is_read_whole_also_when_it_fills_pages)
{
	start(_i);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	/* Behind the overlap's first page, before the last change seen. */
	bench_add("{\"id\":5571685772206594024,\"title\":\"x\",\"updated_at\":"
		  "\"2024-11-20T01:00:15Z\"}");
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench_count(RECORDS + 1), 1);
}
END_TEST

START_TEST(what_was_created_before_start_is_left_out)
{
	start(_i);
	bench_add("{\"id\":5571685772206594024,\"title\":\"x\",\"created_at\":"
		  "\"2024-11-20T02:00:00Z\"}");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	testctx_context(bench.t)->start_ms = 1732064400000; /* 2024-11-20T01:00Z */
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench.kept_count, 1);
	ck_assert_uint_eq(bench_count(24), 1);
}
END_TEST

START_TEST(a_foreign_cursor_begins_anew)
{
	start(_i);
	bench.cursor = strdup("bukan kursor");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
}
END_TEST

START_TEST(a_position_that_the_app_has_forgotten_begins_anew)
{
	char cursor[256];

	start(2);
	(void)snprintf(cursor, sizeof(cursor),
		       "{\"since\":\"2024-11-20T01:00:04Z\",\"high\":\"2024-11-20T01:00:10Z\","
		       "\"at\":\"%s/generic/cursor?limit=5&cursor=lama\"}",
		       bench.app.url);
	bench.cursor = strdup(cursor);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_RETRY);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("agency_walk");
	const TTest *const all[] = {
		each_record_comes_once_and_then_nothing,
		a_row_that_moves_while_pages_are_read_hides_no_other,
		killed_after_each_page_it_goes_on_from_the_cursor,
		killed_between_page_and_cursor_it_brings_the_page_again,
		a_checkpoint_that_fails_is_said_again_with_its_records,
		a_change_within_the_second_of_one_already_read_is_seen,
		a_change_comes_as_a_new_revision_of_the_same_id,
		pages_in_another_order_and_rows_repeated_lose_nothing,
		a_record_from_the_future_hides_nothing,
		the_overlap_brings_what_was_written_late,
		the_overlap_is_read_whole_also_when_it_fills_pages,
		what_was_created_before_start_is_left_out,
		a_foreign_cursor_begins_anew,
	};

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, NULL, teardown);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		tcase_add_loop_test(tests, all[i], 0, 2 * STYLES);
	tcase_add_test(tests, a_quiet_app_whose_last_record_changes_hides_nothing_from_us);
	tcase_add_loop_test(tests, a_wrong_zone_is_named_and_hides_nothing, 0, 3);
	tcase_add_test(tests, an_ascending_list_moves_since_on_with_each_page);
	tcase_add_test(tests, a_descending_list_is_read_until_all_is_known);
	tcase_add_test(tests, a_position_that_the_app_has_forgotten_begins_anew);
	return unit_run("agency_walk", tests);
}
