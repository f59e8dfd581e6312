/* pairs.h: a table of an operator's own: lines KEY<TAB>VALUE, or KEY alone;
 * "#" begins a remark. Read once, found by key whatever its capitals. */
#ifndef CONFIG_PAIRS_H
#define CONFIG_PAIRS_H

#include "base/why.h"

struct pairs;

/* CONFIG and why ("file:line: ...") when it cannot be read. with_values: each
 * line must have one, of 1 to 64 letters without blanks. */
MUST_CHECK enum jembatan_result pairs_load(const char *path, bool with_values, struct pairs **out,
					   struct why *why);
void pairs_free(struct pairs *p); /* NULL is fine */

struct pair {
	const char *key, *value; /* value NULL: the key alone */
};

/* NULL when it is not there; `p` may be NULL. Lives as long as the table. */
const struct pair *pairs_find(const struct pairs *p, const char *key);

#endif
