/* agency_api.h: requests to the app with its headers and credentials; the
 * details of a record; attachments. */
#ifndef AGENCY_API_H
#define AGENCY_API_H

#include "agency-api/agency_parse.h"
#include "agency-api/agency_setup.h"

struct agency_api;

/* Never NULL; the setup must live as long. */
struct agency_api *agency_api_open(struct jembatan_context *ctx,
				   struct agency_setup *setup);
void agency_api_close(struct agency_api *api);

/* GET with headers and credentials; as kit_auth_send. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_api_get(struct agency_api *api, const char *url,
	       struct kit_http_response *out);
/* A request that changes something at the app. */
struct agency_change {
	const char *method, *url;
	struct jembatan_bytes body;
	const char *content_type; /* or NULL */
	const char *key; /* the same at each try: goes as Idempotency-Key; or NULL */
};
JEMBATAN_MUST_CHECK enum jembatan_result
agency_api_change(struct agency_api *api, const struct agency_change *change,
		  struct kit_http_response *out);
/* Relative to the setting `url`, and of its origin; the caller frees. Or NULL. */
char *agency_api_address(const struct agency_api *api, const char *relative);
/* A header of the last answer; as kit_http_header. */
const char *agency_api_header(const struct agency_api *api, const char *name);

/* Ask for the record's details and read it again with them: bytes and record
 * are replaced. DATA: the record is at fault, `why` says how; all else
 * concerns the app and is explained. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_api_details(struct agency_api *api, struct kit_arena *arena,
		   struct jembatan_bytes *bytes, struct agency_record *record,
		   struct kit_why *why);

/* After agency_api_details has said RETRY: it was this record's details that
 * failed, and the next record is worth a try. */
bool agency_api_may_go_on(const struct agency_api *api);

/* Bring the attachment at this URL into the spool. */
JEMBATAN_MUST_CHECK enum jembatan_result
agency_api_fetch(struct agency_api *api, const char *url,
		 struct jembatan_spool *spool);

#endif
