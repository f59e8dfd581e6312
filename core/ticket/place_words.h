/* place_words.h: a text as the words that names of places are made of: small
 * ASCII letters and digits, apostrophes gone, each with what stands around it.
 * Pure; takes any UTF-8, keeps at most PLACE_WORDS_MAX. */
#ifndef TICKET_PLACE_WORDS_H
#define TICKET_PLACE_WORDS_H

#include "base/mem.h"

#define PLACE_WORDS_MAX 400u
#define PLACE_WORD_SIZE 24u
#define PLACE_TEXT_MAX 16384u

struct place_word {
	char text[PLACE_WORD_SIZE];
	uint8_t size;
	bool after_break;  /* a comma, a bracket, a line's or sentence's end before it */
	bool in_location;  /* of the location, not of the text */
	bool is_capital;   /* written with a capital first */
};

struct place_words {
	struct place_word items[PLACE_WORDS_MAX];
	size_t count;
};

/* Either may be NULL. The location's words come first. */
void place_words_read(const char *text, const char *location, struct place_words *out);

#endif
