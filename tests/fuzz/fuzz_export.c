/* fuzz_export.c: a file that claims to be the centre's export. */
#include "base/digest.h"
#include "base/text.h"
#include "cli/export.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct export_row *rows;
	size_t count, left_out;

	if (export_read(bytes_of(data, size), arena, &rows, &count, &left_out, NULL) ==
	    JEMBATAN_OK)
		for (size_t i = 0; i < count; i++) {
			ASSERT(*rows[i].tracking && strlen(rows[i].tracking) <= 32);
			ASSERT(!rows[i].reference || strlen(rows[i].reference) == 9);
			ASSERT(!rows[i].title || text_is_utf8(rows[i].title, strlen(rows[i].title)));
			ASSERT(!rows[i].day || strlen(rows[i].day) == 10);
		}
	arena_free(arena);
	return 0;
}
