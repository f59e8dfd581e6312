/* thread.h: a thread of a process whose loop hears its signals. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* All signals are blocked in it. The name (at most 15 bytes) is what `top -H`
 * shows. Not 0: errno's word for why the system has no thread left. */
int thread_start(pthread_t *out, const char *name, size_t stack_bytes, void *(*run)(void *data),
		 void *data);

/* On how many processors this process may run. */
unsigned thread_processors(void);

#endif
