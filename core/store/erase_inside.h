/* erase_inside.h: internal to core/store: shared by erase.c and erasures.c. */
#ifndef STORE_ERASE_INSIDE_H
#define STORE_ERASE_INSIDE_H

#include "store/erase.h"

/* What waits to be sent, and has not begun, is taken back. */
MUST_CHECK enum jembatan_result erase_withdraw(struct db *db, const struct erase_item *item,
					       struct why *why);

#endif
