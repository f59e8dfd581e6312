/* email_parse.h: the exact bytes of a mail to a message, whatever way they came.
 * Broken mail is normal input: without Message-ID, Date or valid MIME it is
 * still a message. */
#ifndef EMAIL_EMAIL_PARSE_H
#define EMAIL_EMAIL_PARSE_H

#include "email/own.h"

struct mail {
	struct jembatan_bytes raw;
	int64_t arrived_ms;  /* by the channel's own clock; 0: not known */
	uint64_t whole_size; /* when raw is only the beginning; else 0 */
};

/* Say begin, parse, emit, and a receipt when it reports of a reply of ours. own: or
 * NULL. OK also when the mail is in quarantine or is refused by the core: go on with
 * the next. Anything else is the host's and ends the poll. */
JEMBATAN_MUST_CHECK enum jembatan_result mail_take(struct jembatan_context *ctx,
						   const struct mail *mail,
						   const struct own *own);

/* A mail that the channel lists but cannot hand over: it becomes a message of
 * the kind "unreadable", so that it is not passed over in silence. place: its
 * number or name there, without a citizen's words. */
JEMBATAN_MUST_CHECK enum jembatan_result mail_take_unreadable(struct jembatan_context *ctx,
							      const char *place,
							      int64_t arrived_ms);

#endif
