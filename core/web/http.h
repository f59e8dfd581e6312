/* http.h: the inside of jembatan-web: connections, their requests, and the
 * frames to the core. libmicrohttpd parses; deadlines, ceilings and who waits
 * for what are ours. One thread; a request that waits for the core is
 * suspended, so thousands may wait. */
#ifndef WEB_HTTP_H
#define WEB_HTTP_H

#include <microhttpd.h>

#include "base/loop.h"
#include "base/msg.h"
#include "web/addresses.h"
#include "web/route.h"

enum phase {
	PHASE_NEW = 0, /* connected, no request yet */
	PHASE_HEADERS, /* a request line has come */
	PHASE_BODY,
	PHASE_WAITING, /* for the core; suspended */
	PHASE_SENDING, /* the answer goes out */
	PHASE_IDLE     /* kept open after an answer */
};

struct conn {
	struct http *http;
	struct conn *next, **at;
	int fd;
	enum phase phase;
	int64_t since_mono_ms;   /* of the phase */
	struct request *request; /* of PHASE_WAITING */
	bool cut;
};

struct request {
	struct http *http;
	struct conn *conn;
	struct MHD_Connection *connection;
	char *target; /* as it came; cut up by the route */
	struct route route;
	bool seen; /* its headers were looked at */
	enum msg_problem refusal; /* known before the body is here; NONE: take it */
	struct address *address;
	char sender[ROUTE_ADDRESS_SIZE];
	struct buf body;
	size_t slot;    /* + 1; 0: it waits for no answer */
	struct MHD_Response *response; /* to be sent */
	unsigned status;
};

struct slot {
	struct request *request; /* NULL: free */
	uint16_t turn;           /* so that a late answer finds nobody */
	size_t next_free;        /* + 1 */
};

struct http {
	struct loop *loop;
	struct channel *core;
	struct loop_fd *core_fd, *daemon_fd;
	struct loop_timer *daemon_timer, *sweep;
	struct MHD_Daemon *daemon;
	const struct msg_web_open *options; /* borrowed */
	struct addresses *addresses;
	struct conn *conns;
	struct slot *slots;
	size_t slot_count, first_free; /* + 1 */
	size_t body_bytes; /* of all bodies that are here */
	struct arena *arena;
	struct msg_web_counts counts;
	bool stopping;
	int64_t stop_by_mono_ms; /* whoever still reads his answer then */
	int64_t told_mono_ms;    /* the core, that our loop goes round */
	bool lost; /* the core is gone */
};

/* Serve on this socket (owned from now on); requests go to `core`. */
struct http *http_new(struct loop *loop, struct channel *core, int listen_fd,
		      const struct msg_web_open *options);
void http_free(struct http *h);

/* ---- between http.c and request.c ---- */

enum MHD_Result request_handle(void *data, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload,
			       size_t *upload_size, void **request);
void *request_begin(void *data, const char *target, struct MHD_Connection *connection);
void request_end(void *data, struct MHD_Connection *connection, void **request,
		 enum MHD_RequestTerminationCode code);
/* The core has answered. */
void request_answer(struct http *h, uint32_t seq, const struct msg_web_answer *answer,
		    struct jembatan_bytes body);
/* It took too long, or the core is gone: 503. */
void request_give_up(struct request *q);

void conn_enter(struct conn *c, enum phase phase);

#endif
