/* dedup_keys.c: marks and evidence to the numbers that the index chains. */
#include "ticket/dedup_keys.h"

#include "base/poison.h"

#define PAIR_SHARE 0.75f /* of a pair's weight, against a single word's */
#define WORD_WEIGHT_MIN 28 /* below 1.75 nats a word is no key by itself */
#define ID_WEIGHT_MIN 100

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
	if (k->words == KEYS_WORDS && weight <= k->weight[KEYS_WORDS - 1])
		return;
	for (size_t i = 0; i < k->words; i++)
		if (k->key[i] == key)
			return;
	size_t i = k->words < KEYS_WORDS ? k->words++ : KEYS_WORDS - 1;
	for (; i > 0 && k->weight[i - 1] < weight; i--) {
		k->key[i] = k->key[i - 1];
		k->weight[i] = k->weight[i - 1];
	}
	k->key[i] = key;
	k->weight[i] = weight;
}

uint32_t keys_of_text(const struct dedup_record *r)
{
	uint64_t h = r->mark_count;
	for (size_t i = 0; i < r->mark_count; i++)
		h = (h ^ (h >> 29) ^ r->marks[i].word) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32);
}

bool keys_same_text(const struct dedup_record *a, const struct dedup_record *b)
{
	for (size_t i = 0; i < a->mark_count && a->mark_count == b->mark_count; i++)
		if (a->marks[i].word != b->marks[i].word)
			return false;
	return a->mark_count == b->mark_count;
}

void keys_make(const struct dedup_record *r, struct keys *out)
{
	out->words = 0;
	for (size_t i = 0; i < r->mark_count; i++) {
		const struct mark *m = &r->marks[i];
		bool number = (m->letters & MARK_NUMBER) != 0;
		bool id = number && m->weight >= ID_WEIGHT_MIN;
		if (m->weight >= WORD_WEIGHT_MIN && (!number || id))
			keep_key(out, key_of(m, NULL), m->weight);
		if (i + 1 < r->mark_count)
			keep_key(out, key_of(m, m + 1), (float)(m->weight + m[1].weight) * PAIR_SHARE);
	}
	out->texts = r->mark_count > 0;
	out->count = out->words + out->texts;
	if (out->texts > 0)
		out->key[out->words] = keys_of_text(r);
	for (size_t i = 0; i < r->evidence_count && out->count < out->words + 1 + KEYS_AUTHORS; i++)
		if (evidence_is_strong(r->evidence[i]))
			out->key[out->count++] = (uint32_t)(r->evidence[i].bits >> 32);
}
