/* channel.c: the table. What each channel does stands in docs/replies.md. */
#include "reply/channel.h"

#include "base/poison.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define MINUTE INT64_C(60000)

static const struct reply_channel channels[] = {
	/* Four days, as mail servers have it among themselves (RFC 5321, 4.5.4.1). */
	{ .connector = "email", .guarantee = REPLY_REPEATS, .patience = 30, .kinds = { "mail" } },
	/* A status arrives as a receipt that bears our reference. */
	{ .connector = "whatsapp", .text_max = 4096, .window_ms = DAY,
	  .window_code = "131047", .passing_codes = { "1", "2", "4", "80007", "130429", "131000",
	  "131016", "131056" }, .unreachable_code = "131026",
	  .unreachable_ms = 30 * DAY, .settle_after_ms = 10 * MINUTE, .days = 3, .quiet = "21:00-07:00",
	  .kinds = { "id", "phone" } },
	{ .connector = "facebook", .text_max = 8000, .is_public = true, .kinds = { "id" } },
	{ .connector = "instagram", .text_max = 300, .is_public = true, .kinds = { "id" } },
	{ .connector = "x", .text_max = 280, .is_public = true, .kinds = { "id", "handle" } },
	/* Of its 500 some go to the mention of whom it answers. */
	{ .connector = "mastodon", .text_max = 430, .is_public = true, .kinds = { "handle", "id" } },
	{ .connector = "bluesky", .text_max = 300, .is_public = true, .kinds = { "id", "handle" } },
	{ .connector = "youtube", .text_max = 8000, .is_public = true, .kinds = { "id", "handle" } },
	{ .connector = "telegram", .guarantee = REPLY_NOTHING, .text_max = 4096, .kinds = { "id" } },
	/* The app's own record takes the answer, and the app shows it to its user. */
	{ .connector = "agency-api", .guarantee = REPLY_NOTHING, .text_max = 2000,
	  .kinds = { "record" } },
};

/* Nothing is known of it. */
static const struct reply_channel other = { .guarantee = REPLY_NOTHING, .text_max = 2000,
					    .kinds = { "id", "mail", "phone" } };

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
