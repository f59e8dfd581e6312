/* test_buf.c: buffers with a ceiling, and memory that lives as long as a batch. */
#include "base/arena.h"
#include "base/buf.h"

#include <stdint.h>
#include <string.h>

#include "unit.h"

static struct buf b;
static struct arena *arena;

static void setup(void)
{
	buf_init(&b, 10);
	arena = arena_new();
}

static void teardown(void)
{
	buf_done(&b);
	arena_free(arena);
}

START_TEST(what_does_not_fit_is_dropped_whole_and_remembered)
{
	buf_add_text(&b, "12345678");
	ck_assert(!buf_is_full(&b));
	buf_add_text(&b, "abc");
	ck_assert(buf_is_full(&b));
	ck_assert_str_eq(b.data, "12345678");
	buf_add_text(&b, "90");
	ck_assert_str_eq(b.data, "1234567890");
	ck_assert_uint_eq(b.size, 10);
	ck_assert(buf_is_full(&b));
	buf_clear(&b);
	ck_assert(!buf_is_full(&b));
	ck_assert_str_eq(b.data, "");
}
END_TEST

START_TEST(a_size_near_the_end_of_size_t_does_not_overflow)
{
	buf_add_text(&b, "x");
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX - 1));
	ck_assert(buf_is_full(&b));
	ck_assert_uint_eq(b.size, 1);
}
END_TEST

START_TEST(printf_obeys_the_ceiling_too)
{
	buf_printf(&b, "%d-%s", 12, "abc");
	ck_assert_str_eq(b.data, "12-abc");
	buf_printf(&b, "%s", "12345");
	ck_assert(buf_is_full(&b));
	ck_assert_str_eq(b.data, "12-abc");
}
END_TEST

START_TEST(bytes_are_cut_dropped_and_reserved)
{
	buf_add(&b, "a\0b\0c", 5);
	ck_assert_uint_eq(b.size, 5);
	buf_drop(&b, 2);
	ck_assert_mem_eq(b.data, "b\0c", 4);
	buf_cut(&b, 1);
	ck_assert_str_eq(b.data, "b");
	memcpy(buf_reserve(&b, 3), "xyz", 3);
	buf_grew(&b, 2);
	ck_assert_str_eq(b.data, "bxy");
	buf_drop(&b, 3);
	ck_assert_uint_eq(b.size, 0);
}
END_TEST

START_TEST(taken_memory_is_the_takers)
{
	char *empty = buf_take(&b);
	ck_assert_str_eq(empty, "");
	free(empty);
	buf_add_text(&b, "isi");
	char *taken = buf_take(&b);
	ck_assert_str_eq(taken, "isi");
	ck_assert_uint_eq(b.size, 0);
	buf_add_text(&b, "lagi");
	ck_assert_str_eq(taken, "isi");
	free(taken);
}
END_TEST

START_TEST(a_buffer_grows_to_exactly_its_ceiling)
{
	struct buf large;
	buf_init(&large, 100000);
	for (int i = 0; i < 100000; i++)
		buf_add_char(&large, 'x');
	ck_assert(!buf_is_full(&large));
	ck_assert_uint_le(large.capacity, 100001);
	buf_add_char(&large, 'x');
	ck_assert(buf_is_full(&large));
	buf_done(&large);
}
END_TEST

/* One assertion per block: Check writes down each that it passes. */
static bool is_filled(const unsigned char *p, size_t size, unsigned value)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != value)
			return false;
	return true;
}

START_TEST(arena_memory_is_aligned_zeroed_and_stays)
{
	unsigned char *kept[500];
	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		kept[i] = arena_alloc(arena, i * 7);
		ck_assert_uint_eq((uintptr_t)kept[i] % 16, 0);
		ck_assert(is_filled(kept[i], i * 7, 0));
		memset(kept[i], (int)(i % 255) + 1, i * 7);
	}
	for (size_t i = 1; i < COUNT_OF(kept); i++)
		ck_assert(is_filled(kept[i], i * 7, (unsigned)(i % 255) + 1));
	ck_assert_uint_ge(arena_used(arena), 499 * 500 / 2 * 7);
}
END_TEST

START_TEST(a_reset_arena_is_empty_and_zeroes_again)
{
	memset(arena_alloc(arena, 100000), 'x', 100000);
	arena_reset(arena);
	ck_assert_uint_eq(arena_used(arena), 0);
	ck_assert(is_filled(arena_alloc(arena, 100000), 100000, 0));
}
END_TEST

START_TEST(an_arena_copies_texts)
{
	ck_assert_ptr_null(arena_strdup(arena, NULL));
	ck_assert_str_eq(arena_strdup(arena, "teks"), "teks");
	ck_assert_str_eq(arena_strndup(arena, "teks", 2), "te");
	ck_assert_str_eq(arena_strndup(arena, "teks", 9), "teks");
	ck_assert_str_eq(arena_printf(arena, "%s-%d", "a", 5), "a-5");
	ck_assert_mem_eq(arena_memdup(arena, "a\0b", 3), "a\0b", 3);
}
END_TEST

START_TEST(a_sentence_is_cut_at_a_character)
{
	static const struct {
		const char *text;
		size_t room;
		const char *kept;
	} rows[] = {
		{ "abc", 4, "abc" }, { "abc", 3, "ab" }, { "a\xc3\xa9", 4, "a\xc3\xa9" },
		{ "a\xc3\xa9", 3, "a" }, { "\xe2\x82\xac!", 4, "\xe2\x82\xac" },
		{ "\xe2\x82\xac!", 3, "" }, { "\xf0\x9f\x98\x80.", 4, "" },
		{ "\xf0\x9f\x98\x80.", 5, "\xf0\x9f\x98\x80" }, { "", 1, "" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char out[16];
		str_copy(out, rows[i].room, rows[i].text);
		ck_assert_str_eq(out, rows[i].kept);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("buf");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_does_not_fit_is_dropped_whole_and_remembered);
	tcase_add_test(t, a_size_near_the_end_of_size_t_does_not_overflow);
	tcase_add_test(t, printf_obeys_the_ceiling_too);
	tcase_add_test(t, bytes_are_cut_dropped_and_reserved);
	tcase_add_test(t, taken_memory_is_the_takers);
	tcase_add_test(t, a_buffer_grows_to_exactly_its_ceiling);
	tcase_add_test(t, arena_memory_is_aligned_zeroed_and_stays);
	tcase_add_test(t, a_reset_arena_is_empty_and_zeroes_again);
	tcase_add_test(t, an_arena_copies_texts);
	tcase_add_test(t, a_sentence_is_cut_at_a_character);
	return unit_run("buf", t);
}
