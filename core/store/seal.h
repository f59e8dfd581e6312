/* seal.h: internal to core/store. Keys and sealed columns. Each message has a
 * data key, wrapped by the master key; destroying the wrapped key erases what
 * it sealed. A label binds a sealed value to its table, column and row. */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "base/box.h"
#include "base/secret.h"

#define SEAL_UID_SIZE 16u
#define SEAL_WRAPPED_SIZE (BOX_KEY_SIZE + BOX_OVERHEAD)
#define SEAL_VALUE_MAX (4u * 1024u * 1024u) /* ceiling of one sealed value */

/* The master key from its secret (64 hexadecimal digits). CONFIG. */
MUST_CHECK enum jembatan_result seal_key_from_secret(const struct secret *secret,
						     struct box_key *out, struct why *why);
/* From a file that nobody else may read: GONE when there is none, CONFIG. */
MUST_CHECK enum jembatan_result seal_key_from_file(const char *path, struct box_key *out,
						   struct why *why);
/* A new one, written with mode 0600. */
MUST_CHECK enum jembatan_result seal_key_make(const char *path, struct box_key *out,
					      struct why *why);

/* The identity of a row that is known before it is inserted, and its key. */
struct seal_row {
	uint8_t uid[SEAL_UID_SIZE];
	struct box_key key;
};
/* A fresh uid and data key; the key wrapped for `table` is appended. */
void seal_row_new(const struct box_key *master, const char *table, struct seal_row *out,
		  struct buf *wrapped);
/* From what the table holds. GONE when wrapped is empty: erased. */
MUST_CHECK enum jembatan_result seal_row_open(const struct box_key *master, const char *table,
					      struct jembatan_bytes uid,
					      struct jembatan_bytes wrapped, struct seal_row *out,
					      struct why *why);
/* One column of that row. */
void seal_column(const struct seal_row *row, const char *column, struct jembatan_bytes plain,
		 struct buf *out);
MUST_CHECK enum jembatan_result seal_column_open(const struct seal_row *row, const char *column,
						 struct jembatan_bytes sealed, struct buf *out,
						 struct why *why);

#endif
