/* imap_session.h: one connection to an IMAP server. libcurl does TCP, TLS,
 * STARTTLS and the login (CURLOPT_CONNECT_ONLY); from then on we speak IMAP
 * ourselves, because its custom commands take what stands in a mail for the
 * server's words. Every wait has a deadline and ends when the daemon stops. */
#ifndef EMAIL_IMAP_SESSION_H
#define EMAIL_IMAP_SESSION_H

#include "email/imap_reader.h"
#include "email/mail_url.h"

#include <jembatan/kit.h>

/* Borrowed from the options; must live as long as the session. */
struct imap_login {
	const char *url; /* imap://host or imaps://host, with or without port */
	const char *user;
	const char *password;    /* with it libcurl logs in; NULL: oauth */
	struct kit_auth *oauth;  /* gives access tokens; or NULL */
	const char *mechanism;   /* "XOAUTH2", "OAUTHBEARER"; NULL: what is offered */
	const char *ca_file; /* NULL: the system's */
	enum mail_tls tls;
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

/* What the server has said it can do. */
enum imap_ability {
	IMAP_ESEARCH = 1,
	IMAP_IDLE = 2,
	IMAP_SASL_IR = 4,     /* the first words of a login on its command line */
	IMAP_XOAUTH2 = 8,
	IMAP_OAUTHBEARER = 16
};
bool imap_session_can(const struct imap_session *s, enum imap_ability ability);
/* What came was not IMAP (and not a cut connection). */
bool imap_session_is_broken(const struct imap_session *s);

/* The number that the next command's tag will have; never 0. */
unsigned imap_session_tag(const struct imap_session *s);

/* Send one command, without tag and line end. Several may be on their way; the
 * server may answer them in any order, and mix their data. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_session_send(struct imap_session *s,
							   const char *command);

/* One line within a command: what the server asked for with "+", or DONE. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_session_send_line(struct imap_session *s,
								const char *line);

/* The next event; with IMAP_TAGGED, out_item->first is the number of the tag.
 * Anything but OK: the session is of no use any more. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_session_next(struct imap_session *s,
							   enum imap_event *out_event,
							   struct imap_item *out_item);

/* Read what has come, without waiting, to the last byte that TLS holds: only then
 * may the socket be watched. out_heard: something came. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_session_drain(struct imap_session *s,
							    bool *out_heard);
/* The server has said EXISTS since this was last asked with forget. */
bool imap_session_has_news(struct imap_session *s, bool forget);
/* Is this command still without its answer? */
bool imap_session_is_waiting(const struct imap_session *s, unsigned tag);
/* To be watched for reading; -1: none. */
int imap_session_socket(const struct imap_session *s);
const struct imap_login *imap_session_login(const struct imap_session *s);
const char *imap_session_host(const struct imap_session *s);

/* "INBOX" as a quoted string in the alphabet of mailbox names (modified UTF-7);
 * false: it cannot be one. */
bool imap_mailbox_quote(const char *name, char *out, size_t size);

#endif
