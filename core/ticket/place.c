/* place.c: names are found word by word, the longest first. First provinces,
 * kabupaten and kota: they say where to look. Then kecamatan and villages there:
 * each mention adds to its kecamatan, and the best must be well ahead. */
#include "ticket/place.h"

#include <stdio.h>
#include <string.h>

#include "ticket/place_words.h"
#include "base/poison.h"

#define NAME_WORDS_MAX 5u
#define AREAS_MAX 8u
#define TALLY_MAX 24u
#define HITS_MAX 64u /* regions of one name that are looked at below an area */
#define SAID_MAX 64u
#define STREET_REACH 4u

/* What a mention adds to its kecamatan. */
#define TYPED 4.0
#define WHOLE 2.5     /* "..., X, ...": a line of an address by itself */
#define PLAIN 1.0     /* "X" among other words: X Jaya and Griya X are elsewhere */
#define IN_STREET 0.7 /* Jalan X need not be in X */
#define LOCATION_FACTOR 1.5
#define ENOUGH 2.0
#define VILLAGE_ENOUGH 4.0
#define AHEAD 0.6

enum prefix {
	PREFIX_NONE,
	PREFIX_PROVINCE,
	PREFIX_KABUPATEN,
	PREFIX_KOTA,
	PREFIX_KECAMATAN,
	PREFIX_VILLAGE,
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
};

struct tally {
	uint32_t kecamatan, village;
	double score, village_score;
	struct mention mention, village_mention;
};

struct said {
	char key[PLACE_WORD_SIZE];
	double weight;
};

struct search {
	const struct regions *regions;
	const struct place_words *words;
	struct region_word hashes[PLACE_WORDS_MAX]; /* of each word */
	uint8_t prefixes[PLACE_WORDS_MAX]; /* enum prefix of each word */
	bool ends_street[PLACE_WORDS_MAX]; /* "jalan rusak di Surabaya": its name ends before "di" */
	uint8_t names[PLACE_WORDS_MAX]; /* bit n - 1: n words from here on may be a name */
	uint32_t home, province;
	struct area areas[AREAS_MAX]; /* kabupaten and kota where it may be */
	size_t area_count;
	struct tally tally[TALLY_MAX];
	size_t tally_count;
	struct said said[SAID_MAX];
	size_t said_count;
	struct place *out;
};

static const struct {
	const char *word;
	enum prefix prefix;
} prefixes[] = {
	{ "provinsi", PREFIX_PROVINCE }, { "propinsi", PREFIX_PROVINCE }, { "prov", PREFIX_PROVINCE },
	{ "pemprov", PREFIX_PROVINCE }, { "kabupaten", PREFIX_KABUPATEN }, { "kab", PREFIX_KABUPATEN },
	{ "pemkab", PREFIX_KABUPATEN }, { "kota", PREFIX_KOTA }, { "kotamadya", PREFIX_KOTA },
	{ "kodya", PREFIX_KOTA }, { "pemkot", PREFIX_KOTA },
	{ "kecamatan", PREFIX_KECAMATAN }, { "kec", PREFIX_KECAMATAN },
	{ "distrik", PREFIX_KECAMATAN }, { "kapanewon", PREFIX_KECAMATAN },
	{ "kemantren", PREFIX_KECAMATAN }, { "camat", PREFIX_KECAMATAN },
	{ "kelurahan", PREFIX_VILLAGE }, { "kel", PREFIX_VILLAGE }, { "kalurahan", PREFIX_VILLAGE },
	{ "desa", PREFIX_VILLAGE }, { "ds", PREFIX_VILLAGE }, { "gampong", PREFIX_VILLAGE },
	{ "nagari", PREFIX_VILLAGE }, { "pekon", PREFIX_VILLAGE }, { "lurah", PREFIX_VILLAGE },
	{ "kades", PREFIX_VILLAGE }, { "jalan", PREFIX_STREET }, { "jl", PREFIX_STREET },
	{ "jln", PREFIX_STREET }, { "jlan", PREFIX_STREET }, { "gang", PREFIX_STREET },
	{ "gg", PREFIX_STREET }, { "raya", PREFIX_STREET }, { "perumahan", PREFIX_STREET },
	{ "perum", PREFIX_STREET }, { "blok", PREFIX_STREET }, { "dusun", PREFIX_LANDMARK },
	{ "dsn", PREFIX_LANDMARK }, { "pasar", PREFIX_LANDMARK }, { "terminal", PREFIX_LANDMARK },
	{ "stasiun", PREFIX_LANDMARK }, { "sd", PREFIX_LANDMARK }, { "sdn", PREFIX_LANDMARK },
	{ "smp", PREFIX_LANDMARK }, { "smpn", PREFIX_LANDMARK }, { "sma", PREFIX_LANDMARK },
	{ "rs", PREFIX_LANDMARK }, { "rsud", PREFIX_LANDMARK }, { "tol", PREFIX_LANDMARK },
	{ "arah", PREFIX_LANDMARK }, { "menuju", PREFIX_LANDMARK }, { "jurusan", PREFIX_LANDMARK },
	{ "dari", PREFIX_LANDMARK }, { "bank", PREFIX_LANDMARK }, { "universitas", PREFIX_LANDMARK },
	{ "bandara", PREFIX_LANDMARK }, { "hotel", PREFIX_LANDMARK }, { "nasi", PREFIX_LANDMARK },
	{ "orang", PREFIX_LANDMARK }, { "pt", PREFIX_LANDMARK }, { "masjid", PREFIX_LANDMARK },
	{ "di", PREFIX_END }, { "daerah", PREFIX_END }, { "wilayah", PREFIX_END },
};

/* Kabupaten and kota whose names are common words: only typed, or next to
 * their province. */
static const char *const common_words[] = { "batu", "malang", "buru", "pati", "tegal", "serang",
	"metro", "palu", "sorong", "banjar", "lahat", "bone", "padang", "agam", "siak", "dompu", "bima" };

/* Prefixes by what they begin with. */
struct beginnings {
	uint8_t heads[256], next[COUNT_OF(prefixes)]; /* a prefix and 1; 0: no more */
};

static uint8_t beginning(const char *word)
{
	unsigned second = (unsigned char)word[1];
	return (uint8_t)((unsigned char)word[0] * 37u + second * 7u +
			 (second != 0 ? (unsigned char)word[2] : 0));
}

static void sort_prefixes(struct beginnings *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = COUNT_OF(prefixes); i-- > 0;) {
		uint8_t *head = &out->heads[beginning(prefixes[i].word)];
		out->next[i] = *head;
		*head = (uint8_t)(i + 1);
	}
}

static enum prefix prefix_of(const struct beginnings *b, const struct place_word *word)
{
	for (size_t i = b->heads[beginning(word->text)]; i != 0; i = b->next[i - 1])
		if (strcmp(prefixes[i - 1].word, word->text) == 0)
			return prefixes[i - 1].prefix;
	return PREFIX_NONE;
}

static bool is_common_word(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(common_words); i++)
		if (strcmp(common_words[i], key) == 0)
			return true;
	return false;
}

static const struct place_word *word_at(const struct search *s, size_t i)
{
	return i < s->words->count ? &s->words->items[i] : NULL;
}

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

/* The key of `count` words from m->name on; false when they are no name. */
static bool make_key(const struct search *s, struct mention *m, size_t count)
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

/* The next region of the mention's name. */
static uint32_t named(const struct search *s, const struct mention *m, uint32_t *cursor)
{
	return regions_named_by(s->regions, &s->hashes[m->name], m->end - m->name, m->key,
				m->key_size, cursor);
}

static bool is_typing(enum prefix p)
{
	return p >= PREFIX_PROVINCE && p <= PREFIX_VILLAGE;
}

/* Where the name begins that the word `i` mentions, with the prefix that it may be. */
static size_t name_at(const struct search *s, size_t i)
{
	enum prefix own = (enum prefix)s->prefixes[i];
	const struct place_word *next = word_at(s, i + 1);
	if (!is_typing(own))
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
		if (s->words->items[i - back + 1].after_break || s->ends_street[i - back])
			return PREFIX_NONE;
		enum prefix before = (enum prefix)s->prefixes[i - back];
		if (before == PREFIX_STREET || (before != PREFIX_NONE && back == 1))
			return before;
		if (before != PREFIX_NONE && before != PREFIX_LANDMARK)
			return PREFIX_NONE;
	}
	return PREFIX_NONE;
}

/* False: no name may begin there. The key is made later. */
static bool begin_mention(const struct search *s, size_t i, struct mention *m)
{
	enum prefix own = (enum prefix)s->prefixes[i];
	m->start = i;
	m->name = name_at(s, i);
	if (m->name >= s->words->count || s->names[m->name] == 0)
		return false;
	m->in_location = s->words->items[i].in_location;
	m->prefix = is_typing(own) ? own : prefix_before(s, i);
	return true;
}

static bool is_typed(const struct mention *m)
{
	return is_typing(m->prefix);
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
	case PREFIX_STREET:
	case PREFIX_LANDMARK:
	case PREFIX_END:
		break;
	}
	return false;
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
		s->areas[s->area_count++] = (struct area){ region, score };
}

/* Typed names are believed wherever they are; others within the home only. */
static bool take_area(struct search *s, const struct mention *m)
{
	bool found = false;
	uint32_t cursor = 0, region;
	while ((region = named(s, m, &cursor)) != REGION_NONE) {
		/* The longer name counts even with the wrong word before it: what
		 * is in "Kabupaten Tangerang Selatan" is not Kabupaten Tangerang. */
		found = found || regions_at(s->regions, region).level <= REGION_KABUPATEN;
		if (!fits_area(s, m, region))
			continue;
		bool near = regions_inside(s->regions, region, s->home) ||
			    regions_inside(s->regions, s->home, region);
		if (regions_at(s->regions, region).level == REGION_PROVINCE) {
			if (near || m->prefix == PREFIX_PROVINCE || s->home == REGION_NONE)
				s->province = region;
		} else if (is_typed(m)) {
			add_area(s, region, TYPED);
		} else if (near || s->home == REGION_NONE) {
			add_area(s, region, is_common_word(m->key) ? 0.5 : PLAIN);
		}
	}
	return found;
}

static void find_areas(struct search *s)
{
	for (size_t i = 0; i < s->words->count; i++) {
		struct mention m;
		if (!begin_mention(s, i, &m))
			continue;
		for (size_t count = NAME_WORDS_MAX; count > 0; count--) {
			if (make_key(s, &m, count) && take_area(s, &m)) {
				i = m.end - 1;
				break;
			}
		}
	}
}

/* Keep the best; a province that was named as well decides among equals. */
static void choose_areas(struct search *s)
{
	double best = 0;
	size_t kept = 0;
	for (size_t i = 0; i < s->area_count; i++) {
		struct area *a = &s->areas[i];
		if (s->province != REGION_NONE && regions_inside(s->regions, a->region, s->province))
			a->score += 1;
		if (regions_inside(s->regions, s->home, a->region) && s->home != REGION_NONE)
			a->score += 1;
		if (a->score > best)
			best = a->score;
	}
	for (size_t i = 0; i < s->area_count && best >= 1; i++)
		if (s->areas[i].score >= best)
			s->areas[kept++] = s->areas[i];
	s->area_count = kept;
	uint32_t own = s->home == REGION_NONE ? REGION_NONE :
			regions_above(s->regions, s->home, REGION_KABUPATEN);
	if (kept == 0 && own != REGION_NONE)
		s->areas[s->area_count++] = (struct area){ own, 1 };
}

/* ---- kecamatan and villages --------------------------------------------- */

static bool is_where_we_look(const struct search *s, uint32_t region)
{
	for (size_t i = 0; i < s->area_count; i++)
		if (regions_inside(s->regions, region, s->areas[i].region))
			return true;
	if (s->area_count > 0)
		return false;
	return regions_inside(s->regions, region, s->province) &&
	       regions_inside(s->regions, region, s->home);
}

static struct tally *tally_of(struct search *s, uint32_t kecamatan)
{
	for (size_t i = 0; i < s->tally_count; i++)
		if (s->tally[i].kecamatan == kecamatan)
			return &s->tally[i];
	if (s->tally_count == TALLY_MAX)
		return NULL;
	struct tally *t = &s->tally[s->tally_count++];
	*t = (struct tally){ .kecamatan = kecamatan, .village = REGION_NONE };
	return t;
}

static void add_mention(struct search *s, const struct mention *m, uint32_t region, double weight)
{
	uint32_t kecamatan = regions_above(s->regions, region, REGION_KECAMATAN);
	struct tally *t = tally_of(s, kecamatan);
	if (t == NULL)
		return;
	if (t->score == 0 || is_typed(m))
		t->mention = *m;
	t->score += weight;
	if (region != kecamatan && weight > t->village_score) {
		t->village = region;
		t->village_score = weight;
		t->village_mention = *m;
	}
}

/* The regions of this name where we look. One level only: a kecamatan and its
 * village of the same name say together what the kecamatan says. */
static size_t find_below(const struct search *s, const struct mention *m, enum region_level level,
			 uint32_t out[HITS_MAX])
{
	size_t count = 0;
	uint32_t cursor = 0, region;
	while ((region = named(s, m, &cursor)) != REGION_NONE)
		if (regions_at(s->regions, region).level == level && is_where_we_look(s, region) &&
		    count < HITS_MAX)
			out[count++] = region;
	return count;
}

static double weight_of(const struct search *s, const struct mention *m)
{
	const struct place_word *next = word_at(s, m->end);
	double weight = PLAIN;
	if (is_typed(m))
		weight = TYPED;
	else if (m->prefix != PREFIX_NONE)
		weight = IN_STREET;
	else if (word_at(s, m->name)->after_break &&
		 (next == NULL || next->after_break || next->in_location != m->in_location ||
		  s->prefixes[m->end] != PREFIX_NONE))
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

static bool take_below(struct search *s, const struct mention *m)
{
	uint32_t hits[HITS_MAX];
	size_t count = 0;
	bool known = s->area_count > 0;
	if (m->prefix == PREFIX_PROVINCE || m->prefix == PREFIX_KABUPATEN)
		return false;
	/* Without a kabupaten only a kecamatan that is typed, and the only one. */
	if (m->prefix != PREFIX_VILLAGE && (known || m->prefix == PREFIX_KECAMATAN))
		count = find_below(s, m, REGION_KECAMATAN, hits);
	if (count == 0 && m->prefix != PREFIX_KECAMATAN && known)
		count = find_below(s, m, REGION_VILLAGE, hits);
	if (!known && count > 1)
		count = 0;
	double weight = count > 0 ? weight_beyond(s, m) / (double)count : 0;
	for (size_t i = 0; i < count; i++)
		add_mention(s, m, hits[i], weight);
	return count > 0;
}

/* A word that is part of the kabupaten's or province's own mention. */
static bool names_an_area(const struct search *s, const struct mention *m)
{
	uint32_t cursor = 0, region;
	while ((region = named(s, m, &cursor)) != REGION_NONE) {
		if (regions_at(s->regions, region).level == REGION_PROVINCE)
			return true;
		for (size_t i = 0; i < s->area_count; i++)
			if (region == s->areas[i].region)
				return true;
	}
	return false;
}

static void find_below_areas(struct search *s)
{
	for (size_t i = 0; i < s->words->count; i++) {
		struct mention m;
		if (!begin_mention(s, i, &m))
			continue;
		for (size_t count = NAME_WORDS_MAX; count > 0; count--) {
			if (!make_key(s, &m, count))
				continue;
			bool low = m.prefix == PREFIX_KECAMATAN || m.prefix == PREFIX_VILLAGE;
			if ((!low && names_an_area(s, &m)) || take_below(s, &m)) {
				i = m.end - 1;
				break;
			}
		}
	}
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
	s->out->region = region;
	s->out->level = regions_at(s->regions, region).level;
	s->out->margin = margin;
	s->out->is_outside_home = s->home != REGION_NONE && !regions_inside(s->regions, region, s->home) &&
				  !regions_inside(s->regions, s->home, region);
}

/* The kecamatan that is well ahead of the next. */
static bool answer_kecamatan(struct search *s)
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
	if (best == NULL || best->score < ENOUGH)
		return false;
	double margin = 1 - next / best->score;
	if (margin < AHEAD)
		return false;
	bool village = best->village != REGION_NONE && best->village_score >= VILLAGE_ENOUGH;
	answer(s, village ? best->village : best->kecamatan, margin);
	show(s, &best->mention);
	if (village && best->village_mention.start != best->mention.start)
		show(s, &best->village_mention);
	return true;
}

static void answer_area(struct search *s)
{
	uint32_t common = s->area_count > 0 ? s->areas[0].region : s->province;
	for (size_t i = 1; i < s->area_count; i++) {
		s->out->is_ambiguous = true;
		while (common != REGION_NONE && !regions_inside(s->regions, s->areas[i].region, common))
			common = regions_at(s->regions, common).parent;
	}
	if (common != REGION_NONE)
		answer(s, common, s->out->is_ambiguous ? 0 : 1);
}

void place_find_in(const struct regions *r, const struct place_words *words, uint32_t home,
		   struct place *out)
{
	struct search s;
	struct beginnings b;
	*out = (struct place){ .region = REGION_NONE };
	s.regions = r;
	s.words = words;
	s.home = home;
	s.province = REGION_NONE;
	s.area_count = s.tally_count = s.said_count = 0;
	s.out = out;
	sort_prefixes(&b);
	for (size_t i = 0; i < words->count; i++) {
		enum prefix prefix = prefix_of(&b, &words->items[i]);
		s.ends_street[i] = prefix == PREFIX_END;
		s.prefixes[i] = (uint8_t)(prefix == PREFIX_END ? PREFIX_NONE : prefix);
		s.hashes[i] = regions_word(words->items[i].text, words->items[i].size);
	}
	for (size_t i = 0; i < words->count; i++)
		s.names[i] = names_from(&s, i);
	find_areas(&s);
	choose_areas(&s);
	find_below_areas(&s);
	if (!answer_kecamatan(&s))
		answer_area(&s);
}

void place_find(const struct regions *r, const char *text, const char *location, uint32_t home,
		struct place *out)
{
	CLEANUP(free_pointer) struct place_words *words = xmalloc(sizeof(*words));
	place_words_read(text, location, words);
	place_find_in(r, words, home, out);
}
