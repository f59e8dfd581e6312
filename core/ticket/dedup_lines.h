/* dedup_lines.h: complaints as JSON lines, for trying and measuring: id,
 * channel, author, name, text, time, location. */
#ifndef TICKET_DEDUP_LINES_H
#define TICKET_DEDUP_LINES_H

#include <jansson.h>

#include "ticket/fingerprint.h"

#define DEDUP_LINE_MAX (1024u * 1024u)

struct dedup_line {
	json_t *root; /* owns the strings */
	const char *id;
	struct dedup_input input; /* its evidence points into this struct: do not copy */
	struct evidence evidence[2];
};

/* One line. DATA and why when it is no such record. The author is taken for a
 * phone, a mail address or an account by its shape. Free with dedup_line_done. */
MUST_CHECK enum jembatan_result dedup_line_read(const struct dedup_model *m,
						struct jembatan_bytes line,
						struct dedup_line *out, struct why *why);
void dedup_line_done(struct dedup_line *l); /* zeroed: nothing to free */

#endif
