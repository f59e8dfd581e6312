/* audit.h: what happened to a message or a ticket, step by step, with the
 * reason: the source of `jembatan explain`. No citizens' words. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/db.h"

enum audit_subject { AUDIT_MESSAGE = 0, AUDIT_TICKET = 1, AUDIT_INSTANCE = 2,
		     AUDIT_CENTRAL = 3, AUDIT_QUARANTINE = 4 };

struct audit_row {
	int64_t id, at_ms;
	enum audit_subject subject;
	int64_t subject_id;
	const char *actor; /* "jembatan", or the user who gave the command */
	const char *what;  /* short and stable: "stored", "ticket", "sending" ... */
	const char *why;   /* one sentence, or NULL */
};

MUST_CHECK enum jembatan_result audit_add(struct db *db, enum audit_subject subject,
					  int64_t subject_id, const char *actor, const char *what,
					  const char *why_text, int64_t now_ms, struct why *why);
/* Oldest first. */
MUST_CHECK enum jembatan_result audit_list(struct db *db, enum audit_subject subject,
					   int64_t subject_id, size_t limit, struct arena *arena,
					   struct audit_row *out, size_t *out_count,
					   struct why *why);

#endif
