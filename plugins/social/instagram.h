/* instagram.h: comments on our media and mentions on others', and the queue of what
 * a webhook named by its ids alone. Pure but for the arena. */
#ifndef INSTAGRAM_H
#define INSTAGRAM_H

#include "social/meta.h"

/* What a webhook names and somebody has to fetch: a comment on our media (media
 * ""), or a mention in a comment or (comment "") in a caption of others'. */
struct instagram_wanted {
	int64_t number;
	bool is_mention;
	char media[64], comment[64];
};

#define INSTAGRAM_WANTED_MAX 400u

/* A comment of a webhook, or of the Graph API below `media`, or one that was
 * asked for (media NULL: as it says itself). False: no id. */
bool instagram_read_comment(struct social *s, json_t *comment, json_t *media, struct social_post *out);
/* mentioned_comment or mentioned_media, as answered. */
bool instagram_read_mention(struct social *s, const struct instagram_wanted *wanted, json_t *answer,
			    struct social_post *out);

/* A change that holds ids alone; false: it holds all there is, or nothing. */
bool instagram_is_wanted(const char *field, json_t *value, struct instagram_wanted *out);
/* A line of the queue. */
void instagram_wanted_write(const struct instagram_wanted *wanted, struct kit_text *out);
bool instagram_wanted_read(const char *line, size_t size, struct instagram_wanted *out);

/* "c:COMMENT", "m:MEDIA:COMMENT": what a message's id says of where to answer. */
bool instagram_place_read(const char *id, struct instagram_wanted *out);

#endif
