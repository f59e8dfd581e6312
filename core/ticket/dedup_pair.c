/* dedup_pair.c: the features. Guards first and foremost: what was swapped, what
 * is missing on both sides, and which named things agree or conflict. */
#include "ticket/dedup_pair.h"

#include <math.h>
#include <string.h>

#include "ticket/dedup_align.h"
#include "base/poison.h"

#define PREFILTER 0.15     /* of exact words; below that nothing is alike */
#define TOLD_FROM 80.0     /* 5 nats: a place that says less is everywhere */
#define GAP_MAX 5          /* marks between two matches that are compared */
#define DAY_MS 86400000.0

const char *dedup_feature_name(enum dedup_feature f)
{
	static const char *const names[] = {
#define DEDUP_FEATURE_NAME(name) #name,
		DEDUP_FEATURES(DEDUP_FEATURE_NAME)
	};
	ASSERT(f < FEATURE_COUNT);
	return names[f];
}

static double above(double x, double from)
{
	return x > from ? x - from : 0;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static bool is_number(const struct mark *m)
{
	return (m->letters & MARK_NUMBER) != 0;
}

static unsigned role_of(const struct mark *m)
{
	return m->kind & MARK_ROLE;
}

/* Written so that a feature stands on one line. */
struct out {
	float *v;
};

static void set(struct out o, enum dedup_feature f, double x)
{
	o.v[f] = (float)x;
}

/* What one side has and the other has not. */
struct missing {
	unsigned numbers, places /* by weight */, words, entities;
};

static void add_missing(struct missing *m, const struct mark *k)
{
	unsigned role = role_of(k), telling = k->weight >= TELLING;
	if (is_number(k))
		m->numbers += role == ROLE_ID ? 2 : 1;
	else if ((k->kind & MARK_PLACE) != 0)
		m->places += k->weight;
	else
		m->words += telling;
	m->entities += token_role_names(role) && (is_number(k) || telling != 0);
}

static double places_of(const struct missing *m)
{
	return m->places / (double)TELLING;
}

/* Of one side, in one walk over its marks. Weights are whole numbers, so the order in
 * which they are added does not matter. */
struct side {
	unsigned weight[WHERE_COUNT][FOUND_LEVELS];
	struct missing missing;
	unsigned numbers, words; /* telling, of the location, not found */
	uint32_t roles;          /* a bit for each that names something, */
	uint8_t named[TOKENS_MAX]; /* and the marks that do */
	size_t named_count;
	bool has_other_name; /* part of a name that the other record has nowhere */
};

static void add_not_found(struct side *s, const struct mark *k)
{
	add_missing(&s->missing, k);
	if ((k->kind & MARK_LOCATION) != 0) {
		s->numbers += is_number(k);
		s->words += !is_number(k) && k->weight >= TELLING;
	}
	s->has_other_name |= role_of(k) == ROLE_PERSON && k->weight >= NAMING;
}

static void look_at(const struct dedup_query *q, const struct mark *marks, const uint8_t *found,
		    size_t count, struct side *s)
{
	memset(s, 0, offsetof(struct side, named));
	s->named_count = 0;
	s->has_other_name = false;
	for (size_t i = 0; i < count; i++) {
		const struct mark *k = &marks[i];
		const struct mark_kind *is = &q->kinds[k->kind];
		s->weight[is->where][found[i]] += k->weight;
		if (found[i] == FOUND_NOT)
			add_not_found(s, k);
		if (is->is_named && (k->weight >= is->names || is_number(k))) {
			s->roles |= 1u << role_of(k);
			s->named[s->named_count++] = (uint8_t)i;
		}
	}
}

/* Of these kinds of marks, all weight and what was found of it. */
struct part {
	double all, found;
};

static struct part part_of(const struct side *s, enum mark_where from, enum mark_where to)
{
	struct part p = { 0, 0 };
	for (unsigned level = 0; level < FOUND_LEVELS; level++) {
		unsigned weight = 0;
		for (enum mark_where w = from; w <= to; w++)
			weight += s->weight[w][level];
		p.all += weight;
		p.found += dedup_found_share(level) * weight;
	}
	return p;
}

static void set_missing(struct dedup_query *q, struct out o, const struct side *sa,
			const struct side *sb)
{
	const struct missing *a = &sa->missing, *b = &sb->missing;
	const struct missing *light = q->a_weight < q->b_weight ? a : b;
	set(o, FEATURE_number_missing, least(least(a->numbers, b->numbers), 4));
	set(o, FEATURE_number_missing_light, least(light->numbers, 4));
	set(o, FEATURE_place_missing, least(least(places_of(a), places_of(b)), 4));
	set(o, FEATURE_place_missing_light, least(places_of(light), 4));
	set(o, FEATURE_word_missing, least(least(a->words, b->words), 6));
	set(o, FEATURE_word_missing_light, least(light->words, 8));
	set(o, FEATURE_entity_missing, least(least(a->entities, b->entities), 4));
}

/* The share of the new side. */
static float set_overlap(struct dedup_query *q, struct out o, const struct side *a,
			 const struct side *b)
{
	double fa = part_of(a, IN_TEXT, IN_LOCATION).found;
	double fb = part_of(b, IN_TEXT, IN_LOCATION).found;
	double exact = a->weight[IN_TEXT][FOUND_EXACT] + a->weight[IN_TEXT_PLACED][FOUND_EXACT] +
		       a->weight[IN_LOCATION][FOUND_EXACT];
	double ca = fa / (q->a_weight + 1), cb = fb / (q->b_weight + 1);
	bool a_lighter = q->a_weight < q->b_weight;
	double light = (a_lighter ? q->a_weight : q->b_weight) / 16;
	double contained = a_lighter ? ca : cb, heavy = a_lighter ? cb : ca;
	double loglight = log1p(light) / 4;
	set(o, FEATURE_contained, contained);
	set(o, FEATURE_contained_50, above(contained, 0.5));
	set(o, FEATURE_contained_80, above(contained, 0.8));
	set(o, FEATURE_contained_95, above(contained, 0.95) * 10);
	set(o, FEATURE_contained_heavy, heavy);
	set(o, FEATURE_contained_heavy_80, above(heavy, 0.8));
	set(o, FEATURE_jaccard, (fa + fb) / 2 / (q->a_weight + q->b_weight - (fa + fb) / 2 + 1));
	set(o, FEATURE_light, loglight);
	set(o, FEATURE_contained_light, contained * loglight);
	set(o, FEATURE_shared, log1p((fa + fb) / 32) / 4);
	set(o, FEATURE_fuzzy, fa > 0 ? 1 - exact / (fa > exact ? fa : exact) : 0);
	return (float)ca;
}

/* Runs: marks that follow each other on both sides. */
static void set_runs(struct dedup_query *q, struct out o)
{
	unsigned run = 0, longest = 0, neighbours = 0, pairs = 0;
	for (size_t j = 0; j < q->b->mark_count; j++) {
		if (q->b_at[j] == NOT_FOUND) {
			run = 0;
			continue;
		}
		bool follows = j > 0 && q->b_at[j - 1] != NOT_FOUND && q->b_at[j] == q->b_at[j - 1] + 1;
		run = (follows ? run : 0) + q->b->marks[j].weight;
		neighbours += follows;
		pairs++;
		longest = run > longest ? run : longest;
	}
	double light = least(q->a_weight, q->b_weight);
	set(o, FEATURE_run, longest / (light + 1));
	set(o, FEATURE_run_long, log1p(longest / 16.0) / 4);
	set(o, FEATURE_order, pairs > 1 ? neighbours / (pairs - 1.0) : 0);
}

struct swaps {
	double numbers, words, places;
};

static struct missing missing_of(const struct mark *marks, const uint8_t *found, size_t from,
				 size_t to)
{
	struct missing m = { 0, 0, 0, 0 };
	for (size_t i = from; i < to; i++)
		if (found[i] == FOUND_NOT)
			add_missing(&m, &marks[i]);
	return m;
}

/* Between two matches: unmatched marks on both sides stand for each other. */
static void compare_gap(struct dedup_query *q, size_t a0, size_t a1, size_t b0, size_t b1,
			struct swaps *s)
{
	struct missing a = missing_of(q->a->marks, q->a_found, a0, a1);
	struct missing b = missing_of(q->b->marks, q->b_found, b0, b1);
	s->numbers += least(a.numbers, b.numbers);
	s->words += least(a.words + places_of(&a), b.words + places_of(&b));
	s->places += least(places_of(&a), places_of(&b));
}

static void set_swaps(struct dedup_query *q, struct out o)
{
	struct swaps s = { 0, 0, 0 };
	int before = -1; /* last match in b */
	for (size_t j = 0; j < q->b->mark_count; j++) {
		if (q->b_at[j] == NOT_FOUND)
			continue;
		int a_from = before < 0 ? 0 : q->b_at[before] + 1;
		int b_from = before + 1, a_to = q->b_at[j], b_to = (int)j;
		if (a_to > a_from && b_to > b_from && a_to - a_from <= GAP_MAX && b_to - b_from <= GAP_MAX)
			compare_gap(q, (size_t)a_from, (size_t)a_to, (size_t)b_from, (size_t)b_to, &s);
		before = (int)j;
	}
	if (before >= 0) { /* after the last match */
		size_t a_from = (size_t)q->b_at[before] + 1, b_from = (size_t)before + 1;
		size_t na = q->a->mark_count, nb = q->b->mark_count;
		if (na - a_from <= GAP_MAX && nb - b_from <= GAP_MAX)
			compare_gap(q, a_from, na, b_from, nb, &s);
	}
	set(o, FEATURE_number_swapped, least(s.numbers, 3));
	set(o, FEATURE_word_swapped, least(s.words, 1));
	set(o, FEATURE_word_swapped_more, least(above(s.words, 1), 3));
	set(o, FEATURE_place_swapped, least(s.places, 3));
}

/* Bits per role that is there, and that agrees. */
struct roles {
	uint32_t a, b, agree;
};

static bool agrees_with_any(const struct dedup_query *q, const struct mark *b)
{
	for (int i = q->first_of_role[role_of(b)]; i >= 0; i = q->next_of_role[i])
		if (dedup_alike(&q->a->marks[i], b) != FOUND_NOT)
			return true;
	return false;
}

static struct roles compare_roles(const struct dedup_query *q, const struct side *a,
				  const struct side *b)
{
	struct roles r = { a->roles, b->roles, 0 };
	for (size_t n = 0; n < a->named_count; n++) {
		size_t i = a->named[n];
		unsigned role = role_of(&q->a->marks[i]);
		/* Also where one word here is two there. */
		if (q->a_at[i] != NOT_FOUND && role_of(&q->b->marks[q->a_at[i]]) == role)
			r.agree |= 1u << role;
	}
	for (size_t n = 0; n < b->named_count; n++) {
		const struct mark *k = &q->b->marks[b->named[n]];
		uint32_t bit = 1u << role_of(k);
		if ((r.a & bit) != 0 && (r.agree & bit) == 0 && agrees_with_any(q, k))
			r.agree |= bit;
	}
	/* Wahyu Lestari and Lestari Saputra share a name and are two. */
	if (a->has_other_name && b->has_other_name) {
		r.agree &= ~(1u << ROLE_PERSON);
		r.a |= 1u << ROLE_PERSON;
		r.b |= 1u << ROLE_PERSON;
	}
	return r;
}

static void set_role(struct out o, const struct roles *r, enum token_role role,
		     enum dedup_feature agree)
{
	uint32_t bit = 1u << role;
	set(o, agree, (r->agree & bit) != 0);
	set(o, agree + 1, (r->a & r->b & ~r->agree & bit) != 0);
}

static struct roles set_roles(struct dedup_query *q, struct out o, const struct side *a,
			      const struct side *b)
{
	struct roles r = compare_roles(q, a, b);
	set_role(o, &r, ROLE_RT, FEATURE_rt_agree);
	set_role(o, &r, ROLE_RW, FEATURE_rw_agree);
	set_role(o, &r, ROLE_HOUSE, FEATURE_house_agree);
	set_role(o, &r, ROLE_GANG, FEATURE_gang_agree);
	set_role(o, &r, ROLE_BLOCK, FEATURE_block_agree);
	set_role(o, &r, ROLE_KM, FEATURE_km_agree);
	set_role(o, &r, ROLE_STREET, FEATURE_street_agree);
	set_role(o, &r, ROLE_KELURAHAN, FEATURE_kelurahan_agree);
	set_role(o, &r, ROLE_KECAMATAN, FEATURE_kecamatan_agree);
	set_role(o, &r, ROLE_KABUPATEN, FEATURE_kabupaten_agree);
	set_role(o, &r, ROLE_PERSON, FEATURE_person_agree);
	set_role(o, &r, ROLE_SCHOOL, FEATURE_school_agree);
	set_role(o, &r, ROLE_DATE, FEATURE_date_agree);
	set_role(o, &r, ROLE_ID, FEATURE_id_agree);
	set_role(o, &r, ROLE_MONEY, FEATURE_money_agree);
	return r;
}

static double share_of(const struct part *p)
{
	return p->all > 0 ? p->found / p->all : 0;
}

/* Of the lighter text's first words, how many stand at the other's start. */
static double starts_alike(const struct dedup_query *q, bool a_lighter)
{
	const struct mark *marks = a_lighter ? q->a->marks : q->b->marks;
	const int16_t *at = a_lighter ? q->a_at : q->b_at;
	size_t count = a_lighter ? q->a->mark_count : q->b->mark_count;
	double all = 0, alike = 0;
	for (size_t i = 0; i < count && i < 8; i++) {
		if ((marks[i].kind & MARK_LOCATION) != 0)
			continue;
		all += marks[i].weight;
		if (at[i] != NOT_FOUND && at[i] < 16)
			alike += marks[i].weight;
	}
	return all > 0 ? alike / all : 0;
}

static void set_parts(struct dedup_query *q, struct out o, const struct side *a,
		      const struct side *b)
{
	struct part at = part_of(a, IN_TEXT, IN_TEXT_PLACED), al = part_of(a, IN_LOCATION, IN_LOCATION);
	struct part bt = part_of(b, IN_TEXT, IN_TEXT_PLACED), bl = part_of(b, IN_LOCATION, IN_LOCATION);
	bool a_lighter = at.all < bt.all;
	const struct part *text = a_lighter ? &at : &bt;
	double contained = share_of(text);
	bool both = al.all > 0 && bl.all > 0;
	double best = share_of(&al) > share_of(&bl) ? share_of(&al) : share_of(&bl);
	double worst = least(share_of(&al), share_of(&bl));
	set(o, FEATURE_text_contained, contained);
	set(o, FEATURE_text_contained_90, above(contained, 0.9) * 10);
	set(o, FEATURE_text_light, log1p(text->all / 16) / 4);
	set(o, FEATURE_starts_alike, starts_alike(q, a_lighter));
	set(o, FEATURE_location_found, best);
	set(o, FEATURE_location_both, both ? worst : 0);
	set(o, FEATURE_location_none, !both);
	set(o, FEATURE_location_conflict, both ? above(0.4, best) : 0);
	set(o, FEATURE_location_number, least(least(a->numbers, b->numbers), 2));
	set(o, FEATURE_location_word, least(least(a->words, b->words), 3));
}

static unsigned count_bits(uint32_t bits)
{
	return (unsigned)__builtin_popcount(bits);
}

/* Says which lamp it is that does not burn: a name, a place, a rare word. */
static bool tells_which(const struct mark *k)
{
	unsigned role = role_of(k);
	bool placed = token_role_names(role) || (k->kind & (MARK_LOCATION | MARK_PLACE)) != 0;
	if (role == ROLE_TOPIC)
		return false;
	return is_number(k) ? placed : k->weight >= (placed ? NAMING : TELLING);
}

/* 0 where half of that or more is missing, or where it says next to nothing. */
static double told_of(const struct mark *marks, const uint8_t *found, size_t count)
{
	struct part p = { 0, 0 };
	for (size_t i = 0; i < count; i++)
		if (tells_which(&marks[i])) {
			p.all += marks[i].weight;
			p.found += dedup_found_share(found[i]) * marks[i].weight;
		}
	return least(above(p.found, TOLD_FROM) / TOLD_FROM, 1) * above(share_of(&p), 0.5) * 2;
}

/* The same story in other words: its topic, and its place as a whole. After
 * everything but the authors. */
static void set_told(struct dedup_query *q, struct dedup_features *out, const struct roles *r)
{
	struct out o = { out->value };
	const uint32_t numbered = 1u << ROLE_RT | 1u << ROLE_RW | 1u << ROLE_HOUSE |
				  1u << ROLE_GANG | 1u << ROLE_BLOCK | 1u << ROLE_KM;
	const uint32_t named = 1u << ROLE_STREET | 1u << ROLE_KELURAHAN | 1u << ROLE_KECAMATAN;
	/* What one asks for himself nobody tells again. */
	double shared = count_bits(q->a->topics & q->b->topics & ~(LEXICON_SOCIAL_AID | LEXICON_PAPERS));
	double otherwise = least(above(0.85, (double)o.v[FEATURE_text_contained]) * 4, 1);
	if (shared <= 0 || dedup_is_elsewhere(out) || otherwise <= 0)
		return;
	double a = told_of(q->a->marks, q->a_found, q->a->mark_count);
	double b = told_of(q->b->marks, q->b_found, q->b->mark_count);
	double told = otherwise * (a > b ? a : b);
	set(o, FEATURE_told, told);
	set(o, FEATURE_told_number, (r->agree & numbered) != 0 ? told : 0);
	set(o, FEATURE_told_street, (r->agree & named) != 0 ? told : 0);
	set(o, FEATURE_told_topics, told * shared / count_bits(q->a->topics | q->b->topics));
	set(o, FEATURE_told_short, told * above(1.2, (double)o.v[FEATURE_text_light]));
	set(o, FEATURE_told_days, told * (double)o.v[FEATURE_days]);
}

/* After the roles, the parts and the swaps. */
static void set_place(struct dedup_query *q, struct out o, const struct side *a,
		      const struct roles *r)
{
	uint32_t shared = q->a->topics & q->b->topics;
	bool known = q->a->topics != 0 && q->b->topics != 0;
	double conflicts = count_bits(r->a & r->b & ~r->agree);
	double swapped = (double)(o.v[FEATURE_number_swapped] + o.v[FEATURE_place_swapped] +
				  o.v[FEATURE_location_number] + o.v[FEATURE_location_word]);
	double place = log1p(part_of(a, IN_TEXT_PLACED, IN_LOCATION).found / 16) / 4;
	set(o, FEATURE_conflicts, least(conflicts, 3));
	set(o, FEATURE_agreements, least(count_bits(r->agree), 4));
	set(o, FEATURE_conflict_exact, conflicts + swapped > 0 ?
	    above((double)o.v[FEATURE_contained], 0.7) : 0);
	set(o, FEATURE_shared_place, place);
	set(o, FEATURE_topic_agree, shared != 0);
	set(o, FEATURE_topic_conflict, known && shared == 0);
	double other = (double)(o.v[FEATURE_word_swapped] + o.v[FEATURE_word_missing] +
			       o.v[FEATURE_place_missing] + o.v[FEATURE_person_conflict]);
	set(o, FEATURE_aid_other, (shared & LEXICON_SOCIAL_AID) != 0 ?
	    least(other, 1) * above((double)o.v[FEATURE_contained], 0.6) : 0);
	set(o, FEATURE_retold, shared != 0 && conflicts + swapped <= 0 ?
	    place * (1 - (double)o.v[FEATURE_text_contained]) : 0);
}

static void set_time(struct dedup_query *q, struct out o)
{
	double days = fabs((double)(q->a->time_ms - q->b->time_ms)) / DAY_MS;
	set(o, FEATURE_days, days / 30);
	set(o, FEATURE_days_10, above(days, 10) / 10);
	set(o, FEATURE_days_20, days > 20);
	set(o, FEATURE_hours, days < 0.25);
}

static unsigned weaker_kind(struct evidence a, struct evidence b)
{
	return evidence_kind_of(a) > evidence_kind_of(b) ? evidence_kind_of(a) : evidence_kind_of(b);
}

/* Same and different evidence by kind; a phone in the text is the author's or
 * a contact's: it can agree, never conflict. */
static void set_authors(struct dedup_query *q, struct dedup_features *out)
{
	uint32_t a_kinds = 0, b_kinds = 0, same = 0;
	struct out o = { out->value };
	for (size_t i = 0; i < q->a->evidence_count; i++)
		a_kinds |= 1u << evidence_kind_of(q->a->evidence[i]);
	for (size_t j = 0; j < q->b->evidence_count; j++) {
		struct evidence e = q->b->evidence[j];
		b_kinds |= 1u << evidence_kind_of(e);
		for (size_t i = 0; i < q->a->evidence_count; i++)
			if (evidence_is_same(q->a->evidence[i], e))
				same |= 1u << weaker_kind(q->a->evidence[i], e);
	}
	uint32_t strong = 1u << EVIDENCE_PHONE | 1u << EVIDENCE_MAIL | 1u << EVIDENCE_ACCOUNT;
	out->author_same = (same & strong) != 0;
	out->author_conflict = !out->author_same && (a_kinds & b_kinds & strong) != 0;
	out->other_has_author = (b_kinds & strong) != 0;
	bool names = (a_kinds & b_kinds & 1u << EVIDENCE_NAME) != 0;
	bool same_name = (same & 1u << EVIDENCE_NAME) != 0;
	set(o, FEATURE_author_same, out->author_same);
	set(o, FEATURE_author_other, out->author_conflict);
	set(o, FEATURE_author_words, out->author_same ? (double)o.v[FEATURE_contained] : 0);
	set(o, FEATURE_name_same, same_name);
	set(o, FEATURE_name_other, names && !same_name);
	set(o, FEATURE_phone_in_text, (same & 1u << EVIDENCE_TEXT_PHONE) != 0);
	set(o, FEATURE_channel_same, q->a->channel != 0 && q->a->channel == q->b->channel);
}

static const struct mark *next_of_text(const struct mark *m, const struct mark *end)
{
	while (m < end && (m->kind & MARK_LOCATION) != 0)
		m++;
	return m;
}

/* All words in order, but for those of the locations. */
static bool is_same_text(const struct dedup_query *q)
{
	const struct mark *a = q->a->marks, *a_end = a + q->a->mark_count;
	const struct mark *b = q->b->marks, *b_end = b + q->b->mark_count;
	for (;; a++, b++) {
		a = next_of_text(a, a_end);
		b = next_of_text(b, b_end);
		if (a == a_end || b == b_end)
			return a == a_end && b == b_end;
		if (a->word != b->word)
			return false;
	}
}

bool dedup_compare(struct dedup_query *q, const struct dedup_record *other,
		   struct dedup_features *out)
{
	if (dedup_align_exact(q, other) < PREFILTER)
		return false;
	dedup_align_fuzzy(q);
	memset(out, 0, sizeof(*out));
	struct out o = { out->value };
	struct side a, b;
	look_at(q, q->a->marks, q->a_found, q->a->mark_count, &a);
	look_at(q, other->marks, q->b_found, other->mark_count, &b);
	out->of_query = set_overlap(q, o, &a, &b);
	set_runs(q, o);
	set_swaps(q, o);
	set_missing(q, o, &a, &b);
	set_parts(q, o, &a, &b);
	struct roles roles = set_roles(q, o, &a, &b);
	set_place(q, o, &a, &roles);
	set_time(q, o);
	set_told(q, out, &roles);
	set_authors(q, out);
	bool same_text = is_same_text(q);
	set(o, FEATURE_same_text, same_text);
	set(o, FEATURE_same_text_author_other, same_text && out->author_conflict);
	out->near_identical = same_text || (o.v[FEATURE_contained] > 0.9f &&
					    o.v[FEATURE_contained_heavy] > 0.8f &&
					    o.v[FEATURE_number_swapped] < 0.5f &&
					    o.v[FEATURE_word_swapped] < 0.5f);
	return true;
}

double dedup_score(const struct dedup_model *m, const struct dedup_features *f)
{
	const double *w = dedup_model_weights(m);
	double sum = w[0];
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		sum += w[1 + i] * (double)f->value[i];
	return 1 / (1 + exp(-sum));
}
