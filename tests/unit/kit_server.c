/* kit_server.c: the misbehaving peer. One libmicrohttpd thread; what tests read
 * is behind one mutex. */
#include "kit_server.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define SLOW_MAX 8u

struct kit_server {
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock;
	unsigned port, count, connections, posts, tokens, refreshes;
	bool refuse;
	const char *issue_next, *issue_later;
	char body[4096], authorization[256];
	struct MHD_Connection *slow[SLOW_MAX];
	unsigned slow_count;
};

struct exchange {
	struct buf body;
	bool was_suspended;
};

/* 512 KiB of spaces, deflated. */
static const unsigned char bomb[544] = {
	0x1f, 0x8b, 0x08, 0x00,		0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1,
	0x81, 0x00, 0x00, 0x00,		0x00, 0xc3, 0x20, 0x95, 0xf9, 0x53, 0xde, 0xe0,
	0x04, 0x55, 0x01, [534] = 0x7c, 0x03, 0x07, 0x5c, 0x6a, 0x99, 0x00, 0x00, 0x08,
};

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
			      const char *name, const char *value, const void *body, size_t size)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(size, (void *)(uintptr_t)body,
								 MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(r, "Content-Type", type);
	if (name)
		MHD_add_response_header(r, name, value);
	enum MHD_Result result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result text(struct MHD_Connection *c, unsigned status, const char *body)
{
	return answer(c, status, "text/plain; charset=utf-8", NULL, NULL, body, strlen(body));
}

static ssize_t on_truncated(void *self, uint64_t at, char *out, size_t most)
{
	(void)self, (void)most;
	if (at > 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	memset(out, 'x', 10);
	return 10;
}

static enum MHD_Result truncated(struct MHD_Connection *c)
{
	struct MHD_Response *r =
		MHD_create_response_from_callback(100, 64, on_truncated, NULL, NULL);
	enum MHD_Result result = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result huge(struct MHD_Connection *c)
{
	static char body[1024 * 1024];
	memset(body, 'x', sizeof(body));
	return answer(c, 200, "text/plain", NULL, NULL, body, sizeof(body));
}

static enum MHD_Result retry_date(struct MHD_Connection *c)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(r, "Date", "Sat, 21 Nov 2026 10:00:00 GMT");
	MHD_add_response_header(r, "Retry-After", "Sat, 21 Nov 2026 10:00:30 GMT");
	enum MHD_Result result = MHD_queue_response(c, 429, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result two_headers(struct MHD_Connection *c)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(4, (void *)(uintptr_t)"halo",
								MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
	MHD_add_response_header(r, "Date", "Sat, 21 Nov 2026 10:00:00 GMT");
	MHD_add_response_header(r, "X-Two", "one");
	MHD_add_response_header(r, "X-Two", "two");
	enum MHD_Result result = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result slow(struct kit_server *s, struct MHD_Connection *c, struct exchange *x)
{
	if (x->was_suspended || s->slow_count == SLOW_MAX)
		return text(c, 200, "late");
	x->was_suspended = true;
	s->slow[s->slow_count++] = c;
	MHD_suspend_connection(c);
	return MHD_YES;
}

static enum MHD_Result token(struct kit_server *s, struct MHD_Connection *c,
			     const struct exchange *x)
{
	char body[2200], wanted[64], rotated[64] = "", own[32];
	const char *form = x->body.size > 0 ? x->body.data : "";
	if (strstr(form, "grant_type=refresh_token")) {
		snprintf(wanted, sizeof(wanted), "refresh_token=r-%u", s->refreshes);
		if (!strstr(form, wanted))
			return text(c, 400, "{\"error\":\"invalid_grant\"}");
		snprintf(rotated, sizeof(rotated), ",\"refresh_token\":\"r-%u\"", ++s->refreshes);
	} else if (!strstr(form, "grant_type=client_credentials")) {
		return text(c, 400, "{\"error\":\"invalid_request\"}");
	}
	if (strstr(form, "client_secret=wrong"))
		return text(c, 400, "{\"error\":\"invalid_client\"}");
	snprintf(own, sizeof(own), "tok-%u", ++s->tokens);
	snprintf(body, sizeof(body), "{\"access_token\":\"%s\",\"token_type\":\"bearer\","
		 "\"expires_in\":3600%s}", s->issue_next ? s->issue_next : own, rotated);
	s->issue_next = s->issue_later;
	return answer(c, 200, "application/json", NULL, NULL, body, strlen(body));
}

static enum MHD_Result guarded(struct kit_server *s, struct MHD_Connection *c)
{
	char wanted[64];
	snprintf(wanted, sizeof(wanted), "Bearer tok-%u", s->tokens);
	bool fits = !s->refuse && s->tokens > 0 && str_equal(s->authorization, wanted);
	return fits ? text(c, 200, "rahasia") : text(c, 401, "no");
}

static enum MHD_Result route(struct kit_server *s, struct MHD_Connection *c, const char *path,
			     struct exchange *x)
{
	const char *to = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "to");
	if (str_equal(path, "/ok"))
		return two_headers(c);
	if (str_starts(path, "/status/"))
		return text(c, (unsigned)strtoul(path + 8, NULL, 10), "said so");
	if (str_equal(path, "/429/seconds"))
		return answer(c, 429, "text/plain", "Retry-After", "7", "", 0);
	if (str_equal(path, "/429/date"))
		return retry_date(c);
	if (str_equal(path, "/huge"))
		return huge(c);
	if (str_equal(path, "/bomb"))
		return answer(c, 200, "text/plain", "Content-Encoding", "gzip", bomb, sizeof(bomb));
	if (str_equal(path, "/redirect"))
		return answer(c, 302, "text/plain", "Location", to ? to : "/ok", "", 0);
	if (str_equal(path, "/truncated"))
		return truncated(c);
	if (str_equal(path, "/slow"))
		return slow(s, c, x);
	if (str_equal(path, "/close"))
		return MHD_NO; /* closed without a byte, after the body was read */
	if (str_equal(path, "/token"))
		return token(s, c, x);
	return str_equal(path, "/guarded") ? guarded(s, c) : text(c, 404, "no such thing");
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct kit_server *s = self;
	struct exchange *x = *state;
	(void)version;
	if (!x) {
		*state = x = xcalloc(1, sizeof(*x));
		buf_init(&x->body, sizeof(s->body) - 1);
		return MHD_YES;
	}
	if (*size > 0) {
		buf_add(&x->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	pthread_mutex_lock(&s->lock);
	const char *authorization =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
	s->count += !x->was_suspended;
	s->posts += str_equal(method, "POST");
	snprintf(s->authorization, sizeof(s->authorization), "%s",
		 authorization ? authorization : "");
	snprintf(s->body, sizeof(s->body), "%s", x->body.size > 0 ? x->body.data : "");
	enum MHD_Result result = route(s, c, path, x);
	pthread_mutex_unlock(&s->lock);
	return result;
}

static void on_done(void *self, struct MHD_Connection *c, void **state,
		    enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *state;
	(void)self, (void)c, (void)code;
	if (!x)
		return;
	buf_done(&x->body);
	free(x);
	*state = NULL;
}

static void on_connection(void *self, struct MHD_Connection *c, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	struct kit_server *s = self;
	(void)c, (void)state;
	pthread_mutex_lock(&s->lock);
	s->connections += code == MHD_CONNECTION_NOTIFY_STARTED;
	pthread_mutex_unlock(&s->lock);
}

struct kit_server *kit_server_start(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct kit_server *s = xcalloc(1, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_request, s, MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_NOTIFY_COMPLETED, on_done, s,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
	ASSERT(s->daemon);
	s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	return s;
}

void kit_server_stop(struct kit_server *s)
{
	for (unsigned i = 0; i < s->slow_count; i++)
		MHD_resume_connection(s->slow[i]);
	MHD_stop_daemon(s->daemon);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

char *kit_server_url(const struct kit_server *s, const char *path)
{
	return xasprintf("http://127.0.0.1:%u%s", s->port, path);
}

static unsigned read_locked(struct kit_server *s, const unsigned *value)
{
	pthread_mutex_lock(&s->lock);
	unsigned out = *value;
	pthread_mutex_unlock(&s->lock);
	return out;
}

unsigned kit_server_count(struct kit_server *s)
{
	return read_locked(s, &s->count);
}

unsigned kit_server_connections(struct kit_server *s)
{
	return read_locked(s, &s->connections);
}

unsigned kit_server_posts(struct kit_server *s)
{
	return read_locked(s, &s->posts);
}

unsigned kit_server_tokens(struct kit_server *s)
{
	return read_locked(s, &s->tokens);
}

unsigned kit_server_refreshes(struct kit_server *s)
{
	return read_locked(s, &s->refreshes);
}

void kit_server_issue(struct kit_server *s, const char *next, const char *later)
{
	pthread_mutex_lock(&s->lock);
	s->issue_next = next;
	s->issue_later = later;
	pthread_mutex_unlock(&s->lock);
}

void kit_server_revoke(struct kit_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->tokens++;
	pthread_mutex_unlock(&s->lock);
}

void kit_server_refuse_all(struct kit_server *s, bool refuse)
{
	pthread_mutex_lock(&s->lock);
	s->refuse = refuse;
	pthread_mutex_unlock(&s->lock);
}

/* The exchange is over when tests read these: nothing writes meanwhile. */
const char *kit_server_body(struct kit_server *s)
{
	return s->body;
}

const char *kit_server_authorization(struct kit_server *s)
{
	return s->authorization;
}
