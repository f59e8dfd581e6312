/* test_person.c: who is meant by what an operator types. */
#include "ticket/person.h"

#include "base/digest.h"
#include "unit.h"

static struct arena *arena;

static void open_arena(void)
{
	arena = arena_new();
}

static void close_arena(void)
{
	arena_free(arena);
}

static struct person named(const char *value)
{
	struct person p;
	struct why why;
	ck_assert_msg(person_read(value, arena, &p, &why) == JEMBATAN_OK, "%s", why.text);
	return p;
}

static const struct jembatan_author dayang = {
	.id = "6281298765432@c.us", .phone = "+6281298765432", .mail = "Dayang@Contoh.invalid",
	.handle = "@dayang", .identity_number = "3273014101900001",
};

START_TEST(a_person_is_found_by_any_id_in_any_spelling)
{
	static const char *const hers[] = { "0812-9876 5432", " +62 812 9876 5432\n", "6281298765432",
					    "dayang@contoh.INVALID", "dayang", "@Dayang",
					    "3273014101900001", "6281298765432@c.us" };
	struct person p = named(hers[_i]);
	ck_assert_msg(person_is(&p, &dayang), "%s", hers[_i]);
}
END_TEST

START_TEST(another_person_is_not)
{
	static const char *const others[] = { "081298765433", "ayang@contoh.invalid", "dayan",
					      "contoh.invalid", "3273014101900002" };
	struct person p = named(others[_i]);
	struct jembatan_author nobody = { .id = NULL };
	ck_assert_msg(!person_is(&p, &dayang), "%s", others[_i]);
	ck_assert(!person_is(&p, &nobody));
}
END_TEST

static const struct {
	struct jembatan_author a, b;
	bool same_instance, same;
} pairs[] = {
	{ { .phone = "081298765432" }, { .phone = "+6281298765432" }, false, true },
	{ { .phone = "6281298765432" }, { .phone = "0812-9876 5432" }, false, true },
	{ { .phone = "+62 (0)812 9876 5432" }, { .phone = "62812.9876.5432" }, false, true },
	{ { .phone = "081298765432" }, { .phone = "081298765433" }, true, false },
	{ { .phone = "1708" }, { .phone = "1708" }, true, false }, /* everybody's */
	{ { .phone = "tidak ada" }, { .phone = "tidak ada" }, true, false },
	{ { .phone = "" }, { .phone = "" }, true, false },
	{ { .mail = "Dayang@Contoh.invalid" }, { .mail = "dayang@contoh.INVALID" }, false, true },
	{ { .mail = " dayang@contoh.invalid" }, { .mail = "dayang@contoh.invalid\n" }, false, true },
	{ { .mail = "ayang@contoh.invalid" }, { .mail = "dayang@contoh.invalid" }, true, false },
	{ { .mail = "" }, { .mail = "" }, true, false },
	/* WhatsApp's own id of a person, with or without his number */
	{ { .id = "ID.13491208655302741918", .phone = "+6281298765432" },
	  { .id = "ID.13491208655302741918" }, true, true },
	{ { .id = "ID.13491208655302741918" }, { .id = "ID.13491208655302741918" }, false, false },
	{ { .id = "ID.13491208655302741918", .phone = "+6281298765432" },
	  { .id = "6281298765432", .phone = "081298765432" }, true, true },
	{ { .id = "ID.13491208655302741918" }, { .id = "ID.13491208655302741919" }, true, false },
	{ { .id = "id.1" }, { .id = "ID.1" }, true, false }, /* exact as the channel gives it */
	{ { .id = "" }, { .id = "" }, true, false },
	{ { .name = "Dayang" }, { .name = "Dayang" }, true, false },
	{ { .id = NULL }, { .id = NULL }, true, false },
};

START_TEST(two_authors_are_one_person_however_they_are_written)
{
	ck_assert_int_eq(person_same(&pairs[_i].a, &pairs[_i].b, pairs[_i].same_instance),
			 pairs[_i].same);
	ck_assert_int_eq(person_same(&pairs[_i].b, &pairs[_i].a, pairs[_i].same_instance),
			 pairs[_i].same);
}
END_TEST

START_TEST(a_number_is_found_in_bytes_in_both_spellings)
{
	struct person p = named("0812-9876 5432"), m = named("dayang@contoh.invalid");
	ck_assert(person_stands_in(&p, bytes_text("x +6281298765432 y")));
	ck_assert(person_stands_in(&p, bytes_text("x 081298765432")));
	ck_assert(!person_stands_in(&p, bytes_text("x 08129876543")));
	ck_assert(!person_stands_in(&p, bytes_of(NULL, 0)));
	ck_assert(person_stands_in(&m, bytes_text("From: DAYANG@contoh.invalid\r\n")));
}
END_TEST

START_TEST(what_may_mean_many_is_refused)
{
	static const char *const none[] = { "", " \n", "@", "ab", "081298765432\n081311112222" };
	struct person p;
	struct why why;
	ck_assert_int_eq(person_read(none[_i], arena, &p, &why), JEMBATAN_DATA);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("person");
	tcase_add_checked_fixture(c, open_arena, close_arena);
	tcase_add_loop_test(c, a_person_is_found_by_any_id_in_any_spelling, 0, 8);
	tcase_add_loop_test(c, another_person_is_not, 0, 5);
	tcase_add_loop_test(c, two_authors_are_one_person_however_they_are_written, 0,
			    COUNT_OF(pairs));
	tcase_add_test(c, a_number_is_found_in_bytes_in_both_spellings);
	tcase_add_loop_test(c, what_may_mean_many_is_refused, 0, 5);
	return unit_run("person", c);
}
