/* bluesky_parse.h: a notification or a post of Bluesky's to a post; record keys,
 * links within a text. Pure: any JSON. */
#ifndef BLUESKY_PARSE_H
#define BLUESKY_PARSE_H

#include "social/social.h"

#define BLUESKY_POSTS "app.bsky.feed.post"

/* From listNotifications or getPosts. own_did: our account's, or "". Strings live
 * in the JSON or the arena. False: it is no post (a like, a follower). */
bool bluesky_read_post(json_t *view, const char *own_did, struct kit_arena *arena,
		       struct social_post *out);

/* The posts that this one answers and quotes, as far as their addresses can be
 * asked for; borrowed from the view. How many: at most 2. */
size_t bluesky_context_uris(json_t *view, const char *out[2]);

/* Is this at://did/app.bsky.feed.post/key, and nothing else? */
bool bluesky_is_post_uri(const char *uri);

/* A record key (TID) that belongs to this reply to this post: the same each time,
 * so that it cannot be there twice. Of about the age of the post. */
void bluesky_reply_key(const char *reference, const char *parent_uri, char out[14]);

/* The links within a text, as facets: offsets in bytes. NULL: none. The caller
 * json_decref's. */
json_t *bluesky_link_facets(const char *text);

#endif
