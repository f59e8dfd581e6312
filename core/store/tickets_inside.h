/* tickets_inside.h: internal to core/store. Sealing what belongs to a ticket
 * with the ticket's own key, so that erasing the person erases that too. */
#ifndef STORE_TICKETS_INSIDE_H
#define STORE_TICKETS_INSIDE_H

#include "store/db.h"
#include "base/box.h"

#define TICKET_NAME_MAX 32u

struct ticket_seal {
	struct box_key key; /* wipe it */
	char reference[TICKET_NAME_MAX + 1];
};
void ticket_seal_wipe(struct ticket_seal *s); /* for CLEANUP */

/* GONE: there is no such ticket, or its words were erased. */
MUST_CHECK enum jembatan_result ticket_seal_find(struct db *db, int64_t ticket_id,
						 struct ticket_seal *out, struct why *why);
/* In db->sealed and db->plain: borrowed until their next use. `what` is bound
 * to the value together with the ticket. */
MUST_CHECK enum jembatan_result ticket_seal_value(struct db *db, const struct ticket_seal *s,
						  const char *what, struct jembatan_bytes plain,
						  struct jembatan_bytes *out, struct why *why);
MUST_CHECK enum jembatan_result ticket_unseal_value(struct db *db, const struct ticket_seal *s,
						    const char *what,
						    struct jembatan_bytes sealed,
						    struct jembatan_bytes *out, struct why *why);

#endif
