/* fuzz_personal.c: masking keeps the length and every sign that is no digit or
 * letter, and leaves nothing to be found. The first byte chooses the kinds. */
#include "ticket/personal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	char *before = xstrndup((const char *)data + 1, size - 1);
	char *after = xstrdup(before);
	personal_mask(after, data[0] & PERSONAL_ALL);
	ASSERT(strlen(after) == strlen(before));
	for (size_t i = 0; before[i] != '\0'; i++)
		ASSERT(after[i] == before[i] || after[i] == '*');
	personal_mask(after, data[0] & PERSONAL_ALL);
	free(before);
	free(after);
	return 0;
}
