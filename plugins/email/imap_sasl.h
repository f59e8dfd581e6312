/* imap_sasl.h: logging in with an OAuth2 access token, by XOAUTH2 or OAUTHBEARER
 * (RFC 7628), which libcurl would do too, but without telling what the server
 * has against the token. */
#ifndef EMAIL_IMAP_SASL_H
#define EMAIL_IMAP_SASL_H

#include "email/imap_session.h"

/* The client's first message in base64; the caller frees, and wipes. mechanism:
 * "XOAUTH2" or "OAUTHBEARER". Pure. */
char *imap_sasl_message(const char *mechanism, const char *user, const char *host, unsigned port,
			const char *token);

/* What the server has against the token, from its base64 JSON: "invalid_token" and
 * the like, and the scope it wants; "" when it does not say. Pure. */
void imap_sasl_challenge(const char *base64, char out_status[64], char out_scope[160]);

/* Log in. AUTH, explained, and *out_refused set, when the server refuses the
 * token; CONFIG when it offers no such login. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_sasl_login(struct jembatan_context *ctx,
							 struct imap_session *session,
							 const char *token, bool *out_refused);

#endif
