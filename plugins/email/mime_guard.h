/* mime_guard.h: how much of a mail a MIME parser may see. GMime takes memory for
 * each part and header line, and stack for each group of addresses, as many as
 * the mail has; so what has too many is cut for it, before it reads a byte. */
#ifndef EMAIL_MIME_GUARD_H
#define EMAIL_MIME_GUARD_H

#include "email/headers.h"

/* The mail's own head as the parser gets it: what tells of content, and nothing
 * else, since the rest has been read by headers.h. Ends with an empty line. */
const char *mime_guard_head(const struct headers *headers, struct kit_arena *arena);

/* The offset up to which the body may be parsed; raw.size: all of it. Cut is
 * before the 5,001st line that begins like a boundary, and before a head within
 * the body of more than 1,000 lines, 256 KiB, or with a header above 16 KiB. */
size_t mime_guard_end(struct jembatan_bytes raw, size_t body);

#endif
