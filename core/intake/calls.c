/* calls.c: what a child is asked beside polling, and who waits for it, in
 * order: requests without waiting for each other, anything else one at a time.
 * The answer to a request goes out only after the commit of what it brought. */
#include <stdlib.h>

#include "intake/instance.h"
#include "base/poison.h"

void worker_next_call(struct worker *w)
{
	struct why why;
	/* One that makes way is asked nothing more; what waits is for the next. */
	if (w->restarts) {
		if (child_state(w->child) == CHILD_IDLE)
			child_stop(w->child);
		return;
	}
	while (w->unasked != NULL && child_takes_call(w->child, w->unasked->type)) {
		struct call *c = w->unasked;
		w->unasked = c->next;
		if (child_ask_packed(w->child, c->type, buf_bytes(&c->frame), buf_bytes(&c->blob),
				     &why) != JEMBATAN_OK) {
			child_kill(w->child);
			return;
		}
	}
}

static size_t size_of(const struct call *c)
{
	return sizeof(*c) + c->frame.size + c->blob.size;
}

void worker_call(struct worker *w, struct call *call)
{
	*w->calls_end = call;
	w->calls_end = &call->next;
	w->call_count++;
	w->call_bytes += size_of(call);
	if (w->unasked == NULL)
		w->unasked = call;
	if (child_state(w->child) == CHILD_DOWN && !loop_timer_is_set(w->timer))
		worker_start(w);
	else
		worker_next_call(w);
}

void call_free(struct call *c)
{
	buf_done(&c->frame);
	buf_done(&c->blob);
	free(c);
}

static struct call *pop_call(struct worker *w)
{
	struct call *c = w->calls;
	ASSERT(c != w->unasked);
	w->calls = c->next;
	w->call_bytes -= size_of(c);
	if (w->calls == NULL)
		w->calls_end = &w->calls;
	w->call_count--;
	c->next = NULL;
	return c;
}

void worker_take_answer(struct worker *w, const struct frame *f)
{
	if (w->calls == NULL || w->calls == w->unasked)
		return;
	worker_was_ok(w);
	struct call *call = pop_call(w);
	if (f->type == MSG_RESPONSE) {
		/* Released by worker_release, after what it brought is on disk. */
		buf_clear(&call->frame);
		buf_clear(&call->blob);
		buf_add(&call->frame, f->meta.data, f->meta.size);
		buf_add(&call->blob, f->blob.data, f->blob.size);
		*w->answered_end = call;
		w->answered_end = &call->next;
		child_batch(w->child)->answers = true; /* child_process makes it ready */
	} else {
		call->on(call->data, f, NULL);
		call_free(call);
	}
	worker_next_call(w);
}

void worker_refuse_call(struct worker *w, const char *why)
{
	if (w->calls == NULL || w->calls == w->unasked)
		return;
	struct call *c = pop_call(w);
	c->on(c->data, NULL, why);
	call_free(c);
	worker_next_call(w);
}

/* The list is taken first: who hears of it may call again. */
static struct call *take_list(struct call **list, struct call ***end)
{
	struct call *c = *list;
	*list = NULL;
	*end = list;
	return c;
}

const char intake_never_asked[] = "it ended before its connector was asked";

/* From `unasked` on nobody was asked. */
static void fail_list(struct call *c, const struct call *unasked, const char *why)
{
	while (c != NULL) {
		struct call *next = c->next;
		if (c == unasked)
			why = intake_never_asked;
		c->on(c->data, NULL, why);
		call_free(c);
		c = next;
	}
}

void worker_release(struct worker *w)
{
	struct call *c = take_list(&w->answered, &w->answered_end);
	while (c != NULL) {
		struct call *next = c->next;
		struct frame f = { .type = MSG_RESPONSE, .meta = buf_bytes(&c->frame),
				   .blob = buf_bytes(&c->blob) };
		c->on(c->data, &f, NULL);
		call_free(c);
		c = next;
	}
}

void worker_fail_calls(struct worker *w, const char *why)
{
	const struct call *unasked = w->unasked;
	w->call_count = w->call_bytes = 0;
	w->unasked = NULL;
	fail_list(take_list(&w->calls, &w->calls_end), unasked, why);
}

void worker_fail_answered(struct worker *w, const char *why)
{
	fail_list(take_list(&w->answered, &w->answered_end), NULL, why);
}

/* Pieces of 1 MiB, as the child takes them. */
void worker_send_sample(struct worker *w)
{
	struct why why;
	while (!w->sample_is_sent && child_takes_more(w->child)) {
		size_t n = w->sample.size - w->sample_at;
		if (n > FRAME_PIECE_MAX)
			n = FRAME_PIECE_MAX;
		struct msg_sample piece = { .last = w->sample_at + n == w->sample.size };
		struct jembatan_bytes bytes = { n > 0 ? w->sample.data + w->sample_at : NULL, n };
		if (child_ask(w->child, MSG_SAMPLE, msg_sample_fields, &piece, bytes, &why) !=
		    JEMBATAN_OK) {
			worker_end_job(w, JEMBATAN_RETRY, why.text);
			return;
		}
		w->sample_at += n;
		w->sample_is_sent = piece.last;
	}
}
