/* commands_probe.c: one page of one channel, with the state that only the
 * daemon may read. */
#include "commands_probe.h"

#include <stdlib.h>
#include <sysexits.h>

#include "intake/intake.h"
#include "base/poison.h"

static void on_probe(void *data, const struct intake_job *job, bool ended)
{
	struct control_peer **peer = data;
	if (!ended)
		return;
	if (*peer != NULL) {
		control_row(*peer, json_pack("{s:s,s:i,s:I,s:s}", "type", "probe", "result",
					     (int)job->result, "messages", (json_int_t)job->messages,
					     "why", job->why));
		control_end(*peer, EX_OK, "%s", "");
	}
	free(peer);
}

void probe_command(struct control_peer *p, const struct msg_command *c)
{
	const char *name = msg_argument(c, "name");
	struct control_peer **peer = control_hold(p);
	struct why why;
	enum jembatan_result r = intake_probe(control_app(p)->intake, name != NULL ? name : "",
					      on_probe, peer, &why);
	if (r == JEMBATAN_OK)
		return;
	control_row(p, json_pack("{s:s,s:i,s:I,s:s}", "type", "probe", "result", (int)r, "messages",
				 (json_int_t)0, "why", why.text));
	control_end(p, EX_OK, "%s", "");
	free(peer);
}
