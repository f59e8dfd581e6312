/* names.h: the centre's public lists as last read in full: its institutions
 * and the templates of its follow-ups. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "store/db.h"

enum names_kind { NAMES_INSTITUTION = 0, NAMES_TEMPLATE = 1 }; /* stored: never renumber */

struct central_name {
	const char *id, *name;
};

/* The whole list anew. */
MUST_CHECK enum jembatan_result names_replace(struct db *db, enum names_kind kind,
					      const struct central_name *list, size_t count,
					      int64_t now_ms, struct why *why);
/* When it was last read; 0: never. */
MUST_CHECK enum jembatan_result names_age(struct db *db, enum names_kind kind, int64_t *out_ms,
					  struct why *why);
/* By id, after this one ("" from the beginning). */
MUST_CHECK enum jembatan_result names_list(struct db *db, enum names_kind kind,
					   const char *after_id, size_t limit, struct arena *arena,
					   struct central_name *out, size_t *out_count,
					   struct why *why);

#endif
