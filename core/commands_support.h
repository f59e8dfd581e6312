/* commands_support.h: the control command behind `jembatan support-bundle`. */
#ifndef CORE_COMMANDS_SUPPORT_H
#define CORE_COMMANDS_SUPPORT_H

#include "control.h"

void support_command(struct control_peer *p, const struct msg_command *c);

#endif
