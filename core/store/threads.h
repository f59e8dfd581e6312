/* threads.h: a person whom a channel first knew by a phone number and then by an
 * id of its own, or the other way round, has one thread. What says that the two
 * are one is remembered as keyed hashes; erase.c destroys it with the last
 * message of the thread. */
#ifndef STORE_THREADS_H
#define STORE_THREADS_H

#include "store/db.h"

/* The thread under which the messages of *key stand: replaces *key if that is
 * another name of one. */
MUST_CHECK enum jembatan_result threads_find(struct db *db, int64_t instance_id,
					     struct digest *key, struct why *why);

/* From now on alias stands for thread; what stood under alias moves there. What
 * was said later wins, since a phone number may get another owner. message_id: which
 * message said so; 0: none. */
MUST_CHECK enum jembatan_result threads_join(struct db *db, int64_t instance_id,
					     const struct digest *alias,
					     const struct digest *thread, int64_t at_ms,
					     int64_t message_id, struct why *why);

/* The newest message that named this thread in two ways and is not erased; 0: none. */
MUST_CHECK enum jembatan_result threads_newest(struct db *db, int64_t instance_id,
					       const struct digest *thread, int64_t *out_message_id,
					       struct why *why);

/* Has this thread another name? */
MUST_CHECK enum jembatan_result threads_is_joined(struct db *db, int64_t instance_id,
						  const struct digest *thread, bool *out_is,
						  struct why *why);

#endif
