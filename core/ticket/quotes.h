/* quotes.h: numbers of other reports that a text names. Pure. */
#ifndef TICKET_QUOTES_H
#define TICKET_QUOTES_H

#include "base/mem.h"

#define QUOTES_MAX 6u
#define QUOTE_SIZE 24u

struct quote {
	char name[QUOTE_SIZE]; /* "JB-7K3M9Q", "7654321", "LGWP14376928"; letters are large */
	bool of_app;     /* none of ours or of the centre: another system's */
	bool is_digits;  /* other systems may have the same number */
	bool names_one;  /* ours, or of a form that only one system has */
};

/* Our references, and numbers of the form of LaporGub and JAKI, wherever they
 * stand; numbers of 6 to 10 digits after a # or a word such as "laporan", which are
 * the centre's or an app's; other numbers of apps there. Whether there are such
 * reports the caller knows. Each once, in their order, at most QUOTES_MAX. text may
 * be NULL. */
size_t quotes_find(const char *text, struct quote out[QUOTES_MAX]);

#endif
