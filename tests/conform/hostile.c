/* hostile.c: a connector that attacks. One poll tries everything in the table
 * below and hands over what the kernel said, one line each: "NAME ERRNO", or
 * "NAME done". tests/unit/test_hostile.c knows what it must say. */
#define _GNU_SOURCE 1
#include <jembatan/connector.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define HIGH (1l << 32) /* a bit that the kernel does not look at in an int */

static const struct jembatan_option options[] = {
	{ "outside", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, "Somebody else's folder." },
	{ "granted", JEMBATAN_PATH, 0, NULL, 0, 0, NULL, "A file that may be read." },
	{ "spool", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, "Our own folder." },
	{ "port", JEMBATAN_INTEGER, 0, "9", 1, 65535, NULL, "Somebody listens at 127.0.0.1." },
	{ NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

static struct jembatan_context *ctx;
static char out[8192];

/* -1 and errno, or anything else: it was done. */
static void tell(const char *name, long result)
{
	size_t n = strlen(out);
	const char *said = result == -1 ? strerrorname_np(errno) : "done";
	snprintf(out + n, sizeof(out) - n, "%s %s\n", name, said ? said : "unknown");
	errno = 0;
}

static const char *in(const char *option, const char *name)
{
	static char path[4][256];
	static unsigned next;
	char *p = path[next++ % 4];
	snprintf(p, sizeof(path[0]), "%s/%s", jembatan_get_string(ctx, option), name);
	return p;
}

static long opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd >= 0)
		close(fd);
	return fd;
}

static long closed(long fd)
{
	if (fd >= 0)
		close((int)fd);
	return fd;
}

static const char *of_parent(const char *name)
{
	static char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)getppid(), name);
	return path;
}

static void try_files(void)
{
	char store[256];
	snprintf(store, sizeof(store), "%s", in("outside", "jembatan.db"));
	const struct timespec times[2] = { { 0, 0 }, { 0, 0 } };
	tell("store-read", opened(store, O_RDONLY));
	tell("store-write", opened(store, O_RDWR));
	tell("store-empty", truncate(store, 0));
	tell("store-empty-by-open", opened(store, O_RDONLY | O_TRUNC));
	tell("store-chmod", chmod(store, 0666));
	tell("store-fchmodat", syscall(SYS_fchmodat, AT_FDCWD, store, 0666));
	tell("store-chown", chown(store, getuid(), getgid()));
	tell("store-lchown", lchown(store, getuid(), getgid()));
	tell("store-times", utimensat(AT_FDCWD, store, times, 0));
	tell("store-xattr", setxattr(store, "user.x", "1", 1, 0));
	tell("store-remove", unlink(store));
	tell("store-watch", syscall(SYS_inotify_init1, 0));
	tell("key-read", opened(in("outside", "master.key"), O_RDONLY));
	tell("config-read", opened(in("outside", "jembatan.yaml"), O_RDONLY));
	tell("folder-list", opened(jembatan_get_string(ctx, "outside"), O_RDONLY | O_DIRECTORY));
	tell("folder-new-file", opened(in("outside", "new"), O_WRONLY | O_CREAT));
	tell("folder-new-folder", mkdir(in("outside", "new"), 0700));
	tell("folder-chmod", chmod(jembatan_get_string(ctx, "outside"), 0777));
	tell("passwd", opened("/etc/passwd", O_RDONLY));
	tell("shadow", opened("/etc/shadow", O_RDONLY));
	tell("tmp", opened("/tmp/hostile", O_WRONLY | O_CREAT));
	tell("parent-memory", opened(of_parent("mem"), O_RDWR));
	tell("parent-environment", opened(of_parent("environ"), O_RDONLY));
	tell("own-memory", opened("/proc/self/mem", O_RDWR));
	tell("terminal", opened("/dev/tty", O_RDWR));
	tell("disk-device", mknod(in("spool", "disk"), S_IFBLK | 0600, 0x800));
	tell("granted-read", opened(jembatan_get_string(ctx, "granted"), O_RDONLY));
	tell("granted-write", opened(jembatan_get_string(ctx, "granted"), O_RDWR));
	tell("granted-empty-by-open",
	     opened(jembatan_get_string(ctx, "granted"), O_RDONLY | O_TRUNC));
	/* What no kernel of today refuses: to look, without opening. */
	struct stat st;
	tell("store-look", stat(store, &st));
}

/* Games with the one folder that is ours. */
static void try_spool(void)
{
	const char *mine = in("spool", "0123456789abcdef0123456789abcdef");
	tell("spool-file", opened(mine, O_WRONLY | O_CREAT | O_EXCL));
	tell("spool-symlink", symlink(in("outside", "jembatan.db"), in("spool", "link")));
	tell("spool-fifo", mkfifo(in("spool", "fifo"), 0600));
	tell("spool-folder", mkdir(in("spool", "folder"), 0700));
	tell("spool-link-in", link(in("outside", "jembatan.db"), in("spool", "store")));
	tell("spool-rename-in", rename(in("outside", "jembatan.db"), in("spool", "store")));
	tell("spool-link-out", link(mine, in("outside", "new")));
	tell("spool-rename-out", rename(mine, in("outside", "new")));
	tell("spool-exchange", renameat2(AT_FDCWD, mine, AT_FDCWD, in("outside", "jembatan.db"),
					 RENAME_EXCHANGE));
	tell("spool-up", opened(in("spool", "../granted"), O_WRONLY));
	tell("spool-itself", rename(jembatan_get_string(ctx, "spool"), in("outside", "new")));
	tell("spool-chmod", chmod(jembatan_get_string(ctx, "spool"), 0777));
	tell("spool-exec", execl(mine, mine, (char *)NULL));
}

static void *started(void *unused)
{
	return unused;
}

static long forked(long result)
{
	if (result == 0)
		_exit(0);
	if (result > 0)
		waitpid((pid_t)result, NULL, 0);
	return result;
}

static void try_processes(void)
{
	char *const shell[] = { (char *)"sh", NULL };
	char secret[8];
	struct iovec here = { secret, 8 }, there = { (void *)(uintptr_t)0x10000, 8 };
	const pid_t parent = getppid();
	const struct sched_param param = { 0 };
	const siginfo_t info = { .si_signo = SIGKILL, .si_code = SI_QUEUE };
	const struct f_owner_ex owner = { F_OWNER_PID, parent };
	/* Signal 0: a filter that fails must not take the machine with it. */
	tell("kill", kill(parent, 0));
	tell("kill-all", kill(-1, 0));
	tell("kill-group", kill(0, 0));
	tell("tkill", syscall(SYS_tkill, parent, 0));
	tell("tgkill", syscall(SYS_tgkill, parent, parent, 0));
	tell("sigqueue", syscall(SYS_rt_sigqueueinfo, parent, SIGKILL, &info));
	tell("signal-by-owner", fcntl(3, F_SETOWN, parent));
	tell("signal-by-owner-ex", fcntl(3, F_SETOWN_EX, &owner));
	tell("signal-by-owner-high", syscall(SYS_fcntl, 3, F_SETOWN + HIGH, parent));
	tell("signal-number", fcntl(3, F_SETSIG, SIGKILL));
	tell("signal-by-ioctl", ioctl(3, FIOSETOWN, &parent));
	tell("pidfd", syscall(SYS_pidfd_open, parent, 0));
	tell("ptrace", ptrace(PTRACE_SEIZE, parent, NULL, NULL));
	tell("ptrace-me", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	tell("read-memory", process_vm_readv(parent, &here, 1, &there, 1, 0));
	tell("write-memory", process_vm_writev(parent, &here, 1, &there, 1, 0));
	tell("slow-down", setpriority(PRIO_PROCESS, (id_t)parent, 19));
	tell("slow-down-disk", syscall(SYS_ioprio_set, 1, parent, 3 << 13));
	tell("reschedule", sched_setscheduler(parent, SCHED_IDLE, &param));
	tell("pin", syscall(SYS_sched_setaffinity, parent, 8, secret));
	tell("shell", execve("/bin/sh", shell, NULL));
	tell("shell-by-fd", syscall(SYS_execveat, 3, "", shell, NULL, AT_EMPTY_PATH));
	tell("shell-by-loader", execve("/lib64/ld-linux-x86-64.so.2", shell, NULL));
	tell("fork", forked(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0)));
	tell("fork-libc", forked(fork()));
#ifdef SYS_fork
	tell("fork-old", forked(syscall(SYS_fork)));
#endif
	tell("clone3", syscall(SYS_clone3, NULL, 0));
	tell("outlive", prctl(PR_SET_PDEATHSIG, 0));
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, started, NULL);
	if (failed == 0)
		pthread_join(thread, NULL);
	errno = failed;
	tell("thread", failed ? -1 : 0);
}

static void try_rights(void)
{
	struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct c[2] = { { 0 } };
	tell("limit-descriptors", setrlimit(RLIMIT_NOFILE, &l));
	tell("limit-old-call", syscall(SYS_setrlimit, RLIMIT_AS, &l));
	tell("limit-of-parent", prlimit(getppid(), RLIMIT_NOFILE, &l, NULL));
	tell("limit-ask", getrlimit(RLIMIT_AS, &l));
	tell("user", setuid(0));
	tell("user-effective", seteuid(0));
	tell("group", setgid(0));
	tell("groups", syscall(SYS_setgroups, 0, NULL));
	tell("capset", syscall(SYS_capset, &h, c));
	syscall(SYS_capget, &h, c);
	errno = EPERM;
	tell("capabilities",
	     ((c[0].permitted & ~(1u << CAP_DAC_READ_SEARCH)) | c[1].permitted) ? 0 : -1);
	tell("new-user-namespace", unshare(CLONE_NEWUSER));
	tell("clone-namespace", forked(syscall(SYS_clone, CLONE_NEWUSER | CLONE_VM | CLONE_SIGHAND |
					       CLONE_THREAD, NULL, NULL, NULL, 0)));
	tell("mount", syscall(SYS_mount, "x", "/tmp", "tmpfs", 0, NULL));
	tell("chroot", chroot("/"));
	tell("handle", syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0));
	tell("bpf", syscall(SYS_bpf, 0, NULL, 0));
	tell("perf", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	tell("keyring", syscall(SYS_keyctl, 0, -3, 0));
	tell("io-uring", syscall(SYS_io_uring_setup, 1, NULL));
	tell("userfaultfd", syscall(SYS_userfaultfd, 1));
	tell("kernel-log", syscall(SYS_syslog, 2, out, 1));
	tell("shared-memory", syscall(SYS_shmget, 0, 4096, 0600));
	tell("memory-file", syscall(SYS_memfd_create, "x", 0));
	tell("openat2", syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0));
	tell("type-into-terminal", ioctl(2, TIOCSTI, "x"));
	tell("type-into-terminal-high", syscall(SYS_ioctl, 2, TIOCSTI + HIGH, "x"));
	tell("paste-into-terminal", ioctl(2, TIOCLINUX, "\2"));
	/* A plugin is machine code already: nothing is refused here. */
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	tell("executable-memory", p == MAP_FAILED ? -1 : 0);
}

static long connected(uint32_t address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	to.sin_port = htons((uint16_t)jembatan_get_integer(ctx, "port"));
	to.sin_addr.s_addr = htonl(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	long result = connect(fd, (struct sockaddr *)&to, sizeof(to));
	int saved = errno;
	close(fd);
	errno = saved;
	return result;
}

static long bound(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long result = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&a, sizeof(a));
	int saved = errno;
	closed(fd);
	errno = saved;
	return result;
}

/* To the daemon's control socket, by each kind of UNIX socket there is. */
static long control(int type, int pair)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fds[2] = { -1, -1 };
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", in("outside", "control.sock"));
	long result = pair ? socketpair(AF_UNIX, type, 0, fds) : (fds[0] = socket(AF_UNIX, type, 0));
	if (result >= 0)
		result = connect(fds[0], (struct sockaddr *)&to, sizeof(to));
	int saved = errno;
	closed(fds[0]);
	closed(fds[1]);
	errno = saved;
	return result;
}

static void try_network(void)
{
	tell("control-stream", control(SOCK_STREAM, 0));
	tell("control-datagram", control(SOCK_DGRAM, 0));
	tell("control-packets", control(SOCK_SEQPACKET, 0));
	tell("control-by-pair", control(SOCK_DGRAM, 1));
	/* A stream's end stays connected to its other end. */
	tell("control-by-stream-pair", control(SOCK_STREAM, 1));
	tell("control-high", closed(syscall(SYS_socket, AF_UNIX + HIGH, SOCK_STREAM, 0)));
	tell("raw", closed(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
	tell("raw6", closed(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)));
	tell("raw-high", closed(syscall(SYS_socket, AF_INET, SOCK_RAW + HIGH, 1)));
	tell("sctp", closed(socket(AF_INET, SOCK_SEQPACKET, 132)));
	tell("ethernet", closed(socket(AF_PACKET, SOCK_RAW, 0)));
	tell("netlink-audit", closed(socket(AF_NETLINK, SOCK_RAW, 9)));
	tell("netlink-filter", closed(socket(AF_NETLINK, SOCK_RAW, 12)));
	tell("vsock", closed(socket(AF_VSOCK, SOCK_STREAM, 0)));
	tell("kernel-crypto", closed(socket(AF_ALG, SOCK_SEQPACKET, 0)));
	tell("bluetooth", closed(socket(AF_BLUETOOTH, SOCK_RAW, 0)));
	tell("bind", bound());
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	tell("listen", listen(fd, 1));
	tell("accept", accept(fd, NULL, NULL));
	closed(fd);
	tell("routes", closed(socket(AF_NETLINK, SOCK_RAW, 0)));
	/* Open: it is what a connector is for, and no address can be named. */
	tell("connect", connected(INADDR_LOOPBACK));
}

/* Last: nothing can be opened after it. */
static void try_exhaustion(void)
{
	int fd = 0, count = 0;
	while ((fd = dup(2)) >= 0 && count < 100000)
		count++;
	tell("descriptors", fd);
	for (fd = 4; fd < 100000 && close(fd) == 0;)
		fd++;
	errno = 0;
	fd = open(in("spool", "large"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	tell("file-too-large", ftruncate(fd, (off_t)1 << 40));
	tell("file-reserved", fallocate(fd, 0, 0, (off_t)1 << 40));
	closed(fd);
}

static enum jembatan_result poll_once(struct jembatan_context *context, void *self)
{
	(void)self;
	ctx = context;
	out[0] = '\0';
	try_files();
	try_spool();
	try_processes();
	try_rights();
	try_network();
	try_exhaustion();
	const struct jembatan_message m = { .size = sizeof(m), .id = "1", .text = out };
	enum jembatan_result r = jembatan_emit(ctx, &m);
	return r == JEMBATAN_OK ? JEMBATAN_IDLE : r;
}

static enum jembatan_result open_instance(struct jembatan_context *context, const char *cursor,
					  void **out_self)
{
	(void)context, (void)cursor;
	*out_self = out;
	return JEMBATAN_OK;
}

static enum jembatan_result check(struct jembatan_context *context)
{
	(void)context;
	return JEMBATAN_OK;
}

static void close_instance(struct jembatan_context *context, void *self)
{
	(void)context, (void)self;
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.check = check,
	.open = open_instance,
	.poll = poll_once,
	.close = close_instance,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = "hostile",
	.version = "0.1",
	.summary = "Attacks, for tests.",
	.capabilities = JEMBATAN_CAN_POLL,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
