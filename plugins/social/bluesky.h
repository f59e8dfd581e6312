/* bluesky.h: what the files of Bluesky's have in common. */
#ifndef BLUESKY_H
#define BLUESKY_H

#include "social/bluesky_parse.h"
#include "social/bluesky_seen.h"
#include "social/bluesky_session.h"

/* s->own. */
struct bluesky {
	struct bluesky_session *session; /* NULL: nobody is asked (preview) */
	struct bluesky_seen seen;
	struct bluesky_follow follow;
	bool is_loaded;   /* seen and follow are as on disk */
	bool is_deep;     /* the sweep under way looks at every page */
	bool is_checking; /* its pages are done, deletions are looked for */
	bool is_open;     /* the last sweep on disk did not end */
	char page[80];    /* where the sweep under way goes on; "": at the top */
	unsigned pages;
	size_t checked;   /* followed posts, in the check under way */
	int64_t started_ms;         /* this sweep */
	int64_t deep_ms, bottom_ms; /* the last deep sweep: when; how far back */
	int64_t lowest_ms;          /* how far back this one has come */
	int64_t again_ms; /* when to look again for what was missing; 0: nothing is */
};

/* The posts at these addresses (at most 25) by one request: an array, without
 * those that are gone; the caller json_decref's. *out_status as bluesky_ask. */
JEMBATAN_MUST_CHECK enum jembatan_result
bluesky_get_posts(struct social *s, const char *const *uris, size_t count, json_t **out,
		  unsigned *out_status);

/* One view. around: posts that others answer or quote, or NULL. */
JEMBATAN_MUST_CHECK enum jembatan_result
bluesky_take(struct social *s, json_t *view, json_t *around);

enum jembatan_result bluesky_reply(struct social *s, const struct jembatan_reply *reply,
				   struct jembatan_delivery *out);
enum jembatan_result bluesky_fetch(struct social *s, const char *reference,
				   struct jembatan_spool *spool);
enum jembatan_result bluesky_poll(struct social *s);

#endif
