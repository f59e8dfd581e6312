/* decide_know.h: T2's part that knows the complaint: it fills what the source
 * left open, says whether a person must look first, and keeps what waits for
 * its reporter. */
#ifndef CORE_DECIDE_KNOW_H
#define CORE_DECIDE_KNOW_H

#include "decide_inside.h"
#include "ticket/propose.h"

struct decide_known {
	const char *review; /* a person must look first: why; NULL: no */
	const char *note;   /* how it leaves, where that is out of the ordinary; or NULL */
	unsigned missing;   /* what its reporter is to be asked for; 0: nothing */
	const char *lacks;  /* what it lacks, where nobody can be asked for it; or NULL */
};

struct decide_know *decide_know_new(void);
void decide_know_free(struct decide_know *k); /* NULL is fine */

/* The zone of times without one, from what the source says of the place. */
int decide_know_zone(const struct decide *d, const struct instance_settings *s,
		     const struct jembatan_place *place);
/* What is proposed for a ticket of this instance, and out of which tables (NULL:
 * nothing is). s is NULL for an instance that is gone. */
const struct know_tables *decide_know_tables(const struct decide *d);
struct propose_options decide_know_options(const struct decide *d,
					   const struct instance_settings *s);
/* A ticket with its proposals: the agency's number, and what is to become of it. */
MUST_CHECK enum jembatan_result decide_know_look(struct decide *d, const struct instance_settings *s,
						 struct ticket *t, struct decide_known *out,
						 struct why *why);
/* Propose, and look. */
MUST_CHECK enum jembatan_result decide_know_fill(struct decide *d, const struct instance_settings *s,
						 struct ticket *t, struct decide_known *out,
						 struct why *why);

/* Do its words make it a report about abuse of office, by the rules? What is
 * added to another report goes where that one has gone: to the unit that it
 * accuses. Then it is a report of its own. */
bool decide_know_accuses(const struct decide *d, const struct jembatan_message *m,
			 const struct ticket *of_ticket);

/* The ticket was stored as incomplete: its wait begins. */
MUST_CHECK enum jembatan_result decide_know_wait(struct decide *d, int64_t ticket_id,
						 unsigned missing, struct why *why);
/* The reporter of an incomplete ticket wrote: its words are added, and it goes
 * on when nothing is missing any more. The row gets its product. */
MUST_CHECK enum jembatan_result decide_know_answer(struct decide *d, const struct inbox_row *row,
						   const struct instance_settings *s,
						   const struct ticket_row *ticket, struct why *why);
/* Tickets whose wait is over go on, a few at a time. */
MUST_CHECK enum jembatan_result decide_know_due(struct decide *d, struct why *why);

/* A person says which agency it is: with its number, where the centre's list has
 * exactly one of that name. */
MUST_CHECK enum jembatan_result decide_know_agency(struct decide *d, const char *name,
						   const char *regency, struct arena *arena,
						   const char **out_id, struct why *why);

#endif
