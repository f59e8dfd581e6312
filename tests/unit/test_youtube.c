/* test_youtube.c: comments against a YouTube that misbehaves: each once, within
 * its quota, and answered in its thread. */
#include "scene.h"
#include "social/youtube_parse.h"

#include "unit.h"

#include <stdio.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define HOUR_MS INT64_C(3600000)

static struct scene s;

static void open_with(const char *token, const char *refresh, const char *cursor)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "youtube" },
		{ "url", NULL, s.peer.url },
		{ "account", NULL, "UCkami" },
		{ "answer_timeout", NULL, "5s" },
		{ refresh ? "refresh_token" : "access_token", NULL, refresh ? refresh : token },
		{ "client_id", NULL, "klien" },
		{ "client_secret", NULL, "rahasia-klien" },
		{ "budget_day", NULL, "400" },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, cursor);
}

static void setup(void)
{
	static const char *const arguments[] = { NULL };

	scene_start(&s, TEST_TOP "/tests/fake/youtube.py", arguments);
	open_with("token-uji", NULL, NULL);
}

static void teardown(void)
{
	scene_stop(&s);
}

/* minute: before 08:00, when it is now. */
static void comment(const char *id, int minute, const char *parent)
{
	char body[512];

	snprintf(body, sizeof body, "{\"id\": \"%s\", \"at\": \"2027-01-15T07:%02d:00Z\", \"text\": "
		 "\"lapor %s\"%s%s%s}", id, minute, id, parent ? ", \"parent\": \"" : "",
		 parent ? parent : "", parent ? "\"" : "");
	scene_tell(&s, "/_comment", body);
}

START_TEST(a_walk_brings_every_comment_and_then_moves_on)
{
	char id[32];

	for (int i = 0; i < 7; i++) {
		snprintf(id, sizeof id, "Ugx%d", i);
		comment(id, i, NULL);
	}
	for (int i = 0; i < 8; i++) { /* more answers than the list shows */
		snprintf(id, sizeof id, "Ugx3.%d", i);
		comment(id, 20 + i, "Ugx3");
	}
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_ptr_null(testctx_cursor(s.t)); /* between page and cursor */
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 15);
	ck_assert_str_eq(testctx_cursor(s.t), "1799998020000");
	ck_assert_int_eq(scene_asked(&s, "threads"), 3);
	ck_assert_int_eq(scene_asked(&s, "comments"), 1);
}
END_TEST

START_TEST(a_walk_that_was_cut_begins_anew)
{
	char id[32];

	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof id, "Ugx%d", i);
		comment(id, i, NULL);
	}
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	open_with("token-uji", NULL, NULL); /* killed between page and cursor */
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 5);
}
END_TEST

START_TEST(disorder_in_a_page_loses_nothing)
{
	char id[32];

	for (int i = 0; i < 7; i++) {
		snprintf(id, sizeof id, "Ugx%d", i);
		comment(id, i * 9, NULL);
	}
	scene_tell(&s, "/_fault", "{\"where\": \"threads\", \"disorder\": true, \"times\": 3}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 7);
	ck_assert_str_eq(testctx_cursor(s.t), "1799999640000");
}
END_TEST

START_TEST(a_token_that_expires_between_two_pages_is_exchanged)
{
	char id[32];

	open_with(NULL, "segar-uji", NULL);
	for (int i = 0; i < 7; i++) {
		snprintf(id, sizeof id, "Ugx%d", i);
		comment(id, i, NULL);
	}
	scene_tell(&s, "/_fault", "{\"where\": \"threads\", \"status\": 401, \"skip\": 1}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 7);
	ck_assert_int_eq(scene_number(&s, "tokens"), 2);
}
END_TEST

START_TEST(a_later_walk_ends_where_all_is_known)
{
	char id[32];

	for (int i = 0; i < 9; i++) {
		snprintf(id, sizeof id, "Ugx%d", i);
		comment(id, i, NULL);
	}
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	testctx_forget(s.t);
	scene_tell(&s, "/_comment", "{\"id\": \"UgxBaru\", \"at\": \"2027-01-15T08:30:00Z\", \"text\": "
		   "\"lapor\"}");
	testctx_set_now(s.t, SCENE_NOW_MS + HOUR_MS);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	int64_t asked = scene_asked(&s, "threads");
	testctx_set_now(s.t, SCENE_NOW_MS + HOUR_MS + 1000);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "threads"), asked + 2); /* the overlap, not all */
}
END_TEST

START_TEST(an_edited_comment_has_another_revision)
{
	comment("Ugx1", 1, NULL);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_tell(&s, "/_comment", "{\"id\": \"Ugx1\", \"text\": \"lapor di RT 3\", \"edited\": "
		   "\"2027-01-15T07:30:00Z\"}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	const struct jembatan_message *m = testctx_emit(s.t, testctx_emit_count(s.t) - 1);

	ck_assert_str_eq(m->id, "Ugx1");
	ck_assert_str_eq(m->revision, "2027-01-15T07:30:00Z");
}
END_TEST

static const struct {
	const char *fault;
	enum jembatan_result result;
	int64_t delay_ms;
} failures[] = {
	{ "{\"where\": \"threads\", \"status\": 403, \"reason\": \"quotaExceeded\"}", JEMBATAN_RETRY,
	  23 * HOUR_MS },
	{ "{\"where\": \"threads\", \"status\": 403, \"reason\": \"rateLimitExceeded\"}", JEMBATAN_RETRY,
	  60000 },
	{ "{\"where\": \"threads\", \"status\": 429, \"headers\": {\"Retry-After\": \"7\"}}",
	  JEMBATAN_RETRY, 7000 },
	{ "{\"where\": \"threads\", \"status\": 403, \"reason\": \"forbidden\"}", JEMBATAN_AUTH, -1 },
	{ "{\"where\": \"threads\", \"status\": 401, \"reason\": \"authError\"}", JEMBATAN_AUTH, -1 },
	{ "{\"where\": \"threads\", \"status\": 503}", JEMBATAN_RETRY, -1 },
	{ "{\"where\": \"threads\", \"status\": 422}", JEMBATAN_RETRY, -1 },
	{ "{\"where\": \"threads\", \"half\": true}", JEMBATAN_RETRY, -1 },
	{ "{\"where\": \"threads\", \"cut\": true}", JEMBATAN_RETRY, -1 },
};

START_TEST(a_failure_says_what_to_do_and_loses_nothing)
{
	comment("Ugx1", 1, NULL);
	scene_tell(&s, "/_fault", failures[_i].fault);
	ck_assert_int_eq(scene_poll(&s), failures[_i].result);
	ck_assert_int_eq(testctx_delay(s.t), failures[_i].delay_ms);
	ck_assert_ptr_null(testctx_cursor(s.t));
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
}
END_TEST

START_TEST(a_quota_comes_back_at_midnight_in_california)
{
	ck_assert_int_eq(youtube_reset_ms(SCENE_NOW_MS), SCENE_NOW_MS + 23 * HOUR_MS);
	ck_assert_int_eq(youtube_reset_ms(SCENE_NOW_MS - 1), SCENE_NOW_MS);
	ck_assert_int_eq(youtube_reset_ms(SCENE_NOW_MS - HOUR_MS - 1), SCENE_NOW_MS - HOUR_MS);
}
END_TEST

static enum jembatan_result answer(const char *to, const char *text, unsigned flags)
{
	const struct jembatan_reply reply = {
		.size = sizeof(reply), .reference = "JB-7K3M9Q-1", .flags = flags, .event = "number",
		.reply_to = to, .to = "UCwarga", .to_kind = "id", .text = text, .language = "id",
	};

	return scene_reply(&s, &reply);
}

static const struct {
	const char *fault;
	enum jembatan_outcome outcome, settled;
} outcomes[] = {
	{ NULL, JEMBATAN_SENT, JEMBATAN_SENT },
	{ "{\"where\": \"post\", \"status\": 403, \"reason\": \"quotaExceeded\"}", JEMBATAN_LATER,
	  JEMBATAN_NOT_SENT },
	{ "{\"where\": \"post\", \"status\": 403, \"reason\": \"commentsDisabled\"}", JEMBATAN_REFUSED,
	  JEMBATAN_NOT_SENT },
	{ "{\"where\": \"post\", \"status\": 401}", JEMBATAN_NOT_SENT, JEMBATAN_NOT_SENT },
	{ "{\"where\": \"post\", \"status\": 500, \"commit\": true}", JEMBATAN_UNKNOWN, JEMBATAN_SENT },
	{ "{\"where\": \"post\", \"status\": 500}", JEMBATAN_UNKNOWN, JEMBATAN_NOT_SENT },
	{ "{\"where\": \"post\", \"cut\": true, \"commit\": true}", JEMBATAN_UNKNOWN, JEMBATAN_SENT },
};

START_TEST(each_answer_has_its_outcome_and_can_be_settled)
{
	comment("Ugx1", 1, NULL);
	if (outcomes[_i].fault)
		scene_tell(&s, "/_fault", outcomes[_i].fault);
	(void)answer("Ugx1.9abc", "Nomor laporan Anda 123.", 0);
	ck_assert_int_eq(s.out.outcome, outcomes[_i].outcome);
	ck_assert_int_eq(answer("Ugx1.9abc", "Nomor laporan Anda 123.", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, outcomes[_i].settled);
}
END_TEST

START_TEST(a_budget_is_kept_before_the_network_says_so)
{
	comment("Ugx1", 1, NULL);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(answer("Ugx1", "x", 0), JEMBATAN_OK);
	ck_assert_int_eq(answer("Ugx1", "x", 0), JEMBATAN_RETRY);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
	ck_assert_int_eq(scene_number(&s, "units"), 400);
}
END_TEST

/* Half of 400 units is used: 200 less the replies' 40 last until 08:00 tomorrow. */
START_TEST(polls_slow_down_before_the_budget_is_used_up)
{
	comment("Ugx1", 1, NULL);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(answer("Ugx1", "x", 0), JEMBATAN_OK);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 5); /* with our own answers */
	int64_t asked = scene_asked(&s, "threads");

	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE); /* no failure, and no question */
	ck_assert_int_eq(scene_asked(&s, "threads"), asked);
	ck_assert_int_gt(testctx_delay(s.t), 8 * 60000);
	ck_assert_int_lt(testctx_delay(s.t), 30 * 60000);
	testctx_set_now(s.t, SCENE_NOW_MS + testctx_delay(s.t));
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_gt(scene_asked(&s, "threads"), asked);
	for (int i = 0; i < 3; i++) /* replies wait for nothing */
		ck_assert_int_eq(answer("Ugx1", "y", 0), JEMBATAN_OK);
}
END_TEST

START_TEST(a_refresh_token_is_exchanged)
{
	comment("Ugx1", 1, NULL);
	open_with(NULL, "segar-uji", NULL);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(scene_number(&s, "tokens"), 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("youtube");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_walk_brings_every_comment_and_then_moves_on);
	tcase_add_test(t, a_walk_that_was_cut_begins_anew);
	tcase_add_test(t, disorder_in_a_page_loses_nothing);
	tcase_add_test(t, a_token_that_expires_between_two_pages_is_exchanged);
	tcase_add_test(t, a_later_walk_ends_where_all_is_known);
	tcase_add_test(t, an_edited_comment_has_another_revision);
	tcase_add_loop_test(t, a_failure_says_what_to_do_and_loses_nothing, 0, COUNT(failures));
	tcase_add_test(t, a_quota_comes_back_at_midnight_in_california);
	tcase_add_loop_test(t, each_answer_has_its_outcome_and_can_be_settled, 0, COUNT(outcomes));
	tcase_add_test(t, a_budget_is_kept_before_the_network_says_so);
	tcase_add_test(t, polls_slow_down_before_the_budget_is_used_up);
	tcase_add_test(t, a_refresh_token_is_exchanged);
	return unit_run("youtube", t);
}
