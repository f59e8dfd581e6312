/* web_child.c: jembatan-web's process and its frames. It is trusted no more
 * than a connector: a bad frame ends it, and it is started again. */
#include "web_child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "intake/spawn.h"
#include "web_serve.h"
#include "base/poison.h"

#define RESTART_FIRST_MS 2000
#define SILENCE_MS 30000
#define RESTART_MAX_MS 60000
#define RETRY_AFTER_S 5u

struct web_call {
	struct web_child *web;
	struct web_call *next, **at; /* of those that wait */
	uint64_t generation; /* of the process that asked */
	uint32_t seq;
	bool is_over;
};

/* What a commit tells, until the disk has that. */
struct kept_answer {
	struct kept_answer *next;
	uint32_t seq;
	struct buf fields, body;
};

struct web_child {
	struct app *app;
	pid_t pid;
	uint64_t generation;
	struct channel *channel; /* NULL: down */
	struct loop_fd *fd;
	struct loop_timer *restart, *silence;
	int64_t heard_mono_ms; /* its last frame; it sends one every few seconds */
	struct arena *arena;
	struct web_call *calls;
	struct kept_answer *kept; /* of this process */
	size_t waiting;
	unsigned failures;
	bool stopping, degraded;
	bool renewing; /* it ends what is under way, for its successor */
	uint64_t deaths, answered;
	struct msg_web_counts counts;
	struct log_trouble trouble;
	char listening[128], confinement[80], alarm[480];
};

static void on_event(void *data, unsigned events);

/* ---- calls ---- */

static struct web_call *new_call(struct web_child *w, uint32_t seq)
{
	struct web_call *c = xcalloc(1, sizeof(*c));
	c->web = w;
	c->seq = seq;
	c->generation = w->generation;
	c->next = w->calls;
	c->at = &w->calls;
	if (c->next != NULL)
		c->next->at = &c->next;
	w->calls = c;
	w->waiting++;
	return c;
}

static void set_over(struct web_call *c)
{
	if (c->is_over)
		return;
	c->is_over = true;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	c->web->waiting--;
}

struct app *web_call_app(struct web_call *call)
{
	return call->web->app;
}

void web_call_end(struct web_call *call)
{
	set_over(call);
	free(call);
}

/* ---- the process ---- */

static struct kept_answer *take_kept(struct web_child *w)
{
	struct kept_answer *k = w->kept;
	if (k != NULL)
		w->kept = k->next;
	return k;
}

static void free_kept(struct kept_answer *k)
{
	buf_done(&k->fields);
	buf_done(&k->body);
	free(k);
}

static void drop_kept(struct web_child *w)
{
	struct kept_answer *k;
	while ((k = take_kept(w)) != NULL)
		free_kept(k);
}

static void drop(struct web_child *w)
{
	drop_kept(w);
	loop_timer_stop(w->silence);
	loop_fd_remove(w->fd);
	w->fd = NULL;
	channel_free(w->channel);
	w->channel = NULL;
	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	w->pid = 0;
	w->generation++;
	w->listening[0] = '\0';
}

static void fail(struct web_child *w, const char *sentence)
{
	str_copy(w->alarm, sizeof(w->alarm), sentence);
	log_trouble(&w->trouble, "web", sentence);
}

static void restart_later(struct web_child *w, const char *sentence)
{
	drop(w);
	if (w->stopping)
		return;
	fail(w, sentence);
	w->failures++;
	int64_t first = FAULT_NUMBER("JEMBATAN_RESTART_FIRST_MS", RESTART_FIRST_MS);
	int64_t wait = backoff_ms(w->failures, first, RESTART_MAX_MS);
	loop_timer_set(w->restart, backoff_spread_ms(wait, 20));
}

static void died(struct web_child *w, const char *how)
{
	char sentence[600];
	int status = 0;
	if (w->renewing) {
		drop(w);
		w->renewing = false;
		if (w->app->settings->web.listen != NULL)
			loop_timer_set(w->restart, 0);
		return;
	}
	w->deaths++;
	/* Ended by itself, or about to be ended by us. */
	if (w->pid > 0 && waitpid(w->pid, &status, WNOHANG) == w->pid) {
		w->pid = 0;
		spawn_describe_end(status, sentence, sizeof(sentence));
		how = sentence;
	}
	char whole[700];
	snprintf(whole, sizeof(whole), "jembatan-web %s; it is started again", how);
	restart_later(w, whole);
}

static int64_t silence_ms(void)
{
	return FAULT_NUMBER("JEMBATAN_WEB_SILENCE_MS", SILENCE_MS);
}

/* It hangs, at its start or later: nobody else would notice. What stands in the
 * socket is read first, since it may have been us who hung. */
static void on_silence(void *data)
{
	struct web_child *w = data;
	char how[80];
	on_event(w, LOOP_READ);
	if (w->channel == NULL)
		return; /* gone meanwhile */
	int64_t silent_ms = clock_mono_ms() - w->heard_mono_ms;
	if (silent_ms < silence_ms()) {
		loop_timer_set(w->silence, silence_ms() - silent_ms);
		return;
	}
	snprintf(how, sizeof(how), "has given no sign for %lld s", (long long)(silent_ms / 1000));
	died(w, how);
}

static enum jembatan_result start(struct web_child *w, struct why *why)
{
	const struct settings *s = w->app->settings;
	const struct msg_web_open open = {
		.listen = s->web.listen,
		.address_header = s->web.address_header,
		.connections = s->web.connections,
		.per_address = s->web.per_address,
		.body_max_bytes = (size_t)s->web.body_max_bytes,
		.header_ms = s->web.header_timeout_ms,
		.body_ms = s->web.body_timeout_ms,
		.answer_ms = s->web.answer_timeout_ms,
		.log_json = s->log_json,
		.log_level = s->log_level,
	};
	char *argv[] = { (char *)spawn_web_program(), NULL };
	int fd = -1;
	enum jembatan_result r = spawn_child(argv, &w->pid, &fd, why);
	if (r != JEMBATAN_OK)
		return r;
	w->channel = channel_new(fd);
	w->fd = loop_fd_add(w->app->loop, fd, LOOP_READ, on_event, w);
	w->heard_mono_ms = clock_mono_ms();
	loop_timer_set(w->silence, silence_ms());
	r = channel_put(w->channel, MSG_WEB_OPEN, 0, msg_web_open_fields, &open,
			bytes_text(NULL), why);
	return r == JEMBATAN_OK ? channel_flush(w->channel, why) : r;
}

static void on_restart(void *data)
{
	struct web_child *w = data;
	struct why why;
	if (start(w, &why) != JEMBATAN_OK)
		restart_later(w, why.text);
}

/* ---- frames ---- */

static void watch(struct web_child *w)
{
	if (w->fd != NULL)
		loop_fd_set(w->fd, LOOP_READ |
			    (channel_wants_write(w->channel) ? LOOP_WRITE : 0u));
}

static void on_flush(void *data)
{
	struct web_child *w = data;
	if (w->channel == NULL)
		return;
	if (channel_flush(w->channel, NULL) != JEMBATAN_OK)
		died(w, "closed its connection");
	else
		watch(w);
}

/* False: nobody is there any more who would hear an answer. */
static bool ends_here(struct web_call *call)
{
	struct web_child *w = call->web;
	bool counts = !call->is_over && w->channel != NULL && call->generation == w->generation;
	set_over(call);
	w->answered += counts;
	return counts;
}

/* Where it does not read, its own deadlines end what it has. */
static void put(struct web_child *w, uint32_t seq, const struct msg_web_answer *answer,
		struct jembatan_bytes body)
{
	if (channel_put(w->channel, MSG_WEB_ANSWER, seq, msg_web_answer_fields, answer, body,
			NULL) == JEMBATAN_OK)
		loop_defer(w->app->loop, on_flush, w);
}

void web_answer(struct web_call *call, const struct msg_web_answer *answer,
		struct jembatan_bytes body)
{
	if (!ends_here(call))
		return;
	put(call->web, call->seq, answer, body);
	if (FAULT_PLANTED("answer-before-commit"))
		(void)!channel_flush(call->web->channel, NULL);
}

static void put_kept(void *data)
{
	struct web_child *w = data;
	struct kept_answer *k;
	while ((k = take_kept(w)) != NULL) {
		(void)!channel_put_packed(w->channel, MSG_WEB_ANSWER, k->seq, buf_bytes(&k->fields),
					  buf_bytes(&k->body), NULL);
		free_kept(k);
	}
	on_flush(w);
}

void web_acknowledge(struct web_call *call, const struct msg_web_answer *answer,
		     struct jembatan_bytes body)
{
	struct web_child *w = call->web;
	if (!loop_is_held(w->app->loop) || FAULT_PLANTED("answer-before-commit") ||
	    FAULT_PLANTED("answer-before-sync")) {
		web_answer(call, answer, body);
		return;
	}
	if (!ends_here(call))
		return;
	struct kept_answer *k = xcalloc(1, sizeof(*k));
	k->seq = call->seq;
	buf_init(&k->fields, FRAME_PIECE_MAX);
	buf_init(&k->body, FRAME_PIECE_MAX);
	field_pack(msg_web_answer_fields, answer, &k->fields);
	buf_add(&k->body, body.data, body.size);
	k->next = w->kept;
	w->kept = k;
	loop_when_let_go(w->app->loop, put_kept, w);
}

static struct msg_web_answer refusal(enum msg_problem problem, const char *detail_id,
				     const char *detail_en)
{
	return (struct msg_web_answer){
		.problem = problem,
		.detail_id = detail_id,
		.detail_en = detail_en,
		.retry_after_s = problem == MSG_PROBLEM_UNAVAILABLE ? RETRY_AFTER_S : 0,
	};
}

void web_refuse(struct web_call *call, enum msg_problem problem, const char *detail_id,
		const char *detail_en)
{
	const struct msg_web_answer a = refusal(problem, detail_id, detail_en);
	web_answer(call, &a, bytes_text(NULL));
}

static enum jembatan_result on_state(struct web_child *w, const struct frame *f, struct why *why)
{
	struct msg_web_state state = { 0 };
	enum jembatan_result r = field_unpack(msg_web_state_fields, f->meta, w->arena, &state, why);
	if (r != JEMBATAN_OK)
		return r;
	if (state.listening == NULL)
		return why_set(why, JEMBATAN_CONFIG, "%s",
			       state.why != NULL ? state.why : "it cannot listen");
	str_copy(w->listening, sizeof(w->listening), state.listening);
	str_copy(w->confinement, sizeof(w->confinement),
		 state.confinement != NULL ? state.confinement : "none");
	w->degraded = state.degraded;
	if (w->degraded && w->app->settings->confinement_required)
		return why_set(why, JEMBATAN_CONFIG, "confinement is required, but this machine gives "
			       "jembatan-web: %s", w->confinement);
	w->failures = 0;
	w->alarm[0] = '\0';
	log_trouble_over(&w->trouble, "web", "jembatan-web");
	log_notice("web", "listening on %s (%s)", w->listening, w->confinement);
	return JEMBATAN_OK;
}

static enum jembatan_result on_request(struct web_child *w, const struct frame *f, struct why *why)
{
	struct msg_web_request request = { 0 };
	enum jembatan_result r = field_unpack(msg_web_request_fields, f->meta, w->arena, &request,
					      why);
	if (r == JEMBATAN_OK && (request.method == NULL || request.path == NULL))
		r = why_set(why, JEMBATAN_DATA, "a request without method or path");
	if (r == JEMBATAN_OK)
		web_serve(new_call(w, f->seq), &request, f->blob);
	return r;
}

static enum jembatan_result on_frame(struct web_child *w, const struct frame *f, struct why *why)
{
	arena_reset(w->arena);
	w->heard_mono_ms = clock_mono_ms();
	switch (f->type) {
	case MSG_WEB_STATE:
		return on_state(w, f, why);
	case MSG_WEB_REQUEST:
		return on_request(w, f, why);
	case MSG_WEB_COUNTS:
		w->counts = (struct msg_web_counts){ 0 };
		return field_unpack(msg_web_counts_fields, f->meta, w->arena, &w->counts, why);
	default:
		return why_set(why, JEMBATAN_DATA, "a frame of the unknown type %u", (unsigned)f->type);
	}
}

static void on_event(void *data, unsigned events)
{
	struct web_child *w = data;
	struct why why = { "" };
	struct frame f;
	if ((events & LOOP_WRITE) != 0 && channel_flush(w->channel, NULL) != JEMBATAN_OK) {
		died(w, "closed its connection");
		return;
	}
	enum jembatan_result r = JEMBATAN_OK, filled = JEMBATAN_IDLE;
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0)
		filled = channel_fill(w->channel, NULL);
	while (r == JEMBATAN_OK) {
		r = channel_next(w->channel, &f, &why);
		if (r == JEMBATAN_OK)
			r = on_frame(w, &f, &why);
	}
	if (r == JEMBATAN_CONFIG)
		restart_later(w, why.text);
	else if (r != JEMBATAN_IDLE)
		died(w, "broke the rules of frames");
	else if (filled == JEMBATAN_GONE)
		died(w, "closed its connection");
	else
		watch(w);
}

/* ---- from the app ---- */

struct web_child *web_child_new(struct app *a)
{
	if (a->settings->web.listen == NULL)
		return NULL;
	struct web_child *w = xcalloc(1, sizeof(*w));
	w->app = a;
	w->arena = arena_new();
	w->restart = loop_timer_new(a->loop, on_restart, w);
	w->silence = loop_timer_new(a->loop, on_silence, w);
	loop_timer_set(w->restart, 0);
	return w;
}

void web_child_free(struct web_child *w)
{
	if (w == NULL)
		return;
	w->stopping = true;
	drop(w);
	while (w->calls != NULL)
		web_call_end(w->calls);
	loop_defer_cancel(w->app->loop, w);
	loop_timer_free(w->restart);
	loop_timer_free(w->silence);
	arena_free(w->arena);
	free(w);
}

static void ask_to_end(struct web_child *w)
{
	loop_timer_stop(w->restart);
	if (w->channel != NULL &&
	    channel_put(w->channel, MSG_STOP, 0, NULL, NULL, bytes_text(NULL), NULL) == JEMBATAN_OK)
		loop_defer(w->app->loop, on_flush, w);
}

void web_child_stop(struct web_child *w)
{
	if (w == NULL || w->stopping)
		return;
	w->stopping = true;
	ask_to_end(w);
}

void web_child_take_settings(struct web_child **w, struct app *a, bool is_same)
{
	if (*w == NULL) {
		*w = web_child_new(a);
		return;
	}
	if (is_same || (*w)->renewing || (*w)->stopping)
		return;
	(*w)->alarm[0] = '\0';
	if ((*w)->channel != NULL) {
		(*w)->renewing = true;
		ask_to_end(*w);
	} else if (a->settings->web.listen != NULL) {
		loop_timer_set((*w)->restart, 0);
	} else {
		loop_timer_stop((*w)->restart);
	}
}

bool web_child_is_idle(const struct web_child *w)
{
	return w == NULL || w->waiting == 0;
}

void web_child_store_failed(struct web_child *w)
{
	struct kept_answer *k;
	const struct msg_web_answer a = refusal(MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
	while (w != NULL && w->calls != NULL)
		web_refuse(w->calls, MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
	while (w != NULL && (k = take_kept(w)) != NULL) {
		put(w, k->seq, &a, bytes_text(NULL));
		free_kept(k);
	}
}

bool web_child_status(const struct web_child *w, struct web_child_status *out)
{
	if (w == NULL)
		return false;
	*out = (struct web_child_status){
		.state = w->app->settings->web.listen == NULL ? "off" :
			 w->listening[0] != '\0' ? "serving" : w->pid > 0 ? "starting" : "down",
		.listening = w->listening[0] != '\0' ? w->listening : NULL,
		.confinement = w->confinement[0] != '\0' ? w->confinement : NULL,
		.alarm = w->alarm[0] != '\0' ? w->alarm : NULL,
		.degraded = w->degraded,
		.deaths = w->deaths,
		.answered = w->answered,
		.waiting = w->waiting,
		.counts = w->counts,
		.pid = w->pid,
	};
	return true;
}
