/* smtp_send.c: see smtp_send.h. libcurl tells of each command that it sends and of
 * each line that comes back (its debug callback); that is how the stage is known.
 * The final dot leaves after the mail's last byte has been asked for, so from then
 * on the mail counts as possibly gone. */
#include "email/smtp_send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WHOLE_MS 100000L

struct sending {
	struct jembatan_context *ctx;
	const struct smtp_envelope *envelope;
	struct smtp_report *report;
	size_t sent;
	bool in_hello, has_utf8; /* of its last EHLO */
	bool is_over; /* QUIT has been said: what comes then is no answer to the mail */
	char error[CURL_ERROR_SIZE];
};

/* ---- following the conversation --------------------------------------------------- */

static void on_command(struct sending *s, const char *data, size_t size)
{
	static const struct {
		const char *word;
		enum smtp_stage stage;
	} commands[] = {
		{ "EHLO", SMTP_HELLO },     { "HELO", SMTP_HELLO },   { "STARTTLS", SMTP_STARTTLS },
		{ "AUTH ", SMTP_LOGIN },    { "MAIL FROM:", SMTP_FROM }, { "RCPT TO:", SMTP_TO },
		{ "DATA", SMTP_DATA },
	};
	struct smtp_end *end = &s->report->end;

	if (s->is_over || (size >= 4 && strncasecmp(data, "QUIT", 4) == 0) ||
	    end->stage >= SMTP_BODY) {
		s->is_over = true;
		return;
	}
	end->code = 0;
	s->report->status[0] = '\0';
	s->in_hello = size >= 4 && strncasecmp(data, "EHLO", 4) == 0;
	if (s->in_hello)
		s->has_utf8 = false;
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		size_t length = strlen(commands[i].word);

		/* After STARTTLS comes another EHLO: never backwards. */
		if (size >= length && strncasecmp(data, commands[i].word, length) == 0 &&
		    commands[i].stage > end->stage)
			end->stage = commands[i].stage;
	}
}

/* "550 5.1.1 ...": its numbers; what else it says may hold a citizen's address. */
static void on_line(struct sending *s, const char *data, size_t size)
{
	struct smtp_report *report = s->report;
	unsigned code = 0;
	size_t used = 0;

	for (size_t i = 0; i < 3; i++) {
		if (s->is_over || size < 4 || data[i] < '0' || data[i] > '9')
			return;
		code = code * 10 + (unsigned)(data[i] - '0');
	}
	if (s->in_hello && code == 250 && size >= 12 && strncasecmp(data + 4, "SMTPUTF8", 8) == 0)
		s->has_utf8 = true;
	/* "-": more lines follow, and this one may be the last to come. */
	if (data[3] != ' ' && data[3] != '\r' && data[3] != '\n')
		return;
	report->end.code = code;
	for (size_t i = 4; i < size && used + 1 < sizeof report->status; i++) {
		if ((data[i] < '0' || data[i] > '9') && data[i] != '.')
			break;
		report->status[used++] = data[i];
	}
	report->status[used] = '\0';
	if (strchr(report->status, '.') == NULL)
		report->status[0] = '\0';
}

static int on_debug(CURL *curl, curl_infotype type, char *data, size_t size, void *user)
{
	(void)curl;
	if (type == CURLINFO_HEADER_OUT)
		on_command(user, data, size);
	else if (type == CURLINFO_HEADER_IN)
		on_line(user, data, size);
	return 0;
}

/* It has said what it can, and cannot do this. */
static bool lacks_utf8(const struct sending *s)
{
	return s->envelope->wants_utf8 && !s->has_utf8 && s->report->end.stage >= SMTP_FROM;
}

static size_t on_read(char *into, size_t size, size_t count, void *user)
{
	struct sending *s = user;
	struct jembatan_bytes mail = s->envelope->mail;
	size_t room = size * count, left = mail.size - s->sent;
	size_t now = left < room ? left : room;

	/* The address may have been taken for another one. */
	if (lacks_utf8(s))
		return CURL_READFUNC_ABORT;
	s->report->end.code = 0;
	s->report->end.stage = now > 0 ? SMTP_BODY : SMTP_END;
	if (now > 0)
		memcpy(into, (const char *)mail.data + s->sent, now);
	s->sent += now;
	return now;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct sending *s = user;

	(void)a, (void)b, (void)c, (void)d;
	/* Once the mail may be gone, its answer is worth waiting for. */
	return (jembatan_stopping(s->ctx) && s->report->end.stage < SMTP_END) || lacks_utf8(s);
}

/* ---- libcurl ------------------------------------------------------------------------- */

/* The path of an SMTP URL is the name that EHLO says. */
static char *url_with_name(const struct smtp_server *server, const struct smtp_envelope *envelope)
{
	CURLU *handle = curl_url();
	char *text = NULL, *copy = NULL;

	if (curl_url_set(handle, CURLUPART_URL, server->url, 0) == CURLUE_OK &&
	    curl_url_set(handle, CURLUPART_PATH, envelope->our_name, CURLU_URLENCODE) ==
		    CURLUE_OK &&
	    curl_url_get(handle, CURLUPART_URL, &text, 0) == CURLUE_OK)
		copy = strdup(text);
	curl_free(text);
	curl_url_cleanup(handle);
	return copy;
}

static void set_login(CURL *c, const struct smtp_server *server)
{
	if (server->user == NULL)
		return;
	curl_easy_setopt(c, CURLOPT_USERNAME, server->user);
	if (server->token == NULL) {
		curl_easy_setopt(c, CURLOPT_PASSWORD, server->password);
		return;
	}
	/* Only a login by token: never one with an empty password. */
	curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, server->token);
	if (server->mechanism == NULL)
		curl_easy_setopt(c, CURLOPT_LOGIN_OPTIONS, "AUTH=OAUTHBEARER;AUTH=XOAUTH2");
	else if (strcmp(server->mechanism, "XOAUTH2") == 0)
		curl_easy_setopt(c, CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2");
	else
		curl_easy_setopt(c, CURLOPT_LOGIN_OPTIONS, "AUTH=OAUTHBEARER");
}

static void set_options(CURL *c, struct sending *s, const struct smtp_server *server)
{
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c, CURLOPT_USE_SSL, mail_tls_use(server->tls, s->report->host));
	set_login(c, server);
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, s->envelope->from);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c, CURLOPT_READDATA, s);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, s);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)server->timeout_ms);
	/* In whole seconds, and 0 would be two minutes. */
	curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT,
			 (long)((server->timeout_ms + 999) / 1000));
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, WHOLE_MS);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->error);
	if (server->ca_file != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, server->ca_file);
}

static enum smtp_trouble trouble_of(CURLcode code, enum smtp_stage stage)
{
	if (code == CURLE_OK)
		return SMTP_NO_TROUBLE;
	if (code == CURLE_USE_SSL_FAILED)
		return SMTP_NO_TLS;
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return SMTP_CERTIFICATE;
	return code == CURLE_LOGIN_DENIED && stage < SMTP_LOGIN ? SMTP_NO_LOGIN : SMTP_LOST;
}

void smtp_send(struct jembatan_context *ctx, const struct smtp_server *server,
	       const struct smtp_envelope *envelope, struct smtp_report *out)
{
	struct sending s = { .ctx = ctx, .envelope = envelope, .report = out };
	struct curl_slist *to = curl_slist_append(NULL, envelope->to);
	char *host = mail_url_part(server->url, CURLUPART_HOST);
	char *url = url_with_name(server, envelope);
	CURL *c = curl_easy_init();

	memset(out, 0, sizeof *out);
	snprintf(out->host, sizeof out->host, "%s", host != NULL ? host : "");
	free(host);
	if (c == NULL || to == NULL || url == NULL)
		abort();
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
	set_options(c, &s, server);
	CURLcode code = curl_easy_perform(c);

	out->end.trouble = lacks_utf8(&s) ? SMTP_NO_UTF8 : trouble_of(code, out->end.stage);
	/* Before the first answer libcurl's words are about DNS, TCP and TLS only. */
	if (out->end.trouble != SMTP_NO_TROUBLE && out->end.stage <= SMTP_STARTTLS)
		snprintf(out->words, sizeof out->words, "%.150s",
			 s.error[0] != '\0' ? s.error : curl_easy_strerror(code));
	curl_easy_cleanup(c);
	curl_slist_free_all(to);
	free(url);
}
