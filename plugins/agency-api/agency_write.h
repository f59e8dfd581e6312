/* agency_write.h: what is written back into the app's own record: the centre's
 * number, statuses. Which request says what is a setting of each app. */
#ifndef AGENCY_WRITE_H
#define AGENCY_WRITE_H

#include "agency-api/agency_api.h"

struct agency_write;

/* Read and check `write`, `write_body`, `written` and `written_url`; CONFIG is
 * explained with file and line. No network. agency_write_free takes NULL. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_write_new(struct jembatan_context *ctx, struct agency_write **out);
void agency_write_free(struct agency_write *write);

/* As the contract's reply(). */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_write_reply(struct agency_write *write, struct agency_api *api,
		   const struct jembatan_reply *reply,
		   struct jembatan_delivery *out);

#endif
