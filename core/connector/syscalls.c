/* syscalls.c: what Landlock does not stop: signals to others, ptrace, new
 * programs, namespaces, rights and times of files, UNIX sockets (behind one lies
 * the daemon's control), the kernel's own doors. A list of refusals, not of
 * permissions: a plugin links libraries whose needs nobody here can know. */
#include "connector/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/poison.h"

static const char *const refused[] = {
	/* others' processes */
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
	"pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp", "tkill", "setpriority",
	"ioprio_set", "sched_setaffinity", "migrate_pages", "move_pages",
	/* new programs, processes, users; more than the limits */
	"execve", "execveat", "fork", "vfork", "setuid", "setgid", "setreuid", "setregid",
	"setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capset", "personality",
	"setrlimit",
	/* files by name, where Landlock looks away: whoever owns the daemon's files
	 * could open them to everybody, or empty them (until ABI 3) */
	"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat",
	"truncate", "utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr",
	"fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "mknod", "mknodat",
	"inotify_init", "inotify_init1", "fanotify_init", "fanotify_mark",
	/* to be called from outside; memory that no limit counts, or that stays */
	"listen", "accept", "accept4", "memfd_create", "memfd_secret", "shmget", "semget",
	"msgget", "mq_open",
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

/* Refused when (argument & mask) == value. The kernel reads an int from the low
 * half of a register: what stands in the high half must not hide it. */
#define INT 0xffffffffu

static const struct when {
	const char *name;
	unsigned argument;
	uint64_t mask, value;
} refused_when[] = {
	/* namespaces, and processes: threads are what a resolver needs */
	{ "clone", 0, CLONE_NEWNS, CLONE_NEWNS }, { "clone", 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP },
	{ "clone", 0, CLONE_NEWUTS, CLONE_NEWUTS }, { "clone", 0, CLONE_NEWIPC, CLONE_NEWIPC },
	{ "clone", 0, CLONE_NEWUSER, CLONE_NEWUSER }, { "clone", 0, CLONE_NEWPID, CLONE_NEWPID },
	{ "clone", 0, CLONE_NEWNET, CLONE_NEWNET }, { "clone", 0, CLONE_THREAD, 0 },
	/* an owner of a descriptor is sent signals, of any number */
	{ "fcntl", 1, INT, F_SETOWN }, { "fcntl", 1, INT, F_SETOWN_EX },
	{ "fcntl", 1, INT, F_SETSIG }, { "ioctl", 1, INT, FIOSETOWN },
	{ "ioctl", 1, INT, SIOCSPGRP },
	/* typing into the terminal of whoever started us */
	{ "ioctl", 1, INT, TIOCSTI }, { "ioctl", 1, INT, TIOCLINUX },
	/* to outlive the daemon */
	{ "prctl", 0, INT, PR_SET_PDEATHSIG },
	/* this empties a file that may only be read (until ABI 3) */
	{ "open", 1, O_ACCMODE | O_TRUNC, O_TRUNC }, { "openat", 2, O_ACCMODE | O_TRUNC, O_TRUNC },
	/* unlike a stream's, these ends can be connected elsewhere */
	{ "socketpair", 1, 0xf, SOCK_DGRAM }, { "socketpair", 1, 0xf, SOCK_SEQPACKET },
	{ "socketpair", 1, 0xf, SOCK_RAW },
};

static int refuse_by_name(scmp_filter_ctx filter, const char *name, int error)
{
	int number = seccomp_syscall_resolve_name(name);
	/* Not on this machine: nothing to refuse. */
	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)error), number, 0);
}

static int refuse_if(scmp_filter_ctx filter, int number, struct scmp_arg_cmp when)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, 1, &when);
}

static int refuse_list(scmp_filter_ctx filter)
{
	int failed = 0;
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (failed == 0)
			failed = refuse_by_name(filter, refused[i], EPERM);
	for (size_t i = 0; i < COUNT_OF(refused_when) && failed == 0; i++) {
		const struct when *w = &refused_when[i];
		int number = seccomp_syscall_resolve_name(w->name);
		if (number != __NR_SCMP_ERROR)
			failed = refuse_if(filter, number, SCMP_CMP64(w->argument,
					   SCMP_CMP_MASKED_EQ, w->mask, w->value));
	}
	/* Their flags lie behind a pointer; libraries fall back to clone, openat. */
	if (failed == 0)
		failed = refuse_by_name(filter, "clone3", ENOSYS);
	return failed ? failed : refuse_by_name(filter, "openat2", ENOSYS);
}

/* Signals, limits and schedules reach only this process itself: abort() must
 * work, and limits can be asked, not set (a root's could be raised). */
static int refuse_others(scmp_filter_ctx filter)
{
	const scmp_datum_t self = (scmp_datum_t)getpid();
	const int to_a_process[] = { SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo),
				     SCMP_SYS(rt_tgsigqueueinfo) };
	const int of_a_process[] = { SCMP_SYS(prlimit64), SCMP_SYS(sched_setscheduler),
				     SCMP_SYS(sched_setparam), SCMP_SYS(sched_setattr) };
	int failed = 0;
	for (size_t i = 0; i < COUNT_OF(to_a_process) && failed == 0; i++)
		failed = refuse_if(filter, to_a_process[i], SCMP_A0_64(SCMP_CMP_NE, self, 0));
	for (size_t i = 0; i < COUNT_OF(of_a_process) && failed == 0; i++)
		failed = refuse_if(filter, of_a_process[i], SCMP_A0_64(SCMP_CMP_NE, 0, 0));
	return failed ? failed : refuse_if(filter, SCMP_SYS(prlimit64),
					   SCMP_A2_64(SCMP_CMP_NE, 0, 0));
}

static int refuse_socket(scmp_filter_ctx filter, uint64_t family, unsigned argument, uint64_t mask,
			 uint64_t value)
{
	const struct scmp_arg_cmp when[] = {
		SCMP_A0_64(SCMP_CMP_MASKED_EQ, INT, family),
		SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value),
	};
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket),
				      argument == 0 ? 1 : 2, when);
}

/* What is left: streams and datagrams of the internet, and the kernel's routes,
 * which the resolver asks for. Never UNIX: the daemon knows its user by it. */
static int refuse_sockets(scmp_filter_ctx filter)
{
	int failed = 0;
	for (uint64_t family = 0; family < AF_MAX && failed == 0; family++)
		if (family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
			failed = refuse_socket(filter, family, 0, INT, family);
	for (uint64_t type = 0; type < 16 && failed == 0; type++) {
		if (type == SOCK_STREAM || type == SOCK_DGRAM)
			continue;
		failed = refuse_socket(filter, AF_INET, 1, 0xf, type);
		if (failed == 0)
			failed = refuse_socket(filter, AF_INET6, 1, 0xf, type);
	}
	for (uint64_t protocol = 1; protocol < 32 && failed == 0; protocol++)
		failed = refuse_socket(filter, AF_NETLINK, 2, INT, protocol);
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
		failed = no_network ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
						       SCMP_SYS(socket), 0)
				    : refuse_sockets(filter);
	if (failed == 0)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	if (failed != 0)
		why_set(why, JEMBATAN_CONFIG, "%s", strerror(-failed));
	return failed == 0;
}
