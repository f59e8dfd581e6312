/* thread.c: see thread.h. */
#include "base/thread.h"

#include "base/mem.h"

#include <sched.h>
#include <signal.h>

#include "base/poison.h"

int thread_start(pthread_t *out, const char *name, size_t stack_bytes, void *(*run)(void *data),
		 void *data)
{
	pthread_attr_t attributes;
	sigset_t all, before;

	sigfillset(&all);
	ASSERT(pthread_attr_init(&attributes) == 0);
	ASSERT(pthread_attr_setstacksize(&attributes, stack_bytes) == 0);
	ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	int error = pthread_create(out, &attributes, run, data);
	ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	pthread_attr_destroy(&attributes);
	if (error == 0)
		(void)pthread_setname_np(*out, name);
	return error;
}

unsigned thread_processors(void)
{
	cpu_set_t set;

	/* More processors than fit: surely several. */
	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : CPU_SETSIZE;
}
