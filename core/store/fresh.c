/* fresh.c: a list by rising numbers. */
#include "store/fresh.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/poison.h"

void fresh_add(struct fresh *f, int64_t id, const struct msg_message *message)
{
	if (f->count == f->capacity) {
		f->capacity = f->capacity != 0 ? f->capacity * 2 : 64;
		f->messages = xrealloc(f->messages, f->capacity, sizeof(*f->messages));
	}
	f->messages[f->count++] = (struct fresh_message){ id, message };
}

const struct msg_message *fresh_find(const struct fresh *f, int64_t id)
{
	size_t low = 0, high = f->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (f->messages[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->count && f->messages[low].id == id ? f->messages[low].message : NULL;
}

void fresh_clear(struct fresh *f)
{
	f->count = 0;
}

void fresh_done(struct fresh *f)
{
	free(f->messages);
	*f = (struct fresh){ 0 };
}
