/* fuzz_html.c: HTML to text. Whatever comes in, valid UTF-8 goes out, within
 * its ceiling, without control characters. The first byte picks a charset. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const charsets[] = { NULL,		"utf-8",  "iso-8859-1",
						"windows-1252", "utf-16", "no-such-charset" };
	if (size == 0)
		return 0;
	const char *charset = charsets[data[0] % COUNT_OF(charsets)];
	struct kit_text *out = kit_text_new(20000);
	struct jembatan_bytes html = { data + 1, size - 1 };
	if (kit_html_text(html, charset, out) == JEMBATAN_OK && !kit_text_is_full(out)) {
		ASSERT(kit_utf8_is_valid(kit_text_bytes(out)));
		const char *text = kit_text_string(out);
		size_t n = strlen(text);
		ASSERT(n == 0 || (text[0] != '\n' && text[n - 1] != '\n'));
	}
	kit_text_free(out);
	return 0;
}
