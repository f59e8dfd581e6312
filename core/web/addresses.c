/* addresses.c: a chained table, as large as there are senders with something
 * under way: bounded by the connections. */
#include "web/addresses.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/poison.h"

#define BUCKETS 1024u

struct address {
	struct address *next;
	size_t under_way, bucket;
	char key[];
};

struct addresses {
	size_t per_address, count;
	uint64_t seed; /* nobody outside can choose what collides */
	struct address *buckets[BUCKETS];
};

struct addresses *addresses_new(size_t per_address)
{
	struct addresses *a = xcalloc(1, sizeof(*a));
	a->per_address = per_address;
	digest_random(&a->seed, sizeof(a->seed));
	return a;
}

void addresses_free(struct addresses *a)
{
	for (size_t i = 0; a != NULL && i < BUCKETS; i++) {
		while (a->buckets[i] != NULL) {
			struct address *next = a->buckets[i]->next;
			free(a->buckets[i]);
			a->buckets[i] = next;
		}
	}
	free(a);
}

static size_t bucket_of(const struct addresses *a, const char *key)
{
	uint64_t hash = a->seed;
	for (const char *c = key; *c != '\0'; c++) {
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
		hash ^= hash >> 29;
	}
	return hash % BUCKETS;
}

struct address *addresses_enter(struct addresses *a, const char *key)
{
	size_t bucket = bucket_of(a, key);
	struct address *i = a->buckets[bucket];
	while (i != NULL && strcmp(i->key, key) != 0)
		i = i->next;
	if (i == NULL) {
		size_t size = strlen(key) + 1;
		i = xcalloc(1, sizeof(*i) + size);
		memcpy(i->key, key, size);
		i->bucket = bucket;
		i->next = a->buckets[bucket];
		a->buckets[bucket] = i;
		a->count++;
	}
	if (i->under_way >= a->per_address)
		return NULL;
	i->under_way++;
	return i;
}

void addresses_leave(struct addresses *a, struct address *address)
{
	if (address == NULL || --address->under_way > 0)
		return;
	struct address **at = &a->buckets[address->bucket];
	while (*at != address)
		at = &(*at)->next;
	*at = address->next;
	free(address);
	a->count--;
}

size_t addresses_count(const struct addresses *a)
{
	return a->count;
}
