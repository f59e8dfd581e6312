/* create.h: is this a complaint as the centre wants it, and what is its
 * reference? The keys are those that public clients of version 3 send. */
#ifndef FAKE_CREATE_H
#define FAKE_CREATE_H

#include "ledger.h"

/* What is wrong, as {"key": ["sentence"]}; empty when nothing is. The
 * caller's reference. */
json_t *create_check(json_t *body, struct ledger *ledger);

/* Our reference ("JB-...") from tags_raw, else from the last line of the
 * content, else from the Idempotency-Key (may be NULL). NULL when there is
 * none; the caller frees. */
char *create_reference(json_t *body, const char *key);

#endif
