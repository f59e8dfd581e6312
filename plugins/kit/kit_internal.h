/* kit_internal.h: what the kit's own files share and plugins do not see. */
#ifndef KIT_INTERNAL_H
#define KIT_INTERNAL_H

#include <jembatan/kit.h>

/* The value of most JSON, faster than kit_json_parse says what is wrong with the
 * rest; long integers as texts, as there. NULL: let jansson read it. */
json_t *kit_json_read(struct jembatan_bytes text);
/* An integer that a double cannot hold for sure: 16 digits or more. */
bool kit_number_is_long(const char *number, size_t size);

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

/* "Basic ..."; the caller frees with kit_wipe_text. */
char *kit_basic(const char *user, const char *password);
void kit_wipe_text(char **text);

/* The access token of an OAuth2 client, asked for anew when it is needed. */
struct kit_oauth2;
/* Never NULL. http must live as long; the options are copied. */
struct kit_oauth2 *kit_oauth2_new(struct jembatan_context *ctx, struct kit_http *http,
				  const struct kit_auth_options *options);
void kit_oauth2_free(struct kit_oauth2 *oauth2);
/* One that is on disk and lives for some time; borrowed until the next call.
 * refused: one that was not taken, so not that one; or NULL. response: of the
 * token request, when there was one. */
enum jembatan_result kit_oauth2_token(struct kit_oauth2 *oauth2, const char *refused,
				      struct kit_http_response *response, const char **out_token,
				      struct kit_why *why);

/* The code of an account's consent becomes tokens, on disk with OK. AUTH: it was
 * refused, or no refresh token came with it. */
enum jembatan_result kit_oauth2_exchange(struct kit_oauth2 *oauth2, const char *code,
					 const char *redirect_url, const char *verifier,
					 struct kit_http_response *response, struct kit_why *why);
const char *kit_oauth2_client_id(const struct kit_oauth2 *oauth2);
/* What an auth is made of; oauth2 NULL: another kind. */
struct kit_oauth2 *kit_auth_oauth2(struct kit_auth *auth, struct jembatan_context **out_ctx,
				   struct kit_http **out_http);

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
