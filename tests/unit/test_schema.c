/* test_schema.c: option tables of every type against YAML. */
#include "base/digest.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char *const colours[] = { "merah", "putih", NULL };
static const char *const schemes[] = { "imap", "imaps", NULL };

static const struct jembatan_option table[] = {
	{ "text", JEMBATAN_STRING, 0, "bawaan", 0, 0, NULL, "Text." },
	{ "needed", JEMBATAN_STRING, JEMBATAN_REQUIRED, NULL, 0, 0, NULL, "write something." },
	{ "number", JEMBATAN_INTEGER, 0, "-5", -10, 10, NULL, "Number." },
	{ "unbounded", JEMBATAN_INTEGER, 0, NULL, 0, 0, NULL, "Number." },
	{ "at_least", JEMBATAN_INTEGER, 0, NULL, 5, 0, NULL, "Number." },
	{ "yes", JEMBATAN_BOOLEAN, 0, "true", 0, 0, NULL, "Boolean." },
	{ "pause", JEMBATAN_DURATION, 0, "90s", 1000, 3600000, NULL, "Duration." },
	{ "size", JEMBATAN_BYTES, 0, "1MiB", 1024, 1 << 30, NULL, "Size." },
	{ "colour", JEMBATAN_CHOICE, 0, NULL, 0, 0, colours, "Choice." },
	{ "server", JEMBATAN_URL, 0, NULL, 0, 0, schemes, "Address." },
	{ "site", JEMBATAN_URL, 0, NULL, 0, 0, NULL, "Address." },
	{ "file", JEMBATAN_PATH, 0, NULL, 0, 0, NULL, "Path." },
	{ "list", JEMBATAN_LIST, 0, "[a, b]", 0, 0, NULL, "List." },
	{ "map", JEMBATAN_MAP, 0, "{a: 1}", 0, 0, NULL, "Map." },
	{ "secrets", JEMBATAN_SECRET_MAP, 0, NULL, 0, 0, NULL, "Secrets." },
	{ "raw", JEMBATAN_MAP, SCHEMA_RAW, NULL, 0, 0, NULL, "Raw." },
	{ "deep.er.key", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, "Nested." },
	{ NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL },
};

static struct arena *arena;
static struct problems problems;
static struct schema_values values;

static void setup(void)
{
	arena = arena_new();
	problems_init(&problems);
	setenv("SCHEMA_TEST", "rahasia", 1);
}

static void teardown(void)
{
	schema_done(&values);
	problems_done(&problems);
	arena_free(arena);
}

static const struct yaml_node *parse(const char *text, const char *name)
{
	const struct yaml_node *root = NULL;
	struct why why;
	if (text != NULL)
		ck_assert_msg(yaml_parse(bytes_text(text), name, arena, &root, &why) == JEMBATAN_OK,
			      "%s", why.text);
	return root;
}

static void check(const char *text, const char *behind)
{
	schema_check(table, parse(text, "x.yaml"), parse(behind, "behind.yaml"), "x.yaml", arena,
		     &problems, &values);
}

static const struct {
	const char *yaml, *name;
	int64_t number;
} numbers[] = {
	{ "needed: x", "number", -5 },		  { "{needed: x, number: 10}", "number", 10 },
	{ "{needed: x, number: -10}", "number", -10 }, { "needed: x", "unbounded", 0 },
	{ "{needed: x, number: \"7\"}", "number", 7 },
	{ "{needed: x, unbounded: -9223372036854775808}", "unbounded", INT64_MIN },
	{ "{needed: x, at_least: 5}", "at_least", 5 }, { "needed: x", "yes", 1 },
	{ "{needed: x, yes: false}", "yes", 0 },  { "needed: x", "pause", 90000 },
	{ "{needed: x, pause: 1h}", "pause", 3600000 }, { "needed: x", "size", 1048576 },
	{ "{needed: x, size: 1KiB}", "size", 1024 },
};

START_TEST(a_number_is_read_or_its_preset)
{
	check(numbers[_i].yaml, NULL);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_int_eq(schema_integer(&values, numbers[_i].name), numbers[_i].number);
}
END_TEST

static const struct {
	const char *yaml, *name, *text;
} texts[] = {
	{ "needed: x", "text", "bawaan" },
	{ "{needed: x, text: \"\"}", "text", "" },
	{ "{needed: x, text: 007}", "text", "007" },
	{ "{needed: x, colour: merah}", "colour", "merah" },
	{ "needed: x", "colour", NULL },
	{ "{needed: x, server: \"imaps://surat.contoh.go.id:993/INBOX\"}", "server",
	  "imaps://surat.contoh.go.id:993/INBOX" },
	{ "{needed: x, site: \"http://10.0.0.7:8080/api?x={id}\"}", "site",
	  "http://10.0.0.7:8080/api?x={id}" },
	{ "{needed: x, site: \"https://[2001:db8::1]/\"}", "site", "https://[2001:db8::1]/" },
	{ "{needed: x, file: /a..b/c}", "file", "/a..b/c" },
	{ "{needed: x, deep: {er: {key: y}}}", "deep.er.key", "y" },
	{ "{needed: x, deep: {er: }}", "deep.er.key", NULL },
};

START_TEST(a_text_is_taken_as_written)
{
	check(texts[_i].yaml, NULL);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_pstr_eq(schema_text(&values, texts[_i].name), texts[_i].text);
}
END_TEST

static const struct {
	const char *yaml, *says;
} wrong[] = {
	{ "", "x.yaml:1: \"needed\" is missing: write something." },
	{ "needed: \"\"", "x.yaml:1: \"needed\" must not be empty: write something." },
	{ "{needed: x, number: 11}", "x.yaml:1: \"number\" must be between -10 and 10, not \"11\"" },
	{ "{needed: x, number: 0x10}", "x.yaml:1: \"number\" must be a whole number, not \"0x10\"" },
	{ "{needed: x, number: +1}", "x.yaml:1: \"number\" must be a whole number, not \"+1\"" },
	{ "{needed: x, at_least: 4}", "x.yaml:1: \"at_least\" must be at least 5, not \"4\"" },
	{ "{needed: x, pause: 2h}", "x.yaml:1: \"pause\" must be between 1s and 1h, not \"2h\"" },
	{ "{needed: x, size: 1B}", "x.yaml:1: \"size\" must be between 1KiB and 1GiB, not \"1B\"" },
	{ "{needed: x, yes: True}", "x.yaml:1: \"yes\" must be true or false, not \"True\"" },
	{ "{needed: x, colour: biru}",
	  "x.yaml:1: \"colour\" must be one of merah, putih, not \"biru\"" },
	{ "{needed: x, server: \"https://x\"}", "x.yaml:1: \"server\" must be an address that "
						"begins with one of imap://, imaps://, not "
						"\"https://x\"" },
	{ "{needed: x, server: surat}",
	  "x.yaml:1: \"server\" must be an address such as https://host/path" },
	{ "{needed: x, file: /a/..}", "x.yaml:1: \"file\" must be an absolute path (beginning with "
				      "/, without ..), not \"/a/..\"" },
	{ "{needed: x, list: a}", "x.yaml:1: \"list\" must be a list, such as [a, b], not text" },
	{ "{needed: x, list: [a, [b]]}", "x.yaml:1: \"list\" must be text, not a list" },
	{ "{needed: x, map: [a]}", "x.yaml:1: \"map\" must be a map, such as {key: value}, not a "
				   "list" },
	{ "{needed: x, map: {a: }}", "x.yaml:1: \"map.a\" must be text, not nothing" },
	{ "{needed: x, secrets: {a: b}}", "x.yaml:1: \"secrets.a\" is a secret and does not stand "
					  "here itself: write {file: /path}, {env: NAME} or "
					  "{credential: NAME}" },
	{ "{needed: x, deep: 1}", "x.yaml:1: \"deep\" must be a map with the keys er, not text" },
	{ "{needed: x, deep: {er: {kye: 1}}}",
	  "x.yaml:1: unknown key \"deep.er.kye\": did you mean \"deep.er.key\"?" },
	{ "{needed: x, key: 1}", "x.yaml:1: unknown key \"key\": did you mean \"deep.er.key\"?" },
	{ "{needed: x, coluor: merah}",
	  "x.yaml:1: unknown key \"coluor\": did you mean \"colour\"?" },
	{ "{needed: x, deeep: {}}", "x.yaml:1: unknown key \"deeep\": did you mean \"deep\"?" },
	{ "{needed: x, \"\\u202etxet\": y}",
	  "x.yaml:1: unknown key \"?txet\": the keys here are text, needed, number, unbounded, "
	  "at_least, yes, pause, size, colour, server, site, file, list, map, secrets, raw, deep" },
};

START_TEST(a_wrong_value_is_told_and_stays_unset)
{
	check(wrong[_i].yaml, NULL);
	ck_assert_uint_eq(problems.count, 1);
	CLEANUP(free_pointer) char *text = problem_text(&problems.items[0]);
	ck_assert_str_eq(text, wrong[_i].says);
}
END_TEST

START_TEST(all_problems_are_found_at_once)
{
	check("number: x\nsize: y\nfoo: 1\n", NULL);
	ck_assert_uint_eq(problems.count, 4);
	ck_assert_ptr_null(schema_text(&values, "number"));
	ck_assert_int_eq(schema_integer(&values, "number"), 0);
}
END_TEST

START_TEST(lists_and_maps_keep_their_order_and_have_presets)
{
	const struct schema_value *list, *map;
	check("needed: x\nmap: {z: 26, a: 1}\n", NULL);
	list = schema_value(&values, "list");
	map = schema_value(&values, "map");
	ck_assert_uint_eq(list->entry_count, 2);
	ck_assert_ptr_null(list->node);
	ck_assert_str_eq(list->entries[1].key, "1");
	ck_assert_str_eq(list->entries[1].text, "b");
	ck_assert_uint_eq(map->entry_count, 2);
	ck_assert_str_eq(map->entries[0].key, "z");
	ck_assert_str_eq(schema_where(map->entries[0].node, arena), "x.yaml:2");
}
END_TEST

START_TEST(what_stands_behind_holds_where_nothing_is_written)
{
	const struct schema_value *map, *list;
	check("text: atas\nmap: {b: 22, c: 3}\nlist: [x]\n",
	      "needed: bawah\ntext: 'bawah'\nmap: {a: 1, b: 2}\nlist: [y, z]\nnumber: 3\n");
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_str_eq(schema_text(&values, "text"), "atas");
	ck_assert_str_eq(schema_text(&values, "needed"), "bawah");
	ck_assert_int_eq(schema_integer(&values, "number"), 3);
	ck_assert_str_eq(schema_where(schema_value(&values, "number")->node, arena),
			 "behind.yaml:5");
	map = schema_value(&values, "map");
	ck_assert_uint_eq(map->entry_count, 3);
	ck_assert_str_eq(map->entries[0].text, "1");
	ck_assert_str_eq(map->entries[1].text, "22");
	ck_assert_str_eq(schema_where(map->entries[1].node, arena), "x.yaml:2");
	ck_assert_str_eq(map->entries[2].text, "3");
	list = schema_value(&values, "list");
	ck_assert_uint_eq(list->entry_count, 1);
	ck_assert_str_eq(list->entries[0].text, "x");
}
END_TEST

START_TEST(secrets_are_taken_once_and_wiped)
{
	const struct schema_value *map;
	check("{needed: x, secrets: {kunci: {env: SCHEMA_TEST}}}", NULL);
	ck_assert_uint_eq(problems.count, 0);
	map = schema_value(&values, "secrets");
	ck_assert_str_eq(map->entries[0].key, "kunci");
	ck_assert_ptr_null(map->entries[0].text);
	ck_assert_str_eq(secret_reveal(map->entries[0].secret), "rahasia");
}
END_TEST

START_TEST(a_raw_node_is_left_alone)
{
	check("{needed: x, raw: {anything: [1, {goes: here}]}}", NULL);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_uint_eq(schema_value(&values, "raw")->node->count, 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("schema");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_number_is_read_or_its_preset, 0, COUNT_OF(numbers));
	tcase_add_loop_test(t, a_text_is_taken_as_written, 0, COUNT_OF(texts));
	tcase_add_loop_test(t, a_wrong_value_is_told_and_stays_unset, 0, COUNT_OF(wrong));
	tcase_add_test(t, all_problems_are_found_at_once);
	tcase_add_test(t, lists_and_maps_keep_their_order_and_have_presets);
	tcase_add_test(t, what_stands_behind_holds_where_nothing_is_written);
	tcase_add_test(t, secrets_are_taken_once_and_wiped);
	tcase_add_test(t, a_raw_node_is_left_alone);
	return unit_run("schema", t);
}
