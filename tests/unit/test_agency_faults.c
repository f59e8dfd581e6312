/* test_agency_faults.c: an app that misbehaves, credentials, details of records,
 * attachments, and settings that are wrong. */
#include "agency_bench.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define RECORDS 23

extern const struct jembatan_connector *jembatan_connector_entry(void);

static void teardown(void)
{
	bench_stop();
}

static void start_with(const char *const *arguments, const char *paging,
		       const char *path)
{
	bench_start(arguments, RECORDS);
	bench_set("paging", NULL, paging);
	bench_set_url(path);
	bench_set("page_size_parameter", NULL,
		  strcmp(paging, "page") == 0 ? "per_page" : "limit");
	bench_set("page_size", NULL, "5");
	bench_set("items", NULL, "items");
}

/* ---- faults ------------------------------------------------------------ */

static const struct {
	const char *fault;
	enum jembatan_result result;
	const char *explanation;
} faults[] = {
	{ "truncate:page@nth=2", JEMBATAN_RETRY, "" },
	{ "garbage:page@nth=2", JEMBATAN_RETRY, "JSON" },
	{ "500:page@nth=2", JEMBATAN_RETRY, "500" },
	{ "503:page@nth=2", JEMBATAN_RETRY, "503" },
	{ "429=7:page@nth=2", JEMBATAN_RETRY, "429" },
	{ "403:page@nth=2", JEMBATAN_AUTH, "403" },
	{ "422:page@nth=2", JEMBATAN_CONFIG, "too large or refused" },
	{ "400:page@nth=2", JEMBATAN_RETRY, "go on with the list" },
};

START_TEST(a_page_that_fails_is_told_and_comes_again)
{
	start_with(NULL, "page", "/generic/page");
	bench_fault(faults[_i].fault);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), faults[_i].result);
	ck_assert_uint_eq(bench.kept_count, 5);
	ck_assert_msg(strstr(testctx_explanation(bench.t), faults[_i].explanation),
		      "%s", testctx_explanation(bench.t));
	if (strncmp(faults[_i].fault, "429", 3) == 0)
		ck_assert_int_eq(testctx_delay(bench.t), 7000);
	bench_no_fault();
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
	ck_assert_uint_eq(bench.kept_count, RECORDS);
}
END_TEST

START_TEST(a_next_page_in_a_circle_or_elsewhere_is_refused)
{
	static const char *const specs[] = { "next-loop@nth=2", "next-away@nth=2" };
	static const char *const words[] = { "circle", "elsewhere" };
	static const char *const away[] = { "--elsewhere", "http://127.0.0.2:9", NULL };

	start_with(away, "next", "/generic/next");
	bench_set("next_path", NULL, "next");
	bench_fault(specs[_i]);
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_RETRY);
	ck_assert_msg(strstr(testctx_explanation(bench.t), words[_i]), "%s",
		      testctx_explanation(bench.t));
	/* Nothing behind has been read: since may not move. */
	ck_assert_ptr_null(strstr(bench.cursor, "since"));
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
}
END_TEST

START_TEST(an_app_without_the_page_parameter_is_not_read_in_circles)
{
	start_with(NULL, "page", "/generic/page");
	bench_set("page_parameter", NULL, "halaman");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_RETRY);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(bench.t), "halaman"));
	ck_assert_int_le(bench_requests("page"), 3);
}
END_TEST

START_TEST(a_list_that_does_not_exist_is_config)
{
	start_with(NULL, "page", "/generic/salah");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(bench.t), "/generic/salah"));
}
END_TEST

START_TEST(a_record_in_quarantine_does_not_stop_the_others)
{
	start_with(NULL, "page", "/generic/page");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	testctx_skip(bench.t, "5571685772206594003");
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench.kept_count, RECORDS - 1);
	ck_assert_uint_eq(bench_count(3), 0);
}
END_TEST

/* ---- credentials ------------------------------------------------------- */

static void start_oauth2(const char *secret)
{
	static const char *const arguments[] = {
		"--client-id", "jembatan", "--client-secret", "rahasia",
		"--require", "Api-Key: kunci", NULL
	};
	char url[128];

	start_with(arguments, "page", "/generic/page");
	(void)snprintf(url, sizeof(url), "%s/oauth/token", bench.app.url);
	bench_set("auth", NULL, "oauth2");
	bench_set("token_url", NULL, url);
	bench_set("client_id", NULL, "jembatan");
	bench_set("client_secret", NULL, secret);
	bench_set("secret_headers", "Api-Key", "kunci");
}

START_TEST(a_token_that_expires_between_pages_is_renewed)
{
	start_oauth2("rahasia");
	bench_fault("expired-token:page@nth=3");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(RECORDS));
	ck_assert_int_eq(bench_requests("token"), 2);
}
END_TEST

START_TEST(a_wrong_secret_is_auth_and_is_not_shown)
{
	start_oauth2("keliru-sekali");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_AUTH);
	ck_assert_ptr_null(strstr(testctx_explanation(bench.t), "keliru-sekali"));
	ck_assert_ptr_null(strstr(testctx_log(bench.t), "keliru-sekali"));
}
END_TEST

/* ---- details ----------------------------------------------------------- */

static void start_details(void)
{
	bench_start(NULL, 4);
	bench_set("paging", NULL, "page");
	bench_set_url("/aduan/complaints");
	bench_set("page_size_parameter", NULL, "limit");
	bench_set("items", NULL, "data.data");
	bench_set("details", "lengkap", "complaints/{id}");
	bench_set("fields", "subject", "lengkap.data.title");
}

START_TEST(a_detail_joins_its_record)
{
	start_details();
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(4));
	ck_assert_ptr_nonnull(strstr(testctx_emit(bench.t, 0)->subject, "Aduan"));
	/* What is known is not asked for again. */
	ck_assert_int_eq(bench_requests("detail"), 4);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_int_eq(bench_requests("detail"), 4);
}
END_TEST

START_TEST(a_detail_that_fails_holds_its_own_record_only)
{
	start_details();
	bench_fault("500:/5571685772206594002");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_RETRY);
	ck_assert_uint_eq(bench.kept_count, 3);
	bench_no_fault();
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(4));
	ck_assert_uint_eq(bench.kept_count, 4);
}
END_TEST

START_TEST(a_detail_that_never_comes_is_the_records_fault)
{
	start_details();
	bench_fault("500:/5571685772206594002");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(bench_poll_all(), JEMBATAN_RETRY);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert(bench_has_all(4));
	ck_assert_int_eq(testctx_emit(bench.t, 3)->kind, JEMBATAN_UNREADABLE);
}
END_TEST

START_TEST(an_app_whose_details_all_fail_loses_nothing)
{
	start_details();
	bench_fault("500:detail");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(bench_poll_all(), JEMBATAN_RETRY);
	ck_assert_uint_eq(bench.kept_count, 0);
	bench_no_fault();
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	for (size_t i = 0; i < testctx_emit_count(bench.t); i++)
		ck_assert_int_eq(testctx_emit(bench.t, i)->kind, JEMBATAN_NEW);
	ck_assert(bench_has_all(4));
}
END_TEST

START_TEST(a_detail_that_is_gone_makes_the_record_unreadable)
{
	start_details();
	bench_fault("404:/5571685772206594002");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(bench_poll_all(), JEMBATAN_IDLE);
	ck_assert_uint_eq(bench.kept_count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct jembatan_message *m = testctx_emit(bench.t, i);
		bool gone = strcmp(m->id, "5571685772206594002") == 0;

		ck_assert_int_eq(m->kind, gone ? JEMBATAN_UNREADABLE : JEMBATAN_NEW);
		if (gone)
			ck_assert_ptr_nonnull(strstr(m->text, "404"));
	}
}
END_TEST

/* ---- attachments ------------------------------------------------------- */

static enum jembatan_result fetch(const char *url)
{
	return jembatan_connector_entry()->operations->fetch(
		testctx_context(bench.t), bench.self, url, testctx_spool(bench.t));
}

START_TEST(an_attachment_of_the_app_goes_into_the_spool)
{
	char url[128];

	start_with(NULL, "page", "/generic/page");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	(void)snprintf(url, sizeof(url), "%s/photos/1.png", bench.app.url);
	ck_assert_int_eq(fetch(url), JEMBATAN_OK);
	ck_assert_mem_eq(testctx_spooled(bench.t, "fetch").data, "\x89PNG", 4);
}
END_TEST

START_TEST(an_attachment_elsewhere_in_the_house_is_not_fetched)
{
	static const char *const urls[] = { "http://127.0.0.2:9/x", "http://10.0.0.1/x",
					    "http://[::1]:9/x", "file:///etc/passwd",
					    "http://169.254.169.254/latest" };

	start_with(NULL, "page", "/generic/page");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	ck_assert_int_eq(fetch(urls[_i]), JEMBATAN_DATA);
	ck_assert_uint_eq(testctx_spooled(bench.t, "fetch").size, 0);
}
END_TEST

START_TEST(an_attachment_that_is_gone_or_too_large_is_said_so)
{
	char url[128];

	start_with(NULL, "page", "/generic/page");
	ck_assert_int_eq(bench_open(), JEMBATAN_OK);
	(void)snprintf(url, sizeof(url), "%s/photos/1.png", bench.app.url);
	bench_fault("404:photo@first=1");
	ck_assert_int_eq(fetch(url), JEMBATAN_GONE);
	testctx_set_spool_ceiling(bench.t, 10);
	ck_assert_int_eq(fetch(url), JEMBATAN_DATA);
}
END_TEST

/* ---- settings ---------------------------------------------------------- */

static const struct {
	struct testctx_option rows[6];
	const char *sentence;
} mistakes[] = {
	{ { { "jq", NULL, "{id: .id," } }, "jq" },
	{ { { "jq", NULL, "." }, { "fields", "text", "isi" } }, "exclude each other" },
	{ { { "fields", "teks", "isi" } }, "teks" },
	{ { { "statuses", "baru", "selesai" } }, "selesai" },
	{ { { "zone", NULL, "Mars" } }, "Mars" },
	{ { { "id_path", NULL, "" } }, "id_path" },
	{ { { "paging", NULL, "cursor" } }, "next_path" },
	{ { { "auth", NULL, "bearer" } }, "token" },
	{ { { "order", NULL, "ascending" }, { "updated_path", NULL, "u" } },
	  "{updated} in query" },
	{ { { "order", NULL, "descending" } }, "updated_path" },
	{ { { "query", "sejak", "{update}" } }, "{updated}" },
	{ { { "headers", "X Y", "1" } }, "not a header" },
	{ { { "headers", "X", "1\r\nY: 2" } }, "line break" },
	{ { { "details", "isi", "x/{id" } }, "never closed" },
	{ { { "details", "isi", "x/{}" } }, "dotted path" },
	{ { { "details", "isi", "x/{.a | }" } }, "{.a | }" },
	{ { { "details", "isi", "https://{id}.contoh.invalid/" } }, "path or query" },
};

START_TEST(a_mistake_in_the_settings_is_named)
{
	struct testctx_option rows[8] = { { "url", NULL, "https://a.contoh.invalid/" } };
	struct testctx *t;

	memcpy(rows + 1, mistakes[_i].rows, sizeof(mistakes[_i].rows));
	t = testctx_new(rows, jembatan_connector_entry()->options);
	ck_assert_int_eq(jembatan_connector_entry()->operations->check(testctx_context(t)),
			 JEMBATAN_CONFIG);
	ck_assert_msg(strstr(testctx_explanation(t), mistakes[_i].sentence), "%s",
		      testctx_explanation(t));
	testctx_free(t);
}
END_TEST

START_TEST(settings_that_are_right_pass)
{
	static const struct testctx_option rows[] = {
		{ "url", NULL, "https://a.contoh.invalid/list?x={\"a\":1}" },
		{ "query", "filter", "{\"status\":{\"$ne\":1}}" },
		{ "query", "sejak", "{updated}" },
		{ "details", "isi", "x/{id}?y={a.b}&z={.c | map({d}) | length}" },
		{ "order", NULL, "ascending" },
		{ "updated_path", NULL, "u" },
		{ NULL, NULL, NULL }
	};
	struct testctx *t = testctx_new(rows, jembatan_connector_entry()->options);

	ck_assert_msg(jembatan_connector_entry()->operations->check(testctx_context(t)) ==
			      JEMBATAN_OK,
		      "%s", testctx_explanation(t));
	testctx_free(t);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	TCase *tests = tcase_create("agency_faults");
	const TTest *const singles[] = {
		an_app_without_the_page_parameter_is_not_read_in_circles,
		a_list_that_does_not_exist_is_config,
		a_record_in_quarantine_does_not_stop_the_others,
		a_token_that_expires_between_pages_is_renewed,
		a_wrong_secret_is_auth_and_is_not_shown,
		a_detail_joins_its_record,
		a_detail_that_fails_holds_its_own_record_only,
		a_detail_that_never_comes_is_the_records_fault,
		an_app_whose_details_all_fail_loses_nothing,
		a_detail_that_is_gone_makes_the_record_unreadable,
		an_attachment_of_the_app_goes_into_the_spool,
		an_attachment_that_is_gone_or_too_large_is_said_so,
	};
	TCase *settings = tcase_create("agency_settings");
	Suite *suite = suite_create("agency_faults");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_add_loop_test(tests, a_page_that_fails_is_told_and_comes_again, 0,
			    ROWS(faults));
	tcase_add_loop_test(tests, a_next_page_in_a_circle_or_elsewhere_is_refused, 0, 2);
	tcase_add_loop_test(tests, an_attachment_elsewhere_in_the_house_is_not_fetched, 0,
			    5);
	for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		tcase_add_test(tests, singles[i]);
	tcase_add_loop_test(settings, a_mistake_in_the_settings_is_named, 0,
			    ROWS(mistakes));
	tcase_add_test(settings, settings_that_are_right_pass);
	suite_add_tcase(suite, tests);
	suite_add_tcase(suite, settings);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
