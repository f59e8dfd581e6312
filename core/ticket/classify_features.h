/* classify_features.h: inside classify: what a text is weighed by. */
#ifndef TICKET_CLASSIFY_FEATURES_H
#define TICKET_CLASSIFY_FEATURES_H

#include "ticket/tokens.h"

typedef void classify_on_feature(void *data, const char *text, size_t size);
/* A feature of '~' and four letters: what there is most of. */
typedef void classify_on_piece(void *data, const char letters[4]);

/* Words first, pieces last. piece NULL: pieces are told to `on`. memo and location may be
 * NULL. */
void classify_each_feature(const struct lexicon *l, struct tokens_memo *memo, const char *text,
			   const char *location, classify_on_feature *on, classify_on_piece *piece,
			   void *data);

#endif
