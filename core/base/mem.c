/* mem.c: allocation that aborts instead of failing. */
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/poison.h"

void mem_assert_failed(const char *claim, const char *file, int line)
{
	fprintf(stderr, "bug: %s:%d: this should hold: %s\n", file, line, claim);
	abort();
}

void mem_exhausted(void)
{
	static const char text[] = "out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	abort();
}

static void *check(void *p)
{
	if (p == NULL || FAULT_ALLOCATION())
		mem_exhausted();
	return p;
}

void *xmalloc(size_t size)
{
	return check(malloc(size != 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	return check(calloc(count, size));
}

void *xrealloc(void *p, size_t count, size_t size)
{
	size_t total;
	ASSERT(!__builtin_mul_overflow(count, size, &total));
	return check(realloc(p, total != 0 ? total : 1));
}

void *mem_take(void *unused UNUSED, size_t size)
{
	return xmalloc(size);
}

void *mem_resize(void *unused UNUSED, void *p, size_t size)
{
	return xrealloc(p, size, 1);
}

void mem_give_back(void *unused UNUSED, void *p)
{
	free(p);
}

char *xstrdup(const char *s)
{
	return s != NULL ? check(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	return check(strndup(s, n));
}

char *xasprintf(const char *format, ...)
{
	char *out = NULL;
	va_list ap;
	va_start(ap, format);
	int n = vasprintf(&out, format, ap);
	va_end(ap);
	return check(n < 0 ? NULL : out);
}

bool str_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return s != NULL && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Bytes of the character that `first` begins; 1 for what begins none. */
static size_t character_bytes(unsigned char first)
{
	return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

void str_mend(char *s)
{
	size_t size = strlen(s), at = size;
	while (at > 0 && size - at < 3 && ((unsigned char)s[at - 1] & 0xc0) == 0x80)
		at--;
	if (at > 0 && at - 1 + character_bytes((unsigned char)s[at - 1]) > size)
		s[at - 1] = '\0';
}

void str_copy(char *out, size_t size, const char *s)
{
	size_t n = strnlen(s, size - 1);
	memcpy(out, s, n);
	out[n] = '\0';
	if (s[n] != '\0')
		str_mend(out);
}

void free_pointer(void *pointer_to_pointer)
{
	void **p = pointer_to_pointer;
	free(*p);
	*p = NULL;
}

void close_fd(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd);
		errno = saved;
	}
	*fd = -1;
}

void mem_wipe(void *p, size_t size)
{
	if (p != NULL)
		explicit_bzero(p, size);
}
