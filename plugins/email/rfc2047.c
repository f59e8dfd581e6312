/* rfc2047.c: see rfc2047.h. */
#include "email/rfc2047.h"
#include "email/charset.h"

#include <glib.h>

#include <string.h>
#include <strings.h>

#define CHARSET_MAX_BYTES 64u

/* One encoded word within a value. */
struct word {
	char charset[CHARSET_MAX_BYTES];
	bool is_base64;
	const char *text;
	size_t text_size;
	size_t size; /* of all of it, from =? to ?= */
};

static bool is_base64_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!g_ascii_isalnum(text[i]) && (text[i] == '\0' || !strchr("+/= \t", text[i])))
			return false;
	}
	return true;
}

/* The charset of a word, without the language that may follow it (RFC 2231).
 * Returns where it ends; NULL: it is none. */
static const char *charset_at(const char *at, const char *end, char charset[CHARSET_MAX_BYTES])
{
	size_t length = 0;

	while (at < end && *at != '?' && *at != '*' && *at > ' ' && length + 1 < CHARSET_MAX_BYTES)
		charset[length++] = *at++;
	charset[length] = '\0';
	while (at < end && *at != '?' && *at > ' ')
		at++;
	return length > 0 ? at : NULL;
}

/* =?charset*language?B?...?= */
static bool word_at(struct jembatan_bytes value, struct word *out)
{
	const char *s = value.data, *end = s + value.size;

	if (value.size < 8 || s[0] != '=' || s[1] != '?')
		return false;
	const char *at = charset_at(s + 2, end, out->charset);

	if (at == NULL || end - at < 5 || at[0] != '?' || at[2] != '?')
		return false;
	out->is_base64 = at[1] == 'B' || at[1] == 'b';
	if (!out->is_base64 && at[1] != 'Q' && at[1] != 'q')
		return false;
	out->text = at + 3;
	const char *close = memmem(out->text, (size_t)(end - out->text), "?=", 2);

	if (close == NULL)
		return false;
	out->text_size = (size_t)(close - out->text);
	out->size = (size_t)(close + 2 - s);
	return !out->is_base64 || is_base64_text(out->text, out->text_size);
}

static void decode_base64(const struct word *w, struct kit_text *bytes)
{
	guchar *out = g_malloc(w->text_size / 4 * 3 + 6);
	size_t count = 0;
	gint state = 0;
	guint save = 0;

	for (size_t i = 0; i < w->text_size; i++)
		count += w->text[i] != ' ' && w->text[i] != '\t';
	gsize size = g_base64_decode_step(w->text, w->text_size, out, &state, &save);

	/* Padding that was left out would swallow the last letters. */
	if (count % 4 > 1)
		size += g_base64_decode_step("==", 4 - count % 4, out + size, &state, &save);
	kit_text_add(bytes, out, size);
	g_free(out);
}

static void decode_quoted(const struct word *w, struct kit_text *bytes)
{
	for (size_t i = 0; i < w->text_size; i++) {
		char c = w->text[i];

		if (c == '_') {
			c = ' ';
		} else if (c == '=' && i + 2 < w->text_size &&
			   g_ascii_isxdigit(w->text[i + 1]) && g_ascii_isxdigit(w->text[i + 2])) {
			c = (char)(g_ascii_xdigit_value(w->text[i + 1]) * 16 +
				   g_ascii_xdigit_value(w->text[i + 2]));
			i += 2;
		}
		kit_text_add(bytes, &c, 1);
	}
}

static size_t blanks_at(struct jembatan_bytes value)
{
	const char *s = value.data;
	size_t count = 0;

	while (count < value.size && strchr(" \t\r\n", s[count]) != NULL && s[count] != '\0')
		count++;
	return count;
}

static struct jembatan_bytes from(struct jembatan_bytes value, size_t offset)
{
	return (struct jembatan_bytes){ (const char *)value.data + offset, value.size - offset };
}

/* Decode words from `at` on as long as their charset is the same; returns where
 * the next thing begins. The blanks between two words are no text. */
static size_t decode_words(struct jembatan_bytes value, size_t at, struct kit_text *out)
{
	struct word first, word;

	if (!word_at(from(value, at), &first))
		return at;
	struct kit_text *bytes = kit_text_new(value.size + 64);

	for (word = first;;) {
		if (word.is_base64)
			decode_base64(&word, bytes);
		else
			decode_quoted(&word, bytes);
		at += word.size;
		size_t blanks = blanks_at(from(value, at));

		if (!word_at(from(value, at + blanks), &word))
			break;
		at += blanks;
		if (strcasecmp(word.charset, first.charset) != 0)
			break;
	}
	charset_to_utf8(first.charset, kit_text_bytes(bytes), out);
	kit_text_free(bytes);
	return at;
}

size_t rfc2047_run(struct jembatan_bytes value)
{
	struct word word;
	size_t at = 0, blanks = 0;

	while (word_at(from(value, at + blanks), &word)) {
		at += blanks + word.size;
		blanks = blanks_at(from(value, at));
	}
	return at;
}

/* Bytes that are not in a word, up to where one begins. */
static size_t plain_size(struct jembatan_bytes value)
{
	const char *s = value.data;
	struct word word;

	for (size_t i = 0; i < value.size; i++) {
		if (s[i] == '=' && word_at(from(value, i), &word))
			return i;
	}
	return value.size;
}

void rfc2047_decode(struct jembatan_bytes value, struct kit_text *out)
{
	struct kit_text *line = kit_text_new(value.size * 4 + 64);

	for (size_t at = 0; at < value.size;) {
		size_t plain = plain_size(from(value, at));

		if (plain > 0)
			charset_to_utf8(NULL, (struct jembatan_bytes){ from(value, at).data, plain },
					line);
		at = decode_words(value, at + plain, line);
	}
	char *text = g_strdelimit(g_strdup(kit_text_string(line)), "\n\t", ' ');

	/* Not added as bytes: a ceiling must not cut a letter in two. */
	kit_utf8_clean((struct jembatan_bytes){ text, strlen(text) }, out);
	g_free(text);
	kit_text_free(line);
}
