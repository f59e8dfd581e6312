/* email_oauth.h: a mailbox whose server wants tokens instead of a password: where
 * they are issued, by the provider's presets or the operator's own words, and the
 * account's first consent. */
#ifndef EMAIL_OAUTH_H
#define EMAIL_OAUTH_H

#include <jembatan/kit.h>

#include <stdbool.h>

/* By the option `auth`. */
bool email_oauth_is_set(struct jembatan_context *ctx);
/* What it says to speak: XOAUTH2, OAUTHBEARER; NULL: what the server has. */
const char *email_oauth_mechanism(struct jembatan_context *ctx);
/* For check(), where a login by tokens is set: OK, or CONFIG, explained. */
JEMBATAN_MUST_CHECK enum jembatan_result email_oauth_check(struct jembatan_context *ctx);

/* Never NULL; of options that were checked. */
struct email_oauth;
struct email_oauth *email_oauth_new(struct jembatan_context *ctx);
void email_oauth_free(struct email_oauth *o);
/* For logging in. */
struct kit_auth *email_oauth_tokens(const struct email_oauth *o);

/* See connector.h. o NULL: no tokens are used here. */
JEMBATAN_MUST_CHECK enum jembatan_result email_oauth_consent(struct jembatan_context *ctx,
							     struct email_oauth *o,
							     const char *answer,
							     const char **out_url);

#endif
