/* eraser.h: erasing a person's words while the daemon runs: finding them, writing
 * the request down, destroying in slices, emptying the log, proving it. One
 * request at a time; a request that a crash interrupted goes on at the start. */
#ifndef CORE_ERASER_H
#define CORE_ERASER_H

#include "control.h"

struct eraser;

struct eraser *eraser_new(struct app *a);
void eraser_free(struct eraser *e); /* NULL is fine */
/* At the start: is there one that is not done? */
void eraser_resume(struct eraser *e);

control_command erase_command;

#endif
