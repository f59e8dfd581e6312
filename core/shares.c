/* shares.c: what T2 may take of a turn. */
#include "shares.h"

#include "base/poison.h"

#define DECIDE_US 8000
#define BUSY_US 2000
#define UNDECIDED_PER_US 4 /* 24,000 undecided: as much as a child waits for */

/* A decision may come later, an answer is waited for: so it comes first, and what
 * is put off takes the more of each turn the more of it there is. */
static int64_t while_answers_wait_us(int64_t undecided)
{
	int64_t us = BUSY_US + (undecided > 0 ? undecided : 0) / UNDECIDED_PER_US;
	return us < DECIDE_US ? us : DECIDE_US;
}

int64_t shares_decide_us(const struct shares *s)
{
	if (s->intake_us > 0)
		return s->intake_us;
	if (s->sends)
		return BUSY_US;
	if (s->answers)
		return while_answers_wait_us(s->undecided);
	return s->brings ? DECIDE_US : INT64_MAX;
}
