/* reload.h: other settings without a restart, on SIGHUP and by `jembatan
 * reload`. All of the configuration is read and checked first; what is wrong
 * changes nothing. One at a time: what is asked meanwhile is one more. */
#ifndef CORE_RELOAD_H
#define CORE_RELOAD_H

#include "control.h"

struct reload;

struct reload *reload_new(struct app *a);
void reload_free(struct reload *r); /* NULL is fine */
/* Read the files now, or again once the one under way has ended. */
void reload_begin(struct reload *r);
/* Why the files are not what is in use; NULL: they are. */
const char *reload_alarm(const struct reload *r);

/* Waits for the end; rows "reload" {instance or key, what} and "problem". */
void reload_command(struct control_peer *p, const struct msg_command *c);

#endif
