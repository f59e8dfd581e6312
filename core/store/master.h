/* master.h: the master key: which of the configured ones fits, and changing it.
 *
 * A change begins in one transaction: from its commit on the new key opens the
 * store, everything new is sealed by it, and the old one stands in the store, sealed
 * by the new one, until the last data key has been wrapped again. So neither a
 * crash nor a restart in the middle needs the old key from outside. */
#ifndef STORE_MASTER_H
#define STORE_MASTER_H

#include "store/db.h"
#include "store/seal.h"

struct master_state {
	char mark[SEAL_MARK_SIZE];      /* of the key in use */
	char old_mark[SEAL_MARK_SIZE];  /* of the one that is being left; "": none is */
	char next_mark[SEAL_MARK_SIZE]; /* of one that is configured and waits; "": none */
	bool is_own;                    /* the key is DATA_DIR/master.key */
	int64_t began_ms, ended_ms;     /* of the last change; ended 0: it is not over */
	int64_t done, total;            /* rows looked at so far, of those that there were */
	int64_t unreadable;             /* of these, values that neither key opens */
};

MUST_CHECK enum jembatan_result master_state(struct db *db, struct master_state *out,
					     struct why *why);

/* Settings were read again: when `old` is the key in use, `now` waits to be the next. */
void master_offer(struct db *db, const struct db_secrets *secrets);

/* Begin a change to the configured next key, or to a new one in DATA_DIR/master.key
 * where that is in use (the old file stays beside it, as master.key.MARK). A
 * transaction of its own: outside of any other. CONFIG: there is no other key to
 * change to; RETRY: a change goes on, or the disk. */
MUST_CHECK enum jembatan_result master_begin(struct db *db, const char *actor, int64_t now_ms,
					     struct why *why);
/* Wrap again for about budget_us, from where the last slice ended. */
MUST_CHECK enum jembatan_result master_walk(struct db *db, int64_t budget_us, bool *out_is_end,
					    struct why *why);
/* After the last slice, in a transaction: the old key leaves the store; when that is
 * committed, master_forget_old: it leaves memory. */
MUST_CHECK enum jembatan_result master_leave_old(struct db *db, const char *actor, int64_t now_ms,
						 struct why *why);
void master_forget_old(struct db *db);
/* And when db_empty_log has succeeded after that, in a transaction: the change is over. */
MUST_CHECK enum jembatan_result master_end(struct db *db, int64_t now_ms, struct why *why);

/* Does the key in use open the store in this file? GONE: it cannot be read as one;
 * DATA: another key does. */
MUST_CHECK enum jembatan_result master_fits(struct db *db, const char *path, struct why *why);

#endif
