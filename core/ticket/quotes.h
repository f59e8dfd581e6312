/* quotes.h: numbers of other reports that a text names. Pure. */
#ifndef TICKET_QUOTES_H
#define TICKET_QUOTES_H

#include "base/mem.h"

#define QUOTES_MAX 6u

struct quote {
	char name[16]; /* "JB-7K3M9Q", or a tracking number of the centre */
};

/* Our references wherever they stand; numbers of 6 to 10 digits after a # or a
 * word such as "laporan". Whether there are such reports the caller knows. Each
 * once, in their order, at most QUOTES_MAX. text may be NULL. */
size_t quotes_find(const char *text, struct quote out[QUOTES_MAX]);

#endif
