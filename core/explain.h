/* explain.h: the history of one ticket or message, and the list of tickets. */
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "control.h"

/* name: a reference, a tracking id, or "m" and a message's number. Rows:
 * "ticket", "message"s, "push", then "event"s in order of time. */
void explain_command(struct control_peer *p, const struct msg_command *c);
/* Row "body" of one ticket: what a reviewer reads. The look is audited. */
void show_command(struct control_peer *p, const struct msg_command *c);
/* Rows "ticket" of all tickets, or of one state; with after and limit. */
void tickets_command(struct control_peer *p, const struct msg_command *c);

#endif
