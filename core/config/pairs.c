/* pairs.c: sorted by key. */
#include "config/pairs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "base/poison.h"

#define FILE_MAX (8u * 1024u * 1024u)
#define PAIRS_MAX 200000u
#define VALUE_MAX 64u

struct pairs {
	struct arena *arena;
	struct pair *items;
	size_t count;
};

static int by_key(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	return strcasecmp(x->key, y->key);
}

static bool is_value(const char *value)
{
	size_t size = strlen(value);
	return size >= 1 && size <= VALUE_MAX && strpbrk(value, " \t\r") == NULL;
}

static enum jembatan_result read_line(struct pairs *p, char *line, bool with_values,
				      const char *path, size_t number, struct why *why)
{
	char *tab = strchr(line, '\t');
	line[strcspn(line, "\r")] = '\0';
	if (tab != NULL)
		*tab++ = '\0';
	text_trim(line);
	if (line[0] == '\0' || line[0] == '#')
		return JEMBATAN_OK;
	if (with_values != (tab != NULL) || (tab != NULL && !is_value(tab)))
		return why_set(why, JEMBATAN_CONFIG, "%s:%zu: %s", path, number, with_values ?
			       "a line is KEY, a tab, and an id of 1 to 64 letters without blanks" :
			       "a line is one name, without tabs");
	p->items[p->count++] = (struct pair){ arena_strdup(p->arena, line),
					      arena_strdup(p->arena, tab) };
	return JEMBATAN_OK;
}

static enum jembatan_result read_lines(struct pairs *p, char *text, bool with_values,
				       const char *path, struct why *why)
{
	size_t lines = 1, number = 0;
	enum jembatan_result r = JEMBATAN_OK;
	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	if (lines > PAIRS_MAX)
		return why_set(why, JEMBATAN_CONFIG, "%s: more than %u lines", path, PAIRS_MAX);
	p->items = arena_alloc(p->arena, lines * sizeof(*p->items));
	for (char *rest = text, *line; r == JEMBATAN_OK && (line = strsep(&rest, "\n")) != NULL;)
		r = read_line(p, line, with_values, path, ++number, why);
	if (r != JEMBATAN_OK)
		return r;
	qsort(p->items, p->count, sizeof(*p->items), by_key);
	for (size_t i = 1; i < p->count; i++)
		if (strcasecmp(p->items[i - 1].key, p->items[i].key) == 0)
			return why_set(why, JEMBATAN_CONFIG, "%s: \"%.80s\" stands there twice", path,
				       p->items[i].key);
	return JEMBATAN_OK;
}

enum jembatan_result pairs_load(const char *path, bool with_values, struct pairs **out,
				struct why *why)
{
	CLEANUP(buf_done) struct buf text;
	struct pairs *p = xcalloc(1, sizeof(*p));
	p->arena = arena_new();
	buf_init(&text, FILE_MAX);
	enum jembatan_result r = file_read(path, &text, why);
	if (r != JEMBATAN_OK)
		r = JEMBATAN_CONFIG;
	else if (text.size > 0 && (memchr(text.data, '\0', text.size) != NULL ||
				   !text_is_utf8(text.data, text.size)))
		r = why_set(why, JEMBATAN_CONFIG, "%s: is not text in UTF-8", path);
	else if (text.size > 0)
		r = read_lines(p, text.data, with_values, path, why);
	if (r == JEMBATAN_OK)
		*out = p;
	else
		pairs_free(p);
	return r;
}

void pairs_free(struct pairs *p)
{
	if (p == NULL)
		return;
	arena_free(p->arena);
	free(p);
}

const struct pair *pairs_find(const struct pairs *p, const char *key)
{
	const struct pair wanted = { .key = key };
	if (p == NULL || p->count == 0 || key == NULL)
		return NULL;
	return bsearch(&wanted, p->items, p->count, sizeof(*p->items), by_key);
}
