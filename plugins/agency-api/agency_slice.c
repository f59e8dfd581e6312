/* agency_slice.c: where the values of a JSON text begin and end. No recursion:
 * depth is a number, so that an answer of a million brackets costs nothing. */
#include "agency-api/agency_slice.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* p is at the opening quote; returns what follows the closing one, or NULL. A quote
 * behind an odd number of backslashes closes nothing. */
static const char *skip_string(const char *p, const char *end)
{
	const char *from = ++p, *back;

	while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
		for (back = p; back > from && back[-1] == '\\'; back--)
			;
		if ((p - back) % 2 == 0)
			return p + 1;
		p++;
	}
	return NULL;
}

static const char *skip_nest(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			if (!p)
				return NULL;
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		p++;
		if (depth == 0)
			return p;
	}
	return NULL;
}

static const char *skip_word(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && !is_space(*p) && !strchr(",:]}[{\"", *p))
		p++;
	return p == start ? NULL : p;
}

static const char *skip_value(const char *p, const char *end)
{
	if (p == end)
		return NULL;
	if (*p == '"')
		return skip_string(p, end);
	if (*p == '{' || *p == '[')
		return skip_nest(p, end);
	return skip_word(p, end);
}

static struct jembatan_bytes between(const char *start, const char *end)
{
	return (struct jembatan_bytes){ start, (size_t)(end - start) };
}

bool agency_slice_value(struct jembatan_bytes text, size_t at,
			struct jembatan_bytes *out_value)
{
	const char *end = (const char *)text.data + text.size;
	const char *p = (const char *)text.data + at;
	const char *after;

	if (at == 0 && text.size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		p += 3;
	p = skip_space(p, end);
	after = skip_value(p, end);
	if (!after)
		return false;
	*out_value = between(p, after);
	return true;
}

void agency_slice_begin(struct agency_slice *slice, struct jembatan_bytes text)
{
	*slice = (struct agency_slice){ .text = text, .at = 1 };
}

/* "key": before a member's value; returns the value's start, or NULL. */
static const char *take_key(struct agency_slice *slice, const char *p,
			    const char *end)
{
	const char *after;

	if (p == end || *p != '"')
		return NULL;
	after = skip_string(p, end);
	if (!after)
		return NULL;
	slice->key = between(p + 1, after - 1);
	p = skip_space(after, end);
	if (p == end || *p != ':')
		return NULL;
	return skip_space(p + 1, end);
}

bool agency_slice_next(struct agency_slice *slice)
{
	const char *start = slice->text.data;
	const char *end = start + slice->text.size;
	const char *p = skip_space(start + slice->at, end);
	const char *after;
	bool first = slice->at == 1;

	slice->broken = true;
	if (p == end)
		return false;
	if (*p == ']' || *p == '}') {
		slice->broken = p + 1 != end;
		return false;
	}
	if (!first) {
		if (*p != ',')
			return false;
		p = skip_space(p + 1, end);
	}
	if (*start == '{')
		p = take_key(slice, p, end);
	after = p ? skip_value(p, end) : NULL;
	if (!after)
		return false;
	slice->value = between(p, after);
	slice->at = (size_t)(after - start);
	slice->broken = false;
	return true;
}
