/* test_email_exim.c: the way there and back through a real mail server: what is sent
 * arrives as it should, a bounce finds its reply, and so does the citizen's answer. */
#include "email/smtp_send.h"
#include "smtp_bench.h"
#include "smtp_peer.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct smtp_peer exim;
static char certificate[100], key[100], maildir[100];

/* An instance that sends by Exim and reads the mailbox to which it delivers. */
static void open_run(struct smtp_run *r)
{
	smtp_run_init(r, exim.url);
	smtp_run_set(r, "maildir", maildir);
	smtp_run_set(r, "smtp_user", "pengaduan");
	smtp_run_set(r, "smtp_password", "rahasia");
	smtp_run_set(r, "smtp_tls", "required");
	smtp_run_set(r, "ca_file", certificate);
	smtp_run_set(r, "verp", "true");
	smtp_run_set(r, "timeout", "20s");
}

static void poll_until_idle(struct smtp_run *r)
{
	enum jembatan_result result;

	while ((result = smtp_ops()->poll(r->ctx, r->self)) != JEMBATAN_IDLE)
		ck_assert_msg(result == JEMBATAN_OK, "%s", testctx_explanation(r->t));
}

static void must_hold(const char *mail, const char *words)
{
	ck_assert_msg(strcasestr(mail, words) != NULL, "no %s in\n%s", words, mail);
}

START_TEST(a_reply_arrives_and_its_answer_comes_back_as_a_follow_up)
{
	struct smtp_run r;
	char *mail = NULL, line[400];

	open_run(&r);
	r.reply.text = "Laporan Anda – kami terima.\n.\nHormat kami";
	smtp_run_open(&r);
	ck_assert_msg(smtp_run_reply(&r) == JEMBATAN_OK, "%s", testctx_explanation(r.t));
	ck_assert_int_eq(r.out.outcome, JEMBATAN_SENT);
	smtp_peer_wait(&exim, "siti", 1, &mail);
	must_hold(mail, "Return-path: <pengaduan+" SMTP_REFERENCE "=");
	snprintf(line, sizeof line, "\nMessage-Id: <%s>\n", r.out.remote_id);
	must_hold(mail, line);
	must_hold(mail, "\nIn-Reply-To: <surat-1@contoh.test>\n");
	must_hold(mail, "\nAuto-Submitted: auto-replied\n");
	must_hold(mail, "\n\nLaporan Anda =E2=80=93 kami terima.\n.\nHormat kami");
	free(mail);

	/* Siti answers, by the same server. */
	const struct smtp_server server = { .url = exim.url,
					    .user = "siti",
					    .password = "rahasia",
					    .ca_file = certificate,
					    .tls = MAIL_TLS_REQUIRED,
					    .timeout_ms = 20000 };
	struct smtp_envelope envelope = { .our_name = "contoh.test",
					  .from = SMTP_CITIZEN,
					  .to = "pengaduan@kelurahan.test" };
	struct smtp_report report;
	int size = snprintf(line, sizeof line,
			    "From: Siti <" SMTP_CITIZEN ">\r\nTo: pengaduan@kelurahan.test\r\n"
			    "Message-ID: <jawab-1@contoh.test>\r\nIn-Reply-To: <%s>\r\n"
			    "Subject: Re: Jalan rusak\r\n\r\nTerima kasih.\r\n",
			    r.out.remote_id);

	envelope.mail = (struct jembatan_bytes){ line, (size_t)size };
	smtp_send(r.ctx, &server, &envelope, &report);
	ck_assert_uint_eq(report.end.code, 250);
	smtp_peer_wait(&exim, "pengaduan", 1, NULL);
	poll_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 1);
	ck_assert_int_eq(testctx_emit(r.t, 0)->kind, JEMBATAN_FOLLOW_UP);
	ck_assert_str_eq(testctx_emit(r.t, 0)->reply_to, r.out.remote_id);
	ck_assert_str_eq(testctx_emit(r.t, 0)->text, "Terima kasih.");

	/* A reply to where nobody lives: the server takes it, and says so later. */
	r.reply.to = "hilang@contoh.test";
	r.reply.reference = "JB-7K3M9Q-RTEST0002";
	ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	ck_assert_int_eq(r.out.outcome, JEMBATAN_SENT);
	smtp_peer_wait(&exim, "pengaduan", 2, NULL);
	poll_until_idle(&r);
	ck_assert_uint_eq(testctx_emit_count(r.t), 2);
	ck_assert_int_eq(testctx_emit(r.t, 1)->kind, JEMBATAN_SYSTEM);
	ck_assert_uint_eq(testctx_receipt_count(r.t), 1);
	const struct jembatan_receipt *receipt = testctx_receipt(r.t, 0);

	ck_assert_int_eq(receipt->state, JEMBATAN_RECEIPT_FAILED);
	ck_assert_str_eq(receipt->reference, "JB-7K3M9Q-RTEST0002");
	ck_assert_str_eq(receipt->remote_id, r.out.remote_id);
	smtp_run_close(&r);
}
END_TEST

static const struct {
	const char *to, *password, *tls;
	enum jembatan_outcome outcome;
	enum jembatan_result result;
} refusals[] = {
	{ "tolak@contoh.test", "rahasia", "required", JEMBATAN_REFUSED, JEMBATAN_OK },
	{ "nanti@contoh.test", "rahasia", "required", JEMBATAN_LATER, JEMBATAN_OK },
	{ "siti@lain.test", "rahasia", "required", JEMBATAN_REFUSED, JEMBATAN_OK },
	{ "siti@contoh.test", "salah", "required", JEMBATAN_NOT_SENT, JEMBATAN_AUTH },
};

START_TEST(a_real_server_s_refusals_are_understood)
{
	struct smtp_run r;

	open_run(&r);
	smtp_run_set(&r, "smtp_password", refusals[_i].password);
	smtp_run_set(&r, "smtp_tls", refusals[_i].tls);
	r.reply.to = refusals[_i].to;
	smtp_run_open(&r);
	enum jembatan_result result = smtp_run_reply(&r);

	ck_assert_msg(result == refusals[_i].result && r.out.outcome == refusals[_i].outcome,
		      "outcome %d, result %d: %s", r.out.outcome, result,
		      testctx_explanation(r.t));
	smtp_run_close(&r);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("exim");

	if (!smtp_peer_certificate(certificate, key))
		return EXIT_FAILURE;
	bool is_there = smtp_peer_exim(&exim, certificate, key);

	unlink(key);
	if (!is_there) {
		smtp_peer_stop(&exim);
		unlink(certificate);
		return 77;
	}
	snprintf(maildir, sizeof maildir, "%s/pengaduan", exim.dir);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_reply_arrives_and_its_answer_comes_back_as_a_follow_up);
	tcase_add_loop_test(t, a_real_server_s_refusals_are_understood, 0,
			    (int)(sizeof refusals / sizeof refusals[0]));
	int result = unit_run("email_exim", t);

	smtp_peer_stop(&exim);
	unlink(certificate);
	return result;
}
