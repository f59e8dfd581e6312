/* agency_bring.h: a record on its way to the core. */
#ifndef AGENCY_BRING_H
#define AGENCY_BRING_H

#include "agency-api/agency_parse.h"

/* begin, map, emit: a record becomes its messages, or is said to be unreadable.
 * `parsed` is what agency_parse_record (or the details) said of it, and
 * `reason` the sentence to it. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_bring(const struct agency_mapping *mapping, struct jembatan_bytes bytes,
	     const struct agency_record *record, enum jembatan_result parsed,
	     const char *reason, struct kit_arena *arena);

/* begin and emit of what is kept byte for byte because it cannot be read, such as
 * a bad row. The reason is said in the log by the caller. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_bring_bad(struct jembatan_context *ctx, const char *id, struct jembatan_bytes bytes,
		 const char *type, const char *reason);

#endif
