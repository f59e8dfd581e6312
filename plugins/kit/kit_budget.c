/* kit_budget.c: requests per minute (in memory) and per day (kept in sealed
 * state). The day's count is written ahead in steps, so that a crash can only
 * waste a step, never overspend, and not every request costs a commit. */
#include "kit/kit_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define MINUTE_MS 60000
#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define STATE_KEY "kit.budget"

static void load(struct kit_budget *b, struct jembatan_context *ctx)
{
	struct jembatan_bytes value;
	char text[64];
	b->is_loaded = true;
	b->day = -1;
	if (jembatan_state_get(ctx, STATE_KEY, &value) != JEMBATAN_OK || value.size >= sizeof(text))
		return;
	memcpy(text, value.data, value.size);
	text[value.size] = '\0';
	char *end;
	b->day = strtoll(text, &end, 10);
	b->day_count = b->reserved = strtoll(end, NULL, 10);
}

static enum jembatan_result reserve(struct kit_budget *b, struct jembatan_context *ctx,
				    struct kit_why *why)
{
	char text[64];
	int64_t step = b->per_day / 100 > 1 ? b->per_day / 100 : 1;
	int64_t until = b->day_count + (step < 50 ? step : 50);
	int n = snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, b->day, until);
	enum jembatan_result result =
		jembatan_state_put(ctx, STATE_KEY, (struct jembatan_bytes){ text, (size_t)n });
	if (result != JEMBATAN_OK)
		return kit_why_set(why, result, "the day's request budget could not be stored");
	b->reserved = until;
	return JEMBATAN_OK;
}

static enum jembatan_result spend_day(struct kit_budget *b, struct jembatan_context *ctx,
				      int64_t now_ms, int64_t *out_wait_ms, struct kit_why *why)
{
	if (!b->is_loaded)
		load(b, ctx);
	int64_t day = now_ms / DAY_MS;
	if (day != b->day) {
		b->day = day;
		b->day_count = b->reserved = 0;
	}
	if (b->day_count >= b->per_day) {
		*out_wait_ms = (day + 1) * DAY_MS - now_ms;
		return kit_why_set(why, JEMBATAN_RETRY,
				   "the day's budget of %" PRId64
				   " requests is spent; it goes on at "
				   "00:00 UTC, or raise requests_per_day",
				   b->per_day);
	}
	b->day_count++;
	return b->day_count > b->reserved ? reserve(b, ctx, why) : JEMBATAN_OK;
}

enum jembatan_result kit_budget_spend(struct kit_budget *b, struct jembatan_context *ctx,
				      int64_t *out_wait_ms, struct kit_why *why)
{
	int64_t now_ms = jembatan_now_ms(ctx);
	if (b->per_minute > 0) {
		int64_t age = now_ms - b->minute_start_ms;
		if (age < 0 || age >= MINUTE_MS) {
			b->minute_start_ms = now_ms;
			b->minute_count = 0;
			age = 0;
		}
		if (b->minute_count >= b->per_minute) {
			*out_wait_ms = MINUTE_MS - age;
			return kit_why_set(why, JEMBATAN_RETRY,
					   "the budget of %" PRId64 " requests a minute is spent",
					   b->per_minute);
		}
	}
	if (b->per_day > 0) {
		enum jembatan_result result = spend_day(b, ctx, now_ms, out_wait_ms, why);
		if (result != JEMBATAN_OK)
			return result;
	}
	b->minute_count++;
	return JEMBATAN_OK;
}
