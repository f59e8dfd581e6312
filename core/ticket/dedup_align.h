/* dedup_align.h: inside dedup_pair: which mark of one side is which of the
 * other. */
#ifndef TICKET_DEDUP_ALIGN_H
#define TICKET_DEDUP_ALIGN_H

#include "ticket/dedup_pair.h"

#define QUERY_SLOTS 512u
#define NOT_FOUND (-1)
#define MARK_SETS ((TOKENS_MAX + 63u) / 64u)

/* Some of a's marks, by their places. */
struct mark_set {
	uint64_t bits[MARK_SETS];
};

/* a: the new record, b: the stored one. */
struct dedup_query {
	const struct fingerprint *a;
	double a_weight;
	int16_t first[QUERY_SLOTS]; /* of a's marks, by word */
	int16_t next[TOKENS_MAX];
	int16_t first_skeleton[QUERY_SLOTS], next_skeleton[TOKENS_MAX]; /* the same by skeleton */
	struct mark_set words;   /* what is no number */
	struct mark_set unknown; /* words in no table: they may be slips of others */
	/* Of the comparison under way: */
	const struct dedup_record *b;
	double b_weight;
	float a_found[TOKENS_MAX], b_found[TOKENS_MAX]; /* 0 to 1: how surely */
	int16_t a_at[TOKENS_MAX], b_at[TOKENS_MAX];     /* where on the other side */
	struct mark_set a_rest; /* a's words that were not found */
};

/* 1: the same, .9: same skeleton, .8: one or two letters differ, 0. */
float dedup_alike(const struct mark *a, const struct mark *b);

/* Words that are the same, letter by letter; the cheap first pass. Returns the
 * share of the lighter side that was found. */
double dedup_align_exact(struct dedup_query *q, const struct dedup_record *b);
/* Typos, slang, and words written apart or together. */
void dedup_align_fuzzy(struct dedup_query *q);

#endif
