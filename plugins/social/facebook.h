/* facebook.h: posts and comments of a Page, from webhooks and from the Graph API.
 * The readers are pure. */
#ifndef FACEBOOK_H
#define FACEBOOK_H

#include "social/meta.h"

/* `value` of a change in the fields feed and mention; entry_ms: the entry's time.
 * False: there is no id. Reactions and what is hidden have kinds of their own. */
bool facebook_read_change(struct social *s, const char *field, json_t *value, int64_t entry_ms,
			  struct social_post *out);

/* A post of /feed (comment NULL), or a comment below it. */
bool facebook_read_record(struct social *s, json_t *post, json_t *comment,
			  struct social_post *out);

#endif
