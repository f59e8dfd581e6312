/* backups.h: which backups were made of this store, and where to: whoever
 * erases a person later must find them all. */
#ifndef STORE_BACKUPS_H
#define STORE_BACKUPS_H

#include "store/db.h"

struct backups_row {
	int64_t id, made_ms, bytes;
	const char *place;  /* a path, on this machine at that time */
	const char *digest; /* hexadecimal; NULL: begun, and its end was never told */
	const char *key_mark; /* of the master key that it needs; NULL: the one in use */
};

/* Noted before the first byte is copied, so that half a backup is listed too. */
MUST_CHECK enum jembatan_result backups_add(struct db *db, const char *place, int64_t now_ms,
					    int64_t *out_id, struct why *why);
MUST_CHECK enum jembatan_result backups_finish(struct db *db, int64_t id, const char *digest,
					       int64_t bytes, struct why *why);
/* Oldest first. */
MUST_CHECK enum jembatan_result backups_list(struct db *db, int64_t after_id, size_t limit,
					     struct arena *arena, struct backups_row *out,
					     size_t *out_count, struct why *why);

#endif
