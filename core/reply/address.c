/* address.c: from a message's author to an address. */
#include "reply/address.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "ticket/personal.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define ADDRESS_MAX 320u

/* An address goes into headers and URLs: no blanks, no control characters. */
static bool is_clean(const char *s)
{
	size_t n = 0;
	for (; s[n] != '\0'; n++)
		if ((unsigned char)s[n] <= 0x20 || s[n] == 0x7f || n >= ADDRESS_MAX)
			return false;
	return n > 0;
}

static const char *value_of(const struct jembatan_message *m, const char *kind)
{
	const struct jembatan_author *a = &m->author;
	if (strcmp(kind, "record") == 0)
		return m->id;
	if (strcmp(kind, "mail") == 0)
		return a->mail;
	if (strcmp(kind, "phone") == 0)
		return a->phone;
	return strcmp(kind, "id") == 0 ? a->id : strcmp(kind, "handle") == 0 ? a->handle : NULL;
}

static bool take(const struct jembatan_message *m, const char *kind, struct arena *arena,
		 struct reply_address *out)
{
	const char *value = value_of(m, kind);
	if (value == NULL || !is_clean(value))
		return false;
	if (strcmp(kind, "mail") == 0 && !ticket_is_mail(value))
		return false;
	char *key = arena_strdup(arena, value);
	for (char *c = key; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	*out = (struct reply_address){ kind, value, key };
	return true;
}

bool reply_address(const struct reply_channel *channel, const struct jembatan_message *m,
		   const char *kind, struct arena *arena, struct reply_address *out)
{
	if (kind != NULL)
		return take(m, kind, arena, out);
	for (size_t i = 0; i < COUNT_OF(channel->kinds) && channel->kinds[i] != NULL; i++)
		if (take(m, channel->kinds[i], arena, out))
			return true;
	return false;
}

const char *reply_not_answered(const struct jembatan_message *m, int64_t received_ms,
			       int64_t since_ms)
{
	int64_t arrived_ms = m->arrived_ms != 0 ? m->arrived_ms :
			     m->sent_ms != 0	? m->sent_ms :
						  received_ms;
	if ((m->flags & JEMBATAN_AUTOMATIC) != 0)
		return "a machine wrote it: never answered";
	if ((m->flags & JEMBATAN_FROM_CENTRE) != 0)
		return "it came from the centre, which answers by itself";
	switch (m->kind) {
	case JEMBATAN_NEW:
	case JEMBATAN_FOLLOW_UP:
	case JEMBATAN_EDIT:
	case JEMBATAN_UNREADABLE:
		break;
	case JEMBATAN_DELETION:
	case JEMBATAN_REACTION:
	case JEMBATAN_RECEIPT:
	case JEMBATAN_SYSTEM:
	case JEMBATAN_IGNORED:
		return "nobody asked for an answer";
	}
	if (arrived_ms < since_ms)
		return "it arrived before replies were switched on";
	return NULL;
}

#define PART_LEAST 4u /* shorter ones are words of any sentence */

static void hide_part(char *sentence, const char *part, size_t size)
{
	size_t left = strlen(sentence);
	if (size < PART_LEAST)
		return;
	for (; left >= size; left--, sentence++)
		if (strncasecmp(sentence, part, size) == 0)
			memset(sentence, '*', size);
}

void reply_hide(char *sentence, const char *address)
{
	(void)personal_mask(sentence, PERSONAL_ALL);
	if (address == NULL)
		return;
	/* "+62812..." comes back without its sign, a mail without its domain, a
	 * handle without its server. */
	const char *bare = address + strspn(address, "+@");
	hide_part(sentence, bare, strlen(bare));
	hide_part(sentence, bare, strcspn(bare, "@"));
}
