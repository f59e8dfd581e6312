/* load.h: a plugin's .so, its table checked, and its manifest. */
#ifndef CONNECTOR_LOAD_H
#define CONNECTOR_LOAD_H

#include "base/msg.h"

#include <stdio.h>

/* dlopen (constructors run: be confined before) and check everything that the
 * contract says of the table. CONFIG, with what to do, when it does not hold.
 * A plugin is never unloaded. */
MUST_CHECK enum jembatan_result load_plugin(const char *path,
					    const struct jembatan_connector **out,
					    struct why *why);

/* The manifest, in arena. */
struct msg_manifest describe_plugin(const struct jembatan_connector *plugin,
				    const char *confinement, bool degraded, struct arena *arena);
/* The manifest for people. */
void describe_print(const struct msg_manifest *m, FILE *out);

#endif
