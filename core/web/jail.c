/* jail.c: Landlock without a single grant, and a list of the system calls that
 * serving HTTP takes. Everything else is refused with EPERM. */
#include "web/jail.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/poison.h"

#ifdef JEMBATAN_COVERAGE
#define IS_COUNTED true
#else
#define IS_COUNTED false
#endif
#define RIGHTS_ABI_1 ((1ull << 13) - 1)
#define RIGHT_REFER (1ull << 13)    /* ABI 2 */
#define RIGHT_TRUNCATE (1ull << 14) /* ABI 3 */

size_t jail_allow_files(size_t wanted)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return 0;
	size_t before = l.rlim_cur;
	l.rlim_cur = l.rlim_max != RLIM_INFINITY && l.rlim_max < wanted ? l.rlim_max : wanted;
	l.rlim_max = l.rlim_cur;
	return setrlimit(RLIMIT_NOFILE, &l) == 0 ? l.rlim_cur : before;
}

/* The ABI in use; 0: none. */
static long close_files(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr set = { .handled_access_fs = RIGHTS_ABI_1 };
	if (abi <= 0 || IS_COUNTED)
		return 0;
	if (abi >= 2)
		set.handled_access_fs |= RIGHT_REFER;
	if (abi >= 3)
		set.handled_access_fs |= RIGHT_TRUNCATE;
	CLEANUP(close_fd)
	int fd = (int)syscall(SYS_landlock_create_ruleset, &set, sizeof(set.handled_access_fs), 0);
	return fd >= 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0 ? abi : 0;
}

#if !defined(JEMBATAN_SANITIZED) && !defined(JEMBATAN_COVERAGE)
static const char *const allowed[] = {
	"accept", "accept4", "brk", "clock_gettime", "clock_nanosleep", "close", "epoll_ctl",
	"epoll_pwait", "epoll_wait", "exit", "exit_group", "fstat", "futex",
	"getpeername", "getpid", "getrandom", "getsockname", "getsockopt", "gettid",
	"gettimeofday", "lseek", "madvise", "mmap", "mprotect", "mremap", "munmap", "nanosleep",
	"newfstatat", "poll", "ppoll", "read", "readv", "recv", "recvfrom", "recvmsg",
	"restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield",
	"send", "sendfile", "sendmsg", "sendto", "setsockopt", "shutdown", "sigaltstack", "time",
	"write", "writev",
};

/* abort() signals itself. Of fcntl only what makes nobody the owner of a
 * descriptor: an owner is sent signals. */
static int allow_some(scmp_filter_ctx filter)
{
	static const int commands[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC };
	int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				      SCMP_A0_64(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	for (size_t i = 0; i < COUNT_OF(commands) && failed == 0; i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
					  SCMP_A1_64(SCMP_CMP_EQ, (scmp_datum_t)commands[i], 0));
	return failed;
}

static bool close_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int failed = filter == NULL ? -ENOMEM : allow_some(filter);
	for (size_t i = 0; i < COUNT_OF(allowed) && failed == 0; i++) {
		int number = seccomp_syscall_resolve_name(allowed[i]);
		/* Not on this machine: nothing to allow. */
		if (number != __NR_SCMP_ERROR)
			failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	if (failed == 0)
		failed = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	return failed == 0;
}
#else
/* A sanitizer's report takes calls that nobody can list, and counts of what ran take files. */
static bool close_calls(void)
{
	return true;
}
#endif

bool jail_enter(char *out_text, size_t size)
{
	const struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	bool no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	long abi = close_files();
	bool filtered = close_calls();
	if (abi > 0)
		snprintf(out_text, size, "landlock %ld, %s", abi, filtered ? "seccomp" : "no seccomp");
	else
		snprintf(out_text, size, "no landlock, %s", filtered ? "seccomp" : "no seccomp");
	return no_new_privs && abi > 0 && filtered;
}
