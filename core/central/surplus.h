/* surplus.h: has a kept connection been told more than was asked? Then those
 * bytes would be taken for the answer to the next request, with the number of
 * another report in it. Knows libcurl's sockets, and nothing of HTTP. */
#ifndef CENTRAL_SURPLUS_H
#define CENTRAL_SURPLUS_H

#include <curl/curl.h>
#include <stdbool.h>

struct surplus;

/* Called before one of the sockets is closed. */
typedef void surplus_on_closing(void *data, curl_socket_t fd);

struct surplus *surplus_new(surplus_on_closing *on_closing, void *data);
/* A socket of a handle that is watched, and not one of the resolver's own. */
bool surplus_knows(const struct surplus *s, curl_socket_t fd);
void surplus_free(struct surplus *s); /* after the last socket was closed; NULL is fine */
void surplus_watch(struct surplus *s, CURL *easy); /* before the handle opens one */
/* To be asked before a request leaves over the connection with this port. With
 * bytes waiting in it, nothing may be sent there. */
bool surplus_is_fit(struct surplus *s, int local_port);

#endif
