/* decide_files.c: which files of a report that is said again its ticket does not have.
 * Bytes count, not names; a picture that a channel has packed anew is another one. */
#include "decide_inside.h"

#include <string.h>

#include "central/push.h"
#include "base/poison.h"

#define LOOK_MAX 32u /* messages of the ticket */

static bool is_same(const struct msg_file *a, const struct msg_file *b)
{
	return a->token != NULL && b->token != NULL && a->sha256.size == DIGEST_SIZE &&
	       b->sha256.size == DIGEST_SIZE &&
	       memcmp(a->sha256.data, b->sha256.data, DIGEST_SIZE) == 0;
}

static bool is_there(const struct msg_file *f, const struct inbox_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct msg_message *m = &rows[i].message;
		/* A repost's own files stayed here. */
		for (size_t k = 0; k < m->file_count && rows[i].stage != INBOX_REPOST; k++)
			if (is_same(f, &m->files[k]))
				return true;
	}
	return false;
}

static bool has_files(const struct inbox_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].message.file_count > 0)
			return true;
	return false;
}

/* The centre takes it with an addition. */
static bool can_leave(const struct msg_file *f)
{
	return f->token != NULL && f->size <= PUSH_FILE_MAX;
}

enum jembatan_result decide_brings_files(struct decide *d, const struct inbox_row *row,
					 const struct ticket_row *ticket, bool *out_brings,
					 struct why *why)
{
	const struct msg_message *m = &row->message;
	struct inbox_row rows[LOOK_MAX];
	size_t count = 0, can = 0;
	*out_brings = false;
	for (size_t i = 0; i < m->file_count; i++)
		can += can_leave(&m->files[i]);
	if (can == 0)
		return JEMBATAN_OK;
	enum jembatan_result r = inbox_of_ticket(d->o.db, ticket->id, LOOK_MAX, d->arena, rows, &count,
						 why);
	/* What came from the centre takes no addition: with pictures it is complete. */
	if (r != JEMBATAN_OK || (ticket->state == TICKET_LINKED && has_files(rows, count)))
		return r;
	for (size_t i = 0; i < m->file_count && !*out_brings; i++)
		*out_brings = can_leave(&m->files[i]) && !is_there(&m->files[i], rows, count);
	return r;
}
