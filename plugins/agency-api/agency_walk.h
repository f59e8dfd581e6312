/* agency_walk.h: the walk over the app's list, page by page, from cursor to
 * cursor. */
#ifndef AGENCY_WALK_H
#define AGENCY_WALK_H

#include <jembatan/connector.h>

struct agency_api;
struct agency_walk;

/* Reads the settings. cursor: NULL at the first start. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_walk_open(struct jembatan_context *ctx, const char *cursor,
		 struct agency_walk **out);
void agency_walk_close(struct agency_walk *walk);

/* One page: OK when there are more, IDLE at the end of the list. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_walk_poll(struct agency_walk *walk);

/* Borrowed: for attachments. */
struct agency_api *agency_walk_api(struct agency_walk *walk);

#endif
