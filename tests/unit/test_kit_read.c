/* test_kit_read.c: what the fast reader of JSON reads as jansson does, and what it
 * leaves to jansson, whose answer is then the one that counts. */
#include "kit/kit_internal.h"

#include "base/jx.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct jembatan_bytes bytes(const char *s)
{
	return (struct jembatan_bytes){ s, strlen(s) };
}

static const struct {
	const char *json, *dump;
} read_rows[] = {
	{ "{}", "{}" },
	{ " [ ] \r\n\t", "[]" },
	{ "{\"b\":1,\"a\":[true,false,null]}", "{\"b\":1,\"a\":[true,false,null]}" },
	{ "[0,-0,15,-15,999999999999999]", "[0,0,15,-15,999999999999999]" },
	{ "[9999999999999999,-9999999999999999]", "[\"9999999999999999\",\"-9999999999999999\"]" },
	{ "[1.5,-0.0,1e3,1E-3,1e-400]", "[1.5,-0.0,1000.0,0.001,0.0]" },
	{ "[-6.2088,106.8456]", "[-6.2088000000000001,106.8456]" },
	{ "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\"\\\\/\\b\\f\\n\\r\\t\"]" },
	{ "[\"\\u00e9\\u20AC\",\"\\\\u0000\"]", "[\"\xc3\xa9\xe2\x82\xac\",\"\\\\u0000\"]" },
	{ "[\"\xf0\x9f\x98\x80\"]", "[\"\xf0\x9f\x98\x80\"]" },
	{ "{\"\":1,\"\\u0061\":{\"a\":2}}", "{\"\":1,\"a\":{\"a\":2}}" },
};

START_TEST(most_json_is_read_as_jansson_reads_it)
{
	json_t *value = kit_json_read(bytes(read_rows[_i].json)), *slow = NULL;
	struct kit_text *quoted = kit_text_new(1024);
	ck_assert_ptr_nonnull(value);
	char *dump = jx_dump_as_set(value);
	ck_assert_str_eq(dump, read_rows[_i].dump);
	kit_numbers_quote(bytes(read_rows[_i].json), quoted);
	ck_assert_int_eq(jx_parse(kit_text_bytes(quoted), &slow, NULL), JEMBATAN_OK);
	ck_assert(json_equal(value, slow));
	free(dump);
	json_decref(value);
	json_decref(slow);
	kit_text_free(quoted);
}
END_TEST

/* dump NULL: jansson refuses it, too. */
static const struct {
	const char *json, *dump;
} left_rows[] = {
	{ "", NULL },
	{ "[1,]", NULL },
	{ "{\"a\":1,}", NULL },
	{ "[1] 2", NULL },
	{ "[1]\"", NULL },
	{ "[1]tru", NULL },
	{ "\"x\"", "\"x\"" },
	{ " 7", "7" },
	{ "[1", NULL },
	{ "[01]", NULL },
	{ "[1.]", NULL },
	{ "[/*x*/1]", NULL },
	{ "[\v1]", NULL },
	{ "[\f1]", NULL },
	{ "\xef\xbb\xbf[1]", NULL },
	{ "[1e400]", NULL },
	{ "{\"a\":1,\"a\":2}", NULL },
	{ "{\"\\u0061\":1,\"a\":2}", NULL },
	{ "[\"\x01\"]", NULL },
	{ "[\"\xff\"]", NULL },
	{ "[\"\xc0\x80\"]", NULL },
	{ "[\"\xed\xa0\x80\"]", NULL },
	{ "[\"\\ud83d\"]", NULL },
	{ "[\"\\uDE00 \"]", NULL },
	{ "[\"\\u12\"]", NULL },
	{ "[\"a\\u0000b\"]", "[\"ab\"]" },
	{ "[\"\\ud83d\\ude00\"]", "[\"\xf0\x9f\x98\x80\"]" },
};

START_TEST(what_it_might_read_otherwise_is_left_to_jansson)
{
	json_t *value = NULL;
	struct kit_why why = { "" };
	ck_assert_ptr_null(kit_json_read(bytes(left_rows[_i].json)));
	if (kit_json_parse(bytes(left_rows[_i].json), &value, &why) != JEMBATAN_OK) {
		ck_assert_ptr_null(left_rows[_i].dump);
		ck_assert_ptr_nonnull(strstr(why.text, "line "));
		return;
	}
	char *dump = jx_dump_as_set(value);
	ck_assert_str_eq(dump, left_rows[_i].dump);
	free(dump);
	json_decref(value);
}
END_TEST

START_TEST(a_nul_byte_is_left_to_jansson)
{
	ck_assert_ptr_null(kit_json_read((struct jembatan_bytes){ "[1\0]", 4 }));
	ck_assert_ptr_null(kit_json_read((struct jembatan_bytes){ "[\"a\0b\"]", 7 }));
}
END_TEST

/* n brackets, or a key of n characters, as large as it reads and one larger. */
START_TEST(depth_and_keys_have_a_ceiling)
{
	char text[512];
	for (size_t n = 64; n <= 65; n++) {
		memset(text, '[', n);
		memset(text + n, ']', n);
		json_t *value = kit_json_read((struct jembatan_bytes){ text, 2 * n });
		ck_assert_int_eq(value != NULL, n == 64);
		json_decref(value);
	}
	for (size_t n = 128; n <= 129; n++) {
		memset(text, 'k', n + 7);
		memcpy(text, "{\"", 2);
		memcpy(text + 2 + n, "\":1}", 5);
		json_t *value = kit_json_read(bytes(text)), *slow = NULL;
		ck_assert_int_eq(value != NULL, n == 128);
		ck_assert_int_eq(kit_json_parse(bytes(text), &slow, NULL), JEMBATAN_OK);
		ck_assert_uint_eq(json_object_size(slow), 1);
		json_decref(value);
		json_decref(slow);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_read");
	tcase_add_loop_test(t, most_json_is_read_as_jansson_reads_it, 0, COUNT_OF(read_rows));
	tcase_add_loop_test(t, what_it_might_read_otherwise_is_left_to_jansson, 0,
			    COUNT_OF(left_rows));
	tcase_add_test(t, a_nul_byte_is_left_to_jansson);
	tcase_add_test(t, depth_and_keys_have_a_ceiling);
	return unit_run("kit_read", t);
}
