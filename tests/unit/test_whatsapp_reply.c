/* test_whatsapp_reply.c: what is sent for a reply, how fast, and what each error
 * of the Graph API means: the table row by row. */
#include "whatsapp/whatsapp_api.h"
#include "whatsapp/whatsapp_parse.h"
#include "whatsapp/whatsapp_reply.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* ---- the table of errors ------------------------------------------------ */

static const struct {
	unsigned status;
	int code, subcode; /* code -1: the body holds no error */
	enum jembatan_outcome by_status, outcome;
	enum jembatan_result result;
	int64_t retry_after_ms, wait_ms;
} errors[] = {
	/* token */
	{ 401, 0, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 401, 190, 463, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 400, 190, 467, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 403, 10, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 403, 200, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 403, 299, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 401, -1, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 403, 368, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 403, 131031, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	{ 400, 131042, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	/* too fast */
	{ 429, 4, 0, JEMBATAN_NOT_SENT, JEMBATAN_LATER, JEMBATAN_RETRY, -1, 60000 },
	{ 429, 130429, 0, JEMBATAN_NOT_SENT, JEMBATAN_LATER, JEMBATAN_RETRY, 300000, 300000 },
	{ 400, 80007, 0, JEMBATAN_REFUSED, JEMBATAN_LATER, JEMBATAN_RETRY, 1000, 60000 },
	{ 429, -1, 0, JEMBATAN_NOT_SENT, JEMBATAN_LATER, JEMBATAN_RETRY, -1, 60000 },
	{ 400, 131056, 0, JEMBATAN_REFUSED, JEMBATAN_LATER, JEMBATAN_RETRY, -1, 6000 },
	{ 429, 131056, 0, JEMBATAN_NOT_SENT, JEMBATAN_LATER, JEMBATAN_RETRY, 9000, 9000 },
	/* this person */
	{ 400, 131047, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_OK, -1, 0 },
	{ 400, 131026, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_GONE, -1, 0 },
	{ 400, 131021, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_GONE, -1, 0 },
	{ 400, 131030, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_GONE, -1, 0 },
	{ 400, 131049, 0, JEMBATAN_REFUSED, JEMBATAN_LATER, JEMBATAN_RETRY, -1, 86400000 },
	{ 400, 130472, 0, JEMBATAN_REFUSED, JEMBATAN_LATER, JEMBATAN_RETRY, -1, 86400000 },
	{ 400, 131048, 0, JEMBATAN_REFUSED, JEMBATAN_LATER, JEMBATAN_RETRY, -1, 86400000 },
	/* templates, requests */
	{ 400, 132000, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_DATA, -1, 0 },
	{ 404, 132001, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_DATA, -1, 0 },
	{ 400, 132005, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_DATA, -1, 0 },
	{ 400, 132015, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_DATA, -1, 0 },
	{ 400, 100, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_DATA, -1, 0 },
	{ 400, 131051, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_DATA, -1, 0 },
	{ 400, 100, 33, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, -1, 0 },
	{ 400, 133010, 0, JEMBATAN_REFUSED, JEMBATAN_NOT_SENT, JEMBATAN_AUTH, -1, 0 },
	/* Meta says that it did nothing */
	{ 500, 1, 0, JEMBATAN_UNKNOWN, JEMBATAN_NOT_SENT, JEMBATAN_RETRY, -1, 0 },
	{ 503, 2, 0, JEMBATAN_NOT_SENT, JEMBATAN_NOT_SENT, JEMBATAN_RETRY, -1, 0 },
	{ 500, 131000, 0, JEMBATAN_UNKNOWN, JEMBATAN_NOT_SENT, JEMBATAN_RETRY, -1, 0 },
	{ 500, 131016, 0, JEMBATAN_UNKNOWN, JEMBATAN_NOT_SENT, JEMBATAN_RETRY, -1, 0 },
	/* it says nothing */
	{ 500, -1, 0, JEMBATAN_UNKNOWN, JEMBATAN_UNKNOWN, JEMBATAN_RETRY, -1, 0 },
	{ 502, 999999, 0, JEMBATAN_UNKNOWN, JEMBATAN_UNKNOWN, JEMBATAN_RETRY, -1, 0 },
	{ 0, -1, 0, JEMBATAN_UNKNOWN, JEMBATAN_UNKNOWN, JEMBATAN_RETRY, -1, 0 },
	{ 0, -1, 0, JEMBATAN_NOT_SENT, JEMBATAN_NOT_SENT, JEMBATAN_RETRY, -1, 0 },
	{ 400, 999999, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_DATA, -1, 0 },
	{ 404, -1, 0, JEMBATAN_REFUSED, JEMBATAN_REFUSED, JEMBATAN_DATA, -1, 0 },
};

START_TEST(an_error_decides_by_its_code)
{
	const struct wa_error error = { .code = errors[_i].code, .subcode = errors[_i].subcode };
	struct wa_verdict v = wa_verdict(errors[_i].status, errors[_i].by_status,
					 errors[_i].code >= 0 ? &error : NULL,
					 errors[_i].retry_after_ms);

	ck_assert_int_eq(v.outcome, errors[_i].outcome);
	ck_assert_int_eq(v.result, errors[_i].result);
	ck_assert_int_eq(v.wait_ms, errors[_i].wait_ms);
	ck_assert(v.what != NULL && v.what[0] != '\0');
}
END_TEST

START_TEST(an_error_is_read_from_the_answer_or_not_at_all)
{
	static const char full[] = "{\"error\":{\"message\":\"x\",\"code\":100,\"error_subcode\":33,"
				   "\"error_data\":{\"details\":\"y\"}}}";
	static const char *const none[] = { "", "<html>", "{}", "{\"error\":\"x\"}",
					    "{\"error\":{\"code\":\"banyak\"}}" };
	struct wa_error error = { 0 };

	ck_assert(wa_error_read((struct jembatan_bytes){ full, sizeof(full) - 1 }, &error));
	ck_assert_int_eq(error.code, 100);
	ck_assert_int_eq(error.subcode, 33);
	ck_assert_str_eq(error.details, "y");
	wa_error_done(&error);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert(!wa_error_read((struct jembatan_bytes){ none[i], strlen(none[i]) },
					 &error));
}
END_TEST

/* ---- requests ------------------------------------------------------------- */

#define HEAD "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","

static const struct {
	struct jembatan_reply reply;
	const char *spec; /* of the template; NULL: free text */
	const char *json; /* NULL: not sent */
} requests[] = {
	{ { .to = "6281200000001", .to_kind = "id", .text = "Laporan Anda JB-7K3M9Q",
	    .reference = "JB-7K3M9Q-1", .reply_to = "wamid.A=" }, NULL,
	  HEAD "\"to\":\"6281200000001\",\"type\":\"text\",\"text\":{\"preview_url\":false,\"body\":"
	  "\"Laporan Anda JB-7K3M9Q\"},\"context\":{\"message_id\":\"wamid.A=\"},"
	  "\"biz_opaque_callback_data\":\"JB-7K3M9Q-1\"}" },
	{ { .to = "+62 812-0000-0001", .to_kind = "phone", .text = "a\nb" }, NULL,
	  HEAD "\"to\":\"6281200000001\",\"type\":\"text\",\"text\":{\"preview_url\":false,\"body\":"
	  "\"a\\nb\"}}" },
	{ { .to = "ID.1349abcDEF", .to_kind = "id", .text = "x" }, NULL,
	  HEAD "\"recipient\":\"ID.1349abcDEF\",\"type\":\"text\",\"text\":{\"preview_url\":false,"
	  "\"body\":\"x\"}}" },
	{ { .to = "6281200000001", .text = "Selesai.\n\nTerima   kasih", .reference = "R-1",
	    .reply_to = "wamid.A=", .extra = "{\"tracking\":1234567,\"name\":\"\"}" },
	  "status_laporan/id reference tracking text name nothing",
	  HEAD "\"to\":\"6281200000001\",\"type\":\"template\",\"template\":{\"name\":"
	  "\"status_laporan\",\"language\":{\"code\":\"id\"},\"components\":[{\"type\":\"body\","
	  "\"parameters\":[{\"type\":\"text\",\"text\":\"R-1\"},{\"type\":\"text\",\"text\":"
	  "\"1234567\"},{\"type\":\"text\",\"text\":\"Selesai. Terima kasih\"},{\"type\":\"text\","
	  "\"text\":\"-\"},{\"type\":\"text\",\"text\":\"-\"}]}]},\"biz_opaque_callback_data\":"
	  "\"R-1\"}" },
	{ { .to = "6281200000001", .extra = "bukan json" }, "salam/en_US",
	  HEAD "\"to\":\"6281200000001\",\"type\":\"template\",\"template\":{\"name\":\"salam\","
	  "\"language\":{\"code\":\"en_US\"}}}" },
	{ { .to = "dayang@contoh.test", .text = "x" }, NULL, NULL },
	{ { .to = "112", .text = "x" }, NULL, NULL },
	{ { .to = "1234567890123456789", .text = "x" }, NULL, NULL },
	{ { .to = "", .text = "x" }, NULL, NULL },
	{ { .text = "x" }, NULL, NULL },
};

START_TEST(a_reply_becomes_this_request)
{
	struct wa_template template;
	const char *spec = requests[_i].spec;

	if (spec != NULL)
		ck_assert_int_eq(wa_template_read(spec, &template, NULL), JEMBATAN_OK);
	char *json = wa_reply_json(&requests[_i].reply, spec != NULL ? &template : NULL);

	ck_assert_pstr_eq(json, requests[_i].json);
	free(json);
}
END_TEST

START_TEST(a_long_parameter_is_cut_on_a_character)
{
	char text[4096] = "", *json;
	struct wa_template template;

	for (int i = 0; i < 1000; i++)
		strcat(text, "\xc3\xa9");
	ck_assert_int_eq(wa_template_read("a/id text", &template, NULL), JEMBATAN_OK);
	json = wa_reply_json(&(struct jembatan_reply){ .to = "6281200000001", .text = text },
			     &template);
	ck_assert_ptr_nonnull(json);
	ck_assert(kit_utf8_is_valid((struct jembatan_bytes){ json, strlen(json) }));
	ck_assert_uint_lt(strlen(json), 1200);
	free(json);
}
END_TEST

static const struct {
	const char *spec;
	bool is_one;
} specs[] = {
	{ "status_laporan/id", true },	  { "a/en_US text reference", true },
	{ "status_laporan", false },	  { "/id", false },
	{ "a/", false },		  { "a/id {{1}}", false },
	{ "a b/id", false },		  { "", false },
	{ "a/abcdefghijklmnopqrst", false },
};

START_TEST(a_template_is_a_name_a_language_and_parameters)
{
	struct wa_template template;
	struct kit_why why = { "" };
	enum jembatan_result result = wa_template_read(specs[_i].spec, &template, &why);

	ck_assert_int_eq(result == JEMBATAN_OK, specs[_i].is_one);
	ck_assert_int_eq(why.text[0] == '\0', specs[_i].is_one);
}
END_TEST

START_TEST(the_window_is_judged_with_a_margin)
{
	struct jembatan_reply reply = { .window_until_ms = 100000 };

	ck_assert(wa_reply_window_is_open(&reply, 90000));
	ck_assert(!wa_reply_window_is_open(&reply, 99000));
	ck_assert(!wa_reply_window_is_open(&reply, 100001));
	reply.window_until_ms = 0;
	ck_assert(wa_reply_window_is_open(&reply, INT64_MAX / 2));
}
END_TEST

/* ---- pace ------------------------------------------------------------------ */

START_TEST(one_person_gets_one_message_in_six_seconds)
{
	struct wa_pace pace;

	wa_pace_init(&pace, 80);
	ck_assert_int_eq(wa_pace_take(&pace, "6281200000001", 10000), 0);
	ck_assert_int_eq(wa_pace_take(&pace, "6281200000002", 10000), 0);
	ck_assert_int_eq(wa_pace_take(&pace, "6281200000001", 12000), 4000);
	ck_assert_int_eq(wa_pace_take(&pace, "6281200000001", 16000), 0);
	ck_assert_int_eq(wa_pace_take(&pace, "6281200000001", 5000), 0); /* set back */
	wa_pace_done(&pace);
}
END_TEST

static const int64_t rates[] = { 1, 20, 80, 1000 };

/* In any second, not only in one of the clock's; and nobody is forgotten. */
START_TEST(one_number_sends_so_many_a_second_and_not_one_more)
{
	struct wa_pace pace;
	int64_t now = 1000900, most = rates[_i];
	char to[32];

	wa_pace_init(&pace, most);
	for (int second = 0; second < 6; second++, now += 1000) {
		for (int i = 0; i < most; i++) {
			snprintf(to, sizeof to, "62812%03d%04d", second, i);
			ck_assert_int_eq(wa_pace_take(&pace, to, now), 0);
		}
		ck_assert_int_eq(wa_pace_take(&pace, "6281200009999", now + 200), 800);
	}
	ck_assert_int_eq(wa_pace_take(&pace, "628120010000", now), 1000);
	ck_assert_int_eq(wa_pace_take(&pace, "628120000000", now), 0);
	wa_pace_done(&pace);
}
END_TEST

/* ---- where the token goes ---------------------------------------------------- */

static const struct {
	const char *url;
	bool may;
} hosts[] = {
	{ "https://lookaside.fbsbx.com/whatsapp_business/?mid=1", true },
	{ "https://scontent.xx.fbcdn.net/v/t45", true },
	{ "https://graph.facebook.com", true },
	{ "https://facebook.com/x", true },
	{ "HTTPS://LOOKASIDE.FBSBX.COM/x", true },
	{ "http://lookaside.fbsbx.com/x", false },
	{ "https://evilfbsbx.com/x", false },
	{ "https://fbsbx.com.evil.test/x", false },
	{ "https://evil.test/?fbsbx.com", false },
	{ "https://evil.test#.fbsbx.com", false },
	{ "https://user@lookaside.fbsbx.com/", false },
	{ "https://lookaside.fbsbx.com@evil.test/", false },
	{ "https://lookaside.fbsbx.com:8443/x", false },
	{ "https://evil.test\\.fbsbx.com/", false },
	{ "https://evil.test%2f.fbsbx.com/", false },
	{ "https://evil.test\xef\xbc\x8f.fbsbx.com/", false }, /* IDNA makes a slash of it */
	{ "https://evil.test\xe3\x80\x82.fbsbx.com/", false },
	{ "https://[::1].fbsbx.com/", false },
	{ "https://.fbsbx.com/", false },
	{ "ftp://lookaside.fbsbx.com/x", false },
	{ "lookaside.fbsbx.com/x", false },
	{ "", false },
	{ "http://127.0.0.1:8080/media/1", true }, /* an operator wrote it */
	{ "http://127.0.0.1:8081/media/1", false },
};

START_TEST(the_token_goes_to_these_hosts_only)
{
	static const char *const allowed[] = { "fbsbx.com", "fbcdn.net", "facebook.com",
					       "http://127.0.0.1:8080" };

	ck_assert_int_eq(wa_api_is_media_host(hosts[_i].url, allowed, 4), hosts[_i].may);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("whatsapp reply");

	tcase_add_loop_test(tcase, an_error_decides_by_its_code, 0, COUNT(errors));
	tcase_add_test(tcase, an_error_is_read_from_the_answer_or_not_at_all);
	tcase_add_loop_test(tcase, a_reply_becomes_this_request, 0, COUNT(requests));
	tcase_add_test(tcase, a_long_parameter_is_cut_on_a_character);
	tcase_add_loop_test(tcase, a_template_is_a_name_a_language_and_parameters, 0, COUNT(specs));
	tcase_add_test(tcase, the_window_is_judged_with_a_margin);
	tcase_add_test(tcase, one_person_gets_one_message_in_six_seconds);
	tcase_add_loop_test(tcase, one_number_sends_so_many_a_second_and_not_one_more, 0,
			    COUNT(rates));
	tcase_add_loop_test(tcase, the_token_goes_to_these_hosts_only, 0, COUNT(hosts));
	return unit_run("whatsapp_reply", tcase);
}
