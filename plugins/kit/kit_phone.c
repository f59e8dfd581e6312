/* kit_phone.c: Indonesian phone numbers to E.164. Pure. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#include "base/poison.h"

/* E.164: at most 15 digits; fewer than 8 with the country is a short code. */
#define DIGITS_MAX 15u
#define DIGITS_MIN 8u

/* Digits only, and whether + stood before them. False when anything else than
 * what people put between digits is there. */
static bool collect(const char *text, char digits[DIGITS_MAX + 4], bool *out_plus)
{
	size_t n = 0;
	bool plus = false;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p >= '0' && *p <= '9') {
			if (n >= DIGITS_MAX + 3)
				return false;
			digits[n++] = (char)*p;
		} else if (*p == '+') {
			if (plus || n > 0)
				return false;
			plus = true;
		} else if (p[0] == 0xc2 && p[1] == 0xa0) { /* NBSP */
			p++;
		} else if (p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x90 &&
			   p[2] <= 0x95) { /* dashes */
			p += 2;
		} else if (!strchr(" \t.-()/", *p)) {
			return false;
		}
	}
	digits[n] = '\0';
	*out_plus = plus;
	return n > 0;
}

/* What stands behind 62: no second 0, 8 to 12 digits for mobiles, fixed lines
 * from 7 on. */
static bool is_national(const char *s)
{
	size_t n = strlen(s);
	if (s[0] == '\0' || s[0] == '0')
		return false;
	return s[0] == '8' ? n >= 8 && n <= 12 : n >= 7 && n <= 11;
}

/* What follows the country's 62, in whichever way it is written; NULL: this is
 * no number of ours. */
static const char *national_part(const char *s, bool plus)
{
	if (str_starts(s, "62") && (plus || str_starts(s, "628") || strlen(s) > 9))
		return s[2] == '0' ? s + 3 : s + 2; /* "+62 (0)812" */
	if (plus)
		return NULL;
	if (s[0] == '0')
		return s + 1;
	/* "812 3456 789": a spreadsheet ate the 0. */
	return s[0] == '8' ? s : NULL;
}

static bool is_foreign(const char *s, bool plus)
{
	size_t n = strlen(s);
	return plus && n >= DIGITS_MIN && n <= DIGITS_MAX && s[0] != '0';
}

bool kit_phone_e164(const char *text, char out[20])
{
	char digits[DIGITS_MAX + 4];
	bool plus;
	if (!text || !collect(text, digits, &plus))
		return false;
	const char *s = digits;
	if (!plus && str_starts(s, "00")) {
		s += 2;
		plus = true;
	}
	const char *national = national_part(s, plus);
	if (national ? !is_national(national) : !is_foreign(s, plus))
		return false;
	snprintf(out, 20, "%s%.15s", national ? "+62" : "+", national ? national : s);
	return true;
}
