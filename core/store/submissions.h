/* submissions.h: what the intake over HTTP has taken: our reference, and which
 * Idempotency-Key and body it came with, both as keyed hashes. */
#ifndef STORE_SUBMISSIONS_H
#define STORE_SUBMISSIONS_H

#include "store/db.h"

#define SUBMISSION_REFERENCE_SIZE 16u /* "IN-" and twelve characters, with the NUL */

struct submission_row {
	char reference[SUBMISSION_REFERENCE_SIZE];
	struct digest body;
	int64_t message_id, received_ms;
};

/* Inside the transaction of its message. key all zero: it came without one. */
MUST_CHECK enum jembatan_result submissions_add(struct db *db, int64_t instance_id,
						const struct digest *key,
						const struct submission_row *row, struct why *why);
/* By the Idempotency-Key; GONE when it is new. */
MUST_CHECK enum jembatan_result submissions_find_key(struct db *db, int64_t instance_id,
						     const struct digest *key,
						     struct submission_row *out, struct why *why);
/* By our reference; GONE when this instance has none such. */
MUST_CHECK enum jembatan_result submissions_find(struct db *db, int64_t instance_id,
						 const char *reference,
						 struct submission_row *out, struct why *why);
/* The one that first brought this message; GONE when none did. */
MUST_CHECK enum jembatan_result submissions_of_message(struct db *db, int64_t message_id,
						       struct submission_row *out, struct why *why);

#endif
