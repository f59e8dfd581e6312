/* backoff.h: how long to wait after the n-th failure in a row. Pure. */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

/* Doubling from first_ms to ceiling_ms; attempt counts from 1. */
int64_t backoff_ms(unsigned attempt, int64_t first_ms, int64_t ceiling_ms);
/* The same with full jitter: uniform in [first_ms/2, backoff_ms]. */
int64_t backoff_jitter_ms(unsigned attempt, int64_t first_ms, int64_t ceiling_ms);
/* value plus or minus percent, uniform. */
int64_t backoff_spread_ms(int64_t value_ms, unsigned percent);
/* Retry-After: seconds or an HTTP date; now_ms is the peer's clock when its
 * Date header is known. -1 when it is neither; never above 24 h. */
int64_t backoff_retry_after_ms(const char *header, int64_t now_ms);

#endif
