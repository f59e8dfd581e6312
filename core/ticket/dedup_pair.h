/* dedup_pair.h: two complaints side by side: an alignment of their words, and
 * from it the features that the decision weighs. Pure and without allocation. */
#ifndef TICKET_DEDUP_PAIR_H
#define TICKET_DEDUP_PAIR_H

#include "ticket/fingerprint.h"

/* The names in weights.txt. Weight means information, in nats; "lighter" is
 * the side that says less. */
#define DEDUP_FEATURES(X) \
	X(contained)        /* share of the lighter side found in the other */ \
	X(contained_50)     /* its part above a half, .8, .95: the curve bends */ \
	X(contained_80) \
	X(contained_95) \
	X(contained_heavy)  /* share of the heavier side found in the lighter */ \
	X(contained_heavy_80) \
	X(jaccard) \
	X(light)            /* log of the lighter side's weight */ \
	X(contained_light)  /* contained x light */ \
	X(shared)           /* log of the weight found on both */ \
	X(run)              /* longest run found in the same order / lighter */ \
	X(run_long) \
	X(fuzzy)            /* share of what was found that is not letter by letter */ \
	X(order)            /* share of neighbours that are neighbours there */ \
	X(same_text) \
	X(number_swapped)   /* another number between the same words */ \
	X(word_swapped)     /* another telling word between the same words */ \
	X(word_swapped_more) \
	X(place_swapped)    /* and it is a word of the gazetteer */ \
	X(number_missing)   /* numbers on both sides that the other has not */ \
	X(number_missing_light) \
	X(place_missing)    /* places on both sides that the other has not */ \
	X(place_missing_light) \
	X(word_missing)     /* telling words on both sides that the other has not */ \
	X(word_missing_light) \
	X(entity_missing)   /* named things on both sides that the other has not */ \
	X(rt_agree) X(rt_conflict) \
	X(rw_agree) X(rw_conflict) \
	X(house_agree) X(house_conflict) \
	X(gang_agree) X(gang_conflict) \
	X(block_agree) X(block_conflict) \
	X(km_agree) X(km_conflict) \
	X(street_agree) X(street_conflict) \
	X(kelurahan_agree) X(kelurahan_conflict) \
	X(kecamatan_agree) X(kecamatan_conflict) \
	X(kabupaten_agree) X(kabupaten_conflict) \
	X(person_agree) X(person_conflict) \
	X(school_agree) X(school_conflict) \
	X(date_agree) X(date_conflict) \
	X(id_agree) X(id_conflict) \
	X(money_agree) X(money_conflict) \
	X(text_contained)   /* as contained, without the words of locations */ \
	X(text_contained_90) \
	X(text_light)       /* log of the lighter side's text without location */ \
	X(starts_alike)     /* share of the lighter text's first words found at the start */ \
	X(location_found)   /* share of a location found in the other record: the better */ \
	X(location_both)    /* and the worse, where both have one */ \
	X(location_none)    /* a side has no location */ \
	X(location_conflict) \
	X(location_number)  /* both locations have a number that the other record has not */ \
	X(location_word)    /* and a telling word */ \
	X(conflicts)        /* named things that conflict, at most 3 */ \
	X(agreements) \
	X(conflict_exact)   /* a conflict, and hardly anything else differs */ \
	X(shared_place)     /* log of the weight of places and named things on both */ \
	X(topic_agree) X(topic_conflict) \
	X(aid_other)        /* forms for social aid: alike, but for a name or place in each */ \
	X(retold)           /* shared_place, if topics agree and nothing conflicts, x what is */ \
			    /* not contained */ \
	X(told)             /* topics agree, but not the words: share of what says which one it */ \
			    /* is (names, places, rare words; no topic) found there, of the side */ \
			    /* that has more; its part above a half */ \
	X(told_number)      /* and a house, rt, rw, gang, block or km agrees */ \
	X(told_street)      /* and a street, kelurahan or kecamatan agrees */ \
	X(told_topics)      /* told x shared topics / all topics of both */ \
	X(told_short)       /* told x how short the lighter text is */ \
	X(told_days) \
	X(days) X(days_10) X(days_20) \
	X(hours)            /* within six hours */ \
	X(author_same) X(author_other) \
	X(author_words)     /* author_same x contained */ \
	X(name_same) X(name_other) \
	X(phone_in_text) \
	X(channel_same) \
	X(same_text_author_other)

enum dedup_feature {
#define DEDUP_FEATURE_ENUM(name) FEATURE_##name,
	DEDUP_FEATURES(DEDUP_FEATURE_ENUM)
	FEATURE_COUNT
};

const char *dedup_feature_name(enum dedup_feature f);

struct dedup_features {
	float value[FEATURE_COUNT];
	bool author_same, author_conflict; /* strong evidence only */
	bool other_has_author;             /* the stored side has strong evidence */
	bool near_identical;               /* both sides say the same */
	float of_query;                    /* share of what the new side says that the stored
					      one says too, 0 .. 1 */
};

/* Something of the one's place is against the other's. */
static inline bool dedup_is_elsewhere(const struct dedup_features *f)
{
	return f->value[FEATURE_conflicts] > 0 || f->value[FEATURE_number_swapped] > 0 ||
	       f->value[FEATURE_place_swapped] > 0 || f->value[FEATURE_location_number] > 0;
}

/* One side, made ready for many comparisons. */
struct dedup_query;
struct dedup_query *dedup_query_new(void);
void dedup_query_free(struct dedup_query *q);
void dedup_query_set(struct dedup_query *q, const struct fingerprint *f); /* borrowed */

/* What of a stored record is compared: as in struct fingerprint. */
struct dedup_record {
	int64_t time_ms;
	uint32_t topics;
	uint8_t channel, evidence_count, mark_count;
	const struct evidence *evidence;
	const struct mark *marks;
};

/* False when less than the prefilter's share of the lighter side is found: then
 * out is not written. */
bool dedup_compare(struct dedup_query *q, const struct dedup_record *other,
		   struct dedup_features *out);

/* Probability that they are one incident. */
double dedup_score(const struct dedup_model *m, const struct dedup_features *f);

#endif
