/* http.h: a small HTTP server on loopback for the bench's source and sink. */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include "base/buf.h"

struct MHD_Connection;

struct http_request {
	const char *path;
	bool is_post;
	struct jembatan_bytes body;
	struct MHD_Connection *connection; /* for http_number */
};

struct http_answer {
	unsigned status;
	struct buf body; /* JSON */
};

/* Called from one thread. */
typedef void http_on_request(void *data, const struct http_request *r, struct http_answer *out);

/* A number of the query. */
int64_t http_number(const struct http_request *r, const char *name, int64_t otherwise);

/* Prints its address and serves for ever; answers to a POST leave delay_ms
 * later. Port 0: any. */
void http_serve(unsigned port, int64_t delay_ms, http_on_request *on, void *data);

#endif
