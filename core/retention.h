/* retention.h: destroying words whose time to be kept is over (settings
 * `retention`), in slices between the turns. A pass goes through the store, the
 * next begins an hour later; a restart begins one anew. */
#ifndef CORE_RETENTION_H
#define CORE_RETENTION_H

#include "control.h"

struct retention;

struct retention *retention_new(struct app *a);
void retention_free(struct retention *x); /* NULL is fine */
/* At the start, and when there are new settings: soon a pass begins. */
void retention_begin(struct retention *x);
/* One slice; false: the pass is over, or cannot go on now. */
bool retention_step(struct retention *x);
/* What was destroyed so far, and whether something holds it up. */
void retention_status(struct control_peer *p);

#endif
