/* decide_understand.c: from a message to its ticket, found out now or by the scout
 * while what came before it was decided. */
#include "decide_inside.h"
#include "decide_know.h"

#include <string.h>

#include "fetch.h"
#include "scout.h"
#include "base/poison.h"

_Static_assert(DECIDE_SLICE <= SCOUT_MAX, "a slice is understood ahead as a whole");

#define RUN 256u /* tickets whose references begin with the same two characters */
#define RUN_LOW_BITS 0x3fu /* of the second byte: the two characters are ten bits */

/* Random throughout, each reference would lie on a page of its own in the store's
 * index, and a commit writes whole pages. */
const char *decide_new_reference(struct decide *d)
{
	uint8_t random[5];
	char reference[TICKET_REFERENCE_SIZE];
	digest_random(random, sizeof(random));
	if (d->run_left == 0) {
		memcpy(d->run, random, sizeof(d->run));
		d->run_left = RUN;
	}
	d->run_left--;
	random[0] = d->run[0];
	random[1] = (uint8_t)((d->run[1] & ~RUN_LOW_BITS) | (random[1] & RUN_LOW_BITS));
	ticket_reference(random, reference);
	return arena_strdup(d->arena, reference);
}

/* What was named by reference and is not here: the ticket says so. */
static const struct msg_message *list_missing(struct decide *d, const struct msg_message *m)
{
	struct msg_message *out = arena_memdup(d->arena, m, sizeof(*m));
	struct msg_file *files = arena_memdup(d->arena, m->files, m->file_count * sizeof(*files));
	for (size_t i = 0; i < m->file_count; i++)
		if (fetch_is_missing(&files[i]))
			files[i].missing = "it could not be fetched in time";
	out->files = files;
	return out;
}

static struct understand_options options_for(struct decide *d, const struct inbox_row *row,
					     const struct instance_settings *s)
{
	return (struct understand_options){
		.normalize = { .instance = s != NULL ? s->name : "removed",
			       .channel = s != NULL ? s->connector : NULL,
			       .source_system = s == NULL ? NULL :
						s->profile != NULL ? s->profile : s->connector,
			       .reference = decide_new_reference(d),
			       .received_ms = row->received_ms,
			       .zone_minutes = decide_know_zone(d, s, &row->message.message.place) },
		.tables = decide_know_tables(d),
		.propose = decide_know_options(d, s),
	};
}

enum jembatan_result decide_understand(struct decide *d, const struct inbox_row *row,
				       const struct instance_settings *s, struct ticket *out,
				       struct decide_known *known, struct why *why)
{
	const struct msg_message *m = &row->message;
	enum jembatan_result r = JEMBATAN_OK;
	if (!scout_take(d->scout, m, out, &r, why)) {
		const struct understand_options options = options_for(d, row, s);
		r = understand_message(list_missing(d, m), &options, d->arena, out, why);
	}
	if (r == JEMBATAN_OK)
		r = decide_know_look(d, s, out, known, why);
	if (r == JEMBATAN_OK && (m->message.flags & JEMBATAN_UNSURE) != 0) {
		known->review = "by its channel's rules it may be no complaint: a person decides";
		known->missing = 0; /* nobody is asked for more before that */
	}
	return r;
}

void decide_look_ahead(struct decide *d, const struct inbox_row *rows, size_t count)
{
	struct scout_job jobs[DECIDE_SLICE];
	size_t n = 0;
	if (!scout_is_useful(d->scout) || decide_know_tables(d) == NULL)
		return; /* without tables little is to be found out */
	for (size_t i = 0; i < count; i++) {
		const struct inbox_row *row = &rows[i];
		const struct jembatan_message *m = &row->message.message;
		int64_t start_ms = 0;
		if (m->size == 0 || m->kind != JEMBATAN_NEW || row->edit_of != 0 ||
		    row->message.file_count > 0)
			continue;
		const struct instance_settings *s =
			intake_instance(d->o.intake, row->instance_id, &start_ms);
		jobs[n++] = (struct scout_job){ &row->message, options_for(d, row, s) };
	}
	scout_begin(d->scout, jobs, n);
}
