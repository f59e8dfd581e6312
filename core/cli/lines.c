/* lines.c: a file of JSON lines, as other programs write them: with a byte order
 * mark or without, line ends of Unix or Windows, empty lines between. One wrong
 * line is told and loses nobody else's. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/poison.h"

/* A complaint of 256 KiB, each byte of it escaped, has twice room. */
#define LINE_MIB 4u

static struct jembatan_bytes without_mark(struct jembatan_bytes line, size_t number)
{
	bool has_mark = number == 1 && line.size >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0;
	return has_mark ? bytes_of((const char *)line.data + 3, line.size - 3) : line;
}

static bool is_blank(struct jembatan_bytes line)
{
	const char *text = (const char *)line.data;
	for (size_t i = 0; i < line.size; i++)
		if (strchr(" \t\r\n", text[i]) == NULL || text[i] == '\0')
			return false;
	return true;
}

/* To the line's end, also where that is beyond the ceiling. False: the file's end. */
static bool read_line(FILE *file, struct buf *out)
{
	char piece[4096];
	size_t n = 0;
	int c;
	buf_clear(out);
	while ((c = getc_unlocked(file)) != EOF) {
		piece[n++] = (char)c;
		if (c != '\n' && n < sizeof(piece))
			continue;
		buf_add(out, piece, n);
		n = 0;
		if (c == '\n')
			return true;
	}
	buf_add(out, piece, n);
	return out->size > 0 || buf_is_full(out);
}

static enum jembatan_result take_line(const struct buf *text, size_t number, cli_on_line *on_line,
				      void *data, struct why *why)
{
	struct jembatan_bytes line = without_mark(buf_bytes(text), number);
	if (buf_is_full(text))
		return why_set(why, JEMBATAN_DATA, "longer than %u MiB: one complaint a line is wanted",
			       LINE_MIB);
	return is_blank(line) ? JEMBATAN_OK : on_line(data, line, why);
}

enum jembatan_result cli_each_line(FILE *file, const char *command, cli_on_line *on_line, void *data)
{
	CLEANUP(buf_done) struct buf text;
	size_t number = 0;
	enum jembatan_result all = JEMBATAN_OK;
	buf_init(&text, LINE_MIB << 20);
	while (read_line(file, &text)) {
		struct why why = { "" };
		enum jembatan_result r = take_line(&text, ++number, on_line, data, &why);
		if (r == JEMBATAN_OK)
			continue;
		fprintf(stderr, "jembatan %s: line %zu: %s\n", command, number, why.text);
		all = r;
	}
	if (!ferror(file))
		return all;
	fprintf(stderr, "jembatan %s: cannot read on: %s\n", command, strerror(errno));
	return JEMBATAN_DATA;
}
