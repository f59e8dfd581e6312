/* address.h: name and address of the first mailbox in a From or Reply-To. */
#ifndef EMAIL_ADDRESS_H
#define EMAIL_ADDRESS_H

#include <jembatan/kit.h>

struct address {
	const char *name; /* decoded; NULL: none */
	const char *mail; /* the domain in lower case; NULL: none */
};

/* value: the raw header, unfolded; NULL is empty. Allocated in the arena. */
void address_read(const char *value, struct kit_arena *arena, struct address *out);

#endif
