/* kit_internal.h: what the kit's own files share and plugins do not see. */
#ifndef KIT_INTERNAL_H
#define KIT_INTERNAL_H

#include <jembatan/kit.h>

/* kit_http_send, but the failure is said in why and nothing is told to the
 * host, so that a caller may try again. kit_http_tell tells it. */
enum jembatan_result kit_http_exchange(struct kit_http *http,
				       const struct kit_http_request *request,
				       struct kit_http_response *out, struct kit_why *why);
enum jembatan_result kit_http_tell(struct kit_http *http, enum jembatan_result result,
				   const struct kit_http_response *response,
				   const struct kit_why *why);

/* Would this request reach an origin that an operator wrote? */
bool kit_http_is_trusted(const struct kit_http *http, const struct kit_http_request *request);

/* Requests per minute and day, counted before each request. */
struct kit_budget {
	int64_t per_minute, per_day;
	int64_t minute_start_ms, minute_count;
	int64_t day, day_count; /* day: since 1970, UTC */
	int64_t reserved;       /* of day_count, already on disk */
	bool is_loaded;
};
/* OK, or RETRY with out_wait_ms, or what state_put said. */
enum jembatan_result kit_budget_spend(struct kit_budget *budget, struct jembatan_context *ctx,
				      int64_t *out_wait_ms, struct kit_why *why);

#endif
