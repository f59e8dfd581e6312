/* courier.h: a client in a thread of its own, so that deciding and sending run
 * beside each other. Asked as client.h is: the same requests, and on_done runs
 * from the owner's loop. */
#ifndef CENTRAL_COURIER_H
#define CENTRAL_COURIER_H

#include "central/client.h"

struct courier;
struct courier_call;

struct courier *courier_new(struct loop *loop, const struct client_options *options);
/* For requests from now on; those under way go on as they began. The options of
 * before are not used any more when this returns. */
void courier_set_options(struct courier *c, const struct client_options *options);
void courier_free(struct courier *c); /* cancels what is under way; NULL is fine */

/* What the request points to is the thread's until the call ends. on_done runs
 * from the loop or courier_collect, never from here; the answer is gone after
 * it, and the call. */
struct courier_call *courier_start(struct courier *c, const struct client_request *request,
				   client_on_done *on_done, void *data);
/* Returns once the thread has let go of it: on_done does not run any more. */
void courier_cancel(struct courier_call *call);

/* What is back by now, without waiting for the loop to come by. */
void courier_collect(struct courier *c);

/* For the watchdog: has the thread come by since the last time it was asked? */
bool courier_is_alive(struct courier *c);

#endif
