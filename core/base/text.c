/* text.c: UTF-8 on utf8proc. What comes in may be any bytes; what goes out is
 * valid UTF-8. Knows no language and no channel. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/poison.h"

#define BLOCK 16u
#define REPLACEMENT "\xef\xbf\xbd"

/* One character at s: its size, and -1 in *out when the bytes are not UTF-8;
 * then the size covers the lead byte and the continuations that fit it. */
static size_t next_char(const char *s, size_t size, utf8proc_int32_t *out)
{
	const unsigned char *u = (const unsigned char *)s;
	if (u[0] < 0x80) {
		*out = u[0];
		return 1;
	}
	utf8proc_ssize_t n = utf8proc_iterate(u, (utf8proc_ssize_t)size, out);
	if (n > 0)
		return (size_t)n;
	*out = -1;
	size_t wanted = u[0] >= 0xf0 && u[0] < 0xf5 ? 4 : u[0] >= 0xe0 && u[0] < 0xf0 ? 3 : 1;
	size_t used = 1;
	while (used < size && used < wanted && (u[used] & 0xc0) == 0x80)
		used++;
	return used;
}

static bool is_plain(char c)
{
	return (unsigned char)(c - 0x20) < 0x7f - 0x20 || c == '\n' || c == '\t';
}

/* Bytes at s that are plain: printable ASCII, tab and newline, each a character
 * and a cluster of its own. Nearly all that citizens write is of these, so whole
 * blocks are looked at without a branch. */
static size_t plain_run(const char *s, size_t size)
{
	size_t i = 0;
	for (; i + BLOCK <= size; i += BLOCK) {
		unsigned char other = 0;
		for (size_t k = 0; k < BLOCK; k++) {
			unsigned char c = (unsigned char)s[i + k];
			other |= ((unsigned char)(c - 0x20) >= 0x7f - 0x20) & (c != '\n') &
				 (c != '\t');
		}
		if (other)
			break;
	}
	while (i < size && is_plain(s[i]))
		i++;
	return i;
}

static unsigned char small_of(unsigned char c)
{
	return (unsigned char)(c - 'A') < 26 ? c | 0x20 : c;
}

bool text_make_small(char *s, size_t size)
{
	unsigned char *p = (unsigned char *)s, any = 0;
	size_t i = 0;
	for (; i + BLOCK <= size; i += BLOCK)
		for (size_t k = 0; k < BLOCK; k++) {
			any |= p[i + k];
			p[i + k] = small_of(p[i + k]);
		}
	for (; i < size; i++) {
		any |= p[i];
		p[i] = small_of(p[i]);
	}
	return any < 0x80;
}

static bool is_valid(const char *s, size_t size, bool nul_is_fine)
{
	utf8proc_int32_t c;
	for (size_t i = plain_run(s, size); i < size; i += plain_run(s + i, size - i)) {
		i += next_char(s + i, size - i, &c);
		if (c < 0 || (c == 0 && !nul_is_fine))
			return false;
	}
	return true;
}

bool text_is_utf8(const char *s, size_t size)
{
	return is_valid(s, size, false);
}

static bool is_control(utf8proc_int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

void text_clean(const char *s, size_t size, struct buf *out)
{
	utf8proc_int32_t c;
	for (size_t i = 0, n; i < size; i += n) {
		n = plain_run(s + i, size - i);
		if (n > 0) {
			buf_add(out, s + i, n);
			continue;
		}
		n = next_char(s + i, size - i, &c);
		if (c < 0)
			buf_add_text(out, REPLACEMENT);
		else if (c == '\r' && i + 1 < size && s[i + 1] == '\n')
			continue;
		else if (c == '\r')
			buf_add_char(out, '\n');
		else if (!is_control(c) || c == '\t' || c == '\n')
			buf_add(out, s + i, n);
	}
}

char *text_nfc(const char *s)
{
	size_t size = strlen(s);
	if (plain_run(s, size) == size)
		return xstrndup(s, size);
	utf8proc_uint8_t *out = utf8proc_NFC((const utf8proc_uint8_t *)s);
	ASSERT(out); /* only invalid UTF-8 or no memory: a bug, or the end */
	return (char *)out;
}

size_t text_prefix_bytes(const char *s, size_t size, size_t max_bytes)
{
	if (size <= max_bytes)
		return size;
	size_t n = max_bytes;
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Bytes of the first max clusters; *out_count: how many there were. */
static size_t walk_graphemes(const char *s, size_t max, size_t *out_count)
{
	size_t size = strlen(s), i = 0, count = 0;
	utf8proc_int32_t before = 0, c, state = 0;
	if (plain_run(s, size) == size) {
		*out_count = size < max ? size : max;
		return *out_count;
	}
	while (i < size) {
		size_t n = next_char(s + i, size - i, &c);
		if (c < 0)
			c = 0xfffd;
		if (i == 0 || utf8proc_grapheme_break_stateful(before, c, &state)) {
			if (count == max)
				break;
			count++;
		}
		before = c;
		i += n;
	}
	*out_count = count;
	return i;
}

size_t text_prefix_graphemes(const char *s, size_t max_graphemes)
{
	size_t count;
	return walk_graphemes(s, max_graphemes, &count);
}

size_t text_count_graphemes(const char *s)
{
	size_t count;
	walk_graphemes(s, SIZE_MAX, &count);
	return count;
}

static bool is_space(utf8proc_int32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	if (c == 0x85)
		return true;
	utf8proc_category_t category = utf8proc_category(c);
	return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
	       category == UTF8PROC_CATEGORY_ZP;
}

/* Where the last character of the first size bytes begins. */
static size_t last_char(const char *s, size_t size)
{
	size_t at = size - 1;
	while (at > 0 && size - at < 4 && ((unsigned char)s[at] & 0xc0) == 0x80)
		at--;
	return at;
}

void text_trim(char *s)
{
	size_t size = strlen(s), start = 0;
	utf8proc_int32_t c;
	while (start < size) {
		size_t n = next_char(s + start, size - start, &c);
		if (!is_space(c))
			break;
		start += n;
	}
	while (size > start) {
		size_t at = last_char(s, size);
		if (next_char(s + at, size - at, &c) != size - at || !is_space(c))
			break;
		size = at;
	}
	memmove(s, s + start, size - start);
	s[size - start] = '\0';
}

char *text_squeeze(const char *s)
{
	size_t size = strlen(s), used = 0;
	char *out = xmalloc(size + 1);
	bool in_space = false;
	utf8proc_int32_t c;
	for (size_t i = 0, n; i < size; i += n) {
		n = next_char(s + i, size - i, &c);
		bool space = is_space(c);
		if (space && !in_space)
			out[used++] = ' ';
		if (!space) {
			memcpy(out + used, s + i, n);
			used += n;
		}
		in_space = space;
	}
	out[used] = '\0';
	return out;
}

char *text_fold(const char *s)
{
	utf8proc_uint8_t *out = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)s);
	ASSERT(out);
	return (char *)out;
}

/* Characters that move the cursor, start an escape or turn the line around. */
static bool is_unsafe_on_screen(utf8proc_int32_t c)
{
	return c < 0 || is_control(c) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

char *text_printable(const char *s, size_t max_bytes)
{
	size_t size = strlen(s), used = 0;
	char *out = xmalloc((size < max_bytes ? size : max_bytes) + 1);
	utf8proc_int32_t c;
	for (size_t i = 0, n; i < size; i += n) {
		n = next_char(s + i, size - i, &c);
		bool unsafe = is_unsafe_on_screen(c);
		if (used + (unsafe ? 1 : n) > max_bytes)
			break;
		if (unsafe) {
			out[used++] = '?';
		} else {
			memcpy(out + used, s + i, n);
			used += n;
		}
	}
	out[used] = '\0';
	return out;
}

void text_printable_lines(const char *s, size_t size, struct buf *out)
{
	utf8proc_int32_t c;
	for (size_t i = 0, n; i < size; i += n) {
		n = next_char(s + i, size - i, &c);
		if (c != '\n' && c != '\t' && is_unsafe_on_screen(c))
			buf_add_char(out, '?');
		else
			buf_add(out, s + i, n);
	}
}

/* 0x80 .. 0x9f of windows-1252; the five unassigned become U+FFFD. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
	0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

void text_from_unknown(const char *s, size_t size, struct buf *out)
{
	if (is_valid(s, size, true)) {
		text_clean(s, size, out);
		return;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)s[i];
		utf8proc_uint8_t encoded[4];
		utf8proc_int32_t c = byte >= 0x80 && byte < 0xa0 ? windows_1252[byte - 0x80] : byte;
		if (byte == '\r' && i + 1 < size && s[i + 1] == '\n')
			continue;
		text_clean((const char *)encoded, (size_t)utf8proc_encode_char(c, encoded), out);
	}
}
