/* recent.h: internal to core/store. The newest tickets as they were packed: most
 * are sent within moments, and then need not be read and opened again. Forgotten
 * where their bodies change, by SQLite's own word (tally.h). */
#ifndef STORE_RECENT_H
#define STORE_RECENT_H

#include "base/buf.h"

#define RECENT_KEPT 512u /* a power of two; twice what may fly */
#define RECENT_BYTES 4096u /* of one at most: together 2 MiB */

struct recent {
	struct recent_ticket {
		int64_t ticket_id; /* 0: none */
		size_t size, capacity;
		char *packed; /* owned */
	} kept[RECENT_KEPT];
};

/* Copies; a larger one is not kept. */
void recent_keep(struct recent *r, int64_t ticket_id, struct jembatan_bytes packed);
/* Borrowed until the next change; of size 0 when it is not kept. */
struct jembatan_bytes recent_find(const struct recent *r, int64_t ticket_id);
void recent_forget(struct recent *r, int64_t ticket_id);
/* After a rollback a number may be given to another ticket. */
void recent_forget_all(struct recent *r);
void recent_done(struct recent *r);

#endif
