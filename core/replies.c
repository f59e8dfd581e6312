/* replies.c: ways, what is due, and calls to deliver children.
 *
 * If the power fails here: a row is sending on disk before its call leaves, so
 * the next start finds it and asks its channel; a result that was not committed
 * is such a row too. */
#include "replies_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "reply/quiet.h"
#include "store/audit.h"
#include "base/poison.h"

#define DEPTH_ONCE 8u /* under way at a time where the channel settles what is lost */
#define DEPTH_CAREFUL 1u
#define GATHER_MS INT64_C(10) /* answers that come together share a commit */
#define CLAIM_MAX 16u /* rows looked at for one way in a turn */
#define RECOVER_SLICE 64u
#define LOOK_MOST_MS FAULT_NUMBER("JEMBATAN_REPLIES_LOOK_MS", INT64_C(60000))
#define SENTENCE_MAX 300u
#define SENTENCE_READ_MAX 4096u
#define ASK_AGAIN_MS INT64_C(600000)

static void on_timer(void *data)
{
	struct replies *r = data;
	/* Also where nothing happens: a day ends, a way that was shut opens again. */
	loop_timer_set(r->timer, LOOK_MOST_MS);
	for (struct way *w = r->ways; w != NULL; w = w->next)
		replies_tell_expiry(w);
	r->o.on_turn(r->o.data);
}

/* ---- what may leave ---------------------------------------------------- */

/* Held, not failed: with a token that has ended nothing is even tried. */
static bool is_open(const struct replies *r, const struct way *w)
{
	bool now = false;
	return w->settings->replies == REPLIES_ON && r->templates != NULL && !r->stopping &&
	       (r->o.hold == NULL || !r->o.hold->active) && replies_days_left(w) > 0 &&
	       clock_mono_ms() >= w->not_before_mono_ms &&
	       intake_replies(r->o.intake, w->id, &now) && now;
}

static unsigned room_of(const struct way *w)
{
	/* One that was closed is tried with one, to see. */
	unsigned depth = w->is_closed || w->channel->guarantee == REPLY_NOTHING ? DEPTH_CAREFUL :
										  DEPTH_ONCE;
	return depth > w->in_flight ? depth - w->in_flight : 0;
}

/* ---- results ----------------------------------------------------------- */

static enum jembatan_result note_row(struct replies *r, const struct reply_row *row,
				     struct why *why)
{
	if (row->ticket_id == 0)
		return JEMBATAN_OK;
	CLEANUP(free_pointer) char *what = xasprintf("reply_%s", reply_state_name(row->state));
	return audit_add(r->o.db, AUDIT_TICKET, row->ticket_id, NULL, what,
			 row->why != NULL ? row->why : row->reference, clock_now_ms(), why);
}

/* It certainly did not leave, and what came meanwhile says more: nobody waits for
 * hours behind what need not be said any more. */
static enum jembatan_result replace(struct replies *r, struct reply_verdict *v, struct why *why)
{
	bool is_overtaken = false;
	if (v->row.state != REPLY_QUEUED || v->row.started_ms != 0 || v->row.ticket_id == 0)
		return JEMBATAN_OK;
	enum jembatan_result result = replies_is_overtaken(r->o.db, &v->row, &is_overtaken, why);
	if (result == JEMBATAN_OK && is_overtaken) {
		v->row.state = REPLY_DROPPED;
		v->row.why = v->row.event == REPLY_STATUS ? "a newer state came first" :
							    "a later notice says it too";
	}
	return result;
}

static enum jembatan_result write_verdict(struct replies *r, struct reply_verdict *v,
					  const struct digest *remote_key, struct why *why)
{
	enum jembatan_result result = replace(r, v, why);
	if (result == JEMBATAN_OK)
		result = replies_update(r->o.db, &v->row, remote_key, why);
	if (result == JEMBATAN_OK && v->row.state != REPLY_QUEUED)
		result = note_row(r, &v->row, why);
	if (result == JEMBATAN_OK && v->did_fail)
		result = replies_news_add(r->o.db, &(struct reply_news){
						  .kind = REPLY_NEWS_FAILED,
						  .ticket_id = v->row.ticket_id,
						  .reply_id = v->row.id }, clock_now_ms(), why);
	return result;
}

static enum jembatan_result write_answer(struct replies *r, struct send *s, struct why *why)
{
	struct reply_row now;
	struct reply_verdict v;
	struct digest key = { 0 };
	enum jembatan_result result = replies_get(r->o.db, s->row.id, s->arena, &now, why);
	s->state = SEND_WRITTEN;
	if (result != JEMBATAN_OK)
		return result;
	if (s->remote_id != NULL)
		key = replies_remote_key(r->o.db, s->row.instance_id, s->remote_id);
	reply_after_answer(s->channel, &now, &s->answer, clock_now_ms(), &v);
	if (s->way != NULL)
		replies_note_way(s->way, &v);
	/* A receipt was faster, and knows more. */
	if (now.state != REPLY_SENDING)
		return s->remote_id != NULL ? replies_update(r->o.db, &now, &key, why) : result;
	return write_verdict(r, &v, s->remote_id != NULL ? &key : NULL, why);
}

/* What a process that died had under way. */
static enum jembatan_result recover(struct replies *r, struct why *why)
{
	struct reply_row rows[RECOVER_SLICE];
	size_t count = 0;
	const struct reply_answer lost = { .is_lost = true, .why = "we ended while it was under way" };
	do {
		arena_reset(r->arena);
		enum jembatan_result result = replies_in_flight(r->o.db, RECOVER_SLICE, r->arena, rows,
								&count, why);
		for (size_t i = 0; i < count && result == JEMBATAN_OK; i++) {
			struct reply_verdict v;
			struct way *w = replies_way_of(r, rows[i].instance_id);
			reply_after_answer(w != NULL ? w->channel : reply_channel(NULL), &rows[i],
					   &lost, clock_now_ms(), &v);
			result = write_verdict(r, &v, NULL, why);
		}
		if (result != JEMBATAN_OK)
			return result;
	} while (count == RECOVER_SLICE);
	r->is_recovered = true;
	return JEMBATAN_OK;
}

/* ---- claiming ---------------------------------------------------------- */

static void free_send(struct send *s)
{
	arena_free(s->arena);
	free(s);
}

static enum jembatan_result drop(struct replies *r, struct reply_row *row, const char *reason,
				 bool is_missed, struct why *why)
{
	row->state = REPLY_DROPPED;
	row->why = reason;
	row->missed = is_missed;
	enum jembatan_result result = replies_update(r->o.db, row, NULL, why);
	if (result == JEMBATAN_OK)
		result = note_row(r, row, why);
	return result == JEMBATAN_OK && row->event == REPLY_QUESTION ?
		       replies_question_over(r, row->ticket_id, why) : result;
}

/* Not at this hour, or enough for one address and day. *out_waits: it was put
 * off, or is not needed. */
static enum jembatan_result put_off(struct replies *r, const struct way *w, struct reply_row *row,
				    bool *out_waits, struct why *why)
{
	int64_t now = clock_now_ms(), count = 0, oldest_ms = 0;
	int64_t at_ms = replies_waking_ms(r, w, row, now);
	const char *reason = "quiet hours";
	*out_waits = false;
	if (at_ms <= now) {
		enum jembatan_result result =
			replies_sent_since(r->o.db, &row->address_key, now - REPLY_DAY_MS, &count,
					   &oldest_ms, why);
		if (result != JEMBATAN_OK)
			return result;
		at_ms = reply_cap_ms(r->settings->replies.per_day, count, oldest_ms, now);
		reason = "as many as replies.per_day have gone to this address";
	}
	if (at_ms <= now)
		return JEMBATAN_OK;
	*out_waits = true;
	/* A number will come; what only says "we have it" need not wait a day. */
	if (row->event == REPLY_RECEIVED || row->event == REPLY_RESEND)
		return drop(r, row, reason, false, why);
	row->due_ms = at_ms;
	row->why = reason;
	return replies_update(r->o.db, row, NULL, why);
}

static struct send *new_send(struct replies *r, struct way *w, const struct reply_row *row)
{
	struct send *s = xcalloc(1, sizeof(*s));
	*s = (struct send){ .way = w, .replies = r, .arena = arena_new(), .row = *row,
			    .channel = w->channel, .next = r->sends };
	s->row.reference = arena_strdup(s->arena, row->reference);
	s->row.to_kind = arena_strdup(s->arena, row->to_kind);
	s->row.why = NULL;
	r->sends = s;
	w->in_flight++;
	return s;
}

/* Another way is looked for in the next turn. */
static enum jembatan_result fail_untried(struct replies *r, const struct reply_row *row,
					 struct why *why)
{
	struct reply_verdict v = { .row = *row, .did_fail = true };
	v.row.state = REPLY_FAILED;
	v.row.why = replies_not_tried;
	r->more_news = true;
	return write_verdict(r, &v, NULL, why);
}

static enum jembatan_result claim(struct replies *r, struct way *w, struct reply_row *row,
				  struct why *why)
{
	bool waits = false, reachable = true, settles = row->state == REPLY_UNKNOWN;
	enum jembatan_result result = settles ? JEMBATAN_OK :
				      replies_is_reachable(r, w, row, &reachable, why);
	if (result == JEMBATAN_OK && !reachable)
		return fail_untried(r, row, why);
	if (result == JEMBATAN_OK && !settles)
		result = put_off(r, w, row, &waits, why);
	if (result != JEMBATAN_OK || waits)
		return result;
	struct send *s = new_send(r, w, row);
	result = replies_letter(r, w, &s->row, s->arena, &s->letter, why);
	if (result == JEMBATAN_DATA) {
		s->state = SEND_WRITTEN; /* swept */
		const char *reason = arena_strdup(r->arena, why->text);
		return drop(r, row, reason, row->event == REPLY_NUMBER || row->event == REPLY_STATUS,
			    why);
	}
	if (result != JEMBATAN_OK)
		return result;
	s->row.state = REPLY_SENDING;
	s->row.settling = settles;
	if (settles)
		s->letter.flags = JEMBATAN_SETTLE;
	else
		s->row.started_ms = clock_now_ms();
	return replies_update(r->o.db, &s->row, NULL, why);
}

static enum jembatan_result claim_way(struct replies *r, struct way *w, struct why *why)
{
	struct reply_row rows[CLAIM_MAX];
	size_t count = 0;
	unsigned room = room_of(w);
	enum jembatan_result result = JEMBATAN_OK;
	if (room > 0 && is_open(r, w)) {
		result = replies_due(r->o.db, w->id, clock_now_ms(), room, r->arena, rows, &count, why);
		for (size_t i = 0; i < count && result == JEMBATAN_OK; i++)
			result = claim(r, w, &rows[i], why);
	}
	if (result == JEMBATAN_OK)
		result = replies_next_due(r->o.db, w->id, &w->next_due_ms, why);
	return result;
}

/* ---- the turn ---------------------------------------------------------- */

static bool is_due(const struct replies *r, const struct way *w)
{
	return w->next_due_ms >= 0 && w->next_due_ms <= clock_now_ms() && room_of(w) > 0 &&
	       is_open(r, w);
}

/* Answers, and nobody else is about to say something. */
static bool has_answers(const struct replies *r)
{
	bool any = false, others = false;
	for (const struct send *s = r->sends; s != NULL; s = s->next) {
		any |= s->state == SEND_ANSWERED;
		others |= s->state == SEND_ASKED;
	}
	return any && (!others || clock_mono_ms() - r->answered_mono_ms >= GATHER_MS);
}

bool replies_wants_turn(const struct replies *r)
{
	if (!r->ways_known || !r->is_recovered || r->more_news || has_answers(r))
		return true;
	for (const struct way *w = r->ways; w != NULL; w = w->next)
		if (is_due(r, w))
			return true;
	return false;
}

enum jembatan_result replies_write(struct replies *r, struct why *why)
{
	enum jembatan_result result = r->ways_known ? JEMBATAN_OK : replies_find_ways(r, why);
	if (result == JEMBATAN_OK && !r->is_recovered)
		result = recover(r, why);
	r->answered_mono_ms = 0;
	for (struct send *s = r->sends; s != NULL && result == JEMBATAN_OK; s = s->next)
		if (s->state == SEND_ANSWERED)
			result = write_answer(r, s, why);
	if (result != JEMBATAN_OK || (!r->is_on && !r->settings->complete.ask))
		return result;
	if (clock_mono_ms() - r->asked_mono_ms > ASK_AGAIN_MS) {
		r->asked_mono_ms = clock_mono_ms();
		r->unasked_after = 0;
		r->ways_known = false; /* a plugin may have learned when its token ends */
	}
	result = replies_plan(r, why);
	arena_reset(r->arena);
	for (struct way *w = r->ways; w != NULL && result == JEMBATAN_OK; w = w->next)
		result = claim_way(r, w, why);
	return result;
}

static void set_timer(struct replies *r)
{
	int64_t now = clock_now_ms(), wait = LOOK_MOST_MS;
	for (const struct way *w = r->ways; w != NULL; w = w->next) {
		if (w->next_due_ms < 0 || room_of(w) == 0)
			continue;
		int64_t at = w->next_due_ms - now, open = w->not_before_mono_ms - clock_mono_ms();
		at = at > open ? at : open;
		/* Due and not open for another reason: the idle look sees it. */
		if (at > 0 && at < wait)
			wait = at;
	}
	loop_timer_set(r->timer, wait);
}

static void sweep_sends(struct replies *r)
{
	for (struct send **at = &r->sends; *at != NULL;) {
		struct send *s = *at;
		if (s->state != SEND_WRITTEN) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		if (s->way != NULL)
			s->way->in_flight--;
		free_send(s);
	}
}

static char *cut_bytes(struct arena *arena, const char *text, size_t max)
{
	return arena_strndup(arena, text, text_prefix_bytes(text, strlen(text), max));
}

/* Kept in clear, shown and logged. Cut behind it: half an address is none. */
static const char *sentence_of(struct send *s, const char *why)
{
	char *whole = cut_bytes(s->arena, why, SENTENCE_READ_MAX);
	reply_hide(whole, s->letter.to);
	return cut_bytes(s->arena, whole, SENTENCE_MAX);
}

static void take_answer(struct send *s, const struct msg_delivered *d)
{
	const char *why = sentence_of(s, d->why != NULL ? d->why : "");
	s->answer = (struct reply_answer){
		.outcome = d->outcome <= JEMBATAN_NOT_TOLD ? (enum jembatan_outcome)d->outcome :
							  JEMBATAN_UNKNOWN,
		.result = (enum jembatan_result)d->result,
		.at_ms = d->at_ms,
		.why = why[0] != '\0' ? why : NULL,
	};
	s->remote_id = arena_strdup(s->arena, d->remote_id);
}

/* Nobody was asked: nothing has left, and nothing was learned. */
static void was_not_asked(struct send *s, const char *why)
{
	s->answer = (struct reply_answer){
		.outcome = s->row.settling ? JEMBATAN_LATER : JEMBATAN_NOT_SENT,
		.why = arena_strdup(s->arena, why),
	};
}

static void on_gathered(void *data)
{
	struct replies *r = data;
	r->o.on_turn(r->o.data);
}

/* It is in the next turn, which waits a moment for the others. */
static void note_answer(struct replies *r)
{
	if (r->answered_mono_ms == 0) {
		r->answered_mono_ms = clock_mono_ms();
		loop_timer_set(r->gather, GATHER_MS);
	}
	if (has_answers(r))
		r->o.on_turn(r->o.data);
}

static void on_answered(void *data, const struct frame *answer, const char *why)
{
	struct send *s = data;
	struct msg_delivered d = { 0 };
	s->state = SEND_ANSWERED;
	if (answer == NULL && why == intake_never_asked)
		was_not_asked(s, why);
	else if (answer == NULL)
		s->answer = (struct reply_answer){ .is_lost = true,
						   .why = arena_strdup(s->arena, why) };
	else if (field_unpack(msg_delivered_fields, answer->meta, s->arena, &d, NULL) !=
		 JEMBATAN_OK)
		s->answer = (struct reply_answer){ .is_lost = true,
						   .why = "its answer was not readable" };
	else
		take_answer(s, &d);
	note_answer(s->replies);
}

static void ask(struct replies *r, struct send *s)
{
	struct why why;
	FAULT_POINT("reply.ask");
	s->state = SEND_ASKED;
	enum jembatan_result result =
		s->way == NULL ? why_set(&why, JEMBATAN_GONE, "its instance is not configured") :
				 intake_call(r->o.intake, s->way->name, MSG_REPLY, msg_reply_fields,
					     &s->letter, (struct jembatan_bytes){ 0 }, on_answered, s,
					     &why);
	if (result == JEMBATAN_OK)
		return;
	s->state = SEND_ANSWERED;
	was_not_asked(s, why.text);
	note_answer(r);
}

void replies_committed(struct replies *r)
{
	if (r->sends != NULL)
		FAULT_POINT("reply.committed");
	sweep_sends(r);
	for (struct send *s = r->sends; s != NULL; s = s->next)
		if (s->state == SEND_CLAIMED)
			ask(r, s);
	set_timer(r);
}

void replies_aborted(struct replies *r)
{
	for (struct send **at = &r->sends; *at != NULL;) {
		struct send *s = *at;
		/* A claim without a letter of this turn has no answer either. */
		bool is_claim = s->state == SEND_CLAIMED ||
				(s->state == SEND_WRITTEN && s->row.state != REPLY_SENDING);
		if (!is_claim) {
			if (s->state == SEND_WRITTEN)
				s->state = SEND_ANSWERED;
			at = &s->next;
			continue;
		}
		*at = s->next;
		if (s->way != NULL)
			s->way->in_flight--;
		free_send(s);
	}
	r->ways_known = false;
	r->unasked_after = 0;
}

/* ---- life -------------------------------------------------------------- */

static void read_templates(struct replies *r)
{
	struct problems problems;
	const char *path = reply_templates_path(r->settings->replies.templates);
	problems_init(&problems);
	struct reply_templates *t = reply_templates_load(path, path, &problems);
	r->trouble[0] = '\0';
	if (problems.count > 0) {
		CLEANUP(free_pointer) char *text = problem_text(&problems.items[0]);
		/* Those that were read before are still right. */
		str_copy(r->trouble, sizeof(r->trouble), text);
		reply_templates_free(t);
	} else if (t != NULL) {
		reply_templates_free(r->templates);
		r->templates = t;
	}
	problems_done(&problems);
}

struct replies *replies_new(const struct replies_options *o, struct settings *settings)
{
	struct replies *r = xcalloc(1, sizeof(*r));
	r->o = *o;
	r->settings = settings_hold(settings);
	r->arena = arena_new();
	r->timer = loop_timer_new(o->loop, on_timer, r);
	r->gather = loop_timer_new(o->loop, on_gathered, r);
	read_templates(r);
	return r;
}

void replies_take_settings(struct replies *r, struct settings *settings)
{
	struct settings *old = r->settings;
	r->settings = settings_hold(settings);
	settings_free(old);
	read_templates(r);
	r->ways_known = false;
	r->unasked_after = 0;
	for (struct way *w = r->ways; w != NULL; w = w->next) {
		w->not_before_mono_ms = 0; /* what was wrong may have been cured */
		w->settings = NULL;        /* found anew in the next turn */
	}
	replies_sweep_ways(r);
}

void replies_free(struct replies *r)
{
	if (r == NULL)
		return;
	while (r->sends != NULL) {
		struct send *next = r->sends->next;
		free_send(r->sends);
		r->sends = next;
	}
	while (r->ways != NULL) {
		struct way *next = r->ways->next;
		free(r->ways);
		r->ways = next;
	}
	loop_timer_free(r->timer);
	loop_timer_free(r->gather);
	reply_templates_free(r->templates);
	arena_free(r->arena);
	settings_free(r->settings);
	free(r);
}

void replies_stop(struct replies *r)
{
	r->stopping = true;
}

bool replies_is_idle(const struct replies *r)
{
	return r->sends == NULL;
}
