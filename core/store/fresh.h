/* fresh.h: internal to core/store. Messages that the open transaction has stored,
 * as they were handed over: most are decided in the same turn, and then need not
 * be opened again. */
#ifndef STORE_FRESH_H
#define STORE_FRESH_H

#include "base/msg.h"

struct fresh {
	struct fresh_message {
		int64_t id; /* rising */
		const struct msg_message *message; /* borrowed */
	} *messages;
	size_t count, capacity;
};

void fresh_add(struct fresh *f, int64_t id, const struct msg_message *message);
const struct msg_message *fresh_find(const struct fresh *f, int64_t id); /* NULL: none */
void fresh_clear(struct fresh *f); /* the transaction is over, or one was written anew */
void fresh_done(struct fresh *f);

#endif
