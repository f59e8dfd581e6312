/* reply_mail.h: a reply as a mail, made by GMime. Pure.
 *
 * What comes from outside (subject, ids) cannot add a header or an address: it
 * is made harmless here, and GMime encodes it. The mail says that a machine sent
 * it (RFC 3834), so that no other machine answers. */
#ifndef EMAIL_REPLY_MAIL_H
#define EMAIL_REPLY_MAIL_H

#include <jembatan/kit.h>

struct reply_mail {
	const char *from_name; /* or NULL */
	const char *from, *to; /* own_address_is_plain; of own_recipient */
	const char *message_id; /* without brackets */
	const char *in_reply_to; /* the citizen's message, as the core knows it; or NULL */
	const char *thread;      /* the first mail of the conversation; or NULL */
	const char *subject;     /* or NULL */
	const char *text;
	const char *language; /* "id", "en"; or NULL */
	int64_t date_ms;
};

/* With CR LF; the caller frees by g_free. */
char *reply_mail_make(const struct reply_mail *mail, size_t *out_size);

/* The Message-ID in the id that a mail has in the core (headers_identity); NULL:
 * it has none that could stand in a header. */
const char *reply_mail_id(const char *identity, struct kit_arena *arena);

#endif
