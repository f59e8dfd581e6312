/* instances.h: what the store remembers of each configured instance. */
#ifndef STORE_INSTANCES_H
#define STORE_INSTANCES_H

#include "store/db.h"

struct instance_row {
	int64_t id;
	const char *name;
	const char *cursor; /* NULL before the first checkpoint */
	int64_t start_ms;   /* take nothing older; 0: all */
	bool paused;
	int64_t first_seen_ms, last_ok_ms, last_message_ms;
};

/* The row of this name, made at its first sight with start_ms. Texts live in
 * the arena. Needs a transaction when the row does not exist yet. */
MUST_CHECK enum jembatan_result instances_get(struct db *db, const char *name, int64_t start_ms,
					      int64_t now_ms, struct arena *arena,
					      struct instance_row *out, struct why *why);
MUST_CHECK enum jembatan_result instances_set_cursor(struct db *db, int64_t id, const char *cursor,
						     struct why *why); /* NULL: forget it */
MUST_CHECK enum jembatan_result instances_set_start(struct db *db, int64_t id, int64_t start_ms,
						    struct why *why);
MUST_CHECK enum jembatan_result instances_set_paused(struct db *db, int64_t id, bool paused,
						     struct why *why);
MUST_CHECK enum jembatan_result instances_set_ok(struct db *db, int64_t id, int64_t now_ms,
						 struct why *why);

/* A plugin's own small values, sealed. get: GONE when there is none; appends
 * to out. put: an empty value deletes. */
MUST_CHECK enum jembatan_result instances_state_get(struct db *db, int64_t id, const char *key,
						    struct buf *out, struct why *why);
MUST_CHECK enum jembatan_result instances_state_put(struct db *db, int64_t id, const char *key,
						    struct jembatan_bytes value, struct why *why);

/* Process-wide switches by name ("central.paused"); 0 when never set. */
MUST_CHECK enum jembatan_result instances_flag_get(struct db *db, const char *name, int64_t *out,
						   struct why *why);
MUST_CHECK enum jembatan_result instances_flag_set(struct db *db, const char *name, int64_t value,
						   struct why *why);

#endif
