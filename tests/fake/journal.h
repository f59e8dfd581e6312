/* journal.h: an append-only file of JSON lines. A line that was cut by a crash
 * is the last one and is removed at the next opening. */
#ifndef FAKE_JOURNAL_H
#define FAKE_JOURNAL_H

#include "base/why.h"
#include <jansson.h>

struct journal;

/* Called for each line; anything but OK stops the opening. */
typedef enum jembatan_result journal_replay(void *owner, json_t *event);

MUST_CHECK enum jembatan_result journal_open(const char *path, bool sync, journal_replay *replay,
					     void *owner, struct journal **out, struct why *why);
void journal_close(struct journal *j); /* takes NULL */

/* RETRY: the line could not be written, and the file is as it was. */
MUST_CHECK enum jembatan_result journal_write(struct journal *j, const json_t *event);
MUST_CHECK enum jembatan_result journal_empty(struct journal *j);

#endif
