/* ticket_schema_inside.h: the compiled rules; for ticket_schema.c, which checks a
 * JSON value and says what is wrong, and ticket_fits.c, which checks a ticket as
 * it lies in memory and only says whether all is well. */
#ifndef TICKET_TICKET_SCHEMA_INSIDE_H
#define TICKET_TICKET_SCHEMA_INSIDE_H

#include "ticket/ticket_fields.h"
#include "ticket/ticket_schema.h"

typedef bool format_check(const char *text);

struct property {
	const char *name;
	const struct rule *rule; /* NULL: required, but not described */
	bool required;
};

struct rule {
	const char *type; /* NULL: any */
	const struct property *properties;
	size_t property_count;
	bool is_closed; /* no other properties */
	const char *const *allowed; /* enum; NULL: any */
	size_t allowed_count;
	format_check *format;
	const char *format_name;
	int64_t min_length, max_length; /* characters; max -1: no limit */
	double minimum, maximum;
	bool has_minimum, has_maximum;
	const struct rule *items;
	int64_t max_items; /* -1: no limit */
};

struct bound { /* a field of the tables and its rule */
	const struct rule *rule;
	bool required;
};

struct ticket_schema {
	struct arena *arena;
	const struct rule *root;
	/* For ticket_fits; NULL: this schema asks for more than it can see. */
	struct bound *texts;
	struct bound *times;
	const struct rule *latitude, *longitude;
};

bool ticket_is_date_time(const char *text);
int64_t ticket_count_characters(const char *text, size_t size); /* code points */

/* Once the root is compiled. */
void ticket_fits_bind(struct ticket_schema *s);
/* True: it fits. False: it may not, ask ticket_validate. */
bool ticket_fits(const struct ticket_schema *s, const struct ticket *t);

#endif
