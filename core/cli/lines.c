/* lines.c: a file of JSON lines, as other programs write them: with a byte order
 * mark or without, line ends of Unix or Windows, empty lines between. One wrong
 * line is told and loses nobody else's. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/poison.h"

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

enum jembatan_result cli_each_line(FILE *file, const char *command, cli_on_line *on_line, void *data)
{
	CLEANUP(free_pointer) char *text = NULL;
	size_t room = 0, number = 0;
	ssize_t size;
	enum jembatan_result all = JEMBATAN_OK;
	while ((size = getline(&text, &room, file)) > 0) {
		struct why why = { "" };
		struct jembatan_bytes line = without_mark(bytes_of(text, (size_t)size), ++number);
		enum jembatan_result r = is_blank(line) ? JEMBATAN_OK : on_line(data, line, &why);
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
