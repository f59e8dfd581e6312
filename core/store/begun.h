/* begun.h: whether a store has been in this folder. One that is gone is never begun
 * anew by itself: what it had pushed would be pushed again, and its files would go.
 *
 * The store's own key gets its name after the first commit (master.c), and the file
 * `lock` its mark after that: a first start that was cut off leaves neither. */
#ifndef STORE_BEGUN_H
#define STORE_BEGUN_H

#include "store/db.h"

/* The folder's database is not there, or holds nothing: may one be begun? CONFIG: no. */
MUST_CHECK enum jembatan_result begun_check(struct db *db, const struct db_secrets *secrets,
					    struct why *why);
/* The same, before a file is made; OK when there is one. */
MUST_CHECK enum jembatan_result begun_check_file(struct db *db, const struct db_secrets *secrets,
						 struct why *why);
/* It is there, and committed. */
void begun_note(struct db *db);

#endif
