/* kit_url.c: URLs taken apart and put together by libcurl's URL API, the same
 * that will fetch them: a second reader could see another host. */
#include <jembatan/kit.h>

#include "base/buf.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/poison.h"

#define URL_MAX 8192u

static void free_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void free_part(char **part)
{
	curl_free(*part);
}

/* NULL when it is no absolute URL of a length that we take. */
static CURLU *parse(const char *url)
{
	if (!url || strlen(url) > URL_MAX)
		return NULL;
	CURLU *u = curl_url();
	ASSERT(u);
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		return u;
	curl_url_cleanup(u);
	return NULL;
}

/* The memory of libcurl's parts is not ours to free(): copy. */
static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
	CLEANUP(free_part) char *text = NULL;
	return curl_url_get(u, what, &text, flags) == CURLUE_OK ? xstrdup(text) : NULL;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart what)
{
	CLEANUP(free_pointer) char *left = part(a, what, CURLU_DEFAULT_PORT);
	CLEANUP(free_pointer) char *right = part(b, what, CURLU_DEFAULT_PORT);
	return left && right && strcasecmp(left, right) == 0;
}

bool kit_url_same_origin(const char *a, const char *b)
{
	CLEANUP(free_url) CURLU *left = parse(a);
	CLEANUP(free_url) CURLU *right = parse(b);
	return left && right && same_part(left, right, CURLUPART_SCHEME) &&
	       same_part(left, right, CURLUPART_HOST) && same_part(left, right, CURLUPART_PORT);
}

char *kit_url_join(const char *base, const char *reference)
{
	CLEANUP(free_url) CURLU *u = parse(base);
	if (!u || !reference || strlen(reference) > URL_MAX)
		return NULL;
	if (reference[0] != '\0' &&
	    curl_url_set(u, CURLUPART_URL, reference, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return NULL;
	return part(u, CURLUPART_URL, 0);
}

char *kit_url_escape(const char *value)
{
	CLEANUP(free_part) char *escaped = curl_easy_escape(NULL, value, 0);
	ASSERT(escaped);
	return xstrdup(escaped);
}

/* Does this piece of a query (up to n bytes) carry the parameter? Names are
 * compared decoded, since "page%5Bno%5D" and "page[no]" are one. */
static bool is_named(const char *piece, size_t n, const char *name)
{
	const char *equals = memchr(piece, '=', n);
	size_t size = equals ? (size_t)(equals - piece) : n;
	int decoded_size = 0;
	if (size == 0)
		return name[0] == '\0';
	CLEANUP(free_part)
	char *decoded = curl_easy_unescape(NULL, piece, (int)size, &decoded_size);
	return decoded && str_equal(decoded, name);
}

char *kit_url_with(const char *url, const char *name, const char *value)
{
	CLEANUP(free_url) CURLU *u = parse(url);
	if (!u)
		return NULL;
	CLEANUP(free_pointer) char *query = part(u, CURLUPART_QUERY, 0);
	CLEANUP(free_pointer) char *key = kit_url_escape(name);
	CLEANUP(free_pointer) char *escaped = kit_url_escape(value);
	CLEANUP(buf_done) struct buf out;
	buf_init(&out, (size_t)4 * URL_MAX);
	bool done = false;
	for (const char *p = query ? query : ""; *p;) {
		size_t n = strcspn(p, "&");
		bool named = is_named(p, n, name);
		if (n > 0 && !(named && done)) {
			buf_add_text(&out, out.size > 0 ? "&" : "");
			if (named)
				buf_printf(&out, "%s=%s", key, escaped);
			else
				buf_add(&out, p, n);
			done = done || named;
		}
		p += n + (p[n] == '&');
	}
	if (!done)
		buf_printf(&out, "%s%s=%s", out.size > 0 ? "&" : "", key, escaped);
	if (buf_is_full(&out) || curl_url_set(u, CURLUPART_QUERY, out.data, 0) != CURLUE_OK)
		return NULL;
	return part(u, CURLUPART_URL, 0);
}

char *kit_url_parameter(const char *url, const char *name)
{
	CLEANUP(free_url) CURLU *u = parse(url);
	CLEANUP(free_pointer) char *query = u ? part(u, CURLUPART_QUERY, 0) : NULL;
	for (const char *p = query ? query : ""; *p;) {
		size_t n = strcspn(p, "&");
		if (is_named(p, n, name)) {
			const char *equals = memchr(p, '=', n);
			size_t size = equals ? n - (size_t)(equals + 1 - p) : 0;
			int decoded_size = 0;
			if (size == 0)
				return xstrdup("");
			CLEANUP(free_part) char *decoded =
				curl_easy_unescape(NULL, equals + 1, (int)size, &decoded_size);
			return xstrdup(decoded);
		}
		p += n + (p[n] == '&');
	}
	return NULL;
}

char *kit_url_host(const char *url)
{
	CLEANUP(free_url) CURLU *u = parse(url);
	char *host = u ? part(u, CURLUPART_HOST, 0) : NULL;
	for (char *c = host; c && *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
	return host;
}

char *kit_url_path(const char *url)
{
	CLEANUP(free_url) CURLU *u = parse(url);
	return u ? part(u, CURLUPART_PATH, 0) : NULL;
}

char *kit_url_show(const char *url)
{
	CLEANUP(free_url) CURLU *u = parse(url);
	if (!u)
		return xstrdup("(not a URL)");
	/* Removing a part that is not there is no failure. */
	(void)curl_url_set(u, CURLUPART_QUERY, NULL, 0);
	(void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	(void)curl_url_set(u, CURLUPART_USER, NULL, 0);
	(void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
	(void)curl_url_set(u, CURLUPART_OPTIONS, NULL, 0);
	CLEANUP(free_pointer) char *shown = part(u, CURLUPART_URL, 0);
	if (!shown)
		return xstrdup("(not a URL)");
	return shown[0] && strlen(shown) > 200 ? xasprintf("%.200s...", shown) : xstrdup(shown);
}
