/* quotes.c: a phone number, a customer number or a date is none: so digits count
 * only behind a word that says what they are. */
#include "ticket/quotes.h"

#include <string.h>

#include "base/poison.h"

#define CUE_BYTES 40u /* before the digits */
#define CENTRE_MIN 6u /* digits of the centre's numbers */
#define CENTRE_MAX 10u
#define HASH_DIGITS 3u  /* of an app's, behind a # */
#define MIXED_DIGITS 4u /* in an app's with letters */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Of a word's bytes; all others end it. Each byte of a text is looked at. */
enum { LETTER = 1, DIGIT = 2, FIRST = 4 /* of a form's letters, below */ };
static const unsigned char of_word[256] = {
	['0' ... '9'] = DIGIT, ['A' ... 'H'] = LETTER, ['I' ... 'J'] = LETTER | FIRST,
	['K'] = LETTER, ['L'] = LETTER | FIRST, ['M' ... 'Z'] = LETTER,
	['a' ... 'h'] = LETTER, ['i' ... 'j'] = LETTER | FIRST,
	['k'] = LETTER, ['l'] = LETTER | FIRST, ['m' ... 'z'] = LETTER,
};

static unsigned char kind_of(char c)
{
	return of_word[(unsigned char)c];
}

static bool is_word(char c)
{
	return kind_of(c) != 0;
}

static size_t digits_at(const char *p)
{
	return strspn(p, "0123456789");
}

/* Digits and letters from p on. */
static size_t word_at(const char *p)
{
	size_t n = 0;
	while (is_word(p[n]))
		n++;
	return n;
}

static void keep(const char *prefix, const char *from, size_t size, bool of_app, bool names_one,
		 struct quote *out, size_t *count)
{
	struct quote q = { .of_app = of_app, .names_one = names_one };
	size_t n = strlen(prefix);
	if (n + size >= sizeof(q.name))
		return;
	memcpy(q.name, prefix, n);
	for (size_t i = 0; i < size; i++)
		q.name[n + i] = from[i] >= 'a' && from[i] <= 'z' ? (char)(from[i] - 32) : from[i];
	q.is_digits = digits_at(q.name) == n + size;
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

/* What names one report wherever it stands. */
static const struct form {
	const char *prefix, *letters;   /* as it begins; the same, small */
	size_t digits_min, digits_max;  /* 0: exactly `size` letters and digits instead */
	size_t size;
	bool dash, of_app;              /* dash: it must have one */
} forms[] = {
	{ "JB-", "jb", 0, 0, 6, true, false },
	{ "IN-", "in", 0, 0, 12, true, true },      /* what a form on the web was told */
	{ "LGWP", "lgwp", 6, 12, 0, false, true },  /* LaporGub */
	{ "JK", "jk", 8, 12, 0, false, true },      /* JAKI */
};

static bool fits(const struct form *f, const char *p, const char **out_from, size_t *out_size)
{
	size_t n = strlen(f->letters);
	for (size_t i = 0; i < n; i++)
		if (lower(p[i]) != f->letters[i])
			return false;
	size_t dash = dash_size(p + n);
	if (dash == 0 && f->dash)
		return false;
	*out_from = p + n + (dash == 0 && p[n] == ' ' ? 1 : dash);
	*out_size = word_at(*out_from);
	return f->size != 0 ? *out_size == f->size :
	       digits_at(*out_from) == *out_size && *out_size >= f->digits_min &&
	       *out_size <= f->digits_max;
}

/* Behind such a name at p; NULL: there is none. */
static const char *take_form(const char *p, struct quote *out, size_t *count)
{
	const char *from;
	size_t size;
	for (size_t i = 0; i < COUNT_OF(forms); i++)
		if (lower(*p) == *forms[i].letters &&
		    fits(&forms[i], p, &from, &size)) {
			keep(forms[i].prefix, from, size, forms[i].of_app, true, out, count);
			return from + size;
		}
	return NULL;
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
		before[i] = lower((at - n)[i]);
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

/* "ADU-2026-00123": letters and four digits or more, with dashes within. */
static size_t mixed_at(const char *p)
{
	size_t n = 0, digits = 0;
	bool letters = false;
	while (is_word(p[n]) || (n > 0 && p[n] == '-' && is_word(p[n + 1]))) {
		digits += is_digit(p[n]);
		letters |= p[n] != '-' && !is_digit(p[n]);
		n++;
	}
	return letters && digits >= MIXED_DIGITS ? n : 0;
}

/* A word at p of which something before it says that it is the number of a report. */
static void take_number(const char *text, const char *p, struct quote *out, size_t *count)
{
	size_t digits = digits_at(p), mixed;
	bool hash = p > text && p[-1] == '#';
	if (digits == word_at(p) && digits >= (hash ? HASH_DIGITS : CENTRE_MIN) && *p != '0' &&
	    !goes_on(text, p, p + digits) && has_cue(text, p))
		keep("", p, digits, digits < CENTRE_MIN || digits > CENTRE_MAX, false, out, count);
	else if ((p == text || p[-1] != '-') && (mixed = mixed_at(p)) != 0 && has_cue(text, p))
		keep("", p, mixed, true, false, out, count);
}

size_t quotes_find(const char *text, struct quote out[QUOTES_MAX])
{
	size_t count = 0;
	for (const char *p = text; p != NULL && *p != '\0' && count < QUOTES_MAX;) {
		if (!is_word(*p)) {
			p++;
			continue;
		}
		const char *behind = (kind_of(*p) & FIRST) != 0 ? take_form(p, out, &count) : NULL;
		if (behind == NULL) {
			unsigned seen = 0;
			for (behind = p; is_word(*behind); behind++)
				seen |= kind_of(*behind);
			/* Most words hold no digit, and none follows behind a dash. */
			if (*behind == '-' || (seen & DIGIT) != 0)
				take_number(text, p, out, &count);
		}
		p = behind;
	}
	return count;
}
