/* youtube_parse.h: comments of the Data API to posts. Pure: any JSON. */
#ifndef YOUTUBE_PARSE_H
#define YOUTUBE_PARSE_H

#include "social/social.h"

/* own: our channel's id. Strings live in the JSON or the arena. False: it is no
 * comment (no id). */
bool youtube_read_comment(json_t *comment, const char *own, struct kit_arena *arena,
			  struct social_post *out);

/* Of a comment's id its thread's: answers to answers go into the same thread. */
const char *youtube_thread_of(const char *id, struct kit_arena *arena);

/* When a used-up quota may be there again: midnight Pacific is at 08:00 UTC, or at
 * 07:00 in summer; the next of the two. */
int64_t youtube_reset_ms(int64_t now_ms);

#endif
