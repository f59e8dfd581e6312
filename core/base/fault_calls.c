/* fault_calls.c: the n-th call of a kind fails, for tests; empty without
 * --enable-faults. The program's own definitions stand before those of the C
 * library for every library too, so SQLite's, libcurl's and OpenSSL's calls
 * are counted and fail like ours. Set by the environment, read at the start:
 *
 *   JEMBATAN_FAIL=KIND:N[:ERRNO]  kinds below; N 0: only count
 *   JEMBATAN_FAIL=KIND@PLACE:N    the n-th of those from this call stack
 *   JEMBATAN_FAIL_IN=PROGRAM      default jembatand
 *   JEMBATAN_FAIL_STATE=FILE      shared by all processes: whether it has
 *                                 failed already (it does once), most calls
 *   JEMBATAN_FAIL_PLACES=FILE     the same: each call of the kind, by place */
#undef _FORTIFY_SOURCE
#include "base/fault.h"

#ifdef JEMBATAN_FAULTS

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

enum kind { OPEN, WRITE, SYNC, CONNECT, ALLOC, SOCKET, RENAME, FORK, KINDS };
static const char *const names[KINDS] = { "open", "write", "sync", "connect", "alloc", "socket",
					  "rename", "fork" };

/* As the file has it. */
struct state {
	uint64_t fired;
	uint64_t most[KINDS];
};

/* As the file has them. Only the part that is written takes room on the disk. */
#define PLACES_MOST (1u << 20)
struct places {
	uint64_t used;
	struct {
		uint64_t process, place;
	} calls[PLACES_MOST];
};

static struct state *state;
static struct places *places;
static uint64_t calls[KINDS], wanted_call, wanted_place, calls_there;
static int wanted_kind = -1, wanted_errno;

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (!found)
		abort();
	return found;
}

/* The function behind ours, looked up once. */
#define REAL(returned, name, ...) \
	static returned (*real)(__VA_ARGS__); \
	if (!__atomic_load_n((void **)&real, __ATOMIC_RELAXED)) \
		__atomic_store_n((void **)&real, next(name), __ATOMIC_RELAXED)

/* Never 0; the same in every process of a build: no address as such, since
 * modules lie elsewhere each time. What calls itself counts once. */
static uint64_t place_of_call(void)
{
	enum { FRAMES = 24 };
	void *frames[FRAMES];
	uint64_t place = 1;
	int count = backtrace(frames, FRAMES);
	for (int i = 0; i < count; i++) {
		struct dl_find_object module;
		if ((i > 0 && frames[i] == frames[i - 1]) || _dl_find_object(frames[i], &module) != 0)
			continue;
		uint64_t begin = (uintptr_t)module.dlfo_map_start;
		place = (place ^ ((uintptr_t)frames[i] - begin)) * 0x9e3779b97f4a7c15u;
		place ^= place >> 29 ^ ((uintptr_t)module.dlfo_map_end - begin);
	}
	return place | 1;
}

/* Which call from the wanted place this is; 0 elsewhere. */
static uint64_t count_there(void)
{
	static _Thread_local bool is_within; /* what the unwinder itself calls */
	if (is_within)
		return 0;
	is_within = true;
	uint64_t place = place_of_call(), n = 0;
	is_within = false;
	if (places)
		n = __atomic_fetch_add(&places->used, 1, __ATOMIC_RELAXED);
	if (places && n < PLACES_MOST) {
		places->calls[n].process = (uint64_t)getpid();
		places->calls[n].place = place;
	}
	return place == wanted_place ? __atomic_add_fetch(&calls_there, 1, __ATOMIC_RELAXED) : 0;
}

static bool fails(enum kind kind, int usual)
{
	if (!state)
		return false;
	uint64_t n = __atomic_add_fetch(&calls[kind], 1, __ATOMIC_RELAXED);
	if (n > state->most[kind])
		state->most[kind] = n;
	if ((int)kind != wanted_kind || state->fired)
		return false;
	if (places || wanted_place)
		n = count_there();
	if (n == 0 || n != wanted_call || __atomic_exchange_n(&state->fired, 1, __ATOMIC_SEQ_CST))
		return false;
	errno = wanted_errno ? wanted_errno : usual;
	return true;
}

/* Shared with all who map it; NULL: a plugin's own copy of this, confined. The
 * program's is the one. */
static void *map(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)size) != 0)
		abort();
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		abort();
	return mapped;
}

/* Before main, and before a child confines itself. */
static void __attribute__((constructor)) read_environment(void)
{
	const char *fail = getenv("JEMBATAN_FAIL"), *in = getenv("JEMBATAN_FAIL_IN");
	const char *path = getenv("JEMBATAN_FAIL_STATE");
	if (!fail || !path || strcmp(program_invocation_short_name, in ? in : "jembatand") != 0)
		return;
	struct state *mapped = map(path, sizeof(*mapped));
	if (!mapped)
		return;
	const char *places_path = getenv("JEMBATAN_FAIL_PLACES");
	place_of_call(); /* the first time it loads a library */
	places = places_path ? map(places_path, sizeof(*places)) : NULL;
	for (int k = 0; k < KINDS; k++) {
		size_t n = strlen(names[k]);
		if (strncmp(fail, names[k], n) != 0 || (fail[n] != ':' && fail[n] != '@'))
			continue;
		char *end = (char *)fail + n;
		wanted_kind = k;
		wanted_place = *end == '@' ? strtoull(end + 1, &end, 16) : 0;
		wanted_call = strtoull(end + 1, &end, 10);
		wanted_errno = *end == ':' ? atoi(end + 1) : 0;
	}
	state = mapped;
}

/* ---- files ---- */

static int mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, int) : 0;
}

#define OPEN_LIKE(name) \
	PUBLIC int name(const char *path, int flags, ...) \
	{ \
		REAL(int, #name, const char *, int, ...); \
		va_list ap; \
		va_start(ap, flags); \
		int mode = mode_of(flags, ap); \
		va_end(ap); \
		return fails(OPEN, EMFILE) ? -1 : real(path, flags, mode); \
	}
#define OPENAT_LIKE(name) \
	PUBLIC int name(int at, const char *path, int flags, ...) \
	{ \
		REAL(int, #name, int, const char *, int, ...); \
		va_list ap; \
		va_start(ap, flags); \
		int mode = mode_of(flags, ap); \
		va_end(ap); \
		return fails(OPEN, EMFILE) ? -1 : real(at, path, flags, mode); \
	}
OPEN_LIKE(open)
OPEN_LIKE(open64)
OPENAT_LIKE(openat)
OPENAT_LIKE(openat64)

PUBLIC DIR *opendir(const char *path)
{
	REAL(DIR *, "opendir", const char *);
	return fails(OPEN, EMFILE) ? NULL : real(path);
}

/* A socket's end is gone; a disk is full. */
static bool write_fails(int fd)
{
	if (!fails(WRITE, ENOSPC))
		return false;
	struct stat st;
	int saved = errno;
	if (!wanted_errno && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
		saved = EPIPE;
	errno = saved;
	return true;
}

/* What is named, how it is called: all of them write to the first argument. */
#define WRITE_LIKE(returned, name, types, arguments) \
	PUBLIC returned name types \
	{ \
		REAL(returned, #name, WITHOUT_NAMES_##name); \
		return write_fails(fd) ? -1 : real arguments; \
	}
#define WITHOUT_NAMES_write int, const void *, size_t
#define WITHOUT_NAMES_writev int, const struct iovec *, int
#define WITHOUT_NAMES_pwrite int, const void *, size_t, off_t
#define WITHOUT_NAMES_pwrite64 int, const void *, size_t, off64_t
#define WITHOUT_NAMES_send int, const void *, size_t, int
#define WITHOUT_NAMES_sendmsg int, const struct msghdr *, int
#define WITHOUT_NAMES_ftruncate int, off_t
#define WITHOUT_NAMES_ftruncate64 int, off64_t
WRITE_LIKE(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WRITE_LIKE(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
WRITE_LIKE(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at),
	   (fd, data, size, at))
WRITE_LIKE(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at),
	   (fd, data, size, at))
WRITE_LIKE(ssize_t, send, (int fd, const void *data, size_t size, int flags),
	   (fd, data, size, flags))
WRITE_LIKE(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
WRITE_LIKE(int, ftruncate, (int fd, off_t size), (fd, size))
WRITE_LIKE(int, ftruncate64, (int fd, off64_t size), (fd, size))

PUBLIC int fsync(int fd)
{
	REAL(int, "fsync", int);
	return fails(SYNC, EIO) ? -1 : real(fd);
}

PUBLIC int fdatasync(int fd)
{
	REAL(int, "fdatasync", int);
	return fails(SYNC, EIO) ? -1 : real(fd);
}

PUBLIC int rename(const char *from, const char *to)
{
	REAL(int, "rename", const char *, const char *);
	return fails(RENAME, EIO) ? -1 : real(from, to);
}

PUBLIC int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
	return fails(RENAME, EIO) ? -1 : real(from_at, from, to_at, to, flags);
}

/* ---- sockets and processes ---- */

PUBLIC int connect(int fd, const struct sockaddr *to, socklen_t size)
{
	REAL(int, "connect", int, const struct sockaddr *, socklen_t);
	return fails(CONNECT, ENETUNREACH) ? -1 : real(fd, to, size);
}

PUBLIC int socket(int domain, int type, int protocol)
{
	REAL(int, "socket", int, int, int);
	return fails(SOCKET, EMFILE) ? -1 : real(domain, type, protocol);
}

PUBLIC int socketpair(int domain, int type, int protocol, int out[2])
{
	REAL(int, "socketpair", int, int, int, int *);
	return fails(SOCKET, EMFILE) ? -1 : real(domain, type, protocol, out);
}

PUBLIC int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
	REAL(int, "accept4", int, struct sockaddr *, socklen_t *, int);
	return fails(SOCKET, EMFILE) ? -1 : real(fd, from, size, flags);
}

PUBLIC pid_t fork(void)
{
	REAL(pid_t, "fork", void);
	return fails(FORK, EAGAIN) ? -1 : real();
}

/* ---- memory ---- */

#ifdef JEMBATAN_SANITIZED
/* The sanitizers' own functions must stay: only what mem.c asks for. */
bool fault_allocation(void)
{
	return fails(ALLOC, ENOMEM);
}
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

PUBLIC void *malloc(size_t size)
{
	return fails(ALLOC, ENOMEM) ? NULL : __libc_malloc(size);
}

PUBLIC void *calloc(size_t count, size_t size)
{
	return fails(ALLOC, ENOMEM) ? NULL : __libc_calloc(count, size);
}

PUBLIC void *realloc(void *p, size_t size)
{
	return fails(ALLOC, ENOMEM) ? NULL : __libc_realloc(p, size);
}
#endif

#else

/* ISO C wants a declaration in every file. */
typedef int fault_calls_are_off;

#endif
