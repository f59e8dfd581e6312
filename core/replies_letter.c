/* replies_letter.c: from a row to what its channel is given. The address is
 * found anew in the message, which is sealed with its author's key: who was
 * erased is written to no more. */
#include "replies_inside.h"

#include <string.h>

#include "base/jx.h"
#include "base/text.h"
#include "central/status.h"
#include "config/date.h"
#include "reply/quiet.h"
#include "reply/receipts.h"
#include "store/follows.h"
#include "store/incomplete.h"
#include "store/tickets.h"
#include "ticket/complete.h"
#include "ticket/personal.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define ENTRIES_MAX 200u
#define TITLE_MAX 100u   /* grapheme clusters */
#define ANSWER_MAX 2000u
#define TEXT_MAX (64u * 1024u)
#define FRESH_MS INT64_C(3600000) /* he is awake: he has just written */

struct letter {
	struct replies *r;
	const struct way *w;
	const struct reply_row *row;
	struct arena *arena;
	struct inbox_row message;
	struct ticket ticket;
	const char *tracking_id, *reference;
	bool is_secret, is_anonymous, is_joined; /* his report was added to somebody else's */
	const char *values[REPLY_VALUES];
};

static const char *cut_to(struct arena *arena, const char *text, size_t max)
{
	struct buf out;
	if (text == NULL)
		return NULL;
	buf_init(&out, TEXT_MAX);
	reply_cut(text, max, &out);
	CLEANUP(free_pointer) char *taken = buf_take(&out);
	return arena_strdup(arena, taken);
}

static const char *one_line(struct arena *arena, const char *text, size_t max)
{
	if (text == NULL)
		return NULL;
	CLEANUP(free_pointer) char *line = text_squeeze(text);
	return cut_to(arena, line, max);
}

/* What one reporter told of himself is shown to no other, and what is anonymous
 * names nobody. */
static const char *masked(const struct letter *l, const char *text)
{
	if (text == NULL || !(l->is_joined || l->is_anonymous))
		return text;
	char *copy = arena_strdup(l->arena, text);
	(void)personal_mask(copy, PERSONAL_ALL);
	if (l->is_anonymous) {
		personal_mask_name(copy, l->ticket.reporter.name);
		personal_mask_name(copy, l->message.message.message.author.name);
	}
	return copy;
}

/* ---- values ------------------------------------------------------------ */

/* The centre's last answer, as it was read; ours are no answers. */
static enum jembatan_result read_answer(struct letter *l, struct why *why)
{
	struct follow_entry *entries = arena_alloc(l->arena, ENTRIES_MAX * sizeof(*entries));
	size_t count = 0;
	enum jembatan_result r = follows_entries(l->r->o.db, l->row->ticket_id, ENTRIES_MAX, l->arena,
						 entries, &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		if (entries[i].kind == FOLLOW_REPLY && !entries[i].is_ours)
			l->values[REPLY_VALUE_ANSWER] = entries[i].text;
	l->values[REPLY_VALUE_ANSWER] = masked(l, cut_to(l->arena, l->values[REPLY_VALUE_ANSWER],
							 ANSWER_MAX));
	return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
}

static enum jembatan_result read_follow(struct letter *l, struct why *why)
{
	struct follow_row follow;
	enum jembatan_result r = follows_get(l->r->o.db, l->row->ticket_id, l->arena, &follow, why);
	if (r == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (r != JEMBATAN_OK)
		return r;
	l->values[REPLY_VALUE_INSTITUTION] = one_line(l->arena, follow.institution, TITLE_MAX);
	l->values[REPLY_VALUE_STATUS] = reply_templates_status(
		l->r->templates, l->w->settings->reply_language, l->row->status);
	bool has_answer = l->row->status == STATUS_ANSWERED || status_is_closed(l->row->status);
	return has_answer && !l->is_secret ? read_answer(l, why) : JEMBATAN_OK;
}

static enum jembatan_result read_missing(struct letter *l, struct why *why)
{
	struct incomplete_row row;
	char date[40];
	struct buf out;
	enum jembatan_result r = incomplete_get(l->r->o.db, l->row->ticket_id, &row, why);
	if (r == JEMBATAN_GONE)
		return why_set(why, JEMBATAN_DATA, "nothing is missing any more");
	if (r != JEMBATAN_OK)
		return r;
	buf_init(&out, TEXT_MAX);
	for (unsigned part = 0; part < COMPLETE_PART_COUNT; part++) {
		const char *question = (row.missing & (1u << part)) == 0 ? NULL :
			complete_question(&l->r->settings->complete, (enum complete_part)part);
		if (question != NULL)
			buf_printf(&out, "%s- %s", out.size > 0 ? "\n" : "", question);
	}
	CLEANUP(free_pointer) char *text = buf_take(&out);
	l->values[REPLY_VALUE_MISSING] = arena_strdup(l->arena, text);
	int zone = reply_zone_minutes(l->w->settings->home_region,
				      l->r->settings->central.zone_minutes);
	date_format(row.due_ms, zone, date);
	l->values[REPLY_VALUE_DEADLINE] = arena_printf(l->arena, "%.2s-%.2s-%.4s", date + 8, date + 5,
						       date);
	return JEMBATAN_OK;
}

static enum jembatan_result read_values(struct letter *l, struct why *why)
{
	l->values[REPLY_VALUE_OFFICE] = l->r->settings->replies.office;
	if (l->row->ticket_id == 0)
		return JEMBATAN_OK;
	l->values[REPLY_VALUE_REFERENCE] = l->reference;
	l->values[REPLY_VALUE_NUMBER] = l->tracking_id;
	l->values[REPLY_VALUE_TITLE] = masked(l, one_line(l->arena, l->ticket.title, TITLE_MAX));
	if (l->row->event == REPLY_QUESTION)
		return read_missing(l, why);
	return l->row->event == REPLY_STATUS ? read_follow(l, why) : JEMBATAN_OK;
}

/* For channels that fill in forms of their own (WhatsApp's templates). */
static const char *extra_of(const struct letter *l)
{
	static const enum reply_value told[] = { REPLY_VALUE_REFERENCE, REPLY_VALUE_NUMBER,
						 REPLY_VALUE_STATUS, REPLY_VALUE_OFFICE };
	CLEANUP(jx_decref) json_t *extra = json_object();
	if (l->row->event == REPLY_STATUS)
		json_object_set_new(extra, "state", json_string(status_name(l->row->status)));
	for (unsigned i = 0; i < REPLY_VALUES; i++) {
		bool may = !l->is_secret;
		for (size_t n = 0; n < COUNT_OF(told); n++)
			may |= told[n] == (enum reply_value)i;
		if (may && l->values[i] != NULL)
			json_object_set_new(extra, reply_value_name((enum reply_value)i),
					    json_string(l->values[i]));
	}
	CLEANUP(free_pointer) char *text = jx_dump(extra);
	return arena_strdup(l->arena, text);
}

/* ---- the letter -------------------------------------------------------- */

/* On a channel that others read, its connector says of a message that nobody but us
 * could see it, and answers it as privately. */
static bool is_private(const struct jembatan_message *m)
{
	json_t *extra = NULL;
	bool it_is = m->extra != NULL &&
		     jx_parse(bytes_text(m->extra), &extra, NULL) == JEMBATAN_OK &&
		     jx_is_true(extra, "private");
	json_decref(extra);
	return it_is;
}

/* Who began it was erased: number and state are those of all who joined it. */
static enum jembatan_result read_erased(struct letter *l, struct ticket_row *out)
{
	struct follow_row follow;
	struct db *db = l->r->o.db;
	if (follows_get(db, l->row->ticket_id, l->arena, &follow, NULL) != JEMBATAN_OK ||
	    !follow.is_erased ||
	    tickets_head(db, l->row->ticket_id, l->arena, out, NULL) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	l->ticket = (struct ticket){ .secret = follow.was_secret };
	return JEMBATAN_OK;
}

static enum jembatan_result read_ticket(struct letter *l, struct why *why)
{
	struct ticket_row row;
	if (l->row->ticket_id == 0)
		return JEMBATAN_OK;
	enum jembatan_result r = tickets_read(l->r->o.db, l->row->ticket_id, l->arena, &row,
					      &l->ticket, why);
	if (r == JEMBATAN_DATA)
		r = read_erased(l, &row);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? why_set(why, JEMBATAN_DATA, "its ticket was erased") : r;
	l->tracking_id = row.tracking_id;
	l->reference = row.reference;
	l->is_secret |= l->ticket.secret;
	l->is_anonymous |= l->ticket.anonymous;
	l->is_joined = row.message_id != l->row->message_id;
	if (l->is_secret && l->w->channel->is_public && !is_private(&l->message.message.message))
		return why_set(why, JEMBATAN_DATA, "the report is secret, and this channel public");
	return JEMBATAN_OK;
}

static enum jembatan_result read_message(struct letter *l, struct why *why)
{
	enum jembatan_result r = replies_message(l->r, l->row->message_id, l->arena, &l->message, why);
	if (r == JEMBATAN_GONE || (r == JEMBATAN_OK && l->message.message.message.size == 0))
		return why_set(why, JEMBATAN_DATA, "its reporter was erased");
	if (r != JEMBATAN_OK)
		return r;
	l->is_secret = (l->message.message.message.flags & JEMBATAN_SECRET_REPORT) != 0;
	l->is_anonymous = (l->message.message.message.flags & JEMBATAN_ANONYMOUS) != 0;
	return r;
}

static enum jembatan_result fill_in(struct letter *l, struct msg_reply *out, struct why *why)
{
	struct reply_text text;
	struct buf subject, body;
	const char *language = l->w->settings->reply_language;
	if (!reply_templates_find(l->r->templates, settings_channel(l->w->settings), language,
				  l->row->event, l->row->status, &text))
		return why_set(why, JEMBATAN_DATA, "there is no text for it on this channel");
	buf_init(&subject, TEXT_MAX);
	buf_init(&body, 4 * TEXT_MAX);
	if (text.subject != NULL)
		reply_render_subject(text.subject, l->values, l->is_secret, &subject);
	reply_render_text(text.text, l->values, l->is_secret, l->w->channel->text_max, &body);
	CLEANUP(free_pointer) char *s = buf_take(&subject), *b = buf_take(&body);
	if (b[0] == '\0')
		return why_set(why, JEMBATAN_DATA, "its text is empty");
	out->subject = s[0] != '\0' ? arena_strdup(l->arena, s) : NULL;
	out->text = arena_strdup(l->arena, b);
	out->language = language;
	return JEMBATAN_OK;
}

enum jembatan_result replies_told_before(struct replies *r, const struct reply_row *row,
					 struct arena *arena, struct reply_row *out, struct why *why)
{
	struct reply_row before = { 0 };
	*out = before;
	if (row->fallback_of == 0)
		return JEMBATAN_OK;
	enum jembatan_result result = replies_get(r->o.db, row->fallback_of, arena, &before, why);
	if (result == JEMBATAN_OK && before.instance_id == row->instance_id)
		*out = before;
	return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
}

/* Free text within the window; its end is judged at the moment of sending. */
static enum jembatan_result read_window(struct letter *l, struct msg_reply *out, struct why *why)
{
	int64_t contact_ms = 0;
	struct reply_row before;
	if (l->w->channel->window_ms == 0)
		return JEMBATAN_OK;
	out->window_until_ms = 1; /* he never wrote here, or the channel says that it is over */
	enum jembatan_result r = replies_told_before(l->r, l->row, l->arena, &before, why);
	if (r != JEMBATAN_OK || reply_failed_by(before.why, l->w->channel->window_code) ||
	    l->message.instance_id != l->w->id)
		return r;
	r = replies_last_contact(l->r->o.db, l->row->message_id, &contact_ms, why);
	if (r == JEMBATAN_OK)
		out->window_until_ms = contact_ms + l->w->channel->window_ms;
	return r;
}

enum jembatan_result replies_letter(struct replies *r, const struct way *w,
				    const struct reply_row *row, struct arena *arena,
				    struct msg_reply *out, struct why *why)
{
	struct letter l = { .r = r, .w = w, .row = row, .arena = arena };
	struct reply_address address;
	*out = (struct msg_reply){ .reference = row->reference,
				   .event = reply_event_name(row->event) };
	if (r->templates == NULL)
		return why_set(why, JEMBATAN_CONFIG, "%s", r->trouble);
	enum jembatan_result result = read_message(&l, why);
	if (result == JEMBATAN_OK)
		result = read_ticket(&l, why);
	if (result != JEMBATAN_OK)
		return result;
	const struct jembatan_message *m = &l.message.message.message;
	if (!reply_address(w->channel, m, row->to_kind, arena, &address))
		return why_set(why, JEMBATAN_DATA, "there is no address to write to");
	result = read_values(&l, why);
	if (result == JEMBATAN_OK)
		result = fill_in(&l, out, why);
	if (result == JEMBATAN_OK)
		result = read_window(&l, out, why);
	if (result != JEMBATAN_OK)
		return result;
	out->to = address.value;
	out->to_kind = address.kind;
	out->extra = extra_of(&l);
	/* Another channel knows nothing of this conversation. */
	if (l.message.instance_id == w->id) {
		out->thread = m->thread;
		out->reply_to = m->id;
	}
	return JEMBATAN_OK;
}

/* ---- the hour ---------------------------------------------------------- */

int64_t replies_waking_ms(const struct replies *r, const struct way *w,
			  const struct reply_row *row, int64_t now_ms)
{
	struct settings_quiet quiet = w->settings->quiet;
	int64_t contact_ms = 0;
	if (row->event != REPLY_STATUS &&
	    replies_last_contact(r->o.db, row->message_id, &contact_ms, NULL) == JEMBATAN_OK &&
	    now_ms - contact_ms < FRESH_MS)
		return now_ms;
	if (!w->settings->quiet_written && !settings_quiet_parse(w->channel->quiet, &quiet))
		return now_ms;
	int zone = reply_zone_minutes(w->settings->home_region, r->settings->central.zone_minutes);
	return reply_quiet_end_ms(&quiet, zone, now_ms);
}
