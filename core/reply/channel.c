/* channel.c: the table. What each channel does stands in docs/replies.md. */
#include "reply/channel.h"

#include "base/poison.h"

#define HOUR INT64_C(3600000)
#define MINUTE INT64_C(60000)

static const struct reply_channel channels[] = {
	{ "email", REPLY_REPEATS, 0, 0, 0, false, NULL, { "mail" } },
	/* A status arrives as a receipt that bears our reference. */
	{ "whatsapp", REPLY_ONCE, 4096, 24 * HOUR, 10 * MINUTE, false, "21:00-07:00",
	  { "id", "phone" } },
	{ "facebook", REPLY_ONCE, 8000, 0, 0, true, NULL, { "id" } },
	{ "instagram", REPLY_ONCE, 300, 0, 0, true, NULL, { "id" } },
	{ "x", REPLY_ONCE, 280, 0, 0, true, NULL, { "id", "handle" } },
	/* Of its 500 some go to the mention of whom it answers. */
	{ "mastodon", REPLY_ONCE, 430, 0, 0, true, NULL, { "handle", "id" } },
	{ "bluesky", REPLY_ONCE, 300, 0, 0, true, NULL, { "id", "handle" } },
	{ "telegram", REPLY_NOTHING, 4096, 0, 0, false, NULL, { "id" } },
	/* An app's own record: it takes the answer, and shows it to its user. */
	{ "agency-api", REPLY_NOTHING, 2000, 0, 0, false, NULL, { "id" } },
};

/* Nothing is known of it. */
static const struct reply_channel other = { NULL, REPLY_NOTHING, 2000, 0, 0, false, NULL,
					    { "id", "mail", "phone" } };

const struct reply_channel *reply_channel(const char *connector)
{
	for (size_t i = 0; i < COUNT_OF(channels); i++)
		if (str_equal(channels[i].connector, connector))
			return &channels[i];
	return &other;
}

const char *reply_guarantee_name(enum reply_guarantee guarantee)
{
	static const char *const names[] = { "once", "may repeat", "nothing settles" };
	return (unsigned)guarantee < COUNT_OF(names) ? names[guarantee] : "?";
}
