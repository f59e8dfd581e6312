/* mail_url.c: see mail_url.h. */
#include "email/mail_url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum mail_tls mail_tls_of(const char *setting)
{
	if (strcmp(setting, "none") == 0)
		return MAIL_TLS_NONE;
	return strcmp(setting, "required") == 0 ? MAIL_TLS_REQUIRED : MAIL_TLS_AUTO;
}

static bool is_local(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "[::1]") == 0;
}

long mail_tls_use(enum mail_tls tls, const char *host)
{
	switch (tls) {
	case MAIL_TLS_NONE:
		return CURLUSESSL_NONE;
	case MAIL_TLS_REQUIRED:
		return CURLUSESSL_ALL;
	case MAIL_TLS_AUTO:
		break;
	}
	return is_local(host) ? CURLUSESSL_TRY : CURLUSESSL_ALL;
}

char *mail_url_part(const char *url, CURLUPart part)
{
	CURLU *handle = curl_url();
	char *text = NULL, *copy = NULL;

	if (curl_url_set(handle, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	    curl_url_get(handle, part, &text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) ==
		    CURLUE_OK)
		copy = strdup(text);
	curl_free(text);
	curl_url_cleanup(handle);
	return copy;
}

/* "imaps:" of "imap". */
static bool is_scheme(const char *url, const char *plain, bool is_secure)
{
	size_t length = strlen(plain);

	return strncasecmp(url, plain, length) == 0 &&
	       strncasecmp(url + length, is_secure ? "s:" : ":", is_secure ? 2 : 1) == 0;
}

enum jembatan_result mail_url_check(struct jembatan_context *ctx, const char *url,
				    const char *plain, const char *setting, enum mail_tls tls,
				    const char *tls_setting)
{
	char *host = mail_url_part(url, CURLUPART_HOST);
	char *path = mail_url_part(url, CURLUPART_PATH);
	char *user = mail_url_part(url, CURLUPART_USER);
	bool is_secure = is_scheme(url, plain, true);
	enum jembatan_result result = JEMBATAN_OK;

	if (host == NULL || (!is_secure && !is_scheme(url, plain, false)))
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: %s must be %ss://host or %s://host, with :port where "
					  "it is not the usual one",
					  jembatan_where(ctx, setting, NULL), setting, plain, plain);
	else if (user != NULL || (path != NULL && strlen(path) > 1))
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: %s names the server only: user, password, mailbox "
					  "and the like are options of their own",
					  jembatan_where(ctx, setting, NULL), setting);
	else if (tls == MAIL_TLS_NONE && is_secure)
		result = jembatan_explain(ctx, JEMBATAN_CONFIG,
					  "%s: %s: none contradicts %ss://: remove one of them",
					  jembatan_where(ctx, tls_setting, NULL), tls_setting, plain);
	free(host);
	free(path);
	free(user);
	return result;
}
