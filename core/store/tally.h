/* tally.h: internal to core/store. Running counts, so that a status never scans:
 * messages by stage, tickets and pushes by state. SQLite tells us of each row
 * that changes (its preupdate hook), so no statement can be forgotten; the sums
 * are written once a commit. Triggers did the same for a third of the time that
 * the store took. Frequent statements say beforehand what they do, since taking
 * the rows apart costs more than counting them. */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include "store/keys.h"
#include "store/recent.h"
#include "store/sql.h"

enum tally_counted { /* stored as its number: never renumber */
	TALLY_STAGE = 0,   /* messages of an instance by stage */
	TALLY_REPEATS = 1, /* of an instance */
	TALLY_EDITS = 2,   /* of an instance */
	TALLY_TICKETS = 3, /* by state */
	TALLY_OUTBOX = 4,  /* by state */
	TALLY_QUARANTINE = 5, /* records that wait */
	TALLY_FOLLOWED = 6, /* tickets by their state at the centre */
	TALLY_ASKED = 7,    /* those of them that will be asked about again */
	TALLY_REPLIES = 8   /* by state */
};

struct tally_change {
	enum tally_counted counted;
	int64_t instance_id, key, n;
};

/* What a statement does to each row that it changes. Its own text must see to
 * it: the values of an insert, a condition on what was before. Nothing else of
 * those rows that is counted may change. */
struct tally_said {
	enum tally_counted counted; /* TALLY_STAGE, TALLY_TICKETS or TALLY_OUTBOX */
	int64_t instance_id;        /* of a stage */
	int64_t from, to;           /* from: TALLY_NO_ROW before an insert */
};
#define TALLY_NO_ROW (-1)

struct tally {
	struct tally_change *changes; /* since the last commit */
	size_t count, capacity, last; /* last: where the last one stood */
	const struct tally_said *said; /* of the statement that runs, or NULL: it is read */
	struct keys *keys;
	struct recent *recent;
};

/* From now on every change of the handle counts. After the migrations: they
 * mind the table themselves. The tally stays where it is. Keys of messages whose
 * body changes are forgotten: they may have been destroyed there. So are tickets
 * whose body changes, and all of them when a message's key is destroyed. */
void tally_watch(struct tally *t, struct sql *sql, struct keys *keys, struct recent *recent);
void tally_done(struct tally *t);
/* As sql_run. Builds for tests (--enable-faults) read the rows all the same, and
 * end the process where they are not as said. */
MUST_CHECK enum jembatan_result tally_run(struct tally *t, struct sql *sql,
					  const struct tally_said *said, struct why *why,
					  const char *text, const struct sql_value *values,
					  size_t count);
void tally_forget(struct tally *t); /* the transaction was rolled back */
/* Inside a transaction: write the sums. Does nothing when there are none. */
MUST_CHECK enum jembatan_result tally_write(struct tally *t, struct sql *sql, struct why *why);

#endif
