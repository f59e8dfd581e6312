/* imap_session.h: one connection to an IMAP server. libcurl does TCP, TLS,
 * STARTTLS and the login (CURLOPT_CONNECT_ONLY); from then on we speak IMAP
 * ourselves, because its custom commands take what stands in a mail for the
 * server's words. Every wait has a deadline and ends when the daemon stops. */
#ifndef EMAIL_IMAP_SESSION_H
#define EMAIL_IMAP_SESSION_H

#include "email/imap_reader.h"

#include <jembatan/kit.h>

enum imap_tls {
	IMAP_TLS_AUTO,     /* imaps://, or STARTTLS; a local server may have none */
	IMAP_TLS_REQUIRED, /* imaps://, or STARTTLS, on this machine too */
	IMAP_TLS_NONE      /* in clear, because the operator says so */
};

/* Borrowed from the options; must live as long as the session. */
struct imap_login {
	const char *url; /* imap://host or imaps://host, with or without port */
	const char *user, *password;
	const char *ca_file; /* NULL: the system's */
	enum imap_tls tls;
	int64_t timeout_ms;  /* of each wait */
	size_t mail_max_bytes; /* what is kept of one mail */
};

/* Scheme imap or imaps, a host, and nothing behind it: OK, or CONFIG, explained.
 * No network. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_login_check(struct jembatan_context *ctx,
							  const struct imap_login *login);

struct imap_session;

/* Connect, log in, ask what the server can do. AUTH, CONFIG, RETRY, explained. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_session_open(struct jembatan_context *ctx,
							   const struct imap_login *login,
							   struct imap_session **out);
void imap_session_close(struct imap_session *s);

bool imap_session_has_esearch(const struct imap_session *s);
/* What came was not IMAP (and not a cut connection). */
bool imap_session_is_broken(const struct imap_session *s);

/* The number that the next command's tag will have; never 0. */
unsigned imap_session_tag(const struct imap_session *s);

/* Send one command, without tag and line end. Several may be on their way; the
 * server may answer them in any order, and mix their data. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_session_send(struct imap_session *s,
							   const char *command);

/* The next event; with IMAP_TAGGED, out_item->first is the number of the tag.
 * Anything but OK: the session is of no use any more. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_session_next(struct imap_session *s,
							   enum imap_event *out_event,
							   struct imap_item *out_item);

/* "INBOX" as a quoted string in the alphabet of mailbox names (modified UTF-7);
 * false: it cannot be one. */
bool imap_mailbox_quote(const char *name, char *out, size_t size);

#endif
