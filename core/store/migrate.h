/* migrate.h: internal to core/store. Brings the schema up to this program's,
 * one numbered step per transaction; PRAGMA user_version says how far. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/sql.h"

#define MIGRATE_APPLICATION_ID 0x4A42544E /* "JBTN" */
#define MIGRATE_COPIES_MAX 3u /* before migrations; older ones are removed */

/* steps[i] leads from version i to i + 1. Never change one that was released. */
struct migrate_steps {
	const char *const *steps;
	size_t count;
};
extern const struct migrate_steps migrate_all;
/* Steps of it that stand elsewhere: schema_follow.c, schema_duplicates.c, incomplete.c,
 * schema_reply.c. */
extern const char schema_follow[], schema_duplicates[], schema_incomplete[], schema_reply[];
extern const char schema_lean[], schema_private[], schema_retention[];
extern const char schema_reply_reposts[], schema_reply_put_off[], schema_keys[], schema_thread[];
extern const char schema_duplicate_moves[], schema_follow_erased[], schema_thread_author[];
extern const char schema_near_keys[];
extern const char schema_reply_told[];
extern const char schema_unreachable[], schema_incomplete_all[], schema_reply_lean[];

/* The store's version. CONFIG when it is not ours, or newer than `steps`. */
MUST_CHECK enum jembatan_result migrate_check(struct sql *sql, const struct migrate_steps *steps,
					      int64_t *out_version, struct why *why);
/* Apply what is missing. A store that holds something is copied to
 * backup_dir first. A crash leaves it at a whole step. */
MUST_CHECK enum jembatan_result migrate_run(struct sql *sql, const struct migrate_steps *steps,
					    int64_t version, const char *backup_dir,
					    struct why *why);

#endif
