/* erase.h: destroying a citizen's words. What sealed them is destroyed: the data
 * key of the message, and all that hangs on it. The row stays, so that the same
 * message delivered again is recognised and not taken for a new one.
 *
 * A request is written down first (erasures_add), then done in slices, each a
 * transaction: a crash in the middle resumes. The words are only gone from the
 * disk when db_empty_log() has succeeded after the last slice. */
#ifndef STORE_ERASE_H
#define STORE_ERASE_H

#include "store/audit.h"

enum erase_by { ERASE_PERSON = 0, ERASE_TICKET = 1 };

struct erase_item {
	enum audit_subject subject; /* AUDIT_MESSAGE or AUDIT_QUARANTINE */
	int64_t id;
};

struct erase_counts {
	int64_t messages, tickets, records, files, fingerprints, replies, submissions;
};

struct erasure {
	int64_t id, asked_ms;
	const char *actor;
	enum erase_by by;
	struct erase_counts counts; /* destroyed so far */
	int64_t left;               /* items that are still to go */
};

/* Does the centre just now get it, or may it have got it? The ticket's reference
 * then, else NULL. */
MUST_CHECK enum jembatan_result erase_find_busy(struct db *db, const struct erase_item *item,
						struct arena *arena, const char **out_reference,
						struct why *why);

/* Write a request down. What waits to be sent is taken back in the same
 * transaction, so that nothing of it leaves any more. */
MUST_CHECK enum jembatan_result erasures_add(struct db *db, const char *actor, enum erase_by by,
					     const struct erase_item *items, size_t count,
					     int64_t now_ms, int64_t *out_id, struct why *why);
/* The oldest that is not done; GONE: there is none. */
MUST_CHECK enum jembatan_result erasures_open(struct db *db, struct arena *arena,
					      struct erasure *out, struct why *why);
MUST_CHECK enum jembatan_result erasures_get(struct db *db, int64_t id, struct arena *arena,
					     struct erasure *out, struct why *why);
/* Destroy at most limit items. out_items: which; out_keys: what sealed them, as
 * it stood on the disk, SEAL_WRAPPED_SIZE bytes each, is appended. */
MUST_CHECK enum jembatan_result erasures_slice(struct db *db, int64_t id, size_t limit,
					       int64_t now_ms, struct erase_item *out_items,
					       size_t *out_count, struct buf *out_keys,
					       struct why *why);
MUST_CHECK enum jembatan_result erasures_done(struct db *db, int64_t id, int64_t now_ms,
					      struct why *why);

/* One item, without a request (retention). reason: stays in the row. */
MUST_CHECK enum jembatan_result erase_item(struct db *db, const struct erase_item *item,
					   const char *reason, struct erase_counts *counts,
					   struct buf *out_keys, struct why *why);

/* The row of the comparison that belongs to a message; 0: none. */
MUST_CHECK enum jembatan_result erase_compared(struct db *db, int64_t message_id, int64_t *out_id,
					       struct why *why);

/* Bring the whole log into the database and cut it to nothing. RETRY: somebody
 * still reads (a backup): try again. Outside a transaction. */
MUST_CHECK enum jembatan_result db_empty_log(struct db *db, struct why *why);

#endif
