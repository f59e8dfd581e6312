/* tryout.c: a short-lived connector process as an event of the loop. */
#include "intake/tryout.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "intake/manifest_inside.h"
#include "base/poison.h"

#define DEADLINE_MS 15000

struct tryout {
	struct loop *loop;
	struct channel *channel;
	struct loop_fd *fd;
	struct loop_timer *deadline;
	pid_t pid;
	struct arena *own; /* of a manifest that nobody wants; or NULL */
	struct arena *scratch;
	struct msg_manifest *out, unwanted;
	struct hearing hearing;
	char name[160];
	enum jembatan_result result; /* known before the loop: told from it */
	struct why why;
	tryout_on_end *on;
	void *data;
};

static void on_known(void *data);

void tryout_free(struct tryout *t)
{
	if (t == NULL)
		return;
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	loop_defer_cancel(t->loop, t);
	loop_timer_free(t->deadline);
	loop_fd_remove(t->fd);
	channel_free(t->channel);
	arena_free(t->scratch);
	arena_free(t->own);
	free(t);
}

static void end(struct tryout *t, enum jembatan_result result, const struct why *why)
{
	struct why said = *why;
	tryout_on_end *on = t->on;
	void *data = t->data;
	tryout_free(t);
	on(data, result, &said);
}

static void on_known(void *data)
{
	struct tryout *t = data;
	end(t, t->result, &t->why);
}

static enum jembatan_result take_frames(struct tryout *t, struct why *why)
{
	enum jembatan_result r = channel_fill(t->channel, why);
	bool is_gone = r == JEMBATAN_GONE;
	if (r == JEMBATAN_IDLE || is_gone)
		r = JEMBATAN_OK;
	while (r == JEMBATAN_OK && !t->hearing.is_done) {
		struct frame f;
		arena_reset(t->scratch);
		r = channel_next(t->channel, &f, why);
		if (r == JEMBATAN_OK)
			r = manifest_hear(t->channel, t->name, &t->hearing, &f, t->scratch, why);
	}
	if (r == JEMBATAN_IDLE && is_gone)
		return why_set(why, JEMBATAN_CONFIG, "the connector %s ended before it answered",
			       t->name);
	if (r == JEMBATAN_IDLE)
		r = JEMBATAN_OK;
	/* Its questions are tiny: one that does not read the answers is at fault. */
	if (r == JEMBATAN_OK && !t->hearing.is_done)
		r = channel_flush(t->channel, why);
	return r;
}

static void on_readable(void *data, unsigned events)
{
	struct tryout *t = data;
	struct why why = { "" };
	(void)events;
	enum jembatan_result r = take_frames(t, &why);
	if (r == JEMBATAN_OK && !t->hearing.is_done) {
		loop_fd_set(t->fd, LOOP_READ | (channel_wants_write(t->channel) ? LOOP_WRITE : 0u));
		return;
	}
	if (r == JEMBATAN_OK && t->own == NULL && t->hearing.manifest->name == NULL)
		r = why_set(&why, JEMBATAN_CONFIG, "the connector %s did not say what it is", t->name);
	end(t, r, &why);
}

static void on_deadline(void *data)
{
	struct tryout *t = data;
	struct why why;
	enum jembatan_result r = why_set(&why, JEMBATAN_CONFIG, "the connector %s did not answer "
					 "within %d s", t->name, DEADLINE_MS / 1000);
	end(t, r, &why);
}

static enum jembatan_result send_all(struct tryout *t, const struct msg_open *open,
				     struct why *why)
{
	struct jembatan_bytes none = { 0 };
	enum jembatan_result r;
	if (open == NULL) {
		r = channel_put(t->channel, MSG_DESCRIBE, 1, NULL, NULL, none, why);
	} else {
		r = channel_put(t->channel, MSG_OPEN, 1, msg_open_fields, open, none, why);
		if (r == JEMBATAN_OK)
			r = channel_put(t->channel, MSG_CHECK, 1, NULL, NULL, none, why);
	}
	return r == JEMBATAN_OK ? channel_flush(t->channel, why) : r;
}

static struct tryout *start(struct loop *loop, const struct spawn_options *spawn,
			    const struct msg_open *open, struct arena *arena,
			    struct msg_manifest *out, tryout_on_end *on, void *data)
{
	struct tryout *t = xcalloc(1, sizeof(*t));
	int fd = -1;
	t->loop = loop;
	t->on = on;
	t->data = data;
	t->scratch = arena_new();
	t->own = out == NULL ? arena_new() : NULL;
	t->hearing.arena = out != NULL ? arena : t->own;
	t->hearing.manifest = out != NULL ? out : &t->unwanted;
	snprintf(t->name, sizeof(t->name), "%s", spawn->plugin);
	if (access(spawn->plugin, R_OK) != 0)
		t->result = why_set(&t->why, JEMBATAN_CONFIG, "there is no connector %s (%s): is "
				    "plugin_dir right, is it installed?", spawn->plugin, strerror(errno));
	else
		t->result = spawn_connector(spawn, &t->pid, &fd, &t->why);
	if (t->result == JEMBATAN_OK) {
		t->channel = channel_new(fd);
		t->result = send_all(t, open, &t->why);
	}
	if (t->result != JEMBATAN_OK) {
		loop_defer(loop, on_known, t);
		return t;
	}
	t->fd = loop_fd_add(loop, fd, LOOP_READ | (channel_wants_write(t->channel) ? LOOP_WRITE : 0u),
			    on_readable, t);
	t->deadline = loop_timer_new(loop, on_deadline, t);
	loop_timer_set(t->deadline, FAULT_NUMBER("JEMBATAN_OPEN_DEADLINE_MS", DEADLINE_MS));
	return t;
}

struct tryout *tryout_describe(struct loop *loop, const struct spawn_options *spawn,
			       struct arena *arena, struct msg_manifest *out, tryout_on_end *on,
			       void *data)
{
	*out = (struct msg_manifest){ 0 };
	return start(loop, spawn, NULL, arena, out, on, data);
}

struct tryout *tryout_check(struct loop *loop, const struct spawn_options *spawn,
			    const struct msg_open *open, tryout_on_end *on, void *data)
{
	return start(loop, spawn, open, NULL, NULL, on, data);
}
