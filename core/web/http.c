/* http.c: libmicrohttpd in our loop, the deadlines of connections, and the
 * frames from the core. */
#include "web/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/poison.h"

#define SWEEP_MS 100
#define TELL_MS 3000 /* the core ends us when it hears nothing for much longer */
#define IDLE_MS 75000 /* longer than a proxy keeps it (nginx: 60 s) */
#define CONNECTION_MEMORY (32u * 1024u)
#define SLOTS_MAX 65535u
#define STOP_MS 2000 /* for answers under way; new requests are turned away meanwhile */

static void run_daemon(struct http *h);

/* ---- connections and their deadlines ---- */

void conn_enter(struct conn *c, enum phase phase)
{
	c->phase = phase;
	c->since_mono_ms = clock_mono_ms();
}

static void on_connection(void *data, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http *h = data;
	struct conn *c = *socket_context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		c = xcalloc(1, sizeof(*c));
		c->http = h;
		c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		conn_enter(c, PHASE_NEW);
		c->next = h->conns;
		c->at = &h->conns;
		if (c->next != NULL)
			c->next->at = &c->next;
		h->conns = c;
		h->counts.connections++;
		*socket_context = c;
		return;
	}
	if (c == NULL)
		return;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	h->counts.connections--;
	free(c);
	*socket_context = NULL;
}

static int64_t limit_of(const struct http *h, enum phase phase)
{
	switch (phase) {
	case PHASE_NEW:
	case PHASE_HEADERS:
		return h->options->header_ms;
	case PHASE_BODY:
	case PHASE_SENDING:
		return h->options->body_ms;
	case PHASE_WAITING:
		return h->options->answer_ms;
	case PHASE_IDLE:
		return IDLE_MS;
	}
	return 0;
}

/* libmicrohttpd's own timeout counts inactivity: a drip lives for ever. */
static void cut(struct conn *c)
{
	if (c->phase != PHASE_IDLE)
		c->http->counts.cut++;
	c->cut = true;
	shutdown(c->fd, SHUT_RDWR);
}

/* That this loop goes round. */
static void tell_core(struct http *h, int64_t now)
{
	if (now - h->told_mono_ms < TELL_MS)
		return;
	h->told_mono_ms = now;
	/* A core with much to read already hears of us soon. */
	enum jembatan_result r = channel_put(h->core, MSG_WEB_COUNTS, 0, msg_web_counts_fields,
					     &h->counts, bytes_text(NULL), NULL);
	(void)r;
}

static void on_sweep(void *data)
{
	struct http *h = data;
	int64_t now = clock_mono_ms();
	tell_core(h, now);
	for (struct conn *c = h->conns; c != NULL; c = c->next) {
		if (c->cut || now - c->since_mono_ms < limit_of(h, c->phase))
			continue;
		if (c->phase == PHASE_WAITING) {
			h->counts.late++;
			request_give_up(c->request);
		} else {
			cut(c);
		}
	}
	FAULT_COVERED();
	loop_timer_set(h->sweep, SWEEP_MS);
	run_daemon(h);
}

/* ---- the core ---- */

static void watch_core(struct http *h)
{
	if (!h->lost && channel_flush(h->core, NULL) != JEMBATAN_OK)
		h->lost = true;
	if (h->lost)
		loop_stop(h->loop);
	else
		loop_fd_set(h->core_fd, LOOP_READ |
			    (channel_wants_write(h->core) ? LOOP_WRITE : 0u));
}

static enum jembatan_result on_frame(struct http *h, const struct frame *f)
{
	struct msg_web_answer answer = { 0 };
	if (f->type == MSG_STOP) {
		h->stopping = true;
		h->stop_by_mono_ms = clock_mono_ms() + STOP_MS;
		return JEMBATAN_OK;
	}
	arena_reset(h->arena);
	if (f->type != MSG_WEB_ANSWER ||
	    field_unpack(msg_web_answer_fields, f->meta, h->arena, &answer, NULL) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	request_answer(h, f->seq, &answer, f->blob);
	return JEMBATAN_OK;
}

static void on_core(void *data, unsigned events)
{
	struct http *h = data;
	struct frame f;
	enum jembatan_result r = JEMBATAN_OK;
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0 && channel_fill(h->core, NULL) == JEMBATAN_GONE)
		h->lost = true;
	while (r == JEMBATAN_OK) {
		r = channel_next(h->core, &f, NULL);
		if (r == JEMBATAN_OK)
			r = on_frame(h, &f);
	}
	if (r != JEMBATAN_IDLE)
		h->lost = true;
	run_daemon(h);
}

/* ---- libmicrohttpd ---- */

/* An answer larger than the socket's buffer goes out in pieces. */
static bool is_sending(const struct http *h)
{
	for (const struct conn *c = h->conns; c != NULL; c = c->next)
		if (c->phase == PHASE_SENDING && !c->cut)
			return true;
	return false;
}

static bool may_stop(const struct http *h)
{
	return h->stopping && h->counts.requests_under_way == 0 &&
	       (!is_sending(h) || clock_mono_ms() >= h->stop_by_mono_ms);
}

static void run_daemon(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;
	MHD_run(h->daemon);
	watch_core(h);
	if (may_stop(h))
		loop_stop(h->loop);
	if (MHD_get_timeout(h->daemon, &wait_ms) != MHD_YES)
		loop_timer_stop(h->daemon_timer);
	else
		loop_timer_set(h->daemon_timer, wait_ms > 60000 ? 60000 : (int64_t)wait_ms);
}

static void on_daemon(void *data, unsigned events)
{
	(void)events;
	run_daemon(data);
}

static void on_daemon_timer(void *data)
{
	run_daemon(data);
}

/* Signatures and paths are over the bytes as they came. */
static size_t keep_escapes(void *data, struct MHD_Connection *connection, char *text)
{
	(void)data;
	(void)connection;
	return strlen(text);
}

static void make_slots(struct http *h)
{
	h->slot_count = h->options->connections < SLOTS_MAX ? h->options->connections : SLOTS_MAX;
	h->slots = xcalloc(h->slot_count, sizeof(*h->slots));
	for (size_t i = 0; i < h->slot_count; i++)
		h->slots[i].next_free = i + 1 < h->slot_count ? i + 2 : 0;
	h->first_free = 1;
}

struct http *http_new(struct loop *loop, struct channel *core, int listen_fd,
		      const struct msg_web_open *options)
{
	struct http *h = xcalloc(1, sizeof(*h));
	h->loop = loop;
	h->core = core;
	h->options = options;
	h->arena = arena_new();
	h->addresses = addresses_new(options->per_address);
	make_slots(h);
	h->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request_handle, h,
		MHD_OPTION_LISTEN_SOCKET, listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u,
		MHD_OPTION_URI_LOG_CALLBACK, request_begin, h,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, h,
		MHD_OPTION_NOTIFY_COMPLETED, request_end, h,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
		MHD_OPTION_END);
	ASSERT(h->daemon != NULL);
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	h->core_fd = loop_fd_add(loop, channel_fd(core), LOOP_READ, on_core, h);
	h->daemon_fd = loop_fd_add(loop, info->epoll_fd, LOOP_READ, on_daemon, h);
	h->daemon_timer = loop_timer_new(loop, on_daemon_timer, h);
	h->sweep = loop_timer_new(loop, on_sweep, h);
	loop_timer_set(h->sweep, SWEEP_MS);
	run_daemon(h);
	return h;
}

void http_free(struct http *h)
{
	for (struct conn *c = h->conns; c != NULL; c = c->next)
		if (c->phase == PHASE_WAITING)
			request_give_up(c->request);
	/* It closes its descriptor. */
	loop_fd_remove(h->daemon_fd);
	MHD_stop_daemon(h->daemon);
	loop_fd_remove(h->core_fd);
	loop_timer_free(h->daemon_timer);
	loop_timer_free(h->sweep);
	addresses_free(h->addresses);
	arena_free(h->arena);
	free(h->slots);
	free(h);
}
