/* problem.h: what is wrong with a configuration, all of it: each problem has
 * its file and line and says what to do. Never holds a secret's value. */
#ifndef CONFIG_PROBLEM_H
#define CONFIG_PROBLEM_H

#include "base/mem.h"

#include <stdio.h>

#define PROBLEMS_MAX 200u /* more are counted, not kept */

struct problem {
	char *file;    /* as shown to the operator, "connectors.d/mail.yaml"; or NULL */
	unsigned line; /* from 1; 0: the file as a whole */
	char *text;
};

struct problems {
	struct problem *items;
	size_t count;
	size_t dropped; /* beyond PROBLEMS_MAX */
};

void problems_init(struct problems *p);
void problems_done(struct problems *p);

/* Add one; file may be NULL. */
void problems_add(struct problems *p, const char *file, unsigned line, const char *format, ...)
	PRINTF_LIKE(4, 5);

/* "connectors.d/mail.yaml:12: text"; the caller frees. */
char *problem_text(const struct problem *p);

/* One per line, then how many more there are. */
void problems_print(const struct problems *p, FILE *out);

#endif
