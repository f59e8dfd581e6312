/* smtp_send.h: one mail to one address over one SMTP connection, by libcurl, and how
 * far it got. Nothing is ever sent a second time here. */
#ifndef EMAIL_SMTP_SEND_H
#define EMAIL_SMTP_SEND_H

#include "email/mail_url.h"
#include "email/smtp_outcome.h"

/* Borrowed; must live as long as it is used. */
struct smtp_server {
	const char *url; /* smtp://host or smtps://host, with or without port */
	const char *user, *password; /* NULL: no login, or by token */
	const char *token;           /* an OAuth2 access token; or NULL */
	const char *mechanism;       /* "XOAUTH2", "OAUTHBEARER"; NULL: either */
	const char *ca_file;         /* NULL: the system's */
	enum mail_tls tls;
	int64_t timeout_ms;          /* of each wait for an answer */
};

struct smtp_envelope {
	const char *our_name; /* for EHLO: a domain */
	const char *from;     /* "": the empty return path */
	const char *to;
	bool wants_utf8;      /* to: only where SMTPUTF8 is offered */
	struct jembatan_bytes mail;
};

struct smtp_report {
	struct smtp_end end;
	char host[256];
	char status[12]; /* the enhanced status code, such as "5.1.1"; "" */
	char words[160]; /* of libcurl about the connection; not of the server */
};

/* Ends within 100 s, and soon after the daemon wants to stop. */
void smtp_send(struct jembatan_context *ctx, const struct smtp_server *server,
	       const struct smtp_envelope *envelope, struct smtp_report *out);

#endif
