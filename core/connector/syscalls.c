/* syscalls.c: what Landlock does not stop: signals to others, ptrace, new
 * programs, namespaces, the kernel's own doors. A list of refusals, not of
 * permissions: a plugin links libraries whose needs nobody here can know. */
#include "connector/confine.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/poison.h"

static const char *const refused[] = {
	/* others' processes */
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
	"pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp", "tkill", "setpriority",
	"sched_setaffinity", "migrate_pages", "move_pages",
	/* new programs, other users */
	"execve", "execveat", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
	"setfsuid", "setfsgid", "setgroups", "capset", "personality",
	/* mounts and namespaces */
	"mount", "umount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount",
	"fspick", "move_mount", "open_tree", "mount_setattr", "unshare", "setns",
	"open_by_handle_at", "name_to_handle_at",
	/* the kernel's own doors */
	"bpf", "perf_event_open", "keyctl", "add_key", "request_key", "kexec_load",
	"kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon",
	"swapoff", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd",
	"iopl", "ioperm", "acct", "quotactl", "quotactl_fd", "syslog", "vhangup", "settimeofday",
	"clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
	"lookup_dcookie", "nfsservctl",
};

static int refuse_by_name(scmp_filter_ctx filter, const char *name, int error)
{
	int number = seccomp_syscall_resolve_name(name);
	/* Not on this machine: nothing to refuse. */
	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)error), number, 0);
}

static int refuse_when(scmp_filter_ctx filter, int number, struct scmp_arg_cmp when)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, 1, &when);
}

static int refuse_list(scmp_filter_ctx filter)
{
	int failed = 0;
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (failed == 0)
			failed = refuse_by_name(filter, refused[i], EPERM);
	/* Its flags lie behind a pointer; glibc falls back to clone. */
	return failed ? failed : refuse_by_name(filter, "clone3", ENOSYS);
}

/* Signals and limits reach only this process itself: abort() must work. */
static int refuse_others(scmp_filter_ctx filter)
{
	const scmp_datum_t self = (scmp_datum_t)getpid();
	const int to_a_process[] = { SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo),
				     SCMP_SYS(rt_tgsigqueueinfo) };
	int failed = 0;
	for (size_t i = 0; i < COUNT_OF(to_a_process); i++)
		if (failed == 0)
			failed = refuse_when(filter, to_a_process[i],
					     SCMP_A0_64(SCMP_CMP_NE, self, 0));
	return failed ? failed
		      : refuse_when(filter, SCMP_SYS(prlimit64), SCMP_A0_64(SCMP_CMP_NE, 0, 0));
}

static int refuse_namespaces(scmp_filter_ctx filter)
{
	const scmp_datum_t flags[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
				       CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET };
	int failed = 0;
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (failed == 0)
			failed = refuse_when(filter, SCMP_SYS(clone),
					     SCMP_A0_64(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
	return failed;
}

bool syscalls_confine(bool no_network, struct why *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter) {
		why_set(why, JEMBATAN_CONFIG, "no filter");
		return false;
	}
	int failed = refuse_list(filter);
	if (failed == 0)
		failed = refuse_others(filter);
	if (failed == 0)
		failed = refuse_namespaces(filter);
	/* Typing into the terminal of whoever started us. */
	if (failed == 0)
		failed = refuse_when(filter, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, TIOCSTI, 0));
	if (failed == 0 && no_network)
		failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 0);
	if (failed == 0)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	if (failed != 0)
		why_set(why, JEMBATAN_CONFIG, "%s", strerror(-failed));
	return failed == 0;
}
