/* control.h: the socket on which the command `jembatan` talks to the daemon.
 * Peers are checked by their user id; answers are rows of JSON. */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include "app.h"
#include "base/msg.h"

#include <jansson.h>

struct control;
struct control_peer; /* one connection */

/* Listen on run_dir/control.sock. */
MUST_CHECK enum jembatan_result control_open(struct app *a, struct control **out, struct why *why);
void control_close(struct control *c); /* NULL is fine */

/* ---- for the commands ---- */

struct app *control_app(struct control_peer *p);
const char *control_actor(struct control_peer *p); /* the user's name, for the audit */
/* Send one row; takes the reference. NULL (json_pack refused it) is logged. */
void control_row(struct control_peer *p, json_t *row);
void control_progress(struct control_peer *p, const char *text, int64_t done, int64_t total);
/* End the answer: EX_OK or a code of sysexits, with a sentence. */
void control_end(struct control_peer *p, int exit_code, const char *format, ...)
	PRINTF_LIKE(3, 4);
/* End it with the code that belongs to a result. */
void control_fail(struct control_peer *p, enum jembatan_result result, const struct why *why);
/* A long job keeps the peer: returns a token that is NULLed when it leaves. */
struct control_peer **control_hold(struct control_peer *p);

typedef void control_command(struct control_peer *p, const struct msg_command *c);
/* The command of this name or NULL (commands.c). */
control_command *commands_find(const char *name);

#endif
