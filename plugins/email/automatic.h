/* automatic.h: did a machine write this mail, and may it be answered? From the
 * headers alone, by one table of rules. Pure.
 *
 * A mail that a machine wrote (bounce, out-of-office, newsletter, report) is
 * stored and neither answered nor made a complaint. A person's mail that came
 * through a list or a rule of a mail server is a complaint, but an answer could
 * go to many people or round in circles: it is not answered. */
#ifndef EMAIL_AUTOMATIC_H
#define EMAIL_AUTOMATIC_H

#include "email/headers.h"

enum automatic {
	AUTOMATIC_NO,        /* a person wrote it */
	AUTOMATIC_NO_ANSWER, /* a person wrote it, but never answer */
	AUTOMATIC_MACHINE,   /* a machine wrote it */
	AUTOMATIC_OWN        /* we wrote it */
};

/* from_mail: address of the sender; or NULL. own: our own addresses, ends with
 * NULL; or NULL. out_rule: the rule's name, static, or NULL for AUTOMATIC_NO. */
enum automatic automatic_judge(const struct headers *h, const char *from_mail,
			       const char *const *own, const char **out_rule);

/* An address that nobody reads: noreply@ and the like. NULL: no. */
bool automatic_is_no_reply(const char *mail);

#endif
