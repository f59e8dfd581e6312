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
/* Before a request leaves over one of the sockets that this handle opens, it is
 * looked at: with bytes waiting, the request ends as CURLE_ABORTED_BY_CALLBACK
 * and nothing of it was sent. */
void surplus_watch(struct surplus *s, CURL *easy);

#endif
