/* kit_json.c: strangers' JSON. Long integers are put into quotes before any
 * reader can round them; the rest is the base library's checked access. */
#include "kit/kit_internal.h"

#include "base/buf.h"
#include "base/digest.h"
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

bool kit_number_is_long(const char *s, size_t size)
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
		if (end > i && kit_number_is_long(s + i, end - i)) {
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
	json_t *value = kit_json_read(text);
	if (value) {
		*out = value;
		return JEMBATAN_OK;
	}
	/* Two quotes per sixteen digits cannot grow it by more than an eighth. */
	struct kit_text *quoted = kit_text_new(text.size + text.size / 4 + 16);
	kit_numbers_quote(text, quoted);
	enum jembatan_result result = jx_parse_dropping_nul(kit_text_bytes(quoted), out, &inner);
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

/* ---- digest ---- */

#define MEMBERS_AT_HAND 32u
#define PACKED_FIRST 4096u /* most records fit at once */

struct member {
	const char *key;
	json_t *value;
};

static int compare_members(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

/* The same on every machine. */
static void add_number(struct buf *out, char type, uint64_t number)
{
	uint8_t bytes[9] = { (uint8_t)type };
	for (size_t i = 0; i < 8; i++)
		bytes[i + 1] = (uint8_t)(number >> (8 * i));
	buf_add(out, bytes, sizeof(bytes));
}

static void add_bytes(struct buf *out, char type, const void *data, size_t size)
{
	add_number(out, type, size);
	buf_add(out, data, size);
}

static void add_value(json_t *value, struct buf *out);

static void add_object(json_t *object, struct buf *out)
{
	struct member few[MEMBERS_AT_HAND];
	size_t count = json_object_size(object), n = 0;
	struct member *members = count > MEMBERS_AT_HAND ? xcalloc(count, sizeof(*members)) : few;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
		members[n++] = (struct member){ key, value };
	qsort(members, n, sizeof(*members), compare_members);
	add_number(out, '{', n);
	for (size_t i = 0; i < n; i++) {
		add_bytes(out, 'k', members[i].key, strlen(members[i].key));
		add_value(members[i].value, out);
	}
	if (members != few)
		free(members);
}

static void add_value(json_t *value, struct buf *out)
{
	double real = json_real_value(value);
	uint64_t bits;
	json_t *one;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		add_object(value, out);
		break;
	case JSON_ARRAY:
		add_number(out, '[', json_array_size(value));
		json_array_foreach(value, i, one)
			add_value(one, out);
		break;
	case JSON_STRING:
		add_bytes(out, 's', json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		add_number(out, 'i', (uint64_t)json_integer_value(value));
		break;
	case JSON_REAL:
		memcpy(&bits, &real, sizeof(bits));
		add_number(out, 'r', bits);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		add_number(out, 'b', json_is_true(value));
		break;
	case JSON_NULL:
		buf_add_char(out, 'n');
		break;
	}
}

void kit_json_digest(json_t *value, char out_hex[65])
{
	CLEANUP(buf_done) struct buf packed;
	buf_init(&packed, 16 * JSON_MAX);
	buf_reserve(&packed, PACKED_FIRST);
	add_value(value, &packed);
	ASSERT(!buf_is_full(&packed));
	struct digest d = digest_sha256(buf_bytes(&packed));
	digest_hex(d.bytes, sizeof(d.bytes), out_hex);
}
