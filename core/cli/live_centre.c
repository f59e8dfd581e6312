/* live_centre.c: is the centre there, does it know us, do our clocks agree?
 * One question that changes nothing. */
#include "config.h"

#include "cli/live.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/poison.h"

#define QUESTION "/masters/institutions/external?page_size=1"
#define SKEW_MAX_S 60

static size_t on_body(char *piece, size_t size, size_t count, void *data)
{
	(void)piece;
	(void)data;
	return size * count;
}

static struct curl_slist *add_secret(struct curl_slist *list, const char *name, const char *scheme,
				     const struct secret *secret)
{
	if (secret == NULL)
		return list;
	char *line = xasprintf("%s: %s%s%s", name, scheme, *scheme != '\0' ? " " : "",
			       secret_reveal(secret));
	list = curl_slist_append(list, line);
	mem_wipe(line, strlen(line));
	free(line);
	return list;
}

static void check_clock(struct live *l, CURL *easy)
{
	struct curl_header *date = NULL;
	time_t theirs = -1;
	if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
		theirs = curl_getdate(date->value, NULL);
	if (theirs < 0) {
		live_row(l, "clock", LIVE_NOT_TRIED, "the centre does not tell its time");
		return;
	}
	long long off = (long long)(clock_now_ms() / 1000) - (long long)theirs;
	bool good = off >= -SKEW_MAX_S && off <= SKEW_MAX_S;
	live_row(l, "clock", good ? LIVE_OK : LIVE_WRONG, "%lld s %s the centre's%s",
		 off < 0 ? -off : off, off < 0 ? "behind" : "ahead of",
		 good ? "" : ": is this machine's time synchronised?");
}

static void judge(struct live *l, CURLcode code, long status, const char *error)
{
	const char *url = l->settings->central.url;
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		live_row(l, "centre", LIVE_WRONG, "%s: %s: see central.ca_file", url, error);
	else if (code != CURLE_OK)
		live_row(l, "centre", LIVE_UNREACHABLE, "%s: %s", url, error);
	else if (status == 401 || status == 403)
		live_row(l, "centre", LIVE_WRONG, "it refuses our credentials (%ld): see "
			 "central.secret and central.guid", status);
	else if (status >= 300 && status < 500 && status != 429)
		live_row(l, "centre", LIVE_WRONG, "it answered %ld to a question: is central.url right?",
			 status);
	else if (status >= 200 && status < 300)
		live_row(l, "centre", LIVE_OK, "%s answers and knows our credentials", url);
	else
		live_row(l, "centre", LIVE_UNREACHABLE, "it answered %ld", status);
}

static void ask(struct live *l, CURL *easy)
{
	const struct settings_central *s = &l->settings->central;
	char error[CURL_ERROR_SIZE] = "";
	char *url = xasprintf("%s%s", s->url, QUESTION);
	struct curl_slist *headers = add_secret(NULL, s->auth_header, s->auth_scheme, s->secret);
	headers = add_secret(headers, "token", "", s->guid);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(s->connect_timeout_ms +
							  s->answer_timeout_ms));
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
	if (s->ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file);
	CURLcode code = curl_easy_perform(easy);
	long status = 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	judge(l, code, status, error[0] != '\0' ? error : curl_easy_strerror(code));
	if (code == CURLE_OK)
		check_clock(l, easy);
	for (struct curl_slist *h = headers; h != NULL; h = h->next)
		mem_wipe(h->data, strlen(h->data));
	curl_slist_free_all(headers);
	free(url);
}

void live_centre(struct live *l)
{
	CURL *easy = curl_easy_init();
	ASSERT(easy != NULL);
	ask(l, easy);
	curl_easy_cleanup(easy);
	live_row(l, "push", LIVE_NOT_TRIED, "it would make a complaint");
}
