/* unreachable.h: addresses that a channel says it cannot reach at all. Until such
 * a mark ends, or its owner writes there again, what is told to him goes another
 * way at once. Keyed hashes only; erase.c destroys the mark with the messages whose
 * replies it came of. */
#ifndef STORE_UNREACHABLE_H
#define STORE_UNREACHABLE_H

#include "store/db.h"

struct unreachable_mark {
	int64_t instance_id;
	struct digest address_key; /* as of the reply */
	struct digest thread_key;  /* whatever comes in it lifts the mark; zero: none */
	int64_t at_ms, until_ms;
};

/* Inside a transaction; what has ended is swept on the way. */
MUST_CHECK enum jembatan_result unreachable_put(struct db *db, const struct unreachable_mark *mark,
						struct why *why);
MUST_CHECK enum jembatan_result unreachable_is(struct db *db, int64_t instance_id,
					       const struct digest *address_key, int64_t now_ms,
					       bool *out, struct why *why);
/* A person says that it may be tried again. */
MUST_CHECK enum jembatan_result unreachable_lift(struct db *db, int64_t instance_id,
						 const struct digest *address_key,
						 struct why *why);
/* A message came in this thread: nothing happens when it is older than the mark. */
MUST_CHECK enum jembatan_result unreachable_arrived(struct db *db, int64_t instance_id,
						    const struct digest *thread_key,
						    int64_t arrived_ms, struct why *why);
MUST_CHECK enum jembatan_result unreachable_count(struct db *db, int64_t instance_id,
						  int64_t now_ms, int64_t *out, struct why *why);

#endif
