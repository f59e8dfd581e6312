/* telegram_parse.h: an update of the Bot API to a post. Pure: any JSON. */
#ifndef TELEGRAM_PARSE_H
#define TELEGRAM_PARSE_H

#include "social/social.h"

/* Who we are, as far as it is known. */
struct telegram_self {
	const char *id;       /* of the bot, digits; or "" */
	const char *username; /* without @; or "" */
};

struct telegram_update {
	struct social_post post;
	bool is_record;   /* false: it is none of what we ask for */
	bool wants_help;  /* /start, /help, or /lapor with nothing behind it */
	const char *chat; /* its id; NULL: it has none */
	const char *moved_from, *moved_to; /* a group that has another id now; or NULL */
};

/* False: it is no update (no update_id). *out_id: its number. Strings live in the
 * JSON or the arena. */
bool telegram_read_update(json_t *update, const struct telegram_self *self,
			  struct kit_arena *arena, int64_t *out_id, struct telegram_update *out);

/* "CHAT:MESSAGE", the id of a message; false when it is none. */
bool telegram_read_id(const char *id, char out_chat[24], int64_t *out_message);

/* A prefix of the text of at most so many UTF-16 units, in whole characters: that
 * is how Telegram counts. In bytes. */
size_t telegram_prefix(const char *text, size_t units);

#endif
