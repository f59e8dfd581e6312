/* normalize.h: a channel's message becomes a ticket: text cleaned and NFC,
 * phones to E.164, a title and an incident date derived where there is none,
 * identity numbers masked in the title, flags kept. Pure. */
#ifndef TICKET_NORMALIZE_H
#define TICKET_NORMALIZE_H

#include "ticket/ticket.h"

#define NORMALIZE_TITLE_GRAPHEMES 100u /* of a derived title */

struct normalize_options {
	const char *instance;
	const char *channel;   /* word for sumber; NULL: source_system */
	const char *source_system; /* whose ids these are: profile or connector */
	const char *reference; /* may be NULL (preview) */
	int64_t received_ms;
	int zone_minutes; /* of dates without zone, and of the ticket */
};

/* Strings live in the arena or are borrowed from message and options. DATA
 * when there is nothing to report: no text, no subject, no attachment. */
MUST_CHECK enum jembatan_result normalize_message(const struct msg_message *m,
						  const struct normalize_options *options,
						  struct arena *arena, struct ticket *out,
						  struct why *why);

#endif
