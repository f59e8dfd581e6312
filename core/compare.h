/* compare.h: the daemon's memory of the complaints of the window: the index of
 * core/ticket/dedup over the rows of core/store/duplicates. What the open turn
 * adds is in the index at once, so that a turn's messages see one another, and
 * is taken back when the turn is aborted. */
#ifndef CORE_COMPARE_H
#define CORE_COMPARE_H

#include "config/settings.h"
#include "store/duplicates.h"
#include "ticket/dedup.h"

struct compare;

struct compare *compare_new(struct db *db);
void compare_free(struct compare *c); /* NULL is fine */

/* Begin, go on with other thresholds, or end. CONFIG: the shipped files cannot
 * be read; nothing is compared then. */
MUST_CHECK enum jembatan_result compare_take_settings(struct compare *c,
						      const struct settings_duplicates *s,
						      struct why *why);
bool compare_is_on(const struct compare *c);
/* After a start the rows of the window are read, a slice a call: at most so
 * long. Nothing may be decided before *out_ready. */
MUST_CHECK enum jembatan_result compare_load(struct compare *c, int64_t budget_us,
					     bool *out_ready, struct why *why);

struct compare_stats {
	bool on, ready;
	size_t count, bytes; /* in memory */
	const char *alarm;   /* why nothing is compared although it should be; or NULL */
};
void compare_stats(const struct compare *c, struct compare_stats *out);

/* ---- while it is on and ready ---- */

const struct dedup_model *compare_model(const struct compare *c);
/* own: the incident of which it is a change, and which is not looked at; 0: none. */
void compare_decide(struct compare *c, const struct dedup_input *input, int64_t own,
		    struct fingerprint *out, struct dedup_answer *out_answer);
/* Store the row (its id and, where it is 0, its incident are chosen here) and
 * remember it. Without a fingerprint it is only stored. */
MUST_CHECK enum jembatan_result compare_add(struct compare *c, struct duplicate_row *row,
					    const struct fingerprint *f, struct why *why);
/* A person put this row into another incident: taken over with the commit. */
void compare_move(struct compare *c, int64_t id, int64_t incident);
/* The message was erased: once that is committed. */
void compare_forget(struct compare *c, int64_t id);

/* In an idle turn: forget what is older than the window, here and on disk. */
MUST_CHECK enum jembatan_result compare_tidy(struct compare *c, struct why *why);
void compare_committed(struct compare *c);
void compare_aborted(struct compare *c);

#endif
