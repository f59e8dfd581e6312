/* test_whatsapp_api.c: replies and files against a fake of the Graph API: what
 * goes out, once, and what is said when the other side misbehaves. */
#include "base/jx.h"
#include "scene.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS
#define SHA_OF_11 "GFte1JRdn6cApR5dhZUdSvRkAf7fQfagFvt30Vru46I="

static struct scene s;
static const char *app_secret = "x";

static void open_with(const char *token, const char *media_host)
{
	const struct testctx_option rows[] = {
		{ "phone_number_id", NULL, "108200000000001" },
		{ "app_secret", NULL, app_secret },
		{ "verify_token", NULL, "x" },
		{ "access_token", NULL, token },
		{ "graph_url", NULL, s.peer.url },
		{ "media_hosts", NULL, media_host },
		{ "templates", "number", "nomor_laporan/id reference" },
		{ "templates", "status", "status_laporan/id text" },
		{ "answer_timeout", NULL, "1s" },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, NULL);
}

static void setup(void)
{
	static const char *const arguments[] = { "--quiet", "--hang-ms", "3000", "--secret", "x", NULL };

	scene_start(&s, "./jembatan-fakecloud", arguments);
	open_with("token-uji", s.peer.url);
}

static void teardown(void)
{
	scene_stop(&s);
}

static void fault(const char *spec)
{
	char body[256];

	snprintf(body, sizeof body, "{\"spec\": \"%s\"}", spec);
	scene_tell(&s, "/_fault", body);
}

static void error(const char *where, unsigned status, int code, int subcode, const char *more)
{
	char body[256];

	snprintf(body, sizeof body, "{\"where\": \"%s\", \"status\": %u, \"code\": %d, \"subcode\": "
		 "%d%s}", where, status, code, subcode, more);
	scene_tell(&s, "/_error", body);
}

static size_t sent_count(void)
{
	json_t *root = scene_state(&s);
	size_t n = json_array_size(json_object_get(root, "sent"));

	json_decref(root);
	return n;
}

static long long asked(const char *operation)
{
	json_t *root = scene_state(&s);
	long long n = json_integer_value(json_object_get(json_object_get(root, "asked"), operation));

	json_decref(root);
	return n;
}

static enum jembatan_result send_to(const char *to, const char *event, int64_t window_until_ms)
{
	const struct jembatan_reply reply = {
		.size = sizeof(reply), .reference = "JB-7K3M9Q-1", .event = event, .to = to,
		.to_kind = "id", .reply_to = "wamid.A=", .text = "Laporan Anda diterima.",
		.window_until_ms = window_until_ms,
	};

	return scene_reply(&s, &reply);
}

/* ---- replies ---------------------------------------------------------------- */

START_TEST(a_reply_goes_out_with_our_reference)
{
	ck_assert_int_eq(send_to("6281200000001", "number", NOW_MS + 3600000), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	ck_assert_str_eq(s.out.remote_id, "wamid.TIRUAN000001=");
	json_t *root = scene_state(&s);
	json_t *message = jx_at(root, "sent.0.message");

	ck_assert_str_eq(jx_text(message, "to"), "6281200000001");
	ck_assert_str_eq(jx_text(message, "text.body"), "Laporan Anda diterima.");
	ck_assert_str_eq(jx_text(message, "biz_opaque_callback_data"), "JB-7K3M9Q-1");
	ck_assert_str_eq(jx_text(message, "context.message_id"), "wamid.A=");
	json_decref(root);
}
END_TEST

START_TEST(after_the_window_it_goes_as_a_template)
{
	ck_assert_int_eq(send_to("ID.1349abc", "status", NOW_MS - 1), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	json_t *root = scene_state(&s);

	ck_assert_str_eq(jx_text(root, "sent.0.message.template.name"), "status_laporan");
	ck_assert_str_eq(jx_text(root, "sent.0.message.recipient"), "ID.1349abc");
	json_decref(root);
}
END_TEST

START_TEST(a_window_that_meta_sees_closed_is_answered_by_the_template_at_once)
{
	error("send", 400, 131047, 0, "");
	ck_assert_int_eq(send_to("6281200000001", "number", NOW_MS + 3600000), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
	json_t *root = scene_state(&s);

	ck_assert_uint_eq(json_array_size(json_object_get(root, "sent")), 1);
	ck_assert_str_eq(jx_text(root, "sent.0.message.type"), "template");
	json_decref(root);
}
END_TEST

START_TEST(a_window_that_meta_sees_closed_without_a_template_is_refused)
{
	error("send", 400, 131047, 0, "");
	ck_assert_int_eq(send_to("6281200000001", "question", NOW_MS + 3600000), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_REFUSED);
	ck_assert_uint_eq(sent_count(), 0);
}
END_TEST

START_TEST(a_second_reply_to_the_same_person_waits)
{
	ck_assert_int_eq(send_to("6281200000001", "number", 0), JEMBATAN_OK);
	testctx_set_now(s.t, NOW_MS + 2000);
	ck_assert_int_eq(send_to("6281200000001", "status", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_LATER);
	ck_assert_int_eq(s.out.at_ms, NOW_MS + 6000);
	ck_assert_uint_eq(sent_count(), 1);
}
END_TEST

static const struct {
	unsigned status;
	int code, subcode;
	const char *more;
	enum jembatan_outcome outcome;
	enum jembatan_result result;
	int64_t wait_ms;
} answers[] = {
	{ 401, 190, 463, "", JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0 },
	{ 429, 130429, 0, "", JEMBATAN_LATER, JEMBATAN_RETRY, 60000 },
	{ 400, 131056, 0, "", JEMBATAN_LATER, JEMBATAN_RETRY, 6000 },
	{ 400, 131026, 0, "", JEMBATAN_REFUSED, JEMBATAN_GONE, 0 },
	{ 404, 132001, 0, "", JEMBATAN_REFUSED, JEMBATAN_DATA, 0 },
	{ 500, 131000, 0, "", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ 500, 999999, 0, ", \"commit\": true", JEMBATAN_UNKNOWN, JEMBATAN_RETRY, 0 },
};

START_TEST(an_error_is_told_as_the_table_says_with_its_code)
{
	char code[32];

	error("send", answers[_i].status, answers[_i].code, answers[_i].subcode, answers[_i].more);
	ck_assert_int_eq(send_to("6281200000001", "number", 0), answers[_i].result);
	ck_assert_int_eq(s.out.outcome, answers[_i].outcome);
	ck_assert_int_eq(s.out.at_ms, answers[_i].wait_ms ? NOW_MS + answers[_i].wait_ms : 0);
	snprintf(code, sizeof code, "%d", answers[_i].code);
	ck_assert(strstr(testctx_explanation(s.t), code) != NULL);
	ck_assert_int_eq(asked("send"), 1);
}
END_TEST

/* What is refused to the number is refused to everybody: none of those who wait is
 * tried before. */
START_TEST(a_number_that_sends_too_much_is_silent_for_everybody)
{
	error("send", 429, 130429, 0, "");
	ck_assert_int_eq(send_to("6281200000001", "number", 0), JEMBATAN_RETRY);
	testctx_set_now(s.t, NOW_MS + 7000);
	ck_assert_int_eq(send_to("6281200000002", "number", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_LATER);
	ck_assert_int_eq(s.out.at_ms, NOW_MS + 60000);
	ck_assert_int_eq(asked("send"), 1);
	testctx_set_now(s.t, NOW_MS + 60000);
	ck_assert_int_eq(send_to("6281200000002", "number", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
}
END_TEST

START_TEST(what_is_refused_to_one_person_holds_nobody_else_up)
{
	error("send", 400, 131056, 0, "");
	ck_assert_int_eq(send_to("6281200000001", "number", 0), JEMBATAN_RETRY);
	ck_assert_int_eq(send_to("6281200000002", "number", 0), JEMBATAN_OK);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_SENT);
}
END_TEST

/* The citizen may hear of it on another channel; the operator has to hear of it too. */
START_TEST(a_template_that_meta_refuses_is_named_in_the_log)
{
	error("send", 404, 132001, 0, "");
	ck_assert_int_eq(send_to("6281200000001", "status", NOW_MS - 1), JEMBATAN_DATA);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_REFUSED);
	ck_assert(strstr(testctx_log(s.t), "status_laporan/id") != NULL);
	ck_assert(strstr(testctx_log(s.t), "132001") != NULL);
}
END_TEST

static const struct {
	const char *fault;
	enum jembatan_outcome outcome;
	size_t sent; /* what the other side took */
} troubles[] = {
	{ "close:send", JEMBATAN_UNKNOWN, 0 },
	{ "commit-close:send", JEMBATAN_UNKNOWN, 1 },
	{ "commit-500:send", JEMBATAN_UNKNOWN, 1 },
	{ "commit-hang:send", JEMBATAN_UNKNOWN, 1 },
	{ "hang:send", JEMBATAN_UNKNOWN, 0 },
	{ "truncate:send", JEMBATAN_UNKNOWN, 1 },
	{ "garbage:send", JEMBATAN_UNKNOWN, 1 },
	{ "500:send", JEMBATAN_UNKNOWN, 0 },
	{ "502:send", JEMBATAN_UNKNOWN, 0 },
	{ "503=7:send", JEMBATAN_NOT_SENT, 0 },
	{ "429=90:send", JEMBATAN_LATER, 0 },
	{ "400:send", JEMBATAN_REFUSED, 0 },
	{ "401:send", JEMBATAN_NOT_SENT, 0 },
	{ "redirect:send", JEMBATAN_UNKNOWN, 0 },
};

START_TEST(what_may_have_gone_out_is_unknown_and_asked_for_once)
{
	fault(troubles[_i].fault);
	enum jembatan_result result = send_to("6281200000001", "number", 0);

	ck_assert_msg(s.out.outcome == troubles[_i].outcome, "%s: %d", troubles[_i].fault,
		      s.out.outcome);
	ck_assert_int_ne(result, JEMBATAN_OK);
	ck_assert_uint_eq(sent_count(), troubles[_i].sent);
	ck_assert_int_eq(asked("send"), 1);
	ck_assert(testctx_explanation(s.t)[0] != '\0');
	ck_assert(strstr(testctx_explanation(s.t), "62812") == NULL);
}
END_TEST

START_TEST(nobody_there_means_not_sent)
{
	drive_stop(&s.peer, SIGKILL);
	ck_assert_int_eq(send_to("6281200000001", "number", 0), JEMBATAN_RETRY);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
	static const char *const arguments[] = { "--quiet", NULL };
	drive_start(&s.peer, "./jembatan-fakecloud", arguments);
}
END_TEST

START_TEST(a_wrong_token_stops_the_channel_and_is_not_shown)
{
	open_with("token-rahasia-lain", s.peer.url);
	ck_assert_int_eq(send_to("6281200000001", "number", 0), JEMBATAN_AUTH);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
	ck_assert(strstr(testctx_explanation(s.t), "rahasia") == NULL);
	ck_assert(strstr(testctx_log(s.t), "rahasia") == NULL);
}
END_TEST

/* ---- files -------------------------------------------------------------------- */

static enum jembatan_result fetch(const char *reference)
{
	return s.ops->fetch(testctx_context(s.t), s.self, reference, testctx_spool(s.t));
}

START_TEST(another_apps_secret_stops_the_channel_and_refuses_nothing)
{
	app_secret = "lain";
	open_with("token-uji", s.peer.url);
	app_secret = "x";
	ck_assert_int_eq(send_to("6281200000001", "number", 0), JEMBATAN_AUTH);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "app_secret"));
	ck_assert_int_eq(fetch("11 "), JEMBATAN_AUTH);
	ck_assert_uint_eq(sent_count(), 0);
}
END_TEST

START_TEST(a_file_comes_by_its_id_and_fits_its_digest)
{
	ck_assert_int_eq(fetch("11 " SHA_OF_11), JEMBATAN_OK);
	struct jembatan_bytes got = testctx_spooled(s.t, "fetch");

	ck_assert_uint_eq(got.size, 10);
	ck_assert_mem_eq(got.data, "berkas 11\n", 10);
}
END_TEST

START_TEST(without_a_digest_in_the_webhook_that_of_the_answer_counts)
{
	ck_assert_int_eq(fetch("12 "), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_spooled(s.t, "fetch").size, 10);
}
END_TEST

static const struct {
	const char *reference, *fault;
	enum jembatan_result result;
	const char *said;
} files[] = {
	{ "12 " SHA_OF_11, NULL, JEMBATAN_RETRY, "damaged" },
	{ "1404 ", NULL, JEMBATAN_GONE, "100" },
	{ "../../me ", NULL, JEMBATAN_DATA, "no id" },
	{ "11 ", "404:file", JEMBATAN_RETRY, "expired" },
	{ "11 ", "401:file", JEMBATAN_RETRY, "expired" },
	{ "11 ", "truncate:file", JEMBATAN_RETRY, "" },
	{ "11 ", "garbage:file", JEMBATAN_RETRY, "damaged" },
	{ "11 ", "garbage:media", JEMBATAN_RETRY, "JSON" },
	{ "11 ", "500:media", JEMBATAN_RETRY, "" },
	{ "11 ", "close:file", JEMBATAN_RETRY, "" },
	{ "11 ", "huge=30:file", JEMBATAN_DATA, "media_max" },
	{ "11 ", "hang:file", JEMBATAN_RETRY, "" },
};

START_TEST(a_file_that_does_not_come_as_it_should_is_told_so)
{
	if (files[_i].fault)
		fault(files[_i].fault);
	ck_assert_int_eq(fetch(files[_i].reference), files[_i].result);
	ck_assert_msg(strstr(testctx_explanation(s.t), files[_i].said) != NULL, "%s",
		      testctx_explanation(s.t));
	ck_assert_uint_eq(testctx_spooled(s.t, "fetch").size, 0);
}
END_TEST

START_TEST(a_file_elsewhere_is_not_fetched_with_the_token)
{
	open_with("token-uji", "fbsbx.com");
	ck_assert_int_eq(fetch("11 "), JEMBATAN_DATA);
	ck_assert_int_eq(asked("file"), 0);
	ck_assert(strstr(testctx_explanation(s.t), "media_hosts") != NULL);
}
END_TEST

START_TEST(a_redirect_of_a_file_is_not_followed)
{
	fault("redirect:file");
	ck_assert_int_ne(fetch("11 "), JEMBATAN_OK);
	ck_assert_int_eq(asked("file"), 1);
}
END_TEST

START_TEST(an_error_about_a_file_is_read_by_its_code)
{
	error("media", 401, 190, 463, "");
	ck_assert_int_eq(fetch("11 "), JEMBATAN_AUTH);
	error("media", 400, 131000, 0, "");
	ck_assert_int_eq(fetch("11 "), JEMBATAN_RETRY);
	error("media", 429, 130429, 0, "");
	ck_assert_int_eq(fetch("11 "), JEMBATAN_RETRY);
	ck_assert_int_eq(fetch("11 "), JEMBATAN_OK);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("whatsapp api");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_reply_goes_out_with_our_reference);
	tcase_add_test(tcase, after_the_window_it_goes_as_a_template);
	tcase_add_test(tcase, a_window_that_meta_sees_closed_is_answered_by_the_template_at_once);
	tcase_add_test(tcase, a_window_that_meta_sees_closed_without_a_template_is_refused);
	tcase_add_test(tcase, a_second_reply_to_the_same_person_waits);
	tcase_add_loop_test(tcase, an_error_is_told_as_the_table_says_with_its_code, 0,
			    COUNT(answers));
	tcase_add_test(tcase, a_number_that_sends_too_much_is_silent_for_everybody);
	tcase_add_test(tcase, what_is_refused_to_one_person_holds_nobody_else_up);
	tcase_add_test(tcase, a_template_that_meta_refuses_is_named_in_the_log);
	tcase_add_loop_test(tcase, what_may_have_gone_out_is_unknown_and_asked_for_once, 0,
			    COUNT(troubles));
	tcase_add_test(tcase, another_apps_secret_stops_the_channel_and_refuses_nothing);
	tcase_add_test(tcase, nobody_there_means_not_sent);
	tcase_add_test(tcase, a_wrong_token_stops_the_channel_and_is_not_shown);
	tcase_add_test(tcase, a_file_comes_by_its_id_and_fits_its_digest);
	tcase_add_test(tcase, without_a_digest_in_the_webhook_that_of_the_answer_counts);
	tcase_add_loop_test(tcase, a_file_that_does_not_come_as_it_should_is_told_so, 0,
			    COUNT(files));
	tcase_add_test(tcase, a_file_elsewhere_is_not_fetched_with_the_token);
	tcase_add_test(tcase, a_redirect_of_a_file_is_not_followed);
	tcase_add_test(tcase, an_error_about_a_file_is_read_by_its_code);
	return unit_run("whatsapp_api", tcase);
}
