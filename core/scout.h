/* scout.h: a second thread understands the messages that are decided next, while
 * the main one compares and stores. It knows no store and no settings, and its
 * answers are the ones that understand_message gives anywhere: what it has not
 * begun, its owner does. */
#ifndef CORE_SCOUT_H
#define CORE_SCOUT_H

#include "ticket/understand.h"

#define SCOUT_MAX 16u /* messages at once */

struct scout;

struct scout_job {
	const struct msg_message *message; /* also its name */
	struct understand_options options; /* its memo is ours */
};

/* The thread begins with the first scout_begin, if it is useful: where there is a
 * second processor (thread_processors). Without a thread its owner does all. */
struct scout *scout_new(bool is_useful);
void scout_free(struct scout *s); /* NULL is fine */

bool scout_is_useful(const struct scout *s);

/* In this order. All that the jobs point to stays as it is until scout_end, which
 * has been called since the last time. */
void scout_begin(struct scout *s, const struct scout_job *jobs, size_t count);
/* True: *out_result and, when that is OK, *out are understand_message's; texts live
 * until scout_end. It is waited for where the thread is at it. False: it
 * is not begun, and will not be any more. */
bool scout_take(struct scout *s, const struct msg_message *message, struct ticket *out,
		enum jembatan_result *out_result, struct why *why);
/* The words of its text, if they have been read by now; or NULL. Until scout_end. */
struct tokens_memo *scout_memo(struct scout *s, const struct msg_message *message);
/* What was given to scout_begin is not used any more when this returns. */
void scout_end(struct scout *s);

#endif
