/* fuzz_read.c: the fast reader against jansson's. What it reads, jansson reads to the
 * same value, keys in the same order; what it gives up is left to jansson alone. */
#include "kit/kit_internal.h"

#include "base/jx.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *read_slowly(struct jembatan_bytes text)
{
	struct kit_text *quoted = kit_text_new(text.size * 2 + 64);
	json_t *value = NULL;
	kit_numbers_quote(text, quoted);
	(void)!jx_parse(kit_text_bytes(quoted), &value, NULL);
	kit_text_free(quoted);
	return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jembatan_bytes text = { data, size };
	json_t *fast = kit_json_read(text), *slow;
	if (!fast)
		return 0;
	slow = read_slowly(text);
	ASSERT(slow);
	char *one = jx_dump_as_set(fast), *other = jx_dump_as_set(slow);
	ASSERT(str_equal(one, other));
	free(one);
	free(other);
	json_decref(fast);
	json_decref(slow);
	return 0;
}
