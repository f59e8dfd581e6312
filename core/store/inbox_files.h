/* inbox_files.h: internal to core/store. Files in spool/keep whose rows are
 * not committed yet, and reading kept files back. */
#ifndef STORE_INBOX_FILES_H
#define STORE_INBOX_FILES_H

#include <dirent.h>

#include "base/msg.h"
#include "store/db.h"

/* A file that this process brought into keep. Until its row is committed the
 * sweep must not take it. */
struct inbox_file {
	char *token;
	bool named;  /* this transaction wrote a row that names it */
	bool doomed; /* this transaction found its message to be a SAME */
};

struct inbox_files {
	struct inbox_file *fresh;
	size_t count, capacity;
	char **doomed; /* committed SAMEs: to be removed */
	size_t doomed_count, doomed_capacity;
	DIR *sweeping; /* the walk through keep, once per process */
	bool swept;
};

void inbox_files_done(struct inbox_files *f);
/* A row names (or, for a SAME, does not name) this file. */
MUST_CHECK enum jembatan_result inbox_files_name(struct db *db, const char *token, unsigned subject,
						 int64_t subject_id, struct why *why);
void inbox_files_doom(struct db *db, const char *token);
/* A committed row that named it does so no more: it goes at the next sweep after
 * the commit. */
void inbox_files_forget(struct db *db, const char *token);
void inbox_files_committed(struct inbox_files *f);
void inbox_files_aborted(struct inbox_files *f);

/* Append a kept file's plain bytes; its size and digest are checked. */
MUST_CHECK enum jembatan_result inbox_files_read(struct db *db, const struct msg_spooled *spooled,
						 struct buf *out, struct why *why);

#endif
