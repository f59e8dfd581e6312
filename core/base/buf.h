/* buf.h: a growable byte buffer with a ceiling given at birth. Going over it
 * is remembered, not fatal: check buf_is_full() once at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/mem.h"
#include <jembatan/connector.h>

struct buf {
	char *data;      /* NUL-terminated once anything was added */
	size_t size;     /* bytes used, without the NUL */
	size_t capacity;
	size_t ceiling;
	bool full;       /* something did not fit and was dropped */
};

void buf_init(struct buf *b, size_t ceiling_bytes);
void buf_done(struct buf *b);   /* frees; usable with CLEANUP */
void buf_clear(struct buf *b);  /* keeps the memory */
bool buf_is_full(const struct buf *b);
void buf_add(struct buf *b, const void *data, size_t size);
void buf_add_text(struct buf *b, const char *s); /* NULL adds nothing */
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_cut(struct buf *b, size_t size);   /* shorten to size */
void buf_drop(struct buf *b, size_t count); /* remove from the front */
/* Room for n more bytes, NULL when over the ceiling; then buf_grew(n). */
char *buf_reserve(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);
/* Hands the memory over: the caller frees. Never NULL. */
char *buf_take(struct buf *b);
struct jembatan_bytes buf_bytes(const struct buf *b);

#endif
