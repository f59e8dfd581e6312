/* status.h: what the centre's words mean, and what follows from them. Pure:
 * words to states by a table that an operator can extend, never backwards,
 * never guessed; when to ask again. */
#ifndef CENTRAL_STATUS_H
#define CENTRAL_STATUS_H

#include "config/settings.h"

enum status_state { /* stored as its number: never renumber */
	STATUS_RECEIVED = 0,
	STATUS_UNVERIFIED = 1,
	STATUS_DEFERRED = 2,
	STATUS_VERIFIED = 3,
	STATUS_IN_PROGRESS = 4,
	STATUS_ANSWERED = 5,
	STATUS_CLOSED_BY_ADMIN = 6,
	STATUS_CLOSED_BY_SYSTEM = 7, /* by a time limit: not the same as solved */
	STATUS_ARCHIVED = 8,
	STATUS_REJECTED = 9,
	STATUS_FAILED = 10
};
#define STATUS_COUNT 11
#define STATUS_UNKNOWN (-1) /* a word that the table does not know */

const char *status_name(int state); /* "in_progress"; "unknown" */
bool status_by_name(const char *name, enum status_state *out);
bool status_is_closed(int state);

/* The state that these words mean, or STATUS_UNKNOWN. The operator's entries
 * come first; case and white space do not count. code may be NULL. */
int status_of_words(const struct settings_status *s, const char *name, const char *code);

/* One reading of a ticket at the centre. */
struct status_reading {
	const char *name, *code; /* as the centre says them; or NULL */
	const char *last_note;   /* text of the newest line of its log; or NULL */
	int64_t log_ms;          /* that line's time; 0: it said none */
};
struct status_held {
	int state;
	int64_t changed_ms; /* 0: no state was ever taken */
	int64_t log_ms;
};

enum status_change {
	STATUS_SAME = 0,
	STATUS_MOVED,    /* take `state` */
	STATUS_BACKWARDS, /* `state` lies before what we hold: not taken */
	STATUS_WORD_UNKNOWN
};
/* *out_state: what the reading means. */
enum status_change status_compare(const struct settings_status *s, const struct status_held *held,
				  const struct status_reading *reading, int *out_state);

/* When to ask again: often while it is new or moving, ever more rarely after,
 * for a while after it is closed, then never (-1). `spread` is a number of the
 * ticket's own, so that tickets of one hour do not come back in one second. */
int64_t status_next_ms(const struct settings_status *s, int state, int64_t changed_ms,
		       unsigned failures, int64_t now_ms, uint64_t spread);

/* The latest moment at or before now at which the nightly comparison begins. */
int64_t status_nightly_ms(const struct settings_status *s, int zone_minutes, int64_t now_ms);

#endif
