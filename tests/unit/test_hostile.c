/* test_hostile.c: what the kernel says to a connector that attacks, line by
 * line, as an ordinary user and as root, on each ABI of Landlock that this
 * kernel can play. "done" is what confinement does not stop: docs/security.md
 * tells operators the same. */
#include "core_side.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

/* said: several, where kernels or ABIs say it differently. */
static const struct {
	const char *name, *said;
} expected[] = {
	{ "store-read", "EACCES" }, { "store-write", "EACCES" }, { "store-empty", "EPERM" },
	{ "store-empty-by-open", "EPERM" }, { "store-chmod", "EPERM" },
	{ "store-fchmodat", "EPERM" }, { "store-chown", "EPERM" }, { "store-lchown", "EPERM" },
	{ "store-times", "EPERM" }, { "store-xattr", "EPERM" }, { "store-remove", "EACCES" },
	{ "store-watch", "EPERM" }, { "key-read", "EACCES" }, { "config-read", "EACCES" },
	{ "folder-list", "EACCES" }, { "folder-new-file", "EACCES" },
	{ "folder-new-folder", "EACCES" }, { "folder-chmod", "EPERM" }, { "passwd", "EACCES" },
	{ "shadow", "EACCES" }, { "tmp", "EACCES" }, { "parent-memory", "EACCES" },
	{ "parent-environment", "EACCES" }, { "own-memory", "EACCES" },
	{ "terminal", "EACCES ENXIO ENOENT" }, { "disk-device", "EPERM" },
	{ "granted-read", "done" }, { "granted-write", "EACCES" },
	{ "granted-empty-by-open", "EPERM" }, { "store-look", "done" },

	{ "spool-file", "done" }, { "spool-symlink", "EACCES" }, { "spool-fifo", "EPERM" },
	{ "spool-folder", "EACCES" }, { "spool-link-in", "EXDEV EACCES" },
	{ "spool-rename-in", "EXDEV EACCES" }, { "spool-link-out", "EXDEV EACCES" },
	{ "spool-rename-out", "EXDEV EACCES" }, { "spool-exchange", "EXDEV EACCES" },
	{ "spool-up", "EACCES" }, { "spool-itself", "EACCES EXDEV" }, { "spool-chmod", "EPERM" },
	{ "spool-exec", "EPERM" },

	{ "kill", "EPERM" }, { "kill-all", "EPERM" }, { "kill-group", "EPERM" },
	{ "tkill", "EPERM" }, { "tgkill", "EPERM" }, { "sigqueue", "EPERM" },
	{ "signal-by-owner", "EPERM" }, { "signal-by-owner-ex", "EPERM" },
	{ "signal-by-owner-high", "EPERM" }, { "signal-number", "EPERM" },
	{ "signal-by-ioctl", "EPERM" }, { "pidfd", "EPERM" }, { "ptrace", "EPERM" },
	{ "ptrace-me", "EPERM" }, { "read-memory", "EPERM" }, { "write-memory", "EPERM" },
	{ "slow-down", "EPERM" }, { "slow-down-disk", "EPERM" }, { "reschedule", "EPERM" },
	{ "pin", "EPERM" }, { "shell", "EPERM" }, { "shell-by-fd", "EPERM" },
	{ "shell-by-loader", "EPERM" }, { "fork", "EPERM" }, { "fork-libc", "EPERM" },
#ifdef SYS_fork
	{ "fork-old", "EPERM" },
#endif
	{ "clone3", "ENOSYS" }, { "outlive", "EPERM" }, { "thread", "done" },

	{ "limit-descriptors", "EPERM" }, { "limit-old-call", "EPERM" },
	{ "limit-of-parent", "EPERM" }, { "limit-ask", "done" }, { "user", "EPERM" },
	{ "user-effective", "EPERM" }, { "group", "EPERM" }, { "groups", "EPERM" },
	{ "capset", "EPERM" }, { "capabilities", "EPERM" }, { "new-user-namespace", "EPERM" },
	{ "clone-namespace", "EPERM" }, { "mount", "EPERM" }, { "chroot", "EPERM" },
	{ "handle", "EPERM" }, { "bpf", "EPERM" }, { "perf", "EPERM" }, { "keyring", "EPERM" },
	{ "io-uring", "EPERM" }, { "userfaultfd", "EPERM" }, { "kernel-log", "EPERM" },
	{ "shared-memory", "EPERM" }, { "memory-file", "EPERM" }, { "openat2", "ENOSYS" },
	{ "type-into-terminal", "EPERM" }, { "type-into-terminal-high", "EPERM" },
	{ "paste-into-terminal", "EPERM" }, { "executable-memory", "done" },

	{ "control-stream", "EPERM" }, { "control-datagram", "EPERM" },
	{ "control-packets", "EPERM" }, { "control-by-pair", "EPERM" },
	{ "control-by-stream-pair", "EISCONN EINVAL" }, { "control-high", "EPERM" },
	{ "raw", "EPERM" }, { "raw6", "EPERM" }, { "raw-high", "EPERM" }, { "sctp", "EPERM" },
	{ "ethernet", "EPERM" }, { "netlink-audit", "EPERM" }, { "netlink-filter", "EPERM" },
	{ "vsock", "EPERM" }, { "kernel-crypto", "EPERM" }, { "bluetooth", "EPERM" },
	{ "bind", NULL }, { "listen", "EPERM" }, { "accept", "EPERM" }, { "routes", "done" },
	{ "connect", "done" },

	{ "descriptors", "EMFILE" }, { "file-too-large", "EFBIG" }, { "file-reserved", "EFBIG" },
};

static struct core_side core;
static struct msg_option option[4];
static char outside[] = "/tmp/jembatan-outside-XXXXXX";
static int control_fd, listen_fd;
static char port[8];

static void write_outside(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", outside, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, "rahasia", 7), 7);
	close(fd);
}

/* The daemon's folders, as its own user has them. */
static void make_outside(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	strcpy(outside, "/tmp/jembatan-outside-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(outside));
	write_outside("jembatan.db");
	write_outside("master.key");
	write_outside("jembatan.yaml");
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/control.sock", outside);
	control_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(control_fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(control_fd, 5), 0);
}

static void listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listen_fd, (struct sockaddr *)&a, size), 0);
	ck_assert_int_eq(listen(listen_fd, 5), 0);
	ck_assert_int_eq(getsockname(listen_fd, (struct sockaddr *)&a, &size), 0);
	snprintf(port, sizeof(port), "%u", ntohs(a.sin_port));
}

/* Root first: an ordinary user does not become root again. */
static void setup(bool as_is)
{
	if (as_is)
		core_side_setup_as_is(&core);
	else
		core_side_setup(&core);
	make_outside();
	listen_somewhere();
	core.open.options = option;
	core.open.option_count = 4;
	option[0] = (struct msg_option){ "outside", NULL, outside, "a.yaml:1" };
	option[1] = (struct msg_option){ "spool", NULL, core.spool, "a.yaml:2" };
	option[2] = (struct msg_option){ "port", NULL, port, "a.yaml:3" };
	option[3] = (struct msg_option){ "granted", NULL, core_side_write(&core, "granted", "x"),
					 "a.yaml:4" };
}

static int remove_one(const char *path, const struct stat *st UNUSED, int type UNUSED,
		      struct FTW *walk UNUSED)
{
	return remove(path);
}

static void teardown(void)
{
	close(control_fd);
	close(listen_fd);
	core_side_teardown(&core);
	nftw(outside, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *const abis[] = { NULL, "1", "2", "3", "4", "5", "6" };

static long abi_played(const char *wanted)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return wanted != NULL && strtol(wanted, NULL, 10) < abi ? strtol(wanted, NULL, 10) : abi;
}

/* The line of `name` in what was said, into out. */
static bool find_line(const char *text, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);
	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');
		if (strncmp(line, name, n) == 0 && line[n] == ' ' && end != NULL) {
			snprintf(out, size, "%.*s", (int)(end - line) - (int)n - 1, line + n + 1);
			return true;
		}
		line = end != NULL ? end + 1 : NULL;
	}
	return false;
}

static bool is_one_of(const char *list, const char *word)
{
	const char *at = strstr(list, word);
	size_t n = strlen(word);
	return at != NULL && (at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0');
}

static const char *attack(const char *abi)
{
	static char environment[40];
	struct msg_message m = { 0 };
	snprintf(environment, sizeof(environment), "JEMBATAN_LANDLOCK_ABI=%s", abi ? abi : "");
	core.environment = abi ? environment : NULL;
	struct msg_grant grant = { .path = option[3].value };
	core.open.grants = &grant;
	core.open.grant_count = 1;
	core_side_open(&core, "hostile");
	core_side_ask(&core, MSG_POLL);
	struct frame f = core_side_expect(&core, MSG_MESSAGE, NULL, NULL);
	ck_assert_int_eq(msg_message_unpack(f.meta, core.arena, &m, NULL), JEMBATAN_OK);
	core_side_expect_done(&core, JEMBATAN_IDLE);
	return m.message.text;
}

static void compare(const char *said, long abi)
{
	char wrong[4096] = "", line[80];
	size_t lines = 0;
	for (const char *p = strchr(said, '\n'); p != NULL; p = strchr(p + 1, '\n'))
		lines++;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		const char *want = expected[i].said != NULL ? expected[i].said :
				   abi >= 4 ? "EACCES" : "done";
		size_t n = strlen(wrong);
		if (!find_line(said, expected[i].name, line, sizeof(line)))
			snprintf(wrong + n, sizeof(wrong) - n, "%s was not tried\n",
				 expected[i].name);
		else if (!is_one_of(want, line))
			snprintf(wrong + n, sizeof(wrong) - n, "%s: %s, not %s\n",
				 expected[i].name, line, want);
	}
	ck_assert_msg(wrong[0] == '\0', "ABI %ld:\n%s", abi, wrong);
	ck_assert_msg(lines == COUNT_OF(expected), "%zu tried, %zu expected", lines,
		      COUNT_OF(expected));
}

static void nobody_came(void)
{
	char path[128];
	struct stat st;
	ck_assert_int_eq(accept4(control_fd, NULL, NULL, SOCK_CLOEXEC), -1);
	ck_assert_int_eq(errno, EAGAIN);
	snprintf(path, sizeof(path), "%s/jembatan.db", outside);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 7);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_uint_eq(st.st_nlink, 1);
}

START_TEST(each_attack_is_answered_as_the_table_says)
{
	const char *abi = abis[(size_t)_i % COUNT_OF(abis)];
	setup((size_t)_i < COUNT_OF(abis));
	compare(attack(abi), abi_played(abi));
	nobody_came();
	core_side_stop(&core);
	teardown();
}
END_TEST

/* Here, since only root can give a file away. */
START_TEST(a_plugin_of_another_user_is_refused)
{
	struct msg_result done = { 0 };
	char path[160];
	if (getuid() != 0)
		return;
	core_side_setup_as_is(&core);
	core_side_install(&core, "hostile", NULL);
	snprintf(path, sizeof(path), "%s%s", core.folder, _i == 0 ? "/hostile.so" : "");
	ck_assert_int_eq(chown(path, 12345, (gid_t)-1), 0);
	core_side_start(&core, "hostile");
	core_side_ask(&core, MSG_DESCRIBE);
	core_side_expect(&core, MSG_DONE, msg_result_fields, &done);
	ck_assert_uint_eq(done.result, JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(done.why, "belongs to another user"));
	core_side_teardown(&core);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("hostile");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_plugin_of_another_user_is_refused, 0, 2);
	tcase_add_loop_test(t, each_attack_is_answered_as_the_table_says, 0,
			   2 * COUNT_OF(abis));
	return unit_run("hostile", t);
}
