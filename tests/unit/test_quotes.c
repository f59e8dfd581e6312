/* test_quotes.c: which numbers in a text are those of other reports. */
#include "ticket/quotes.h"

#include <string.h>

#include "unit.h"

static const struct {
	const char *text, *found; /* joined by spaces; ~ in front of an app's own */
} texts[] = {
	{ NULL, "" },
	{ "", "" },
	{ "Laporan saya #1234567 belum ditanggapi", "1234567" },
	{ "menindaklanjuti laporan nomor 7654321 tanggal 3 Maret", "7654321" },
	{ "No. Tracking: 1234567, mohon diproses", "1234567" },
	{ "aduan dengan ID 123456 dan 7654321", "123456 7654321" },
	{ "lanjutan dari JB-7K3M9Q.", "JB-7K3M9Q" },
	{ "lanjutan dari jb-7k3m9q (JB-7K3M9Q)", "JB-7K3M9Q" },
	{ "lanjutan JB\xe2\x80\x91" "7K3M9Q dan jb\xe2\x80\x93" "7k3m9r", "JB-7K3M9Q JB-7K3M9R" },
	{ "No. Registrasi 7654321", "7654321" },
	/* nothing says that it is one, or something says that it is none */
	{ "nomor pelanggan PDAM 1234567 mati air", "" },
	{ "laporan: hubungi 022-2501234 atau +6281234567", "" },
	{ "laporan, telepon 0812345678", "" },
	{ "lapor, dana 1.250.000 tidak cair, 12500000.50", "" },
	{ "laporan 12345 di bulan 2026", "" },
	{ "JB-7K3M9, JB-7K3M9QX, XJB-7K3M9Q, JB7K3M9Q", "" },
	{ "lapor", "" },
	{ "#1 #123456", "123456" },
	/* of other systems */
	{ "Tiket LGWP14376928 belum ditangani", "~LGWP14376928" },
	{ "sudah pernah, lgwp 14376928 dan LGWP-14376929", "~LGWP14376928 ~LGWP14376929" },
	{ "lihat JK2611210001, JK-2611210002", "~JK2611210001 ~JK2611210002" },
	{ "LGWP\xe2\x80\x91" "14376928", "~LGWP14376928" },
	{ "[Layanan Warga #4711] lampu jalan", "~4711" },
	{ "laporan 1234567890123456789", "~1234567890123456789" },
	{ "aduan nomor ADU-2026-00123.", "~ADU-2026-00123" },
	{ "aduan A1234567 dan 1234567b", "~A1234567 ~1234567B" },
	{ "laporan in-7k3m9qxh2b4c", "~IN-7K3M9QXH2B4C" },
	{ "IN-7K3M9QXH2B4C", "~IN-7K3M9QXH2B4C" },
	{ "jk 3 bulan lagi, JK12, XLGWP14376928, LGWP14376928X, LGWP1437", "" },
	{ "mobil B1234CD menabrak, IN-7K3M9Q, ADU-2026-00123", "" },
	{ "laporan telepon 628123456789012345678901234567890", "" },
	{ "laporan 1000001 1000002 1000003 1000004 1000005 1000006 1000007",
	  "1000001 1000002 1000003 1000004 1000005" }, /* the word is too far from the sixth */
};

START_TEST(a_number_counts_where_the_text_says_what_it_is)
{
	struct quote found[QUOTES_MAX];
	char joined[256] = "";
	size_t n = quotes_find(texts[_i].text, found);
	ck_assert_uint_le(n, QUOTES_MAX);
	for (size_t i = 0; i < n; i++) {
		strcat(joined, i > 0 ? " " : "");
		strcat(joined, found[i].of_app ? "~" : "");
		strcat(joined, found[i].name);
	}
	ck_assert_str_eq(joined, texts[_i].found);
}
END_TEST

START_TEST(no_more_are_kept_than_there_is_room_for)
{
	struct quote found[QUOTES_MAX];
	ck_assert_uint_eq(quotes_find("#1000001 #1000002 #1000003 #1000004 #1000005 #1000006 #1000007 "
				      "#1000008", found), QUOTES_MAX);
	ck_assert_str_eq(found[QUOTES_MAX - 1].name, "1000006");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("quotes");
	tcase_add_loop_test(t, a_number_counts_where_the_text_says_what_it_is, 0, COUNT_OF(texts));
	tcase_add_test(t, no_more_are_kept_than_there_is_room_for);
	return unit_run("quotes", t);
}
