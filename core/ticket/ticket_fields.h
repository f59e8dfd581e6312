/* ticket_fields.h: internal to core/ticket. One table of fields for the JSON
 * there and back and for the check. A position and attachments stand beside it. */
#ifndef TICKET_TICKET_FIELDS_H
#define TICKET_TICKET_FIELDS_H

#include "ticket/ticket.h"

struct ticket_field {
	const char *group; /* NULL: at the top */
	const char *key;
	size_t offset;
};

extern const struct ticket_field ticket_texts[]; /* const char *; NULL is left out */
extern const size_t ticket_texts_count;
extern const struct ticket_field ticket_flags[]; /* bool; always there */
extern const size_t ticket_flags_count;
extern const struct ticket_field ticket_times[]; /* int64_t; 0 is left out */
extern const size_t ticket_times_count;

#define FIELD_OF(t, field, type) \
	((const type *)(const void *)((const char *)(t) + (field)->offset))

#endif
