/* duplicates_view.h: what other answers show of duplicates. */
#ifndef CORE_DUPLICATES_VIEW_H
#define CORE_DUPLICATES_VIEW_H

#include "control.h"

/* A row for a message that was found to be like another one. */
MUST_CHECK enum jembatan_result duplicates_view_message(struct control_peer *p,
							int64_t message_id, struct arena *arena,
							struct why *why);
/* How many are known, and whether something keeps us from comparing. */
void duplicates_view_status(struct control_peer *p);

#endif
