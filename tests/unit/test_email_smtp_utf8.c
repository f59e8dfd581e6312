/* test_email_smtp_utf8.c: citizens whose addresses are not ASCII: they get their
 * mail where the server can carry it (RFC 6531), and where it cannot they are
 * refused in so many words, so that another way is looked for. */
#include "smtp_bench.h"
#include "smtp_peer.h"

#include "email/own.h"

#include "unit.h"

#define ROWS(table) ((int)(sizeof table / sizeof table[0]))

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *address;
	const char *written; /* NULL: no address */
	bool wants_utf8;
} addresses[] = {
	{ "siti@contoh.test", "siti@contoh.test", false },
	/* A domain has a form that every server understands. */
	{ "siti@c\xc3\xb3ntoh.test", "siti@xn--cntoh-0ta.test", false },
	{ "siti@\xe4\xbe\x8b.test", "siti@xn--fsq.test", false },
	{ "s\xc3\xafti@contoh.test", "s\xc3\xafti@contoh.test", true },
	{ "\xe4\xbe\x8b@\xe4\xbe\x8b.test", "\xe4\xbe\x8b@xn--fsq.test", true },
	{ "", NULL, false },
	{ "@contoh.test", NULL, false },
	{ "siti", NULL, false },
	{ "si ti@contoh.test", NULL, false },
	{ "si\nti@contoh.test", NULL, false },
	{ "s\xc3\xafti\r\nBcc:x@contoh.test", NULL, false },
	{ "s\xef\xbb\xbfti@contoh.test", NULL, false }, /* what nobody can see */
	{ "a@b@contoh.test", NULL, false },
	{ "s\xc3\xafti@[127.0.0.1]", NULL, false },
};

START_TEST(an_address_is_written_as_servers_want_it)
{
	struct kit_arena *arena = kit_arena_new();
	struct recipient to = { 0 };

	ck_assert_int_eq(own_recipient(addresses[_i].address, arena, &to),
			 addresses[_i].written != NULL);
	if (addresses[_i].written != NULL) {
		ck_assert_str_eq(to.address, addresses[_i].written);
		ck_assert_int_eq(to.wants_utf8, addresses[_i].wants_utf8);
	}
	kit_arena_free(arena);
}
END_TEST

static const struct {
	const char *extension, *cue, *to, *box;
	enum jembatan_outcome outcome;
	size_t taken;
} servers[] = {
	{ "SMTPUTF8", "", "s\xc3\xafti@contoh.test", "s\xc3\xafti", JEMBATAN_SENT, 1 },
	{ "SMTPUTF8", "", SMTP_CITIZEN, "siti", JEMBATAN_SENT, 1 },
	{ "SIZE 1000000", "", "siti@\xe4\xbe\x8b.test", "siti", JEMBATAN_SENT, 1 },
	/* It would take the bytes for somebody else's, or drop the mail later. */
	{ "SIZE 1000000", "", "s\xc3\xafti@contoh.test", "s\xc3\xafti", JEMBATAN_REFUSED, 0 },
	{ "8BITMIME", "rcpt=501 5.1.3 what?", "s\xc3\xafti@contoh.test", "s\xc3\xafti",
	  JEMBATAN_REFUSED, 0 },
	{ "8BITMIME", "rcpt=451 4.3.0 later", "s\xc3\xafti@contoh.test", "s\xc3\xafti",
	  JEMBATAN_REFUSED, 0 },
	{ "SMTPUTF8", "ehlo=502 5.5.1 too new for me", "s\xc3\xafti@contoh.test", "s\xc3\xafti",
	  JEMBATAN_REFUSED, 0 },
	/* Whatever it offers: it is not there. */
	{ "SIZE 1000000", "ehlo=CUT", "s\xc3\xafti@contoh.test", "s\xc3\xafti",
	  JEMBATAN_NOT_SENT, 0 },
	{ "SMTPUTF8", "rcpt=450 4.2.0 greylisted", "s\xc3\xafti@contoh.test", "s\xc3\xafti",
	  JEMBATAN_LATER, 0 },
};

START_TEST(letters_beyond_ascii_go_where_they_are_understood)
{
	const char *const arguments[] = { "--extension", servers[_i].extension, NULL };
	struct smtp_peer peer;
	struct smtp_run r;
	char *mail = NULL;

	smtp_peer_start(&peer, arguments);
	smtp_peer_cue(&peer, servers[_i].cue);
	smtp_run_init(&r, peer.url);
	r.reply.to = servers[_i].to;
	smtp_run_open(&r);
	(void)smtp_run_reply(&r);
	char *log = smtp_peer_log(&peer);

	ck_assert_msg(r.out.outcome == servers[_i].outcome, "outcome %d: %s\n%s", r.out.outcome,
		      testctx_explanation(r.t), log);
	ck_assert_uint_eq(smtp_peer_mails(&peer, servers[_i].box, &mail), servers[_i].taken);
	bool is_ascii = strcmp(servers[_i].box, "siti") == 0;
	if (servers[_i].taken > 0) {
		/* Said to the server only when it matters; and read by the citizen as it is. */
		ck_assert_int_eq(strstr(log, " SMTPUTF8") != NULL, !is_ascii);
		ck_assert_ptr_nonnull(strstr(mail, is_ascii ? "To: siti@" :
							      "To: s\xc3\xafti@contoh.test\r\n"));
	} else if (r.out.outcome == JEMBATAN_REFUSED) {
		ck_assert_ptr_nonnull(strstr(testctx_explanation(r.t), "SMTPUTF8"));
		ck_assert_ptr_null(strstr(testctx_explanation(r.t), "ti@"));
	}
	free(mail);
	free(log);
	smtp_run_close(&r);
	smtp_peer_stop(&peer);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("email_smtp_utf8");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, an_address_is_written_as_servers_want_it, 0, ROWS(addresses));
	tcase_add_loop_test(t, letters_beyond_ascii_go_where_they_are_understood, 0,
			    ROWS(servers));
	return unit_run("email_smtp_utf8", t);
}
