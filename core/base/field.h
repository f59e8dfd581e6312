/* field.h: typed, length-prefixed fields, driven by a table per struct: one
 * table is both the pack and the unpack. Wire: u16 tag, u8 type, u32 length,
 * bytes, little endian. Texts carry their NUL, so unpacked pointers are
 * borrowed from the input. Unset text, empty bytes and zero numbers are left
 * out. Unpacking fails on an unknown tag, a wrong type, a tag given twice, a
 * text that is not UTF-8, and on anything left over. */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"

enum field_type {
	FIELD_TEXT = 1, /* const char * */
	FIELD_BYTES,    /* struct jembatan_bytes */
	FIELD_I64,      /* int64_t */
	FIELD_U32,      /* unsigned, or an enum of that size */
	FIELD_SIZE,     /* size_t or uint64_t */
	FIELD_BOOL,     /* bool */
	FIELD_DOUBLE,   /* double */
	FIELD_LIST      /* const struct X *, and size_t count at offset2 */
};

struct field {
	uint16_t tag; /* never reused: packed messages live in the store */
	enum field_type type;
	size_t offset;
	size_t offset2;            /* LIST: where its count stands */
	const struct field *element; /* LIST: the table of its struct ... */
	size_t element_size;         /* ... and that struct's size */
	const char *name;
};

/* A table ends with tag 0. */
#define FIELD(tag, type, s, member) { tag, type, offsetof(s, member), 0, 0, 0, #member }
#define FIELD_LIST_OF(tag, s, member, count, table, elem) \
	{ tag, FIELD_LIST, offsetof(s, member), offsetof(s, count), table, sizeof(elem), #member }
#define FIELD_END { 0, 0, 0, 0, 0, 0, 0 }

void field_pack(const struct field *table, const void *from, struct buf *out);
/* Fill the zeroed struct `out`. Lists are allocated in `arena`, at most 4,096
 * elements, nesting at most 4. */
MUST_CHECK enum jembatan_result field_unpack(const struct field *table, struct jembatan_bytes in,
					     struct arena *arena, void *out, struct why *why);

#endif
