/* outbox_rows.h: actions towards the centre, each a row with a due time.
 * A row is `sending` on disk before the first byte leaves. */
#ifndef STORE_OUTBOX_ROWS_H
#define STORE_OUTBOX_ROWS_H

#include "store/db.h"

enum outbox_kind { OUTBOX_CREATE = 0, OUTBOX_FOLLOW_UP = 1 };
enum outbox_step { /* of a create: files, create, route; of a follow-up: post */
	OUTBOX_FILES = 0, OUTBOX_POST = 1, OUTBOX_ROUTE = 2, OUTBOX_SETTLE = 3
};
enum outbox_state {
	OUTBOX_QUEUED = 0, OUTBOX_SENDING = 1, OUTBOX_DONE = 2,
	OUTBOX_REFUSED = 3, OUTBOX_UNKNOWN = 4
};
const char *outbox_kind_name(enum outbox_kind kind);
const char *outbox_step_name(enum outbox_step step);
const char *outbox_state_name(enum outbox_state state);

struct outbox_row {
	int64_t id, ticket_id, message_id; /* message_id: of a follow-up; else 0 */
	enum outbox_kind kind;
	enum outbox_step step;
	enum outbox_state state;
	unsigned attempts;      /* of this step */
	int64_t due_ms, started_ms, created_ms;
	const char *reference;  /* of the ticket; follow-ups add "-F<n>" */
	const char *file_ids;   /* JSON array text of uploaded files, or NULL */
	const char *complaint_id; /* the centre's id once known, or NULL */
	unsigned lookups;       /* readings that said "absent" */
	int64_t lookup_ms;      /* when the last of them was */
	const char *why;        /* the last failure, one sentence */
	bool alarmed;           /* the operator was told that it is held */
};

/* due now. One create per ticket is unique. */
MUST_CHECK enum jembatan_result outbox_rows_add(struct db *db, int64_t ticket_id,
						int64_t message_id, enum outbox_kind kind,
						enum outbox_step first, const char *reference,
						int64_t due_ms, int64_t now_ms, int64_t *out_id,
						struct why *why);
/* A create without files that leaves with this very commit: `sending`, as if it
 * had been claimed. The reference is borrowed by *out. */
MUST_CHECK enum jembatan_result outbox_rows_add_sending(struct db *db, int64_t ticket_id,
							const char *reference, int64_t now_ms,
							struct outbox_row *out, struct why *why);
/* `sending` in the open transaction only: queued again, as if never claimed. */
MUST_CHECK enum jembatan_result outbox_rows_put_back(struct db *db, int64_t id, struct why *why);
/* Make it unknown: a person settles it. */
MUST_CHECK enum jembatan_result outbox_rows_hold(struct db *db, int64_t id, const char *reason,
						 int64_t now_ms, struct why *why);
/* A follow-up waits until the centre has its ticket and those before it are
 * done, refused or held: let the next one of this ticket go. */
MUST_CHECK enum jembatan_result outbox_rows_let_go(struct db *db, int64_t ticket_id,
						   struct why *why);
/* Nothing of the ticket has left: its create is not to leave at all. *out_taken
 * false: it has begun, or additions wait behind it, and it stays. */
MUST_CHECK enum jembatan_result outbox_rows_take_back(struct db *db, int64_t ticket_id,
						      bool *out_taken, struct why *why);
/* The same of one message's follow-up. */
MUST_CHECK enum jembatan_result outbox_rows_take_back_follow_up(struct db *db, int64_t ticket_id,
								int64_t message_id,
								bool *out_taken,
								struct why *why);
/* Take at most limit rows that are queued and due, oldest first, and make them
 * `sending`. A follow-up waits until the centre has its ticket. */
MUST_CHECK enum jembatan_result outbox_rows_claim(struct db *db, int64_t now_ms, size_t limit,
						  struct arena *arena, struct outbox_row *out,
						  size_t *out_count, struct why *why);
/* Write the row back after a step: step, state, attempts, due_ms, file_ids,
 * complaint_id, lookups, lookup_ms, why, alarmed. */
MUST_CHECK enum jembatan_result outbox_rows_update(struct db *db, const struct outbox_row *row,
						   struct why *why);
/* Rows found `sending` at a start: the process died with them in flight. */
MUST_CHECK enum jembatan_result outbox_rows_in_flight(struct db *db, size_t limit,
						      struct arena *arena, struct outbox_row *out,
						      size_t *out_count, struct why *why);
MUST_CHECK enum jembatan_result outbox_rows_get(struct db *db, int64_t id, struct arena *arena,
						struct outbox_row *out, struct why *why);
/* The create row of a ticket; GONE when there is none. */
MUST_CHECK enum jembatan_result outbox_rows_of_ticket(struct db *db, int64_t ticket_id,
						      struct arena *arena, struct outbox_row *out,
						      struct why *why);
/* state -1: all; after_id pages. */
MUST_CHECK enum jembatan_result outbox_rows_list(struct db *db, int state, int64_t after_id,
						 size_t limit, struct arena *arena,
						 struct outbox_row *out, size_t *out_count,
						 struct why *why);
/* When the next queued row is due; 0: none. */
MUST_CHECK enum jembatan_result outbox_rows_next_due(struct db *db, int64_t *out_due_ms,
						     struct why *why);

struct outbox_counts {
	int64_t by_state[8];
	int64_t oldest_queued_ms;
};
MUST_CHECK enum jembatan_result outbox_rows_count(struct db *db, struct outbox_counts *out,
						  struct why *why);

#endif
