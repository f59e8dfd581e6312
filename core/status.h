/* status.h: what `jembatan status` shows. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "control.h"

/* Rows: one "daemon", one per "instance", one "central", then "alarm"s. */
void status_command(struct control_peer *p, const struct msg_command *c);

/* One alarm of an answer to `status`. */
void status_alarm(struct control_peer *p, const char *where, const char *text);

#endif
