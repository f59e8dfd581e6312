/* why.h: one sentence for the operator about a failure: what happened and what
 * to do next. Never a citizen's words, never a secret. Plain value. */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include "base/mem.h"
#include <jembatan/connector.h>

struct why {
	char text[480];
};

/* Write the sentence (cut when too long); why may be NULL. Returns `result`,
 * so that a failure is one line: return why_set(why, JEMBATAN_RETRY, "..."). */
enum jembatan_result why_set(struct why *why, enum jembatan_result result,
			     const char *format, ...) PRINTF_LIKE(3, 4);

/* Put `format` before what is there: "context: old text". Returns `result`. */
enum jembatan_result why_prefix(struct why *why, enum jembatan_result result,
				const char *format, ...) PRINTF_LIKE(3, 4);

/* "ok", "idle", ... for logs and tests. */
const char *result_name(enum jembatan_result result);

#endif
