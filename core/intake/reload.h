/* reload.h: other settings for the running instances, in two steps: look at
 * what differs and let each plugin that is concerned check its options, which
 * touches nothing that runs; then apply. */
#ifndef INTAKE_RELOAD_H
#define INTAKE_RELOAD_H

#include "intake/intake.h"

struct intake_reload;
typedef void intake_on_checked(void *data);

/* Adds a problem for each instance that could not work. `on` is called once,
 * from the loop, never from here; all of it is borrowed until then. */
struct intake_reload *intake_reload_new(struct intake *in, struct settings *s,
					struct problems *problems, intake_on_checked *on,
					void *data);
void intake_reload_free(struct intake_reload *r); /* also before its end; NULL is fine */

/* After `on`, and without problems. What did not change keeps its child; the
 * others are drained and started anew. Tells of each instance: "kept",
 * "changed" (without a restart), "restarted", "started", "stopped". */
typedef void intake_on_change(void *data, const char *name, const char *what);
void intake_reload_apply(struct intake_reload *r, intake_on_change *on, void *data);

#endif
