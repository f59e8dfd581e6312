/* tickets.h: rows of tickets; the body (the national form) is sealed. */
#ifndef STORE_TICKETS_H
#define STORE_TICKETS_H

#include "store/db.h"

struct ticket;

enum ticket_state { /* stored as its number: never renumber */
	TICKET_REVIEW = 0,  /* a person accepts it first */
	TICKET_QUEUED = 1,  /* its push waits or is under way */
	TICKET_PUSHED = 2,  /* it has a tracking id */
	TICKET_UNKNOWN = 3, /* the centre may or may not have it */
	TICKET_REFUSED = 4, /* the centre refused it: a person corrects it */
	TICKET_SHADOW = 5,  /* everything was done but the sending */
	TICKET_LINKED = 6,  /* came from the centre */
	TICKET_REJECTED = 7, /* a person rejected it in review */
	TICKET_INCOMPLETE = 8, /* menunggu kelengkapan: its reporter is asked for what is missing */
	TICKET_ARCHIVED = 9 /* it stayed incomplete, and is kept here only */
};
#define TICKET_STATE_COUNT 10
const char *ticket_state_name(enum ticket_state state);

struct ticket_row {
	int64_t id;
	const char *reference; /* "JB-7K3M9Q" */
	int64_t instance_id, message_id, created_ms;
	enum ticket_state state;
	const char *tracking_id; /* or NULL */
	const char *body;        /* JSON; NULL in lists, and when it was erased */
	const struct ticket *form; /* tickets_add: instead of the body; in lists: all of it */
	const char *title;       /* lists only; NULL when it was erased */
	const char *reason;      /* the last step's reason; or NULL */
};

/* T2's second half. The reference is unique: RETRY-free, DATA on a collision
 * (make another). Sets *out_id. */
MUST_CHECK enum jembatan_result tickets_add(struct db *db, const struct ticket_row *row,
					    int64_t *out_id, struct why *why);
MUST_CHECK enum jembatan_result tickets_set_state(struct db *db, int64_t id,
						  enum ticket_state state, const char *reason,
						  struct why *why);
/* Write-once: another tracking id for the same ticket is DATA. */
MUST_CHECK enum jembatan_result tickets_set_tracking(struct db *db, int64_t id,
						     const char *tracking_id, struct why *why);
/* Both at once, for a ticket whose push is done: pushed under this id. */
MUST_CHECK enum jembatan_result tickets_set_pushed(struct db *db, int64_t id,
						   const char *tracking_id, const char *reason,
						   struct why *why);
MUST_CHECK enum jembatan_result tickets_set_body(struct db *db, int64_t id, const char *body,
						 struct why *why);
MUST_CHECK enum jembatan_result tickets_get(struct db *db, int64_t id, struct arena *arena,
					    struct ticket_row *out, struct why *why);
/* Without its words. GONE when unknown. */
MUST_CHECK enum jembatan_result tickets_head(struct db *db, int64_t id, struct arena *arena,
					     struct ticket_row *out, struct why *why);
/* Without JSON: the ticket itself, and no body. DATA when its words were erased. */
MUST_CHECK enum jembatan_result tickets_read(struct db *db, int64_t id, struct arena *arena,
					     struct ticket_row *out, struct ticket *out_form,
					     struct why *why);
/* The same of a ticket that was stored a moment ago, out of memory. False: it is
 * not at hand, or its words have changed since; tickets_read says which. */
bool tickets_recent(struct db *db, int64_t id, struct arena *arena, struct ticket *out);
/* By reference ("JB-...", any case) or by tracking id. GONE when unknown. */
MUST_CHECK enum jembatan_result tickets_find(struct db *db, const char *name, struct arena *arena,
					     struct ticket_row *out, struct why *why);
/* Another ticket that was pushed and got this tracking id: its reference; NULL
 * when there is none. What came from the centre itself is not looked at. */
MUST_CHECK enum jembatan_result tickets_other_with(struct db *db, int64_t id,
						   const char *tracking_id, struct arena *arena,
						   const char **out_reference, struct why *why);
/* Oldest first from after_id; state -1: all. */
MUST_CHECK enum jembatan_result tickets_list(struct db *db, int state, int64_t after_id,
					     size_t limit, struct arena *arena,
					     struct ticket_row *out, size_t *out_count,
					     struct why *why);
/* The newest ticket's id; 0: none. */
MUST_CHECK enum jembatan_result tickets_newest(struct db *db, int64_t *out_id, struct why *why);
MUST_CHECK enum jembatan_result tickets_count(struct db *db, int64_t out_by_state[TICKET_STATE_COUNT],
					      struct why *why);

#endif
