/* bluesky_session.h: logged in with an app password, once; then by the tokens that
 * the server gives in exchange, which are on disk before they are used. */
#ifndef BLUESKY_SESSION_H
#define BLUESKY_SESSION_H

#include "social/social.h"

struct bluesky_session;

struct bluesky_session *bluesky_session_new(struct social *s);
void bluesky_session_free(struct bluesky_session *session);

/* kit_http_send of "xrpc/METHOD?..." with the token; one that has expired is
 * exchanged, and the request sent again (it was refused, so nothing was done).
 * A limit's end is told to the host. After OK s->own_id is our DID. */
JEMBATAN_MUST_CHECK enum jembatan_result
bluesky_call(struct social *s, struct bluesky_session *session, struct kit_http_request *request,
	     struct kit_http_response *out);

/* GET; the answer as JSON, which the caller json_decref's. out_status may be NULL. */
JEMBATAN_MUST_CHECK enum jembatan_result
bluesky_ask(struct social *s, struct bluesky_session *session, const char *url, json_t **out,
	    unsigned *out_status);

/* The word in "error" of an answer, "" if there is none; in the arena. */
const char *bluesky_error(const struct kit_http_response *response, struct kit_arena *arena);

#endif
