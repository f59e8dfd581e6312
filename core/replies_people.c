/* replies_people.c: what a person sees of the way back, and says about a row. */
#include "replies_inside.h"

#include "base/clock.h"
#include "store/audit.h"
#include "store/tickets.h"
#include "store/unreachable.h"
#include "base/poison.h"

static enum jembatan_result get(struct replies *r, int64_t id, struct reply_row *out,
				struct why *why)
{
	arena_reset(r->arena);
	enum jembatan_result result = replies_get(r->o.db, id, r->arena, out, why);
	if (result == JEMBATAN_OK && out->state == REPLY_SENDING)
		return why_set(why, JEMBATAN_DATA, "%s is being sent just now; try again later",
			       out->reference);
	return result;
}

static enum jembatan_result note(struct replies *r, const struct reply_row *row, const char *actor,
				 const char *what, struct why *why)
{
	r->ways_known = false; /* what is due is asked anew */
	return row->ticket_id == 0 ? JEMBATAN_OK :
		       audit_add(r->o.db, AUDIT_TICKET, row->ticket_id, actor, what, row->reference,
				 clock_now_ms(), why);
}

enum jembatan_result replies_release(struct replies *r, int64_t id, const char *actor,
				     struct why *why)
{
	struct reply_row row;
	enum jembatan_result result = get(r, id, &row, why);
	if (result != JEMBATAN_OK)
		return result;
	if (row.state == REPLY_SENT || row.state == REPLY_DELIVERED || row.state == REPLY_READ)
		return why_set(why, JEMBATAN_DATA, "%s has gone out already", row.reference);
	if (row.state == REPLY_UNKNOWN)
		return why_set(why, JEMBATAN_DATA, "%s may have gone out: its channel is being asked",
			       row.reference);
	row.due_ms = clock_now_ms();
	result = unreachable_lift(r->o.db, row.instance_id, &row.address_key, why);
	if (result != JEMBATAN_OK)
		return result;
	result = row.state == REPLY_QUEUED ? replies_update(r->o.db, &row, NULL, why) :
					     replies_reopen(r->o.db, id, row.due_ms, why);
	return result == JEMBATAN_OK ? note(r, &row, actor, "reply_released", why) : result;
}

enum jembatan_result replies_hold(struct replies *r, int64_t id, const char *actor,
				  struct why *why)
{
	struct reply_row row;
	enum jembatan_result result = get(r, id, &row, why);
	if (result != JEMBATAN_OK)
		return result;
	if (row.state != REPLY_QUEUED)
		return why_set(why, JEMBATAN_DATA, "%s does not wait: it is %s", row.reference,
			       reply_state_name(row.state));
	row.state = REPLY_HELD;
	row.why = "a person holds it";
	result = replies_update(r->o.db, &row, NULL, why);
	return result == JEMBATAN_OK ? note(r, &row, actor, "reply_held", why) : result;
}

static const char *alarm_of(struct replies *r, const struct way *w)
{
	bool now = false;
	int64_t left = replies_days_left(w), access = replies_access_days(w);
	if (!intake_replies(r->o.intake, w->id, &now))
		return "replies.send is on, and its connector cannot reply";
	if (w->alarm[0] != '\0')
		return w->alarm;
	if (left == 0)
		return "the channel's token has ended: replies are held";
	if (left <= 14)
		return "the channel's token ends soon: get another one";
	if (access == 0)
		return "the consent to read what people write has ended: let the account consent "
		       "once more";
	return access <= 14 ? "the consent to read what people write ends soon: let the account "
			      "consent once more" : NULL;
}

bool replies_way(struct replies *r, size_t n, struct replies_way *out)
{
	const struct way *w = r->ways;
	while (w != NULL && n-- > 0)
		w = w->next;
	int64_t unreachable = 0;
	if (w == NULL || w->settings == NULL)
		return false;
	if (unreachable_count(r->o.db, w->id, clock_now_ms(), &unreachable, NULL) != JEMBATAN_OK)
		unreachable = 0; /* the store has troubles of which others tell */
	*out = (struct replies_way){
		.instance = w->name,
		.connector = w->settings->connector,
		.guarantee = reply_guarantee_name(w->channel->guarantee),
		.is_shadow = w->settings->replies == REPLIES_SHADOW,
		.is_closed = w->is_closed || replies_days_left(w) == 0,
		.alarm = alarm_of(r, w),
		.expires_days = replies_days_left(w),
		.next_due_ms = w->next_due_ms,
		.in_flight = w->in_flight,
		.unreachable = unreachable,
	};
	return true;
}

const char *replies_trouble(const struct replies *r)
{
	return r->trouble[0] != '\0' ? r->trouble : NULL;
}

enum jembatan_result replies_preview(struct replies *r, int64_t ticket_id, enum reply_event event,
				     int status, struct arena *arena, const char **out_subject,
				     const char **out_text, struct why *why)
{
	struct ticket_row ticket;
	struct inbox_row m;
	struct msg_reply letter;
	int64_t start_ms;
	enum jembatan_result result = tickets_head(r->o.db, ticket_id, arena, &ticket, why);
	if (result == JEMBATAN_OK)
		result = inbox_get(r->o.db, ticket.message_id, arena, &m, why);
	if (result != JEMBATAN_OK)
		return result;
	const struct instance_settings *s = intake_instance(r->o.intake, m.instance_id, &start_ms);
	if (s == NULL)
		return why_set(why, JEMBATAN_DATA, "its instance is not configured any more");
	struct reply_row row = { .ticket_id = ticket_id, .message_id = ticket.message_id,
				 .instance_id = m.instance_id, .event = event, .status = status,
				 .reference = ticket.reference };
	const struct way w = { .replies = r, .id = m.instance_id, .settings = s,
			       .channel = reply_channel(settings_channel(s)) };
	result = replies_letter(r, &w, &row, arena, &letter, why);
	if (result == JEMBATAN_OK) {
		*out_subject = letter.subject;
		*out_text = letter.text;
	}
	return result;
}
