/* test_when.c: dates as they are written in the field. "Now" is Saturday,
 * 10 January 2026, 09:00 WIB. */
#include "config/date.h"
#include "ticket/when.h"

#include "unit.h"

#define NOW_MS INT64_C(1768010400000)
#define WIB 420

static const struct {
	const char *in;
	bool has_time;
	const char *in_wib;
} good[] = {
	{ "3 Jan 2026", false, "2026-01-03T00:00:00+07:00" },
	{ "8 Agu, 08:45", true, "2025-08-08T08:45:00+07:00" },
	{ "8 Jan, 08:45", true, "2026-01-08T08:45:00+07:00" },
	{ "11 Jan, 08:45", true, "2026-01-11T08:45:00+07:00" },
	{ "12 Jan, 08:45", true, "2025-01-12T08:45:00+07:00" },
	{ "29 Feb, 10:00", true, "2024-02-29T10:00:00+07:00" },
	{ "Sabtu, 11 Februari 2023, 01:16", true, "2023-02-11T01:16:00+07:00" },
	{ "SELASA, 2023/03/21", false, "2023-03-21T00:00:00+07:00" },
	{ "Jum'at, 2 Mei 2025 pukul 14.05 WIB", true, "2025-05-02T14:05:00+07:00" },
	{ "Kemarin, 02:19", true, "2026-01-09T02:19:00+07:00" },
	{ "kemarin", false, "2026-01-09T00:00:00+07:00" },
	{ "Hari ini, 07.30", true, "2026-01-10T07:30:00+07:00" },
	{ "baru saja", true, "2026-01-10T09:00:00+07:00" },
	{ "7 jam yang lalu", true, "2026-01-10T02:00:00+07:00" },
	{ "sejam lalu", true, "2026-01-10T08:00:00+07:00" },
	{ "2 hari yang lalu", false, "2026-01-08T09:00:00+07:00" },
	{ "45 menit lalu", true, "2026-01-10T08:15:00+07:00" },
	{ "seminggu yang lalu", false, "2026-01-03T09:00:00+07:00" },
	{ "21-03-2023 13:14:15", true, "2023-03-21T13:14:15+07:00" },
	{ "21/03/2023", false, "2023-03-21T00:00:00+07:00" },
	{ "1/2/2023", false, "2023-02-01T00:00:00+07:00" },
	{ "21.03.2023 08:00", true, "2023-03-21T08:00:00+07:00" },
	{ "21/03/23", false, "2023-03-21T00:00:00+07:00" },
	{ "11-Nop-2023", false, "2023-11-11T00:00:00+07:00" },
	{ "17 Agt 2025 10:00 WITA", true, "2025-08-17T09:00:00+07:00" },
	{ "17 Ags 2025 10:00 WIT", true, "2025-08-17T08:00:00+07:00" },
	{ "1 Sept 2025", false, "2025-09-01T00:00:00+07:00" },
	{ "31 Desember 2025", false, "2025-12-31T00:00:00+07:00" },
	{ "2 Okt 2025, 10:00 +09:00", true, "2025-10-02T08:00:00+07:00" },
	{ "2026-01-03", false, "2026-01-03T00:00:00+07:00" },
	{ "2026-01-03T08:45:10.123456Z", true, "2026-01-03T15:45:10.123+07:00" },
	{ "2026-01-03 08:45:10", true, "2026-01-03T08:45:10+07:00" },
	{ "2026-01-03T08:45:10+09:00", true, "2026-01-03T06:45:10+07:00" },
	{ "1767402000", true, "2026-01-03T08:00:00+07:00" },
	{ "1767402000500", true, "2026-01-03T08:00:00.500+07:00" },
	{ "  3\xc2\xa0Jan\xc2\xa0" "2026  ", false, "2026-01-03T00:00:00+07:00" },
};

START_TEST(a_date_is_understood)
{
	int64_t ms = 0;
	bool has_time = !good[_i].has_time;
	char out[40];
	ck_assert_msg(when_parse(good[_i].in, NOW_MS, WIB, &ms, &has_time), "%s", good[_i].in);
	ck_assert_int_eq(has_time, good[_i].has_time);
	date_format(ms, WIB, out);
	ck_assert_str_eq(out, good[_i].in_wib);
}
END_TEST

static const char *const bad[] = {
	"", "-", "besok", "tidak tahu", "31 Februari 2025", "32 Jan 2026", "3 Janu 2026", "3 Jan 202",
	"2023/13/01", "21-03/2023", "21/03/2023 25:00", "Kemarin, 25:00", "7 jam", "7 abad yang lalu",
	"2026", "12", "Sabtu", "3 Jan 2026 dan seterusnya", "kemarin sore sekali", "123456789",
	"3 Jan 2026, 10:00 XYZ", "sejak lama", "se", "PENYALURAN BANSOS", "021-5550017",
	"99999 tahun yang lalu", "9999 tahun yang lalu", "7701017777", "2199-12-31",
	"3 Jan 2026 dengan keterangan yang sangat panjang sehingga tidak mungkin sebuah tanggal lagi",
};

START_TEST(what_is_no_date_stays_unread)
{
	int64_t ms = 7;
	ck_assert_msg(!when_parse(bad[_i], NOW_MS, WIB, &ms, NULL), "%s", bad[_i]);
	ck_assert_int_eq(ms, 7);
}
END_TEST

START_TEST(yesterday_depends_on_the_zone)
{
	int64_t ms = 0;
	char out[40];
	/* 23:30 WIB on the 9th is 01:30 WIT on the 10th. */
	ck_assert(when_parse("kemarin", INT64_C(1767976200000), 540, &ms, NULL));
	date_format(ms, 540, out);
	ck_assert_str_eq(out, "2026-01-09T00:00:00+09:00");
	ck_assert(when_parse("kemarin", INT64_C(1767976200000), WIB, &ms, NULL));
	date_format(ms, WIB, out);
	ck_assert_str_eq(out, "2026-01-08T00:00:00+07:00");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("when");
	tcase_add_loop_test(t, a_date_is_understood, 0, COUNT_OF(good));
	tcase_add_loop_test(t, what_is_no_date_stays_unread, 0, COUNT_OF(bad));
	tcase_add_test(t, yesterday_depends_on_the_zone);
	return unit_run("when", t);
}
