/* child_frames.c: what a child says, frame by frame. All of it comes from
 * outside: what breaks the rules condemns this child only. */
#include "intake/child_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "ticket/personal.h"
#include "base/poison.h"

#define LOGS_PER_MINUTE 60u
#define STATE_KEY_MAX 128u
#define STATE_VALUE_MAX 65536u
#define STATE_GETS 64u /* in a row: each costs us a reading of the store */

/* A connector's sentence may quote what came from outside, and is logged, shown and
 * kept in clear. */
static const char *masked(const struct child *c, const char *sentence)
{
	if (sentence == NULL)
		return NULL;
	char *text = arena_strdup(c->frame_arena, sentence);
	(void)personal_mask(text, PERSONAL_ALL);
	return text;
}

static void on_log(struct child *c, const struct frame *f)
{
	struct msg_log log = { 0 };
	int64_t minute = clock_mono_ms() / 60000;
	if (minute != c->log_minute) {
		if (c->logs > LOGS_PER_MINUTE)
			log_warning(c->o.instance, "%u lines of this connector were left out",
				    c->logs - LOGS_PER_MINUTE);
		c->log_minute = minute;
		c->logs = 0;
	}
	if (c->logs++ >= LOGS_PER_MINUTE)
		return;
	if (field_unpack(msg_log_fields, f->meta, c->frame_arena, &log, NULL) == JEMBATAN_OK &&
	    log.text != NULL)
		log_at(log.level <= JEMBATAN_ERROR ? (enum jembatan_level)log.level : JEMBATAN_ERROR,
		       c->o.instance, "%s", masked(c, log.text));
}

static void batch_ready(struct child *c)
{
	if (c->batch.ready)
		return;
	c->batch.ready = true;
	c->o.events->on_batch(c->o.data, c);
}

static enum jembatan_result on_done(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_result result = { 0 };
	enum jembatan_result r = field_unpack(msg_result_fields, f->meta, c->frame_arena, &result,
					      why);
	if (r != JEMBATAN_OK)
		return r;
	if (result.result > JEMBATAN_FATAL || c->asked_type == 0 || f->seq != c->asked)
		return why_set(why, JEMBATAN_DATA, "an answer to nothing that was asked");
	result.why = masked(c, result.why);
	batch_end_call(&c->batch, &c->record, &result);
	if (!batch_is_empty(&c->batch))
		batch_ready(c);
	bool opening = c->state == CHILD_OPENING, counts = opening || c->state == CHILD_BUSY;
	child_answered(c);
	if (!counts)
		return JEMBATAN_OK;
	if (opening)
		c->o.events->on_opened(c->o.data, c, &result);
	else
		c->o.events->on_done(c->o.data, c, &result);
	return JEMBATAN_OK;
}

static enum jembatan_result on_checkpoint(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_checkpoint checkpoint = { 0 };
	struct jembatan_bytes meta = { arena_memdup(c->batch.arena, f->meta.data, f->meta.size),
				       f->meta.size };
	enum jembatan_result r = field_unpack(msg_checkpoint_fields, meta, c->batch.arena,
					      &checkpoint, why);
	if (r != JEMBATAN_OK)
		return r;
	if (c->o.role != MSG_ROLE_POLL)
		return why_set(why, JEMBATAN_DATA, "a checkpoint outside poll");
	batch_end_record(&c->batch, &c->record, NULL);
	if (checkpoint.cursor != NULL && !c->cursor_is_void)
		c->batch.cursor = checkpoint.cursor;
	c->brought = true;
	batch_add_ack(&c->batch, MSG_CHECKPOINT, f->seq);
	batch_ready(c);
	return JEMBATAN_OK;
}

static enum jembatan_result on_state(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_state state = { 0 };
	enum jembatan_result r = field_unpack(msg_state_fields, f->meta, c->frame_arena, &state, why);
	if (r != JEMBATAN_OK)
		return r;
	if (state.key == NULL || strlen(state.key) > STATE_KEY_MAX ||
	    f->blob.size > STATE_VALUE_MAX)
		return why_set(why, JEMBATAN_DATA, "a state key or value is too long");
	if (f->type == MSG_STATE_PUT) {
		batch_add_state(&c->batch, state.key, f->blob);
		batch_add_ack(&c->batch, MSG_STATE_PUT, f->seq);
		batch_ready(c);
		return JEMBATAN_OK;
	}
	if (++c->state_asks >= STATE_GETS)
		child_rest(c);
	struct buf value;
	buf_init(&value, STATE_VALUE_MAX + 64);
	state.found = c->o.events->on_state_get(c->o.data, c, state.key, &value) == JEMBATAN_OK;
	r = child_send(c, MSG_VALUE, f->seq, msg_state_fields, &state, buf_bytes(&value), why);
	mem_wipe(value.data, value.size);
	buf_done(&value);
	return r;
}

static enum jembatan_result on_manifest(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_manifest m = { 0 };
	enum jembatan_result r = field_unpack(msg_manifest_fields, f->meta, c->frame_arena, &m, why);
	if (r == JEMBATAN_OK) {
		str_copy(c->confinement, sizeof(c->confinement),
			 m.confinement != NULL ? m.confinement : "none");
		c->degraded = m.confinement_degraded;
	}
	return r;
}

static unsigned answer_to(unsigned asked_type)
{
	return asked_type == MSG_REQUEST ? MSG_RESPONSE : asked_type == MSG_REPLY ? MSG_DELIVERED :
	       asked_type == MSG_FETCH ? MSG_FETCHED :
	       asked_type == MSG_CONSENT ? MSG_CONSENTED : MSG_DONE;
}

/* Also from a child that was told to stop meanwhile: a reply that has gone out
 * has gone out. */
static enum jembatan_result on_answer(struct child *c, const struct frame *f, struct why *why)
{
	if (c->asked_type == 0 || f->seq != c->asked || f->type != answer_to(c->asked_type))
		return why_set(why, JEMBATAN_DATA, "an answer to nothing that was asked");
	child_answered(c);
	c->o.events->on_answer(c->o.data, c, f);
	return JEMBATAN_OK;
}

/* A request of which nothing came (receipts, a handshake, a bad signature) is
 * no record to keep, unless the plugin says that it could not be read. */
static enum jembatan_result on_response(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_response response = { 0 };
	enum jembatan_result r = field_unpack(msg_response_fields, f->meta, c->frame_arena, &response,
					      why);
	if (r != JEMBATAN_OK)
		return r;
	if (response.result == JEMBATAN_DATA || c->record.emitted > 0)
		batch_end_record(&c->batch, &c->record, response.why != NULL ?
				 masked(c, response.why) : "the connector could not read this request");
	else
		batch_record_close(&c->record);
	return on_answer(c, f, why);
}

static enum jembatan_result on_receipt(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_receipt receipt = { 0 };
	enum jembatan_result r = field_unpack(msg_receipt_fields, f->meta, c->frame_arena, &receipt,
					      why);
	if (r == JEMBATAN_OK && receipt.state > JEMBATAN_RECEIPT_FAILED)
		return why_set(why, JEMBATAN_DATA, "a receipt's state is unknown");
	if (r == JEMBATAN_OK)
		batch_add_receipt(&c->batch, &receipt, c->o.keys.local, c->o.instance);
	c->brought = true;
	return r;
}

static enum jembatan_result on_unusable(struct child *c, const struct frame *f, struct why *why)
{
	struct msg_result result = { 0 };
	enum jembatan_result r = field_unpack(msg_result_fields, f->meta, c->frame_arena, &result,
					      why);
	if (r == JEMBATAN_OK)
		batch_unusable(&c->record, masked(c, result.why));
	return r;
}

static enum jembatan_result on_frame(struct child *c, const struct frame *f, struct why *why)
{
	switch (f->type) {
	case MSG_MANIFEST:
		return on_manifest(c, f, why);
	case MSG_BEGIN:
		c->brought = true;
		return batch_begin(&c->batch, &c->record, f, why);
	case MSG_MESSAGE:
		c->brought = true;
		return batch_message(&c->batch, &c->record, f, c->o.keys, c->o.instance, why);
	case MSG_UNUSABLE:
		return on_unusable(c, f, why);
	case MSG_CHECKPOINT:
		return on_checkpoint(c, f, why);
	case MSG_RECEIPT:
		return on_receipt(c, f, why);
	case MSG_STATE_GET:
	case MSG_STATE_PUT:
		return on_state(c, f, why);
	case MSG_LOG:
		on_log(c, f);
		return JEMBATAN_OK;
	case MSG_DONE:
		return on_done(c, f, why);
	case MSG_WAKE:
		if (c->state == CHILD_IDLE)
			c->o.events->on_wake(c->o.data, c);
		return JEMBATAN_OK;
	case MSG_RESPONSE:
		return on_response(c, f, why);
	case MSG_DELIVERED:
	case MSG_FETCHED:
	case MSG_CONSENTED:
		return on_answer(c, f, why);
	default:
		return why_set(why, JEMBATAN_DATA, "a frame of the unknown type %u", (unsigned)f->type);
	}
}

bool child_take_frame(struct child *c)
{
	struct why why = { "" };
	struct frame f;
	if (c->channel == NULL || c->condemned)
		return false;
	enum jembatan_result r = channel_next(c->channel, &f, &why);
	if (r == JEMBATAN_IDLE)
		return false;
	if (r == JEMBATAN_OK) {
		arena_reset(c->frame_arena);
		r = on_frame(c, &f, &why);
	}
	if (r != JEMBATAN_OK && r != JEMBATAN_IDLE) {
		struct why said;
		(void)why_set(&said, r, "broke the rules of frames: %s", why.text);
		child_condemn(c, said.text);
		return false;
	}
	if (batch_is_full(&c->batch))
		batch_ready(c);
	return true;
}

void child_process(struct child *c)
{
	while (!c->batch.ready && !c->resting && child_take_frame(c))
		continue;
	/* Responses wait for the commit of what they brought: one commit for all
	 * that have come. */
	if (c->batch.answers)
		batch_ready(c);
	child_watch_socket(c);
}
