/* imap_session.c: see imap_session.h. */
#include "email/imap_session.h"
#include "email/imap_sasl.h"

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
/* The kernel asks a silent peer for a sign of life, and gives up after 90 s. */
#define KEEPALIVE_IDLE_S 30L
#define KEEPALIVE_INTERVAL_S 10L

struct imap_session {
	struct jembatan_context *ctx;
	const struct imap_login *login;
	CURL *curl;
	struct imap_reader *reader;
	unsigned sent_count; /* commands */
	uint64_t waiting;    /* bit n % 64: command n is not answered yet */
	unsigned abilities;  /* enum imap_ability */
	bool has_news, is_broken;
	char host[256];
	char error[CURL_ERROR_SIZE];
};

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum jembatan_result imap_login_check(struct jembatan_context *ctx, const struct imap_login *login)
{
	return mail_url_check(ctx, login->url, "imap", "url", login->tls, "tls");
}

/* ---- connecting ------------------------------------------------------------------ */

static int on_progress(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct imap_session *s = data;

	(void)a, (void)b, (void)c, (void)d;
	return jembatan_stopping(s->ctx) ? 1 : 0;
}

static void set_options(struct imap_session *s)
{
	const struct imap_login *login = s->login;
	CURL *c = s->curl;

	curl_easy_setopt(c, CURLOPT_URL, login->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "imap,imaps");
	/* Without a user libcurl stops after the greeting and TLS. */
	if (login->oauth == NULL) {
		curl_easy_setopt(c, CURLOPT_USERNAME, login->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, login->password);
	}
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c, CURLOPT_USE_SSL, mail_tls_use(login->tls, s->host));
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
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

static unsigned ability_of(const char *word)
{
	static const struct {
		const char *word;
		enum imap_ability ability;
	} known[] = {
		{ "ESEARCH", IMAP_ESEARCH },
		{ "IDLE", IMAP_IDLE },
		{ "SASL-IR", IMAP_SASL_IR },
		{ "AUTH=XOAUTH2", IMAP_XOAUTH2 },
		{ "AUTH=OAUTHBEARER", IMAP_OAUTHBEARER },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcasecmp(word, known[i].word) == 0)
			return known[i].ability;
	}
	return 0;
}

/* The words after "* CAPABILITY", up to the command's end. They change with the
 * login. */
static enum jembatan_result ask_capabilities(struct imap_session *s)
{
	enum jembatan_result result = imap_session_send(s, "CAPABILITY");
	enum imap_event event = IMAP_NEED_BYTES;
	struct imap_item item;

	s->abilities = 0;
	while (result == JEMBATAN_OK && event != IMAP_TAGGED) {
		result = imap_session_next(s, &event, &item);
		if (result == JEMBATAN_OK && event == IMAP_CAPABILITY)
			s->abilities |= ability_of(item.text);
	}
	return result;
}

/* From the greeting, or from libcurl's login, to where mailboxes can be opened. */
static enum jembatan_result enter(struct imap_session *s, const char *token, bool *out_refused)
{
	enum jembatan_result result = ask_capabilities(s);

	if (result != JEMBATAN_OK || token == NULL)
		return result;
	result = imap_sasl_login(s->ctx, s, token, out_refused);
	return result == JEMBATAN_OK ? ask_capabilities(s) : result;
}

static enum jembatan_result open_once(struct jembatan_context *ctx, const struct imap_login *login,
				      const char *token, bool *out_refused,
				      struct imap_session **out){
	struct imap_session *s = calloc(1, sizeof *s);
	char *host = mail_url_part(login->url, CURLUPART_HOST);

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
		code == CURLE_OK ? enter(s, token, out_refused) : explain_connect(s, code);

	if (result == JEMBATAN_OK)
		*out = s;
	else
		imap_session_close(s);
	return result;
}

/* A token may be taken back before its time: one that is refused is exchanged
 * for a newer one, once, over a new connection, since many servers close. */
enum jembatan_result imap_session_open(struct jembatan_context *ctx,
				       const struct imap_login *login, struct imap_session **out)
{
	const char *token = NULL;
	bool refused = false;
	enum jembatan_result result = JEMBATAN_OK;

	if (login->oauth != NULL)
		result = kit_auth_token(login->oauth, NULL, &token);
	if (result == JEMBATAN_OK)
		result = open_once(ctx, login, token, &refused, out);
	if (!refused || jembatan_stopping(ctx))
		return result;
	result = kit_auth_token(login->oauth, token, &token);
	return result == JEMBATAN_OK ? open_once(ctx, login, token, &refused, out) : result;
}

void imap_session_close(struct imap_session *s)
{
	if (s == NULL)
		return;
	curl_easy_cleanup(s->curl);
	imap_reader_free(s->reader);
	free(s);
}

bool imap_session_can(const struct imap_session *s, enum imap_ability ability)
{
	return (s->abilities & ability) != 0;
}

bool imap_session_has_news(struct imap_session *s, bool forget)
{
	bool has_news = s->has_news;

	if (forget)
		s->has_news = false;
	return has_news;
}

bool imap_session_is_waiting(const struct imap_session *s, unsigned tag)
{
	return (s->waiting & UINT64_C(1) << (tag % 64)) != 0;
}

int imap_session_socket(const struct imap_session *s)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(s->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK)
		return -1;
	return fd == CURL_SOCKET_BAD ? -1 : fd;
}

const struct imap_login *imap_session_login(const struct imap_session *s)
{
	return s->login;
}

const char *imap_session_host(const struct imap_session *s)
{
	return s->host;
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
	int fd = imap_session_socket(s);

	if (fd < 0)
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

/* It may hold a token: nothing of it is left behind. */
static enum jembatan_result send_text(struct imap_session *s, const char *head, const char *rest)
{
	size_t size = strlen(head) + strlen(rest) + 2;
	char *line = malloc(size + 1);

	if (line == NULL)
		abort();
	snprintf(line, size + 1, "%s%s\r\n", head, rest);
	enum jembatan_result result = send_all(s, line, size);

	explicit_bzero(line, size);
	free(line);
	return result;
}

enum jembatan_result imap_session_send(struct imap_session *s, const char *command)
{
	char head[16];

	s->waiting |= UINT64_C(1) << (++s->sent_count % 64);
	snprintf(head, sizeof head, "J%u ", s->sent_count);
	return send_text(s, head, command);
}

enum jembatan_result imap_session_send_line(struct imap_session *s, const char *line)
{
	return send_text(s, "", line);
}

/* Bytes into the reader. IDLE: there are none yet. */
static enum jembatan_result receive_some(struct imap_session *s)
{
	size_t room, got = 0;
	char *into = imap_reader_room(s->reader, &room);
	CURLcode code = curl_easy_recv(s->curl, into, room, &got);

	if (code == CURLE_AGAIN)
		return JEMBATAN_IDLE;
	if (code != CURLE_OK)
		return lost(s, curl_easy_strerror(code));
	if (got == 0)
		return lost(s, "closed by the server");
	imap_reader_fed(s->reader, got);
	return JEMBATAN_OK;
}

/* At least one. */
static enum jembatan_result receive(struct imap_session *s)
{
	int64_t until = mono_ms() + s->login->timeout_ms;
	enum jembatan_result result;

	while ((result = receive_some(s)) == JEMBATAN_IDLE) {
		result = wait_for(s, POLLIN, until);
		if (result != JEMBATAN_OK)
			break;
	}
	return result;
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

/* What an event means for the session itself. */
static enum jembatan_result judge(struct imap_session *s, enum imap_event event,
				  struct imap_item *item)
{
	if (event == IMAP_BROKEN) {
		s->is_broken = true;
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"the mail server %s does not keep to IMAP (expected: %s): "
					"the connection was closed and will be opened again",
					s->host, item->text);
	}
	if (event == IMAP_UNTAGGED && item->status == IMAP_BYE)
		return lost(s, item->text);
	if (event == IMAP_EXISTS)
		s->has_news = true;
	return event == IMAP_TAGGED ? check_tag(s, item->tag, &item->first) : JEMBATAN_OK;
}

enum jembatan_result imap_session_next(struct imap_session *s, enum imap_event *out_event,
				       struct imap_item *out_item)
{
	while ((*out_event = imap_reader_next(s->reader, out_item)) == IMAP_NEED_BYTES) {
		enum jembatan_result result = receive(s);

		if (result != JEMBATAN_OK)
			return result;
	}
	return judge(s, *out_event, out_item);
}

enum jembatan_result imap_session_drain(struct imap_session *s, bool *out_heard)
{
	enum jembatan_result result = JEMBATAN_OK;
	struct imap_item item;

	*out_heard = false;
	while (result == JEMBATAN_OK) {
		enum imap_event event = imap_reader_next(s->reader, &item);

		if (event != IMAP_NEED_BYTES) {
			result = judge(s, event, &item);
			continue;
		}
		result = receive_some(s);
		if (result == JEMBATAN_OK)
			*out_heard = true;
	}
	return result == JEMBATAN_IDLE ? JEMBATAN_OK : result;
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
