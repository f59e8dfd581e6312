/* outcome.h: what became of a request, decided by one pure table, and what
 * may be done when nobody knows. The table never guesses: when a request may
 * have been taken, it is UNKNOWN. */
#ifndef CENTRAL_OUTCOME_H
#define CENTRAL_OUTCOME_H

#include "base/mem.h"

enum outcome {
	OUTCOME_DONE = 0,
	OUTCOME_REFUSED,  /* answered with no: a person corrects it */
	OUTCOME_NOT_SENT, /* certainly not taken: the same again, later */
	OUTCOME_UNKNOWN   /* it may have been taken, or not */
};

enum outcome_action {
	OUTCOME_ASK = 0, /* a GET: changes nothing, so it can always be repeated */
	OUTCOME_FILE,
	OUTCOME_CREATE,
	OUTCOME_ROUTE,
	OUTCOME_FOLLOW_UP
};

/* What the result says about the centre as a whole. */
enum outcome_trouble {
	OUTCOME_FINE = 0,
	OUTCOME_BUSY,    /* 429, 503: fewer at once, later */
	OUTCOME_DOWN,    /* not reached, cut, timed out, 5xx */
	OUTCOME_AUTH,    /* 401, 403, 407: credentials */
	OUTCOME_MISCONFIG /* 3xx: the address is not the interface's */
};

struct outcome_facts {
	enum outcome_action action;
	int curl_code;       /* CURLcode */
	bool any_sent;       /* a byte of the request has left */
	unsigned status;     /* 0: no answer */
	bool has_id;         /* the answer held the id that the action needs */
	bool is_singled_out; /* others pass with these credentials, this one was
	                      * refused with 401 or 403 again and again */
	const unsigned *not_sent_statuses; /* configured; 429 and 503 */
	size_t not_sent_status_count;
};

struct outcome_verdict {
	enum outcome outcome;
	enum outcome_trouble trouble;
};

struct outcome_verdict outcome_of(const struct outcome_facts *facts);

/* What settles an unknown action without asking a person. */
enum outcome_settling {
	OUTCOME_SEND_AGAIN, /* harmless, or the centre tells repeats apart */
	OUTCOME_LOOK,       /* a GET gives evidence */
	OUTCOME_HOLD        /* only a person knows */
};

struct outcome_means { /* what the centre offers for a create */
	bool idempotent, lookup;
	bool resend; /* `unknown: resend`: may double */
};
enum outcome_settling outcome_settling(enum outcome_action action,
				       const struct outcome_means *means);

const char *outcome_trouble_name(enum outcome_trouble trouble);

#endif
