/* request.c: one request from its first header to its last byte. Its exact
 * bytes go to the core; what the core answers comes back. */
#include "web/http.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/text.h"
#include "web/problem.h"
#include "base/poison.h"

/* Of all bodies together: beyond it a request is told to come back. */
#define BODIES_MAX (64u * 1024u * 1024u)
#define HEADERS_MAX 200u
/* Names and values; libmicrohttpd's own answer, which is no problem document, comes
 * only at about twice as many (CONNECTION_MEMORY). */
#define HEADERS_BYTES_MAX (16u * 1024u)
#define RETRY_AFTER_S 5u
#define SLOT_BITS 16u

static struct conn *conn_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The request line has come. */
void *request_begin(void *data, const char *target, struct MHD_Connection *connection)
{
	struct http *h = data;
	struct request *q = xcalloc(1, sizeof(*q));
	q->http = h;
	q->conn = conn_of(connection);
	q->connection = connection;
	q->target = xstrndup(target, ROUTE_TARGET_MAX + 1);
	buf_init(&q->body, h->options->body_max_bytes);
	h->counts.requests++;
	conn_enter(q->conn, PHASE_HEADERS);
	return q;
}

/* ---- waiting for the core ---- */

static uint32_t take_slot(struct request *q)
{
	struct http *h = q->http;
	size_t n = h->first_free - 1;
	struct slot *slot = &h->slots[n];
	h->first_free = slot->next_free;
	slot->request = q;
	slot->turn++;
	q->slot = n + 1;
	q->conn->request = q;
	h->counts.requests_under_way++;
	return (uint32_t)slot->turn << SLOT_BITS | (uint32_t)n;
}

static void free_slot(struct request *q)
{
	struct http *h = q->http;
	if (q->slot == 0)
		return;
	struct slot *slot = &h->slots[q->slot - 1];
	slot->request = NULL;
	slot->next_free = h->first_free;
	h->first_free = q->slot;
	q->slot = 0;
	q->conn->request = NULL;
	h->counts.requests_under_way--;
}

static void drop_body(struct request *q)
{
	q->http->body_bytes -= q->body.size;
	buf_done(&q->body);
	buf_init(&q->body, q->http->options->body_max_bytes);
}

void request_end(void *data, struct MHD_Connection *connection, void **request,
		 enum MHD_RequestTerminationCode code)
{
	struct request *q = *request;
	(void)data;
	(void)connection;
	(void)code;
	if (q == NULL)
		return;
	free_slot(q);
	drop_body(q);
	addresses_leave(q->http->addresses, q->address);
	if (q->response != NULL)
		MHD_destroy_response(q->response);
	conn_enter(q->conn, PHASE_IDLE);
	buf_done(&q->body);
	free(q->target);
	free(q);
	*request = NULL;
}

/* ---- answers ---- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	/* What does not fit into a header is left out. */
	if (value != NULL)
		(void)MHD_add_response_header(response, name, value);
}

static void prepare(struct request *q, unsigned status, const char *media_type,
		    struct jembatan_bytes body)
{
	bool bare = status == MHD_HTTP_NO_CONTENT || status == MHD_HTTP_NOT_MODIFIED;
	q->status = status;
	q->response = MHD_create_response_from_buffer(bare ? 0 : body.size,
						      (void *)(uintptr_t)body.data,
						      MHD_RESPMEM_MUST_COPY);
	ASSERT(q->response != NULL);
	if (body.size > 0 && !bare)
		add_header(q->response, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
	add_header(q->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	add_header(q->response, "X-Content-Type-Options", "nosniff");
}

static void prepare_answer(struct request *q, const struct msg_web_answer *a,
			   struct jembatan_bytes body)
{
	CLEANUP(buf_done) struct buf document;
	const char *media_type = a->media_type != NULL ? a->media_type : "text/plain; charset=utf-8";
	unsigned status = a->status;
	buf_init(&document, 64u * 1024u);
	if (a->problem != MSG_PROBLEM_NONE) {
		problem_write((enum msg_problem)a->problem, status, a->detail_id, a->detail_en,
			      &document);
		body = buf_bytes(&document);
		media_type = PROBLEM_MEDIA_TYPE;
		status = status != 0 ? status : problem_status((enum msg_problem)a->problem);
	}
	if (status < 200 || status > 599)
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	prepare(q, status, media_type, body);
	add_header(q->response, MHD_HTTP_HEADER_LOCATION, a->location);
	add_header(q->response, MHD_HTTP_HEADER_ALLOW, a->allow);
	if (a->problem == MSG_PROBLEM_KEY)
		add_header(q->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	if (a->retry_after_s > 0) {
		char seconds[16];
		snprintf(seconds, sizeof(seconds), "%u", a->retry_after_s);
		add_header(q->response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
	}
}

static void prepare_problem(struct request *q, enum msg_problem problem)
{
	bool wait = problem == MSG_PROBLEM_UNAVAILABLE || problem == MSG_PROBLEM_TOO_MANY;
	const struct msg_web_answer a = { .problem = problem, .allow = q->route.allow,
					  .retry_after_s = wait ? RETRY_AFTER_S : 0 };
	prepare_answer(q, &a, bytes_text(NULL));
}

static enum MHD_Result send_prepared(struct request *q)
{
	conn_enter(q->conn, PHASE_SENDING);
	return MHD_queue_response(q->connection, q->status, q->response);
}

static enum MHD_Result refuse(struct request *q, enum msg_problem problem)
{
	prepare_problem(q, problem);
	return send_prepared(q);
}

void request_answer(struct http *h, uint32_t seq, const struct msg_web_answer *answer,
		    struct jembatan_bytes body)
{
	size_t n = seq & ((1u << SLOT_BITS) - 1);
	if (n >= h->slot_count || h->slots[n].request == NULL ||
	    h->slots[n].turn != seq >> SLOT_BITS)
		return; /* it has been given up */
	struct request *q = h->slots[n].request;
	free_slot(q);
	prepare_answer(q, answer, body);
	MHD_resume_connection(q->connection);
}

void request_give_up(struct request *q)
{
	free_slot(q);
	prepare_problem(q, MSG_PROBLEM_UNAVAILABLE);
	MHD_resume_connection(q->connection);
}

/* ---- handing on ---- */

struct headers {
	struct msg_header items[HEADERS_MAX];
	size_t count;
	struct arena *arena;
	bool full;
};

/* Frames carry UTF-8; a header in another encoding is mended, not lost. */
static const char *clean(struct arena *arena, const char *text)
{
	size_t size = text != NULL ? strlen(text) : 0;
	if (size == 0 || text_is_utf8(text, size))
		return text != NULL ? text : "";
	CLEANUP(buf_done) struct buf mended;
	buf_init(&mended, 4 * size + 16);
	text_clean(text, size, &mended);
	return mended.size > 0 ? arena_strndup(arena, mended.data, mended.size) : "";
}

static enum MHD_Result on_header(void *data, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	struct headers *headers = data;
	(void)kind;
	if (headers->count == HEADERS_MAX) {
		headers->full = true;
		return MHD_NO;
	}
	headers->items[headers->count++] = (struct msg_header){ clean(headers->arena, name),
								clean(headers->arena, value) };
	return MHD_YES;
}

static enum jembatan_result put_request(struct request *q, const char *method,
					const struct headers *headers)
{
	struct http *h = q->http;
	const struct msg_web_request m = {
		.room = q->route.room,
		.instance = q->route.instance[0] != '\0' ? q->route.instance : NULL,
		.method = method,
		.path = q->route.path,
		.query = q->route.query,
		.peer = q->sender,
		.headers = headers->items,
		.header_count = headers->count,
	};
	enum jembatan_result r = JEMBATAN_OK;
	if (q->route.room == MSG_WEB_METRICS)
		r = channel_put(h->core, MSG_WEB_COUNTS, 0, msg_web_counts_fields, &h->counts,
				bytes_text(NULL), NULL);
	if (r == JEMBATAN_OK)
		r = channel_put(h->core, MSG_WEB_REQUEST, take_slot(q), msg_web_request_fields, &m,
				buf_bytes(&q->body), NULL);
	return r;
}

static enum MHD_Result hand_on(struct request *q, const char *method)
{
	struct http *h = q->http;
	struct headers headers = { .arena = h->arena };
	arena_reset(h->arena);
	MHD_get_connection_values(q->connection, MHD_HEADER_KIND, on_header, &headers);
	if (headers.full)
		return refuse(q, MSG_PROBLEM_HEADERS);
	if (h->stopping || h->lost || h->first_free == 0)
		return refuse(q, MSG_PROBLEM_UNAVAILABLE);
	if (put_request(q, method, &headers) != JEMBATAN_OK) {
		/* The core has much to read already. */
		free_slot(q);
		return refuse(q, MSG_PROBLEM_UNAVAILABLE);
	}
	drop_body(q);
	conn_enter(q->conn, PHASE_WAITING);
	MHD_suspend_connection(q->connection);
	return MHD_YES;
}

/* ---- taking in ---- */

static void own_address(struct MHD_Connection *connection, char out[ROUTE_ADDRESS_SIZE])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info != NULL ? info->client_addr : NULL;
	str_copy(out, ROUTE_ADDRESS_SIZE, a != NULL && a->sa_family == AF_INET ? "127.0.0.1" :
		 a != NULL && a->sa_family == AF_INET6 ? "::1" : "unix");
}

struct last_header {
	const char *name, *value;
};

static enum MHD_Result on_sender_header(void *data, enum MHD_ValueKind kind, const char *name,
					const char *value)
{
	struct last_header *last = data;
	(void)kind;
	if (strcasecmp(name, last->name) == 0)
		last->value = value;
	return MHD_YES;
}

static void find_sender(struct request *q, char key[ROUTE_ADDRESS_SIZE])
{
	char own[ROUTE_ADDRESS_SIZE];
	struct last_header last = { .name = q->http->options->address_header };
	own_address(q->connection, own);
	/* Who reaches this socket is on this machine: the proxy. Some proxies add
	 * a header of their own behind the sender's (HAProxy). */
	if (last.name != NULL && *last.name != '\0')
		MHD_get_connection_values(q->connection, MHD_HEADER_KIND, on_sender_header, &last);
	route_sender(last.value, own, q->sender, key);
}

static bool announces_too_much(const struct request *q)
{
	const char *length = MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_CONTENT_LENGTH);
	return length != NULL && strtoull(length, NULL, 10) > q->http->options->body_max_bytes;
}

struct framing {
	unsigned lengths, codings, count;
	size_t bytes; /* of all headers */
};

static enum MHD_Result on_framing_header(void *data, enum MHD_ValueKind kind, const char *name,
					 const char *value)
{
	struct framing *f = data;
	(void)kind;
	f->count++;
	f->bytes += strlen(name) + (value != NULL ? strlen(value) : 0);
	f->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
	f->codings += strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
	return MHD_YES;
}

/* Said twice where the body ends, the proxy may have seen another end than we
 * do, and what follows would be a request that it has never seen (RFC 9112, 6.3). */
static bool has_two_ends(const struct framing *f)
{
	return f->lengths + f->codings > 1;
}

/* Why it will not be taken, as far as its headers tell. */
static enum msg_problem judge_headers(struct request *q, const char *method)
{
	struct http *h = q->http;
	char key[ROUTE_ADDRESS_SIZE];
	route_read(q->target, method, &q->route);
	if (q->route.problem != MSG_PROBLEM_NONE || q->route.room == 0)
		return q->route.problem;
	find_sender(q, key);
	q->address = addresses_enter(h->addresses, key);
	if (q->address == NULL) {
		h->counts.too_many++;
		return MSG_PROBLEM_TOO_MANY;
	}
	if (announces_too_much(q)) {
		h->counts.too_large++;
		return MSG_PROBLEM_TOO_LARGE;
	}
	return h->body_bytes >= BODIES_MAX ? MSG_PROBLEM_UNAVAILABLE : MSG_PROBLEM_NONE;
}

/* The body is still to come. A refused one is read to its end, within the
 * deadline, and dropped: most senders look for an answer only then. */
static enum MHD_Result look_at_headers(struct request *q, const char *method)
{
	struct framing f = { 0 };
	q->seen = true;
	MHD_get_connection_values(q->connection, MHD_HEADER_KIND, on_framing_header, &f);
	if (has_two_ends(&f)) {
		prepare_problem(q, MSG_PROBLEM_BAD_REQUEST);
		add_header(q->response, MHD_HTTP_HEADER_CONNECTION, "close");
		return send_prepared(q);
	}
	conn_enter(q->conn, PHASE_BODY);
	q->refusal = judge_headers(q, method);
	if (q->refusal == MSG_PROBLEM_NONE && (f.count > HEADERS_MAX || f.bytes > HEADERS_BYTES_MAX))
		q->refusal = MSG_PROBLEM_HEADERS;
	buf_init(&q->body, q->http->options->body_max_bytes);
	bool asks_first = MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND,
						      MHD_HTTP_HEADER_EXPECT) != NULL;
	return q->refusal != MSG_PROBLEM_NONE && asks_first ? refuse(q, q->refusal) : MHD_YES;
}

static void take_piece(struct request *q, const char *piece, size_t size)
{
	size_t before = q->body.size;
	if (q->refusal != MSG_PROBLEM_NONE)
		return;
	buf_add(&q->body, piece, size);
	q->http->body_bytes += q->body.size - before;
	if (buf_is_full(&q->body)) {
		q->refusal = MSG_PROBLEM_TOO_LARGE;
		q->http->counts.too_large++;
	} else if (q->http->body_bytes > BODIES_MAX) {
		/* All of them had begun while there was room. */
		q->refusal = MSG_PROBLEM_UNAVAILABLE;
	} else {
		return;
	}
	drop_body(q);
}

static enum MHD_Result answer_live(struct request *q)
{
	prepare(q, MHD_HTTP_OK, "text/plain; charset=utf-8", bytes_text("live\n"));
	return send_prepared(q);
}

enum MHD_Result request_handle(void *data, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload,
			       size_t *upload_size, void **request)
{
	struct request *q = *request;
	(void)data;
	(void)connection;
	(void)url;
	(void)version;
	if (q->response != NULL)
		return send_prepared(q);
	if (!q->seen)
		return look_at_headers(q, method);
	if (*upload_size > 0) {
		take_piece(q, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (q->refusal != MSG_PROBLEM_NONE)
		return refuse(q, q->refusal);
	return q->route.room == 0 ? answer_live(q) : hand_on(q, method);
}
