/* outcome.h: what becomes of a reply after a try, a question about it, a death
 * or a receipt: one pure table. It never guesses: what may have gone out is
 * UNKNOWN, is asked about, and then follows the channel's guarantee. */
#ifndef REPLY_OUTCOME_H
#define REPLY_OUTCOME_H

#include "reply/channel.h"
#include "store/replies.h"
#include <jembatan/connector.h>

enum reply_way { /* what the answer says about the instance as a whole */
	REPLY_WAY_FINE = 0,
	REPLY_WAY_DOWN,   /* a passing failure: a little later */
	REPLY_WAY_CLOSED  /* credentials or configuration: held, with an alarm */
};

struct reply_answer {
	bool is_lost; /* no answer: the child died, or the daemon did */
	enum jembatan_outcome outcome;
	enum jembatan_result result;
	int64_t at_ms;   /* of LATER */
	const char *why; /* the plugin's sentence; or NULL */
};

struct reply_verdict {
	struct reply_row row; /* to be written: state, due_ms, counts, why */
	enum reply_way way;
	bool did_fail;        /* it will not get through here: another way, or missed */
};

/* row is SENDING, as it was when it left. Texts are borrowed. */
void reply_after_answer(const struct reply_channel *channel, const struct reply_row *row,
			const struct reply_answer *answer, int64_t now_ms,
			struct reply_verdict *out);

/* A receipt; any order, any number of times. False: it says nothing new.
 * *out_failed: it became FAILED by this one. */
bool reply_after_receipt(const struct reply_row *row, unsigned receipt_state, int64_t at_ms,
			 struct reply_row *out, bool *out_failed);


#endif
