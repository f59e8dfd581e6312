/* test_email_oauth.c: logging in with OAuth2 access tokens: against a real Dovecot
 * that checks them itself, tokens coming from an endpoint of the tests. */
#include "e2e/dovecot_server.h"
#include "email/imap_sasl.h"
#include "kit/testctx.h"
#include "kit_server.h"

#include <jembatan/kit.h>

#include "unit.h"

#include <glib.h>

#include <stdio.h>
#include <string.h>

static struct dovecot dovecot;

struct run {
	struct kit_server *tokens;
	struct testctx_option rows[12];
	struct testctx *t;
	char url[64], *token_url;
	void *self;
};

static const struct jembatan_operations *ops(void)
{
	return jembatan_connector_entry()->operations;
}

static void run_open(struct run *r, const char *auth, const char *user, const char *refresh)
{
	r->tokens = kit_server_start();
	r->token_url = kit_server_url(r->tokens, "/token");
	snprintf(r->url, sizeof r->url, "imap://localhost:%u", dovecot.port);
	const struct testctx_option rows[] = {
		{ "url", NULL, r->url },
		{ "user", NULL, user },
		{ "ca_file", NULL, dovecot.ca_file },
		{ "auth", NULL, auth },
		{ "token_url", NULL, r->token_url },
		{ "client_id", NULL, "jembatan" },
		{ refresh != NULL ? "refresh_token" : "client_secret", NULL,
		  refresh != NULL ? refresh : "s3" },
		{ NULL, NULL, NULL },
	};

	memcpy(r->rows, rows, sizeof rows);
	r->t = testctx_new(r->rows, jembatan_connector_entry()->options);
	ck_assert_int_eq(ops()->open(testctx_context(r->t), NULL, &r->self), JEMBATAN_OK);
}

static enum jembatan_result run_poll(struct run *r)
{
	return ops()->poll(testctx_context(r->t), r->self);
}

/* A token is three pieces in base64; none of it may be shown. */
static void says_no_secret(const struct run *r, const char *token)
{
	const char *shown[] = { testctx_explanation(r->t), testctx_log(r->t) };

	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_null(strstr(shown[i], "eyJ"));
		ck_assert_ptr_null(strstr(shown[i], strrchr(token, '.')));
	}
}

static void run_close(struct run *r)
{
	ops()->close(testctx_context(r->t), r->self);
	testctx_free(r->t);
	kit_server_stop(r->tokens);
	free(r->token_url);
}

static void drop_one(const char *user, unsigned number)
{
	char mail[200];
	int size = snprintf(mail, sizeof mail,
			    "From: a@b.test\nMessage-ID: <%u@b.test>\n\nhalo\n", number);

	dovecot_drop(&dovecot, user, number, mail, (size_t)size, 0);
}

static const struct {
	const char *auth, *user, *refresh;
} logins[] = {
	{ "oauth2", "warga", NULL },
	{ "xoauth2", "warga", NULL },
	{ "oauthbearer", "warga", NULL },
	{ "oauth2", "warga", "r-0" },
};

START_TEST(a_token_opens_the_mailbox)
{
	char *token = dovecot_token(logins[_i].user, 3600);
	struct run r = { 0 };

	drop_one(logins[_i].user, (unsigned)_i + 1);
	run_open(&r, logins[_i].auth, logins[_i].user, logins[_i].refresh);
	kit_server_issue(r.tokens, token, token);
	ck_assert_msg(run_poll(&r) == JEMBATAN_IDLE, "%s", testctx_explanation(r.t));
	ck_assert_uint_ge(testctx_emit_count(r.t), 1);
	ck_assert_uint_eq(kit_server_tokens(r.tokens), 1);
	says_no_secret(&r, token);
	run_close(&r);
	g_free(token);
}
END_TEST

START_TEST(a_token_that_has_expired_early_is_exchanged_once)
{
	char *old = dovecot_token("lekas", -60), *fresh = dovecot_token("lekas", 3600);
	struct run r = { 0 };

	drop_one("lekas", 1);
	run_open(&r, "oauth2", "lekas", "r-0");
	kit_server_issue(r.tokens, old, fresh);
	ck_assert_msg(run_poll(&r) == JEMBATAN_IDLE, "%s", testctx_explanation(r.t));
	ck_assert_uint_eq(testctx_emit_count(r.t), 1);
	ck_assert_uint_eq(kit_server_tokens(r.tokens), 2);
	ck_assert_uint_eq(kit_server_refreshes(r.tokens), 2);
	says_no_secret(&r, fresh);
	run_close(&r);
	g_free(old);
	g_free(fresh);
}
END_TEST

static const char *const mechanisms[] = { "xoauth2", "oauthbearer" };

START_TEST(a_token_that_is_refused_is_for_a_person_to_mend)
{
	char *token = dovecot_token("lain", 3600);
	struct run r = { 0 };

	run_open(&r, mechanisms[_i], "tertolak", NULL);
	kit_server_issue(r.tokens, token, token);
	ck_assert_int_eq(run_poll(&r), JEMBATAN_AUTH);
	ck_assert_msg(strstr(testctx_explanation(r.t), "status ") != NULL, "%s",
		      testctx_explanation(r.t));
	ck_assert_ptr_nonnull(strstr(testctx_explanation(r.t), "`scope`"));
	ck_assert_uint_eq(kit_server_tokens(r.tokens), 2);
	says_no_secret(&r, token);
	run_close(&r);
	g_free(token);
}
END_TEST

START_TEST(an_endpoint_that_refuses_is_for_a_person_to_mend)
{
	struct run r = { 0 };

	run_open(&r, "oauth2", "warga", "r-7");
	ck_assert_int_eq(run_poll(&r), JEMBATAN_AUTH);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(r.t), "invalid_grant"));
	ck_assert_ptr_null(strstr(testctx_explanation(r.t), "r-7"));
	run_close(&r);
}
END_TEST

/* The vectors of RFC 7628 (4.1) and of the makers of XOAUTH2. */
static const struct {
	const char *mechanism, *user, *host, *token, *plain;
} messages[] = {
	{ "OAUTHBEARER", "user@example.com", "server.example.com",
	  "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
	  "n,a=user@example.com,\001host=server.example.com\001port=143\001auth=Bearer "
	  "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\001\001" },
	{ "OAUTHBEARER", "a=b,c", "h", "t",
	  "n,a=a=3Db=2Cc,\001host=h\001port=143\001auth=Bearer t\001\001" },
	{ "XOAUTH2", "someuser@example.com", "h", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
	  "user=someuser@example.com\001auth=Bearer "
	  "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\001\001" },
};

START_TEST(the_first_message_is_as_specified)
{
	char *message = imap_sasl_message(messages[_i].mechanism, messages[_i].user,
					  messages[_i].host, 143, messages[_i].token);
	gsize size;
	guchar *plain = g_base64_decode(message, &size);

	ck_assert_uint_eq(size, strlen(messages[_i].plain));
	ck_assert_mem_eq(plain, messages[_i].plain, size);
	g_free(plain);
	free(message);
}
END_TEST

static const struct {
	const char *json, *status, *scope;
} challenges[] = {
	{ "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  "invalid_token", "mail" },
	{ "{\"status\":\"401\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.test/\"}", "401",
	  "https://mail.test/" },
	{ "{\"status\":400}", "", "" },
	{ "[]", "", "" },
	{ "{\"status\":\"a\\u001b[31mb\\nc\"}", "a[31mbc", "" },
	{ "not json", "", "" },
	{ "", "", "" },
};

START_TEST(a_challenge_is_read_and_cleaned)
{
	char *base64 = g_base64_encode((const guchar *)challenges[_i].json,
				       strlen(challenges[_i].json));
	char status[64], scope[160];

	imap_sasl_challenge(base64, status, scope);
	ck_assert_str_eq(status, challenges[_i].status);
	ck_assert_str_eq(scope, challenges[_i].scope);
	imap_sasl_challenge("%%%", status, scope);
	ck_assert_str_eq(status, "");
	g_free(base64);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	TCase *t = tcase_create("oauth");
	int result;

	if (!dovecot_start(&dovecot))
		return EXIT_FAILURE;
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_first_message_is_as_specified, 0, COUNT(messages));
	tcase_add_loop_test(t, a_challenge_is_read_and_cleaned, 0, COUNT(challenges));
	tcase_add_loop_test(t, a_token_opens_the_mailbox, 0, COUNT(logins));
	tcase_add_test(t, a_token_that_has_expired_early_is_exchanged_once);
	tcase_add_loop_test(t, a_token_that_is_refused_is_for_a_person_to_mend, 0,
			    COUNT(mechanisms));
	tcase_add_test(t, an_endpoint_that_refuses_is_for_a_person_to_mend);
	result = unit_run("email_oauth", t);
	dovecot_stop(&dovecot);
	return result;
}
