/* test_meta_token.c: what Meta says of our token's end, once a day, and the proof
 * that goes with each call; the fake demands it of all. */
#include "scene.h"
#include "social/meta.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS
#define HOUR_MS INT64_C(3600000)
#define END_S "1801000000"
#define ACCESS_S "1800500000"

static struct scene s;

static void open_with(const char *secret, const char *app_id)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, "facebook" },
		{ "url", NULL, s.peer.url },
		{ "account", NULL, "1001" },
		{ "access_token", NULL, "token-uji" },
		{ "app_secret", NULL, secret },
		{ "verify_token", NULL, "kata-uji" },
		{ "answer_timeout", NULL, "5s" },
		{ app_id ? "app_id" : NULL, NULL, app_id },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, NULL);
}

static void setup(void)
{
	static const char *const arguments[] = { NULL };

	scene_start(&s, TEST_TOP "/tests/fake/meta.py", arguments);
}

static void teardown(void)
{
	scene_stop(&s);
}

static const char *state(const char *key)
{
	static char text[2048];
	struct jembatan_bytes value = { "", 0 };

	if (jembatan_state_get(testctx_context(s.t), key, &value) != JEMBATAN_OK)
		return "";
	snprintf(text, sizeof text, "%.*s", (int)value.size, (const char *)value.data);
	return text;
}

static void tell(const char *ends, const char *access)
{
	char body[256];

	snprintf(body, sizeof body, "{\"path\": \"debug_token\", \"answer\": {\"is_valid\": true, "
		 "\"expires_at\": %s, \"data_access_expires_at\": %s}}", ends, access);
	scene_tell(&s, "/_thing", body);
}

static void poll_at(int64_t ms)
{
	testctx_set_now(s.t, ms);
	for (int i = 0; i < 20 && scene_poll(&s) == JEMBATAN_OK; i++)
		;
}

static const struct {
	const char *ends, *access, *expires, *access_expires, *facts;
} ends[] = {
	{ END_S, ACCESS_S, END_S "000", ACCESS_S "000",
	  "token_ends_ms " END_S "000\naccess_ends_ms " ACCESS_S "000\n" },
	{ ACCESS_S, END_S, ACCESS_S "000", END_S "000", "token_ends_ms " ACCESS_S "000\n" },
	{ "0", ACCESS_S, "", ACCESS_S "000", "access_ends_ms " ACCESS_S "000\ntoken_lasts 1\n" },
	{ "0", "0", "", "", "token_lasts 1\n" },
};

START_TEST(the_ends_of_a_token_are_shown_and_stand_where_alarms_look)
{
	open_with("rahasia-uji", "77");
	tell(ends[_i].ends, ends[_i].access);
	poll_at(NOW_MS);
	ck_assert_str_eq(state("token_expires"), ends[_i].expires);
	ck_assert_str_eq(state("access_expires"), ends[_i].access_expires);
	ck_assert_ptr_nonnull(strstr(state("facts.poll"), ends[_i].facts));
	ck_assert_ptr_null(strstr(state("facts.poll"), "token_unknown"));
	ck_assert_ptr_null(strstr(testctx_log(s.t), "app_id"));
}
END_TEST

START_TEST(it_is_asked_once_a_day_also_over_a_restart)
{
	open_with("rahasia-uji", "77");
	tell(END_S, "0");
	poll_at(NOW_MS);
	poll_at(NOW_MS + HOUR_MS);
	s.ops->close(testctx_context(s.t), s.self);
	ck_assert_int_eq(s.ops->open(testctx_context(s.t), NULL, &s.self), JEMBATAN_OK);
	poll_at(NOW_MS + 23 * HOUR_MS);
	ck_assert_int_eq(scene_asked(&s, "token"), 1);
	ck_assert_ptr_nonnull(strstr(state("facts.poll"), "token_ends_ms " END_S "000\n"));
	tell("1802000000", "0");
	poll_at(NOW_MS + 24 * HOUR_MS);
	ck_assert_int_eq(scene_asked(&s, "token"), 2);
	ck_assert_str_eq(state("token_expires"), "1802000000000");
}
END_TEST

START_TEST(without_app_id_nobody_is_asked_and_nothing_is_known)
{
	open_with("rahasia-uji", NULL);
	tell(END_S, "0");
	poll_at(NOW_MS);
	ck_assert_int_eq(scene_asked(&s, "token"), 0);
	ck_assert_ptr_nonnull(strstr(state("facts.poll"), "token_unknown 1\n"));
	ck_assert_str_eq(state("token_expires"), "");
}
END_TEST

START_TEST(the_end_of_an_earlier_token_is_forgotten)
{
	open_with("rahasia-uji", "77");
	testctx_set_now(s.t, NOW_MS);
	static const char line[] = "0123456789abcdef 1799999000000 1800000001000 0";

	ck_assert_int_eq(jembatan_state_put(testctx_context(s.t), "meta.token",
					    (struct jembatan_bytes){ line, strlen(line) }), JEMBATAN_OK);
	ck_assert_int_eq(jembatan_state_put(testctx_context(s.t), "token_expires",
					    (struct jembatan_bytes){ "1800000001000", 13 }),
			 JEMBATAN_OK);
	poll_at(NOW_MS); /* Meta does not say of this one */
	ck_assert_str_eq(state("token_expires"), "");
	ck_assert_str_eq(state("meta.token"), "");
	ck_assert_int_eq(scene_asked(&s, "token"), 1);
}
END_TEST

static const char *const troubles[] = {
	"\"status\": 500, \"times\": 3",
	"\"status\": 400, \"body\": {\"error\": {\"code\": 190}}",
	"\"status\": 400, \"body\": {\"error\": {\"code\": 100, \"message\": \"the app_id is another\"}}",
	"\"body\": {\"data\": {\"is_valid\": false, \"expires_at\": 1}}",
	"\"body\": {\"data\": 7}",
};

START_TEST(what_cannot_be_asked_holds_nothing_up_and_is_asked_in_an_hour)
{
	char fault[256];

	open_with("rahasia-uji", "77");
	scene_tell(&s, "/_post", "{\"id\": \"1001_1\", \"from\": {\"id\": \"9002\"}, \"message\": "
		   "\"#lapor jalan rusak\", \"created_time\": \"2027-01-15T07:00:00+0000\"}");
	snprintf(fault, sizeof fault, "{\"where\": \"token\", %s}", troubles[_i]);
	scene_tell(&s, "/_fault", fault);
	tell(END_S, "0");
	poll_at(NOW_MS);
	ck_assert_uint_eq(testctx_emit_count(s.t), 1);
	ck_assert_ptr_nonnull(strstr(testctx_log(s.t), "app_id"));
	ck_assert_ptr_null(strstr(testctx_log(s.t), "token-uji"));
	ck_assert_ptr_null(strstr(testctx_log(s.t), "rahasia-uji"));
	ck_assert_str_eq(state("token_expires"), "");
	int64_t before = scene_asked(&s, "token");

	poll_at(NOW_MS + HOUR_MS / 2);
	ck_assert_int_eq(scene_asked(&s, "token"), before);
	for (int i = 0; i < 4; i++)
		poll_at(NOW_MS + (i + 2) * HOUR_MS);
	ck_assert_str_eq(state("token_expires"), END_S "000");
}
END_TEST

START_TEST(a_token_whose_proof_is_refused_stops_the_channel_and_says_why)
{
	open_with("lain", NULL);
	testctx_set_now(s.t, NOW_MS);
	ck_assert_int_eq(scene_poll(&s), JEMBATAN_AUTH);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "app_secret"));
	const struct jembatan_reply r = {
		.size = sizeof(r), .reference = "JB-7K3M9Q-1", .event = "number", .reply_to = "1_11",
		.to = "9001", .to_kind = "id", .text = "Nomor 12", .language = "id",
	};

	ck_assert_int_eq(scene_reply(&s, &r), JEMBATAN_AUTH);
	ck_assert_int_eq(s.out.outcome, JEMBATAN_NOT_SENT);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("meta token");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, the_ends_of_a_token_are_shown_and_stand_where_alarms_look, 0,
			    COUNT(ends));
	tcase_add_test(tcase, it_is_asked_once_a_day_also_over_a_restart);
	tcase_add_test(tcase, without_app_id_nobody_is_asked_and_nothing_is_known);
	tcase_add_test(tcase, the_end_of_an_earlier_token_is_forgotten);
	tcase_add_loop_test(tcase, what_cannot_be_asked_holds_nothing_up_and_is_asked_in_an_hour, 0,
			    COUNT(troubles));
	tcase_add_test(tcase, a_token_whose_proof_is_refused_stops_the_channel_and_says_why);
	return unit_run("meta token", tcase);
}
