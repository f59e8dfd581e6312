/* test_email_smtp_oauth.c: replies by a server that wants OAuth2 access tokens: they
 * come from an endpoint of the tests, a refused one is exchanged once, and whatever
 * goes wrong before the mail has left is told as what it is. */
#include "kit_server.h"
#include "smtp_bench.h"
#include "smtp_peer.h"

#include "unit.h"

#define ROWS(table) ((int)(sizeof table / sizeof table[0]))

#include <glib.h>

#include <stdlib.h>
#include <string.h>

#define US "pengaduan@kelurahan.test"

struct place {
	struct kit_server *tokens;
	char *token_url;
	struct smtp_peer peer;
	struct smtp_run run;
};

/* The server takes the token "baru". */
static void place_init(struct place *p, const char *extension, const char *auth)
{
	const char *const arguments[] = { "--password", "baru", "--extension", extension, NULL };

	p->tokens = kit_server_start();
	p->token_url = kit_server_url(p->tokens, "/token");
	smtp_peer_start(&p->peer, arguments);
	smtp_run_init(&p->run, p->peer.url);
	smtp_run_set(&p->run, "source", "imap");
	smtp_run_set(&p->run, "url", "imap://localhost:1");
	smtp_run_set(&p->run, "user", US);
	smtp_run_set(&p->run, "auth", auth);
	smtp_run_set(&p->run, "token_url", p->token_url);
	smtp_run_set(&p->run, "client_id", "jembatan");
	smtp_run_set(&p->run, "refresh_token", "r-0");
}

static void place_done(struct place *p)
{
	/* Neither a token nor the citizen is spoken of. */
	const char *const shown[] = { testctx_explanation(p->run.t), testctx_log(p->run.t) };

	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_null(strstr(shown[i], "baru"));
		ck_assert_ptr_null(strstr(shown[i], "lama"));
		ck_assert_ptr_null(strstr(shown[i], "r-0"));
		ck_assert_ptr_null(strstr(shown[i], "siti"));
	}
	smtp_run_close(&p->run);
	smtp_peer_stop(&p->peer);
	kit_server_stop(p->tokens);
	free(p->token_url);
}

static const struct {
	const char *extension, *auth, *mechanism, *plain;
} mechanisms[] = {
	{ "AUTH XOAUTH2", "oauth2", "XOAUTH2", "user=" US "\1auth=Bearer baru\1\1" },
	{ "AUTH PLAIN LOGIN XOAUTH2", "xoauth2", "XOAUTH2", "user=" US "\1auth=Bearer baru\1\1" },
	{ "AUTH OAUTHBEARER XOAUTH2", "xoauth2", "XOAUTH2", "user=" US "\1auth=Bearer baru\1\1" },
	{ "AUTH OAUTHBEARER", "oauthbearer", "OAUTHBEARER", "" },
	{ "AUTH LOGIN OAUTHBEARER", "oauth2", "OAUTHBEARER", "" },
};

START_TEST(a_token_is_fetched_shown_as_specified_and_used_again)
{
	struct place p;

	place_init(&p, mechanisms[_i].extension, mechanisms[_i].auth);
	smtp_run_open(&p.run);
	kit_server_issue(p.tokens, "baru", "lain");
	for (unsigned n = 1; n <= 2; n++) {
		ck_assert_msg(smtp_run_reply(&p.run) == JEMBATAN_OK, "%s",
			      testctx_explanation(p.run.t));
		ck_assert_int_eq(p.run.out.outcome, JEMBATAN_SENT);
		ck_assert_uint_eq(smtp_peer_mails(&p.peer, "siti", NULL), n);
	}
	ck_assert_uint_eq(kit_server_tokens(p.tokens), 1);
	char *log = smtp_peer_log(&p.peer);

	char *line = g_strdup_printf("AUTH %s", mechanisms[_i].mechanism);
	char *code = g_base64_encode((const guchar *)mechanisms[_i].plain,
				     strlen(mechanisms[_i].plain));

	ck_assert_msg(strstr(log, line) != NULL, "%s", log);
	if (strcmp(mechanisms[_i].mechanism, "XOAUTH2") == 0)
		ck_assert_msg(strstr(log, code) != NULL, "%s", log);
	g_free(line);
	g_free(code);
	free(log);
	place_done(&p);
}
END_TEST

START_TEST(a_token_that_is_taken_back_early_is_exchanged_once)
{
	struct place p;
	char *mail = NULL;

	place_init(&p, mechanisms[_i].extension, mechanisms[_i].auth);
	smtp_run_open(&p.run);
	kit_server_issue(p.tokens, "lama", "baru");
	ck_assert_msg(smtp_run_reply(&p.run) == JEMBATAN_OK, "%s", testctx_explanation(p.run.t));
	ck_assert_int_eq(p.run.out.outcome, JEMBATAN_SENT);
	ck_assert_uint_eq(kit_server_tokens(p.tokens), 2);
	ck_assert_uint_eq(kit_server_refreshes(p.tokens), 2);
	ck_assert_uint_eq(smtp_peer_mails(&p.peer, "siti", &mail), 1);
	free(mail);
	place_done(&p);
}
END_TEST

START_TEST(a_token_that_is_refused_twice_closes_the_way)
{
	struct place p;

	place_init(&p, mechanisms[_i].extension, mechanisms[_i].auth);
	smtp_run_open(&p.run);
	kit_server_issue(p.tokens, "lama", "lama");
	ck_assert_int_eq(smtp_run_reply(&p.run), JEMBATAN_AUTH);
	ck_assert_int_eq(p.run.out.outcome, JEMBATAN_NOT_SENT);
	ck_assert_uint_eq(kit_server_tokens(p.tokens), 2);
	ck_assert_uint_eq(smtp_peer_mails(&p.peer, "siti", NULL), 0);
	place_done(&p);
}
END_TEST

/* A server that cannot check it now says nothing against it. */
START_TEST(a_server_in_trouble_costs_no_token)
{
	struct place p;

	place_init(&p, "AUTH XOAUTH2", "oauth2");
	smtp_peer_cue(&p.peer, "auth=454 4.7.0 later");
	smtp_run_open(&p.run);
	kit_server_issue(p.tokens, "baru", "lain");
	ck_assert_int_eq(smtp_run_reply(&p.run), JEMBATAN_RETRY);
	ck_assert_int_eq(p.run.out.outcome, JEMBATAN_NOT_SENT);
	ck_assert_uint_eq(kit_server_tokens(p.tokens), 1);
	smtp_peer_cue(&p.peer, "");
	ck_assert_int_eq(smtp_run_reply(&p.run), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_tokens(p.tokens), 1);
	place_done(&p);
}
END_TEST

START_TEST(without_a_token_the_mail_server_is_not_spoken_to)
{
	struct place p;

	place_init(&p, "AUTH XOAUTH2", "oauth2");
	smtp_run_set(&p.run, _i == 0 ? "refresh_token" : "token_url",
		     _i == 0 ? "r-7" : "http://localhost:1/token");
	smtp_run_open(&p.run);
	ck_assert_int_eq(smtp_run_reply(&p.run), _i == 0 ? JEMBATAN_AUTH : JEMBATAN_RETRY);
	ck_assert_int_eq(p.run.out.outcome, JEMBATAN_NOT_SENT);
	char *log = smtp_peer_log(&p.peer);

	ck_assert_str_eq(log, "");
	free(log);
	place_done(&p);
}
END_TEST

START_TEST(a_server_without_such_logins_gets_none)
{
	struct place p;

	place_init(&p, "AUTH PLAIN LOGIN", "oauth2");
	smtp_run_open(&p.run);
	kit_server_issue(p.tokens, "baru", "baru");
	ck_assert_int_eq(smtp_run_reply(&p.run), JEMBATAN_CONFIG);
	char *log = smtp_peer_log(&p.peer);

	ck_assert_ptr_null(strstr(log, "AUTH"));
	free(log);
	place_done(&p);
}
END_TEST

START_TEST(a_password_for_smtp_alone_goes_before_the_token)
{
	struct place p;

	place_init(&p, "AUTH PLAIN XOAUTH2", "oauth2");
	smtp_run_set(&p.run, "smtp_user", "pengirim");
	smtp_run_set(&p.run, "smtp_password", "baru");
	smtp_run_open(&p.run);
	ck_assert_int_eq(smtp_run_reply(&p.run), JEMBATAN_OK);
	ck_assert_uint_eq(kit_server_tokens(p.tokens), 0);
	char *log = smtp_peer_log(&p.peer);

	ck_assert_ptr_nonnull(strstr(log, "AUTH PLAIN"));
	ck_assert_ptr_null(strstr(log, "XOAUTH2"));
	free(log);
	place_done(&p);
}
END_TEST

/* A Maildir needs no login, but what answers from there does. */
START_TEST(a_maildir_that_answers_by_token_says_what_is_missing)
{
	static const char *const missing[] = { "token_url", "client_id", "refresh_token" };
	struct smtp_run r;

	smtp_run_init(&r, "smtp://localhost:1");
	smtp_run_set(&r, "auth", "oauth2");
	for (int i = 0; i < 3; i++)
		if (i != _i)
			smtp_run_set(&r, missing[i], i == 0 ? "http://localhost:1/token" : "x");
	r.t = testctx_new(r.rows, jembatan_connector_entry()->options);
	r.ctx = testctx_context(r.t);
	ck_assert_int_eq(smtp_ops()->check(r.ctx), JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(r.t), missing[_i]));
	testctx_free(r.t);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("email_smtp_oauth");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_token_is_fetched_shown_as_specified_and_used_again, 0,
			    ROWS(mechanisms));
	tcase_add_loop_test(t, a_token_that_is_taken_back_early_is_exchanged_once, 0,
			    ROWS(mechanisms));
	tcase_add_loop_test(t, a_token_that_is_refused_twice_closes_the_way, 0,
			    ROWS(mechanisms));
	tcase_add_test(t, a_server_in_trouble_costs_no_token);
	tcase_add_loop_test(t, without_a_token_the_mail_server_is_not_spoken_to, 0, 2);
	tcase_add_test(t, a_server_without_such_logins_gets_none);
	tcase_add_test(t, a_password_for_smtp_alone_goes_before_the_token);
	tcase_add_loop_test(t, a_maildir_that_answers_by_token_says_what_is_missing, 0, 3);
	return unit_run("email_smtp_oauth", t);
}
