/* facts_view.h: what connectors say of their channels: what may still be asked of
 * them, what that costs, the newest post, the token's end. A connector puts it
 * into its state; see docs/plugins.md. */
#ifndef CORE_FACTS_VIEW_H
#define CORE_FACTS_VIEW_H

#include "control.h"

/* Rows "channel" of `status`, one for each instance that says something. */
void facts_view_status(struct control_peer *p);
/* The same for /metrics. */
void facts_view_metrics(struct app *a, struct buf *out);

#endif
