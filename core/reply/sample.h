/* sample.h: what a reporter would be told of a ticket that does not exist yet, for
 * `jembatan preview`. Pure. */
#ifndef REPLY_SAMPLE_H
#define REPLY_SAMPLE_H

#include "base/msg.h"
#include "config/settings.h"
#include "reply/templates.h"
#include "ticket/ticket.h"

#define REPLY_SAMPLES_MAX 5u

struct reply_sample {
	const char *event;   /* "received", "number", "question", "status" */
	const char *state;   /* of a status: "in_progress"; else NULL */
	const char *subject; /* or NULL */
	const char *text;
};

/* Up to REPLY_SAMPLES_MAX, in the order in which they would come; texts are the
 * arena's. 0: nobody is told anything, and *out_why (may be NULL) says why. */
size_t reply_samples(const struct reply_templates *templates, const struct settings *settings,
		     const struct instance_settings *instance, const struct msg_message *message,
		     const struct ticket *ticket, struct arena *arena,
		     struct reply_sample out[REPLY_SAMPLES_MAX], const char **out_why);

#endif
