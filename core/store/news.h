/* news.h: what the store itself has to tell reporters. By the statement before or behind
 * the one that makes it news: for a trigger SQLite keeps a copy of each page that a
 * statement changes. While replies are off, nothing happens. */
#ifndef STORE_NEWS_H
#define STORE_NEWS_H

#include "store/inbox.h"

/* Behind the statement that gave a ticket its number. */
MUST_CHECK enum jembatan_result news_number(struct db *db, int64_t ticket_id, struct why *why);
/* Before a message leaves its stage, or its ticket, for these. ticket_id 0: none. */
MUST_CHECK enum jembatan_result news_joined(struct db *db, int64_t message_id,
					    enum inbox_stage stage, int64_t ticket_id,
					    struct why *why);

#endif
