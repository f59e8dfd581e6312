/* route.h: from the bytes of a request's target to the room that owns it. Pure:
 * what it is given comes from strangers. */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "base/msg.h"

#define ROUTE_INSTANCE_SIZE 33u
#define ROUTE_TARGET_MAX 8192u

struct route {
	enum msg_problem problem; /* NONE: the rest holds */
	unsigned room;            /* enum msg_web_room; 0: /live */
	char instance[ROUTE_INSTANCE_SIZE];
	const char *path;         /* below the instance; undecoded */
	const char *query;        /* undecoded; or NULL */
	const char *allow;        /* with MSG_PROBLEM_METHOD */
};

/* `target` is cut up and must live as long as the route. */
void route_read(char *target, const char *method, struct route *out);

/* The sender's address: the last entry of the proxy's header when that is an
 * address, else the peer's. `out_key` is what the cap counts by: an IPv6 sender
 * owns a whole /64. */
#define ROUTE_ADDRESS_SIZE 64u
void route_sender(const char *header, const char *peer, char out[ROUTE_ADDRESS_SIZE],
		  char out_key[ROUTE_ADDRESS_SIZE]);

#endif
