/* test_bluesky.c: mentions and replies against a Bluesky that misbehaves: whatever
 * order it lists posts in, each comes once and none is left out; no reply twice. */
#include "scene.h"
#include "social/bluesky.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS
#define DAY_MS INT64_C(86400000)
#define AT "at://did:plc:wargawargawargawargawarg/app.bsky.feed.post/"

static struct scene s;

static void open_with(const char *password)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "bluesky" },
		{ "url", NULL, s.peer.url },
		{ "account", NULL, "lapor.example" },
		{ "password", NULL, password },
		{ "answer_timeout", NULL, "5s" },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, NULL);
}

static void setup(void)
{
	static const char *const arguments[] = { NULL };

	scene_start(&s, TEST_TOP "/tests/fake/bluesky.py", arguments);
	open_with("sandi-uji");
}

static void teardown(void)
{
	scene_stop(&s);
}

static void post_at(const char *key, const char *time, const char *more)
{
	char body[1024];

	snprintf(body, sizeof body,
		 "{\"rkey\": \"%s\", \"text\": \"@lapor.example #lapor lampu padam\", \"createdAt\": "
		 "\"%s\"%s}", key, time, more);
	scene_tell(&s, "/_post", body);
}

static void post(int number)
{
	char key[16], time[40];

	snprintf(key, sizeof key, "3n%d", number);
	snprintf(time, sizeof time, "2027-01-%02dT%02d:%02d:00.000Z", 10 + number / 1440,
		 number / 60 % 24, number % 60);
	post_at(key, time, "");
}

/* ---- mentions -------------------------------------------------------------- */

START_TEST(every_page_is_read_and_each_post_comes_once)
{
	char id[128];

	for (int i = 0; i < 250; i++)
		post(i);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 250);
	for (int i = 0; i < 250; i++) {
		snprintf(id, sizeof id, AT "3n%d", i);
		ck_assert_int_eq(scene_came(&s, id), 1);
	}
	int64_t before = scene_asked(&s, "list");

	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "list"), before + 1);
	ck_assert_uint_eq(testctx_emit_count(s.t), 250);
	ck_assert_int_eq(scene_asked(&s, "login"), 1);
}
END_TEST

START_TEST(a_post_with_a_false_date_comes_with_the_next_deep_sweep_as_new)
{
	for (int i = 0; i < 150; i++)
		post(i);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	post_at("3nlama", "2020-01-01T00:00:00.000Z", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_came(&s, AT "3nlama"), 0);
	testctx_set_now(s.t, NOW_MS + DAY_MS);
	testctx_context(s.t)->start_ms = NOW_MS - 1;
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_came(&s, AT "3nlama"), 1);
	const struct jembatan_message *m = testctx_emit(s.t, testctx_emit_count(s.t) - 1);

	/* Nobody saw it a day ago, whatever its author says. */
	ck_assert_int_eq(m->arrived_ms, NOW_MS);
	ck_assert_int_eq(m->sent_ms, INT64_C(1577836800000));
}
END_TEST

START_TEST(a_false_date_among_the_newest_comes_at_once)
{
	post(1);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	post_at("3nlama", "2020-01-01T00:00:00.000Z", "");
	post_at("3nnanti", "2099-01-01T00:00:00.000Z", "");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_came(&s, AT "3nlama"), 1);
	ck_assert_int_eq(scene_came(&s, AT "3nnanti"), 1);
	for (size_t i = 0; i < testctx_emit_count(s.t); i++)
		ck_assert_int_le(testctx_emit(s.t, i)->arrived_ms, NOW_MS);
}
END_TEST

START_TEST(posts_of_one_millisecond_are_not_lost_between_two_pages)
{
	char key[16];

	for (int i = 0; i < 130; i++) {
		snprintf(key, sizeof key, "3ns%d", i);
		post_at(key, i < 90 ? "2027-01-02T00:00:00.000Z" : "2027-01-03T00:00:00.000Z", "");
	}
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 130);
}
END_TEST

START_TEST(what_was_not_stored_comes_again)
{
	post(1);
	if (_i == 0)
		testctx_fail_checkpoint(s.t, 1);
	else
		testctx_fail_state(s.t, (unsigned)_i + 4); /* those before are the login's, the budget's */
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_RETRY);
	testctx_forget(s.t);
	if (_i > 0)
		scene_restart(&s);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_came(&s, AT "3n1"), 1);
	testctx_forget(s.t);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}
END_TEST

START_TEST(a_sweep_that_was_killed_is_made_up_for)
{
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	for (int i = 0; i < 250; i++)
		post(i);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK); /* a page of three */
	ck_assert_uint_eq(testctx_emit_count(s.t), 100);
	scene_restart(&s);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 250);
}
END_TEST

START_TEST(what_is_older_than_the_start_never_comes)
{
	for (int i = 0; i < 120; i++)
		post(i);
	testctx_context(s.t)->start_ms = NOW_MS - 1000;
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	testctx_set_now(s.t, NOW_MS + DAY_MS);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	ck_assert_int_eq(scene_asked(&s, "posts"), 0);
}
END_TEST

START_TEST(a_record_in_quarantine_does_not_hold_up_the_others)
{
	post(1);
	post(2);
	testctx_skip(s.t, AT "3n1");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
}
END_TEST

START_TEST(what_a_post_answers_stands_behind_its_words)
{
	scene_tell(&s, "/_post", "{\"rkey\": \"3nin\", \"text\": \"Lampu\\npadam\", \"unlisted\": true}");
	post_at("3nanak", "2027-01-15T07:30:00.000Z", ", \"reason\": \"reply\", \"parent\": \"" AT "3nin\"");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	const struct jembatan_message *m = testctx_emit(s.t, 0);

	ck_assert_str_eq(m->text, "@lapor.example #lapor lampu padam");
	ck_assert_str_eq(m->full_text, "@lapor.example #lapor lampu padam\n\n> @warga.example:\n"
			 "> Lampu\n> padam");
	ck_assert_str_eq(m->reply_to, AT "3nin");
}
END_TEST

START_TEST(a_context_that_cannot_be_had_holds_up_nothing)
{
	post_at("3nanak", "2027-01-15T07:30:00.000Z", ", \"reason\": \"reply\", \"parent\": \"" AT "3nin\"");
	scene_tell(&s, "/_fault", "{\"where\": \"posts\", \"status\": 400}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_came(&s, AT "3nanak"), 1);
}
END_TEST

START_TEST(what_is_no_list_or_refused_is_asked_for_again)
{
	scene_tell(&s, "/_fault", "{\"where\": \"list\", \"status\": 200, \"body\": {\"a\": 1}}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	scene_tell(&s, "/_fault", "{\"where\": \"list\", \"status\": 422}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_uint_eq(testctx_checkpoint_count(s.t), 0);
}
END_TEST

static const struct {
	const char *headers;
	int64_t delay_ms;
} limits[] = {
	{ "{\"Date\": \"Fri, 15 Jan 2027 08:00:00 GMT\", \"ratelimit-reset\": \"1800000090\"}", 90000 },
	{ "{\"Date\": \"Fri, 15 Jan 2027 07:00:00 GMT\", \"ratelimit-reset\": \"1799996410\"}", 10000 },
	{ "{\"Date\": \"Fri, 15 Jan 2027 08:00:00 GMT\", \"ratelimit-reset\": "
	  "\"2027-01-15T08:01:30.123Z\"}", 90123 },
	{ "{\"Retry-After\": \"7\", \"ratelimit-reset\": \"1800000090\"}", 7000 },
	{ "{\"Date\": \"Fri, 15 Jan 2027 08:00:00 GMT\", \"Retry-After\": \"Fri, 15 Jan 2027 08:00:20 "
	  "GMT\"}", 20000 },
	{ "{\"ratelimit-reset\": \"besok\"}", 300000 },
	{ "{}", 300000 },
};

START_TEST(a_limit_is_waited_out_until_it_ends)
{
	char body[512];

	for (int i = 0; i < 150; i++)
		post(i);
	snprintf(body, sizeof body, "{\"where\": \"list\", \"skip\": 1, \"status\": 429, \"headers\": %s}",
		 limits[_i].headers);
	scene_tell(&s, "/_fault", body);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(testctx_delay(s.t), limits[_i].delay_ms);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 150);
}
END_TEST

/* ---- deletions -------------------------------------------------------------- */

START_TEST(a_deleted_post_is_told_once_it_was_missed_twice)
{
	post(1);
	post(2);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_tell(&s, "/_delete", "{\"rkey\": \"3n1\"}");
	testctx_forget(s.t);
	testctx_set_now(s.t, NOW_MS + DAY_MS);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	if (_i == 1)
		scene_restart(&s); /* then the next deep sweep looks again */
	testctx_set_now(s.t, NOW_MS + (_i == 1 ? 2 : 1) * DAY_MS + 900000);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_DELETION);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, AT "3n1");
	ck_assert_uint_eq(testctx_emits_at_checkpoint(s.t), 1);
	testctx_set_now(s.t, NOW_MS + 4 * DAY_MS);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
}
END_TEST

START_TEST(a_post_that_is_there_again_was_not_deleted)
{
	post(1);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	testctx_forget(s.t);
	for (int day = 1; day < 6; day++) {
		if (day % 2 == 1)
			scene_tell(&s, "/_fault", "{\"where\": \"posts\", \"status\": 200, \"body\": "
				   "{\"posts\": []}}");
		testctx_set_now(s.t, NOW_MS + day * DAY_MS);
		ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	}
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}
END_TEST

START_TEST(a_deletion_that_was_not_stored_is_told_again)
{
	post(1);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_tell(&s, "/_delete", "{\"rkey\": \"3n1\"}");
	testctx_set_now(s.t, NOW_MS + DAY_MS);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	testctx_set_now(s.t, NOW_MS + 2 * DAY_MS);
	testctx_fail_checkpoint(s.t, 1);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_RETRY);
	testctx_forget(s.t);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_DELETION);
}
END_TEST

/* ---- tokens ---------------------------------------------------------------- */

START_TEST(a_token_that_expires_between_two_pages_is_exchanged)
{
	for (int i = 0; i < 250; i++)
		post(i);
	scene_tell(&s, "/_fault", "{\"where\": \"list\", \"skip\": 1, \"expire\": true}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 250);
	ck_assert_int_eq(scene_asked(&s, "refresh"), 1);
	ck_assert_int_eq(scene_asked(&s, "login"), 1);
}
END_TEST

START_TEST(a_restart_goes_on_with_the_tokens_of_before)
{
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_restart(&s);
	scene_tell(&s, "/_expire", "{}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "refresh"), 1);
	ck_assert_int_eq(scene_asked(&s, "login"), 1);
}
END_TEST

START_TEST(a_token_is_not_used_before_it_is_stored)
{
	testctx_fail_state(s.t, 3);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(scene_asked(&s, "list"), 0);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "login"), 1); /* the same one is stored now */
}
END_TEST

START_TEST(a_login_that_nobody_heard_of_is_tried_again_at_once)
{
	testctx_fail_state(s.t, 2); /* the budget's: nothing may be asked */
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(scene_asked(&s, "login"), 0);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "login"), 1);
}
END_TEST

START_TEST(logins_are_few)
{
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	testctx_set_now(s.t, NOW_MS + 1000);
	scene_tell(&s, "/_expire", "{\"refresh\": true}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(testctx_delay(s.t), 299000);
	ck_assert_int_eq(scene_asked(&s, "login"), 1);
	scene_restart(&s);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(scene_asked(&s, "login"), 1);
	testctx_set_now(s.t, NOW_MS + 300000);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "login"), 2);
}
END_TEST

START_TEST(a_wrong_password_is_told_and_not_shown)
{
	open_with("sandi-salah");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_AUTH);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "app password"));
	ck_assert_ptr_null(strstr(testctx_explanation(s.t), "sandi-salah"));
	ck_assert_ptr_null(strstr(testctx_log(s.t), "sandi-salah"));
}
END_TEST

/* ---- replies --------------------------------------------------------------- */

static enum jembatan_result reply(const char *to, const char *text, unsigned flags)
{
	const struct jembatan_reply r = {
		.size = sizeof(r), .reference = "JB-7K3M9Q-1", .event = "number", .reply_to = to,
		.to = "did:plc:wargawargawargawargawarg", .to_kind = "id", .text = text,
		.flags = flags, .language = "id",
	};

	return scene_reply(&s, &r);
}

static size_t records(void)
{
	json_t *root = scene_state(&s);
	size_t count = json_object_size(json_object_get(root, "records"));

	json_decref(root);
	return count;
}

START_TEST(a_reply_names_its_post_and_the_thread)
{
	post_at("3lq7hkcb5t22a", "2027-01-15T07:30:00.000Z",
		", \"parent\": \"" AT "3nin\", \"root\": \"" AT "3nakar\"");
	ck_assert_int_eq(reply(AT "3lq7hkcb5t22a", "Nomor 12, lihat https://contoh.id/é.", 0),
			 JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	json_t *root = scene_state(&s);
	json_t *record = json_object_get(json_object_get(root, "records"), s.out.remote_id);

	ck_assert_ptr_nonnull(record);
	ck_assert_str_eq(kit_json_string(record, "reply.parent.uri"), AT "3lq7hkcb5t22a");
	ck_assert_str_eq(kit_json_string(record, "reply.parent.cid"), "bafy3lq7hkcb5t22a");
	ck_assert_str_eq(kit_json_string(record, "reply.root.uri"), AT "3nakar");
	ck_assert_str_eq(kit_json_string(record, "facets.0.features.0.uri"), "https://contoh.id/é");
	int64_t end = 0;

	ck_assert(kit_json_integer(record, "facets.0.index.byteEnd", &end));
	ck_assert_int_eq(end, 36); /* bytes, not letters */
	/* Of the age of the post. */
	ck_assert_ptr_nonnull(strstr(s.out.remote_id, "/app.bsky.feed.post/3lq7hkc"));
	json_decref(root);
}
END_TEST

START_TEST(an_answer_that_is_lost_is_looked_for_and_never_sent_twice)
{
	post(1);
	scene_tell(&s, "/_fault", _i == 0 ? "{\"where\": \"create\", \"commit\": true, \"cut\": true}" :
		   "{\"where\": \"create\", \"commit\": true, \"status\": 500}");
	ck_assert_int_ne(reply(AT "3n1", "Nomor 12", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
	ck_assert_int_ne(reply(AT "3n1", "Nomor 12", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
	ck_assert_uint_eq(records(), 1);
	ck_assert_int_eq(reply(AT "3n1", "Nomor 12", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	ck_assert_str_ne(s.out.remote_id, "");
}
END_TEST

START_TEST(what_did_not_go_out_is_told_as_such)
{
	post(1);
	scene_tell(&s, "/_fault", "{\"where\": \"create\", \"cut\": true}");
	ck_assert_int_ne(reply(AT "3n1", "Nomor 12", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
	scene_tell(&s, "/_delete", "{\"rkey\": \"3n1\"}"); /* it does not matter here */
	ck_assert_int_eq(reply(AT "3n1", "Nomor 12", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
}
END_TEST

static const struct {
	const char *where, *fault;
	enum jembatan_outcome outcome;
} outcomes[] = {
	{ "create", "\"status\": 429, \"headers\": {\"Retry-After\": \"60\"}", JEMBATAN_LATER },
	{ "create", "\"status\": 400", JEMBATAN_REFUSED },
	{ "create", "\"status\": 403", JEMBATAN_NOT_SENT },
	{ "create", "\"status\": 502", JEMBATAN_UNKNOWN },
	{ "create", "\"status\": 503", JEMBATAN_NOT_SENT },
	{ "create", "\"status\": 200, \"body\": {}", JEMBATAN_UNKNOWN },
	{ "create", "\"expire\": true", JEMBATAN_SENT },
	{ "posts", "\"status\": 500", JEMBATAN_NOT_SENT },
	{ "posts", "\"cut\": true, \"times\": 5", JEMBATAN_NOT_SENT },
	{ "posts", "\"status\": 200, \"body\": {\"posts\": []}", JEMBATAN_REFUSED },
	{ "posts", "\"status\": 200, \"body\": {\"posts\": [{}]}", JEMBATAN_NOT_SENT },
	{ "posts", "\"status\": 200, \"body\": {\"posts\": [{\"viewer\": {\"replyDisabled\": true}}]}",
	  JEMBATAN_REFUSED },
};

START_TEST(each_trouble_has_its_outcome)
{
	char fault[256];

	post(1);
	snprintf(fault, sizeof fault, "{\"where\": \"%s\", %s}", outcomes[_i].where, outcomes[_i].fault);
	scene_tell(&s, "/_fault", fault);
	(void)reply(AT "3n1", "Nomor 12", 0);
	ck_assert_int_eq(s.out.outcome, outcomes[_i].outcome);
	if (s.out.outcome == JEMBATAN_LATER)
		ck_assert_int_eq(s.out.at_ms, NOW_MS + 60000);
	ck_assert_uint_eq(records(), s.out.outcome == JEMBATAN_SENT);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("bluesky");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_page_is_read_and_each_post_comes_once);
	tcase_add_test(tcase, a_post_with_a_false_date_comes_with_the_next_deep_sweep_as_new);
	tcase_add_test(tcase, a_false_date_among_the_newest_comes_at_once);
	tcase_add_test(tcase, posts_of_one_millisecond_are_not_lost_between_two_pages);
	tcase_add_loop_test(tcase, what_was_not_stored_comes_again, 0, 3);
	tcase_add_test(tcase, a_sweep_that_was_killed_is_made_up_for);
	tcase_add_test(tcase, what_is_older_than_the_start_never_comes);
	tcase_add_test(tcase, a_record_in_quarantine_does_not_hold_up_the_others);
	tcase_add_test(tcase, what_a_post_answers_stands_behind_its_words);
	tcase_add_test(tcase, a_context_that_cannot_be_had_holds_up_nothing);
	tcase_add_test(tcase, what_is_no_list_or_refused_is_asked_for_again);
	tcase_add_loop_test(tcase, a_limit_is_waited_out_until_it_ends, 0, COUNT(limits));
	tcase_add_loop_test(tcase, a_deleted_post_is_told_once_it_was_missed_twice, 0, 2);
	tcase_add_test(tcase, a_post_that_is_there_again_was_not_deleted);
	tcase_add_test(tcase, a_deletion_that_was_not_stored_is_told_again);
	tcase_add_test(tcase, a_token_that_expires_between_two_pages_is_exchanged);
	tcase_add_test(tcase, a_restart_goes_on_with_the_tokens_of_before);
	tcase_add_test(tcase, a_token_is_not_used_before_it_is_stored);
	tcase_add_test(tcase, a_login_that_nobody_heard_of_is_tried_again_at_once);
	tcase_add_test(tcase, logins_are_few);
	tcase_add_test(tcase, a_wrong_password_is_told_and_not_shown);
	tcase_add_test(tcase, a_reply_names_its_post_and_the_thread);
	tcase_add_loop_test(tcase, an_answer_that_is_lost_is_looked_for_and_never_sent_twice, 0, 2);
	tcase_add_test(tcase, what_did_not_go_out_is_told_as_such);
	tcase_add_loop_test(tcase, each_trouble_has_its_outcome, 0, COUNT(outcomes));
	return unit_run("bluesky", tcase);
}
