/* test_meta_watch.c: what was edited or deleted on Facebook and Instagram without a
 * webhook: told once, and never for a trouble that only looks like it. And the
 * media in which somebody tagged us. */
#include "scene.h"
#include "social/meta.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS /* 2027-01-15T08:00:00Z */
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

static struct scene s;
static int64_t now_ms;

static void open_as(const char *network)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, network },
		{ "url", NULL, s.peer.url },
		{ "account", NULL, "1001" },
		{ "access_token", NULL, "token-uji" },
		{ "app_secret", NULL, "rahasia-uji" },
		{ "verify_token", NULL, "kata-uji" },
		{ "rules", NULL, "complaint: hashtag lapor" },
		{ "answer_timeout", NULL, "5s" },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, NULL);
	now_ms = NOW_MS;
}

static void setup(void)
{
	static const char *const arguments[] = { NULL };

	scene_start(&s, TEST_TOP "/tests/fake/meta.py", arguments);
	open_as("facebook");
}

static void teardown(void)
{
	scene_stop(&s);
}

static enum jembatan_result sweep(void)
{
	testctx_set_now(s.t, now_ms);
	return scene_walk(&s);
}

/* As polls come, but rarer. */
static void pass(int64_t ms, int64_t step_ms)
{
	for (int64_t until = now_ms + ms; now_ms < until;) {
		now_ms += step_ms;
		(void)sweep();
	}
}

static void post(void)
{
	scene_tell(&s, "/_post", "{\"id\": \"1001_1\", \"from\": {\"id\": \"1001\"}, \"message\": "
		   "\"Pengumuman\", \"created_time\": \"2027-01-15T07:00:00+0000\"}");
}

static void comment(int number, const char *time)
{
	char body[512];

	snprintf(body, sizeof body, "{\"under\": \"1001_1\", \"id\": \"1_%d\", \"from\": {\"id\": \"9001\"}, "
		 "\"message\": \"#lapor lampu %d padam\", \"created_time\": \"%s\"}", number, number, time);
	scene_tell(&s, "/_comment", body);
}

static void medium(void)
{
	scene_tell(&s, "/_post", "{\"id\": \"18\", \"medium\": true, \"caption\": \"Pengumuman\", "
		   "\"timestamp\": \"2027-01-15T07:00:00+0000\"}");
	for (int i = 17; i <= 19; i += 2) {
		char body[300];

		snprintf(body, sizeof body, "{\"under\": \"18\", \"id\": \"%d\", \"text\": \"#lapor air "
			 "keruh\", \"username\": \"sumbi\", \"timestamp\": \"2027-01-15T06:10:00+0000\"}", i);
		scene_tell(&s, "/_comment", body);
	}
}

static void edit(const char *body)
{
	scene_tell(&s, "/_edit", body);
}

/* ---- edits ------------------------------------------------------------------- */

START_TEST(an_edit_that_no_webhook_brought_is_told_once)
{
	post();
	comment(11, "2027-01-13T07:00:00+0000");
	comment(12, "2027-01-15T07:50:00+0000");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	testctx_forget(s.t);
	edit("{\"id\": \"1_11\", \"message\": \"#lapor lampu 11 padam di Jalan Melati\"}");
	if (_i == 1)
		scene_restart(&s);
	pass(HOUR_MS, 5 * MINUTE_MS);
	ck_assert_int_eq(scene_told(&s, "1_11", JEMBATAN_EDIT), 1);
	const struct jembatan_message *m = testctx_emit(s.t, 0);

	ck_assert_int_eq(scene_told(&s, "1_12", JEMBATAN_EDIT), 0);
	for (size_t i = 0; i < testctx_emit_count(s.t); i++)
		if (testctx_emit(s.t, i)->kind == JEMBATAN_EDIT)
			m = testctx_emit(s.t, i);
	ck_assert_ptr_nonnull(strstr(m->text, "Melati"));
	ck_assert_str_eq(m->thread, "1001_1");
	ck_assert_int_gt(m->arrived_ms, NOW_MS);
	ck_assert_int_lt(m->sent_ms, NOW_MS - DAY_MS);
	testctx_forget(s.t);
	pass(DAY_MS, HOUR_MS);
	ck_assert_int_eq(scene_told(&s, "1_11", JEMBATAN_EDIT), 0);
}
END_TEST

START_TEST(an_edit_far_down_in_a_list_is_found_by_its_id)
{
	post();
	comment(11, "2027-01-15T07:00:00+0000");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	scene_tell(&s, "/_page", "{\"size\": 1}");
	for (int i = 12; i < 16; i++)
		comment(i, "2027-01-15T07:00:00+0000"); /* above it */
	edit("{\"id\": \"1_11\", \"message\": \"#lapor lampu 11 dan 12 padam\"}");
	testctx_forget(s.t);
	pass(DAY_MS, 10 * MINUTE_MS);
	ck_assert_int_eq(scene_told(&s, "1_11", JEMBATAN_EDIT), 1);
	ck_assert_int_gt(scene_asked(&s, "thing"), 0);
}
END_TEST

START_TEST(an_edit_that_is_not_on_disk_is_told_again)
{
	post();
	comment(11, "2027-01-15T07:00:00+0000");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	edit("{\"id\": \"1_11\", \"message\": \"#lapor lampu 11 padam lagi\"}");
	testctx_forget(s.t);
	now_ms += 15 * MINUTE_MS;
	testctx_fail_checkpoint(s.t, 1);
	(void)sweep();
	(void)sweep();
	ck_assert_int_ge(scene_told(&s, "1_11", JEMBATAN_EDIT), 2);
}
END_TEST

/* ---- deletions ------------------------------------------------------------------ */

START_TEST(a_comment_that_is_gone_is_noted_after_two_looks)
{
	post();
	comment(11, "2027-01-15T07:00:00+0000");
	comment(12, "2027-01-15T07:00:00+0000");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	testctx_forget(s.t);
	edit("{\"id\": \"1_11\", \"gone\": true}");
	while (scene_asked(&s, "thing") == 0 && now_ms < NOW_MS + DAY_MS)
		pass(5 * MINUTE_MS, 5 * MINUTE_MS);
	ck_assert_int_eq(scene_told(&s, "1_11", JEMBATAN_DELETION), 0); /* once is not enough */
	if (_i == 1)
		scene_restart(&s);
	pass(DAY_MS, 5 * MINUTE_MS);
	ck_assert_int_eq(scene_told(&s, "1_11", JEMBATAN_DELETION), 1);
	ck_assert_int_eq(scene_told(&s, "1_12", JEMBATAN_DELETION), 0);
	testctx_forget(s.t);
	pass(7 * DAY_MS, HOUR_MS);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}
END_TEST

static const char *const lookalikes[] = {
	/* permission, token, limits, servers */
	"\"status\": 400, \"body\": {\"error\": {\"code\": 10}}",
	"\"status\": 403, \"body\": {\"error\": {\"code\": 200}}",
	"\"status\": 400, \"body\": {\"error\": {\"code\": 190}}",
	"\"status\": 400, \"body\": {\"error\": {\"code\": 4}}",
	"\"status\": 400, \"body\": {\"error\": {\"code\": 80001}}",
	"\"status\": 429, \"body\": {}",
	"\"status\": 500, \"body\": {\"error\": {\"code\": 1}}",
	"\"status\": 503, \"body\": {}",
	"\"status\": 404, \"body\": {}",
	"\"status\": 400, \"body\": {\"error\": {\"code\": 100}}",
	"\"status\": 400, \"body\": {\"error\": {\"code\": 803}}",
	"\"status\": 200, \"body\": {}",
	/* said of all, so it is us who see nothing */
	"\"status\": 400, \"body\": {\"error\": {\"code\": 100, \"error_subcode\": 33}}",
};

START_TEST(what_only_looks_like_a_deletion_is_none)
{
	char fault[300];

	post();
	comment(11, "2027-01-15T07:00:00+0000");
	comment(12, "2027-01-15T07:00:00+0000");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	testctx_forget(s.t);
	edit("{\"id\": \"1_11\", \"gone\": true}");
	edit("{\"id\": \"1_12\", \"gone\": true}");
	snprintf(fault, sizeof fault, "{\"where\": \"thing\", \"times\": 5000, %s}", lookalikes[_i]);
	scene_tell(&s, "/_fault", fault);
	pass(DAY_MS, HOUR_MS);
	ck_assert_int_gt(scene_asked(&s, "thing"), 2);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}
END_TEST

START_TEST(where_nothing_else_can_be_read_no_deletion_is_believed)
{
	post();
	comment(11, "2027-01-15T07:00:00+0000");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	testctx_forget(s.t);
	edit("{\"id\": \"1_11\", \"gone\": true}");
	pass(DAY_MS, 10 * MINUTE_MS);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	comment(12, "2027-01-16T07:00:00+0000"); /* now there is one */
	pass(DAY_MS, 10 * MINUTE_MS);
	ck_assert_int_eq(scene_told(&s, "1_11", JEMBATAN_DELETION), 1);
}
END_TEST

START_TEST(a_deletion_that_is_not_on_disk_is_told_again)
{
	post();
	comment(11, "2027-01-15T07:00:00+0000");
	comment(12, "2027-01-15T07:00:00+0000");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	testctx_forget(s.t);
	edit("{\"id\": \"1_11\", \"gone\": true}");
	for (int i = 0; i < 300 && scene_told(&s, "1_11", JEMBATAN_DELETION) == 0; i++) {
		now_ms += 5 * MINUTE_MS;
		testctx_fail_checkpoint(s.t, 1);
		(void)sweep();
		testctx_fail_checkpoint(s.t, 0);
		if (scene_told(&s, "1_11", JEMBATAN_DELETION) == 0)
			(void)sweep();
	}
	scene_restart(&s);
	testctx_forget(s.t);
	pass(HOUR_MS, 5 * MINUTE_MS);
	ck_assert_int_eq(scene_told(&s, "1_11", JEMBATAN_DELETION), 1);
}
END_TEST

START_TEST(looks_leave_the_better_part_of_a_limit)
{
	post();
	comment(11, "2027-01-15T07:00:00+0000");
	scene_tell(&s, "/_fault", "{\"where\": \"feed\", \"times\": 50, \"headers\": {\"X-App-Usage\": "
		   "\"{\\\"call_count\\\": 60}\"}}");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	edit("{\"id\": \"1_11\", \"gone\": true}");
	pass(6 * HOUR_MS, 10 * MINUTE_MS);
	ck_assert_int_eq(scene_asked(&s, "thing"), 0);
}
END_TEST

START_TEST(a_week_of_looks_is_bounded)
{
	post();
	for (int i = 0; i < 60; i++)
		comment(100 + i, "2027-01-15T07:00:00+0000");
	scene_tell(&s, "/_page", "{\"size\": 10}");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	pass(7 * DAY_MS, 15 * MINUTE_MS);
	ck_assert_int_gt(scene_asked(&s, "thing"), 60);
	ck_assert_int_lt(scene_asked(&s, "thing"), 60 * 25);
}
END_TEST

/* ---- Instagram --------------------------------------------------------------------- */

START_TEST(comments_on_instagram_are_followed_too)
{
	open_as("instagram");
	medium();
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	testctx_forget(s.t);
	edit("{\"id\": \"17\", \"text\": \"#lapor air keruh dan bau\"}");
	edit("{\"id\": \"19\", \"gone\": true}");
	pass(DAY_MS, 10 * MINUTE_MS);
	ck_assert_int_eq(scene_told(&s, "c:17", JEMBATAN_EDIT), 1);
	ck_assert_int_eq(scene_told(&s, "c:19", JEMBATAN_DELETION), 1);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
}
END_TEST

static void tag(int number, const char *time)
{
	char body[400];

	snprintf(body, sizeof body, "{\"id\": \"4%d\", \"caption\": \"Jalan rusak #lapor %d\", "
		 "\"media_url\": \"https://media.example/%d.jpg\", \"permalink\": "
		 "\"https://www.instagram.com/p/C%d/\", \"timestamp\": \"%s\", \"username\": \"sumbi\"}", number,
		 number, number, number, time);
	scene_tell(&s, "/_tag", body);
}

START_TEST(media_that_tag_us_come_page_by_page_by_the_rules)
{
	open_as("instagram");
	scene_tell(&s, "/_page", "{\"size\": 2}");
	tag(9, "2026-12-01T07:00:00+0000"); /* older than the walk goes */
	for (int i = 1; i <= 5; i++)
		tag(i, "2027-01-15T07:00:00+0000");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 5);
	ck_assert_int_eq(scene_told(&s, "m:41:", JEMBATAN_NEW), 1);
	ck_assert_int_eq(scene_told(&s, "m:45:", JEMBATAN_NEW), 1);
	const struct jembatan_message *m = testctx_emit(s.t, 0);

	ck_assert_str_eq(m->author.handle, "@sumbi");
	ck_assert_uint_eq(m->attachment_count, 1);
	ck_assert_ptr_nonnull(strstr(m->extra, "https://www.instagram.com/p/C5/"));
	ck_assert_uint_eq(m->flags & JEMBATAN_UNSURE, 0);
	ck_assert_int_le(scene_asked(&s, "tags"), 4);
	int64_t before = scene_asked(&s, "tags");

	ck_assert_int_eq(sweep(), JEMBATAN_IDLE); /* not yet time */
	ck_assert_int_eq(scene_asked(&s, "tags"), before);
	pass(15 * MINUTE_MS, 15 * MINUTE_MS);
	ck_assert_int_gt(scene_asked(&s, "tags"), before);
}
END_TEST

START_TEST(tags_that_may_not_be_read_are_left_out)
{
	open_as("instagram");
	medium();
	scene_tell(&s, "/_fault", _i == 0 ?
		   "{\"where\": \"tags\", \"times\": 9, \"status\": 400, \"body\": {\"error\": {\"code\": 10}}}" :
		   "{\"where\": \"tags\", \"times\": 9, \"status\": 400, \"body\": {\"error\": {\"code\": 100}}}");
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	ck_assert_ptr_nonnull(strstr(testctx_log(s.t), "/tags"));
	testctx_forget(s.t);
	now_ms += 15 * MINUTE_MS;
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
	ck_assert_ptr_null(strstr(testctx_log(s.t), "/tags")); /* once is enough */
}
END_TEST

START_TEST(a_token_that_ends_among_the_tags_stops_the_channel)
{
	open_as("instagram");
	scene_tell(&s, "/_fault", "{\"where\": \"tags\", \"status\": 400, \"body\": {\"error\": {\"code\": "
		   "190}}}");
	ck_assert_int_eq(sweep(), JEMBATAN_AUTH);
	ck_assert_ptr_null(testctx_cursor(s.t));
	ck_assert_int_eq(sweep(), JEMBATAN_IDLE);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("meta watch");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, an_edit_that_no_webhook_brought_is_told_once, 0, 2);
	tcase_add_test(tcase, an_edit_far_down_in_a_list_is_found_by_its_id);
	tcase_add_test(tcase, an_edit_that_is_not_on_disk_is_told_again);
	tcase_add_loop_test(tcase, a_comment_that_is_gone_is_noted_after_two_looks, 0, 2);
	tcase_add_loop_test(tcase, what_only_looks_like_a_deletion_is_none, 0, COUNT(lookalikes));
	tcase_add_test(tcase, where_nothing_else_can_be_read_no_deletion_is_believed);
	tcase_add_test(tcase, a_deletion_that_is_not_on_disk_is_told_again);
	tcase_add_test(tcase, looks_leave_the_better_part_of_a_limit);
	tcase_add_test(tcase, a_week_of_looks_is_bounded);
	tcase_add_test(tcase, comments_on_instagram_are_followed_too);
	tcase_add_test(tcase, media_that_tag_us_come_page_by_page_by_the_rules);
	tcase_add_loop_test(tcase, tags_that_may_not_be_read_are_left_out, 0, 2);
	tcase_add_test(tcase, a_token_that_ends_among_the_tags_stops_the_channel);
	return unit_run("meta watch", tcase);
}
