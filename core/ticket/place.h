/* place.h: where a complaint says that it is. Typed names first ("Kec. X"),
 * from the top down, within the region that the channel serves; coordinates tell
 * apart what words leave open; rather no answer than a guess. Pure. */
#ifndef TICKET_PLACE_H
#define TICKET_PLACE_H

#include "ticket/place_words.h"
#include "ticket/regions.h"

#define PLACE_EVIDENCE_MAX 6u
#define PLACE_EVIDENCE_SIZE 64u

/* What is known beside the words. */
struct place_hints {
	uint32_t home; /* what the channel serves; REGION_NONE: everybody */
	bool has_position;
	double latitude, longitude;
};

struct place {
	uint32_t region; /* REGION_NONE: not found */
	enum region_level level;
	/* 0 to 1: how much less speaks for the next best kecamatan, or for another
	 * kabupaten where no kecamatan was found. Less where a coordinate decided or a
	 * name is misspelt, next to nothing where the coordinates are far away. */
	double margin;
	/* A name that several regions have (Kabupaten and Kota Bogor), and nothing
	 * that tells which: the region is then only what they have in common. */
	bool is_ambiguous;
	bool is_outside_home; /* typed by name, so believed */
	char evidence[PLACE_EVIDENCE_MAX][PLACE_EVIDENCE_SIZE]; /* the words that decided */
	size_t evidence_count;
};

/* Text and location may be NULL. */
void place_find(const struct regions *r, const char *text, const char *location,
		const struct place_hints *hints, struct place *out);
/* The same of words that were read already. */
void place_find_in(const struct regions *r, const struct place_words *words,
		   const struct place_hints *hints, struct place *out);

/* Does the position lie hundreds of kilometres from the region? One that is not in
 * Indonesia (0, 0 of a program that knew none) says nothing. */
bool place_is_far(const struct regions *r, uint32_t region, double latitude, double longitude);

#endif
