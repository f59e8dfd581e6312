/* desk.c: API keys, Idempotency-Keys, and the batch of what waits. Two requests
 * with one Idempotency-Key and one body are one submission, also when they meet
 * before the first is committed. */
#include "intake/desk.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/spool.h"
#include "intake/batch.h"
#include "intake/form.h"
#include "store/submissions.h"
#include "base/poison.h"

#define WAITING_MAX 1024u
#define KEY_MIN 20u /* characters of an API key */
#define IDEMPOTENCY_KEY_MAX 255u

struct waiting {
	struct waiting *next;
	intake_on_submitted *on;
	void *data;
};

struct submission {
	struct submission *next;
	struct digest key; /* zero: none */
	size_t item;       /* in the batch */
	struct submission_row row;
	struct waiting *waiting;
};

struct desk {
	const char *name, *spool; /* the instance's, borrowed from it */
	struct db *db;
	int zone_minutes;
	struct digest *keys;
	size_t key_count;
	struct batch batch;
	struct batch_record record; /* never open */
	struct submission *submissions, **end;
	bool is_written, is_refused;
};

static const struct msg_manifest_option options[] = {
	{ .name = "keys", .type = JEMBATAN_SECRET_MAP, .flags = JEMBATAN_REQUIRED,
	  .help = "API keys by name, each at least 20 characters; several, so that one can be changed "
		  "after the other." },
};

void desk_manifest(struct msg_manifest *out)
{
	*out = (struct msg_manifest){
		.abi_major = JEMBATAN_ABI_MAJOR,
		.abi_minor = JEMBATAN_ABI_MINOR,
		.name = DESK_CONNECTOR,
		.version = "1",
		.summary = "Complaints as JSON over HTTP, built in",
		.options = options,
		.option_count = COUNT_OF(options),
	};
}

/* ---- keys -------------------------------------------------------------- */

static struct digest keyed(const struct desk *d, const char *what, struct jembatan_bytes value)
{
	struct digest_state *s = digest_begin(db_local_key(d->db));
	digest_part_text(s, what);
	digest_part_text(s, d->name);
	digest_part(s, value);
	return digest_end(s);
}

enum jembatan_result desk_check(const struct instance_options *o, struct why *why)
{
	for (size_t i = 0; i < o->option_count; i++)
		if (strlen(o->options[i].value) < KEY_MIN)
			return why_set(why, JEMBATAN_CONFIG, "%s: a key of \"keys\" has fewer than %u "
				       "characters: make one with openssl rand -hex 24",
				       o->options[i].where, KEY_MIN);
	return JEMBATAN_OK;
}

static void take_keys(struct desk *d, const struct instance_options *o)
{
	free(d->keys);
	d->key_count = 0;
	d->keys = xcalloc(o->option_count + 1, sizeof(*d->keys));
	for (size_t i = 0; i < o->option_count; i++)
		d->keys[d->key_count++] = keyed(d, "api-key", bytes_text(o->options[i].value));
}

static enum jembatan_result read_keys(struct desk *d, const struct instance_settings *settings,
				      struct why *why)
{
	struct arena *arena = arena_new();
	struct problems problems;
	struct msg_manifest manifest;
	struct instance_options o = { 0 };
	problems_init(&problems);
	desk_manifest(&manifest);
	enum jembatan_result r = instance_options_check(settings, manifest.options,
							manifest.option_count, &problems, arena, &o);
	if (r == JEMBATAN_OK) {
		r = desk_check(&o, why);
		if (r == JEMBATAN_OK)
			take_keys(d, &o);
	} else {
		CLEANUP(free_pointer) char *text = problems.count > 0 ?
			problem_text(&problems.items[0]) : xstrdup("its options are wrong");
		(void)why_set(why, r, "%s", text);
	}
	for (size_t i = 0; i < o.option_count; i++)
		mem_wipe((void *)(uintptr_t)o.options[i].value, strlen(o.options[i].value));
	problems_done(&problems);
	arena_free(arena);
	return r;
}

bool desk_knows_key(const struct desk *d, const char *key)
{
	struct digest given = keyed(d, "api-key", bytes_text(key));
	bool known = false;
	for (size_t i = 0; i < d->key_count; i++)
		known |= digest_equal(&given, &d->keys[i], sizeof(given));
	return known && key != NULL;
}

bool desk_is_for(const struct instance_settings *settings)
{
	return str_equal(settings->connector, DESK_CONNECTOR);
}

enum jembatan_result desk_take_settings(struct desk *d, const struct instance_settings *settings,
					int zone_minutes, struct why *why)
{
	d->zone_minutes = zone_minutes;
	return read_keys(d, settings, why);
}

enum jembatan_result desk_new(const char *name, const char *spool,
			      const struct instance_settings *settings,
			      struct db *db, int zone_minutes, struct desk **out, struct why *why)
{
	struct desk *d = xcalloc(1, sizeof(*d));
	d->name = name;
	d->spool = spool;
	d->db = db;
	d->zone_minutes = zone_minutes;
	d->end = &d->submissions;
	batch_init(&d->batch, WAITING_MAX);
	batch_record_init(&d->record);
	enum jembatan_result r = read_keys(d, settings, why);
	if (r == JEMBATAN_OK)
		*out = d;
	else
		desk_free(d);
	return r;
}

/* ---- answers ----------------------------------------------------------- */

static void answer(intake_on_submitted *on, void *data, enum msg_problem problem,
		   const char *detail_id, const char *detail_en)
{
	const struct intake_submitted a = { .problem = problem, .detail_id = detail_id,
					    .detail_en = detail_en };
	on(data, &a);
}

/* Everybody who waits hears it; the list is taken first. */
static void end_all(struct desk *d, enum msg_problem problem)
{
	struct submission *s = d->submissions;
	d->submissions = NULL;
	d->end = &d->submissions;
	while (s != NULL) {
		struct submission *next = s->next;
		struct intake_submitted a = { .problem = problem, .reference = s->row.reference };
		while (s->waiting != NULL) {
			struct waiting *w = s->waiting;
			s->waiting = w->next;
			w->on(w->data, &a);
			free(w);
		}
		free(s);
		s = next;
	}
	batch_clear(&d->batch);
	d->is_written = d->is_refused = false;
}

void desk_free(struct desk *d)
{
	if (d == NULL)
		return;
	end_all(d, MSG_PROBLEM_UNAVAILABLE);
	batch_done(&d->batch);
	batch_record_done(&d->record);
	free(d->keys);
	free(d);
}

/* ---- taking in --------------------------------------------------------- */

static void wait_for(struct submission *s, intake_on_submitted *on, void *data)
{
	struct waiting *w = xcalloc(1, sizeof(*w));
	w->on = on;
	w->data = data;
	w->next = s->waiting;
	s->waiting = w;
}

static struct submission *find_waiting(const struct desk *d, const struct digest *key)
{
	struct submission *s = d->submissions;
	while (s != NULL && memcmp(&s->key, key, sizeof(*key)) != 0)
		s = s->next;
	return s;
}

/* Known already, stored or waiting? Then it is answered, or joins: true; and
 * *out_waits when it joined. */
static bool is_known(struct desk *d, int64_t instance_id, const struct digest *key,
		     const struct digest *body, intake_on_submitted *on, void *data, bool *out_waits)
{
	struct submission_row row;
	struct why why;
	struct submission *waiting = find_waiting(d, key);
	enum jembatan_result r = JEMBATAN_OK;
	if (waiting != NULL)
		row = waiting->row;
	else
		r = submissions_find_key(d->db, instance_id, key, &row, &why);
	if (r == JEMBATAN_GONE)
		return false;
	if (r != JEMBATAN_OK) {
		answer(on, data, MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
	} else if (memcmp(&row.body, body, sizeof(*body)) != 0) {
		answer(on, data, MSG_PROBLEM_KEY_REUSED, NULL, NULL);
	} else if (waiting != NULL) {
		wait_for(waiting, on, data);
		*out_waits = true;
	} else {
		const struct intake_submitted a = { .reference = row.reference, .is_repeated = true };
		on(data, &a);
	}
	return true;
}

/* As if a child had handed it over: the same checks, the same keys. */
static bool add_to_batch(struct desk *d, struct msg_message *m, struct jembatan_bytes body,
			 struct why *why)
{
	CLEANUP(buf_done) struct buf meta;
	buf_init(&meta, FRAME_META_MAX);
	field_pack(msg_message_fields, m, &meta);
	const struct frame f = { .type = MSG_MESSAGE, .meta = buf_bytes(&meta), .blob = body };
	return !buf_is_full(&meta) &&
	       batch_message(&d->batch, &d->record, &f, inbox_keys(d->db), d->name, why) ==
		       JEMBATAN_OK;
}

static void add_submission(struct desk *d, const struct digest *key, const struct digest *body,
			   intake_on_submitted *on, void *data)
{
	struct submission *s = xcalloc(1, sizeof(*s));
	s->key = *key;
	s->item = d->batch.count - 1;
	s->row.body = *body;
	s->row.received_ms = clock_now_ms();
	wait_for(s, on, data);
	*d->end = s;
	d->end = &s->next;
}

static bool is_key_readable(const char *key)
{
	size_t size = strlen(key);
	if (size == 0 || size > IDEMPOTENCY_KEY_MAX)
		return false;
	for (const char *c = key; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return true;
}

/* Sealed into the spool and from there to the kept files, before the row that
 * names them: an answer of 2xx counts for them too. */
static enum jembatan_result keep_files(struct desk *d, struct spool *spool, const struct form *form,
				       struct msg_message *m, struct msg_file *files,
				       struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t i = 0; i < m->file_count && r == JEMBATAN_OK; i++) {
		const char *token = NULL;
		struct msg_spooled s = { 0 };
		files[i] = form->message.files[i];
		r = spool_whole(spool, form->contents[i], &token, why);
		if (r != JEMBATAN_OK || !spool_name(spool, token, &s))
			break;
		files[i].token = s.token;
		files[i].sha256 = s.sha256;
		files[i].key = s.key;
	}
	m->files = files;
	const struct inbox_item item = { .message = m };
	return r == JEMBATAN_OK ? inbox_keep_files(d->db, d->name, &item, 1, why) : r;
}

/* Too large for anybody, or to be had again later: nothing was promised. */
static void answer_unkept(const struct desk *d, intake_on_submitted *on, void *data,
			  const struct why *why)
{
	log_error(d->name, "an attachment cannot be kept: %s", why->text);
	answer(on, data, MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
}

/* As it becomes a message: what it is known by, when it came, its files. */
static bool take_form(struct desk *d, const struct intake_submission *in, struct form *form,
		      struct arena *arena, intake_on_submitted *on, void *data)
{
	struct msg_message *m = &form->message;
	struct msg_file *files = arena_alloc(arena, m->file_count * sizeof(*files) + 1);
	struct spool spool;
	struct why why;
	/* Their own key tells two equal texts apart, and one text sent twice. */
	if (m->message.id == NULL && in->idempotency_key != NULL)
		m->message.id = arena_printf(arena, "idempotency-key:%s", in->idempotency_key);
	m->message.arrived_ms = clock_now_ms();
	spool_init(&spool, d->spool, 0); /* the body's ceiling is far below */
	enum jembatan_result r = keep_files(d, &spool, form, m, files, &why);
	bool taken = r == JEMBATAN_OK && add_to_batch(d, m, in->body, &why);
	if (r != JEMBATAN_OK)
		answer_unkept(d, on, data, &why);
	else if (!taken)
		answer(on, data, MSG_PROBLEM_CONTENT,
		       "Semua teks dan \"extra\" bersama-sama terlalu besar untuk satu pengaduan.",
		       "All texts and \"extra\" together are too large for one complaint.");
	spool_forget(&spool);
	return taken;
}

static bool take_new(struct desk *d, const struct intake_submission *in, const struct digest *key,
		     const struct digest *body, intake_on_submitted *on, void *data)
{
	struct form form;
	struct form_problem problem;
	struct arena *arena = arena_new();
	bool taken = false;
	if (!form_read(in->body, d->zone_minutes, arena, &form, &problem))
		answer(on, data, MSG_PROBLEM_CONTENT, problem.text_id, problem.text_en);
	else
		taken = take_form(d, in, &form, arena, on, data);
	if (taken)
		add_submission(d, key, body, on, data);
	arena_free(arena);
	return taken;
}

bool desk_submit(struct desk *d, int64_t instance_id, const struct intake_submission *in,
		 intake_on_submitted *on, void *data)
{
	struct digest key = { 0 }, body = keyed(d, "submission", in->body);
	bool waits = false;
	if (batch_is_full(&d->batch)) {
		answer(on, data, MSG_PROBLEM_UNAVAILABLE, NULL, NULL);
		return false;
	}
	if (in->idempotency_key != NULL) {
		if (!is_key_readable(in->idempotency_key)) {
			answer(on, data, MSG_PROBLEM_BAD_REQUEST,
			       "Idempotency-Key harus 1 sampai 255 karakter.",
			       "Idempotency-Key must have 1 to 255 characters.");
			return false;
		}
		key = keyed(d, "idempotency-key", bytes_text(in->idempotency_key));
		if (is_known(d, instance_id, &key, &body, on, data, &waits))
			return waits;
	}
	return take_new(d, in, &key, &body, on, data);
}

/* ---- the turn ---------------------------------------------------------- */

bool desk_wants_turn(const struct desk *d)
{
	return d != NULL && d->batch.count > 0;
}

static void make_reference(char out[SUBMISSION_REFERENCE_SIZE])
{
	uint8_t random[8];
	digest_random(random, sizeof(random));
	memcpy(out, "IN-", 3);
	digest_code(random, sizeof(random), out + 3, SUBMISSION_REFERENCE_SIZE - 4);
}

static enum jembatan_result write_one(struct desk *d, int64_t instance_id, struct submission *s,
				      struct why *why)
{
	static const struct digest none;
	const struct inbox_item *item = &d->batch.items[s->item];
	struct submission_row first;
	enum jembatan_result r = JEMBATAN_GONE;
	s->row.message_id = item->id;
	if (item->verdict == INBOX_IS_SAME)
		r = submissions_of_message(d->db, item->id, &first, why);
	if (r == JEMBATAN_OK) {
		memcpy(s->row.reference, first.reference, sizeof(first.reference));
		if (memcmp(&s->key, &none, sizeof(none)) == 0)
			return JEMBATAN_OK;
	} else if (r == JEMBATAN_GONE) {
		make_reference(s->row.reference);
	} else {
		return r;
	}
	return submissions_add(d->db, instance_id, &s->key, &s->row, why);
}

enum jembatan_result desk_write(struct desk *d, int64_t instance_id, struct why *why)
{
	enum jembatan_result r = batch_write(&d->batch, d->db, instance_id, false, clock_now_ms(), why);
	for (struct submission *s = d->submissions; s != NULL && r == JEMBATAN_OK; s = s->next)
		r = write_one(d, instance_id, s, why);
	d->is_written = r == JEMBATAN_OK;
	d->is_refused = r == JEMBATAN_DATA;
	if (d->is_written && FAULT_PLANTED("answer-before-commit")) {
		(void)desk_committed(d);
		poll(NULL, 0, 20); /* it gets time to tell its sender */
	}
	return r;
}

bool desk_committed(struct desk *d)
{
	bool some = d->is_written;
	if (some)
		end_all(d, MSG_PROBLEM_NONE);
	return some;
}

bool desk_aborted(struct desk *d)
{
	bool refused = d->is_refused;
	d->is_written = false;
	if (refused) {
		log_error(d->name, "what was submitted is refused: the store does not take it");
		end_all(d, MSG_PROBLEM_INSIDE);
	}
	return refused;
}
