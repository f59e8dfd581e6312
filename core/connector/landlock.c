/* landlock.c: the files a child can reach. The kernel is asked for its ABI and
 * rights are masked to it; the header of Debian 12 stops at REFER, so later
 * numbers are defined here. A grant holds the file, not its name: after
 * /etc/resolv.conf was replaced, a child sees the new one when restarted. */
#include "connector/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/poison.h"

#define ACCESS_FS_REFER (1ull << 13)    /* ABI 2 */
#define ACCESS_FS_TRUNCATE (1ull << 14) /* ABI 3 */
#define ACCESS_FS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define ACCESS_NET_BIND_TCP (1ull << 0) /* ABI 4 */
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ull << 1)

#define ACCESS_FILE \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_READ_FILE | ACCESS_FS_TRUNCATE | ACCESS_FS_IOCTL_DEV)
#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_LOAD (ACCESS_READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define ACCESS_WRITE \
	(ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | ACCESS_FS_TRUNCATE)
/* And from one of its folders to another. */
#define ACCESS_MOVE (ACCESS_WRITE | ACCESS_FS_REFER)

/* struct landlock_ruleset_attr as of ABI 6; an older kernel gets its start. */
struct ruleset {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

static const struct ruleset handled = {
	.handled_access_fs = (1ull << 16) - 1,
	.handled_access_net = ACCESS_NET_BIND_TCP, /* granted for no port */
	.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL,
};

static uint64_t rights_of_abi(unsigned abi)
{
	uint64_t rights = ACCESS_FS_REFER - 1;
	if (abi >= 2)
		rights |= ACCESS_FS_REFER;
	if (abi >= 3)
		rights |= ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		rights |= ACCESS_FS_IOCTL_DEV;
	return rights;
}

static unsigned kernel_abi(struct why *why)
{
	const char *cap = getenv("JEMBATAN_LANDLOCK_ABI"); /* for tests */
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 0)
		why_set(why, JEMBATAN_CONFIG, "the kernel says: %s", strerror(errno));
	else if (cap && strtol(cap, NULL, 10) < abi)
		abi = strtol(cap, NULL, 10);
	if (abi == 0)
		why_set(why, JEMBATAN_CONFIG, "switched off for a test");
	return abi > 0 ? (unsigned)abi : 0;
}

struct rules {
	int fd;
	uint64_t rights; /* that the kernel knows */
};

/* What does not exist needs no grant. */
static void allow(const struct rules *rules, const char *path, uint64_t rights)
{
	struct stat st;
	struct landlock_path_beneath_attr rule = { .allowed_access = rights & rules->rights };
	CLEANUP(close_fd) int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= ACCESS_FILE;
	rule.parent_fd = fd;
	syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* systemd-resolved and the like replace the file behind /etc/resolv.conf, so
 * its folder is granted; never /etc as a whole. */
static void allow_resolver(const struct rules *rules)
{
	char target[PATH_MAX];
	allow(rules, "/etc/resolv.conf", ACCESS_READ);
	if (!realpath("/etc/resolv.conf", target))
		return;
	const char *folder = dirname(target);
	if (strcmp(folder, "/etc") != 0 && strcmp(folder, "/") != 0)
		allow(rules, folder, ACCESS_READ);
}

static void allow_system(const struct rules *rules)
{
	static const char *const libraries[] = { "/usr/lib", "/lib", "/lib64", "/usr/lib64" };
	static const char *const readable[] = {
		"/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf",
		"/etc/services", "/etc/protocols", "/etc/ssl", "/etc/ld.so.cache",
		"/etc/localtime", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/usr/share/zoneinfo",
		"/usr/share/publicsuffix", "/dev/urandom",
#ifdef JEMBATAN_SANITIZED
		"/proc/self", /* a report names the mapped files */
#endif
	};
	for (size_t i = 0; i < COUNT_OF(libraries); i++)
		allow(rules, libraries[i], ACCESS_LOAD);
	for (size_t i = 0; i < COUNT_OF(readable); i++)
		allow(rules, readable[i], ACCESS_READ);
	allow(rules, "/dev/null", ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	allow_resolver(rules);
	if (getenv("SSL_CERT_FILE"))
		allow(rules, getenv("SSL_CERT_FILE"), ACCESS_READ);
	if (getenv("SSL_CERT_DIR"))
		allow(rules, getenv("SSL_CERT_DIR"), ACCESS_READ);
}

static void allow_plan(const struct rules *rules, const struct confine_plan *plan)
{
	CLEANUP(free_pointer) char *plugin = xstrdup(plan->plugin);
	allow(rules, dirname(plugin), ACCESS_LOAD);
	if (plan->spool_folder)
		allow(rules, plan->spool_folder, ACCESS_WRITE);
	for (size_t i = 0; i < plan->grant_count; i++)
		if (plan->grants[i].path)
			allow(rules, plan->grants[i].path,
			      plan->grants[i].writable ? ACCESS_MOVE : ACCESS_READ);
}

unsigned landlock_confine(const struct confine_plan *plan, struct why *why)
{
	unsigned abi = kernel_abi(why);
	if (abi == 0)
		return 0;
	struct rules rules = { .rights = rights_of_abi(abi) };
	struct ruleset set = handled;
	set.handled_access_fs &= rules.rights;
	size_t size = offsetof(struct ruleset, handled_access_net);
	if (abi >= 4)
		size = offsetof(struct ruleset, scoped);
	if (abi >= 6)
		size = sizeof(set);
	rules.fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (rules.fd < 0) {
		why_set(why, JEMBATAN_CONFIG, "no ruleset: %s", strerror(errno));
		return 0;
	}
	allow_system(&rules);
	allow_plan(&rules, plan);
	bool done = syscall(SYS_landlock_restrict_self, rules.fd, 0) == 0;
	if (!done)
		why_set(why, JEMBATAN_CONFIG, "cannot restrict: %s", strerror(errno));
	close(rules.fd);
	return done ? abi : 0;
}
