/* test_telegram.c: a bot against a Telegram that misbehaves: nothing is forgotten
 * there before it is on disk here, nothing is sent twice, and the token stands in
 * no sentence. */
#include "base/jx.h"
#include "scene.h"
#include "social/telegram_parse.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define TOKEN "5:rahasia-uji"

static struct scene s;

static void open_with(const char *token, const char *hook, const char *cursor)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "telegram" },
		{ "url", NULL, s.peer.url },
		{ "access_token", NULL, token },
		{ "answer_timeout", NULL, "5s" },
		{ "webhook_secret", NULL, "kata-kami" },
		{ hook ? "webhook_url" : NULL, NULL, hook },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, cursor);
}

static void setup(void)
{
	static const char *const arguments[] = { NULL };

	scene_start(&s, TEST_TOP "/tests/fake/telegram.py", arguments);
	open_with(TOKEN, NULL, NULL);
}

/* Whatever has been said, it is not the token. */
static void teardown(void)
{
	ck_assert_ptr_null(strstr(testctx_explanation(s.t), "rahasia"));
	ck_assert_ptr_null(strstr(testctx_log(s.t), "rahasia"));
	scene_stop(&s);
}

static void say(int number, const char *text)
{
	char body[1024];

	snprintf(body, sizeof body,
		 "{\"message\": {\"message_id\": %d, \"date\": 1800000000, \"chat\": {\"id\": 9001, "
		 "\"type\": \"private\"}, \"from\": {\"id\": 9001, \"is_bot\": false, \"first_name\": "
		 "\"Sumbi\"}, \"text\": \"%s\"}}", number, text);
	scene_tell(&s, "/_update", body);
}

static size_t sent_count(void)
{
	json_t *root = scene_state(&s);
	size_t n = json_array_size(json_object_get(root, "sent"));

	json_decref(root);
	return n;
}

/* ---- updates --------------------------------------------------------------- */

START_TEST(updates_are_forgotten_there_only_when_they_are_on_disk_here)
{
	say(1, "lampu padam");
	say(2, "jalan rusak");
	testctx_fail_checkpoint(s.t, 1);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_RETRY);
	ck_assert_int_eq(scene_number(&s, "waiting"), 2);
	open_with(TOKEN, NULL, NULL); /* killed between page and cursor */
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	ck_assert_str_eq(testctx_cursor(s.t), "101");
	ck_assert_uint_eq(testctx_emits_at_checkpoint(s.t), 2);
	ck_assert_int_eq(scene_number(&s, "waiting"), 2);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_int_eq(scene_number(&s, "waiting"), 0);
	ck_assert_int_eq(scene_number(&s, "query.offset"), 102);
}
END_TEST

START_TEST(what_comes_twice_has_the_same_id)
{
	say(1, "lampu padam");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	open_with(TOKEN, NULL, NULL); /* an older cursor, after a backup was put back */
	scene_tell(&s, "/_update", "{\"again\": true}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_str_eq(testctx_emit(s.t, 0)->id, "9001:1");
	ck_assert_str_eq(testctx_emit(s.t, testctx_emit_count(s.t) - 1)->id, "9001:1");
}
END_TEST

START_TEST(disorder_in_a_page_neither_loses_nor_repeats)
{
	static const char *const bodies[] = {
		"{\"update_id\": 102, \"message\": {\"message_id\": 3, \"date\": 1800000000, \"chat\": "
		"{\"id\": 9001, \"type\": \"private\"}, \"from\": {\"id\": 9001}, \"text\": \"tiga\"}}",
		"{\"update_id\": 101, \"message\": {\"message_id\": 2, \"date\": 1800000000, \"chat\": "
		"{\"id\": 9001, \"type\": \"private\"}, \"from\": {\"id\": 9001}, \"text\": \"dua\"}}",
	};

	for (size_t i = 0; i < 2; i++)
		scene_tell(&s, "/_update", bodies[i]);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	ck_assert_str_eq(testctx_cursor(s.t), "102");
	(void)scene_poll(&s);
	ck_assert_uint_eq(testctx_emit_count(s.t), 2);
	ck_assert_int_eq(scene_number(&s, "waiting"), 0);
}
END_TEST

START_TEST(a_record_in_quarantine_does_not_hold_up_the_others)
{
	say(1, "satu");
	say(2, "dua");
	testctx_skip(s.t, "9001:1");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_str_eq(testctx_cursor(s.t), "101");
}
END_TEST

START_TEST(a_trial_takes_nothing_away)
{
	say(1, "satu");
	testctx_context(s.t)->mode = JEMBATAN_MODE_DRY;
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "getUpdates"), 0);
	ck_assert_int_eq(scene_number(&s, "waiting"), 1);
}
END_TEST

static const struct {
	const char *fault;
	enum jembatan_result result;
	int64_t delay_ms;
	const char *word; /* in the sentence */
} failures[] = {
	{ "{\"where\": \"getUpdates\", \"status\": 429, \"body\": {\"ok\": false, \"parameters\": "
	  "{\"retry_after\": 14}}}", JEMBATAN_RETRY, 14000, "slow down" },
	{ "{\"where\": \"getUpdates\", \"status\": 429, \"headers\": {\"Retry-After\": \"9\"}, "
	  "\"body\": {\"ok\": false}}", JEMBATAN_RETRY, 9000, "slow down" },
	{ "{\"where\": \"getUpdates\", \"status\": 409, \"body\": {\"ok\": false, \"description\": "
	  "\"Conflict: terminated by other getUpdates request\"}}", JEMBATAN_RETRY, -1,
	  "another program" },
	{ "{\"where\": \"getUpdates\", \"status\": 409, \"body\": {\"ok\": false, \"description\": "
	  "\"Conflict: can't use getUpdates method while webhook is active\"}}", JEMBATAN_RETRY, -1,
	  "deleteWebhook" },
	{ "{\"where\": \"getUpdates\", \"status\": 401, \"body\": {\"ok\": false}}", JEMBATAN_AUTH, -1,
	  "BotFather" },
	{ "{\"where\": \"getUpdates\", \"status\": 404, \"body\": {\"ok\": false}}", JEMBATAN_AUTH, -1,
	  "BotFather" },
	{ "{\"where\": \"getUpdates\", \"status\": 502, \"body\": \"<html>\"}", JEMBATAN_RETRY, -1,
	  "fails" },
	{ "{\"where\": \"getUpdates\", \"half\": true}", JEMBATAN_RETRY, -1, "" },
	{ "{\"where\": \"getUpdates\", \"cut\": true}", JEMBATAN_RETRY, -1, "" },
	{ "{\"where\": \"getUpdates\", \"status\": 200, \"body\": {\"ok\": true, \"result\": {}}}",
	  JEMBATAN_RETRY, -1, "not a list" },
	{ "{\"where\": \"getUpdates\", \"status\": 200, \"body\": {\"ok\": false}}", JEMBATAN_RETRY, -1,
	  "cannot be read" },
	{ "{\"where\": \"getMe\", \"status\": 500}", JEMBATAN_RETRY, -1, "fails" },
};

START_TEST(a_failure_says_what_to_do_and_loses_nothing)
{
	say(1, "satu");
	scene_tell(&s, "/_fault", failures[_i].fault);
	ck_assert_int_eq(scene_poll(&s), failures[_i].result);
	ck_assert_int_eq(testctx_delay(s.t), failures[_i].delay_ms);
	ck_assert_msg(strstr(testctx_explanation(s.t), failures[_i].word) != NULL, "%s",
		      testctx_explanation(s.t));
	ck_assert_ptr_null(strstr(testctx_explanation(s.t), "rahasia"));
	ck_assert_uint_eq(testctx_checkpoint_count(s.t), 0);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
}
END_TEST

START_TEST(a_revoked_token_is_told_without_showing_it)
{
	open_with("5:rahasia-lama", NULL, NULL);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_AUTH);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "BotFather"));
}
END_TEST

START_TEST(who_begins_a_chat_hears_what_it_is_for)
{
	say(1, "/start");
	say(2, "/lapor pohon tumbang");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_uint_eq(sent_count(), 1);
	ck_assert_int_eq(testctx_emit(s.t, 0)->kind, JEMBATAN_IGNORED);
	ck_assert_str_eq(testctx_emit(s.t, 1)->text, "pohon tumbang");
	ck_assert_uint_eq(testctx_emit(s.t, 1)->flags & JEMBATAN_UNSURE, 0);
}
END_TEST

/* ---- webhooks -------------------------------------------------------------- */

static unsigned call_us(const char *secret, const char *body, struct jembatan_response *out)
{
	const struct jembatan_header headers[] = {
		{ "x-telegram-bot-api-secret-token", secret },
	};
	const struct jembatan_request request = {
		.size = sizeof(request),
		.method = "POST",
		.path = "/",
		.headers = headers,
		.header_count = secret ? 1 : 0,
		.body = { body, strlen(body) },
		.peer = "127.0.0.1",
	};

	*out = (struct jembatan_response){ .size = sizeof(*out) };
	(void)s.ops->request(testctx_context(s.t), s.self, &request, out);
	return out->status;
}

START_TEST(a_webhook_needs_our_word)
{
	static const char update[] =
		"{\"update_id\": 7, \"message\": {\"message_id\": 3, \"date\": 1800000000, \"chat\": "
		"{\"id\": 9001, \"type\": \"private\"}, \"from\": {\"id\": 9001}, \"text\": \"/start\"}}";
	struct jembatan_response out;

	open_with(TOKEN, "https://lapor.example/hook/telegram", NULL);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_IDLE);
	ck_assert_int_eq(scene_asked(&s, "setWebhook"), 1);
	ck_assert_int_eq(scene_asked(&s, "getUpdates"), 0);
	json_t *root = scene_state(&s);
	ck_assert_str_eq(kit_json_string(root, "hook.secret_token"), "kata-kami");
	json_decref(root);
	ck_assert_uint_eq(call_us(NULL, update, &out), 401);
	ck_assert_uint_eq(call_us("kata-lain", update, &out), 401);
	ck_assert_uint_eq(testctx_emit_count(s.t), 0);
	ck_assert_uint_eq(call_us("kata-kami", update, &out), 200);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_ptr_nonnull(strstr(out.body.data, "\"method\":\"sendMessage\""));
	ck_assert_uint_eq(call_us("kata-kami", "{", &out), 200); /* kept; again would help nobody */
	ck_assert_uint_eq(sent_count(), 0);
}
END_TEST

/* ---- replies --------------------------------------------------------------- */

static enum jembatan_result answer(const char *to, const char *text, unsigned flags)
{
	const struct jembatan_reply reply = {
		.size = sizeof(reply), .reference = "JB-7K3M9Q-1", .flags = flags, .event = "number",
		.reply_to = to, .to = "9001", .to_kind = "id", .text = text, .language = "id",
	};

	return scene_reply(&s, &reply);
}

static const struct {
	const char *fault;
	enum jembatan_outcome outcome;
	size_t sent;
} outcomes[] = {
	{ NULL, JEMBATAN_SENT, 1 },
	{ "{\"where\": \"sendMessage\", \"status\": 429, \"body\": {\"ok\": false, \"parameters\": "
	  "{\"retry_after\": 3}}}", JEMBATAN_LATER, 0 },
	{ "{\"where\": \"sendMessage\", \"status\": 403, \"body\": {\"ok\": false, \"description\": "
	  "\"Forbidden: bot was blocked by the user\"}}", JEMBATAN_REFUSED, 0 },
	{ "{\"where\": \"sendMessage\", \"status\": 400, \"body\": {\"ok\": false, \"description\": "
	  "\"Bad Request: chat not found\"}}", JEMBATAN_REFUSED, 0 },
	{ "{\"where\": \"sendMessage\", \"status\": 401, \"body\": {\"ok\": false}}", JEMBATAN_NOT_SENT,
	  0 },
	{ "{\"where\": \"sendMessage\", \"status\": 500, \"commit\": true}", JEMBATAN_UNKNOWN, 1 },
	{ "{\"where\": \"sendMessage\", \"cut\": true, \"commit\": true}", JEMBATAN_UNKNOWN, 1 },
	{ "{\"where\": \"sendMessage\", \"half\": true}", JEMBATAN_UNKNOWN, 1 },
	{ "{\"where\": \"sendMessage\", \"status\": 503}", JEMBATAN_NOT_SENT, 0 },
	{ "{\"where\": \"sendMessage\", \"status\": 400, \"body\": {\"ok\": false, \"parameters\": "
	  "{\"migrate_to_chat_id\": -1009}}}", JEMBATAN_SENT, 1 },
};

START_TEST(each_answer_has_its_outcome)
{
	if (outcomes[_i].fault)
		scene_tell(&s, "/_fault", outcomes[_i].fault);
	(void)answer("9001:7", "Nomor laporan Anda 123", 0);
	ck_assert_int_eq(s.out.outcome, outcomes[_i].outcome);
	ck_assert_uint_eq(sent_count(), outcomes[_i].sent);
	if (s.out.outcome == JEMBATAN_LATER)
		ck_assert_int_eq(s.out.at_ms, SCENE_NOW_MS + 3000);
}
END_TEST

START_TEST(an_answer_goes_under_the_message)
{
	ck_assert_int_eq(answer("9001:7", "Nomor laporan Anda 123", 0), JEMBATAN_OK);
	ck_assert_str_eq(s.out.remote_id, "9001:9001");
	ck_assert_int_eq(scene_number(&s, "sent.0.reply_parameters.message_id"), 7);
	ck_assert_int_eq(scene_number(&s, "sent.0.chat_id"), 9001);
}
END_TEST

START_TEST(a_group_that_moved_is_known_from_then_on)
{
	scene_tell(&s, "/_update", "{\"message\": {\"message_id\": 1, \"date\": 1800000000, \"chat\": "
		   "{\"id\": -77, \"type\": \"group\"}, \"from\": {\"id\": 9001}, "
		   "\"migrate_to_chat_id\": -100123}}");
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_OK);
	ck_assert_int_eq(answer("-77:7", "x", 0), JEMBATAN_OK);
	ck_assert_int_eq(scene_number(&s, "sent.0.chat_id"), -100123);
}
END_TEST

START_TEST(nobody_can_ask_whether_it_went_out)
{
	ck_assert_int_eq(answer("9001:7", "x", JEMBATAN_SETTLE), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_UNKNOWN);
	ck_assert_uint_eq(sent_count(), 0);
}
END_TEST

START_TEST(a_long_text_is_cut_as_telegram_counts)
{
	char text[5000 * 4 + 1] = "";

	for (int i = 0; i < 5000; i++)
		memcpy(text + 4 * i, "\xf0\x9f\x8c\xb3", 5);
	ck_assert_uint_eq(telegram_prefix(text, 4096), 2048u * 4);
	ck_assert_int_eq(answer("9001:7", text, 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
}
END_TEST

static const char *const no_ids[] = { "", "7", "9001:", "9001:x", ":7", "x:7", "9001:-7", NULL };

START_TEST(without_a_message_nothing_is_sent)
{
	(void)answer(no_ids[_i], "x", 0);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_REFUSED);
	ck_assert_uint_eq(sent_count(), 0);
}
END_TEST

/* ---- files ----------------------------------------------------------------- */

static enum jembatan_result fetch(const char *reference)
{
	return s.ops->fetch(testctx_context(s.t), s.self, reference, testctx_spool(s.t));
}

START_TEST(a_file_is_fetched_by_its_id)
{
	scene_tell(&s, "/_file", "{\"path\": \"foto1\", \"text\": \"isi foto\"}");
	ck_assert_int_eq(fetch("foto1"), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_spooled(s.t, "fetch").size, 8);
}
END_TEST

START_TEST(a_file_that_cannot_be_had_is_told_without_the_token)
{
	ck_assert_int_eq(fetch("hilang"), JEMBATAN_DATA);
	scene_tell(&s, "/_file", "{\"path\": \"foto1\", \"text\": \"isi foto\"}");
	scene_tell(&s, "/_fault", "{\"where\": \"file\", \"status\": 404}");
	ck_assert_int_eq(fetch("foto1"), JEMBATAN_GONE);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "/file/bot***/photos/foto1"));
	scene_tell(&s, "/_fault", "{\"where\": \"getFile\", \"status\": 200, \"body\": {\"ok\": true, "
		   "\"result\": {\"file_path\": \"../../getMe\"}}}");
	ck_assert_int_eq(fetch("foto1"), JEMBATAN_DATA);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("telegram");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, updates_are_forgotten_there_only_when_they_are_on_disk_here);
	tcase_add_test(t, what_comes_twice_has_the_same_id);
	tcase_add_test(t, disorder_in_a_page_neither_loses_nor_repeats);
	tcase_add_test(t, a_record_in_quarantine_does_not_hold_up_the_others);
	tcase_add_test(t, a_trial_takes_nothing_away);
	tcase_add_loop_test(t, a_failure_says_what_to_do_and_loses_nothing, 0, COUNT(failures));
	tcase_add_test(t, a_revoked_token_is_told_without_showing_it);
	tcase_add_test(t, who_begins_a_chat_hears_what_it_is_for);
	tcase_add_test(t, a_webhook_needs_our_word);
	tcase_add_loop_test(t, each_answer_has_its_outcome, 0, COUNT(outcomes));
	tcase_add_test(t, an_answer_goes_under_the_message);
	tcase_add_test(t, a_group_that_moved_is_known_from_then_on);
	tcase_add_test(t, nobody_can_ask_whether_it_went_out);
	tcase_add_test(t, a_long_text_is_cut_as_telegram_counts);
	tcase_add_loop_test(t, without_a_message_nothing_is_sent, 0, COUNT(no_ids));
	tcase_add_test(t, a_file_is_fetched_by_its_id);
	tcase_add_test(t, a_file_that_cannot_be_had_is_told_without_the_token);
	return unit_run("telegram", t);
}
