/* fetch.h: attachments that a message names by reference. The message waits as
 * a row with a due time, never longer than the deadline of five minutes; what
 * cannot be had by then is listed as missing and does not hold up its ticket.
 * What is under way here is only memory: after a restart the row asks again. */
#ifndef CORE_FETCH_H
#define CORE_FETCH_H

#include "intake/intake.h"
#include "store/inbox.h"

struct fetch;

struct fetch *fetch_new(struct intake *in, struct db *db, void (*on_turn)(void *data), void *data);
void fetch_free(struct fetch *f); /* NULL is fine; after intake_free */

/* In T2: true when the row is to wait for its attachments until *out_due_ms.
 * What is not under way yet is asked for once the turn is committed. */
bool fetch_hold(struct fetch *f, const struct inbox_row *row, int64_t *out_due_ms);
/* Does it wait for some? Asks for nothing. */
bool fetch_waits(const struct fetch *f, const struct inbox_row *row);

/* Named by reference and neither here nor given up. */
bool fetch_is_missing(const struct msg_file *file);

/* The turn, like intake's. */
bool fetch_wants_turn(const struct fetch *f);
void fetch_prepare(struct fetch *f);
MUST_CHECK enum jembatan_result fetch_write(struct fetch *f, struct why *why);
void fetch_committed(struct fetch *f);
bool fetch_aborted(struct fetch *f); /* true: try again at once */

#endif
