/* place_inside.h: what the files of place.h share: a search, the names that are
 * mentioned in it, and what they add up to. */
#ifndef TICKET_PLACE_INSIDE_H
#define TICKET_PLACE_INSIDE_H

#include "ticket/place.h"

#define NAME_WORDS_MAX 5u
#define AREAS_MAX 8u
#define TALLY_MAX 24u
#define HITS_MAX 64u /* regions of one name that are looked at below an area */
#define SAID_MAX 64u

enum prefix {
	PREFIX_NONE,
	PREFIX_PROVINCE,
	PREFIX_KABUPATEN,
	PREFIX_KOTA,
	PREFIX_KECAMATAN,
	PREFIX_VILLAGE,
	PREFIX_OFFICE,   /* a kecamatan has one, named after it or after its village */
	PREFIX_STREET,   /* streets bear the names of places elsewhere */
	PREFIX_LANDMARK, /* so do schools, markets and directions */
	PREFIX_END,      /* no prefix: no street's name goes on behind it */
};

struct mention {
	size_t start, end; /* words, prefix and name */
	size_t name;       /* where the name begins */
	enum prefix prefix;
	char key[NAME_WORDS_MAX * PLACE_WORD_SIZE];
	size_t key_size;
	bool in_location;
};

struct area {
	uint32_t region;
	double score;
	bool is_away; /* not in the home */
};

struct tally {
	uint32_t kecamatan, village;
	double score, village_score;
	double margin; /* at most, if this is the answer */
	struct mention mention, village_mention;
};

struct said {
	char key[PLACE_WORD_SIZE];
	double weight;
};

struct search {
	const struct regions *regions;
	const struct place_words *words;
	const struct place_hints *hints;
	struct region_word hashes[PLACE_WORDS_MAX]; /* of each word */
	uint8_t prefixes[PLACE_WORDS_MAX]; /* enum prefix of each word */
	bool ends_street[PLACE_WORDS_MAX]; /* "jalan rusak di Surabaya": its name ends before "di" */
	uint8_t names[PLACE_WORDS_MAX]; /* bit n - 1: n words from here on may be a name */
	uint32_t province;
	struct area areas[AREAS_MAX]; /* kabupaten and kota where it may be */
	size_t area_count;
	struct tally tally[TALLY_MAX];
	size_t tally_count;
	struct said said[SAID_MAX];
	size_t said_count;
	struct place *out;
};

/* Of each word what it says of the name behind it. */
void place_prefixes(struct search *s);
/* A kabupaten or kota of that name needs more than its name. */
bool place_is_common_word(const char *key);

static inline const struct place_word *word_at(const struct search *s, size_t i)
{
	return i < s->words->count ? &s->words->items[i] : NULL;
}

static inline bool is_number(const struct place_word *w)
{
	return w->text[0] >= '0' && w->text[0] <= '9';
}

static inline bool is_typed(const struct mention *m)
{
	return m->prefix >= PREFIX_PROVINCE && m->prefix <= PREFIX_VILLAGE;
}

/* ---- mentions: place.c ---------------------------------------------------- */

/* False: no name may begin there. The key is made later. */
bool place_begin_mention(const struct search *s, size_t i, struct mention *m);
/* The key of `count` words from m->name on; false when they are no name. */
bool place_make_key(const struct search *s, struct mention *m, size_t count);
/* The next region of the mention's name. */
uint32_t place_named(const struct search *s, const struct mention *m, uint32_t *cursor);

/* ---- kecamatan and villages: place_below.c --------------------------------- */

void place_find_below(struct search *s);
/* The kecamatan that is well ahead of the next, or NULL. */
const struct tally *place_best(const struct search *s, double *out_margin);
bool place_has_village(const struct tally *t);

/* ---- misspelt kecamatan: place_spell.c ------------------------------------- */

/* The one kecamatan where we look whose name differs by one letter from what
 * stands behind "Kec."; m is then its mention. REGION_NONE: none, or several. */
uint32_t place_misspelt(const struct search *s, size_t i, struct mention *m);

/* ---- coordinates: place_near.c --------------------------------------------- */

/* Which of these regions the position speaks for, where it does so clearly;
 * REGION_NONE: none, or there is no position. */
uint32_t place_nearest(const struct search *s, const uint32_t *regions, size_t count);

#endif
