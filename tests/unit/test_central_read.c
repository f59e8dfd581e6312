/* test_central_read.c: what the centre says of a complaint, as it has been
 * seen, as it may be, and as a broken one may say it. */
#include "central/lapor_v3_read.h"

#include "base/clock.h"
#include "base/jx.h"

#include <string.h>

#include "unit.h"

static struct arena *arena;
static struct why why;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

/* ---- notes --------------------------------------------------------------- */

static const struct {
	const char *note, *plain;
} notes[] = {
	{ "Laporan diterima", "Laporan diterima" },
	{ "Diteruskan dari {{institution_from}} ke {{institution_to}}.<br>Terima kasih",
	  "Diteruskan dari Admin Contoh ke Dinas A & B.\nTerima kasih" },
	{ "{{ institution_from }} menutup", "Admin Contoh menutup" },
	/* What the row does not say, or not as a text, is taken out. */
	{ "oleh {{user_name}} pada {{ date.now }} selesai", "oleh pada selesai" },
	{ "{{institution_from->name}}: {{list}} x", ": x" },
	/* A value never brings a placeholder or mark-up of its own. */
	{ "{{nested}}", "" },
	{ "oleh {{bold}}", "oleh tebal" },
	/* What is no placeholder stays. */
	{ "{{", "{{" },
	{ "a {b} {{c", "a {b} {{c" },
	{ "<p>Satu</p><p>Dua</p>", "Satu\n\nDua" },
	{ "<script>alert(1)</script>Isi<style>p{}</style>", "Isi" },
	{ "&lt;b&gt; 1 &amp; 2", "<b> 1 & 2" },
	{ "<a href=\"https://contoh.invalid/x\">lihat</a>", "lihat (https://contoh.invalid/x)" },
	{ "", "" },
	{ "<div><br></div>", "" },
	{ "\x1b[31mmerah", "[31mmerah" },
};

START_TEST(a_note_becomes_plain_text)
{
	CLEANUP(jx_decref) json_t *row = json_pack(
		"{s:s,s:s,s:[i],s:s,s:s}", "institution_from", "Admin Contoh", "institution_to",
		"Dinas A &amp; B", "list", 1, "nested", "{{institution_from}}", "bold",
		"<b>tebal</b>");
	ck_assert_str_eq(lapor_v3_plain(notes[_i].note, row, arena), notes[_i].plain);
}
END_TEST

START_TEST(a_note_without_end_is_cut_at_a_character)
{
	size_t size = 100000;
	char *note = arena_alloc(arena, size + 1);
	for (size_t i = 0; i + 1 < size; i += 2)
		memcpy(note + i, "\xc3\xa9", 2);
	const char *plain = lapor_v3_plain(note, NULL, arena);
	ck_assert_uint_le(strlen(plain), LAPOR_V3_NOTE_BYTES);
	ck_assert_uint_eq(strlen(plain) % 2, 0);
}
END_TEST

/* ---- a complaint --------------------------------------------------------- */

static struct lapor_v3_complaint complaint;

static enum jembatan_result read_it(const char *json)
{
	return lapor_v3_read_complaint(bytes_text(json), 420, arena, &complaint, &why);
}

START_TEST(its_status_place_and_log_are_read)
{
	ck_assert_int_eq(read_it(
		"{\"results\":{\"data\":{\"status_code\":3,\"status_name\":\" Dalam  Proses \","
		"\"disposition_id\":200203,\"disposition_name\":\"Dinas Sosial\","
		"\"status_logs\":["
		"{\"note\":\"Diproses {{institution_to}}\",\"timestamp\":\"22-11-2026 09:00:00\"},"
		"{\"note\":\"Laporan diterima\",\"timestamp\":\"21-11-2026 08:00:00\"}]},"
		"\"data_logs\":["
		"{\"note\":\"Diproses {{institution_to}}\",\"timestamp\":\"22-11-2026 09:00:00\","
		"\"institution_from\":\"Admin\",\"institution_to\":\"Dinas Sosial\"}]}}"),
		JEMBATAN_OK);
	ck_assert_str_eq(complaint.code, "3");
	ck_assert_str_eq(complaint.name, "Dalam Proses");
	ck_assert_str_eq(complaint.institution_id, "200203");
	ck_assert_str_eq(complaint.institution, "Dinas Sosial");
	ck_assert_ptr_null(complaint.content);
	/* The line that stands in both lists is one, with the columns of the richer. */
	ck_assert_uint_eq(complaint.entry_count, 2);
	ck_assert_str_eq(complaint.entries[0].text, "Laporan diterima");
	ck_assert_str_eq(complaint.entries[1].text, "Diproses Dinas Sosial");
	ck_assert_str_eq(complaint.entries[1].to, "Dinas Sosial");
	ck_assert_str_eq(complaint.last_note, "Diproses Dinas Sosial");
	char time[32];
	clock_format(complaint.log_ms, 0, time);
	ck_assert_str_eq(time, "2026-11-22T02:00:00Z"); /* WIB */
}
END_TEST

#define LOG(note, at) "{\"note\":\"" note "\",\"timestamp\":\"" at "\"}"
static const char *const orders[] = {
	LOG("satu", "21-11-2026 08:00:00") "," LOG("dua", "21-11-2026 09:00:00") ","
		LOG("tiga", "22-11-2026 07:00:00"),
	LOG("tiga", "22-11-2026 07:00:00") "," LOG("dua", "21-11-2026 09:00:00") ","
		LOG("satu", "21-11-2026 08:00:00"),
	LOG("dua", "21-11-2026 09:00:00") "," LOG("tiga", "22-11-2026 07:00:00") ","
		LOG("satu", "21-11-2026 08:00:00") "," LOG("dua", "21-11-2026 09:00:00"),
};

START_TEST(no_order_of_the_log_matters)
{
	CLEANUP(free_pointer) char *json = xasprintf(
		"{\"results\":{\"data\":{\"status_name\":\"Selesai\"},\"data_logs\":[%s]}}",
		orders[_i]);
	ck_assert_int_eq(read_it(json), JEMBATAN_OK);
	ck_assert_uint_eq(complaint.entry_count, 3);
	ck_assert_str_eq(complaint.entries[0].text, "satu");
	ck_assert_str_eq(complaint.entries[2].text, "tiga");
	ck_assert_str_eq(complaint.last_note, "tiga");
}
END_TEST

static const struct {
	const char *json;
	enum jembatan_result result;
	const char *name;
	size_t entries;
} odd[] = {
	{ "", JEMBATAN_DATA, NULL, 0 },
	{ "<html>Gateway</html>", JEMBATAN_DATA, NULL, 0 },
	{ "{}", JEMBATAN_DATA, NULL, 0 },
	{ "{\"results\":null}", JEMBATAN_DATA, NULL, 0 },
	{ "{\"results\":{\"data\":[]}}", JEMBATAN_DATA, NULL, 0 },
	{ "{\"results\":{\"data\":{}}}", JEMBATAN_DATA, NULL, 0 },
	{ "{\"results\":{\"data\":{\"status_name\":\"  \"}}}", JEMBATAN_DATA, NULL, 0 },
	{ "{\"results\":{\"data\":{\"status_name\":{\"x\":1}}}}", JEMBATAN_DATA, NULL, 0 },
	{ "{\"results\":{\"data\":{\"status_name\":\"Selesai\",\"status_logs\":7}}}", JEMBATAN_OK,
	  "Selesai", 0 },
	{ "{\"results\":{\"data\":{\"status_name\":\"<b>Selesai</b>\",\"status_logs\":"
	  "[null,3,{},{\"note\":4,\"timestamp\":\"x\"},{\"note\":\"tanpa waktu\"},"
	  "{\"note\":\"bukan waktu\",\"timestamp\":\"kapan-kapan\"}]}}}", JEMBATAN_OK, "Selesai", 1 },
};

START_TEST(what_is_no_answer_is_no_evidence)
{
	ck_assert_int_eq(read_it(odd[_i].json), odd[_i].result);
	if (odd[_i].result != JEMBATAN_OK)
		return;
	ck_assert_str_eq(complaint.name, odd[_i].name);
	ck_assert_uint_eq(complaint.entry_count, odd[_i].entries);
	ck_assert_int_eq(complaint.log_ms, 0);
}
END_TEST

START_TEST(a_log_without_end_is_cut)
{
	CLEANUP(buf_done) struct buf json;
	buf_init(&json, 1u << 20);
	buf_add_text(&json, "{\"results\":{\"data\":{\"status_name\":\"Selesai\",\"status_logs\":[");
	for (unsigned i = 0; i < 2000; i++)
		buf_printf(&json, "%s{\"note\":\"n%u\",\"timestamp\":\"21-11-2026 08:%02u:%02u\"}",
			   i > 0 ? "," : "", i, i / 60 % 60, i % 60);
	buf_add_text(&json, "]}}}");
	ck_assert_int_eq(read_it(json.data), JEMBATAN_OK);
	ck_assert_uint_eq(complaint.entry_count, LAPOR_V3_ENTRIES_MAX);
}
END_TEST

/* ---- follow-ups and lists ------------------------------------------------ */

static struct lapor_v3_page page;

START_TEST(follow_ups_are_read_and_ours_are_known)
{
	ck_assert_int_eq(lapor_v3_read_follow_ups(bytes_text(
		"{\"results\":{\"data\":[{\"id\":1,\"content\":\"<p>Sudah diperbaiki.</p>\","
		"\"created_at\":\"21-11-2026 08:00:00\",\"institution_from\":\"Dinas\"},"
		"{\"id\":2,\"content\":\"Terima kasih\\n\\nRef: JB-7K3M9Q-F1\"},"
		"{\"id\":1,\"content\":\"lagi\"},{\"content\":\"tanpa nomor\"},{\"id\":9}],"
		"\"next_page_url\":\"http://lain.invalid/?page=2\"}}"), 420, "JB-7K3M9Q", arena, &page,
		&why), JEMBATAN_OK);
	ck_assert_uint_eq(page.entry_count, 3);
	ck_assert_str_eq(page.entries[0].text, "Sudah diperbaiki.");
	ck_assert_str_eq(page.entries[0].from, "Dinas");
	ck_assert_int_gt(page.entries[0].at_ms, 0);
	ck_assert(!page.entries[0].is_ours && page.entries[1].is_ours);
	ck_assert(page.has_more);
}
END_TEST

static const struct {
	const char *json;
	enum jembatan_result result;
	bool has_more;
} pages[] = {
	{ "{\"results\":{\"data\":[],\"next_page_url\":\"http://x/?page=2\"}}", JEMBATAN_OK, false },
	{ "{\"results\":{\"data\":[{\"id\":1,\"content\":\"a\"}],\"next_page_url\":null}}",
	  JEMBATAN_OK, false },
	{ "{\"results\":{\"data\":[{\"id\":1,\"content\":\"a\"}],\"next_page_url\":5}}", JEMBATAN_OK,
	  false },
	{ "{\"results\":{\"data\":{}}}", JEMBATAN_DATA, false },
	{ "[]", JEMBATAN_DATA, false },
};

START_TEST(a_page_says_whether_there_is_more)
{
	ck_assert_int_eq(lapor_v3_read_follow_ups(bytes_text(pages[_i].json), 420, "JB-7K3M9Q", arena,
						  &page, &why), pages[_i].result);
	if (pages[_i].result == JEMBATAN_OK)
		ck_assert_int_eq(page.has_more, pages[_i].has_more);
}
END_TEST

START_TEST(names_need_an_id_and_a_name)
{
	struct central_name *list;
	size_t count;
	bool more;
	ck_assert_int_eq(lapor_v3_read_names(bytes_text(
		"{\"results\":{\"data\":[{\"id\":100101,\"name\":\"Kementerian &amp; Badan\"},"
		"{\"id\":\"200-A\",\"name\":\"Dinas\"},{\"id\":3},{\"name\":\"x\"},"
		"{\"id\":\"../etc\",\"name\":\"y\"},null]}}"), arena, &list, &count, &more, &why),
		JEMBATAN_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(list[0].id, "100101");
	ck_assert_str_eq(list[0].name, "Kementerian & Badan");
	ck_assert(!more);
	ck_assert_int_eq(lapor_v3_read_names(bytes_text("{\"results\":{\"data\":3}}"), arena, &list,
					     &count, &more, &why), JEMBATAN_DATA);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("central_read");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_note_becomes_plain_text, 0, COUNT_OF(notes));
	tcase_add_test(t, a_note_without_end_is_cut_at_a_character);
	tcase_add_test(t, its_status_place_and_log_are_read);
	tcase_add_loop_test(t, no_order_of_the_log_matters, 0, COUNT_OF(orders));
	tcase_add_loop_test(t, what_is_no_answer_is_no_evidence, 0, COUNT_OF(odd));
	tcase_add_test(t, a_log_without_end_is_cut);
	tcase_add_test(t, follow_ups_are_read_and_ours_are_known);
	tcase_add_loop_test(t, a_page_says_whether_there_is_more, 0, COUNT_OF(pages));
	tcase_add_test(t, names_need_an_id_and_a_name);
	return unit_run("central_read", t);
}
