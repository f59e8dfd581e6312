/* channel.h: what is known of the channels that replies go out by: what settles
 * a reply that may have gone out, how long a text may be, whether strangers
 * read along. One table, by the connector's name; a plugin that it does not
 * know gets the most careful row. Pure. */
#ifndef REPLY_CHANNEL_H
#define REPLY_CHANNEL_H

#include "base/mem.h"

/* What happens with a reply of which nobody knows whether it went out. The
 * channel is asked first (JEMBATAN_SETTLE), always. */
enum reply_guarantee {
	REPLY_ONCE,    /* the channel can tell: exactly once */
	REPLY_REPEATS, /* sent again under the same id: may arrive twice */
	REPLY_NOTHING  /* nothing tells: the number is repeated once, all else dropped */
};

struct reply_channel {
	const char *connector;
	enum reply_guarantee guarantee;
	size_t text_max;         /* grapheme clusters; 0: no limit */
	int64_t window_ms;       /* free text so long after the citizen's last message; 0: always */
	const char *window_code; /* a receipt's: it was over, whatever our clock said; or NULL */
	const char *passing_codes[8]; /* a receipt's: told there once more, later; or NULL */
	const char *unreachable_code; /* it cannot reach this person at all; or NULL */
	int64_t unreachable_ms;  /* so long nothing is tried there, unless he writes */
	int64_t settle_after_ms; /* evidence (a receipt) may come so late */
	unsigned patience;       /* "later" so often, ever more rarely, then it failed; 0: no end */
	unsigned days;           /* "tomorrow" so often, then it failed; 0: no end */
	bool is_public;          /* strangers read it: never of a secret report */
	const char *quiet;       /* preset of quiet hours, "21:00-07:00"; or NULL */
	const char *kinds[4];    /* addresses that it takes, the best first; ends with NULL */
};

/* Never NULL. */
const struct reply_channel *reply_channel(const char *connector);
const char *reply_guarantee_name(enum reply_guarantee guarantee);

#endif
