/* agency_slice.h: where the values of a JSON text begin and end.
 *
 * A JSON reader refuses an answer as a whole when one string in it holds a
 * broken UTF-8 sequence or half a surrogate pair, and gives no positions. So
 * an answer is first cut by its brackets and quotes alone, and each piece is
 * read by itself. Nothing is interpreted here; pure, fuzzed. */
#ifndef AGENCY_SLICE_H
#define AGENCY_SLICE_H

#include <jembatan/connector.h>

/* The value that begins at or after `at` (white space, and a byte order mark
 * at the very start, are skipped). False: none, or it is cut short. */
bool agency_slice_value(struct jembatan_bytes text, size_t at,
			struct jembatan_bytes *out_value);

/* A walk over the members of an object, or the elements of a list. */
struct agency_slice {
	struct jembatan_bytes text; /* the value that is walked */
	size_t at;
	struct jembatan_bytes key; /* of the current member, without quotes */
	struct jembatan_bytes value;
	bool broken; /* the walk ended before the closing bracket */
};

/* text: a value that begins with { or [. */
void agency_slice_begin(struct agency_slice *slice, struct jembatan_bytes text);
/* False at the end: look at `broken` then. */
bool agency_slice_next(struct agency_slice *slice);

#endif
