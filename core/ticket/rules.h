/* rules.h: what an admin decides by words, before any model: phrases in YAML,
 * each rule with its examples. For every field the first rule that fits holds.
 * Pure. */
#ifndef TICKET_RULES_H
#define TICKET_RULES_H

#include "base/why.h"
#include "ticket/place_words.h"

struct rules;

enum rules_field {
	RULES_KIND,          /* klasifikasi, as the national form calls it */
	RULES_SOCIAL_AID,    /* the programme */
	RULES_AID_COMPLAINT, /* kepesertaan, penyaluran, besaran, penyelewengan, informasi */
	RULES_AGENCY,
	RULES_NOT_COMPLAINT, /* praise, spam, prank, chatter: for a person to look at */
	RULES_FIELD_COUNT,
};

struct rules_fit {
	const char *value;  /* NULL: no rule fits. Lives as long as the rules */
	const char *rule;   /* its name */
	const char *phrase; /* the one that fitted */
};

struct rules_answer {
	struct rules_fit fields[RULES_FIELD_COUNT];
};

/* CONFIG and why ("file:line: ...") when it cannot be read. */
MUST_CHECK enum jembatan_result rules_load(const char *path, struct rules **out, struct why *why);
void rules_free(struct rules *r); /* NULL is fine */
/* Where they lie: JEMBATAN_RULES of the environment, or as installed. */
const char *rules_path(void);
const char *rules_field_name(enum rules_field field);

void rules_apply(const struct rules *r, const char *text, struct rules_answer *out);
/* The same of words that were read already: those of the text, not of the location. */
void rules_apply_to(const struct rules *r, const struct place_words *words,
		    struct rules_answer *out);

/* The category of the national tree ("MAIN > NAME") for a topic, or NULL. */
const char *rules_category(const struct rules *r, const char *topic);

/* Run every rule's examples; on_wrong is told each that does not do what it
 * stands for. Returns how many examples there are. */
typedef void rules_on_wrong(void *data, const char *rule, const char *example, bool should_fit);
size_t rules_test(const struct rules *r, rules_on_wrong *on_wrong, void *data);

#endif
