/* know.h: what can be said of a complaint from its words: place, agency,
 * topic, social aid, kind. Rules come first, then the model. The daemon and
 * `jembatan classify --offline` both ask here. Pure, but for the loading. */
#ifndef TICKET_KNOW_H
#define TICKET_KNOW_H

#include "config/pairs.h"
#include "ticket/classify.h"
#include "ticket/place.h"
#include "ticket/rules.h"

/* Of the model's share of "yes": where no programme is named, and where one is. */
#define KNOW_SOCIAL_AID_ENOUGH 0.4
#define KNOW_SOCIAL_AID_NAMED 0.3
#define KNOW_SUPERVISION "Pengaduan Berkadar Pengawasan"

struct know_files {
	const char *categories_file, *locations_file; /* the operator's; or NULL */
	bool proposes_nothing; /* `classify` is off: rules and weights stay where they are */
};

struct know_tables {
	struct regions *regions;
	struct rules *rules;           /* this and the next: NULL where nothing is proposed */
	struct classifier *classifier;
	struct pairs *tree;                   /* national categories by path */
	struct pairs *categories, *locations; /* to ids of the centre; or NULL */
	struct know_stamps *stamps;
};

/* All files, from where regions_path() and the others say. CONFIG and why
 * ("file:line: ...") when one is missing or wrong. */
MUST_CHECK enum jembatan_result know_load(const struct know_files *files, struct know_tables **out,
					  struct why *why);
void know_free(struct know_tables *t); /* NULL is fine */
/* Is a file not the one that was read, or are there others to read? */
bool know_changed(const struct know_tables *t, const struct know_files *files);

struct know_input {
	const char *text, *location; /* location may be NULL */
	struct place_hints hints;    /* .home is REGION_NONE where it is everywhere */
	const char *agency;          /* whose channel it is; or NULL */
	struct tokens_memo *memo;    /* may be NULL */
};

/* One answer out of many. */
struct know_choice {
	const char *three[CLASSIFY_BEST]; /* the best first */
	size_t count;
	double margin;
	const char *words[CLASSIFY_WORDS]; /* that decided */
	size_t word_count;
	const char *rule; /* that decided; NULL: the model did */
};

/* Texts live as long as the tables, or as this: do not copy it. */
struct know {
	struct know_choice agency, topic;
	const char *category; /* of the national tree, for the topic; or NULL */
	bool is_social_aid;
	double social_aid_share, social_aid_margin;
	const char *programme, *aid_complaint; /* or NULL */
	const char *kind;                      /* klasifikasi */
	double kind_margin;
	const char *kind_rule, *kind_words; /* NULL: nothing says otherwise */
	const char *not_complaint, *not_complaint_words;
	struct place place;
	struct rules_answer ruled;
	struct classify_answers model;
};

void know_complaint(const struct know_tables *t, const struct know_input *input, struct know *out);

#endif
