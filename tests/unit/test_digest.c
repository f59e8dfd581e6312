/* test_digest.c: hashes against published values, and their text forms. */
#include "base/digest.h"

#include <string.h>

#include "unit.h"

static const char *hex_of(struct digest d)
{
	static char hex[2 * DIGEST_SIZE + 1];
	digest_hex(d.bytes, DIGEST_SIZE, hex);
	return hex;
}

START_TEST(sha256_and_hmac_give_the_published_values)
{
	ck_assert_str_eq(hex_of(digest_sha256(bytes_text("abc"))),
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert_str_eq(hex_of(digest_sha256(bytes_text(NULL))),
			 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	/* RFC 4231, test case 2 */
	ck_assert_str_eq(hex_of(digest_hmac(bytes_text("Jefe"),
					    bytes_text("what do ya want for nothing?"))),
			 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
END_TEST

static const size_t key_sizes[] = { 1, 63, 64, 65, 200 };

START_TEST(a_keyed_state_is_hmac)
{
	char key[200];
	memset(key, 'k', sizeof(key));
	struct digest_state *s = digest_begin(bytes_of(key, key_sizes[_i]));
	digest_raw(s, "some ", 5);
	digest_raw(s, "data", 4);
	struct digest a = digest_end(s);
	struct digest b = digest_hmac(bytes_of(key, key_sizes[_i]), bytes_text("some data"));
	ck_assert_mem_eq(a.bytes, b.bytes, DIGEST_SIZE);
}
END_TEST

static struct digest of_parts(const char *a, const char *b)
{
	struct digest_state *s = digest_begin(bytes_text(NULL));
	digest_part_text(s, a);
	digest_part_text(s, b);
	return digest_end(s);
}

START_TEST(parts_cannot_be_shifted_into_each_other)
{
	struct digest d[] = { of_parts("ab", "c"), of_parts("a", "bc"), of_parts("abc", ""),
			      of_parts("", "abc"), of_parts("abc", NULL), of_parts(NULL, "abc") };
	for (size_t i = 0; i < COUNT_OF(d); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert(!digest_equal(d[i].bytes, d[j].bytes, DIGEST_SIZE));
	struct digest again = of_parts("ab", "c");
	ck_assert(digest_equal(d[0].bytes, again.bytes, DIGEST_SIZE));
}
END_TEST

START_TEST(hex_is_read_exactly_or_not_at_all)
{
	uint8_t out[2];
	ck_assert(digest_unhex("0aFf", out, 2));
	ck_assert_uint_eq(out[0], 0x0a);
	ck_assert_uint_eq(out[1], 0xff);
	ck_assert(!digest_unhex("0aF", out, 2));
	ck_assert(!digest_unhex("0aFf0", out, 2));
	ck_assert(!digest_unhex("0aFg", out, 2));
	ck_assert(!digest_unhex("", out, 2));
	ck_assert(!digest_unhex(NULL, out, 2));
}
END_TEST

START_TEST(a_code_has_no_letter_that_is_misread)
{
	char code[9];
	uint8_t bytes[5];
	digest_code("\0\0\0\0\0", 5, code, 8);
	ck_assert_str_eq(code, "00000000");
	digest_code("\xff\xff\xff\xff\xff", 5, code, 8);
	ck_assert_str_eq(code, "ZZZZZZZZ");
	for (int i = 0; i < 1000; i++) {
		digest_random(bytes, sizeof(bytes));
		digest_code(bytes, sizeof(bytes), code, 8);
		ck_assert_uint_eq(strlen(code), 8);
		ck_assert_uint_eq(strcspn(code, "ILOUabcdefghijklmnopqrstuvwxyz"), 8);
	}
}
END_TEST

START_TEST(random_bytes_differ)
{
	uint8_t a[16], b[16];
	digest_random(a, sizeof(a));
	digest_random(b, sizeof(b));
	ck_assert(!digest_equal(a, b, sizeof(a)));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("digest");
	tcase_add_test(t, sha256_and_hmac_give_the_published_values);
	tcase_add_loop_test(t, a_keyed_state_is_hmac, 0, COUNT_OF(key_sizes));
	tcase_add_test(t, parts_cannot_be_shifted_into_each_other);
	tcase_add_test(t, hex_is_read_exactly_or_not_at_all);
	tcase_add_test(t, a_code_has_no_letter_that_is_misread);
	tcase_add_test(t, random_bytes_differ);
	return unit_run("digest", t);
}
