/* core_side.c: the core's end of a connector's socket, for tests. */
#include "core_side.h"

#include "base/file.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/poison.h"

#define NOBODY 65534
#define PATIENCE_MS 20000
#define STRAY_FD 9 /* which the child must not keep */

static void copy_file(const char *from, const char *to)
{
	struct why why;
	struct buf content;
	buf_init(&content, 256u * 1024u * 1024u);
	ck_assert_int_eq(file_read(from, &content, &why), JEMBATAN_OK);
	ck_assert_int_eq(file_write(to, 0755, buf_bytes(&content), &why), JEMBATAN_OK);
	buf_done(&content);
}

/* An ordinary user's parent and child: root's rights would hide what is refused
 * only by the kernel's usual checks. Paths are relative to the working folder,
 * so nobody need not be able to reach it from the root. */
static void become_nobody(void)
{
	if (getuid() != 0)
		return;
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setgid(NOBODY), 0);
	ck_assert_int_eq(setuid(NOBODY), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

void core_side_setup(struct core_side *c)
{
	become_nobody();
	core_side_setup_as_is(c);
}

void core_side_setup_as_is(struct core_side *c)
{
	char program[128];
	*c = (struct core_side){ .folder = "/tmp/jembatan-host-XXXXXX", .confinement = "required",
				 .arena = arena_new() };
	ck_assert_ptr_nonnull(mkdtemp(c->folder));
	ck_assert_int_eq(chmod(c->folder, 0755), 0);
	snprintf(c->spool, sizeof(c->spool), "%s/spool", c->folder);
	ck_assert_int_eq(mkdir(c->spool, 0700), 0);
	snprintf(program, sizeof(program), "%s/jembatan-connector", c->folder);
	copy_file("jembatan-connector", program);
	c->open = (struct msg_open){ .instance = "uji", .role = MSG_ROLE_POLL };
}

static int remove_one(const char *path, const struct stat *st UNUSED, int type UNUSED,
		      struct FTW *walk UNUSED)
{
	return remove(path);
}

void core_side_teardown(struct core_side *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	channel_free(c->channel);
	arena_free(c->arena);
	nftw(c->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	*c = (struct core_side){ 0 };
}

void core_side_install(struct core_side *c, const char *plugin, const char *as)
{
	char from[256], to[256];
	snprintf(from, sizeof(from), "tests/conform/.libs/%s.so", plugin);
	if (access(from, R_OK) < 0)
		snprintf(from, sizeof(from), ".libs/%s.so", plugin);
	snprintf(to, sizeof(to), "%s/%s.so", c->folder, as ? as : plugin);
	copy_file(from, to);
}

static void __attribute__((noreturn)) become_child(struct core_side *c, const char *plugin, int fd)
{
	char program[128], path[256];
	snprintf(program, sizeof(program), "%s/jembatan-connector", c->folder);
	snprintf(path, sizeof(path), "%s/%s.so", c->folder, plugin);
	if (dup2(fd, 3) < 0 || dup2(STDERR_FILENO, STRAY_FD) < 0)
		_exit(99);
	if (c->environment)
		putenv(xstrdup(c->environment));
	execl(program, program, "--connector", path, "--spool", c->spool, "--confinement",
	      c->confinement, (char *)NULL);
	_exit(99);
}

void core_side_start(struct core_side *c, const char *plugin)
{
	int pair[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	/* dup2 onto itself would keep close-on-exec. */
	int child_end = fcntl(pair[1], F_DUPFD_CLOEXEC, 10);
	close(pair[1]);
	c->pid = fork();
	ck_assert_int_ge(c->pid, 0);
	if (c->pid == 0)
		become_child(c, plugin, child_end);
	close(child_end);
	c->channel = channel_new(pair[0]);
}

uint32_t core_side_send(struct core_side *c, enum msg_type type, const struct field *table,
			const void *from, struct jembatan_bytes blob)
{
	struct why why;
	c->seq++;
	ck_assert_int_eq(channel_put(c->channel, (uint8_t)type, c->seq, table, from, blob, &why),
			 JEMBATAN_OK);
	ck_assert_int_eq(channel_flush_wait(c->channel, PATIENCE_MS, &why), JEMBATAN_OK);
	return c->seq;
}

uint32_t core_side_ask(struct core_side *c, enum msg_type type)
{
	return core_side_send(c, type, NULL, NULL, bytes_of(NULL, 0));
}

void core_side_answer(struct core_side *c, uint32_t seq, enum jembatan_result result)
{
	struct why why;
	const struct msg_result out = { .result = result };
	ck_assert_int_eq(channel_put(c->channel, MSG_COMMITTED, seq, msg_result_fields, &out,
				     bytes_of(NULL, 0), &why), JEMBATAN_OK);
	ck_assert_int_eq(channel_flush_wait(c->channel, PATIENCE_MS, &why), JEMBATAN_OK);
}

static void take_log(struct core_side *c, struct jembatan_bytes meta)
{
	struct msg_log log = { 0 };
	ck_assert_int_eq(field_unpack(msg_log_fields, meta, c->arena, &log, NULL), JEMBATAN_OK);
	size_t n = strlen(c->log);
	snprintf(c->log + n, sizeof(c->log) - n, "%s\n", log.text);
}

/* GONE when the child has closed its end. */
static enum jembatan_result next_frame(struct core_side *c, struct frame *out)
{
	struct why why = { "" };
	for (;;) {
		enum jembatan_result r = channel_wait(c->channel, PATIENCE_MS, out, &why);
		if (r == JEMBATAN_GONE)
			return r;
		ck_assert_msg(r == JEMBATAN_OK, "waiting for a frame: %s", why.text);
		out->meta.data = arena_memdup(c->arena, out->meta.data, out->meta.size);
		out->blob.data = arena_memdup(c->arena, out->blob.data, out->blob.size);
		if (out->type != MSG_LOG)
			return r;
		take_log(c, out->meta);
	}
}

struct frame core_side_next(struct core_side *c)
{
	struct frame frame;
	ck_assert_msg(next_frame(c, &frame) == JEMBATAN_OK, "the child is gone");
	return frame;
}

struct frame core_side_expect(struct core_side *c, enum msg_type type, const struct field *table,
			      void *out)
{
	struct frame frame;
	struct why why = { "" };
	ck_assert_msg(next_frame(c, &frame) == JEMBATAN_OK, "the child is gone, no frame %u",
		      (unsigned)type);
	if (frame.type == MSG_DONE && type != MSG_DONE) {
		struct msg_result done = { 0 };
		if (field_unpack(msg_result_fields, frame.meta, c->arena, &done, &why) ==
		    JEMBATAN_OK)
			ck_abort_msg("not %u but DONE %u: %s", (unsigned)type, done.result,
				     done.why ? done.why : "");
	}
	ck_assert_uint_eq(frame.type, type);
	if (table)
		ck_assert_msg(field_unpack(table, frame.meta, c->arena, out, &why) == JEMBATAN_OK,
			      "%s", why.text);
	return frame;
}

const char *core_side_expect_done(struct core_side *c, enum jembatan_result result)
{
	struct msg_result done = { 0 };
	struct frame frame = core_side_expect(c, MSG_DONE, msg_result_fields, &done);
	ck_assert_uint_eq(frame.seq, c->seq);
	ck_assert_msg(done.result == (unsigned)result, "result %u: %s", done.result,
		      done.why ? done.why : "");
	return done.why ? done.why : "";
}

void core_side_open(struct core_side *c, const char *plugin)
{
	struct msg_manifest manifest = { 0 };
	core_side_install(c, plugin, NULL);
	core_side_start(c, plugin);
	core_side_send(c, MSG_OPEN, msg_open_fields, &c->open, bytes_of(NULL, 0));
	core_side_expect(c, MSG_MANIFEST, msg_manifest_fields, &manifest);
	ck_assert_str_eq(manifest.name, plugin);
	if (!(c->open.mode & (JEMBATAN_MODE_CHECK | JEMBATAN_MODE_PREVIEW)))
		core_side_expect_done(c, JEMBATAN_OK);
}

const char *core_side_commit(struct core_side *c)
{
	struct msg_checkpoint checkpoint = { 0 };
	struct frame frame = core_side_expect(c, MSG_CHECKPOINT, msg_checkpoint_fields,
					      &checkpoint);
	core_side_answer(c, frame.seq, JEMBATAN_OK);
	return checkpoint.cursor;
}

int core_side_wait(struct core_side *c)
{
	struct frame frame;
	int status;
	ck_assert_msg(next_frame(c, &frame) == JEMBATAN_GONE, "a frame %u came", frame.type);
	ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
	c->pid = 0;
	return status;
}

void core_side_stop(struct core_side *c)
{
	core_side_ask(c, MSG_STOP);
	ck_assert_int_eq(core_side_wait(c), 0);
}

const char *core_side_write(struct core_side *c, const char *name, const char *content)
{
	struct why why;
	const char *path = arena_printf(c->arena, "%s/%s", c->folder, name);
	ck_assert_int_eq(file_write(path, 0644, bytes_text(content), &why), JEMBATAN_OK);
	return path;
}

size_t core_side_spool_count(const struct core_side *c)
{
	size_t count = 0;
	DIR *folder = opendir(c->spool);
	ck_assert_ptr_nonnull(folder);
	for (struct dirent *e; (e = readdir(folder)) != NULL;)
		count += e->d_name[0] != '.';
	closedir(folder);
	return count;
}

void core_side_unseal(const struct core_side *c, const struct msg_spooled *s, struct buf *out)
{
	char path[256];
	struct why why = { "" };
	struct box_key key;
	snprintf(path, sizeof(path), "%s/%s", c->spool, s->token);
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(s->key.size, sizeof(key.bytes));
	memcpy(key.bytes, s->key.data, sizeof(key.bytes));
	struct box_reader *reader = box_reader_new(&key, fd);
	for (size_t n = 1; n > 0;) {
		char piece[4096];
		ck_assert_msg(box_reader_next(reader, piece, sizeof(piece), &n, &why) ==
				      JEMBATAN_OK, "%s", why.text);
		buf_add(out, piece, n);
	}
	box_reader_free(reader);
	struct digest d = digest_sha256(buf_bytes(out));
	ck_assert_uint_eq(s->size, out->size);
	ck_assert_mem_eq(s->sha256.data, d.bytes, DIGEST_SIZE);
}
