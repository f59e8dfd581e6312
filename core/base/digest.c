/* digest.c: SHA-256, HMAC and randomness from libcrypto. */
#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

struct jembatan_bytes bytes_of(const void *data, size_t size)
{
	return (struct jembatan_bytes){ data, size };
}

struct jembatan_bytes bytes_text(const char *s)
{
	return (struct jembatan_bytes){ s, s != NULL ? strlen(s) : 0 };
}

void digest_init(void)
{
	if (OSSL_LIB_CTX_get0_global_default() == NULL)
		mem_exhausted();
}

/* Fetched once: EVP_sha256() would be looked up again at each hash. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *md;
	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	ASSERT(md != NULL);
	return md;
}

struct digest digest_sha256(struct jembatan_bytes data)
{
	struct digest out;
	ASSERT(EVP_Digest(data.size != 0 ? data.data : "", data.size, out.bytes, NULL, sha256(),
			  NULL) == 1);
	return out;
}

struct digest digest_hmac(struct jembatan_bytes key, struct jembatan_bytes data)
{
	struct digest out;
	ASSERT(HMAC(sha256(), key.size != 0 ? key.data : "", (int)key.size,
		    data.size != 0 ? data.data : (const void *)"", data.size, out.bytes,
		    NULL) != NULL);
	return out;
}

/* HMAC is built from its definition over EVP_MD contexts: the EVP_MAC fetch
 * costs more than the hash for our short parts. */
struct digest_state {
	EVP_MD_CTX *inner;
	bool keyed;
	uint8_t outer_pad[64];
};

struct digest_state *digest_begin(struct jembatan_bytes hmac_key)
{
	struct digest_state *s = xcalloc(1, sizeof(*s));
	s->inner = EVP_MD_CTX_new();
	ASSERT(s->inner != NULL && EVP_DigestInit_ex(s->inner, sha256(), NULL) == 1);
	if (hmac_key.size == 0)
		return s;
	s->keyed = true;
	uint8_t key[64] = { 0 }, inner_pad[64];
	if (hmac_key.size > sizeof(key)) {
		struct digest d = digest_sha256(hmac_key);
		memcpy(key, d.bytes, sizeof(d.bytes));
	} else {
		memcpy(key, hmac_key.data, hmac_key.size);
	}
	for (size_t i = 0; i < sizeof(key); i++) {
		inner_pad[i] = key[i] ^ 0x36;
		s->outer_pad[i] = key[i] ^ 0x5c;
	}
	digest_raw(s, inner_pad, sizeof(inner_pad));
	mem_wipe(key, sizeof(key));
	mem_wipe(inner_pad, sizeof(inner_pad));
	return s;
}

void digest_raw(struct digest_state *s, const void *data, size_t size)
{
	ASSERT(EVP_DigestUpdate(s->inner, size != 0 ? data : "", size) == 1);
}

static void add_length(struct digest_state *s, uint64_t length)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(length >> (8 * i));
	digest_raw(s, bytes, sizeof(bytes));
}

void digest_part(struct digest_state *s, struct jembatan_bytes part)
{
	add_length(s, part.size);
	digest_raw(s, part.data, part.size);
}

void digest_part_text(struct digest_state *s, const char *part)
{
	if (part == NULL)
		add_length(s, UINT64_MAX);
	else
		digest_part(s, bytes_text(part));
}

struct digest digest_end(struct digest_state *s)
{
	struct digest out;
	ASSERT(EVP_DigestFinal_ex(s->inner, out.bytes, NULL) == 1);
	if (s->keyed) {
		ASSERT(EVP_DigestInit_ex(s->inner, sha256(), NULL) == 1);
		digest_raw(s, s->outer_pad, sizeof(s->outer_pad));
		digest_raw(s, out.bytes, sizeof(out.bytes));
		ASSERT(EVP_DigestFinal_ex(s->inner, out.bytes, NULL) == 1);
	}
	EVP_MD_CTX_free(s->inner);
	mem_wipe(s, sizeof(*s));
	free(s);
	return out;
}

bool digest_equal(const void *a, const void *b, size_t size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}

/* Drawn in advance: a draw costs as much as sealing a few hundred bytes, and a
 * message needs half a dozen. What is handed out is wiped here; a fork starts
 * with none. */
static struct {
	uint8_t bytes[1024];
	size_t left;
} drawn;

static void forget_drawn(void)
{
	mem_wipe(&drawn, sizeof(drawn));
}

void digest_random(void *out, size_t size)
{
	static bool is_ready;
	if (!is_ready)
		ASSERT(pthread_atfork(NULL, NULL, forget_drawn) == 0);
	is_ready = true;
	if (size > sizeof(drawn.bytes) / 4) {
		ASSERT(RAND_bytes(out, (int)size) == 1);
		return;
	}
	if (drawn.left < size) {
		ASSERT(RAND_bytes(drawn.bytes, (int)sizeof(drawn.bytes)) == 1);
		drawn.left = sizeof(drawn.bytes);
	}
	drawn.left -= size;
	memcpy(out, drawn.bytes + drawn.left, size);
	mem_wipe(drawn.bytes + drawn.left, size);
}

void digest_hex(const void *data, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * size] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool digest_unhex(const char *hex, void *out, size_t size)
{
	if (hex == NULL || strlen(hex) != 2 * size)
		return false;
	uint8_t *p = out;
	for (size_t i = 0; i < size; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		p[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void digest_code(const void *data, size_t size, char *out, size_t n)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	const uint8_t *p = data;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t next = 0;
	for (size_t i = 0; i < n; i++) {
		if (have < 5) {
			ASSERT(next < size);
			bits = bits << 8 | p[next++];
			have += 8;
		}
		out[i] = digits[bits >> (have - 5) & 31];
		have -= 5;
	}
	out[n] = '\0';
}
