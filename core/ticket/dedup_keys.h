/* dedup_keys.h: inside dedup: what a record is found by: its heaviest words and
 * pairs, all its words in their order, and its author. */
#ifndef TICKET_DEDUP_KEYS_H
#define TICKET_DEDUP_KEYS_H

#include "ticket/dedup_pair.h"

#define KEYS_WORDS 24u
#define KEYS_AUTHORS 3u
#define KEYS_MAX (KEYS_WORDS + 1u + KEYS_AUTHORS)

/* Words and pairs first, heaviest first; then the key of all words, if there are any; then
 * one for each way in which the author is surely known. */
struct keys {
	uint32_t key[KEYS_MAX];
	float weight[KEYS_WORDS];
	size_t words, texts, count; /* texts: 1, or 0 */
};

static inline struct dedup_record dedup_record_of(const struct fingerprint *f)
{
	return (struct dedup_record){
		.time_ms = f->time_ms, .topics = f->topics, .channel = f->channel,
		.evidence_count = f->evidence_count, .mark_count = f->mark_count,
		.evidence = f->evidence, .marks = f->marks,
	};
}

void keys_make(const struct dedup_record *r, struct keys *out);
uint32_t keys_of_text(const struct dedup_record *r); /* of at least one word */
/* The same words in the same order, those of the location too. */
bool keys_same_text(const struct dedup_record *a, const struct dedup_record *b);

#endif
