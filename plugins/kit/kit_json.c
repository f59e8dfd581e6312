/* kit_json.c: strangers' JSON. Long integers are put into quotes before any
 * reader can round them; the rest is the base library's checked access. */
#include <jembatan/kit.h>

#include "base/jx.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define JSON_MAX ((size_t)64 * 1024 * 1024)
#define LONG_DIGITS 16u

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The end of the string that begins at i (a quote); size when it never ends. */
static size_t string_end(const char *s, size_t size, size_t i)
{
	for (i++; i < size; i++) {
		if (s[i] == '\\')
			i++;
		else if (s[i] == '"')
			return i + 1;
	}
	return size;
}

/* The end of the number, or word, that begins at i. */
static size_t token_end(const char *s, size_t size, size_t i)
{
	while (i < size &&
	       (is_digit(s[i]) || (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
		s[i] == '.' || s[i] == '+' || s[i] == '-' || s[i] == '_'))
		i++;
	return i;
}

static bool is_long_integer(const char *s, size_t size)
{
	size_t i = size > 0 && s[0] == '-' ? 1 : 0;
	size_t digits = size - i;
	/* 007 is no JSON number: leave it for the reader to refuse. */
	if (digits < LONG_DIGITS || s[i] == '0')
		return false;
	for (; i < size; i++)
		if (!is_digit(s[i]))
			return false;
	return true;
}

void kit_numbers_quote(struct jembatan_bytes json, struct kit_text *out)
{
	const char *s = json.data;
	size_t size = json.size, i = 0, copied = 0;
	while (i < size) {
		if (s[i] == '"') {
			i = string_end(s, size, i);
			continue;
		}
		size_t end = token_end(s, size, i);
		if (end > i && is_long_integer(s + i, end - i)) {
			kit_text_add(out, s + copied, i - copied);
			kit_text_add(out, "\"", 1);
			kit_text_add(out, s + i, end - i);
			kit_text_add(out, "\"", 1);
			copied = end;
		}
		i = end > i ? end : i + 1;
	}
	if (size > copied)
		kit_text_add(out, s + copied, size - copied);
}

enum jembatan_result kit_json_parse(struct jembatan_bytes text, json_t **out, struct kit_why *why)
{
	struct why inner = { "" };
	if (text.size > JSON_MAX)
		return kit_why_set(why, JEMBATAN_DATA, "JSON of more than 64 MiB");
	/* Two quotes per sixteen digits cannot grow it by more than an eighth. */
	struct kit_text *quoted = kit_text_new(text.size + text.size / 4 + 16);
	kit_numbers_quote(text, quoted);
	enum jembatan_result result = jx_parse(kit_text_bytes(quoted), out, &inner);
	kit_text_free(quoted);
	return result == JEMBATAN_OK ? result : kit_why_set(why, result, "%s", inner.text);
}

json_t *kit_json_at(json_t *root, const char *path)
{
	return jx_at(root, str_equal(path, ".") ? "" : path);
}

const char *kit_json_string(json_t *root, const char *path)
{
	return json_string_value(kit_json_at(root, path));
}

const char *kit_json_id(json_t *root, const char *path, char buffer[64])
{
	return jx_id(root, str_equal(path, ".") ? "" : path, buffer);
}

bool kit_json_integer(json_t *root, const char *path, int64_t *out)
{
	json_t *value = kit_json_at(root, path);
	if (json_is_integer(value)) {
		*out = json_integer_value(value);
		return true;
	}
	if (json_is_real(value)) {
		double real = json_real_value(value);
		if (real != floor(real) || fabs(real) > 9007199254740992.0)
			return false;
		*out = (int64_t)real;
		return true;
	}
	const char *text = json_string_value(value);
	size_t digits = text ? strspn(text + (text[0] == '-'), "0123456789") : 0;
	if (digits == 0 || digits > 18 || text[(text[0] == '-') + (int)digits] != '\0')
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}
