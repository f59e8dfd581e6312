/* dedup_model.h: what was learned and is shipped: how common words are, which
 * are names of places, and the weights of the decision. Text files written by
 * tests/train; read once, then only read. */
#ifndef TICKET_DEDUP_MODEL_H
#define TICKET_DEDUP_MODEL_H

#include "base/why.h"
#include "ticket/lexicon.h"

struct dedup_model;

struct dedup_word {
	unsigned documents; /* of dedup_model_documents that hold it; 0: unknown */
	bool place;         /* a word of a region's name, and no common one */
};

/* Reads words.txt, places.txt and weights.txt in the folder. The key (any
 * size, secret, always the same at one installation) goes into every hash, so
 * that rows of two installations cannot be compared. CONFIG and why when a
 * file is missing or wrong. Free with dedup_model_free. */
MUST_CHECK enum jembatan_result dedup_model_load(const char *folder, struct jembatan_bytes key,
						 struct dedup_model **out, struct why *why);
/* For training: slang known to `percent`, and weights that may be missing. */
MUST_CHECK enum jembatan_result dedup_model_load_training(const char *folder,
							  struct jembatan_bytes key,
							  unsigned percent,
							  struct dedup_model **out,
							  struct why *why);
void dedup_model_free(struct dedup_model *m); /* NULL is fine */

/* Where the files lie: JEMBATAN_DEDUP of the environment, or as installed. */
const char *dedup_model_folder(void);

const struct lexicon *dedup_model_lexicon(const struct dedup_model *m);
uint64_t dedup_model_seed(const struct dedup_model *m);
unsigned dedup_model_documents(const struct dedup_model *m);
struct dedup_word dedup_model_word(const struct dedup_model *m, uint32_t word_hash);
/* The commonest word of this skeleton, in documents. */
unsigned dedup_model_skeleton(const struct dedup_model *m, uint32_t skeleton_hash);

/* The weight of each feature of dedup_pair.h, and before them the bias. */
const double *dedup_model_weights(const struct dedup_model *m);

/* Keyed hash of size bytes. */
uint64_t dedup_hash(uint64_t seed, const void *data, size_t size);
/* First letter and consonants of a word, doubled ones once; returns the size. */
size_t dedup_skeleton(const char *word, char out[24]);

#endif
