/* email_maildir.h: the mails of a Maildir, each once. It reads new/ and cur/ and
 * changes nothing there. */
#ifndef EMAIL_EMAIL_MAILDIR_H
#define EMAIL_EMAIL_MAILDIR_H

#include <jembatan/kit.h>

struct maildir_options {
	const char *path;
	size_t batch_count, batch_bytes;
	size_t mail_max_bytes;
	const struct own *own;
};

struct maildir_source;

/* cursor: "v1 <milliseconds>", or NULL. The options must live as long. */
struct maildir_source *maildir_source_new(const struct maildir_options *options,
					  const char *cursor);
void maildir_source_free(struct maildir_source *self);

/* One call of poll(). */
JEMBATAN_MUST_CHECK enum jembatan_result maildir_source_poll(struct jembatan_context *ctx,
							     struct maildir_source *self);

#endif
