/* kit_signature.c: signatures of webhooks over the exact bytes of the body, and the
 * handshake before the first one. The expected signature is written out and compared
 * as text, always whole and by CRYPTO_memcmp: how long it takes says nothing of how
 * much was right. */
#include "kit/kit_internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/poison.h"

#define TEXT_SIZE (2u * DIGEST_SIZE + 1u) /* hex is the longer form */

const char *kit_request_header(const struct jembatan_request *request, const char *name)
{
	const char *found = NULL;
	for (size_t i = 0; i < request->header_count; i++) {
		if (!request->headers[i].name || strcasecmp(request->headers[i].name, name) != 0)
			continue;
		if (found)
			return NULL;
		found = request->headers[i].value ? request->headers[i].value : "";
	}
	return found;
}

/* The number of characters; `out` ends with NUL. */
static size_t write_expected(const struct digest *mac, enum kit_signature_form form,
			     char out[TEXT_SIZE])
{
	if (form == KIT_SIGNATURE_BASE64)
		return (size_t)EVP_EncodeBlock((unsigned char *)out, mac->bytes, DIGEST_SIZE);
	digest_hex(mac->bytes, DIGEST_SIZE, out);
	return TEXT_SIZE - 1;
}

/* Hex digits come in both cases. */
static void to_lower(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] >= 'A' && text[i] <= 'F')
			text[i] = (char)(text[i] - 'A' + 'a');
}

bool kit_signature_is_valid(const char *value, const char *prefix, enum kit_signature_form form,
			    const char *secret, struct jembatan_bytes body)
{
	char expected[TEXT_SIZE], given[TEXT_SIZE] = { 0 };
	if (!value || !secret || !*secret)
		return false;
	size_t skip = prefix ? strlen(prefix) : 0;
	if (strncasecmp(value, prefix ? prefix : "", skip) != 0)
		return false;
	struct digest mac = digest_hmac(bytes_text(secret), body);
	size_t size = write_expected(&mac, form, expected);
	/* Lengths are no secret. */
	bool fits = strnlen(value + skip, TEXT_SIZE) == size;
	if (fits)
		memcpy(given, value + skip, size);
	if (form == KIT_SIGNATURE_HEX)
		to_lower(given, size);
	bool same = CRYPTO_memcmp(expected, given, size) == 0;
	mem_wipe(&mac, sizeof(mac));
	mem_wipe(expected, sizeof(expected));
	return same && fits;
}

void kit_signature_make(const char *secret, struct jembatan_bytes bytes, char out_hex[65])
{
	struct digest mac = digest_hmac(bytes_text(secret), bytes);
	digest_hex(mac.bytes, DIGEST_SIZE, out_hex);
}

/* Of both the digests are compared: their length is the same. */
bool kit_secret_is_same(const char *given, const char *secret)
{
	char a[65], b[65];
	if (!given || !secret || !*secret)
		return false;
	kit_digest(&given, 1, a);
	kit_digest(&secret, 1, b);
	return CRYPTO_memcmp(a, b, sizeof(a)) == 0;
}

bool kit_hub_answer(const char *query, const char *word, struct kit_text *out)
{
	struct kit_text *text = kit_text_new(16384);
	kit_text_add_string(text, "http://hook/?");
	for (const char *c = query ? query : ""; *c != '\0'; c++)
		kit_text_add_string(text, *c == '+' ? "%20" : (const char[]){ *c, '\0' });
	const char *url = kit_text_string(text);
	char *mode = kit_url_parameter(url, "hub.mode");
	char *token = kit_url_parameter(url, "hub.verify_token");
	char *challenge = kit_url_parameter(url, "hub.challenge");
	bool is_it = mode && strcmp(mode, "subscribe") == 0 && challenge &&
		     kit_secret_is_same(token, word);
	if (is_it)
		kit_text_add_string(out, challenge);
	free(mode);
	free(token);
	free(challenge);
	kit_text_free(text);
	return is_it;
}

bool kit_hub_is_signed(struct jembatan_context *ctx, const struct jembatan_request *request)
{
	static const char *const secrets[] = { "app_secret", "app_secret_old" };
	const char *signature = kit_request_header(request, "X-Hub-Signature-256");
	bool is_it = false;

	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		is_it |= kit_signature_is_valid(signature, "sha256=", KIT_SIGNATURE_HEX,
						jembatan_get_string(ctx, secrets[i]),
						request->body);
	return is_it;
}
