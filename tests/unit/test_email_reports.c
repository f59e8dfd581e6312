/* test_email_reports.c: what comes back after a reply. Each mail in tests/data/mail/auto
 * is a machine's mail about a reply of ours, or after one; its name begins with what
 * must come of it: gagal (a failure is told), sampai (delivered), dibaca (read), diam
 * (nothing). None is ever a complaint or answered. And what people write, and two
 * bridges that face each other. */
#include "email/email_parse.h"
#include "smtp_bench.h"
#include "smtp_peer.h"

#include <glob.h>
#include <gmime/gmime.h>

#include "unit.h"

#include <stdio.h>
#include <string.h>

static glob_t fixtures;
static const char *const addresses[] = { "pengaduan@kelurahan.test", NULL };
static char our_id[256], our_bounce[256];

/* An instance that has sent the reply already. */
static struct own make_own(unsigned char first)
{
	struct own own = { .addresses = addresses, .has_key = true };

	memset(own.key, first, sizeof own.key);
	ck_assert(own_id(&own, SMTP_REFERENCE, "kelurahan.test", our_id));
	ck_assert(own_bounce(&own, SMTP_REFERENCE, "pengaduan@kelurahan.test", our_bounce));
	return own;
}

static char *replaced(char *text, const char *what, const char *with)
{
	gchar **pieces = g_strsplit(text, what, -1);
	char *out = g_strjoinv(with, pieces);

	g_strfreev(pieces);
	g_free(text);
	return out;
}

/* A fixture about our reply; g_free. */
static char *read_fixture(const char *path)
{
	gchar *text = NULL, *small = g_ascii_strdown(our_bounce, -1);

	ck_assert_msg(g_file_get_contents(path, &text, NULL, NULL), "cannot read %s", path);
	text = replaced(text, "@ID@", our_id);
	text = replaced(text, "@BOUNCE@", our_bounce);
	text = replaced(text, "@bounce@", small);
	g_free(small);
	return text;
}

static const struct jembatan_message *take(struct testctx *t, const struct own *own,
					   const char *text)
{
	const struct mail mail = { .raw = { text, strlen(text) }, .arrived_ms = 1762146000000 };
	size_t before = testctx_emit_count(t);

	ck_assert_int_eq(mail_take(testctx_context(t), &mail, own), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(t), before + 1);
	return testctx_emit(t, before);
}

static const struct {
	const char *prefix;
	int state; /* -1: no receipt */
} fates[] = { { "gagal-", JEMBATAN_RECEIPT_FAILED },
	      { "sampai-", JEMBATAN_RECEIPT_DELIVERED },
	      { "dibaca-", JEMBATAN_RECEIPT_READ },
	      { "diam-", -1 } };

static int fate_of(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++) {
		if (strncmp(name, fates[i].prefix, strlen(fates[i].prefix)) == 0)
			return fates[i].state;
	}
	ck_abort_msg("%s: what is to come of it?", name);
	return -1;
}

START_TEST(a_machine_s_mail_is_never_a_complaint_and_tells_what_became_of_a_reply)
{
	const char *path = fixtures.gl_pathv[_i];
	int fate = fate_of(path);
	const struct own own = make_own(7);
	struct testctx *t = testctx_new(NULL, NULL);
	char *text = read_fixture(path);
	const struct jembatan_message *m = take(t, &own, text);

	ck_assert_msg(m->kind == JEMBATAN_SYSTEM, "%s: kind %d", path, m->kind);
	ck_assert_msg((m->flags & JEMBATAN_AUTOMATIC) != 0, "%s: would be answered", path);
	ck_assert_msg(testctx_receipt_count(t) == (fate >= 0 ? 1 : 0), "%s: %zu receipts", path,
		      testctx_receipt_count(t));
	if (fate >= 0) {
		const struct jembatan_receipt *r = testctx_receipt(t, 0);

		ck_assert_int_eq(r->state, fate);
		ck_assert_str_eq(r->reference, SMTP_REFERENCE);
		if (r->remote_id != NULL)
			ck_assert_str_eq(r->remote_id, our_id);
		ck_assert_int_eq(r->reason != NULL, fate == JEMBATAN_RECEIPT_FAILED);
		/* Codes only: a server's words name the citizen. */
		ck_assert(r->reason == NULL || strchr(r->reason, '@') == NULL);
	}
	g_free(text);
	testctx_free(t);
}
END_TEST

START_TEST(a_report_of_what_we_did_not_send_says_nothing)
{
	struct own own = make_own(7);
	struct testctx *t = testctx_new(NULL, NULL);
	char *text = read_fixture(fixtures.gl_pathv[_i]);

	/* Another key: to whom this is another's mail, or a made-up one. */
	own.key[0] ^= 1;
	take(t, &own, text);
	ck_assert_uint_eq(testctx_receipt_count(t), 0);
	own.has_key = false;
	take(t, &own, text);
	ck_assert_uint_eq(testctx_receipt_count(t), 0);
	g_free(text);
	testctx_free(t);
}
END_TEST

/* ---- people --------------------------------------------------------------------------- */

static const struct {
	const char *headers; /* with @ID@ */
	enum jembatan_kind kind;
	bool is_to_ours;
} answers[] = {
	{ "In-Reply-To: <@ID@>\n", JEMBATAN_FOLLOW_UP, true },
	{ "In-Reply-To: <@ID@>\nReferences: <surat-1@contoh.test> <@ID@>\n", JEMBATAN_FOLLOW_UP,
	  true },
	{ "References: <surat-1@contoh.test> <@ID@>\n", JEMBATAN_FOLLOW_UP, true },
	/* He answers his own mail below ours. */
	{ "In-Reply-To: <surat-2@contoh.test>\nReferences: <@ID@> <surat-2@contoh.test>\n",
	  JEMBATAN_FOLLOW_UP, true },
	{ "In-Reply-To: <lain@contoh.test> <@ID@>\n", JEMBATAN_FOLLOW_UP, true },
	{ "In-Reply-To: <surat-1@contoh.test>\n", JEMBATAN_NEW, false },
	{ "", JEMBATAN_NEW, false },
	{ "In-Reply-To: <JB-7K3M9Q-RTEST0001.0123456789abcdef@kelurahan.test>\n", JEMBATAN_NEW,
	  false },
	{ "In-Reply-To: <JB-7K3M9Q-RTEST0001@kelurahan.test>\n", JEMBATAN_NEW, false },
};

START_TEST(an_answer_to_our_reply_is_a_follow_up_that_leads_to_it)
{
	const struct own own = make_own(7);
	struct testctx *t = testctx_new(NULL, NULL);
	char *text = g_strdup_printf("From: Siti Rahma <siti@contoh.test>\n%sMessage-ID: <s9@c.test>\n"
				     "Subject: Re: Jalan rusak\n\nIni fotonya.\n",
				     answers[_i].headers);

	text = replaced(text, "@ID@", our_id);
	const struct jembatan_message *m = take(t, &own, text);

	ck_assert_int_eq(m->kind, answers[_i].kind);
	ck_assert_uint_eq(m->flags, 0);
	if (answers[_i].is_to_ours)
		ck_assert_str_eq(m->reply_to, our_id);
	else
		ck_assert(m->reply_to == NULL || strcmp(m->reply_to, our_id) != 0);
	g_free(text);
	testctx_free(t);
}
END_TEST

START_TEST(our_own_mail_that_comes_back_is_ignored)
{
	const struct own own = make_own(7);
	struct testctx *t = testctx_new(NULL, NULL);
	/* A list has put its own address in place of ours. */
	char *text = g_strdup_printf("From: Warga <warga@milis.test>\nMessage-ID: <%s>\n"
				     "Subject: Re: Jalan rusak\n\nTerima kasih.\n",
				     our_id);
	const struct jembatan_message *m = take(t, &own, text);

	ck_assert_int_eq(m->kind, JEMBATAN_IGNORED);
	ck_assert_uint_ne(m->flags & JEMBATAN_AUTOMATIC, 0);
	g_free(text);
	testctx_free(t);
}
END_TEST

/* ---- what is ours ------------------------------------------------------------------------ */

START_TEST(an_id_or_address_that_was_changed_is_not_ours)
{
	const struct own own = make_own(7);
	struct kit_arena *arena = kit_arena_new();
	char id[256], bounce[256];

	ck_assert_str_eq(own_id_reference(&own, our_id, arena), SMTP_REFERENCE);
	ck_assert_str_eq(own_bounce_reference(&own, our_bounce, arena), SMTP_REFERENCE);
	for (size_t i = 0; our_id[i] != '@'; i++) {
		snprintf(id, sizeof id, "%s", our_id);
		id[i] = id[i] == 'x' ? 'y' : 'x';
		ck_assert_ptr_null(own_id_reference(&own, id, arena));
	}
	for (size_t i = strlen("pengaduan"); our_bounce[i] != '@'; i++) {
		snprintf(bounce, sizeof bounce, "%s", our_bounce);
		bounce[i] = bounce[i] == 'x' ? 'y' : 'x';
		ck_assert_ptr_null(own_bounce_reference(&own, bounce, arena));
	}
	/* One is no pattern for the other. */
	snprintf(id, sizeof id, SMTP_REFERENCE ".%.16s@kelurahan.test", strchr(our_bounce, '=') + 1);
	ck_assert_ptr_null(own_id_reference(&own, id, arena));
	ck_assert_ptr_null(own_id_reference(&own, NULL, arena));
	ck_assert_ptr_null(own_bounce_reference(&own, NULL, arena));
	kit_arena_free(arena);
}
END_TEST

/* ---- two bridges --------------------------------------------------------------------------- */

/* Take what has come to this bridge, as one of the two; the mails that may be answered. */
static size_t answerable(const struct smtp_peer *peer, struct smtp_run *r, const char *box)
{
	size_t count = 0;
	char *mail = NULL;

	if (smtp_peer_mails(peer, box, &mail) == 0)
		return 0;
	testctx_forget(r->t);
	ck_assert_int_eq(smtp_ops()->preview(r->ctx, (struct jembatan_bytes){ mail, strlen(mail) }),
			 JEMBATAN_OK);
	for (size_t i = 0; i < testctx_emit_count(r->t); i++)
		count += testctx_emit(r->t, i)->kind != JEMBATAN_SYSTEM &&
			 (testctx_emit(r->t, i)->flags & JEMBATAN_AUTOMATIC) == 0;
	free(mail);
	return count;
}

START_TEST(two_bridges_that_face_each_other_stop_after_one_mail_each)
{
	struct smtp_peer peer;
	struct smtp_run a, b;
	unsigned sent = 0;

	smtp_peer_start(&peer, NULL);
	smtp_run_init(&a, peer.url);
	smtp_run_init(&b, peer.url);
	smtp_run_set(&b, "from", "kecamatan@kecamatan.test");
	smtp_run_open(&a);
	smtp_run_open(&b);
	/* Somebody has written to each in the other's name. */
	a.reply.to = "kecamatan@kecamatan.test";
	b.reply.to = "pengaduan@kelurahan.test";
	size_t from_a = 1, from_b = 1;

	while (from_a + from_b > 0 && sent < 10) {
		for (; from_a > 0; from_a--, sent++)
			ck_assert_int_eq(smtp_run_reply(&a), JEMBATAN_OK);
		for (; from_b > 0; from_b--, sent++)
			ck_assert_int_eq(smtp_run_reply(&b), JEMBATAN_OK);
		from_a = answerable(&peer, &a, "pengaduan");
		from_b = answerable(&peer, &b, "kecamatan");
	}
	ck_assert_uint_eq(sent, 2);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "pengaduan", NULL), 1);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "kecamatan", NULL), 1);
	smtp_run_close(&a);
	smtp_run_close(&b);
	smtp_peer_stop(&peer);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("reports");

	g_mime_init();
	if (glob(TEST_TOP "/tests/data/mail/auto/*.eml", 0, NULL, &fixtures) != 0 ||
	    fixtures.gl_pathc < 40) {
		fprintf(stderr, "fewer than 40 kinds of automatic mail\n");
		return EXIT_FAILURE;
	}
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_machine_s_mail_is_never_a_complaint_and_tells_what_became_of_a_reply,
			    0, (int)fixtures.gl_pathc);
	tcase_add_loop_test(t, a_report_of_what_we_did_not_send_says_nothing, 0,
			    (int)fixtures.gl_pathc);
	tcase_add_loop_test(t, an_answer_to_our_reply_is_a_follow_up_that_leads_to_it, 0,
			    (int)(sizeof answers / sizeof answers[0]));
	tcase_add_test(t, our_own_mail_that_comes_back_is_ignored);
	tcase_add_test(t, an_id_or_address_that_was_changed_is_not_ours);
	tcase_add_test(t, two_bridges_that_face_each_other_stop_after_one_mail_each);
	return unit_run("email_reports", t);
}
