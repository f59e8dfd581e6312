/* control.c: connections, frames, rights. What the commands do stands in
 * commands.c and status.c. */
#include "control.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jx.h"
#include "base/log.h"
#include "base/poison.h"

#define PEERS_MAX 32u
#define AGAIN_MS 1000
#define ROW_MAX (FRAME_PIECE_MAX - 1024u)
#define SILENCE_MS 60000 /* a peer that neither asks nor reads for so long goes */

struct control_peer {
	struct control *control;
	struct channel *channel;
	struct loop_fd *fd;
	struct arena *arena;
	char actor[64];
	bool busy;  /* a command is under way */
	bool gone;
	struct loop_timer *silence;
	size_t waiting; /* bytes that it had not read when last looked at */
	struct control_peer **held;
	struct control_peer *next;
};

struct control {
	struct app *app;
	int fd;
	struct loop_fd *listener;
	char path[108];
	struct control_peer *peers;
	size_t peer_count;
	struct loop_timer *again; /* listen again: there was no descriptor left */
	struct log_trouble trouble;
};

static void free_peer(struct control_peer *p)
{
	struct control_peer **at = &p->control->peers;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->control->peer_count--;
	if (p->held != NULL)
		*p->held = NULL;
	loop_defer_cancel(p->control->app->loop, p);
	loop_timer_free(p->silence);
	loop_fd_remove(p->fd);
	channel_free(p->channel);
	arena_free(p->arena);
	free(p);
}

static void free_later(void *data)
{
	free_peer(data);
}

/* A command may still be at work with it. */
static void drop_peer(struct control_peer *p)
{
	p->gone = true;
	loop_defer(p->control->app->loop, free_later, p);
}

/* While a command is under way nothing is read: the next one waits its turn,
 * and the end of the peer is told as a hang-up. */
static void flush_peer(struct control_peer *p)
{
	if (p->gone)
		return;
	if (channel_flush(p->channel, NULL) != JEMBATAN_OK) {
		drop_peer(p);
		return;
	}
	loop_fd_set(p->fd, (p->busy ? 0u : LOOP_READ) |
			   (channel_wants_write(p->channel) ? LOOP_WRITE : 0u));
}

/* Nothing read and nothing asked since the last look. */
static void on_silence(void *data)
{
	struct control_peer *p = data;
	size_t waiting = channel_waiting(p->channel);
	if ((p->waiting > 0 && waiting >= p->waiting) || (waiting == 0 && !p->busy)) {
		drop_peer(p);
		return;
	}
	p->waiting = waiting;
	loop_timer_set(p->silence, SILENCE_MS);
}

struct app *control_app(struct control_peer *p)
{
	return p->control->app;
}

const char *control_actor(struct control_peer *p)
{
	return p->actor;
}

static void put(struct control_peer *p, enum msg_type type, const struct field *table,
		const void *from, struct jembatan_bytes blob)
{
	/* It does not read: enough. */
	if (!p->gone && channel_put(p->channel, (uint8_t)type, 0, table, from, blob, NULL) !=
			JEMBATAN_OK)
		drop_peer(p);
}

void control_row(struct control_peer *p, json_t *row)
{
	if (row == NULL) {
		/* A text in it is no UTF-8. */
		log_error("control", "a row of an answer to %s could not be written", p->actor);
		return;
	}
	CLEANUP(free_pointer) char *text = jx_dump(row);
	json_decref(row);
	if (strlen(text) <= ROW_MAX)
		put(p, MSG_ROW, NULL, NULL, bytes_text(text));
}

void control_progress(struct control_peer *p, const char *text, int64_t done, int64_t total)
{
	struct msg_progress m = { text, done, total };
	put(p, MSG_PROGRESS, msg_progress_fields, &m, (struct jembatan_bytes){ 0 });
	flush_peer(p);
}

void control_end(struct control_peer *p, int exit_code, const char *format, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	str_mend(text);
	struct msg_end m = { .exit_code = (unsigned)exit_code, .why = text[0] != '\0' ? text : NULL };
	put(p, MSG_END, msg_end_fields, &m, (struct jembatan_bytes){ 0 });
	p->busy = false;
	if (p->held != NULL)
		*p->held = NULL;
	p->held = NULL;
	p->waiting = 0;
	loop_timer_set(p->silence, SILENCE_MS);
	flush_peer(p);
}

static int exit_code_of(enum jembatan_result result)
{
	switch (result) {
	case JEMBATAN_OK:
	case JEMBATAN_IDLE:
		return EX_OK;
	case JEMBATAN_RETRY:
		return EX_TEMPFAIL;
	case JEMBATAN_AUTH:
		return EX_NOPERM;
	case JEMBATAN_CONFIG:
		return EX_CONFIG;
	case JEMBATAN_DATA:
		return EX_DATAERR;
	case JEMBATAN_GONE:
		return EX_NOINPUT;
	case JEMBATAN_FATAL:
		return EX_SOFTWARE;
	}
	return EX_SOFTWARE;
}

void control_fail(struct control_peer *p, enum jembatan_result result, const struct why *why)
{
	control_end(p, exit_code_of(result), "%s", why->text);
}

struct control_peer **control_hold(struct control_peer *p)
{
	struct control_peer **token = xmalloc(sizeof(struct control_peer *));
	*token = p;
	p->held = token;
	return token;
}

static void on_command(struct control_peer *p, const struct frame *f)
{
	struct msg_command c = { 0 };
	struct why why;
	arena_reset(p->arena);
	if (f->type != MSG_COMMAND ||
	    field_unpack(msg_command_fields, f->meta, p->arena, &c, &why) != JEMBATAN_OK ||
	    c.name == NULL) {
		drop_peer(p);
		return;
	}
	control_command *run = commands_find(c.name);
	p->busy = true;
	if (run == NULL)
		control_end(p, EX_USAGE, "this daemon does not know the command %s: is it older than "
			    "the command?", c.name);
	else
		run(p, &c);
}

static void on_peer(void *data, unsigned events)
{
	struct control_peer *p = data;
	struct frame f;
	enum jembatan_result filled = JEMBATAN_OK, r = JEMBATAN_OK;
	if (p->gone)
		return;
	if (p->busy && (events & LOOP_HANGUP) != 0)
		filled = JEMBATAN_GONE;
	else if (!p->busy && (events & (LOOP_READ | LOOP_HANGUP)) != 0)
		filled = channel_fill(p->channel, NULL);
	while (r == JEMBATAN_OK && !p->gone && !p->busy && filled != JEMBATAN_GONE) {
		r = channel_next(p->channel, &f, NULL);
		if (r == JEMBATAN_OK)
			on_command(p, &f);
	}
	if (filled == JEMBATAN_GONE || (r != JEMBATAN_OK && r != JEMBATAN_IDLE))
		drop_peer(p);
	flush_peer(p);
}

/* Not getpwuid(): glibc's lookup crashes where it has no memory to begin (2.36),
 * and may ask a server while everybody waits. */
static bool read_name(uid_t user, char *out, size_t size)
{
	struct passwd entry, *found = NULL;
	char room[4096];
	bool is_found = false;
	FILE *file = fopen("/etc/passwd", "re");
	while (file != NULL && !is_found && fgetpwent_r(file, &entry, room, sizeof(room), &found) == 0)
		is_found = entry.pw_uid == user;
	if (is_found)
		snprintf(out, size, "%s", entry.pw_name);
	if (file != NULL)
		fclose(file);
	return is_found;
}

/* Root and the daemon's own user may command; nobody else. */
static bool is_allowed(int fd, char *actor, size_t size)
{
	struct ucred who;
	socklen_t length = sizeof(who);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0)
		return false;
	if (who.uid != 0 && who.uid != geteuid())
		return false;
	if (!read_name(who.uid, actor, size))
		snprintf(actor, size, "uid %u", (unsigned)who.uid);
	return true;
}

static void on_again(void *data)
{
	struct control *c = data;
	loop_fd_set(c->listener, LOOP_READ);
}

/* Who waits at the door would be reported again and again meanwhile. */
static void rest(struct control *c)
{
	log_trouble(&c->trouble, "control", "a command waits: the daemon has no descriptor left; see "
		    "LimitNOFILE");
	loop_fd_set(c->listener, 0);
	loop_timer_set(c->again, AGAIN_MS);
}

static void on_connection(void *data, unsigned events)
{
	struct control *c = data;
	(void)events;
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	char actor[64];
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			rest(c);
		return;
	}
	log_trouble_over(&c->trouble, "control", "the control socket");
	if (c->peer_count >= PEERS_MAX || !is_allowed(fd, actor, sizeof(actor))) {
		close(fd);
		return;
	}
	struct control_peer *p = xcalloc(1, sizeof(*p));
	p->control = c;
	p->channel = channel_new(fd);
	p->arena = arena_new();
	memcpy(p->actor, actor, sizeof(actor));
	p->next = c->peers;
	c->peers = p;
	c->peer_count++;
	p->fd = loop_fd_add(c->app->loop, fd, LOOP_READ, on_peer, p);
	p->silence = loop_timer_new(c->app->loop, on_silence, p);
	loop_timer_set(p->silence, SILENCE_MS);
}

enum jembatan_result control_open(struct app *a, struct control **out, struct why *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock",
			 a->settings->run_dir);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return why_set(why, JEMBATAN_CONFIG, "run_dir %s is too long for a socket: choose a "
			       "shorter one", a->settings->run_dir);
	enum jembatan_result r = file_make_dirs(a->settings->run_dir, 0755, why);
	if (r != JEMBATAN_OK)
		return r;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The store's lock says that no other daemon is behind it. */
	unlink(address.sun_path);
	mode_t before = umask(0177);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		     listen(fd, 16) == 0;
	umask(before);
	if (!bound) {
		int saved = errno;
		close_fd(&fd);
		return why_set(why, JEMBATAN_CONFIG, "cannot listen on %s: %s", address.sun_path,
			       strerror(saved));
	}
	struct control *c = xcalloc(1, sizeof(*c));
	c->app = a;
	c->fd = fd;
	memcpy(c->path, address.sun_path, sizeof(c->path));
	c->again = loop_timer_new(a->loop, on_again, c);
	c->listener = loop_fd_add(a->loop, fd, LOOP_READ, on_connection, c);
	*out = c;
	return JEMBATAN_OK;
}

void control_close(struct control *c)
{
	if (c == NULL)
		return;
	while (c->peers != NULL)
		free_peer(c->peers);
	loop_timer_free(c->again);
	loop_fd_remove(c->listener);
	close_fd(&c->fd);
	unlink(c->path);
	free(c);
}
