/* ask.c: one question to the daemon over its socket. */
#include "cli/cli.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/jx.h"
#include "base/text.h"
#include "config/settings.h"
#include "base/poison.h"

#define ANSWER_MS (10 * 60 * 1000)
#define ARGUMENTS_MAX 8u

static int connect_daemon(const struct cli *c, struct why *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (c->socket != NULL) {
		str_copy(address.sun_path, sizeof(address.sun_path), c->socket);
	} else {
		/* Only run_dir matters here; `check` tells of problems. */
		struct problems problems;
		problems_init(&problems);
		struct settings *s = settings_load(c->config, &problems);
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock",
			 s != NULL && s->run_dir != NULL ? s->run_dir : JEMBATAN_RUNDIR);
		problems_done(&problems);
		settings_free(s);
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int saved = errno;
	close_fd(&fd);
	(void)why_set(why, JEMBATAN_GONE, "cannot reach the daemon at %s: %s%s", address.sun_path,
		      strerror(saved), saved == EACCES ? " (only root and the daemon's user may)" :
		      " (is jembatand running?)");
	return -1;
}

bool cli_daemon_runs(const struct cli *c)
{
	struct why why;
	CLEANUP(close_fd) int fd = connect_daemon(c, &why);
	return fd >= 0;
}

static void show_progress(const struct frame *f, struct arena *arena)
{
	struct msg_progress m = { 0 };
	if (!isatty(STDERR_FILENO) ||
	    field_unpack(msg_progress_fields, f->meta, arena, &m, NULL) != JEMBATAN_OK)
		return;
	fputc('\r', stderr);
	cli_say(stderr, "%s: %lld", m.text != NULL ? m.text : "", (long long)m.done);
	if (m.total > 0)
		fprintf(stderr, " of %lld", (long long)m.total);
}

static int end_of_answer(const struct cli *c, const struct frame *f, struct arena *arena)
{
	struct msg_end m = { 0 };
	struct why why;
	if (field_unpack(msg_end_fields, f->meta, arena, &m, &why) != JEMBATAN_OK)
		return EX_PROTOCOL;
	if (m.why != NULL) {
		CLEANUP(free_pointer) char *text = text_printable(m.why, 1000);
		if (m.exit_code != EX_OK)
			fprintf(stderr, "jembatan: %s\n", text);
		else if (!c->json)
			puts(text);
	}
	return (int)m.exit_code;
}

static int read_answer(const struct cli *c, struct channel *channel, cli_on_row *on_row, void *data)
{
	struct arena *arena = arena_new();
	struct why why;
	int code = EX_PROTOCOL;
	for (;;) {
		struct frame f;
		arena_reset(arena);
		if (channel_wait(channel, ANSWER_MS, &f, &why) != JEMBATAN_OK) {
			fprintf(stderr, "jembatan: the daemon ended in the middle of its answer\n");
			code = EX_UNAVAILABLE;
			break;
		}
		if (f.type == MSG_PROGRESS)
			show_progress(&f, arena);
		if (f.type == MSG_END) {
			code = end_of_answer(c, &f, arena);
			break;
		}
		json_t *row = NULL;
		if (f.type == MSG_ROW && jx_parse(f.blob, &row, &why) == JEMBATAN_OK) {
			on_row(data, row);
			json_decref(row);
		}
	}
	arena_free(arena);
	return code;
}

int cli_ask(const struct cli *c, const char *command, const struct msg_argument *arguments,
	    size_t count, cli_on_row *on_row, void *data)
{
	struct why why;
	struct msg_argument list[ARGUMENTS_MAX];
	struct msg_command m = { .name = command, .arguments = list };
	ASSERT(count <= ARGUMENTS_MAX);
	for (size_t i = 0; i < count; i++)
		if (arguments[i].value != NULL)
			list[m.argument_count++] = arguments[i];
	int fd = connect_daemon(c, &why);
	if (fd < 0) {
		fprintf(stderr, "jembatan: %s\n", why.text);
		return EX_UNAVAILABLE;
	}
	struct channel *channel = channel_new(fd);
	int code = EX_UNAVAILABLE;
	if (channel_put(channel, MSG_COMMAND, 1, msg_command_fields, &m,
			(struct jembatan_bytes){ 0 }, &why) == JEMBATAN_OK &&
	    channel_flush_wait(channel, ANSWER_MS, &why) == JEMBATAN_OK)
		code = read_answer(c, channel, on_row, data);
	else
		fprintf(stderr, "jembatan: %s\n", why.text);
	channel_free(channel);
	return code;
}

void cli_print_json(void *data, json_t *row)
{
	(void)data;
	CLEANUP(free_pointer) char *text = jx_dump_ascii(row);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == 0x7f) /* jansson's one way out */
			fputs("\\u007f", stdout);
		else
			putchar(*p);
	}
	putchar('\n');
}
