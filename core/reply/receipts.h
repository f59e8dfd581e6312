/* receipts.h: what a channel says later of a reply: it was sent, delivered,
 * read, or failed. In any order, any number of times. */
#ifndef REPLY_RECEIPTS_H
#define REPLY_RECEIPTS_H

#include "store/replies.h"

struct reply_receipt {
	int64_t instance_id;              /* whose child says so */
	const char *reference;            /* ours; or NULL */
	const struct digest *remote_key;  /* replies_remote_key(); or NULL */
	unsigned state;                   /* enum jembatan_receipt_state */
	int64_t at_ms;
	const char *reason;               /* of FAILED, in the channel's words; or NULL */
};

/* Inside a transaction. GONE: it is of nothing that we sent. */
MUST_CHECK enum jembatan_result reply_take_receipt(struct db *db, const struct reply_receipt *r,
						   int64_t now_ms, struct why *why);
/* Of a FAILED row's why, as it is written by this: was it the channel's code?
 * Either may be NULL: no. */
bool reply_failed_by(const char *why, const char *code);
/* The same of the why of one that the channel refused at once. */
bool reply_refused_by(const char *why, const char *code);

#endif
