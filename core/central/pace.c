/* pace.c: the breaker and its companions. A probe is a question, never a
 * push, so that finding out whether the centre is back can double nothing. */
#include "central/pace.h"

#include "base/backoff.h"

#include "base/poison.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define SLOWER_MS 200 /* less is no sign of anything */
/* Every fiftieth answer may say "busy" on a good day; three close together, or
 * one in eight, mean it. */
#define SHARE_ONE 1024u
#define SHARE_HALVES 160u

void pace_init(struct pace *p, const struct central_tuning *tuning, unsigned most,
	       unsigned budget)
{
	*p = (struct pace){ .tuning = tuning,
			    .most = most > 0 ? most : 1,
			    .limit = 1,
			    .budget = budget,
			    .day = -1 };
}

void pace_change(struct pace *p, unsigned most, unsigned budget, int64_t mono_ms)
{
	p->most = most > 0 ? most : 1;
	if (p->limit > p->most)
		p->limit = p->most;
	p->budget = budget;
	if (p->state == PACE_OPEN)
		p->probe_mono_ms = mono_ms;
}

static bool is_quiet(const struct pace *p, int64_t mono_ms)
{
	return p->quiet_until_mono_ms > mono_ms;
}

int64_t pace_quiet_ms(const struct pace *p, int64_t mono_ms)
{
	return is_quiet(p, mono_ms) ? p->quiet_until_mono_ms - mono_ms : 0;
}

void pace_resume(struct pace *p, int64_t mono_ms)
{
	p->quiet_until_mono_ms = 0;
	if (p->state == PACE_OPEN)
		p->probe_mono_ms = mono_ms;
}

unsigned pace_allowed(const struct pace *p, int64_t mono_ms)
{
	if (is_quiet(p, mono_ms))
		return 0;
	if (p->state == PACE_CLOSED)
		return p->limit;
	return p->state == PACE_TRYING ? 1 : 0;
}

bool pace_wants_probe(const struct pace *p, int64_t mono_ms)
{
	return p->state == PACE_OPEN && p->probe_mono_ms <= mono_ms && !is_quiet(p, mono_ms);
}

void pace_probe_begin(struct pace *p)
{
	p->state = PACE_PROBING;
}

/* Said with an answer that took or refused a report, it is no wish to wait. */
static void be_quiet(struct pace *p, struct outcome_verdict v, int64_t retry_after_ms,
		     int64_t mono_ms)
{
	if (v.trouble != OUTCOME_FINE && retry_after_ms > 0 && mono_ms + retry_after_ms > p->quiet_until_mono_ms)
		p->quiet_until_mono_ms = mono_ms + retry_after_ms;
}

static void open_breaker(struct pace *p, enum outcome_trouble trouble, int64_t mono_ms)
{
	bool is_lasting = trouble == OUTCOME_AUTH || trouble == OUTCOME_MISCONFIG;
	int64_t first = is_lasting ? p->tuning->auth_first_ms : p->tuning->breaker_first_ms;

	p->state = PACE_OPEN;
	p->trouble = trouble;
	p->openings++;
	p->probe_mono_ms =
		mono_ms + backoff_jitter_ms(p->openings, first, p->tuning->breaker_ceiling_ms);
}

void pace_probe_end(struct pace *p, struct outcome_verdict v, int64_t retry_after_ms,
		    int64_t mono_ms)
{
	be_quiet(p, v, retry_after_ms, mono_ms);
	/* Any answer of the interface will do, a 404 too: it is back. */
	if (v.trouble == OUTCOME_FINE)
		p->state = PACE_TRYING;
	else
		open_breaker(p, v.trouble, mono_ms);
}

static void on_success(struct pace *p)
{
	p->failures = 0;
	p->openings = 0;
	p->trouble = OUTCOME_FINE;
	if (p->state == PACE_TRYING)
		p->state = PACE_CLOSED;
	p->trouble_share -= p->trouble_share / 16;
	if (p->is_slower || p->limit >= p->most)
		return;
	if (!p->was_halved || ++p->successes >= p->limit) {
		p->limit++;
		p->successes = 0;
	}
}

static void on_trouble(struct pace *p)
{
	p->successes = 0;
	p->trouble_share += (SHARE_ONE - p->trouble_share) / 16;
	if (p->trouble_share < SHARE_HALVES)
		return;
	p->trouble_share = 0;
	p->was_halved = true;
	p->limit = p->limit > 1 ? p->limit / 2 : 1;
}

void pace_took(struct pace *p, int64_t took_ms)
{
	p->took_ms += took_ms;
	if (++p->took_count < p->limit)
		return;
	int64_t mean = p->took_ms / p->took_count;
	if (p->lowest_ms == 0 || mean < p->lowest_ms)
		p->lowest_ms = mean;
	else
		p->lowest_ms += (mean - p->lowest_ms) / 16;
	p->is_slower = mean > 2 * p->lowest_ms + SLOWER_MS;
	p->took_ms = 0;
	p->took_count = 0;
}

bool pace_ended(struct pace *p, struct outcome_verdict v, int64_t retry_after_ms,
		int64_t mono_ms)
{
	be_quiet(p, v, retry_after_ms, mono_ms);
	/* A refusal is an answer: the centre is well. */
	if (v.outcome == OUTCOME_DONE || v.outcome == OUTCOME_REFUSED) {
		/* One that was under way when the breaker opened proves nothing
		 * about what is there now; a probe will. */
		if (p->state == PACE_CLOSED || p->state == PACE_TRYING)
			on_success(p);
		return false;
	}
	if (v.trouble == OUTCOME_BUSY || v.trouble == OUTCOME_DOWN)
		on_trouble(p);
	p->failures++;
	if (p->state == PACE_OPEN || p->state == PACE_PROBING)
		return false;
	bool is_lasting = v.trouble == OUTCOME_AUTH || v.trouble == OUTCOME_MISCONFIG;
	if (p->state == PACE_CLOSED && !is_lasting && p->failures < p->tuning->breaker_failures)
		return false;
	open_breaker(p, v.trouble, mono_ms);
	return true;
}

int64_t pace_wait_ms(const struct pace *p, int64_t mono_ms)
{
	int64_t until = p->quiet_until_mono_ms;

	if (p->state == PACE_OPEN && p->probe_mono_ms > until)
		until = p->probe_mono_ms;
	return until > mono_ms ? until - mono_ms : -1;
}

void pace_budget_set(struct pace *p, int64_t day, unsigned used)
{
	p->day = day;
	p->used = used;
}

size_t pace_budget_room(struct pace *p, int64_t now_ms, int zone_minutes)
{
	int64_t day = (now_ms + (int64_t)zone_minutes * 60000) / DAY_MS;

	if (day != p->day)
		pace_budget_set(p, day, 0);
	if (p->budget == 0)
		return SIZE_MAX;
	return p->used < p->budget ? p->budget - p->used : 0;
}

bool pace_budget_left(struct pace *p, int64_t now_ms, int zone_minutes)
{
	return pace_budget_room(p, now_ms, zone_minutes) > 0;
}

void pace_budget_use(struct pace *p)
{
	p->used++;
}

const char *pace_state_name(enum pace_state state)
{
	static const char *const names[] = { "closed", "open", "probing", "trying" };

	return names[state];
}
