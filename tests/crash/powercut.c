/* powercut.c: preloaded into jembatand, it makes a power cut visible that
 * kill -9 alone cannot show: the kernel keeps what a killed process wrote, a
 * disk only what was synced. Before each write to the database or its log the
 * old bytes go to FILE.undo; a sync empties that. After a kill, the test plays
 * FILE.undo backwards (rig.py), and what remains is what a disk would hold.
 *
 * It has two kill points of its own, as base/fault.h has them: disk.write, when
 * the bytes of a commit are written, and disk.sync, just before they are synced.
 * JEMBATAN_DISK_MS: so long each sync takes at least, as on a slow disk: what goes
 * on meanwhile is killed too. JEMBATAN_DISK_BROKEN: while that file is there, each
 * sync fails, as on a broken one.
 *
 * A record is {offset, bytes that follow, size of the file before}. */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 1024

struct record {
	int64_t offset, size, before;
};

static int undo_fds[FILES_MAX]; /* by descriptor; 0: not watched */

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (!found)
		abort();
	return found;
}

/* Functions that are taken over: once looked up, kept. */
#define REAL(type, name) \
	static type real; \
	if (!real) \
		*(void **)&real = next(name)

typedef int open_fn(const char *, int, ...);
typedef ssize_t write_fn(int, const void *, size_t);
typedef ssize_t pwrite_fn(int, const void *, size_t, off64_t);
typedef int sync_fn(int);
typedef int truncate_fn(int, off64_t);

static ssize_t really_write(int fd, const void *data, size_t size)
{
	REAL(write_fn *, "write");
	return real(fd, data, size);
}

static ssize_t really_pwrite(int fd, const void *data, size_t size, off64_t offset)
{
	REAL(pwrite_fn *, "pwrite64");
	return real(fd, data, size, offset);
}

static int really_truncate(int fd, off64_t size)
{
	REAL(truncate_fn *, "ftruncate64");
	return real(fd, size);
}

static int ends_with(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);
	return n >= m && strcmp(path + n - m, end) == 0;
}

/* Called for every descriptor that is opened. */
static int watch(int fd)
{
	char link[64], path[4096];
	if (fd < 0 || fd >= FILES_MAX)
		return fd;
	undo_fds[fd] = 0;
	int saved = errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 6);
	if (n > 0) {
		path[n] = '\0';
		if (ends_with(path, "/jembatan.db") || ends_with(path, "/jembatan.db-wal")) {
			strcat(path, ".undo");
			REAL(open_fn *, "open64");
			undo_fds[fd] = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		}
	}
	errno = saved;
	return fd;
}

static int undo_of(int fd)
{
	return fd >= 0 && fd < FILES_MAX ? undo_fds[fd] : 0;
}

static void kill_at(const char *name)
{
	static long reached;
	const char *at = getenv("JEMBATAN_KILL_AT");
	size_t n = strlen(name);
	if (!at || strncmp(at, name, n) != 0 || at[n] != ':')
		return;
	if (++reached >= strtol(at + n + 1, NULL, 10))
		kill(getpid(), SIGKILL);
}

/* The old bytes of a place that is about to change. */
static void remember(int fd, int64_t offset, size_t size)
{
	struct stat st;
	if (undo_of(fd) <= 0 || fstat(fd, &st) != 0)
		return;
	int saved = errno;
	int64_t left = st.st_size - offset;
	size_t old = left <= 0 ? 0 : (size_t)left < size ? (size_t)left : size;
	char *record = malloc(sizeof(struct record) + old);
	struct record head = { offset, (int64_t)old, st.st_size };
	if (!record || (old > 0 && pread64(fd, record + sizeof(head), old, offset) != (ssize_t)old))
		abort();
	memcpy(record, &head, sizeof(head));
	if (really_write(undo_fds[fd], record, sizeof(head) + old) != (ssize_t)(sizeof(head) + old))
		abort();
	free(record);
	errno = saved;
}

static void take_time(void)
{
	const char *ms = getenv("JEMBATAN_DISK_MS");
	if (ms)
		(void)poll(NULL, 0, (int)strtol(ms, NULL, 10));
}

static int is_broken(void)
{
	const char *path = getenv("JEMBATAN_DISK_BROKEN");
	return path && access(path, F_OK) == 0;
}

static int sync_with(sync_fn *real, int fd)
{
	if (undo_of(fd) > 0) {
		take_time();
		kill_at("disk.sync");
		if (is_broken()) {
			errno = EIO;
			return -1;
		}
	}
	int result = real(fd);
	if (result == 0 && undo_of(fd) > 0)
		(void)really_truncate(undo_fds[fd], 0);
	return result;
}

/* ---- what SQLite calls ---- */

static int open_mode(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, int) : 0;
}

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		REAL(open_fn *, #name); \
		va_list ap; \
		va_start(ap, flags); \
		int mode = open_mode(flags, ap); \
		va_end(ap); \
		return watch(real(path, flags, mode)); \
	}

OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *data, size_t size)
{
	if (undo_of(fd) > 0)
		remember(fd, lseek64(fd, 0, SEEK_CUR), size);
	return really_write(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	remember(fd, offset, size);
	ssize_t n = really_pwrite(fd, data, size, offset);
	if (undo_of(fd) > 0)
		kill_at("disk.write");
	return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return pwrite64(fd, data, size, offset);
}

int ftruncate64(int fd, off64_t size)
{
	struct stat st;
	if (undo_of(fd) > 0 && fstat(fd, &st) == 0 && st.st_size > size)
		remember(fd, size, (size_t)(st.st_size - size));
	return really_truncate(fd, size);
}

int ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

int fsync(int fd)
{
	REAL(sync_fn *, "fsync");
	return sync_with(real, fd);
}

int fdatasync(int fd)
{
	REAL(sync_fn *, "fdatasync");
	return sync_with(real, fd);
}

int close(int fd)
{
	REAL(sync_fn *, "close");
	if (undo_of(fd) > 0)
		(void)real(undo_fds[fd]);
	if (fd >= 0 && fd < FILES_MAX)
		undo_fds[fd] = 0;
	return real(fd);
}
