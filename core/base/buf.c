/* buf.c: growable bytes with a ceiling. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

void buf_init(struct buf *b, size_t ceiling_bytes)
{
	*b = (struct buf){ .ceiling = ceiling_bytes };
}

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .ceiling = b->ceiling };
}

void buf_clear(struct buf *b)
{
	b->size = 0;
	b->full = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

bool buf_is_full(const struct buf *b)
{
	return b->full;
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (n > b->ceiling || b->size > b->ceiling - n) {
		b->full = true;
		return NULL;
	}
	size_t need = b->size + n + 1;
	if (need > b->capacity) {
		size_t capacity = b->capacity != 0 ? b->capacity : 64;
		while (capacity < need)
			capacity *= 2;
		if (capacity > b->ceiling + 1)
			capacity = b->ceiling + 1;
		b->data = xrealloc(b->data, capacity, 1);
		b->capacity = capacity;
	}
	return b->data + b->size;
}

void buf_grew(struct buf *b, size_t n)
{
	ASSERT(b->size + n < b->capacity);
	b->size += n;
	b->data[b->size] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t size)
{
	char *room = buf_reserve(b, size);
	if (room == NULL)
		return;
	if (size != 0)
		memcpy(room, data, size);
	buf_grew(b, size);
}

void buf_add_text(struct buf *b, const char *s)
{
	if (s != NULL)
		buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap, again;
	size_t left = b->capacity - b->size;
	va_start(ap, format);
	va_copy(again, ap);
	/* Straight to where it will stand: mostly there is room. */
	int n = vsnprintf(left > 0 ? b->data + b->size : NULL, left, format, ap);
	va_end(ap);
	ASSERT(n >= 0);
	char *room = buf_reserve(b, (size_t)n);
	if (room != NULL && (size_t)n >= left)
		vsnprintf(room, (size_t)n + 1, format, again);
	va_end(again);
	if (room != NULL)
		buf_grew(b, (size_t)n);
	else if (left > 0)
		b->data[b->size] = '\0';
}

void buf_cut(struct buf *b, size_t size)
{
	ASSERT(size <= b->size);
	b->size = size;
	if (b->data != NULL)
		b->data[size] = '\0';
}

void buf_drop(struct buf *b, size_t count)
{
	ASSERT(count <= b->size);
	if (count == 0)
		return;
	memmove(b->data, b->data + count, b->size - count);
	buf_cut(b, b->size - count);
}

char *buf_take(struct buf *b)
{
	char *out = b->data != NULL ? b->data : xcalloc(1, 1);
	b->data = NULL;
	b->size = b->capacity = 0;
	return out;
}

struct jembatan_bytes buf_bytes(const struct buf *b)
{
	return (struct jembatan_bytes){ b->data, b->size };
}
