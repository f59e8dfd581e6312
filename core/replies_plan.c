/* replies_plan.c: what happened becomes rows, one for each address that is to
 * hear of it. A reporter whose report was added to another's ticket is one of
 * them, at his own address; two messages from one address are one. */
#include "replies_inside.h"

#include "base/clock.h"
#include "reply/receipts.h"
#include "store/audit.h"
#include "store/incomplete.h"
#include "store/tickets.h"
#include "base/poison.h"

#define NEWS_SLICE 64u
#define REPORTERS_SLICE 32u
#define QUESTIONS_SLICE 32u
#define RESEND_EVERY_MS INT64_C(3600000)
#define AGAIN_MS INT64_C(300000)
#define SHADOW_WHY "replies: {send: shadow} does everything but the sending"
#define HELD_WHY \
	"it may have been told already, before the store was put back from a backup: `jembatan " \
	"replies release` sends it"

struct plan {
	struct replies *r;
	struct arena *arena;
	const struct reply_news *news;
	struct ticket_row ticket; /* id 0: none */
	int64_t now_ms;
};

static bool is_event_wanted(const struct replies *r, enum reply_event event)
{
	return (r->settings->replies.events & (1u << event)) != 0;
}

/* Nothing of this language and channel is written for it: no row. */
static bool has_text(const struct replies *r, const struct way *w, enum reply_event event,
		     int status)
{
	struct reply_text text;
	return is_event_wanted(r, event) &&
	       (r->templates == NULL || reply_templates_find(r->templates, w->settings->connector,
							     w->settings->reply_language, event,
							     status, &text));
}

static enum jembatan_result add(struct plan *p, const struct way *w, int64_t message_id,
				const struct reply_address *address, struct reply_row *row,
				struct why *why)
{
	int64_t id = 0;
	row->ticket_id = p->ticket.id;
	row->message_id = message_id;
	row->instance_id = w->id;
	row->to_kind = address->kind;
	row->address_key = replies_address_key(p->r->o.db, address->kind, address->key);
	if (w->settings->replies == REPLIES_SHADOW) {
		row->state = REPLY_DROPPED;
		row->why = SHADOW_WHY;
	} else if (p->r->o.hold != NULL && p->r->o.hold->active) {
		row->state = REPLY_HELD;
		row->why = HELD_WHY;
	}
	enum jembatan_result r = replies_add(p->r->o.db, row, p->ticket.reference, p->now_ms, &id,
					     why);
	if (r == JEMBATAN_OK && p->ticket.id != 0)
		r = audit_add(p->r->o.db, AUDIT_TICKET, p->ticket.id, NULL, "reply",
			      arena_printf(p->arena, "%s by %s", reply_event_name(row->event), w->name),
			      p->now_ms, why);
	return r;
}

/* Who reported it twice hears of it once; whoever sends ten that cannot be read is
 * asked once, and keeps his day for what matters. */
static enum jembatan_result was_told_of(struct plan *p, const struct digest *key,
					const struct reply_row *row, bool *out, struct why *why)
{
	int last = -1;
	if (p->ticket.id == 0)
		return replies_was_told_since(p->r->o.db, key, row->event,
					      p->now_ms - RESEND_EVERY_MS, out, why);
	if (row->event != REPLY_STATUS)
		return replies_was_told(p->r->o.db, p->ticket.id, key,
					row->event == REPLY_RECEIVED ? -1 : (int)row->event, out, why);
	enum jembatan_result r = replies_last_status(p->r->o.db, p->ticket.id, key, &last, why);
	*out = last == row->status;
	return r;
}

/* One person's; *row says of what. */
static enum jembatan_result tell_one(struct plan *p, const struct way *w, int64_t message_id,
				     const struct reply_address *address, struct reply_row row,
				     struct why *why)
{
	struct db *db = p->r->o.db;
	struct digest key = replies_address_key(db, address->kind, address->key);
	bool was_told = false;
	int64_t count = 0;
	enum jembatan_result r;
	if (!has_text(p->r, w, row.event, row.status))
		return JEMBATAN_OK;
	r = was_told_of(p, &key, &row, &was_told, why);
	if (r != JEMBATAN_OK || was_told)
		return r;
	if (row.event == REPLY_NUMBER || row.event == REPLY_QUESTION)
		r = replies_overtake(db, p->ticket.id, &key, REPLY_RECEIVED,
				     "a later notice says it too", &count, why);
	if (r == JEMBATAN_OK && row.event == REPLY_NUMBER)
		r = replies_overtake(db, p->ticket.id, &key, REPLY_QUESTION,
				     "it has its number: nothing is missing any more", &count, why);
	if (r == JEMBATAN_OK && row.event == REPLY_STATUS)
		r = replies_overtake(db, p->ticket.id, &key, REPLY_STATUS, "a newer state came first",
				     &count, why);
	return r == JEMBATAN_OK ? add(p, w, message_id, address, &row, why) : r;
}

/* The author of a message, on the way by which it came. */
static enum jembatan_result tell(struct plan *p, int64_t message_id, const struct reply_row *row,
				 struct why *why)
{
	struct inbox_row m;
	struct reply_address address;
	enum jembatan_result r = replies_message(p->r, message_id, p->arena, &m, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (r != JEMBATAN_OK || m.message.message.size == 0)
		return r;
	const struct way *w = replies_way_of(p->r, m.instance_id);
	if (w == NULL || reply_not_answered(&m.message.message, m.received_ms, w->since_ms) != NULL ||
	    !reply_address(w->channel, &m.message.message, NULL, p->arena, &address))
		return JEMBATAN_OK;
	/* Whether it is a complaint at all is still open: it may be a word of thanks, or
	 * strangers read along. */
	if (row->event == REPLY_RECEIVED && p->ticket.state == TICKET_REVIEW &&
	    (w->channel->is_public || (m.message.message.flags & JEMBATAN_UNSURE) != 0))
		return JEMBATAN_OK;
	return tell_one(p, w, message_id, &address, *row, why);
}

/* Every reporter of the ticket, a slice at a time. */
static enum jembatan_result tell_all(struct plan *p, const struct reply_row *row, bool *out_done,
				     struct why *why)
{
	int64_t ids[REPORTERS_SLICE];
	size_t count = 0;
	struct db *db = p->r->o.db;
	enum jembatan_result r = replies_reporters(db, p->ticket.id, p->news->after_id,
						   REPORTERS_SLICE, ids, &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		r = tell(p, ids[i], row, why);
	*out_done = count < REPORTERS_SLICE;
	return r == JEMBATAN_OK && !*out_done ?
		       replies_news_move(db, p->news->id, ids[count - 1], why) : r;
}

/* A report of its own, or one that was added to a ticket which may have its
 * number already. */
static enum jembatan_result on_joined(struct plan *p, struct why *why)
{
	struct reply_row row = { .event = REPLY_RECEIVED,
				 .due_ms = p->now_ms + p->r->settings->replies.received_after_ms };
	if (p->ticket.state == TICKET_LINKED || p->ticket.state == TICKET_REJECTED)
		return JEMBATAN_OK;
	if (p->ticket.tracking_id != NULL)
		row = (struct reply_row){ .event = REPLY_NUMBER, .due_ms = p->now_ms };
	return tell(p, p->news->message_id, &row, why);
}

/* ---- another way ------------------------------------------------------- */

/* An id is known to its own channel only; a mail or phone is the person's. */
static bool find_other(struct plan *p, const struct reply_row *failed, const struct way *w,
		       const struct jembatan_message *m, struct reply_address *out)
{
	static const char *const kinds[] = { "mail", "phone" };
	bool now = false;
	if (w->id == failed->instance_id || w->settings->replies != REPLIES_ON ||
	    !intake_replies(p->r->o.intake, w->id, &now))
		return false;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		for (size_t k = 0; k < COUNT_OF(w->channel->kinds); k++)
			if (str_equal(w->channel->kinds[k], kinds[i]) &&
			    str_equal(w->channel->connector, w->settings->connector) &&
			    reply_address(w->channel, m, kinds[i], p->arena, out))
				return true;
	return false;
}

/* He reported it by that way as well, whatever he is called there, and hears of
 * it there. */
static enum jembatan_result hears_there(struct plan *p, const struct way *w,
					const struct jembatan_message *m, bool *out,
					struct why *why)
{
	int64_t ids[REPORTERS_SLICE];
	size_t count = 0;
	enum jembatan_result r = replies_reporters(p->r->o.db, p->ticket.id, 0, REPORTERS_SLICE, ids,
						   &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK && !*out; i++) {
		struct inbox_row other;
		r = inbox_get(p->r->o.db, ids[i], p->arena, &other, why);
		bool is_there = r == JEMBATAN_OK && other.instance_id == w->id &&
				other.message.message.size != 0;
		r = r == JEMBATAN_GONE ? JEMBATAN_OK : r;
		if (!is_there)
			continue;
		const struct jembatan_author *a = &other.message.message.author;
		*out = (a->mail != NULL && str_equal(a->mail, m->author.mail)) ||
		       (a->phone != NULL && str_equal(a->phone, m->author.phone));
	}
	return r;
}

static enum jembatan_result try_other(struct plan *p, const struct reply_row *failed,
				      const struct jembatan_message *m, bool *out_found,
				      struct why *why)
{
	for (const struct way *w = p->r->ways; w != NULL; w = w->next) {
		struct reply_address address;
		bool was_told = false;
		if (!find_other(p, failed, w, m, &address) ||
		    !has_text(p->r, w, failed->event, failed->status))
			continue;
		struct digest key = replies_address_key(p->r->o.db, address.kind, address.key);
		enum jembatan_result r = was_told_of(p, &key, failed, &was_told, why);
		if (r == JEMBATAN_OK && !was_told)
			r = hears_there(p, w, m, &was_told, why);
		*out_found = true;
		if (r != JEMBATAN_OK || was_told)
			return r;
		struct reply_row row = { .event = failed->event, .status = failed->status,
					 .due_ms = p->now_ms, .fallback_of = failed->id };
		return add(p, w, failed->message_id, &address, &row, why);
	}
	return JEMBATAN_OK;
}

/* A trouble of the channel's own, which may be over a while later. */
static bool has_passed(const struct reply_row *failed, const struct way *w)
{
	for (size_t i = 0; i < COUNT_OF(w->channel->passing_codes); i++)
		if (reply_failed_by(failed->why, w->channel->passing_codes[i]))
			return true;
	return false;
}

/* Its channel took it, and then said that it was too late for free text, or that it
 * has a trouble: there it goes once more, as whatever may be sent then. */
static enum jembatan_result try_again(struct plan *p, const struct reply_row *failed,
				      const struct jembatan_message *m, bool *out_found,
				      struct why *why)
{
	struct reply_address address;
	int last = failed->status;
	const struct way *w = replies_way_of(p->r, failed->instance_id);
	if (failed->fallback_of != 0 || w == NULL || w->settings->replies != REPLIES_ON ||
	    (!has_passed(failed, w) && !reply_failed_by(failed->why, w->channel->window_code)) ||
	    !reply_address(w->channel, m, failed->to_kind, p->arena, &address))
		return JEMBATAN_OK;
	enum jembatan_result r = failed->event != REPLY_STATUS ? JEMBATAN_OK :
		replies_last_status(p->r->o.db, p->ticket.id, &failed->address_key, &last, why);
	*out_found = true;
	/* A newer state is on its way to him. */
	if (r != JEMBATAN_OK || last != failed->status)
		return r;
	struct reply_row row = { .event = failed->event, .status = failed->status,
				 .due_ms = p->now_ms + (has_passed(failed, w) ? AGAIN_MS : 0),
				 .fallback_of = failed->id };
	return add(p, w, failed->message_id, &address, &row, why);
}

static enum jembatan_result try_on(struct plan *p, const struct reply_row *failed, bool *out_found,
				   struct why *why)
{
	struct inbox_row m;
	struct reply_row before;
	enum jembatan_result r = replies_told_before(p->r, failed, p->arena, &before, why);
	if (r != JEMBATAN_OK || (failed->fallback_of != 0 && before.id == 0))
		return r;
	r = replies_message(p->r, failed->message_id, p->arena, &m, why);
	if (r != JEMBATAN_OK || m.message.message.size == 0)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	r = try_again(p, failed, &m.message.message, out_found, why);
	return r == JEMBATAN_OK && !*out_found ?
		       try_other(p, failed, &m.message.message, out_found, why) : r;
}

/* Another way is tried once: what failed there too has reached nobody. */
static enum jembatan_result on_failed(struct plan *p, struct why *why)
{
	struct reply_row failed;
	bool found = false;
	struct db *db = p->r->o.db;
	enum jembatan_result r = replies_get(db, p->news->reply_id, p->arena, &failed, why);
	if (r == JEMBATAN_OK)
		r = replies_note_failure(p->r, &failed, why);
	if (r != JEMBATAN_OK || failed.event == REPLY_RESEND || failed.event == REPLY_RECEIVED)
		return r;
	r = try_on(p, &failed, &found, why);
	if (r == JEMBATAN_OK && failed.event == REPLY_QUESTION)
		r = replies_question_over(p->r, p->ticket.id, why);
	if (r != JEMBATAN_OK || found || failed.state != REPLY_FAILED)
		return r;
	failed.missed = true;
	r = replies_update(db, &failed, NULL, why);
	return r == JEMBATAN_OK ? audit_add(db, AUDIT_TICKET, p->ticket.id, NULL, "not_reached",
					    failed.reference, p->now_ms, why) : r;
}

/* ---- news -------------------------------------------------------------- */

static enum jembatan_result plan_one(struct plan *p, bool *out_done, struct why *why)
{
	const struct reply_news *n = p->news;
	struct reply_row row = { .due_ms = p->now_ms };
	*out_done = true;
	switch (n->kind) {
	case REPLY_NEWS_JOINED:
		return on_joined(p, why);
	case REPLY_NEWS_NUMBER:
		row.event = REPLY_NUMBER;
		return tell_all(p, &row, out_done, why);
	case REPLY_NEWS_STATUS:
		row.event = REPLY_STATUS;
		row.status = n->status;
		return tell_all(p, &row, out_done, why);
	case REPLY_NEWS_QUESTION:
		row.event = REPLY_QUESTION;
		return tell(p, n->message_id, &row, why);
	case REPLY_NEWS_RESEND:
		row.event = REPLY_RESEND;
		return tell(p, n->message_id, &row, why);
	case REPLY_NEWS_FAILED:
		return on_failed(p, why);
	}
	return JEMBATAN_OK;
}

static enum jembatan_result read_ticket(struct plan *p, int64_t id, struct why *why)
{
	if (id == 0)
		return JEMBATAN_OK;
	enum jembatan_result r = tickets_head(p->r->o.db, id, p->arena, &p->ticket, why);
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

static enum jembatan_result plan_news(struct replies *r, struct why *why)
{
	struct reply_news news[NEWS_SLICE];
	size_t count = 0;
	bool all_done = true;
	enum jembatan_result result = replies_news(r->o.db, NEWS_SLICE, news, &count, why);
	for (size_t i = 0; i < count && result == JEMBATAN_OK; i++) {
		bool done = true;
		arena_reset(r->arena);
		struct plan p = { .r = r, .arena = r->arena, .news = &news[i],
				  .now_ms = clock_now_ms() };
		result = read_ticket(&p, news[i].ticket_id, why);
		if (result == JEMBATAN_OK)
			result = plan_one(&p, &done, why);
		if (result == JEMBATAN_OK && done)
			result = replies_news_done(r->o.db, news[i].id, why);
		all_done &= done;
	}
	r->more_news = count == NEWS_SLICE || !all_done;
	return result;
}

/* ---- questions --------------------------------------------------------- */

static enum jembatan_result ask(struct replies *r, const struct incomplete_row *row,
				struct why *why)
{
	struct ticket_row ticket;
	enum jembatan_result result = tickets_head(r->o.db, row->ticket_id, r->arena, &ticket, why);
	if (result != JEMBATAN_OK)
		return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
	if (replies_way_of(r, ticket.instance_id) == NULL)
		return JEMBATAN_OK; /* it has not begun yet */
	const struct reply_news news = { .message_id = ticket.message_id };
	struct plan p = { .r = r, .arena = r->arena, .news = &news, .ticket = ticket,
			  .now_ms = clock_now_ms() };
	struct reply_row question = { .event = REPLY_QUESTION, .due_ms = p.now_ms };
	result = tell(&p, ticket.message_id, &question, why);
	bool is_asked = false;
	if (result == JEMBATAN_OK)
		result = replies_was_asked(r->o.db, ticket.id, &is_asked, why);
	if (result == JEMBATAN_OK && is_asked)
		result = incomplete_set_asked(r->o.db, ticket.id, p.now_ms, why);
	return result == JEMBATAN_OK ? replies_question_over(r, ticket.id, why) : result;
}

enum jembatan_result replies_question_over(struct replies *r, int64_t ticket_id, struct why *why)
{
	bool lives = false;
	enum jembatan_result result = replies_question_lives(r->o.db, ticket_id, &lives, why);
	return result != JEMBATAN_OK || lives ? result :
	       incomplete_end(r->o.db, ticket_id, clock_now_ms(), why);
}

/* Of a channel where nobody is answered, or not any more: what has not left never
 * will. */
static enum jembatan_result end_unsent(struct replies *r, const struct incomplete_row *row,
				       bool *out_ended, struct why *why)
{
	struct ticket_row ticket;
	int64_t start_ms;
	bool has_left = false;
	enum jembatan_result result = tickets_head(r->o.db, row->ticket_id, r->arena, &ticket, why);
	if (result != JEMBATAN_OK)
		return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
	const struct instance_settings *s = intake_instance(r->o.intake, ticket.instance_id,
							    &start_ms);
	*out_ended = s == NULL || s->replies == REPLIES_OFF;
	if (*out_ended)
		result = replies_question_left(r->o.db, row->ticket_id, &has_left, why);
	return result != JEMBATAN_OK || !*out_ended || has_left ? result :
	       incomplete_end(r->o.db, row->ticket_id, clock_now_ms(), why);
}

/* Each ticket is looked at once, and again after a start or with other settings. */
static enum jembatan_result plan_questions(struct replies *r, struct why *why)
{
	struct incomplete_row rows[QUESTIONS_SLICE];
	size_t count = 0;
	enum jembatan_result result = incomplete_list(r->o.db, r->unasked_after, QUESTIONS_SLICE,
						      rows, &count, why);
	for (size_t i = 0; i < count && result == JEMBATAN_OK; i++) {
		bool ended = false;
		arena_reset(r->arena);
		result = end_unsent(r, &rows[i], &ended, why);
		if (result == JEMBATAN_OK && !ended && rows[i].asked_ms == 0)
			result = ask(r, &rows[i], why);
		r->unasked_after = rows[i].ticket_id;
	}
	r->more_news |= count == QUESTIONS_SLICE;
	return result;
}

enum jembatan_result replies_plan(struct replies *r, struct why *why)
{
	enum jembatan_result result = r->is_on ? plan_news(r, why) : JEMBATAN_OK;
	return result == JEMBATAN_OK ? plan_questions(r, why) : result;
}
