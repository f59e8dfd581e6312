/* kit_http.c: HTTP for plugins, on one libcurl handle per instance. Promises:
 * every connection is judged by the address it really has; a request that is
 * not GET or HEAD leaves at most once; an answer has a ceiling, in bytes after
 * decompression and in time; each failure says what the caller should do. */
#include "kit/kit_internal.h"

#include "base/backoff.h"
#include "base/buf.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/poison.h"

#define REDIRECTS_MAX 3
#define HEADERS_MAX 64u
#define ERROR_BODY_MAX ((size_t)64 * 1024)

struct kit_http {
	struct jembatan_context *ctx;
	CURL *easy;
	char **origins;
	size_t origin_count;
	char *user_agent, *ca_file;
	int64_t connect_ms, answer_ms;
	size_t body_ceiling;
	struct kit_budget budget;
	struct buf *header_value; /* what kit_http_header returned */
	/* of the exchange under way, and of the last one */
	const struct kit_http_request *request;
	struct buf body;
	size_t sent, received;
	bool may_be_private; /* addresses: an operator wrote the origin */
	bool refused_address, leaving, stopped;
	enum jembatan_result spool_result;
	char *url, *location, *media_type;
	const char *secret; /* borrowed from the request */
};

/* ---- callbacks of libcurl ---- */

static curl_socket_t on_open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct kit_http *h = self;
	(void)purpose;
	if (!h->may_be_private && !kit_guard_address(&address->addr)) {
		h->refused_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool is_public_text(const char *ip)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1)
		return kit_guard_address((const struct sockaddr *)&in);
	return inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1 &&
	       kit_guard_address((const struct sockaddr *)&in6);
}

/* Called when the connection stands, also a kept one, which on_open_socket has
 * judged for another request. From here on something may have left. */
static int on_before_request(void *self, char *remote_ip, char *local_ip, int remote_port,
			     int local_port)
{
	struct kit_http *h = self;
	(void)local_ip, (void)remote_port, (void)local_port;
	if (!h->may_be_private && !is_public_text(remote_ip)) {
		h->refused_address = true;
		return CURL_PREREQFUNC_ABORT;
	}
	h->leaving = true;
	return CURL_PREREQFUNC_OK;
}

static int on_progress(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct kit_http *h = self;
	(void)a, (void)b, (void)c, (void)d;
	if (jembatan_stopping(h->ctx))
		h->stopped = true;
	return h->stopped;
}

/* No SEEKFUNCTION beside it: with one, libcurl would send a body again on a
 * new connection after the server had read it on a kept one. */
static size_t on_read(char *out, size_t size, size_t count, void *self)
{
	struct kit_http *h = self;
	size_t left = h->request->body.size - h->sent;
	size_t n = size * count < left ? size * count : left;
	if (n > 0)
		memcpy(out, (const char *)h->request->body.data + h->sent, n);
	h->sent += n;
	return n;
}

static long status_of(const struct kit_http *h)
{
	long status = 0;
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t on_write(char *data, size_t size, size_t count, void *self)
{
	struct kit_http *h = self;
	size_t n = size * count;
	long status = status_of(h);
	h->received += n;
	if (!h->request->into || status < 200 || status > 299) {
		buf_add(&h->body, data, n);
		return buf_is_full(&h->body) ? 0 : n;
	}
	h->spool_result = jembatan_spool_write(h->ctx, h->request->into,
					       (struct jembatan_bytes){ data, n });
	return h->spool_result == JEMBATAN_OK ? n : 0;
}

/* ---- setting up ---- */

static bool is_method(const struct kit_http_request *r, const char *name)
{
	return str_equal(r->method ? r->method : "GET", name);
}

static bool is_safe(const struct kit_http_request *r)
{
	return is_method(r, "GET") || is_method(r, "HEAD");
}

/* A line break in a header would let a value write headers of its own. */
static bool is_header(const char *name, const char *value)
{
	return name[0] != '\0' && strpbrk(name, " \t\r\n:") == NULL &&
	       strpbrk(value, "\r\n") == NULL;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
	if (!is_header(name, value))
		return false;
	/* libcurl's spelling of a header without a value ends with ";". */
	char *line = value[0] ? xasprintf("%s: %s", name, value) : xasprintf("%s;", name);
	struct curl_slist *longer = curl_slist_append(*list, line);
	ASSERT(longer);
	*list = longer;
	mem_wipe(line, strlen(line)); /* it may be a token */
	free(line);
	return true;
}

static void free_slist(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static enum jembatan_result make_headers(const struct kit_http_request *r, struct curl_slist **list,
					 struct kit_why *why)
{
	/* Without this, libcurl waits a second for "100 Continue". */
	*list = curl_slist_append(*list, "Expect:");
	bool fine = r->header_count <= HEADERS_MAX;
	for (size_t i = 0; fine && i < r->header_count; i++)
		fine = add_header(list, r->headers[i].name, r->headers[i].value);
	if (fine && r->content_type)
		fine = add_header(list, "Content-Type", r->content_type);
	return fine ? JEMBATAN_OK
		    : kit_why_set(why, JEMBATAN_CONFIG,
				  "a request header contains a line break or has no name");
}

static void set_method(const struct kit_http *h, const struct kit_http_request *r)
{
	CURL *c = h->easy;
	if (is_method(r, "GET")) {
		curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	} else if (is_method(r, "HEAD")) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.size);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(c, CURLOPT_READDATA, h);
		/* A request without a body can be repeated by libcurl without
		 * rewinding anything; only on a kept connection does it. */
		if (r->body.size == 0)
			curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	}
}

static void set_options(struct kit_http *h, const struct kit_http_request *r, const char *url,
			struct curl_slist *headers)
{
	CURL *c = h->easy;
	curl_easy_reset(c); /* keeps the connections */
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	/* A proxy would be connected to instead of the address that we judge. */
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_USERAGENT, h->user_agent);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS,
			 (long)(r->deadline_ms > 0 ? r->deadline_ms : h->answer_ms));
	if (h->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, h);
	curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_before_request);
	curl_easy_setopt(c, CURLOPT_PREREQDATA, h);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	set_method(h, r);
}

/* ---- what came of it ---- */

/* For sentences. A secret goes before the URL is cut to length, as written and
 * as a URL would have it. The caller frees. */
static char *show(const char *url, const char *secret)
{
	CLEANUP(free_pointer) char *escaped = secret && *secret ? kit_url_escape(secret) : NULL;
	const char *const hidden[] = { secret, escaped };
	char *text = xstrdup(url);
	for (size_t i = 0; escaped && i < COUNT_OF(hidden); i++) {
		struct buf out;
		buf_init(&out, (size_t)4 * ERROR_BODY_MAX);
		const char *from = text, *at;
		for (; (at = strstr(from, hidden[i])) != NULL; from = at + strlen(hidden[i])) {
			buf_add(&out, from, (size_t)(at - from));
			buf_add_text(&out, "***");
		}
		buf_add_text(&out, from);
		free(text);
		text = xstrdup(buf_is_full(&out) || out.size == 0 ? "" : out.data);
		buf_done(&out);
	}
	char *shown = kit_url_show(text);
	free(text);
	return shown;
}

static void set_text(char **slot, char *text)
{
	free(*slot);
	*slot = text;
}

static void read_answer(struct kit_http *h, struct kit_http_response *out)
{
	out->status = (unsigned)status_of(h);
	out->body = (struct jembatan_bytes){ h->body.size > 0 ? h->body.data : "", h->body.size };
	out->body_size = h->received;
	const char *type = kit_http_header(h, "Content-Type");
	size_t n = type ? strcspn(type, "; \t") : 0;
	set_text(&h->media_type, n > 0 ? xstrndup(type, n) : NULL);
	out->media_type = h->media_type;
	const char *location = out->status / 100 == 3 ? kit_http_header(h, "Location") : NULL;
	set_text(&h->location, location ? kit_url_join(h->url, location) : NULL);
	out->location = h->location;
	const char *date = kit_http_header(h, "Date");
	time_t server = date ? curl_getdate(date, NULL) : -1;
	out->server_ms = server > 0 ? (int64_t)server * 1000 : 0;
	out->retry_after_ms = backoff_retry_after_ms(kit_http_header(h, "Retry-After"),
						     out->server_ms > 0 ? out->server_ms
									: jembatan_now_ms(h->ctx));
}

static enum jembatan_outcome outcome_of(unsigned status)
{
	if (status >= 200 && status <= 299)
		return JEMBATAN_SENT;
	if (status == 425 || status == 429 || status == 503)
		return JEMBATAN_NOT_SENT;
	if (status >= 400 && status <= 499 && status != 408)
		return JEMBATAN_REFUSED;
	return JEMBATAN_UNKNOWN;
}

static enum jembatan_result judge_status(const struct kit_http *h, unsigned status,
					 const char *shown, struct kit_why *why)
{
	/* Where the data named the URL, there is nothing an operator could set. */
	enum jembatan_result auth = h->may_be_private ? JEMBATAN_AUTH : JEMBATAN_DATA;
	enum jembatan_result config = h->may_be_private ? JEMBATAN_CONFIG : JEMBATAN_DATA;
	if ((status >= 200 && status <= 299) || status == 304)
		return JEMBATAN_OK;
	if (status >= 300 && status <= 399) {
		CLEANUP(free_pointer) char *to = show(h->location ? h->location : "", h->secret);
		return kit_why_set(why, config,
				   "%s redirects (%u) to %s, which is not followed; write "
				   "the final URL",
				   shown, status, to);
	}
	switch (status) {
	case 401:
	case 403:
		return kit_why_set(why, auth,
				   "%s refuses the credentials (%u); check them and what "
				   "they may read",
				   shown, status);
	case 404:
	case 410:
		return kit_why_set(why, JEMBATAN_GONE, "%s does not exist (%u)", shown, status);
	case 408:
	case 425:
	case 429:
		return kit_why_set(why, JEMBATAN_RETRY, "%s asks to slow down (%u)", shown, status);
	case 409:
	case 412:
	case 413:
	case 422:
		return kit_why_set(why, JEMBATAN_DATA, "%s does not take this request (%u)", shown,
				   status);
	default:
		break;
	}
	if (status >= 400 && status <= 499)
		return kit_why_set(why, config,
				   "%s refuses the request (%u); check URL and parameters", shown,
				   status);
	return kit_why_set(why, JEMBATAN_RETRY, "%s fails (%u)", shown, status);
}

static enum jembatan_result judge_write(const struct kit_http *h, const char *shown,
					struct kit_why *why)
{
	if (buf_is_full(&h->body))
		return kit_why_set(why, JEMBATAN_DATA, "%s: the answer is larger than %zu bytes",
				   shown, h->body.ceiling);
	return kit_why_set(why, h->spool_result == JEMBATAN_OK ? JEMBATAN_RETRY : h->spool_result,
			   "%s: the answer could not be kept; it is too large or the spool is full",
			   shown);
}

static enum jembatan_result judge_failure(const struct kit_http *h, CURLcode code,
					  const char *shown, struct kit_why *why)
{
	if (h->refused_address)
		return kit_why_set(why, JEMBATAN_DATA, "%s is not fetched: it lies in a private or "
				   "reserved network and no operator named it", shown);
	if (h->stopped)
		return kit_why_set(why, JEMBATAN_RETRY, "%s: cut off, since we are stopping",
				   shown);
	if (code == CURLE_WRITE_ERROR)
		return judge_write(h, shown, why);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return kit_why_set(
			why, h->may_be_private ? JEMBATAN_CONFIG : JEMBATAN_DATA,
			"%s: its certificate is not trusted; have it renewed, or name its "
			"issuer in ca_file",
			shown);
	if (code == CURLE_SSL_CACERT_BADFILE)
		return kit_why_set(why, JEMBATAN_CONFIG, "ca_file cannot be read");
	/* libcurl's own sentences hold no content of ours. */
	return kit_why_set(why, JEMBATAN_RETRY, "%s: %s", shown, curl_easy_strerror(code));
}

/* ---- an exchange ---- */

bool kit_http_is_trusted(const struct kit_http *h, const struct kit_http_request *r)
{
	bool trusted = false;
	return kit_guard_url(r->url, (const char *const *)h->origins, h->origin_count, &trusted,
			     NULL) == JEMBATAN_OK && (trusted || r->operator_url);
}

static enum jembatan_result once(struct kit_http *h, const struct kit_http_request *r,
				 struct kit_http_response *out, struct kit_why *why)
{
	bool trusted;
	CLEANUP(free_slist) struct curl_slist *headers = NULL;
	h->secret = r->secret;
	CLEANUP(free_pointer) char *url_shown = show(h->url, r->secret);
	CLEANUP(free_pointer) char *shown =
		xasprintf("%s %s", r->method ? r->method : "GET", url_shown);
	enum jembatan_result result = kit_guard_url(h->url, (const char *const *)h->origins,
						    h->origin_count, &trusted, why);
	if (result == JEMBATAN_OK)
		result = make_headers(r, &headers, why);
	if (result == JEMBATAN_OK)
		result = kit_budget_spend(&h->budget, h->ctx, &out->retry_after_ms, why);
	if (result != JEMBATAN_OK)
		return result;
	h->may_be_private = trusted || r->operator_url;
	h->request = r;
	h->sent = h->received = 0;
	h->refused_address = h->leaving = h->stopped = false;
	h->spool_result = JEMBATAN_OK;
	set_options(h, r, h->url, headers);
	CURLcode code = curl_easy_perform(h->easy);
	h->request = NULL;
	curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL); /* freed now */
	read_answer(h, out);
	if (code != CURLE_OK) {
		out->outcome = h->leaving ? JEMBATAN_UNKNOWN : JEMBATAN_NOT_SENT;
		return judge_failure(h, code, shown, why);
	}
	out->outcome = outcome_of(out->status);
	return judge_status(h, out->status, shown, why);
}

enum jembatan_result kit_http_exchange(struct kit_http *h, const struct kit_http_request *r,
				       struct kit_http_response *out, struct kit_why *why)
{
	*out = (struct kit_http_response){ .retry_after_ms = -1, .outcome = JEMBATAN_NOT_SENT };
	out->body.data = "";
	if (h->ctx->mode & (JEMBATAN_MODE_CHECK | JEMBATAN_MODE_PREVIEW))
		return kit_why_set(why, JEMBATAN_DATA,
				   "nothing is fetched while checking or previewing");
	set_text(&h->url, xstrdup(r->url));
	for (int redirects = 0;; redirects++) {
		buf_done(&h->body);
		buf_init(&h->body, r->into ? ERROR_BODY_MAX : r->body_ceiling > 0 ? r->body_ceiling
									 : h->body_ceiling);
		enum jembatan_result result = once(h, r, out, why);
		out->url = h->url;
		bool go_on = r->follow && is_safe(r) && redirects < REDIRECTS_MAX && h->location &&
			     out->status != 304 && kit_url_same_origin(h->url, h->location);
		if (!go_on || result == JEMBATAN_OK)
			return result;
		set_text(&h->url, xstrdup(h->location));
		set_text(&h->location, NULL);
		out->location = NULL;
	}
}

enum jembatan_result kit_http_tell(struct kit_http *h, enum jembatan_result result,
				   const struct kit_http_response *response,
				   const struct kit_why *why)
{
	if (result == JEMBATAN_OK)
		return result;
	if (result == JEMBATAN_RETRY && response->retry_after_ms >= 0)
		jembatan_delay(h->ctx, response->retry_after_ms);
	return jembatan_explain(h->ctx, result, "%s", why->text);
}

enum jembatan_result kit_http_send(struct kit_http *h, const struct kit_http_request *r,
				   struct kit_http_response *out)
{
	struct kit_why why = { "" };
	return kit_http_tell(h, kit_http_exchange(h, r, out, &why), out, &why);
}

enum jembatan_result kit_http_get(struct kit_http *h, const char *url,
				  struct kit_http_response *out)
{
	struct kit_http_request request = { .size = sizeof(request), .url = url, .follow = true };
	return kit_http_send(h, &request, out);
}

const char *kit_http_header(const struct kit_http *h, const char *name)
{
	struct buf *out = h->header_value;
	struct curl_header *header;
	buf_clear(out);
	for (size_t i = 0;
	     curl_easy_header(h->easy, name, i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++) {
		buf_add_text(out, i > 0 ? ", " : "");
		buf_add_text(out, header->value);
	}
	return out->size > 0 ? out->data : NULL;
}

/* ---- life ---- */

struct kit_http_options kit_http_options_get(struct jembatan_context *ctx)
{
	return (struct kit_http_options){
		.size = sizeof(struct kit_http_options),
		.ca_file = jembatan_get_string(ctx, "ca_file"),
		.connect_ms = jembatan_get_integer(ctx, "connect_timeout"),
		.answer_ms = jembatan_get_integer(ctx, "answer_timeout"),
		.body_ceiling = (size_t)jembatan_get_integer(ctx, "answer_max"),
		.per_minute = jembatan_get_integer(ctx, "requests_per_minute"),
		.per_day = jembatan_get_integer(ctx, "requests_per_day"),
	};
}

struct kit_http *kit_http_new(struct jembatan_context *ctx, const struct kit_http_options *o)
{
	static bool is_ready;
	if (!is_ready)
		ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	is_ready = true;
	struct kit_http *h = xcalloc(1, sizeof(*h));
	h->ctx = ctx;
	h->easy = curl_easy_init();
	ASSERT(h->easy);
	h->origins = xcalloc(o->origin_count, sizeof(*h->origins));
	for (; h->origin_count < o->origin_count; h->origin_count++)
		h->origins[h->origin_count] = xstrdup(o->origins[h->origin_count]);
	h->user_agent = xstrdup(o->user_agent ? o->user_agent : "Jembatan/" KIT_VERSION);
	h->ca_file = xstrdup(o->ca_file);
	h->connect_ms = o->connect_ms > 0 ? o->connect_ms : 10000;
	h->answer_ms = o->answer_ms > 0 ? o->answer_ms : 60000;
	h->body_ceiling = o->body_ceiling > 0 ? o->body_ceiling : (size_t)16 * 1024 * 1024;
	h->budget.per_minute = o->per_minute;
	h->budget.per_day = o->per_day;
	h->header_value = xmalloc(sizeof(*h->header_value));
	buf_init(h->header_value, ERROR_BODY_MAX);
	buf_init(&h->body, h->body_ceiling);
	return h;
}

void kit_http_free(struct kit_http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	for (size_t i = 0; i < h->origin_count; i++)
		free(h->origins[i]);
	free(h->origins);
	free(h->user_agent);
	free(h->ca_file);
	free(h->url);
	free(h->location);
	free(h->media_type);
	buf_done(h->header_value);
	free(h->header_value);
	buf_done(&h->body);
	free(h);
}
