/* fuzz_oauth.c: what a token server answers, and what was stored of it. A token
 * that is taken can stand in a header; it is asked for anew within a month. The
 * file is included: what reads an answer has no name outside it. */
#include "kit/kit_oauth2.c"

#include "kit/testctx.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_token(const char *token)
{
	ASSERT(token[0] != '\0' && strlen(token) < TOKEN_MAX);
	for (const char *c = token; *c != '\0'; c++)
		ASSERT((unsigned char)*c > ' ' && *c != 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kit_auth_options o = { .size = sizeof(o), .token_url = "https://a.example/token",
				      .client_id = "id", .refresh_token = "r-0" };
	struct testctx *ctx = testctx_new(NULL, NULL);
	testctx_set_now(ctx, 1700000000000);
	/* A NUL follows a body. */
	char *text = xstrndup((const char *)data, size);
	struct kit_http_response response = { .status = 200, .body = { text, strlen(text) } };
	struct kit_why why = { "" };
	char word[48];
	struct kit_oauth2 *a = kit_oauth2_new(testctx_context(ctx), NULL, &o);
	error_word(&response, word);
	ASSERT(strlen(word) < sizeof(word));
	if (take_answer(a, &response, &why) == JEMBATAN_OK) {
		check_token(a->access);
		check_token(a->refresh);
		ASSERT(a->renew_ms <= 1700000000000 + LIFE_MAX_MS);
		/* What was stored is what is found after a restart. */
		struct kit_oauth2 *again = kit_oauth2_new(testctx_context(ctx), NULL, &o);
		load(again);
		ASSERT(again->access && str_equal(again->access, a->access));
		ASSERT(str_equal(again->refresh, a->refresh) && again->renew_ms == a->renew_ms);
		kit_oauth2_free(again);
	} else {
		ASSERT(why.text[0] != '\0');
	}
	kit_oauth2_free(a);
	if (jembatan_state_put(testctx_context(ctx), STATE_KEY, response.body) ==
	    JEMBATAN_OK) {
		a = kit_oauth2_new(testctx_context(ctx), NULL, &o);
		load(a);
		kit_oauth2_free(a);
	}
	free(text);
	testctx_free(ctx);
	return 0;
}
