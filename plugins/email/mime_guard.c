/* mime_guard.c: see mime_guard.h. One pass over the lines. It need not understand
 * MIME: it must only see each head that a parser may see, and take few texts for
 * one. */
#include "email/mime_guard.h"

#include <string.h>
#include <strings.h>

#define BOUNDARIES_MAX 5000u
#define HEAD_LINES_MAX 1000u
#define HEAD_MAX_BYTES (256u * 1024u)
#define HEADER_MAX_BYTES (16u * 1024u)

const char *mime_guard_head(const struct headers *headers, struct kit_arena *arena)
{
	struct kit_text *text = kit_text_new(1024u * 1024u);

	for (size_t i = 0; i < headers->count; i++) {
		const struct header *h = &headers->list[i];

		if (strncasecmp(h->name, "Content-", 8) == 0 ||
		    strcasecmp(h->name, "MIME-Version") == 0)
			kit_text_printf(text, "%s: %s\n", h->name, h->value);
	}
	kit_text_add_string(text, "\n");
	const char *head = kit_arena_strdup(arena, kit_text_string(text));

	kit_text_free(text);
	return head;
}

struct guard {
	unsigned boundaries;
	bool is_head;      /* behind a boundary, or at the top of an attached mail */
	bool has_mail;     /* this head says message/...: another head follows it */
	unsigned lines;
	size_t bytes, header_bytes;
};

static void head_begin(struct guard *g)
{
	g->is_head = true;
	g->has_mail = false;
	g->lines = 0;
	g->bytes = g->header_bytes = 0;
}

static bool has_word(const char *line, size_t size, const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= size; i++) {
		if (strncasecmp(line + i, word, length) == 0)
			return true;
	}
	return false;
}

/* "Name: ..." or the continuation of one; anything else is text. */
static bool is_header_line(const char *line, size_t size)
{
	size_t i = 0;

	if (line[0] == ' ' || line[0] == '\t')
		return true;
	while (i < size && line[i] > ' ' && line[i] < 127 && line[i] != ':')
		i++;
	while (i < size && (line[i] == ' ' || line[i] == '\t'))
		i++;
	return i > 0 && i < size && line[i] == ':';
}

/* false: too much of it. */
static bool on_head_line(struct guard *g, const char *line, size_t size)
{
	bool is_empty = size == 0 || (size == 1 && line[0] == '\r');

	if (is_empty && g->has_mail) {
		head_begin(g);
		return true;
	}
	if (is_empty || !is_header_line(line, size)) {
		g->is_head = false;
		return true;
	}
	g->header_bytes = line[0] == ' ' || line[0] == '\t' ? g->header_bytes + size : size;
	g->bytes += size;
	g->lines++;
	g->has_mail = g->has_mail || has_word(line, size < 1000 ? size : 1000, "message/");
	return g->lines <= HEAD_LINES_MAX && g->bytes <= HEAD_MAX_BYTES &&
	       g->header_bytes <= HEADER_MAX_BYTES;
}

size_t mime_guard_end(struct jembatan_bytes raw, size_t body)
{
	const char *data = raw.data;
	struct guard g = { .boundaries = 0 };
	size_t next;

	/* The whole mail may be an attached one. */
	head_begin(&g);
	for (size_t at = body; at < raw.size; at = next) {
		const char *newline = memchr(data + at, '\n', raw.size - at);
		size_t end = newline != NULL ? (size_t)(newline - data) : raw.size;

		next = newline != NULL ? end + 1 : end;
		if (end - at >= 2 && data[at] == '-' && data[at + 1] == '-') {
			if (++g.boundaries > BOUNDARIES_MAX)
				return at;
			head_begin(&g);
		} else if (g.is_head && !on_head_line(&g, data + at, end - at)) {
			return at;
		}
	}
	return raw.size;
}
