/* test_email_parse.c: mails to messages. Each tests/data/mail/<x>.eml becomes
 * exactly what <x>.out says (GOLDEN_WRITE=1 writes them anew: read the change).
 * The rest are properties: identity, limits, quarantine. */
#include "email/email_parse.h"
#include "golden.h"
#include "kit/testctx.h"

#include <gmime/gmime.h>

#include "unit.h"

#include <stdio.h>
#include <string.h>

static const struct testctx_option rows[] = {
	{ "own_addresses", NULL, "pengaduan@kelurahan.test" },
	{ NULL, NULL, NULL },
};

static struct testctx *context(void)
{
	return testctx_new(rows, jembatan_connector_entry()->options);
}

/* What one mail becomes, by the operation that people use for it. */
static enum jembatan_result preview(struct testctx *t, const char *data, size_t size)
{
	return jembatan_connector_entry()->operations->preview(
		testctx_context(t), (struct jembatan_bytes){ data, size });
}

static const struct jembatan_message *message_of(struct testctx *t, const char *data, size_t size)
{
	size_t before = testctx_emit_count(t);

	ck_assert_int_eq(preview(t, data, size), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(t), before + 1);
	return testctx_emit(t, before);
}

static const struct jembatan_message *message_of_text(struct testctx *t, const char *text)
{
	return message_of(t, text, strlen(text));
}

/* ---- golden pairs -------------------------------------------------------------- */

static char *shown(struct testctx *t, const struct jembatan_message *m)
{
	static const char *const kinds[] = { "new", "follow-up", "edit", "deletion", "reaction",
		"receipt", "system", "unreadable", "ignored" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	golden_field(out, "id", m->id);
	golden_field(out, "kind", kinds[m->kind]);
	golden_field(out, "automatic", (m->flags & JEMBATAN_AUTOMATIC) != 0 ? "yes" : NULL);
	golden_field(out, "thread", m->thread);
	golden_field(out, "reply to", m->reply_to);
	golden_field(out, "author id", m->author.id);
	golden_field(out, "author name", m->author.name);
	golden_field(out, "author mail", m->author.mail);
	fprintf(out, "sent: %lld\n", (long long)m->sent_ms);
	golden_field(out, "subject", m->subject);
	golden_field(out, "extra", m->extra);
	for (size_t i = 0; i < m->attachment_count; i++) {
		const struct jembatan_attachment *a = &m->attachments[i];

		fprintf(out, "attachment: %s, %s, ", a->name ? a->name : "-", a->media_type);
		if (a->spool != NULL)
			fprintf(out, "%zu bytes\n", testctx_spooled(t, a->spool).size);
		else
			fprintf(out, "missing\n");
	}
	fprintf(out, "text:\n%s\n", m->text ? m->text : "(none)");
	if (m->full_text != NULL)
		fprintf(out, "full text:\n%s\n", m->full_text);
	fclose(out);
	return text;
}

START_TEST(a_mail_becomes_the_message_that_its_golden_file_shows)
{
	size_t size;
	char *mail = golden_read(golden_path(_i), &size);
	struct testctx *t = context();

	golden_compare(golden_path(_i), shown(t, message_of(t, mail, size)));
	/* The raw mail reaches the core unchanged. */
	ck_assert_uint_eq(testctx_emit(t, 0)->raw.size, size);
	ck_assert_mem_eq(testctx_emit(t, 0)->raw.data, mail, size);
	free(mail);
	testctx_free(t);
}
END_TEST

/* ---- identity ------------------------------------------------------------------- */

static const struct {
	const char *a, *b;
	bool is_same;
} twins[] = {
	{ "From: a@b.test\nMessage-ID: <1@b.test>\n\nhalo\n",
	  "From: a@b.test\r\nMessage-ID: <1@b.test>\r\n\r\nhalo\r\n", true },
	{ "Received: x\nFrom: a@b.test\nMessage-ID: <1@b.test>\n\nhalo\n",
	  "Received: y\nStatus: RO\nFrom: a@b.test\nMessage-ID: <1@b.test>\n\nhalo\n\n", true },
	{ "From: a@b.test\nSubject: satu\n dua\n\nhalo\n",
	  "From: a@b.test\nSubject: satu  dua\n\nhalo\n", true },
	{ "From: a@b.test\nMessage-ID: <1@b.test>\n\nhalo\n",
	  "From: a@b.test\nMessage-ID: <1@b.test>\n\nlain\n", false },
	{ "From: a@b.test\nMessage-ID: <1@b.test>\n\nhalo\n",
	  "From: a@b.test\nMessage-ID: <2@b.test>\n\nhalo\n", false },
	{ "From: a@b.test\n\nhalo\n", "From: c@b.test\n\nhalo\n", false },
	{ "From: a@b.test\nDate: x\n\nhalo\n", "From: a@b.test\nDate: y\n\nhalo\n", false },
	{ "From: a@b.test\nSubject: x\n\nhalo\n", "From: a@b.test\nDate: x\n\nhalo\n", false },
};

START_TEST(the_same_mail_has_the_same_id_and_another_one_has_not)
{
	struct testctx *t = context();
	const struct jembatan_message *a = message_of_text(t, twins[_i].a);
	char *id = strdup(a->id);
	const struct jembatan_message *b = message_of_text(t, twins[_i].b);

	ck_assert_int_eq(strcmp(id, b->id) == 0, twins[_i].is_same);
	ck_assert_str_eq(testctx_begin_id(t, 0), id);
	free(id);
	testctx_free(t);
}
END_TEST

START_TEST(an_absurd_message_id_is_not_taken_for_one)
{
	static const char *const ids[] = { "<>", "<a b>", "", "<\x01@x>", "<\xff@x>" };
	struct testctx *t = context();
	char mail[3000], *end = mail;

	if (_i < 5) {
		snprintf(mail, sizeof mail, "From: a@b.test\nMessage-ID: %s\n\nhalo\n", ids[_i]);
	} else {
		end += sprintf(mail, "From: a@b.test\nMessage-ID: <");
		memset(end, 'x', 2000);
		sprintf(end + 2000, "@b.test>\n\nhalo\n");
	}
	ck_assert_uint_eq(strlen(message_of_text(t, mail)->id), 64);
	testctx_free(t);
}
END_TEST

/* ---- limits --------------------------------------------------------------------- */

/* A mail of n parts, one within the other or one after the other. */
static char *many_parts(unsigned n, bool nested, bool messages)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "From: a@b.test\nSubject: banyak\nMIME-Version: 1.0\n");
	if (!nested)
		fprintf(out, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (unsigned i = 0; i < n; i++) {
		if (!nested)
			fprintf(out, "--b\nContent-Type: image/png; name=%u.png\n\nx\n", i);
		else if (messages)
			fprintf(out, "Content-Type: message/rfc822\n\nSubject: %u\n", i);
		else
			fprintf(out, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i,
				i);
	}
	fprintf(out, nested ? "Content-Type: text/plain\n\nhalo\n" : "--b--\n");
	fclose(out);
	return text;
}

START_TEST(a_header_folded_over_a_line_of_blanks_goes_on)
{
	struct testctx *t = context();
	const struct jembatan_message *m = message_of_text(
		t, "From: a@b.test\nSubject: Re: jalan\n \n\t=?UTF-8?Q?rusak?=\n\nhalo\n");

	ck_assert_str_eq(m->subject, "Re: jalan  rusak");
	ck_assert_str_eq(m->text, "halo");
	testctx_free(t);
}
END_TEST

START_TEST(a_mail_of_ten_thousand_parts_is_one_message_with_a_note)
{
	struct testctx *t = context();
	char *mail = many_parts(10000, _i > 0, _i == 2);
	const struct jembatan_message *m = message_of_text(t, mail);

	ck_assert_str_eq(m->subject, "banyak");
	ck_assert_uint_le(m->attachment_count, 100);
	ck_assert_ptr_nonnull(strstr(m->extra, "parts_left_out"));
	free(mail);
	testctx_free(t);
}
END_TEST

/* A mail with one thing repeated. */
static const struct {
	const char *before, *each, *after;
	unsigned times;
	const char *extra;  /* said there; NULL: nothing of the kind */
	const char *text;   /* read; NULL: nothing could be, and this is said */
	const char *kind;
} bombs[] = {
	/* Nothing to read before our limits. */
	{ "Content-Type: multipart/mixed; boundary=b\n\n",
	  "--b\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\n\nhalo", 10000,
	  "parts_left_out", NULL, "unreadable" },
	/* What tells of the content is found behind a flood. */
	{ "", "X-A: b\n", "Content-Type: text/html\n\n<p>halo</p>", 100000, NULL, "halo", "new" },
	{ "", "Received: from a by b\n",
	  "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhalo\n--b--\n", 100000, NULL,
	  "halo", "new" },
	/* What stands before the bomb is read. */
	{ "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhalo\n--b\n", "X-A: b\n",
	  "\nekor\n--b--\n", 100000, "parts_left_out", "halo", "new" },
	{ "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhalo\n--b\n"
	  "Content-Type: message/rfc822\n\nTo: ",
	  "a:", "\n\nekor\n--b--\n", 300000, "parts_left_out", "halo", "new" },
	{ "Content-Type: message/rfc822\n\nTo: ", "a:", "\n\nekor\n", 300000,
	  "parts_left_out", NULL, "unreadable" },
	{ "To: ", "a:", "\n\nhalo\n", 300000, NULL, "halo", "new" },
	/* Lines that only look like boundaries and heads are text. */
	{ "Content-Type: text/plain\n\nhalo\n-----BEGIN X-----\n", "QUJD\n", "-----END X-----\n",
	  3000, NULL, "halo\n-----BEGIN X-----\nQUJD", "new" },
};

START_TEST(of_a_bomb_what_is_within_the_limits_is_read_and_the_rest_is_said)
{
	struct testctx *t = context();
	char *mail = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&mail, &size);

	fprintf(out, "From: a@b.test\nSubject: bom\n%s", bombs[_i].before);
	for (unsigned i = 0; i < bombs[_i].times; i++)
		fputs(bombs[_i].each, out);
	fputs(bombs[_i].after, out);
	fclose(out);
	const struct jembatan_message *m = message_of(t, mail, size);
	const char *extra = m->extra != NULL ? m->extra : "";

	ck_assert_str_eq(m->subject, "bom");
	if (bombs[_i].extra != NULL)
		ck_assert_ptr_nonnull(strstr(extra, bombs[_i].extra));
	else
		ck_assert_ptr_null(strstr(extra, "left_out"));
	ck_assert_int_eq(m->kind, strcmp(bombs[_i].kind, "new") == 0 ? JEMBATAN_NEW
								     : JEMBATAN_UNREADABLE);
	ck_assert_ptr_nonnull(m->text);
	if (bombs[_i].text != NULL)
		ck_assert_int_eq(strncmp(m->text, bombs[_i].text, strlen(bombs[_i].text)), 0);
	else
		ck_assert_ptr_nonnull(strstr(m->text, "than are read"));
	ck_assert_uint_eq(m->raw.size, size);
	free(mail);
	testctx_free(t);
}
END_TEST

START_TEST(an_html_text_without_end_is_cut_and_says_so)
{
	struct testctx *t = context();
	size_t size = 3u << 20, used;
	char *mail = malloc(size);

	used = (size_t)sprintf(mail, "From: a@b.test\nContent-Type: text/html\n\nhalo");
	memset(mail + used, ' ', size - used);
	const struct jembatan_message *m = message_of(t, mail, size);

	ck_assert_str_eq(m->text, "halo");
	ck_assert_ptr_nonnull(strstr(m->extra, "\"text_cut\":true"));
	free(mail);
	testctx_free(t);
}
END_TEST

START_TEST(a_huge_text_is_cut_on_a_character_and_says_so)
{
	struct testctx *t = context();
	size_t size = 2u << 20;
	char *mail = malloc(size + 100);
	size_t used = (size_t)sprintf(mail, "From: a@b.test\n"
					    "Content-Type: text/plain; charset=utf-8\n\nx");

	while (used < size)
		used += (size_t)sprintf(mail + used, "\xc3\xa9");
	const struct jembatan_message *m = message_of(t, mail, used);

	ck_assert_uint_le(strlen(m->text), 256u * 1024u);
	ck_assert_uint_ge(strlen(m->text), 256u * 1024u - 4);
	ck_assert(kit_utf8_is_valid((struct jembatan_bytes){ m->text, strlen(m->text) }));
	ck_assert_ptr_nonnull(strstr(m->extra, "\"text_cut\":true"));
	free(mail);
	testctx_free(t);
}
END_TEST

START_TEST(a_subject_without_end_is_cut_on_a_character)
{
	struct testctx *t = context();
	char mail[40000] = "From: a@b.test\nSubject: x";

	for (int i = 0; i < 1200; i++)
		strcat(mail, " =?utf-8?q?=C3=A9=C3=A9?=");
	ck_assert_uint_lt(strlen(mail), sizeof mail - 3);
	strcat(mail, "\n\n");
	const struct jembatan_message *m = message_of_text(t, mail);

	ck_assert_uint_ge(strlen(m->subject), 1500);
	ck_assert(kit_utf8_is_valid((struct jembatan_bytes){ m->subject, strlen(m->subject) }));
	testctx_free(t);
}
END_TEST

START_TEST(an_attachment_too_large_for_the_spool_is_listed_as_missing)
{
	struct testctx *t = context();

	testctx_set_spool_ceiling(t, 3);
	const struct jembatan_message *m = message_of_text(
		t, "From: a@b.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"
		   "\n--b\n\nhalo\n--b\nContent-Type: image/png; name=a.png\n\n123456\n--b\n"
		   "Content-Type: image/png; name=b.png\n\n12\n--b--\n");

	ck_assert_uint_eq(m->attachment_count, 2);
	ck_assert_str_eq(m->attachments[0].name, "a.png");
	ck_assert_ptr_null(m->attachments[0].spool);
	ck_assert_ptr_nonnull(m->attachments[1].spool);
	testctx_free(t);
}
END_TEST

START_TEST(of_a_mail_fetched_in_part_the_last_file_is_missing)
{
	static const char raw[] =
		"From: a@b.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
		"--b\n\nhalo\n--b\nContent-Type: image/png; name=a.png\n\nab\n--b\n"
		"Content-Type: image/png; name=b.png\n\n12";
	struct testctx *t = context();
	struct mail mail = { .raw = { raw, sizeof raw - 1 }, .whole_size = 99999999 };

	ck_assert_int_eq(mail_take(testctx_context(t), &mail, NULL), JEMBATAN_OK);
	const struct jembatan_message *m = testctx_emit(t, 0);

	ck_assert_str_eq(m->text, "halo");
	ck_assert_ptr_nonnull(m->attachments[0].spool);
	ck_assert_ptr_null(m->attachments[1].spool);
	ck_assert_ptr_nonnull(strstr(m->extra, "\"whole_size\":99999999"));
	testctx_free(t);
}
END_TEST

START_TEST(nothing_at_all_is_still_a_message)
{
	static const char *const mails[] = { "", "\n\n\n", "\r", "From:", "From: ", ":", " :",
		"From: a@b.test\nContent-Type: multipart/mixed\n\n",
		"From: a@b.test\nContent-Type: text/html\n\n", "From: a@b.test\nDate: kemarin\n\nx" };
	struct testctx *t = context();
	const struct jembatan_message *m = message_of_text(t, mails[_i]);

	ck_assert_uint_eq(strlen(m->id), 64);
	ck_assert_int_eq(m->sent_ms, 0);
	testctx_free(t);
}
END_TEST

START_TEST(a_quarantined_mail_is_passed_over_and_the_next_one_is_not)
{
	static const char mail[] = "From: a@b.test\nMessage-ID: <1@b.test>\n\nhalo\n";
	struct testctx *t = context();
	char *id = strdup(message_of_text(t, mail)->id);

	testctx_forget(t);
	testctx_skip(t, id);
	ck_assert_int_eq(preview(t, mail, sizeof mail - 1), JEMBATAN_OK);
	ck_assert_uint_eq(testctx_emit_count(t), 0);
	message_of_text(t, "From: a@b.test\nMessage-ID: <2@b.test>\n\nhalo\n");
	free(id);
	testctx_free(t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	TCase *t = tcase_create("parse");

	g_mime_init();
	int goldens = golden_find(TEST_DATA "/mail/*.eml");

	if (goldens < 20) {
		fprintf(stderr, "no golden mails below %s\n", TEST_DATA);
		return EXIT_FAILURE;
	}
	tcase_add_loop_test(t, a_mail_becomes_the_message_that_its_golden_file_shows, 0,
			    goldens);
	tcase_add_loop_test(t, the_same_mail_has_the_same_id_and_another_one_has_not, 0,
			    COUNT(twins));
	tcase_add_loop_test(t, an_absurd_message_id_is_not_taken_for_one, 0, 6);
	tcase_add_test(t, a_header_folded_over_a_line_of_blanks_goes_on);
	tcase_add_loop_test(t, a_mail_of_ten_thousand_parts_is_one_message_with_a_note, 0, 3);
	tcase_add_loop_test(t, of_a_bomb_what_is_within_the_limits_is_read_and_the_rest_is_said, 0,
			    COUNT(bombs));
	tcase_add_test(t, an_html_text_without_end_is_cut_and_says_so);
	tcase_add_test(t, a_huge_text_is_cut_on_a_character_and_says_so);
	tcase_add_test(t, a_subject_without_end_is_cut_on_a_character);
	tcase_add_test(t, an_attachment_too_large_for_the_spool_is_listed_as_missing);
	tcase_add_test(t, of_a_mail_fetched_in_part_the_last_file_is_missing);
	tcase_add_loop_test(t, nothing_at_all_is_still_a_message, 0, 10);
	tcase_add_test(t, a_quarantined_mail_is_passed_over_and_the_next_one_is_not);
	return unit_run("email_parse", t);
}
