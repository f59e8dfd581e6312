/* master_inside.h: internal to core/store: finding the key at the start, and what
 * the master key seals. */
#ifndef STORE_MASTER_INSIDE_H
#define STORE_MASTER_INSIDE_H

#include "store/db_inside.h"
#include "store/master.h"

/* A column that the master key seals. The statements: key, second key or NULL,
 * sealed, label, for ids above ?1 and up to ?2 (none where all is taken at
 * once); and the writing of ?3 to the row of keys ?1 and ?2. */
struct master_column {
	const char *table, *column;
	const char *last;  /* the highest id; NULL: few rows, all at once */
	const char *read, *write;
};
#define MASTER_COLUMNS 7u
extern const struct master_column master_columns[MASTER_COLUMNS];

/* The key that fits becomes db->master. In a new store (not keyed): the configured
 * one, or a new one in master.key. */
MUST_CHECK enum jembatan_result master_find(struct db *db, const struct db_secrets *secrets,
					    bool is_keyed, struct why *why);
/* After the migrations. */
MUST_CHECK enum jembatan_result master_settle(struct db *db, bool is_keyed, struct why *why);

/* Part of master_begin, in its transaction: all that is few, and where to walk. */
MUST_CHECK enum jembatan_result master_walk_begin(struct db *db, const char *actor, int64_t now_ms,
						  struct why *why);

#endif
