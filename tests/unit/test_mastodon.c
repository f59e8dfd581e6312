/* test_mastodon.c: mentions and replies against a Mastodon that misbehaves: each
 * post once, nothing left out, nothing answered more openly than it was said. */
#include "base/jx.h"
#include "scene.h"
#include "social/social.h"

#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS /* 2027-01-15T08:00:00Z */

static struct scene s;

static void open_with(const char *token, const char *cursor)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "mastodon" },
		{ "url", NULL, s.peer.url },
		{ "access_token", NULL, token },
		{ "answer_timeout", NULL, "5s" },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, cursor);
}

static void setup(void)
{
	static const char *const arguments[] = { NULL };

	scene_start(&s, TEST_TOP "/tests/fake/social.py", arguments);
	open_with("token-uji", NULL);
}

static void teardown(void)
{
	scene_stop(&s);
}

static void post(const char *id, const char *visibility, const char *text)
{
	char body[1024];

	snprintf(body, sizeof body,
		 "{\"id\": \"%s\", \"created_at\": \"2027-01-15T07:00:00.000Z\", \"visibility\": "
		 "\"%s\", \"content\": \"<p>%s</p>\", \"language\": \"id\", \"account\": {\"id\": "
		 "\"9\", \"acct\": \"sumbi@lain.example\"}, \"mentions\": [{\"id\": \"77\"}]}", id,
		 visibility, text);
	scene_tell(&s, "/_post", body);
}

/* ---- mentions -------------------------------------------------------------- */

START_TEST(mentions_come_oldest_first_and_page_by_page)
{
	char id[16];

	for (int i = 0; i < 95; i++) {
		snprintf(id, sizeof id, "%d", 200 + i);
		post(id, "public", "#lapor lampu padam");
	}
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 95);
	for (size_t i = 0; i < 95; i++) {
		snprintf(id, sizeof id, "%zu", 200 + i);
		ck_assert_str_eq(testctx_emit(s.t, i)->id, id);
	}
	ck_assert_str_eq(testctx_cursor(s.t), "1094");
	json_t *root = scene_state(&s);

	ck_assert_ptr_nonnull(strstr(jx_text(root, "query"), "include_filtered=true"));
	json_decref(root);
}
END_TEST

START_TEST(what_was_not_checkpointed_comes_again_after_a_restart)
{
	post("300", "public", "#lapor satu");
	testctx_fail_checkpoint(s.t, 1);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	open_with("token-uji", NULL); /* the cursor on disk is still none */
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "300");
	open_with("token-uji", "1000"); /* and now it is there */
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}
END_TEST

START_TEST(a_failed_checkpoint_does_not_move_on_without_a_restart_either)
{
	post("300", "public", "#lapor satu");
	testctx_fail_checkpoint(s.t, 1);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	testctx_forget(s.t);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
}
END_TEST

START_TEST(the_first_look_begins_behind_what_is_older_than_the_start)
{
	post("300", "public", "#lapor lama");
	testctx_context(s.t)->start_ms = NOW_MS;
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	ck_assert_str_eq(testctx_cursor(s.t), "1000");
}
END_TEST

START_TEST(a_record_in_quarantine_does_not_hold_up_the_others)
{
	post("300", "public", "#lapor satu");
	post("301", "public", "#lapor dua");
	testctx_skip(s.t, "300");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_cursor(s.t), "1001");
}
END_TEST

/* A server may say when somebody wrote, as he says it: `start` goes by when ours
 * noticed it. */
START_TEST(a_post_with_a_false_date_arrives_when_it_was_noticed)
{
	scene_tell(&s, "/_post", "{\"id\": \"300\", \"created_at\": \"2020-01-01T00:00:00.000Z\", "
		   "\"noticed_at\": \"2027-01-15T08:00:00.000Z\", \"content\": \"<p>#lapor</p>\", "
		   "\"account\": {\"id\": \"9\", \"acct\": \"sumbi@lain.example\"}}");
	testctx_context(s.t)->start_ms = NOW_MS - 60000;
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->arrived_ms, NOW_MS);
	ck_assert_int_eq(testctx_emit(s.t, 0)->sent_ms, INT64_C(1577836800000));
}
END_TEST

static void posts(int count)
{
	char id[16];

	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof id, "%d", 200 + i);
		post(id, "public", "#lapor lampu padam");
	}
}

START_TEST(disorder_in_a_page_loses_nothing)
{
	posts(95);
	scene_tell(&s, "/_fault", "{\"where\": \"notifications\", \"disorder\": true, \"times\": 3}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 95);
	ck_assert_str_eq(testctx_cursor(s.t), "1094");
}
END_TEST

START_TEST(a_token_that_is_revoked_between_two_pages_leaves_what_came)
{
	posts(95);
	scene_tell(&s, "/_fault", "{\"where\": \"notifications\", \"status\": 401, \"skip\": 1}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_AUTH);
	ck_assert_uint_eq(testctx_emit_count(s.t), 40);
	ck_assert_str_eq(testctx_cursor(s.t), "1039");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE); /* with another one */
	ck_assert_uint_eq(testctx_emit_count(s.t), 95);
}
END_TEST

/* ---- edited or deleted later ------------------------------------------------ */

#define MINUTE_MS INT64_C(60000)

START_TEST(an_edited_post_is_told_once)
{
	post("300", "public", "#lapor lampu padam");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	scene_tell(&s, "/_edit", "{\"id\": \"300\", \"content\": \"<p>#lapor lampu padam di RT 3</p>\", "
		   "\"edited_at\": \"2027-01-15T08:01:00.000Z\"}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE); /* it is not due */
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	testctx_set_now(s.t, NOW_MS + 5 * MINUTE_MS);
	testctx_fail_checkpoint(s.t, 1);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	testctx_forget(s.t); /* not on disk: it is told again */
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_EDIT);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "300");
	ck_assert_str_eq(testctx_emit(s.t, 0)->revision, "2027-01-15T08:01:00.000Z");
	testctx_set_now(s.t, NOW_MS + 20 * MINUTE_MS);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
}
END_TEST

START_TEST(a_deleted_post_is_told_when_it_is_sure)
{
	post("300", "public", "#lapor lampu padam");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	scene_tell(&s, "/_delete", "{\"id\": \"300\"}");
	testctx_forget(s.t);
	testctx_set_now(s.t, NOW_MS + 5 * MINUTE_MS);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	testctx_set_now(s.t, NOW_MS + 15 * MINUTE_MS);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_DELETION);
	testctx_set_now(s.t, NOW_MS + 60 * MINUTE_MS);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
}
END_TEST

START_TEST(looking_again_stays_within_its_bounds)
{
	char id[16];

	for (int i = 0; i < 12; i++) {
		snprintf(id, sizeof id, "%d", 300 + i);
		post(id, "public", "#lapor lampu padam");
	}
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	testctx_set_now(s.t, NOW_MS + 5 * MINUTE_MS);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "look"), 5);
	testctx_set_now(s.t, NOW_MS + 8 * 1440 * MINUTE_MS); /* after a week nobody looks */
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "look"), 5);
}
END_TEST

static const struct {
	const char *headers;
	int64_t delay_ms;
} limits[] = {
	/* An answer's Date is the server's: far from 2027, so that its clock counts. */
	{ "{\"Date\": \"Fri, 15 Jan 2027 08:00:00 GMT\", \"X-RateLimit-Reset\": "
	  "\"2027-01-15T08:01:30.123456Z\"}", 90123 },
	{ "{\"Date\": \"Fri, 15 Jan 2027 07:00:00 GMT\", \"X-RateLimit-Reset\": "
	  "\"2027-01-15T07:00:10Z\"}", 10000 },
	{ "{\"Retry-After\": \"7\", \"X-RateLimit-Reset\": \"2027-01-15T08:01:30Z\"}", 7000 },
	{ "{\"Date\": \"Fri, 15 Jan 2027 08:00:00 GMT\", \"Retry-After\": \"Fri, 15 Jan 2027 08:00:20 "
	  "GMT\"}", 20000 },
	{ "{\"X-RateLimit-Reset\": \"besok\"}", 300000 },
	{ "{}", 300000 },
};

START_TEST(a_limit_is_waited_out_until_it_ends)
{
	char body[512];

	snprintf(body, sizeof body, "{\"where\": \"notifications\", \"status\": 429, \"headers\": %s}",
		 limits[_i].headers);
	scene_tell(&s, "/_fault", body);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(testctx_delay(s.t), limits[_i].delay_ms);
}
END_TEST

START_TEST(a_wrong_token_is_told_and_not_shown)
{
	open_with("token-salah", NULL);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_AUTH);
	ck_assert_ptr_null(strstr(testctx_explanation(s.t), "token-salah"));
}
END_TEST

START_TEST(what_is_no_list_or_refused_is_asked_for_again)
{
	scene_tell(&s, "/_fault", "{\"where\": \"notifications\", \"status\": 200, \"body\": {\"a\": 1}}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	scene_tell(&s, "/_fault", "{\"where\": \"notifications\", \"status\": 422}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_uint_eq(testctx_checkpoint_count(s.t), 0);
}
END_TEST

/* ---- replies --------------------------------------------------------------- */

static enum jembatan_result reply(const char *to, const char *text, unsigned flags)
{
	const struct jembatan_reply r = {
		.size = sizeof(r), .reference = "JB-7K3M9Q-1", .event = "number", .reply_to = to,
		.to = "@sumbi@lain.example", .to_kind = "handle", .text = text, .flags = flags,
		.language = "id",
	};

	return scene_reply(&s, &r);
}

static const char *const visibilities[][2] = {
	{ "public", "public" }, { "unlisted", "unlisted" }, { "private", "private" },
	{ "direct", "direct" }, { "baru", "direct" },
};

START_TEST(a_reply_is_as_visible_as_its_post_and_names_its_author)
{
	post("300", visibilities[_i][0], "#lapor satu");
	ck_assert_int_eq(reply("300", "Nomor laporan: 123.", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	ck_assert_str_eq(s.out.remote_id, "5000");
	json_t *root = scene_state(&s);

	ck_assert_str_eq(jx_text(root, "posted.0.request.visibility"), visibilities[_i][1]);
	ck_assert_str_eq(jx_text(root, "posted.0.request.in_reply_to_id"), "300");
	ck_assert_str_eq(jx_text(root, "posted.0.request.language"), "id");
	ck_assert_str_eq(jx_text(root, "posted.0.request.status"),
			 "@sumbi@lain.example Nomor laporan: 123.");
	json_decref(root);
}
END_TEST

static const struct {
	const char *fault;
	enum jembatan_outcome outcome;
	enum jembatan_result result;
	unsigned posted;
} outcomes[] = {
	{ "\"status\": 401", JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0 },
	{ "\"status\": 403", JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0 },
	{ "\"status\": 404", JEMBATAN_REFUSED, JEMBATAN_GONE, 0 },
	{ "\"status\": 422", JEMBATAN_REFUSED, JEMBATAN_DATA, 0 },
	{ "\"status\": 429", JEMBATAN_LATER, JEMBATAN_RETRY, 0 },
	{ "\"status\": 503", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "\"status\": 500, \"commit\": true", JEMBATAN_UNKNOWN, JEMBATAN_RETRY, 1 },
	{ "\"status\": 502", JEMBATAN_UNKNOWN, JEMBATAN_RETRY, 0 },
	{ "\"cut\": true, \"commit\": true", JEMBATAN_UNKNOWN, JEMBATAN_RETRY, 1 },
	{ "\"status\": 200, \"body\": {}", JEMBATAN_UNKNOWN, JEMBATAN_DATA, 0 },
};

START_TEST(what_became_of_a_reply_is_told_as_it_is_and_settled_by_looking)
{
	char body[256];

	post("300", "public", "#lapor satu");
	snprintf(body, sizeof body, "{\"where\": \"post\", %s}", outcomes[_i].fault);
	scene_tell(&s, "/_fault", body);
	ck_assert_int_eq(reply("300", "Nomor: 123", 0), outcomes[_i].result);
	ck_assert_int_eq(s.out.outcome, outcomes[_i].outcome);
	ck_assert_int_eq(s.out.at_ms, s.out.outcome == JEMBATAN_LATER ? NOW_MS + 300000 : 0);
	ck_assert_int_eq(reply("300", "Nomor: 123", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, outcomes[_i].posted ? JEMBATAN_SENT : JEMBATAN_NOT_SENT);
	json_t *root = scene_state(&s);

	ck_assert_uint_eq(json_array_size(json_object_get(root, "posted")), outcomes[_i].posted);
	json_decref(root);
}
END_TEST

START_TEST(the_same_reply_sent_again_is_one)
{
	post("300", "public", "#lapor satu");
	scene_tell(&s, "/_fault", "{\"where\": \"post\", \"cut\": true, \"commit\": true}");
	ck_assert_int_eq(reply("300", "Nomor: 123", 0), JEMBATAN_RETRY);
	ck_assert_int_eq(reply("300", "Nomor: 123", 0), JEMBATAN_OK);
	json_t *root = scene_state(&s);

	ck_assert_uint_eq(json_array_size(json_object_get(root, "posted")), 1);
	json_decref(root);
}
END_TEST

START_TEST(another_reply_under_the_post_settles_nothing)
{
	post("300", "public", "#lapor satu");
	ck_assert_int_eq(reply("300", "Nomor: 123", 0), JEMBATAN_OK);
	ck_assert_int_eq(reply("300", "Status: selesai", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
	ck_assert_int_eq(reply("300", "Lihat https://a.example/x", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
}
END_TEST

START_TEST(a_post_that_is_gone_is_not_answered)
{
	ck_assert_int_eq(reply("300", "Nomor: 123", 0), JEMBATAN_GONE);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_REFUSED);
	ck_assert_int_eq(reply("300", "Nomor: 123", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
}
END_TEST

START_TEST(where_the_post_cannot_be_looked_at_nothing_is_sent)
{
	post("300", "public", "#lapor satu");
	scene_tell(&s, "/_fault", "{\"where\": \"look\", \"status\": 500}");
	ck_assert_int_eq(reply("300", "Nomor: 123", 0), JEMBATAN_RETRY);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("mastodon");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_post_with_a_false_date_arrives_when_it_was_noticed);
	tcase_add_test(tcase, disorder_in_a_page_loses_nothing);
	tcase_add_test(tcase, a_token_that_is_revoked_between_two_pages_leaves_what_came);
	tcase_add_test(tcase, an_edited_post_is_told_once);
	tcase_add_test(tcase, a_deleted_post_is_told_when_it_is_sure);
	tcase_add_test(tcase, looking_again_stays_within_its_bounds);
	tcase_add_test(tcase, mentions_come_oldest_first_and_page_by_page);
	tcase_add_test(tcase, what_was_not_checkpointed_comes_again_after_a_restart);
	tcase_add_test(tcase, a_failed_checkpoint_does_not_move_on_without_a_restart_either);
	tcase_add_test(tcase, the_first_look_begins_behind_what_is_older_than_the_start);
	tcase_add_test(tcase, a_record_in_quarantine_does_not_hold_up_the_others);
	tcase_add_loop_test(tcase, a_limit_is_waited_out_until_it_ends, 0, COUNT(limits));
	tcase_add_test(tcase, a_wrong_token_is_told_and_not_shown);
	tcase_add_test(tcase, what_is_no_list_or_refused_is_asked_for_again);
	tcase_add_loop_test(tcase, a_reply_is_as_visible_as_its_post_and_names_its_author, 0,
			    COUNT(visibilities));
	tcase_add_loop_test(tcase, what_became_of_a_reply_is_told_as_it_is_and_settled_by_looking, 0,
			    COUNT(outcomes));
	tcase_add_test(tcase, the_same_reply_sent_again_is_one);
	tcase_add_test(tcase, another_reply_under_the_post_settles_nothing);
	tcase_add_test(tcase, a_post_that_is_gone_is_not_answered);
	tcase_add_test(tcase, where_the_post_cannot_be_looked_at_nothing_is_sent);
	return unit_run("mastodon", tcase);
}
