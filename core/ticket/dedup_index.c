/* dedup_index.c: records in chunks that are freed whole, and an inverted index
 * whose postings are chained from the newest to the oldest. A posting is found
 * from its number (record number x KEYS_MAX + place) and needs 5 bytes: how far it
 * is to the next older one, and of its key what its chain does not say. The chains
 * are split one by one as the window grows (linear hashing), so no call waits for
 * all of them. Numbers are of 32 bits: enough for 150 million records in one life
 * of the daemon. */
#include "ticket/dedup_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define CHUNK 64u
#define POSTING_SIZE 5u
#define POSTING_BITS 40u
#define KEY_BITS 32u
#define LEVEL_FIRST 10u
#define EXPECTED_MAX 10000000u
#define CHAINS_EACH 12u /* of a record that has 24 to 28 postings */
#define FOUND_SLOTS 2048u
#define KEYS_FOUND (KEYS_WORDS + 1u) /* all but the author's */
#define TEXT_WEIGHT 16384.0f /* more than all words and pairs: exact copies come first */
#define OWN_LOOK 128u /* newest records of an author that are looked at */
#define FETCH_LINE 64u /* bytes that the processor fetches together */
#define NONE 0u /* of posting numbers + 1 */

struct slot {
	int64_t time_ms, added_ms;
	uint64_t id, incident;
	uint32_t topics, offset;
	uint8_t channel, evidence_count, mark_count, forgotten;
};

struct chunk {
	struct slot slots[CHUNK];
	uint8_t postings[CHUNK * KEYS_MAX * POSTING_SIZE];
	char *payload; /* evidence and marks of each record */
	size_t payload_used, payload_size;
};

struct chunk_at {
	struct chunk *chunk;
	unsigned level; /* the window's, when it was begun: bits of a key that chains said */
};

/* As it is read. The distance leads to what is in the window still, as things
 * stood when it was written: so it is no more than KEYS_MAX for each record, of
 * which there is one to CHAINS_EACH chains, and 8 bits more than `level` are enough. */
struct posting {
	uint32_t rest;     /* of the key, without its lowest `level` bits */
	uint32_t distance; /* to the next older posting of the chain; 0: it is the last */
};

struct found {
	uint32_t number; /* + 1; 0: free */
	float weight;
};

struct window {
	struct chunk_at *chunks; /* from first / CHUNK on */
	size_t chunk_count, chunk_room;
	uint32_t chunk_base; /* number of chunks that are gone */
	uint32_t first, end;
	uint32_t *heads; /* of each chain, the newest posting + 1 */
	size_t head_room;
	unsigned level;   /* there are 2^level chains, */
	uint32_t divided; /* and one more for each of the first so many of them */
	size_t bytes;
	struct found found[FOUND_SLOTS];
};

struct window *window_new(void)
{
	struct window *w = xcalloc(1, sizeof(*w));
	w->level = LEVEL_FIRST;
	w->head_room = 1u << LEVEL_FIRST;
	w->heads = xcalloc(w->head_room, sizeof(*w->heads));
	w->bytes = sizeof(*w) + w->head_room * sizeof(*w->heads);
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
		free_chunk(w, w->chunks[i].chunk);
	free(w->chunks);
	free(w->heads);
	free(w);
}

static struct chunk_at *chunk_at(const struct window *w, uint32_t number)
{
	return &w->chunks[number / CHUNK - w->chunk_base];
}

static struct chunk *chunk_of(const struct window *w, uint32_t number)
{
	return chunk_at(w, number)->chunk;
}

static struct slot *slot_of(const struct window *w, uint32_t number)
{
	return &chunk_of(w, number)->slots[number % CHUNK];
}

/* ---- chains ------------------------------------------------------------ */

static uint32_t record_of(uint32_t at)
{
	return (at - 1) / KEYS_MAX;
}

static uint8_t *posting_at(const struct chunk_at *c, uint32_t at)
{
	return c->chunk->postings + (at - 1) % (CHUNK * KEYS_MAX) * POSTING_SIZE;
}

static struct posting posting_get(const struct chunk_at *c, uint32_t at)
{
	const uint8_t *from = posting_at(c, at);
	uint32_t low;
	memcpy(&low, from, sizeof(low));
	uint64_t both = (uint64_t)from[4] << 32 | low;
	unsigned bits = KEY_BITS - c->level;
	uint64_t rest = both & ((UINT64_C(1) << bits) - 1);
	return (struct posting){ (uint32_t)rest, (uint32_t)(both >> bits) };
}

static void posting_put(const struct chunk_at *c, uint32_t at, struct posting p)
{
	unsigned bits = KEY_BITS - c->level;
	uint8_t *to = posting_at(c, at);
	uint64_t both = (uint64_t)p.distance << bits | p.rest;
	uint32_t low = (uint32_t)both;
	ASSERT(both >> POSTING_BITS == 0);
	memcpy(to, &low, sizeof(low));
	to[4] = (uint8_t)(both >> 32);
}

static bool is_live(const struct window *w, uint32_t at)
{
	return at != NONE && record_of(at) >= w->first;
}

static uint32_t *head_of(struct window *w, uint32_t key)
{
	uint32_t chain = key & ((1u << w->level) - 1);
	if (chain < w->divided)
		chain = key & ((2u << w->level) - 1);
	return &w->heads[chain];
}

/* Where the keys lead to is nowhere near the processor; asked for all at once it takes
 * a tenth of the time that one after the other does. */
static void fetch_heads(struct window *w, const struct keys *keys)
{
	for (size_t k = 0; k < keys->count; k++)
		__builtin_prefetch(head_of(w, keys->key[k]), 1);
}

static void fetch_posting(const struct window *w, uint32_t at)
{
	if (is_live(w, at))
		__builtin_prefetch(posting_at(chunk_at(w, record_of(at)), at));
}

static void link_posting(struct window *w, uint32_t key, uint32_t at)
{
	const struct chunk_at *c = chunk_at(w, record_of(at));
	uint32_t *head = head_of(w, key);
	posting_put(c, at, (struct posting){ key >> c->level, is_live(w, *head) ? at - *head : 0 });
	*head = at;
}

/* One end of a chain that is being divided. */
struct end {
	uint32_t *head;
	uint32_t at; /* its last posting so far; NONE: the chain is empty */
};

static void append(struct window *w, struct end *e, uint32_t at)
{
	if (e->at == NONE) {
		*e->head = at;
	} else {
		const struct chunk_at *c = chunk_at(w, record_of(e->at));
		struct posting p = posting_get(c, e->at);
		p.distance = at != NONE ? e->at - at : 0;
		posting_put(c, e->at, p);
	}
	e->at = at;
}

/* Chains are divided one after the other: what the next ones begin with is asked for
 * while this one is. */
#define FETCH_AHEAD 12u

static void fetch_for_division(const struct window *w)
{
	uint32_t next = w->divided + FETCH_AHEAD;
	if (next < 1u << w->level)
		fetch_posting(w, w->heads[next]);
}

/* The next bit of their keys divides them; both keep their order. */
static void divide_chain(struct window *w)
{
	uint32_t at = w->heads[w->divided];
	struct end ends[2] = { { .head = &w->heads[w->divided] },
			       { .head = &w->heads[w->divided + (1u << w->level)] } };
	fetch_for_division(w);
	while (is_live(w, at)) {
		const struct chunk_at *c = chunk_at(w, record_of(at));
		struct posting p = posting_get(c, at);
		append(w, &ends[p.rest >> (w->level - c->level) & 1], at);
		at = p.distance != 0 ? at - p.distance : NONE;
	}
	append(w, &ends[0], NONE);
	append(w, &ends[1], NONE);
	if (++w->divided == 1u << w->level) {
		w->level++;
		w->divided = 0;
	}
}

static void grow_chains(struct window *w)
{
	size_t wanted = (size_t)(w->end - w->first) * CHAINS_EACH;
	while ((1u << w->level) + w->divided < wanted) {
		size_t chains = (1u << w->level) + w->divided;
		if (chains == w->head_room) {
			size_t more = w->head_room / 16 + 1024;
			w->heads = xrealloc(w->heads, w->head_room + more, sizeof(*w->heads));
			w->head_room += more;
			w->bytes += more * sizeof(*w->heads);
		}
		divide_chain(w);
	}
}

void window_expect(struct window *w, size_t count)
{
	size_t wanted = (count < EXPECTED_MAX ? count : EXPECTED_MAX) * CHAINS_EACH;
	ASSERT(w->chunk_count == 0);
	if (wanted <= w->head_room)
		return;
	w->bytes += (wanted - w->head_room) * sizeof(*w->heads);
	free(w->heads);
	w->heads = xcalloc(wanted, sizeof(*w->heads));
	w->head_room = wanted;
	while (2u << w->level <= wanted)
		w->level++;
	w->divided = (uint32_t)wanted - (1u << w->level);
}

/* ---- records ----------------------------------------------------------- */

static struct chunk *chunk_for_next(struct window *w)
{
	if (w->end / CHUNK - w->chunk_base < w->chunk_count)
		return chunk_of(w, w->end);
	if (w->chunk_count == w->chunk_room) {
		w->chunk_room = w->chunk_room * 2 + 8;
		w->chunks = xrealloc(w->chunks, w->chunk_room, sizeof(*w->chunks));
	}
	struct chunk *c = xcalloc(1, sizeof(*c));
	w->chunks[w->chunk_count++] = (struct chunk_at){ c, w->level };
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
	const struct dedup_record record = dedup_record_of(f);
	struct keys keys;
	grow_chains(w);
	struct chunk *c = chunk_for_next(w);
	uint32_t number = w->end;
	ASSERT(number < UINT32_MAX / KEYS_MAX - 1);
	c->slots[number % CHUNK] = (struct slot){
		.time_ms = f->time_ms, .added_ms = added_ms, .id = id, .incident = incident,
		.topics = f->topics, .offset = add_payload(w, c, f), .channel = f->channel,
		.evidence_count = f->evidence_count, .mark_count = f->mark_count,
	};
	keys_make(&record, &keys);
	fetch_heads(w, &keys);
	for (uint32_t k = 0; k < keys.count; k++)
		link_posting(w, keys.key[k], number * KEYS_MAX + k + 1);
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
			.time_ms = s->time_ms, .topics = s->topics,
			.channel = s->channel, .evidence_count = s->evidence_count,
			.mark_count = s->mark_count,
			.evidence = (const void *)payload,
			.marks = (const void *)(payload + s->evidence_count * sizeof(struct evidence)),
		},
	};
}

void window_fetch(const struct window *w, uint32_t number)
{
	const struct slot *s = slot_of(w, number);
	const char *payload = chunk_of(w, number)->payload + s->offset;
	size_t size = s->evidence_count * sizeof(struct evidence) + s->mark_count * sizeof(struct mark);
	for (size_t i = 0; i < size; i += FETCH_LINE)
		__builtin_prefetch(payload + i);
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
	free_chunk(w, w->chunks[0].chunk);
	w->chunk_count--;
	w->chunk_base++;
	memmove(w->chunks, w->chunks + 1, w->chunk_count * sizeof(*w->chunks));
}

/* Its postings are the newest of their chains. */
void window_drop_last(struct window *w)
{
	uint32_t number = w->end - 1;
	struct chunk *c = chunk_of(w, number);
	struct window_slot s;
	struct keys keys;
	ASSERT(w->end > w->first);
	window_get(w, number, &s);
	keys_make(&s.record, &keys);
	for (uint32_t k = (uint32_t)keys.count; k-- > 0;) {
		uint32_t at = number * KEYS_MAX + k + 1, *head = head_of(w, keys.key[k]);
		uint32_t distance = posting_get(chunk_at(w, number), at).distance;
		ASSERT(*head == at);
		*head = distance != 0 ? at - distance : NONE;
	}
	c->payload_used = c->slots[number % CHUNK].offset;
	w->end--;
}

size_t window_bytes(const struct window *w)
{
	return w->bytes + w->chunk_room * sizeof(*w->chunks);
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

/* Along the chain of a key. */
struct walk {
	uint32_t key, at;
	float weight;
	unsigned looked;
};

/* One posting on; false at the end. */
static bool look_at_posting(struct window *w, struct walk *k, uint16_t *used, size_t *count)
{
	uint32_t number = record_of(k->at);
	const struct chunk_at *c = chunk_at(w, number);
	struct posting p = posting_get(c, k->at);
	if (p.rest == k->key >> c->level) {
		add_found(w, number, k->weight, used, count);
		k->looked++;
	}
	k->at = p.distance != 0 ? k->at - p.distance : NONE;
	fetch_posting(w, k->at);
	return is_live(w, k->at) && k->looked < POSTING_LOOK;
}

/* All chains a step at a time: the next posting of each is on its way while the others are
 * looked at. Weights are quarters, so the order in which they are added does not matter. */
static void look_up(struct window *w, const struct keys *keys, uint16_t *used, size_t *count)
{
	struct walk walks[KEYS_FOUND];
	size_t left = 0, found_by = keys->words + keys->texts;
	fetch_heads(w, keys);
	for (size_t k = 0; k < found_by; k++) {
		uint32_t at = *head_of(w, keys->key[k]);
		if (!is_live(w, at))
			continue;
		fetch_posting(w, at);
		float weight = k < keys->words ? keys->weight[k] : TEXT_WEIGHT;
		walks[left++] = (struct walk){ keys->key[k], at, weight, 0 };
	}
	while (left > 0)
		for (size_t k = 0; k < left;) {
			if (look_at_posting(w, &walks[k], used, count))
				k++;
			else
				walks[k] = walks[--left];
		}
}

static bool is_among(const uint32_t *numbers, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* From the newest posting of a chain to the older ones of this key: false at the end. */
static bool next_of_key(const struct window *w, uint32_t key, uint32_t *at, uint32_t *number)
{
	while (is_live(w, *at)) {
		*number = record_of(*at);
		const struct chunk_at *c = chunk_at(w, *number);
		struct posting p = posting_get(c, *at);
		*at = p.distance != 0 ? *at - p.distance : NONE;
		if (p.rest == key >> c->level)
			return true;
	}
	return false;
}

bool window_find_same(struct window *w, const struct fingerprint *f, struct window_slot *out)
{
	const struct dedup_record record = dedup_record_of(f);
	uint32_t key = keys_of_text(&record), at = *head_of(w, key), number;
	for (unsigned n = 0; n < POSTING_LOOK && next_of_key(w, key, &at, &number); n++) {
		window_get(w, number, out);
		if (keys_same_text(&record, &out->record))
			return true;
	}
	return false;
}

size_t window_find_own(struct window *w, const struct fingerprint *f, uint64_t incident,
		       uint32_t *out, size_t max)
{
	const struct dedup_record record = dedup_record_of(f);
	struct keys keys;
	size_t count = 0;
	keys_make(&record, &keys);
	for (size_t k = keys.words + keys.texts; k < keys.count; k++) {
		uint32_t at = *head_of(w, keys.key[k]), number;
		for (unsigned n = 0; n < OWN_LOOK && count < max &&
		     next_of_key(w, keys.key[k], &at, &number); n++)
			if (slot_of(w, number)->incident == incident && !is_among(out, count, number))
				out[count++] = number;
	}
	return count;
}

size_t window_find(struct window *w, const struct fingerprint *f, uint32_t *out, size_t max)
{
	const struct dedup_record record = dedup_record_of(f);
	uint16_t used[KEYS_FOUND * POSTING_LOOK];
	float weights[DEDUP_CANDIDATES];
	struct keys keys;
	size_t count = 0, best = 0;
	ASSERT(max <= DEDUP_CANDIDATES);
	keys_make(&record, &keys);
	look_up(w, &keys, used, &count);
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
