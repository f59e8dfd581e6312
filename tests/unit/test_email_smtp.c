/* test_email_smtp.c: replies leave by SMTP: every way in which a server can answer,
 * or fail to, gives the one outcome that is true; no password goes over a line that
 * others can read. */
#include "email/smtp_send.h"
#include "smtp_bench.h"
#include "smtp_peer.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- every answer, at every stage --------------------------------------------------- */

static const struct {
	const char *at; /* what the fake does; NULL: nothing odd */
	enum jembatan_outcome outcome;
	enum jembatan_result result;
	size_t taken; /* mails that the server has */
} answers[] = {
	{ NULL, JEMBATAN_SENT, JEMBATAN_OK, 1 },
	{ "dot=250-2.0.0 taken\\n250 2.0.0 really", JEMBATAN_SENT, JEMBATAN_OK, 1 },
	{ "dot=251 taken, and more", JEMBATAN_SENT, JEMBATAN_OK, 1 },
	{ "banner=220-hello\\n220-there\\n220 fake ESMTP", JEMBATAN_SENT, JEMBATAN_OK, 1 },
	{ "ehlo=502 5.5.1 too new for me", JEMBATAN_SENT, JEMBATAN_OK, 1 },
	/* A closed server, or a busy one. */
	{ "banner=554 5.7.1 not you", JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, 0 },
	{ "banner=421 4.3.2 busy+CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "banner=CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "banner=SILENT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "banner=HTTP/1.1 400 Bad Request", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "ehlo=CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "ehlo=421 4.3.2 busy+CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "ehlo=SILENT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	/* The sender. */
	{ "mail=451 4.3.0 later", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "mail=550 5.1.8 who are you", JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, 0 },
	{ "mail=530 5.7.0 log in first", JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0 },
	{ "mail=CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "mail=nonsense", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	/* The address. */
	{ "rcpt=450 4.2.0 greylisted", JEMBATAN_LATER, JEMBATAN_OK, 0 },
	{ "rcpt=452 4.2.2 full", JEMBATAN_LATER, JEMBATAN_OK, 0 },
	{ "rcpt=550 5.1.1 nobody", JEMBATAN_REFUSED, JEMBATAN_OK, 0 },
	{ "rcpt=550-5.1.1 nobody\\n550 5.1.1 really", JEMBATAN_REFUSED, JEMBATAN_OK, 0 },
	{ "rcpt=553 nobody", JEMBATAN_REFUSED, JEMBATAN_OK, 0 },
	{ "rcpt=421 4.7.0 closing+CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "rcpt=550-first line+CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "rcpt=CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	{ "rcpt=SILENT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	/* The mail. */
	{ "data=451 4.3.0 later", JEMBATAN_LATER, JEMBATAN_OK, 0 },
	{ "data=554 5.5.1 no", JEMBATAN_REFUSED, JEMBATAN_OK, 0 },
	{ "data=CUT", JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0 },
	/* From the final dot on. */
	{ "dot=451 4.3.0 later", JEMBATAN_LATER, JEMBATAN_OK, 0 },
	{ "dot=421 4.3.2 closing+CUT", JEMBATAN_LATER, JEMBATAN_OK, 0 },
	{ "dot=554 5.6.0 spam", JEMBATAN_REFUSED, JEMBATAN_OK, 0 },
	{ "dot=CUT", JEMBATAN_UNKNOWN, JEMBATAN_OK, 1 },
	{ "dot=SILENT", JEMBATAN_UNKNOWN, JEMBATAN_OK, 1 },
	{ "dot=250-taken+CUT", JEMBATAN_UNKNOWN, JEMBATAN_OK, 1 },
	{ "dot=what?", JEMBATAN_UNKNOWN, JEMBATAN_OK, 1 },
	/* Cut before the dot was read: it had left already, so who knows. */
	{ "body=CUT", JEMBATAN_UNKNOWN, JEMBATAN_OK, 0 },
	{ "dot=250 taken+CUT", JEMBATAN_SENT, JEMBATAN_OK, 1 },
};

/* One for all rows: each has a citizen of its own. */
static struct smtp_peer shared;

START_TEST(each_answer_of_a_server_has_its_one_outcome)
{
	char box[20], to[40];
	struct smtp_run r;

	snprintf(box, sizeof box, "siti-%d", _i);
	snprintf(to, sizeof to, "%s@contoh.test", box);
	smtp_peer_cue(&shared, answers[_i].at != NULL ? answers[_i].at : "");
	smtp_run_init(&r, shared.url);
	r.reply.to = to;
	/* Neither an answer nor the end: it is waited for in vain. */
	if (answers[_i].at != NULL && strpbrk(answers[_i].at, "0123456789C") == NULL)
		smtp_run_set(&r, "timeout", "1s");
	smtp_run_open(&r);
	enum jembatan_result result = smtp_run_reply(&r);

	ck_assert_msg(r.out.outcome == answers[_i].outcome && result == answers[_i].result,
		      "%s: outcome %d, result %d: %s", answers[_i].at, r.out.outcome, result,
		      testctx_explanation(r.t));
	ck_assert_uint_eq(smtp_peer_mails(&shared, box, NULL), answers[_i].taken);
	/* Who is told why, unless all is well; never the address, never the server's words. */
	ck_assert_int_eq(testctx_explanation(r.t)[0] == '\0', r.out.outcome == JEMBATAN_SENT);
	ck_assert_ptr_null(strstr(testctx_explanation(r.t), "siti"));
	ck_assert_ptr_null(strstr(testctx_explanation(r.t), "nobody"));
	if (r.out.outcome == JEMBATAN_LATER)
		ck_assert_int_gt(r.out.at_ms, jembatan_now_ms(r.ctx));
	smtp_run_close(&r);
}
END_TEST

START_TEST(a_server_byte_by_byte_and_one_that_is_not_there)
{
	const char *const arguments[] = { "--drip", "--extension", "SIZE 1000000", "--extension",
					  "8BITMIME", NULL };
	struct smtp_peer peer;
	struct smtp_run r;

	smtp_peer_start(&peer, arguments);
	smtp_run_init(&r, peer.url);
	smtp_run_open(&r);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	ck_assert_int_eq(r.out.outcome, JEMBATAN_SENT);
	smtp_peer_stop(&peer);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_RETRY);
	ck_assert_int_eq(r.out.outcome, JEMBATAN_NOT_SENT);
	smtp_run_close(&r);
}
END_TEST

/* ---- the mail ------------------------------------------------------------------------- */

START_TEST(the_mail_says_what_it_answers_and_that_a_machine_wrote_it)
{
	static const char *const wanted[] = {
		"Return-Path: <>\r\n", "\r\nTo: siti@contoh.test\r\n",
		"From: Pengaduan Kelurahan <pengaduan@kelurahan.test>\r\n",
		"\r\nSubject: Re: Jalan rusak (JB-7K3M9Q)\r\n",
		"\r\nIn-Reply-To: <surat-1@contoh.test>\r\n",
		"\r\nReferences: <pertama@contoh.test> <surat-1@contoh.test>\r\n",
		"\r\nAuto-Submitted: auto-replied\r\n", "\r\nX-Auto-Response-Suppress: All\r\n",
		"\r\nPrecedence: auto_reply\r\n", "\r\nContent-Language: id\r\n",
		"\r\nContent-Type: text/plain; charset=utf-8\r\n", "\r\nDate: ",
		"\r\nMIME-Version: 1.0\r\n" };
	struct smtp_peer peer;
	struct smtp_run r;
	char *mail = NULL, first[256], needle[300];

	smtp_peer_start(&peer, NULL);
	smtp_run_init(&r, peer.url);
	r.reply.text = ".\n..\nLaporan Anda – kami terima.\n.\nHormat kami,\r\nLurah";
	smtp_run_open(&r);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "siti", &mail), 1);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		ck_assert_msg(strstr(mail, wanted[i]) != NULL, "no %s in\n%s", wanted[i], mail);
	snprintf(needle, sizeof needle, "\r\nMessage-Id: <%s>\r\n", r.out.remote_id);
	ck_assert_msg(strcasestr(mail, needle) != NULL, "no %s in\n%s", needle, mail);
	ck_assert_int_eq(strncmp(r.out.remote_id, SMTP_REFERENCE ".", strlen(SMTP_REFERENCE) + 1), 0);
	ck_assert_ptr_nonnull(strstr(mail, "\r\n\r\n.\r\n..\r\nLaporan Anda =E2=80=93 kami terima.\r\n"
					   ".\r\nHormat kami,\r\nLurah"));
	/* The same reply again, and after a restart, is the same mail. */
	snprintf(first, sizeof first, "%s", r.out.remote_id);
	smtp_ops()->close(r.ctx, r.self);
	ck_assert_int_eq(smtp_ops()->open(r.ctx, NULL, &r.self), JEMBATAN_OK);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	ck_assert_str_eq(r.out.remote_id, first);
	r.reply.reference = "JB-7K3M9Q-RTEST0002";
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	ck_assert_str_ne(r.out.remote_id, first);
	free(mail);
	smtp_run_close(&r);
	smtp_peer_stop(&peer);
}
END_TEST

START_TEST(with_verp_a_bounce_has_an_address_of_its_own)
{
	struct smtp_peer peer;
	struct smtp_run r;
	char *mail = NULL;

	smtp_peer_start(&peer, NULL);
	smtp_run_init(&r, peer.url);
	smtp_run_set(&r, "verp", "true");
	smtp_run_open(&r);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "siti", &mail), 1);
	ck_assert_msg(strncmp(mail, "Return-Path: <pengaduan+" SMTP_REFERENCE "=", 44) == 0, "%.100s",
		      mail);
	free(mail);
	smtp_run_close(&r);
	smtp_peer_stop(&peer);
}
END_TEST

/* What cannot be sent is refused before anything is said to a server: there is none. */
static const struct {
	const char *to, *to_kind, *text, *reference;
} refused[] = {
	{ "siti", "mail", "x", "JB-1" },
	{ "siti@contoh.test>\r\nRCPT TO:<lain@contoh.test", "mail", "x", "JB-1" },
	{ "siti@contoh.test, lain@contoh.test", "mail", "x", "JB-1" },
	{ "siti@contoh.test lain@contoh.test", "mail", "x", "JB-1" },
	{ "\"siti rahma\"@contoh.test", "mail", "x", "JB-1" },
	{ "siti@@contoh.test", "mail", "x", "JB-1" },
	{ "@contoh.test", "mail", "x", "JB-1" },
	{ "siti@-contoh.test", "mail", "x", "JB-1" },
	{ "s\xff@contoh.test", "mail", "x", "JB-1" }, /* no UTF-8 */
	{ "s\xe2\x80\xa8iti@contoh.test", "mail", "x", "JB-1" }, /* a separator of lines */
	{ "s\xc2\x85iti@contoh.test", "mail", "x", "JB-1" },     /* NEL */
	{ "s\xc3\xafti>@contoh.test", "mail", "x", "JB-1" },
	{ "siti@c\xc3\xb3ntoh..test", "mail", "x", "JB-1" },
	{ "siti@c\xc3\xb3n toh.test", "mail", "x", "JB-1" },
	{ "siti@contoh.test", "phone", "x", "JB-1" },
	{ NULL, "mail", "x", "JB-1" },
	{ "siti@contoh.test", "mail", "", "JB-1" },
	{ "siti@contoh.test", "mail", NULL, "JB-1" },
	{ "siti@contoh.test", "mail", "x", NULL },
	{ "siti@contoh.test", "mail", "x", "" },
	{ "siti@contoh.test", "mail", "x", "JB-1>\r\nBcc: lain@contoh.test" },
	{ "siti@contoh.test", "mail", "x", "JB.1" },
};

START_TEST(what_cannot_be_a_mail_is_refused_at_once)
{
	struct smtp_run r;

	smtp_run_init(&r, "smtp://localhost:1");
	r.reply.to = refused[_i].to;
	r.reply.to_kind = refused[_i].to_kind;
	r.reply.text = refused[_i].text;
	r.reply.reference = refused[_i].reference;
	smtp_run_open(&r);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_DATA);
	ck_assert_int_eq(r.out.outcome, JEMBATAN_REFUSED);
	smtp_run_close(&r);
}
END_TEST

/* ---- logging in ---------------------------------------------------------------------- */

static char certificate[100], key[100];

static void remove_certificate(void)
{
	unlink(certificate);
	unlink(key);
}

enum { PLAIN_TEXT, STARTTLS_ON, SMTPS };

static const struct {
	int tls;
	const char *word; /* what the server says it can */
	const char *password, *setting; /* what we have; smtp_tls */
	enum jembatan_outcome outcome;
	enum jembatan_result result;
	bool is_said; /* a password may have been said */
} logins[] = {
	{ PLAIN_TEXT, "AUTH PLAIN", "rahasia", "auto", JEMBATAN_SENT, JEMBATAN_OK, true },
	{ PLAIN_TEXT, "AUTH LOGIN", "rahasia", "none", JEMBATAN_SENT, JEMBATAN_OK, true },
	/* STARTTLS is not offered, or taken out on the way: nothing is said in clear. */
	{ PLAIN_TEXT, "AUTH PLAIN LOGIN", "rahasia", "required", JEMBATAN_NOT_SENT,
	  JEMBATAN_CONFIG, false },
	{ STARTTLS_ON, "AUTH PLAIN LOGIN", "rahasia", "required", JEMBATAN_SENT, JEMBATAN_OK,
	  true },
	{ STARTTLS_ON, "AUTH PLAIN", "rahasia", "auto", JEMBATAN_SENT, JEMBATAN_OK, true },
	{ SMTPS, "AUTH PLAIN LOGIN", "rahasia", "auto", JEMBATAN_SENT, JEMBATAN_OK, true },
	{ STARTTLS_ON, "AUTH PLAIN", "salah", "required", JEMBATAN_NOT_SENT, JEMBATAN_AUTH, true },
	{ PLAIN_TEXT, "AUTH NTLMX", "rahasia", "auto", JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, false },
	/* A relay that knows us by our address wants no login. */
	{ PLAIN_TEXT, "SIZE 1000", "rahasia", "auto", JEMBATAN_SENT, JEMBATAN_OK, false },
};

START_TEST(a_password_is_said_only_to_whom_it_may_be)
{
	const char *arguments[12] = { "--password", "rahasia", "--extension", logins[_i].word };
	size_t n = 4;
	struct smtp_peer peer;
	struct smtp_run r;

	if (logins[_i].tls != PLAIN_TEXT) {
		arguments[n++] = "--tls";
		arguments[n++] = certificate;
		arguments[n++] = key;
	}
	if (logins[_i].tls == SMTPS)
		arguments[n++] = "--smtps";
	smtp_peer_start(&peer, arguments);
	if (logins[_i].tls == SMTPS)
		snprintf(peer.url, sizeof peer.url, "smtps://localhost:%u", peer.port);
	smtp_run_init(&r, peer.url);
	smtp_run_set(&r, "smtp_user", "pengaduan");
	smtp_run_set(&r, "smtp_password", logins[_i].password);
	smtp_run_set(&r, "smtp_tls", logins[_i].setting);
	smtp_run_set(&r, "ca_file", certificate);
	smtp_run_open(&r);
	enum jembatan_result result = smtp_run_reply(&r);
	char *log = smtp_peer_log(&peer);

	ck_assert_msg(r.out.outcome == logins[_i].outcome && result == logins[_i].result,
		      "outcome %d, result %d: %s\n%s", r.out.outcome, result,
		      testctx_explanation(r.t), log);
	ck_assert_int_eq(strstr(log, "AUTH ") != NULL, logins[_i].is_said);
	if (logins[_i].tls != PLAIN_TEXT)
		ck_assert(strstr(log, "[TLS]") != NULL && strstr(log, "[TLS]") < strstr(log, "AUTH "));
	ck_assert_ptr_null(strstr(testctx_explanation(r.t), logins[_i].password));
	free(log);
	smtp_run_close(&r);
	smtp_peer_stop(&peer);
}
END_TEST

START_TEST(a_stranger_s_certificate_gets_no_password_and_no_mail)
{
	const char *const arguments[] = { "--tls", certificate, key, "--password", "rahasia",
					  "--extension", "AUTH PLAIN", NULL };
	struct smtp_peer peer;
	struct smtp_run r;

	smtp_peer_start(&peer, arguments);
	smtp_run_init(&r, peer.url);
	smtp_run_set(&r, "smtp_user", "pengaduan");
	smtp_run_set(&r, "smtp_password", "rahasia");
	smtp_run_set(&r, "smtp_tls", "required");
	smtp_run_open(&r);
	ck_assert_msg(smtp_run_reply(&r) == JEMBATAN_CONFIG, "%s", testctx_explanation(r.t));
	ck_assert_int_eq(r.out.outcome, JEMBATAN_NOT_SENT);
	char *log = smtp_peer_log(&peer);

	ck_assert_ptr_null(strstr(log, "AUTH"));
	ck_assert_uint_eq(smtp_peer_mails(&peer, "siti", NULL), 0);
	free(log);
	smtp_run_close(&r);
	smtp_peer_stop(&peer);
}
END_TEST

static const struct {
	const char *word, *token, *mechanism;
	enum jembatan_outcome outcome;
	enum jembatan_result result;
} tokens[] = {
	{ "AUTH XOAUTH2", "tanda", NULL, JEMBATAN_SENT, JEMBATAN_OK },
	{ "AUTH OAUTHBEARER PLAIN", "tanda", NULL, JEMBATAN_SENT, JEMBATAN_OK },
	{ "AUTH XOAUTH2", "tanda", "XOAUTH2", JEMBATAN_SENT, JEMBATAN_OK },
	{ "AUTH XOAUTH2", "lama", NULL, JEMBATAN_NOT_SENT, JEMBATAN_AUTH },
	{ "AUTH OAUTHBEARER", "lama", NULL, JEMBATAN_NOT_SENT, JEMBATAN_AUTH },
	/* A token is no password, and none is made up. */
	{ "AUTH PLAIN LOGIN", "tanda", NULL, JEMBATAN_NOT_SENT, JEMBATAN_CONFIG },
	{ "AUTH XOAUTH2", "tanda", "OAUTHBEARER", JEMBATAN_NOT_SENT, JEMBATAN_CONFIG },
};

START_TEST(a_token_is_shown_as_a_token_only)
{
	const char *const arguments[] = { "--password", "tanda", "--extension", tokens[_i].word,
					  NULL };
	struct testctx *t = testctx_new(NULL, NULL);
	struct smtp_report report;
	struct smtp_peer peer;

	smtp_peer_start(&peer, arguments);
	const struct smtp_server server = { .url = peer.url,
					    .user = "pengaduan@kelurahan.test",
					    .token = tokens[_i].token,
					    .mechanism = tokens[_i].mechanism,
					    .timeout_ms = 20000 };
	const struct smtp_envelope envelope = { .our_name = "kelurahan.test",
						.from = "",
						.to = SMTP_CITIZEN,
						.mail = { "Subject: a\r\n\r\nhalo\r\n", 20 } };

	smtp_send(testctx_context(t), &server, &envelope, &report);
	struct smtp_meaning meaning = smtp_outcome(&report.end);
	char *log = smtp_peer_log(&peer);

	ck_assert_msg(meaning.outcome == tokens[_i].outcome && meaning.result == tokens[_i].result,
		      "stage %d, code %u, trouble %d: %s\n%s", report.end.stage, report.end.code,
		      report.end.trouble, report.words, log);
	ck_assert_int_eq(strstr(log, "AUTH ") != NULL, meaning.result != JEMBATAN_CONFIG);
	free(log);
	smtp_peer_stop(&peer);
	testctx_free(t);
}
END_TEST

/* ---- settings, and asking -------------------------------------------------------------- */

START_TEST(a_mailbox_without_smtp_url_has_no_way_back_and_says_so)
{
	struct smtp_run r;

	smtp_run_init(&r, NULL);
	smtp_run_open(&r);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_CONFIG);
	ck_assert_int_eq(r.out.outcome, JEMBATAN_NOT_SENT);
	ck_assert_ptr_nonnull(strstr(testctx_explanation(r.t), "smtp_url"));
	smtp_run_close(&r);
}
END_TEST

START_TEST(mail_cannot_be_asked_whether_it_went_out)
{
	struct smtp_run r;

	smtp_run_init(&r, "smtp://localhost:1");
	r.reply.flags = JEMBATAN_SETTLE;
	smtp_run_open(&r);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	ck_assert_int_eq(r.out.outcome, JEMBATAN_UNKNOWN);
	smtp_run_close(&r);
}
END_TEST

START_TEST(nothing_leaves_before_the_key_is_on_disk)
{
	struct smtp_peer peer;
	struct smtp_run r;

	smtp_peer_start(&peer, NULL);
	smtp_run_init(&r, peer.url);
	smtp_run_open(&r);
	testctx_fail_state(r.t, 1);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_RETRY);
	ck_assert_int_eq(r.out.outcome, JEMBATAN_NOT_SENT);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "siti", NULL), 0);
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "siti", NULL), 1);
	smtp_run_close(&r);
	smtp_peer_stop(&peer);
}
END_TEST

static const struct {
	const char *name, *value, *says;
} settings[] = {
	{ "smtp_url", "https://mail.contoh.test", "smtps://host" },
	{ "smtp_url", "smtp://a:b@mail.contoh.test", "options of their own" },
	{ "smtp_url", "smtp://mail.contoh.test/x", "options of their own" },
	{ "smtp_url", "smtps://mail.contoh.test", NULL },
	{ "smtp_url", "smtp://mail.contoh.test:587", NULL },
	{ "smtp_tls", "none", NULL },
	{ "from", "pengaduan", "from" },
	{ "from", "Pengaduan", "from" },
	{ "from", "pengaduan@kelurahan.test", NULL },
	{ "from", "pengaduan-yang-bernama-panjang-sekali@kelurahan.test", NULL },
	{ "smtp_user", "orang", "smtp_password" },
};

START_TEST(the_settings_of_the_way_back_are_checked_without_a_network)
{
	struct smtp_run r;

	smtp_run_init(&r, "smtp://localhost");
	smtp_run_set(&r, settings[_i].name, settings[_i].value);
	r.t = testctx_new(r.rows, jembatan_connector_entry()->options);
	enum jembatan_result result = smtp_ops()->check(testctx_context(r.t));

	ck_assert_msg(result == (settings[_i].says == NULL ? JEMBATAN_OK : JEMBATAN_CONFIG), "%s",
		      testctx_explanation(r.t));
	if (settings[_i].says != NULL)
		ck_assert_msg(strstr(testctx_explanation(r.t), settings[_i].says) != NULL, "%s",
			      testctx_explanation(r.t));
	testctx_free(r.t);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("smtp");

	if (!smtp_peer_certificate(certificate, key))
		return EXIT_FAILURE;
	smtp_peer_start(&shared, NULL);
	tcase_set_timeout(t, 60);
#define ROWS(table) ((int)(sizeof table / sizeof table[0]))
	tcase_add_loop_test(t, each_answer_of_a_server_has_its_one_outcome, 0, ROWS(answers));
	tcase_add_test(t, a_server_byte_by_byte_and_one_that_is_not_there);
	tcase_add_test(t, the_mail_says_what_it_answers_and_that_a_machine_wrote_it);
	tcase_add_test(t, with_verp_a_bounce_has_an_address_of_its_own);
	tcase_add_loop_test(t, what_cannot_be_a_mail_is_refused_at_once, 0, ROWS(refused));
	tcase_add_loop_test(t, a_password_is_said_only_to_whom_it_may_be, 0, ROWS(logins));
	tcase_add_loop_test(t, a_token_is_shown_as_a_token_only, 0, ROWS(tokens));
	tcase_add_test(t, a_stranger_s_certificate_gets_no_password_and_no_mail);
	tcase_add_test(t, a_mailbox_without_smtp_url_has_no_way_back_and_says_so);
	tcase_add_test(t, mail_cannot_be_asked_whether_it_went_out);
	tcase_add_test(t, nothing_leaves_before_the_key_is_on_disk);
	tcase_add_loop_test(t, the_settings_of_the_way_back_are_checked_without_a_network,
			    0, ROWS(settings));
	int result = unit_run("email_smtp", t);

	smtp_peer_stop(&shared);
	remove_certificate();
	return result;
}
