/* fetch.c: asking an instance's deliver child for attachments. */
#include "fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/poison.h"

#define DEADLINE_MS (5 * 60000)
#define AGAIN_MS 15000
#define JOBS_MAX 16u /* of one instance, so that a slow one does not take all */

enum job_state {
	JOB_WANTED,   /* of a turn that is not committed yet: its row may vanish */
	JOB_ASKED,
	JOB_ANSWERED, /* its file stands in spool/<instance> */
	JOB_KEPT,     /* its file stands in spool/keep */
	JOB_REFUSED,  /* the store does not take it */
	JOB_OVER
};

struct job {
	struct fetch *fetch;
	struct job *next;
	enum job_state state;
	int64_t message_id;
	size_t index; /* of the file in its message */
	const char *instance, *reference;
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
	struct log_trouble trouble;
	int64_t started_ms;
};

struct fetch *fetch_new(struct intake *in, struct db *db, void (*on_turn)(void *data), void *data)
{
	struct fetch *f = xcalloc(1, sizeof(*f));
	*f = (struct fetch){ .intake = in, .db = db, .on_turn = on_turn, .data = data,
			     .started_ms = clock_now_ms() };
	return f;
}

static void free_job(struct job *j)
{
	arena_free(j->arena);
	free(j);
}

void fetch_free(struct fetch *f)
{
	while (f != NULL && f->jobs != NULL) {
		struct job *next = f->jobs->next;
		free_job(f->jobs);
		f->jobs = next;
	}
	free(f);
}

static struct job *find(struct fetch *f, int64_t message_id, size_t index)
{
	struct job *j = f->jobs;
	while (j != NULL && (j->message_id != message_id || j->index != index))
		j = j->next;
	return j;
}

static void take_spooled(struct job *j, const struct msg_spooled *s)
{
	j->spooled = (struct msg_spooled){
		.token = arena_strdup(j->arena, s->token),
		.size = s->size,
		.sha256 = { arena_memdup(j->arena, s->sha256.data, s->sha256.size), s->sha256.size },
		.key = { arena_memdup(j->arena, s->key.data, s->key.size), s->key.size },
	};
}

static void on_fetched(void *data, const struct frame *answer, const char *why)
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
	j->state = j->again ? JOB_OVER : JOB_ANSWERED;
	arena_free(arena);
	j->fetch->on_turn(j->fetch->data);
}

static size_t count_of(const struct fetch *f, const char *instance)
{
	size_t n = 0;
	for (const struct job *j = f->jobs; j != NULL; j = j->next)
		n += str_equal(j->instance, instance);
	return n;
}

static void want(struct fetch *f, const struct inbox_row *row, size_t index, const char *instance)
{
	struct job *j = xcalloc(1, sizeof(*j));
	*j = (struct job){ .fetch = f, .next = f->jobs, .message_id = row->id, .index = index,
			   .arena = arena_new(), .state = JOB_WANTED };
	j->instance = arena_strdup(j->arena, instance);
	j->reference = arena_strdup(j->arena, row->message.files[index].reference);
	f->jobs = j;
}

/* Counted from when somebody could first have asked: not while we were down,
 * nor while the message waited for a backfill. */
static int64_t since_of(const struct fetch *f, const struct inbox_row *row, int64_t backfilled_ms)
{
	int64_t since = row->received_ms;
	if (since < f->started_ms)
		since = f->started_ms;
	return since < backfilled_ms ? backfilled_ms : since;
}

bool fetch_is_missing(const struct msg_file *file)
{
	return file->token == NULL && file->reference != NULL && file->missing == NULL;
}

/* Whose files may still be asked for; and since when. */
static const struct instance_settings *asker(const struct fetch *f, const struct inbox_row *row,
					     bool *out_now, int64_t *out_since_ms)
{
	int64_t start, backfilled = 0;
	const struct instance_settings *s = intake_instance(f->intake, row->instance_id, &start);
	if (s == NULL || !intake_fetches(f->intake, row->instance_id, out_now, &backfilled))
		return NULL;
	*out_since_ms = since_of(f, row, backfilled);
	return clock_now_ms() - *out_since_ms >= DEADLINE_MS ? NULL : s;
}

bool fetch_waits(const struct fetch *f, const struct inbox_row *row)
{
	int64_t since;
	bool may = false;
	if (asker(f, row, &may, &since) == NULL)
		return false;
	for (size_t i = 0; i < row->message.file_count; i++)
		if (fetch_is_missing(&row->message.files[i]))
			return true;
	return false;
}

/* After 15 s, and then as long again as it has waited: channels shut out who asks
 * on and on. One that found no room has not asked. */
static int64_t again_ms(int64_t since_ms, int64_t now_ms, bool has_asked)
{
	int64_t wait = has_asked && now_ms - since_ms > AGAIN_MS ? now_ms - since_ms : AGAIN_MS;
	int64_t end = since_ms + DEADLINE_MS;
	return now_ms + wait < end ? now_ms + wait : end;
}

bool fetch_hold(struct fetch *f, const struct inbox_row *row, int64_t *out_due_ms)
{
	if (row->message.file_count == 0)
		return false;
	int64_t since, now = clock_now_ms();
	bool waits = false, may = false, has_asked = true;
	const struct instance_settings *s = asker(f, row, &may, &since);
	if (s == NULL)
		return false;
	for (size_t i = 0; i < row->message.file_count; i++) {
		if (!fetch_is_missing(&row->message.files[i]))
			continue;
		waits = true;
		if (find(f, row->id, i) != NULL)
			continue;
		if (may && count_of(f, s->name) < JOBS_MAX)
			want(f, row, i, s->name);
		else
			has_asked = false;
	}
	*out_due_ms = again_ms(since, now, has_asked);
	return waits;
}

bool fetch_wants_turn(const struct fetch *f)
{
	for (const struct job *j = f->jobs; j != NULL; j = j->next)
		if (j->state > JOB_ASKED)
			return true;
	return false;
}

static void keep(struct fetch *f, struct job *j)
{
	struct why why;
	struct msg_message m = { .raw_spooled = &j->spooled, .raw_spooled_count = 1 };
	struct inbox_item item = { .message = &m };
	enum jembatan_result r = j->spooled.token == NULL ? JEMBATAN_OK :
		inbox_keep_files(f->db, j->instance, &item, 1, &why);
	if (r == JEMBATAN_OK) {
		j->state = JOB_KEPT;
		log_trouble_over(&f->trouble, "spool", "keeping attachments");
	} else if (r == JEMBATAN_DATA) {
		log_warning(j->instance, "an attachment is asked for again: %s", why.text);
		j->state = JOB_OVER;
	} else {
		log_trouble(&f->trouble, "spool", why.text); /* again in the next turn */
	}
}

void fetch_prepare(struct fetch *f)
{
	for (struct job *j = f->jobs; j != NULL; j = j->next)
		if (j->state == JOB_ANSWERED)
			keep(f, j);
}

static enum jembatan_result write_one(struct fetch *f, const struct job *j, struct arena *arena,
				      struct why *why)
{
	struct inbox_row row;
	enum jembatan_result r = inbox_get(f->db, j->message_id, arena, &row, why);
	if (r != JEMBATAN_OK && r != JEMBATAN_GONE)
		return r;
	/* Decided in the meantime, at its deadline: it goes without. */
	if (r == JEMBATAN_GONE || row.stage != INBOX_NEW || j->index >= row.message.file_count) {
		if (j->spooled.token != NULL)
			inbox_drop_file(f->db, j->spooled.token);
		return JEMBATAN_OK;
	}
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

enum jembatan_result fetch_write(struct fetch *f, struct why *why)
{
	struct arena *arena = arena_new();
	enum jembatan_result r = JEMBATAN_OK;
	for (struct job *j = f->jobs; j != NULL && r == JEMBATAN_OK; j = j->next) {
		if (j->state != JOB_KEPT)
			continue;
		r = write_one(f, j, arena, why);
		if (r == JEMBATAN_DATA)
			j->state = JOB_REFUSED;
		arena_reset(arena);
	}
	arena_free(arena);
	return r;
}

static void ask(struct fetch *f, struct job *j)
{
	struct msg_fetch m = { .reference = j->reference };
	struct why why;
	j->state = JOB_ASKED;
	if (intake_call(f->intake, j->instance, MSG_FETCH, msg_fetch_fields, &m,
			(struct jembatan_bytes){ 0 }, on_fetched, j, &why) != JEMBATAN_OK)
		j->state = JOB_OVER; /* the row asks once more */
}

static void sweep(struct fetch *f)
{
	struct job **at = &f->jobs;
	while (*at != NULL) {
		struct job *j = *at;
		if (j->state != JOB_OVER) {
			at = &j->next;
			continue;
		}
		*at = j->next;
		free_job(j);
	}
}

void fetch_committed(struct fetch *f)
{
	for (struct job *j = f->jobs; j != NULL; j = j->next) {
		if (j->state == JOB_WANTED)
			ask(f, j);
		else if (j->state == JOB_KEPT)
			j->state = JOB_OVER;
	}
	sweep(f);
}

bool fetch_aborted(struct fetch *f)
{
	bool some = false;
	for (struct job *j = f->jobs; j != NULL; j = j->next) {
		some |= j->state == JOB_REFUSED;
		if (j->state == JOB_WANTED || j->state == JOB_REFUSED)
			j->state = JOB_OVER;
	}
	sweep(f);
	return some;
}
