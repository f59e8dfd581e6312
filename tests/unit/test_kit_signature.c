/* test_kit_signature.c: what a webhook's signature must be, and all that it is
 * not. A million forged ones: tests/bench/forged. */
#include <stdio.h>
#include <string.h>

#include <jembatan/kit.h>

#include "base/digest.h"
#include "unit.h"

/* The linker puts this in the place of libcrypto's (--wrap): how often the
 * helper compares, and how much of it. */
int __real_CRYPTO_memcmp(const void *a, const void *b, size_t size);
int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t size);
static unsigned compared;
static size_t compared_bytes;

int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t size)
{
	compared++;
	compared_bytes = size;
	return __real_CRYPTO_memcmp(a, b, size);
}

#define SECRET "kunci-uji"
#define FORGED 20000u

static const char body_text[] = "{\"teks\": \"Lampu jalan padam\"}";

static struct jembatan_bytes body(void)
{
	return (struct jembatan_bytes){ body_text, sizeof(body_text) - 1 };
}

static bool is_valid(const char *value, const char *prefix, enum kit_signature_form form)
{
	return kit_signature_is_valid(value, prefix, form, SECRET, body());
}

static void sign(const char *secret, char out[80])
{
	struct digest mac = digest_hmac(bytes_text(secret), body());
	memcpy(out, "sha256=", 7);
	digest_hex(mac.bytes, sizeof(mac.bytes), out + 7);
}

START_TEST(the_hmac_of_the_exact_bytes_is_valid)
{
	/* RFC 4231, test case 2. */
	static const char data[] = "what do ya want for nothing?";
	ck_assert(kit_signature_is_valid(
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", NULL,
		KIT_SIGNATURE_HEX, "Jefe", (struct jembatan_bytes){ data, sizeof(data) - 1 }));
	ck_assert(kit_signature_is_valid("W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=", NULL,
					 KIT_SIGNATURE_BASE64, "Jefe",
					 (struct jembatan_bytes){ data, sizeof(data) - 1 }));
	char signature[80];
	sign(SECRET, signature);
	ck_assert(is_valid(signature, "sha256=", KIT_SIGNATURE_HEX));
}
END_TEST

START_TEST(hex_digits_count_in_both_cases)
{
	char signature[80];
	sign(SECRET, signature);
	for (char *c = signature + 7; *c; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
	ck_assert(is_valid(signature, "sha256=", KIT_SIGNATURE_HEX));
}
END_TEST

START_TEST(what_is_no_signature_is_refused)
{
	static const char *const values[] = {
		NULL, "", "sha256=", "sha256", "=", "0", "sha1=00", "sha256=sha256=",
		"sha256=0000000000000000000000000000000000000000000000000000000000000000",
		"sha256=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
	};
	ck_assert(!is_valid(values[_i], "sha256=", KIT_SIGNATURE_HEX));
	ck_assert(!is_valid(values[_i], NULL, KIT_SIGNATURE_HEX));
	ck_assert(!is_valid(values[_i], NULL, KIT_SIGNATURE_BASE64));
}
END_TEST

START_TEST(a_signature_one_character_off_is_refused)
{
	char good[80], bad[96];
	sign(SECRET, good);
	for (size_t i = 0; i < strlen(good); i++) {
		memcpy(bad, good, sizeof(good));
		bad[i] = bad[i] == '0' ? '1' : '0';
		ck_assert_msg(!is_valid(bad, "sha256=", KIT_SIGNATURE_HEX), "%zu", i);
		memcpy(bad, good, sizeof(good));
		bad[i] = '\0';
		ck_assert_msg(!is_valid(bad, "sha256=", KIT_SIGNATURE_HEX), "%zu", i);
	}
	snprintf(bad, sizeof(bad), "%s0", good);
	ck_assert(!is_valid(bad, "sha256=", KIT_SIGNATURE_HEX));
	snprintf(bad, sizeof(bad), "%s ", good);
	ck_assert(!is_valid(bad, "sha256=", KIT_SIGNATURE_HEX));
}
END_TEST

START_TEST(other_bytes_or_another_secret_are_refused)
{
	char signature[80];
	sign(SECRET, signature);
	ck_assert(!kit_signature_is_valid(signature, "sha256=", KIT_SIGNATURE_HEX, SECRET,
					  (struct jembatan_bytes){ body_text, sizeof(body_text) }));
	ck_assert(!kit_signature_is_valid(signature, "sha256=", KIT_SIGNATURE_HEX, "kunci-lain",
					  body()));
	sign("", signature);
	ck_assert(!kit_signature_is_valid(signature, "sha256=", KIT_SIGNATURE_HEX, "", body()));
	ck_assert(!kit_signature_is_valid(signature, "sha256=", KIT_SIGNATURE_HEX, NULL, body()));
}
END_TEST

START_TEST(many_forged_signatures_are_all_refused)
{
	unsigned accepted = 0;
	for (unsigned i = 0; i < FORGED; i++) {
		uint8_t random[DIGEST_SIZE];
		char value[80] = "sha256=";
		digest_random(random, sizeof(random));
		digest_hex(random, sizeof(random), value + 7);
		accepted += is_valid(value, "sha256=", KIT_SIGNATURE_HEX);
	}
	ck_assert_uint_eq(accepted, 0);
}
END_TEST

START_TEST(every_signature_is_compared_whole_however_early_it_differs)
{
	char good[80], bad[80];
	sign(SECRET, good);
	for (size_t i = 7; i < strlen(good); i++) {
		memcpy(bad, good, sizeof(good));
		bad[i] = bad[i] == '0' ? '1' : '0';
		compared = 0;
		ck_assert(!is_valid(bad, "sha256=", KIT_SIGNATURE_HEX));
		ck_assert_uint_eq(compared, 1);
		ck_assert_uint_eq(compared_bytes, 64);
	}
}
END_TEST

START_TEST(a_header_that_stands_there_twice_is_none)
{
	const struct jembatan_header headers[] = { { "X-Once", "a" }, { "x-twice", "a" },
						   { "X-Twice", "a" }, { "X-Empty", NULL } };
	const struct jembatan_request request = { .size = sizeof(request), .headers = headers,
						  .header_count = 4 };
	ck_assert_str_eq(kit_request_header(&request, "x-once"), "a");
	ck_assert_str_eq(kit_request_header(&request, "X-Empty"), "");
	ck_assert_ptr_null(kit_request_header(&request, "X-Twice"));
	ck_assert_ptr_null(kit_request_header(&request, "X-Missing"));
}
END_TEST

static const struct {
	const char *given, *secret;
	bool is_same;
} secrets[] = {
	{ "kata-uji", "kata-uji", true },
	{ "kata-ujj", "kata-uji", false },
	{ "kata-uji-", "kata-uji", false },
	{ "kata", "kata-uji", false },
	{ "", "kata-uji", false },
	{ NULL, "kata-uji", false },
	{ "", "", false },
	{ "kata-uji", NULL, false },
};

START_TEST(a_secret_is_ours_when_it_is_the_same_and_there_is_one)
{
	ck_assert_int_eq(kit_secret_is_same(secrets[_i].given, secrets[_i].secret),
			 secrets[_i].is_same);
}
END_TEST

static const struct {
	const char *query, *word, *answer;
} handshakes[] = {
	{ "hub.mode=subscribe&hub.challenge=7+%2B&hub.verify_token=kata%20uji", "kata uji", "7 +" },
	{ "hub.mode=subscribe&hub.challenge=7&hub.verify_token=salah", "kata uji", NULL },
	{ "hub.mode=unsubscribe&hub.challenge=7&hub.verify_token=kata+uji", "kata uji", NULL },
	{ "hub.mode=subscribe&hub.verify_token=kata+uji", "kata uji", NULL },
	{ "hub.mode=subscribe&hub.challenge=7&hub.verify_token=", "", NULL },
	{ "hub.mode=subscribe&hub.challenge=7", NULL, NULL },
	{ NULL, "kata uji", NULL },
};

START_TEST(a_handshake_with_our_word_has_its_challenge_back)
{
	struct kit_text *out = kit_text_new(100);
	const char *answer = handshakes[_i].answer;

	ck_assert_int_eq(kit_hub_answer(handshakes[_i].query, handshakes[_i].word, out),
			 answer != NULL);
	ck_assert_str_eq(kit_text_string(out), answer ? answer : "");
	kit_text_free(out);
}
END_TEST

START_TEST(what_we_sign_with_is_the_hmac_in_hex)
{
	char hex[65];

	kit_signature_make("secret", (struct jembatan_bytes){ "test", 4 }, hex);
	ck_assert_str_eq(hex, "0329a06b62cd16b33eb6792be8c60b158d89a2ee3a876fce9a881ebb488c0914");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_signature");
	tcase_add_test(t, what_we_sign_with_is_the_hmac_in_hex);
	tcase_add_test(t, the_hmac_of_the_exact_bytes_is_valid);
	tcase_add_test(t, hex_digits_count_in_both_cases);
	tcase_add_loop_test(t, what_is_no_signature_is_refused, 0, 10);
	tcase_add_test(t, a_signature_one_character_off_is_refused);
	tcase_add_test(t, other_bytes_or_another_secret_are_refused);
	tcase_add_test(t, many_forged_signatures_are_all_refused);
	tcase_add_test(t, every_signature_is_compared_whole_however_early_it_differs);
	tcase_add_test(t, a_header_that_stands_there_twice_is_none);
	tcase_add_loop_test(t, a_secret_is_ours_when_it_is_the_same_and_there_is_one, 0, 8);
	tcase_add_loop_test(t, a_handshake_with_our_word_has_its_challenge_back, 0, 7);
	return unit_run("kit_signature", t);
}
