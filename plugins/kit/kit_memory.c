/* kit_memory.c: the base library's arena, buffer, text, HTML and digest under
 * the names that plugins see. */
#include <jembatan/kit.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/html.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

enum jembatan_result kit_why_set(struct kit_why *why, enum jembatan_result result,
				 const char *format, ...)
{
	if (!why)
		return result;
	va_list ap;
	va_start(ap, format);
	vsnprintf(why->text, sizeof(why->text), format, ap);
	va_end(ap);
	return result;
}

/* ---- arena ---- */

struct kit_arena {
	struct arena *arena;
};

struct kit_arena *kit_arena_new(void)
{
	struct kit_arena *a = xmalloc(sizeof(*a));
	a->arena = arena_new();
	return a;
}

void kit_arena_free(struct kit_arena *a)
{
	if (!a)
		return;
	arena_free(a->arena);
	free(a);
}

void kit_arena_reset(struct kit_arena *a)
{
	arena_reset(a->arena);
}

void *kit_arena_alloc(struct kit_arena *a, size_t size)
{
	return arena_alloc(a->arena, size);
}

char *kit_arena_strdup(struct kit_arena *a, const char *s)
{
	return arena_strdup(a->arena, s);
}

char *kit_arena_strndup(struct kit_arena *a, const char *s, size_t size)
{
	return arena_strndup(a->arena, s, size);
}

char *kit_arena_printf(struct kit_arena *a, const char *format, ...)
{
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	ASSERT(size >= 0);
	char *out = arena_alloc(a->arena, (size_t)size + 1);
	vsnprintf(out, (size_t)size + 1, format, ap);
	va_end(ap);
	return out;
}

/* ---- text ---- */

struct kit_text {
	struct buf buf;
};

struct kit_text *kit_text_new(size_t ceiling_bytes)
{
	struct kit_text *t = xmalloc(sizeof(*t));
	buf_init(&t->buf, ceiling_bytes);
	return t;
}

void kit_text_free(struct kit_text *t)
{
	if (!t)
		return;
	buf_done(&t->buf);
	free(t);
}

void kit_text_clear(struct kit_text *t)
{
	buf_clear(&t->buf);
}

bool kit_text_is_full(const struct kit_text *t)
{
	return buf_is_full(&t->buf);
}

void kit_text_add(struct kit_text *t, const void *data, size_t size)
{
	buf_add(&t->buf, data, size);
}

void kit_text_add_string(struct kit_text *t, const char *s)
{
	buf_add_text(&t->buf, s);
}

void kit_text_printf(struct kit_text *t, const char *format, ...)
{
	char small[256];
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int size = vsnprintf(small, sizeof(small), format, again);
	va_end(again);
	ASSERT(size >= 0);
	if ((size_t)size < sizeof(small)) {
		buf_add(&t->buf, small, (size_t)size);
	} else {
		char *large = xmalloc((size_t)size + 1);
		vsnprintf(large, (size_t)size + 1, format, ap);
		buf_add(&t->buf, large, (size_t)size);
		free(large);
	}
	va_end(ap);
}

const char *kit_text_string(const struct kit_text *t)
{
	return t->buf.size > 0 ? t->buf.data : "";
}

struct jembatan_bytes kit_text_bytes(const struct kit_text *t)
{
	return buf_bytes(&t->buf);
}

bool kit_utf8_is_valid(struct jembatan_bytes bytes)
{
	return bytes.size == 0 || text_is_utf8(bytes.data, bytes.size);
}

void kit_utf8_clean(struct jembatan_bytes bytes, struct kit_text *out)
{
	if (bytes.size > 0)
		text_clean(bytes.data, bytes.size, &out->buf);
}

void kit_utf8_guess(struct jembatan_bytes bytes, struct kit_text *out)
{
	if (bytes.size > 0)
		text_from_unknown(bytes.data, bytes.size, &out->buf);
}

enum jembatan_result kit_html_text(struct jembatan_bytes html, const char *charset,
				   struct kit_text *out)
{
	return html_text(html, charset, &out->buf);
}

/* ---- digest, base64 ---- */

void kit_digest(const char *const *parts, size_t count, char out_hex[65])
{
	struct digest_state *s = digest_begin((struct jembatan_bytes){ NULL, 0 });
	for (size_t i = 0; i < count; i++)
		digest_part_text(s, parts[i]);
	struct digest d = digest_end(s);
	digest_hex(d.bytes, sizeof(d.bytes), out_hex);
}

enum jembatan_result kit_base64_decode(const char *base64, struct kit_text *out)
{
	return base64_decode(base64, strlen(base64), &out->buf);
}
