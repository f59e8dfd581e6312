/* access.h: who looked at which citizen's words, and who erased them. */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "store/audit.h"

struct access_row {
	int64_t id, at_ms;
	const char *actor; /* the user who gave the command */
	const char *what;  /* short and stable: "shown", "explained", "listed", "erased" ... */
	enum audit_subject subject;
	int64_t subject_id;    /* 0: a list */
	const char *reference; /* of a ticket; or NULL */
};

MUST_CHECK enum jembatan_result access_add(struct db *db, const char *actor, const char *what,
					   enum audit_subject subject, int64_t subject_id,
					   int64_t now_ms, struct why *why);
/* Oldest first from after_id. */
MUST_CHECK enum jembatan_result access_list(struct db *db, int64_t after_id, size_t limit,
					    struct arena *arena, struct access_row *out,
					    size_t *out_count, struct why *why);
/* Drop the oldest rows that are older than before_ms, at most limit. */
MUST_CHECK enum jembatan_result access_forget(struct db *db, int64_t before_ms, size_t limit,
					      int64_t *out_count, struct why *why);

#endif
