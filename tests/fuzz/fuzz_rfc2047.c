/* fuzz_rfc2047.c: encoded words and senders: always valid UTF-8 on one line. */
#include "email/address.h"
#include "email/rfc2047.h"

#include <gmime/gmime.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_a_line(const char *text)
{
	if (text == NULL)
		return;
	if (!kit_utf8_is_valid((struct jembatan_bytes){ text, strlen(text) }) ||
	    strpbrk(text, "\r\n") != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jembatan_bytes value = { data, size };
	struct kit_text *out = kit_text_new(size * 4 + 100);
	struct kit_arena *arena = kit_arena_new();
	struct address address;

	g_mime_init();
	rfc2047_decode(value, out);
	must_be_a_line(kit_text_string(out));
	if (rfc2047_run(value) > size)
		abort();
	address_read(kit_arena_strndup(arena, (const char *)data, size), arena, &address);
	must_be_a_line(address.mail);
	if (address.name != NULL &&
	    !kit_utf8_is_valid((struct jembatan_bytes){ address.name, strlen(address.name) }))
		abort();
	kit_text_free(out);
	kit_arena_free(arena);
	return 0;
}
