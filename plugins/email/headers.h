/* headers.h: the header lines of a mail and where its body begins, read before
 * any library sees the bytes: what names a mail must not depend on a parser
 * that the mail may kill. Blank lines and an mbox "From " line at the top are
 * passed over; a text without any header is all body. */
#ifndef EMAIL_HEADERS_H
#define EMAIL_HEADERS_H

#include <jembatan/kit.h>

struct header {
	const char *name;
	const char *value; /* unfolded, not decoded; NUL bytes are spaces */
};

struct headers {
	struct header *list;
	size_t count;
	size_t start; /* offset of the first header: parsers begin here */
	size_t body;  /* offset of the body */
	bool is_headerless;
};

/* Everything is allocated in the arena. At most 1,000 headers of 64 KiB each
 * and 512 KiB in all are kept; of what is over only the first of each name that
 * matters. */
void headers_read(struct jembatan_bytes raw, struct kit_arena *arena, struct headers *out);

/* The first of that name, without regard to case; NULL: none. */
const char *headers_get(const struct headers *h, const char *name);

/* A key that stays the same when the mail is read again, by another way or with
 * other Received lines: "<Message-ID>/<16 hex digits>", or 64 hex digits when
 * there is no Message-ID; the digits are the SHA-256 of From, Date, Subject and
 * body. So a Message-ID that is used again for another mail does not hide it. */
const char *headers_identity(const struct headers *h, struct jembatan_bytes raw,
			     struct kit_arena *arena);

/* The id in the first <...> of a header, without the brackets, or its first
 * word; NULL: none. At most 900 bytes, printable ASCII or valid UTF-8. */
const char *headers_message_id(const char *value, struct kit_arena *arena);

/* The next <id> of a header that lists several: *at moves behind it. NULL at the
 * end, and when *at is NULL. */
const char *headers_next_id(const char **at, struct kit_arena *arena);

#endif
