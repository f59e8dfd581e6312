/* ticket_schema.h: a small validator for the keywords of JSON Schema 2020-12
 * that ticket.schema.json uses. Compiled once; an unknown keyword is an error
 * at loading, never silently ignored. */
#ifndef TICKET_TICKET_SCHEMA_H
#define TICKET_TICKET_SCHEMA_H

#include "base/why.h"

struct ticket_schema;

/* Where the shipped schema is: $JEMBATAN_SCHEMA, else as installed. */
const char *ticket_schema_path(void);

/* CONFIG when the file is missing, no JSON, or uses a keyword not known here. */
MUST_CHECK enum jembatan_result ticket_schema_load(const char *path, struct ticket_schema **out,
						   struct why *why);
MUST_CHECK enum jembatan_result ticket_schema_compile(struct jembatan_bytes json,
						      struct ticket_schema **out, struct why *why);
void ticket_schema_free(struct ticket_schema *s); /* NULL is fine */

/* DATA and "/reporter/phone: ..." (never the value) when the body is not so. */
MUST_CHECK enum jembatan_result ticket_validate(const struct ticket_schema *s,
						struct jembatan_bytes body, struct why *why);

#endif
