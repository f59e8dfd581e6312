/* decide_copy.c: a post that a person copied, and that its network brings as well
 * under an id which its link does not say. Both stand in a thread that is the post's
 * link; the copy's id is that link, too. Which of them came first is all the same. */
#include "decide_inside.h"

#include "base/jx.h"
#include "base/poison.h"

#define COPY_LOOK 8u /* of those in a thread, the newest */

static bool is_link(const char *thread)
{
	return thread != NULL && str_starts(thread, "https://");
}

bool decide_is_copy(const struct jembatan_message *m)
{
	json_t *extra = NULL;
	bool it_is = is_link(m->thread) && str_equal(m->id, m->thread) && m->extra != NULL &&
		     jx_parse(bytes_text(m->extra), &extra, NULL) == JEMBATAN_OK &&
		     jx_is_true(extra, "by_hand");
	json_decref(extra);
	return it_is;
}

enum jembatan_result decide_find_copy(struct decide *d, const struct inbox_row *row,
				      int64_t *out_message_id, struct why *why)
{
	static const struct digest none = { 0 };
	int64_t message_id = row->id, ticket_id = 0;
	bool am_copy = decide_is_copy(&row->message.message);
	*out_message_id = 0;
	if (!is_link(row->message.message.thread))
		return JEMBATAN_OK;
	for (unsigned n = 0; n < COPY_LOOK; n++) {
		struct inbox_row known;
		enum jembatan_result r = inbox_find_before(d->o.db, row->instance_id, &none,
							   &row->thread_key, message_id, &message_id,
							   &ticket_id, why);
		if (r == JEMBATAN_OK)
			r = inbox_get(d->o.db, message_id, d->arena, &known, why);
		if (r != JEMBATAN_OK)
			return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
		if (am_copy != decide_is_copy(&known.message.message)) {
			*out_message_id = message_id;
			return JEMBATAN_OK;
		}
	}
	return JEMBATAN_OK;
}
