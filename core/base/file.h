/* file.h: small whole files and directories, done safely. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/why.h"

/* Read a whole file into *out (initialised, its ceiling counts). GONE when it
 * does not exist, CONFIG otherwise. */
MUST_CHECK enum jembatan_result file_read(const char *path, struct buf *out, struct why *why);

/* Write, fsync, rename into place, fsync the directory. */
MUST_CHECK enum jembatan_result file_write(const char *path, unsigned mode,
					   struct jembatan_bytes content, struct why *why);

MUST_CHECK enum jembatan_result file_sync_dir(const char *path, struct why *why);

/* mkdir -p with this mode for what is made. */
MUST_CHECK enum jembatan_result file_make_dirs(const char *path, unsigned mode, struct why *why);

/* Write all bytes to fd. */
MUST_CHECK enum jembatan_result file_write_all(int fd, const void *data, size_t size);

/* OK when neither the file nor a folder above it may be written by anybody but root
 * and this user; else CONFIG and why. */
MUST_CHECK enum jembatan_result file_check_trusted(const char *path, struct why *why);

#endif
