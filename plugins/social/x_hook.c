/* x_hook.c: what X sends by itself (X Activity API, post.mention.create): its
 * challenge is answered with a digest, and each event bears a signature. */
#include "social/x.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 1024u

/* {"response_token":"sha256=<base64 of the HMAC of the token>"} */
static bool answer_challenge(struct social *s, const char *query, const char *secret,
			     struct jembatan_response *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE], base64[2 * EVP_MAX_MD_SIZE];
	unsigned size = 0;
	char *url_query = query ? strdup(query) : NULL, *token = NULL;

	if (url_query && strlen(url_query) <= TOKEN_MAX)
		token = kit_url_parameter(kit_arena_printf(s->arena, "http://hook/?%s", url_query),
					  "crc_token");
	bool is_good = token && *token &&
		       HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)token,
			    strlen(token), digest, &size) != NULL;

	if (is_good) {
		(void)EVP_EncodeBlock(base64, digest, (int)size);
		const char *body = kit_arena_printf(s->arena, "{\"response_token\":\"sha256=%s\"}",
						    (const char *)base64);

		out->status = 200;
		out->media_type = "application/json";
		out->body = (struct jembatan_bytes){ body, strlen(body) };
	}
	free(url_query);
	free(token);
	return is_good;
}

/* What one event costs is not published: as a mention and its author that were
 * read. */
static enum jembatan_result charge(struct social *s, json_t *record)
{
	char buffer[64];
	const char *id = kit_json_id(record, "data.id", buffer);
	int64_t micro = 0;

	if (id && social_budget_is_new(s->budget, "post", id))
		micro += social_budget_price(s->budget, "mention");
	id = kit_json_id(record, "data.author_id", buffer);
	if (id && social_budget_is_new(s->budget, "user", id))
		micro += social_budget_price(s->budget, "user");
	return social_budget_note(s->budget, micro);
}

static enum jembatan_result take_event(struct social *s, json_t *root)
{
	json_t *record = x_event_record(root);
	char buffer[64];
	const char *filter = kit_json_id(root, "data.filter.user_id", buffer);
	const struct x_us known = x_us(s);
	const struct x_us us = { *known.id || !filter ? known.id : filter, known.handle };
	enum jembatan_result result;

	if (!record)
		return JEMBATAN_OK; /* a like, a follower */
	result = charge(s, record);
	if (result == JEMBATAN_OK)
		result = x_take(s, record, &us, true);
	if (result == JEMBATAN_OK)
		result = x_notes_put(s);
	json_decref(record);
	return result;
}

enum jembatan_result x_request(struct social *s, const struct jembatan_request *request,
			       struct jembatan_response *out)
{
	const char *secret = jembatan_get_string(s->ctx, "app_secret");
	const char *signature = kit_request_header(request, "X-Twitter-Webhooks-Signature");
	struct kit_why why = { "" };
	json_t *root = NULL;

	if (!secret)
		return JEMBATAN_OK; /* not set up: 404 */
	if (strcmp(request->method, "GET") == 0) {
		if (!answer_challenge(s, request->query, secret, out))
			out->status = 403;
		return JEMBATAN_OK;
	}
	if (strcmp(request->method, "POST") != 0 ||
	    !kit_signature_is_valid(signature, "sha256=", KIT_SIGNATURE_BASE64, secret,
				    request->body)) {
		out->status = strcmp(request->method, "POST") == 0 ? 401 : 405;
		return JEMBATAN_OK;
	}
	/* Understood or not: once it is stored there is nothing to send again. */
	out->status = 200;
	if (kit_json_parse(request->body, &root, &why) != JEMBATAN_OK)
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "a signed webhook cannot be read: %s",
					why.text);
	enum jembatan_result result = take_event(s, root);

	json_decref(root);
	return result;
}
