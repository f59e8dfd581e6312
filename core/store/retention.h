/* retention.h: whose time to be kept is over: tickets that are closed, archived or
 * rejected, messages that no ticket came of, records in quarantine that somebody
 * settled. What the centre may be getting, or a citizen is still to be told, is
 * not among them. Rows are walked by their numbers, a window at a time. */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "store/erase.h"

/* What happened last to one must be before these; 0: it is kept for ever. */
struct retention_before {
	int64_t closed, archived, rejected; /* tickets, here or at the centre */
	int64_t stored;                     /* messages without a ticket */
	int64_t quarantine;                 /* records that were read again or dropped */
};

enum retention_kind { RETENTION_TICKETS, RETENTION_MESSAGES, RETENTION_RECORDS };

/* Ids that are ripe, in order, at most limit, of the window that begins after
 * *after, which moves to where the next call goes on; *out_end: there is no more. */
MUST_CHECK enum jembatan_result retention_find(struct db *db, enum retention_kind kind,
					       const struct retention_before *before,
					       int64_t *after, size_t limit, int64_t *out_ids,
					       size_t *out_count, bool *out_end, struct why *why);
/* Messages of a ticket that still have their words, the newest first, so that the
 * ticket's own go last. */
MUST_CHECK enum jembatan_result retention_of_ticket(struct db *db, int64_t ticket_id, size_t limit,
						    struct erase_item *out, size_t *out_count,
						    struct why *why);

#endif
