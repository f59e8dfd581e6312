/* fault.c: named points for tests; empty without --enable-faults. */
#include "base/fault.h"

#ifdef JEMBATAN_FAULTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
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
	if (++reached >= wanted)
		kill(getpid(), SIGKILL);
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

#else

/* ISO C wants a declaration in every file. */
typedef int fault_is_off;

#endif
