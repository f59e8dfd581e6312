/* serve.c: what the core may ask of a child, by role, and how it is answered.
 * Every call ends with exactly one answer, whatever the plugin returned. */
#include "connector/serve.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/pages.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define SAMPLE_MAX (64u * 1024u * 1024u)
/* Polled without being asked: no longer, since a pause, an inbox that is full and
 * the others' turns are the core's to mind. */
#define AHEAD_MS 1000

struct server {
	struct host *host;
	struct arena *arena; /* of the call under way */
	struct buf sample;
	bool is_open;
	bool watching;      /* wait on the host's fd ... */
	int64_t due_mono_ms; /* ... until then; -1: for ever */
	bool ended;
};

enum jembatan_result serve_done(struct host *h, uint32_t seq, const struct msg_result *result,
				struct why *why)
{
	enum jembatan_result r = link_send(&h->link, MSG_DONE, seq, msg_result_fields, result,
					   bytes_text(NULL), why);
	return r == JEMBATAN_OK ? link_flush(&h->link, why) : JEMBATAN_FATAL;
}

/* What a plugin returned may be any number. */
static enum jembatan_result checked(struct host *h, enum jembatan_result result)
{
	if ((unsigned)result <= JEMBATAN_FATAL)
		return result;
	return why_set(&h->why, JEMBATAN_FATAL, "the plugin returned %u, which is no result: "
		       "a bug of the plugin", (unsigned)result);
}

static enum jembatan_result done(struct host *h, uint32_t seq, enum jembatan_result result,
				 struct why *why)
{
	result = checked(h, result);
	const struct msg_result answer = { .result = result, .why = host_explained(h),
					   .delay_ms = h->delay_ms, .watching = h->watch_fd >= 0 };
	enum jembatan_result r = serve_done(h, seq, &answer, why);
	host_leave(h);
	return r;
}

/* ---- the calls ---- */

/* A plugin that went ahead of the core is not held up by its answer: it is polled
 * again for a while, and DONE says that all of it is on disk. */
static enum jembatan_result poll_until(struct host *h, uint32_t seq, int64_t until_mono_ms)
{
	enum jembatan_result r;
	uint32_t before;
	do {
		before = h->ahead;
		host_enter(h, HOST_CALL_POLL, seq);
		FAULT_POINT("host-poll");
		r = h->plugin->operations->poll(&h->context, h->self);
		/* A trial is of one page; and a record that is open ends with DONE. */
	} while (r == JEMBATAN_OK && h->ahead != before && h->ahead != 0 && !h->has_begun &&
		 (h->open.mode & JEMBATAN_MODE_DRY) == 0 && h->delay_ms == 0 &&
		 clock_mono_ms() < until_mono_ms && !host_is_stopping(h));
	enum jembatan_result settled = records_settle(h);
	return settled == JEMBATAN_OK ? r : settled;
}

static enum jembatan_result do_poll(struct server *s, const struct letter *ask, struct why *why)
{
	struct host *h = s->host;
	enum jembatan_result r = poll_until(h, ask->seq, clock_mono_ms() + AHEAD_MS);
	if (r != JEMBATAN_IDLE)
		h->watch_fd = -1;
	s->watching = h->watch_fd >= 0;
	s->due_mono_ms = h->watch_ms >= 0 ? clock_mono_ms() + h->watch_ms : -1;
	return done(h, ask->seq, r, why);
}

static enum jembatan_result send_response(struct host *h, const struct letter *ask,
					  enum jembatan_result result,
					  const struct jembatan_response *from, struct why *why)
{
	struct jembatan_bytes body = from->body;
	struct msg_response out = {
		.result = checked(h, result),
		.status = from->status,
		.media_type = host_clean(h, from->media_type, 255, NULL),
	};
	if (body.size > FRAME_PIECE_MAX) {
		body = bytes_text(NULL);
		out.result = why_set(&h->why, JEMBATAN_CONFIG,
				     "the plugin's response exceeds 1 MiB: a bug of the plugin");
		out.status = 500;
	}
	if (out.status == 0 && out.result == JEMBATAN_OK)
		out.status = 200;
	if (out.status != 0 && (out.status < 200 || out.status > 599))
		out.status = 500;
	out.why = host_explained(h);
	enum jembatan_result r = link_send(&h->link, MSG_RESPONSE, ask->seq, msg_response_fields,
					   &out, body, why);
	host_leave(h);
	return r == JEMBATAN_OK ? link_flush(&h->link, why) : JEMBATAN_FATAL;
}

/* Its headers, as the contract wants them. */
static const struct jembatan_header *copy_headers(struct arena *arena,
						  const struct msg_request *from)
{
	struct jembatan_header *out = arena_alloc(arena, from->header_count * sizeof(*out));
	for (size_t i = 0; i < from->header_count; i++)
		out[i] = (struct jembatan_header){ from->headers[i].name, from->headers[i].value };
	return out;
}

static const char *header_of(const struct msg_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (request->headers[i].name && strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

static enum jembatan_result do_request(struct server *s, const struct letter *ask,
				       struct why *why)
{
	struct host *h = s->host;
	struct msg_request in = { 0 };
	struct jembatan_response response = { .size = sizeof(response) };
	if (field_unpack(msg_request_fields, ask->meta, s->arena, &in, why) != JEMBATAN_OK)
		return JEMBATAN_FATAL;
	const struct jembatan_request request = {
		.size = sizeof(request),
		.method = in.method ? in.method : "",
		.path = in.path ? in.path : "/",
		.query = in.query,
		.headers = copy_headers(s->arena, &in),
		.header_count = in.header_count,
		.body = ask->blob,
		.peer = in.peer ? in.peer : "",
	};
	spool_forget(&h->spool);
	host_enter(h, HOST_CALL_REQUEST, ask->seq);
	if (records_skip(h, NULL, ask->blob) == RECORDS_LEAVE) {
		/* It is kept; sending it again would change nothing. */
		response.status = 200;
		return send_response(h, ask, why_set(&h->why, JEMBATAN_DATA,
						     "this body is in quarantine"),
				     &response, why);
	}
	if (ask->blob.size > 0 && records_send_begin(h, NULL, ask->blob,
						     header_of(&in, "content-type")) != JEMBATAN_OK)
		return why_prefix(why, JEMBATAN_FATAL, "%s", h->why.text);
	enum jembatan_result r = h->plugin->operations->request(&h->context, h->self, &request,
								&response);
	return send_response(h, ask, r, &response, why);
}

static enum jembatan_result do_reply(struct server *s, const struct letter *ask, struct why *why)
{
	struct host *h = s->host;
	struct msg_reply in = { 0 };
	/* What a plugin leaves unsaid may have gone out. */
	struct jembatan_delivery out = { .size = sizeof(out), .outcome = JEMBATAN_UNKNOWN };
	if (field_unpack(msg_reply_fields, ask->meta, s->arena, &in, why) != JEMBATAN_OK)
		return JEMBATAN_FATAL;
	const struct jembatan_reply reply = {
		.size = sizeof(reply),
		.reference = in.reference,
		.flags = in.flags,
		.event = in.event,
		.thread = in.thread,
		.reply_to = in.reply_to,
		.to = in.to,
		.to_kind = in.to_kind,
		.subject = in.subject,
		.text = in.text,
		.language = in.language,
		.window_until_ms = in.window_until_ms,
		.extra = in.extra,
	};
	host_enter(h, HOST_CALL_REPLY, ask->seq);
	enum jembatan_result r = checked(h, h->plugin->operations->reply(&h->context, h->self,
									 &reply, &out));
	out.remote_id[sizeof(out.remote_id) - 1] = '\0';
	if ((unsigned)out.outcome > JEMBATAN_NOT_TOLD)
		out.outcome = JEMBATAN_UNKNOWN;
	const struct msg_delivered delivered = {
		.outcome = out.outcome,
		.result = r,
		.remote_id = out.remote_id[0] ? host_clean(h, out.remote_id, 255, NULL) : NULL,
		.why = host_explained(h),
		.at_ms = out.at_ms,
	};
	r = link_send(&h->link, MSG_DELIVERED, ask->seq, msg_delivered_fields, &delivered,
		      bytes_text(NULL), why);
	host_leave(h);
	return r == JEMBATAN_OK ? link_flush(&h->link, why) : JEMBATAN_FATAL;
}

/* fetch() writes into a spool file that is opened and closed here. */
static enum jembatan_result fetch_into_spool(struct host *h, const char *reference,
					     struct msg_spooled *out)
{
	struct jembatan_spool *file;
	const char *token;
	enum jembatan_result r = spool_start(&h->spool, h->spool.max_bytes, &file, &h->why);
	if (r != JEMBATAN_OK)
		return r;
	r = checked(h, h->plugin->operations->fetch(&h->context, h->self, reference, file));
	if (r != JEMBATAN_OK) {
		spool_abandon(file);
		return r;
	}
	r = spool_finish(&h->spool, file, &token, &h->why);
	if (r == JEMBATAN_OK)
		ASSERT(spool_name(&h->spool, token, out));
	return r;
}

static enum jembatan_result do_fetch(struct server *s, const struct letter *ask, struct why *why)
{
	struct host *h = s->host;
	struct msg_fetch in = { 0 };
	struct msg_spooled spooled;
	if (field_unpack(msg_fetch_fields, ask->meta, s->arena, &in, why) != JEMBATAN_OK ||
	    !in.reference)
		return JEMBATAN_FATAL;
	spool_forget(&h->spool);
	host_enter(h, HOST_CALL_FETCH, ask->seq);
	enum jembatan_result r = fetch_into_spool(h, in.reference, &spooled);
	const struct msg_fetched fetched = { .result = r, .why = host_explained(h),
					     .spooled = &spooled,
					     .spooled_count = r == JEMBATAN_OK };
	r = link_send(&h->link, MSG_FETCHED, ask->seq, msg_fetched_fields, &fetched,
		      bytes_text(NULL), why);
	host_leave(h);
	return r == JEMBATAN_OK ? link_flush(&h->link, why) : JEMBATAN_FATAL;
}

#define URL_MAX 4096u

static enum jembatan_result do_consent(struct server *s, const struct letter *ask, struct why *why)
{
	struct host *h = s->host;
	struct msg_consent in = { 0 };
	const char *url = NULL;
	if (field_unpack(msg_consent_fields, ask->meta, s->arena, &in, why) != JEMBATAN_OK)
		return JEMBATAN_FATAL;
	host_enter(h, HOST_CALL_CONSENT, ask->seq);
	struct msg_consented out = {
		.result = checked(h, h->plugin->operations->consent(&h->context, h->self, in.answer,
								    &url)),
	};
	if (out.result == JEMBATAN_OK && url != NULL)
		out.url = host_clean(h, url, URL_MAX, NULL);
	out.why = host_explained(h);
	enum jembatan_result r = link_send(&h->link, MSG_CONSENTED, ask->seq, msg_consented_fields,
					   &out, bytes_text(NULL), why);
	host_leave(h);
	return r == JEMBATAN_OK ? link_flush(&h->link, why) : JEMBATAN_FATAL;
}

static enum jembatan_result do_check(struct server *s, const struct letter *ask, struct why *why)
{
	struct host *h = s->host;
	enum jembatan_result r = JEMBATAN_OK;
	host_enter(h, HOST_CALL_CHECK, ask->seq);
	if (h->plugin->operations->check)
		r = h->plugin->operations->check(&h->context);
	return done(h, ask->seq, r, why);
}

static enum jembatan_result do_sample(struct server *s, const struct letter *ask, struct why *why)
{
	struct host *h = s->host;
	struct msg_sample piece = { 0 };
	if (field_unpack(msg_sample_fields, ask->meta, s->arena, &piece, why) != JEMBATAN_OK)
		return JEMBATAN_FATAL;
	buf_add(&s->sample, ask->blob.data, ask->blob.size);
	if (!piece.last)
		return JEMBATAN_OK;
	spool_forget(&h->spool);
	host_enter(h, HOST_CALL_PREVIEW, ask->seq);
	enum jembatan_result r;
	if (buf_is_full(&s->sample))
		r = why_set(&h->why, JEMBATAN_DATA, "the sample exceeds %u bytes", SAMPLE_MAX);
	else
		r = h->plugin->operations->preview(&h->context, buf_bytes(&s->sample));
	buf_clear(&s->sample);
	return done(h, ask->seq, r, why);
}

static enum jembatan_result do_stop(struct server *s, const struct letter *ask UNUSED,
				    struct why *why UNUSED)
{
	s->ended = true;
	return JEMBATAN_OK;
}

/* ---- who may be asked what ---- */

#define ROLE(role) (1u << (role))

static const struct call {
	uint8_t type;
	unsigned roles;
	unsigned mode;       /* needed; 0: a mode without check and preview */
	unsigned capability; /* 0: none is needed */
	enum jembatan_result (*run)(struct server *, const struct letter *, struct why *);
} calls[] = {
	{ MSG_POLL, ROLE(MSG_ROLE_POLL), 0, JEMBATAN_CAN_POLL, do_poll },
	{ MSG_REQUEST, ROLE(MSG_ROLE_REQUEST), 0, JEMBATAN_CAN_REQUEST, do_request },
	{ MSG_REPLY, ROLE(MSG_ROLE_DELIVER), 0, JEMBATAN_CAN_REPLY, do_reply },
	{ MSG_FETCH, ROLE(MSG_ROLE_DELIVER), 0, JEMBATAN_CAN_FETCH, do_fetch },
	{ MSG_CONSENT, ROLE(MSG_ROLE_DELIVER), 0, JEMBATAN_CAN_CONSENT, do_consent },
	{ MSG_CHECK, ~0u, JEMBATAN_MODE_CHECK, 0, do_check },
	{ MSG_SAMPLE, ~0u, JEMBATAN_MODE_PREVIEW, JEMBATAN_CAN_PREVIEW, do_sample },
};

static bool is_asked_rightly(const struct server *s, const struct call *c)
{
	unsigned mode = s->host->open.mode & (JEMBATAN_MODE_CHECK | JEMBATAN_MODE_PREVIEW);
	if (mode != c->mode || (c->roles & ROLE(s->host->open.role)) == 0)
		return false;
	return c->mode != 0 || s->is_open;
}

static enum jembatan_result dispatch(struct server *s, const struct letter *ask, struct why *why)
{
	arena_reset(s->arena);
	if (ask->type == MSG_STOP)
		return do_stop(s, ask, why);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		const struct call *c = &calls[i];
		if (c->type != ask->type || !is_asked_rightly(s, c))
			continue;
		if ((s->host->plugin->capabilities & c->capability) == c->capability)
			return c->run(s, ask, why);
		host_enter(s->host, HOST_CALL_NONE, ask->seq);
		why_set(&s->host->why, JEMBATAN_CONFIG, "connector %s cannot do this: it does not "
			"declare the capability", s->host->plugin->name);
		return done(s->host, ask->seq, JEMBATAN_CONFIG, why);
	}
	return why_set(why, JEMBATAN_FATAL, "the core asked for %u in role %s, where it may not",
		       (unsigned)ask->type, msg_role_name(s->host->open.role));
}

static enum jembatan_result do_open(struct server *s, uint32_t seq, struct why *why)
{
	struct host *h = s->host;
	host_enter(h, HOST_CALL_OPEN, seq);
	enum jembatan_result r = JEMBATAN_CONFIG;
	if (h->plugin->operations->open)
		r = checked(h, h->plugin->operations->open(&h->context, h->open.cursor, &h->self));
	else
		why_set(&h->why, r, "connector %s only previews", h->plugin->name);
	s->is_open = r == JEMBATAN_OK;
	return done(h, seq, r, why);
}

static void do_close(struct server *s)
{
	struct host *h = s->host;
	host_enter(h, HOST_CALL_CLOSE, 0);
	if (s->is_open && h->plugin->operations->close)
		h->plugin->operations->close(&h->context, h->self);
	host_leave(h);
}

static enum jembatan_result wake(struct server *s, struct why *why)
{
	s->watching = false;
	return link_send(&s->host->link, MSG_WAKE, 0, NULL, NULL, bytes_text(NULL), why);
}

enum jembatan_result serve(struct host *h, uint32_t open_seq, struct why *why)
{
	struct server s = { .host = h, .arena = arena_new() };
	enum jembatan_result r = JEMBATAN_OK;
	buf_init(&s.sample, SAMPLE_MAX);
	if ((h->open.mode & (JEMBATAN_MODE_CHECK | JEMBATAN_MODE_PREVIEW)) == 0)
		r = do_open(&s, open_seq, why);
	pages_forget_start();
	/* After a failed open the core says STOP: it decides what comes next. */
	while (r == JEMBATAN_OK && !s.ended) {
		struct letter *ask = NULL;
		r = link_next(&h->link, s.watching ? h->watch_fd : -1,
			      s.watching ? s.due_mono_ms : -1, &ask, why);
		if (r == JEMBATAN_IDLE) {
			r = wake(&s, why);
		} else if (r == JEMBATAN_OK) {
			s.watching = false;
			r = dispatch(&s, ask, why);
			free(ask);
		}
	}
	do_close(&s);
	enum jembatan_result last_words UNUSED = link_flush(&h->link, NULL);
	buf_done(&s.sample);
	arena_free(s.arena);
	/* A core that has gone away is an order to end, as STOP is. */
	return h->link.lost ? JEMBATAN_OK : r;
}
