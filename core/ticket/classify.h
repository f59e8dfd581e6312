/* classify.h: which agency a complaint is for, its topic, and whether it is
 * about social aid: a linear model over the words that duplicates are found by
 * too (tokens.h), and over pieces of words as they are written. Weights are
 * bytes, written by tests/train/classify.py. Each answer carries how sure it is
 * and the words that decided. Pure. */
#ifndef TICKET_CLASSIFY_H
#define TICKET_CLASSIFY_H

#include "base/buf.h"
#include "base/why.h"
#include "ticket/tokens.h"

#define CLASSIFY_BEST 3u
#define CLASSIFY_WORDS 4u
#define CLASSIFY_GRAM_SIZE 52u
#define CLASSIFY_FEATURES_MAX 2048u

enum classify_task {
	CLASSIFY_AGENCY,
	CLASSIFY_TOPIC,
	CLASSIFY_SOCIAL_AID, /* classes "yes" and "no" */
	CLASSIFY_TASK_COUNT,
};

struct classifier;

struct classify_guess {
	const char *name; /* of the class; lives as long as the classifier. NULL: no guess */
	double share;     /* 0 to 1, all classes together 1 */
};

struct classify_answer {
	struct classify_guess best[CLASSIFY_BEST]; /* the best first */
	double margin; /* share of the best less that of the next; 0 when no word is known */
	char words[CLASSIFY_WORDS][CLASSIFY_GRAM_SIZE];
	size_t word_count;
};

struct classify_answers {
	struct classify_answer tasks[CLASSIFY_TASK_COUNT];
};

/* CONFIG and why when a file is missing or wrong. Free with classifier_free. */
MUST_CHECK enum jembatan_result classifier_load(const char *path, struct classifier **out,
						struct why *why);
void classifier_free(struct classifier *c); /* NULL is fine */

/* Where the weights lie: JEMBATAN_CLASSIFY of the environment, or as installed. */
const char *classifier_path(void);
const char *classify_task_name(enum classify_task task);

void classify_text(const struct classifier *c, struct tokens_memo *memo /* may be NULL */,
		   const char *text, const char *location, struct classify_answers *out);

/* The features of a text, parted by tabs, each as often as it occurs: words,
 * pairs of words ("a b"), words of the location ("@a"), pieces of four letters
 * of the words of both as they are written ("~a_wo").
 * What training counts is what the classifier reads. */
void classify_features(const struct lexicon *l, const char *text, const char *location,
		       struct buf *out);

#endif
