/* place.h: where a complaint says that it is. Typed names first ("Kec. X"),
 * from the top down, within the region that the channel serves; rather no
 * answer than a guess. Pure. */
#ifndef TICKET_PLACE_H
#define TICKET_PLACE_H

#include "ticket/place_words.h"
#include "ticket/regions.h"

#define PLACE_EVIDENCE_MAX 6u
#define PLACE_EVIDENCE_SIZE 64u

struct place {
	uint32_t region; /* REGION_NONE: not found */
	enum region_level level;
	/* 0 to 1: how much less speaks for the next best kecamatan, or for another
	 * kabupaten where no kecamatan was found. */
	double margin;
	/* A name that several regions have (Kabupaten and Kota Bogor), and nothing
	 * that tells which: the region is then only what they have in common. */
	bool is_ambiguous;
	bool is_outside_home; /* typed by name, so believed */
	char evidence[PLACE_EVIDENCE_MAX][PLACE_EVIDENCE_SIZE]; /* the words that decided */
	size_t evidence_count;
};

/* Text and location may be NULL; home is REGION_NONE where the channel serves
 * everybody. */
void place_find(const struct regions *r, const char *text, const char *location, uint32_t home,
		struct place *out);
/* The same of words that were read already. */
void place_find_in(const struct regions *r, const struct place_words *words, uint32_t home,
		   struct place *out);

#endif
