/* email_smtp.h: the way back: a reply() as a mail to the citizen. */
#ifndef EMAIL_EMAIL_SMTP_H
#define EMAIL_EMAIL_SMTP_H

#include "email/own.h"

struct smtp;

/* Are replies set up (smtp_url)? */
bool smtp_is_wanted(struct jembatan_context *ctx);
/* Our address as a sender: `from`, else `user`; NULL: neither is an address. */
const char *smtp_from(struct jembatan_context *ctx, struct kit_arena *arena,
		      const char **out_name);
/* OK, or CONFIG, explained. No network. */
JEMBATAN_MUST_CHECK enum jembatan_result smtp_check(struct jembatan_context *ctx);

/* After smtp_check. oauth: gives access tokens; or NULL. Both must live as long. */
struct smtp *smtp_new(struct jembatan_context *ctx, struct own *own, struct kit_auth *oauth);
void smtp_free(struct smtp *self);

JEMBATAN_MUST_CHECK enum jembatan_result smtp_reply(struct jembatan_context *ctx,
						    struct smtp *self,
						    const struct jembatan_reply *reply,
						    struct jembatan_delivery *out);

#endif
