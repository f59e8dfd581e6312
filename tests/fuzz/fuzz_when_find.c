/* fuzz_when_find.c: days in any bytes: the words that are told lie in the text,
 * and the day is past. */
#include <stdlib.h>
#include <string.h>

#include "ticket/when_find.h"
#include "ticket/position.h"

#define NOW_MS INT64_C(1768010400000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct when_found f;
	double latitude = 0, longitude = 0;
	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (when_find(text, NOW_MS, 420, &f))
		ASSERT(f.size > 0 && f.start + f.size <= strlen(text) && f.ms <= NOW_MS + 3600000);
	if (position_find(text, &latitude, &longitude))
		ASSERT(latitude >= -12 && latitude <= 7 && longitude >= 94 && longitude <= 142);
	free(text);
	return 0;
}
