/* test_jx.c: strangers' JSON. */
#include "base/digest.h"
#include "base/jx.h"

#include <string.h>

#include "unit.h"

static json_t *root;

static void setup(void)
{
	struct why why;
	ck_assert_int_eq(jx_parse(bytes_text("{\"a\": {\"b\": [1, {\"c\": \"teks\"}, null]}, "
					     "\"id\": 9007199254740993, \"real\": 2.5, "
					     "\"yes\": true, \"nul\": null, \"text\": \"12\"}"),
				  &root, &why),
			 JEMBATAN_OK);
}

static void teardown(void)
{
	jx_decref(&root);
	ck_assert_ptr_null(root);
}

static const struct {
	const char *in, *says;
} broken[] = {
	{ "", "ends too early" },
	{ "{\"a\": ", "ends too early" },
	{ "{\"a\": 1, \"a\": 2}", "twice" },
	{ "[1] [2]", "follows" },
	{ "\"\xff\"", "UTF-8" },
	{ "[1,\n2,,3]", "line 2" },
	{ "{\"rahasia\" \"jangan ditulis\"}", "syntax" },
	{ "[123456789012345678901234567890]", "large" },
};

START_TEST(what_is_not_json_is_named_but_never_quoted)
{
	json_t *out = NULL;
	struct why why;
	ck_assert_int_eq(jx_parse(bytes_text(broken[_i].in), &out, &why), JEMBATAN_DATA);
	ck_assert_ptr_null(out);
	ck_assert_ptr_nonnull(strstr(why.text, broken[_i].says));
	ck_assert_ptr_null(strstr(why.text, "jangan"));
}
END_TEST

START_TEST(nesting_has_a_limit)
{
	static char deep[100000];
	json_t *out = NULL;
	struct why why;
	memset(deep, '[', sizeof(deep));
	ck_assert_int_eq(jx_parse(bytes_of(deep, sizeof(deep)), &out, &why), JEMBATAN_DATA);
	ck_assert_ptr_nonnull(strstr(why.text, "deep"));
}
END_TEST

START_TEST(any_value_may_stand_at_the_top)
{
	json_t *out = NULL;
	ck_assert_int_eq(jx_parse(bytes_text(" 7 "), &out, NULL), JEMBATAN_OK);
	ck_assert_int_eq(jx_integer(out, "", 0), 7);
	jx_decref(&out);
}
END_TEST

START_TEST(a_path_leads_through_objects_and_arrays)
{
	char buffer[64];
	ck_assert_str_eq(jx_text(root, "a.b.1.c"), "teks");
	ck_assert_int_eq(jx_integer(root, "a.b.0", -1), 1);
	ck_assert_int_eq(jx_integer(root, "a.b.7", -1), -1);
	ck_assert_int_eq(jx_integer(root, "a.b.x", -1), -1);
	ck_assert_int_eq(jx_integer(root, "text", -1), -1);
	ck_assert_ptr_null(jx_at(root, "a.b.2"));
	ck_assert_ptr_null(jx_at(root, "nul"));
	ck_assert_ptr_null(jx_at(root, "text.x"));
	ck_assert_ptr_null(jx_at(NULL, "x"));
	ck_assert_ptr_eq(jx_at(root, ""), root);
	ck_assert(jx_is_true(root, "yes"));
	ck_assert(!jx_is_true(root, "id"));
	ck_assert_ptr_null(jx_id(root, "yes", buffer));
}
END_TEST

START_TEST(an_id_keeps_all_its_digits)
{
	char buffer[64];
	ck_assert_str_eq(jx_id(root, "id", buffer), "9007199254740993");
	ck_assert_str_eq(jx_id(root, "text", buffer), "12");
	ck_assert_str_eq(jx_id(root, "real", buffer), "2.5");
	ck_assert_ptr_null(jx_id(root, "a", buffer));
}
END_TEST

START_TEST(dumped_objects_are_compact_and_sorted)
{
	json_t *out = NULL;
	ck_assert_int_eq(jx_parse(bytes_text("{\"b\": 1, \"a\": [true, null]}"), &out, NULL),
			 JEMBATAN_OK);
	char *text = jx_dump(out);
	ck_assert_str_eq(text, "{\"a\":[true,null],\"b\":1}");
	free(text);
	jx_decref(&out);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("jx");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_is_not_json_is_named_but_never_quoted, 0, COUNT_OF(broken));
	tcase_add_test(t, nesting_has_a_limit);
	tcase_add_test(t, any_value_may_stand_at_the_top);
	tcase_add_test(t, a_path_leads_through_objects_and_arrays);
	tcase_add_test(t, an_id_keeps_all_its_digits);
	tcase_add_test(t, dumped_objects_are_compact_and_sorted);
	return unit_run("jx", t);
}
