/* lexicon.h: what chat Indonesian means: slang and abbreviations to one canon,
 * words that say nothing, number words, month names. A small table of our own;
 * it is a help and not a crutch: weights are trained without it as well. */
#ifndef TICKET_LEXICON_H
#define TICKET_LEXICON_H

#include "base/mem.h"

struct lexicon;

/* Holds the first `percent` of the slang (100: all); training uses less. */
struct lexicon *lexicon_new(unsigned percent);
void lexicon_free(struct lexicon *l); /* NULL is fine */

/* What a lower-case word means. */
struct lexicon_word {
	const char *canon; /* itself (NULL), another word, or "" when the word says nothing; static */
	uint32_t topics;   /* a bit per kind of nuisance (lamp, tree, road, ...) that it, or its
			      canon, points to */
};
struct lexicon_word lexicon_look(const struct lexicon *l, const char *word, size_t size);

/* 1 to 12 for a month's name or abbreviation, else 0. */
unsigned lexicon_month(const char *word);

/* 1 to 39 for a Roman numeral of i, v and x in its usual form, else 0. */
unsigned lexicon_roman(const char *word);

/* The topics that concern one person each: whoever else asks is another case. */
#define LEXICON_SOCIAL_AID (1u << 8)
#define LEXICON_PAPERS (1u << 7) /* identity card, family card, birth: as well */

#endif
