/* personal_signs.h: internal to personal.c. What its bytes are: letters and digits,
 * blanks and marks in UTF-8. None reads behind the NUL. */
#ifndef TICKET_PERSONAL_SIGNS_H
#define TICKET_PERSONAL_SIGNS_H

#include <stdbool.h>
#include <stddef.h>

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The word here, in capitals or not, and no longer one. */
static inline bool is_word(const char *p, const char *word, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (lower(p[i]) != word[i])
			return false;
	return !is_letter(p[size]) && !is_digit(p[size]);
}

/* Of what takes no room: U+200B to U+200F, U+2060, U+FEFF, a soft hyphen, and what
 * makes a keycap of a digit. 0: it is none. */
static inline size_t nothing_size(const char *p)
{
	unsigned char a = (unsigned char)p[0], b = a != 0 ? (unsigned char)p[1] : 0;
	unsigned char c = b != 0 ? (unsigned char)p[2] : 0;
	if (a == 0xc2)
		return b == 0xad ? 2 : 0;
	bool is_one = (a == 0xe2 && ((b == 0x80 && c >= 0x8b && c <= 0x8f) || (b == 0x81 && c == 0xa0) ||
				     (b == 0x83 && c == 0xa3))) ||
		      (a == 0xef && b == 0xbb && c == 0xbf) || (a == 0xef && b == 0xb8 && c == 0x8f);
	return is_one ? 3 : 0;
}

static inline size_t blank_size(const char *p)
{
	unsigned char a = (unsigned char)p[0], b = a != 0 ? (unsigned char)p[1] : 0;
	unsigned char c = b != 0 ? (unsigned char)p[2] : 0;
	if (a == ' ' || a == '\t')
		return 1;
	if (a == 0xc2)
		return b == 0xa0 ? 2 : 0;
	return a == 0xe2 && b == 0x80 && ((c >= 0x80 && c <= 0x8a) || c == 0xaf) ? 3 : 0;
}

/* What is written between groups: dots, dashes of all kinds, strokes. */
static inline size_t mark_size(const char *p)
{
	unsigned char a = (unsigned char)p[0], b = a != 0 ? (unsigned char)p[1] : 0;
	unsigned char c = b != 0 ? (unsigned char)p[2] : 0;
	if (a < 0x80)
		return a == '.' || a == '-' || a == '/' || a == '_';
	if (a == 0xc2)
		return b == 0xb7 ? 2 : 0;
	return a == 0xe2 && ((b == 0x80 && c >= 0x90 && c <= 0x95) || (b == 0x88 && c == 0x92)) ? 3 : 0;
}

/* What stands between words at this place, in bytes: 0: nothing. Other than ASCII
 * these are blanks, quotes, dashes and the ellipsis: U+0080 to U+00BF, U+2000 to U+207F. */
static inline size_t gap_size(const char *at)
{
	unsigned char c = (unsigned char)at[0], next = c != 0 ? (unsigned char)at[1] : 0;
	if (c < 0x80)
		return is_letter(at[0]) || is_digit(at[0]) ? 0 : 1;
	if (c == 0xc2 && next != 0)
		return 2;
	return c == 0xe2 && (next == 0x80 || next == 0x81) && at[2] != '\0' ? 3 : 0;
}

#endif
