/* kit_read.c: JSON read by yajl into jansson's values, since jansson's own parser
 * takes each character through four functions. It reads only what both read alike:
 * at everything else it gives up, and jansson judges and finds the words. */
#include "kit/kit_internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/poison.h"

#define NEST_MAX 64u
#define KEY_MAX 128u
#define NUMBER_MAX 64u

struct reading {
	yajl_handle yajl;
	json_t *root;
	size_t end; /* of root in the text */
	json_t *open[NEST_MAX]; /* objects and lists around what comes next */
	size_t depth;
	char key[KEY_MAX]; /* of what comes next */
	size_t key_size;
};

/* ---- what comes, into what is open; false: give up ---- */

static bool add(struct reading *r, json_t *value)
{
	json_t *into = r->open[r->depth - 1];
	if (json_is_array(into))
		return json_array_append_new(into, value) == 0;
	/* One that replaced another: its key stands twice. */
	size_t size = json_object_size(into);
	return json_object_setn_new_nocheck(into, r->key, r->key_size, value) == 0 &&
	       json_object_size(into) > size;
}

static bool begin(struct reading *r, json_t *value)
{
	if (r->depth == 0)
		r->root = value;
	else if (!add(r, value) || r->depth == NEST_MAX)
		return false;
	r->open[r->depth++] = value;
	return true;
}

static int on_null(void *reading)
{
	return add(reading, json_null());
}

static int on_boolean(void *reading, int value)
{
	return add(reading, json_boolean(value));
}

static int on_number(void *reading, const char *number, size_t size)
{
	char text[NUMBER_MAX], *end;
	if (kit_number_is_long(number, size))
		return add(reading, json_stringn_nocheck(number, size));
	if (size >= sizeof(text))
		return false;
	memcpy(text, number, size);
	text[size] = '\0';
	if (strpbrk(text, ".eE") == NULL)
		return add(reading, json_integer(strtoll(text, NULL, 10)));
	double real = strtod(text, &end);
	return *end == '\0' && isfinite(real) && add(reading, json_real(real));
}

static int on_text(void *reading, const unsigned char *text, size_t size)
{
	return add(reading, json_stringn_nocheck((const char *)text, size));
}

static int on_key(void *reading, const unsigned char *key, size_t size)
{
	struct reading *r = reading;
	if (size > sizeof(r->key))
		return false;
	memcpy(r->key, key, size);
	r->key_size = size;
	return true;
}

static int on_object(void *reading)
{
	return begin(reading, json_object());
}

static int on_array(void *reading)
{
	return begin(reading, json_array());
}

static int on_end(void *reading)
{
	struct reading *r = reading;
	if (--r->depth == 0)
		r->end = yajl_get_bytes_consumed(r->yajl);
	return true;
}

/* ---- what yajl reads otherwise, or not as strictly ---- */

static size_t skip_blanks(const char *s, size_t size, size_t at)
{
	while (at < size && (s[at] == ' ' || s[at] == '\t' || s[at] == '\n' || s[at] == '\r'))
		at++;
	return at;
}

/* A NUL, or half a pair: \u0000, \ud800 to \udfff. */
static bool has_odd_escape(const char *s, size_t size)
{
	const char *end = s + size;
	for (const char *p = s; (p = memchr(p, '\\', (size_t)(end - p))) != NULL; p += 2) {
		if (end - p < 6)
			return memchr(p, 'u', (size_t)(end - p)) != NULL;
		if (p[1] == 'u' && (p[2] == 'd' || p[2] == 'D' || memcmp(p + 2, "0000", 4) == 0))
			return true;
	}
	return false;
}

/* An object or a list, without what it lets pass: vertical tab and form feed are blanks
 * to it, and of UTF-8 it sees only the shape. */
static bool may_be_read(const char *s, size_t size)
{
	size_t start = skip_blanks(s, size, 0);
	return start < size && (s[start] == '{' || s[start] == '[') && text_is_utf8(s, size) &&
	       memchr(s, '\v', size) == NULL && memchr(s, '\f', size) == NULL &&
	       !has_odd_escape(s, size);
}

json_t *kit_json_read(struct jembatan_bytes text)
{
	static const yajl_callbacks callbacks = {
		.yajl_null = on_null, .yajl_boolean = on_boolean, .yajl_number = on_number,
		.yajl_string = on_text, .yajl_start_map = on_object, .yajl_map_key = on_key,
		.yajl_end_map = on_end, .yajl_start_array = on_array, .yajl_end_array = on_end,
	};
	struct reading r = { .depth = 0 };
	yajl_alloc_funcs funcs = { mem_take, mem_resize, mem_give_back, NULL };
	if (!may_be_read(text.data, text.size))
		return NULL;
	r.yajl = yajl_alloc(&callbacks, &funcs, &r);
	ASSERT(r.yajl && yajl_config(r.yajl, yajl_dont_validate_strings, 1));
	bool whole = yajl_parse(r.yajl, text.data, text.size) == yajl_status_ok &&
		     yajl_complete_parse(r.yajl) == yajl_status_ok &&
		     /* Half a word behind the value is nothing to it. */
		     skip_blanks(text.data, text.size, r.end) == text.size;
	yajl_free(r.yajl);
	if (whole)
		return r.root;
	json_decref(r.root);
	return NULL;
}
