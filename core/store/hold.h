/* hold.h: after a backup was put back. What was pushed since that backup is
 * unknown, not new: actions that waited become unknown, messages that come
 * again are made into tickets that are held, and nothing leaves by itself
 * until a person ends the hold. */
#ifndef STORE_HOLD_H
#define STORE_HOLD_H

#include "store/db.h"

struct hold {
	int64_t made_ms;     /* when the backup was made; 0: none was ever put back */
	int64_t restored_ms; /* when it was put back */
	bool active;         /* nobody has ended it yet */
};

/* How the centre can be asked about a push whose reference we still have. */
enum hold_means {
	HOLD_PERSON,    /* not at all: a person looks */
	HOLD_LOOKUP,    /* by reference */
	HOLD_IDEMPOTENT /* the same reference again does no harm */
};

MUST_CHECK enum jembatan_result hold_read(struct db *db, struct hold *out, struct why *why);

/* In a transaction, on a store that was just put back: see above. */
MUST_CHECK enum jembatan_result hold_start(struct db *db, int64_t made_ms, int64_t now_ms,
					   enum hold_means means, struct why *why);
MUST_CHECK enum jembatan_result hold_release(struct db *db, struct why *why);

/* May what came at received_ms, and is of source_ms by its source (0: it does
 * not say), have been pushed in the time that the backup does not know? That
 * stays true of old messages after the hold has ended. */
bool hold_is_suspect(const struct hold *h, int64_t received_ms, int64_t source_ms);

#define HOLD_REASON \
	"it may have been pushed already, before the store was put back from a backup: see whether " \
	"the centre has it, then `jembatan unknown confirm` or `resend`"

#endif
