/* arena.c: blocks chained newest first; a reset keeps the largest. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define FIRST_BLOCK (8u * 1024u)

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(16) unsigned char data[];
};

struct arena {
	struct block *blocks;
	size_t used;
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

static void free_blocks(struct block *b)
{
	while (b != NULL) {
		struct block *next = b->next;
		free(b);
		b = next;
	}
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	free_blocks(a->blocks);
	free(a);
}

void arena_reset(struct arena *a)
{
	/* The newest block is the largest: sizes double. */
	if (a->blocks != NULL) {
		free_blocks(a->blocks->next);
		a->blocks->next = NULL;
		a->blocks->used = 0;
	}
	a->used = 0;
}

/* What stands in it is of no meaning. */
static void *take(struct arena *a, size_t size)
{
	size_t need = (size + 15u) & ~(size_t)15u;
	ASSERT(need >= size);
	struct block *b = a->blocks;
	if (b == NULL || b->size - b->used < need) {
		size_t block_size = b != NULL ? b->size * 2 : FIRST_BLOCK;
		if (block_size < need)
			block_size = need;
		struct block *fresh = xmalloc(sizeof(*fresh) + block_size);
		*fresh = (struct block){ .next = b, .size = block_size };
		a->blocks = b = fresh;
	}
	void *out = b->data + b->used;
	b->used += need;
	a->used += need;
	return out;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(take(a, size), 0, size);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s != NULL ? arena_memdup(a, s, strlen(s) + 1) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t size = strnlen(s, n);
	char *out = take(a, size + 1);
	memcpy(out, s, size);
	out[size] = '\0';
	return out;
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *out = take(a, n);
	if (n != 0)
		memcpy(out, p, n);
	return out;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap, again;
	struct block *b = a->blocks;
	size_t room = b != NULL ? b->size - b->used : 0;
	va_start(ap, format);
	va_copy(again, ap);
	/* Straight to where it will stand: most texts fit. */
	int n = vsnprintf(room > 0 ? (char *)b->data + b->used : NULL, room, format, ap);
	va_end(ap);
	ASSERT(n >= 0);
	char *out = take(a, (size_t)n + 1);
	if ((size_t)n >= room || a->blocks != b)
		vsnprintf(out, (size_t)n + 1, format, again);
	va_end(again);
	return out;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
