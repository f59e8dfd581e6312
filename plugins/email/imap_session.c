/* imap_session.c: see imap_session.h. */
#include "email/imap_session.h"

#include <curl/curl.h>

#include <errno.h>
#include <iconv.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define WAIT_SLICE_MS 200

struct imap_session {
	struct jembatan_context *ctx;
	const struct imap_login *login;
	CURL *curl;
	struct imap_reader *reader;
	unsigned sent_count; /* commands */
	uint64_t waiting;    /* bit n % 64: command n is not answered yet */
	bool has_esearch, is_broken;
	char host[256];
	char error[CURL_ERROR_SIZE];
};

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- where to ------------------------------------------------------------------ */

/* A part of a URL; the caller frees. NULL: not there. */
static char *url_part(const char *url, CURLUPart part)
{
	CURLU *handle = curl_url();
	char *text = NULL, *copy = NULL;

	if (curl_url_set(handle, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	    curl_url_get(handle, part, &text, 0) == CURLUE_OK)
		copy = strdup(text);
	curl_free(text);
	curl_url_cleanup(handle);
	return copy;
}

static bool is_local(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "[::1]") == 0;
}

static bool is_imaps(const char *url)
{
	return strncasecmp(url, "imaps:", 6) == 0;
}

enum jembatan_result imap_login_check(struct jembatan_context *ctx, const struct imap_login *login)
{
	char *host = url_part(login->url, CURLUPART_HOST);
	char *path = url_part(login->url, CURLUPART_PATH);
	char *user = url_part(login->url, CURLUPART_USER);
	enum jembatan_result result = JEMBATAN_OK;

	if (host == NULL || (strncasecmp(login->url, "imap:", 5) != 0 && !is_imaps(login->url)))
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: url must be imaps://host or imap://host, with "
					  ":port where it is not the usual one",
					  jembatan_where(ctx, "url", NULL));
	else if (user != NULL || (path != NULL && strlen(path) > 1))
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: url names the server only: put the rest into user, "
					  "password and mailbox",
					  jembatan_where(ctx, "url", NULL));
	else if (login->tls == IMAP_TLS_NONE && is_imaps(login->url))
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: tls: none contradicts imaps://: remove one of them",
					  jembatan_where(ctx, "tls", NULL));
	free(host);
	free(path);
	free(user);
	return result;
}

/* ---- connecting ------------------------------------------------------------------ */

static int on_progress(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct imap_session *s = data;

	(void)a, (void)b, (void)c, (void)d;
	return jembatan_stopping(s->ctx) ? 1 : 0;
}

static long use_ssl(const struct imap_session *s)
{
	switch (s->login->tls) {
	case IMAP_TLS_NONE:
		return CURLUSESSL_NONE;
	case IMAP_TLS_REQUIRED:
		return CURLUSESSL_ALL;
	case IMAP_TLS_AUTO:
		break;
	}
	return is_local(s->host) ? CURLUSESSL_TRY : CURLUSESSL_ALL;
}

static void set_options(struct imap_session *s)
{
	const struct imap_login *login = s->login;
	CURL *c = s->curl;

	curl_easy_setopt(c, CURLOPT_URL, login->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "imap,imaps");
	curl_easy_setopt(c, CURLOPT_USERNAME, login->user);
	curl_easy_setopt(c, CURLOPT_PASSWORD, login->password);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c, CURLOPT_USE_SSL, use_ssl(s));
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)login->timeout_ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)login->timeout_ms);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->error);
	if (login->ca_file != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, login->ca_file);
}

static enum jembatan_result explain_connect(struct imap_session *s, CURLcode code)
{
	struct jembatan_context *ctx = s->ctx;
	const char *words = s->error[0] != '\0' ? s->error : curl_easy_strerror(code);

	if (code == CURLE_ABORTED_BY_CALLBACK)
		return jembatan_explain(ctx, JEMBATAN_RETRY, "stopping while connecting to %s",
					s->host);
	if (code == CURLE_LOGIN_DENIED)
		return jembatan_explain(ctx, JEMBATAN_AUTH,
					"the mail server %s refuses the login of `user`: check "
					"user and password (some providers want an app password, "
					"or IMAP switched on for the account)",
					s->host);
	if (code == CURLE_USE_SSL_FAILED)
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"the mail server %s offers no STARTTLS: use imaps://, or, "
					"on a network that you trust, tls: none",
					s->host);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"the certificate of the mail server %s is not trusted "
					"(%.200s): set ca_file, or have it renewed",
					s->host, words);
	return jembatan_explain(ctx, JEMBATAN_RETRY,
				"no connection to the mail server %s (%.200s): check that it "
				"runs and can be reached from here",
				s->host, words);
}

/* The words after "* CAPABILITY", up to the command's end. */
static enum jembatan_result ask_capabilities(struct imap_session *s)
{
	enum jembatan_result result = imap_session_send(s, "CAPABILITY");
	enum imap_event event = IMAP_NEED_BYTES;
	struct imap_item item;

	while (result == JEMBATAN_OK && event != IMAP_TAGGED) {
		result = imap_session_next(s, &event, &item);
		if (result == JEMBATAN_OK && event == IMAP_CAPABILITY &&
		    strcasecmp(item.text, "ESEARCH") == 0)
			s->has_esearch = true;
	}
	return result;
}

enum jembatan_result imap_session_open(struct jembatan_context *ctx,
				       const struct imap_login *login, struct imap_session **out)
{
	struct imap_session *s = calloc(1, sizeof *s);
	char *host = url_part(login->url, CURLUPART_HOST);

	if (s == NULL)
		abort();
	s->ctx = ctx;
	s->login = login;
	snprintf(s->host, sizeof s->host, "%s", host != NULL ? host : "");
	free(host);
	s->reader = imap_reader_new(login->mail_max_bytes);
	s->curl = curl_easy_init();
	if (s->curl == NULL)
		abort();
	set_options(s);
	CURLcode code = curl_easy_perform(s->curl);
	enum jembatan_result result =
		code == CURLE_OK ? ask_capabilities(s) : explain_connect(s, code);

	if (result == JEMBATAN_OK)
		*out = s;
	else
		imap_session_close(s);
	return result;
}

void imap_session_close(struct imap_session *s)
{
	if (s == NULL)
		return;
	curl_easy_cleanup(s->curl);
	imap_reader_free(s->reader);
	free(s);
}

bool imap_session_has_esearch(const struct imap_session *s)
{
	return s->has_esearch;
}

bool imap_session_is_broken(const struct imap_session *s)
{
	return s->is_broken;
}

/* ---- talking --------------------------------------------------------------------- */

static enum jembatan_result lost(struct imap_session *s, const char *words)
{
	return jembatan_explain(s->ctx, JEMBATAN_RETRY,
				"the connection to the mail server %s was lost (%.200s): it will "
				"be opened again, and nothing is skipped",
				s->host, words);
}

/* Until the socket is ready, the deadline has passed, or we are to stop. */
static enum jembatan_result wait_for(struct imap_session *s, short events, int64_t until_mono_ms)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(s->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
	    fd == CURL_SOCKET_BAD)
		return lost(s, "no socket");
	for (;;) {
		struct pollfd p = { fd, events, 0 };
		int64_t left = until_mono_ms - mono_ms();

		if (jembatan_stopping(s->ctx))
			return jembatan_explain(s->ctx, JEMBATAN_RETRY, "stopping");
		if (left <= 0)
			return lost(s, "it has been silent for too long");
		int ready = poll(&p, 1, left < WAIT_SLICE_MS ? (int)left : WAIT_SLICE_MS);

		if (ready > 0)
			return JEMBATAN_OK;
		if (ready < 0 && errno != EINTR)
			return lost(s, strerror(errno));
	}
}

static enum jembatan_result send_all(struct imap_session *s, const char *data, size_t size)
{
	int64_t until = mono_ms() + s->login->timeout_ms;
	enum jembatan_result result = JEMBATAN_OK;

	while (size > 0 && result == JEMBATAN_OK) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(s->curl, data, size, &sent);

		if (code == CURLE_AGAIN) {
			result = wait_for(s, POLLOUT, until);
			continue;
		}
		if (code != CURLE_OK)
			return lost(s, curl_easy_strerror(code));
		data += sent;
		size -= sent;
	}
	return result;
}

unsigned imap_session_tag(const struct imap_session *s)
{
	return s->sent_count + 1;
}

enum jembatan_result imap_session_send(struct imap_session *s, const char *command)
{
	struct kit_text *line = kit_text_new(64u * 1024u);

	s->waiting |= UINT64_C(1) << (++s->sent_count % 64);
	kit_text_printf(line, "J%u %s\r\n", s->sent_count, command);
	struct jembatan_bytes bytes = kit_text_bytes(line);
	enum jembatan_result result = send_all(s, bytes.data, bytes.size);

	kit_text_free(line);
	return result;
}

/* Bytes into the reader, at least one. */
static enum jembatan_result receive(struct imap_session *s)
{
	int64_t until = mono_ms() + s->login->timeout_ms;
	size_t room, got = 0;
	char *into = imap_reader_room(s->reader, &room);

	for (;;) {
		CURLcode code = curl_easy_recv(s->curl, into, room, &got);

		if (code == CURLE_OK && got == 0)
			return lost(s, "closed by the server");
		if (code == CURLE_OK)
			break;
		if (code != CURLE_AGAIN)
			return lost(s, curl_easy_strerror(code));
		enum jembatan_result result = wait_for(s, POLLIN, until);

		if (result != JEMBATAN_OK)
			return result;
	}
	imap_reader_fed(s->reader, got);
	return JEMBATAN_OK;
}

static enum jembatan_result check_tag(struct imap_session *s, const char *tag,
				      uint32_t *out_number)
{
	char *end;
	unsigned long number = tag[0] == 'J' ? strtoul(tag + 1, &end, 10) : 0;
	uint64_t bit = UINT64_C(1) << (number % 64);

	if (number == 0 || *end != '\0' || number > s->sent_count ||
	    number + 64 <= s->sent_count || (s->waiting & bit) == 0) {
		s->is_broken = true;
		return lost(s, "an answer to a command that was not sent");
	}
	s->waiting &= ~bit;
	*out_number = (uint32_t)number;
	return JEMBATAN_OK;
}

enum jembatan_result imap_session_next(struct imap_session *s, enum imap_event *out_event,
				       struct imap_item *out_item)
{
	enum jembatan_result result = JEMBATAN_OK;

	for (;;) {
		*out_event = imap_reader_next(s->reader, out_item);
		if (*out_event != IMAP_NEED_BYTES)
			break;
		result = receive(s);
		if (result != JEMBATAN_OK)
			return result;
	}
	if (*out_event == IMAP_BROKEN) {
		s->is_broken = true;
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"the mail server %s does not keep to IMAP (expected: %s): "
					"the connection was closed and will be opened again",
					s->host, out_item->text);
	}
	if (*out_event == IMAP_UNTAGGED && out_item->status == IMAP_BYE)
		return lost(s, out_item->text);
	return *out_event == IMAP_TAGGED ? check_tag(s, out_item->tag, &out_item->first)
					 : JEMBATAN_OK;
}

/* ---- mailbox names ---------------------------------------------------------------- */

bool imap_mailbox_quote(const char *name, char *out, size_t size)
{
	char encoded[1024];
	char *in = (char *)(uintptr_t)name, *to = encoded;
	size_t in_left = strlen(name), to_left = sizeof encoded - 1, used = 0;
	iconv_t cd = iconv_open("UTF-7-IMAP", "UTF-8");

	if (cd == (iconv_t)-1)
		return false;
	bool good = in_left > 0 && iconv(cd, &in, &in_left, &to, &to_left) != (size_t)-1 &&
		    iconv(cd, NULL, NULL, &to, &to_left) != (size_t)-1;

	iconv_close(cd);
	*to = '\0';
	if (!good || size < strlen(encoded) * 2 + 3)
		return false;
	out[used++] = '"';
	for (const char *c = encoded; *c != '\0'; c++) {
		if (*c < ' ' || *c == 127)
			return false;
		if (*c == '"' || *c == '\\')
			out[used++] = '\\';
		out[used++] = *c;
	}
	out[used++] = '"';
	out[used] = '\0';
	return true;
}
