/* test_agency_write.c: what goes back into the app's record, what each answer of
 * the app means, and settings that are wrong. */
#include "agency_bench.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define FIRST "5571685772206594001"

extern const struct jembatan_connector *jembatan_connector_entry(void);

static struct jembatan_delivery out;

static void setup(void)
{
	bench_start(NULL, 2);
	bench_set_url("/aduan/complaints");
	bench_set("fields", "id", "id");
	bench_set("fields", "text", "description");
	bench_set("write", "number", "PATCH complaints/{id}/add-sp4n");
	bench_set("write", "status", "POST complaints/{id}/notes");
	bench_set("write", "status.closed", "PUT complaints/{id}/closed");
	bench_set("write_body", "number", "{sp4n_id: .number}");
	bench_set("write_body", "status", "{state, text, key}");
	bench_set("written_url", NULL, "complaints/{id}");
	bench_set("written", "number", ".record.data.sp4n_id == .reply.number");
}

static void teardown(void)
{
	bench_stop();
}

static enum jembatan_result tell(const char *event, const char *id, unsigned flags,
				 const char *extra)
{
	const struct jembatan_reply reply = { .size = sizeof(reply), .reference = "JB-1-R1",
					      .flags = flags, .event = event, .reply_to = id, .to = id,
					      .to_kind = "record", .text = "Halo \"warga\"",
					      .language = "id", .extra = extra };

	out = (struct jembatan_delivery){ .size = sizeof(out), .outcome = JEMBATAN_UNKNOWN };
	return jembatan_connector_entry()->operations->reply(testctx_context(bench.t), bench.self,
							     &reply, &out);
}

static const char NUMBER[] = "{\"number\":\"7000001\",\"reference\":\"JB-1\"}";

START_TEST(a_number_is_written_once_and_found_again)
{
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(tell("number", FIRST, JEMBATAN_SETTLE, NUMBER), JEMBATAN_OK);
	ck_assert_int_eq(out.outcome, JEMBATAN_NOT_SENT);
	ck_assert_int_eq(tell("number", FIRST, 0, NUMBER), JEMBATAN_OK);
	ck_assert_int_eq(out.outcome, JEMBATAN_SENT);
	ck_assert_int_eq(tell("number", FIRST, JEMBATAN_SETTLE, NUMBER), JEMBATAN_OK);
	ck_assert_int_eq(out.outcome, JEMBATAN_SENT);
	ck_assert_int_eq(bench_requests("write"), 1);
}
END_TEST

static const struct {
	const char *fault; /* or NULL */
	const char *event, *id;
	unsigned flags;
	const char *extra;
	enum jembatan_outcome outcome;
	enum jembatan_result result;
} answers[] = {
	{ "truncate:write", "number", FIRST, 0, NUMBER, JEMBATAN_UNKNOWN, JEMBATAN_RETRY },
	{ "500:write", "number", FIRST, 0, NUMBER, JEMBATAN_UNKNOWN, JEMBATAN_RETRY },
	{ "503=7:write", "number", FIRST, 0, NUMBER, JEMBATAN_LATER, JEMBATAN_RETRY },
	{ "429=7:write", "number", FIRST, 0, NUMBER, JEMBATAN_LATER, JEMBATAN_RETRY },
	{ "401:write", "number", FIRST, 0, NUMBER, JEMBATAN_NOT_SENT, JEMBATAN_AUTH },
	{ "403:write", "number", FIRST, 0, NUMBER, JEMBATAN_NOT_SENT, JEMBATAN_AUTH },
	{ "400:write", "number", FIRST, 0, NUMBER, JEMBATAN_REFUSED, JEMBATAN_DATA },
	{ "422:write", "number", FIRST, 0, NUMBER, JEMBATAN_REFUSED, JEMBATAN_DATA },
	{ NULL, "number", "1", 0, NUMBER, JEMBATAN_REFUSED, JEMBATAN_GONE },
	/* No number: jq makes null of it, and the app does not take that. */
	{ NULL, "number", FIRST, 0, "{}", JEMBATAN_REFUSED, JEMBATAN_DATA },
	{ NULL, "number", NULL, 0, NUMBER, JEMBATAN_REFUSED, JEMBATAN_DATA },
	{ NULL, "status", FIRST, 0, "{\"state\":\"verified\"}", JEMBATAN_SENT, JEMBATAN_OK },
	{ NULL, "received", FIRST, 0, "{}", JEMBATAN_NOT_TOLD, JEMBATAN_OK },
	{ NULL, "question", FIRST, 0, NULL, JEMBATAN_NOT_TOLD, JEMBATAN_OK },
	/* Nothing tells of a note; a PUT may go twice. */
	{ NULL, "status", FIRST, JEMBATAN_SETTLE, "{}", JEMBATAN_UNKNOWN, JEMBATAN_OK },
	{ NULL, "status", FIRST, JEMBATAN_SETTLE, "{\"state\":\"closed\"}", JEMBATAN_NOT_SENT,
	  JEMBATAN_OK },
	{ NULL, "number", "1", JEMBATAN_SETTLE, NUMBER, JEMBATAN_UNKNOWN, JEMBATAN_OK },
	{ "garbage:detail", "number", FIRST, JEMBATAN_SETTLE, NUMBER, JEMBATAN_UNKNOWN, JEMBATAN_RETRY },
};

START_TEST(each_answer_of_the_app_has_its_outcome)
{
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	if (answers[_i].fault)
		bench_fault(answers[_i].fault);
	ck_assert_int_eq(tell(answers[_i].event, answers[_i].id, answers[_i].flags,
			      answers[_i].extra), answers[_i].result);
	ck_assert_int_eq(out.outcome, answers[_i].outcome);
	if (out.outcome == JEMBATAN_LATER)
		ck_assert_int_gt(out.at_ms, jembatan_now_ms(testctx_context(bench.t)) + 5000);
}
END_TEST

START_TEST(an_app_that_nobody_told_how_to_write_to_is_an_alarm)
{
	static const struct testctx_option rows[] = { { "url", NULL, "https://a.contoh.invalid/" },
						      { "fields", "text", "isi" }, { NULL, NULL, NULL } };
	struct testctx *t = testctx_new(rows, jembatan_connector_entry()->options);
	const struct jembatan_operations *ops = jembatan_connector_entry()->operations;
	const struct jembatan_reply reply = { .size = sizeof(reply), .event = "number" };
	void *self = NULL;

	ck_assert_int_eq(ops->open(testctx_context(t), NULL, &self), JEMBATAN_OK);
	ck_assert_int_eq(ops->reply(testctx_context(t), self, &reply, &out), JEMBATAN_CONFIG);
	ck_assert_int_eq(out.outcome, JEMBATAN_NOT_SENT);
	ck_assert(strstr(testctx_explanation(t), "write") != NULL);
	ops->close(testctx_context(t), self);
	testctx_free(t);
}
END_TEST

/* ---- settings ---------------------------------------------------------- */

static const struct {
	struct testctx_option rows[3];
	const char *sentence;
} mistakes[] = {
	{ { { "write", "number", "complaints/{id}" } }, "METHOD address" },
	{ { { "write", "number", "DELETE complaints/{id}" } }, "POST, PUT or PATCH" },
	{ { { "write", "number", "PUT" } }, "relative to url" },
	{ { { "write", "number", "PUT https://lain.invalid/{id}" } }, "relative to url" },
	{ { { "write", "number", "PUT //lain.invalid/{id}" } }, "relative to url" },
	{ { { "write", "number", "PUT x/{id" } }, "never closed" },
	{ { { "write_body", "number", "{}" } }, "no such event" },
	{ { { "write", "number", "PUT x" }, { "write_body", "number", "{a: .id," } }, "write_body" },
	{ { { "write", "number", "PUT x" }, { "written", "number", "true" } }, "written_url" },
	{ { { "written_url", NULL, "http://lain.invalid" } }, "relative to url" },
};

START_TEST(a_mistake_in_the_settings_is_named)
{
	struct testctx_option rows[8] = { { "url", NULL, "https://a.contoh.invalid/" },
					  { "fields", "text", "isi" } };
	struct testctx *t;

	memcpy(rows + 2, mistakes[_i].rows, sizeof(mistakes[_i].rows));
	t = testctx_new(rows, jembatan_connector_entry()->options);
	ck_assert_int_eq(jembatan_connector_entry()->operations->check(testctx_context(t)),
			 JEMBATAN_CONFIG);
	ck_assert_msg(strstr(testctx_explanation(t), mistakes[_i].sentence), "%s",
		      testctx_explanation(t));
	testctx_free(t);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("agency_write"), *settings = tcase_create("settings");
	Suite *suite = suite_create("agency_write");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_number_is_written_once_and_found_again);
	tcase_add_loop_test(t, each_answer_of_the_app_has_its_outcome, 0,
			    (int)(sizeof(answers) / sizeof(answers[0])));
	tcase_add_test(settings, an_app_that_nobody_told_how_to_write_to_is_an_alarm);
	tcase_add_loop_test(settings, a_mistake_in_the_settings_is_named, 0,
			    (int)(sizeof(mistakes) / sizeof(mistakes[0])));
	suite_add_tcase(suite, t);
	suite_add_tcase(suite, settings);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
