/* jx.c: jansson with the checks that a parser of strangers' JSON needs. Its
 * own error texts quote the input, so they are replaced by ours. */
#include "base/jx.h"

#include "base/buf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define DUMP_FIRST 2048u /* most texts fit at once */

void jx_init(void)
{
	json_set_alloc_funcs(xmalloc, free);
}

static const char *error_words(enum json_error_code code)
{
	if (code == json_error_premature_end_of_input)
		return "it ends too early";
	if (code == json_error_invalid_utf8)
		return "not UTF-8";
	if (code == json_error_duplicate_key)
		return "a key stands twice in one object";
	if (code == json_error_stack_overflow)
		return "nested too deeply";
	if (code == json_error_numeric_overflow)
		return "a number is too large";
	if (code == json_error_null_character || code == json_error_null_byte_in_key)
		return "a text contains a NUL";
	if (code == json_error_end_of_input_expected)
		return "something follows the value";
	return "wrong syntax";
}

static json_t *load(struct jembatan_bytes text, size_t flags, json_error_t *error)
{
	return json_loadb(text.data ? text.data : "", text.size,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | flags, error);
}

static enum jembatan_result parse(struct jembatan_bytes text, size_t flags, json_t **out,
				  struct why *why)
{
	json_error_t error;
	json_t *value = load(text, flags, &error);
	if (!value)
		return why_set(why, JEMBATAN_DATA, "not JSON: %s, line %d column %d",
			       error_words(json_error_code(&error)), error.line, error.column);
	*out = value;
	return JEMBATAN_OK;
}

enum jembatan_result jx_parse_at(struct jembatan_bytes text, json_t **out,
				 struct jx_mistake *out_mistake)
{
	json_error_t error;
	json_t *value = load(text, 0, &error);
	if (!value) {
		*out_mistake = (struct jx_mistake){ json_error_code(&error), error.line,
						    error.column, error.position };
		return JEMBATAN_DATA;
	}
	*out = value;
	return JEMBATAN_OK;
}

enum jembatan_result jx_parse(struct jembatan_bytes text, json_t **out, struct why *why)
{
	return parse(text, 0, out, why);
}

static void drop_nul_of_text(json_t *value)
{
	const char *s = json_string_value(value);
	size_t size = json_string_length(value);
	if (memchr(s, '\0', size) == NULL)
		return;
	CLEANUP(buf_done) struct buf kept;
	buf_init(&kept, size + 1);
	for (size_t i = 0; i < size; i++)
		if (s[i] != '\0')
			buf_add_char(&kept, s[i]);
	json_string_setn(value, kept.data ? kept.data : "", kept.size);
}

static void drop_nul(json_t *value)
{
	const char *key;
	json_t *one;
	size_t i;
	json_object_foreach(value, key, one)
		drop_nul(one);
	json_array_foreach(value, i, one)
		drop_nul(one);
	if (json_is_string(value))
		drop_nul_of_text(value);
}

enum jembatan_result jx_parse_dropping_nul(struct jembatan_bytes text, json_t **out,
					   struct why *why)
{
	enum jembatan_result result = parse(text, JSON_ALLOW_NUL, out, why);
	/* Nearly no text has one: the others are not looked through. */
	if (result == JEMBATAN_OK && memmem(text.data, text.size, "\\u0000", 6) != NULL)
		drop_nul(*out);
	return result;
}

static json_t *step(json_t *value, const char *key, size_t key_size)
{
	char name[256];
	if (key_size >= sizeof(name))
		return NULL;
	memcpy(name, key, key_size);
	name[key_size] = '\0';
	if (!json_is_array(value))
		return json_object_get(value, name); /* NULL unless an object */
	char *end;
	if (name[0] < '0' || name[0] > '9')
		return NULL;
	unsigned long index = strtoul(name, &end, 10);
	return *end == '\0' ? json_array_get(value, index) : NULL;
}

json_t *jx_at(json_t *root, const char *path)
{
	json_t *value = root;
	for (const char *p = path; value && p && *p;) {
		size_t n = strcspn(p, ".");
		value = step(value, p, n);
		p += n;
		if (*p == '.')
			p++;
	}
	return json_is_null(value) ? NULL : value;
}

const char *jx_text(json_t *root, const char *path)
{
	return json_string_value(jx_at(root, path));
}

const char *jx_id(json_t *root, const char *path, char buffer[64])
{
	json_t *value = jx_at(root, path);
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_integer(value))
		snprintf(buffer, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buffer, 64, "%.17g", json_real_value(value));
	else
		return NULL;
	return buffer;
}

int64_t jx_integer(json_t *root, const char *path, int64_t otherwise)
{
	json_t *value = jx_at(root, path);
	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool jx_is_true(json_t *root, const char *path)
{
	return json_is_true(jx_at(root, path));
}

static int add_piece(const char *piece, size_t size, void *out)
{
	buf_add(out, piece, size);
	return 0;
}

/* Not json_dumps: its text would be of jansson's own allocator. */
static char *dump(const json_t *value, size_t flags)
{
	struct buf out;
	buf_init(&out, SIZE_MAX / 4);
	buf_reserve(&out, DUMP_FIRST);
	ASSERT(json_dump_callback(value, add_piece, &out, JSON_COMPACT | JSON_ENCODE_ANY | flags) ==
	       0);
	return buf_take(&out);
}

char *jx_dump(const json_t *value)
{
	return dump(value, JSON_SORT_KEYS);
}

char *jx_dump_ascii(const json_t *value)
{
	return dump(value, JSON_SORT_KEYS | JSON_ENSURE_ASCII);
}

char *jx_dump_as_set(const json_t *value)
{
	return dump(value, 0);
}

void jx_decref(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}
