/* test_kit_json.c: long numbers, JSON access, jq with its limits, and the
 * small things of the kit's memory part. */
#include <jembatan/kit.h>

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
	const char *json, *quoted;
} numbers[] = {
	{ "{\"id\":5571685772206594124}", "{\"id\":\"5571685772206594124\"}" },
	{ "[1234567890123456]", "[\"1234567890123456\"]" },
	{ "[123456789012345]", "[123456789012345]" },
	{ "[-1234567890123456]", "[\"-1234567890123456\"]" },
	{ "[1234567890123456.5]", "[1234567890123456.5]" },
	{ "[1234567890123456e2]", "[1234567890123456e2]" },
	{ "[0000000000000000001]", "[0000000000000000001]" },
	{ "{\"5571685772206594124\":\"5571685772206594124\"}",
	  "{\"5571685772206594124\":\"5571685772206594124\"}" },
	{ "[\"a\\\"5571685772206594124\",5571685772206594124]",
	  "[\"a\\\"5571685772206594124\",\"5571685772206594124\"]" },
	{ "[\"a\\\\\",5571685772206594124]", "[\"a\\\\\",\"5571685772206594124\"]" },
	{ "5571685772206594124", "\"5571685772206594124\"" },
	{ " 5571685772206594124 ", " \"5571685772206594124\" " },
	{ "x5571685772206594124", "x5571685772206594124" },
	{ "\"5571685772206594124", "\"5571685772206594124" },
	{ "\"\\", "\"\\" },
	{ "", "" },
	{ "[1,22,1111111111111111,3]", "[1,22,\"1111111111111111\",3]" },
};

START_TEST(long_integers_are_quoted_and_nothing_else)
{
	struct kit_text *out = kit_text_new(1024);
	kit_numbers_quote(bytes(numbers[_i].json), out);
	ck_assert_str_eq(kit_text_string(out), numbers[_i].quoted);
	kit_text_free(out);
}
END_TEST

START_TEST(ids_above_64_bits_come_through)
{
	char buffer[64];
	json_t *root = NULL;
	const char *text = "{\"a\":{\"id\":99999999999999999999999},\"b\":[7,{\"c\":3.0}],\"n\":null}";
	ck_assert_int_eq(kit_json_parse(bytes(text), &root, NULL), JEMBATAN_OK);
	ck_assert_str_eq(kit_json_id(root, "a.id", buffer), "99999999999999999999999");
	ck_assert_str_eq(kit_json_id(root, "b.0", buffer), "7");
	ck_assert_ptr_null(kit_json_at(root, "n"));
	ck_assert_ptr_null(kit_json_at(root, "b.9.c"));
	ck_assert_ptr_eq(kit_json_at(root, "."), root);
	int64_t n = 0;
	ck_assert(kit_json_integer(root, "b.1.c", &n));
	ck_assert_int_eq(n, 3);
	ck_assert(!kit_json_integer(root, "a", &n));
	json_decref(root);
}
END_TEST

START_TEST(a_mistake_in_json_names_its_line)
{
	json_t *root = NULL;
	struct kit_why why = { "" };
	ck_assert_int_eq(kit_json_parse(bytes("{\"a\":1,\n\"rahasia\" x}"), &root, &why), JEMBATAN_DATA);
	ck_assert_ptr_nonnull(strstr(why.text, "line 2"));
	ck_assert_ptr_null(strstr(why.text, "rahasia"));
	ck_assert_int_eq(kit_json_parse(bytes("{\"a\":1,\"a\":2}"), &root, &why), JEMBATAN_DATA);
}
END_TEST

static const struct {
	const char *text, *result; /* NULL: DATA */
} nuls[] = {
	{ "{\"a\":[\"x\\u0000y\",\"\\u0000\"],\"b\":\"z\"}", "{\"a\":[\"xy\",\"\"],\"b\":\"z\"}" },
	{ "\"\\\\u0000\"", "\"\\\\u0000\"" }, /* a backslash and a word */
	{ "{\"a\\u0000\":1}", NULL },
};

START_TEST(a_nul_within_a_text_costs_nothing_but_itself)
{
	json_t *root = NULL;
	struct kit_why why = { "" };
	enum jembatan_result result = kit_json_parse(bytes(nuls[_i].text), &root, &why);
	ck_assert_int_eq(result, nuls[_i].result ? JEMBATAN_OK : JEMBATAN_DATA);
	if (!nuls[_i].result)
		return;
	json_t *expected = json_loads(nuls[_i].result, JSON_DECODE_ANY, NULL);
	ck_assert(json_equal(root, expected));
	json_decref(expected);
	json_decref(root);
}
END_TEST

/* ---- jq ---- */

static const struct {
	const char *program, *record, *results; /* NULL: DATA */
} runs[] = {
	{ ".a", "{\"a\":1}", "[1]" },
	{ "{id:.id, text:.isi}", "{\"id\":5571685772206594124,\"isi\":\"x\"}",
	  "[{\"id\":\"5571685772206594124\",\"text\":\"x\"}]" },
	{ ".[]|select(.>1)", "[1,2,3]", "[2,3]" },
	{ "empty", "{}", "[]" },
	{ "[.x, true, null, 1.5, 9007199254740992, nan, infinite]", "{\"x\":\"\\u00e9\"}",
	  "[[\"\xc3\xa9\",true,null,1.5,9007199254740992,null,null]]" },
	{ "$ENV|length", "{}", "[0]" },
	{ "env|length", "{}", "[0]" },
	{ "input_filename", "{}", "[null]" },
	{ "[inputs]", "{}", "[[]]" },
	{ "debug|stderr", "7", "[7]" },
	{ "halt", "7", "[]" },
	{ ".a\n# komentar", "{\"a\":1}", "[1]" },
	{ "\"a\\u0000b\"", "{}", "[\"ab\"]" },
	{ "input", "{}", NULL },
	{ ".a.b", "{\"a\":\"rahasia\"}", NULL },
	{ ".a+1", "{\"a\":\"rahasia (sekali) benar\"}", NULL },
	{ ".a|tonumber", "{\"a\":\"rahasia\"}", NULL },
	{ ".a|error", "{\"a\":\"rahasia\"}", NULL },
	{ "{a:1}|.[$__loc__.file]|error(\"rahasia\")", "{}", NULL },
	{ ".a", "{\"a\":rahasia}", NULL },
	{ ".a", "", NULL },
	{ ".a", "{\"a\":1} {\"a\":2}", NULL },
	/* without an end */
	{ "def f: f; f", "{}", NULL },
	{ "last(range(1e15))", "{}", NULL },
	{ "reduce range(1e15) as $i (0; .+1)", "{}", NULL },
	{ "def f: 1 + f; f", "{}", NULL },
	/* too much of it */
	{ "range(1e15)", "{}", NULL },
	{ "[range(100000)|tostring]", "{}", NULL },
	{ "reduce range(500) as $i (0; [.])", "{}", NULL },
};

START_TEST(a_jq_program_runs_within_its_limits)
{
	struct kit_jq_limits limits = { .cpu_ms = 200, .result_count = 100, .result_bytes = 100000 };
	struct kit_jq *jq = NULL;
	struct kit_why why = { "" };
	ck_assert_int_eq(kit_jq_new(runs[_i].program, &limits, &jq, &why), JEMBATAN_OK);
	for (int again = 0; again < 2; again++) { /* a stopped program can run again */
		json_t *results = NULL;
		enum jembatan_result result = kit_jq_run(jq, bytes(runs[_i].record), &results, &why);
		ck_assert_msg((result == JEMBATAN_OK) == (runs[_i].results != NULL), "%s: %s",
			      runs[_i].program, why.text);
		ck_assert_ptr_null(strstr(why.text, "rahasia"));
		if (!results)
			continue;
		char *dumped = jx_dump(results);
		json_t *expected = json_loads(runs[_i].results, 0, NULL);
		ck_assert_msg(json_equal(results, expected), "%s gives %s", runs[_i].program, dumped);
		free(dumped);
		json_decref(expected);
		json_decref(results);
	}
	kit_jq_free(jq);
}
END_TEST

static const struct {
	const char *program, *words; /* in the explanation */
} mistakes[] = {
	{ "{id: .id,\n text: .isi |\n}", "line 3" },
	{ ".a |\nnothere", "line 2: nothere/0 is not defined" },
	{ ".[1", "line 1" },
	{ "import \"x\" as x; .", "line 1" },
	{ "", "empty" },
	{ " \n", "empty" },
};

START_TEST(a_mistake_in_a_jq_program_names_its_line)
{
	struct kit_jq *jq = NULL;
	struct kit_why why = { "" };
	ck_assert_int_eq(kit_jq_new(mistakes[_i].program, NULL, &jq, &why), JEMBATAN_CONFIG);
	ck_assert_msg(strstr(why.text, mistakes[_i].words) != NULL, "%s", why.text);
	ck_assert_ptr_null(jq);
}
END_TEST

START_TEST(libjq_reads_no_file_of_the_user)
{
	/* With HOME, libjq would load ~/.jq. */
	char folder[] = "/tmp/kitjqXXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(folder));
	char *path = xasprintf("%s/.jq", folder);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("def zork: 42;\n", file);
	fclose(file);
	setenv("HOME", folder, 1);
	struct kit_jq *jq = NULL;
	ck_assert_int_eq(kit_jq_new("zork", NULL, &jq, NULL), JEMBATAN_CONFIG);
	ck_assert_str_eq(getenv("HOME"), folder);
	remove(path);
	remove(folder);
	free(path);
}
END_TEST

/* ---- memory ---- */

START_TEST(base64_is_decoded_or_refused)
{
	struct kit_text *out = kit_text_new(100000);
	ck_assert_int_eq(kit_base64_decode("aGFs\r\nbyBkdW5pYQ==\n", out), JEMBATAN_OK);
	ck_assert_str_eq(kit_text_string(out), "halo dunia");
	ck_assert_int_eq(kit_base64_decode("aGFsb", out), JEMBATAN_DATA);
	ck_assert_int_eq(kit_base64_decode("aG*s", out), JEMBATAN_DATA);
	kit_text_clear(out);
	ck_assert_int_eq(kit_base64_decode("", out), JEMBATAN_OK);
	char large[40001];
	memset(large, 'A', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	ck_assert_int_eq(kit_base64_decode(large, out), JEMBATAN_OK);
	ck_assert_uint_eq(kit_text_bytes(out).size, 30000);
	kit_text_free(out);
}
END_TEST

START_TEST(a_text_remembers_that_it_is_full)
{
	struct kit_text *text = kit_text_new(8);
	kit_text_add_string(text, "12345");
	kit_text_printf(text, "%d", 678);
	ck_assert(!kit_text_is_full(text));
	kit_text_add(text, "9", 1);
	ck_assert(kit_text_is_full(text));
	ck_assert_str_eq(kit_text_string(text), "12345678");
	kit_text_free(text);
}
END_TEST

START_TEST(digests_tell_parts_apart)
{
	char one[65], two[65];
	kit_digest((const char *const[]){ "ab", "c" }, 2, one);
	kit_digest((const char *const[]){ "a", "bc" }, 2, two);
	ck_assert_str_ne(one, two);
	kit_digest((const char *const[]){ "a", NULL }, 2, one);
	kit_digest((const char *const[]){ "a", "" }, 2, two);
	ck_assert_str_ne(one, two);
	ck_assert_uint_eq(strlen(one), 64);
}
END_TEST

static const struct {
	const char *one, *other;
	bool same;
} values[] = {
	{ "{\"a\":1,\"b\":[true,null]}", "{ \"b\": [true, null], \"a\": 1 }", true },
	{ "1.5", "1.50", true },
	{ "1", "1.0", false },
	{ "1", "\"1\"", false },
	{ "null", "false", false },
	{ "[1,2]", "[2,1]", false },
	{ "[[1],2]", "[[1,2]]", false },
	{ "{\"a\":{\"b\":1}}", "{\"a\":{},\"b\":1}", false },
	{ "{\"ab\":\"c\"}", "{\"a\":\"bc\"}", false },
	{ "[\"a\",\"b\"]", "[\"ab\"]", false },
	{ "{}", "[]", false },
};

static void digest_text(const char *text, char out_hex[65])
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	ck_assert_ptr_nonnull(value);
	kit_json_digest(value, out_hex);
	json_decref(value);
}

START_TEST(a_digest_is_of_what_json_says)
{
	char one[65], other[65];
	digest_text(values[_i].one, one);
	digest_text(values[_i].other, other);
	ck_assert_int_eq(strcmp(one, other) == 0, values[_i].same);
}
END_TEST

START_TEST(an_object_of_many_keys_has_a_digest)
{
	char forward[65], backward[65], name[16];
	json_t *a = json_object(), *b = json_object();
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "k%d", i);
		json_object_set_new(a, name, json_integer(i));
		(void)snprintf(name, sizeof(name), "k%d", 99 - i);
		json_object_set_new(b, name, json_integer(99 - i));
	}
	kit_json_digest(a, forward);
	kit_json_digest(b, backward);
	ck_assert_str_eq(forward, backward);
	json_decref(a);
	json_decref(b);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_json");
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, long_integers_are_quoted_and_nothing_else, 0, COUNT_OF(numbers));
	tcase_add_test(t, ids_above_64_bits_come_through);
	tcase_add_test(t, a_mistake_in_json_names_its_line);
	tcase_add_loop_test(t, a_nul_within_a_text_costs_nothing_but_itself, 0, (int)COUNT_OF(nuls));
	tcase_add_loop_test(t, a_jq_program_runs_within_its_limits, 0, COUNT_OF(runs));
	tcase_add_loop_test(t, a_mistake_in_a_jq_program_names_its_line, 0, COUNT_OF(mistakes));
	tcase_add_test(t, libjq_reads_no_file_of_the_user);
	tcase_add_test(t, base64_is_decoded_or_refused);
	tcase_add_test(t, a_text_remembers_that_it_is_full);
	tcase_add_test(t, digests_tell_parts_apart);
	tcase_add_loop_test(t, a_digest_is_of_what_json_says, 0, COUNT_OF(values));
	tcase_add_test(t, an_object_of_many_keys_has_a_digest);
	return unit_run("kit_json", t);
}
