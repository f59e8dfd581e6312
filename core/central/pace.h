/* pace.h: whether and how many requests may go to the centre now: a breaker
 * with one probe at a time, adaptive parallelism, Retry-After, a daily budget.
 * Plain values and given times; no clock, no network. */
#ifndef CENTRAL_PACE_H
#define CENTRAL_PACE_H

#include "central/central.h"
#include "central/outcome.h"

enum pace_state {
	PACE_CLOSED = 0, /* all is well */
	PACE_OPEN,       /* nothing goes out but a probe when it is due */
	PACE_PROBING,    /* one probe is under way */
	PACE_TRYING      /* the probe was answered: one real request at a time */
};

struct pace {
	const struct central_tuning *tuning;
	enum pace_state state;
	enum outcome_trouble trouble; /* why it is not closed */
	unsigned failures;            /* in a row */
	unsigned openings;            /* since the last real success */
	int64_t probe_mono_ms;        /* OPEN: when the next probe is due */
	int64_t quiet_until_mono_ms;  /* Retry-After; 0: none */
	unsigned limit, most;         /* at once: now, and at most */
	unsigned successes;           /* since the limit changed */
	bool was_halved;              /* until then it doubles with each window */
	unsigned trouble_share;       /* of late, in 1/1024 */
	int64_t took_ms, lowest_ms;   /* this window's answers, the quickest window's mean */
	unsigned took_count;
	bool is_slower;               /* the last window took long: no more at once */
	unsigned budget;              /* requests a day; 0: no end */
	unsigned used;
	int64_t day;
};

void pace_init(struct pace *p, const struct central_tuning *tuning, unsigned most,
	       unsigned budget);

/* Other settings: what is under way beyond the new limits ends by itself. A
 * breaker that is open asks at once whether the change has helped. */
void pace_change(struct pace *p, unsigned most, unsigned budget, int64_t mono_ms);

/* How long the centre wishes to be left alone; 0: not at all. */
int64_t pace_quiet_ms(const struct pace *p, int64_t mono_ms);
/* A person knows better: no such wish, and a breaker that is open asks at once. */
void pace_resume(struct pace *p, int64_t mono_ms);

/* How many may be under way at once now; 0 while it is open or quiet. */
unsigned pace_allowed(const struct pace *p, int64_t mono_ms);
/* A probe is due: send it, then pace_probe_begin. */
bool pace_wants_probe(const struct pace *p, int64_t mono_ms);
void pace_probe_begin(struct pace *p);
void pace_probe_end(struct pace *p, struct outcome_verdict v, int64_t retry_after_ms,
		    int64_t mono_ms);
/* A real request has ended. retry_after_ms -1: not given. True when this
 * opened the breaker: tell the operator. */
bool pace_ended(struct pace *p, struct outcome_verdict v, int64_t retry_after_ms,
		int64_t mono_ms);
/* How long an answer took, of any kind. Parallelism does not grow while answers
 * take much longer than they did with less of it. */
void pace_took(struct pace *p, int64_t took_ms);
/* When pace_allowed or pace_wants_probe may change by itself: ms from now;
 * -1: never. */
int64_t pace_wait_ms(const struct pace *p, int64_t mono_ms);

/* The budget: days begin at midnight of the centre's zone. */
void pace_budget_set(struct pace *p, int64_t day, unsigned used); /* at start */
/* How many requests more today; SIZE_MAX: any number. */
size_t pace_budget_room(struct pace *p, int64_t now_ms, int zone_minutes);
bool pace_budget_left(struct pace *p, int64_t now_ms, int zone_minutes);
void pace_budget_use(struct pace *p);

const char *pace_state_name(enum pace_state state);

#endif
