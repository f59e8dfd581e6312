/* tallies.c: see tallies.h. */
#include "tallies.h"

#include "base/clock.h"
#include "store/differences.h"
#include "store/follow_words.h"
#include "store/quarantine.h"
#include "base/poison.h"

#define QUIET_ALARM_MS 300000 /* a shorter wish is everyday */
#define LATE_MS (2 * 3600000)

static enum jembatan_result take_follows(struct app *a, struct tallies *out, struct why *why)
{
	struct arena *arena = arena_new();
	struct follow_word *words = arena_alloc(arena, FOLLOW_WORDS_MAX * sizeof(*words));
	outbox_stats(a->outbox, &out->central);
	outbox_polls_stats(a->outbox, &out->polls);
	enum jembatan_result r = follows_count(a->db, &out->follows, why);
	if (r == JEMBATAN_OK)
		r = follow_words_list(a->db, arena, words, &out->unknown_words, why);
	if (r == JEMBATAN_OK)
		r = differences_count(a->db, &out->differences, why);
	arena_free(arena);
	return r;
}

enum jembatan_result tallies_take(struct app *a, struct tallies *out, struct why *why)
{
	*out = (struct tallies){ 0 };
	db_stats(a->db, &out->db);
	enum jembatan_result r = inbox_count(a->db, 0, &out->inbox, why);
	if (r == JEMBATAN_OK)
		r = tickets_count(a->db, out->tickets, why);
	if (r == JEMBATAN_OK)
		r = quarantine_count(a->db, &out->quarantined, why);
	if (r == JEMBATAN_OK)
		r = outbox_rows_count(a->db, &out->outbox, why);
	if (r == JEMBATAN_OK)
		r = replies_count(a->db, &out->replies, why);
	if (r == JEMBATAN_OK && a->outbox != NULL)
		r = take_follows(a, out, why);
	return r;
}

static bool is_late(const struct app *a, const struct tallies *t)
{
	int64_t now = clock_now_ms();
	return a->settings->central.status.follow && t->follows.asked > 0 && t->polls.next_due_ms > 0 &&
	       now - t->polls.next_due_ms > LATE_MS && now - a->started_ms > LATE_MS &&
	       !t->central.paused;
}

unsigned tallies_alarms(const struct app *a, const struct tallies *t)
{
	const struct {
		bool is;
		enum tallies_alarm alarm;
	} all[] = {
		{ a->hold.active, TALLIES_HELD },
		{ t->central.trouble != NULL && t->central.trouble[0] != '\0', TALLIES_TROUBLE },
		{ t->central.quiet_ms >= QUIET_ALARM_MS, TALLIES_QUIET },
		{ t->outbox.by_state[OUTBOX_UNKNOWN] > 0, TALLIES_UNKNOWN },
		{ t->outbox.by_state[OUTBOX_REFUSED] > 0, TALLIES_REFUSED },
		{ is_late(a, t), TALLIES_LATE },
		{ t->unknown_words > 0, TALLIES_WORDS },
		{ t->differences > 0, TALLIES_DIFFERENCES },
	};
	unsigned found = 0;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		found |= all[i].is ? (unsigned)all[i].alarm : 0u;
	return found;
}
