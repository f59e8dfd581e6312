/* fetch.c: asking an instance's deliver child for attachments. */
#include "fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/poison.h"

#define DEADLINE_MS (5 * 60000) /* since the message came in */
#define AGAIN_MS 15000
#define JOBS_MAX 128u

enum job_state { JOB_ASKED, JOB_ANSWERED, JOB_KEPT, JOB_WRITTEN };

struct job {
	struct fetch *fetch;
	struct job *next;
	enum job_state state;
	int64_t message_id;
	size_t index; /* of the file in its message */
	char instance[64];
	bool again;   /* a passing failure: the row asks once more */
	char missing[200];
	struct arena *arena;
	struct msg_spooled spooled; /* token NULL: missing says why */
};

struct fetch {
	struct intake *intake;
	struct db *db;
	void (*on_turn)(void *data);
	void *data;
	struct job *jobs;
	size_t count;
};

struct fetch *
fetch_new(struct intake *in, struct db *db, void (*on_turn)(void *data), void *data)
{
	struct fetch *f = xcalloc(1, sizeof(*f));
	*f = (struct fetch){ .intake = in, .db = db, .on_turn = on_turn, .data = data };
	return f;
}

static void
free_job(struct job *j)
{
	arena_free(j->arena);
	free(j);
}

void
fetch_free(struct fetch *f)
{
	while (f != NULL && f->jobs != NULL) {
		struct job *next = f->jobs->next;
		free_job(f->jobs);
		f->jobs = next;
	}
	free(f);
}

static struct job *
find(struct fetch *f, int64_t message_id, size_t index)
{
	struct job *j = f->jobs;
	while (j != NULL && (j->message_id != message_id || j->index != index))
		j = j->next;
	return j;
}

static void
take_spooled(struct job *j, const struct msg_spooled *s)
{
	j->spooled = (struct msg_spooled){
		.token = arena_strdup(j->arena, s->token),
		.size = s->size,
		.sha256 = { arena_memdup(j->arena, s->sha256.data, s->sha256.size), s->sha256.size },
		.key = { arena_memdup(j->arena, s->key.data, s->key.size), s->key.size },
	};
}

static void
on_fetched(void *data, const struct frame *answer, const char *why)
{
	struct job *j = data;
	struct msg_fetched m = { 0 };
	struct arena *arena = arena_new();
	if (answer == NULL)
		m = (struct msg_fetched){ .result = JEMBATAN_RETRY, .why = why };
	else if (field_unpack(msg_fetched_fields, answer->meta, arena, &m, NULL) != JEMBATAN_OK)
		m = (struct msg_fetched){ .result = JEMBATAN_DATA, .why = "the answer is no frame" };
	if (m.result == JEMBATAN_OK && m.spooled_count == 1)
		take_spooled(j, m.spooled);
	else if (m.result == JEMBATAN_RETRY || m.result == JEMBATAN_AUTH ||
		 m.result == JEMBATAN_FATAL)
		j->again = true;
	if (j->spooled.token == NULL)
		str_copy(j->missing, sizeof(j->missing), m.why != NULL ? m.why :
			 "the source does not have it");
	j->state = j->again ? JOB_WRITTEN : JOB_ANSWERED;
	arena_free(arena);
	j->fetch->on_turn(j->fetch->data);
}

static bool
ask(struct fetch *f, const struct inbox_row *row, size_t index, const char *instance)
{
	struct msg_fetch m = { .reference = row->message.files[index].reference };
	struct why why;
	struct job *j = xcalloc(1, sizeof(*j));
	*j = (struct job){ .fetch = f, .next = f->jobs, .message_id = row->id, .index = index,
			   .arena = arena_new() };
	str_copy(j->instance, sizeof(j->instance), instance);
	f->jobs = j;
	f->count++;
	if (intake_call(f->intake, instance, MSG_FETCH, msg_fetch_fields, &m,
			(struct jembatan_bytes){ 0 }, on_fetched, j, &why) == JEMBATAN_OK)
		return true;
	f->jobs = j->next;
	f->count--;
	free_job(j);
	return false;
}

bool
fetch_hold(struct fetch *f, const struct inbox_row *row, int64_t *out_due_ms)
{
	int64_t start, now = clock_now_ms();
	const struct instance_settings *s = intake_instance(f->intake, row->instance_id, &start);
	bool waits = false;
	if (s == NULL || !intake_can_fetch(f->intake, row->instance_id) ||
	    now - row->received_ms >= DEADLINE_MS)
		return false;
	for (size_t i = 0; i < row->message.file_count; i++) {
		const struct msg_file *file = &row->message.files[i];
		if (file->token != NULL || file->reference == NULL || file->missing != NULL)
			continue;
		waits = true;
		if (find(f, row->id, i) == NULL && f->count < JOBS_MAX)
			(void)ask(f, row, i, s->name);
	}
	*out_due_ms = now + AGAIN_MS;
	return waits;
}

bool
fetch_wants_turn(const struct fetch *f)
{
	for (const struct job *j = f->jobs; j != NULL; j = j->next)
		if (j->state != JOB_ASKED)
			return true;
	return false;
}

void
fetch_prepare(struct fetch *f)
{
	struct why why;
	for (struct job *j = f->jobs; j != NULL; j = j->next) {
		if (j->state != JOB_ANSWERED)
			continue;
		if (j->spooled.token != NULL) {
			struct msg_message m = { .raw_spooled = &j->spooled, .raw_spooled_count = 1 };
			struct inbox_item item = { .message = &m };
			if (inbox_keep_files(f->db, j->instance, &item, 1, &why) != JEMBATAN_OK) {
				log_warning(j->instance, "an attachment is asked for again: %s", why.text);
				j->state = JOB_WRITTEN;
				continue;
			}
		}
		j->state = JOB_KEPT;
	}
}

static enum jembatan_result
write_one(struct fetch *f, const struct job *j, struct arena *arena, struct why *why)
{
	struct inbox_row row;
	enum jembatan_result r = inbox_get(f->db, j->message_id, arena, &row, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	/* Decided in the meantime, at its deadline: it goes without. */
	if (row.stage != INBOX_NEW || j->index >= row.message.file_count)
		return JEMBATAN_OK;
	struct msg_file *files = arena_memdup(arena, row.message.files,
					      row.message.file_count * sizeof(*files));
	struct msg_file *file = &files[j->index];
	file->token = j->spooled.token;
	file->size = j->spooled.size;
	file->sha256 = j->spooled.sha256;
	file->key = j->spooled.key;
	file->missing = j->spooled.token == NULL ? j->missing : NULL;
	row.message.files = files;
	r = inbox_set_files(f->db, row.id, &row.message, why);
	if (r == JEMBATAN_OK)
		r = inbox_defer(f->db, row.id, clock_now_ms(), why);
	return r;
}

enum jembatan_result
fetch_write(struct fetch *f, struct why *why)
{
	struct arena *arena = arena_new();
	enum jembatan_result r = JEMBATAN_OK;
	for (const struct job *j = f->jobs; j != NULL && r == JEMBATAN_OK; j = j->next)
		if (j->state == JOB_KEPT)
			r = write_one(f, j, arena, why);
	arena_free(arena);
	return r;
}

void
fetch_committed(struct fetch *f)
{
	struct job **at = &f->jobs;
	while (*at != NULL) {
		struct job *j = *at;
		if (j->state != JOB_KEPT && j->state != JOB_WRITTEN) {
			at = &j->next;
			continue;
		}
		*at = j->next;
		f->count--;
		free_job(j);
	}
}
