/* phone.c: phone numbers as Indonesians write them. Rules of the numbering
 * plan, not a list of operators: those change every year. */
#include "base/phone.h"

#include <stdio.h>
#include <string.h>

#include "base/poison.h"

#define DIGITS_MAX 15u /* E.164 */

struct number {
	char digits[DIGITS_MAX + 3]; /* room for 00 before, and the NUL */
	size_t count;
	bool has_plus;
};

/* The digits and a leading plus; false when anything but separators is there. */
static bool take_digits(const char *p, struct number *n)
{
	if (strncmp(p, "tel:", 4) == 0)
		p += 4;
	for (; *p != '\0'; p++) {
		if (*p >= '0' && *p <= '9') {
			if (n->count == sizeof(n->digits) - 1)
				return false;
			n->digits[n->count++] = *p;
		} else if (*p == '+') {
			if (n->count > 0 || n->has_plus)
				return false;
			n->has_plus = true;
		} else if (strncmp(p, "\xc2\xa0", 2) == 0) { /* NBSP */
			p++;
		} else if (strncmp(p, "\xe2\x80", 2) == 0 && (unsigned char)p[2] >= 0x90 &&
			   (unsigned char)p[2] <= 0x95) { /* dashes */
			p += 2;
		} else if (strchr(" .-()/\t", *p) == NULL) {
			return false;
		}
	}
	return n->count > 0;
}

/* What follows 62: an area code or 8 for mobiles, never 0 or 1. Fixed lines have
 * 7 to 11 digits, mobiles 8 to 12. */
static bool put_indonesian(const char *significant, char out[PHONE_SIZE])
{
	size_t count = strlen(significant), more = significant[0] == '8';

	if (count < 7 + more || count > 11 + more || significant[0] < '2')
		return false;
	snprintf(out, PHONE_SIZE, "+62%s", significant);
	return true;
}

static bool put_international(const char *digits, char out[PHONE_SIZE])
{
	size_t count = strlen(digits);

	if (strncmp(digits, "62", 2) == 0)
		return put_indonesian(digits + (digits[2] == '0' ? 3 : 2), out); /* +62 (0)812 */
	if (count < 8 || count > DIGITS_MAX || digits[0] == '0')
		return false;
	snprintf(out, PHONE_SIZE, "+%s", digits);
	return true;
}

/* 110, 1708, 14045, and the 1500xxx of call centres. */
static bool is_short_code(const struct number *n)
{
	return n->digits[0] == '1' && ((n->count >= 3 && n->count <= 5) ||
				       (n->count == 7 && strncmp(n->digits, "1500", 4) == 0));
}

bool phone_normalize(const char *text, char out[PHONE_SIZE])
{
	struct number n = { .count = 0 };

	if (!take_digits(text, &n))
		return false;
	n.digits[n.count] = '\0';
	if (n.has_plus)
		return put_international(n.digits, out);
	if (is_short_code(&n)) {
		snprintf(out, PHONE_SIZE, "%s", n.digits);
		return true;
	}
	if (strncmp(n.digits, "00", 2) == 0)
		return put_international(n.digits + 2, out);
	if (n.digits[0] == '0')
		return put_indonesian(n.digits + 1, out);
	if (strncmp(n.digits, "62", 2) == 0)
		return put_international(n.digits, out);
	/* A spreadsheet has eaten the zero: no local number is that long. */
	if (n.digits[0] == '8' && n.count >= 9)
		return put_indonesian(n.digits, out);
	return false;
}
