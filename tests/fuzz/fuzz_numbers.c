/* fuzz_numbers.c: the scan that quotes long integers. What was JSON stays JSON
 * of the same shape, strings are untouched, a second pass changes nothing; and
 * no integer of 16 digits or more is left to be rounded. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Integers within 15 digits, everything else as it was, longer ones as text. */
static void check_same(json_t *before, json_t *after)
{
	const char *key;
	json_t *value;
	size_t i;
	if (json_is_integer(before) && !json_is_integer(after)) {
		ASSERT(json_is_string(after) && json_string_length(after) >= 16);
		return;
	}
	ASSERT(json_typeof(before) == json_typeof(after));
	if (json_is_integer(after))
		ASSERT(json_integer_value(after) < 1000000000000000 &&
		       json_integer_value(after) > -1000000000000000);
	if (json_is_string(before))
		ASSERT(json_equal(before, after));
	json_array_foreach(before, i, value)
		check_same(value, json_array_get(after, i));
	json_object_foreach(before, key, value)
		check_same(value, json_object_get(after, key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jembatan_bytes input = { data, size };
	struct kit_text *once = kit_text_new(size * 2 + 64), *twice = kit_text_new(size * 2 + 64);
	json_error_t error;
	kit_numbers_quote(input, once);
	ASSERT(!kit_text_is_full(once));
	kit_numbers_quote(kit_text_bytes(once), twice);
	ASSERT(str_equal(kit_text_string(once), kit_text_string(twice)));
	/* jansson takes a NUL behind a number for the end of the text. */
	bool is_text = size > 0 && memchr(data, '\0', size) == NULL;
	json_t *before =
		is_text ? json_loadb((const char *)data, size, JSON_DECODE_ANY, &error) : NULL;
	json_t *after = json_loadb(kit_text_string(once), kit_text_bytes(once).size,
				   JSON_DECODE_ANY, &error);
	if (before) {
		ASSERT(after);
		check_same(before, after);
	}
	json_decref(before);
	json_decref(after);
	json_t *root = NULL;
	if (kit_json_parse(input, &root, NULL) == JEMBATAN_OK)
		json_decref(root);
	kit_text_free(once);
	kit_text_free(twice);
	return 0;
}
