/* email_receipt.h: a machine's mail to what it says of a reply of ours. Pure. */
#ifndef EMAIL_EMAIL_RECEIPT_H
#define EMAIL_EMAIL_RECEIPT_H

#include "email/headers.h"
#include "email/own.h"
#include "email/report.h"

/* false: it says nothing of a reply of ours, or nothing that settles. Only what
 * bears our mac counts: the returned mail's Message-ID, or the bounce address. Texts
 * are the arena's and the report's. */
bool email_receipt(const struct headers *headers, const struct report *report,
		   const struct own *own, struct kit_arena *arena, struct jembatan_receipt *out);

#endif
