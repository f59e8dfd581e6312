/* instance.h: an instance prepared for a tool run of its plugin (check,
 * preview): manifest, options and the OPEN frame. */
#ifndef CLI_INSTANCE_H
#define CLI_INSTANCE_H

#include "base/msg.h"
#include "config/settings.h"
#include "intake/spawn.h"

struct cli_instance {
	struct arena *arena;
	bool built_in; /* no plugin, no process */
	char plugin[512];
	char spool[64]; /* a folder of its own for previews; "" when there is none */
	struct spawn_options spawn;
	struct msg_manifest manifest;
	struct msg_open open;
};

/* Not OK: problems were added, or `why` holds the sentence. Close in every
 * case. */
MUST_CHECK enum jembatan_result cli_instance_open(const struct settings *s,
						  const struct instance_settings *i, unsigned mode,
						  struct problems *problems,
						  struct cli_instance *out, struct why *why);
void cli_instance_close(struct cli_instance *t);

#endif
