/* propose.h: what is known of a complaint becomes fields of its ticket, where
 * the source said nothing. Nothing that stands there is changed. Pure. */
#ifndef TICKET_PROPOSE_H
#define TICKET_PROPOSE_H

#include "ticket/know.h"
#include "ticket/ticket.h"

#define PROPOSE_PERSON "a person" /* the words that decided, where one corrected it */

struct propose_options {
	uint32_t home;      /* REGION_NONE: everywhere */
	const char *agency; /* whose channel it is; or NULL */
	struct tokens_memo *memo; /* may be NULL */
	unsigned margin;    /* percent; below it a category gets no number */
};

/* Adds place, day, klasifikasi and the proposal. The zone of the ticket becomes
 * that of its place. Texts live in the arena. */
void propose_fill(const struct know_tables *tables, const struct propose_options *options,
		  struct arena *arena, struct ticket *t);

/* Was its region read from words that lie hundreds of kilometres from its
 * coordinates? One of the two is wrong: for a person. */
bool propose_is_far(const struct know_tables *tables, const struct ticket *t);

/* The zone of what the source says of the place, else of home; else `otherwise`:
 * for times without one. */
int propose_zone(const struct know_tables *tables, uint32_t home, const char *code,
		 const char *province, int otherwise);

/* The centre's numbers, by the operator's tables; NULL: it has none. */
const char *propose_category_id(const struct know_tables *tables, const char *category,
				struct arena *arena);
const char *propose_location_id(const struct know_tables *tables, const char *code,
				struct arena *arena);

/* A margin as the ticket holds it, in percent; 0 when there is none. */
unsigned propose_percent(const char *margin);

#endif
