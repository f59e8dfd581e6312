/* test_email_quote.c: what stays of a text when quotes and signatures are cut. */
#include "email/quote.h"

#include "unit.h"

#include <string.h>

enum { FIRST, REPLY, FORWARD };

static const struct {
	int sort;
	const char *text, *visible; /* NULL: everything stays */
} rows[] = {
	/* Nothing to cut. */
	{ FIRST, "Jalan rusak.\n\nTerima kasih,\nSiti", NULL },
	{ REPLY, "Jalan rusak.\n\nTerima kasih,\nSiti", NULL },
	{ FIRST, "Daftar kerusakan:\n> Jalan Melati\n> Jalan Mawar", NULL },
	{ FIRST, "Pada tanggal 3 Nov 2025 saya menulis surat:\nbelum dijawab", NULL },
	{ FIRST, "Pada hari Senin 3 November petugas menulis:\n\"tunggu besok\"", NULL },
	{ FIRST, "Dikirim dari kantor kelurahan kemarin, belum sampai.", NULL },
	{ FIRST, "Dari: Siti\nTanggal: 3 November\nKepada: Lurah\nPerihal: jalan\n\n"
	  "Jalan rusak", NULL },
	{ FIRST, "Bagian satu\n-----\nBagian dua", NULL },
	{ FIRST, "a\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17", NULL },
	{ FIRST, "", NULL },
	/* Gmail. */
	{ REPLY, "Belum.\n\nPada Sen, 3 Nov 2025 pukul 11.00 Admin <a@b.test> menulis:\n\n"
	  "> Halo\n> lagi\n",
	  "Belum." },
	{ REPLY, "Belum.\n\nPada Sen, 3 Nov 2025 pukul 11.00 Pengaduan Kelurahan\n"
	  "<a@b.test> menulis:\n> Halo",
	  "Belum." },
	{ REPLY, "Belum.\n\n"
	  "Pada tanggal Sen, 3 Nov 2025 11.00, Pengaduan Kelurahan Sukamaju Indah <\n"
		 "pengaduan@kelurahan.test> menulis:\n\n> Halo", "Belum." },
	{ REPLY, "Not yet.\n\nOn Mon, Nov 3, 2025 at 11:00 AM Admin <a@b.test> wrote:\n> Halo",
	  "Not yet." },
	{ FIRST, "Belum.\n\nPada Sen, 3 Nov 2025 pukul 11.00 Admin <a@b.test> menulis:\n\n> Halo",
	  "Belum." },
	{ REPLY, "Belum.\n\n2025-11-03 11:00 GMT+07:00 Admin <a@b.test>:\n> Halo", "Belum." },
	/* From HTML: no marks, so all that follows is quoted. */
	{ REPLY, "Belum.\n\nPada Sen, 3 Nov 2025 Admin <a@b.test> menulis:\n\nHalo\n"
	  "lagi", "Belum." },
	/* Apple. */
	{ REPLY, "Belum.\n\nDikirim dari iPhone saya\n\n"
	  "Pada 3 Nov 2025, pukul 11.00, Admin menulis:\n\n> Halo",
	  "Belum." },
	{ REPLY, "Sudah.\n\n> Pada 3 Nov 2025, pukul 11.00, Admin <a@b.test> menulis:\n> \n> Halo",
	  "Sudah." },
	{ REPLY, "Not yet\n\nSent from my iPhone\n\n> On 3 Nov 2025, at 11:00, Admin wrote:\n"
	  "> \n> Halo",
	  "Not yet" },
	/* Yahoo. */
	{ REPLY, "Belum.\n\nDikirim dari Yahoo Mail di Android\n\n"
	  "Pada Sen, 3 Nov 2025 pada 11.00, Admin<a@b.test> menulis:\n\n  Halo",
	  "Belum." },
	/* Outlook. */
	{ REPLY, "Sudah.\n\n________________________________\nDari: Admin <a@b.test>\n"
	  "Dikirim: Senin\nKepada: Siti\nPerihal: x\n\nHalo",
	  "Sudah." },
	{ REPLY, "Sudah.\n\nFrom: Admin <a@b.test>\nSent: Monday\nTo: Siti\nSubject: x\n\n"
	  "Halo", "Sudah." },
	{ REPLY, "Sudah.\n\n*Dari:* Admin\n*Tanggal:* Senin\n*Kepada:* Siti\n*Subjek:* x\n\nHalo",
	  "Sudah." },
	{ FIRST, "Sudah.\n\n-----Original Message-----\nFrom: Admin\nSent: Monday\n\n"
	  "Halo", "Sudah." },
	{ FIRST, "Sudah.\n\n-----Pesan Asli-----\nDari: Admin\n\nHalo", "Sudah." },
	{ FIRST, "Sudah.\n\n---------- Pesan Asli ----------\n> Halo\n\n"
	  "Lagi dari saya", "Sudah.\n\nLagi dari saya" },
	{ REPLY, "Dari: saya sendiri\nJalan rusak", NULL },
	/* Answers between the lines, and below. */
	{ REPLY, "Pada Sen, 3 Nov 2025 Admin <a@b.test> menulis:\n> Di mana?\n\nDi RT 05.\n\n"
	  "> Kapan?\n\nKemarin.",
	  "Di RT 05.\n\nKemarin." },
	{ REPLY, "> Di mana?\nDi RT 05.\n>> lama\n> Kapan?\nKemarin.", "Di RT 05.\nKemarin." },
	/* Signatures. */
	{ FIRST, "Jalan rusak.\n-- \nSiti\nRT 05", "Jalan rusak." },
	{ REPLY, "Belum.\n-- \nSiti\n\nPada Sen, 3 Nov 2025 Admin <a@b.test> menulis:\n> Halo\n"
	  "\nTambahan saya",
	  "Belum.\n\nTambahan saya" },
	{ FIRST, "Jalan rusak\n\nDikirim dari iPhone saya", "Jalan rusak" },
	{ FIRST, "Jalan rusak\n\nGet Outlook for Android<https://aka.ms/x>", "Jalan rusak" },
	{ FIRST, "Jalan rusak\nPowered by Telkomsel BlackBerry\xc2\xae", "Jalan rusak" },
	/* Forwarded: the complaint itself. */
	{ FORWARD, "Mohon bantu.\n\n---------- Forwarded message ---------\nFrom: A <a@b.test>\n"
	  "Date: x\nSubject: y\nTo: z\n\nIsi\n-- \nA", NULL },
	{ FIRST, "Mohon bantu.\n\n---------- Pesan terusan ---------\nDari: A <a@b.test>\n"
	  "Tanggal: x\nSubjek: y\n\nIsi\n> kutip", NULL },
	{ FIRST, "Begin forwarded message:\n\nFrom: A <a@b.test>\nSubject: y\nDate: x\nTo: z\n\n"
	  "Isi", NULL },
	{ FORWARD, "Dari: A <a@b.test>\nDikirim: Senin\nKepada: B\nPerihal: x\n\nIsi", NULL },
	/* A quoted forward is a quote. */
	{ REPLY, "Belum.\n\nPada Sen, 3 Nov 2025 Admin <a@b.test> menulis:\n\n"
	  "> ---------- Pesan terusan ---------\n> Isi",
	  "Belum." },
	/* Nothing would be left. */
	{ REPLY, "> Halo\n> lagi", NULL },
	{ REPLY, "-- \nSiti", NULL },
	{ REPLY, "Pada Sen, 3 Nov 2025 Admin <a@b.test> menulis:\n\nHalo", NULL },
	{ FIRST, "Dikirim dari iPhone saya", NULL },
};

START_TEST(what_the_citizen_wrote_this_time_stays)
{
	struct kit_text *out = kit_text_new(10000);
	const char *expected = rows[_i].visible ? rows[_i].visible : rows[_i].text;

	quote_strip(rows[_i].text, rows[_i].sort == REPLY, rows[_i].sort == FORWARD, out);
	ck_assert_str_eq(kit_text_string(out), expected);
	kit_text_free(out);
}
END_TEST

static const struct {
	const char *subject;
	bool is_forward, is_reply;
} subjects[] = {
	{ "Fwd: Jalan rusak", true, false },
	{ "FW: Jalan rusak", true, false },
	{ "[Fwd: Jalan rusak]", true, false },
	{ "Trs: Jalan rusak", true, false },
	{ "Pesan terusan: Jalan", true, false },
	{ "Re: Fwd: Jalan", false, true },
	{ "RE: Jalan", false, true },
	{ "Bls: Jalan", false, true },
	{ "Re[2]: Jalan", false, true },
	{ "Renovasi jalan", false, false },
	{ "Terusan sungai kotor", false, false },
	{ "", false, false },
	{ NULL, false, false },
};

START_TEST(a_subject_says_what_sort_of_mail_it_is)
{
	ck_assert_int_eq(quote_is_forward(subjects[_i].subject), subjects[_i].is_forward);
	ck_assert_int_eq(quote_is_reply(subjects[_i].subject), subjects[_i].is_reply);
}
END_TEST

START_TEST(a_text_of_a_million_lines_is_walked_in_time)
{
	static const char *const lines[] = { "\n", "> x\n", "-- \n", "From: a@b.test\n",
					     "Pada 3 menulis\n", "_____\n" };
	size_t count = 200000, size = strlen(lines[_i]);
	char *text = malloc(count * size + 1);
	struct kit_text *out = kit_text_new(count * size + 1);

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * size, lines[_i], size + 1);
	quote_strip(text, true, false, out);
	ck_assert_uint_le(kit_text_bytes(out).size, count * size);
	kit_text_free(out);
	free(text);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	TCase *t = tcase_create("quote");

	tcase_add_loop_test(t, what_the_citizen_wrote_this_time_stays, 0, COUNT(rows));
	tcase_add_loop_test(t, a_subject_says_what_sort_of_mail_it_is, 0, COUNT(subjects));
	tcase_add_loop_test(t, a_text_of_a_million_lines_is_walked_in_time, 0, 6);
	return unit_run("email_quote", t);
}
