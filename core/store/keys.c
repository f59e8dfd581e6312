/* keys.c: one place for each message, by its number. */
#include "store/keys.h"

#include "base/mem.h"
#include "base/poison.h"

static size_t place_of(int64_t message_id)
{
	return (size_t)message_id & (KEYS_KEPT - 1);
}

void keys_keep(struct keys *k, int64_t message_id, const struct box_key *key)
{
	k->kept[place_of(message_id)].message_id = message_id;
	k->kept[place_of(message_id)].key = *key;
}

bool keys_find(const struct keys *k, int64_t message_id, struct box_key *out)
{
	size_t at = place_of(message_id);
	if (message_id == 0 || k->kept[at].message_id != message_id)
		return false;
	*out = k->kept[at].key;
	return true;
}

void keys_forget(struct keys *k, int64_t message_id)
{
	size_t at = place_of(message_id);
	if (k->kept[at].message_id == message_id)
		mem_wipe(&k->kept[at], sizeof(k->kept[at]));
}

void keys_forget_all(struct keys *k)
{
	mem_wipe(k, sizeof(*k));
}
