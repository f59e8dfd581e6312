/* html.h: HTML as the text that a reader would see (libxml2). In a library of
 * its own, libhtml.la, so that only those who need libxml2 link it. */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include "base/buf.h"

/* Appends to out. charset NULL: UTF-8 where it is that, else what the document
 * says. DATA when it is too large or no document comes of it. */
MUST_CHECK enum jembatan_result html_text(struct jembatan_bytes html, const char *charset,
					  struct buf *out);

#endif
