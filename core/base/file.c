/* file.c: whole files, atomically. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/poison.h"

enum jembatan_result file_read(const char *path, struct buf *out, struct why *why)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return why_set(why, errno == ENOENT ? JEMBATAN_GONE : JEMBATAN_CONFIG,
			       "cannot read %s: %s", path, strerror(errno));
	for (;;) {
		char piece[16384];
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why_set(why, JEMBATAN_CONFIG, "cannot read %s: %s", path,
				       strerror(errno));
		if (n == 0)
			return JEMBATAN_OK;
		buf_add(out, piece, (size_t)n);
		if (buf_is_full(out))
			return why_set(why, JEMBATAN_CONFIG, "%s is larger than %zu bytes", path,
				       out->ceiling);
	}
}

enum jembatan_result file_write_all(int fd, const void *data, size_t size)
{
	const char *p = data;
	while (size > 0) {
		ssize_t n = write(fd, p, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return JEMBATAN_RETRY;
		p += n;
		size -= (size_t)n;
	}
	return JEMBATAN_OK;
}

enum jembatan_result file_sync_dir(const char *path, struct why *why)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return why_set(why, JEMBATAN_RETRY, "cannot sync folder %s: %s", path,
			       strerror(errno));
	return JEMBATAN_OK;
}

static enum jembatan_result write_temporary(const char *temporary, unsigned mode,
					    struct jembatan_bytes content)
{
	CLEANUP(close_fd) int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
					O_NOFOLLOW, (mode_t)mode);
	if (fd < 0 || fchmod(fd, (mode_t)mode) != 0)
		return JEMBATAN_RETRY;
	if (file_write_all(fd, content.data, content.size) != JEMBATAN_OK)
		return JEMBATAN_RETRY;
	return fsync(fd) == 0 ? JEMBATAN_OK : JEMBATAN_RETRY;
}

enum jembatan_result file_write(const char *path, unsigned mode, struct jembatan_bytes content,
				struct why *why)
{
	CLEANUP(free_pointer) char *temporary = xasprintf("%s.new", path);
	if (write_temporary(temporary, mode, content) != JEMBATAN_OK ||
	    rename(temporary, path) != 0) {
		int saved = errno;
		unlink(temporary);
		return why_set(why, JEMBATAN_RETRY, "cannot write %s: %s", path, strerror(saved));
	}
	CLEANUP(free_pointer) char *copy = xstrdup(path);
	return file_sync_dir(dirname(copy), why);
}

enum jembatan_result file_make_dirs(const char *path, unsigned mode, struct why *why)
{
	CLEANUP(free_pointer) char *copy = xstrdup(path);
	for (char *p = copy + 1; ; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char saved = *p;
		*p = '\0';
		if (mkdir(copy, (mode_t)mode) != 0 && errno != EEXIST)
			return why_set(why, JEMBATAN_CONFIG, "cannot make folder %s: %s", copy,
				       strerror(errno));
		*p = saved;
		if (saved == '\0')
			return JEMBATAN_OK;
	}
}

static enum jembatan_result check_one(const char *path, struct why *why)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot look at %s: %s", path, strerror(errno));
	if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != getuid())
		return why_set(why, JEMBATAN_CONFIG,
			       "%s belongs to another user: make root its owner (chown root)", path);
	bool sticky = S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0;
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky)
		return why_set(why, JEMBATAN_CONFIG,
			       "%s may be changed by others: take that right away (chmod go-w)", path);
	return JEMBATAN_OK;
}

enum jembatan_result file_check_trusted(const char *path, struct why *why)
{
	char real[PATH_MAX];
	if (realpath(path, real) == NULL)
		return why_set(why, JEMBATAN_CONFIG, "cannot find %s: %s", path, strerror(errno));
	/* Who may write a folder may put another in the place of what is in it. */
	enum jembatan_result r = check_one(real, why);
	while (r == JEMBATAN_OK && strcmp(real, "/") != 0)
		r = check_one(dirname(real), why);
	return r;
}
