/* thread.c: see thread.h. */
#include "base/thread.h"

#include "base/mem.h"

#include <signal.h>

#include "base/poison.h"

pthread_t thread_start(const char *name, size_t stack_bytes, void *(*run)(void *data), void *data)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;

	sigfillset(&all);
	ASSERT(pthread_attr_init(&attributes) == 0);
	ASSERT(pthread_attr_setstacksize(&attributes, stack_bytes) == 0);
	ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	ASSERT(pthread_create(&thread, &attributes, run, data) == 0);
	ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	pthread_attr_destroy(&attributes);
	(void)pthread_setname_np(thread, name);
	return thread;
}
