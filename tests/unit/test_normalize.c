/* test_normalize.c: messages and the tickets they become, as pairs of files in
 * tests/data/golden/ticket. JEMBATAN_GOLDEN=write makes the tickets anew: read
 * the difference before it is committed. */
#include "base/file.h"
#include "base/jx.h"
#include "config/date.h"
#include "ticket/normalize.h"
#include "ticket/ticket_schema.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#define FILES_MAX 32

static glob_t golden;
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

static void read_file(const char *path, struct buf *out)
{
	buf_init(out, 1024 * 1024);
	ck_assert_msg(file_read(path, out, &why) == JEMBATAN_OK, "%s", why.text);
}

static const char *text_at(json_t *root, const char *path)
{
	return arena_strdup(arena, jx_text(root, path));
}

static int64_t time_at(json_t *root, const char *path)
{
	int64_t ms = 0;
	const char *text = jx_text(root, path);
	if (text != NULL)
		ck_assert(date_parse(text, 0, &ms, NULL));
	return ms;
}

static unsigned flags_at(json_t *root)
{
	static const struct {
		const char *name;
		unsigned flag;
	} names[] = { { "anonymous", JEMBATAN_ANONYMOUS }, { "secret", JEMBATAN_SECRET_REPORT },
		      { "from_centre", JEMBATAN_FROM_CENTRE } };
	json_t *list = json_object_get(root, "flags"), *item;
	unsigned flags = jx_at(root, "place.latitude") != NULL ? JEMBATAN_HAS_POSITION : 0;
	size_t i;
	json_array_foreach(list, i, item)
		for (size_t j = 0; j < COUNT_OF(names); j++)
			if (str_equal(json_string_value(item), names[j].name))
				flags |= names[j].flag;
	return flags;
}

static void read_files(json_t *root, struct msg_message *m)
{
	static struct msg_file files[FILES_MAX];
	json_t *list = json_object_get(root, "attachments"), *item;
	size_t i;
	memset(files, 0, sizeof(files));
	m->file_count = json_array_size(list);
	ck_assert_uint_le(m->file_count, FILES_MAX);
	m->files = files;
	json_array_foreach(list, i, item) {
		files[i].name = text_at(item, "name");
		files[i].media_type = text_at(item, "media_type");
		files[i].reference = text_at(item, "reference");
		files[i].missing = text_at(item, "missing");
		files[i].size = (size_t)jx_integer(item, "size", 0);
	}
}

static struct msg_message read_message(json_t *root)
{
	struct msg_message m = { .message = {
		.size = sizeof(struct jembatan_message),
		.id = text_at(root, "id"),
		.revision = text_at(root, "revision"),
		.flags = flags_at(root),
		.author = { .id = text_at(root, "author.id"), .name = text_at(root, "author.name"),
			    .phone = text_at(root, "author.phone"),
			    .mail = text_at(root, "author.mail") },
		.subject = text_at(root, "subject"),
		.text = text_at(root, "text"),
		.full_text = text_at(root, "full_text"),
		.sent_ms = time_at(root, "sent"),
		.incident_date = text_at(root, "incident_date"),
		.category = text_at(root, "category"),
		.status = text_at(root, "status"),
		.tracking_id = text_at(root, "tracking_id"),
		.place = { .province = text_at(root, "place.province"),
			   .regency = text_at(root, "place.regency"),
			   .district = text_at(root, "place.district"),
			   .village = text_at(root, "place.village"),
			   .address = text_at(root, "place.address"),
			   .code = text_at(root, "place.code"),
			   .code_system = text_at(root, "place.code_system"),
			   .latitude = json_number_value(jx_at(root, "place.latitude")),
			   .longitude = json_number_value(jx_at(root, "place.longitude")) },
	} };
	read_files(root, &m);
	return m;
}

/* The ticket of the _i-th message, received at 09:00 WIB on 10 January 2026. */
static struct ticket make_ticket(const char *message_path)
{
	struct normalize_options options = { .instance = "contoh", .channel = "Aplikasi Contoh",
					     .source_system = "aplikasi",
					     .reference = "JB-7K3M9Q", .zone_minutes = 420 };
	CLEANUP(buf_done) struct buf text;
	json_t *root = NULL;
	struct ticket t;
	ck_assert(date_parse("2026-01-10T09:00:00+07:00", 0, &options.received_ms, NULL));
	read_file(message_path, &text);
	ck_assert_msg(jx_parse(buf_bytes(&text), &root, &why) == JEMBATAN_OK, "%s", why.text);
	if (jx_text(root, "zone") != NULL)
		ck_assert(date_zone(jx_text(root, "zone"), &options.zone_minutes));
	struct msg_message m = read_message(root);
	ck_assert_msg(normalize_message(&m, &options, arena, &t, &why) == JEMBATAN_OK, "%s",
		      why.text);
	jx_decref(&root);
	return t;
}

static char *pretty(const char *json)
{
	json_t *root = NULL;
	ck_assert_int_eq(jx_parse(bytes_text(json), &root, &why), JEMBATAN_OK);
	char *text = json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS);
	char *line = xasprintf("%s\n", text);
	free(text);
	jx_decref(&root);
	return line;
}

static char *ticket_path(const char *message_path)
{
	const char *end = strstr(message_path, ".message.json");
	return xasprintf("%.*s.ticket.json", (int)(end - message_path), message_path);
}

START_TEST(a_message_becomes_its_ticket)
{
	CLEANUP(free_pointer) char *path = ticket_path(golden.gl_pathv[_i]);
	struct ticket t = make_ticket(golden.gl_pathv[_i]);
	CLEANUP(free_pointer) char *json = ticket_to_json(&t);
	CLEANUP(free_pointer) char *lines = pretty(json);
	CLEANUP(buf_done) struct buf expected;
	if (str_equal(getenv("JEMBATAN_GOLDEN"), "write"))
		ck_assert_int_eq(file_write(path, 0644, bytes_text(lines), &why), JEMBATAN_OK);
	read_file(path, &expected);
	ck_assert_str_eq(lines, expected.data);
}
END_TEST

START_TEST(every_ticket_fits_the_national_format_and_comes_back_the_same)
{
	struct ticket t = make_ticket(golden.gl_pathv[_i]), again;
	CLEANUP(free_pointer) char *json = ticket_to_json(&t);
	struct ticket_schema *schema;
	ck_assert_msg(ticket_schema_load(TEST_SCHEMA, &schema, &why) == JEMBATAN_OK, "%s", why.text);
	ck_assert_msg(ticket_validate(schema, bytes_text(json), &why) == JEMBATAN_OK, "%s",
		      why.text);
	ck_assert_msg(ticket_from_json(bytes_text(json), arena, &again, &why) == JEMBATAN_OK, "%s",
		      why.text);
	CLEANUP(free_pointer) char *json_again = ticket_to_json(&again);
	ck_assert_str_eq(json, json_again);
	ticket_schema_free(schema);
}
END_TEST

START_TEST(a_message_that_says_nothing_is_told)
{
	struct msg_message m = { .message = { .text = " \n ", .subject = "Re: " } };
	struct normalize_options options = { .instance = "contoh", .source_system = "aplikasi" };
	struct ticket t;
	ck_assert_int_eq(normalize_message(&m, &options, arena, &t, &why), JEMBATAN_DATA);
	ck_assert_str_eq(why.text, "nothing to report: no text, no subject, no attachment");
}
END_TEST

START_TEST(a_given_title_is_cut_but_not_derived)
{
	struct normalize_options options = { .instance = "contoh", .source_system = "aplikasi" };
	struct msg_message m = { .message = { .text = "isi" } };
	struct ticket t;
	char subject[2000];
	memset(subject, 'x', sizeof(subject));
	for (size_t i = 9; i < sizeof(subject); i += 10)
		subject[i] = ' ';
	subject[sizeof(subject) - 1] = '\0';
	m.message.subject = subject;
	ck_assert_int_eq(normalize_message(&m, &options, arena, &t, &why), JEMBATAN_OK);
	ck_assert(!t.title_derived);
	ck_assert_uint_eq(strlen(t.title), 249 + strlen("\xe2\x80\xa6"));
	ck_assert_str_eq(t.channel, "aplikasi");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("normalize");
	ASSERT(glob(TEST_DATA "/golden/ticket/*.message.json", 0, NULL, &golden) == 0);
	ASSERT(golden.gl_pathc >= 15);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_message_becomes_its_ticket, 0, (int)golden.gl_pathc);
	tcase_add_loop_test(t, every_ticket_fits_the_national_format_and_comes_back_the_same, 0,
			    (int)golden.gl_pathc);
	tcase_add_test(t, a_message_that_says_nothing_is_told);
	tcase_add_test(t, a_given_title_is_cut_but_not_derived);
	int result = unit_run("normalize", t);
	globfree(&golden);
	return result;
}
