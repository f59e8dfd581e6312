/* email_imap.h: the mails of one IMAP mailbox, each once, in batches. The
 * mailbox is examined, never selected: nothing on the server changes. */
#ifndef EMAIL_EMAIL_IMAP_H
#define EMAIL_EMAIL_IMAP_H

#include "email/imap_idle.h"
#include "email/imap_session.h"

struct imap_options {
	struct imap_login login;
	struct imap_idle_limits idle;
	const char *mailbox;
	size_t batch_count, batch_bytes;
	size_t mail_max_bytes;
	const struct own *own;
};

struct imap_source;

/* cursor: "v1 <UIDVALIDITY> <last UID>", or NULL; one that cannot be read counts
 * as NULL. The options must live as long. Never NULL. */
struct imap_source *imap_source_new(const struct imap_options *options, const char *cursor);
void imap_source_free(struct imap_source *self);

/* One call of poll(). */
JEMBATAN_MUST_CHECK enum jembatan_result imap_source_poll(struct jembatan_context *ctx,
							  struct imap_source *self);

#endif
