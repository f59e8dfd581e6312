/* inbox_inside.h: internal to core/store: what inbox.c (writing) and inbox_read.c
 * (reading) share. */
#ifndef STORE_INBOX_INSIDE_H
#define STORE_INBOX_INSIDE_H

#include "store/db_inside.h"
#include "store/inbox.h"

#define INBOX_KEY_SIZE 16u /* of a keyed hash, as it is stored */
#define INBOX_TABLE "message" /* in the labels of seals */

bool inbox_key_is_none(const struct digest *key); /* all zero */
struct sql_value inbox_key_value(const struct digest *key); /* NULL where there is none */

#endif
