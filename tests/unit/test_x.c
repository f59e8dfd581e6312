/* test_x.c: mentions, replies and webhooks of X against a fake that misbehaves:
 * each post once, nothing left out, nothing paid or posted twice. */
#include "base/jx.h"
#include "scene.h"
#include "social/x_parse.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct scene s;
static const char *words = "tweet";

static void open_at(const char *cursor)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "x" },
		{ "url", NULL, s.peer.url },
		{ "access_token", NULL, "token-uji" },
		{ "app_secret", NULL, "rahasia" },
		{ "vocabulary", NULL, words },
		{ "answer_timeout", NULL, "5s" },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, cursor);
}

static void open_with_refresh(const char *cursor)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "x" },
		{ "url", NULL, s.peer.url },
		{ "refresh_token", NULL, "tukar-0" },
		{ "client_id", NULL, "aplikasi" },
		{ "answer_timeout", NULL, "5s" },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, cursor);
}

static void start(const char *vocabulary)
{
	const char *const arguments[] = { "--words", vocabulary, "--refresh", "tukar-0", NULL };

	words = vocabulary;
	scene_start(&s, TEST_TOP "/tests/fake/x.py", arguments);
}

static void setup(void)
{
	start("tweet");
	open_at(NULL);
}

static void teardown(void)
{
	scene_stop(&s);
}

static void mention(const char *id, const char *text, const char *more)
{
	char body[2048];

	snprintf(body, sizeof body,
		 "{\"post\": {\"id\": \"%s\", \"text\": \"@lapor_contoh %s\", \"author_id\": \"9\", "
		 "\"created_at\": \"2027-01-15T07:00:00.000Z\", \"lang\": \"in\", "
		 "\"entities\": {\"mentions\": [{\"start\": 0, \"end\": 13, \"id\": \"77\", "
		 "\"username\": \"lapor_contoh\"}]}%s}, \"users\": [{\"id\": \"9\", \"name\": \"Sumbi\", "
		 "\"username\": \"sumbi\"}]}", id, text, more);
	scene_tell(&s, "/_post", body);
}

static void mentions(int first, int count)
{
	char id[32];

	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof id, "18800000000000%05d", first + i);
		mention(id, "#lapor lampu padam", "");
	}
}

/* ---- mentions -------------------------------------------------------------- */

START_TEST(a_walk_goes_to_the_end_and_is_taken_oldest_first)
{
	char id[32];

	mentions(1, 230);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0); /* nothing before the last page */
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 230);
	for (int i = 0; i < 230; i++) {
		snprintf(id, sizeof id, "18800000000000%05d", 1 + i);
		ck_assert_str_eq(testctx_emit(s.t, (size_t)i)->id, id);
	}
	ck_assert_str_eq(testctx_cursor(s.t), "1880000000000000230");
	ck_assert_int_eq(scene_asked(&s, "mentions"), 4); /* 10, then by hundreds */
	testctx_forget(s.t);
	mentions(231, 1);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
}
END_TEST

START_TEST(both_vocabularies_bring_the_same)
{
	teardown();
	start("post");
	open_at(NULL);
	mention("500", "#lapor", ", \"note_tweet\": {\"text\": \"@lapor_contoh #lapor semuanya\"}, "
		"\"edit_history_tweet_ids\": [\"498\", \"500\"]");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "498");
	ck_assert_str_eq(testctx_emit(s.t, 0)->revision, "500");
	ck_assert_str_eq(testctx_emit(s.t, 0)->text, "@lapor_contoh #lapor semuanya");
	ck_assert_str_eq(testctx_emit(s.t, 0)->author.handle, "@sumbi");
}
END_TEST

START_TEST(a_kill_before_the_cursor_walks_again_and_is_not_charged_twice)
{
	mentions(1, 30);
	testctx_fail_checkpoint(s.t, 2); /* the second page's */
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_RETRY);
	ck_assert_ptr_null(testctx_cursor(s.t));
	testctx_forget(s.t);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 30);
	ck_assert_str_eq(testctx_cursor(s.t), "1880000000000000030");
	struct jembatan_context *ctx = testctx_context(s.t);
	struct jembatan_bytes facts;

	ck_assert_int_eq(jembatan_state_get(ctx, "facts.poll", &facts), JEMBATAN_OK);
	char *text = strndup(facts.data, facts.size);

	/* 30 mentions at 0.001, one author and ourselves at 0.010 */
	ck_assert_ptr_nonnull(strstr(text, "cost_micro 50000\n"));
	ck_assert_ptr_nonnull(strstr(text, "network x\n"));
	ck_assert_ptr_nonnull(strstr(text, "newest_ms 1799996400000\n"));
	free(text);
}
END_TEST

START_TEST(disorder_in_a_page_loses_nothing)
{
	mentions(1, 30);
	scene_tell(&s, "/_fault", "{\"where\": \"mentions\", \"disorder\": true, \"times\": 2}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 30);
	ck_assert_str_eq(testctx_cursor(s.t), "1880000000000000030");
}
END_TEST

START_TEST(a_page_that_is_cut_short_is_asked_for_again)
{
	mentions(1, 30);
	scene_tell(&s, "/_fault", "{\"where\": \"mentions\", \"truncate\": true, \"skip\": 1}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 30);
}
END_TEST

START_TEST(a_page_token_that_has_died_begins_the_walk_anew)
{
	mentions(1, 30);
	scene_tell(&s, "/_fault", "{\"where\": \"mentions\", \"status\": 400, \"skip\": 1}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 30);
}
END_TEST

START_TEST(a_token_that_expires_in_the_middle_is_exchanged_and_stored_before_use)
{
	scene_close(&s);
	open_with_refresh(NULL);
	mentions(1, 30);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	scene_tell(&s, "/_expire", "{}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 30);
	ck_assert_int_eq(scene_asked(&s, "token"), 2);
	/* The exchange is lost when it cannot be stored: then nothing is asked with it. */
	scene_tell(&s, "/_expire", "{}");
	int64_t before = scene_asked(&s, "mentions");

	testctx_fail_state(s.t, 2); /* after the budget's own */
	ck_assert_int_ne(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "mentions"), before + 1);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
}
END_TEST

START_TEST(eight_hundred_at_once_are_told)
{
	mentions(1, 820);
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 800);
	ck_assert_ptr_nonnull(strstr(testctx_log(s.t), "older ones may be missing"));
}
END_TEST

static const struct {
	const char *fault;
	int64_t delay_ms;
	enum jembatan_result result;
} refusals[] = {
	{ "{\"where\": \"mentions\", \"status\": 429, \"headers\": {\"x-rate-limit-reset\": "
	  "\"1800000090\", \"Date\": \"\"}}", 90000, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 429, \"headers\": {\"x-rate-limit-reset\": "
	  "\"2027-01-15T08:00:30.5Z\", \"Date\": \"\"}}", 30500, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 429, \"headers\": {\"x-rate-limit-reset\": \"1800000090\", "
	  "\"x-app-limit-24hour-remaining\": \"0\", \"x-app-limit-24hour-reset\": \"1800003600\", "
	  "\"Date\": \"\"}}", 3600000, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 429, \"headers\": {\"Retry-After\": \"40\", \"Date\": "
	  "\"\"}}", 40000, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 429, \"headers\": {\"Retry-After\": \"Fri, 15 Jan 2027 "
	  "08:00:20 GMT\", \"Date\": \"Fri, 15 Jan 2027 08:00:00 GMT\"}}", 20000, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 429}", 900000, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 402}", 3600000, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 503}", -1, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 403}", -1, JEMBATAN_AUTH },
	{ "{\"where\": \"mentions\", \"status\": 422}", -1, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"cut\": true, \"times\": 2}", -1, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"status\": 200, \"body\": {\"errors\": [{\"type\": "
	  "\"https://api.x.com/2/problems/resource-not-found\"}]}}", -1, JEMBATAN_RETRY },
	{ "{\"where\": \"mentions\", \"headers\": {\"x-rate-limit-remaining\": \"0\", "
	  "\"x-rate-limit-reset\": \"1800000090\", \"Date\": \"\"}}", 90000, JEMBATAN_IDLE },
};

START_TEST(each_refusal_waits_as_long_as_it_says)
{
	mentions(1, 1);
	scene_tell(&s, "/_fault", refusals[_i].fault);
	ck_assert_int_eq(scene_poll(&s), refusals[_i].result);
	if (refusals[_i].delay_ms >= 0)
		ck_assert_int_eq(testctx_delay(s.t), refusals[_i].delay_ms);
	if (refusals[_i].result != JEMBATAN_IDLE)
		ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	/* One mention, its author and ourselves: a refusal costs nothing. */
	if (strstr(refusals[_i].fault, "\"status\": 4") != NULL)
		ck_assert_int_eq(scene_fact(&s, "cost_micro"), 21000);
}
END_TEST

START_TEST(what_a_post_refers_to_comes_along_or_is_counted_as_left_out)
{
	scene_tell(&s, "/_post",
		   "{\"post\": {\"id\": \"600\", \"text\": \"@lapor_contoh setuju #lapor\", \"author_id\": "
		   "\"9\", \"referenced_tweets\": [{\"type\": \"replied_to\", \"id\": \"400\"}, {\"type\": "
		   "\"quoted\", \"id\": \"401\"}]}, \"parents\": [{\"id\": \"400\", \"author_id\": \"8\", "
		   "\"text\": \"Jembatan &amp; jalan rusak\"}], \"users\": [{\"id\": \"8\", \"username\": "
		   "\"raka\"}]}");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	const struct jembatan_message *m = testctx_emit(s.t, 0);

	ck_assert_str_eq(m->text, "@lapor_contoh setuju #lapor");
	ck_assert_str_eq(m->full_text,
			 "@lapor_contoh setuju #lapor\n\n> @raka: Jembatan & jalan rusak");
	ck_assert_str_eq(m->reply_to, "400");
	ck_assert_ptr_nonnull(strstr(testctx_log(s.t), "resource-not-found"));
}
END_TEST

START_TEST(polls_stop_when_the_money_is_spent)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "x" }, { "url", NULL, s.peer.url },
		{ "access_token", NULL, "token-uji" }, { "account", NULL, "77" },
		{ "budget_cost", NULL, "0.20" }, { NULL, NULL, NULL },
	};

	scene_close(&s);
	scene_open(&s, rows, NULL);
	mentions(1, 60);
	enum jembatan_result result = scene_walk(&s);

	ck_assert_int_eq(result, JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "budget_cost"));
	ck_assert_int_eq(scene_asked(&s, "me"), 0);
}
END_TEST

/* ---- replies --------------------------------------------------------------- */

static const struct jembatan_reply *answer(const char *to, const char *text, unsigned flags)
{
	static struct jembatan_reply reply;

	reply = (struct jembatan_reply){ .size = sizeof reply, .reference = "JB-1/1", .flags = flags,
					 .reply_to = to, .text = text };
	return &reply;
}

static int posted(const char *parent, const char *text)
{
	json_t *root = scene_state(&s), *one;
	int found = 0;
	size_t i;

	json_array_foreach(jx_at(root, "posted"), i, one)
		found += strcmp(jx_text(one, "parent"), parent) == 0 &&
			 strcmp(jx_text(one, "text"), text) == 0;
	json_decref(root);
	return found;
}

START_TEST(a_reply_goes_under_the_post_without_its_link)
{
	mention("700", "#lapor", "");
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor JB-7K3M9Q, lihat https://lapor.go.id/x atau "
					       "www.lapor.go.id.", 0)), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	ck_assert_int_eq(posted("700", "Nomor JB-7K3M9Q, lihat  atau "), 0);
	ck_assert_int_eq(posted("700", "Nomor JB-7K3M9Q, lihat  atau"), 1);
	ck_assert_str_eq(s.out.remote_id, "9000000000000000000");
}
END_TEST

START_TEST(who_did_not_summon_us_is_not_answered_and_an_edit_is_answered_where_it_is)
{
	mention("700", "#lapor", ", \"display_text_range\": [14, 20]");
	mention("702", "#lapor dua", ", \"edit_history_tweet_ids\": [\"701\", \"702\"]");
	ck_assert_int_eq(scene_walk(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor JB-1", 0)), JEMBATAN_DATA);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_REFUSED);
	ck_assert_int_eq(scene_asked(&s, "post"), 0);
	ck_assert_int_eq(scene_reply(&s, answer("701", "Nomor JB-2", 0)), JEMBATAN_OK);
	ck_assert_int_eq(posted("702", "Nomor JB-2"), 1);
}
END_TEST

START_TEST(in_doubt_the_timeline_tells)
{
	mention("700", "#lapor", "");
	scene_tell(&s, "/_fault", "{\"where\": \"post\", \"status\": 500, \"commit\": true}");
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor <JB-1> & nama", 0)), JEMBATAN_RETRY);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor <JB-1> & nama", JEMBATAN_SETTLE)),
			 JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	ck_assert_str_eq(s.out.remote_id, "9000000000000000000");
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor JB-2", JEMBATAN_SETTLE)), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
	scene_tell(&s, "/_fault", "{\"where\": \"own\", \"status\": 503}");
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor JB-2", JEMBATAN_SETTLE)), JEMBATAN_RETRY);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
}
END_TEST

START_TEST(a_second_sending_is_refused_by_x_and_found)
{
	mention("700", "#lapor", "");
	mention("701", "#lapor", "");
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor JB-1", 0)), JEMBATAN_OK);
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor JB-1", 0)), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	ck_assert_str_eq(s.out.remote_id, "9000000000000000000");
	ck_assert_int_eq(posted("700", "Nomor JB-1"), 1);
	/* The same words under another post: nobody knows. */
	ck_assert_int_eq(scene_reply(&s, answer("701", "Nomor JB-1", 0)), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
}
END_TEST

static const struct {
	const char *fault;
	enum jembatan_outcome outcome;
	enum jembatan_result result;
} outcomes[] = {
	{ "{\"where\": \"post\", \"status\": 429, \"headers\": {\"x-rate-limit-reset\": \"1800000090\", "
	  "\"Date\": \"\"}}", JEMBATAN_LATER, JEMBATAN_RETRY },
	{ "{\"where\": \"post\", \"status\": 402}", JEMBATAN_LATER, JEMBATAN_RETRY },
	{ "{\"where\": \"post\", \"status\": 503}", JEMBATAN_NOT_SENT, JEMBATAN_RETRY },
	{ "{\"where\": \"post\", \"status\": 500}", JEMBATAN_UNKNOWN, JEMBATAN_RETRY },
	{ "{\"where\": \"post\", \"cut\": true}", JEMBATAN_UNKNOWN, JEMBATAN_RETRY },
	{ "{\"where\": \"post\", \"status\": 400}", JEMBATAN_REFUSED, JEMBATAN_DATA },
	{ "{\"where\": \"post\", \"status\": 401}", JEMBATAN_NOT_SENT, JEMBATAN_AUTH },
	{ "{\"where\": \"post\", \"status\": 403}", JEMBATAN_REFUSED, JEMBATAN_DATA },
	{ "{\"where\": \"post\", \"status\": 403, \"body\": {\"type\": "
	  "\"https://api.x.com/2/problems/unsupported-authentication\"}}", JEMBATAN_NOT_SENT,
	  JEMBATAN_AUTH },
	{ "{\"where\": \"post\", \"status\": 201, \"body\": {}}", JEMBATAN_UNKNOWN, JEMBATAN_DATA },
};

START_TEST(each_answer_to_a_reply_has_its_outcome)
{
	mention("700", "#lapor", "");
	scene_tell(&s, "/_fault", outcomes[_i].fault);
	ck_assert_int_eq(scene_reply(&s, answer("700", "Nomor JB-1", 0)), outcomes[_i].result);
	ck_assert_int_eq(s.out.outcome, outcomes[_i].outcome);
	if (_i == 0)
		ck_assert_int_eq(s.out.at_ms, SCENE_NOW_MS + 90000);
}
END_TEST

static const struct {
	const char *text, *sent;
} texts[] = {
	{ "Nomor JB-1. Terima kasih.", "Nomor JB-1. Terima kasih." },
	{ "lapor.go.id Nomor", " Nomor" },
	{ "(www.lapor.go.id) Nomor", " Nomor" },
	{ "Lihat https://x.example/a", "Lihat" },
	{ "Jl.Merdeka No.5 pukul 10.30", "Jl.Merdeka No.5 pukul 10.30" },
	{ "http://x", "" },
};

START_TEST(links_are_left_out_of_a_reply)
{
	struct kit_arena *arena = kit_arena_new();

	ck_assert_str_eq(x_reply_text(texts[_i].text, arena), texts[_i].sent);
	kit_arena_free(arena);
}
END_TEST

START_TEST(a_reply_is_as_long_as_x_takes_it)
{
	struct kit_arena *arena = kit_arena_new();
	char text[400];

	memset(text, 'a', 300);
	memcpy(text + 260, " b ", 3);
	text[300] = '\0';
	ck_assert_uint_eq(strlen(x_reply_text(text, arena)), 262 + 3);
	text[280] = '\0';
	ck_assert_str_eq(x_reply_text(text, arena), text);
	kit_arena_free(arena);
}
END_TEST

/* ---- webhooks -------------------------------------------------------------- */

static struct jembatan_response call(const char *method, const char *query, const char *body,
				     const char *signature)
{
	const struct jembatan_header headers[] = { { "x-twitter-webhooks-signature", signature } };
	const struct jembatan_request request = {
		.size = sizeof request, .method = method, .path = "/", .query = query,
		.headers = headers, .header_count = signature ? 1 : 0,
		.body = { body, body ? strlen(body) : 0 }, .peer = "192.0.2.1",
	};
	struct jembatan_response out = { .size = sizeof out };

	ck_assert_int_eq(s.ops->request(testctx_context(s.t), s.self, &request, &out), JEMBATAN_OK);
	return out;
}

START_TEST(the_challenge_is_answered_with_its_digest)
{
	struct jembatan_response out = call("GET", "crc_token=test&nonce=x", NULL, NULL);
	static const char expected[] =
		"{\"response_token\":\"sha256=R5Y34KTqCeev55GHDnhvwcM3Sr4A8LeSgcxImiZU3zs=\"}";

	ck_assert_uint_eq(out.status, 200);
	ck_assert_uint_eq(out.body.size, strlen(expected));
	ck_assert_mem_eq(out.body.data, expected, strlen(expected));
	ck_assert_uint_eq(call("GET", "nonce=x", NULL, NULL).status, 403);
	ck_assert_uint_eq(call("PUT", NULL, NULL, NULL).status, 405);
}
END_TEST

static const char event[] =
	"{\"data\":{\"event_uuid\":\"1\",\"filter\":{\"user_id\":\"77\"},\"event_type\":"
	"\"post.mention.create\",\"payload\":{\"id\":\"800\",\"author_id\":\"9\",\"text\":"
	"\"@lapor_contoh #lapor jalan\",\"created_at\":\"2027-01-15T07:59:00.000Z\"},\"includes\":"
	"{\"users\":[{\"id\":\"9\",\"name\":\"Sumbi\",\"username\":\"sumbi\"}]}}}";

START_TEST(an_event_is_taken_only_when_it_is_signed)
{
	static const char good[] = "sha256=zqBK8pKPdez5LVtxuP0aeEOOtCLwTf/YI8BfYEKvTRI=";

	ck_assert_uint_eq(call("POST", NULL, event, NULL).status, 401);
	ck_assert_uint_eq(call("POST", NULL, event, "sha256=AAAA").status, 401);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	ck_assert_uint_eq(call("POST", NULL, event, good).status, 200);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "800");
	ck_assert_str_eq(testctx_emit(s.t, 0)->revision, "800");
	ck_assert_str_eq(testctx_emit(s.t, 0)->author.name, "Sumbi");
}
END_TEST

START_TEST(without_a_secret_there_is_no_webhook)
{
	scene_close(&s);
	open_with_refresh(NULL);
	ck_assert_uint_eq(call("GET", "crc_token=test", NULL, NULL).status, 404);
	ck_assert_uint_eq(call("POST", NULL, event, "sha256=").status, 404);
}
END_TEST

/* ---- options --------------------------------------------------------------- */

static const struct {
	const char *name, *value, *other, *other_value;
	enum jembatan_result result;
} options[] = {
	{ "access_token", "x", "account", "77", JEMBATAN_OK },
	{ "refresh_token", "x", "client_id", "a", JEMBATAN_OK },
	{ "refresh_token", "x", "account", "77", JEMBATAN_CONFIG },
	{ "account", "77", "client_id", "a", JEMBATAN_OK }, /* a consent may come */
	{ "account", "77", "client_secret", "a", JEMBATAN_CONFIG },
	{ "access_token", "x", "account", "lapor_contoh", JEMBATAN_CONFIG },
	{ "access_token", "x", "budget_cost", "Rp25", JEMBATAN_CONFIG },
};

START_TEST(check_says_what_is_missing)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "x" }, { options[_i].name, NULL, options[_i].value },
		{ options[_i].other, NULL, options[_i].other_value }, { NULL, NULL, NULL },
	};
	const struct jembatan_connector *connector = jembatan_connector_entry();
	struct testctx *t = testctx_new(rows, connector->options);

	ck_assert_int_eq(connector->operations->check(testctx_context(t)), options[_i].result);
	testctx_free(t);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("x");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_walk_goes_to_the_end_and_is_taken_oldest_first);
	tcase_add_test(tc, both_vocabularies_bring_the_same);
	tcase_add_test(tc, a_kill_before_the_cursor_walks_again_and_is_not_charged_twice);
	tcase_add_test(tc, disorder_in_a_page_loses_nothing);
	tcase_add_test(tc, a_page_that_is_cut_short_is_asked_for_again);
	tcase_add_test(tc, a_page_token_that_has_died_begins_the_walk_anew);
	tcase_add_test(tc, a_token_that_expires_in_the_middle_is_exchanged_and_stored_before_use);
	tcase_add_test(tc, eight_hundred_at_once_are_told);
	tcase_add_loop_test(tc, each_refusal_waits_as_long_as_it_says, 0, COUNT(refusals));
	tcase_add_test(tc, what_a_post_refers_to_comes_along_or_is_counted_as_left_out);
	tcase_add_test(tc, polls_stop_when_the_money_is_spent);
	tcase_add_test(tc, a_reply_goes_under_the_post_without_its_link);
	tcase_add_test(tc, who_did_not_summon_us_is_not_answered_and_an_edit_is_answered_where_it_is);
	tcase_add_test(tc, in_doubt_the_timeline_tells);
	tcase_add_test(tc, a_second_sending_is_refused_by_x_and_found);
	tcase_add_loop_test(tc, each_answer_to_a_reply_has_its_outcome, 0, COUNT(outcomes));
	tcase_add_loop_test(tc, links_are_left_out_of_a_reply, 0, COUNT(texts));
	tcase_add_test(tc, a_reply_is_as_long_as_x_takes_it);
	tcase_add_test(tc, the_challenge_is_answered_with_its_digest);
	tcase_add_test(tc, an_event_is_taken_only_when_it_is_signed);
	tcase_add_test(tc, without_a_secret_there_is_no_webhook);
	tcase_add_loop_test(tc, check_says_what_is_missing, 0, COUNT(options));
	return unit_run("x", tc);
}
