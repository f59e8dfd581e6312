/* web_child.h: the core's side of jembatan-web: starts it when web.listen is
 * set, watches it, and hands its requests to the rooms that own them. */
#ifndef CORE_WEB_CHILD_H
#define CORE_WEB_CHILD_H

#include "app.h"
#include "base/msg.h"

#include <sys/types.h>

struct web_child;
struct web_call; /* one request that waits for its answer */

struct web_child *web_child_new(struct app *a); /* NULL: web.listen is not set */
/* After intake_free, whose callbacks still know the calls. NULL is fine. */
void web_child_free(struct web_child *w);
/* New requests are refused from now on; it is not started again. */
void web_child_stop(struct web_child *w);
/* app->settings are others: with other ones of its own it ends what is under
 * way and is started anew. *w may become set. */
void web_child_take_settings(struct web_child **w, struct app *a, bool is_same);
bool web_child_is_idle(const struct web_child *w); /* nobody waits; NULL: true */
/* The store refuses: whoever waits hears so now. What was handed over may still
 * be stored; sent again it is recognised. */
void web_child_store_failed(struct web_child *w);

struct web_child_status {
	const char *state; /* "serving", "starting", "down", "off" */
	const char *listening, *confinement, *alarm; /* or NULL */
	bool degraded;
	uint64_t deaths, answered;
	size_t waiting;
	struct msg_web_counts counts; /* as of its last request for metrics */
	pid_t pid;
};
bool web_child_status(const struct web_child *w, struct web_child_status *out);

/* ---- for web_serve.c ---- */

/* Answer now; the second answer to a call is dropped. The call lives until
 * web_call_end, so that a late callback meets it. */
void web_answer(struct web_call *call, const struct msg_web_answer *answer,
		struct jembatan_bytes body);
/* The same for what says that something is stored: it leaves when the disk has it.
 * When the disk refuses, the call is refused instead. */
void web_acknowledge(struct web_call *call, const struct msg_web_answer *answer,
		     struct jembatan_bytes body);
void web_refuse(struct web_call *call, enum msg_problem problem, const char *detail_id,
		const char *detail_en);
void web_call_end(struct web_call *call);
struct app *web_call_app(struct web_call *call);

#endif
