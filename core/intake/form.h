/* form.h: a complaint as JSON, our own format (docs/intake.md), into a message.
 * Pure and fuzzed: what comes here comes from outside. */
#ifndef INTAKE_FORM_H
#define INTAKE_FORM_H

#include "base/arena.h"
#include "base/msg.h"

/* What is wrong, for who sent it. Never the citizen's words. */
struct form_problem {
	char text_id[240], text_en[240];
};

#define FORM_FILES_MAX 20u

struct form {
	struct msg_message message; /* its files: name, type and size */
	const struct jembatan_bytes *contents; /* one of each file */
};

/* False and the problem when it is not as it should be. All of it lives in the
 * arena. A time without zone is in zone_minutes. */
bool form_read(struct jembatan_bytes body, int zone_minutes, struct arena *arena,
	       struct form *out, struct form_problem *out_problem);

#endif
