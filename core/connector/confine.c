/* confine.c: the order of confinement. Environment and fds first, then limits,
 * then Landlock (which needs to open the paths it grants), then what root could
 * do, seccomp last. */
#include "connector/confine.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/poison.h"

#define FIRST_FOREIGN_FD 4u

extern char **environ;

static bool may_stay(const char *variable)
{
	static const char *const names[] = {
		"TZ=", "LANG=", "SSL_CERT_FILE=", "SSL_CERT_DIR=",
#if defined(JEMBATAN_FAULTS) || defined(JEMBATAN_SANITIZED)
		"JEMBATAN_", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=",
#endif
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_starts(variable, names[i]))
			return true;
	return false;
}

/* The strings stay where they are; only the list of them becomes shorter. */
static void clear_environment(void)
{
	char **kept = environ;
	for (char **e = environ; e && *e; e++) {
		if (may_stay(*e))
			*kept++ = *e;
		else
			mem_wipe(*e, strlen(*e));
	}
	if (kept)
		*kept = NULL;
}

static void limit(__rlimit_resource_t resource, uint64_t value)
{
	struct rlimit l;
	if (getrlimit(resource, &l) != 0)
		return;
	if (l.rlim_max == RLIM_INFINITY || value < l.rlim_max)
		l.rlim_max = value;
	l.rlim_cur = l.rlim_max;
	setrlimit(resource, &l);
}

/* No RLIMIT_NPROC: getaddrinfo starts a thread. CPU time is left to deadlines. */
static void set_limits(const struct confine_plan *plan)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 256);
	limit(RLIMIT_FSIZE, (uint64_t)plan->file_max_bytes + 1024 * 1024);
#ifndef JEMBATAN_SANITIZED
	limit(RLIMIT_AS, (uint64_t)1024 * 1024 * 1024);
#endif
	/* EFBIG instead of death, also where stderr is a large file. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

/* Where root started the daemon. It stays able to read what an operator grants
 * by path; Landlock says which paths those are. */
static void drop_capabilities(void)
{
	const uint32_t kept = 1u << CAP_DAC_READ_SEARCH;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	if (syscall(SYS_capget, &header, now) != 0)
		return;
	const struct __user_cap_data_struct less[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = now[0].effective & kept, .permitted = now[0].permitted & kept },
	};
	syscall(SYS_capset, &header, less);
}

void confine_self(const struct confine_plan *plan, struct confine_outcome *out)
{
	struct why landlock_why = { "" }, syscalls_why = { "" };
	char landlock[80];
	close_range(FIRST_FOREIGN_FD, ~0u, 0);
	set_limits(plan);
	bool no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	unsigned abi = landlock_confine(plan, &landlock_why);
	clear_environment();
	drop_capabilities();
	bool filtered = syscalls_confine(plan->no_network, &syscalls_why);
	if (abi > 0)
		snprintf(landlock, sizeof(landlock), "landlock %u", abi);
	else
		snprintf(landlock, sizeof(landlock), "no landlock (%.60s)", landlock_why.text);
	snprintf(out->text, sizeof(out->text), "%s, %s%.60s", landlock,
		 filtered ? "seccomp" : "no seccomp: ", filtered ? "" : syscalls_why.text);
	out->degraded = !no_new_privs || abi == 0 || !filtered;
}
