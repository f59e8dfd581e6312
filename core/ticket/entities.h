/* entities.h: which words and numbers name something: a street, a house, a
 * village, a person, a date. Texts that differ only in these are different
 * complaints. Pure; knows prefixes, no list of places. */
#ifndef TICKET_ENTITIES_H
#define TICKET_ENTITIES_H

#include "ticket/tokens.h"

/* Gives each token its role, makes one token of a date, drops what is only a
 * prefix ("jalan", "kec") and dates of the message's own day (day, month). */
void entities_mark(struct tokens *t, unsigned own_day, unsigned own_month);

#endif
