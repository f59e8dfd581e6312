/* quotes.c: a phone number, a customer number or a date is none: so digits count
 * only behind a word that says what they are. */
#include "ticket/quotes.h"

#include <string.h>

#include "base/poison.h"

#define CUE_BYTES 40u /* before the digits */
#define REFERENCE_SIZE 6u

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_word(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

static void keep(const char *prefix, const char *from, size_t size, struct quote *out, size_t *count)
{
	struct quote q = { "" };
	size_t n = strlen(prefix);
	memcpy(q.name, prefix, n);
	for (size_t i = 0; i < size; i++)
		q.name[n + i] = from[i] >= 'a' && from[i] <= 'z' ? (char)(from[i] - 32) : from[i];
	for (size_t i = 0; i < *count; i++)
		if (strcmp(out[i].name, q.name) == 0)
			return;
	out[(*count)++] = q;
}

/* A dash, as it was typed or as a keyboard corrects it (U+2010 to U+2015). */
static size_t dash_size(const char *p)
{
	if (*p == '-')
		return 1;
	return (unsigned char)p[0] == 0xe2 && (unsigned char)p[1] == 0x80 &&
	       (unsigned char)p[2] >= 0x90 && (unsigned char)p[2] <= 0x95 ? 3 : 0;
}

/* "jb-" and six characters at p: the six; NULL: it is none. */
static const char *reference_at(const char *p)
{
	if (lower(p[0]) != 'j' || lower(p[1]) != 'b' || dash_size(p + 2) == 0)
		return NULL;
	const char *six = p + 2 + dash_size(p + 2);
	size_t n = 0;
	while (n <= REFERENCE_SIZE && is_word(six[n]))
		n++;
	return n == REFERENCE_SIZE ? six : NULL;
}

static bool has_cue(const char *text, const char *at)
{
	static const char *const cues[] = { "lapor", "aduan", "tracking", "tiket", "ticket", "report",
					    "disposisi", "sp4n", "registrasi" };
	char before[CUE_BYTES + 1];
	size_t n = (size_t)(at - text) < CUE_BYTES ? (size_t)(at - text) : CUE_BYTES;
	if (n > 0 && at[-1] == '#')
		return true;
	for (size_t i = 0; i < n; i++)
		before[i] = lower(at[i - n]);
	before[n] = '\0';
	for (size_t i = 0; i < COUNT_OF(cues); i++)
		if (strstr(before, cues[i]) != NULL)
			return true;
	return false;
}

/* Part of a longer number: "022-2501234", "+62...", "1.250.000". */
static bool goes_on(const char *text, const char *from, const char *end)
{
	bool before = from > text && (from[-1] == '+' ||
		(from > text + 1 && strchr("-.,/", from[-1]) != NULL && is_digit(from[-2])));
	bool after = *end != '\0' && strchr("-.,/", *end) != NULL && is_digit(end[1]);
	return before || after;
}

size_t quotes_find(const char *text, struct quote out[QUOTES_MAX])
{
	size_t count = 0;
	for (const char *p = text; p != NULL && *p != '\0' && count < QUOTES_MAX;) {
		size_t n = 0;
		if (!is_word(*p)) {
			p++;
			continue;
		}
		const char *reference = reference_at(p);
		if (reference != NULL) {
			keep("JB-", reference, REFERENCE_SIZE, out, &count);
			p = reference + REFERENCE_SIZE;
			continue;
		}
		size_t digits = strspn(p, "0123456789");
		for (n = digits; is_word(p[n]); n++)
			;
		if (n == digits && digits >= 6 && digits <= 10 && *p != '0' && !goes_on(text, p, p + n) &&
		    has_cue(text, p))
			keep("", p, digits, out, &count);
		p += n;
	}
	return count;
}
