/* spool.h: files too large for a row. Each is sealed with a key of its own and
 * lies in the spool folder under a random name; name, size, digest and key
 * travel in a frame. What no frame has named is removed again. */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include "base/msg.h"

struct jembatan_spool; /* one file being written */
struct spooled;        /* one file that is complete */

struct spool {
	const char *folder; /* NULL: nothing is kept, only counted (preview) */
	int64_t max_bytes;  /* of an attachment */
	struct spooled *complete;
};

void spool_init(struct spool *s, const char *folder, int64_t max_bytes);
/* Forget what is complete; remove what was never named in a frame. */
void spool_forget(struct spool *s);

MUST_CHECK enum jembatan_result spool_start(struct spool *s, int64_t max_bytes,
					    struct jembatan_spool **out, struct why *why);
/* DATA when it becomes larger than max_bytes. */
MUST_CHECK enum jembatan_result spool_add(struct jembatan_spool *file,
					  struct jembatan_bytes piece, struct why *why);
/* Seal, fsync file and folder: OK and a token that lives until spool_forget.
 * Frees file in every case; removes it unless OK. */
MUST_CHECK enum jembatan_result spool_finish(struct spool *s, struct jembatan_spool *file,
					     const char **out_token, struct why *why);
void spool_abandon(struct jembatan_spool *file);

/* All of that for bytes in memory, with a ceiling for raw records. */
MUST_CHECK enum jembatan_result spool_whole(struct spool *s, struct jembatan_bytes content,
					    const char **out_token, struct why *why);

/* What a token stands for, about to be named in a frame; false: unknown. */
bool spool_name(struct spool *s, const char *token, struct msg_spooled *out);

/* The largest file that may be written: mails carry attachments in base64. */
int64_t spool_file_max_bytes(int64_t attachment_max_bytes);

#endif
