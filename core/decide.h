/* decide.h: T2, the decision about each message that came in: what it becomes,
 * with the reason, in the app's transaction. Loses nothing: what is no
 * complaint is stored, what is unsure goes to a person. */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include "config/settings.h"
#include "fetch.h"
#include "intake/intake.h"
#include "store/hold.h"
#include "store/tickets.h"
#include "ticket/know.h"
#include "ticket/ticket_schema.h"

struct decide_options {
	struct db *db;
	struct intake *intake;
	const struct settings *settings;
	const struct ticket_schema *schema; /* borrowed */
	struct fetch *fetch;                /* borrowed */
	const struct hold *hold;            /* borrowed; NULL: none */
	const struct know_tables *tables;   /* borrowed; NULL: nothing is proposed */
};

struct decide;
struct decide *decide_new(const struct decide_options *o);
void decide_set_settings(struct decide *d, const struct settings *settings);
/* Others are in use from now on; borrowed. */
void decide_set_tables(struct decide *d, const struct know_tables *tables);
void decide_free(struct decide *d);

/* Inside the open transaction: decide at most `limit` messages, and begin no
 * more after budget_us. *out_more: some may be left. */
MUST_CHECK enum jembatan_result decide_write(struct decide *d, size_t limit, int64_t budget_us,
					     bool *out_more, struct why *why);

/* The turn was aborted. True: because of one message, which goes to quarantine
 * in the next turn, so try again at once. */
bool decide_aborted(struct decide *d);

/* A person accepted or rejected a ticket in review, inside a transaction.
 * DATA when it is not in review. */
MUST_CHECK enum jembatan_result decide_accept(struct decide *d, const struct ticket_row *t,
					      const char *actor, struct why *why);
MUST_CHECK enum jembatan_result decide_reject(struct decide *d, const struct ticket_row *t,
					      const char *actor, const char *reason,
					      struct why *why);

#endif
