/* imap_reader.h: the bytes of an IMAP server, in pieces of any size, as a row
 * of events. It knows literals, so nothing inside a mail can pass for an
 * answer of the server. Every length has a ceiling; lists of message numbers
 * are handed out number by number, so that a line may be of any length. It
 * does no input or output and keeps no promise of the server's for granted:
 * what does not fit the grammar is IMAP_BROKEN, and stays so. */
#ifndef EMAIL_IMAP_READER_H
#define EMAIL_IMAP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum imap_event {
	IMAP_NEED_BYTES,  /* nothing complete: put more bytes in */
	IMAP_TAGGED,      /* the end of a command: tag, status, text */
	IMAP_UNTAGGED,    /* "* OK", NO, BAD, BYE, PREAUTH: status, text */
	IMAP_CONTINUE,    /* "+": text */
	IMAP_EXISTS,      /* number of mails in the mailbox: first */
	IMAP_EXPUNGE,     /* a mail went away, its sequence number: first */
	IMAP_CAPABILITY,  /* one word of the list: text */
	IMAP_UIDS,        /* one range of a search's result: first, last */
	IMAP_FETCH,       /* one mail's data, complete: fetch */
	IMAP_BROKEN       /* not IMAP; text says what was expected */
};

enum imap_status { IMAP_OK, IMAP_NO, IMAP_BAD, IMAP_BYE, IMAP_PREAUTH };

struct imap_fetch {
	uint32_t uid;        /* 0: not said (an unsolicited change of flags) */
	bool has_size;
	uint64_t size;       /* RFC822.SIZE */
	int64_t internal_ms; /* INTERNALDATE; 0: not said or not readable */
	bool has_body;       /* a BODY[...] was in the answer ... */
	bool body_nil;       /* ... as NIL: the server cannot give it */
	bool body_cut;       /* ... longer than the ceiling: its beginning */
	const char *body;
	size_t body_size;
};

/* What an event carries. Pointers are borrowed until the next call. */
struct imap_item {
	const char *tag;
	enum imap_status status;
	const char *text; /* human words or one word; at most 1 KiB */
	uint32_t first, last;
	struct imap_fetch fetch;
};

struct imap_reader;

/* body_max: what is kept of one mail. Free with imap_reader_free. */
struct imap_reader *imap_reader_new(size_t body_max_bytes);
void imap_reader_free(struct imap_reader *r);

/* Where to put bytes, and how many there is room for (never 0 after
 * IMAP_NEED_BYTES); then say how many came. */
char *imap_reader_room(struct imap_reader *r, size_t *out_size);
void imap_reader_fed(struct imap_reader *r, size_t size);

enum imap_event imap_reader_next(struct imap_reader *r, struct imap_item *out);

/* The number in a response code, such as [UIDNEXT 42]; false: not there. */
bool imap_code_number(const char *text, const char *code, uint32_t *out_number);

/* "17-Jul-1996 02:44:25 -0700" to UTC milliseconds; 0: not a date. */
int64_t imap_date_ms(const char *text);

#endif
