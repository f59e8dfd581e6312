/* peer.h: the HTTP server under the fakes (libmicrohttpd, one thread for each
 * connection, so that a handler may wait). It collects a request up to a
 * ceiling, hands it over, and delivers the answer well or badly. */
#ifndef FAKE_PEER_H
#define FAKE_PEER_H

#include "base/buf.h"
#include "base/why.h"
#include <jansson.h>

#define PEER_PARTS_MAX 32u

struct MHD_Connection;

/* A part of a form. Files are counted and hashed, not kept. */
struct peer_part {
	char *name;
	char *file_name; /* NULL: a field, and its value is in text */
	char *media_type; /* NULL when the client gave none */
	struct buf text;
	struct digest_state *hashing;
	size_t size;
	char sha256[65];
};

struct peer_request {
	struct MHD_Connection *connection;
	const char *method;
	const char *path;
	struct buf body; /* empty for a multipart form */
	struct peer_part parts[PEER_PARTS_MAX];
	size_t part_count;
	bool too_large;
};

enum peer_delivery {
	PEER_WHOLE,
	PEER_SLOW,      /* one byte every delivery_ms */
	PEER_TRUNCATED, /* Content-Length promises more than is sent */
	PEER_HUGE,      /* filled up with spaces to delivery_bytes */
	PEER_DROPPED,   /* the connection closes without a byte */
	PEER_HUNG       /* the same, after delivery_ms or when the client leaves */
};

struct peer_answer {
	unsigned status;
	const char *media_type; /* static; NULL: application/json */
	struct buf body;
	char retry_after[40];  /* empty: none */
	char *location;        /* freed with the answer */
	char *link;            /* the same */
	enum peer_delivery delivery;
	unsigned delivery_ms;
	size_t delivery_bytes;
};

/* Called by many threads at once; fills in *a (status 200, empty body). */
typedef void peer_handler(void *owner, struct peer_request *r, struct peer_answer *a);

struct peer;

/* address: "127.0.0.1:8080", "[::1]:0"; port 0 takes any free one. */
MUST_CHECK enum jembatan_result peer_start(const char *address, peer_handler *handle, void *owner,
					   struct peer **out, struct why *why);
const char *peer_url(const struct peer *p); /* "http://127.0.0.1:43211" */
void peer_stop(struct peer *p); /* ends what hangs, waits for the threads */
/* Blocks until SIGTERM or SIGINT; block them before the first thread. */
void peer_block_signals(void);
void peer_wait_for_signal(void);

/* Request header and query argument; NULL when absent. */
const char *peer_header(const struct peer_request *r, const char *name);
const char *peer_query(const struct peer_request *r, const char *name);
/* A whole number from the query within these bounds, else `otherwise`. */
int64_t peer_query_number(const struct peer_request *r, const char *name, int64_t lowest,
			  int64_t highest, int64_t otherwise);
/* The value of a form's field, NULL when absent or a file. */
const char *peer_field(const struct peer_request *r, const char *name);
/* "http://<Host header>", for links to ourselves; the caller frees. */
char *peer_origin(const struct peer_request *r);

/* Does the path fit a pattern, in which "*" stands for a number? */
bool peer_path_fits(const char *pattern, const char *path, int64_t *out_number);

/* Waits, but not longer than the client does. */
void peer_pause(const struct peer_request *r, unsigned ms);

/* Answers with this JSON; takes the reference. */
void peer_answer_json(struct peer_answer *a, unsigned status, json_t *value);
/* {"message": sentence} */
void peer_answer_message(struct peer_answer *a, unsigned status, const char *message);

#endif
