/* understand.h: from a channel's message to a ticket with all that is proposed.
 * Pure: the same in whatever thread. */
#ifndef TICKET_UNDERSTAND_H
#define TICKET_UNDERSTAND_H

#include "ticket/normalize.h"
#include "ticket/propose.h"

struct understand_options {
	struct normalize_options normalize;
	const struct know_tables *tables; /* NULL: nothing is proposed */
	struct propose_options propose;
};

/* As normalize_message; nothing is proposed for what came from the centre. */
MUST_CHECK enum jembatan_result understand_message(const struct msg_message *m,
						   const struct understand_options *options,
						   struct arena *arena, struct ticket *out,
						   struct why *why);

#endif
