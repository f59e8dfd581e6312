/* place.c: names are found word by word, the longest first. First provinces,
 * kabupaten and kota: they say where to look. Then kecamatan and villages there
 * (place_below.c). */
#include "ticket/place.h"

#include <stdio.h>
#include <string.h>

#include "ticket/place_inside.h"
#include "base/poison.h"

#define STREET_REACH 4u

/* What a mention adds to its kabupaten. */
#define TYPED 4.0
#define PLAIN 1.0
#define COMMON 0.5

#define NEAR_MARGIN 0.7 /* at most, where a coordinate decided */
#define FAR_FACTOR 0.2

/* ---- mentions ----------------------------------------------------------- */

/* Which runs of words may be names: none goes on behind a break. */
static uint8_t names_from(const struct search *s, size_t first)
{
	size_t most = s->words->count - first, count = 1;
	if (most > NAME_WORDS_MAX)
		most = NAME_WORDS_MAX;
	while (count < most && !s->words->items[first + count].after_break)
		count++;
	return (uint8_t)regions_may_name(s->regions, &s->hashes[first], count);
}

bool place_make_key(const struct search *s, struct mention *m, size_t count)
{
	m->key_size = 0;
	if ((s->names[m->name] >> (count - 1) & 1) == 0)
		return false;
	for (size_t i = m->name; i < m->name + count; i++) {
		const struct place_word *w = &s->words->items[i];
		memcpy(m->key + m->key_size, w->text, w->size);
		m->key_size += w->size;
	}
	m->key[m->key_size] = '\0';
	m->end = m->name + count;
	return m->key_size >= 3;
}

uint32_t place_named(const struct search *s, const struct mention *m, uint32_t *cursor)
{
	return regions_named_by(s->regions, &s->hashes[m->name], m->end - m->name, m->key,
				m->key_size, cursor);
}

static bool is_typing(enum prefix p)
{
	return p >= PREFIX_PROVINCE && p <= PREFIX_VILLAGE;
}

/* "Kec. Kota, Jawa Timur": the word of a kind is the name. */
static bool is_name_itself(const struct search *s, size_t i)
{
	const struct place_word *next = word_at(s, i + 1);
	return i > 0 && s->prefixes[i - 1] == PREFIX_KECAMATAN && (next == NULL || next->after_break);
}

/* Where the name begins that the word `i` mentions, with the prefix that it may be. */
static size_t name_at(const struct search *s, size_t i)
{
	enum prefix own = (enum prefix)s->prefixes[i];
	const struct place_word *next = word_at(s, i + 1);
	if (!is_typing(own) || is_name_itself(s, i))
		return i;
	bool is_longer = next != NULL && (own == PREFIX_KOTA || own == PREFIX_KABUPATEN) &&
			 (strcmp(next->text, "administrasi") == 0 || strcmp(next->text, "adm") == 0);
	return i + 1 + is_longer;
}

/* What stands before the word `i` and speaks for it: a prefix next to it, or a
 * street's up to a few words back. */
static enum prefix prefix_before(const struct search *s, size_t i)
{
	for (size_t back = 1; back <= STREET_REACH && back <= i; back++) {
		if (s->words->items[i - back + 1].after_break || s->ends_street[i - back] ||
		    is_number(word_at(s, i - back)))
			return PREFIX_NONE;
		enum prefix before = (enum prefix)s->prefixes[i - back];
		if (before == PREFIX_STREET || (before != PREFIX_NONE && back == 1))
			return before;
		if (before != PREFIX_NONE && before != PREFIX_LANDMARK && before != PREFIX_OFFICE)
			return PREFIX_NONE;
	}
	return PREFIX_NONE;
}

bool place_begin_mention(const struct search *s, size_t i, struct mention *m)
{
	enum prefix own = (enum prefix)s->prefixes[i];
	m->start = i;
	m->name = name_at(s, i);
	if (m->name >= s->words->count || s->names[m->name] == 0)
		return false;
	m->in_location = s->words->items[i].in_location;
	m->prefix = m->name > i ? own : prefix_before(s, i);
	return true;
}

/* ---- where to look ------------------------------------------------------ */

static bool fits_area(const struct search *s, const struct mention *m, uint32_t region)
{
	struct region found = regions_at(s->regions, region);
	switch (m->prefix) {
	case PREFIX_PROVINCE:
		return found.level == REGION_PROVINCE;
	case PREFIX_KABUPATEN:
		return found.level == REGION_KABUPATEN && !found.is_kota;
	case PREFIX_KOTA:
		return found.level == REGION_KABUPATEN && found.is_kota;
	case PREFIX_NONE:
		return found.level == REGION_PROVINCE || found.level == REGION_KABUPATEN;
	case PREFIX_KECAMATAN:
	case PREFIX_VILLAGE:
	case PREFIX_OFFICE:
	case PREFIX_STREET:
	case PREFIX_LANDMARK:
	case PREFIX_END:
		break;
	}
	return false;
}

static bool is_away(const struct search *s, uint32_t region)
{
	return !regions_inside(s->regions, region, s->hints->home) &&
	       !regions_inside(s->regions, s->hints->home, region);
}

static void add_area(struct search *s, uint32_t region, double score)
{
	for (size_t i = 0; i < s->area_count; i++) {
		if (s->areas[i].region == region) {
			s->areas[i].score += score;
			return;
		}
	}
	if (s->area_count < AREAS_MAX)
		s->areas[s->area_count++] = (struct area){ region, score, is_away(s, region) };
}

/* Typed names are believed wherever they are; others within the home only. */
static bool take_area(struct search *s, const struct mention *m)
{
	bool found = false;
	uint32_t cursor = 0, region;
	while ((region = place_named(s, m, &cursor)) != REGION_NONE) {
		/* The longer name counts even with the wrong word before it: what
		 * is in "Kabupaten Tangerang Selatan" is not Kabupaten Tangerang. */
		found = found || regions_at(s->regions, region).level <= REGION_KABUPATEN;
		if (!fits_area(s, m, region))
			continue;
		if (regions_at(s->regions, region).level == REGION_PROVINCE) {
			if (m->prefix == PREFIX_PROVINCE || !is_away(s, region))
				s->province = region;
		} else if (is_typed(m)) {
			add_area(s, region, TYPED);
		} else if (!is_away(s, region)) {
			add_area(s, region, place_is_common_word(m->key) ? COMMON : PLAIN);
		}
	}
	return found;
}

static void find_areas(struct search *s)
{
	for (size_t i = 0; i < s->words->count; i++) {
		struct mention m;
		if (!place_begin_mention(s, i, &m))
			continue;
		for (size_t count = NAME_WORDS_MAX; count > 0; count--) {
			if (place_make_key(s, &m, count) && take_area(s, &m)) {
				i = m.end - 1;
				break;
			}
		}
	}
}

/* Keep the best; a province that was named as well decides among equals. */
static void choose_areas(struct search *s)
{
	uint32_t home = s->hints->home;
	double best = 0;
	size_t kept = 0;
	for (size_t i = 0; i < s->area_count; i++) {
		struct area *a = &s->areas[i];
		if (s->province != REGION_NONE && regions_inside(s->regions, a->region, s->province))
			a->score += 1;
		if (home != REGION_NONE && regions_inside(s->regions, home, a->region))
			a->score += 1;
		if (a->score > best)
			best = a->score;
	}
	for (size_t i = 0; i < s->area_count && best >= 1; i++)
		if (s->areas[i].score >= best)
			s->areas[kept++] = s->areas[i];
	s->area_count = kept;
	uint32_t own = regions_above(s->regions, home, REGION_KABUPATEN);
	if (kept == 0 && own != REGION_NONE)
		s->areas[s->area_count++] = (struct area){ .region = own, .score = 1 };
}

/* ---- the answer --------------------------------------------------------- */

static void show(struct search *s, const struct mention *m)
{
	struct place *p = s->out;
	if (p->evidence_count == PLACE_EVIDENCE_MAX || m->end == 0)
		return;
	char *out = p->evidence[p->evidence_count++];
	size_t used = 0;
	for (size_t i = m->start; i < m->end && used < PLACE_EVIDENCE_SIZE; i++)
		used += (size_t)snprintf(out + used, PLACE_EVIDENCE_SIZE - used, "%s%s",
					 i > m->start ? " " : "", s->words->items[i].text);
}

static void answer(struct search *s, uint32_t region, double margin)
{
	const struct place_hints *h = s->hints;
	s->out->region = region;
	s->out->level = regions_at(s->regions, region).level;
	s->out->margin = margin;
	s->out->is_outside_home = is_away(s, region);
	if (h->has_position && place_is_far(s->regions, region, h->latitude, h->longitude))
		s->out->margin *= FAR_FACTOR;
}

static bool answer_kecamatan(struct search *s)
{
	double margin;
	const struct tally *best = place_best(s, &margin);
	if (best == NULL)
		return false;
	bool village = place_has_village(best);
	answer(s, village ? best->village : best->kecamatan, margin);
	show(s, &best->mention);
	if (village && best->village_mention.start != best->mention.start)
		show(s, &best->village_mention);
	return true;
}

static void answer_area(struct search *s)
{
	uint32_t common = s->area_count > 0 ? s->areas[0].region : s->province;
	uint32_t regions[AREAS_MAX];
	for (size_t i = 0; i < s->area_count; i++)
		regions[i] = s->areas[i].region;
	uint32_t nearest = s->area_count > 1 ? place_nearest(s, regions, s->area_count) : REGION_NONE;
	if (nearest != REGION_NONE) {
		answer(s, nearest, NEAR_MARGIN);
		return;
	}
	for (size_t i = 1; i < s->area_count; i++) {
		s->out->is_ambiguous = true;
		while (common != REGION_NONE && !regions_inside(s->regions, s->areas[i].region, common))
			common = regions_at(s->regions, common).parent;
	}
	if (common != REGION_NONE)
		answer(s, common, s->out->is_ambiguous ? 0 : 1);
}

void place_find_in(const struct regions *r, const struct place_words *words,
		   const struct place_hints *hints, struct place *out)
{
	struct search s;
	*out = (struct place){ .region = REGION_NONE };
	s.regions = r;
	s.words = words;
	s.hints = hints;
	s.province = REGION_NONE;
	s.area_count = s.tally_count = s.said_count = 0;
	s.out = out;
	place_prefixes(&s);
	for (size_t i = 0; i < words->count; i++)
		s.hashes[i] = regions_word(words->items[i].text, words->items[i].size);
	for (size_t i = 0; i < words->count; i++)
		s.names[i] = names_from(&s, i);
	find_areas(&s);
	choose_areas(&s);
	place_find_below(&s);
	if (!answer_kecamatan(&s))
		answer_area(&s);
}

void place_find(const struct regions *r, const char *text, const char *location,
		const struct place_hints *hints, struct place *out)
{
	CLEANUP(free_pointer) struct place_words *words = xmalloc(sizeof(*words));
	place_words_read(text, location, words);
	place_find_in(r, words, hints, out);
}
