/* due.h: rows that wait for a wall time, after the clock was set back. */
#ifndef STORE_DUE_H
#define STORE_DUE_H

#include "store/db.h"

/* In a transaction: what is due later than anything of ours ever waits was
 * written under a clock that was ahead: it is due now. What was done later than
 * now was done just now. */
MUST_CHECK enum jembatan_result due_pull_back(struct db *db, int64_t now_ms, int64_t *out_count,
					      struct why *why);

/* In a transaction: the clock was set back by so much, so what was to wait under
 * the old one waits as long under the new one. */
MUST_CHECK enum jembatan_result due_shift(struct db *db, int64_t now_ms, int64_t by_ms,
					  struct why *why);

#endif
