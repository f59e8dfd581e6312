/* dedup_align.h: inside dedup_pair: which mark of one side is which of the
 * other. */
#ifndef TICKET_DEDUP_ALIGN_H
#define TICKET_DEDUP_ALIGN_H

#include "ticket/dedup_pair.h"

#define TELLING 64 /* weight of a word that names something: 4 nats */
#define NAMING 40  /* weight below which a word of an entity is common */
#define QUERY_SLOTS 512u
#define NOT_FOUND (-1)
#define MARK_SETS ((TOKENS_MAX + 63u) / 64u)

/* How surely a mark is on the other side as well. */
enum found_level {
	FOUND_NOT,
	FOUND_LONG,     /* .7: a long word of which up to four letters differ */
	FOUND_LETTERS,  /* .8: one or two letters differ */
	FOUND_SKELETON, /* .9: the same skeleton, or written apart and together */
	FOUND_EXACT,    /* 1 */
	FOUND_LEVELS
};

/* Some of a side's marks, by their places. */
struct mark_set {
	uint64_t bits[MARK_SETS];
};

/* The letters of each word and the next as of one; what is never asked for
 * where they are no words. And a bit for each that is there. */
#define JOINED_BITS 4096u
struct joined_bits {
	uint64_t bits[JOINED_BITS / 64];
};
struct joined_words {
	uint32_t letters[TOKENS_MAX];
	struct joined_bits there;
};

#define MARK_LENGTHS 16u /* of words, as in their letters: 15 is 15 or more */

/* What a mark's kind says, looked up: it is asked of every mark of every candidate. */
enum mark_where { IN_TEXT, IN_TEXT_PLACED, IN_LOCATION, WHERE_COUNT }; /* placed: it names, or is a place */
struct mark_kind {
	uint8_t where; /* enum mark_where */
	uint8_t names; /* a thing or a place: the weight from which on a word does */
	bool is_named;
};

/* a: the new record, b: the stored one. */
struct dedup_query {
	const struct fingerprint *a;
	double a_weight;
	struct mark_kind kinds[256]; /* by mark.kind */
	size_t sets; /* of a mark_set, as many as a's marks need */
	int16_t first[QUERY_SLOTS]; /* of a's marks, by word */
	int16_t next[TOKENS_MAX];
	int16_t first_skeleton[QUERY_SLOTS], next_skeleton[TOKENS_MAX]; /* the same by skeleton */
	int16_t first_of_role[ROLE_COUNT], next_of_role[TOKENS_MAX];    /* and by role */
	struct mark_set words;    /* what is no number */
	struct mark_set unknown;  /* words in no table: they may be slips of others */
	struct mark_set repeated; /* words that stand there more than once */
	struct mark_set longer;   /* words that may be two on the other side */
	struct mark_set near_length[MARK_LENGTHS]; /* words of which one so long may be a slip */
	struct joined_words joined;
	/* Of the comparison under way: */
	const struct dedup_record *b;
	double b_weight;
	uint8_t a_found[TOKENS_MAX], b_found[TOKENS_MAX]; /* enum found_level */
	int16_t a_at[TOKENS_MAX], b_at[TOKENS_MAX];       /* where on the other side */
	struct mark_set a_rest; /* a's words that were not found */
};

/* How much of a mark that is. */
static inline double dedup_found_share(unsigned level)
{
	static const float shares[FOUND_LEVELS] = { 0, 0.7f, 0.8f, 0.9f, 1 };
	return (double)shares[level];
}

enum found_level dedup_alike(const struct mark *a, const struct mark *b);

/* Words that are the same, letter by letter; the cheap first pass. Returns the
 * share of the lighter side that was found. */
double dedup_align_exact(struct dedup_query *q, const struct dedup_record *b);
/* Typos, slang, and words written apart or together. */
void dedup_align_fuzzy(struct dedup_query *q);

#endif
