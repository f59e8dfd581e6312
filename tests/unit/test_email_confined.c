/* test_email_confined.c: the mail connector as it really runs: in a confined child, as
 * nobody. A reply leaves by SMTP with STARTTLS, and its key is asked for and kept. */
#include "core_side.h"
#include "smtp_peer.h"

#include "base/buf.h"

#include "unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct smtp_peer peer;
static char certificate[100], key[100];

START_TEST(a_confined_child_sends_a_reply)
{
	struct core_side core;
	struct msg_state asked = { 0 };
	struct msg_delivered delivered = { 0 };

	core_side_setup(&core);
	struct msg_option options[] = { { "source", NULL, "maildir", "a.yaml:1" },
					{ "maildir", NULL, core.folder, "a.yaml:2" },
					{ "smtp_url", NULL, peer.url, "a.yaml:3" },
					{ "smtp_user", NULL, "pengaduan", "a.yaml:4" },
					{ "smtp_password", NULL, "rahasia", "a.yaml:5" },
					{ "smtp_tls", NULL, "required", "a.yaml:6" },
					{ "ca_file", NULL, certificate, "a.yaml:7" },
					{ "from", NULL, "pengaduan@kelurahan.test", "a.yaml:8" } };
	struct msg_grant grant = { .path = certificate };

	core.open.options = options;
	core.open.option_count = sizeof options / sizeof options[0];
	core.open.grants = &grant;
	core.open.grant_count = 1;
	core.open.role = MSG_ROLE_DELIVER;
	core_side_open(&core, "email");
	const struct msg_reply reply = { .reference = "JB-7K3M9Q-RTEST0001",
					 .event = "number",
					 .to = "siti@contoh.test",
					 .to_kind = "mail",
					 .subject = "Re: Jalan rusak",
					 .text = "Laporan Anda kami terima." };

	core_side_send(&core, MSG_REPLY, msg_reply_fields, &reply, bytes_text(NULL));
	/* No key yet; it is on disk before the mail leaves. */
	struct frame f = core_side_expect(&core, MSG_STATE_GET, msg_state_fields, &asked);
	const struct msg_state none = { .key = asked.key };

	struct why why;

	ck_assert_int_eq(channel_put(core.channel, MSG_VALUE, f.seq, msg_state_fields, &none,
				     bytes_text(NULL), &why),
			 JEMBATAN_OK);
	ck_assert_int_eq(channel_flush_wait(core.channel, -1, &why), JEMBATAN_OK);
	f = core_side_expect(&core, MSG_STATE_PUT, msg_state_fields, &asked);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "siti", NULL), 0);
	core_side_answer(&core, f.seq, JEMBATAN_OK);
	core_side_expect(&core, MSG_DELIVERED, msg_delivered_fields, &delivered);
	ck_assert_msg(delivered.outcome == JEMBATAN_SENT, "%s", delivered.why);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "siti", NULL), 1);
	core_side_stop(&core);
	core_side_teardown(&core);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("confined");

	const char *const arguments[] = { "--tls", certificate, key, "--password", "rahasia",
					  "--extension", "AUTH PLAIN", NULL };

	/* All this as root, if we are root: the test becomes nobody. */
	if (!smtp_peer_certificate(certificate, key))
		return EXIT_FAILURE;
	smtp_peer_start(&peer, arguments);
	if (chmod(peer.dir, 0755) < 0)
		return EXIT_FAILURE;
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_confined_child_sends_a_reply);
	int result = unit_run("email_confined", t);

	smtp_peer_stop(&peer);
	unlink(certificate);
	unlink(key);
	return result;
}
