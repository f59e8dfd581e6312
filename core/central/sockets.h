/* sockets.h: libcurl's sockets in our loop. A kept one stays watched from one
 * request to the next. Knows nothing of HTTP. */
#ifndef CENTRAL_SOCKETS_H
#define CENTRAL_SOCKETS_H

#include "base/loop.h"
#include "central/surplus.h"

struct sockets;
typedef void sockets_on_ready(void *data, curl_socket_t fd, int curl_cselect_bits);

struct sockets *sockets_new(struct loop *loop, sockets_on_ready *on_ready, void *data);
void sockets_free(struct sockets *s); /* after libcurl has closed the last; NULL is fine */
/* What libcurl wants of fd: its CURL_POLL word. */
void sockets_watch(struct sockets *s, curl_socket_t fd, int what);
/* To be asked about, and told of, the sockets of handles. */
struct surplus *sockets_surplus(struct sockets *s);

#endif
