/* mail_url.h: what the settings say of a mail server's address and of TLS, the
 * same for reading (IMAP) and for sending (SMTP). */
#ifndef EMAIL_MAIL_URL_H
#define EMAIL_MAIL_URL_H

#include <jembatan/kit.h>

#include <curl/curl.h>

enum mail_tls {
	MAIL_TLS_AUTO,     /* from the first byte, or STARTTLS; a local server may have none */
	MAIL_TLS_REQUIRED, /* on this machine too */
	MAIL_TLS_NONE      /* in clear, because the operator says so */
};

/* Of a setting "auto", "required", "none". */
enum mail_tls mail_tls_of(const char *setting);
/* libcurl's word for it (CURLOPT_USE_SSL). */
long mail_tls_use(enum mail_tls tls, const char *host);

/* A part of a URL; the caller frees. NULL: not there. */
char *mail_url_part(const char *url, CURLUPart part);

/* Schemes plain and plain+"s", a host, and nothing behind it: OK, or CONFIG,
 * explained. setting, tls_setting: names of the options, for the words. */
JEMBATAN_MUST_CHECK enum jembatan_result mail_url_check(struct jembatan_context *ctx,
							const char *url, const char *plain,
							const char *setting, enum mail_tls tls,
							const char *tls_setting);

#endif
