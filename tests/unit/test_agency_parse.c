/* test_agency_parse.c: an app's bytes to messages: golden pairs with the shipped
 * profiles, and the parts that cut and read. JEMBATAN_GOLDEN=write renews. */
#include "agency_profile.h"
#include "message_json.h"
#include "unit.h"

#include "agency-api/agency_parse.h"
#include "agency-api/agency_slice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- golden pairs ------------------------------------------------------ */

static const struct {
	const char *profile, *sample, *ending; /* NULL: json */
} pairs[] = {
	{ "sapawarga", "sapawarga-list", NULL },
	{ "sapawarga", "sapawarga-odd", NULL },
	{ "rt", "rt-ticket", NULL },
	{ "jaki", "jaki-list", NULL },
	{ "laporgub", "laporgub-list", NULL },
	{ "opensid", "opensid-export", NULL },
	{ "sapawarga-v1", "sapawarga-v1-list", NULL },
	{ "ekspor", "ekspor-aplikasi", "csv" },
	{ "ekspor", "ekspor-tabel", "csv" },
	{ "ekspor", "ekspor-baris", "jsonl" },
};

static char sample[1 << 20];

static struct jembatan_bytes read_sample(const char *name, const char *ending)
{
	const char *top = getenv("srcdir");
	char path[512];
	FILE *file;
	size_t size;

	(void)snprintf(path, sizeof(path), "%s/tests/data/agency/%s.%s",
		       top ? top : ".", name, ending ? ending : "json");
	file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s", path);
	size = fread(sample, 1, sizeof(sample), file);
	(void)fclose(file);
	return (struct jembatan_bytes){ sample, size };
}

/* A reason begins with a place in the profile, which moves with every comment. */
static void forget_place(json_t *message)
{
	const char *text = json_string_value(json_object_get(message, "text"));
	const char *place = text ? strstr(text, ".yaml:") : NULL;
	const char *rest = place ? strstr(place, ": ") : NULL;

	if (rest)
		(void)json_object_set_new(message, "text", json_string(rest + 2));
}

START_TEST(a_sample_becomes_the_expected_messages)
{
	const struct jembatan_connector *connector = jembatan_connector_entry();
	struct agency_profile profile;
	json_t *got = json_array(), *expected;
	struct testctx *t;
	char name[128], path[512];
	const char *top = getenv("srcdir");

	agency_profile_load(&profile, pairs[_i].profile);
	if (pairs[_i].ending)
		agency_profile_set(&profile, "folder", NULL, "/nowhere");
	t = testctx_new(profile.rows, connector->options);
	ck_assert_int_eq(connector->operations->preview(testctx_context(t),
							read_sample(pairs[_i].sample, pairs[_i].ending)),
			 JEMBATAN_OK);
	for (size_t i = 0; i < testctx_emit_count(t); i++) {
		json_t *message = message_json(testctx_emit(t, i));

		forget_place(message);
		(void)json_array_append_new(got, message);
	}
	(void)snprintf(name, sizeof(name), "%s.expected", pairs[_i].sample);
	(void)snprintf(path, sizeof(path), "%s/tests/data/agency/%s.json",
		       top ? top : ".", name);
	if (getenv("JEMBATAN_GOLDEN"))
		ck_assert_int_eq(json_dump_file(got, path, JSON_INDENT(2)), 0);
	expected = json_load_file(path, 0, NULL);
	ck_assert_msg(json_equal(got, expected), "%s",
		      json_dumps(got, JSON_INDENT(2)));
	json_decref(got);
	json_decref(expected);
	testctx_free(t);
	agency_profile_done(&profile);
}
END_TEST

/* ---- pages ------------------------------------------------------------- */

static const struct {
	const char *text, *items;
	int count; /* -1: DATA */
	const char *last;
} pages[] = {
	{ "[]", "", 0, NULL },
	{ "[ {\"id\":1} ,\n{\"a\":\"]},{\\\"\"} ]", "", 2, "{\"a\":\"]},{\\\"\"}" },
	{ "{\"a\":{\"b\":[{\"x\":[1,2]}]},\"c\":3}", "a.b", 1, "{\"x\":[1,2]}" },
	{ "{\"b\":[7],\"items\":[{\"id\":9007199254740993}]}", "items", 1,
	  "{\"id\":9007199254740993}" },
	{ "{\"items\":null,\"total\":0}", "items", 0, NULL },
	{ "{\"items\":{\"0\":{\"a\":1},\"2\":{\"a\":3}}}", "items", 2, "{\"a\":3}" },
	{ "[{\"a\":1},{\"data\":[{\"id\":7}]}]", "1.data", 1, "{\"id\":7}" },
	{ "[{\"a\":1}]", "1.data", -1, NULL },
	{ "[{\"a\":1}]", "x", -1, NULL },
	{ "\xEF\xBB\xBF[1]\r\n", "", 1, "1" },
	{ "{\"message\":\"error\"}", "items", -1, NULL },
	{ "{\"message\":\"error\"}", "", -1, NULL },
	{ "[\"is no valid status\"]", "items", -1, NULL },
	{ "{\"items\":[{\"id\":1},{\"id\":2", "items", -1, NULL },
	{ "{\"items\":[{\"id\":1}]", "items", -1, NULL },
	{ "[{\"id\":1},]", "", -1, NULL },
	{ "[{\"id\":1} {\"id\":2}]", "", -1, NULL },
	{ "[1] <br>Warning: mysqli", "", -1, NULL },
	{ "<html>masuk dulu</html>", "", -1, NULL },
	{ "\"items", "items", -1, NULL },
	{ "", "", -1, NULL },
};

START_TEST(a_page_is_cut_whole_or_not_at_all)
{
	struct jembatan_bytes body = { pages[_i].text, strlen(pages[_i].text) };
	struct kit_arena *arena = kit_arena_new();
	struct agency_page page = { 0 };
	struct kit_why why = { "" };
	enum jembatan_result result =
		agency_parse_page(body, pages[_i].items, arena, &page, &why);

	if (pages[_i].count < 0) {
		ck_assert_int_eq(result, JEMBATAN_DATA);
		ck_assert_str_ne(why.text, "");
	} else {
		ck_assert_msg(result == JEMBATAN_OK, "%s", why.text);
		ck_assert_uint_eq(page.count, (size_t)pages[_i].count);
	}
	if (pages[_i].last) {
		const struct jembatan_bytes *last = &page.records[page.count - 1];

		ck_assert_uint_eq(last->size, strlen(pages[_i].last));
		ck_assert_mem_eq(last->data, pages[_i].last, last->size);
	}
	agency_page_done(&page);
	kit_arena_free(arena);
}
END_TEST

START_TEST(a_page_cut_anywhere_is_refused)
{
	static const char text[] =
		"{\"data\":{\"data\":[{\"id\":\"1\",\"t\":\"a\\\"]\"}],\"page\":1}}";
	struct kit_arena *arena = kit_arena_new();

	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		struct agency_page page = { 0 };
		struct kit_why why;

		ck_assert_int_eq(agency_parse_page((struct jembatan_bytes){ text, size },
						   "data.data", arena, &page, &why),
				 JEMBATAN_DATA);
	}
	kit_arena_free(arena);
}
END_TEST

/* size 0: it never ends. */
static const struct {
	const char *text;
	size_t size;
} string_rows[] = {
	{ "\"\",", 2 },
	{ "\"a\",\"b\"", 3 },
	{ "\"a\\\"b\",", 6 },
	{ "\"a\\\\\",\"", 5 },
	{ "\"\\\\\\\"\"", 6 },
	{ "\"\\\\\\\\\"\"", 6 },
	{ "\"", 0 },
	{ "\"a\\\"", 0 },
	{ "\"\\\\\\\"", 0 },
	{ "{\"a\\\\\":\"}\"}]", 11 },
};

START_TEST(a_quote_behind_a_backslash_ends_no_string)
{
	struct jembatan_bytes text = { string_rows[_i].text, strlen(string_rows[_i].text) };
	struct jembatan_bytes value = { NULL, 0 };

	ck_assert(agency_slice_value(text, 0, &value) == (string_rows[_i].size > 0));
	ck_assert_uint_eq(value.size, string_rows[_i].size);
}
END_TEST

START_TEST(a_million_brackets_cost_no_stack)
{
	static char text[1000000];
	struct jembatan_bytes value;

	memset(text, '[', sizeof(text));
	ck_assert(!agency_slice_value((struct jembatan_bytes){ text, sizeof(text) }, 0,
				      &value));
	memset(text + sizeof(text) / 2, ']', sizeof(text) / 2);
	ck_assert(agency_slice_value((struct jembatan_bytes){ text, sizeof(text) }, 0,
				     &value));
	ck_assert_uint_eq(value.size, sizeof(text));
}
END_TEST

/* ---- joining ----------------------------------------------------------- */

static const struct {
	const char *record, *joined;
} joins[] = {
	{ "{\"id\":19007199254740993}", "{\"id\":19007199254740993,\"more\":[1]}" },
	{ "{ }", "{ \"more\":[1]}" },
	{ "{}", "{\"more\":[1]}" },
	{ "{\"a\":{}\n}", "{\"a\":{}\n,\"more\":[1]}" },
};

START_TEST(a_detail_joins_the_record_byte_for_byte)
{
	struct kit_text *text = kit_text_new(1024);

	agency_parse_join((struct jembatan_bytes){ joins[_i].record,
						   strlen(joins[_i].record) },
			  "more", (struct jembatan_bytes){ "[1]", 3 }, text);
	ck_assert_str_eq(kit_text_string(text), joins[_i].joined);
	kit_text_free(text);
}
END_TEST

/* ---- records ----------------------------------------------------------- */

static struct agency_mapping *make_mapping(struct testctx **out_t)
{
	static const struct testctx_option rows[] = {
		{ "updated_path", NULL, "updated_at" }, { NULL, NULL, NULL }
	};
	struct agency_mapping *mapping;

	*out_t = testctx_new(rows, jembatan_connector_entry()->options);
	ck_assert_int_eq(agency_mapping_new(testctx_context(*out_t), &mapping),
			 JEMBATAN_OK);
	return mapping;
}

static struct agency_record read_record(const char *text, struct kit_arena *arena)
{
	struct agency_record record = { 0 };
	struct kit_why why;
	struct testctx *t;
	struct agency_mapping *mapping = make_mapping(&t);

	(void)!agency_parse_record(mapping,
				   (struct jembatan_bytes){ text, strlen(text) }, arena,
				   &record, &why);
	agency_mapping_free(mapping);
	testctx_free(t);
	agency_record_done(&record);
	return record;
}

static const struct {
	const char *text, *id;
} ids[] = {
	{ "{\"id\":5571685772206594124}", "5571685772206594124" },
	{ "{\"id\":99999999999999999999999}", "99999999999999999999999" },
	{ "{\"id\":\"LGWP14376928\"}", "LGWP14376928" },
	{ "{\"id\":7}", "7" },
	{ "{\"id\":\"007\"}", "007" },
	{ "{\"id\":\"\"}", NULL },
	{ "{\"id\":null}", NULL },
	{ "{\"id\":{\"x\":1}}", NULL },
	{ "[1]", NULL },
};

START_TEST(an_id_is_the_text_that_the_app_wrote)
{
	struct kit_arena *arena = kit_arena_new();
	struct agency_record record = read_record(ids[_i].text, arena);

	ck_assert_pstr_eq(record.id, ids[_i].id);
	kit_arena_free(arena);
}
END_TEST

START_TEST(the_order_of_keys_makes_no_revision)
{
	struct kit_arena *arena = kit_arena_new();
	struct agency_record a = read_record("{\"id\":1,\"t\":\"x\"}", arena);
	struct agency_record b = read_record("{ \"t\":\"x\", \"id\":1 }", arena);
	struct agency_record c = read_record("{\"id\":1,\"t\":\"y\"}", arena);

	ck_assert_str_eq(a.revision, b.revision);
	ck_assert_str_ne(a.revision, c.revision);
	kit_arena_free(arena);
}
END_TEST

START_TEST(a_time_of_1970_is_none)
{
	struct kit_arena *arena = kit_arena_new();

	ck_assert(!read_record("{\"id\":1,\"updated_at\":\"1970-01-01T00:00:00Z\"}", arena)
			   .has_updated);
	ck_assert(read_record("{\"id\":1,\"updated_at\":1795301412}", arena).has_updated);
	kit_arena_free(arena);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	TCase *tests = tcase_create("agency_parse");

	tcase_add_loop_test(tests, a_sample_becomes_the_expected_messages, 0,
			    ROWS(pairs));
	tcase_add_loop_test(tests, a_page_is_cut_whole_or_not_at_all, 0, ROWS(pages));
	tcase_add_test(tests, a_page_cut_anywhere_is_refused);
	tcase_add_loop_test(tests, a_quote_behind_a_backslash_ends_no_string, 0,
			    (int)(sizeof(string_rows) / sizeof(string_rows[0])));
	tcase_add_test(tests, a_million_brackets_cost_no_stack);
	tcase_add_loop_test(tests, a_detail_joins_the_record_byte_for_byte, 0,
			    ROWS(joins));
	tcase_add_loop_test(tests, an_id_is_the_text_that_the_app_wrote, 0, ROWS(ids));
	tcase_add_test(tests, the_order_of_keys_makes_no_revision);
	tcase_add_test(tests, a_time_of_1970_is_none);
	return unit_run("agency_parse", tests);
}
