/* serve.h: from the first frame after OPEN until the end: one call at a time. */
#ifndef CONNECTOR_SERVE_H
#define CONNECTOR_SERVE_H

#include "connector/host.h"

/* Open the plugin (unless in check or preview), answer what the core asks, and
 * return when it says STOP or is gone; close() has been called then. open_seq
 * is that of the OPEN frame. OK, or FATAL when the core broke the rules. */
MUST_CHECK enum jembatan_result serve(struct host *h, uint32_t open_seq, struct why *why);

/* Tell the core the result of what it asked with seq. */
MUST_CHECK enum jembatan_result serve_done(struct host *h, uint32_t seq,
					   const struct msg_result *result, struct why *why);

#endif
