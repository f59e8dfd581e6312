/* quoted.h: which ticket a number stands for that another system, or our own intake,
 * gave to a report. The numbers themselves are nowhere in the store: a keyed hash
 * is. */
#ifndef STORE_QUOTED_H
#define STORE_QUOTED_H

#include "store/db.h"

/* The ticket of an instance's record: same_key is ticket_same_key() of its id. GONE: there
 * is no such record, or it has no ticket. */
MUST_CHECK enum jembatan_result quoted_by_record(struct db *db, const char *instance,
						 const struct digest *same_key,
						 int64_t *out_ticket_id, struct why *why);
/* The ticket of what was handed in under "IN-7K3M9QXH2B4C". GONE likewise. */
MUST_CHECK enum jembatan_result quoted_by_submission(struct db *db, const char *reference,
						     int64_t *out_ticket_id, struct why *why);

#endif
