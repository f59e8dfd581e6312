/* posts.h: posts that a person copied from a network, out of a CSV file. Pure.
 * Columns are known by their headers in any order, Indonesian or English: link,
 * text, and where there are some author, name, time and media. */
#ifndef CLI_POSTS_H
#define CLI_POSTS_H

#include "base/why.h"

#include <jansson.h>

#define POSTS_BYTES_MAX (64u * 1024u * 1024u)
#define POSTS_ROWS_MAX 100000u

/* good: array of posts as the connector takes them; bad: array of {line, why}, to
 * be named to the person. Both are the caller's. DATA: it is no such file. */
MUST_CHECK enum jembatan_result posts_read(struct jembatan_bytes file, int64_t now_ms,
					   int zone_minutes, json_t **out_good, json_t **out_bad,
					   struct why *why);

/* One post; text and time may be NULL. NULL, and the sentence in *out_why: it is
 * not complete. */
struct post_fields {
	size_t line;
	const char *url, *text, *author, *name, *time, *media;
};
json_t *posts_one(const struct post_fields *fields, int64_t now_ms, int zone_minutes,
		  const char **out_why);

#endif
