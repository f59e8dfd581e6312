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

/* What the master key seals: data keys, and values of the whole installation.
 * While the key is changed, what the old one sealed opens as well; what is sealed
 * is sealed by the new one always. */
struct seal_master {
	struct box_key now, old;
	bool has_old;
};
/* Append the sealed form of plain. */
void seal_value(const struct seal_master *master, const char *label, struct jembatan_bytes plain,
		struct buf *out);
MUST_CHECK enum jembatan_result seal_value_open(const struct seal_master *master, const char *label,
						struct jembatan_bytes sealed, struct buf *out,
						struct why *why);
/* What the old key sealed, by the new one, in out (emptied first). IDLE: it is by the
 * new one already; DATA: neither opens it. */
MUST_CHECK enum jembatan_result seal_again(const struct seal_master *master, const char *label,
					   struct jembatan_bytes sealed, struct buf *out,
					   struct why *why);
/* Tells keys apart without telling them: 12 hexadecimal digits. */
#define SEAL_MARK_SIZE 13u
void seal_mark(const struct box_key *key, char out[SEAL_MARK_SIZE]);

/* The identity of a row that is known before it is inserted, and its key. */
struct seal_row {
	uint8_t uid[SEAL_UID_SIZE];
	struct box_key key;
};
/* A fresh uid and data key; the key wrapped for `table` is appended. */
void seal_row_new(const struct seal_master *master, const char *table, struct seal_row *out,
		  struct buf *wrapped);
/* From what the table holds. GONE when wrapped is empty: erased. */
MUST_CHECK enum jembatan_result seal_row_open(const struct seal_master *master, const char *table,
					      struct jembatan_bytes uid,
					      struct jembatan_bytes wrapped, struct seal_row *out,
					      struct why *why);
/* Under which label that key is wrapped. */
#define SEAL_LABEL_SIZE 96u
void seal_wrap_label(char out[SEAL_LABEL_SIZE], const char *table,
		     const uint8_t uid[SEAL_UID_SIZE]);
/* One column of that row. */
void seal_column(const struct seal_row *row, const char *column, struct jembatan_bytes plain,
		 struct buf *out);
MUST_CHECK enum jembatan_result seal_column_open(const struct seal_row *row, const char *column,
						 struct jembatan_bytes sealed, struct buf *out,
						 struct why *why);

#endif
