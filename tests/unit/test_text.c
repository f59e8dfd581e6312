/* test_text.c: UTF-8 in, out and made so. */
#include "base/text.h"

#include <string.h>

#include "unit.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
	const char *in;
	size_t size;
	bool valid;
	const char *clean, *from_unknown;
} encodings[] = {
	{ BYTES("Jalan rusak"), true, "Jalan rusak", "Jalan rusak" },
	{ BYTES(""), true, "", "" },
	{ BYTES("caf\xc3\xa9"), true, "caf\xc3\xa9", "caf\xc3\xa9" },
	{ BYTES("caf\xe9 ok"), false, "caf\xef\xbf\xbd ok", "caf\xc3\xa9 ok" },
	{ BYTES("\x93kutip\x94"), false, "\xef\xbf\xbdkutip\xef\xbf\xbd",
	  "\xe2\x80\x9ckutip\xe2\x80\x9d" },
	{ BYTES("a\x81\xff"), false, "a\xef\xbf\xbd\xef\xbf\xbd", "a\xef\xbf\xbd\xc3\xbf" },
	{ BYTES("\xe2\x82 A"), false, "\xef\xbf\xbd A", "\xc3\xa2\xe2\x80\x9a A" },
	{ BYTES("a\0b"), false, "ab", "ab" },
	{ BYTES("\xed\xa0\x80"), false, "\xef\xbf\xbd",
	  "\xc3\xad\xc2\xa0\xe2\x82\xac" }, /* a surrogate */
	{ BYTES("\xc0\xaf"), false, "\xef\xbf\xbd\xef\xbf\xbd", "\xc3\x80\xc2\xaf" }, /* overlong */
	{ BYTES("\xf0\x9f\x98\x80"), true, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	{ BYTES("\xf0\x9f\x98"), false, "\xef\xbf\xbd", "\xc3\xb0\xc5\xb8\xcb\x9c" },
	{ BYTES("satu\r\ndua\rtiga\n"), true, "satu\ndua\ntiga\n", "satu\ndua\ntiga\n" },
	{ BYTES("\xe9\r\nb"), false, "\xef\xbf\xbd\nb", "\xc3\xa9\nb" },
	{ BYTES("a\x1b[31mb\x7f\tc"), true, "a[31mb\tc", "a[31mb\tc" },
	{ BYTES("a\xc2\x9b" "b"), true, "ab", "ab" }, /* C1 */
};

START_TEST(any_bytes_become_valid_text)
{
	struct buf out;
	buf_init(&out, 1000);
	ck_assert(text_is_utf8(encodings[_i].in, encodings[_i].size) == encodings[_i].valid);
	buf_add_text(&out, "");
	text_clean(encodings[_i].in, encodings[_i].size, &out);
	ck_assert_str_eq(out.size ? out.data : "", encodings[_i].clean);
	buf_clear(&out);
	text_from_unknown(encodings[_i].in, encodings[_i].size, &out);
	ck_assert_str_eq(out.size ? out.data : "", encodings[_i].from_unknown);
	buf_done(&out);
}
END_TEST

START_TEST(every_pair_of_bytes_is_cleaned_to_valid_text)
{
	struct buf out;
	unsigned bad = 0;
	buf_init(&out, 1000);
	for (unsigned i = 0; i < 65536; i++) {
		const char in[3] = { (char)(i >> 8), (char)(i & 255), 'z' };
		buf_clear(&out);
		text_clean(in, 3, &out);
		bad += !text_is_utf8(out.data, out.size) || out.data[out.size - 1] != 'z';
	}
	ck_assert_uint_eq(bad, 0);
	buf_done(&out);
}
END_TEST

START_TEST(nfc_composes)
{
	char *s = text_nfc("cafe\xcc\x81");
	ck_assert_str_eq(s, "caf\xc3\xa9");
	free(s);
}
END_TEST

/* A family of three joined by ZWJ, then e with an accent of its own, then b. */
#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"

START_TEST(a_prefix_never_cuts_a_character)
{
	const char *s = FAMILY "e\xcc\x81" "b";
	ck_assert_uint_eq(text_count_graphemes(s), 3);
	ck_assert_uint_eq(text_prefix_graphemes(s, 0), 0);
	ck_assert_uint_eq(text_prefix_graphemes(s, 1), strlen(FAMILY));
	ck_assert_uint_eq(text_prefix_graphemes(s, 2), strlen(FAMILY) + 3);
	ck_assert_uint_eq(text_prefix_graphemes(s, 9), strlen(s));
	ck_assert_uint_eq(text_prefix_bytes(s, strlen(s), 3), 0);
	ck_assert_uint_eq(text_prefix_bytes(s, strlen(s), 4), 4);
	ck_assert_uint_eq(text_prefix_bytes(s, strlen(s), 6), 4);
	ck_assert_uint_eq(text_prefix_bytes("abc", 3, 3), 3);
	ck_assert_uint_eq(text_prefix_bytes("abc", 3, 2), 2);
}
END_TEST

static const struct {
	const char *in, *trimmed, *squeezed;
} spaces[] = {
	{ "  a  b \n", "a  b", " a b " },
	{ "\xc2\xa0" "a\xe3\x80\x80", "a", " a " },
	{ "", "", "" },
	{ " \t ", "", " " },
	{ "abc", "abc", "abc" },
	{ "\xff a \xff", "\xff a \xff", "\xff a \xff" },
};

START_TEST(white_space_is_trimmed_and_squeezed)
{
	char *s = xstrdup(spaces[_i].in);
	text_trim(s);
	ck_assert_str_eq(s, spaces[_i].trimmed);
	free(s);
	s = text_squeeze(spaces[_i].in);
	ck_assert_str_eq(s, spaces[_i].squeezed);
	free(s);
}
END_TEST

/* Short and long, so that whole blocks and what is left are both looked at. */
START_TEST(only_capitals_of_ascii_become_small)
{
	char text[] = "AZ[@`{az Jalan MELATI Nomor 09, samping BALAI Warga RT 01";
	char other[] = "JALAN ditambal dan dibongkar lagi: \xc3\x89 TOTAL";
	ck_assert(text_make_small(text, strlen(text)));
	ck_assert_str_eq(text, "az[@`{az jalan melati nomor 09, samping balai warga rt 01");
	ck_assert(!text_make_small(other, strlen(other)));
	ck_assert_str_eq(other, "jalan ditambal dan dibongkar lagi: \xc3\x89 total");
	ck_assert(!text_make_small(other + 35, 2));
}
END_TEST

START_TEST(folding_forgets_case_and_width)
{
	char *s = text_fold("KABUPATEN \xef\xbc\xa1\xc3\x89 \xef\xac\x81");
	ck_assert_str_eq(s, "kabupaten a\xc3\xa9 fi");
	free(s);
}
END_TEST

static const struct {
	const char *in;
	size_t max;
	const char *out;
} printable[] = {
	{ "biasa", 100, "biasa" },
	{ "a\x1b[2Jb\nc\rd", 100, "a?[2Jb?c?d" },
	{ "a\xe2\x80\xae" "b", 100, "a?b" },
	{ "a\xc2\x9b" "b\xff", 100, "a?b?" },
	{ "caf\xc3\xa9", 4, "caf" },
	{ "caf\xc3\xa9", 5, "caf\xc3\xa9" },
	{ "\n\n\n", 2, "??" },
};

START_TEST(what_is_printed_cannot_steer_a_terminal)
{
	char *s = text_printable(printable[_i].in, printable[_i].max);
	ck_assert_str_eq(s, printable[_i].out);
	free(s);
}
END_TEST

START_TEST(lines_that_are_printed_cannot_steer_a_terminal_either)
{
	static const char in[] = "a\tb\nc\0d\r\n\x1b]0;x\x07\xe2\x80\xae\xff\xc2\x9b\xc3\xa9";
	struct buf out;
	buf_init(&out, 1000);
	text_printable_lines(in, sizeof(in) - 1, &out);
	ck_assert_str_eq(out.data, "a\tb\nc?d?\n?]0;x????\xc3\xa9");
	buf_done(&out);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("text");
	tcase_add_loop_test(t, any_bytes_become_valid_text, 0, COUNT_OF(encodings));
	tcase_add_test(t, every_pair_of_bytes_is_cleaned_to_valid_text);
	tcase_add_test(t, nfc_composes);
	tcase_add_test(t, a_prefix_never_cuts_a_character);
	tcase_add_loop_test(t, white_space_is_trimmed_and_squeezed, 0, COUNT_OF(spaces));
	tcase_add_test(t, only_capitals_of_ascii_become_small);
	tcase_add_test(t, folding_forgets_case_and_width);
	tcase_add_test(t, lines_that_are_printed_cannot_steer_a_terminal_either);
	tcase_add_loop_test(t, what_is_printed_cannot_steer_a_terminal, 0, COUNT_OF(printable));
	return unit_run("text", t);
}
