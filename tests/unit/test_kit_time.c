/* test_kit_time.c: dates, zones and phones. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include "unit.h"

#define WIB 420
#define NO NULL

static const struct {
	const char *text, *format, *utc; /* utc NULL: refused */
} times[] = {
	/* ISO 8601 */
	{ "2026-11-21T22:30:00Z", NULL, "2026-11-21T22:30:00Z" },
	{ "2026-11-21T22:30:00.123456Z", NULL, "2026-11-21T22:30:00Z" },
	{ "2026-11-21T22:30:00+07:00", NULL, "2026-11-21T15:30:00Z" },
	{ "2026-11-21T22:30:00+0000", NULL, "2026-11-21T22:30:00Z" },
	{ "2026-11-21T22:30:00.5+0700", NULL, "2026-11-21T15:30:00Z" },
	{ "2026-11-21T22:30:00+07", NULL, "2026-11-21T15:30:00Z" },
	{ "2026-11-21T22:30:00-03:30", NULL, "2026-11-22T02:00:00Z" },
	{ "2026-11-21T22:30:00", NULL, "2026-11-21T15:30:00Z" },
	{ "2026-11-21T22:30", NULL, "2026-11-21T15:30:00Z" },
	{ "2026-11-21 22:30:00", NULL, "2026-11-21T15:30:00Z" },
	{ "2026-11-21 22:30:00.123456", NULL, "2026-11-21T15:30:00Z" },
	{ "2026-11-21 22:30:00 WITA", NULL, "2026-11-21T14:30:00Z" },
	{ "2026-11-21 22:30:00 +07:00", NULL, "2026-11-21T15:30:00Z" },
	{ "2026-11-21", NULL, "2026-11-20T17:00:00Z" },
	{ "20261121T223000Z", NULL, "2026-11-21T22:30:00Z" },
	{ "1970-01-01T00:00:00Z", NULL, "1970-01-01T00:00:00Z" },
	{ "2024-02-29", NULL, "2024-02-28T17:00:00Z" },
	/* Indonesian apps and people */
	{ "21-11-2026 22:30:00", NULL, "2026-11-21T15:30:00Z" },
	{ "21/11/2026", NULL, "2026-11-20T17:00:00Z" },
	{ "1/2/2026", NULL, "2026-01-31T17:00:00Z" }, /* first of February */
	{ "21/11/2026 22:30", NULL, "2026-11-21T15:30:00Z" },
	{ "21/11/2026 22.30.05", NULL, "2026-11-21T15:30:05Z" },
	{ "3 Jan 2026", NULL, "2026-01-02T17:00:00Z" },
	{ "Sabtu, 11 Februari 2023, 01:16", NULL, "2023-02-10T18:16:00Z" },
	{ "SELASA, 2023/03/21", NULL, "2023-03-20T17:00:00Z" },
	{ "Jum'at, 17 Agustus 2018 pukul 10.00 WIB", NULL, "2018-08-17T03:00:00Z" },
	{ "Jum\xe2\x80\x99""at, 17 Agt 2018", NULL, "2018-08-16T17:00:00Z" },
	{ "5 Mei 2024 08:00", NULL, "2024-05-05T01:00:00Z" },
	{ "5 Agu 2024 08:00", NULL, "2024-08-05T01:00:00Z" },
	{ "5 Ags 2024 08:00", NULL, "2024-08-05T01:00:00Z" },
	{ "5 Sept 2024 08:00", NULL, "2024-09-05T01:00:00Z" },
	{ "5 Okt 2024 08:00", NULL, "2024-10-05T01:00:00Z" },
	{ "5 Nop 2024 08:00", NULL, "2024-11-05T01:00:00Z" },
	{ "5 Des 2024 08:00", NULL, "2024-12-05T01:00:00Z" },
	{ "5\xc2\xa0""Des\xc2\xa0""2024", NULL, "2024-12-04T17:00:00Z" },
	{ " 5 Desember 2024 ", NULL, "2024-12-04T17:00:00Z" },
	/* RFC 5322, asctime */
	{ "Sat, 21 Nov 2026 22:30:00 +0700", NULL, "2026-11-21T15:30:00Z" },
	{ "Sat, 21 Nov 2026 22:30:00 GMT", NULL, "2026-11-21T22:30:00Z" },
	{ "21 Nov 2026 22:30:00 +0700 (WIB)", NULL, "2026-11-21T15:30:00Z" },
	{ "Sat, 21 Nov 26 22:30:00 +0700", NULL, "2026-11-21T15:30:00Z" },
	{ "Sat Nov 21 22:30:00 2026", NULL, "2026-11-21T15:30:00Z" },
	/* unix */
	{ "1700000000", NULL, "2023-11-14T22:13:20Z" },
	{ "1700000000000", NULL, "2023-11-14T22:13:20Z" },
	{ "1700000000.5", NULL, "2023-11-14T22:13:20Z" },
	/* formats */
	{ "21-11-2026 22:30:00", "d-m-Y H:i:s", "2026-11-21T15:30:00Z" },
	{ "11/21/2026", "m/d/Y", "2026-11-20T17:00:00Z" },
	{ "21.11.26", "d.m.y", "2026-11-20T17:00:00Z" },
	{ "86400", "U", "1970-01-02T00:00:00Z" },
	{ "tgl 5-1-2026", "\\t\\g\\l j-n-Y", "2026-01-04T17:00:00Z" },
	{ "Sabtu, 5 Jan 2026 9:05 PM", "l, j M Y g:i A", "2026-01-05T14:05:00Z" },
	{ "5 Jan 2026 12:05 am", "j M Y g:i a", "2026-01-04T17:05:00Z" },
	{ "2026-11-21T22:30:00+0000", "Y-m-d\\TH:i:sO", "2026-11-21T22:30:00Z" },
	/* refused */
	{ "21-11-2026", "Y-m-d", NO }, { "2026-11-21 x", "Y-m-d", NO },
	{ "2026-11-21", "Y-m-d H:i", NO }, { "21", "q", NO },
	{ "5 Jan 2026 13:05 PM", "j M Y g:i A", NO },
	{ "", NULL, NO }, { NULL, NULL, NO }, { "kemarin", NULL, NO }, { "2026", NULL, NO },
	{ "2026-13-01", NULL, NO }, { "2026-02-29", NULL, NO }, { "2026-00-10", NULL, NO },
	{ "31/04/2026", NULL, NO }, { "2026-11-21T24:30:00Z", NULL, NO },
	{ "2026-11-21T22:60:00Z", NULL, NO }, { "1500-01-01", NULL, NO }, { "2500-01-01", NULL, NO },
	{ "99999999999999999999", NULL, NO }, { "12345", NULL, NO },
	{ "2026-11-21T22:30:00+25:00", NULL, NO }, { "2026-11-21T22:30:00 Foo", NULL, NO },
	{ "Rabu", NULL, NO }, { "2026-11-21T22:30:00ZZ", NULL, NO },
};

START_TEST(times_are_read_as_they_are_written)
{
	char found[32] = "";
	int64_t ms = -12345;
	enum jembatan_result result = kit_time_parse(times[_i].text, times[_i].format, WIB, &ms);
	const char *shown = times[_i].text ? times[_i].text : "(null)";
	ck_assert_msg((result == JEMBATAN_OK) == (times[_i].utc != NULL), "%s", shown);
	if (result != JEMBATAN_OK) {
		ck_assert_int_eq(ms, -12345);
		return;
	}
	kit_time_format_rfc3339(ms, 0, found);
	ck_assert_msg(str_equal(found, times[_i].utc), "%s gives %s", shown, found);
}
END_TEST

START_TEST(milliseconds_survive)
{
	int64_t ms = 0;
	ck_assert_int_eq(kit_time_parse("1970-01-01T00:00:01.987654Z", NULL, 0, &ms), JEMBATAN_OK);
	ck_assert_int_eq(ms, 1987);
	ck_assert_int_eq(kit_time_parse("1700000000123", NULL, 0, &ms), JEMBATAN_OK);
	ck_assert_int_eq(ms, 1700000000123);
}
END_TEST

START_TEST(a_time_is_written_with_its_offset)
{
	char out[32];
	kit_time_format_rfc3339(1700000000999, WIB, out);
	ck_assert_str_eq(out, "2023-11-15T05:13:20+07:00");
	kit_time_format_rfc3339(1700000000000, -210, out);
	ck_assert_str_eq(out, "2023-11-14T18:43:20-03:30");
	kit_time_format_rfc3339(-1, 0, out);
	ck_assert_str_eq(out, "1969-12-31T23:59:59Z");
}
END_TEST

static const struct {
	const char *text;
	int minutes; /* -1: refused */
} zones[] = {
	{ "WIB", 420 }, { "wita", 480 }, { "WIT", 540 }, { "UTC", 0 }, { "Z", 0 }, { "+07:00", 420 },
	{ "+0700", 420 }, { "+07", 420 }, { "-03:30", -210 }, { "Asia/Jakarta", 420 },
	{ "Asia/Pontianak", 420 }, { "Asia/Makassar", 480 }, { "Asia/Jayapura", 540 },
	{ "GMT+7", -1 }, { "UTC+07:00", 420 }, { "Europe/Berlin", -1 }, { "", -1 }, { NULL, -1 },
	{ "+7", -1 }, { "+15:00", -1 }, { "+07:60", -1 }, { "WIBx", -1 }, { "+07:00x", -1 },
};

START_TEST(zones_have_one_meaning_or_none)
{
	int minutes = -1;
	bool known = kit_time_zone(zones[_i].text, &minutes);
	ck_assert_int_eq(minutes, zones[_i].minutes);
	ck_assert(known == (zones[_i].minutes != -1));
}
END_TEST

static const struct {
	const char *text, *e164; /* NULL: refused */
} phones[] = {
	{ "081234567890", "+6281234567890" }, { "0812-3456-7890", "+6281234567890" },
	{ "0812 3456 7890", "+6281234567890" }, { "0812.3456.7890", "+6281234567890" },
	{ "6281234567890", "+6281234567890" }, { "62 812 3456 7890", "+6281234567890" },
	{ "+6281234567890", "+6281234567890" }, { "+62 812-3456-7890", "+6281234567890" },
	{ "+62 (0)812 3456 7890", "+6281234567890" }, { "006281234567890", "+6281234567890" },
	{ "81234567890", "+6281234567890" }, { "(021) 5551234", "+62215551234" },
	{ "021-555 1234", "+62215551234" }, { "+62 21 555 1234", "+62215551234" },
	{ "0812\xc2\xa0""3456\xc2\xa0""7890", "+6281234567890" },
	{ "0812\xe2\x80\x93""3456\xe2\x80\x93""7890", "+6281234567890" },
	{ "+60 12-345 6789", "+60123456789" }, { "+1 202 555 0123", "+12025550123" },
	{ "0044 20 7946 0958", "+442079460958" },
	{ "1708", NULL }, { "110", NULL }, { "112", NULL }, { "+112", NULL }, { "14045", NULL },
	{ "", NULL }, { NULL, NULL }, { "-", NULL }, { "tidak ada", NULL }, { "0812345x", NULL },
	{ "08", NULL }, { "0812", NULL }, { "081234567890123456", NULL }, { "0000000000", NULL },
	{ "3201234567890001", NULL }, { "+0812345678", NULL }, { "++6281234567890", NULL },
	{ "0812+34567890", NULL }, { "2025550123", NULL }, { "US.13491208655302741918", NULL },
	{ "081234567890/081234567891", NULL },
};

START_TEST(phones_become_e164_or_stay_out)
{
	char out[20] = "untouched";
	bool is_phone = kit_phone_e164(phones[_i].text, out);
	ck_assert_str_eq(out, phones[_i].e164 ? phones[_i].e164 : "untouched");
	ck_assert(is_phone == (phones[_i].e164 != NULL));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_time");
	tcase_add_loop_test(t, times_are_read_as_they_are_written, 0, COUNT_OF(times));
	tcase_add_test(t, milliseconds_survive);
	tcase_add_test(t, a_time_is_written_with_its_offset);
	tcase_add_loop_test(t, zones_have_one_meaning_or_none, 0, COUNT_OF(zones));
	tcase_add_loop_test(t, phones_become_e164_or_stay_out, 0, COUNT_OF(phones));
	return unit_run("kit_time", t);
}
