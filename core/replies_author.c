/* replies_author.c: who changed his id or number in a channel is reached under the
 * new one, also about what he reported under the old one. */
#include "replies_inside.h"

#include "store/threads.h"
#include "base/poison.h"

/* Only of his own thread: in others several people write. */
static bool is_own_thread(const struct jembatan_message *m)
{
	return m->thread != NULL && str_equal(m->thread, m->author.id);
}

enum jembatan_result replies_message(struct replies *r, int64_t message_id, struct arena *arena,
				     struct inbox_row *out, struct why *why)
{
	struct inbox_row said;
	int64_t newest = 0;
	enum jembatan_result result = inbox_get(r->o.db, message_id, arena, out, why);
	if (result != JEMBATAN_OK || out->message.message.size == 0 ||
	    !is_own_thread(&out->message.message))
		return result;
	result = threads_newest(r->o.db, out->instance_id, &out->thread_key, &newest, why);
	if (result == JEMBATAN_OK && newest != 0 && newest != message_id)
		result = inbox_get(r->o.db, newest, arena, &said, why);
	else
		return result;
	if (result == JEMBATAN_OK && said.message.message.author.id != NULL) {
		out->message.message.author.id = said.message.message.author.id;
		out->message.message.author.phone = said.message.message.author.phone;
	}
	return result;
}
