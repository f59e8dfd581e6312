/* base64.h: RFC 4648 base64, read by libcrypto. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"
#include "base/why.h"

/* Append what the text stands for; white space is skipped. DATA: it is not
 * base64, or its padding is wrong; part of it may have been appended. */
MUST_CHECK enum jembatan_result base64_decode(const char *text, size_t size, struct buf *out);

#endif
