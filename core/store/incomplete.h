/* incomplete.h: tickets that wait for what their reporters are asked for, each
 * with the end of its wait. A row is there exactly while the ticket's state is
 * TICKET_INCOMPLETE. */
#ifndef STORE_INCOMPLETE_H
#define STORE_INCOMPLETE_H

#include "store/db.h"

struct incomplete_row {
	int64_t ticket_id;
	unsigned missing; /* bits of ticket/complete.h */
	int64_t due_ms;   /* then it goes on as it is */
	int64_t asked_ms; /* when its reporter was asked; 0: not yet */
};

/* New, or with other bits: the end of the wait and asked_ms stay then. */
MUST_CHECK enum jembatan_result incomplete_put(struct db *db, const struct incomplete_row *row,
					       struct why *why);
MUST_CHECK enum jembatan_result incomplete_set_asked(struct db *db, int64_t ticket_id,
						     int64_t now_ms, struct why *why);
/* Nothing happens when there is none. */
MUST_CHECK enum jembatan_result incomplete_remove(struct db *db, int64_t ticket_id, struct why *why);
/* GONE: it does not wait. */
MUST_CHECK enum jembatan_result incomplete_get(struct db *db, int64_t ticket_id,
					       struct incomplete_row *out, struct why *why);
/* Whose wait is over, the oldest first. */
MUST_CHECK enum jembatan_result incomplete_due(struct db *db, int64_t now_ms, size_t limit,
					       struct incomplete_row *out, size_t *out_count,
					       struct why *why);
/* By ticket, after this one. */
MUST_CHECK enum jembatan_result incomplete_list(struct db *db, int64_t after_id, size_t limit,
						struct incomplete_row *out, size_t *out_count,
						struct why *why);
/* Its reporter cannot be asked: the wait is over now. */
MUST_CHECK enum jembatan_result incomplete_end(struct db *db, int64_t ticket_id, int64_t now_ms,
					       struct why *why);

#endif
