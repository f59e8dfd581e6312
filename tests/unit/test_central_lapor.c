/* test_central_lapor.c: requests against golden pairs, and answers as they
 * have been seen, as they may be, and as they must not be believed. */
#include "central/lapor_v3.h"

#include "base/file.h"
#include "base/jx.h"
#include "base/text.h"

#include <string.h>

#include "unit.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static char *read_data(const char *name, const char *ending)
{
	const char *top = getenv("srcdir");
	char *path = arena_printf(arena, "%s/tests/data/central/%s.%s", top ? top : ".", name, ending);
	struct buf text;

	buf_init(&text, 1u << 20);
	ck_assert_int_eq(file_read(path, &text, NULL), JEMBATAN_OK);
	char *out = arena_strdup(arena, text.data);
	buf_done(&text);
	return out;
}

#define USUAL                                                                       \
	{ .channel = "7", .classification_id = "6", .category_id = "123",            \
	  .disposition_id = "200202", .location_id = "3273", .user_id = "900001" }
static const struct settings_defaults usual = USUAL;

static const struct golden {
	const char *name;
	struct settings_defaults defaults;
	const char *file_ids;
	bool reference_line;
} goldens[] = {
	{ "full", USUAL, "[\"4199656\",\"\",\"4199657\"]", true },
	{ "anonymous", USUAL, NULL, true },
	{ "phone_only", { .channel = "wa-1", .classification_id = "6" }, "[\"\",\"A-9\"]", false },
	{ "bare", { 0 }, "[]", false },
};

static char *build(const struct golden *g)
{
	struct ticket t;
	char *json = read_data(g->name, "ticket.json");

	ck_assert_int_eq(ticket_from_json(bytes_text(json), arena, &t, NULL), JEMBATAN_OK);
	return lapor_v3_create(&t, &g->defaults, g->file_ids, g->reference_line, arena);
}

START_TEST(a_ticket_becomes_the_golden_create)
{
	const struct golden *g = &goldens[_i];
	char *expected = read_data(g->name, "create.json");

	expected[strcspn(expected, "\n")] = '\0';
	json_t *sent = NULL;
	ck_assert_int_eq(jx_parse(bytes_text(build(g)), &sent, NULL), JEMBATAN_OK);
	CLEANUP(free_pointer) char *sorted = jx_dump(sent);
	ck_assert_str_eq(sorted, expected);
	json_decref(sent);
}
END_TEST

START_TEST(an_anonymous_report_carries_nothing_of_its_reporter)
{
	const char *body = build(&goldens[1]);

	ck_assert_ptr_null(strstr(body, "Nama Rahasia"));
	ck_assert_ptr_null(strstr(body, "rahasia@"));
	ck_assert_ptr_null(strstr(body, "62812"));
	ck_assert_ptr_null(strstr(body, "User\":\""));
	ck_assert_ptr_nonnull(strstr(body, "\"is_anonymous\":1"));
	ck_assert_ptr_nonnull(strstr(body, "\"is_secret\":1"));
}
END_TEST

/* As jansson reads it back; what is no UTF-8 is left out, with its key. */
START_TEST(words_arrive_as_they_were_written)
{
	static const char odd[] = "\"jalan\" \\ rusak\x01\x1f\x7f\t\n</script> \xe2\x80\xa8 \xf0\x9f\x98\x80";
	struct ticket t = { .title = "\xff", .content_original = odd };
	struct settings_defaults d = { .channel = "007", .user_id = "0", .category_id = "12a" };
	json_t *sent = NULL;
	ck_assert_int_eq(jx_parse(bytes_text(lapor_v3_create(&t, &d, NULL, false, arena)), &sent,
				  NULL), JEMBATAN_OK);
	ck_assert_str_eq(jx_text(sent, "content"), odd);
	ck_assert_ptr_null(json_object_get(sent, "title"));
	ck_assert_int_eq(jx_integer(sent, "channel", -1), 7);
	ck_assert_int_eq(jx_integer(sent, "user_id", -1), 0);
	ck_assert_str_eq(jx_text(sent, "category_id"), "12a");
	json_decref(sent);
}
END_TEST

/* 262,144 characters are what the format has room for, in six bytes at most. */
static const struct {
	size_t count;
	char character;
	bool fits;
} sizes[] = { { 262144, '\x01', true },
	      { TICKET_JSON_MAX, 'a', true },
	      { 1u << 20, '\x01', false },
	      { LAPOR_V3_REQUEST_MAX, 'a', false },
	      { LAPOR_V3_REQUEST_MAX + 1, 'a', false } };

START_TEST(a_request_that_is_too_long_is_not_made)
{
	char *text = arena_alloc(arena, sizes[_i].count + 1);
	struct ticket t = { .reference = (char *)"JB-7K3M9Q", .content_edited = text };

	memset(text, sizes[_i].character, sizes[_i].count);
	text[sizes[_i].count] = '\0';
	char *body = lapor_v3_create(&t, &usual, NULL, true, arena);
	ck_assert_int_eq(body != NULL, sizes[_i].fits);
	if (body)
		ck_assert_ptr_nonnull(strstr(body, "Ref: JB-7K3M9Q"));
}
END_TEST

/* All that a create says of a ticket; a text that is not counted would not fit. */
static const size_t said[] = {
	offsetof(struct ticket, title), offsetof(struct ticket, content_edited),
	offsetof(struct ticket, content_original), offsetof(struct ticket, place.address),
	offsetof(struct ticket, place.village), offsetof(struct ticket, place.district),
	offsetof(struct ticket, place.regency), offsetof(struct ticket, place.province),
	offsetof(struct ticket, reporter.name), offsetof(struct ticket, reporter.mail),
	offsetof(struct ticket, reporter.phone), offsetof(struct ticket, reporter.phone_raw),
};

START_TEST(what_is_said_to_fit_is_made)
{
	size_t size = LAPOR_V3_REQUEST_MAX / 6;
	char *text = arena_alloc(arena, size + 1);
	struct ticket t = { .reference = "JB-7K3M9Q",
			    .place = { .has_position = true, .latitude = -1e300, .longitude = -1e300 } };
	const char *in_ticket = text;

	memset(text, '\x01', size);
	memcpy((char *)&t + said[_i], &in_ticket, sizeof(in_ticket));
	ck_assert(!lapor_v3_create_fits(&t, &usual));
	while (!lapor_v3_create_fits(&t, &usual))
		text[--size] = '\0';
	ck_assert_uint_gt(size, LAPOR_V3_REQUEST_MAX / 6 - 1024);
	ck_assert_ptr_nonnull(lapor_v3_create(&t, &usual, NULL, true, arena));
}
END_TEST

START_TEST(a_route_names_the_institution)
{
	ck_assert_str_eq(lapor_v3_route("200203", "JB-7K3M9Q", arena),
			 "{\"is_request\":1,\"not_authority\":1,\"reason\":\"200203\","
			 "\"reason_description\":\"Diteruskan oleh Jembatan (JB-7K3M9Q)\"}");
}
END_TEST

/* ---- follow-ups ---- */

static const char *field(const struct lapor_v3_follow_up *f, const char *name)
{
	for (size_t i = 0; i < f->field_count; i++)
		if (strcmp(f->fields[i].name, name) == 0)
			return f->fields[i].value;
	return NULL;
}

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

START_TEST(a_follow_up_ends_with_its_reference)
{
	struct lapor_v3_follow_up f;

	lapor_v3_follow_up("7000001", "Masih rusak.", true, "JB-7K3M9Q-F1", &usual, true, arena,
			   &f);
	ck_assert_str_eq(field(&f, "content"), "Masih rusak.\n\nRef: JB-7K3M9Q-F1");
	ck_assert_str_eq(field(&f, "complaint_id"), "7000001");
	ck_assert_str_eq(field(&f, "is_secret"), "1");
	ck_assert_str_eq(field(&f, "user_id"), "900001");
	ck_assert(!f.cut);
}
END_TEST

START_TEST(a_long_follow_up_is_cut_on_a_character_and_keeps_its_reference)
{
	static const char letter[] = "\xc3\xa9"; /* two bytes, one character */
	struct lapor_v3_follow_up f;
	char text[2 * 1200 + 1] = "";

	for (size_t i = 0; i < 1200; i++)
		memcpy(text + 2 * i, letter, 2);
	lapor_v3_follow_up("1", text, false, "JB-7K3M9Q-F1", &usual, true, arena, &f);
	ck_assert(f.cut);
	ck_assert_uint_eq(characters(f.content), LAPOR_V3_FOLLOW_UP_MAX);
	ck_assert(text_is_utf8(f.content, strlen(f.content)));
	ck_assert_ptr_nonnull(strstr(f.content, " [...]\n\nRef: JB-7K3M9Q-F1"));
}
END_TEST

static const struct {
	const char *content, *page;
	bool reference_line, found, more;
	enum jembatan_result result;
} pages[] = {
	{ "a\n\nRef: JB-A-F1", "{\"results\":{\"data\":[{\"content\":\"a\\n\\nRef: JB-A-F1\"}]}}",
	  true, true, false, JEMBATAN_OK },
	/* -F10 is not -F1 */
	{ "a\n\nRef: JB-A-F1", "{\"results\":{\"data\":[{\"content\":\"a\\n\\nRef: JB-A-F10\"}]}}",
	  true, false, false, JEMBATAN_OK },
	/* the same words without our reference are somebody else's */
	{ "a\n\nRef: JB-A-F1", "{\"results\":{\"data\":[{\"content\":\"a\"}]}}", true, false, false,
	  JEMBATAN_OK },
	{ "masih  rusak", "{\"results\":{\"data\":[{\"content\":\" masih rusak\\n\"}]}}", false,
	  true, false, JEMBATAN_OK },
	{ "x", "{\"results\":{\"data\":[{\"content\":\"y\"}],\"next_page_url\":\"http://c/2\"}}",
	  false, false, true, JEMBATAN_OK },
	/* an empty page ends it, whatever it says about a next one */
	{ "x", "{\"results\":{\"data\":[],\"next_page_url\":\"http://c/2\"}}", false, false, false,
	  JEMBATAN_OK },
	{ "x", "{\"results\":{\"data\":[{\"id\":1},null,7]}}", false, false, false, JEMBATAN_OK },
	{ "x", "{\"results\":{}}", false, false, false, JEMBATAN_DATA },
	{ "x", "<html>", false, false, false, JEMBATAN_DATA },
};

START_TEST(a_page_of_follow_ups_is_read)
{
	bool found = false, more = false;

	ck_assert_int_eq(lapor_v3_has_follow_up(bytes_text(pages[_i].page), pages[_i].content,
						"JB-A-F1", pages[_i].reference_line, &found, &more,
						NULL),
			 pages[_i].result);
	ck_assert_int_eq(found, pages[_i].found);
	ck_assert_int_eq(more, pages[_i].more);
}
END_TEST

/* ---- ids ---- */

static const struct {
	const char *answer, *id;
} created[] = {
	{ "{\"complaint_id\":7000001}", "7000001" },
	{ "{\"complaint_id\":\"7000001\"}", "7000001" },
	{ "{\"data\":{\"complaint_id\":7000002}}", "7000002" },
	{ "{\"results\":{\"complaint\":{\"id\":7000003}}}", "7000003" },
	{ "{\"results\":{\"complaint\":{\"id\":\"LGWP14376928\"}}}", "LGWP14376928" },
	{ "{\"complaint_id\":5571685772206594124}", "5571685772206594124" },
	{ "{\"complaint_id\":null,\"data\":{\"complaint_id\":5}}", "5" },
	{ "{\"complaint_id\":7000001.0}", "7000001" },
	{ "{\"complaint_id\":9007199254740993.0}", "" }, /* not the digits sent */
	{ "{\"complaint_id\":1.5}", "" },
	{ "{\"complaint_id\":0}", "" },
	{ "{\"complaint_id\":\"0\"}", "" },
	{ "{\"complaint_id\":-4}", "" },
	{ "{\"complaint_id\":\"\"}", "" },
	{ "{\"complaint_id\":true}", "" },
	{ "{\"complaint_id\":[7]}", "" },
	{ "{\"complaint_id\":\"7 OR 1\"}", "" },
	{ "{\"complaint_id\":\"../7\"}", "" },
	{ "{\"complaint_id\":\"123456789012345678901234567890123\"}", "" },
	{ "{\"complaint_id\":700000100000000000000000000000}", "" },
	{ "{\"message\":\"OK\"}", "" },
	{ "[]", "" },
	{ "\"7000001\"", "" },
	{ "{\"complaint_id\":7000001", "" },
	{ "", "" },
};

START_TEST(an_id_is_taken_only_when_it_is_plainly_one)
{
	char id[LAPOR_V3_ID_SIZE] = "?";

	lapor_v3_complaint_id(bytes_text(created[_i].answer), "", id);
	ck_assert_str_eq(id, created[_i].id);
}
END_TEST

START_TEST(another_place_of_the_id_is_the_only_one)
{
	char id[LAPOR_V3_ID_SIZE] = "?";

	lapor_v3_complaint_id(bytes_text("{\"complaint_id\":7,\"baru\":{\"nomor\":8}}"),
			      "baru.nomor", id);
	ck_assert_str_eq(id, "8");
	lapor_v3_complaint_id(bytes_text("{\"complaint_id\":7}"), "baru.nomor", id);
	ck_assert_str_eq(id, "");
}
END_TEST

START_TEST(a_file_is_a_document_or_an_image)
{
	char id[LAPOR_V3_ID_SIZE];

	lapor_v3_file_id(bytes_text("{\"results\":{\"docs\":[],\"images\":[{\"id\":41}]}}"), id);
	ck_assert_str_eq(id, "41");
	lapor_v3_file_id(bytes_text("{\"results\":{\"docs\":[{\"id\":\"42\"}]}}"), id);
	ck_assert_str_eq(id, "42");
	lapor_v3_file_id(bytes_text("{\"results\":{\"docs\":[],\"images\":[]}}"), id);
	ck_assert_str_eq(id, "");
}
END_TEST

START_TEST(ids_of_files_keep_their_places)
{
	char *ids = lapor_v3_ids_add(NULL, "1", arena);

	ids = lapor_v3_ids_add(ids, "", arena);
	ids = lapor_v3_ids_add(ids, "3", arena);
	ck_assert_str_eq(ids, "[\"1\",\"\",\"3\"]");
	ck_assert_uint_eq(lapor_v3_ids_count(ids), 3);
	ck_assert_uint_eq(lapor_v3_ids_count(NULL), 0);
	ck_assert_uint_eq(lapor_v3_ids_count("not JSON"), 0);
}
END_TEST

/* ---- evidence ---- */

static const struct {
	unsigned status;
	const char *answer, *match, *id;
	enum jembatan_result result;
} lookups[] = {
	{ 200, "{\"data\":[{\"complaint_id\":7}]}", "data.0.complaint_id", "7", JEMBATAN_OK },
	{ 200, "{\"data\":[]}", "data.0.complaint_id", "", JEMBATAN_OK },
	{ 200, "{\"id\":null}", "id", "", JEMBATAN_OK },
	{ 200, "[]", "0.id", "", JEMBATAN_OK },
	{ 200, "{\"id\":{\"x\":1}}", "id", NULL, JEMBATAN_DATA },
	{ 200, "<html>maintenance</html>", "id", NULL, JEMBATAN_DATA },
	{ 200, "\"OK\"", "id", NULL, JEMBATAN_DATA },
	{ 404, "{\"message\":\"not found\"}", "id", NULL, JEMBATAN_DATA },
	{ 500, "{}", "id", NULL, JEMBATAN_DATA },
};

START_TEST(only_a_readable_answer_says_absent)
{
	char id[LAPOR_V3_ID_SIZE] = "?";

	ck_assert_int_eq(lapor_v3_lookup(bytes_text(lookups[_i].answer), lookups[_i].status,
					 lookups[_i].match, id, NULL),
			 lookups[_i].result);
	if (lookups[_i].id)
		ck_assert_str_eq(id, lookups[_i].id);
}
END_TEST

START_TEST(a_status_tells_where_the_report_lies)
{
	struct lapor_v3_status s;

	ck_assert_int_eq(lapor_v3_status(bytes_text("{\"results\":{\"data\":{\"status_code\":3,"
						    "\"disposition_id\":\"200203\"}}}"),
					 &s, NULL),
			 JEMBATAN_OK);
	ck_assert_str_eq(s.disposition_id, "200203");
	ck_assert_str_eq(s.code, "3");
	ck_assert_int_eq(lapor_v3_status(bytes_text("{\"results\":{\"data\":{}}}"), &s, NULL),
			 JEMBATAN_OK);
	ck_assert_str_eq(s.disposition_id, "");
	ck_assert_int_eq(lapor_v3_status(bytes_text("{\"results\":[]}"), &s, NULL), JEMBATAN_DATA);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("lapor_v3");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_ticket_becomes_the_golden_create, 0, COUNT_OF(goldens));
	tcase_add_test(t, an_anonymous_report_carries_nothing_of_its_reporter);
	tcase_add_test(t, words_arrive_as_they_were_written);
	tcase_add_loop_test(t, what_is_said_to_fit_is_made, 0, COUNT_OF(said));
	tcase_add_test(t, a_route_names_the_institution);
	tcase_add_test(t, a_follow_up_ends_with_its_reference);
	tcase_add_test(t, a_long_follow_up_is_cut_on_a_character_and_keeps_its_reference);
	tcase_add_loop_test(t, a_request_that_is_too_long_is_not_made, 0, COUNT_OF(sizes));
	tcase_add_loop_test(t, a_page_of_follow_ups_is_read, 0, COUNT_OF(pages));
	tcase_add_loop_test(t, an_id_is_taken_only_when_it_is_plainly_one, 0, COUNT_OF(created));
	tcase_add_test(t, another_place_of_the_id_is_the_only_one);
	tcase_add_test(t, a_file_is_a_document_or_an_image);
	tcase_add_test(t, ids_of_files_keep_their_places);
	tcase_add_loop_test(t, only_a_readable_answer_says_absent, 0, COUNT_OF(lookups));
	tcase_add_test(t, a_status_tells_where_the_report_lies);
	return unit_run("lapor_v3", t);
}
