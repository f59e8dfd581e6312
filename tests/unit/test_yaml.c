/* test_yaml.c: which YAML is taken, and with which sentence the rest is not. */
#include "base/buf.h"
#include "base/digest.h"
#include "config/yaml.h"

#include <string.h>

#include "unit.h"

static struct arena *arena;
static struct why why;

static void setup(void)
{
	arena = arena_new();
	why = (struct why){ 0 };
}

static void teardown(void)
{
	arena_free(arena);
}

static enum jembatan_result parse(const char *text, const struct yaml_node **out)
{
	*out = NULL;
	return yaml_parse(bytes_text(text), "x.yaml", arena, out, &why);
}

START_TEST(a_tree_keeps_order_lines_and_quotes)
{
	const struct yaml_node *root, *list;
	ck_assert_int_eq(parse("# a comment\nhost: mail.contoh.go.id\nports:\n  - 993\n  - \"143\"\n"
			       "text: |\n  dua\n  baris\n", &root), JEMBATAN_OK);
	ck_assert_int_eq(root->kind, YAML_MAP);
	ck_assert_uint_eq(root->count, 3);
	ck_assert_str_eq(root->first->key, "host");
	ck_assert_str_eq(root->first->text, "mail.contoh.go.id");
	ck_assert_uint_eq(root->first->line, 2);
	ck_assert_uint_eq(root->first->column, 7);
	ck_assert_str_eq(root->first->file, "x.yaml");
	list = yaml_get(root, "ports");
	ck_assert_uint_eq(list->key_line, 3);
	ck_assert_uint_eq(list->line, 4);
	ck_assert_uint_eq(list->count, 2);
	ck_assert(!list->first->quoted);
	ck_assert(list->first->next->quoted);
	ck_assert_uint_eq(list->first->next->line, 5);
	ck_assert_str_eq(yaml_get(root, "text")->text, "dua\nbaris\n");
	ck_assert_ptr_null(yaml_get(root, "tidak-ada"));
	ck_assert_ptr_null(yaml_get(list, "ports"));
}
END_TEST

static const char *const empty[] = { "", "\n\n", "# only this\n", "~", "---\n", "{}", "null\n" };

START_TEST(an_empty_file_is_an_empty_map)
{
	const struct yaml_node *root;
	ck_assert_int_eq(parse(empty[_i], &root), JEMBATAN_OK);
	ck_assert_int_eq(root->kind, YAML_MAP);
	ck_assert_uint_eq(root->count, 0);
}
END_TEST

START_TEST(nothing_is_told_from_an_empty_text)
{
	const struct yaml_node *root;
	ck_assert_int_eq(parse("{a: , b: ~, c: null, d: \"\", e: \"null\", f: NULL}", &root),
			 JEMBATAN_OK);
	ck_assert(yaml_is_null(yaml_get(root, "a")));
	ck_assert(yaml_is_null(yaml_get(root, "b")));
	ck_assert(yaml_is_null(yaml_get(root, "c")));
	ck_assert(!yaml_is_null(yaml_get(root, "d")));
	ck_assert(!yaml_is_null(yaml_get(root, "e")));
	ck_assert(!yaml_is_null(yaml_get(root, "f")));
}
END_TEST

static const struct {
	const char *in, *says;
} refused[] = {
	{ "a: &x 1\nb: 2\n", "x.yaml:1: anchors (&x) are not supported: write the value out where "
			     "it is needed" },
	{ "a: &x {b: 1}\n", "x.yaml:1: anchors (&x) are not supported: write the value out where "
			    "it is needed" },
	{ "a: 1\nb: *x\n", "x.yaml:2: aliases (*x) are not supported: write the value out; put it "
			   "in quotes if it is text" },
	{ "a: !!int 1\n", "x.yaml:1: tags (tag:yaml.org,2002:int) are not supported: remove it; "
			  "put the value in quotes if it is text" },
	{ "a:\n  - !list [1]\n", "x.yaml:2: tags (!list) are not supported: remove it; put the "
				 "value in quotes if it is text" },
	{ "%YAML 1.1\n---\na: 1\n", "x.yaml:1: directives (%YAML, %TAG) are not supported: remove "
				    "the line" },
	{ "a: 1\n---\nb: 2\n", "x.yaml:2: a second document begins here: one file holds one; "
			       "remove the line ---" },
	{ "a: 1\nb: 2\na: 3\n", "x.yaml:3: the key \"a\" stands twice, first in line 1: remove "
				"one" },
	{ "? [a, b]\n: 1\n", "x.yaml:1: a key must be one word, not a map or list: put {...} or "
			     "[...] in quotes if it is meant as text" },
	{ "url: {host}/x: 1\n", "x.yaml:1: not valid YAML: did not find expected key" },
	{ "\"\": 1\n", "x.yaml:1: a key is empty: write a name before the colon" },
	{ "a: \"x\\0y\"\n", "x.yaml:1: a control character (0x00) in a text: remove it" },
	{ "\na: \"x\\ey\"\n", "x.yaml:2: a control character (0x1b) in a text: remove it" },
	{ "a: 1\nb: \xff\n", "x.yaml:2: not UTF-8 text (or a NUL byte): save the file as UTF-8" },
	{ "\xff\xfe" "a", "x.yaml:1: not UTF-8 text (or a NUL byte): save the file as UTF-8" },
	{ "a:\n\tb: 1\n", "x.yaml:2: not valid YAML: a character that cannot start a value (indent "
			  "with blanks, not tabs; put a value that begins with @, ` or % in "
			  "quotes)" },
	{ "a: @x\n", "x.yaml:1: not valid YAML: a character that cannot start a value (indent with "
		     "blanks, not tabs; put a value that begins with @, ` or % in quotes)" },
	{ "a: [1, 2\nb: 3\n", "x.yaml:2: not valid YAML: did not find expected ',' or ']' (while "
			      "parsing a flow sequence from line 1)" },
	{ "a: \"open\n", "x.yaml:2: not valid YAML: found unexpected end of stream (while scanning "
			 "a quoted scalar from line 1)" },
	{ "a: 1\n b: 2\n", "x.yaml:2: not valid YAML: mapping values are not allowed in this "
			   "context" },
};

START_TEST(what_is_not_supported_is_refused_with_its_line)
{
	const struct yaml_node *root;
	ck_assert_int_eq(parse(refused[_i].in, &root), JEMBATAN_CONFIG);
	ck_assert_ptr_null(root);
	ck_assert_str_eq(why.text, refused[_i].says);
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
	const struct yaml_node *root = NULL;
	ck_assert_int_eq(yaml_parse(bytes_of("a: 1\n\0b: 2\n", 11), "x.yaml", arena, &root, &why),
			 JEMBATAN_CONFIG);
	ck_assert_str_eq(why.text,
			 "x.yaml:2: not UTF-8 text (or a NUL byte): save the file as UTF-8");
}
END_TEST

/* `count` times `piece`, after `head` and before `tail`; the caller frees. */
static char *repeat(const char *head, const char *piece, size_t count, const char *tail)
{
	struct buf b;
	buf_init(&b, 4u * YAML_FILE_MAX);
	buf_add_text(&b, head);
	for (size_t i = 0; i < count; i++)
		buf_add_text(&b, piece);
	buf_add_text(&b, tail);
	ck_assert(!buf_is_full(&b));
	return buf_take(&b);
}

static const struct {
	const char *head, *piece;
	size_t good, bad;
	const char *tail, *says;
} limits[] = {
	{ "a: ", "[", YAML_DEPTH_MAX - 1, YAML_DEPTH_MAX, NULL, "nested more than 32 deep" },
	{ "a: ", "[", YAML_DEPTH_MAX - 1, 100000, NULL, "nested more than 32 deep" },
	{ "a:\n", "- 1\n", YAML_ENTRIES_MAX, YAML_ENTRIES_MAX + 1, "",
	  "more than 4096 entries in one list" },
	{ "", "- [1, 2, 3, 4]\n", 3999, 4000, "", "more than 20000 values in one file: split it" },
	{ "#", "x", YAML_FILE_MAX - 1, YAML_FILE_MAX, "", "larger than 1 MiB: split it" },
};

START_TEST(every_size_has_a_ceiling)
{
	const struct yaml_node *root;
	CLEANUP(free_pointer) char *closing = repeat("", "]", limits[_i].good, "\n");
	CLEANUP(free_pointer) char *good =
		repeat(limits[_i].head, limits[_i].piece, limits[_i].good,
		       limits[_i].tail != NULL ? limits[_i].tail : closing);
	CLEANUP(free_pointer) char *bad =
		repeat(limits[_i].head, limits[_i].piece, limits[_i].bad, "");
	ck_assert_msg(parse(good, &root) == JEMBATAN_OK, "%s", why.text);
	ck_assert_int_eq(parse(bad, &root), JEMBATAN_CONFIG);
	ck_assert_msg(strstr(why.text, limits[_i].says) != NULL, "%s", why.text);
}
END_TEST

START_TEST(a_missing_file_is_told_from_a_bad_one)
{
	const struct yaml_node *root = NULL;
	ck_assert_int_eq(yaml_load("/nonexistent/x.yaml", "x.yaml", arena, &root, &why),
			 JEMBATAN_GONE);
	ck_assert_int_eq(yaml_load("/", "x.yaml", arena, &root, &why), JEMBATAN_CONFIG);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("yaml");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_tree_keeps_order_lines_and_quotes);
	tcase_add_loop_test(t, an_empty_file_is_an_empty_map, 0, COUNT_OF(empty));
	tcase_add_test(t, nothing_is_told_from_an_empty_text);
	tcase_add_loop_test(t, what_is_not_supported_is_refused_with_its_line, 0,
			    COUNT_OF(refused));
	tcase_add_test(t, a_nul_byte_is_refused);
	tcase_add_loop_test(t, every_size_has_a_ceiling, 0, COUNT_OF(limits));
	tcase_add_test(t, a_missing_file_is_told_from_a_bad_one);
	return unit_run("yaml", t);
}
