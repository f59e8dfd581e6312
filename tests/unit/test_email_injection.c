/* test_email_injection.c: whatever comes from outside, a reply has our headers and one
 * recipient. */
#include "email/own.h"
#include "email/reply_mail.h"
#include "smtp_bench.h"
#include "smtp_peer.h"

#include <gmime/gmime.h>

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static unsigned below(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % limit;
}

/* Words that would be headers, if only they got to the start of a line. */
static void make_words(unsigned *seed, char *out, size_t size)
{
	static const char *const pieces[] = {
		"\r\n", "\n", "\r", "\r\n\r\n", "\n\n", "\xe2\x80\xa8", "\xc2\x85", "\v", "\f", "\t", " ",
		"Bcc: lain@contoh.test", "To: lain@contoh.test", "Cc: lain@contoh.test", "X-Jahat: ya",
		"Content-Type: text/html", ">", "<", "<lain@contoh.test>", ",", ";", "\"", "\\", "=?utf-8?q?",
		"=0D=0A", "=?utf-8?q?=0D=0ABcc:_lain@contoh.test?=", "?=", "\x01", "\x7f", "\xff", "\xc3",
		"jalan rusak", "Léstari", "\r\n.\r\n", "\r\nRCPT TO:<lain@contoh.test>\r\n", "(", ")", "@", ":" };
	size_t used = 0;

	for (unsigned n = 1 + below(seed, 12); n > 0; n--) {
		const char *piece = pieces[below(seed, sizeof pieces / sizeof pieces[0])];

		if (used + strlen(piece) + 1 < size)
			used += (size_t)snprintf(out + used, size - used, "%s", piece);
	}
	out[used] = '\0';
}

/* The names of a mail's headers, one by one, and only once each. */
static void must_have_only_ours(const char *mail, size_t size)
{
	static const char *const names[] = {
		"From", "To", "Subject", "Date", "Message-Id", "In-Reply-To", "References",
		"Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "Content-Language",
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding" };
	unsigned seen = 0;
	const char *end = strstr(mail, "\r\n\r\n");

	ck_assert_ptr_nonnull(end);
	for (const char *line = mail; line < end + 2; line = strstr(line, "\r\n") + 2) {
		size_t i = 0;

		if (*line == ' ' || *line == '\t')
			continue;
		while (i < sizeof names / sizeof names[0] &&
		       (strncasecmp(line, names[i], strlen(names[i])) != 0 ||
			line[strlen(names[i])] != ':'))
			i++;
		ck_assert_msg(i < sizeof names / sizeof names[0], "a header of theirs: %.60s in %s", line, mail);
		ck_assert_msg((seen & 1u << i) == 0, "a header twice: %.60s", line);
		seen |= 1u << i;
	}
	ck_assert_ptr_null(memchr(mail, '\0', size));
	for (size_t i = 0; i < size; i++)
		ck_assert(mail[i] != '\n' || (i > 0 && mail[i - 1] == '\r'));
}

/* As other software reads it. */
static void must_go_to_one(const char *mail, size_t size)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail, size);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	InternetAddressList *all = g_mime_message_get_all_recipients(message);

	ck_assert_int_eq(internet_address_list_length(all), 1);
	ck_assert_str_eq(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(
				 internet_address_list_get_address(all, 0))),
			 SMTP_CITIZEN);
	ck_assert_int_eq(internet_address_list_length(g_mime_message_get_from(message)), 1);
	g_object_unref(all);
	g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
}

START_TEST(ten_thousand_injections_add_no_header_and_no_recipient)
{
	struct smtp_peer peer;
	struct smtp_run r;
	char subject[400], id[400], thread[400], name[400], to[400], language[400];
	unsigned seed = 20261122, refused_count = 0;

	g_mime_init();
	for (unsigned i = 0; i < 10000; i++) {
		size_t size;

		make_words(&seed, subject, sizeof subject);
		make_words(&seed, id, sizeof id);
		make_words(&seed, thread, sizeof thread);
		make_words(&seed, name, sizeof name);
		make_words(&seed, to, sizeof to);
		make_words(&seed, language, sizeof language);
		refused_count += !own_address_is_plain(to);
		const struct reply_mail mail = { .from_name = name,
						 .from = "pengaduan@kelurahan.test",
						 .to = SMTP_CITIZEN,
						 .message_id = "a.b@kelurahan.test",
						 .in_reply_to = id,
						 .thread = thread,
						 .subject = subject,
						 .text = subject,
						 .language = language,
						 .date_ms = INT64_C(1762146000000) };
		char *data = reply_mail_make(&mail, &size);
		char *text = calloc(1, size + 1);

		memcpy(text, data, size);
		must_have_only_ours(text, size);
		must_go_to_one(text, size);
		free(text);
		g_free(data);
	}
	/* None of them is an address. */
	ck_assert_uint_eq(refused_count, 10000);
	/* Some of them over the wire: one recipient each, and it is ours. */
	smtp_peer_start(&peer, NULL);
	smtp_run_init(&r, peer.url);
	smtp_run_open(&r);
	for (unsigned i = 0; i < 50; i++) {
		make_words(&seed, subject, sizeof subject);
		r.reply.subject = r.reply.text = r.reply.thread = r.reply.reply_to = subject;
		ck_assert_int_eq(smtp_run_reply(&r), JEMBATAN_OK);
	}
	char *log = smtp_peer_log(&peer);
	unsigned recipients = 0;

	for (const char *at = log; (at = strstr(at, "RCPT TO:")) != NULL; at++) {
		ck_assert_int_eq(strncmp(at, "RCPT TO:<" SMTP_CITIZEN ">\n", 9 + strlen(SMTP_CITIZEN) + 2), 0);
		recipients++;
	}
	ck_assert_uint_eq(recipients, 50);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "siti", NULL), 50);
	ck_assert_uint_eq(smtp_peer_mails(&peer, "lain", NULL), 0);
	free(log);
	smtp_run_close(&r);
	smtp_peer_stop(&peer);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("injection");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, ten_thousand_injections_add_no_header_and_no_recipient);
	return unit_run("email_injection", t);
}
