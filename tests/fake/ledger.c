/* ledger.c: see ledger.h. Complaints have rising ids without gaps, so the id
 * is the index. A change is committed under the lock: first the journal, then
 * the memory, by the same function that replays the journal at the start. */
#include "ledger.h"

#include "base/clock.h"
#include "base/jx.h"
#include "journal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/poison.h"

#define FIRST_FILE 4100001
#define WIB_SECONDS (7 * 3600)

struct complaint {
	int64_t created_ms;
	char *reference;
	char *title;
	char *body;
	char *disposition_id;
	char *status_code;
	char *status_name;
	json_t *logs;      /* after the first entry, which every complaint has */
	json_t *followups; /* NULL: none */
	unsigned routed;
	unsigned again; /* answered once more with the same id */
};

struct ledger {
	pthread_mutex_t lock;
	struct ledger_options options;
	struct journal *journal; /* NULL: none */
	struct complaint *list;
	size_t count;
	size_t capacity;
	int64_t first_id;
	int64_t followup_count;
	json_t *files;      /* array; the index gives the id */
	json_t *references; /* reference -> [id] */
	json_t *keys;       /* idempotency key -> id */
};

/* ---- applying an event --------------------------------------------------- */

static struct complaint *find(const struct ledger *l, int64_t id)
{
	if (id < l->first_id || (uint64_t)(id - l->first_id) >= l->count)
		return NULL;
	return &l->list[id - l->first_id];
}

static void empty(struct ledger *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct complaint *c = &l->list[i];

		free(c->reference);
		free(c->title);
		free(c->body);
		free(c->disposition_id);
		free(c->status_code);
		free(c->status_name);
		json_decref(c->logs);
		json_decref(c->followups);
	}
	l->count = 0;
	l->first_id = l->options.first_id;
	l->followup_count = 0;
	json_array_clear(l->files);
	json_object_clear(l->references);
	json_object_clear(l->keys);
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = xstrdup(with);
}

static void remember_key(struct ledger *l, const char *key, int64_t id)
{
	if (key && !json_object_get(l->keys, key))
		json_object_set_new(l->keys, key, json_integer(id));
}

static void apply_create(struct ledger *l, int64_t id, json_t *event)
{
	json_t *body = json_object_get(event, "body");
	const char *reference = jx_text(event, "reference");
	char number[64];
	struct complaint *c;

	if (l->count == l->capacity) {
		l->capacity = l->capacity ? 2 * l->capacity : 1024;
		l->list = xrealloc(l->list, l->capacity, sizeof(*l->list));
	}
	if (l->count == 0)
		l->first_id = id;
	c = &l->list[l->count++];
	memset(c, 0, sizeof(*c));
	c->created_ms = jx_integer(event, "at", 0);
	c->reference = xstrdup(reference);
	c->title = xstrdup(jx_text(body, "title"));
	c->disposition_id = xstrdup(jx_id(body, "disposition_id", number));
	c->status_code = xstrdup("1");
	c->status_name = xstrdup("Belum Terverifikasi");
	c->body = json_dumps(body, JSON_COMPACT | JSON_PRESERVE_ORDER);
	remember_key(l, jx_text(event, "key"), id);
	if (reference) {
		json_t *ids = json_object_get(l->references, reference);

		if (!ids) {
			ids = json_array();
			json_object_set_new(l->references, reference, ids);
		}
		json_array_append_new(ids, json_integer(id));
	}
}

static void add_log(struct complaint *c, json_t *event, const char *to)
{
	const char *note = jx_text(event, "note");

	if (!c->logs)
		c->logs = json_array();
	json_array_append_new(c->logs, json_pack("{s:I,s:s,s:s,s:s,s:s?}", "at",
						 (json_int_t)jx_integer(event, "at", 0), "note",
						 note ? note : "", "status_code", c->status_code,
						 "status_name", c->status_name, "to", to));
}

static void apply_route(struct complaint *c, json_t *event)
{
	c->routed++;
	replace(&c->disposition_id, jx_text(event, "to"));
	add_log(c, event, c->disposition_id);
}

static void apply_status(struct complaint *c, json_t *event)
{
	replace(&c->status_code, jx_text(event, "status_code"));
	replace(&c->status_name, jx_text(event, "status_name"));
	add_log(c, event, NULL);
}

static void apply_followup(struct ledger *l, struct complaint *c, json_t *event)
{
	json_t *followup = json_object_get(event, "followup");

	if (!c->followups)
		c->followups = json_array();
	json_array_append(c->followups, followup);
	l->followup_count++;
	remember_key(l, jx_text(event, "key"), l->followup_count);
}

/* Events come from commit() or from the journal; DATA: one that does not fit. */
static enum jembatan_result apply(void *owner, json_t *event)
{
	struct ledger *l = owner;
	const char *what = jx_text(event, "do");
	int64_t id = jx_integer(event, "id", 0);
	struct complaint *c = find(l, id);

	if (str_equal(what, "create")) {
		if (l->count > 0 && id != l->first_id + (int64_t)l->count)
			return JEMBATAN_DATA;
		apply_create(l, id, event);
	} else if (str_equal(what, "again") && c) {
		c->again++;
	} else if (str_equal(what, "route") && c) {
		apply_route(c, event);
	} else if (str_equal(what, "status") && c) {
		apply_status(c, event);
	} else if (str_equal(what, "followup") && c) {
		apply_followup(l, c, event);
	} else if (str_equal(what, "file")) {
		json_array_append(l->files, event);
	} else {
		return JEMBATAN_DATA;
	}
	return JEMBATAN_OK;
}

/* The lock is held; takes the reference. */
static enum jembatan_result commit(struct ledger *l, json_t *event)
{
	enum jembatan_result result = JEMBATAN_OK;

	ASSERT(event);
	if (l->journal)
		result = journal_write(l->journal, event);
	if (result == JEMBATAN_OK)
		result = apply(l, event);
	json_decref(event);
	return result;
}

/* ---- opening ------------------------------------------------------------- */

enum jembatan_result ledger_open(const struct ledger_options *options, struct ledger **out,
				 struct why *why)
{
	struct ledger *l = xcalloc(1, sizeof(*l));

	pthread_mutex_init(&l->lock, NULL);
	l->options = *options;
	l->files = json_array();
	l->references = json_object();
	l->keys = json_object();
	empty(l);
	if (options->journal &&
	    journal_open(options->journal, options->sync, apply, l, &l->journal, why) !=
		    JEMBATAN_OK) {
		ledger_close(l);
		return JEMBATAN_CONFIG;
	}
	*out = l;
	return JEMBATAN_OK;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	empty(l);
	journal_close(l->journal);
	free(l->list);
	json_decref(l->files);
	json_decref(l->references);
	json_decref(l->keys);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* ---- changes ------------------------------------------------------------- */

/* The complaint that an idempotent centre has already made for this, or 0. */
static int64_t find_again(const struct ledger *l, const char *reference, const char *key)
{
	json_t *made = NULL;

	if (l->options.mode != LEDGER_IDEMPOTENT)
		return 0;
	if (key)
		made = json_object_get(l->keys, key);
	if (!made && reference)
		made = json_array_get(json_object_get(l->references, reference), 0);
	return made ? json_integer_value(made) : 0;
}

enum jembatan_result ledger_create(struct ledger *l, json_t *body, const char *reference,
				   const char *key, int64_t *out_id, bool *out_again)
{
	enum jembatan_result result;
	int64_t id;
	bool again;

	pthread_mutex_lock(&l->lock);
	id = find_again(l, reference, key);
	again = id > 0;
	if (again) {
		result = commit(l, json_pack("{s:s,s:I}", "do", "again", "id", (json_int_t)id));
	} else {
		id = l->first_id + (int64_t)l->count;
		result = commit(l, json_pack("{s:s,s:I,s:I,s:s?,s:s?,s:O}", "do", "create", "id",
					     (json_int_t)id, "at", (json_int_t)clock_now_ms(),
					     "reference", reference, "key", key, "body", body));
	}
	pthread_mutex_unlock(&l->lock);
	if (result == JEMBATAN_OK) {
		*out_id = id;
		*out_again = again;
	}
	return result;
}

enum jembatan_result ledger_file(struct ledger *l, const char *name, const char *media_type,
				 size_t size, const char *sha256, int64_t *out_id)
{
	enum jembatan_result result;
	int64_t id;

	pthread_mutex_lock(&l->lock);
	id = FIRST_FILE + (int64_t)json_array_size(l->files);
	result = commit(l, json_pack("{s:s,s:I,s:I,s:s,s:s?,s:I,s:s}", "do", "file", "id",
				     (json_int_t)id, "at", (json_int_t)clock_now_ms(), "name", name,
				     "media_type", media_type, "size", (json_int_t)size, "sha256",
				     sha256));
	pthread_mutex_unlock(&l->lock);
	if (result == JEMBATAN_OK)
		*out_id = id;
	return result;
}

int64_t ledger_first(struct ledger *l)
{
	int64_t id;

	pthread_mutex_lock(&l->lock);
	id = l->first_id;
	pthread_mutex_unlock(&l->lock);
	return id;
}

bool ledger_has_file(struct ledger *l, int64_t id)
{
	bool has;

	pthread_mutex_lock(&l->lock);
	has = id >= FIRST_FILE && (uint64_t)(id - FIRST_FILE) < json_array_size(l->files);
	pthread_mutex_unlock(&l->lock);
	return has;
}

/* Commits an event about a complaint; takes the reference. */
static enum jembatan_result change(struct ledger *l, int64_t id, json_t *event)
{
	enum jembatan_result result;

	ASSERT(event);
	pthread_mutex_lock(&l->lock);
	if (find(l, id)) {
		result = commit(l, event);
	} else {
		json_decref(event);
		result = JEMBATAN_GONE;
	}
	pthread_mutex_unlock(&l->lock);
	return result;
}

enum jembatan_result ledger_route(struct ledger *l, int64_t id, const char *to, const char *note)
{
	return change(l, id, json_pack("{s:s,s:I,s:I,s:s,s:s}", "do", "route", "id",
				       (json_int_t)id, "at", (json_int_t)clock_now_ms(), "to", to,
				       "note", note));
}

enum jembatan_result ledger_status(struct ledger *l, int64_t id, const char *code,
				   const char *name, const char *note)
{
	return change(l, id, json_pack("{s:s,s:I,s:I,s:s,s:s,s:s}", "do", "status", "id",
				       (json_int_t)id, "at", (json_int_t)clock_now_ms(),
				       "status_code", code, "status_name", name, "note", note));
}

enum jembatan_result ledger_followup(struct ledger *l, int64_t id, json_t *followup,
				     const char *key, int64_t *out_id)
{
	CLEANUP(free_pointer) char *name = key ? xasprintf("followup %s", key) : NULL;
	enum jembatan_result result;
	int64_t number;
	char date[24];

	pthread_mutex_lock(&l->lock);
	number = find_again(l, NULL, name);
	if (number > 0) {
		result = JEMBATAN_OK;
	} else if (!find(l, id)) {
		result = JEMBATAN_GONE;
	} else {
		number = l->followup_count + 1;
		ledger_date(clock_now_ms(), date);
		json_object_set_new(followup, "id", json_integer(number));
		json_object_set_new(followup, "created_at", json_string(date));
		result = commit(l, json_pack("{s:s,s:I,s:s?,s:O}", "do", "followup", "id",
					     (json_int_t)id, "key", name, "followup", followup));
	}
	pthread_mutex_unlock(&l->lock);
	if (result == JEMBATAN_OK)
		*out_id = number;
	return result;
}

enum jembatan_result ledger_reset(struct ledger *l)
{
	enum jembatan_result result = JEMBATAN_OK;

	pthread_mutex_lock(&l->lock);
	if (l->journal)
		result = journal_empty(l->journal);
	if (result == JEMBATAN_OK)
		empty(l);
	pthread_mutex_unlock(&l->lock);
	return result;
}

/* ---- reading ------------------------------------------------------------- */

void ledger_date(int64_t at_ms, char out[24])
{
	time_t seconds = (time_t)(at_ms / 1000) + WIB_SECONDS;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	(void)strftime(out, 24, "%d-%m-%Y %H:%M:%S", &tm);
}

json_t *ledger_lookup(struct ledger *l, const char *reference)
{
	json_t *list = json_array();
	json_t *ids;
	json_t *id;
	size_t i;

	pthread_mutex_lock(&l->lock);
	ids = json_object_get(l->references, reference);
	json_array_foreach(ids, i, id)
		json_array_append_new(list, json_pack("{s:O}", "complaint_id", id));
	pthread_mutex_unlock(&l->lock);
	return list;
}

/* One complaint without its body and lists; the lock is held. */
static json_t *describe(const struct ledger *l, size_t index)
{
	const struct complaint *c = &l->list[index];

	return json_pack("{s:I,s:s?,s:I,s:s?,s:s?,s:s,s:s,s:i,s:i,s:i}", "id",
			 (json_int_t)(l->first_id + (int64_t)index), "reference", c->reference,
			 "created_ms", (json_int_t)c->created_ms, "title", c->title,
			 "disposition_id", c->disposition_id, "status_code", c->status_code,
			 "status_name", c->status_name, "routed", (int)c->routed, "followups",
			 (int)json_array_size(c->followups), "again", (int)c->again);
}

static json_t *copy_list(const json_t *list)
{
	return list ? json_deep_copy(list) : json_array();
}

json_t *ledger_complaint(struct ledger *l, int64_t id)
{
	const struct complaint *c;
	json_t *facts = NULL;

	pthread_mutex_lock(&l->lock);
	c = find(l, id);
	if (c) {
		facts = describe(l, (size_t)(id - l->first_id));
		json_object_set_new(facts, "logs", copy_list(c->logs));
		json_object_set_new(facts, "followups", copy_list(c->followups));
	}
	pthread_mutex_unlock(&l->lock);
	return facts;
}

static void add_references(const struct ledger *l, json_t *out)
{
	json_t *counts = json_object();
	json_t *doubled = json_array();
	const char *reference;
	json_t *ids;

	json_object_foreach(l->references, reference, ids) {
		size_t n = json_array_size(ids);

		json_object_set_new(counts, reference, json_integer((json_int_t)n));
		if (n > 1)
			json_array_append_new(doubled, json_string(reference));
	}
	json_object_set_new(out, "by_reference", counts);
	json_object_set_new(out, "doubled", doubled);
}

json_t *ledger_summary(struct ledger *l, bool with_all)
{
	json_t *out = json_object();
	json_t *list;

	pthread_mutex_lock(&l->lock);
	json_object_set_new(out, "count", json_integer((json_int_t)l->count));
	json_object_set_new(out, "files", json_integer((json_int_t)json_array_size(l->files)));
	add_references(l, out);
	if (with_all) {
		list = json_array();
		for (size_t i = 0; i < l->count; i++)
			json_array_append_new(list, describe(l, i));
		json_object_set_new(out, "complaints", list);
		json_object_set_new(out, "uploads", json_deep_copy(l->files));
	}
	pthread_mutex_unlock(&l->lock);
	return out;
}

json_t *ledger_newest(struct ledger *l, size_t count)
{
	json_t *list = json_array();

	pthread_mutex_lock(&l->lock);
	for (size_t i = l->count; i > 0 && count > 0; i--, count--)
		json_array_append_new(list, describe(l, i - 1));
	pthread_mutex_unlock(&l->lock);
	return list;
}

void ledger_dump(struct ledger *l, int64_t after, struct buf *out)
{
	pthread_mutex_lock(&l->lock);
	for (size_t i = after < l->first_id ? 0 : (size_t)(after - l->first_id) + 1; i < l->count;
	     i++) {
		json_t *facts = describe(l, i);
		char *text = json_dumps(facts, JSON_COMPACT | JSON_PRESERVE_ORDER);

		/* The body is text already: put it in before the last brace. */
		buf_add(out, text, strlen(text) - 1);
		buf_add_text(out, ",\"body\":");
		buf_add_text(out, l->list[i].body);
		buf_add_text(out, "}\n");
		free(text);
		json_decref(facts);
	}
	pthread_mutex_unlock(&l->lock);
}
