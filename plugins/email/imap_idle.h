/* imap_idle.h: IDLE (RFC 2177): the server says at once that a mail has come. The
 * host waits on the socket; here is what stands before and after the wait. */
#ifndef EMAIL_IMAP_IDLE_H
#define EMAIL_IMAP_IDLE_H

#include "email/imap_session.h"

struct imap_idle {
	unsigned tag;          /* of the command; 0: none is open */
	int64_t since_mono_ms; /* opened */
	int64_t heard_mono_ms; /* the server's last byte */
};

/* How long an IDLE may be open, and how long its server may say nothing before it
 * is asked for a sign of life. */
struct imap_idle_limits {
	int64_t open_ms; /* 0: no IDLE at all */
	int64_t silent_ms;
};

/* Open one and have the host watch the socket. IDLE: it does. OK: a mail has come
 * meanwhile, or the server cannot: look again, or poll. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_idle_begin(struct jembatan_context *ctx,
							 struct imap_session *session,
							 const struct imap_idle_limits *limits,
							 struct imap_idle *idle);

/* The host's wait is over. IDLE: nothing but a sign of life, it watches again. OK:
 * the IDLE is closed, commands may be sent. RETRY: the connection is dead. */
JEMBATAN_MUST_CHECK enum jembatan_result imap_idle_wake(struct jembatan_context *ctx,
							struct imap_session *session,
							const struct imap_idle_limits *limits,
							struct imap_idle *idle);

#endif
