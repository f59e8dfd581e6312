/* mastodon_parse.h: a status of Mastodon's to a post. Pure: any JSON. */
#ifndef MASTODON_PARSE_H
#define MASTODON_PARSE_H

#include "social/social.h"

/* own_id: our account's, or "". Strings live in the JSON or the arena. False:
 * it is no status (no id). A message without text is UNREADABLE. */
bool mastodon_read_status(json_t *status, const char *own_id, struct kit_arena *arena,
			  struct social_post *out);

/* What of a text two servers agree on, letters and digits alone: to find our own
 * reply again. Appended to out. */
void mastodon_squeeze(const char *text, struct kit_text *out);

/* The HTML of a status as text, without the addresses behind @names and #tags.
 * NULL: there is none. */
const char *mastodon_text(const char *html, struct kit_arena *arena);

#endif
