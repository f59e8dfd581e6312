/* replies_reach.c: whom a channel cannot reach at all. It is remembered for a
 * while, so that the next notice goes another way without being tried there.
 * Channels count in seconds. */
#include "replies_inside.h"

#include <string.h>

#include "base/clock.h"
#include "reply/receipts.h"
#include "store/unreachable.h"
#include "base/poison.h"

/* Whoever has it read is told of it in `jembatan explain`. */
const char replies_not_tried[] =
	"not tried: this person cannot be reached there, as was seen before; it is tried again "
	"after a month, or once he has written there";

static bool says_unreachable(const struct way *w, const struct reply_row *failed)
{
	const char *code = w->channel->unreachable_code;
	return reply_failed_by(failed->why, code) || reply_refused_by(failed->why, code);
}

enum jembatan_result replies_note_failure(struct replies *r, const struct reply_row *failed,
					  struct why *why)
{
	struct inbox_row m;
	int64_t contact_ms = 0, now = clock_now_ms();
	const struct way *w = replies_way_of(r, failed->instance_id);
	if (w == NULL || !says_unreachable(w, failed))
		return JEMBATAN_OK;
	enum jembatan_result result = inbox_get(r->o.db, failed->message_id, r->arena, &m, why);
	if (result == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (result == JEMBATAN_OK)
		result = replies_last_contact(r->o.db, failed->message_id, &contact_ms, why);
	/* The channel says it late: he has written since. */
	if (result != JEMBATAN_OK || contact_ms > failed->started_ms)
		return result;
	return unreachable_put(r->o.db, &(struct unreachable_mark){
		.instance_id = w->id, .address_key = failed->address_key, .thread_key = m.thread_key,
		.at_ms = failed->started_ms - failed->started_ms % 1000,
		.until_ms = now + w->channel->unreachable_ms }, why);
}

enum jembatan_result replies_is_reachable(struct replies *r, const struct way *w,
					  const struct reply_row *row, bool *out, struct why *why)
{
	bool is_marked = false;
	enum jembatan_result result = unreachable_is(r->o.db, w->id, &row->address_key,
						     clock_now_ms(), &is_marked, why);
	*out = !is_marked;
	return result;
}
