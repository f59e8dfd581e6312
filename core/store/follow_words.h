/* follow_words.h: the centre's status words that our table does not know. Kept
 * raw and sealed: nobody promises what the centre writes there. */
#ifndef STORE_FOLLOW_WORDS_H
#define STORE_FOLLOW_WORDS_H

#include "store/db.h"

#define FOLLOW_WORDS_MAX 100u /* different ones kept */

struct follow_word {
	const char *code, *name;
	int64_t first_ms, count;
};

/* *out_is_new: seen for the first time, tell the operator. */
MUST_CHECK enum jembatan_result follow_words_note(struct db *db, const char *code,
						  const char *name, int64_t now_ms,
						  bool *out_is_new, struct why *why);
/* The table knows it now. */
MUST_CHECK enum jembatan_result follow_words_remove(struct db *db, const char *code,
						    const char *name, struct why *why);
/* out has room for FOLLOW_WORDS_MAX. */
MUST_CHECK enum jembatan_result follow_words_list(struct db *db, struct arena *arena,
						  struct follow_word *out, size_t *out_count,
						  struct why *why);

#endif
