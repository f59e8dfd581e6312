/* base64.c: in pieces, so that no buffer as large as the text is needed. */
#include "base/base64.h"

#include <openssl/evp.h>

#include "base/poison.h"

/* libcrypto checks the padding by itself and skips white space. */
enum jembatan_result base64_decode(const char *text, size_t size, struct buf *out)
{
	enum { PIECE = 4096 };
	unsigned char plain[PIECE];
	enum jembatan_result result = JEMBATAN_OK;
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	ASSERT(ctx);
	EVP_DecodeInit(ctx);
	int n = 0;
	for (size_t at = 0; at < size && result == JEMBATAN_OK;) {
		size_t piece = size - at < PIECE ? size - at : PIECE;
		int state = EVP_DecodeUpdate(ctx, plain, &n, (const unsigned char *)text + at,
					     (int)piece);
		buf_add(out, plain, n > 0 ? (size_t)n : 0);
		if (state < 0)
			result = JEMBATAN_DATA;
		at += piece;
	}
	if (EVP_DecodeFinal(ctx, plain, &n) < 0)
		result = JEMBATAN_DATA;
	EVP_ENCODE_CTX_free(ctx);
	return result;
}
