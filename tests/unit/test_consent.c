/* test_consent.c: an account consents: the page has a verifier and a state of its
 * own, the code counts once and for us alone, tokens are on disk before they are
 * used, and no sentence holds any of it. */
#include "scene.h"
#include "base/jx.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define NOW_MS SCENE_NOW_MS

static struct scene s;
static char page[4096], ended[4096];

static void open_as(const char *network, const char *name, const char *value)
{
	const struct testctx_option rows[] = {
		{ "network", NULL, network },
		{ "url", NULL, s.peer.url },
		{ "client_id", NULL, "aplikasi" },
		{ "client_secret", NULL, "rahasia-uji" },
		{ "answer_timeout", NULL, "5s" },
		{ name, NULL, value },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, rows, NULL);
}

static void setup(void)
{
	static const char *const arguments[] = { "--token", "tidak-dipakai", NULL };

	scene_start(&s, TEST_TOP "/tests/fake/x.py", arguments);
	open_as("x", NULL, NULL);
}

static void teardown(void)
{
	scene_stop(&s);
}

static enum jembatan_result consent(const char *answer)
{
	const char *url = NULL;
	enum jembatan_result result = s.ops->consent(testctx_context(s.t), s.self, answer, &url);

	if (url)
		snprintf(page, sizeof page, "%s", url);
	return result;
}

/* Opens the page as a browser would. */
static void browse(void)
{
	char body[5000];

	ck_assert_int_eq(consent(NULL), JEMBATAN_OK);
	snprintf(body, sizeof body, "{\"url\": \"%s\"}", page);
	scene_tell(&s, "/_browse", body);
	json_t *root = scene_state(&s);

	snprintf(ended, sizeof ended, "%s", jx_text(root, "ended"));
	json_decref(root);
}

static enum jembatan_result polled(void)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (int i = 0; i < 20 && result == JEMBATAN_OK; i++)
		result = scene_poll(&s);
	return result;
}

static void check_secrets(void)
{
	static const char *const words[] = { "kode-uji", "masuk-", "tukar-", "rahasia-uji" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		ck_assert_ptr_null(strstr(testctx_explanation(s.t), words[i]));
		ck_assert_ptr_null(strstr(testctx_log(s.t), words[i]));
	}
}

START_TEST(without_a_consent_it_says_what_to_do)
{
	ck_assert_int_eq(s.ops->check(testctx_context(s.t)), JEMBATAN_OK);
	ck_assert_int_eq(polled(), JEMBATAN_AUTH);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "jembatan oauth "));
}
END_TEST

START_TEST(each_page_has_a_state_and_a_challenge_of_its_own)
{
	char first[4096];

	ck_assert_int_eq(consent(NULL), JEMBATAN_OK);
	memcpy(first, page, sizeof first);
	ck_assert_int_eq(consent(NULL), JEMBATAN_OK);
	ck_assert_ptr_eq(strstr(page, "https://x.com/i/oauth2/authorize?"), page);
	static const char *const names[] = { "state", "code_challenge" };

	for (size_t i = 0; i < 2; i++) {
		char *a = kit_url_parameter(first, names[i]), *b = kit_url_parameter(page, names[i]);

		ck_assert_ptr_nonnull(a);
		ck_assert_ptr_nonnull(b);
		ck_assert_uint_eq(strlen(a), 43);
		ck_assert_str_ne(a, b);
		free(a);
		free(b);
	}
	char *redirect = kit_url_parameter(page, "redirect_uri");

	ck_assert_str_eq(redirect, "https://localhost/");
	free(redirect);
	ck_assert_ptr_nonnull(strstr(page, "code_challenge_method=S256"));
	ck_assert_ptr_nonnull(strstr(page, "client_id=aplikasi"));
	ck_assert_ptr_null(strstr(page, "rahasia-uji"));
	open_as("x", "redirect_url", "https://dinas.example/kembali");
	ck_assert_int_eq(consent(NULL), JEMBATAN_OK);
	redirect = kit_url_parameter(page, "redirect_uri");
	ck_assert_str_eq(redirect, "https://dinas.example/kembali");
	free(redirect);
}
END_TEST

START_TEST(a_consent_is_kept_and_renews_itself_over_restarts)
{
	browse();
	ck_assert_int_eq(consent(ended), JEMBATAN_OK);
	ck_assert_int_eq(polled(), JEMBATAN_IDLE);
	scene_restart(&s);
	ck_assert_int_eq(polled(), JEMBATAN_IDLE);
	scene_tell(&s, "/_expire", "{}");
	ck_assert_int_eq(polled(), JEMBATAN_IDLE);
	check_secrets();
	/* Another account consents: its tokens take the place of those. */
	browse();
	ck_assert_int_eq(consent(ended), JEMBATAN_OK);
	scene_restart(&s);
	ck_assert_int_eq(polled(), JEMBATAN_IDLE);
}
END_TEST

START_TEST(an_old_consent_counts_until_the_new_one_is_there)
{
	browse();
	ck_assert_int_eq(consent(ended), JEMBATAN_OK);
	browse();
	ck_assert_int_eq(consent("https://localhost/?state=lain&code=kode-uji"), JEMBATAN_DATA);
	scene_restart(&s);
	ck_assert_int_eq(polled(), JEMBATAN_IDLE);
}
END_TEST

START_TEST(a_code_counts_once)
{
	browse();
	ck_assert_int_eq(consent(ended), JEMBATAN_OK);
	ck_assert_int_eq(consent(ended), JEMBATAN_DATA);
	check_secrets();
}
END_TEST

static const struct {
	const char *format; /* %s: the state */
	enum jembatan_result result;
} answers[] = {
	{ "https://localhost/?state=%s", JEMBATAN_DATA },
	{ "https://localhost/?state=%s&code=", JEMBATAN_DATA },
	{ "https://localhost/?state=%.10s&code=kode-uji", JEMBATAN_DATA },
	{ "https://localhost/?code=kode-uji", JEMBATAN_DATA },
	{ "https://localhost/?state=%s&error=access_denied", JEMBATAN_AUTH },
	{ "https://localhost/?state=%s&error=Kata%%20lain", JEMBATAN_AUTH },
	{ "https://localhost/?state=%s&code=lain", JEMBATAN_AUTH },
	{ "kode-uji", JEMBATAN_DATA },
	{ "", JEMBATAN_DATA },
};

START_TEST(an_address_that_is_not_ours_brings_nothing)
{
	char answer[500], *state;

	browse();
	state = kit_url_parameter(page, "state");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(answer, sizeof answer, answers[_i].format, state);
#pragma GCC diagnostic pop
	free(state);
	ck_assert_int_eq(consent(answer), answers[_i].result);
	check_secrets();
	ck_assert_ptr_null(strstr(testctx_explanation(s.t), "Kata lain"));
	ck_assert_int_eq(polled(), JEMBATAN_AUTH);
}
END_TEST

START_TEST(after_an_hour_a_page_is_of_no_use)
{
	browse();
	testctx_set_now(s.t, NOW_MS + 3600001);
	ck_assert_int_eq(consent(ended), JEMBATAN_DATA);
	scene_restart(&s);
	ck_assert_int_eq(consent("https://localhost/?state=a&code=b"), JEMBATAN_DATA);
}
END_TEST

static const struct {
	const char *fault;
	enum jembatan_result result;
} troubles[] = {
	{ "\"status\": 400, \"body\": {\"error\": \"invalid_client\"}", JEMBATAN_AUTH },
	{ "\"status\": 401", JEMBATAN_AUTH },
	{ "\"status\": 503", JEMBATAN_RETRY },
	{ "\"cut\": true", JEMBATAN_RETRY },
	{ "\"status\": 200, \"body\": {\"access_token\": \"masuk-9\", \"expires_in\": 7200}", JEMBATAN_AUTH },
	{ "\"status\": 200, \"body\": {\"refresh_token\": \"tukar-9\"}", JEMBATAN_AUTH },
	{ "\"status\": 200, \"body\": 7", JEMBATAN_AUTH },
};

START_TEST(a_token_address_in_trouble_is_told_and_nothing_is_kept)
{
	char fault[300];

	browse();
	snprintf(fault, sizeof fault, "{\"where\": \"token\", %s}", troubles[_i].fault);
	scene_tell(&s, "/_fault", fault);
	ck_assert_int_eq(consent(ended), troubles[_i].result);
	check_secrets();
	scene_restart(&s);
	ck_assert_int_eq(polled(), JEMBATAN_AUTH);
}
END_TEST

START_TEST(a_network_without_such_a_consent_says_so)
{
	open_as("mastodon", "access_token", "token-uji");
	ck_assert_int_eq(consent(NULL), JEMBATAN_CONFIG);
	open_as("x", "access_token", "token-uji");
	ck_assert_int_eq(consent(NULL), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "access_token"));
}
END_TEST

START_TEST(google_is_asked_for_a_token_that_lasts)
{
	open_as("youtube", "account", "UCdinas");
	ck_assert_int_eq(consent(NULL), JEMBATAN_OK);
	ck_assert_ptr_eq(strstr(page, "https://accounts.google.com/o/oauth2/v2/auth?"), page);
	ck_assert_ptr_nonnull(strstr(page, "access_type=offline"));
	ck_assert_ptr_nonnull(strstr(page, "prompt=consent"));
	ck_assert_ptr_nonnull(strstr(page, "youtube.force-ssl"));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("consent");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, without_a_consent_it_says_what_to_do);
	tcase_add_test(tcase, each_page_has_a_state_and_a_challenge_of_its_own);
	tcase_add_test(tcase, a_consent_is_kept_and_renews_itself_over_restarts);
	tcase_add_test(tcase, an_old_consent_counts_until_the_new_one_is_there);
	tcase_add_test(tcase, a_code_counts_once);
	tcase_add_loop_test(tcase, an_address_that_is_not_ours_brings_nothing, 0, COUNT(answers));
	tcase_add_test(tcase, after_an_hour_a_page_is_of_no_use);
	tcase_add_loop_test(tcase, a_token_address_in_trouble_is_told_and_nothing_is_kept, 0,
			    COUNT(troubles));
	tcase_add_test(tcase, a_network_without_such_a_consent_says_so);
	tcase_add_test(tcase, google_is_asked_for_a_token_that_lasts);
	return unit_run("consent", tcase);
}
