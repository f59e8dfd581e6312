/* keys.h: internal to core/store. Data keys of the newest messages, opened: each
 * is wanted again when its ticket is made and when that is sent. */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "base/box.h"

#define KEYS_KEPT 1024u /* a power of two; several times what may fly */

struct keys {
	struct {
		int64_t message_id; /* 0: none */
		struct box_key key;
	} kept[KEYS_KEPT];
};

void keys_keep(struct keys *k, int64_t message_id, const struct box_key *key);
bool keys_find(const struct keys *k, int64_t message_id, struct box_key *out);
void keys_forget(struct keys *k, int64_t message_id);
/* After a rollback a number may be given to another message. */
void keys_forget_all(struct keys *k);

#endif
