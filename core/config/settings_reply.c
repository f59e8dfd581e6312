/* settings_reply.c: what citizens are told, when, and by which instance. */
#include "config/settings_instance.h"

#include <string.h>

#include "config/date.h"
#include "base/poison.h"

static const char *const events[] = { "received", "number", "question", "status", "resend" };

static unsigned read_events(const struct schema_values *values, struct problems *problems)
{
	const struct schema_value *value = schema_value(values, "replies.events");
	unsigned bits = 0;

	for (size_t i = 0; i < value->entry_count; i++) {
		size_t e = 0;
		while (e < COUNT_OF(events) && strcmp(events[e], value->entries[i].text) != 0)
			e++;
		if (e < COUNT_OF(events))
			bits |= 1u << e;
		else
			problems_add(problems, value->entries[i].node != NULL ?
				     value->entries[i].node->file : NULL,
				     value->entries[i].node != NULL ?
				     value->entries[i].node->line : 0,
				     "\"replies.events\" knows no \"%.40s\": they are received, "
				     "number, question, status and resend", value->entries[i].text);
	}
	return bits;
}

void settings_read_replies(const struct schema_values *values, struct settings *s,
			   struct problems *problems)
{
	s->replies = (struct settings_replies){
		.templates = schema_text(values, "replies.templates"),
		.language = schema_text(values, "replies.language"),
		.office = schema_text(values, "replies.office"),
		.per_day = (unsigned)schema_integer(values, "replies.per_day"),
		.received_after_ms = schema_integer(values, "replies.received_after"),
		.events = read_events(values, problems),
	};
}

/* ---- of an instance ----------------------------------------------------- */

static bool read_minute(const char *s, int *out)
{
	static const char shape[] = "00:00";

	for (size_t i = 0; i < 5; i++)
		if (shape[i] == ':' ? s[i] != ':' : s[i] < '0' || s[i] > '9')
			return false;
	int hour = (s[0] - '0') * 10 + s[1] - '0', minute = (s[3] - '0') * 10 + s[4] - '0';
	*out = hour * 60 + minute;
	return hour < 24 && minute < 60;
}

bool settings_quiet_parse(const char *text, struct settings_quiet *out)
{
	struct settings_quiet q = { .is_set = true };

	*out = (struct settings_quiet){ 0 };
	if (text == NULL || text[0] == '\0')
		return true;
	if (strlen(text) != 11 || text[5] != '-' || !read_minute(text, &q.from_minute) ||
	    !read_minute(text + 6, &q.to_minute) || q.from_minute == q.to_minute)
		return false;
	*out = q;
	return true;
}

void settings_read_instance_replies(const struct schema_values *values, const struct settings *s,
				    struct instance_settings *out, struct problems *problems)
{
	const struct schema_value *quiet = schema_value(values, "replies.quiet");
	const struct schema_value *expires = schema_value(values, "replies.token_expires");
	const char *send = schema_text(values, "replies.send");

	out->replies = str_equal(send, "on") ? REPLIES_ON :
		       str_equal(send, "shadow") ? REPLIES_SHADOW : REPLIES_OFF;
	/* What must not leave towards the centre is not told of either. */
	if (out->push == PUSH_SHADOW && out->replies == REPLIES_ON)
		out->replies = REPLIES_SHADOW;
	out->reply_language = schema_text(values, "replies.language");
	if (out->reply_language == NULL)
		out->reply_language = s->replies.language;
	out->quiet_written = quiet->text != NULL;
	if (!settings_quiet_parse(quiet->text, &out->quiet))
		problems_add(problems, quiet->node->file, quiet->node->line,
			     "\"replies.quiet\" must be two times of the day such as 21:00-07:00, or "
			     "\"\" for none, not \"%.40s\"", quiet->text);
	if (expires->text != NULL &&
	    !date_parse(expires->text, s->central.zone_minutes, &out->token_expires_ms, NULL))
		problems_add(problems, expires->node->file, expires->node->line,
			     "\"replies.token_expires\" must be a date such as 2026-01-31, not "
			     "\"%.40s\"", expires->text);
}
