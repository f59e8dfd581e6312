/* whatsapp_api.h: requests to Meta's Graph API: a message out, a file in. */
#ifndef WHATSAPP_API_H
#define WHATSAPP_API_H

#include "whatsapp/whatsapp_errors.h"

struct wa_api;

/* Options are read from the context. Never NULL. */
struct wa_api *wa_api_open(struct jembatan_context *ctx);
void wa_api_close(struct wa_api *api); /* NULL is fine */

/* POST body (JSON) as a message of our number. *out_id (256 bytes): what Meta
 * calls it. The error of a refusal is in *out_error, has_error says whether:
 * wa_error_done. The verdict is that of the whole. */
struct wa_sent {
	struct wa_verdict verdict;
	bool is_of_number; /* it sends too much, to whomever */
	bool has_error;
	struct wa_error error;
	char id[256];
};
void wa_api_send(struct wa_api *api, const char *json, struct wa_sent *out);

/* The file behind a reference into the spool. GONE: its id has expired. */
JEMBATAN_MUST_CHECK enum jembatan_result
wa_api_fetch(struct wa_api *api, const char *reference, struct jembatan_spool *spool);

/* May the token go to this address? https below one of `hosts`, or an origin
 * that stands there as a URL. Pure. */
bool wa_api_is_media_host(const char *url, const char *const *hosts, size_t host_count);

#endif
