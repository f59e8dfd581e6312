/* smtp_outcome.c: the table. The first row that fits holds. */
#include "email/smtp_outcome.h"

#define MINUTE INT64_C(60000)
#define STAGE(stage) (1u << (stage))
#define BEFORE_TO                                                                             \
	(STAGE(SMTP_CONNECT) | STAGE(SMTP_HELLO) | STAGE(SMTP_STARTTLS) | STAGE(SMTP_LOGIN) | \
	 STAGE(SMTP_FROM))
#define ABOUT_THIS_MAIL (STAGE(SMTP_TO) | STAGE(SMTP_DATA) | STAGE(SMTP_BODY))
#define BEFORE_END (BEFORE_TO | ABOUT_THIS_MAIL)

static const struct row {
	unsigned stages;
	unsigned first, last; /* codes; 0, 0: no answer */
	struct smtp_meaning meaning;
} rows[] = {
	/* After the dot: its answer, or nobody knows. */
	{ STAGE(SMTP_END), 200, 299, { JEMBATAN_SENT, JEMBATAN_OK, 0, "has taken it" } },
	{ STAGE(SMTP_END), 400, 499,
	  { JEMBATAN_LATER, JEMBATAN_OK, 5 * MINUTE, "does not take this mail now: later again" } },
	{ STAGE(SMTP_END), 500, 599,
	  { JEMBATAN_REFUSED, JEMBATAN_OK, 0, "refuses the content of this mail" } },
	{ STAGE(SMTP_END), 0, 999,
	  { JEMBATAN_UNKNOWN, JEMBATAN_OK, 0,
	    "was given the whole mail, and its answer was lost" } },
	/* It wants to know who we are, or does not believe it. */
	{ STAGE(SMTP_LOGIN), 400, 499,
	  { JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0, "cannot check a login now" } },
	/* 3xx: it has something against a token, and waits to hear that we know. */
	{ STAGE(SMTP_LOGIN), 300, 599,
	  { JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0,
	    "refuses the login: check smtp_user and smtp_password (some providers want an app "
	    "password, or SMTP switched on for the account)" } },
	{ BEFORE_END, 530, 538,
	  { JEMBATAN_NOT_SENT, JEMBATAN_AUTH, 0,
	    "wants a login before it takes mail: set smtp_user and smtp_password" } },
	/* Busy, or greylisting: the address and the mail may be good. */
	{ BEFORE_END, 421, 421,
	  { JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0, "is closing: it is busy or going down" } },
	{ STAGE(SMTP_TO), 400, 499,
	  { JEMBATAN_LATER, JEMBATAN_OK, 5 * MINUTE,
	    "does not take mail for this address now: later again" } },
	{ ABOUT_THIS_MAIL, 400, 499,
	  { JEMBATAN_LATER, JEMBATAN_OK, 5 * MINUTE, "does not take this mail now: later again" } },
	{ STAGE(SMTP_TO), 500, 599,
	  { JEMBATAN_REFUSED, JEMBATAN_OK, 0, "refuses the address" } },
	{ ABOUT_THIS_MAIL, 500, 599,
	  { JEMBATAN_REFUSED, JEMBATAN_OK, 0, "refuses this mail" } },
	/* Nothing of this one mail: the next would fare the same. */
	{ BEFORE_TO, 400, 499, { JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0, "takes no mail now" } },
	{ STAGE(SMTP_FROM), 500, 599,
	  { JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, 0,
	    "refuses our address as the sender: check `from` and `verp`" } },
	{ BEFORE_TO, 500, 599,
	  { JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, 0, "takes no mail from us: ask who runs it" } },
	{ BEFORE_END, 0, 999,
	  { JEMBATAN_NOT_SENT, JEMBATAN_RETRY, 0,
	    "was not reached, or the connection broke off before the mail was complete" } },
};

static const struct smtp_meaning troubles[] = {
	[SMTP_NO_TLS] = { JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, 0,
			  "offers no STARTTLS, so nothing was said to it: use smtps://, or, on a "
			  "network that you trust, smtp_tls: none" },
	[SMTP_CERTIFICATE] = { JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, 0,
			       "has a certificate that is not trusted: set ca_file, or have it "
			       "renewed" },
	[SMTP_NO_LOGIN] = { JEMBATAN_NOT_SENT, JEMBATAN_CONFIG, 0,
			    "offers no login that fits `auth`: see what it offers" },
	[SMTP_NO_UTF8] = { JEMBATAN_REFUSED, JEMBATAN_OK, 0,
			   "takes no address with letters beyond ASCII (it offers no SMTPUTF8): "
			   "mail cannot reach this citizen" },
};

struct smtp_meaning smtp_outcome(const struct smtp_end *end)
{
	if (end->trouble == SMTP_NO_UTF8 ||
	    (end->trouble >= SMTP_NO_TLS && end->stage < SMTP_FROM))
		return troubles[end->trouble];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if ((rows[i].stages & STAGE(end->stage)) != 0 && end->code >= rows[i].first &&
		    end->code <= rows[i].last)
			return rows[i].meaning;
	}
	return (struct smtp_meaning){ JEMBATAN_UNKNOWN, JEMBATAN_OK, 0,
				      "has answered what is no answer" };
}
