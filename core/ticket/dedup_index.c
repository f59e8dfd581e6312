/* dedup_index.c: records in chunks that are freed whole, and an inverted index
 * whose postings are chained from the newest to the oldest. A posting is found
 * from its number (record number x KEYS_MAX + place), so it needs 8 bytes: its
 * key and the posting before. Numbers are of 32 bits: enough for 170 million
 * records in one life of the daemon. */
#include "ticket/dedup_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define CHUNK 1024u
#define FOUND_SLOTS 2048u
#define PAIR_SHARE 0.75f /* of a pair's weight, against a single word's */
#define KEY_WEIGHT_MIN 28 /* below 1.75 nats a word is no key by itself */
#define NONE 0u

struct slot {
	int64_t time_ms, added_ms;
	uint64_t id, incident, digest;
	uint32_t topics, offset;
	uint8_t channel, evidence_count, mark_count, forgotten;
};

struct posting {
	uint32_t key, before; /* before: the next older posting of the chain + 1 */
};

struct chunk {
	struct slot slots[CHUNK];
	struct posting postings[CHUNK * KEYS_MAX];
	char *payload; /* evidence and marks of each record */
	size_t payload_used, payload_size;
};

struct found {
	uint32_t number; /* + 1; 0: free */
	float weight;
};

struct window {
	struct chunk **chunks; /* from first / CHUNK on */
	size_t chunk_count, chunk_room;
	uint32_t chunk_base; /* number of chunks that are gone */
	uint32_t first, end;
	uint32_t *heads; /* newest posting + 1 */
	size_t head_mask;
	size_t bytes;
	struct found found[FOUND_SLOTS];
};

struct keys {
	uint32_t key[KEYS_MAX];
	float weight[KEYS_MAX];
	size_t count;
};

struct window *window_new(void)
{
	struct window *w = xcalloc(1, sizeof(*w));
	w->head_mask = (1u << 15) - 1;
	w->heads = xcalloc(w->head_mask + 1, sizeof(*w->heads));
	w->bytes = sizeof(*w) + (w->head_mask + 1) * sizeof(*w->heads);
	return w;
}

static void free_chunk(struct window *w, struct chunk *c)
{
	w->bytes -= sizeof(*c) + c->payload_size;
	free(c->payload);
	free(c);
}

void window_free(struct window *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->chunk_count; i++)
		free_chunk(w, w->chunks[i]);
	free(w->chunks);
	free(w->heads);
	free(w);
}

static struct chunk *chunk_of(const struct window *w, uint32_t number)
{
	return w->chunks[number / CHUNK - w->chunk_base];
}

static struct slot *slot_of(const struct window *w, uint32_t number)
{
	return &chunk_of(w, number)->slots[number % CHUNK];
}

/* Skeleton and consonants: what survives slang and typos. */
static uint64_t stem(const struct mark *m)
{
	uint32_t consonants = (m->letters & MARK_NUMBER) != 0 ? m->word : m->letters & 0x03eefeeeu;
	return (uint64_t)m->skeleton << 32 | consonants;
}

static uint32_t key_of(const struct mark *a, const struct mark *b)
{
	uint64_t h = stem(a) * UINT64_C(0x9e3779b97f4a7c15);
	if (b != NULL)
		h = (h ^ (h >> 29) ^ stem(b)) * UINT64_C(0xc2b2ae3d27d4eb4f);
	return (uint32_t)(h >> 32);
}

/* Keep the heaviest, each once; the list stays sorted, heaviest first. */
static void keep_key(struct keys *k, uint32_t key, float weight)
{
	if (k->count == KEYS_MAX && weight <= k->weight[KEYS_MAX - 1])
		return;
	for (size_t i = 0; i < k->count; i++)
		if (k->key[i] == key)
			return;
	size_t i = k->count < KEYS_MAX ? k->count++ : KEYS_MAX - 1;
	for (; i > 0 && k->weight[i - 1] < weight; i--) {
		k->key[i] = k->key[i - 1];
		k->weight[i] = k->weight[i - 1];
	}
	k->key[i] = key;
	k->weight[i] = weight;
}

static void make_keys(const struct mark *marks, size_t count, struct keys *k)
{
	k->count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct mark *m = &marks[i];
		bool number = (m->letters & MARK_NUMBER) != 0;
		bool id = number && m->weight >= 100;
		if (m->weight >= KEY_WEIGHT_MIN && (!number || id))
			keep_key(k, key_of(m, NULL), m->weight);
		if (i + 1 < count)
			keep_key(k, key_of(m, m + 1), (float)(m->weight + m[1].weight) * PAIR_SHARE);
	}
}

static void link_posting(struct window *w, struct posting *p, uint32_t number)
{
	uint32_t *head = &w->heads[p->key & w->head_mask];
	p->before = *head;
	*head = number + 1;
}

/* Twice the heads, everything linked again in its order. */
static void grow_heads(struct window *w)
{
	size_t old = w->head_mask + 1;
	free(w->heads);
	w->head_mask = old * 2 - 1;
	w->heads = xcalloc(old * 2, sizeof(*w->heads));
	w->bytes += old * sizeof(*w->heads);
	for (uint32_t n = w->first; n < w->end; n++) {
		struct posting *p = &chunk_of(w, n)->postings[n % CHUNK * KEYS_MAX];
		for (uint32_t k = 0; k < KEYS_MAX; k++)
			if (p[k].key != NONE)
				link_posting(w, &p[k], n * KEYS_MAX + k);
	}
}

static struct chunk *chunk_for_next(struct window *w)
{
	if (w->end / CHUNK - w->chunk_base < w->chunk_count)
		return chunk_of(w, w->end);
	if (w->chunk_count == w->chunk_room) {
		w->chunk_room = w->chunk_room * 2 + 8;
		w->chunks = xrealloc(w->chunks, w->chunk_room, sizeof(struct chunk *));
	}
	struct chunk *c = xcalloc(1, sizeof(*c));
	w->chunks[w->chunk_count++] = c;
	w->bytes += sizeof(*c);
	return c;
}

static uint32_t add_payload(struct window *w, struct chunk *c, const struct fingerprint *f)
{
	size_t evidence = f->evidence_count * sizeof(struct evidence);
	size_t marks = f->mark_count * sizeof(struct mark);
	size_t size = (evidence + marks + 7) / 8 * 8, offset = c->payload_used;
	if (c->payload == NULL || offset + size > c->payload_size) {
		size_t bigger = c->payload_size + c->payload_size / 4 + size + 4096;
		w->bytes += bigger - c->payload_size;
		c->payload = xrealloc(c->payload, bigger, 1);
		c->payload_size = bigger;
	}
	memcpy(c->payload + offset, f->evidence, evidence);
	memcpy(c->payload + offset + evidence, f->marks, marks);
	c->payload_used = offset + size;
	return (uint32_t)offset;
}

/* The last record of a chunk: give back what its payload did not need. */
static void trim(struct window *w, struct chunk *c)
{
	w->bytes -= c->payload_size - c->payload_used;
	c->payload = xrealloc(c->payload, c->payload_used + 8, 1);
	c->payload_size = c->payload_used;
}

uint32_t window_add(struct window *w, uint64_t id, uint64_t incident, int64_t added_ms,
		    const struct fingerprint *f)
{
	struct keys keys;
	struct chunk *c = chunk_for_next(w);
	uint32_t number = w->end;
	struct posting *p = &c->postings[number % CHUNK * KEYS_MAX];
	ASSERT(number < UINT32_MAX / KEYS_MAX - 1);
	if ((size_t)(w->end - w->first) * KEYS_MAX > 2 * (w->head_mask + 1))
		grow_heads(w);
	c->slots[number % CHUNK] = (struct slot){
		.time_ms = f->time_ms, .added_ms = added_ms, .id = id, .incident = incident,
		.digest = f->digest,
		.topics = f->topics, .offset = add_payload(w, c, f), .channel = f->channel,
		.evidence_count = f->evidence_count, .mark_count = f->mark_count,
	};
	make_keys(f->marks, f->mark_count, &keys);
	for (uint32_t k = 0; k < keys.count; k++) {
		p[k].key = keys.key[k] != NONE ? keys.key[k] : 1;
		link_posting(w, &p[k], number * KEYS_MAX + k);
	}
	w->end++;
	if (w->end % CHUNK == 0)
		trim(w, c);
	return number;
}

uint32_t window_first(const struct window *w)
{
	return w->first;
}

uint32_t window_end(const struct window *w)
{
	return w->end;
}

void window_get(const struct window *w, uint32_t number, struct window_slot *out)
{
	const struct slot *s = slot_of(w, number);
	const char *payload = chunk_of(w, number)->payload + s->offset;
	*out = (struct window_slot){
		.id = s->id, .incident = s->incident, .added_ms = s->added_ms,
		.forgotten = s->forgotten != 0,
		.record = {
			.time_ms = s->time_ms, .digest = s->digest, .topics = s->topics,
			.channel = s->channel, .evidence_count = s->evidence_count,
			.mark_count = s->mark_count,
			.evidence = (const void *)payload,
			.marks = (const void *)(payload + s->evidence_count * sizeof(struct evidence)),
		},
	};
}

void window_set(struct window *w, uint32_t number, uint64_t incident, bool forgotten)
{
	struct slot *s = slot_of(w, number);
	s->incident = incident;
	s->forgotten = forgotten;
}

void window_drop_first(struct window *w)
{
	w->first++;
	if (w->first % CHUNK != 0)
		return;
	free_chunk(w, w->chunks[0]);
	w->chunk_count--;
	w->chunk_base++;
	memmove(w->chunks, w->chunks + 1, w->chunk_count * sizeof(struct chunk *));
}

/* Its postings are the newest of their chains. */
void window_drop_last(struct window *w)
{
	uint32_t number = w->end - 1;
	struct chunk *c = chunk_of(w, number);
	struct posting *p = &c->postings[number % CHUNK * KEYS_MAX];
	ASSERT(w->end > w->first);
	for (uint32_t k = KEYS_MAX; k-- > 0;) {
		if (p[k].key == NONE)
			continue;
		w->heads[p[k].key & w->head_mask] = p[k].before;
		p[k] = (struct posting){ NONE, NONE };
	}
	c->payload_used = c->slots[number % CHUNK].offset;
	w->end--;
}

size_t window_bytes(const struct window *w)
{
	return w->bytes + w->chunk_room * sizeof(struct chunk *);
}

static void add_found(struct window *w, uint32_t number, float weight, uint16_t *used, size_t *count)
{
	size_t i = (number * UINT32_C(2654435761)) % FOUND_SLOTS;
	while (w->found[i].number != 0 && w->found[i].number != number + 1)
		i = (i + 1) % FOUND_SLOTS;
	if (w->found[i].number == 0) {
		w->found[i] = (struct found){ number + 1, 0 };
		used[(*count)++] = (uint16_t)i;
	}
	w->found[i].weight += weight;
}

static void look_up(struct window *w, uint32_t key, float weight, uint16_t *used, size_t *count)
{
	uint32_t posting = w->heads[key & w->head_mask];
	unsigned looked = 0;
	while (posting != NONE && looked < POSTING_LOOK) {
		uint32_t number = (posting - 1) / KEYS_MAX;
		if (number < w->first)
			break; /* all that follow are older */
		const struct posting *p = &chunk_of(w, number)->postings[number % CHUNK * KEYS_MAX +
									 (posting - 1) % KEYS_MAX];
		if (p->key == key) {
			add_found(w, number, weight, used, count);
			looked++;
		}
		posting = p->before;
	}
}

size_t window_find(struct window *w, const struct fingerprint *f, uint32_t *out, size_t max)
{
	uint16_t used[KEYS_MAX * POSTING_LOOK];
	float weights[DEDUP_CANDIDATES];
	struct keys keys;
	size_t count = 0, best = 0;
	ASSERT(max <= DEDUP_CANDIDATES);
	make_keys(f->marks, f->mark_count, &keys);
	for (size_t k = 0; k < keys.count; k++)
		look_up(w, keys.key[k] != NONE ? keys.key[k] : 1, keys.weight[k], used, &count);
	for (size_t i = 0; i < count; i++) {
		struct found *hit = &w->found[used[i]];
		size_t at = best < max ? best++ : max;
		/* Of equals the newer one: the same whatever the order of the hits. */
		while (at > 0 && (weights[at - 1] < hit->weight || (!(weights[at - 1] > hit->weight) &&
								    out[at - 1] < hit->number - 1))) {
			if (at < max) {
				weights[at] = weights[at - 1];
				out[at] = out[at - 1];
			}
			at--;
		}
		if (at < max) {
			weights[at] = hit->weight;
			out[at] = hit->number - 1;
		}
		hit->number = 0;
	}
	return best;
}
