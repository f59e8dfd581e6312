/* backup.h: a copy of the store in a folder of its own, made while the daemon
 * works, and its checking.
 *
 *     jembatan.db     one consistent state, sealed as the store is
 *     keep/TOKEN      the files that this state names
 *     SHA256SUMS      of all these, as sha256sum -c reads it
 *     manifest.json   format, times, schema, counts, the digest of SHA256SUMS
 *
 * The master key is not in it. A folder whose name ends in .partial is one
 * that was never finished. */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "base/digest.h"
#include "base/why.h"

#define BACKUP_FORMAT 1
#define BACKUP_HEX_SIZE (2 * DIGEST_SIZE + 1)

struct backup_facts {
	int64_t format, schema;
	int64_t made_ms;
	int64_t files, missing; /* named by the store; of these not there */
	int64_t bytes;
	char digest[BACKUP_HEX_SIZE]; /* of manifest.json: names the backup */
};

/* In bytes; may be called often. */
typedef void backup_progress(void *data, const char *what, int64_t done, int64_t total);

/* PARENT/jembatan-TIME: the caller frees. */
char *backup_place(const char *parent, int64_t now_ms);

/* Copy the store in data_dir to `place`, which must not exist yet. Holds no
 * lock that stops commits; the log is not emptied meanwhile. RETRY: the disk;
 * CONFIG: a folder; DATA: the database is damaged. Nothing is left of what
 * failed. */
MUST_CHECK enum jembatan_result backup_make(const char *data_dir, const char *place,
					    int64_t now_ms, backup_progress *progress, void *data,
					    struct backup_facts *out, struct why *why);

/* Read the manifest. DATA when it is none, or is of a newer format or schema
 * than this program knows (both numbers are in the sentence). */
MUST_CHECK enum jembatan_result backup_read(const char *place, struct backup_facts *out,
					    struct why *why);

/* Copy a backup's jembatan.db and keep/ into `to` (jembatan.db, spool/keep),
 * and compare every digest on the way. DATA when one differs. */
MUST_CHECK enum jembatan_result backup_unpack(const char *place, const char *to,
					      backup_progress *progress, void *data,
					      struct why *why);

/* Copy one file, new, mode 0600. Not synced. Its digest goes to *out. */
MUST_CHECK enum jembatan_result backup_copy(const char *from, const char *to, struct digest *out,
					    int64_t *out_bytes, struct why *why);
/* Bring all that was written below a folder's file system to the disk. */
MUST_CHECK enum jembatan_result backup_sync(const char *folder, struct why *why);
/* Remove a folder with all that is in it; no symbolic link is followed. */
void backup_remove(const char *folder);

#endif
