/* smtp_outcome.h: what an SMTP conversation's end means for a reply: one pure table.
 * It rests on one fact: a server has the mail only once the line with the single
 * dot has reached it. Before that nothing went out; after that only the server's
 * answer tells, and without one nobody knows. */
#ifndef EMAIL_SMTP_OUTCOME_H
#define EMAIL_SMTP_OUTCOME_H

#include <jembatan/connector.h>

enum smtp_stage { /* what was said last */
	SMTP_CONNECT = 0, /* nothing: the greeting is awaited */
	SMTP_HELLO,
	SMTP_STARTTLS,
	SMTP_LOGIN,
	SMTP_FROM,
	SMTP_TO,
	SMTP_DATA,
	SMTP_BODY, /* the mail is on its way */
	SMTP_END   /* the final dot may have gone out */
};

enum smtp_trouble { /* what libcurl says beside the server's answer */
	SMTP_NO_TROUBLE = 0,
	SMTP_LOST,        /* cut, timeout, nonsense, no connection */
	SMTP_NO_TLS,      /* none is offered, and it is demanded */
	SMTP_CERTIFICATE, /* not trusted */
	SMTP_NO_LOGIN,    /* none that we could use is offered */
	SMTP_NO_UTF8      /* the address is beyond ASCII, and SMTPUTF8 is not offered */
};

struct smtp_end {
	enum smtp_stage stage;
	unsigned code; /* of the whole answer to what was said last; 0: none came */
	enum smtp_trouble trouble;
};

struct smtp_meaning {
	enum jembatan_outcome outcome;
	enum jembatan_result result;
	int64_t wait_ms;   /* of LATER */
	const char *words; /* what happened and what to do, after "the mail server H " */
};

struct smtp_meaning smtp_outcome(const struct smtp_end *end);

#endif
