/* youtube.h: what the files of YouTube's have in common. Not for others. */
#ifndef YOUTUBE_H
#define YOUTUBE_H

#include "social/social_watch.h"
#include "social/youtube_parse.h"

#define YOUTUBE_READ_UNITS 1

/* s->own. One walk over the pages; lost with the process, and then begun anew. */
struct youtube {
	struct kit_auth *auth;
	char page[256];     /* the next page's token; "": a walk begins */
	unsigned pages;
	int64_t newest_ms;  /* seen in this walk */
	int64_t stop_ms;    /* where it ends */
	int64_t deep_ms;    /* when the last deep one began; 0: none */
	struct social_watch watch;
	bool asks_singly;   /* after a list of comments was refused as a whole */
};

/* GET, or POST with a body (or NULL), for so many units. *out_root: the caller's,
 * also of a failure; may be NULL. */
JEMBATAN_MUST_CHECK enum jembatan_result
youtube_ask(struct social *s, const char *url, const char *body, int64_t units,
	    struct kit_http_response *response, json_t **out_root);
/* By the rules. *newest_ms: raised to when it was written. */
JEMBATAN_MUST_CHECK enum jembatan_result
youtube_take_comment(struct social *s, json_t *comment, int64_t *newest_ms);

/* Some comments of the last days: edited, or deleted? OK: on disk. */
JEMBATAN_MUST_CHECK enum jembatan_result youtube_look_again(struct social *s);

#endif
