/* compare.c: index and rows side by side. The rows decide: after a restart the
 * index is what they make of it, without a text being read again. */
#include "compare.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/poison.h"

#define LOAD_SLICE 128u
#define LOAD_US 50000 /* between two looks at the loop */
#define LOG_EVERY 100000
#define EVICT_SLICE 256u
#define DAY_MS INT64_C(86400000)
#define LEAP_MS (30 * DAY_MS)

struct compare {
	struct db *db;
	struct dedup_model *model; /* NULL: off */
	struct dedup_index *index;
	struct arena *arena; /* while loading; NULL: ready */
	int64_t loaded, newest; /* rows: read so far, and when the reading began */
	int64_t said;           /* rows, when the log was told */
	int64_t next_id, committed_id; /* of the next row; of the first that may be taken back */
	int64_t evicted;        /* -1: not known */
	int64_t clock_ms, clock_mono_ms, leapt_mono_ms; /* see time_of */
	struct { int64_t id, incident; } *moves; /* of the open transaction */
	size_t move_count, move_room;
	char alarm[480];
};

struct compare *compare_new(struct db *db)
{
	struct compare *c = xcalloc(1, sizeof(*c));
	c->db = db;
	return c;
}

static void close_index(struct compare *c)
{
	arena_free(c->arena);
	c->arena = NULL;
	dedup_index_free(c->index);
	c->index = NULL;
	dedup_model_free(c->model);
	c->model = NULL;
}

void compare_free(struct compare *c)
{
	if (c == NULL)
		return;
	close_index(c);
	free(c->moves);
	free(c);
}

bool compare_is_on(const struct compare *c)
{
	return c->index != NULL;
}

/* A clock that leapt ahead by years would forget the whole window, for good, and what is
 * said again would be new. Time goes on as before until it has been so for a day. */
static int64_t time_of(struct compare *c)
{
	int64_t now_ms = clock_now_ms(), mono_ms = clock_mono_ms();
	int64_t expected_ms = c->clock_ms + mono_ms - c->clock_mono_ms;
	if (c->clock_ms != 0 && now_ms - expected_ms > LEAP_MS) {
		if (c->leapt_mono_ms == 0) {
			c->leapt_mono_ms = mono_ms;
			log_warning("duplicates", "the clock is %lld days ahead of what it should be: "
				    "nothing is forgotten for a day",
				    (long long)((now_ms - expected_ms) / DAY_MS));
		}
		if (mono_ms - c->leapt_mono_ms < DAY_MS)
			return expected_ms;
	}
	c->clock_ms = now_ms;
	c->clock_mono_ms = mono_ms;
	c->leapt_mono_ms = 0;
	return now_ms;
}

static enum jembatan_result open_index(struct compare *c, const struct dedup_settings *settings,
				       struct why *why)
{
	int64_t newest = 0, newest_ms = 0, evicted = 0;
	enum jembatan_result r = dedup_model_load(dedup_model_folder(), db_local_key(c->db), &c->model,
						  why);
	if (r == JEMBATAN_OK)
		r = duplicates_newest(c->db, &newest, &newest_ms, why);
	if (r == JEMBATAN_OK)
		r = duplicates_evicted(c->db, &evicted, why);
	if (r != JEMBATAN_OK) {
		close_index(c);
		return r;
	}
	c->index = dedup_index_new(c->model, settings);
	c->arena = arena_new();
	c->newest = newest;
	c->clock_ms = newest_ms;
	c->clock_mono_ms = clock_mono_ms();
	c->loaded = c->said = c->evicted = evicted;
	if (newest > evicted)
		dedup_index_expect(c->index, (size_t)(newest - evicted));
	c->next_id = c->committed_id = newest + 1;
	return JEMBATAN_OK;
}

enum jembatan_result compare_take_settings(struct compare *c, const struct settings_duplicates *s,
					   struct why *why)
{
	struct dedup_settings settings = {
		.window_ms = s->window_ms, .automatic = s->automatic / 100.0,
		.review = s->review / 100.0, .separate = s->separate / 100.0,
	};
	c->alarm[0] = '\0';
	if (!s->enabled) {
		close_index(c);
		return JEMBATAN_OK;
	}
	if (c->index != NULL) {
		dedup_index_set(c->index, &settings);
		return JEMBATAN_OK;
	}
	enum jembatan_result r = open_index(c, &settings, why);
	if (r != JEMBATAN_OK)
		str_copy(c->alarm, sizeof(c->alarm), why->text);
	return r;
}

/* ---- from rows --------------------------------------------------------- */

static void load_row(struct compare *c, const struct duplicate_kept *row)
{
	struct fingerprint f;
	c->loaded = row->id;
	/* Erased, or damaged: its row and ticket say what was decided. */
	if (row->fingerprint.size == 0 ||
	    fingerprint_unpack(row->fingerprint, &f, NULL) != JEMBATAN_OK)
		return;
	dedup_index_add(c->index, (uint64_t)row->id, (uint64_t)row->incident, row->added_ms, &f);
}

static enum jembatan_result load_slice(struct compare *c, size_t *out_count, struct why *why)
{
	struct duplicate_kept rows[LOAD_SLICE];
	arena_reset(c->arena);
	enum jembatan_result r = duplicates_kept(c->db, c->loaded, LOAD_SLICE, c->arena, rows,
						 out_count, why);
	for (size_t i = 0; i < *out_count && r == JEMBATAN_OK; i++)
		load_row(c, &rows[i]);
	if (r == JEMBATAN_OK)
		dedup_index_expire(c->index, time_of(c));
	if (r == JEMBATAN_OK && c->loaded - c->said >= LOG_EVERY) {
		log_notice("duplicates", "reading back: row %lld of %lld; decisions wait for it",
			   (long long)c->loaded, (long long)c->newest);
		c->said = c->loaded;
	}
	return r;
}

enum jembatan_result compare_load(struct compare *c, int64_t budget_us, bool *out_ready,
				  struct why *why)
{
	int64_t until_us = clock_mono_us() + (budget_us < LOAD_US ? budget_us : LOAD_US);
	size_t count = LOAD_SLICE;
	*out_ready = c->arena == NULL; /* or it is off */
	if (*out_ready)
		return JEMBATAN_OK;
	while (count == LOAD_SLICE) {
		enum jembatan_result r = load_slice(c, &count, why);
		if (r != JEMBATAN_OK)
			return r;
		if (count == LOAD_SLICE && clock_mono_us() >= until_us)
			return JEMBATAN_OK;
	}
	arena_free(c->arena);
	c->arena = NULL;
	*out_ready = true;
	if (dedup_index_count(c->index) > 0)
		log_notice("duplicates", "%zu complaints of the window are known, %zu KiB",
			   dedup_index_count(c->index), dedup_index_bytes(c->index) / 1024);
	return JEMBATAN_OK;
}

void compare_stats(const struct compare *c, struct compare_stats *out)
{
	*out = (struct compare_stats){ .alarm = c->alarm[0] != '\0' ? c->alarm : NULL };
	if (c->index == NULL)
		return;
	out->on = true;
	out->ready = c->arena == NULL;
	out->count = dedup_index_count(c->index);
	out->bytes = dedup_index_bytes(c->index);
}

/* ---- one complaint ----------------------------------------------------- */

const struct dedup_model *compare_model(const struct compare *c)
{
	return c->model;
}

void compare_decide(struct compare *c, const struct dedup_input *input, int64_t own,
		    struct fingerprint *out, struct dedup_answer *out_answer)
{
	dedup_index_expire(c->index, time_of(c));
	dedup_index_read(c->index, input, out);
	dedup_index_decide_change(c->index, out, (uint64_t)own, out_answer);
}

enum jembatan_result compare_add(struct compare *c, struct duplicate_row *row,
				 const struct fingerprint *f, struct why *why)
{
	struct buf packed;
	buf_init(&packed, FINGERPRINT_ROW_MAX);
	if (f != NULL)
		fingerprint_pack(f, &packed);
	row->id = c->next_id;
	row->added_ms = time_of(c);
	if (row->incident == 0)
		row->incident = row->id;
	enum jembatan_result r = duplicates_add(c->db, row, buf_bytes(&packed), why);
	buf_done(&packed);
	if (r != JEMBATAN_OK)
		return r;
	c->next_id++;
	if (f != NULL)
		dedup_index_add(c->index, (uint64_t)row->id, (uint64_t)row->incident, row->added_ms, f);
	return JEMBATAN_OK;
}

void compare_move(struct compare *c, int64_t id, int64_t incident)
{
	if (c->move_count == c->move_room) {
		c->move_room = 2 * c->move_room + 16;
		c->moves = xrealloc(c->moves, c->move_room, sizeof(*c->moves));
	}
	c->moves[c->move_count].id = id;
	c->moves[c->move_count++].incident = incident;
}

void compare_forget(struct compare *c, int64_t id)
{
	if (c->index != NULL)
		dedup_index_forget(c->index, (uint64_t)id);
}

/* ---- the turn ---------------------------------------------------------- */

enum jembatan_result compare_tidy(struct compare *c, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	if (c->index == NULL || c->arena != NULL)
		return r;
	dedup_index_expire(c->index, time_of(c));
	int64_t oldest = (int64_t)dedup_index_oldest(c->index);
	if (oldest == 0)
		oldest = c->committed_id;
	if (c->evicted < 0)
		r = duplicates_evicted(c->db, &c->evicted, why);
	if (r != JEMBATAN_OK || oldest <= c->evicted + 1)
		return r;
	r = duplicates_evict(c->db, oldest, EVICT_SLICE, why);
	c->evicted = -1; /* read again: this turn may be aborted */
	return r;
}

void compare_committed(struct compare *c)
{
	c->committed_id = c->next_id;
	for (size_t i = 0; i < c->move_count && c->index != NULL; i++)
		dedup_index_move(c->index, (uint64_t)c->moves[i].id, (uint64_t)c->moves[i].incident);
	c->move_count = 0;
}

void compare_aborted(struct compare *c)
{
	if (c->index != NULL && c->next_id != c->committed_id)
		dedup_index_take_back(c->index, (uint64_t)c->committed_id);
	c->next_id = c->committed_id;
	c->evicted = -1;
	c->move_count = 0;
}
