/* recent.c: one place for each ticket, by its number. A place's memory is used
 * again by the next one there. */
#include "store/recent.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/digest.h"
#include "base/poison.h"

#define ROUNDED 1024u /* so that most places need their memory once */

static size_t place_of(int64_t ticket_id)
{
	return (size_t)ticket_id & (RECENT_KEPT - 1);
}

static void empty(struct recent_ticket *t)
{
	if (t->size > 0)
		mem_wipe(t->packed, t->size);
	t->ticket_id = 0;
	t->size = 0;
}

void recent_keep(struct recent *r, int64_t ticket_id, struct jembatan_bytes packed)
{
	struct recent_ticket *t = &r->kept[place_of(ticket_id)];

	empty(t);
	if (packed.size == 0 || packed.size > RECENT_BYTES)
		return;
	if (packed.size > t->capacity) {
		t->capacity = (packed.size + ROUNDED - 1) / ROUNDED * ROUNDED;
		free(t->packed); /* emptied above */
		t->packed = xmalloc(t->capacity);
	}
	memcpy(t->packed, packed.data, packed.size);
	t->size = packed.size;
	t->ticket_id = ticket_id;
}

struct jembatan_bytes recent_find(const struct recent *r, int64_t ticket_id)
{
	const struct recent_ticket *t = &r->kept[place_of(ticket_id)];
	bool is_it = ticket_id != 0 && t->ticket_id == ticket_id;

	return is_it ? bytes_of(t->packed, t->size) : bytes_of(NULL, 0);
}

void recent_forget(struct recent *r, int64_t ticket_id)
{
	struct recent_ticket *t = &r->kept[place_of(ticket_id)];

	if (t->ticket_id == ticket_id)
		empty(t);
}

void recent_forget_all(struct recent *r)
{
	for (size_t i = 0; i < RECENT_KEPT; i++)
		empty(&r->kept[i]);
}

void recent_done(struct recent *r)
{
	recent_forget_all(r);
	for (size_t i = 0; i < RECENT_KEPT; i++)
		free(r->kept[i].packed);
	memset(r, 0, sizeof(*r));
}
