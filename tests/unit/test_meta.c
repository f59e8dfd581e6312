/* test_meta.c: Facebook and Instagram against a Graph API that misbehaves: webhooks
 * are signed, what they name is fetched, what they left out is found, and the token
 * goes nowhere else. */
#include "scene.h"
#include "base/jx.h"
#include "social/instagram.h"

#include "unit.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS /* 2027-01-15T08:00:00Z */
#define SECRET "rahasia-uji"

static struct scene s;

static void open_as(const char *network, const char *token)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, network },
		{ "url", NULL, s.peer.url },
		{ "account", NULL, "1001" },
		{ "access_token", NULL, token },
		{ "app_secret", NULL, SECRET },
		{ "verify_token", NULL, "kata-uji" },
		{ "answer_timeout", NULL, "5s" },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, NULL);
}

static void setup(void)
{
	static const char *const arguments[] = { NULL };

	scene_start(&s, TEST_TOP "/tests/fake/meta.py", arguments);
	open_as("facebook", "token-uji");
}

static void teardown(void)
{
	scene_stop(&s);
}

/* ---- webhooks -------------------------------------------------------------- */

static struct jembatan_response ask(const char *method, const char *query, const char *body,
				    const char *secret)
{
	unsigned char digest[32];
	unsigned size = 0;
	char signature[80] = "sha256=";

	HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, strlen(body),
	     digest, &size);
	for (size_t i = 0; i < 32; i++)
		snprintf(signature + 7 + 2 * i, 3, "%02x", digest[i]);
	const struct jembatan_header header = { "X-Hub-Signature-256", signature };
	const struct jembatan_request request = {
		.size = sizeof(request), .method = method, .path = "/", .query = query,
		.headers = &header, .header_count = *secret ? 1 : 0,
		.body = { body, strlen(body) }, .peer = "127.0.0.1",
	};
	struct jembatan_response out = { .size = sizeof(out) };

	(void)s.ops->request(testctx_context(s.t), s.self, &request, &out);
	return out;
}

static const char *hook(const char *object, const char *field, const char *value)
{
	static char body[2048];

	snprintf(body, sizeof body,
		 "{\"object\": \"%s\", \"entry\": [{\"id\": \"1001\", \"time\": 1799999990, "
		 "\"changes\": [{\"field\": \"%s\", \"value\": %s}]}]}", object, field, value);
	return body;
}

#define COMMENT(id, who) "{\"item\": \"comment\", \"verb\": \"add\", \"post_id\": \"1001_1\", " \
	"\"comment_id\": \"" id "\", \"parent_id\": \"1001_1\", \"from\": {\"id\": \"" who "\"}, " \
	"\"message\": \"#lapor lampu padam\", \"created_time\": 1799999980}"

static const struct {
	const char *query;
	unsigned status;
	const char *body;
} shakes[] = {
	{ "hub.mode=subscribe&hub.challenge=77&hub.verify_token=kata-uji", 200, "77" },
	{ "hub.mode=subscribe&hub.challenge=7+7&hub.verify_token=kata%2Duji", 200, "7 7" },
	{ "hub.mode=subscribe&hub.challenge=77&hub.verify_token=salah", 403, "" },
	{ "hub.mode=unsubscribe&hub.challenge=77&hub.verify_token=kata-uji", 403, "" },
	{ "hub.mode=subscribe&hub.verify_token=kata-uji", 403, "" },
	{ NULL, 403, "" },
};

START_TEST(a_handshake_gives_the_word_back_to_whom_knows_ours)
{
	struct jembatan_response out = ask("GET", shakes[_i].query, "", "");

	ck_assert_uint_eq(out.status, shakes[_i].status);
	ck_assert_uint_eq(out.body.size, strlen(shakes[_i].body));
	ck_assert(out.body.size == 0 || memcmp(out.body.data, shakes[_i].body, out.body.size) == 0);
}
END_TEST

START_TEST(only_what_is_signed_is_read)
{
	const char *body = hook("page", "feed", COMMENT("1_5", "9001"));

	ck_assert_uint_eq(ask("POST", NULL, body, "lain").status, 401);
	ck_assert_uint_eq(ask("POST", NULL, body, "").status, 401);
	ck_assert_uint_eq(ask("DELETE", NULL, body, SECRET).status, 405);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	ck_assert_uint_eq(ask("POST", NULL, body, SECRET).status, 200);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "1_5");
	ck_assert_uint_gt(testctx_emit(s.t, 0)->raw.size, 0);
}
END_TEST

START_TEST(our_own_words_and_other_pages_are_no_complaints)
{
	ck_assert_uint_eq(ask("POST", NULL, hook("page", "feed", COMMENT("1_5", "1001")), SECRET).status,
			  200);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_IGNORED);
	testctx_forget(s.t);
	ck_assert_uint_eq(ask("POST", NULL, "{\"object\": \"page\", \"entry\": [{\"id\": \"1002\", "
			      "\"changes\": [{\"field\": \"feed\", \"value\": " COMMENT("1_5", "9001")
			      "}]}]}", SECRET).status, 200);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_IGNORED);
	testctx_forget(s.t);
	ck_assert_uint_eq(ask("POST", NULL, "ini bukan JSON", SECRET).status, 200);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}
END_TEST

/* ---- what webhooks did not bring -------------------------------------------- */

static void post(int number, const char *time)
{
	char body[512];

	snprintf(body, sizeof body, "{\"id\": \"1001_%d\", \"from\": {\"id\": \"9002\"}, \"message\": "
		 "\"#lapor jalan rusak\", \"created_time\": \"%s\"}", number, time);
	scene_tell(&s, "/_post", body);
}

static void comment(int under, int number, const char *time)
{
	char body[512];

	snprintf(body, sizeof body, "{\"under\": \"1001_%d\", \"id\": \"%d_%d\", \"from\": {\"id\": "
		 "\"9001\"}, \"message\": \"#lapor di sini juga\", \"created_time\": \"%s\"}", under, under,
		 number, time);
	scene_tell(&s, "/_comment", body);
}

START_TEST(a_walk_finds_posts_and_comments_page_by_page)
{
	scene_tell(&s, "/_page", "{\"size\": 2}");
	for (int i = 1; i <= 5; i++)
		post(i, "2027-01-15T07:00:00+0000");
	for (int i = 11; i <= 17; i++)
		comment(3, i, "2027-01-15T07:30:00+0000");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 12);
	ck_assert_int_eq(scene_asked(&s, "feed"), 3);
	ck_assert_int_eq(scene_asked(&s, "comments"), 3);
	ck_assert_int_eq(testctx_emit(s.t, 0)->arrived_ms, NOW_MS - 3600000);
	int64_t before = scene_asked(&s, "feed");

	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE); /* not yet time */
	ck_assert_int_eq(scene_asked(&s, "feed"), before);
}
END_TEST

START_TEST(a_walk_brings_what_is_newer_than_the_last_one)
{
	post(1, "2027-01-10T07:00:00+0000");
	comment(1, 11, "2027-01-10T08:00:00+0000");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	testctx_forget(s.t);
	comment(1, 12, "2027-01-15T08:10:00+0000"); /* below an old post */
	testctx_set_now(s.t, NOW_MS + 900000);
	scene_restart(&s);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(scene_came(&s, "1_12"), 1);
}
END_TEST

START_TEST(what_is_older_than_the_start_does_not_come)
{
	post(1, "2027-01-10T07:00:00+0000");
	comment(1, 11, "2027-01-15T08:00:00+0000");
	testctx_context(s.t)->start_ms = NOW_MS - 1000;
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_int_eq(scene_came(&s, "1_11"), 1);
}
END_TEST

START_TEST(a_walk_that_was_cut_short_begins_anew)
{
	scene_tell(&s, "/_page", "{\"size\": 2}");
	for (int i = 1; i <= 5; i++)
		post(i, "2027-01-15T07:00:00+0000");
	if (_i == 0)
		testctx_fail_checkpoint(s.t, 2);
	else
		scene_tell(&s, "/_fault", _i == 1 ?
			   "{\"where\": \"feed\", \"skip\": 1, \"status\": 400, \"body\": {\"error\": "
			   "{\"code\": 190}}}" :
			   "{\"where\": \"feed\", \"skip\": 1, \"status\": 500, \"times\": 5}");
	ck_assert_int_ne(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_ptr_null(testctx_cursor(s.t));
	scene_restart(&s);
	for (int i = 0; i < 6 && scene_walk(&s) != JEMBATAN_IDLE; i++)
		;
	for (int i = 1; i <= 5; i++) {
		char id[24];

		snprintf(id, sizeof id, "1001_%d", i);
		ck_assert_int_ge(scene_came(&s, id), 1);
	}
}
END_TEST

START_TEST(the_token_goes_to_no_other_host)
{
	scene_tell(&s, "/_page", "{\"size\": 1}");
	post(1, "2027-01-15T07:00:00+0000");
	post(2, "2027-01-15T07:00:00+0000");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE); /* paging.next lies elsewhere */
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	json_t *root = scene_state(&s), *one;
	size_t i;

	json_array_foreach(json_object_get(root, "queries"), i, one)
		ck_assert_ptr_null(strstr(json_string_value(one), "token"));
	json_decref(root);
	open_as("facebook", "token-salah");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_AUTH);
	ck_assert_ptr_null(strstr(testctx_explanation(s.t), "token-salah"));
}
END_TEST

/* ---- limits ------------------------------------------------------------------ */

static const struct {
	const char *app, *business;
	int64_t retry_after_ms, wait_ms, percent;
} waits[] = {
	{ NULL, NULL, -1, -1, 0 },
	{ "{\"call_count\": 28, \"total_time\": 97, \"total_cputime\": 25}", NULL, -1, -1, 97 },
	{ NULL, "{\"1001\": [{\"type\": \"pages\", \"call_count\": 100, "
	  "\"estimated_time_to_regain_access\": 19}]}", -1, 1140000, 100 },
	{ NULL, "{\"1001\": [{\"estimated_time_to_regain_access\": 1}, "
	  "{\"estimated_time_to_regain_access\": 2}]}", 60000, 120000, 0 },
	{ NULL, NULL, 7000, 7000, 0 },
	{ "bukan JSON", "{\"1001\": 7}", -1, -1, 0 },
	{ "{\"call_count\": -1}", "{\"1\": [{\"estimated_time_to_regain_access\": 99999999}]}", -1, -1, 0 },
};

START_TEST(each_form_of_a_limit_is_a_time_to_wait)
{
	int64_t percent = -1;

	ck_assert_int_eq(meta_wait_ms(waits[_i].app, waits[_i].business, waits[_i].retry_after_ms,
				      &percent), waits[_i].wait_ms);
	ck_assert_int_eq(percent, waits[_i].percent);
}
END_TEST

static const struct {
	const char *fault;
	enum jembatan_result result;
	int64_t delay_ms;
} troubles[] = {
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 4}}", JEMBATAN_RETRY, 300000 },
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 80001}}, \"headers\": "
	  "{\"X-Business-Use-Case-Usage\": \"{\\\"1\\\": [{\\\"estimated_time_to_regain_access\\\": 9}]}\"}",
	  JEMBATAN_RETRY, 540000 },
	{ "\"status\": 403, \"body\": {\"error\": {\"code\": 17}}", JEMBATAN_RETRY, 300000 },
	{ "\"status\": 429, \"body\": {}, \"headers\": {\"Retry-After\": \"60\"}", JEMBATAN_RETRY, 60000 },
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 190}}", JEMBATAN_AUTH, -1 },
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 200}}", JEMBATAN_AUTH, -1 },
	{ "\"status\": 200, \"body\": {\"error\": {\"code\": 2}}", JEMBATAN_RETRY, -1 },
	{ "\"status\": 500, \"body\": {\"error\": {\"code\": 1}}", JEMBATAN_RETRY, -1 },
	{ "\"status\": 200, \"body\": {\"data\": 7}", JEMBATAN_RETRY, -1 },
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 100, \"error_subcode\": 33}}",
	  JEMBATAN_CONFIG, -1 },
};

START_TEST(each_error_has_its_meaning)
{
	char fault[512];

	snprintf(fault, sizeof fault, "{\"where\": \"feed\", %s}", troubles[_i].fault);
	scene_tell(&s, "/_fault", fault);
	ck_assert_int_eq(scene_poll(&s), troubles[_i].result);
	ck_assert_int_eq(testctx_delay(s.t), troubles[_i].delay_ms);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
}
END_TEST

START_TEST(what_is_left_of_a_limit_is_for_replies)
{
	scene_tell(&s, "/_fault", "{\"where\": \"feed\", \"headers\": {\"X-App-Usage\": "
		   "\"{\\\"call_count\\\": 96}\", \"X-Business-Use-Case-Usage\": \"{\\\"1\\\": "
		   "[{\\\"estimated_time_to_regain_access\\\": 60}]}\"}}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	testctx_set_now(s.t, NOW_MS + 1200000); /* time for a walk */
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(testctx_delay(s.t), 2400000);
	ck_assert_int_eq(scene_asked(&s, "feed"), 1);
	testctx_set_now(s.t, NOW_MS + 3600000);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "feed"), 2);
}
END_TEST

/* ---- replies ------------------------------------------------------------------ */

static enum jembatan_result reply(const char *to, const char *text, unsigned flags)
{
	const struct jembatan_reply r = {
		.size = sizeof(r), .reference = "JB-7K3M9Q-1", .event = "number", .reply_to = to,
		.to = "9001", .to_kind = "id", .text = text, .flags = flags, .language = "id",
	};

	return scene_reply(&s, &r);
}

START_TEST(a_reply_stands_under_its_comment)
{
	ck_assert_int_eq(reply("1_11", "Nomor: 12 & 13 + é", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	ck_assert_str_eq(s.out.remote_id, "9000");
	json_t *root = scene_state(&s);

	ck_assert_str_eq(jx_text(root, "replies.0.under"), "1_11");
	ck_assert_str_eq(jx_text(root, "replies.0.form.message"), "Nomor: 12 & 13 + é");
	json_decref(root);
	ck_assert_int_ne(reply("../1001/feed", "Nomor", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_REFUSED);
}
END_TEST

START_TEST(an_answer_that_is_lost_is_looked_for)
{
	if (_i > 1)
		open_as("instagram", "token-uji");
	const char *to = _i > 1 ? "c:17" : "1_11";

	scene_tell(&s, "/_thing", "{\"path\": \"1_11\", \"answer\": {\"id\": \"1_11\"}}");

	scene_tell(&s, "/_fault", _i % 2 == 0 ?
		   "{\"where\": \"reply\", \"commit\": true, \"status\": 500}" :
		   "{\"where\": \"reply\", \"commit\": true, \"cut\": true}");
	ck_assert_int_ne(reply(to, "Nomor: 12", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
	ck_assert_int_eq(reply(to, "Nomor:  12 ", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	ck_assert_str_eq(s.out.remote_id, _i > 1 ? "c:9000" : "9000");
	ck_assert_int_eq(reply(to, "Nomor: 13", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
}
END_TEST

static const struct {
	const char *fault;
	enum jembatan_outcome outcome;
} outcomes[] = {
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 4}}", JEMBATAN_LATER },
	{ "\"status\": 429", JEMBATAN_LATER },
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 368}}", JEMBATAN_LATER },
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 190}}", JEMBATAN_NOT_SENT },
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 100, \"error_subcode\": 33}}",
	  JEMBATAN_REFUSED },
	{ "\"status\": 400, \"body\": {\"error\": {\"code\": 100}}", JEMBATAN_REFUSED },
	{ "\"status\": 500, \"body\": {\"error\": {\"code\": 2}}", JEMBATAN_UNKNOWN },
	{ "\"status\": 200, \"body\": {}", JEMBATAN_UNKNOWN },
	{ "\"cut\": true", JEMBATAN_UNKNOWN },
};

START_TEST(each_trouble_has_its_outcome)
{
	char fault[256];

	snprintf(fault, sizeof fault, "{\"where\": \"reply\", %s}", outcomes[_i].fault);
	scene_tell(&s, "/_fault", fault);
	(void)reply("1_11", "Nomor 12", 0);
	ck_assert_int_eq(s.out.outcome, outcomes[_i].outcome);
	if (s.out.outcome == JEMBATAN_LATER)
		ck_assert_int_ge(s.out.at_ms, NOW_MS + 300000);
}
END_TEST

/* ---- Instagram ----------------------------------------------------------------- */

#define MENTION "{\"media_id\": \"18\", \"comment_id\": \"17\"}"
#define ASKED "1001?mentioned_comment.comment_id(17)"

static void mention_is_there(void)
{
	scene_tell(&s, "/_thing", "{\"path\": \"" ASKED "\", \"answer\": {\"mentioned_comment\": {\"id\": "
		   "\"17\", \"text\": \"@dinas #lapor sampah\", \"timestamp\": "
		   "\"2027-01-15T07:00:00+0000\", \"username\": \"sumbi\"}}}");
}

START_TEST(ids_of_a_webhook_are_kept_and_fetched_once)
{
	open_as("instagram", "token-uji");
	mention_is_there();
	ck_assert_uint_eq(ask("POST", NULL, hook("instagram", "mentions", MENTION), SECRET).status, 200);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_IGNORED);
	testctx_forget(s.t);
	scene_restart(&s); /* what was answered is on disk */
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "m:18:17");
	ck_assert_str_eq(testctx_emit(s.t, 0)->text, "@dinas #lapor sampah");
	testctx_forget(s.t);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	scene_restart(&s);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "thing"), 1);
}
END_TEST

START_TEST(a_webhook_that_cannot_be_kept_is_asked_for_again)
{
	open_as("instagram", "token-uji");
	testctx_fail_state(s.t, 1);
	ck_assert_uint_eq(ask("POST", NULL, hook("instagram", "mentions", MENTION), SECRET).status, 503);
	ck_assert_uint_eq(ask("POST", NULL, hook("instagram", "mentions", MENTION), SECRET).status, 200);
}
END_TEST

START_TEST(a_mention_waits_until_it_can_be_fetched_and_holds_up_none_when_gone)
{
	open_as("instagram", "token-uji");
	mention_is_there();
	(void)ask("POST", NULL, hook("instagram", "comments", "{\"id\": \"19\"}"), SECRET); /* gone */
	(void)ask("POST", NULL, hook("instagram", "mentions", MENTION), SECRET);
	testctx_forget(s.t);
	scene_tell(&s, "/_fault", "{\"where\": \"thing\", \"skip\": 1, \"status\": 500, \"times\": 3}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_RETRY);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	for (int i = 0; i < 5 && scene_walk(&s) != JEMBATAN_IDLE; i++)
		;
	ck_assert_int_eq(scene_came(&s, "m:18:17"), 1);
}
END_TEST

START_TEST(a_full_queue_asks_to_come_again_and_loses_nothing)
{
	open_as("instagram", "token-uji");
	unsigned taken = 0;

	for (unsigned i = 0; i < INSTAGRAM_WANTED_MAX + 5; i++) {
		struct jembatan_response out =
			ask("POST", NULL, hook("instagram", "mentions", MENTION), SECRET);

		taken += out.status == 200;
		ck_assert(out.status == 200 || out.status == 503);
	}
	ck_assert_uint_ge(taken, INSTAGRAM_WANTED_MAX - 2);
	ck_assert_uint_lt(taken, INSTAGRAM_WANTED_MAX + 5);
	mention_is_there();
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(ask("POST", NULL, hook("instagram", "mentions", MENTION), SECRET).status, 200);
}
END_TEST

START_TEST(comments_on_our_media_that_no_webhook_brought_are_found)
{
	open_as("instagram", "token-uji");
	scene_tell(&s, "/_post", "{\"id\": \"18\", \"medium\": true, \"caption\": \"Pengumuman\", "
		   "\"timestamp\": \"2027-01-15T07:00:00+0000\"}");
	scene_tell(&s, "/_comment", "{\"under\": \"18\", \"id\": \"17\", \"text\": \"#lapor air keruh\", "
		   "\"from\": {\"id\": \"8001\"}, \"timestamp\": \"2027-01-15T07:10:00+0000\"}");
	scene_tell(&s, "/_comment", "{\"under\": \"18\", \"id\": \"19\", \"text\": \"Nomor 12\", "
		   "\"from\": {\"id\": \"1001\"}, \"timestamp\": \"2027-01-15T07:20:00+0000\"}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1); /* the other one is ours */
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "c:17");
	ck_assert_str_eq(testctx_emit(s.t, 0)->thread, "18");
}
END_TEST

START_TEST(a_mention_is_answered_where_it_was_said)
{
	open_as("instagram", "token-uji");
	ck_assert_int_eq(reply("m:18:17", "Nomor 12", 0), JEMBATAN_OK);
	ck_assert_str_eq(s.out.remote_id, "c:9000");
	ck_assert_int_eq(reply("m:18:", "Nomor 12", 0), JEMBATAN_OK);
	ck_assert_int_eq(reply("c:17", "Nomor 12", 0), JEMBATAN_OK);
	json_t *root = scene_state(&s);

	ck_assert_str_eq(jx_text(root, "replies.0.under"), "mention");
	ck_assert_str_eq(jx_text(root, "replies.0.form.comment_id"), "17");
	ck_assert_str_eq(jx_text(root, "replies.0.form.media_id"), "18");
	ck_assert_ptr_null(jx_text(root, "replies.1.form.comment_id"));
	ck_assert_str_eq(jx_text(root, "replies.2.under"), "17");
	json_decref(root);
	ck_assert_int_eq(reply("m:18:17", "Nomor 12", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
	ck_assert_int_ne(reply("m:1/8:17", "Nomor 12", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_REFUSED);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("meta");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_handshake_gives_the_word_back_to_whom_knows_ours, 0, COUNT(shakes));
	tcase_add_test(tcase, only_what_is_signed_is_read);
	tcase_add_test(tcase, our_own_words_and_other_pages_are_no_complaints);
	tcase_add_test(tcase, a_walk_finds_posts_and_comments_page_by_page);
	tcase_add_test(tcase, a_walk_brings_what_is_newer_than_the_last_one);
	tcase_add_test(tcase, what_is_older_than_the_start_does_not_come);
	tcase_add_loop_test(tcase, a_walk_that_was_cut_short_begins_anew, 0, 3);
	tcase_add_test(tcase, the_token_goes_to_no_other_host);
	tcase_add_loop_test(tcase, each_form_of_a_limit_is_a_time_to_wait, 0, COUNT(waits));
	tcase_add_loop_test(tcase, each_error_has_its_meaning, 0, COUNT(troubles));
	tcase_add_test(tcase, what_is_left_of_a_limit_is_for_replies);
	tcase_add_test(tcase, a_reply_stands_under_its_comment);
	tcase_add_loop_test(tcase, an_answer_that_is_lost_is_looked_for, 0, 4);
	tcase_add_loop_test(tcase, each_trouble_has_its_outcome, 0, COUNT(outcomes));
	tcase_add_test(tcase, ids_of_a_webhook_are_kept_and_fetched_once);
	tcase_add_test(tcase, a_webhook_that_cannot_be_kept_is_asked_for_again);
	tcase_add_test(tcase, a_mention_waits_until_it_can_be_fetched_and_holds_up_none_when_gone);
	tcase_add_test(tcase, a_full_queue_asks_to_come_again_and_loses_nothing);
	tcase_add_test(tcase, comments_on_our_media_that_no_webhook_brought_are_found);
	tcase_add_test(tcase, a_mention_is_answered_where_it_was_said);
	return unit_run("meta", tcase);
}
