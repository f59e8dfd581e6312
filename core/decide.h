/* decide.h: T2, the decision about each message that came in: what it becomes,
 * with the reason, in the app's transaction. Loses nothing: what is no
 * complaint is stored, what is unsure goes to a person. */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include "central/outbox.h"
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

struct compare;
struct decide;
struct decide *decide_new(const struct decide_options *o);
/* At the start and after a reload. CONFIG: what compares complaints cannot be
 * read; the settings are taken all the same, and nothing is compared. */
MUST_CHECK enum jembatan_result decide_set_settings(struct decide *d,
						    const struct settings *settings,
						    struct why *why);
/* Others are in use from now on; borrowed. */
void decide_set_tables(struct decide *d, const struct know_tables *tables);
void decide_free(struct decide *d);

/* Inside the open transaction: decide at most `limit` messages, and begin no
 * more after budget_us. *out_more: some may be left. What goes to the centre may
 * leave with this commit, if outbox (NULL: there is no centre) is written in it. */
MUST_CHECK enum jembatan_result decide_write(struct decide *d, struct outbox *outbox, size_t limit,
					     int64_t budget_us, bool *out_more, struct why *why);

/* What was decided stands. */
void decide_committed(struct decide *d);
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

/* A person says, inside a transaction: this message is not what it was taken
 * for. What joined a ticket gets its own (back); what was linked stands alone.
 * *out_said: what was done, in the arena. DATA: there is nothing to split. */
MUST_CHECK enum jembatan_result decide_split(struct decide *d, int64_t message_id,
					     const char *actor, struct arena *arena,
					     const char **out_said, struct why *why);
/* These two are one: the messages of that of the two of which nothing has left
 * go to the other; where both have left they are only linked. DATA: not with a
 * secret report. */
MUST_CHECK enum jembatan_result decide_unite(struct decide *d, const char *name,
					     const char *other_name, const char *actor,
					     struct arena *arena, const char **out_said,
					     struct why *why);

/* The words of these messages are to be erased, in this very transaction. Whoever was
 * taken for saying the same, and whose report has not left with theirs, gets a ticket
 * of his own. */
struct decide_erased {
	const int64_t *ids; /* rising */
	size_t count;
};
MUST_CHECK enum jembatan_result decide_inherit(struct decide *d, const struct decide_erased *erased,
					       struct why *why);

/* Its memory of complaints. */
struct compare *decide_compare(struct decide *d);

#endif
