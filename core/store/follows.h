/* follows.h: what the centre says of the tickets that it has taken: the state,
 * its raw words, its log and follow-ups, and when to ask next. A row exists
 * from the moment a ticket is pushed. Words are sealed with the ticket's key. */
#ifndef STORE_FOLLOWS_H
#define STORE_FOLLOWS_H

#include "store/db.h"

#define FOLLOWS_STATES 12u /* states are central/status.h's; only stored here */

struct follow_row {
	int64_t ticket_id;
	const char *reference, *tracking_id;
	int64_t instance_id, created_ms; /* of the ticket */
	const char *instance;
	int state;
	int64_t changed_ms; /* when the state was taken; 0: never */
	int64_t log_ms;     /* the newest line of the log when it was taken */
	const char *institution_id; /* where it lies at the centre; or NULL */
	const char *code, *name, *institution; /* the centre's words; or NULL */
	int64_t asked_ms;   /* the last readable answer; 0: never */
	int64_t due_ms;     /* -1: never again; 0: no time chosen yet */
	unsigned failures;  /* unreadable answers in a row */
	unsigned missing;   /* answers "no such complaint" in a row */
	int64_t checked_ms; /* the last nightly comparison */
	bool is_erased;     /* the ticket's words are: only state and number are kept, */
	bool was_secret;    /* and that it was secret */
};

/* Rows whose time has come, the most overdue first; those without a time come
 * before all. Words are left out. */
MUST_CHECK enum jembatan_result follows_due(struct db *db, int64_t now_ms, size_t limit,
					    struct arena *arena, struct follow_row *out,
					    size_t *out_count, struct why *why);
/* When the next row is due: -1: none. */
MUST_CHECK enum jembatan_result follows_next_due(struct db *db, int64_t *out_due_ms,
						 struct why *why);
/* Rows that this comparison has not looked at yet. Words are left out. */
MUST_CHECK enum jembatan_result follows_unchecked(struct db *db, int64_t run_ms, size_t limit,
						  struct arena *arena, struct follow_row *out,
						  size_t *out_count, struct why *why);
/* GONE: the ticket is not followed. */
MUST_CHECK enum jembatan_result follows_get(struct db *db, int64_t ticket_id, struct arena *arena,
					    struct follow_row *out, struct why *why);
/* Write all but checked_ms; a row that does not exist is made. The words are
 * left as they are when `name` is NULL, or when the ticket's were erased. */
MUST_CHECK enum jembatan_result follows_put(struct db *db, const struct follow_row *row,
					    struct why *why);
MUST_CHECK enum jembatan_result follows_set_due(struct db *db, int64_t ticket_id, int64_t due_ms,
						struct why *why);
/* Its words are about to be erased, or have been: what the centre said goes too, and
 * that it is secret stays once it was said. */
MUST_CHECK enum jembatan_result follows_let_words_go(struct db *db, int64_t ticket_id,
						     bool is_secret, struct why *why);
MUST_CHECK enum jembatan_result follows_set_checked(struct db *db, int64_t ticket_id,
						    int64_t run_ms, struct why *why);

enum follow_kind { FOLLOW_LOG = 0, FOLLOW_REPLY = 1 }; /* stored: never renumber */
struct follow_entry {
	int64_t id, at_ms, seen_ms; /* at_ms: the centre's time; 0: not said */
	enum follow_kind kind;
	const char *key;            /* what makes it the same entry again; on adding */
	const char *text, *from, *to; /* from, to: institutions; or NULL */
	bool is_ours;               /* a follow-up that we sent */
};
/* *out_is_new false: it was there already. An erased ticket takes none. */
MUST_CHECK enum jembatan_result follows_add_entry(struct db *db, int64_t ticket_id,
						  const struct follow_entry *entry,
						  bool *out_is_new, struct why *why);
/* Oldest first. */
MUST_CHECK enum jembatan_result follows_entries(struct db *db, int64_t ticket_id, size_t limit,
						struct arena *arena, struct follow_entry *out,
						size_t *out_count, struct why *why);

struct follow_counts {
	int64_t by_state[FOLLOWS_STATES];
	int64_t total, asked; /* asked: those that will be asked again */
};
MUST_CHECK enum jembatan_result follows_count(struct db *db, struct follow_counts *out,
					      struct why *why);

#endif
