/* text.h: UTF-8 (utf8proc). Everything inside the core is valid UTF-8; this is
 * where it is made so. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

bool text_is_utf8(const char *s, size_t size); /* no NUL, no surrogates */

/* Append s, with each invalid byte sequence replaced by U+FFFD and NUL, C0
 * (but \t \n) and C1 controls dropped; \r\n and \r become \n. */
void text_clean(const char *s, size_t size, struct buf *out);

/* NFC of valid UTF-8; the caller frees. */
char *text_nfc(const char *s);

/* The longest prefix of at most max bytes that ends on a character. */
size_t text_prefix_bytes(const char *s, size_t size, size_t max_bytes);
/* The longest prefix of at most max grapheme clusters, in bytes. */
size_t text_prefix_graphemes(const char *s, size_t max_graphemes);
size_t text_count_graphemes(const char *s);

/* Trim white space (Unicode, NBSP too) at both ends, in place. */
void text_trim(char *s);
/* Runs of white space become one space; the caller frees. */
char *text_squeeze(const char *s);
/* Capitals of ASCII become small ones, in place. True when all of it is ASCII. */
bool text_make_small(char *s, size_t size);

/* Case folded NFKC for comparing; the caller frees. */
char *text_fold(const char *s);

/* For logs and terminals: control characters, escapes and bidi overrides
 * become "?"; at most max bytes. The caller frees. */
char *text_printable(const char *s, size_t max_bytes);
/* The same of any bytes and without a ceiling of its own; line breaks and tabs
 * stay. */
void text_printable_lines(const char *s, size_t size, struct buf *out);

/* Unknown encodings: try UTF-8, then windows-1252; always valid after. */
void text_from_unknown(const char *s, size_t size, struct buf *out);

#endif
