/* http.c: see http.h. libmicrohttpd with one thread of its own; a second one,
 * ours, lets delayed answers go. */
#include "http.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/poison.h"

#define BODY_MAX (4u * 1024u * 1024u)

struct exchange {
	struct buf body;
	bool is_late; /* it has waited: answer now */
};

struct late {
	struct MHD_Connection *connection;
	int64_t due_us;
};

struct http {
	struct MHD_Daemon *daemon;
	http_on_request *on;
	void *data;
	int64_t delay_us;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct late *late; /* a ring: all wait equally long, so the first is due first */
	size_t first, count, capacity;
};

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- delayed answers ---- */

static void put_off(struct http *h, struct MHD_Connection *connection)
{
	MHD_suspend_connection(connection);
	pthread_mutex_lock(&h->mutex);
	if (h->count == h->capacity) {
		size_t more = h->capacity != 0 ? 2 * h->capacity : 1024;
		struct late *ring = xcalloc(more, sizeof(*ring));
		for (size_t i = 0; i < h->count; i++)
			ring[i] = h->late[(h->first + i) % h->capacity];
		free(h->late);
		h->late = ring;
		h->first = 0;
		h->capacity = more;
	}
	h->late[(h->first + h->count++) % h->capacity] =
		(struct late){ connection, now_us() + h->delay_us };
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->mutex);
}

static void *run_late(void *data)
{
	struct http *h = data;
	pthread_mutex_lock(&h->mutex);
	for (;;) {
		while (h->count == 0)
			pthread_cond_wait(&h->wake, &h->mutex);
		int64_t left = h->late[h->first].due_us - now_us();
		if (left > 0) {
			struct timespec t = { left / 1000000, left % 1000000 * 1000 };
			pthread_mutex_unlock(&h->mutex);
			nanosleep(&t, NULL);
			pthread_mutex_lock(&h->mutex);
			continue;
		}
		struct MHD_Connection *c = h->late[h->first].connection;
		h->first = (h->first + 1) % h->capacity;
		h->count--;
		MHD_resume_connection(c);
	}
	return NULL;
}

/* ---- requests ---- */

static enum MHD_Result answer(struct http *h, struct MHD_Connection *connection,
			      const struct http_request *r)
{
	struct http_answer a = { .status = 200 };
	buf_init(&a.body, (size_t)1 << 30);
	h->on(h->data, r, &a);
	size_t size = a.body.size;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(size, buf_take(&a.body), MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", "application/json");
	enum MHD_Result r2 = MHD_queue_response(connection, a.status, response);
	MHD_destroy_response(response);
	return r2;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version UNUSED,
				  const char *upload, size_t *upload_size, void **state)
{
	struct http *h = cls;
	struct exchange *x = *state;
	bool is_post = strcmp(method, "POST") == 0;
	if (x == NULL) {
		x = *state = xcalloc(1, sizeof(*x));
		buf_init(&x->body, BODY_MAX);
		return MHD_YES;
	}
	if (*upload_size > 0) {
		buf_add(&x->body, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (h->delay_us > 0 && is_post && !x->is_late) {
		x->is_late = true;
		put_off(h, connection);
		return MHD_YES;
	}
	return answer(h, connection, &(struct http_request){ .path = url, .is_post = is_post,
							     .body = buf_bytes(&x->body),
							     .connection = connection });
}

static void on_completed(void *cls UNUSED, struct MHD_Connection *connection UNUSED, void **state,
			 enum MHD_RequestTerminationCode code UNUSED)
{
	struct exchange *x = *state;
	if (x == NULL)
		return;
	buf_done(&x->body);
	free(x);
	*state = NULL;
}

int64_t http_number(const struct http_request *r, const char *name, int64_t otherwise)
{
	const char *text = MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
	return text != NULL ? strtoll(text, NULL, 10) : otherwise;
}

void http_serve(unsigned port, int64_t delay_ms, http_on_request *on, void *data)
{
	struct http *h = xcalloc(1, sizeof(*h));
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	h->on = on;
	h->data = data;
	h->delay_us = delay_ms * 1000;
	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->wake, NULL);
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME,
				     (uint16_t)port, NULL, NULL, on_request, h,
				     MHD_OPTION_SOCK_ADDR, &here,
				     MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
				     MHD_OPTION_CONNECTION_LIMIT, 1024u,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384,
				     MHD_OPTION_END);
	if (h->daemon == NULL) {
		fprintf(stderr, "cannot listen on 127.0.0.1:%u\n", port);
		exit(1);
	}
	printf("http://127.0.0.1:%u\n",
	       (unsigned)MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	run_late(h);
}
