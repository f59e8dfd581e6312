/* test_form.c: a complaint as JSON: what is taken, and what is said of what is
 * not. */
#include <string.h>

#include "intake/form.h"
#include "unit.h"

static struct arena *arena;
static struct form form;
#define m form.message
static struct form_problem problem;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static bool reads(const char *body)
{
	form = (struct form){ 0 };
	return form_read((struct jembatan_bytes){ body, strlen(body) }, 420, arena, &form, &problem);
}

START_TEST(every_key_goes_to_its_place)
{
	ck_assert(reads("{\"id\":\"1\",\"thread\":\"t\",\"subject\":\"S\",\"text\":\"T\",\"sent\":"
			"\"2026-01-31T08:00:00\",\"incident_date\":\"kemarin\",\"category\":\"Jalan\","
			"\"anonymous\":true,\"secret\":true,\"author\":{\"id\":\"a\",\"name\":\"N\","
			"\"phone\":\"0812\",\"mail\":\"m@x.invalid\",\"handle\":\"@h\","
			"\"identity_number\":\"32\"},\"place\":{\"province\":\"P\",\"regency\":\"R\","
			"\"district\":\"D\",\"village\":\"V\",\"address\":\"A\",\"code\":\"32.73\","
			"\"code_system\":\"kemendagri\",\"latitude\":-6.9,\"longitude\":107.6},"
			"\"extra\":{\"x\":1}}"));
	const struct jembatan_message *j = &m.message;
	ck_assert_str_eq(j->id, "1");
	ck_assert_str_eq(j->thread, "t");
	ck_assert_str_eq(j->subject, "S");
	ck_assert_str_eq(j->text, "T");
	ck_assert_int_eq(j->sent_ms, 1769821200000);
	ck_assert_str_eq(j->incident_date, "kemarin");
	ck_assert_str_eq(j->category, "Jalan");
	ck_assert_uint_eq(j->flags, JEMBATAN_ANONYMOUS | JEMBATAN_SECRET_REPORT |
			  JEMBATAN_HAS_POSITION);
	ck_assert_str_eq(j->author.name, "N");
	ck_assert_str_eq(j->author.identity_number, "32");
	ck_assert_str_eq(j->place.code, "32.73");
	ck_assert(j->place.latitude < -6.8 && j->place.longitude > 107.5);
	ck_assert_str_eq(j->extra, "{\"x\":1}");
	ck_assert_int_eq(j->kind, JEMBATAN_NEW);
}
END_TEST

START_TEST(attachments_are_decoded_with_name_and_type)
{
	ck_assert(reads("{\"attachments\":[{\"name\":\"foto.jpg\",\"type\":\"image/jpeg\",\"data\":"
			"\"aGFs\\r\\nbw==\"},{\"data\":\"AAEC\"}],\"text\":\"T\",\"id\":\"9\"}"));
	ck_assert_uint_eq(m.file_count, 2);
	ck_assert_str_eq(m.files[0].name, "foto.jpg");
	ck_assert_str_eq(m.files[0].media_type, "image/jpeg");
	ck_assert_uint_eq(m.files[0].size, 4);
	ck_assert_mem_eq(form.contents[0].data, "halo", 4);
	ck_assert_ptr_null(m.files[1].name);
	ck_assert_mem_eq(form.contents[1].data, "\0\1\2", 3);
	ck_assert_str_eq(m.message.text, "T"); /* what stands behind them goes to the message */
	ck_assert_str_eq(m.message.id, "9");
}
END_TEST

START_TEST(what_is_null_or_empty_is_as_if_it_were_not_there)
{
	ck_assert(reads("{\"text\":\"T\",\"id\":null,\"subject\":\"\",\"place\":null,\"author\":{}}"));
	ck_assert_ptr_null(m.message.id);
	ck_assert_ptr_null(m.message.subject);
}
END_TEST

START_TEST(controls_in_texts_are_dropped)
{
	ck_assert(reads("{\"text\":\"a\\u001b[31mb\\r\\nc\"}"));
	ck_assert_str_eq(m.message.text, "a[31mb\nc");
}
END_TEST

static const struct {
	const char *body, *says;
} mistakes[] = {
	{ "", "ends too early, line 1 column 0 (byte 0)" },
	{ "{\"text\":\"a\"", "ends too early, line 1 column 11 (byte 11)" },
	{ "{\n \"text\": \"Jalan Mawar\",\n \"id\" \"rusak\"}", "syntax is wrong, line 3 column 13" },
	{ "{\"text\": Mawar}", "syntax is wrong, line 1 column 14 (byte 14)" },
	{ "{\"text\":\"a\"} Mawar", "something follows the object, line 1" },
	{ "{\"text\":\"Mawar\xff\"}", "not UTF-8, line 1" },
	{ "[\"Mawar\"]", "one JSON object, not an array" },
	{ "\"Mawar\"", "one JSON object, not a text" },
	{ "7", "one JSON object, not a single value" },
	{ "{\"text\":\"a\",\"text\":\"Mawar\"}", "a key stands twice in one object, line 1 column" },
	{ "{\"text\":\"Mawar\\u0000\"}", "a text holds a NUL, line 1" },
	{ "{\"text\":\"a\",\"te\\u0000ks\":\"Mawar\"}", "holds a NUL" },
	{ "{}", "\"text\" is missing" },
	{ "{\"text\":\" \\n\"}", "\"text\" is missing" },
	{ "{\"text\":1}", "\"text\" must be a text" },
	{ "{\"text\":\"a\",\"teks\":\"b\"}", "\"teks\" is not known" },
	{ "{\"text\":\"a\",\"author\":{\"nik\":\"b\"}}", "\"author.nik\" is not known" },
	{ "{\"text\":\"a\",\"author\":\"b\"}", "\"author\" must be an object" },
	{ "{\"text\":\"a\",\"anonymous\":\"ya\"}", "\"anonymous\" must be true or false" },
	{ "{\"text\":\"a\",\"sent\":\"kemarin\"}", "\"sent\" must be as" },
	{ "{\"text\":\"a\",\"sent\":\"2026-01-31\"}", "\"sent\" must be as" },
	{ "{\"text\":\"a\",\"place\":{\"latitude\":1}}", "\"place.longitude\" is missing" },
	{ "{\"text\":\"a\",\"place\":{\"latitude\":91,\"longitude\":1}}", "\"place.latitude\" must" },
	{ "{\"text\":\"a\",\"place\":{\"latitude\":\"1\",\"longitude\":1}}", "\"place.latitude\" must" },
	{ "{\"text\":\"a\",\"place\":{\"code\":\"32\"}}", "\"place.code_system\" is missing" },
	{ "{\"text\":\"a\",\"place\":{\"code\":\"32\",\"code_system\":\"x\"}}", "kemendagri or bps" },
	{ "{\"text\":\"a\",\"attachments\":{}}", "\"attachments\" must be an array" },
	{ "{\"text\":\"a\",\"attachments\":[1]}", "\"attachments\" must hold objects" },
	{ "{\"text\":\"a\",\"attachments\":[{}]}", "\"attachments[0].data\" is missing" },
	{ "{\"text\":\"a\",\"attachments\":[{\"data\":\"\"}]}", "\"attachments[0].data\" is missing" },
	{ "{\"text\":\"a\",\"attachments\":[{\"data\":\"a\"}]}", "[0].data\" must be base64" },
	{ "{\"text\":\"a\",\"attachments\":[{\"data\":\"YQ==\"},{\"data\":\"!\"}]}", "[1].data\" must" },
	{ "{\"text\":\"a\",\"attachments\":[{\"data\":\"YQ==\",\"url\":\"x\"}]}", "[0].url\" is not" },
	{ "{\"text\":\"a\",\"attachments\":[{\"data\":\"YQ==\",\"type\":\"a/b; c\"}]}", "must be as image" },
	{ "{\"text\":\"a\",\"attachments\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}", "too many: 21, at most 20" },
};

START_TEST(a_mistake_is_named_in_both_languages)
{
	ck_assert(!reads(mistakes[_i].body));
	ck_assert_msg(strstr(problem.text_en, mistakes[_i].says) != NULL, "%s", problem.text_en);
	ck_assert_str_ne(problem.text_id, "");
	/* What the citizen wrote is not in it. */
	ck_assert(strstr(problem.text_id, "Mawar") == NULL && strstr(problem.text_en, "Mawar") == NULL);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
	CLEANUP(free_pointer) char *body = xcalloc(1, MSG_TEXT_MAX + 100);
	memcpy(body, "{\"text\":\"", 9);
	memset(body + 9, 'a', MSG_TEXT_MAX + 1);
	memcpy(body + 10 + MSG_TEXT_MAX, "\"}", 2);
	ck_assert(!reads(body));
	ck_assert(strstr(problem.text_en, "\"text\" is too long: 262145 bytes, at most 262144") != NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("form");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_key_goes_to_its_place);
	tcase_add_test(t, attachments_are_decoded_with_name_and_type);
	tcase_add_test(t, what_is_null_or_empty_is_as_if_it_were_not_there);
	tcase_add_test(t, controls_in_texts_are_dropped);
	tcase_add_loop_test(t, a_mistake_is_named_in_both_languages, 0, COUNT_OF(mistakes));
	tcase_add_test(t, a_text_that_is_too_long_is_refused);
	return unit_run("form", t);
}
