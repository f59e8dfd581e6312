/* whatsapp_errors.h: what an error of the Graph API tells us to do: one table.
 * Logic hangs on the code; titles change. Pure. */
#ifndef WHATSAPP_ERRORS_H
#define WHATSAPP_ERRORS_H

#include <jembatan/kit.h>

enum wa_act {
	WA_UNLISTED = 0, /* a code that the table does not have */
	WA_TOKEN,        /* credentials or account: stop the channel, alarm */
	WA_PROOF,        /* app_secret is not that of the token's app: the same */
	WA_SLOW,         /* of the number: back off */
	WA_PAIR,         /* of this person: some seconds */
	WA_WINDOW,       /* free text is over: a template */
	WA_UNREACHABLE,  /* this person cannot be reached here */
	WA_WITHHELD,     /* Meta holds it back: not soon again */
	WA_TEMPLATE,     /* the template is wrong or paused: alarm */
	WA_REQUEST,      /* our mistake: never like this */
	WA_MISSING,      /* the object is not there, or not for this token */
	WA_UNREGISTERED, /* our number is not registered: alarm */
	WA_PASSING       /* again, later each time */
};

struct wa_error {
	int64_t code, subcode;
	const char *details; /* Meta's own words; or NULL; borrowed from root */
	bool is_about_proof; /* Meta's message names appsecret_proof */
	json_t *root;        /* wa_error_done */
};

/* False: the body holds no error of the Graph API. */
bool wa_error_read(struct jembatan_bytes body, struct wa_error *out);
void wa_error_done(struct wa_error *error);
enum wa_act wa_error_act(const struct wa_error *error);

/* What reply() says of an answer: the outcome, when to try again (0: whenever),
 * and the result that goes with it. */
struct wa_verdict {
	enum jembatan_outcome outcome;
	enum jembatan_result result;
	int64_t wait_ms;
	const char *what; /* one sentence, with the next step */
};
/* error NULL: none could be read. retry_after_ms: -1: not said. */
struct wa_verdict wa_verdict(unsigned status, enum jembatan_outcome by_status,
			     const struct wa_error *error, int64_t retry_after_ms);
/* Is it our number that sends too much? Then nobody else gets anything either. */
bool wa_is_of_number(unsigned status, const struct wa_error *error);

#endif
