/* polls.h: what the outbox asks the centre beside its pushes: the status and
 * follow-ups of what was pushed, the public lists, the nightly comparison. It
 * is a part of the outbox and shares its connections, breaker and budget;
 * pushes go first. A question changes nothing there, so nothing is written
 * before it leaves; what came back is written with the next turn. For
 * outbox*.c and polls*.c only. */
#ifndef CENTRAL_POLLS_H
#define CENTRAL_POLLS_H

#include "central/outbox_inside.h"

struct polls *polls_new(struct outbox *o);
void polls_free(struct polls *p); /* cancels what is under way; NULL is fine */

size_t polls_in_flight(const struct polls *p);
bool polls_wants_turn(struct polls *p);
/* When that may change by itself: ms from now; -1: never. */
int64_t polls_wait_ms(struct polls *p);
/* Inside the transaction, after the pushes were claimed. */
MUST_CHECK enum jembatan_result polls_write(struct polls *p, struct why *why);
void polls_started(struct polls *p); /* committed: questions leave now */
void polls_aborted(struct polls *p);
void polls_look(struct polls *p); /* times were changed in the store */

#endif
