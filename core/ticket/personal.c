/* personal.c: see personal.h. Numbers may be written in groups ("3273 0141 ..."):
 * from each group on, the longest run of groups that means something counts. Signs
 * that take no room, wide digits and digits in words hide nothing. */
#include "ticket/personal.h"

#include <stdbool.h>
#include <string.h>

#include "base/phone.h"
#include "ticket/personal_signs.h"
#include "base/poison.h"

#define DIGITS_MIN 8u /* an account's; all others have more */
#define DIGITS_MAX 19u
#define GROUPS_MAX 3u   /* that are remembered */
#define BEFORE_MAX 48u  /* bytes in which the word is looked for that says what it is */
#define AFTER_MAX 20u
#define NIK_DIGITS 16u
#define MAIL_MAX 254u
#define ENDING_MAX 6u /* of a file, with its dot */

/* What may begin at a byte, so that all others are passed over; and what may stand
 * behind the blank or the bracket of a spoken "at". */
enum { BEGINS_NUMBER = 1, BEGINS_WORD = 2 /* of a digit */, BEGINS_AT = 4, LEADS_TO_AT = 8 };
static const unsigned char begins[256] = {
	['0' ... '9'] = BEGINS_NUMBER, ['+'] = BEGINS_NUMBER,
	['@'] = BEGINS_AT, [' '] = BEGINS_AT | LEADS_TO_AT, ['['] = BEGINS_AT | LEADS_TO_AT,
	['('] = BEGINS_AT | LEADS_TO_AT, ['{'] = BEGINS_AT | LEADS_TO_AT,
	['A'] = LEADS_TO_AT, ['a'] = LEADS_TO_AT,
	[0xef] = BEGINS_NUMBER | BEGINS_AT /* a wide one */,
	['D'] = BEGINS_WORD, ['E'] = BEGINS_WORD, ['K'] = BEGINS_WORD, ['L'] = BEGINS_WORD,
	['N'] = BEGINS_WORD, ['O'] = BEGINS_WORD, ['S'] = BEGINS_WORD, ['T'] = BEGINS_WORD,
	['d'] = BEGINS_WORD, ['e'] = BEGINS_WORD, ['k'] = BEGINS_WORD, ['l'] = BEGINS_WORD,
	['n'] = BEGINS_WORD, ['o'] = BEGINS_WORD, ['s'] = BEGINS_WORD, ['t'] = BEGINS_WORD,
};

/* The next byte from here on at which one of these may begin; or the end. */
static char *next_start(char *p, unsigned wanted)
{
	while (*p != '\0' && (begins[(unsigned char)*p] & wanted) == 0)
		p++;
	return p;
}

/* By their first letters; `begins` knows these. */
static const struct {
	char word[9], size, digit;
} digit_words[] = { { "dua", 3, '2' }, { "delapan", 7, '8' }, { "empat", 5, '4' },
		    { "enam", 4, '6' }, { "kosong", 6, '0' }, { "lima", 4, '5' },
		    { "nol", 3, '0' }, { "satu", 4, '1' }, { "sembilan", 8, '9' },
		    { "tiga", 4, '3' }, { "tujuh", 5, '7' } };

/* Bytes of a digit, which may be written as a word; 0: it is none. */
static size_t digit_size(const char *p, bool word_begins, char *out)
{
	if (is_digit(*p)) {
		*out = *p;
		return 1;
	}
	/* Fullwidth. */
	if ((unsigned char)p[0] == 0xef && (unsigned char)p[1] == 0xbc &&
	    (unsigned char)p[2] >= 0x90 && (unsigned char)p[2] <= 0x99) {
		*out = (char)('0' + ((unsigned char)p[2] - 0x90));
		return 3;
	}
	if (!word_begins || begins[(unsigned char)*p] != BEGINS_WORD)
		return 0;
	char first = lower(*p), second = lower(p[1]);
	/* "O812": a letter for the zero. */
	if (first == 'o' && p[1] == '8' && is_digit(p[2])) {
		*out = '0';
		return 1;
	}
	for (size_t i = 0; i < COUNT_OF(digit_words) && digit_words[i].word[0] <= first; i++)
		if (digit_words[i].word[0] == first && digit_words[i].word[1] == second &&
		    is_word(p, digit_words[i].word, (size_t)digit_words[i].size)) {
			*out = digit_words[i].digit;
			return (size_t)digit_words[i].size;
		}
	return 0;
}

/* ---- words beside a number ---------------------------------------------- */

/* One of the words in `line`, whole or with "nya", "ku", "mu". */
static bool holds(const char *line, size_t n, const char *const *words)
{
	static const char *const endings[] = { " ", "nya ", "ku ", "mu " };
	for (; *words != NULL; words++) {
		size_t size = strlen(*words);
		for (size_t i = 0; i + size + 1 < n; i++) {
			if (line[i] != ' ' || memcmp(line + i + 1, *words, size) != 0)
				continue;
			for (size_t e = 0; e < COUNT_OF(endings); e++)
				if (str_starts(line + i + 1 + size, endings[e]))
					return true;
		}
	}
	return false;
}

/* One of the words shortly before `at` and after any other number; passes_hidden: but
 * for what is hidden already. */
static bool said_before(const char *text, const char *at, bool passes_hidden,
			const char *const *words)
{
	char before[BEFORE_MAX + 3] = " ";
	const char *from = at;
	size_t n = 1;
	while (from > text && (size_t)(at - from) < BEFORE_MAX && !is_digit(from[-1]) &&
	       (from[-1] != '*' || passes_hidden))
		from--;
	for (; from < at; from++)
		before[n++] = is_letter(*from) ? lower(*from) : ' ';
	before[n++] = ' ';
	before[n] = '\0';
	return holds(before, n, words);
}

static bool follows(const char *text, const char *at, const char *const *words)
{
	return said_before(text, at, false, words);
}

/* One of the words is the first behind `end`. */
static bool precedes(const char *end, const char *const *words)
{
	char after[AFTER_MAX + 3] = " ";
	size_t n = 1;
	while (*end == ' ' || *end == '(' || *end == ',' || *end == '-' || *end == '/')
		end++;
	while (n <= AFTER_MAX && is_letter(*end))
		after[n++] = lower(*end++);
	after[n++] = ' ';
	after[n] = '\0';
	return holds(after, n, words);
}

/* ---- what a number is -------------------------------------------------- */

struct number {
	const char *text, *start, *end; /* of the whole text; of the number */
	char digits[DIGITS_MAX + 2];    /* with the "+" before them, and the NUL */
	size_t count;                   /* without it */
	bool has_plus;
	size_t groups, sizes[GROUPS_MAX];
	char marks[GROUPS_MAX]; /* behind each of these groups: '.', '-', '/', or a blank */
};

static const char *digits_of(const struct number *n)
{
	return n->digits + n->has_plus;
}

static int two_digits(const char *p)
{
	return (p[0] - '0') * 10 + (p[1] - '0');
}

/* Region, day (+40 for women), month, year, and a serial number that is not
 * 0000; or any 16 digits that are called so, or what one has mistyped. */
static bool is_identity(const struct number *n)
{
	static const char *const words[] = { "nik", "ktp", "kk", "e ktp", "ektp", "kependudukan",
					     "kartu keluarga", NULL };
	static const char *const tax[] = { "npwp", NULL };
	const char *d = digits_of(n);
	if (n->count < NIK_DIGITS - 1 || n->count > NIK_DIGITS + 1)
		return false;
	if (n->count != NIK_DIGITS)
		return (n->groups == 1 && follows(n->text, n->start, words)) ||
		       (n->count < NIK_DIGITS && follows(n->text, n->start, tax));
	int day = two_digits(d + 6), month = two_digits(d + 8);
	if (d[0] != '0' && day <= 71 && day % 40 >= 1 && day % 40 <= 31 && month >= 1 &&
	    month <= 12 && memcmp(d + 12, "0000", 4) != 0)
		return true;
	/* "NIK: ..., ..." */
	return said_before(n->text, n->start, true, words) || follows(n->text, n->start, tax);
}

/* Luhn's sum; or 16 digits that are called a bank card. */
static bool is_card(const struct number *n)
{
	static const char *const words[] = { "kks", "atm", "debit", "kredit", NULL };
	const char *d = digits_of(n);
	int sum = 0;
	if (n->count < 15 || d[0] < '2' || d[0] > '6' ||
	    (d[0] == '2' && (memcmp(d, "2221", 4) < 0 || memcmp(d, "2720", 4) > 0)))
		return false;
	for (size_t i = 0; i < n->count; i++) {
		int digit = d[n->count - 1 - i] - '0';
		if (i % 2 == 1)
			digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
		sum += digit;
	}
	return sum % 10 == 0 || (n->count == 16 && follows(n->text, n->start, words));
}

/* "05-01-2026 13", "08.00-16.00 2": a day, hours. */
static bool is_time(const struct number *n)
{
	const char *year = digits_of(n) + n->sizes[0] + n->sizes[1];
	if (n->groups < 3 || n->sizes[0] > 2 || n->sizes[1] > 2)
		return false;
	return (n->sizes[2] == 4 && (memcmp(year, "19", 2) == 0 || memcmp(year, "20", 2) == 0)) ||
	       (n->sizes[0] == 2 && n->sizes[1] == 2 && n->marks[0] == '.' && n->marks[1] == '-');
}

static bool is_phone(const struct number *n)
{
	static const char *const words[] = { "hp", "wa", "telp", "tlp", "telepon", "telpon", "hub",
					     "hubungi", "kontak", "whatsapp", "sms", NULL };
	const char *d = digits_of(n);
	char phone[PHONE_SIZE];
	bool is_said = d[0] == '8' && follows(n->text, n->start, words);
	if (n->count < 9 || is_time(n) ||
	    (!n->has_plus && d[0] != '0' && memcmp(d, "62", 2) != 0 && !is_said))
		return false;
	return phone_normalize(n->digits, phone);
}

static bool is_account(const struct number *n)
{
	static const char *const words[] = { "rek", "rekening", "norek", "norekening", "bank", "bca",
					     "bri", "bni", "bsi", "btn", "mandiri", "bpd", "cimb", "bjb",
					     "btpn", "jenius", "danamon", "permata", "maybank", "ocbc",
					     "panin", "bukopin", "muamalat", "seabank", "virtual account",
					     "va", NULL };
	static const char *const behind[] = { "bca", "bri", "bni", "bsi", "btn", "mandiri", "bank",
					      "bpd", "bjb", "an", "a", "atas", NULL };
	bool is_end = n->start > n->text + 1 && is_digit(n->start[-2]); /* of a longer one */
	bool is_followed = !is_end && n->count >= 10 && n->count <= 16 && precedes(n->end, behind);
	return n->count >= 8 && n->count <= 18 && (is_followed || follows(n->text, n->start, words));
}

static bool is_personal(const struct number *n, unsigned kinds)
{
	return ((kinds & PERSONAL_IDENTITY) != 0 && is_identity(n)) ||
	       ((kinds & PERSONAL_CARD) != 0 && is_card(n)) ||
	       ((kinds & PERSONAL_PHONE) != 0 && is_phone(n)) ||
	       ((kinds & PERSONAL_ACCOUNT) != 0 && is_account(n));
}

/* ---- finding ----------------------------------------------------------- */

/* Between two groups: blanks, a mark, a blank, or a bracket round the area code. */
static const char *skip_gap(const char *p, char *out_mark)
{
	size_t n;
	p += *p == ')' ? 1 : 0;
	for (unsigned i = 0; i < 2 && (n = blank_size(p)) > 0; i++)
		p += n;
	*out_mark = ' ';
	n = mark_size(p);
	if (n > 0)
		*out_mark = n > 1 ? '-' : *p;
	p += n;
	return *out_mark == '.' ? p : p + blank_size(p); /* "1. 22 2. 33" is a list */
}

/* A run of digits; moves on. In words each is one. */
static void take_group(struct number *n, const char **p)
{
	size_t size, before = n->count;
	bool word_begins = true;
	char digit;
	while ((size = digit_size(*p, word_begins, &digit)) > 0) {
		if (n->count < DIGITS_MAX)
			n->digits[n->has_plus + n->count] = digit;
		n->count++;
		word_begins = false;
		*p += size;
		n->end = *p;
		while ((size = nothing_size(*p)) > 0)
			*p += size;
	}
	if (n->groups < GROUPS_MAX)
		n->sizes[n->groups] = n->count - before;
	n->groups++;
}

/* The end of the longest number from here on that is somebody's; NULL: none. */
static const char *number_end(const char *text, const char *start, unsigned kinds)
{
	struct number n = { .text = text, .start = start, .has_plus = *start == '+' };
	const char *p = start + n.has_plus, *found = NULL;
	n.digits[0] = '+';
	for (;;) {
		size_t before = n.count;
		char mark;
		take_group(&n, &p);
		if (n.count == before || n.count > DIGITS_MAX)
			return found;
		n.digits[n.has_plus + n.count] = '\0';
		if (is_personal(&n, kinds))
			found = n.end;
		p = skip_gap(p, &mark);
		if (n.groups <= GROUPS_MAX)
			n.marks[n.groups - 1] = mark;
	}
}

static void hide_number(char *from, const char *end)
{
	for (bool word_begins = true; from < end;) {
		char digit;
		size_t size = digit_size(from, word_begins, &digit);
		word_begins = size == 0;
		memset(from, '*', size);
		from += size > 0 ? size : 1;
	}
}

/* By two letters of a word here: may it be a digit? */
static bool may_be_digit(const char *p)
{
	char first = lower(p[0]), second = lower(p[1]);
	if (begins[(unsigned char)*p] != BEGINS_WORD)
		return false;
	for (size_t i = 0; i < COUNT_OF(digit_words) && digit_words[i].word[0] <= first; i++)
		if (digit_words[i].word[0] == first && digit_words[i].word[1] == second)
			return true;
	return first == 'o' && second == '8';
}

/* What a byte is to a row of digits; 0 ends it. */
enum { ROW_LETTER = 1, ROW_DIGIT = 2, ROW_BETWEEN = 3 };
static const unsigned char in_row[256] = {
	['A' ... 'Z'] = ROW_LETTER, ['a' ... 'z'] = ROW_LETTER, ['0' ... '9'] = ROW_DIGIT,
	[' '] = ROW_BETWEEN, ['\t'] = ROW_BETWEEN, ['.'] = ROW_BETWEEN, ['-'] = ROW_BETWEEN,
	['/'] = ROW_BETWEEN, ['_'] = ROW_BETWEEN, [')'] = ROW_BETWEEN,
	[0x80 ... 0xee] = ROW_BETWEEN, [0xef] = ROW_DIGIT, [0xf0 ... 0xff] = ROW_BETWEEN,
};

/* A quick look that most texts end with: are there as many digits in a row, but for
 * what may stand between them, as a number needs? */
static bool may_hold_number(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t row = 0;
	while (row < DIGITS_MIN) {
		unsigned what = in_row[*p];
		if (what == ROW_LETTER) {
			row = may_be_digit((const char *)p) ? row + 1 : 0;
			do
				p++;
			while (in_row[*p] == ROW_LETTER);
			continue;
		}
		if (*p == '\0')
			return false;
		row = what == ROW_DIGIT ? row + 1 : what == ROW_BETWEEN ? row : 0;
		p++;
	}
	return true;
}

/* All numbers of these kinds. */
static size_t mask_numbers(char *text, unsigned kinds)
{
	size_t count = 0, size;
	char digit;
	if (!may_hold_number(text))
		return 0;
	for (char *p = text; *(p = next_start(p, BEGINS_NUMBER | BEGINS_WORD)) != '\0';) {
		bool word_begins = p == text || (!is_letter(p[-1]) && !is_digit(p[-1]));
		bool is_start = (word_begins || begins[(unsigned char)*p] != BEGINS_WORD) &&
				digit_size(p + (*p == '+'), word_begins && *p != '+', &digit) > 0;
		const char *end = is_start ? number_end(text, p, kinds) : NULL;
		if (end != NULL) {
			hide_number(p, end);
			count++;
			p += end - p;
			continue;
		}
		p += *p == '+' || !is_start;
		/* Never a part of a longer number. */
		while (is_start && ((size = digit_size(p, word_begins, &digit)) > 0 ||
				    (size = nothing_size(p)) > 0)) {
			p += size;
			word_begins = false;
		}
	}
	return count;
}

/* ---- mail addresses ----------------------------------------------------- */

/* The sign before `p` is of an address: where it begins; else p. */
static char *mail_sign_before(const char *text, char *p)
{
	char *from = p;
	if (p == text)
		return p;
	do
		from--;
	while (from > text && ((unsigned char)*from & 0xc0) == 0x80);
	bool is_one = gap_size(from) == 0 || nothing_size(from) > 0 ||
		      strchr("._%+-", *from) != NULL;
	return is_one ? from : p;
}

/* "[at]", "(dot)": a word in brackets. 0: it is not there. */
static size_t bracketed_size(const char *p, const char *word)
{
	if (*p != '[' && *p != '(' && *p != '{')
		return 0;
	size_t size = strlen(word), n = 1;
	n += p[n] == ' ';
	if (!is_word(p + n, word, size))
		return 0;
	n += size;
	n += p[n] == ' ';
	return p[n] == ']' || p[n] == ')' || p[n] == '}' ? n + 1 : 0;
}

/* A word between blanks. */
static size_t apart_size(const char *p, const char *word)
{
	if (p[0] != ' ' || lower(p[1]) != word[0])
		return 0;
	size_t size = strlen(word);
	return is_word(p + 1, word, size) && p[1 + size] == ' ' ? size + 2 : 0;
}

/* Either of them; blanks beside the brackets belong to them. */
static size_t spoken_size(const char *p, const char *word)
{
	size_t size = bracketed_size(p + (*p == ' '), word);
	if (size == 0)
		return apart_size(p, word);
	size += *p == ' ';
	return size + (p[size] == ' ');
}

/* What stands for "@"; is_plain: it is one. */
static size_t at_size(const char *p, bool *is_plain)
{
	*is_plain = *p == '@' || ((unsigned char)*p == 0xef && str_starts(p, "\xef\xbc\xa0"));
	if (*is_plain)
		return *p == '@' ? 1 : 3;
	return spoken_size(p, "at");
}

static size_t dot_size(const char *p)
{
	if (*p == '.')
		return 1;
	size_t size = spoken_size(p, "dot");
	return size > 0 ? size : spoken_size(p, "titik");
}

/* The end of a domain of two labels or more; NULL: it is none. */
static char *domain_end(char *p)
{
	char *end = NULL;
	for (size_t labels = 0;; labels++) {
		char *from = p;
		while (is_letter(*p) || is_digit(*p) || *p == '-' || nothing_size(p) > 0)
			p += nothing_size(p) > 0 ? nothing_size(p) : 1;
		if (p == from)
			return end;
		if (labels > 0)
			end = p;
		size_t dot = dot_size(p);
		if (dot == 0)
			return end;
		p += dot;
	}
}

/* at: what stands for the "@". The address's end; its start in *start. NULL: none. */
static char *mail_end(char *text, char *at, size_t size, char **start)
{
	char *before = at, *end = domain_end(at + size);
	do {
		*start = before;
		before = mail_sign_before(text, before);
	} while (before < *start && (size_t)(at - before) < MAIL_MAX);
	return *start < at ? end : NULL;
}

static void hide_mail(char *from, const char *end)
{
	for (; from < end; from++)
		if (is_digit(*from) || is_letter(*from) || (unsigned char)*from >= 0x80)
			*from = '*';
}

/* "at" between words is one only where ".com" or the like follows. */
static bool is_mail_domain(const char *from, const char *end)
{
	static const char *const last[] = { "com", "id", "net", "org" };
	for (size_t i = 0; i < COUNT_OF(last); i++) {
		size_t size = strlen(last[i]);
		if ((size_t)(end - from) > size && is_word(end - size, last[i], size) &&
		    !is_letter(end[-(ptrdiff_t)size - 1]))
			return true;
	}
	return false;
}

static size_t mask_mails(char *text)
{
	size_t count = 0;
	for (char *p = text; *(p = next_start(p, BEGINS_AT)) != '\0';) {
		bool is_plain;
		char *start = p, *end = NULL;
		/* Most blanks. */
		if ((begins[(unsigned char)*p] & LEADS_TO_AT) != 0 &&
		    (begins[(unsigned char)p[1]] & LEADS_TO_AT) == 0) {
			p++;
			continue;
		}
		size_t size = at_size(p, &is_plain);
		if (size > 0)
			end = mail_end(text, p, size, &start);
		if (end == NULL || (!is_plain && !is_mail_domain(p + size, end))) {
			p++;
			continue;
		}
		hide_mail(start, end);
		count++;
		p = end;
	}
	return count;
}

size_t personal_mask(char *text, unsigned kinds)
{
	/* A mail address may hold what looks like a telephone. */
	size_t count = (kinds & PERSONAL_MAIL) != 0 ? mask_mails(text) : 0;
	return count + mask_numbers(text, kinds);
}

/* ---- names ------------------------------------------------------------- */

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
