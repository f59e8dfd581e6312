/* shares.h: how long a turn decides. Pure: told what waits, it says how many
 * microseconds T2 may take of this turn. */
#ifndef CORE_SHARES_H
#define CORE_SHARES_H

#include <stdbool.h>
#include <stdint.h>

struct shares {
	int64_t intake_us; /* while several instances are busy: what each adds to a turn; else 0 */
	bool sends;        /* connections to the centre stand idle meanwhile */
	bool brings;       /* a child waits for the end of this turn */
	bool answers;      /* and somebody outside waits for his HTTP answer */
	int64_t undecided; /* messages that wait for their decision */
};

/* INT64_MAX: nobody waits for the end. */
int64_t shares_decide_us(const struct shares *s);

#endif
