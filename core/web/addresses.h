/* addresses.h: how many requests each sender has under way. */
#ifndef WEB_ADDRESSES_H
#define WEB_ADDRESSES_H

#include "base/mem.h"

struct addresses;
struct address;

struct addresses *addresses_new(size_t per_address);
void addresses_free(struct addresses *a); /* NULL is fine */
/* One more of this sender; NULL: it has as many as it may. */
struct address *addresses_enter(struct addresses *a, const char *key);
void addresses_leave(struct addresses *a, struct address *address); /* NULL is fine */
size_t addresses_count(const struct addresses *a); /* senders known */

#endif
