/* tallies.h: what is counted of the whole, gathered once, and which alarms of
 * the centre follow from it: `status` says them in words, the metrics show that
 * they are there. */
#ifndef CORE_TALLIES_H
#define CORE_TALLIES_H

#include "app.h"
#include "central/outbox.h"
#include "store/follows.h"
#include "store/inbox.h"
#include "store/outbox_rows.h"
#include "store/replies.h"
#include "store/tickets.h"

struct tallies {
	struct inbox_counts inbox;
	struct db_stats db;
	int64_t tickets[TICKET_STATE_COUNT], quarantined;
	struct outbox_counts outbox;
	struct replies_counts replies;
	/* The rest is zero while no centre is configured. */
	struct outbox_stats central;
	struct outbox_polls_stats polls;
	struct follow_counts follows;
	size_t unknown_words;
	int64_t differences;
};

enum tallies_alarm {
	TALLIES_HELD = 1,         /* a backup was put back */
	TALLIES_TROUBLE = 2,      /* the breaker's: central.trouble */
	TALLIES_QUIET = 4,        /* Retry-After of minutes */
	TALLIES_UNKNOWN = 8,
	TALLIES_REFUSED = 16,
	TALLIES_LATE = 32,        /* statuses are not read in time */
	TALLIES_WORDS = 64,       /* status words that are not known */
	TALLIES_DIFFERENCES = 128
};

MUST_CHECK enum jembatan_result tallies_take(struct app *a, struct tallies *out, struct why *why);
/* Of enum tallies_alarm. */
unsigned tallies_alarms(const struct app *a, const struct tallies *t);

#endif
