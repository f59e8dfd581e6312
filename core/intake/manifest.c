/* manifest.c: short-lived connector processes, spoken to with blocking frames. */
#include "intake/manifest_inside.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/poison.h"

#define DEADLINE_MS 15000 /* of a whole conversation ... */
#define PREVIEW_MS 120000 /* ... and of one with a sample */
#define END_MS 2000

struct tool {
	pid_t pid;
	struct channel *channel;
	char name[160]; /* for sentences */
	int64_t until_mono_ms;
};

void manifest_plugin_path(const struct settings *s, const char *connector, char *out, size_t size)
{
	snprintf(out, size, "%s/%s.so", s->plugin_dir, connector);
}

static enum jembatan_result tool_start(const struct spawn_options *spawn, struct tool *t,
				       struct why *why)
{
	int fd = -1;
	*t = (struct tool){ .until_mono_ms = clock_mono_ms() + DEADLINE_MS };
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

/* False: it still runs at the end of that time. */
static bool ended_within(struct tool *t, int64_t ms, int *out_status)
{
	int64_t until = clock_mono_ms() + ms;
	for (;;) {
		pid_t pid = waitpid(t->pid, out_status, WNOHANG);
		if (pid == t->pid || (pid < 0 && errno != EINTR)) {
			t->pid = 0;
			return true;
		}
		if (clock_mono_ms() >= until)
			return false;
		poll(NULL, 0, 10);
	}
}

/* Ends the process: at once, or when it has had time to end by itself. */
static void tool_end(struct tool *t, bool at_once)
{
	int status;
	channel_free(t->channel);
	if (t->pid <= 0 || (!at_once && ended_within(t, END_MS, &status)))
		return;
	kill(t->pid, SIGKILL);
	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		;
}

static enum jembatan_result next_frame(struct tool *t, struct frame *f, struct why *why)
{
	int64_t left = t->until_mono_ms - clock_mono_ms();
	enum jembatan_result r = channel_wait(t->channel, left > 0 ? left : 0, f, why);
	/* One that never stops talking gets no more time than a silent one. */
	if (r == JEMBATAN_OK && left <= 0)
		r = why_set(why, JEMBATAN_RETRY, "talks on and on");
	if (r == JEMBATAN_OK)
		return r;
	int status = 0;
	if (r == JEMBATAN_GONE && ended_within(t, END_MS, &status)) {
		char how[120];
		spawn_describe_end(status, how, sizeof(how));
		/* Memory may have been short for a moment: a daemon that starts asks again. */
		return why_set(why, WIFSIGNALED(status) ? JEMBATAN_RETRY : JEMBATAN_CONFIG,
			       "the connector %s %s before it answered", t->name, how);
	}
	return why_prefix(why, JEMBATAN_CONFIG, "the connector %s", t->name);
}

static enum jembatan_result tool_send(struct tool *t, enum msg_type type, const struct field *table,
				      const void *from, struct jembatan_bytes blob, struct why *why)
{
	enum jembatan_result r = channel_put(t->channel, (uint8_t)type, 1, table, from, blob, why);
	if (r == JEMBATAN_OK)
		r = channel_flush_wait(t->channel, DEADLINE_MS, why);
	return r;
}

static void show_log(const struct frame *f, struct arena *arena, const char *name)
{
	struct msg_log log = { 0 };
	if (field_unpack(msg_log_fields, f->meta, arena, &log, NULL) == JEMBATAN_OK &&
	    log.text != NULL && log.level <= JEMBATAN_ERROR)
		log_at((enum jembatan_level)log.level, name, "%s", log.text);
}

static enum jembatan_result on_message_frame(struct hearing *h, const struct frame *f,
					     struct arena *scratch, struct why *why)
{
	struct msg_message m = { 0 };
	h->is_begun = false;
	enum jembatan_result r = msg_message_unpack(f->meta, scratch, &m, why);
	if (r == JEMBATAN_OK && h->on != NULL)
		h->on(h->data, &m);
	return r;
}

static enum jembatan_result on_receipt_frame(struct hearing *h, const struct frame *f,
					     struct arena *scratch, struct why *why)
{
	struct msg_receipt receipt = { 0 };
	h->is_begun = false;
	enum jembatan_result r = field_unpack(msg_receipt_fields, f->meta, scratch, &receipt, why);
	if (r == JEMBATAN_OK && h->on_receipt != NULL)
		h->on_receipt(h->data, &receipt);
	return r;
}

/* A record has ended; of one without a message, `on` hears too. */
static void end_record(struct hearing *h)
{
	if (h->is_begun && h->on != NULL)
		h->on(h->data, NULL);
	h->is_begun = false;
}

static enum jembatan_result on_manifest_frame(struct hearing *h, const struct frame *f,
					      struct why *why)
{
	if (h->manifest->name != NULL)
		return why_set(why, JEMBATAN_CONFIG, "the connector says twice what it is");
	/* The frame's bytes are borrowed: what stays is copied first. */
	struct jembatan_bytes meta = { arena_memdup(h->arena, f->meta.data, f->meta.size),
				       f->meta.size };
	return field_unpack(msg_manifest_fields, meta, h->arena, h->manifest, why);
}

static enum jembatan_result on_done_frame(struct hearing *h, const struct frame *f,
					  struct arena *scratch, struct why *why)
{
	struct msg_result done = { 0 };
	h->is_done = true;
	end_record(h);
	enum jembatan_result r = field_unpack(msg_result_fields, f->meta, scratch, &done, why);
	if (r != JEMBATAN_OK || done.result == JEMBATAN_OK || done.result == JEMBATAN_IDLE)
		return r;
	return why_set(why, done.result <= JEMBATAN_FATAL ? (enum jembatan_result)done.result :
		       JEMBATAN_CONFIG, "%s", done.why != NULL ? done.why :
		       "the connector gave no reason");
}

enum jembatan_result manifest_hear(struct channel *channel, const char *name, struct hearing *h,
				   const struct frame *f, struct arena *scratch, struct why *why)
{
	switch (f->type) {
	case MSG_MANIFEST:
		return on_manifest_frame(h, f, why);
	case MSG_BEGIN:
		end_record(h);
		h->is_begun = true;
		return JEMBATAN_OK;
	case MSG_MESSAGE:
		return on_message_frame(h, f, scratch, why);
	case MSG_RECEIPT:
		return on_receipt_frame(h, f, scratch, why);
	case MSG_LOG:
		show_log(f, scratch, name);
		return JEMBATAN_OK;
	case MSG_STATE_GET:
		/* Nothing is stored here: there is no state. */
		return channel_put(channel, MSG_VALUE, f->seq, NULL, NULL,
				   (struct jembatan_bytes){ 0 }, why);
	case MSG_DONE:
		return on_done_frame(h, f, scratch, why);
	default:
		return JEMBATAN_OK;
	}
}

/* Frames until DONE; messages go to `on`. */
static enum jembatan_result until_done(struct tool *t, struct hearing *h, struct why *why)
{
	struct arena *scratch = arena_new();
	enum jembatan_result r = JEMBATAN_OK;
	while (r == JEMBATAN_OK && !h->is_done) {
		struct frame f;
		arena_reset(scratch);
		r = next_frame(t, &f, why);
		if (r == JEMBATAN_OK)
			r = manifest_hear(t->channel, t->name, h, &f, scratch, why);
		if (r == JEMBATAN_OK && channel_wants_write(t->channel))
			r = channel_flush_wait(t->channel, END_MS, why);
	}
	arena_free(scratch);
	return r;
}

enum jembatan_result manifest_describe(const struct spawn_options *spawn, struct arena *arena,
				       struct msg_manifest *out, struct why *why)
{
	struct tool t;
	struct msg_manifest manifest = { 0 };
	enum jembatan_result r = tool_start(spawn, &t, why);
	if (r == JEMBATAN_OK)
		r = tool_send(&t, MSG_DESCRIBE, NULL, NULL, (struct jembatan_bytes){ 0 }, why);
	if (r == JEMBATAN_OK)
		r = until_done(&t, &(struct hearing){ .arena = arena, .manifest = &manifest }, why);
	tool_end(&t, r != JEMBATAN_OK);
	if (r == JEMBATAN_OK && manifest.name == NULL)
		r = why_set(why, JEMBATAN_CONFIG, "the connector %s did not say what it is",
			    spawn->plugin);
	if (r == JEMBATAN_OK)
		*out = manifest;
	return r;
}

enum jembatan_result manifest_check(const struct spawn_options *spawn, const struct msg_open *open,
				    struct why *why)
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
		r = until_done(&t, &(struct hearing){ .arena = arena, .manifest = &ignored }, why);
	tool_end(&t, true);
	arena_free(arena);
	return r;
}

enum jembatan_result manifest_preview(const struct spawn_options *spawn,
				      const struct msg_open *open, struct jembatan_bytes sample,
				      manifest_on_message *on, manifest_on_receipt *on_receipt,
				      void *data, struct why *why)
{
	struct tool t;
	struct arena *arena = arena_new();
	struct msg_manifest ignored = { 0 };
	enum jembatan_result r = tool_start(spawn, &t, why);
	t.until_mono_ms += PREVIEW_MS - DEADLINE_MS;
	if (r == JEMBATAN_OK)
		r = tool_send(&t, MSG_OPEN, msg_open_fields, open, (struct jembatan_bytes){ 0 }, why);
	size_t at = 0;
	bool first = true;
	while (r == JEMBATAN_OK && (first || at < sample.size)) {
		size_t n = sample.size - at < FRAME_PIECE_MAX ? sample.size - at : FRAME_PIECE_MAX;
		struct msg_sample piece = { .last = at + n == sample.size };
		r = tool_send(&t, MSG_SAMPLE, msg_sample_fields, &piece,
			 (struct jembatan_bytes){ (const char *)sample.data + at, n }, why);
		at += n;
		first = false;
	}
	if (r == JEMBATAN_OK)
		r = until_done(&t, &(struct hearing){ .arena = arena, .manifest = &ignored, .on = on,
						      .on_receipt = on_receipt, .data = data }, why);
	tool_end(&t, true);
	arena_free(arena);
	return r;
}
