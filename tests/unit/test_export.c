/* test_export.c: the official export as spreadsheets and systems write it. */
#include "cli/export.h"

#include "base/buf.h"
#include "base/digest.h"

#include <string.h>

#include "unit.h"

static struct arena *arena;
static struct export_row *rows;
static size_t count, left_out;
static struct why why;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static enum jembatan_result read_bytes(const char *text, size_t size)
{
	rows = NULL;
	count = left_out = 0;
	return export_read(bytes_of(text, size), arena, &rows, &count, &left_out, &why);
}

static enum jembatan_result read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

#define HEAD "No;Tracking ID;Tanggal Laporan Masuk;Judul;Isi Laporan Awal;Status\n"

START_TEST(columns_are_known_by_their_headers)
{
	ck_assert_int_eq(read_text("\xef\xbb\xbf" HEAD
		"1;7000001;21-11-2026 08:00:00; Jalan  rusak ;\"Isi.\n\nRef: JB-7K3M9Q\n\";Selesai\r\n"
		"2;=\"7000002\";22/11/2026;Lampu;\"kutip \"\"dua\"\" ; titik\";\n"
		"3;;22/11/2026;tanpa nomor;;\n"), JEMBATAN_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(left_out, 1);
	ck_assert_str_eq(rows[0].tracking, "7000001");
	ck_assert_str_eq(rows[0].reference, "JB-7K3M9Q");
	ck_assert_str_eq(rows[0].title, "Jalan rusak");
	ck_assert_str_eq(rows[0].day, "2026-11-21");
	ck_assert_str_eq(rows[0].status, "Selesai");
	ck_assert_uint_eq(rows[0].number, 2);
	ck_assert_str_eq(rows[1].tracking, "7000002");
	ck_assert_ptr_null(rows[1].reference);
	ck_assert_ptr_null(rows[1].status);
}
END_TEST

static const struct {
	const char *content, *reference;
} references[] = {
	{ "Isi.\n\nRef: JB-7K3M9Q", "JB-7K3M9Q" },
	{ "Ref: JB-7K3M9Q", "JB-7K3M9Q" },
	{ "Isi.\r\n  Ref: JB-7K3M9Q  \r\n\r\n", "JB-7K3M9Q" },
	/* Not the last line, not alone, not whole, not ours. */
	{ "Ref: JB-7K3M9Q\nlagi", NULL },
	{ "lihat Ref: JB-7K3M9Q", NULL },
	{ "Ref: JB-7K3M9Q-F1", NULL },
	{ "Ref: JB-7K3M9", NULL },
	{ "Ref: JB-7K3M9QX", NULL },
	{ "Ref: JB-7k3m9q", NULL },
	{ "JB-7K3M9Q", NULL },
	{ "", NULL },
};

START_TEST(a_reference_stands_alone_on_the_last_line)
{
	CLEANUP(free_pointer) char *text =
		xasprintf("Tracking ID,Isi\n7000001,\"%s\"\n", references[_i].content);
	ck_assert_int_eq(read_text(text), JEMBATAN_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert(str_equal(rows[0].reference, references[_i].reference));
}
END_TEST

static const char *const headers[] = {
	"Tracking ID,Status\n7000001,Selesai\n",
	"TRACKING_ID;STATUS\n7000001;Selesai\n",
	"No Laporan\tStatus Laporan\r\n7000001\tSelesai\r\n",
	"\"Nomor Laporan\",\"Status\"\n\"7000001\",\"Selesai\"",
	"Status;x;Tracking ID\nSelesai;;'7000001\n",
	"Judul, dan lain;Tracking ID;Status\na;7000001;Selesai\n",
};

START_TEST(any_order_delimiter_and_spelling_will_do)
{
	ck_assert_int_eq(read_text(headers[_i]), JEMBATAN_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(rows[0].tracking, "7000001");
	ck_assert_str_eq(rows[0].status, "Selesai");
}
END_TEST

START_TEST(encodings_are_found_out)
{
	static const char wide[] = "\xff\xfeT\0r\0a\0c\0k\0i\0n\0g\0 \0I\0D\0,\0J\0u\0d\0u\0l\0\n\0"
				   "7\0" "0\0" "0\0,\0\xe9\0\n";
	ck_assert_int_eq(read_bytes(wide, sizeof(wide)), JEMBATAN_OK);
	ck_assert_str_eq(rows[0].title, "\xc3\xa9");
	ck_assert_int_eq(read_text("Tracking ID,Judul\n700,caf\xe9\n"), JEMBATAN_OK);
	ck_assert_str_eq(rows[0].title, "caf\xc3\xa9");
	ck_assert_int_eq(read_text("Tracking ID,Judul\n700,caf\xc3\xa9\n"), JEMBATAN_OK);
	ck_assert_str_eq(rows[0].title, "caf\xc3\xa9");
}
END_TEST

START_TEST(twins_are_marked)
{
	ck_assert_int_eq(read_text("Tracking ID,Judul,Tanggal\n1,a,21-11-2026\n2,b,21-11-2026\n"
				   "3,a,21-11-2026\n4,a,22-11-2026\n5,,21-11-2026\n6,,21-11-2026\n"),
			 JEMBATAN_OK);
	static const bool twins[] = { true, false, true, false, false, false };
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(rows[i].is_twin, twins[i]);
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "empty" },
	{ "\xef\xbb\xbf", "empty" },
	{ "No,Nama\n1,Siapa\n", "Tracking ID" },
	{ "<html></html>", "Tracking ID" },
};

START_TEST(what_is_no_export_is_refused_with_a_sentence)
{
	ck_assert_int_eq(read_text(bad[_i].text), JEMBATAN_DATA);
	ck_assert_ptr_nonnull(strstr(why.text, bad[_i].says));
}
END_TEST

START_TEST(a_row_without_end_is_refused)
{
	CLEANUP(buf_done) struct buf text;
	buf_init(&text, 1u << 20);
	buf_add_text(&text, "Tracking ID");
	for (int i = 0; i < 1000; i++)
		buf_add_text(&text, ",x");
	ck_assert_int_eq(read_text(text.data), JEMBATAN_DATA);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("export");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, columns_are_known_by_their_headers);
	tcase_add_loop_test(t, a_reference_stands_alone_on_the_last_line, 0, COUNT_OF(references));
	tcase_add_loop_test(t, any_order_delimiter_and_spelling_will_do, 0, COUNT_OF(headers));
	tcase_add_test(t, encodings_are_found_out);
	tcase_add_test(t, twins_are_marked);
	tcase_add_loop_test(t, what_is_no_export_is_refused_with_a_sentence, 0, COUNT_OF(bad));
	tcase_add_test(t, a_row_without_end_is_refused);
	return unit_run("export", t);
}
