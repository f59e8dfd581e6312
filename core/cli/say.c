/* say.c: the way to a person's terminal. What others wrote (citizens, plugins,
 * servers) may stand in any sentence: nothing of it steers the terminal. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/poison.h"

#define SAID_MAX (64u * 1024u * 1024u)

void cli_say_bytes(FILE *out, const void *bytes, size_t size)
{
	CLEANUP(buf_done) struct buf safe;
	buf_init(&safe, SAID_MAX);
	text_printable_lines(bytes, size, &safe);
	fwrite(safe.data, 1, safe.size, out);
}

void cli_say(FILE *out, const char *format, ...)
{
	char *text;
	va_list ap;
	va_start(ap, format);
	int n = vasprintf(&text, format, ap);
	va_end(ap);
	ASSERT(n >= 0);
	cli_say_bytes(out, text, (size_t)n);
	free(text);
}
