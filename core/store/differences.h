/* differences.h: where the centre and we differ, by the nightly comparison. A
 * row stays while the difference does, and remembers since when. */
#ifndef STORE_DIFFERENCES_H
#define STORE_DIFFERENCES_H

#include "store/db.h"

enum difference_kind { /* stored: never renumber */
	DIFFERENCE_MISSING = 0,   /* the centre knows no such complaint */
	DIFFERENCE_ROUTING = 1,   /* it lies with another institution than we asked for */
	DIFFERENCE_STATUS = 2,    /* its status is behind ours, or a word we do not know */
	DIFFERENCE_CONTENT = 3,   /* that complaint does not carry our reference */
	DIFFERENCE_UNREADABLE = 4 /* the answer could not be read */
};
#define DIFFERENCE_KINDS 5u
const char *difference_kind_name(enum difference_kind kind);

struct difference {
	int64_t ticket_id;
	const char *reference, *tracking_id;
	enum difference_kind kind;
	const char *ours, *theirs; /* states or institution ids; or NULL */
	int64_t first_ms;          /* the run that saw it first */
	bool accepted;             /* a person has taken theirs for right */
};

/* Found by the run that began at run_ms. */
MUST_CHECK enum jembatan_result differences_put(struct db *db, const struct difference *d,
						int64_t run_ms, struct why *why);
/* A person takes all of a ticket's for right as they are now. GONE: none. */
MUST_CHECK enum jembatan_result differences_accept(struct db *db, int64_t ticket_id,
						   struct why *why);
/* The run is over: what it did not see again is gone. Accepted ones do not
 * count. */
MUST_CHECK enum jembatan_result differences_end(struct db *db, int64_t run_ms, int64_t *out_count,
						int64_t *out_new, struct why *why);
/* By ticket after this one (with all its kinds). */
MUST_CHECK enum jembatan_result differences_list(struct db *db, int64_t after_ticket_id,
						 size_t limit, struct arena *arena,
						 struct difference *out, size_t *out_count,
						 struct why *why);
/* Those that nobody accepted. */
MUST_CHECK enum jembatan_result differences_count(struct db *db, int64_t *out_count,
						  struct why *why);

#endif
