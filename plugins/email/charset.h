/* charset.h: bytes in a declared charset to UTF-8. Declarations are often
 * wrong: what does not fit falls back to UTF-8, then to windows-1252 (GB18030
 * where a gb... was named), and never fails. */
#ifndef EMAIL_CHARSET_H
#define EMAIL_CHARSET_H

#include <jembatan/kit.h>

/* Append; name NULL or "": not declared. Control characters but tab and newline
 * are dropped, line ends become newline. */
void charset_to_utf8(const char *name, struct jembatan_bytes bytes, struct kit_text *out);

/* Append text that is valid UTF-8 already, as much as fits below max bytes (which
 * is not above the ceiling of `out`), cut on a character. false: it was cut. */
bool utf8_add(struct kit_text *out, size_t max_bytes, const char *text, size_t size);

#endif
