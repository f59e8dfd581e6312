/* tokens.c: one pass over the case-folded text. What is markup, address, quote
 * or header is stepped over; what is left are words and numbers. */
#include "ticket/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

#include "base/text.h"
#include "ticket/entities.h"
#include "ticket/tokens_memo.h"
#include "base/poison.h"

#define LINE_LOOK 60u   /* a header or greeting is a short line */
#define TAG_MAX 300u
#define CHUNK_MAX 120u

struct scan {
	const struct lexicon *lexicon;
	struct tokens *out;
	const char *start, *p, *end;
	size_t limit;   /* of out->count */
	uint8_t flags;  /* for every token: TOKEN_LOCATION */
	uint8_t next;   /* for the next token */
	bool in_signature; /* only phones are taken from here on */
	bool in_place;     /* after "lokasi" or a pin, up to the line's end */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_ascii_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

static char at(const struct scan *s, ptrdiff_t offset)
{
	const char *q = s->p + offset;
	return q >= s->start && q < s->end ? *q : '\0';
}

/* The text ends with a NUL, which is no part of any word. */
static inline bool starts(const struct scan *s, const char *word)
{
	return *s->p == *word && strncmp(s->p, word, strlen(word)) == 0;
}

static size_t other_letter_size(const struct scan *s, const char *p)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)p, s->end - p, &c);
	if (n <= 0)
		return 0;
	utf8proc_category_t category = utf8proc_category(c);
	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO ? (size_t)n : 0;
}

/* Bytes of the letter at p, 0 when it is none. */
static inline size_t letter_size(const struct scan *s, const char *p)
{
	if (p >= s->end)
		return 0;
	return (unsigned char)*p < 0x80 ? is_ascii_letter(*p) : other_letter_size(s, p);
}

static size_t line_size(const struct scan *s)
{
	const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
	return (size_t)((nl != NULL ? nl : s->end) - s->p);
}

static void skip_line(struct scan *s)
{
	s->p += line_size(s);
	s->next |= TOKEN_BREAK;
}

static struct token *push(struct scan *s)
{
	if (s->in_signature || s->out->count >= s->limit)
		return NULL;
	struct token *t = &s->out->items[s->out->count++];
	memset(t, 0, sizeof(*t));
	t->flags = s->flags | s->next;
	if (s->in_place)
		t->flags |= TOKEN_LOCATION;
	s->next = 0;
	return t;
}

static void push_number(struct scan *s, const char *digits, size_t size)
{
	while (size > 1 && *digits == '0') {
		digits++;
		size--;
	}
	struct token *t = push(s);
	if (t == NULL)
		return;
	t->number = true;
	t->role = ROLE_NUMBER;
	t->size = (uint8_t)(size < TOKEN_BYTES ? size : TOKEN_BYTES);
	memcpy(t->text, digits, t->size);
}

/* Runs of one letter become one (but "gg" is gang); returns the size. */
static size_t collapse(const char *word, size_t size, char out[TOKEN_BYTES + 1])
{
	size_t used = 0;
	if (size == 2 && is_ascii_letter(word[0])) {
		str_copy(out, 3, word);
		return 2;
	}
	char before = '\0';
	for (size_t i = 0; i < size && used < TOKEN_BYTES; i++)
		if (word[i] != before || (unsigned char)word[i] >= 0x80)
			out[used++] = before = word[i];
	used = text_prefix_bytes(out, used, used);
	while (used > 0 && ((unsigned char)out[used - 1] & 0xc0) == 0xc0)
		used--; /* a lead byte whose rest was cut */
	out[used] = '\0';
	return used;
}

static bool push_roman(struct scan *s, const char *word, size_t size)
{
	char roman[8] = "", digits[8];
	if (word[0] < 'i' || word[0] > 'x' || size > 6)
		return false;
	memcpy(roman, word, size);
	unsigned n = lexicon_roman(roman);
	if (n == 0 || (size == 1 && word[0] != 'i'))
		return false;
	push_number(s, digits, (size_t)snprintf(digits, sizeof(digits), "%u", n));
	return true;
}

static void push_word(struct scan *s, const char *word, size_t size)
{
	char text[TOKEN_BYTES + 1];
	size_t used = push_roman(s, word, size) ? 0 : collapse(word, size, text);
	if (used == 0)
		return;
	const struct lexicon_word known = lexicon_look(s->lexicon, text, used);
	const char *canon = known.canon;
	s->out->topics |= known.topics;
	if (canon != NULL && is_digit(canon[0])) {
		push_number(s, canon, strlen(canon));
		return;
	}
	if (canon != NULL && canon[0] != '\0')
		used = collapse(canon, strlen(canon), text);
	if ((canon != NULL && canon[0] == '\0') || (text[1] == '\0' && (s->next & TOKEN_GLUED) == 0 &&
						    !is_digit(at(s, 0))))
		return;
	if (used == 6 && (memcmp(text, "lokasi", 6) == 0 || memcmp(text, "alamat", 6) == 0))
		s->in_place = true;
	struct token *t = push(s);
	if (t == NULL)
		return;
	memcpy(t->text, text, used + 1);
	t->size = (uint8_t)used;
	t->role = known.topics != 0 ? ROLE_TOPIC : ROLE_WORD;
}

static void read_word(struct scan *s)
{
	char word[64];
	size_t used = 0, n;
	for (;;) {
		const char *p = s->p;
		while (is_ascii_letter(*p)) /* the NUL at the end is none */
			p++;
		n = (size_t)(p - s->p) < sizeof(word) - 1 - used ? (size_t)(p - s->p) : sizeof(word) - 1 - used;
		memcpy(word + used, s->p, n);
		used += n;
		s->p = p;
		if ((n = letter_size(s, s->p)) > 0) {
			if (used + n < sizeof(word)) {
				memcpy(word + used, s->p, n);
				used += n;
			}
			s->p += n;
		} else if (at(s, 0) == '\'' && letter_size(s, s->p + 1) > 0) {
			s->p++; /* jum'at */
		} else if (starts(s, "\xe2\x80\x99") && letter_size(s, s->p + 3) > 0) {
			s->p += 3;
		} else {
			break;
		}
	}
	/* orang2: said twice */
	word[used] = '\0';
	push_word(s, word, used);
	if (used >= 4 && at(s, 0) == '2' && !is_digit(at(s, 1)) && strcmp(word, "blok") != 0 &&
	    strcmp(word, "gang") != 0)
		s->p++;
	s->next |= TOKEN_GLUED;
}

/* A separator inside a number in groups: at least three digits follow. */
static bool goes_on(const struct scan *s, const char *q)
{
	return (*q == ' ' || *q == '-' || *q == '.') && s->end - q > 3 && is_digit(q[1]) &&
	       is_digit(q[2]) && is_digit(q[3]);
}

/* What follows 62 or the zero, NULL when it is no phone. */
static const char *local_part(const char *digits, bool plus)
{
	const char *local = digits[0] == '6' && digits[1] == '2' ? digits + 2 :
		digits[0] == '0' && !plus ? digits + 1 : NULL;
	bool fits = local != NULL && strlen(local) >= 8 && strlen(local) <= 12 && local[0] >= '2';
	return fits ? local : NULL;
}

/* A phone: 8 to 15 digits with single separators, from 0, 62 or +62; groups of
 * at least three. Returns the bytes it takes, 0 when it is none. */
static size_t take_phone(const struct scan *s, char out[16])
{
	char digits[16];
	size_t count = 0, group = 0;
	const char *q = s->p;
	bool plus = *q == '+';
	for (q += plus; q < s->end && count < sizeof(digits) - 1; q++) {
		if (is_digit(*q)) {
			digits[count++] = *q;
			group++;
		} else if (group >= 2 && goes_on(s, q)) {
			group = 0;
		} else {
			break;
		}
	}
	digits[count] = '\0';
	if (q < s->end && is_digit(*q))
		return 0;
	const char *local = local_part(digits, plus);
	if (local == NULL)
		return 0;
	snprintf(out, 16, "0%s", local);
	return (size_t)(q - s->p);
}

static void keep_phone(struct scan *s, const char *phone)
{
	if (s->out->phone_count < TOKENS_PHONES_MAX)
		str_copy(s->out->phones[s->out->phone_count++], 16, phone);
}

/* Three numbers with one separator between; returns the bytes, 0: not so. */
static size_t take_three(const struct scan *s, unsigned n[3], size_t *last_digits)
{
	size_t part = 0, digits = 0;
	const char *q = s->p;
	char separator = '\0';
	for (; q < s->end; q++) {
		if (is_digit(*q) && digits < 4) {
			n[part] = n[part] * 10 + (unsigned)(*q - '0');
			digits++;
		} else if (digits > 0 && part < 2 && strchr("/-.", *q) != NULL &&
			   (separator == '\0' || separator == *q)) {
			separator = *q;
			part++;
			digits = 0;
		} else {
			break;
		}
	}
	*last_digits = digits;
	return part == 2 ? (size_t)(q - s->p) : 0;
}

/* 04/10/2022, 04-10-22 or 2022-10-04: a date token by itself. */
static size_t take_date(const struct scan *s, unsigned *day, unsigned *month)
{
	unsigned n[3] = { 0, 0, 0 };
	size_t digits, size = take_three(s, n, &digits);
	if (size == 0 || (digits != 2 && digits != 4))
		return 0;
	if (n[0] > 1900) { /* year first */
		unsigned year = n[0];
		n[0] = n[2];
		n[2] = year;
	}
	bool year = n[2] <= 99 || (n[2] >= 1900 && n[2] <= 2100);
	if (n[0] < 1 || n[0] > 31 || n[1] < 1 || n[1] > 12 || !year)
		return 0;
	*day = n[0];
	*month = n[1];
	return size;
}

static void push_date(struct scan *s, unsigned day, unsigned month)
{
	struct token *t = push(s);
	if (t == NULL)
		return;
	t->role = ROLE_DATE;
	t->size = (uint8_t)snprintf(t->text, sizeof(t->text), "d%um%u", day, month);
}

/* 25042017: a date whose separators were lost. */
static bool is_compact_date(const char *digits, size_t size, unsigned *day, unsigned *month)
{
	if (size != 8 || (memcmp(digits + 4, "20", 2) != 0 && memcmp(digits + 4, "19", 2) != 0))
		return false;
	*day = (unsigned)(digits[0] - '0') * 10 + (unsigned)(digits[1] - '0');
	*month = (unsigned)(digits[2] - '0') * 10 + (unsigned)(digits[3] - '0');
	return *day >= 1 && *day <= 31 && *month >= 1 && *month <= 12;
}

static void read_number(struct scan *s)
{
	char phone[16], digits[TOKEN_BYTES];
	unsigned day, month;
	size_t n = take_phone(s, phone), used = 0;
	if (n > 0) {
		keep_phone(s, phone);
		s->p += n;
		s->next |= TOKEN_BREAK;
		return;
	}
	s->p += *s->p == '+';
	if ((n = take_date(s, &day, &month)) > 0) {
		push_date(s, day, month);
		s->p += n;
		return;
	}
	if (s->p > s->start && s->p[-1] == '/')
		s->next |= TOKEN_SLASH;
	for (;;) {
		for (; s->p < s->end && is_digit(*s->p); s->p++)
			if (used < sizeof(digits))
				digits[used++] = *s->p;
		/* 1.500.000 and 05.00 are one number, as in 1500000 and 0500. */
		if (used == 0 || used > 12 || (at(s, 0) != '.' && at(s, 0) != ':') || !is_digit(at(s, 1)))
			break;
		s->p++;
	}
	if (is_compact_date(digits, used, &day, &month))
		push_date(s, day, month);
	else if (used > 0)
		push_number(s, digits, used);
	s->next |= TOKEN_GLUED;
}

static bool has_suffix(const char *chunk, size_t size)
{
	static const char *const ends[] = { ".jpg", ".jpeg", ".png", ".pdf", ".mp4", ".doc", ".docx", ".heic" };
	if (size < 5 || (chunk[size - 4] != '.' && chunk[size - 5] != '.'))
		return false;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		size_t n = strlen(ends[i]);
		if (size > n && memcmp(chunk + size - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

static bool is_address(const struct scan *s)
{
	return starts(s, "http://") || starts(s, "https://") || starts(s, "www.") || *s->p == '@';
}

/* A file's name or a mail address. */
static bool is_name_of_thing(const char *chunk, size_t size)
{
	const char *sign = memchr(chunk, '@', size);
	if (sign != NULL && sign > chunk && memchr(sign, '.', (size_t)(chunk + size - sign)) != NULL)
		return true;
	return has_suffix(chunk, size);
}

/* At the first byte of a word between spaces: addresses, file names, mentions,
 * "(1/2)" of a thread. True when it was stepped over. */
static bool skip_chunk(struct scan *s)
{
	enum { CHUNK_END = 1, CHUNK_SIGN = 2 /* what both kinds of names have */ };
	static const uint8_t of_chunk[256] = {
		['\0'] = CHUNK_END, [' '] = CHUNK_END, ['\n'] = CHUNK_END, ['\t'] = CHUNK_END,
		['<'] = CHUNK_END, [','] = CHUNK_END, ['.'] = CHUNK_SIGN, ['@'] = CHUNK_SIGN };
	size_t size = 0;
	if (is_address(s)) {
		while (s->p < s->end && !is_space(*s->p) && *s->p != '<' && *s->p != '"')
			s->p++;
		return true;
	}
	if (*s->p == '(' && is_digit(at(s, 1)) && at(s, 2) == '/' && is_digit(at(s, 3)) && at(s, 4) == ')') {
		s->p += 5;
		return true;
	}
	unsigned seen = 0;
	for (unsigned of; size < CHUNK_MAX && (of = of_chunk[(unsigned char)s->p[size]]) != CHUNK_END; size++)
		seen |= of;
	bool skip = seen != 0 && is_name_of_thing(s->p, size);
	s->p += skip ? size : 0;
	return skip;
}

static bool is_header_line(const struct scan *s)
{
	static const char *const labels[] = {
		"subject:", "from:", "to:", "date:", "sent:", "dari:", "kepada:", "perihal: fwd",
		"perihal: re", "tanggal kejadian:", "lampiran:", "status :", "status:", "dikirim dari",
		"sent from", "tgl kejadian:", "tanggal lapor", "-----original", "---------- forwarded",
	};
	for (size_t i = 0; i < COUNT_OF(labels); i++)
		if (starts(s, labels[i]))
			return true;
	return false;
}

static bool is_closing_line(const struct scan *s)
{
	static const char *const words[] = { "salam,", "hormat saya,", "hormat kami,", "-- \n", "--\n",
					     "regards,", "wasalam,", "wassalam," };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (starts(s, words[i]))
			return true;
	return false;
}

/* "[28 januari 2023 09.30] +62 812...:" of a forwarded chat. */
static size_t chat_header(const struct scan *s)
{
	size_t size = line_size(s);
	if (size > 90)
		size = 90;
	const char *close = memchr(s->p, ']', size);
	if (*s->p != '[' || close == NULL || close - s->p < 8 || !is_digit(s->p[1]))
		return 0;
	const char *colon = memchr(close, ':', size - (size_t)(close - s->p));
	return (size_t)((colon != NULL ? colon : close) + 1 - s->p);
}

/* At the start of a line. */
static void begin_line(struct scan *s)
{
	s->next |= TOKEN_BREAK;
	s->in_place = false;
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
	if (s->p == s->end || *s->p == '\n')
		return;
	if (*s->p == '>' || is_header_line(s))
		skip_line(s);
	else if (is_closing_line(s) && (s->end - s->p) < 200)
		s->in_signature = true;
	else
		s->p += chat_header(s);
}

static bool skip_markup(struct scan *s)
{
	size_t left = (size_t)(s->end - s->p);
	if (*s->p == '<' && (is_ascii_letter(at(s, 1)) || at(s, 1) == '/' || at(s, 1) == '!')) {
		const char *close = memchr(s->p, '>', left < TAG_MAX ? left : TAG_MAX);
		if (close == NULL)
			return false;
		bool inline_tag = starts(s, "<b>") || starts(s, "</b>") || starts(s, "<i>") ||
				  starts(s, "</i>");
		s->p = close + 1;
		if (!inline_tag)
			begin_line(s);
		return true;
	}
	if (*s->p == '&') {
		const char *close = memchr(s->p, ';', left < 9 ? left : 9);
		if (close == NULL)
			return false;
		s->p = close + 1;
		return true;
	}
	return false;
}

static void read_mark(struct scan *s)
{
	char c = *s->p;
	if (starts(s, "\xf0\x9f\x93\x8d")) /* a pin */
		s->in_place = true;
	if (c == '#') {
		s->next |= TOKEN_HASHTAG;
		s->in_place = false;
	} else if (c != ' ' && c != '\t' && c != '/' && c != '-' && c != '_' &&
		 !(c == '.' && !is_space(at(s, 1))) && (unsigned char)c < 0x80) {
		s->next |= TOKEN_BREAK;
	}
	if (c == ' ' || c == '\t' || c == '.')
		s->next &= (uint8_t)~TOKEN_GLUED;
	s->p += 1;
	while (s->p < s->end && ((unsigned char)*s->p & 0xc0) == 0x80)
		s->p++;
}

static void read_part(struct scan *s, const char *text, size_t size)
{
	s->start = s->p = text;
	s->end = text + size;
	s->next = TOKEN_BREAK;
	s->in_signature = false;
	begin_line(s);
	while (s->p < s->end && s->out->count < s->limit) {
		bool fresh = s->p == s->start || is_space(s->p[-1]) || s->p[-1] == '>';
		if (*s->p == '\n') {
			s->p++;
			begin_line(s);
		} else if (skip_markup(s) || (fresh && !is_space(*s->p) && skip_chunk(s))) {
			continue;
		} else if (is_digit(*s->p) || (*s->p == '+' && is_digit(at(s, 1)))) {
			read_number(s);
		} else if (letter_size(s, s->p) > 0) {
			read_word(s);
		} else {
			read_mark(s);
		}
	}
}

static void read_text(struct scan *s, const char *text, size_t limit, uint8_t flags)
{
	if (text == NULL)
		return;
	size_t size = text_prefix_bytes(text, strlen(text), TOKENS_INPUT_MAX);
	char *copy = xstrndup(text, size);
	bool ascii = text_make_small(copy, size);
	if (!ascii) {
		char *folded = text_fold(copy);
		free(copy);
		copy = folded;
	}
	s->limit = limit;
	s->flags = flags;
	read_part(s, copy, strlen(copy));
	free(copy);
}

/* Day and month of a time where it was written. */
static void day_of(int64_t time_ms, int zone_minutes, unsigned *day, unsigned *month)
{
	int64_t local_ms = time_ms + zone_minutes * INT64_C(60000);
	time_t seconds = (time_t)(local_ms / 1000 - (local_ms % 1000 < 0));
	struct tm tm;
	bool is_day = gmtime_r(&seconds, &tm) != NULL;
	*month = is_day ? (unsigned)tm.tm_mon + 1 : 1;
	*day = is_day ? (unsigned)tm.tm_mday : 1;
}

void tokens_read_again(struct tokens_memo *memo, const struct lexicon *l, const char *text,
		       const char *location, int64_t time_ms, int zone_minutes, struct tokens *out)
{
	struct scan s = { .lexicon = l, .out = out };
	unsigned day, month;
	out->count = 0;
	out->phone_count = 0;
	out->topics = 0;
	if (!tokens_recall(memo, text, out)) {
		read_text(&s, text, TOKENS_TEXT_MAX, 0);
		tokens_remember(memo, text, out);
	}
	read_text(&s, location, TOKENS_MAX, TOKEN_LOCATION);
	day_of(time_ms, zone_minutes, &day, &month);
	entities_mark(out, day, month);
}

void tokens_read(const struct lexicon *l, const char *text, const char *location, int64_t time_ms,
		 int zone_minutes, struct tokens *out)
{
	tokens_read_again(NULL, l, text, location, time_ms, zone_minutes, out);
}
