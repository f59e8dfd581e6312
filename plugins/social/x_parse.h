/* x_parse.h: a post of X's API, in either of its vocabularies (tweet.*, post.*),
 * to a post of ours. Pure: any JSON. */
#ifndef X_PARSE_H
#define X_PARSE_H

#include "social/social.h"

/* Our account; "" where nobody knows. */
struct x_us {
	const char *id;
	const char *handle; /* without @ */
};

/* What a reply must know later, beyond the message. */
struct x_traits {
	const char *id;     /* of this version; message.id is that of the first */
	bool is_edited;
	bool is_summoning;  /* names us in what was written, or quotes us: it may be answered */
};

/* What X calls it now or called it before; NULL: neither is there. */
json_t *x_either(json_t *object, const char *post_word, const char *tweet_word);

/* The one of a list whose `name` is this id; NULL: none. */
json_t *x_find(json_t *list, const char *name, const char *id);

/* One post with what it refers to, out of a page's `includes`, as {"data",
 * "includes"}: the shape of an answer about one post. The caller json_decref's. */
json_t *x_record(json_t *post, json_t *includes);

/* Strings live in the record or the arena. False: it is no post (no id). A post
 * without words and files is UNREADABLE. */
bool x_read_post(json_t *record, const struct x_us *us, struct kit_arena *arena,
		 struct social_post *out, struct x_traits *traits);

/* "<id of the event>" of a webhook's body, and its post as a record (new
 * reference). NULL: it is about something else. */
json_t *x_event_record(json_t *body);

/* ---- replies ----------------------------------------------------------- */

/* As X takes it: links and bare domains left out, since they cost twenty times as
 * much, and no longer than 280 of its characters. */
const char *x_reply_text(const char *text, struct kit_arena *arena);
/* What two texts agree on, letters and digits alone, without the names before a
 * reply: to find our own again. */
bool x_is_same_text(const char *ours, const char *shown, struct kit_arena *arena);

#endif
