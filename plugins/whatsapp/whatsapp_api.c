/* whatsapp_api.c: the Graph API. The token goes to graph_url and to Meta's hosts
 * of files, over https, and follows no redirect. */
#include "whatsapp/whatsapp_api.h"
#include "whatsapp/whatsapp_parse.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOSTS_MAX 16u
#define SHA256_SIZE 32u

struct wa_api {
	struct jembatan_context *ctx;
	struct kit_http *http;
	char *base;      /* graph_url/version/ */
	char *authorization;
	char proof[65]; /* that whoever holds the token knows the app's secret too */
	const char *number; /* phone_number_id */
	const char *hosts[HOSTS_MAX];
	size_t host_count;
	int64_t media_max_bytes;
};

static const char *const meta_hosts[] = { "fbsbx.com", "fbcdn.net", "facebook.com" };

/* Each call may fail for want of memory alone. */
static char *text_of(const char *a, const char *b, const char *c, const char *d)
{
	size_t size = strlen(a) + strlen(b) + strlen(c) + strlen(d) + 1;
	char *text = malloc(size);

	if (!text)
		abort();
	(void)snprintf(text, size, "%s%s%s%s", a, b, c, d);
	return text;
}

/* ---- open, close ------------------------------------------------------- */

static void read_hosts(struct wa_api *api)
{
	const char *key, *host;

	while (api->host_count < HOSTS_MAX &&
	       jembatan_get_entry(api->ctx, "media_hosts", api->host_count, &key, &host))
		api->hosts[api->host_count++] = host;
	if (api->host_count > 0)
		return;
	for (size_t i = 0; i < sizeof(meta_hosts) / sizeof(meta_hosts[0]); i++)
		api->hosts[api->host_count++] = meta_hosts[i];
}

struct wa_api *wa_api_open(struct jembatan_context *ctx)
{
	struct wa_api *api = calloc(1, sizeof(*api));
	struct kit_http_options options = kit_http_options_get(ctx);
	const char *origins[HOSTS_MAX + 1], *url = jembatan_get_string(ctx, "graph_url");
	size_t length = strlen(url);

	if (!api)
		abort();
	api->ctx = ctx;
	api->number = jembatan_get_string(ctx, "phone_number_id");
	api->media_max_bytes = jembatan_get_integer(ctx, "media_max");
	api->base = text_of(url, length > 0 && url[length - 1] == '/' ? "" : "/",
			    jembatan_get_string(ctx, "graph_version"), "/");
	api->authorization = text_of("Bearer ", jembatan_get_string(ctx, "access_token"), "", "");
	const char *token = jembatan_get_string(ctx, "access_token");

	kit_signature_make(jembatan_get_string(ctx, "app_secret"),
			   (struct jembatan_bytes){ token, strlen(token) }, api->proof);
	read_hosts(api);
	options.origins = origins;
	origins[options.origin_count++] = url;
	for (size_t i = 0; i < api->host_count; i++)
		if (strstr(api->hosts[i], "://"))
			origins[options.origin_count++] = api->hosts[i];
	api->http = kit_http_new(ctx, &options);
	return api;
}

void wa_api_close(struct wa_api *api)
{
	if (!api)
		return;
	kit_http_free(api->http);
	OPENSSL_cleanse(api->authorization, strlen(api->authorization));
	free(api->authorization);
	free(api->base);
	free(api);
}

static enum jembatan_result call(struct wa_api *api, struct kit_http_request *request,
				 struct kit_http_response *out)
{
	const struct jembatan_header header = { "Authorization", api->authorization };

	request->size = sizeof(*request);
	request->headers = &header;
	request->header_count = 1;
	return kit_http_send(api->http, request, out);
}

/* ---- sending ----------------------------------------------------------- */

static void read_id(const struct kit_http_response *response, struct wa_sent *out)
{
	json_t *root = NULL;
	const char *id = NULL;

	if (kit_json_parse(response->body, &root, NULL) == JEMBATAN_OK)
		id = kit_json_string(root, "messages.0.id");
	if (id && *id && strlen(id) < sizeof(out->id)) {
		out->verdict = (struct wa_verdict){ JEMBATAN_SENT, JEMBATAN_OK, 0, NULL };
		memcpy(out->id, id, strlen(id) + 1);
	} else {
		out->verdict = (struct wa_verdict){ JEMBATAN_UNKNOWN, JEMBATAN_DATA, 0,
			"the Cloud API took the message and named no id" };
	}
	json_decref(root);
}

void wa_api_send(struct wa_api *api, const char *json, struct wa_sent *out)
{
	char *url = text_of(api->base, api->number, "/messages?appsecret_proof=", api->proof);
	struct kit_http_request request = {
		.method = "POST",
		.url = url,
		.body = { json, strlen(json) },
		.content_type = "application/json",
	};
	struct kit_http_response response = { 0 };

	*out = (struct wa_sent){ 0 };
	enum jembatan_result result = call(api, &request, &response);
	if (response.status >= 200 && response.status <= 299 && result == JEMBATAN_OK) {
		read_id(&response, out);
	} else {
		/* No byte of the answer may be there: then the exchange says it. */
		out->has_error = response.status >= 400 &&
				 wa_error_read(response.body, &out->error);
		out->verdict = wa_verdict(response.status, response.outcome,
					  out->has_error ? &out->error : NULL,
					  response.retry_after_ms);
		out->is_of_number = wa_is_of_number(response.status,
						    out->has_error ? &out->error : NULL);
	}
	free(url);
}

/* ---- files ------------------------------------------------------------- */

/* Letters that no library reads in another way. */
static bool is_plain_host(const char *host, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)host[i]) && host[i] != '-' && host[i] != '.')
			return false;
	return size > 0 && host[0] != '.';
}

bool wa_api_is_media_host(const char *url, const char *const *hosts, size_t host_count)
{
	static const char https[] = "https://";
	bool is_https = strncasecmp(url, https, sizeof(https) - 1) == 0;
	const char *host = url + sizeof(https) - 1;
	size_t size = is_https ? strcspn(host, "/?#:\\") : 0;

	for (size_t i = 0; i < host_count; i++) {
		size_t n = strlen(hosts[i]);

		if (strstr(hosts[i], "://")) {
			if (kit_url_same_origin(url, hosts[i]))
				return true;
			continue;
		}
		/* A user before @ would make another host of it. */
		if (!is_https || size < n || !is_plain_host(host, size) ||
		    memchr(host, '@', strcspn(host, "/?#\\")))
			continue;
		if (strncasecmp(host + size - n, hosts[i], n) == 0 &&
		    (size == n || host[size - n - 1] == '.') &&
		    (host[size] == '\0' || host[size] == '/' || host[size] == '?'))
			return true;
	}
	return false;
}

static enum jembatan_result judge(struct wa_api *api, enum jembatan_result result,
				  const struct kit_http_response *response)
{
	struct wa_error error;

	if (result == JEMBATAN_OK || response->status < 400 ||
	    !wa_error_read(response->body, &error))
		return result;
	enum wa_act act = wa_error_act(&error);
	int code = (int)error.code;

	wa_error_done(&error);
	switch (act) {
	case WA_MISSING:
	case WA_REQUEST:
		return jembatan_explain(api->ctx, JEMBATAN_GONE,
					"WhatsApp does not have this file any more (error %d)", code);
	case WA_PROOF:
		return jembatan_explain(api->ctx, JEMBATAN_AUTH,
					"app_secret is not that of the access token's app (error %d)",
					code);
	case WA_TOKEN:
	case WA_UNREGISTERED:
		return jembatan_explain(api->ctx, JEMBATAN_AUTH,
					"the access token is refused (error %d): renew it", code);
	case WA_UNLISTED:
	case WA_SLOW:
	case WA_PAIR:
	case WA_WINDOW:
	case WA_UNREACHABLE:
	case WA_WITHHELD:
	case WA_TEMPLATE:
	case WA_PASSING:
		break;
	}
	return jembatan_explain(api->ctx, JEMBATAN_RETRY, "files cannot be asked for now (error %d)",
				code);
}

/* Base64, as webhooks have it, or hex. Unknown: nothing to compare with. */
static bool is_digest_of(const char *sha256, struct jembatan_bytes bytes)
{
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1], base64[48];

	if (*sha256 == '\0')
		return true;
	if (EVP_Digest(bytes.data, bytes.size, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	for (size_t i = 0; i < SHA256_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	EVP_EncodeBlock((unsigned char *)base64, digest, SHA256_SIZE);
	return strcmp(sha256, base64) == 0 || strcasecmp(sha256, hex) == 0;
}

static enum jembatan_result too_large(struct wa_api *api)
{
	return jembatan_explain(api->ctx, JEMBATAN_DATA, "the file is larger than media_max (%s)",
				jembatan_where(api->ctx, "media_max", NULL));
}

static enum jembatan_result bring(struct wa_api *api, const char *url, const char *sha256,
				  struct jembatan_spool *spool)
{
	struct kit_http_request request = { .url = url,
					    .body_ceiling = (size_t)api->media_max_bytes };
	struct kit_http_response response = { 0 };

	if (!wa_api_is_media_host(url, api->hosts, api->host_count))
		return jembatan_explain(api->ctx, JEMBATAN_DATA,
					"the file lies at a host that is not Meta's: the token does "
					"not go there (media_hosts)");
	enum jembatan_result result = call(api, &request, &response);

	/* The address is good for five minutes: asked anew, it is another one. */
	if (result == JEMBATAN_GONE || response.status == 403 || response.status == 401)
		return jembatan_explain(api->ctx, JEMBATAN_RETRY,
					"the file's address has expired: it is asked for again");
	if (result == JEMBATAN_DATA && response.status / 100 == 2)
		return too_large(api);
	if (result != JEMBATAN_OK)
		return result;
	if (!is_digest_of(sha256, response.body))
		return jembatan_explain(api->ctx, JEMBATAN_RETRY,
					"the file came damaged: it is asked for again");
	return jembatan_spool_write(api->ctx, spool, response.body);
}

enum jembatan_result wa_api_fetch(struct wa_api *api, const char *reference,
				  struct jembatan_spool *spool)
{
	struct wa_media media;
	struct kit_http_response response = { 0 };
	json_t *root = NULL;
	int64_t size = 0;

	if (!wa_media_read(reference, &media))
		return jembatan_explain(api->ctx, JEMBATAN_DATA, "the file has no id of WhatsApp's");
	char *plain = text_of(api->base, media.id, "?appsecret_proof=", api->proof);
	char *url = kit_url_with(plain, "phone_number_id", api->number);
	struct kit_http_request request = { .url = url };
	enum jembatan_result result = judge(api, call(api, &request, &response), &response);

	free(plain);
	free(url);
	if (result == JEMBATAN_OK && kit_json_parse(response.body, &root, NULL) != JEMBATAN_OK)
		result = jembatan_explain(api->ctx, JEMBATAN_RETRY,
					  "the answer about a file is not JSON");
	const char *place = kit_json_string(root, "url");

	if (result == JEMBATAN_OK && !place)
		result = jembatan_explain(api->ctx, JEMBATAN_RETRY,
					  "the answer about a file names no address");
	else if (result == JEMBATAN_OK && kit_json_integer(root, "file_size", &size) &&
		 size > api->media_max_bytes)
		result = too_large(api);
	if (result == JEMBATAN_OK) {
		const char *sha256 = kit_json_string(root, "sha256");

		result = bring(api, place, media.sha256[0] || !sha256 ? media.sha256 : sha256, spool);
	}
	json_decref(root);
	return result;
}
