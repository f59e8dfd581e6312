/* charset.c: see charset.h. */
#include "email/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 64u

/* Names as they are written, and what is meant by those who write them. */
static const struct {
	const char *alias, *name;
} aliases[] = {
	{ "ascii", "utf-8" },
	{ "us-ascii", "utf-8" },
	{ "ansi_x3.4-1968", "utf-8" },
	{ "utf8", "utf-8" },
	{ "unknown-8bit", "utf-8" },
	{ "default", "utf-8" },
	{ "x-unknown", "utf-8" },
	{ "iso-8859-1", "windows-1252" },
	{ "iso8859-1", "windows-1252" },
	{ "iso_8859-1", "windows-1252" },
	{ "latin1", "windows-1252" },
	{ "ansi", "windows-1252" },
	{ "cp-1252", "windows-1252" },
	{ "iso-8859-9", "windows-1254" },
	{ "ks_c_5601-1987", "cp949" },
	{ "euc-kr", "cp949" },
	{ "shift_jis", "cp932" },
	{ "shift-jis", "cp932" },
	{ "x-sjis", "cp932" },
};

/* Lower case, without quotes and without what a broken header appends. */
static void canonical(const char *declared, char name[NAME_MAX_BYTES])
{
	size_t used = 0;

	name[0] = '\0';
	if (declared == NULL)
		return;
	declared += strspn(declared, " \t\"'");
	while (used + 1 < NAME_MAX_BYTES) {
		char c = *declared++;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("-_.:+", c) == NULL))
			break;
		name[used++] = c;
	}
	name[used] = '\0';
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
		if (strcmp(name, aliases[i].alias) == 0) {
			memcpy(name, aliases[i].name, strlen(aliases[i].name) + 1);
			return;
		}
	}
	/* gb2312, gbk, iso-gb2312, x-gbk: GB18030 holds them all. */
	if (strstr(name, "gb") != NULL)
		memcpy(name, "gb18030", sizeof "gb18030");
}

/* How much of this looks like UTF-8 with a few bad bytes in it, such as one
 * letter cut in two by a mail program? Then it is not windows-1252. */
static bool is_mostly_utf8(struct jembatan_bytes bytes)
{
	const unsigned char *s = bytes.data;
	size_t good = 0, bad = 0;

	for (size_t i = 0; i < bytes.size;) {
		size_t length = s[i] < 0x80 ? 1 : s[i] >= 0xf0 ? 4 : s[i] >= 0xe0 ? 3 : 2;

		if (length == 1) {
			i++;
			continue;
		}
		if (i + length <= bytes.size &&
		    kit_utf8_is_valid((struct jembatan_bytes){ s + i, length })) {
			good++;
			i += length;
		} else {
			bad++;
			i++;
			while (i < bytes.size && (s[i] & 0xc0) == 0x80)
				i++;
		}
	}
	return good > bad;
}

static void from_utf8(struct jembatan_bytes bytes, struct kit_text *out)
{
	if (is_mostly_utf8(bytes))
		kit_utf8_clean(bytes, out);
	else
		kit_utf8_guess(bytes, out);
}

/* false: not all of it is of that charset. strict: then nothing is added;
 * else what is not becomes U+FFFD. */
static bool convert(iconv_t cd, struct jembatan_bytes bytes, bool strict, struct kit_text *out)
{
	struct kit_text *text = kit_text_new(bytes.size * 4 + 64);
	char *in = (char *)(uintptr_t)bytes.data;
	size_t in_left = bytes.size;
	bool good = true;

	iconv(cd, NULL, NULL, NULL, NULL);
	while (in_left > 0 && (good || !strict)) {
		char piece[4096];
		char *to = piece;
		size_t to_left = sizeof piece;
		size_t rc = iconv(cd, &in, &in_left, &to, &to_left);
		int error = errno;

		kit_text_add(text, piece, sizeof piece - to_left);
		if (rc == (size_t)-1 && error != E2BIG) {
			kit_text_add_string(text, "\xef\xbf\xbd");
			good = false;
			in++;
			in_left--;
		}
	}
	if (good || !strict)
		kit_utf8_clean(kit_text_bytes(text), out);
	kit_text_free(text);
	return good;
}

void charset_to_utf8(const char *name, struct jembatan_bytes bytes, struct kit_text *out)
{
	char wanted[NAME_MAX_BYTES];

	canonical(name, wanted);
	if (wanted[0] == '\0' || strcmp(wanted, "utf-8") == 0) {
		from_utf8(bytes, out);
		return;
	}
	iconv_t cd = iconv_open("UTF-8", wanted);

	if (cd == (iconv_t)-1) {
		from_utf8(bytes, out);
		return;
	}
	if (!convert(cd, bytes, true, out)) {
		if (kit_utf8_is_valid(bytes))
			kit_utf8_clean(bytes, out);
		else
			convert(cd, bytes, false, out);
	}
	iconv_close(cd);
}

bool utf8_add(struct kit_text *out, size_t max_bytes, const char *text, size_t size)
{
	size_t room = max_bytes - kit_text_bytes(out).size;
	bool fits = size <= room;

	if (!fits) {
		for (size = room; size > 0 && (text[size] & 0xc0) == 0x80;)
			size--;
	}
	kit_text_add(out, text, size);
	return fits;
}
