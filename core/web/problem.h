/* problem.h: errors as problem documents (RFC 9457), Indonesian first. The
 * words stand here once; the core only says which problem it is. */
#ifndef WEB_PROBLEM_H
#define WEB_PROBLEM_H

#include "base/buf.h"
#include "base/msg.h"

#define PROBLEM_MEDIA_TYPE "application/problem+json"

unsigned problem_status(enum msg_problem problem);

/* Append the document. Details may be NULL; status 0: the problem's own. */
void problem_write(enum msg_problem problem, unsigned status, const char *detail_id,
		   const char *detail_en, struct buf *out);

#endif
