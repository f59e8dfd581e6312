/* reason.c: see reason.h. */
#include "central/reason.h"

#include "base/mem.h"

#include <curl/curl.h>

#include "base/poison.h"

static const struct {
	int code;
	const char *sentence;
} reasons[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, "what answered does not speak HTTP/1.1" },
	{ CURLE_URL_MALFORMAT, "central.url is not an address" },
	{ CURLE_COULDNT_RESOLVE_PROXY, "the proxy's name is not known" },
	{ CURLE_COULDNT_RESOLVE_HOST, "the name of the centre's host is not known: see central.url "
				      "and the name service" },
	{ CURLE_COULDNT_CONNECT, "no connection to the centre's host: is the network there, and the "
				 "port open?" },
	{ CURLE_WEIRD_SERVER_REPLY, "what answered does not speak HTTP" },
	{ CURLE_HTTP2, "the connection broke in the middle of an HTTP/2 frame" },
	{ CURLE_PARTIAL_FILE, "the answer ended before its promised length" },
	{ CURLE_WRITE_ERROR, "the answer was longer than is taken" },
	{ CURLE_READ_ERROR, "a file to be sent could not be read" },
	{ CURLE_OUT_OF_MEMORY, "there was no memory for the request" },
	{ CURLE_OPERATION_TIMEDOUT, "no answer in time: see central.connect_timeout and "
				    "central.answer_timeout" },
	{ CURLE_SSL_CONNECT_ERROR, "the encrypted connection (TLS) could not be agreed on" },
	{ CURLE_ABORTED_BY_CALLBACK, "the kept connection held bytes that nobody had asked for" },
	{ CURLE_TOO_MANY_REDIRECTS, "the centre sends from address to address" },
	{ CURLE_GOT_NOTHING, "the centre closed the connection without a word" },
	{ CURLE_SSL_ENGINE_NOTFOUND, "the TLS library lacks a part" },
	{ CURLE_SEND_ERROR, "the connection broke while the request was being sent" },
	{ CURLE_RECV_ERROR, "the connection broke while the answer was awaited" },
	{ CURLE_SSL_CERTPROBLEM, "our own certificate cannot be used" },
	{ CURLE_SSL_CIPHER, "no common cipher for the encrypted connection" },
	{ CURLE_PEER_FAILED_VERIFICATION, "the centre's certificate is not trusted, or is another "
					  "host's: see central.ca_file and central.url" },
	{ CURLE_BAD_CONTENT_ENCODING, "the answer is packed in a way that is not known" },
	{ CURLE_SEND_FAIL_REWIND, "the centre closed a kept connection after the request had left; "
				  "it is not sent twice by itself" },
	{ CURLE_SSL_CACERT_BADFILE, "the certificates of central.ca_file cannot be read" },
	{ CURLE_SSL_SHUTDOWN_FAILED, "the encrypted connection was not ended as it should be" },
	{ CURLE_SSL_ISSUER_ERROR, "the centre's certificate is by another issuer" },
	{ CURLE_SSL_PINNEDPUBKEYNOTMATCH, "the centre's key is another than expected" },
	{ CURLE_SSL_INVALIDCERTSTATUS, "the centre's certificate was revoked" },
	{ CURLE_HTTP2_STREAM, "the connection broke in the middle of an HTTP/2 stream" },
	{ CURLE_NO_CONNECTION_AVAILABLE, "no connection was free" },
};

const char *reason_of(int curl_code)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (reasons[i].code == curl_code)
			return reasons[i].sentence;
	return "the connection failed";
}
