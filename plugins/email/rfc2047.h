/* rfc2047.h: encoded words (=?utf-8?B?...?=) in raw header values, decoded by
 * us: GMime 3.2.13 loses text between adjacent ones. Adjacent words of one
 * charset are joined as bytes first, since senders cut letters in two. What is
 * not a proper word stays as it is written. */
#ifndef EMAIL_RFC2047_H
#define EMAIL_RFC2047_H

#include <jembatan/kit.h>

/* Append the value as UTF-8 on one line: words decoded, bytes outside of words
 * that are not UTF-8 taken for windows-1252, control characters to spaces. */
void rfc2047_decode(struct jembatan_bytes value, struct kit_text *out);

/* Length of the row of encoded words, with white space between them only, that
 * begins at the first byte; 0: none does. */
size_t rfc2047_run(struct jembatan_bytes value);

#endif
