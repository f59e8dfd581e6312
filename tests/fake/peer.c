/* peer.c: see peer.h. The listening socket is ours, so that a fake that was
 * killed can take the same port again at once. */
#include "peer.h"

#include "base/digest.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/poison.h"

#define BODY_CEILING (4u << 20)
#define FILE_CEILING (64u << 20)
#define ANSWER_CEILING ((size_t)4 << 30)
#define FORM_BUFFER 65536u
#define IDLE_SECONDS 300u

struct peer {
	struct MHD_Daemon *daemon;
	peer_handler *handle;
	void *owner;
	char url[64];
};

/* What is kept between the calls of on_request for one request. */
struct exchange {
	struct peer_request request;
	struct MHD_PostProcessor *form;
	bool is_multipart;
	size_t received;
};

/* ---- reading ------------------------------------------------------------- */

static int connection_fd(const struct peer_request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static struct peer_part *find_part(struct peer_request *r, const char *key, const char *file_name,
				   const char *media_type, uint64_t offset)
{
	struct peer_part *p;

	if (offset > 0 && r->part_count > 0)
		return &r->parts[r->part_count - 1];
	if (r->part_count == PEER_PARTS_MAX) {
		r->too_large = true;
		return NULL;
	}
	p = &r->parts[r->part_count++];
	p->name = xstrdup(key);
	p->file_name = xstrdup(file_name);
	p->media_type = xstrdup(media_type);
	buf_init(&p->text, BODY_CEILING);
	if (file_name)
		p->hashing = digest_begin((struct jembatan_bytes){ NULL, 0 });
	return p;
}

static enum MHD_Result on_form(void *cls, enum MHD_ValueKind kind, const char *key,
			       const char *file_name, const char *media_type,
			       const char *transfer_encoding, const char *data, uint64_t offset,
			       size_t size)
{
	struct exchange *x = cls;
	struct peer_part *p = find_part(&x->request, key ? key : "", file_name, media_type, offset);

	(void)kind;
	(void)transfer_encoding;
	if (!p)
		return MHD_NO;
	p->size += size;
	if (p->hashing)
		digest_raw(p->hashing, data, size);
	else
		buf_add(&p->text, data, size);
	return MHD_YES;
}

static struct exchange *exchange_new(struct MHD_Connection *connection, const char *method,
				     const char *path)
{
	struct exchange *x = xcalloc(1, sizeof(*x));
	const char *type;

	x->request.connection = connection;
	x->request.method = method;
	x->request.path = path;
	buf_init(&x->request.body, BODY_CEILING);
	type = peer_header(&x->request, MHD_HTTP_HEADER_CONTENT_TYPE);
	x->is_multipart = type && strncasecmp(type, "multipart/form-data", 19) == 0;
	if (x->is_multipart ||
	    (type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0))
		x->form = MHD_create_post_processor(connection, FORM_BUFFER, on_form, x);
	return x;
}

static void exchange_free(struct exchange *x)
{
	if (x->form)
		MHD_destroy_post_processor(x->form);
	for (size_t i = 0; i < x->request.part_count; i++) {
		struct peer_part *p = &x->request.parts[i];

		if (p->hashing)
			(void)digest_end(p->hashing);
		free(p->name);
		free(p->file_name);
		free(p->media_type);
		buf_done(&p->text);
	}
	buf_done(&x->request.body);
	free(x);
}

static void exchange_receive(struct exchange *x, const char *data, size_t size)
{
	x->received += size;
	if (x->form) {
		if (x->received > FILE_CEILING)
			x->request.too_large = true;
		else if (!x->request.too_large)
			(void)MHD_post_process(x->form, data, size);
	}
	if (!x->is_multipart)
		buf_add(&x->request.body, data, size);
}

static void exchange_complete(struct exchange *x)
{
	struct peer_request *r = &x->request;

	if (x->form) {
		/* The last field of a urlencoded form is handed over only here. */
		MHD_destroy_post_processor(x->form);
		x->form = NULL;
	}
	r->too_large = r->too_large || buf_is_full(&r->body);
	for (size_t i = 0; i < r->part_count; i++) {
		struct digest d;

		r->too_large = r->too_large || buf_is_full(&r->parts[i].text);
		if (!r->parts[i].hashing)
			continue;
		d = digest_end(r->parts[i].hashing);
		r->parts[i].hashing = NULL;
		digest_hex(d.bytes, sizeof(d.bytes), r->parts[i].sha256);
	}
}

/* ---- delivering ---------------------------------------------------------- */

/* A body that is not simply sent. */
struct stream {
	int fd;
	char *data;
	size_t size;
	enum peer_delivery delivery;
	int step_ms;
};

static void wait_for_departure(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	while (poll(&p, 1, ms) < 0 && errno == EINTR)
		continue;
}

static ssize_t on_read(void *cls, uint64_t position, char *out, size_t max)
{
	const struct stream *s = cls;
	size_t left = position < s->size ? s->size - (size_t)position : 0;

	if (left == 0 && s->delivery == PEER_TRUNCATED)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (left == 0) {
		memset(out, ' ', max);
		return (ssize_t)max;
	}
	if (s->delivery == PEER_SLOW) {
		wait_for_departure(s->fd, s->step_ms);
		max = 1;
	}
	if (max > left)
		max = left;
	memcpy(out, s->data + position, max);
	return (ssize_t)max;
}

static void on_stream_free(void *cls)
{
	struct stream *s = cls;

	free(s->data);
	free(s);
}

static struct MHD_Response *make_response(const struct peer_request *r, struct peer_answer *a)
{
	size_t size = a->body.size;
	uint64_t claimed = size;
	struct stream *s;

	if (a->delivery == PEER_WHOLE)
		return MHD_create_response_from_buffer(size, buf_take(&a->body),
						       MHD_RESPMEM_MUST_FREE);
	if (a->delivery == PEER_TRUNCATED)
		claimed = size + 4096;
	else if (a->delivery == PEER_HUGE && a->delivery_bytes > size)
		claimed = a->delivery_bytes;
	s = xcalloc(1, sizeof(*s));
	s->fd = connection_fd(r);
	s->data = buf_take(&a->body);
	s->size = size;
	s->delivery = a->delivery;
	s->step_ms = (int)a->delivery_ms;
	return MHD_create_response_from_callback(claimed, 16384, on_read, s, on_stream_free);
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (value && *value)
		(void)MHD_add_response_header(response, name, value);
}

static enum MHD_Result deliver(struct peer_request *r, struct peer_answer *a)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (a->delivery == PEER_HUNG)
		peer_pause(r, a->delivery_ms);
	if (a->delivery == PEER_HUNG || a->delivery == PEER_DROPPED) {
		(void)shutdown(connection_fd(r), SHUT_RDWR);
		return MHD_NO;
	}
	response = make_response(r, a);
	if (!response)
		return MHD_NO;
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
		   a->media_type ? a->media_type : "application/json");
	add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, a->retry_after);
	add_header(response, MHD_HTTP_HEADER_LOCATION, a->location);
	add_header(response, MHD_HTTP_HEADER_LINK, a->link);
	result = MHD_queue_response(r->connection, a->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct peer *p = cls;
	struct exchange *x = *state;
	struct peer_answer a = { .status = MHD_HTTP_OK };
	enum MHD_Result result;

	(void)version;
	if (!x) {
		*state = exchange_new(connection, method, path);
		return MHD_YES;
	}
	if (*size > 0) {
		exchange_receive(x, data, *size);
		*size = 0;
		return MHD_YES;
	}
	exchange_complete(x);
	buf_init(&a.body, ANSWER_CEILING);
	if (x->request.too_large)
		peer_answer_message(&a, MHD_HTTP_CONTENT_TOO_LARGE, "too large");
	else
		p->handle(p->owner, &x->request, &a);
	result = deliver(&x->request, &a);
	buf_done(&a.body);
	free(a.location);
	free(a.link);
	return result;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)connection;
	(void)code;
	if (*state)
		exchange_free(*state);
	*state = NULL;
}

/* ---- listening ----------------------------------------------------------- */

static enum jembatan_result resolve(const char *address, struct addrinfo **out, struct why *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	const char *colon = strrchr(address, ':');
	CLEANUP(free_pointer) char *host = NULL;

	if (!colon || colon == address)
		return why_set(why, JEMBATAN_CONFIG, "\"%s\" is not ADDRESS:PORT", address);
	if (*address == '[' && colon[-1] == ']')
		host = xstrndup(address + 1, (size_t)(colon - address) - 2);
	else
		host = xstrndup(address, (size_t)(colon - address));
	if (getaddrinfo(host, colon + 1, &hints, out) != 0)
		return why_set(why, JEMBATAN_CONFIG, "\"%s\" is not ADDRESS:PORT", address);
	return JEMBATAN_OK;
}

static enum jembatan_result open_socket(const char *address, int *out_fd, struct why *why)
{
	struct addrinfo *where = NULL;
	const int on = 1;
	int fd;

	if (resolve(address, &where, why) != JEMBATAN_OK)
		return JEMBATAN_CONFIG;
	fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, where->ai_addr, where->ai_addrlen) < 0 || listen(fd, 1024) < 0) {
		int failure = errno;

		freeaddrinfo(where);
		close_fd(&fd);
		return why_set(why, JEMBATAN_CONFIG, "cannot listen on %s: %s", address,
			       strerror(failure));
	}
	freeaddrinfo(where);
	*out_fd = fd;
	return JEMBATAN_OK;
}

static void write_url(int fd, char *out, size_t size)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof(name);
	char host[INET6_ADDRSTRLEN] = "";
	char port[8] = "";

	memset(&name, 0, sizeof(name));
	(void)getsockname(fd, (struct sockaddr *)&name, &length);
	(void)getnameinfo((struct sockaddr *)&name, length, host, sizeof(host), port, sizeof(port),
			  NI_NUMERICHOST | NI_NUMERICSERV);
	(void)snprintf(out, size, name.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s",
		       host, port);
}

enum jembatan_result peer_start(const char *address, peer_handler *handle, void *owner,
				struct peer **out, struct why *why)
{
	const unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD |
			       MHD_USE_THREAD_PER_CONNECTION;
	struct peer *p;
	int fd = -1;

	if (open_socket(address, &fd, why) != JEMBATAN_OK)
		return JEMBATAN_CONFIG;
	p = xcalloc(1, sizeof(*p));
	p->handle = handle;
	p->owner = owner;
	write_url(fd, p->url, sizeof(p->url));
	p->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, p, MHD_OPTION_LISTEN_SOCKET,
				     fd, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
				     MHD_OPTION_THREAD_STACK_SIZE, (size_t)(512u << 10),
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(256u << 10),
				     MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
				     MHD_OPTION_END);
	if (!p->daemon) {
		close_fd(&fd);
		free(p);
		return why_set(why, JEMBATAN_FATAL, "libmicrohttpd does not start");
	}
	*out = p;
	return JEMBATAN_OK;
}

const char *peer_url(const struct peer *p)
{
	return p->url;
}

void peer_stop(struct peer *p)
{
	if (!p)
		return;
	MHD_stop_daemon(p->daemon);
	free(p);
}

static void stop_signals(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGTERM);
	sigaddset(out, SIGINT);
}

void peer_block_signals(void)
{
	sigset_t set;

	stop_signals(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

void peer_wait_for_signal(void)
{
	sigset_t set;
	int which;

	stop_signals(&set);
	(void)sigwait(&set, &which);
}

/* ---- for handlers -------------------------------------------------------- */

const char *peer_header(const struct peer_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *peer_query(const struct peer_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

int64_t peer_query_number(const struct peer_request *r, const char *name, int64_t lowest,
			  int64_t highest, int64_t otherwise)
{
	const char *text = peer_query(r, name);
	char *end = NULL;
	long long value;

	if (!text || !*text)
		return otherwise;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end || value < lowest || value > highest)
		return otherwise;
	return value;
}

const char *peer_field(const struct peer_request *r, const char *name)
{
	for (size_t i = 0; i < r->part_count; i++)
		if (!r->parts[i].file_name && strcmp(r->parts[i].name, name) == 0)
			return r->parts[i].text.data ? r->parts[i].text.data : "";
	return NULL;
}

char *peer_origin(const struct peer_request *r)
{
	const char *host = peer_header(r, MHD_HTTP_HEADER_HOST);

	return xasprintf("http://%s", host ? host : "127.0.0.1");
}

bool peer_path_fits(const char *pattern, const char *path, int64_t *out_number)
{
	while (*pattern && *path) {
		if (*pattern == '*' && isdigit((unsigned char)*path)) {
			char *end = NULL;

			errno = 0;
			*out_number = strtoll(path, &end, 10);
			if (errno)
				return false;
			path = end;
			pattern++;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return !*pattern && !*path;
}

void peer_pause(const struct peer_request *r, unsigned ms)
{
	wait_for_departure(connection_fd(r), (int)ms);
}

void peer_answer_json(struct peer_answer *a, unsigned status, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);

	ASSERT(text);
	json_decref(value);
	buf_clear(&a->body);
	buf_add_text(&a->body, text);
	free(text);
	a->status = status;
}

void peer_answer_message(struct peer_answer *a, unsigned status, const char *message)
{
	peer_answer_json(a, status, json_pack("{s:s}", "message", message));
}
