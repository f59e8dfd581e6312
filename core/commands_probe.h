/* commands_probe.h: `jembatan check --live` while the daemon runs. */
#ifndef CORE_COMMANDS_PROBE_H
#define CORE_COMMANDS_PROBE_H

#include "control.h"

/* name: an instance. One row "probe" {result, messages, why}. */
void probe_command(struct control_peer *p, const struct msg_command *c);

#endif
