/* sample.c: the texts as replies_letter.c fills them in, with numbers that are none. */
#include "reply/sample.h"

#include <string.h>

#include "base/text.h"
#include "central/status.h"
#include "reply/address.h"
#include "ticket/complete.h"
#include "ticket/personal.h"
#include "base/poison.h"

#define NUMBER "0000000"
#define TITLE_MAX 100u /* grapheme clusters */
#define TEXT_MAX (64u * 1024u)

struct sampling {
	const struct reply_templates *templates;
	const struct settings *settings;
	const struct instance_settings *instance;
	const struct reply_channel *channel;
	const struct ticket *ticket;
	struct arena *arena;
	const char *values[REPLY_VALUES];
};

static const char *take(struct arena *arena, struct buf *from)
{
	CLEANUP(free_pointer) char *text = buf_take(from);
	return arena_strdup(arena, text);
}

static const char *missing_of(const struct sampling *s)
{
	const struct settings_complete *rules = &s->settings->complete;
	const char *home = s->instance->home_region;
	unsigned missing = !rules->ask ? 0 :
		complete_check(s->ticket, rules, home != NULL && strlen(home) >= 5);
	struct buf out;
	if (!complete_can_ask(missing))
		return NULL;
	buf_init(&out, TEXT_MAX);
	for (unsigned part = 0; part < COMPLETE_PART_COUNT; part++) {
		const char *question = (missing & (1u << part)) == 0 ? NULL :
			complete_question(rules, (enum complete_part)part);
		if (question != NULL)
			buf_printf(&out, "%s- %s", out.size > 0 ? "\n" : "", question);
	}
	return take(s->arena, &out);
}

static bool render(struct sampling *s, enum reply_event event, int status, struct reply_sample *out)
{
	struct reply_text text;
	struct buf subject, body;
	const char *language = s->instance->reply_language;
	if (!reply_templates_find(s->templates, settings_channel(s->instance), language, event, status,
				  &text))
		return false;
	buf_init(&subject, TEXT_MAX);
	buf_init(&body, 4 * TEXT_MAX);
	s->values[REPLY_VALUE_STATUS] = event != REPLY_STATUS ? NULL :
		reply_templates_status(s->templates, language, status);
	if (text.subject != NULL)
		reply_render_subject(text.subject, s->values, s->ticket->secret, &subject);
	reply_render_text(text.text, s->values, s->ticket->secret, s->channel->text_max, &body);
	*out = (struct reply_sample){ .event = reply_event_name(event),
				      .state = event == REPLY_STATUS ? status_name(status) : NULL };
	const char *line = take(s->arena, &subject);
	out->subject = line[0] != '\0' ? line : NULL;
	out->text = take(s->arena, &body);
	return out->text[0] != '\0';
}

static const char *why_none(const struct sampling *s, const struct jembatan_message *m)
{
	struct reply_address address;
	const char *reason = reply_not_answered(m, INT64_MAX, 0);
	if (s->instance->replies == REPLIES_OFF)
		return "replies.send of this instance is off";
	if (reason != NULL)
		return reason;
	if (s->ticket->secret && s->channel->is_public)
		return "the report is secret, and this channel public";
	return reply_address(s->channel, m, NULL, s->arena, &address) ? NULL :
	       "there is no address on this channel; another one is tried";
}

size_t reply_samples(const struct reply_templates *templates, const struct settings *settings,
		     const struct instance_settings *instance, const struct msg_message *message,
		     const struct ticket *ticket, struct arena *arena,
		     struct reply_sample out[REPLY_SAMPLES_MAX], const char **out_why)
{
	static const struct {
		enum reply_event event;
		int status;
	} told[] = { { REPLY_RECEIVED, 0 }, { REPLY_QUESTION, 0 }, { REPLY_NUMBER, 0 },
		     { REPLY_STATUS, STATUS_IN_PROGRESS }, { REPLY_STATUS, STATUS_CLOSED_BY_ADMIN } };
	struct sampling s = { .templates = templates, .settings = settings, .instance = instance,
			      .channel = reply_channel(settings_channel(instance)), .ticket = ticket,
			      .arena = arena };
	size_t n = 0;
	*out_why = why_none(&s, &message->message);
	if (*out_why != NULL)
		return 0;
	struct buf title;
	buf_init(&title, TEXT_MAX);
	CLEANUP(free_pointer) char *line = text_squeeze(ticket->title != NULL ? ticket->title : "");
	if (ticket->anonymous) {
		(void)personal_mask(line, PERSONAL_ALL);
		personal_mask_name(line, ticket->reporter.name);
	}
	reply_cut(line, TITLE_MAX, &title);
	s.values[REPLY_VALUE_TITLE] = take(arena, &title);
	s.values[REPLY_VALUE_REFERENCE] = ticket->reference;
	s.values[REPLY_VALUE_OFFICE] = settings->replies.office;
	s.values[REPLY_VALUE_MISSING] = missing_of(&s);
	for (size_t i = 0; i < COUNT_OF(told); i++) {
		s.values[REPLY_VALUE_NUMBER] = told[i].event == REPLY_NUMBER ||
					       told[i].event == REPLY_STATUS ? NUMBER : NULL;
		if (told[i].event == REPLY_QUESTION && s.values[REPLY_VALUE_MISSING] == NULL)
			continue;
		n += render(&s, told[i].event, told[i].status, &out[n]);
	}
	return n;
}
