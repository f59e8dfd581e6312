/* client.h: HTTP towards the centre: libcurl multi in a loop. It sends a
 * request exactly once, never follows, never repeats, keeps connections alive,
 * and tells whether any byte of a request has left. Knows no tickets. In the
 * daemon it runs in the courier's thread. */
#ifndef CENTRAL_CLIENT_H
#define CENTRAL_CLIENT_H

#include "base/buf.h"
#include "base/loop.h"
#include "base/secret.h"
#include "central/upload.h"

#define CLIENT_ANSWER_MAX (1024u * 1024u)
#define CLIENT_HEAD_MAX (64u * 1024u) /* of all headers of an answer */
#define CLIENT_DETAIL_MAX 256u

struct client_options {
	const char *auth_header, *auth_scheme; /* borrowed, as all here */
	const struct secret *secret, *guid;    /* NULL: not sent */
	const char *ca_file;
	int64_t connect_timeout_ms, answer_timeout_ms;
	unsigned connections;
};

/* One field or file of a form. */
struct client_part {
	const char *name;
	const char *text; /* of a field; NULL: a file */
	const char *file_name, *media_type;
	struct upload *upload; /* borrowed */
};

/* Borrowed until the call ends. */
struct client_request {
	const char *url;
	const char *idempotency_key; /* or NULL */
	const char *body;            /* JSON; NULL with parts, or for a GET */
	/* Writes the body when the request's turn has come, in the thread that sends it
	 * (courier.h); NULL: it stands here. It must not fail. */
	const char *(*write_body)(void *draft);
	void *draft;
	const struct client_part *parts;
	size_t part_count;
	bool without_credentials;    /* the address is not the centre's */
};

struct client_answer {
	int curl_code;      /* CURLcode */
	unsigned status;    /* 0: none */
	bool any_sent;      /* a byte of the request has left */
	bool is_too_long;   /* cut at CLIENT_ANSWER_MAX or CLIENT_HEAD_MAX */
	struct jembatan_bytes body;
	int64_t retry_after_ms; /* -1: not given */
	int64_t took_ms;
	const char *error;  /* why curl_code is not OK, for the operator; static */
	const char *detail; /* the same in libcurl's words, or NULL */
};

struct client;
struct client_call;
typedef void client_on_done(void *data, const struct client_answer *answer);

struct client *client_new(struct loop *loop, const struct client_options *options);
/* For requests from now on; those under way go on as they began. */
void client_set_options(struct client *c, const struct client_options *options);
void client_free(struct client *c); /* cancels what is under way; NULL is fine */

/* on_done runs from the loop, never from here; the answer is gone after it.
 * The call is freed by then. */
struct client_call *client_start(struct client *c, const struct client_request *request,
				 client_on_done *on_done, void *data);
void client_cancel(struct client_call *call);

#endif
