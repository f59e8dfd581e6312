/* digest.h: hashes, random bytes and their text forms (libcrypto). */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/mem.h"
#include <jembatan/connector.h>

#define DIGEST_SIZE 32u

struct digest {
	uint8_t bytes[DIGEST_SIZE];
};

/* At the beginning of a program. libcrypto 3.0 does not notice when there is no memory
 * for its own beginning, and crashes later: this ends as xmalloc does. */
void digest_init(void);

struct digest digest_sha256(struct jembatan_bytes data);
struct digest digest_hmac(struct jembatan_bytes key, struct jembatan_bytes data);

/* Several parts, each preceded by its length, so that ("ab","c") differs from
 * ("a","bc"). digest_part_text takes NULL and tells it from "". */
struct digest_state;
struct digest_state *digest_begin(struct jembatan_bytes hmac_key); /* empty: SHA-256 */
void digest_part(struct digest_state *s, struct jembatan_bytes part);
void digest_part_text(struct digest_state *s, const char *part);
void digest_raw(struct digest_state *s, const void *data, size_t size); /* no length */
struct digest digest_end(struct digest_state *s); /* frees s */

bool digest_equal(const void *a, const void *b, size_t size); /* constant time */
void digest_random(void *out, size_t size);
void digest_hex(const void *data, size_t size, char *out); /* 2 * size + 1 */
bool digest_unhex(const char *hex, void *out, size_t size); /* exact length */

/* A short code of n characters without I, L, O, U (Crockford's base 32). */
void digest_code(const void *data, size_t size, char *out, size_t n); /* n + 1 bytes */

struct jembatan_bytes bytes_of(const void *data, size_t size);
struct jembatan_bytes bytes_text(const char *s); /* NULL: empty */

#endif
