/* client.c: libcurl multi in a loop. libcurl repeats a request by itself
 * when a kept connection turns out dead. So it asks before each sending, and
 * once a byte has left the answer is no: such a request ends as 42 with bytes
 * sent, unknown. It never follows a redirect, speaks HTTP/1.1 only (a refused
 * HTTP/2 stream is repeated too) and takes no proxy from the environment.
 *
 * A call and its handle are kept for the next request as they are: to reset
 * one and to set it up anew costs more than to send a report. */
#include "central/client.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/fault.h"
#include "central/reason.h"
#include "central/sockets.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define UPLOAD_BYTES_PER_MS 16 /* the slowest line that we wait for */
/* So long behind its deadline a request is lost, and so often that is looked at. */
#define LOST_MS FAULT_NUMBER("JEMBATAN_LOST_MS", 10000)
#define KEPT_MAX 256u
#define PARTS_MAX 16u

struct body_reader { /* a text that is read once */
	const char *data;
	size_t size, given;
};

struct client_call {
	struct client *client;
	CURL *easy;
	unsigned set_up; /* for which options; 0: for none */
	int64_t timeout_ms;
	struct curl_slist *headers; /* of a kept one: its key first, then the usual ones */
	char *url; /* of a report, with its parts in address */
	CURLU *address;
	curl_mime *mime;
	struct body_reader parts[PARTS_MAX];
	struct buf answer;
	size_t head_size; /* of all headers, those of 1xx answers too */
	char error[CURL_ERROR_SIZE];
	size_t to_send, sent; /* of the body; for the fault point only */
	int64_t started_mono_ms, lost_mono_ms;
	client_on_done *on_done;
	void *data;
	struct client_call *next, *before;
};

struct client {
	struct loop *loop;
	struct client_options options;
	CURLM *multi;
	struct sockets *sockets;
	struct loop_timer *timer, *lost;
	struct client_call *calls;
	unsigned options_count;	  /* how often they were set */
	struct client_call *kept; /* by next */
	size_t kept_count;
};

/* ---- libcurl's callbacks ---- */

static size_t on_read_body(char *out, size_t size, size_t count, void *data)
{
	struct body_reader *b = data;
	size_t room = size * count, left = b->size - b->given;
	size_t n = left < room ? left : room;

	memcpy(out, b->data + b->given, n);
	b->given += n;
	return n;
}

static size_t on_read_upload(char *out, size_t size, size_t count, void *data)
{
	size_t n = 0;

	if (upload_next(data, out, size * count, &n) != JEMBATAN_OK)
		return CURL_READFUNC_ABORT;
	return n;
}

static size_t on_answer(char *piece, size_t size, size_t count, void *data)
{
	struct client_call *call = data;

	buf_add(&call->answer, piece, size * count);
	return buf_is_full(&call->answer) ? 0 : size * count;
}

/* libcurl 7.88 keeps all headers of an answer, and knows no end of them. */
static size_t on_header(char *line UNUSED, size_t size, size_t count, void *data)
{
	struct client_call *call = data;

	call->head_size += size * count;
	return call->head_size > CLIENT_HEAD_MAX ? 0 : size * count;
}

static bool any_sent(CURL *easy)
{
	long bytes = 0;

	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes);
	return bytes > 0;
}

static int before_sending(void *data, char *peer UNUSED, char *local UNUSED, int peer_port UNUSED,
			  int local_port)
{
	struct client_call *call = data;
	bool is_first = !any_sent(call->easy) || FAULT_PLANTED("curl-repeats");

	return is_first && surplus_is_fit(sockets_surplus(call->client->sockets), local_port) ?
		       CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

#ifdef JEMBATAN_FAULTS
static int on_debug(CURL *easy UNUSED, curl_infotype type, char *bytes UNUSED, size_t size,
		    void *data)
{
	struct client_call *call = data;
	bool was_sent = call->sent >= call->to_send;

	if (type == CURLINFO_DATA_OUT)
		call->sent += size;
	if (!was_sent && call->sent >= call->to_send)
		FAULT_POINT("push.sent");
	return 0;
}
#endif

/* ---- one request ---- */

static void set_fixed(const struct client *c, struct client_call *call)
{
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOPROXY, ""); /* or the environment is read for each request */
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	if (c->options.ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, c->options.ca_file);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	/* By itself each handle holds 80 KiB, and hundreds may be under way. */
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 8192L);
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->options.connect_timeout_ms);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(e, CURLOPT_PRIVATE, call);
	surplus_watch(sockets_surplus(c->sockets), e);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_sending);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, call);
#ifdef JEMBATAN_FAULTS
	curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(e, CURLOPT_DEBUGDATA, call);
#endif
}

static void add_header(struct client_call *call, const char *line)
{
	struct curl_slist *list = curl_slist_append(call->headers, line);

	ASSERT(list);
	call->headers = list;
}

static void add_secret_header(struct client_call *call, const char *name, const char *before,
			      const struct secret *secret, const char *after)
{
	char *line = xasprintf("%s: %s%s%s", name, before, secret_reveal(secret), after);

	add_header(call, line);
	mem_wipe(line, strlen(line));
	free(line);
}

static void add_credentials(struct client_call *call, const struct client_options *o)
{
	if (o->secret) {
		bool has_scheme = o->auth_scheme && *o->auth_scheme;
		CLEANUP(free_pointer) char *scheme =
			has_scheme ? xasprintf("%s ", o->auth_scheme) : xstrdup("");
		add_secret_header(call, o->auth_header ? o->auth_header : "Authorization", scheme,
				  o->secret, "");
	}
	if (o->guid) {
		bool has_braces = secret_reveal(o->guid)[0] == '{';
		add_secret_header(call, "token", has_braces ? "" : "{", o->guid,
				  has_braces ? "" : "}");
	}
}

/* Kept with a call, since all reports have the same ones but for their key. */
static void set_headers(struct client_call *call, const struct client_request *r)
{
	if (r->idempotency_key) {
		CLEANUP(free_pointer) char *line =
			xasprintf("Idempotency-Key: %s", r->idempotency_key);
		add_header(call, line);
	}
	add_header(call, "User-Agent: jembatan/" PACKAGE_VERSION);
	add_header(call, "Accept: application/json");
	add_header(call, "Expect:"); /* a 417 would make libcurl send again */
	if (r->body)
		add_header(call, "Content-Type: application/json");
	if (!r->without_credentials)
		add_credentials(call, &call->client->options);
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void change_key(struct client_call *call, const char *key)
{
	free(call->headers->data);
	call->headers->data = xasprintf("Idempotency-Key: %s", key);
}

static void set_body(struct client_call *call, const char *body)
{
	call->to_send = strlen(body);
	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->to_send);
	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body);
}

static void set_part(struct client_call *call, curl_mimepart *part, const struct client_part *p,
		     struct body_reader *text)
{
	ASSERT(curl_mime_name(part, p->name) == CURLE_OK);
	if (p->upload) {
		call->to_send += upload_size(p->upload);
		curl_mime_filename(part, p->file_name);
		curl_mime_type(part, p->media_type ? p->media_type : "application/octet-stream");
		curl_mime_data_cb(part, (curl_off_t)upload_size(p->upload), on_read_upload, NULL,
				  NULL, p->upload);
		return;
	}
	*text = (struct body_reader){ .data = p->text, .size = strlen(p->text) };
	call->to_send += text->size;
	curl_mime_data_cb(part, (curl_off_t)text->size, on_read_body, NULL, NULL, text);
}

static void set_parts(struct client_call *call, const struct client_request *r)
{
	ASSERT(r->part_count <= PARTS_MAX);
	call->mime = curl_mime_init(call->easy);
	ASSERT(call->mime);
	for (size_t i = 0; i < r->part_count; i++)
		set_part(call, curl_mime_addpart(call->mime), &r->parts[i], &call->parts[i]);
	curl_easy_setopt(call->easy, CURLOPT_MIMEPOST, call->mime);
}

static void forget_url(struct client_call *call)
{
	curl_url_cleanup(call->address);
	call->address = NULL;
	free(call->url);
	call->url = NULL;
}

/* By itself libcurl takes an address apart and prints it together again for
 * each request; of a CURLU it copies the parts. That copy has no IPv6 zone.
 * The text is still what it goes by when it opens another connection. */
static void set_url(struct client_call *call, const char *url)
{
	char *zone = NULL;

	if (call->url && strcmp(call->url, url) == 0)
		return;
	forget_url(call);
	call->url = xstrdup(url);
	call->address = curl_url();
	ASSERT(call->address);
	bool is_usable = curl_url_set(call->address, CURLUPART_URL, url,
				      CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
			 curl_url_get(call->address, CURLUPART_ZONEID, &zone, 0) ==
				 CURLUE_NO_ZONEID;
	curl_free(zone);
	curl_easy_setopt(call->easy, CURLOPT_URL, url);
	curl_easy_setopt(call->easy, CURLOPT_CURLU, is_usable ? call->address : NULL);
}

static void wipe_headers(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l; l = l->next)
		mem_wipe(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

/* Back to a handle that nothing is set in; its connections stay. */
static void strip(struct client_call *call)
{
	curl_easy_reset(call->easy);
	curl_mime_free(call->mime);
	call->mime = NULL;
	wipe_headers(call->headers);
	call->headers = NULL;
	forget_url(call);
	call->set_up = 0;
	call->timeout_ms = -1;
}

static void free_call(struct client_call *call)
{
	strip(call);
	curl_easy_cleanup(call->easy);
	free(call);
}

static struct client_call *new_call(struct client *c)
{
	struct client_call *call = c->kept;

	if (call) {
		c->kept = call->next;
		c->kept_count--;
		return call;
	}
	call = xcalloc(1, sizeof(*call));
	call->client = c;
	call->timeout_ms = -1;
	call->easy = curl_easy_init();
	ASSERT(call->easy);
	return call;
}

/* Only reports with a key of their own are kept set up. */
static bool is_report(const struct client_request *r)
{
	return r->body && r->idempotency_key && !r->without_credentials;
}

static void set_up(struct client_call *call, const struct client_request *r)
{
	struct client *c = call->client;
	bool may_keep = is_report(r);

	if (may_keep && call->set_up == c->options_count) {
		change_key(call, r->idempotency_key);
		set_body(call, r->body);
		set_url(call, r->url);
		return;
	}
	strip(call);
	set_fixed(c, call);
	set_headers(call, r);
	if (may_keep)
		set_url(call, r->url);
	else
		curl_easy_setopt(call->easy, CURLOPT_URL, r->url);
	if (r->body)
		set_body(call, r->body);
	else if (r->part_count > 0)
		set_parts(call, r);
	call->set_up = may_keep ? c->options_count : 0;
}

static void set_timeout(struct client_call *call, int64_t ms)
{
	if (call->timeout_ms != ms)
		curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)ms);
	call->timeout_ms = ms;
}

struct client_call *client_start(struct client *c, const struct client_request *r,
				 client_on_done *on_done, void *data)
{
	struct client_call *call = new_call(c);
	int64_t timeout = c->options.connect_timeout_ms + c->options.answer_timeout_ms;

	call->on_done = on_done;
	call->data = data;
	call->started_mono_ms = clock_mono_ms();
	call->to_send = call->sent = call->head_size = 0;
	call->error[0] = '\0';
	buf_init(&call->answer, CLIENT_ANSWER_MAX);
	set_up(call, r);
	timeout = FAULT_NUMBER("JEMBATAN_ANSWER_MS", timeout) +
		  (int64_t)(call->to_send / UPLOAD_BYTES_PER_MS);
	set_timeout(call, timeout);
	call->lost_mono_ms = call->started_mono_ms + timeout + LOST_MS;
	if (!c->calls)
		loop_timer_set(c->lost, LOST_MS);
	call->before = NULL;
	call->next = c->calls;
	if (c->calls)
		c->calls->before = call;
	c->calls = call;
	ASSERT(curl_multi_add_handle(c->multi, call->easy) == CURLM_OK);
	return call;
}

void client_cancel(struct client_call *call)
{
	struct client *c = call->client;

	curl_multi_remove_handle(c->multi, call->easy);
	if (call->before)
		call->before->next = call->next;
	else
		c->calls = call->next;
	if (call->next)
		call->next->before = call->before;
	buf_done(&call->answer);
	if (call->set_up != c->options_count)
		strip(call);
	if (c->kept_count == KEPT_MAX) {
		free_call(call);
		return;
	}
	call->next = c->kept;
	c->kept = call;
	c->kept_count++;
}

/* ---- the end of a request ---- */

/* A date is measured against the peer's own clock where it says what that is. */
static int64_t retry_after(CURL *easy)
{
	struct curl_header *h = NULL, *date = NULL;
	int64_t now_ms = clock_now_ms();

	if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return -1;
	CLEANUP(free_pointer) char *value = xstrdup(h->value);
	if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
		time_t peer = curl_getdate(date->value, NULL);
		if (peer > 0)
			now_ms = (int64_t)peer * 1000;
	}
	int64_t wait = backoff_retry_after_ms(value, now_ms);
	int64_t most = FAULT_NUMBER("JEMBATAN_RETRY_AFTER_MAX_MS", INT64_MAX);
	return wait < most ? wait : most;
}

static void end_call(struct client_call *call, CURLcode code)
{
	struct client_answer a = { .curl_code = (int)code, .retry_after_ms = -1 };
	client_on_done *on_done = call->on_done;
	void *data = call->data;
	struct buf answer = call->answer;
	char detail[CLIENT_DETAIL_MAX];
	long status = 0;

	str_copy(detail, sizeof(detail), call->error);

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	a.status = (unsigned)status;
	a.any_sent = any_sent(call->easy);
	a.is_too_long = buf_is_full(&call->answer) || call->head_size > CLIENT_HEAD_MAX;
	a.retry_after_ms = retry_after(call->easy);
	a.took_ms = clock_mono_ms() - call->started_mono_ms;
	a.error = reason_of((int)code);
	if (code != CURLE_OK) /* the call's own text ends with it */
		a.detail = *detail ? detail : curl_easy_strerror(code);
	buf_init(&call->answer, 0);
	client_cancel(call);
	a.body = buf_bytes(&answer);
	on_done(data, &a);
	buf_done(&answer);
}

static void end_calls(struct client *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left))) {
		struct client_call *call = NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		end_call(call, code);
	}
}

/* ---- the loop ---- */

static void act(struct client *c, curl_socket_t fd, int events)
{
	int running;

	if (FAULT_PLANTED("curl-forgets"))
		return;
	curl_multi_socket_action(c->multi, fd, events, &running);
	end_calls(c);
}

/* Where libcurl had no memory to remember a socket it waits for nothing, not even
 * for the deadline: the row would be `sending` for ever. */
static void on_lost(void *data)
{
	struct client *c = data;
	struct client_call *call;

	do {
		call = c->calls;
		while (call && clock_mono_ms() < call->lost_mono_ms)
			call = call->next;
		if (call)
			end_call(call, CURLE_OPERATION_TIMEDOUT);
	} while (call);
	if (c->calls)
		loop_timer_set(c->lost, LOST_MS);
}

static void on_timer(void *data)
{
	act(data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_ready(void *data, curl_socket_t fd, int bits)
{
	act(data, fd, bits);
}

static int on_watch(CURL *easy UNUSED, curl_socket_t fd, int what, void *data,
		    void *known UNUSED)
{
	struct client *c = data;

	sockets_watch(c->sockets, fd, what);
	return 0;
}

static int on_wait(CURLM *multi UNUSED, long timeout_ms, void *data)
{
	struct client *c = data;

	if (timeout_ms < 0)
		loop_timer_stop(c->timer);
	else
		loop_timer_set(c->timer, timeout_ms);
	return 0;
}

void client_set_options(struct client *c, const struct client_options *options)
{
	c->options = *options;
	c->options_count++;
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)options->connections);
}

struct client *client_new(struct loop *loop, const struct client_options *options)
{
	static bool is_ready;
	struct client *c = xcalloc(1, sizeof(*c));

	if (!is_ready)
		ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	is_ready = true;
	c->loop = loop;
	c->options = *options;
	c->options_count = 1;
	c->timer = loop_timer_new(loop, on_timer, c);
	c->lost = loop_timer_new(loop, on_lost, c);
	c->sockets = sockets_new(loop, on_ready, c);
	c->multi = curl_multi_init();
	ASSERT(c->multi);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_wait);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)options->connections);
	return c;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	while (c->calls)
		client_cancel(c->calls);
	while (c->kept)
		free_call(new_call(c));
	curl_multi_cleanup(c->multi);
	sockets_free(c->sockets);
	loop_timer_free(c->timer);
	loop_timer_free(c->lost);
	free(c);
}
