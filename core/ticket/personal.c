/* personal.c: see personal.h. Numbers may be written in groups ("3273 0141 ..."):
 * from each group on, the longest run of groups that means something counts. */
#include "ticket/personal.h"

#include <stdbool.h>
#include <string.h>

#include "base/phone.h"
#include "base/poison.h"

#define DIGITS_MAX 19u
#define RUN_MAX 40u     /* bytes of a number with what separates its groups */
#define BEFORE_MAX 32u  /* bytes in which the word is looked for that says what it is */
#define NIK_DIGITS 16u
#define MAIL_MAX 254u
#define ENDING_MAX 6u /* of a file, with its dot */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* One of the words, whole, shortly before `at` and after any other number. */
static bool follows(const char *text, const char *at, const char *const *words)
{
	char before[BEFORE_MAX + 2] = " ";
	const char *from = at;
	size_t n = 1;
	while (from > text && (size_t)(at - from) < BEFORE_MAX && !is_digit(from[-1]))
		from--;
	for (; from < at; from++)
		before[n++] = is_letter(*from) ? lower(*from) : ' ';
	for (; *words != NULL; words++) {
		size_t size = strlen(*words);
		for (size_t i = 0; i + size < n; i++)
			if (before[i] == ' ' && memcmp(before + i + 1, *words, size) == 0 &&
			    (i + 1 + size == n || before[i + 1 + size] == ' '))
				return true;
	}
	return false;
}

/* ---- what a number is -------------------------------------------------- */

struct number {
	const char *text, *start, *end; /* of the whole text; of the number */
	char digits[DIGITS_MAX];
	size_t count;
};

static int two_digits(const char *p)
{
	return (p[0] - '0') * 10 + (p[1] - '0');
}

/* Region, day (+40 for women), month, year, and a serial number that is not
 * 0000; or any 16 digits that are called so. */
static bool is_identity(const struct number *n)
{
	static const char *const words[] = { "nik", "ktp", "kk", "e ktp", "ektp", NULL };
	if (n->count != NIK_DIGITS)
		return false;
	int day = two_digits(n->digits + 6), month = two_digits(n->digits + 8);
	if (n->digits[0] != '0' && day <= 71 && day % 40 >= 1 && day % 40 <= 31 && month >= 1 &&
	    month <= 12 && memcmp(n->digits + 12, "0000", 4) != 0)
		return true;
	return follows(n->text, n->start, words);
}

/* Luhn's sum. */
static bool is_card(const struct number *n)
{
	int sum = 0;
	if (n->count < 15 || n->digits[0] < '3' || n->digits[0] > '6')
		return false;
	for (size_t i = 0; i < n->count; i++) {
		int d = n->digits[n->count - 1 - i] - '0';
		if (i % 2 == 1)
			d = d > 4 ? 2 * d - 9 : 2 * d;
		sum += d;
	}
	return sum % 10 == 0;
}

static bool is_phone(const struct number *n)
{
	char as_written[RUN_MAX + 1] = "", phone[PHONE_SIZE];
	size_t size = (size_t)(n->end - n->start);
	if (n->count < 9 || size > RUN_MAX ||
	    (*n->start != '+' && *n->start != '0' && memcmp(n->digits, "62", 2) != 0))
		return false;
	memcpy(as_written, n->start, size);
	return phone_normalize(as_written, phone);
}

static bool is_account(const struct number *n)
{
	static const char *const words[] = { "rek", "rekening", "norek", "bank", "bca", "bri", "bni",
					     "bsi", "btn", "mandiri", "bpd", "cimb", "bjb", NULL };
	return n->count >= 8 && n->count <= 16 && follows(n->text, n->start, words);
}

static bool is_personal(const struct number *n, unsigned kinds)
{
	return ((kinds & PERSONAL_IDENTITY) != 0 && is_identity(n)) ||
	       ((kinds & PERSONAL_CARD) != 0 && is_card(n)) ||
	       ((kinds & PERSONAL_PHONE) != 0 && is_phone(n)) ||
	       ((kinds & PERSONAL_ACCOUNT) != 0 && is_account(n));
}

/* ---- finding ----------------------------------------------------------- */

/* The end of the longest number from here on that is somebody's; NULL: none. */
static char *number_end(const char *text, char *start, unsigned kinds)
{
	struct number n = { .text = text, .start = start };
	char *p = *start == '+' ? start + 1 : start, *found = NULL;
	while (is_digit(*p)) {
		for (; is_digit(*p); p++) {
			if (n.count == DIGITS_MAX)
				return found;
			n.digits[n.count++] = *p;
		}
		n.end = p;
		if (is_personal(&n, kinds))
			found = p;
		/* One sign between groups, or a bracket round the area code. */
		p += *p == ')' ? 1 : 0;
		if (*p != '\0' && strchr(" .-/", *p) != NULL)
			p++;
	}
	return found;
}

static bool is_mail_sign(char c)
{
	return is_letter(c) || is_digit(c) || (c != '\0' && strchr("._%+-", c) != NULL);
}

/* at: the "@". The address's end; its start in *start. NULL: it is none. */
static char *mail_end(char *text, char *at, char **start)
{
	char *end = at + 1, *from = at;
	bool has_dot = false;
	while (from > text && is_mail_sign(from[-1]) && (size_t)(at - from) < MAIL_MAX)
		from--;
	for (; is_letter(*end) || is_digit(*end) || *end == '-' || *end == '.'; end++)
		has_dot |= *end == '.' && (is_letter(end[1]) || is_digit(end[1]));
	*start = from;
	return from < at && has_dot ? end : NULL;
}

static void hide(char *from, const char *end, bool letters)
{
	for (; from < end; from++)
		if (is_digit(*from) || (letters && is_letter(*from)))
			*from = '*';
}

size_t personal_mask(char *text, unsigned kinds)
{
	size_t count = 0;
	/* A mail address may hold what looks like a telephone. */
	for (char *p = strchr(text, '@'); p != NULL && (kinds & PERSONAL_MAIL) != 0;
	     p = strchr(p + 1, '@')) {
		char *start, *end = mail_end(text, p, &start);
		if (end == NULL)
			continue;
		hide(start, end, true);
		count++;
	}
	for (char *p = text; *p != '\0';) {
		bool begins = is_digit(*p) || (*p == '+' && is_digit(p[1]));
		char *end = begins ? number_end(text, p, kinds) : NULL;
		if (end != NULL) {
			hide(p, end, false);
			count++;
			p = end;
			continue;
		}
		p++;
		while (begins && is_digit(*p)) /* never a part of a longer number */
			p++;
	}
	return count;
}

/* ---- names ------------------------------------------------------------- */

/* What stands between words at this place, in bytes: 0: nothing. Other than ASCII
 * these are blanks, quotes, dashes and the ellipsis: U+0080 to U+00BF, U+2000 to U+207F. */
static size_t gap_size(const char *at)
{
	unsigned char c = (unsigned char)at[0], next = c != 0 ? (unsigned char)at[1] : 0;
	if (c < 0x80)
		return is_letter(at[0]) || is_digit(at[0]) ? 0 : 1;
	if (c == 0xc2 && next != 0)
		return 2;
	return c == 0xe2 && (next == 0x80 || next == 0x81) && at[2] != '\0' ? 3 : 0;
}

static size_t word_size(const char *at)
{
	size_t size = 0;
	while (at[size] != '\0' && gap_size(at + size) == 0)
		size++;
	return size;
}

static bool has_word(const char *name, const char *word, size_t size)
{
	for (size_t n; *name != '\0'; name += n > 0 ? n : gap_size(name)) {
		size_t same = 0;
		n = word_size(name);
		while (n == size && same < n && lower(name[same]) == lower(word[same]))
			same++;
		if (same == size)
			return true;
	}
	return false;
}

void personal_mask_name(char *text, const char *name)
{
	while (name != NULL && *text != '\0') {
		size_t n = word_size(text);
		if (n > 1 && has_word(name, text, n))
			memset(text, '*', n);
		text += n > 0 ? n : gap_size(text);
	}
}

void personal_mask_file(char *name)
{
	char *dot = strrchr(name, '.');
	bool is_ending = dot != NULL && strlen(dot) <= ENDING_MAX;
	/* "budi@contoh.id.jpg" must not lose its ending. */
	if (is_ending)
		*dot = '\0';
	(void)personal_mask(name, PERSONAL_ALL);
	for (char *p = name; *p != '\0'; p++)
		if (*p == '*')
			*p = 'x';
	if (is_ending)
		*dot = '.';
}
