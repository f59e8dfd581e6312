/* host.c: the context of a plugin and its smaller functions: time, log,
 * explain, watch, spool. A call out of place is the plugin's bug: it is
 * refused with CONFIG, explained and logged, never obeyed. */
#include "connector/host.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define LOG_TEXT_MAX 1000u

void host_init(struct host *h, int fd, struct arena *arena)
{
	*h = (struct host){ .arena = arena, .scratch = arena_new(), .watch_fd = -1 };
	link_init(&h->link, fd);
	spool_init(&h->spool, NULL, 0);
	h->context = (struct jembatan_context){
		.size = sizeof(h->context), .host = &host_functions, .instance = "", .host_data = h,
	};
}

void host_set_open(struct host *h, const struct msg_open *open, const char *spool_folder)
{
	h->open = *open;
	spool_init(&h->spool, spool_folder, open->attachment_max_bytes);
	h->context.instance = open->instance ? open->instance : "";
	h->context.start_ms = open->start_ms;
	h->context.mode = open->mode;
}

void host_done(struct host *h)
{
	spool_forget(&h->spool);
	link_done(&h->link);
	free(h->value);
	arena_free(h->scratch);
	arena_free(h->arena);
}

void host_enter(struct host *h, enum host_call call, uint32_t seq)
{
	h->call = call;
	h->call_seq = seq;
	h->why.text[0] = '\0';
	h->delay_ms = 0;
	h->watch_fd = -1;
	h->has_begun = false;
	h->spool_why.text[0] = '\0';
}

void host_leave(struct host *h)
{
	h->call = HOST_CALL_NONE;
	arena_reset(h->scratch);
}

struct host *host_of(struct jembatan_context *context)
{
	return context->host_data;
}

static const char *call_name(enum host_call call)
{
	switch (call) {
	case HOST_CALL_NONE:
		return "no call";
	case HOST_CALL_CHECK:
		return "check()";
	case HOST_CALL_OPEN:
		return "open()";
	case HOST_CALL_POLL:
		return "poll()";
	case HOST_CALL_REQUEST:
		return "request()";
	case HOST_CALL_REPLY:
		return "reply()";
	case HOST_CALL_FETCH:
		return "fetch()";
	case HOST_CALL_PREVIEW:
		return "preview()";
	case HOST_CALL_CLOSE:
		return "close()";
	case HOST_CALL_CONSENT:
		return "consent()";
	}
	return "?";
}

bool host_may(struct host *h, unsigned calls, const char *function)
{
	if (((unsigned)h->call & calls) != 0)
		return true;
	why_set(&h->why, JEMBATAN_CONFIG, "the plugin called %s in %s, where it may not: "
		"a bug of the plugin, tell its maker", function, call_name(h->call));
	host_log(h, JEMBATAN_ERROR, h->why.text);
	return false;
}

const char *host_clean(struct host *h, const char *text, size_t max_bytes, bool *out_cut)
{
	if (!text)
		return NULL;
	struct buf clean;
	size_t size = strlen(text), ceiling = 4 * max_bytes;
	/* No more than the ceiling is looked at: a citizen's text may be huge,
	 * and cleaning it can only treble it. */
	if (size > ceiling)
		size = ceiling;
	buf_init(&clean, 3 * size + 1);
	text_clean(text, size, &clean);
	size_t kept = text_prefix_bytes(clean.data, clean.size, max_bytes);
	if (out_cut && (kept < clean.size || text[size] != '\0'))
		*out_cut = true;
	const char *out = arena_strndup(h->scratch, clean.size ? clean.data : "", kept);
	buf_done(&clean);
	return out;
}

const char *host_explained(struct host *h)
{
	/* A plugin that hands on what the spool said need not say why. */
	const struct why *why = h->why.text[0] ? &h->why : &h->spool_why;
	return why->text[0] ? host_clean(h, why->text, sizeof(why->text), NULL) : NULL;
}

enum jembatan_result host_await_commit(struct host *h, uint32_t seq)
{
	struct letter *answer = NULL;
	struct msg_result result = { 0 };
	if (link_await(&h->link, MSG_COMMITTED, seq, &answer, &h->why) != JEMBATAN_OK)
		return JEMBATAN_FATAL;
	enum jembatan_result r = field_unpack(msg_result_fields, answer->meta, h->scratch, &result,
					      &h->why);
	if (r != JEMBATAN_OK)
		r = JEMBATAN_FATAL;
	else if (result.result != JEMBATAN_OK)
		r = why_set(&h->why,
			    result.result == JEMBATAN_RETRY ? JEMBATAN_RETRY : JEMBATAN_FATAL,
			    "not stored: %s", result.why ? result.why : "the core did not say why");
	free(answer);
	return r;
}

void host_log(struct host *h, enum jembatan_level level, const char *text)
{
	const struct msg_log log = { .level = level,
				     .text = host_clean(h, text, LOG_TEXT_MAX, NULL) };
	if (!h->link.channel) {
		log_at(level, h->context.instance, "%s", log.text);
		return;
	}
	enum jembatan_result r = link_send(&h->link, MSG_LOG, h->call_seq, msg_log_fields, &log,
					   bytes_text(NULL), NULL);
	/* What a plugin says just before it dies should be heard. */
	if (r == JEMBATAN_OK && level >= JEMBATAN_WARNING)
		r = link_flush(&h->link, NULL);
	if (r == JEMBATAN_FATAL)
		h->link.stopping = true;
}

static PRINTF_LIKE(3, 0) void log_text(struct jembatan_context *context, enum jembatan_level level,
		     const char *format, va_list ap)
{
	char text[LOG_TEXT_MAX + 1];
	vsnprintf(text, sizeof(text), format, ap);
	if ((unsigned)level > JEMBATAN_ERROR)
		level = JEMBATAN_ERROR;
	arena_reset(host_of(context)->scratch);
	host_log(host_of(context), level, text);
}

static PRINTF_LIKE(3, 0) enum jembatan_result explain(struct jembatan_context *context,
						      enum jembatan_result result,
						      const char *format, va_list ap)
{
	struct why *why = &host_of(context)->why;
	vsnprintf(why->text, sizeof(why->text), format, ap);
	if (result == JEMBATAN_DATA)
		records_unusable(host_of(context));
	return result;
}

static void delay(struct jembatan_context *context, int64_t ms)
{
	host_of(context)->delay_ms = ms > 0 ? ms : 0;
}

bool host_is_stopping(struct host *h)
{
	link_peek(&h->link);
	return h->link.stopping;
}

static bool stopping(struct jembatan_context *context)
{
	return host_is_stopping(host_of(context));
}

static int64_t now_ms(struct jembatan_context *context UNUSED)
{
	return clock_now_ms();
}

static enum jembatan_result watch(struct jembatan_context *context, int fd, int64_t timeout_ms)
{
	struct host *h = host_of(context);
	if (!host_may(h, HOST_CALL_POLL, "watch()"))
		return JEMBATAN_CONFIG;
	if (fcntl(fd, F_GETFD) < 0)
		return why_set(&h->why, JEMBATAN_CONFIG,
			       "the plugin wants to watch a closed fd: a bug of the plugin");
	h->watch_fd = fd;
	h->watch_ms = timeout_ms;
	return JEMBATAN_OK;
}

static enum jembatan_result open_spool(struct jembatan_context *context,
				       struct jembatan_spool **out_spool)
{
	struct host *h = host_of(context);
	if (!host_may(h, HOST_CALL_POLL | HOST_CALL_REQUEST | HOST_CALL_PREVIEW, "spool_open()"))
		return JEMBATAN_CONFIG;
	return spool_start(&h->spool, h->spool.max_bytes, out_spool, &h->spool_why);
}

static enum jembatan_result write_spool(struct jembatan_context *context,
					struct jembatan_spool *file, struct jembatan_bytes piece)
{
	return spool_add(file, piece, &host_of(context)->spool_why);
}

static enum jembatan_result close_spool(struct jembatan_context *context,
					struct jembatan_spool *file, const char **out_token)
{
	struct host *h = host_of(context);
	/* In fetch() the spool is the host's to close. */
	if (!host_may(h, HOST_CALL_POLL | HOST_CALL_REQUEST | HOST_CALL_PREVIEW, "spool_close()"))
		return JEMBATAN_CONFIG;
	return spool_finish(&h->spool, file, out_token, &h->spool_why);
}

const struct jembatan_host host_functions = {
	.size = sizeof(struct jembatan_host),
	.begin = records_begin,
	.emit = records_emit,
	.checkpoint = records_checkpoint,
	.receipt = records_receipt,
	.state_get = values_state_get,
	.state_put = values_state_put,
	.watch = watch,
	.get_string = values_string,
	.get_integer = values_integer,
	.get_entry = values_entry,
	.where = values_where,
	.stopping = stopping,
	.vexplain = explain,
	.delay = delay,
	.vlog = log_text,
	.now_ms = now_ms,
	.spool_open = open_spool,
	.spool_write = write_spool,
	.spool_close = close_spool,
	.checkpoint_ahead = records_checkpoint_ahead,
};
