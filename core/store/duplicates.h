/* duplicates.h: which complaint was found to be like which, with what score and
 * evidence, and the compact rows from which the comparison's memory is made anew.
 * A row's fingerprint is sealed with its message's data key: erasing the message
 * destroys it. */
#ifndef STORE_DUPLICATES_H
#define STORE_DUPLICATES_H

#include "store/inbox.h"
#include "store/tickets.h"

enum duplicate_decision { /* stored as its number: never renumber */
	DUPLICATE_SEPARATE = 0, /* a complaint of its own */
	DUPLICATE_REVIEW = 1,   /* of its own; a person may look */
	DUPLICATE_RELATED = 2,  /* own ticket, the same incident */
	DUPLICATE_REPOST = 3    /* added to a ticket that is there */
};
const char *duplicate_decision_name(enum duplicate_decision decision);

enum duplicate_settled { /* by a person */
	DUPLICATE_OPEN = 0, DUPLICATE_JOINED = 1, DUPLICATE_SPLIT = 2
};

struct duplicate_row {
	int64_t id, message_id, added_ms;
	int64_t ticket_id;  /* the message's today; 0: none. Not written */
	int64_t incident;   /* id of the row with which it began */
	int64_t former;     /* the incident before a person's join; 0: none */
	enum duplicate_decision decision;
	enum duplicate_settled settled;
	unsigned permille;  /* the score */
	int64_t nearest;    /* row id of the one that it is most like; 0: none */
	const char *evidence; /* no words of anybody; or NULL */
};

/* The newest row's id and time; 0: none. */
MUST_CHECK enum jembatan_result duplicates_newest(struct db *db, int64_t *out_id,
						  int64_t *out_added_ms, struct why *why);
/* The caller chooses ascending ids. An empty fingerprint is none. */
MUST_CHECK enum jembatan_result duplicates_add(struct db *db, const struct duplicate_row *row,
					       struct jembatan_bytes fingerprint, struct why *why);
/* GONE when there is none. */
MUST_CHECK enum jembatan_result duplicates_get(struct db *db, int64_t id, struct arena *arena,
					       struct duplicate_row *out, struct why *why);
MUST_CHECK enum jembatan_result duplicates_of_message(struct db *db, int64_t message_id,
						      struct arena *arena,
						      struct duplicate_row *out, struct why *why);
/* All of one incident, oldest first, at most limit. */
MUST_CHECK enum jembatan_result duplicates_of_incident(struct db *db, int64_t incident,
						       size_t limit, struct arena *arena,
						       struct duplicate_row *out,
						       size_t *out_count, struct why *why);
/* Those that are not separate, newest first, below before_id. decision -1: all
 * of them; else of this kind. open: that no person has settled. */
MUST_CHECK enum jembatan_result duplicates_list(struct db *db, int decision, bool open,
						int64_t before_id, size_t limit,
						struct arena *arena, struct duplicate_row *out,
						size_t *out_count, struct why *why);
/* Write incident, former, decision and settled. */
MUST_CHECK enum jembatan_result duplicates_update(struct db *db, const struct duplicate_row *row,
						  struct why *why);

/* ---- the memory ---- */

struct duplicate_kept {
	int64_t id, incident, added_ms;
	struct jembatan_bytes fingerprint; /* in the arena; empty: erased or damaged */
};
/* Rows that still have a fingerprint after after_id, in order. */
MUST_CHECK enum jembatan_result duplicates_kept(struct db *db, int64_t after_id, size_t limit,
						struct arena *arena, struct duplicate_kept *out,
						size_t *out_count, struct why *why);
/* Up to this row (0: none) no fingerprint is left. */
MUST_CHECK enum jembatan_result duplicates_evicted(struct db *db, int64_t *out_id,
						   struct why *why);
/* Drop the fingerprints of the next rows, at most limit, before before_id. */
MUST_CHECK enum jembatan_result duplicates_evict(struct db *db, int64_t before_id, size_t limit,
						 struct why *why);

/* ---- a person's joins ---- */

struct duplicate_move {
	int64_t message_id, ticket_id; /* the ticket that it was taken from */
	enum inbox_stage stage;        /* the message's there */
	enum ticket_state ticket_state;
	int64_t id; /* not written */
};
MUST_CHECK enum jembatan_result duplicate_moves_add(struct db *db,
						    const struct duplicate_move *move,
						    struct why *why);
/* The first one: from its own ticket. GONE: nobody has moved this message. */
MUST_CHECK enum jembatan_result duplicate_moves_of(struct db *db, int64_t message_id,
						   struct duplicate_move *out, struct why *why);
MUST_CHECK enum jembatan_result duplicate_moves_from(struct db *db, int64_t ticket_id,
						     size_t limit, struct duplicate_move *out,
						     size_t *out_count, struct why *why);
/* The message is back where it was before this move: that one and the later ones are none
 * any more. */
MUST_CHECK enum jembatan_result duplicate_moves_undo(struct db *db,
						     const struct duplicate_move *move,
						     struct why *why);
/* The ticket has got its messages back. */
MUST_CHECK enum jembatan_result duplicate_moves_forget(struct db *db, int64_t ticket_id,
						       struct why *why);

#endif
