/* kit_consent.c: an account's consent. Nobody listens at the redirect URL: a person
 * brings the address at which the browser ended. The verifier never leaves this
 * machine but to the token URL, so a code that somebody sees is of no use to him. */
#include "kit/kit_internal.h"

#include "base/buf.h"
#include "base/digest.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define STATE_KEY "kit.consent" /* state, verifier, begun_ms */
#define LIVES_MS INT64_C(3600000)
#define RANDOM_BYTES 32u
#define TEXT_BYTES 64u /* of 32 bytes as base64url */
#define ANSWER_MAX 8192u

struct begun {
	char state[TEXT_BYTES], verifier[TEXT_BYTES];
	int64_t begun_ms;
};

/* RFC 4648, 5, without padding. */
static void base64url(const unsigned char bytes[RANDOM_BYTES], char out[TEXT_BYTES])
{
	(void)EVP_EncodeBlock((unsigned char *)out, bytes, RANDOM_BYTES);
	for (char *c = out; *c != '\0'; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	out[strcspn(out, "=")] = '\0';
}

static void random_text(char out[TEXT_BYTES])
{
	unsigned char bytes[RANDOM_BYTES];
	digest_random(bytes, sizeof(bytes));
	base64url(bytes, out);
	mem_wipe(bytes, sizeof(bytes));
}

static void add(char **url, const char *name, const char *value)
{
	char *longer = kit_url_with(*url, name, value);
	if (!longer)
		return;
	free(*url);
	*url = longer;
}

/* ---- the first step ---- */

static enum jembatan_result begin(struct jembatan_context *ctx, struct kit_oauth2 *oauth2,
				  const struct kit_consent_options *how, struct kit_arena *arena,
				  const char **out_url)
{
	struct begun b = { .begun_ms = jembatan_now_ms(ctx) };
	char line[2 * TEXT_BYTES + 32], challenge[TEXT_BYTES];
	random_text(b.state);
	random_text(b.verifier);
	struct digest d = digest_sha256((struct jembatan_bytes){ b.verifier, strlen(b.verifier) });
	base64url(d.bytes, challenge);
	int size = snprintf(line, sizeof(line), "%s %s %" PRId64, b.state, b.verifier, b.begun_ms);
	enum jembatan_result result = jembatan_state_put(
		ctx, STATE_KEY, (struct jembatan_bytes){ line, (size_t)size });
	mem_wipe(line, sizeof(line));
	mem_wipe(&b.verifier, sizeof(b.verifier));
	if (result != JEMBATAN_OK)
		return jembatan_explain(ctx, JEMBATAN_RETRY, "the consent could not be prepared: nothing "
					"can be stored");
	char *url = xstrdup(how->authorize_url);
	add(&url, "response_type", "code");
	add(&url, "client_id", kit_oauth2_client_id(oauth2));
	add(&url, "redirect_uri", how->redirect_url);
	add(&url, "scope", how->scope);
	for (size_t i = 0; i + 1 < COUNT_OF(how->more) && how->more[i]; i += 2)
		add(&url, how->more[i], how->more[i + 1]);
	add(&url, "state", b.state);
	add(&url, "code_challenge", challenge);
	add(&url, "code_challenge_method", "S256");
	*out_url = kit_arena_strdup(arena, url);
	free(url);
	return JEMBATAN_OK;
}

/* ---- what the browser brought ---- */

static bool read_begun(struct jembatan_context *ctx, struct begun *out)
{
	struct jembatan_bytes value;
	struct begun b;
	char line[2 * TEXT_BYTES + 32], *rest = line;
	if (jembatan_state_get(ctx, STATE_KEY, &value) != JEMBATAN_OK || value.size >= sizeof(line))
		return false;
	memcpy(line, value.data, value.size);
	line[value.size] = '\0';
	const char *state = strsep(&rest, " "), *verifier = strsep(&rest, " ");
	bool it_is = rest && *state && strlen(state) < TEXT_BYTES && *verifier &&
		     strlen(verifier) < TEXT_BYTES;
	if (it_is) {
		str_copy(b.state, sizeof(b.state), state);
		str_copy(b.verifier, sizeof(b.verifier), verifier);
		b.begun_ms = strtoll(rest, NULL, 10);
	}
	mem_wipe(line, sizeof(line));
	if (it_is)
		*out = b;
	return it_is;
}

/* One of a few words (RFC 6749, 4.1.2.1); "" when it is none. */
static void plain_word(const char *error, char out[48])
{
	bool is_plain = error && strlen(error) < 40 &&
			error[strspn(error, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
	snprintf(out, 48, "%s", is_plain ? error : "no reason");
}

static enum jembatan_result read_code(struct jembatan_context *ctx, const char *answer,
				      const struct begun *b, char **out_code)
{
	char word[48];
	CLEANUP(kit_wipe_text) char *state = kit_url_parameter(answer, "state");
	CLEANUP(kit_wipe_text) char *code = kit_url_parameter(answer, "code");
	CLEANUP(kit_wipe_text) char *error = kit_url_parameter(answer, "error");
	if (!state || !kit_secret_is_same(state, b->state))
		return jembatan_explain(ctx, JEMBATAN_DATA, "this address does not belong to the page that "
					"was opened last: begin anew");
	plain_word(error, word);
	if (error)
		return jembatan_explain(ctx, JEMBATAN_AUTH, "the account did not consent (%s): begin anew",
					word);
	if (!code || *code == '\0')
		return jembatan_explain(ctx, JEMBATAN_DATA, "this address holds no code: copy all of it");
	*out_code = code;
	code = NULL;
	return JEMBATAN_OK;
}

static enum jembatan_result finish(struct jembatan_context *ctx, struct kit_http *http,
				   struct kit_oauth2 *oauth2, const struct kit_consent_options *how,
				   const char *answer)
{
	struct kit_http_response response = { .retry_after_ms = -1 };
	struct kit_why why = { "" };
	struct begun b = { .begun_ms = 0 };
	CLEANUP(kit_wipe_text) char *code = NULL;
	int64_t now_ms = jembatan_now_ms(ctx);
	if (strlen(answer) > ANSWER_MAX || !read_begun(ctx, &b) || now_ms < b.begun_ms ||
	    now_ms - b.begun_ms > LIVES_MS)
		return jembatan_explain(ctx, JEMBATAN_DATA, "no consent was begun in the last hour: begin "
					"anew");
	enum jembatan_result result = read_code(ctx, answer, &b, &code);
	if (result != JEMBATAN_OK)
		return result;
	/* A code counts once, also one that was not taken. */
	result = jembatan_state_put(ctx, STATE_KEY, (struct jembatan_bytes){ "", 0 });
	if (result == JEMBATAN_OK)
		result = kit_oauth2_exchange(oauth2, code, how->redirect_url, b.verifier, &response,
					     &why);
	mem_wipe(&b, sizeof(b));
	return kit_http_tell(http, result, &response, &why);
}

enum jembatan_result kit_consent(struct kit_auth *auth, const struct kit_consent_options *how,
				 const char *answer, struct kit_arena *arena, const char **out_url)
{
	struct jembatan_context *ctx;
	struct kit_http *http;
	struct kit_oauth2 *oauth2 = kit_auth_oauth2(auth, &ctx, &http);
	ASSERT(oauth2);
	return answer ? finish(ctx, http, oauth2, how, answer) : begin(ctx, oauth2, how, arena, out_url);
}
