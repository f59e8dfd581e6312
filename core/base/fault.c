/* fault.c: named points for tests; empty without --enable-faults. */
#include "base/fault.h"

#ifdef JEMBATAN_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fault_point(const char *name)
{
	static long reached;
	const char *at = getenv("JEMBATAN_KILL_AT");
	if (at == NULL)
		return;
	size_t n = strlen(name);
	if (strncmp(at, name, n) != 0 || (at[n] != '\0' && at[n] != ':'))
		return;
	long wanted = at[n] == ':' ? strtol(at + n + 1, NULL, 10) : 1;
	if (__atomic_add_fetch(&reached, 1, __ATOMIC_RELAXED) >= wanted) {
		FAULT_COVERED();
		kill(getpid(), SIGKILL);
	}
}

bool fault_planted(const char *name)
{
	const char *plant = getenv("JEMBATAN_PLANT");
	return plant != NULL && strcmp(plant, name) == 0;
}

int64_t fault_number(const char *name, int64_t usual)
{
	const char *text = getenv(name);
	return text != NULL ? strtoll(text, NULL, 10) : usual;
}

static const volatile int64_t *wrong_ms;

/* Before a child confines itself. */
static void __attribute__((constructor)) open_clock(void)
{
	const char *path = getenv("JEMBATAN_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *mapped = mmap(NULL, sizeof(*wrong_ms), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped != MAP_FAILED)
		wrong_ms = mapped;
}

int64_t fault_clock_ms(void)
{
	return wrong_ms != NULL ? *wrong_ms : 0;
}

#else

/* ISO C wants a declaration in every file. */
typedef int fault_is_off;

#endif
