/* follow_view.h: what the centre says of a ticket, in rows. */
#ifndef CORE_FOLLOW_VIEW_H
#define CORE_FOLLOW_VIEW_H

#include "control.h"
#include "tallies.h"

/* "centre" and "says" into the row of a ticket that the centre has. */
void follow_view_add(struct app *a, int64_t ticket_id, json_t *row);
/* Row "followed" and rows "entry" of one ticket; nothing when the centre does
 * not have it. Showing words of entries is audited. */
MUST_CHECK enum jembatan_result follow_view_rows(struct control_peer *p, int64_t ticket_id,
						 struct why *why);
/* Row "follow" of `status`. */
void follow_view_status(struct control_peer *p, const struct tallies *t);

#endif
