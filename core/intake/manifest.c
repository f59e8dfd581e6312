/* manifest.c: short-lived connector processes, spoken to with blocking frames. */
#include "intake/manifest.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/poison.h"

#define DEADLINE_MS 15000

struct tool {
	pid_t pid;
	struct channel *channel;
	char name[160]; /* for sentences */
};

void
manifest_plugin_path(const struct settings *s, const char *connector, char *out, size_t size)
{
	snprintf(out, size, "%s/%s.so", s->plugin_dir, connector);
}

static enum jembatan_result
tool_start(const struct spawn_options *spawn, struct tool *t, struct why *why)
{
	int fd = -1;
	*t = (struct tool){ 0 };
	snprintf(t->name, sizeof(t->name), "%s", spawn->plugin);
	if (access(spawn->plugin, R_OK) != 0)
		return why_set(why, JEMBATAN_CONFIG,
			       "there is no connector %s (%s): is plugin_dir right, is it installed?",
			       spawn->plugin, strerror(errno));
	enum jembatan_result r = spawn_connector(spawn, &t->pid, &fd, why);
	if (r == JEMBATAN_OK)
		t->channel = channel_new(fd);
	return r;
}

/* Ends the process; tells how it ended when that says more than `why`. */
static void
tool_end(struct tool *t, bool kill_it)
{
	int status;
	channel_free(t->channel);
	if (t->pid <= 0)
		return;
	if (kill_it)
		kill(t->pid, SIGKILL);
	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		;
}

static enum jembatan_result
next_frame(struct tool *t, struct frame *f, struct why *why)
{
	enum jembatan_result r = channel_wait(t->channel, DEADLINE_MS, f, why);
	if (r == JEMBATAN_OK)
		return r;
	int status = 0;
	if (r == JEMBATAN_GONE && waitpid(t->pid, &status, 0) == t->pid) {
		char how[120];
		t->pid = 0;
		spawn_describe_end(status, how, sizeof(how));
		return why_set(why, JEMBATAN_CONFIG, "the connector %s %s before it answered", t->name,
			       how);
	}
	return why_prefix(why, JEMBATAN_CONFIG, "the connector %s", t->name);
}

static enum jembatan_result
tool_send(struct tool *t, enum msg_type type, const struct field *table, const void *from,
     struct jembatan_bytes blob, struct why *why)
{
	enum jembatan_result r = channel_put(t->channel, (uint8_t)type, 1, table, from, blob, why);
	if (r == JEMBATAN_OK)
		r = channel_flush_wait(t->channel, DEADLINE_MS, why);
	return r;
}

static void
show_log(const struct frame *f, struct arena *arena, const char *name)
{
	struct msg_log log = { 0 };
	if (field_unpack(msg_log_fields, f->meta, arena, &log, NULL) == JEMBATAN_OK &&
	    log.text != NULL && log.level <= JEMBATAN_ERROR)
		log_at((enum jembatan_level)log.level, name, "%s", log.text);
}

/* What a run brings, and where it goes. */
struct sink {
	struct arena *arena;
	struct msg_manifest *manifest;
	manifest_on_message *on; /* or NULL */
	void *data;
	bool empty; /* a record was begun, and no message came yet */
};

static enum jembatan_result
take_message(const struct sink *s, struct jembatan_bytes meta, struct why *why)
{
	struct msg_message m;
	enum jembatan_result r = msg_message_unpack(meta, s->arena, &m, why);
	if (r == JEMBATAN_OK && s->on != NULL)
		s->on(s->data, &m);
	return r;
}

/* Nothing is stored here: there is no state. */
static enum jembatan_result
answer_state(struct tool *t, uint32_t seq, struct why *why)
{
	enum jembatan_result r = channel_put(t->channel, MSG_VALUE, seq, NULL, NULL,
					     (struct jembatan_bytes){ 0 }, why);
	return r == JEMBATAN_OK ? channel_flush_wait(t->channel, DEADLINE_MS, why) : r;
}

static enum jembatan_result
take_done(const struct sink *s, struct jembatan_bytes meta, struct why *why)
{
	struct msg_result done = { 0 };
	enum jembatan_result r = field_unpack(msg_result_fields, meta, s->arena, &done, why);
	if (r != JEMBATAN_OK || done.result == JEMBATAN_OK || done.result == JEMBATAN_IDLE)
		return r;
	r = done.result <= JEMBATAN_FATAL ? (enum jembatan_result)done.result : JEMBATAN_CONFIG;
	return why_set(why, r, "%s", done.why != NULL ? done.why : "the connector gave no reason");
}

static enum jembatan_result
take_frame(struct tool *t, struct sink *s, const struct frame *f, struct why *why)
{
	/* The frame's bytes are borrowed: what stays is copied first. */
	struct jembatan_bytes meta = { arena_memdup(s->arena, f->meta.data, f->meta.size),
				       f->meta.size };
	if ((f->type == MSG_BEGIN || f->type == MSG_DONE) && s->empty && s->on != NULL)
		s->on(s->data, NULL);
	s->empty = f->type == MSG_BEGIN || (s->empty && f->type != MSG_MESSAGE);
	switch (f->type) {
	case MSG_MANIFEST:
		return field_unpack(msg_manifest_fields, meta, s->arena, s->manifest, why);
	case MSG_MESSAGE:
		return take_message(s, meta, why);
	case MSG_LOG:
		show_log(f, s->arena, t->name);
		return JEMBATAN_OK;
	case MSG_STATE_GET:
		return answer_state(t, f->seq, why);
	case MSG_DONE:
		return take_done(s, meta, why);
	default:
		return JEMBATAN_OK;
	}
}

/* Frames until DONE. */
static enum jembatan_result
until_done(struct tool *t, struct arena *arena, struct msg_manifest *out_manifest,
	   manifest_on_message *on, void *data, struct why *why)
{
	struct sink s = { .arena = arena, .manifest = out_manifest, .on = on, .data = data };
	for (;;) {
		struct frame f = { 0 };
		enum jembatan_result r = next_frame(t, &f, why);
		if (r == JEMBATAN_OK)
			r = take_frame(t, &s, &f, why);
		if (r != JEMBATAN_OK || f.type == MSG_DONE)
			return r;
	}
}

enum jembatan_result
manifest_describe(const struct spawn_options *spawn, struct arena *arena,
		  struct msg_manifest *out, struct why *why)
{
	struct tool t;
	struct msg_manifest manifest = { 0 };
	enum jembatan_result r = tool_start(spawn, &t, why);
	if (r == JEMBATAN_OK)
		r = tool_send(&t, MSG_DESCRIBE, NULL, NULL, (struct jembatan_bytes){ 0 }, why);
	if (r == JEMBATAN_OK)
		r = until_done(&t, arena, &manifest, NULL, NULL, why);
	tool_end(&t, r != JEMBATAN_OK);
	if (r == JEMBATAN_OK && manifest.name == NULL)
		r = why_set(why, JEMBATAN_CONFIG, "the connector %s did not say what it is",
			    spawn->plugin);
	if (r == JEMBATAN_OK)
		*out = manifest;
	return r;
}

enum jembatan_result
manifest_check(const struct spawn_options *spawn, const struct msg_open *open, struct why *why)
{
	struct tool t;
	struct arena *arena = arena_new();
	struct msg_manifest ignored = { 0 };
	enum jembatan_result r = tool_start(spawn, &t, why);
	if (r == JEMBATAN_OK)
		r = tool_send(&t, MSG_OPEN, msg_open_fields, open, (struct jembatan_bytes){ 0 }, why);
	if (r == JEMBATAN_OK)
		r = tool_send(&t, MSG_CHECK, NULL, NULL, (struct jembatan_bytes){ 0 }, why);
	if (r == JEMBATAN_OK)
		r = until_done(&t, arena, &ignored, NULL, NULL, why);
	tool_end(&t, true);
	arena_free(arena);
	return r;
}

enum jembatan_result
manifest_preview(const struct spawn_options *spawn, const struct msg_open *open,
		 struct jembatan_bytes sample, manifest_on_message *on, void *data,
		 struct why *why)
{
	struct tool t;
	struct arena *arena = arena_new();
	struct msg_manifest ignored = { 0 };
	enum jembatan_result r = tool_start(spawn, &t, why);
	if (r == JEMBATAN_OK)
		r = tool_send(&t, MSG_OPEN, msg_open_fields, open, (struct jembatan_bytes){ 0 }, why);
	size_t at = 0;
	bool first = true;
	while (r == JEMBATAN_OK && (first || at < sample.size)) {
		size_t n = sample.size - at < FRAME_BLOB_MAX ? sample.size - at : FRAME_BLOB_MAX;
		struct msg_sample piece = { .last = at + n == sample.size };
		r = tool_send(&t, MSG_SAMPLE, msg_sample_fields, &piece,
			 (struct jembatan_bytes){ (const char *)sample.data + at, n }, why);
		at += n;
		first = false;
	}
	if (r == JEMBATAN_OK)
		r = until_done(&t, arena, &ignored, on, data, why);
	tool_end(&t, true);
	arena_free(arena);
	return r;
}
