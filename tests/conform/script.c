/* script.c: a connector that does what its script says. The script is a file
 * of JSON lines (option `file`), or a request's body, or a preview's sample;
 * each line is one step: {"do": "message", "id": "1", "text": "..."}. It
 * exercises every part of the contract. The cursor is the number of the line
 * up to which the file was carried out. With the option `port` the lines come
 * from a peer at 127.0.0.1 instead, which learns what was committed: "give N"
 * is answered by "at M", the steps and ".", and after the checkpoint "took M"
 * tells it that it may forget them; with the option `ahead` nobody waits for the
 * commit, and it learns of it a step later. With the option `post` a peer takes the
 * replies. SCRIPT_NAME makes it pass for another channel. */
#include "script.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#ifndef SCRIPT_NAME
#define SCRIPT_NAME "script"
#endif
#define FILE_MAX_BYTES (64 * 1024 * 1024)

struct self {
	long line;
	int timer;
	FILE *peer; /* option port; NULL: not connected */
	long handed; /* up to where the peer is to hear of the next commit; -1: it has */
	char answer[512];
};

static const struct jembatan_option options[] = {
	{ "file", JEMBATAN_PATH, 0, NULL, 0, 0, NULL, "The script, read in each poll." },
	{ "port", JEMBATAN_INTEGER, 0, "0", 0, 65535, NULL, "Of a peer that gives the steps." },
	{ "ahead", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL, "Its checkpoints do not wait." },
	{ "post", JEMBATAN_INTEGER, 0, "0", 0, 65535, NULL, "Of a peer that takes the replies." },
	{ "sends", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL, "Each reply is sent at once." },
	{ "wait", JEMBATAN_DURATION, 0, "30s", 0, 0, NULL, "Only shown by `options`." },
	{ "limit", JEMBATAN_BYTES, 0, "10MiB", 0, 0, NULL, "Only shown by `options`." },
	{ "loud", JEMBATAN_BOOLEAN, 0, "false", 0, 0, NULL, "Mends `give-up`." },
	{ "tags", JEMBATAN_LIST, 0, NULL, 0, 0, NULL, "Only shown by `options`." },
	{ "fields", JEMBATAN_MAP, 0, NULL, 0, 0, NULL, "Only shown by `options`." },
	{ NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

static enum jembatan_result result_of(json_t *step, const char *key)
{
	static const char *const names[] = { "ok", "idle", "retry", "auth", "config", "data",
					     "gone", "fatal", NULL };
	return (enum jembatan_result)index_of(names, text_of(step, key));
}

/* ---- steps ---- */

/* A message that the parser cannot bear, until the option `loud` mends it; or that
 * it passes over ("pass-over"), with `why` or silently. */
static enum jembatan_result give_up(struct jembatan_context *ctx, json_t *step, const char *line,
				    bool passes_over)
{
	if (!passes_over && jembatan_get_integer(ctx, "loud"))
		return script_message(ctx, step, line);
	enum jembatan_result r = jembatan_begin(ctx, text_of(step, "id"), bytes_of_text(line),
						"application/json");
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_DATA ? JEMBATAN_OK : r;
	if (passes_over && text_of(step, "why"))
		jembatan_explain(ctx, JEMBATAN_DATA, "%s", text_of(step, "why"));
	return passes_over ? JEMBATAN_OK :
			     jembatan_explain(ctx, JEMBATAN_FATAL, "the script gives up here");
}

static enum jembatan_result do_receipt(struct jembatan_context *ctx, json_t *step)
{
	static const char *const states[] = { "sent", "delivered", "read", "failed", NULL };
	const struct jembatan_receipt r = {
		.size = sizeof(r), .remote_id = text_of(step, "remote_id"),
		.reference = text_of(step, "reference"),
		.state = (enum jembatan_receipt_state)index_of(states, text_of(step, "state")),
		.reason = text_of(step, "reason"), .at_ms = number_of(step, "at_ms"),
	};
	return jembatan_receipt_put(ctx, &r);
}

static enum jembatan_result do_state(struct jembatan_context *ctx, json_t *step)
{
	struct jembatan_bytes value;
	if (text_of(step, "value"))
		return jembatan_state_put(ctx, text_of(step, "key"),
					  bytes_of_text(text_of(step, "value")));
	enum jembatan_result r = jembatan_state_get(ctx, text_of(step, "key"), &value);
	if (r == JEMBATAN_OK)
		jembatan_log(ctx, JEMBATAN_NOTICE, "state %.*s", (int)value.size,
			     (const char *)value.data);
	else if (r == JEMBATAN_GONE)
		jembatan_log(ctx, JEMBATAN_NOTICE, "state none");
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

/* A timer stands for a connection on which something will arrive. */
static enum jembatan_result do_watch(struct jembatan_context *ctx, struct self *self, json_t *step)
{
	int64_t ms = number_of(step, "ms");
	const struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000 } };
	if (self->timer < 0)
		self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	timerfd_settime(self->timer, 0, &when, NULL);
	json_t *timeout = json_object_get(step, "timeout_ms");
	return jembatan_watch(ctx, self->timer, timeout ? json_integer_value(timeout) : -1);
}

static enum jembatan_result do_options(struct jembatan_context *ctx)
{
	const char *key, *value;
	jembatan_log(ctx, JEMBATAN_NOTICE, "wait %lld limit %lld loud %lld file %s at %s",
		     (long long)jembatan_get_integer(ctx, "wait"),
		     (long long)jembatan_get_integer(ctx, "limit"),
		     (long long)jembatan_get_integer(ctx, "loud"),
		     jembatan_get_string(ctx, "file") ? "set" : "unset",
		     jembatan_where(ctx, "wait", NULL));
	for (size_t i = 0; jembatan_get_entry(ctx, "tags", i, &key, &value); i++)
		jembatan_log(ctx, JEMBATAN_NOTICE, "tag %zu %s%s", i, value,
			     key ? " with key" : "");
	for (size_t i = 0; jembatan_get_entry(ctx, "fields", i, &key, &value); i++)
		jembatan_log(ctx, JEMBATAN_NOTICE, "field %s=%s at %s", key, value,
			     jembatan_where(ctx, "fields", key));
	return JEMBATAN_OK;
}

/* *out_end: the script says that the call ends here, with the result. */
static enum jembatan_result do_step(struct jembatan_context *ctx, struct self *self,
				    const char *line, int *out_end)
{
	json_t *step = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *what = text_of(step, "do");
	enum jembatan_result r = JEMBATAN_OK;
	if (!what)
		r = jembatan_explain(ctx, JEMBATAN_CONFIG, "a line of the script is no step");
	else if (strcmp(what, "message") == 0)
		r = script_message(ctx, step, line);
	else if (strcmp(what, "give-up") == 0 || strcmp(what, "pass-over") == 0)
		r = give_up(ctx, step, line, strcmp(what, "pass-over") == 0);
	else if (strcmp(what, "receipt") == 0)
		r = do_receipt(ctx, step);
	else if (strcmp(what, "state") == 0)
		r = do_state(ctx, step);
	else if (strcmp(what, "watch") == 0)
		r = do_watch(ctx, self, step);
	else if (strcmp(what, "options") == 0)
		r = do_options(ctx);
	else if (strcmp(what, "log") == 0)
		jembatan_log(ctx, JEMBATAN_WARNING, "%s", text_of(step, "text"));
	else if (strcmp(what, "checkpoint") == 0)
		r = jembatan_checkpoint(ctx, text_of(step, "cursor"));
	else if (strcmp(what, "return") == 0) {
		*out_end = 1;
		jembatan_delay(ctx, number_of(step, "delay_ms"));
		r = jembatan_explain(ctx, result_of(step, "result"), "%s",
				     text_of(step, "why") ? text_of(step, "why") : "");
	} else
		r = jembatan_explain(ctx, JEMBATAN_CONFIG, "the script has an unknown step");
	json_decref(step);
	return r;
}

/* Carries out lines from self->line on; text is cut into lines in place. */
static enum jembatan_result run_script(struct jembatan_context *ctx, struct self *self, char *text,
				       long *out_done)
{
	long number = 0;
	enum jembatan_result r = JEMBATAN_OK;
	int end = 0;
	for (char *line = text, *next; line && *line && r == JEMBATAN_OK && !end; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (number++ < self->line || *line == '\0')
			continue;
		r = do_step(ctx, self, line, &end);
		++*out_done;
		self->line = number;
	}
	return end ? r : r == JEMBATAN_OK ? JEMBATAN_IDLE : r;
}

static char *read_whole(const char *path)
{
	FILE *file = path ? fopen(path, "r") : NULL;
	char *text = file ? calloc(1, FILE_MAX_BYTES + 1) : NULL;
	if (text && fread(text, 1, FILE_MAX_BYTES, file) == 0)
		text[0] = '\0';
	if (file)
		fclose(file);
	return text;
}

/* ---- operations ---- */

static FILE *connect_peer(struct jembatan_context *ctx, const char *option)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	to.sin_port = htons((uint16_t)jembatan_get_integer(ctx, option));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fdopen(fd, "r");
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* The steps of one answer; *out_at: the cursor after them, -1 without any. */
static enum jembatan_result take_from_peer(struct jembatan_context *ctx, struct self *self,
					   long *out_at)
{
	char *line = NULL;
	size_t room = 0;
	int end = 0;
	enum jembatan_result r = JEMBATAN_OK;
	*out_at = -1;
	dprintf(fileno(self->peer), "give %ld\n", self->line);
	while (r == JEMBATAN_OK && !end) {
		ssize_t n = getline(&line, &room, self->peer);
		if (n <= 1 || line[n - 1] != '\n')
			r = jembatan_explain(ctx, JEMBATAN_RETRY, "the peer has ended");
		else if (strcmp(line, ".\n") == 0)
			break;
		else if (strncmp(line, "at ", 3) == 0)
			*out_at = strtol(line + 3, NULL, 10);
		else {
			line[n - 1] = '\0';
			r = do_step(ctx, self, line, &end);
		}
	}
	free(line);
	return r;
}

static void tell_peer(struct self *self, long taken)
{
	if (taken >= 0)
		dprintf(fileno(self->peer), "took %ld\n", taken);
}

/* What was handed over before is on disk when a checkpoint of either kind is back;
 * when there is nothing more, one that waits finds out. */
static enum jembatan_result save_ahead(struct jembatan_context *ctx, struct self *self, long at,
				       const char *cursor)
{
	if (at < 0 && self->handed < 0)
		return JEMBATAN_OK;
	enum jembatan_result r = at < 0 ? jembatan_checkpoint(ctx, NULL)
					: jembatan_checkpoint_ahead(ctx, cursor);
	if (r != JEMBATAN_OK)
		return r;
	tell_peer(self, self->handed);
	self->handed = at;
	return r;
}

static enum jembatan_result save(struct jembatan_context *ctx, struct self *self, long at,
				 const char *cursor)
{
	enum jembatan_result r = at < 0 ? JEMBATAN_OK : jembatan_checkpoint(ctx, cursor);
	if (r == JEMBATAN_OK)
		tell_peer(self, at);
	return r;
}

static enum jembatan_result poll_peer(struct jembatan_context *ctx, struct self *self)
{
	char cursor[32];
	long at;
	bool ahead = jembatan_get_integer(ctx, "ahead") != 0;
	if (!self->peer && !(self->peer = connect_peer(ctx, "port")))
		return jembatan_explain(ctx, JEMBATAN_RETRY, "the peer is not there");
	enum jembatan_result r = take_from_peer(ctx, self, &at);
	snprintf(cursor, sizeof(cursor), "%ld", at);
	if (r == JEMBATAN_OK)
		r = ahead ? save_ahead(ctx, self, at, cursor) : save(ctx, self, at, cursor);
	if (r == JEMBATAN_OK && at >= 0)
		self->line = at;
	if (r != JEMBATAN_OK) {
		fclose(self->peer);
		self->peer = NULL;
	}
	/* A wish for a pause would end the going ahead. */
	jembatan_delay(ctx, at < 0 ? 25 : ahead ? 0 : 1);
	return r;
}

static enum jembatan_result poll_script(struct jembatan_context *ctx, void *data)
{
	struct self *self = data;
	char cursor[32];
	long done = 0;
	if (jembatan_get_integer(ctx, "port") > 0)
		return poll_peer(ctx, self);
	char *text = read_whole(jembatan_get_string(ctx, "file"));
	if (!text)
		return jembatan_explain(ctx, JEMBATAN_RETRY, "the script cannot be read");
	enum jembatan_result result = run_script(ctx, self, text, &done), r = JEMBATAN_OK;
	free(text);
	if (done > 0) {
		snprintf(cursor, sizeof(cursor), "%ld", self->line);
		r = jembatan_checkpoint(ctx, cursor);
	}
	return r == JEMBATAN_OK ? result : r;
}

static enum jembatan_result run_bytes(struct jembatan_context *ctx, struct jembatan_bytes bytes)
{
	struct self self = { .timer = -1 };
	long done = 0;
	char *text = calloc(1, bytes.size + 1);
	if (!text)
		return JEMBATAN_FATAL;
	if (bytes.size)
		memcpy(text, bytes.data, bytes.size);
	enum jembatan_result r = run_script(ctx, &self, text, &done);
	free(text);
	return r == JEMBATAN_IDLE ? JEMBATAN_OK : r;
}

static enum jembatan_result request(struct jembatan_context *ctx, void *data,
				    const struct jembatan_request *in,
				    struct jembatan_response *out)
{
	struct self *self = data;
	snprintf(self->answer, sizeof(self->answer), "%s %s?%s %zu headers from %s", in->method,
		 in->path, in->query ? in->query : "", in->header_count, in->peer);
	out->media_type = "text/plain";
	out->body = bytes_of_text(self->answer);
	return run_bytes(ctx, in->body);
}

static const char *const outcomes[] = { "sent", "refused", "not sent", "unknown", "later", NULL };

static void post_line(FILE *peer, const struct jembatan_reply *in)
{
	json_t *line = json_pack("{s:b,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:I,s:s?}", "settle",
				 (in->flags & JEMBATAN_SETTLE) != 0, "reference", in->reference,
				 "event", in->event, "thread", in->thread, "reply_to", in->reply_to,
				 "to", in->to, "to_kind", in->to_kind, "subject", in->subject, "text",
				 in->text, "language", in->language, "window",
				 (json_int_t)in->window_until_ms, "extra", in->extra);
	char *text = json_dumps(line, JSON_COMPACT);
	dprintf(fileno(peer), "%s\n", text ? text : "{}");
	free(text);
	json_decref(line);
}

/* The peer takes the reply as one line of JSON and answers with another:
 * {"outcome": "sent", "remote_id": "r1", "result": "AUTH", "why": "..."}. An
 * answer that never comes leaves it unknown. */
static enum jembatan_result post(struct jembatan_context *ctx, const struct jembatan_reply *in,
				 struct jembatan_delivery *out)
{
	char *line = NULL;
	size_t room = 0;
	FILE *peer = connect_peer(ctx, "post");
	enum jembatan_result r = JEMBATAN_OK;
	if (!peer) {
		out->outcome = JEMBATAN_NOT_SENT;
		return jembatan_explain(ctx, JEMBATAN_RETRY, "the peer is not there");
	}
	post_line(peer, in);
	json_t *answer = getline(&line, &room, peer) > 1 ? json_loads(line, 0, NULL) : NULL;
	free(line);
	fclose(peer);
	if (!answer) {
		out->outcome = JEMBATAN_UNKNOWN;
		return jembatan_explain(ctx, JEMBATAN_RETRY, "the peer gave no answer");
	}
	out->outcome = (enum jembatan_outcome)index_of(outcomes, text_of(answer, "outcome"));
	out->at_ms = number_of(answer, "at_ms");
	snprintf(out->remote_id, sizeof(out->remote_id), "%s",
		 text_of(answer, "remote_id") ? text_of(answer, "remote_id") : "");
	if (text_of(answer, "result"))
		r = result_of(answer, "result");
	if (text_of(answer, "why"))
		jembatan_explain(ctx, r, "%s", text_of(answer, "why"));
	json_decref(answer);
	return r;
}

/* The reply's text says what becomes of it: "sent", "refused", ... Whether it
 * was sent is remembered in the state, so that SETTLE can tell. */
static enum jembatan_result reply(struct jembatan_context *ctx, void *self,
				  const struct jembatan_reply *in, struct jembatan_delivery *out)
{
	char key[100];
	struct jembatan_bytes value;
	(void)self;
	if (jembatan_get_integer(ctx, "post") > 0)
		return post(ctx, in, out);
	if (jembatan_get_integer(ctx, "sends") != 0) {
		out->outcome = JEMBATAN_SENT;
		snprintf(out->remote_id, sizeof(out->remote_id), "remote-%s", in->reference);
		return JEMBATAN_OK;
	}
	snprintf(key, sizeof(key), "sent:%s", in->reference);
	if (in->flags & JEMBATAN_SETTLE) {
		enum jembatan_result r = jembatan_state_get(ctx, key, &value);
		out->outcome = r == JEMBATAN_OK ? JEMBATAN_SENT : JEMBATAN_NOT_SENT;
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	}
	if (in->text && strcmp(in->text, "auth") == 0)
		return jembatan_explain(ctx, JEMBATAN_AUTH, "the token is refused");
	out->outcome = (enum jembatan_outcome)index_of(outcomes, in->text);
	out->at_ms = out->outcome == JEMBATAN_LATER ? jembatan_now_ms(ctx) + 60000 : 0;
	if (out->outcome != JEMBATAN_SENT)
		return jembatan_explain(ctx, JEMBATAN_OK, "the script said so");
	snprintf(out->remote_id, sizeof(out->remote_id), "remote-%s", in->reference);
	return jembatan_state_put(ctx, key, bytes_of_text("yes"));
}

/* How often it was asked for stands in the state of that key. */
static enum jembatan_result never_now(struct jembatan_context *ctx, const char *key)
{
	struct jembatan_bytes asked = { NULL, 0 };
	char text[64];
	enum jembatan_result r = jembatan_state_get(ctx, key, &asked);
	snprintf(text, sizeof(text), "%.*sx", r == JEMBATAN_OK ? (int)asked.size : 0,
		 r == JEMBATAN_OK ? (const char *)asked.data : "");
	r = jembatan_state_put(ctx, key, bytes_of_text(text));
	return r == JEMBATAN_OK ? jembatan_explain(ctx, JEMBATAN_RETRY, "later") : r;
}

/* A reference is "N:word": the word N times; "later" comes never; anything else
 * exists no more. */
static enum jembatan_result fetch(struct jembatan_context *ctx, void *self, const char *reference,
				  struct jembatan_spool *spool)
{
	const char *word = strchr(reference, ':');
	(void)self;
	if (strcmp(reference, "later") == 0)
		return never_now(ctx, reference);
	if (!word)
		return jembatan_explain(ctx, JEMBATAN_GONE, "there is nothing of that reference");
	for (long n = strtol(reference, NULL, 10); n > 0; n--) {
		enum jembatan_result r = jembatan_spool_write(ctx, spool, bytes_of_text(word + 1));
		if (r != JEMBATAN_OK)
			return r;
	}
	return JEMBATAN_OK;
}

static enum jembatan_result open_script(struct jembatan_context *ctx, const char *cursor,
					void **out_self)
{
	struct self *self = calloc(1, sizeof(*self));
	(void)ctx;
	if (!self)
		return JEMBATAN_FATAL;
	self->line = self->handed = cursor ? strtol(cursor, NULL, 10) : 0;
	self->timer = -1;
	*out_self = self;
	return JEMBATAN_OK;
}

static void close_script(struct jembatan_context *ctx, void *data)
{
	struct self *self = data;
	jembatan_log(ctx, JEMBATAN_INFO, "closed");
	if (self->timer >= 0)
		close(self->timer);
	if (self->peer)
		fclose(self->peer);
	free(self);
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.open = open_script,
	.poll = poll_script,
	.request = request,
	.reply = reply,
	.fetch = fetch,
	.preview = run_bytes,
	.close = close_script,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = SCRIPT_NAME,
	.version = "0.1",
	.summary = "Carries out a script of JSON lines, for tests.",
	.capabilities = JEMBATAN_CAN_POLL | JEMBATAN_CAN_REQUEST | JEMBATAN_CAN_REPLY |
			JEMBATAN_CAN_FETCH | JEMBATAN_CAN_PREVIEW,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
