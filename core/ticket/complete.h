/* complete.h: is there enough in a ticket to work on, and what to ask for when
 * not. The rules are the operator's (`complete:` in jembatan.yaml). Pure. */
#ifndef TICKET_COMPLETE_H
#define TICKET_COMPLETE_H

#include "config/settings.h"
#include "ticket/ticket.h"

/* What may be missing, each a bit: 1u << part. Stored: never renumber. */
enum complete_part {
	COMPLETE_TEXT,    /* too little is said */
	COMPLETE_PLACE,   /* it could be anywhere */
	COMPLETE_DATE,    /* only where a date is demanded from the reporter */
	COMPLETE_ADDRESS, /* nowhere to answer to: nobody can be asked */
	COMPLETE_PART_COUNT,
};

/* Bits of what is missing; 0: complete. is_local: the channel serves one
 * kabupaten or kota, so that a street alone is a place. */
unsigned complete_check(const struct ticket *t, const struct settings_complete *rules, bool is_local);

/* Something that its reporter could say is missing, and there is an address. */
bool complete_can_ask(unsigned missing);

/* "text", "place", "date", "address". */
const char *complete_part_name(enum complete_part part);
/* The names of the bits, ", " between; in the arena. */
const char *complete_names(unsigned missing, struct arena *arena);
/* The sentence to ask with, for text, place and date; NULL for the address.
 * Lives as long as the rules. */
const char *complete_question(const struct settings_complete *rules, enum complete_part part);

#endif
