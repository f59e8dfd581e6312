/* mem.h: memory that cannot fail, assertions that are always on, and cleanup
 * helpers. Exhaustion aborts: every outside length has its ceiling first. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define UNUSED __attribute__((unused))
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* A bug, not a condition of the world: prints file and line, aborts. */
#define ASSERT(claim) ((claim) ? (void)0 : mem_assert_failed(#claim, __FILE__, __LINE__))
void mem_assert_failed(const char *claim, const char *file, int line) __attribute__((noreturn));
void mem_exhausted(void) __attribute__((noreturn)); /* says so and ends the process */

/* Never return NULL; xmalloc(0) is valid. The caller frees with free(). */
void *xmalloc(size_t size) __attribute__((malloc));
void *xcalloc(size_t count, size_t size) __attribute__((malloc));
void *xrealloc(void *p, size_t count, size_t size); /* checks the product */
/* The same for libraries that hand a pointer of the caller's along, as yajl does. */
void *mem_take(void *unused, size_t size);
void *mem_resize(void *unused, void *p, size_t size);
void mem_give_back(void *unused, void *p);
char *xstrdup(const char *s);                       /* NULL gives NULL */
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *format, ...) PRINTF_LIKE(1, 2);

/* True when both are NULL or both are equal strings. */
bool str_equal(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
/* Copy into a fixed room, cut at a character when too long; always ends with
 * NUL. */
void str_copy(char *out, size_t size, const char *s);
/* Drop the last character when it was cut in two: what snprintf has cut must
 * still be UTF-8 for frames and JSON. */
void str_mend(char *s);

/* For __attribute__((cleanup(...))): CLEANUP(free_pointer) char *p = NULL; */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
void free_pointer(void *pointer_to_pointer);
void close_fd(int *fd); /* closes *fd unless it is -1 */

/* Zeroes memory in a way the compiler cannot drop. */
void mem_wipe(void *p, size_t size);

#endif
