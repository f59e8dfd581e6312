/* agency_seen.c: an open-addressed set of 64-bit keys, and those noted. */
#include "agency-api/agency_seen.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 131072u /* a power of two; 1 MiB */
#define KEYS_MAX (SLOTS / 2)
#define NOTED_MAX 20000u

struct agency_seen {
	size_t count, noted_count;
	uint64_t noted[NOTED_MAX];
	uint64_t slots[SLOTS];
};

struct agency_seen *agency_seen_new(void)
{
	struct agency_seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		abort();
	return seen;
}

void agency_seen_free(struct agency_seen *seen)
{
	free(seen);
}

uint64_t agency_seen_key(const char *digest_hex)
{
	char head[17] = "";
	uint64_t key;

	memcpy(head, digest_hex, 16);
	key = strtoull(head, NULL, 16);
	return key ? key : 1;
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t slot_of(const struct agency_seen *seen, uint64_t key)
{
	size_t i = (size_t)key & (SLOTS - 1);

	while (seen->slots[i] && seen->slots[i] != key)
		i = (i + 1) & (SLOTS - 1);
	return i;
}

bool agency_seen_has(const struct agency_seen *seen, uint64_t key)
{
	return seen->slots[slot_of(seen, key)] == key;
}

void agency_seen_note(struct agency_seen *seen, uint64_t key)
{
	if (seen->noted_count < NOTED_MAX)
		seen->noted[seen->noted_count++] = key;
}

static void add(struct agency_seen *seen, uint64_t key)
{
	size_t slot = slot_of(seen, key);

	if (seen->slots[slot] == key)
		return;
	if (seen->count == KEYS_MAX) {
		memset(seen->slots, 0, sizeof(seen->slots));
		seen->count = 0;
		slot = slot_of(seen, key);
	}
	seen->slots[slot] = key;
	seen->count++;
}

void agency_seen_commit(struct agency_seen *seen)
{
	for (size_t i = 0; i < seen->noted_count; i++)
		add(seen, seen->noted[i]);
	seen->noted_count = 0;
}

void agency_seen_abort(struct agency_seen *seen)
{
	seen->noted_count = 0;
}
