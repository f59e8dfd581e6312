/* test_x_watch.c: mentions on X looked up again: edited, deleted, or neither; seldom,
 * and only with money that is left. */
#include "scene.h"
#include "social/social.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

static struct scene s;

static const char *watched_at, *ceiling;

static void open_x(const char *cursor)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "x" },
		{ "url", NULL, s.peer.url },
		{ "access_token", NULL, "token-uji" },
		{ "answer_timeout", NULL, "5s" },
		{ "budget_cost", NULL, ceiling },
		{ watched_at ? "watch" : NULL, NULL, watched_at },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, cursor);
}

static void start_x(const char *words)
{
	const char *const arguments[] = { "--words", words, NULL };

	scene_start(&s, TEST_TOP "/tests/fake/x.py", arguments);
}

static void setup(void)
{
	watched_at = NULL;
	ceiling = "25";
	start_x("tweet");
	open_x(NULL);
}

static void teardown(void)
{
	scene_stop(&s);
}

/* The body of a post, in how: "_post" or "_edit". */
static void post(const char *how, const char *id, const char *text, const char *more)
{
	char body[1024];

	snprintf(body, sizeof body,
		 "{\"post\": {\"id\": \"%s\", \"text\": \"%s\", \"author_id\": \"9\", "
		 "\"created_at\": \"2027-01-15T08:00:00.000Z\"%s}, \"users\": [{\"id\": \"9\", "
		 "\"username\": \"sumbi\"}]}", id, text, more);
	scene_tell(&s, how, body);
}

START_TEST(x_is_asked_after_a_day_and_after_a_week)
{
	post("/_post", "700", "#lapor satu", "");
	post("/_post", "701", "#lapor dua", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	int64_t before = scene_fact(&s, "cost_micro");

	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS - 1), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "lookup"), 0);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS + HOUR_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "lookup"), 1); /* both in one call */
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	ck_assert_int_eq(scene_fact(&s, "cost_micro"), before + 2 * 5000);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + 7 * DAY_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + 8 * DAY_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "lookup"), 2);
}
END_TEST

START_TEST(a_post_that_x_does_not_have_twice_was_deleted)
{
	post("/_post", "700", "#lapor satu", "");
	post("/_post", "701", "#lapor dua", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_tell(&s, "/_delete", "{\"id\": \"700\"}");
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	testctx_forget(s.t);
	testctx_fail_checkpoint(s.t, 1);
	testctx_set_now(s.t, NOW_MS + DAY_MS + 10 * MINUTE_MS);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_RETRY); /* not on disk: it is told again */
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS + 11 * MINUTE_MS), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_DELETION);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "700");
	ck_assert_str_eq(testctx_emit(s.t, 0)->revision, "deleted");
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + 7 * DAY_MS), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}
END_TEST

/* What is answered of a post that is there, or hidden, and is no deletion. */
static const struct {
	const char *hide, *fault;
	enum jembatan_result result;
} doubts[] = {
	{ "{\"id\": \"700\"}", NULL, JEMBATAN_IDLE },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"status\": 200, \"body\": {\"errors\": [{\"value\": "
	  "\"700\", \"type\": \"https://api.x.com/2/problems/resource-unavailable\"}]}}", JEMBATAN_IDLE },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"status\": 200, \"body\": {\"errors\": [{\"value\": "
	  "\"999\", \"type\": \"https://api.x.com/2/problems/resource-not-found\"}]}}", JEMBATAN_IDLE },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"status\": 200, \"body\": {}}", JEMBATAN_IDLE },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"status\": 404, \"body\": {\"type\": "
	  "\"https://api.x.com/2/problems/resource-not-found\"}}", JEMBATAN_RETRY },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"status\": 410}", JEMBATAN_RETRY },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"status\": 500}", JEMBATAN_RETRY },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"status\": 503}", JEMBATAN_RETRY },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"status\": 403}", JEMBATAN_AUTH },
	{ NULL, "{\"where\": \"lookup\", \"times\": 2, \"truncate\": true}", JEMBATAN_RETRY },
};

START_TEST(what_x_cannot_show_was_not_deleted)
{
	post("/_post", "700", "#lapor satu", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	if (doubts[_i].hide)
		scene_tell(&s, "/_hide", doubts[_i].hide);
	if (doubts[_i].fault)
		scene_tell(&s, "/_fault", doubts[_i].fault);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS), doubts[_i].result);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	/* Once more: as a second time, or at the next age. */
	(void)scene_walk_at(&s, NOW_MS + DAY_MS + 10 * MINUTE_MS);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + 7 * DAY_MS), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	ck_assert_int_ge(scene_asked(&s, "lookup"), 2);
}
END_TEST

static void tell_an_edit(const char *words)
{
	if (strcmp(words, "post") == 0) {
		const struct testctx_option rows[] = {
			{ "network", NULL, "x" }, { "url", NULL, s.peer.url },
			{ "access_token", NULL, "token-uji" }, { "vocabulary", NULL, words },
			{ NULL, NULL, NULL },
		};

		scene_open(&s, rows, NULL);
	}
	post("/_post", "700", "@lapor_contoh #lapor satu", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	/* Without a mention no list brings it. */
	post("/_edit", "702", "lampu di RT 3 padam", ", \"edit_history_tweet_ids\": [\"700\", \"702\"]");
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_EDIT);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "700");
	ck_assert_str_eq(testctx_emit(s.t, 0)->revision, "702");
	ck_assert_str_eq(testctx_emit(s.t, 0)->text, "lampu di RT 3 padam");
	ck_assert_str_eq(testctx_emit(s.t, 0)->author.handle, "@sumbi");
	ck_assert_int_eq(scene_asked(&s, "lookup"), 2); /* that it is another, and what it says */
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + 7 * DAY_MS), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}

START_TEST(an_edit_that_mentions_nobody_is_found)
{
	tell_an_edit("tweet");
}
END_TEST

START_TEST(an_edit_is_found_in_the_other_vocabulary)
{
	teardown();
	start_x("post");
	tell_an_edit("post");
}
END_TEST

START_TEST(an_edit_that_cannot_be_fetched_is_told_later)
{
	post("/_post", "700", "@lapor_contoh #lapor satu", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	post("/_edit", "702", "lampu di RT 3 padam", ", \"edit_history_tweet_ids\": [\"700\", \"702\"]");
	scene_tell(&s, "/_fault", "{\"where\": \"lookup\", \"status\": 503, \"skip\": 1}");
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS), JEMBATAN_RETRY);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS + MINUTE_MS), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_emit(s.t, 0)->revision, "702");
}
END_TEST

START_TEST(a_restart_does_not_forget_what_is_watched)
{
	post("/_post", "700", "#lapor satu", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	struct jembatan_bytes kept;

	ck_assert_int_eq(jembatan_state_get(testctx_context(s.t), "x.watch", &kept), JEMBATAN_OK);
	ck_assert_int_eq(strncmp(kept.data, "700 700 ", 8), 0);
}
END_TEST

START_TEST(who_says_off_pays_nothing)
{
	watched_at = "off";
	open_x(NULL);
	post("/_post", "700", "#lapor satu", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + 7 * DAY_MS), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "lookup"), 0);
}
END_TEST

/* 0.021 for a mention, its author and ourselves: four fifths of 0.03 are 0.024. */
START_TEST(looking_again_takes_no_money_from_mentions)
{
	ceiling = "0.03";
	open_x(NULL);
	post("/_post", "700", "#lapor satu", "");
	ck_assert_int_ne(scene_walk(&s), JEMBATAN_OK);
	ck_assert_int_eq(scene_walk_at(&s, NOW_MS + DAY_MS), JEMBATAN_RETRY); /* ten posts might cost more */
	ck_assert_int_eq(scene_asked(&s, "lookup"), 0);
}
END_TEST

START_TEST(an_age_that_is_none_is_named)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "x" }, { "access_token", NULL, "x" }, { "watch", NULL, "seminggu" },
		{ NULL, NULL, NULL },
	};
	const struct jembatan_connector *connector = jembatan_connector_entry();
	struct testctx *t = testctx_new(rows, connector->options);

	ck_assert_int_eq(connector->operations->check(testctx_context(t)), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(t), "watch"));
	testctx_free(t);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("x_watch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, x_is_asked_after_a_day_and_after_a_week);
	tcase_add_test(tc, a_post_that_x_does_not_have_twice_was_deleted);
	tcase_add_loop_test(tc, what_x_cannot_show_was_not_deleted, 0, COUNT(doubts));
	tcase_add_test(tc, an_edit_that_mentions_nobody_is_found);
	tcase_add_test(tc, an_edit_is_found_in_the_other_vocabulary);
	tcase_add_test(tc, an_edit_that_cannot_be_fetched_is_told_later);
	tcase_add_test(tc, a_restart_does_not_forget_what_is_watched);
	tcase_add_test(tc, who_says_off_pays_nothing);
	tcase_add_test(tc, looking_again_takes_no_money_from_mentions);
	tcase_add_test(tc, an_age_that_is_none_is_named);
	return unit_run("x_watch", tc);
}
