/* place_below.c: kecamatan and villages where we look: each mention adds to its
 * kecamatan, and the best must be well ahead of the next. */
#include <string.h>

#include "ticket/place_inside.h"
#include "base/poison.h"

/* What a mention adds to its kecamatan. */
#define TYPED 4.0
#define OFFICE 2.5    /* "Puskesmas X", "Polsek X" */
#define WHOLE 2.5     /* "..., X, ...", "RT 1 RW 2 X": a line of an address by itself */
#define PLAIN 1.0     /* "X" among other words: X Jaya and Griya X are elsewhere */
#define IN_STREET 1.2 /* Jalan X need not be in X, but leads there */
#define LOCATION_FACTOR 1.5
#define ENOUGH 2.0
#define VILLAGE_ENOUGH 4.0
#define AHEAD 0.6

/* The most that an answer is sure of. */
#define NEAR_MARGIN 0.7
#define SPELT_MARGIN 0.8

/* Outside the home a name must be typed: there it is often a mistake of what wrote
 * the address. */
static bool is_where_we_look(const struct search *s, const struct mention *m, uint32_t region)
{
	for (size_t i = 0; i < s->area_count; i++)
		if (regions_inside(s->regions, region, s->areas[i].region))
			return !s->areas[i].is_away || is_typed(m);
	if (s->area_count > 0)
		return false;
	return regions_inside(s->regions, region, s->province) &&
	       regions_inside(s->regions, region, s->hints->home);
}

static struct tally *tally_of(struct search *s, uint32_t kecamatan)
{
	for (size_t i = 0; i < s->tally_count; i++)
		if (s->tally[i].kecamatan == kecamatan)
			return &s->tally[i];
	if (s->tally_count == TALLY_MAX)
		return NULL;
	struct tally *t = &s->tally[s->tally_count++];
	*t = (struct tally){ .kecamatan = kecamatan, .village = REGION_NONE, .margin = 1 };
	return t;
}

static void add_mention(struct search *s, const struct mention *m, uint32_t region, double weight,
			double margin)
{
	uint32_t kecamatan = regions_above(s->regions, region, REGION_KECAMATAN);
	struct tally *t = tally_of(s, kecamatan);
	if (t == NULL)
		return;
	if (t->score == 0 || is_typed(m))
		t->mention = *m;
	if (t->score == 0 || margin < t->margin)
		t->margin = margin;
	t->score += weight;
	if (region != kecamatan && weight > t->village_score) {
		t->village = region;
		t->village_score = weight;
		t->village_mention = *m;
	}
}

/* The regions of this name where we look, behind the first `count` of `out`.
 * Returns how many there are then. */
static size_t find_level(const struct search *s, const struct mention *m, enum region_level level,
			 uint32_t out[HITS_MAX], size_t count)
{
	uint32_t cursor = 0, region;
	while ((region = place_named(s, m, &cursor)) != REGION_NONE)
		if (regions_at(s->regions, region).level == level && is_where_we_look(s, m, region) &&
		    count < HITS_MAX)
			out[count++] = region;
	return count;
}

static bool has_child(const struct search *s, uint32_t parent, const uint32_t *regions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (regions_at(s->regions, regions[i]).parent == parent)
			return true;
	return false;
}

/* Of kecamatan and villages one level: a kecamatan and its village of the same
 * name say together what the kecamatan says. But where the village lies in another
 * kecamatan, a name that is not typed may be either. */
static size_t find_named(const struct search *s, const struct mention *m, uint32_t out[HITS_MAX])
{
	size_t count = 0, all;
	if (m->prefix != PREFIX_VILLAGE)
		count = find_level(s, m, REGION_KECAMATAN, out, 0);
	if (m->prefix == PREFIX_KECAMATAN || (count > 0 && (is_typed(m) || m->prefix == PREFIX_OFFICE)))
		return count;
	all = find_level(s, m, REGION_VILLAGE, out, count);
	return count == 1 && has_child(s, out[0], out + 1, all - 1) ? 1 : all;
}

/* Do these words name the kabupaten where we look? */
static bool is_area_at(const struct search *s, size_t i)
{
	struct mention m = { .name = i };
	for (size_t count = 3; count > 0 && i < s->words->count; count--) {
		uint32_t cursor = 0, region;
		if (!place_make_key(s, &m, count))
			continue;
		while ((region = place_named(s, &m, &cursor)) != REGION_NONE)
			for (size_t a = 0; a < s->area_count; a++)
				if (region == s->areas[a].region)
					return true;
	}
	return false;
}

static bool begins_line(const struct search *s, const struct mention *m)
{
	return word_at(s, m->name)->after_break || (m->name > 0 && is_number(word_at(s, m->name - 1)));
}

static bool ends_line(const struct search *s, const struct mention *m)
{
	const struct place_word *next = word_at(s, m->end);
	return next == NULL || next->after_break || next->in_location != m->in_location ||
	       s->prefixes[m->end] != PREFIX_NONE || strcmp(next->text, "rt") == 0 ||
	       strcmp(next->text, "rw") == 0 || is_area_at(s, m->end);
}

static double weight_of(const struct search *s, const struct mention *m)
{
	double weight = PLAIN;
	if (is_typed(m))
		weight = TYPED;
	else if (m->prefix == PREFIX_OFFICE)
		weight = OFFICE;
	else if (m->prefix != PREFIX_NONE)
		weight = IN_STREET;
	else if (begins_line(s, m) && ends_line(s, m))
		weight = WHOLE;
	return m->in_location ? weight * LOCATION_FACTOR : weight;
}

/* A name that is said again only adds what it says more clearly. */
static double weight_beyond(struct search *s, const struct mention *m)
{
	double weight = weight_of(s, m), before = 0;
	for (size_t i = 0; i < s->said_count; i++) {
		if (strncmp(s->said[i].key, m->key, PLACE_WORD_SIZE - 1) == 0) {
			before = s->said[i].weight;
			if (weight > before)
				s->said[i].weight = weight;
			return weight > before ? weight - before : 0;
		}
	}
	if (s->said_count < SAID_MAX) {
		str_copy(s->said[s->said_count].key, PLACE_WORD_SIZE, m->key);
		s->said[s->said_count++].weight = weight;
	}
	return weight;
}

static bool take(struct search *s, const struct mention *m, const uint32_t *hits, size_t count,
		 double margin)
{
	double weight = count > 0 ? weight_beyond(s, m) / (double)count : 0;
	for (size_t i = 0; i < count; i++)
		add_mention(s, m, hits[i], weight, margin);
	return count > 0;
}

/* Without a kabupaten only a kecamatan that is typed: the only one of its name, or
 * the one that the position speaks for; and no ordinary word. */
static bool take_alone(struct search *s, const struct mention *m)
{
	uint32_t hits[HITS_MAX];
	if (m->prefix != PREFIX_KECAMATAN)
		return false;
	size_t count = find_level(s, m, REGION_KECAMATAN, hits, 0);
	double margin = count > 1 ? NEAR_MARGIN : 1;
	if (count > 1)
		hits[0] = place_nearest(s, hits, count);
	if (count == 0 || hits[0] == REGION_NONE || regions_at(s->regions, hits[0]).is_common)
		return false;
	return take(s, m, hits, 1, margin);
}

static bool take_below(struct search *s, const struct mention *m)
{
	uint32_t hits[HITS_MAX];
	if (m->prefix == PREFIX_PROVINCE || m->prefix == PREFIX_KABUPATEN)
		return false;
	if (s->area_count == 0)
		return take_alone(s, m);
	size_t count = find_named(s, m, hits);
	uint32_t nearest = count > 1 && s->area_count > 1 ? place_nearest(s, hits, count) : REGION_NONE;
	return nearest != REGION_NONE ? take(s, m, &nearest, 1, NEAR_MARGIN) :
	       take(s, m, hits, count, 1);
}

/* A word that is part of the kabupaten's or province's own mention. */
static bool names_an_area(const struct search *s, const struct mention *m)
{
	uint32_t cursor = 0, region;
	while ((region = place_named(s, m, &cursor)) != REGION_NONE) {
		if (regions_at(s->regions, region).level == REGION_PROVINCE)
			return true;
		for (size_t i = 0; i < s->area_count; i++)
			if (region == s->areas[i].region)
				return true;
	}
	return false;
}

/* The longest name that begins here. Returns where to go on. */
static size_t take_at(struct search *s, size_t i)
{
	struct mention m;
	bool begins = place_begin_mention(s, i, &m);
	for (size_t count = NAME_WORDS_MAX; begins && count > 0; count--) {
		if (!place_make_key(s, &m, count))
			continue;
		bool low = m.prefix == PREFIX_KECAMATAN || m.prefix == PREFIX_VILLAGE;
		if ((!low && names_an_area(s, &m)) || take_below(s, &m))
			return m.end;
	}
	uint32_t meant = s->prefixes[i] == PREFIX_KECAMATAN ? place_misspelt(s, i, &m) : REGION_NONE;
	if (meant == REGION_NONE)
		return i + 1;
	take(s, &m, &meant, 1, SPELT_MARGIN);
	return m.end;
}

void place_find_below(struct search *s)
{
	for (size_t i = 0; i < s->words->count;)
		i = take_at(s, i);
}

const struct tally *place_best(const struct search *s, double *out_margin)
{
	const struct tally *best = NULL;
	double next = 0;
	for (size_t i = 0; i < s->tally_count; i++) {
		const struct tally *t = &s->tally[i];
		if (best == NULL || t->score > best->score) {
			next = best != NULL ? best->score : 0;
			best = t;
		} else if (t->score > next) {
			next = t->score;
		}
	}
	if (best == NULL || best->score < ENOUGH || 1 - next / best->score < AHEAD)
		return NULL;
	*out_margin = 1 - next / best->score;
	if (*out_margin > best->margin)
		*out_margin = best->margin;
	return best;
}

bool place_has_village(const struct tally *t)
{
	return t->village != REGION_NONE && t->village_score >= VILLAGE_ENOUGH;
}
