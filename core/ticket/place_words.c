/* place_words.c: one pass over the characters. */
#include "ticket/place_words.h"

#include <string.h>
#include <utf8proc.h>

#include "base/text.h"
#include "base/poison.h"

struct reading {
	struct place_words *out;
	struct place_word word;
	size_t limit;
	bool breaks, in_location, in_word;
};

static void end_word(struct reading *r)
{
	if (r->in_word && r->word.size > 0 && r->out->count < r->limit) {
		r->word.text[r->word.size] = '\0';
		r->out->items[r->out->count++] = r->word;
		r->breaks = false;
	}
	r->in_word = false;
}

static void take_letter(struct reading *r, char c, bool capital)
{
	if (!r->in_word)
		r->word = (struct place_word){ .after_break = r->breaks, .in_location = r->in_location,
					       .is_capital = capital };
	r->in_word = true;
	if (r->word.size < PLACE_WORD_SIZE - 1)
		r->word.text[r->word.size++] = c;
}

static bool is_apostrophe(utf8proc_int32_t c)
{
	return c == '\'' || c == '`' || c == 0x2018 || c == 0x2019 || c == 0x02bc || c == 0x02b9;
}

static bool is_no_break(char c)
{
	switch (c) {
	case ' ':
	case '\t':
	case '-':
	case '/':
	case '.':
	case '_':
	case '*':
	case '\0':
		return true;
	default:
		return false;
	}
}

static void take_ascii(struct reading *r, char c)
{
	if (c >= 'A' && c <= 'Z') {
		take_letter(r, (char)(c + 32), true);
	} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
		take_letter(r, c, false);
	} else {
		end_word(r);
		if (!is_no_break(c))
			r->breaks = true;
	}
}

/* What is no ASCII: bold or accented letters are their plain ones, blanks of
 * all kinds are blanks, anything else ends a word. */
static void take_other(struct reading *r, utf8proc_int32_t c)
{
	utf8proc_int32_t plain[8];
	int last = 0;
	if (is_apostrophe(c))
		return;
	utf8proc_category_t category = utf8proc_category(c);
	if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_CF)
		return;
	utf8proc_ssize_t n = utf8proc_decompose_char(c, plain, COUNT_OF(plain),
						     UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE, &last);
	if (n > 0 && n <= (utf8proc_ssize_t)COUNT_OF(plain) && plain[0] < 0x80) {
		take_ascii(r, (char)plain[0]);
		return;
	}
	end_word(r);
	r->breaks = r->breaks || (category != UTF8PROC_CATEGORY_ZS && category != UTF8PROC_CATEGORY_PD);
}

static void read_part(struct reading *r, const char *text)
{
	if (text == NULL)
		return;
	size_t size = text_prefix_bytes(text, strnlen(text, PLACE_TEXT_MAX + 4), PLACE_TEXT_MAX);
	r->breaks = true;
	for (size_t i = 0; i < size && r->out->count < r->limit;) {
		if (r->in_word) { /* most of what follows is small letters */
			while (i < size && text[i] >= 'a' && text[i] <= 'z') {
				if (r->word.size < PLACE_WORD_SIZE - 1)
					r->word.text[r->word.size++] = text[i];
				i++;
			}
			if (i == size)
				break;
		}
		utf8proc_int32_t c = (unsigned char)text[i];
		utf8proc_ssize_t n = 1;
		if (c >= 0x80)
			n = utf8proc_iterate((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(size - i), &c);
		if (n <= 0)
			break;
		if (c >= 0x80)
			take_other(r, c);
		else if (!is_apostrophe(c))
			take_ascii(r, (char)c);
		/* A full stop before a blank ends a sentence, unless it is "Kec." */
		if (c == '.' && i + 1 < size && text[i + 1] == '\n')
			r->breaks = true;
		i += (size_t)n;
	}
	end_word(r);
}

void place_words_read(const char *text, const char *location, struct place_words *out)
{
	struct reading r = { .out = out, .limit = PLACE_WORDS_MAX / 4, .in_location = true };
	out->count = 0;
	read_part(&r, location);
	r.limit = PLACE_WORDS_MAX;
	r.in_location = false;
	read_part(&r, text);
}
