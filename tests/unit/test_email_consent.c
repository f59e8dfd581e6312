/* test_email_consent.c: a mailbox's account consents: the page is that of its
 * provider, one code brings tokens that are kept, and what is left out of the
 * options is named before anybody opens a page. The login itself: tests/e2e/oauth.py. */
#include "scene.h"
#include "base/jx.h"
#include "email/email_oauth.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define USER "pengaduan@contoh.example"

static struct scene s;
static char token_url[256];
static const char *page;

/* The row over and above what each of these mailboxes has; or the one in its place. */
static void open_with(const char *provider, const char *name, const char *value)
{
	const struct testctx_option rows[] = {
		{ name, NULL, value },
		{ "url", NULL, "imap://127.0.0.1:1" },
		{ "user", NULL, USER },
		{ "auth", NULL, "oauth2" },
		{ "provider", NULL, provider },
		{ "client_id", NULL, "aplikasi" },
		{ "client_secret", NULL, "rahasia-uji" },
		{ "token_url", NULL, token_url },
		{ NULL, NULL, NULL },
	};

	scene_open(&s, name ? rows : rows + 1, NULL);
}

static void setup(void)
{
	static const char *const arguments[] = { NULL };

	scene_start(&s, TEST_TOP "/tests/fake/tokens.py", arguments);
	snprintf(token_url, sizeof token_url, "%s/token", s.peer.url);
}

static void teardown(void)
{
	scene_stop(&s);
}

static enum jembatan_result consent(const char *answer)
{
	page = NULL;
	return s.ops->consent(testctx_context(s.t), s.self, answer, &page);
}

static void browse(char *out, size_t size)
{
	char body[5000];

	ck_assert_msg(consent(NULL) == JEMBATAN_OK, "%s", testctx_explanation(s.t));
	snprintf(body, sizeof body, "{\"url\": \"%s\"}", page);
	scene_tell(&s, "/_browse", body);
	json_t *root = scene_state(&s);

	snprintf(out, size, "%s", jx_text(root, "ended"));
	json_decref(root);
}

static void page_says(const char *name, const char *wanted)
{
	char *value = kit_url_parameter(page, name);

	if (wanted)
		ck_assert_msg(value && strcmp(value, wanted) == 0, "%s is %s", name, value);
	else
		ck_assert_msg(!value, "%s is %s", name, value);
	free(value);
}

/* ---- the page ---------------------------------------------------------------------- */

static const struct {
	const char *provider, *name, *value; /* an option more */
	const char *begins, *scope, *redirect, *access_type;
} pages[] = {
	{ "google", NULL, NULL, "https://accounts.google.com/o/oauth2/v2/auth?",
	  "https://mail.google.com/", "http://localhost", "offline" },
	{ "microsoft", NULL, NULL,
	  "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?",
	  "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send "
	  "offline_access", "http://localhost", NULL },
	{ "microsoft", "tenant", "dinas.example",
	  "https://login.microsoftonline.com/dinas.example/oauth2/v2.0/authorize?",
	  "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send "
	  "offline_access", "http://localhost", NULL },
	{ "google", "scope", "surat.baca", "https://accounts.google.com/o/oauth2/v2/auth?",
	  "surat.baca", "http://localhost", "offline" },
	{ "google", "redirect_url", "https://dinas.example/kembali",
	  "https://accounts.google.com/o/oauth2/v2/auth?", "https://mail.google.com/",
	  "https://dinas.example/kembali", "offline" },
	{ "google", "authorize_url", "https://masuk.example/izin", "https://masuk.example/izin?",
	  "https://mail.google.com/", "http://localhost", "offline" },
};

START_TEST(the_page_is_the_providers)
{
	open_with(pages[_i].provider, pages[_i].name, pages[_i].value);
	ck_assert_int_eq(consent(NULL), JEMBATAN_OK);
	ck_assert_ptr_eq(strstr(page, pages[_i].begins), page);
	page_says("scope", pages[_i].scope);
	page_says("redirect_uri", pages[_i].redirect);
	page_says("access_type", pages[_i].access_type);
	page_says("login_hint", USER);
	page_says("code_challenge_method", "S256");
	page_says("client_secret", NULL);
	ck_assert_ptr_null(strstr(page, "rahasia-uji"));
}
END_TEST

/* ---- tokens ------------------------------------------------------------------------ */

START_TEST(one_code_brings_tokens_that_are_kept)
{
	char ended[4096];
	struct jembatan_bytes kept;

	open_with("google", NULL, NULL);
	browse(ended, sizeof ended);
	ck_assert_msg(consent(ended) == JEMBATAN_OK, "%s", testctx_explanation(s.t));
	ck_assert_int_eq(jembatan_state_get(testctx_context(s.t), "kit.oauth2", &kept), JEMBATAN_OK);
	char *text = strndup(kept.data, kept.size);

	ck_assert_ptr_nonnull(strstr(text, "segar-1"));
	free(text);
	ck_assert_int_eq(consent(ended), JEMBATAN_DATA); /* a code counts once */
	ck_assert_int_eq(scene_asked(&s, "code"), 1);
	ck_assert_ptr_null(strstr(testctx_log(s.t), "segar-"));
	ck_assert_ptr_null(strstr(testctx_log(s.t), "kode-uji"));
}
END_TEST

START_TEST(a_forged_address_brings_nothing)
{
	open_with("google", NULL, NULL);
	ck_assert_int_eq(consent(NULL), JEMBATAN_OK);
	ck_assert_int_eq(consent("http://localhost/?state=lain&code=kode-uji"), JEMBATAN_DATA);
	ck_assert_int_eq(scene_asked(&s, "code"), 0);
}
END_TEST

/* ---- options ----------------------------------------------------------------------- */

static const struct {
	const char *names[6], *values[6];
	enum jembatan_result result;
	const char *word; /* of the explanation */
} options[] = {
	{ { "auth", "provider", "client_id" }, { "oauth2", "microsoft", "a" }, JEMBATAN_OK, "" },
	{ { "auth", "provider" }, { "oauth2", "google" }, JEMBATAN_CONFIG, "client_id" },
	{ { "auth", "provider", "client_id" }, { "oauth2", "google", "a" }, JEMBATAN_CONFIG,
	  "client_secret" },
	{ { "provider", "password" }, { "google", "p" }, JEMBATAN_CONFIG, "auth: oauth2" },
	{ { "auth", "client_id" }, { "oauth2", "a" }, JEMBATAN_CONFIG, "token_url" },
	{ { "auth", "client_id", "token_url" }, { "xoauth2", "a", "https://a.example/t" },
	  JEMBATAN_CONFIG, "authorize_url" },
	{ { "auth", "client_id", "token_url", "authorize_url" },
	  { "oauth2", "a", "https://a.example/t", "https://a.example/a" }, JEMBATAN_CONFIG, "scope" },
	{ { "auth", "client_id", "token_url", "authorize_url", "scope" },
	  { "oauth2", "a", "https://a.example/t", "https://a.example/a", "mail" }, JEMBATAN_OK, "" },
	{ { "auth", "client_id", "token_url", "client_secret" },
	  { "oauth2", "a", "https://a.example/t", "s" }, JEMBATAN_OK, "" }, /* client_credentials */
	{ { "auth", "provider", "client_id", "tenant" },
	  { "oauth2", "microsoft", "a", "a/../b" }, JEMBATAN_CONFIG, "tenant" },
};

START_TEST(what_is_missing_is_named)
{
	struct testctx_option rows[9] = { { "url", NULL, "imap://127.0.0.1:1" },
					  { "user", NULL, USER } };

	for (size_t i = 0; options[_i].names[i]; i++)
		rows[2 + i] = (struct testctx_option){ options[_i].names[i], NULL,
						       options[_i].values[i] };
	struct testctx *t = testctx_new(rows, jembatan_connector_entry()->options);

	ck_assert_int_eq(jembatan_connector_entry()->operations->check(testctx_context(t)),
			 options[_i].result);
	if (options[_i].result != JEMBATAN_OK)
		ck_assert_msg(strstr(testctx_explanation(t), options[_i].word) != NULL, "%s",
			      testctx_explanation(t));
	testctx_free(t);
}
END_TEST

/* Nobody is sent to a page that leads nowhere. */
START_TEST(without_a_page_it_says_what_to_set)
{
	const struct testctx_option password[] = {
		{ "url", NULL, "imap://127.0.0.1:1" }, { "user", NULL, USER },
		{ "password", NULL, "p" }, { NULL, NULL, NULL },
	};

	scene_open(&s, password, NULL);
	ck_assert_int_eq(consent(NULL), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "auth: oauth2"));
	open_with("none", NULL, NULL);
	ck_assert_int_eq(consent(NULL), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(s.t), "authorize_url"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("email_consent");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, the_page_is_the_providers, 0, COUNT(pages));
	tcase_add_test(tc, one_code_brings_tokens_that_are_kept);
	tcase_add_test(tc, a_forged_address_brings_nothing);
	tcase_add_loop_test(tc, what_is_missing_is_named, 0, COUNT(options));
	tcase_add_test(tc, without_a_page_it_says_what_to_set);
	return unit_run("email_consent", tc);
}
