/* commands_consent.h: `jembatan oauth`: an account's first consent. */
#ifndef CORE_COMMANDS_CONSENT_H
#define CORE_COMMANDS_CONSENT_H

#include "control.h"

/* name; answer: the address at which the browser ended. Without it a row "consent"
 * says which page to open. */
void oauth_command(struct control_peer *p, const struct msg_command *c);

#endif
