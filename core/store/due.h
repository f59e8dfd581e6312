/* due.h: rows that wait for a wall time, after the clock was set back. */
#ifndef STORE_DUE_H
#define STORE_DUE_H

#include "store/db.h"

/* In a transaction: what is due later than anything of ours ever waits was
 * written under a clock that was ahead: it is due now. */
MUST_CHECK enum jembatan_result due_pull_back(struct db *db, int64_t now_ms, int64_t *out_count,
					      struct why *why);

#endif
