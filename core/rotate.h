/* rotate.h: changing the master key while the daemon runs: a transaction that
 * begins it, data keys wrapped again in slices between the turns, the log emptied.
 * What a crash interrupted goes on at the start. */
#ifndef CORE_ROTATE_H
#define CORE_ROTATE_H

#include "control.h"

struct rotate;

struct rotate *rotate_new(struct app *a);
void rotate_free(struct rotate *x); /* NULL is fine */
/* At the start: is there a change that is not over? */
void rotate_resume(struct rotate *x);
/* Row "key" and its alarm, of `jembatan status`: where something is to be known. */
void rotate_status(struct control_peer *p);

control_command key_rotate_command, key_status_command;

#endif
