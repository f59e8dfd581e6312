/* misbehave.c: a connector that does what connectors must not do, on cue. Its
 * option `act` says what; `ids` at which records (else in every poll). Between
 * its misdeeds it hands over `total` made-up messages, so that a test can see
 * whether the good ones arrive. */
#define _GNU_SOURCE 1
#include <jembatan/connector.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const acts[] = {
	"none", "crash", "crash-open", "hang", "hang-open", "leak", "flood", "garbage",
	"half-frame", "kill-parent", "exit0", "open-file", "write-file", "connect", "resolve",
	"probe", "out-of-place", "bad-message", "open-auth", "return-nonsense",
	"more-of-nothing", NULL
};

static const struct jembatan_option options[] = {
	{ "act", JEMBATAN_CHOICE, 0, "none", 0, 0, acts, "What to do wrong." },
	{ "ids", JEMBATAN_LIST, 0, NULL, 0, 0, NULL, "At which records; else in every poll." },
	{ "total", JEMBATAN_INTEGER, 0, "10", 0, 100000000, NULL, "How many messages there are." },
	{ "step", JEMBATAN_INTEGER, 0, "10", 1, 100000, NULL, "Messages from one poll." },
	{ "changing", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL, "Bytes differ at each reading." },
	{ "path", JEMBATAN_PATH, 0, NULL, 0, 0, NULL, "For open-file and write-file." },
	{ "port", JEMBATAN_INTEGER, 0, "9", 1, 65535, NULL, "For connect, at 127.0.0.1." },
	{ NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

struct self {
	long long next; /* the next message's number */
};

static int is_act(struct jembatan_context *ctx, const char *act)
{
	return strcmp(jembatan_get_string(ctx, "act"), act) == 0;
}

static enum jembatan_result say_errno(struct jembatan_context *ctx, const char *what, int failed)
{
	return jembatan_explain(ctx, failed ? JEMBATAN_DATA : JEMBATAN_IDLE, "%s: %s", what,
				failed ? strerrorname_np(errno) : "done");
}

static enum jembatan_result open_file(struct jembatan_context *ctx, int flags)
{
	const char *path = jembatan_get_string(ctx, "path");
	int fd = open(path ? path : "/etc/passwd", flags, 0600);
	enum jembatan_result r = say_errno(ctx, "open", fd < 0);
	if (fd >= 0)
		close(fd);
	return r;
}

static enum jembatan_result try_connect(struct jembatan_context *ctx)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	to.sin_port = htons((uint16_t)jembatan_get_integer(ctx, "port"));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return say_errno(ctx, "socket", 1);
	enum jembatan_result r = say_errno(ctx, "connect",
					   connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0);
	close(fd);
	return r;
}

/* getaddrinfo loads libraries, reads files and may start a thread. */
static enum jembatan_result try_resolve(struct jembatan_context *ctx)
{
	struct addrinfo *found = NULL;
	int failed = getaddrinfo("localhost", "80", NULL, &found);
	if (failed)
		return jembatan_explain(ctx, JEMBATAN_DATA, "resolve: %s", gai_strerror(failed));
	freeaddrinfo(found);
	return jembatan_explain(ctx, JEMBATAN_IDLE, "resolve: done");
}

/* Each of these must be refused; the answer names those that were not. */
static enum jembatan_result probe(struct jembatan_context *ctx)
{
	char *const argv[] = { (char *)"true", NULL };
	const struct rlimit limit = { 1000, 1000 };
	const struct {
		const char *name;
		long result;
	} tried[] = {
		{ "kill", kill(getppid(), 0) },
		{ "kill-group", kill(0, 0) },
		{ "tkill", syscall(SYS_tkill, getppid(), 0) },
		{ "tgkill", syscall(SYS_tgkill, getppid(), getppid(), 0) },
		{ "pidfd_open", syscall(SYS_pidfd_open, getppid(), 0) },
		{ "ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) },
		{ "process_vm_readv",
		  syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) },
		{ "prlimit64", prlimit(getppid(), RLIMIT_NOFILE, &limit, NULL) },
		{ "mount", syscall(SYS_mount, "x", "/tmp", "tmpfs", 0, NULL) },
		{ "unshare", syscall(SYS_unshare, 0x10000000) },
		{ "clone-newuser", syscall(SYS_clone, 0x10000000 | SIGCHLD, NULL, NULL, NULL, 0) },
		{ "setns", syscall(SYS_setns, -1, 0) == 0 || errno != EPERM ? 0 : -1 },
		{ "bpf", syscall(SYS_bpf, 0, NULL, 0) == 0 || errno != EPERM ? 0 : -1 },
		{ "perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) },
		{ "keyctl", syscall(SYS_keyctl, 0, -3, 0) },
		{ "setuid", setuid(getuid()) },
		{ "io_uring",
		  syscall(SYS_io_uring_setup, 1, NULL) == 0 || errno != EPERM ? 0 : -1 },
		{ "userfaultfd", syscall(SYS_userfaultfd, 1) },
		{ "execve", execve("/bin/true", argv, NULL) },
		{ "etc-passwd", open("/etc/passwd", O_RDONLY | O_CLOEXEC) },
		{ "tmp", open("/tmp/misbehave", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) },
		{ "environment", getenv("PATH") || getenv("HOME") ? 0 : -1 },
		{ "foreign-fd", fcntl(9, F_GETFD) },
	};
	char allowed[400] = "";
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		size_t n = strlen(allowed);
		if (tried[i].result >= 0)
			snprintf(allowed + n, sizeof(allowed) - n, " %s", tried[i].name);
	}
	return jembatan_explain(ctx, JEMBATAN_IDLE, "allowed:%s", allowed);
}

static enum jembatan_result leak(struct jembatan_context *ctx)
{
	const size_t piece = 16u * 1024u * 1024u;
	static char *volatile leaked; /* or a compiler sees that nobody looks */
	for (size_t total = 0;; total += piece) {
		leaked = malloc(piece);
		if (!leaked)
			return jembatan_explain(ctx, JEMBATAN_FATAL, "leaked %zu MiB",
						total / 1024 / 1024);
		memset(leaked, 1, piece);
	}
}

static void hang(void)
{
	for (;;)
		pause();
}

static void write_junk(const char *junk, size_t size)
{
	if (write(3, junk, size) < 0)
		abort();
}

/* Calls that contract and role forbid here; the last refusal is explained. */
static enum jembatan_result out_of_place(struct jembatan_context *ctx)
{
	enum jembatan_result c = jembatan_checkpoint(ctx, "x");
	enum jembatan_result w = jembatan_watch(ctx, 0, 1000);
	return c == JEMBATAN_CONFIG && w == JEMBATAN_CONFIG ? JEMBATAN_CONFIG : JEMBATAN_OK;
}

static enum jembatan_result bad_messages(struct jembatan_context *ctx)
{
	struct jembatan_message m = { .size = sizeof(m), .kind = (enum jembatan_kind)99 };
	int refused = jembatan_emit(ctx, &m) == JEMBATAN_DATA;
	m.kind = JEMBATAN_NEW;
	m.extra = "[1]";
	refused += jembatan_emit(ctx, &m) == JEMBATAN_DATA;
	m.extra = "{";
	refused += jembatan_emit(ctx, &m) == JEMBATAN_DATA;
	m.extra = NULL;
	m.size = 8;
	refused += jembatan_emit(ctx, &m) == JEMBATAN_CONFIG;
	struct jembatan_attachment a = { .spool = "../../etc/passwd" };
	m.size = sizeof(m);
	m.attachments = &a;
	m.attachment_count = 1;
	refused += jembatan_emit(ctx, &m) == JEMBATAN_DATA;
	/* Not refused, but made clean. */
	m.attachment_count = 0;
	m.id = "not \xff text";
	m.text = "a\xff\x1b[2Jb";
	refused += jembatan_emit(ctx, &m) == JEMBATAN_OK ? 0 : 10;
	return jembatan_explain(ctx, JEMBATAN_IDLE, "refused %d of 5", refused);
}

/* Not a misdeed for which a poll ends: returns only when there was none. */
static void act_now(struct jembatan_context *ctx)
{
	if (is_act(ctx, "crash"))
		raise(SIGSEGV);
	if (is_act(ctx, "hang"))
		hang();
	if (is_act(ctx, "exit0"))
		exit(0);
	if (is_act(ctx, "garbage"))
		write_junk("HTTP/1.1 200 OK\r\n\r\nthis is no frame at all", 42);
	if (is_act(ctx, "half-frame"))
		write_junk("\1\42\0\0\0\0\0\0\377\377\377\377\0\0\0\0", 16);
}

static enum jembatan_result misdeed(struct jembatan_context *ctx, int *out_done)
{
	*out_done = 1;
	if (is_act(ctx, "leak"))
		return leak(ctx);
	if (is_act(ctx, "kill-parent"))
		return say_errno(ctx, "kill", kill(getppid(), SIGKILL) != 0);
	if (is_act(ctx, "open-file"))
		return open_file(ctx, O_RDONLY | O_CLOEXEC);
	if (is_act(ctx, "write-file"))
		return open_file(ctx, O_WRONLY | O_CREAT | O_CLOEXEC);
	if (is_act(ctx, "connect"))
		return try_connect(ctx);
	if (is_act(ctx, "resolve"))
		return try_resolve(ctx);
	if (is_act(ctx, "probe"))
		return probe(ctx);
	if (is_act(ctx, "bad-message"))
		return bad_messages(ctx);
	if (is_act(ctx, "more-of-nothing"))
		return JEMBATAN_OK;
	if (is_act(ctx, "return-nonsense"))
		return (enum jembatan_result)77;
	*out_done = 0;
	return JEMBATAN_OK;
}

static int is_listed(struct jembatan_context *ctx, const char *id)
{
	const char *key, *value;
	for (size_t i = 0; jembatan_get_entry(ctx, "ids", i, &key, &value); i++)
		if (strcmp(value, id) == 0)
			return 1;
	return 0;
}

static int has_ids(struct jembatan_context *ctx)
{
	const char *key, *value;
	return jembatan_get_entry(ctx, "ids", 0, &key, &value);
}

static enum jembatan_result one_message(struct jembatan_context *ctx, long long number)
{
	char id[32], text[200], raw[240];
	snprintf(id, sizeof(id), "%lld", number);
	snprintf(text, sizeof(text), "Laporan %lld: lampu jalan padam di RT %lld.", number, number);
	snprintf(raw, sizeof(raw), "%s", text);
	if (jembatan_get_integer(ctx, "changing")) /* as a signed address does */
		snprintf(raw, sizeof(raw), "%s %lld", text, (long long)jembatan_now_ms(ctx));
	const struct jembatan_bytes bytes = { raw, strlen(raw) };
	enum jembatan_result r = jembatan_begin(ctx, id, bytes, "text/plain");
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_DATA ? JEMBATAN_OK : r;
	if (is_listed(ctx, id))
		act_now(ctx);
	const struct jembatan_message m = {
		.size = sizeof(m), .id = id, .subject = "Lampu jalan", .text = text,
		.author = { .id = "warga-contoh", .name = "Warga Contoh" },
		.arrived_ms = jembatan_now_ms(ctx),
	};
	return jembatan_emit(ctx, &m);
}

static enum jembatan_result poll_messages(struct jembatan_context *ctx, void *data)
{
	struct self *self = data;
	char cursor[32];
	int done;
	enum jembatan_result r = misdeed(ctx, &done);
	if (done)
		return r;
	if (!has_ids(ctx))
		act_now(ctx);
	long long total = jembatan_get_integer(ctx, "total"), first = self->next;
	long long end = first + jembatan_get_integer(ctx, "step");
	if (is_act(ctx, "flood"))
		total = end = 100000000; /* and never a checkpoint */
	for (; self->next <= total && self->next < end && !jembatan_stopping(ctx); self->next++) {
		r = one_message(ctx, self->next);
		if (r != JEMBATAN_OK)
			return r;
	}
	if (self->next == first)
		return JEMBATAN_IDLE;
	snprintf(cursor, sizeof(cursor), "%lld", self->next - 1);
	r = jembatan_checkpoint(ctx, cursor);
	return r == JEMBATAN_OK && self->next > total ? JEMBATAN_IDLE : r;
}

static enum jembatan_result open_instance(struct jembatan_context *ctx, const char *cursor,
					  void **out_self)
{
	if (is_act(ctx, "crash-open"))
		raise(SIGSEGV);
	if (is_act(ctx, "hang-open"))
		hang();
	if (is_act(ctx, "open-auth")) {
		jembatan_delay(ctx, 5000);
		return jembatan_explain(ctx, JEMBATAN_AUTH, "the password is refused");
	}
	struct self *self = calloc(1, sizeof(*self));
	if (!self)
		return JEMBATAN_FATAL;
	self->next = cursor ? strtoll(cursor, NULL, 10) + 1 : 1;
	*out_self = self;
	return JEMBATAN_OK;
}

static enum jembatan_result request(struct jembatan_context *ctx, void *self,
				    const struct jembatan_request *in,
				    struct jembatan_response *out)
{
	(void)self;
	if (is_act(ctx, "out-of-place"))
		return out_of_place(ctx);
	act_now(ctx);
	out->status = in->body.size > 0 ? 200 : 204;
	return JEMBATAN_OK;
}

static enum jembatan_result check(struct jembatan_context *ctx)
{
	int done;
	return misdeed(ctx, &done);
}

static enum jembatan_result preview(struct jembatan_context *ctx, struct jembatan_bytes sample)
{
	(void)sample;
	return check(ctx);
}

static void close_instance(struct jembatan_context *ctx, void *self)
{
	jembatan_log(ctx, JEMBATAN_INFO, "closed");
	free(self);
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.check = check,
	.open = open_instance,
	.poll = poll_messages,
	.request = request,
	.preview = preview,
	.close = close_instance,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = "misbehave",
	.version = "0.1",
	.summary = "Does what connectors must not do, for tests.",
	.capabilities = JEMBATAN_CAN_POLL | JEMBATAN_CAN_REQUEST | JEMBATAN_CAN_PREVIEW,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
