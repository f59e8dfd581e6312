/* erase_proof.h: looks for destroyed keys, byte by byte, in the files of the
 * store, a slice at a time. */
#ifndef STORE_ERASE_PROOF_H
#define STORE_ERASE_PROOF_H

#include "store/db.h"

struct erase_proof;

/* keys: SEAL_WRAPPED_SIZE bytes each; copied. */
struct erase_proof *erase_proof_new(struct db *db, struct jembatan_bytes keys);
void erase_proof_free(struct erase_proof *p); /* NULL is fine */
/* Search on; *out_more is false at the end of the last file. */
MUST_CHECK enum jembatan_result erase_proof_slice(struct erase_proof *p, bool *out_more,
						  struct why *why);
/* How many keys were looked for, through how many bytes; how often one was there. */
struct erase_proven {
	int64_t keys, bytes, found;
};
struct erase_proven erase_proof_result(const struct erase_proof *p);

#endif
