/* tryout.h: what manifest.h asks a plugin, from the running loop: nothing here
 * waits. One confined process a question, killed at its deadline. */
#ifndef INTAKE_TRYOUT_H
#define INTAKE_TRYOUT_H

#include "base/loop.h"
#include "intake/manifest.h"

struct tryout;

/* Called once, from the loop; the tryout is gone by then. */
typedef void tryout_on_end(void *data, enum jembatan_result result, const struct why *why);

/* What is it? *out is filled, in the arena, before `on` hears OK. */
struct tryout *tryout_describe(struct loop *loop, const struct spawn_options *spawn,
			       struct arena *arena, struct msg_manifest *out, tryout_on_end *on,
			       void *data);
/* Does it accept these options? `open` is not needed after the call. */
struct tryout *tryout_check(struct loop *loop, const struct spawn_options *spawn,
			    const struct msg_open *open, tryout_on_end *on, void *data);
void tryout_free(struct tryout *t); /* kills it; `on` is not called; NULL is fine */

#endif
