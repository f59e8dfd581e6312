/* commands_replies.h: the way back in `status`, `explain` and commands of its
 * own. */
#ifndef CORE_COMMANDS_REPLIES_H
#define CORE_COMMANDS_REPLIES_H

#include "control.h"
#include "store/replies.h"
#include "tallies.h"

control_command replies_list_command, replies_release_command, replies_hold_command,
	replies_preview_command;

/* Counts, one row a way, and alarms; nothing where nobody is answered. */
void replies_status(struct control_peer *p, const struct tallies *t);
/* One row a reply of this ticket. */
MUST_CHECK enum jembatan_result replies_explain(struct control_peer *p, int64_t ticket_id,
						struct arena *arena, struct why *why);
json_t *replies_json(struct app *a, const struct reply_row *row, struct arena *arena);

#endif
