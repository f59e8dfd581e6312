/* upload.h: a sealed file of the spool, opened while it is sent. The last
 * bytes leave only when the size and the SHA-256 of all are right, so that the
 * centre never gets a whole file that is not the citizen's. */
#ifndef CENTRAL_UPLOAD_H
#define CENTRAL_UPLOAD_H

#include "base/msg.h"
#include "base/why.h"

struct upload;

/* Takes fd over. DATA when the file's description cannot be used. */
MUST_CHECK enum jembatan_result upload_open(const struct msg_file *file, int fd,
					    struct upload **out, struct why *why);
void upload_free(struct upload *u); /* NULL is fine */
size_t upload_size(const struct upload *u);
/* The next bytes, at most max; *out_size 0 at the end. DATA: not what was
 * stored; it stays so. */
MUST_CHECK enum jembatan_result upload_next(struct upload *u, void *out, size_t max,
					    size_t *out_size);
/* The sentence, once upload_next has failed; else NULL. */
const char *upload_failure(const struct upload *u);

#endif
