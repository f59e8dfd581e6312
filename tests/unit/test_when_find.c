/* test_when_find.c: the day of the incident out of made-up sentences. "Now" is
 * Saturday, 10 January 2026, 09:00 WIB. */
#include "config/date.h"
#include "ticket/when_find.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define NOW_MS INT64_C(1768010400000)
#define WIB 420

static const struct {
	const char *text;
	const char *in_wib; /* NULL: none */
	const char *words;
} sentences[] = {
	/* every format, inside a sentence */
	{ "Pohon tumbang pada 3 Jan 2026 di depan sekolah", "2026-01-03T00:00:00", "3 Jan 2026" },
	{ "lampu mati sejak Sabtu, 3 Januari 2026, 01:16 WIB.", "2026-01-03T01:16:00",
	  "Sabtu, 3 Januari 2026, 01:16 WIB" },
	{ "SELASA, 2025/12/30 GOT MAMPET", "2025-12-30T00:00:00", "SELASA, 2025/12/30" },
	{ "kejadian 8 Jan, 08:45 di terminal", "2026-01-08T08:45:00", "8 Jan, 08:45" },
	{ "Kemarin, jam 02.19 ada keributan", "2026-01-09T02:19:00", "Kemarin, jam 02.19" },
	{ "macet (Kemarin, 02:19) di gerbang tol", "2026-01-09T02:19:00", "Kemarin, 02:19" },
	{ "listrik padam 7 jam yang lalu", "2026-01-10T02:00:00", "7 jam yang lalu" },
	{ "sudah lapor 05-01-2026 13:14:15 tidak ada jawaban", "2026-01-05T13:14:15",
	  "05-01-2026 13:14:15" },
	{ "pada 5/1/2026 petugas datang", "2026-01-05T00:00:00", "5/1/2026" },
	{ "waktu 2026-01-03T08:45:10+07:00 tercatat", "2026-01-03T08:45:10", NULL },
	{ "jalan amblas tgl 3 Jan.", "2026-01-03T00:00:00", "3 Jan" },
	{ "tgl3jan truk menabrak pagar", "2026-01-03T00:00:00", "3jan" },
	{ "tanggal 2 Nop 2025 air mati", "2025-11-02T00:00:00", "2 Nop 2025" },
	{ "tanggal 3\xc2\xa0Jan\xc2\xa0" "2026 air mati", "2026-01-03T00:00:00", NULL },
	/* relative days, as they are spoken */
	{ "tadi pagi ada tabrakan", "2026-01-10T00:00:00", "tadi pagi" },
	{ "td mlm berisik sekali", "2026-01-09T00:00:00", "td mlm" },
	{ "semalam jam 11 ada balap liar", "2026-01-09T23:00:00", "semalam jam 11" },
	{ "kmrn sore jam 4 hujan, jalan banjir", "2026-01-09T16:00:00", "kmrn sore jam 4" },
	{ "kemarin lusa sampah tidak diangkut", "2026-01-08T00:00:00", "kemarin lusa" },
	{ "dua hari yg lalu pipa bocor", "2026-01-08T00:00:00", "dua hari yg lalu" },
	{ "seminggu lalu sudah diaspal", "2026-01-03T00:00:00", "seminggu lalu" },
	{ "hari ini pukul 08.30 loket tutup", "2026-01-10T08:30:00", "hari ini pukul 08.30" },
	{ "hari Senin kemarin jembatan retak", "2026-01-05T00:00:00", "hari Senin kemarin" },
	{ "Kamis lalu PJU padam", "2026-01-08T00:00:00", "Kamis lalu" },
	{ "Sabtu lalu ada pasar kaget", "2026-01-03T00:00:00", "Sabtu lalu" },
	{ "KEMARIN MALAM LAMPU JALAN PADAM!!!", "2026-01-09T00:00:00", "KEMARIN MALAM" },
	{ "wingi bengi dalane banjir, Pak", "2026-01-09T00:00:00", "wingi bengi" },
	{ "mau esuk banyune mati", "2026-01-10T00:00:00", "mau esuk" },
	{ "kamari sonten jalan di lembur abdi longsor", "2026-01-09T00:00:00", "kamari sonten" },
	{ "Min, yesterday lampu merahnya error \xf0\x9f\x98\xa1", "2026-01-09T00:00:00", "yesterday" },
	/* the night is of the evening it begins with, its small hours of the next day */
	{ "tadi malam jam 2 ada yang teriak", "2026-01-10T02:00:00", "tadi malam jam 2" },
	{ "semalam jam 1 dini hari", "2026-01-10T01:00:00", "semalam jam 1 dini hari" },
	{ "semalam sekitar jam 12 lampu padam", "2026-01-10T00:00:00", NULL },
	{ "tadi malam jam 10 ada balap liar", "2026-01-09T22:00:00", NULL },
	{ "jam 2 tadi malam pipa pecah", "2026-01-10T02:00:00", NULL },
	{ "kemarin malam jam 1 ribut", NULL, NULL },
	{ "malam kemarin jam 8 ribut", "2026-01-09T20:00:00", NULL },
	{ "malam kemarin jam 2 ribut", NULL, NULL },
	{ "tanggal lima kemarin petugas datang", "2026-01-05T00:00:00", NULL },
	{ "semalam jam setengah dua ribut", NULL, NULL },
	{ "malam minggu kemarin ada balap", "2026-01-03T00:00:00", "malam minggu kemarin" },
	{ "malam Minggu kemarin jam 1", "2026-01-04T01:00:00", NULL },
	{ "malam Jumat lalu lampu padam", "2026-01-08T00:00:00", "malam Jumat lalu" },
	{ "malam Sabtu kemarin", NULL, NULL },
	{ "Senin malam kemarin jam 1 ribut", NULL, NULL },
	{ "tadi jam 7 pagi truk mogok", "2026-01-10T07:00:00", "tadi jam 7 pagi" },
	{ "tadi jam 7 truk mogok", "2026-01-10T07:00:00", NULL },
	{ "tadi jam 10 pagi truk mogok", NULL, NULL },
	{ "subuh tadi air mati", "2026-01-10T00:00:00", "subuh tadi" },
	{ "sore tadi air mati", NULL, NULL },
	{ "tadi sore air mati", NULL, NULL },
	{ "dini hari tadi jam 3 pohon tumbang", "2026-01-10T03:00:00", NULL },
	{ "malam tadi jalan ditutup", "2026-01-09T00:00:00", "malam tadi" },
	{ "barusan ada kecelakaan di depan pasar", "2026-01-10T00:00:00", "barusan" },
	{ "baru saja terjadi tawuran", "2026-01-10T00:00:00", NULL },
	{ "saya baru saja menikah", NULL, NULL },
	{ "bbrp bulan yg lalu sudah dilaporkan", NULL, NULL },
	{ "jalan baru saja diaspal sudah rusak", NULL, NULL },
	/* days of the week and of the month */
	{ "senin pagi kemarin sampah dibuang", "2026-01-05T00:00:00", "senin pagi kemarin" },
	{ "poe Senen kamari caah", "2026-01-05T00:00:00", "poe Senen kamari" },
	{ "dinten Senen kamari caah", "2026-01-05T00:00:00", NULL },
	{ "Jum\xe2\x80\x99" "at kemarin got mampet", "2026-01-09T00:00:00", NULL },
	{ "katanya \xe2\x80\x9ckemarin\xe2\x80\x9d diperbaiki", "2026-01-09T00:00:00", "kemarin" },
	{ "lampu mati sejak Senin, belum ada petugas", "2026-01-05T00:00:00", "Senin" },
	{ "sejak Senin malam lampu mati", "2026-01-05T00:00:00", NULL },
	{ "lampu mati sejak Senin (29/12/2025)", "2025-12-29T00:00:00", "29/12/2025" },
	{ "sejak Senin sampai sekarang lampu mati", "2026-01-05T00:00:00", "Senin" },
	{ "sejak Senin hingga hari ini lampu mati", "2026-01-05T00:00:00", "Senin" },
	{ "Jum`at lalu got mampet", "2026-01-09T00:00:00", NULL },
	{ "macet sejak Senin sampai Jumat", NULL, NULL },
	{ "sejak Sabtu air mati", NULL, NULL },
	{ "sejak minggu ini air mati", NULL, NULL },
	{ "minggu kemarin air mati", NULL, NULL },
	{ "bulan kemarin air mati", NULL, NULL },
	{ "Senin minggu lalu air mati", NULL, NULL },
	{ "Kamis (8/1) sore pohon tumbang", "2026-01-08T00:00:00", NULL },
	{ "pohon tumbang (8/1)", "2026-01-08T00:00:00", "8/1" },
	{ "Senin (8/1) pohon tumbang", NULL, NULL },
	{ "rusak sebagian (3/4)", NULL, NULL },
	{ "Senin (29/12) pohon tumbang", "2025-12-29T00:00:00", NULL },
	{ "tgl 8 kemarin petugas datang", "2026-01-08T00:00:00", "tgl 8 kemarin" },
	{ "tgl 28 kemarin petugas datang", "2025-12-28T00:00:00", NULL },
	{ "tgl 10 kemarin petugas datang", NULL, NULL },
	{ "tgl 7 dan 8 kemarin air mati", NULL, NULL },
	{ "tgl 3 bulan lalu jembatan putus", "2025-12-03T00:00:00", "tgl 3 bulan lalu" },
	{ "tanggal 3 bulan ini jembatan putus", "2026-01-03T00:00:00", NULL },
	{ "tanggal 30 bulan ini", NULL, NULL },
	{ "the bridge broke on January 8, 2026 at noon", "2026-01-08T00:00:00", "January 8, 2026" },
	{ "broke on 8 January 2026", "2026-01-08T00:00:00", "8 January 2026" },
	/* so many days */
	{ "tilu poe kamari caah", "2026-01-07T00:00:00", "tilu poe kamari" },
	{ "rong dina kepungkur banjir", "2026-01-08T00:00:00", "rong dina kepungkur" },
	{ "telung dina kepungkur banjir", "2026-01-07T00:00:00", "telung dina kepungkur" },
	{ "lusa kemarin banjir", "2026-01-08T00:00:00", "lusa kemarin" },
	{ "udah 3 hari ini lampu padam", NULL, NULL },
	/* what is said to be the incident's goes before what comes first */
	{ "Kemarin saya telepon. Kejadian tanggal 3 Januari 2026 di pasar", "2026-01-03T00:00:00",
	  "3 Januari 2026" },
	/* births, deadlines, laws, numbers, plans, what is long past or to come */
	{ "Nama Siti, lahir 3 Januari 1990, KTP belum jadi", NULL, NULL },
	{ "anak lahir tanggal 3 Jan 2026 belum punya akta", NULL, NULL },
	{ "batas pendaftaran 5 Januari 2026 tetapi situs mati", NULL, NULL },
	{ "paling lambat tanggal 9 Januari 2026", NULL, NULL },
	{ "sesuai Perda tanggal 2 Januari 2026", NULL, NULL },
	{ "surat nomor 12/1/2026 belum dibalas", NULL, NULL },
	{ "jalan rusak sejak 3 Januari 2019", NULL, NULL },
	{ "rapat warga 15 Februari 2026", NULL, NULL },
	{ "besok ada kerja bakti", NULL, NULL },
	{ "setiap hari Senin jam 7 macet", NULL, NULL },
	{ "buka Senin sampai Jumat", NULL, NULL },
	{ "RT 05/02/2025", NULL, NULL },
	{ "hubungi 0812-3456-7890", NULL, NULL },
	{ "rugi Rp 1.500.000 dan 3/4 rumah rusak", NULL, NULL },
	{ "31 Februari 2026", NULL, NULL },
	{ "saya mau pagi ini dijawab", NULL, NULL },
	{ "baru 2 hari diperbaiki", NULL, NULL },
	{ "mei", NULL, NULL },
	{ "", NULL, NULL },
};

START_TEST(a_sentence_gives_its_day_or_none)
{
	struct when_found f = { .ms = 7 };
	char got[40] = "none", expected[48] = "none";
	if (when_find(sentences[_i].text, NOW_MS, WIB, &f))
		date_format(f.ms, WIB, got);
	else
		ck_assert_int_eq(f.ms, 7);
	if (sentences[_i].in_wib != NULL)
		snprintf(expected, sizeof(expected), "%s+07:00", sentences[_i].in_wib);
	ck_assert_msg(strcmp(got, expected) == 0, "%s: %s", sentences[_i].text, got);
	if (sentences[_i].words != NULL) {
		ck_assert_uint_eq(f.size, strlen(sentences[_i].words));
		ck_assert(memcmp(sentences[_i].text + f.start, sentences[_i].words, f.size) == 0);
	}
}
END_TEST

/* 22:00 on the 9th in Jakarta is the 10th in Jayapura. */
START_TEST(a_relative_day_is_of_the_places_own_zone)
{
	struct when_found f;
	char got[40];
	ck_assert(when_find("kemarin jalan longsor", NOW_MS - 11 * 3600000, 540, &f));
	date_format(f.ms, 540, got);
	ck_assert_str_eq(got, "2026-01-09T00:00:00+09:00");
	ck_assert(when_find("kemarin jalan longsor", NOW_MS - 11 * 3600000, WIB, &f));
	date_format(f.ms, WIB, got);
	ck_assert_str_eq(got, "2026-01-08T00:00:00+07:00");
}
END_TEST

/* The same words at nine in the evening. */
START_TEST(what_is_told_of_today_must_be_past)
{
	int64_t evening = NOW_MS + INT64_C(12) * 3600000;
	struct when_found f;
	char got[40];
	ck_assert(when_find("sore tadi air mati", evening, WIB, &f));
	date_format(f.ms, WIB, got);
	ck_assert_str_eq(got, "2026-01-10T00:00:00+07:00");
	ck_assert(when_find("tadi jam 2 air mati", evening, WIB, &f));
	ck_assert(!f.has_time); /* of the night or of the afternoon */
	ck_assert(when_find("tadi malam jam 11 ribut", evening, WIB, &f));
	date_format(f.ms, WIB, got);
	ck_assert_str_eq(got, "2026-01-09T23:00:00+07:00");
	ck_assert(!when_find("tadi malam ribut", evening, WIB, &f)); /* this one or the last */
}
END_TEST

START_TEST(a_long_text_is_read_to_its_ceiling)
{
	size_t size = 4 * WHEN_TEXT_MAX;
	char *text = xmalloc(size + 1);
	struct when_found f;
	for (size_t i = 0; i < size; i++)
		text[i] = "1/1 senin "[i % 10];
	text[size] = '\0';
	ck_assert(!when_find(text, NOW_MS, WIB, &f));
	free(text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("when_find");
	tcase_add_loop_test(tests, a_sentence_gives_its_day_or_none, 0, COUNT_OF(sentences));
	tcase_add_test(tests, a_relative_day_is_of_the_places_own_zone);
	tcase_add_test(tests, what_is_told_of_today_must_be_past);
	tcase_add_test(tests, a_long_text_is_read_to_its_ceiling);
	return unit_run("when_find", tests);
}
