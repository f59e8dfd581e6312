/* field.c: packing and unpacking by table. */
#include "base/field.h"

#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "base/poison.h"

#define PREFIX 7u /* u16 tag, u8 type, u32 length */
#define LIST_MAX 4096u
#define DEPTH_MAX 4u

static void put_number(uint8_t *out, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get_number(const uint8_t *in, size_t size)
{
	uint64_t v = 0;
	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)in[i] << (8 * i);
	return v;
}

static void put(struct buf *out, const struct field *f, const void *data, size_t size)
{
	uint8_t *p = (uint8_t *)buf_reserve(out, PREFIX + size);
	if (p == NULL)
		return;
	put_number(p, f->tag, 2);
	p[2] = (uint8_t)f->type;
	put_number(p + 3, size, 4);
	if (size != 0)
		memcpy(p + PREFIX, data, size);
	buf_grew(out, PREFIX + size);
}

static void put_scalar(struct buf *out, const struct field *f, uint64_t v, size_t size)
{
	uint8_t bytes[8];
	if (v == 0)
		return;
	put_number(bytes, v, size);
	put(out, f, bytes, size);
}

static void pack_list(struct buf *out, const struct field *f, const char *base)
{
	const char *elements;
	size_t count;
	memcpy(&elements, base + f->offset, sizeof(elements));
	memcpy(&count, base + f->offset2, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		size_t at = out->size;
		put(out, f, NULL, 0);
		size_t start = out->size;
		field_pack(f->element, elements + i * f->element_size, out);
		if (!buf_is_full(out))
			put_number((uint8_t *)out->data + at + 3, out->size - start, 4);
	}
}

static void pack_one(struct buf *out, const struct field *f, const char *base)
{
	const void *at = base + f->offset;
	switch (f->type) {
	case FIELD_TEXT: {
		const char *s;
		memcpy(&s, at, sizeof(s));
		if (s != NULL)
			put(out, f, s, strlen(s) + 1);
		return;
	}
	case FIELD_BYTES: {
		struct jembatan_bytes b;
		memcpy(&b, at, sizeof(b));
		if (b.size != 0)
			put(out, f, b.data, b.size);
		return;
	}
	case FIELD_I64:
	case FIELD_SIZE:
	case FIELD_DOUBLE: {
		uint64_t v;
		memcpy(&v, at, sizeof(v));
		put_scalar(out, f, v, 8);
		return;
	}
	case FIELD_U32: {
		uint32_t v;
		memcpy(&v, at, sizeof(v));
		put_scalar(out, f, v, 4);
		return;
	}
	case FIELD_BOOL: {
		bool v;
		memcpy(&v, at, sizeof(v));
		put_scalar(out, f, v, 1);
		return;
	}
	case FIELD_LIST:
		pack_list(out, f, base);
		return;
	}
}

void field_pack(const struct field *table, const void *from, struct buf *out)
{
	for (const struct field *f = table; f->tag != 0; f++)
		pack_one(out, f, from);
}

static enum jembatan_result unpack(const struct field *table, struct jembatan_bytes in,
				   struct arena *arena, unsigned depth, void *out, struct why *why);

static size_t scalar_size(enum field_type type)
{
	switch (type) {
	case FIELD_I64:
	case FIELD_SIZE:
	case FIELD_DOUBLE:
		return 8;
	case FIELD_U32:
		return 4;
	case FIELD_BOOL:
		return 1;
	case FIELD_TEXT:
	case FIELD_BYTES:
	case FIELD_LIST:
		return 0;
	}
	return 0;
}

static enum jembatan_result unpack_scalar(const struct field *f, struct jembatan_bytes in,
					  char *base, struct why *why)
{
	size_t size = scalar_size(f->type);
	if (in.size != size)
		return why_set(why, JEMBATAN_DATA, "field %s has %zu bytes, not %zu", f->name, in.size,
			       size);
	uint64_t v = get_number(in.data, size);
	if (f->type == FIELD_BOOL) {
		bool b = v != 0;
		memcpy(base + f->offset, &b, sizeof(b));
	} else if (f->type == FIELD_U32) {
		uint32_t u = (uint32_t)v;
		memcpy(base + f->offset, &u, sizeof(u));
	} else {
		memcpy(base + f->offset, &v, sizeof(v));
	}
	return JEMBATAN_OK;
}

static enum jembatan_result unpack_text(const struct field *f, struct jembatan_bytes in, char *base,
					struct why *why)
{
	const char *s = in.data;
	if (in.size == 0 || s[in.size - 1] != '\0' || !text_is_utf8(s, in.size - 1))
		return why_set(why, JEMBATAN_DATA, "field %s is not a text in UTF-8", f->name);
	memcpy(base + f->offset, &s, sizeof(s));
	return JEMBATAN_OK;
}

/* The elements of a list stand side by side: count them first, then fill. */
static size_t count_run(struct jembatan_bytes in, uint16_t tag)
{
	const uint8_t *p = in.data;
	size_t left = in.size, n = 0;
	while (left >= PREFIX && get_number(p, 2) == tag && n <= LIST_MAX) {
		size_t length = (size_t)get_number(p + 3, 4);
		if (length > left - PREFIX)
			break;
		p += PREFIX + length;
		left -= PREFIX + length;
		n++;
	}
	return n;
}

static enum jembatan_result unpack_list(const struct field *f, struct jembatan_bytes in,
					struct arena *arena, unsigned depth, char *base,
					size_t *out_used, struct why *why)
{
	size_t count = count_run(in, f->tag);
	if (count > LIST_MAX || depth >= DEPTH_MAX)
		return why_set(why, JEMBATAN_DATA, "list %s is too long or too deep", f->name);
	char *elements = arena_alloc(arena, count * f->element_size);
	const uint8_t *p = in.data;
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		size_t length = (size_t)get_number(p + used + 3, 4);
		if (p[used + 2] != FIELD_LIST)
			return why_set(why, JEMBATAN_DATA, "field %s has another type", f->name);
		enum jembatan_result r = unpack(f->element,
						(struct jembatan_bytes){ p + used + PREFIX, length },
						arena, depth + 1, elements + i * f->element_size,
						why);
		if (r != JEMBATAN_OK)
			return r;
		used += PREFIX + length;
	}
	memcpy(base + f->offset, &elements, sizeof(elements));
	memcpy(base + f->offset2, &count, sizeof(count));
	*out_used = used;
	return JEMBATAN_OK;
}

static enum jembatan_result unpack_value(const struct field *f, struct jembatan_bytes value,
					 char *base, struct why *why)
{
	if (f->type == FIELD_TEXT)
		return unpack_text(f, value, base, why);
	if (f->type == FIELD_BYTES) {
		memcpy(base + f->offset, &value, sizeof(value));
		return JEMBATAN_OK;
	}
	return unpack_scalar(f, value, base, why);
}

/* Fields come in the order of the table, so one pass over both is enough, and
 * a tag given twice is as unknown as one out of order. */
static enum jembatan_result unpack(const struct field *table, struct jembatan_bytes in,
				   struct arena *arena, unsigned depth, void *out, struct why *why)
{
	const uint8_t *p = in.data;
	size_t at = 0;
	const struct field *f = table;
	while (at < in.size) {
		if (in.size - at < PREFIX)
			return why_set(why, JEMBATAN_DATA, "a field is cut");
		uint16_t tag = (uint16_t)get_number(p + at, 2);
		size_t length = (size_t)get_number(p + at + 3, 4);
		while (f->tag != 0 && f->tag != tag)
			f++;
		if (f->tag == 0)
			return why_set(why, JEMBATAN_DATA, "field %u is unknown, twice or out of order",
				       (unsigned)tag);
		if (p[at + 2] != (uint8_t)f->type || length > in.size - at - PREFIX)
			return why_set(why, JEMBATAN_DATA, "field %s is cut or has another type",
				       f->name);
		enum jembatan_result r;
		if (f->type == FIELD_LIST) {
			size_t used = 0;
			r = unpack_list(f, (struct jembatan_bytes){ p + at, in.size - at }, arena,
					depth, out, &used, why);
			at += used;
		} else {
			r = unpack_value(f, (struct jembatan_bytes){ p + at + PREFIX, length }, out,
					 why);
			at += PREFIX + length;
		}
		if (r != JEMBATAN_OK)
			return r;
		f++;
	}
	return JEMBATAN_OK;
}

enum jembatan_result field_unpack(const struct field *table, struct jembatan_bytes in,
				  struct arena *arena, void *out, struct why *why)
{
	return unpack(table, in, arena, 0, out, why);
}
