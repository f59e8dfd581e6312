/* test_youtube_watch.c: comments asked for again: edited, deleted, or neither. */
#include "scene.h"
#include "social/social.h"

#include "unit.h"

#include <stdio.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

static struct scene s;

static void teardown(void)
{
	scene_stop(&s);
}

static void setup(void)
{
	static const char *const arguments[] = { "--page", "100", NULL };
	static struct testctx_option rows[] = {
		{ "network", NULL, "youtube" }, { "url", NULL, NULL }, { "account", NULL, "UCkami" },
		{ "access_token", NULL, "token-uji" }, { "answer_timeout", NULL, "5s" },
		{ NULL, NULL, NULL },
	};

	scene_start(&s, TEST_TOP "/tests/fake/youtube.py", arguments);
	rows[1].value = s.peer.url;
	scene_open(&s, rows, NULL);
}

static void comments(int count)
{
	char body[256];

	for (int i = 0; i < count; i++) {
		snprintf(body, sizeof body, "{\"id\": \"Ugx%d\", \"at\": \"2027-01-15T08:00:00Z\", \"text\": "
			 "\"lapor lampu padam %d\"}", i, i);
		scene_tell(&s, "/_comment", body);
	}
}

START_TEST(a_comment_that_is_not_there_twice_was_deleted)
{
	comments(60);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_tell(&s, "/_delete", "{\"id\": \"Ugx7\"}");
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + HOUR_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + HOUR_MS + 1000), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "look"), 2); /* fifty in one call */
	testctx_forget(s.t);
	testctx_fail_checkpoint(s.t, 2); /* the walk's is the first */
	testctx_set_now(s.t, NOW_MS + HOUR_MS + 11 * MINUTE_MS);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + HOUR_MS + 12 * MINUTE_MS), JEMBATAN_IDLE);
	size_t deletions = 0;

	for (size_t i = 0; i < testctx_emit_count(s.t); i++) {
		const struct jembatan_message *m = testctx_emit(s.t, i);

		if (m->kind != JEMBATAN_DELETION)
			continue;
		ck_assert_str_eq(m->id, "Ugx7");
		deletions++;
	}
	ck_assert_uint_eq(deletions, 1);
}
END_TEST

/* YouTube refuses the whole list where one of it is gone: then one by one. */
START_TEST(a_list_that_is_refused_is_asked_for_one_by_one)
{
	comments(8);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_tell(&s, "/_delete", "{\"id\": \"Ugx0\"}");
	scene_tell(&s, "/_fault", "{\"where\": \"look\", \"status\": 404, \"reason\": "
		   "\"commentNotFound\", \"times\": 2}"); /* the list, and the first of it */
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + HOUR_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "look"), 1 + 5);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + HOUR_MS + 1000), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "look"), 1 + 5 + 3);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + HOUR_MS + 11 * MINUTE_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "look"), 1 + 5 + 3 + 1);
	ck_assert_int_eq(testctx_emit(s.t, testctx_emit_count(s.t) - 1)->kind, JEMBATAN_DELETION);
}
END_TEST

static const char *const troubles[] = {
	"{\"where\": \"look\", \"status\": 500, \"times\": 2}",
	"{\"where\": \"look\", \"status\": 403, \"reason\": \"quotaExceeded\", \"times\": 2}",
	"{\"where\": \"look\", \"cut\": true, \"times\": 4}",
	"{\"where\": \"look\", \"half\": true, \"times\": 4}",
};

START_TEST(a_trouble_is_no_deletion)
{
	comments(1);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_tell(&s, "/_fault", troubles[_i]);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + HOUR_MS), JEMBATAN_RETRY);
	(void)scene_walk_at(&s, NOW_MS + HOUR_MS + 10 * MINUTE_MS);
	for (size_t i = 0; i < testctx_emit_count(s.t); i++)
		ck_assert_int_ne(testctx_emit(s.t, i)->kind, JEMBATAN_DELETION);
}
END_TEST

START_TEST(an_edited_comment_is_told_where_no_walk_comes_any_more)
{
	comments(1);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + HOUR_MS), JEMBATAN_IDLE);
	scene_tell(&s, "/_comment", "{\"id\": \"Ugx0\", \"text\": \"lapor di RT 3\", \"edited\": "
		   "\"2027-01-15T09:30:00Z\"}");
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + 6 * HOUR_MS), JEMBATAN_IDLE);
	const struct jembatan_message *m = testctx_emit(s.t, testctx_emit_count(s.t) - 1);

	ck_assert_str_eq(m->revision, "2027-01-15T09:30:00Z");
	ck_assert_str_eq(m->text, "lapor di RT 3");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("youtube_watch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_comment_that_is_not_there_twice_was_deleted);
	tcase_add_test(tc, a_list_that_is_refused_is_asked_for_one_by_one);
	tcase_add_loop_test(tc, a_trouble_is_no_deletion, 0, COUNT(troubles));
	tcase_add_test(tc, an_edited_comment_is_told_where_no_walk_comes_any_more);
	return unit_run("youtube_watch", tc);
}
