/* social_budget.c: the counts of three processes, each in a state value of its
 * own: a line of numbers, then marks of what has been charged today. */
#include "social/social_budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUARTER_MS INT64_C(900000)
#define DAY_MS INT64_C(86400000)
#define MICRO INT64_C(1000000)
#define WINDOWS 3u
#define PRICES_MAX 32u
#define THING_BYTES 32u
#define MARK_BYTES 12u   /* hex digits */
#define MARKS_MAX 4000u  /* what comes after is counted each time */
#define VALUE_BYTES ((size_t)60 * 1024)

/* Windows are numbered from 1970 on; a number that is lower than the stored one
 * means that the clock was set back, and the stored one goes on. */
struct counts {
	int64_t quarter, quarter_units;
	int64_t day, day_units;
	int64_t month, month_units, month_micro;
	int64_t warned_month, mark_day;
};

struct price {
	char thing[THING_BYTES];
	int64_t micro;
};

struct social_budget {
	struct jembatan_context *ctx;
	enum social_role role;
	int64_t per_15min, per_day, per_month, cost_micro;
	int64_t day_begins_ms;
	struct price prices[PRICES_MAX];
	size_t price_count;
	const char *currency;
	int64_t last_micro; /* of the last spending, until it is settled */
	int64_t change_micro; /* settled, not on disk yet */
	bool is_changed;
	struct kit_text *marks; /* of mark_day, MARK_BYTES each */
	int64_t mark_day;
	int64_t next_poll_ms, paced_ms; /* not before; said when */
};

/* One of the three that units are counted in. */
struct window {
	const char *words, *option;
	int64_t limit, used, ends_ms; /* limit 0: none */
};

static const char *const keys[] = { "budget.poll", "budget.request", "budget.deliver" };

/* ---- money ------------------------------------------------------------- */

bool social_money_read(const char *text, int64_t *out_micro)
{
	int64_t micro = 0, digit = MICRO;
	size_t whole = strspn(text, "0123456789");

	if (whole == 0 || whole > 8)
		return false;
	for (size_t i = 0; i < whole; i++)
		micro = micro * 10 + (text[i] - '0');
	micro *= MICRO;
	text += whole;
	if (*text == '.') {
		size_t n = strspn(++text, "0123456789");

		if (n == 0 || n > 6)
			return false;
		for (size_t i = 0; i < n; i++)
			micro += (text[i] - '0') * (digit /= 10);
		text += n;
	}
	if (*text != '\0')
		return false;
	*out_micro = micro;
	return true;
}

void social_money_show(int64_t micro, char out[32])
{
	int64_t parts = (micro + 50) / 100; /* of ten thousand */
	int n = snprintf(out, 32, "%" PRId64 ".%04" PRId64, parts / 10000, parts % 10000);

	for (int i = 0; i < 2 && n > 0 && out[n - 1] == '0'; i++)
		out[--n] = '\0';
}

/* ---- options ----------------------------------------------------------- */

static int64_t limit_of(struct jembatan_context *ctx, const char *name, int64_t preset)
{
	return jembatan_get_string(ctx, name) ? jembatan_get_integer(ctx, name) : preset;
}

static bool set_price(struct social_budget *b, const char *thing, int64_t micro, bool is_known)
{
	size_t i = 0;

	while (i < b->price_count && strcmp(b->prices[i].thing, thing) != 0)
		i++;
	if (i == b->price_count && (is_known || i == PRICES_MAX || strlen(thing) >= THING_BYTES))
		return false;
	if (i == b->price_count)
		b->price_count++;
	memcpy(b->prices[i].thing, thing, strlen(thing) + 1);
	b->prices[i].micro = micro;
	return true;
}

static enum jembatan_result read_options(struct social_budget *b,
					 const struct social_budget_preset *preset)
{
	struct jembatan_context *ctx = b->ctx;
	const char *cost = jembatan_get_string(ctx, "budget_cost"), *thing, *text;

	b->per_15min = limit_of(ctx, "budget_15min", preset->per_15min);
	b->per_day = limit_of(ctx, "budget_day", preset->per_day);
	b->per_month = limit_of(ctx, "budget_month", preset->per_month);
	b->cost_micro = preset->cost_micro;
	b->day_begins_ms = preset->day_begins_minutes * INT64_C(60000);
	b->currency = jembatan_get_string(ctx, "currency");
	if (cost && !social_money_read(cost, &b->cost_micro))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: budget_cost is an amount such as \"25\" or \"12.50\"",
					jembatan_where(ctx, "budget_cost", NULL));
	for (size_t i = 0; preset->prices && preset->prices[i].thing; i++)
		(void)set_price(b, preset->prices[i].thing, preset->prices[i].micro, false);
	for (size_t i = 0; jembatan_get_entry(ctx, "prices", i, &thing, &text); i++) {
		int64_t micro;

		if (!social_money_read(text, &micro) || !set_price(b, thing, micro, true))
			return jembatan_explain(ctx, JEMBATAN_CONFIG,
						"%s: either this network has no such price, or it is "
						"not an amount such as \"0.005\"",
						jembatan_where(ctx, "prices", thing));
	}
	return JEMBATAN_OK;
}

enum jembatan_result social_budget_new(struct jembatan_context *ctx,
				       const struct social_budget_preset *preset,
				       struct social_budget **out)
{
	static const struct social_budget_preset nothing = { .per_15min = 0 };
	struct social_budget *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	b->ctx = ctx;
	b->marks = kit_text_new(MARKS_MAX * MARK_BYTES);
	enum jembatan_result result = read_options(b, preset ? preset : &nothing);

	if (result == JEMBATAN_OK)
		*out = b;
	else
		social_budget_free(b);
	return result;
}

void social_budget_free(struct social_budget *b)
{
	if (b)
		kit_text_free(b->marks);
	free(b);
}

void social_budget_set_role(struct social_budget *b, enum social_role role)
{
	b->role = role;
	b->mark_day = 0;
	kit_text_clear(b->marks);
}

int64_t social_budget_price(const struct social_budget *b, const char *thing)
{
	for (size_t i = 0; i < b->price_count; i++)
		if (strcmp(b->prices[i].thing, thing) == 0)
			return b->prices[i].micro;
	return 0;
}

/* ---- windows ----------------------------------------------------------- */

/* "2026-11" as a number that grows by one each month. */
static int64_t month_of(int64_t ms)
{
	char text[32];

	kit_time_format_rfc3339(ms, 0, text);
	return strtoll(text, NULL, 10) * 12 + strtoll(text + 5, NULL, 10) - 1;
}

static int64_t month_begins_ms(int64_t month)
{
	char text[64];
	int64_t ms = 0;

	(void)snprintf(text, sizeof(text), "%04" PRId64 "-%02" PRId64 "-01T00:00:00Z", month / 12,
		       month % 12 + 1);
	return kit_time_parse(text, NULL, 0, &ms) == JEMBATAN_OK ? ms : 0;
}

static struct counts windows_at(const struct social_budget *b, int64_t now_ms)
{
	return (struct counts){ .quarter = now_ms / QUARTER_MS,
				.day = (now_ms - b->day_begins_ms) / DAY_MS,
				.month = month_of(now_ms) };
}

/* What stands in c of windows that are over does not count any more. */
static void roll(struct counts *c, const struct counts *now)
{
	if (c->quarter < now->quarter) {
		c->quarter = now->quarter;
		c->quarter_units = 0;
	}
	if (c->day < now->day) {
		c->day = now->day;
		c->day_units = 0;
	}
	if (c->month < now->month) {
		c->month = now->month;
		c->month_units = c->month_micro = 0;
	}
}

/* ---- on disk ----------------------------------------------------------- */

static bool read_counts(const char *text, struct counts *out)
{
	struct counts c = { 0 };
	int64_t *const fields[] = { &c.quarter, &c.quarter_units, &c.day, &c.day_units, &c.month,
				    &c.month_units, &c.month_micro, &c.warned_month, &c.mark_day };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *end;

		*fields[i] = strtoll(text, &end, 10);
		if (end == text)
			return false;
		text = end;
	}
	*out = c;
	return true;
}

/* GONE counts as nothing spent. With our own come the marks of its day. */
static enum jembatan_result load(struct social_budget *b, size_t role, struct counts *out)
{
	struct jembatan_bytes value;
	enum jembatan_result result = jembatan_state_get(b->ctx, keys[role], &value);

	*out = (struct counts){ 0 };
	if (result == JEMBATAN_GONE)
		return JEMBATAN_OK;
	if (result != JEMBATAN_OK || value.size > VALUE_BYTES)
		return result;
	char *text = malloc(value.size + 1);

	if (!text)
		abort();
	memcpy(text, value.data, value.size);
	text[value.size] = '\0';
	if (read_counts(text, out) && role == b->role && b->mark_day < out->mark_day) {
		const char *marks = strchr(text, '\n');

		b->mark_day = out->mark_day;
		kit_text_clear(b->marks);
		kit_text_add_string(b->marks, marks ? marks + 1 : "");
	}
	free(text);
	return JEMBATAN_OK;
}

/* Our own, and the sum of all; both rolled forward to now. */
static enum jembatan_result load_all(struct social_budget *b, int64_t now_ms, struct counts *out_own,
				     struct counts *out_sum)
{
	const struct counts now = windows_at(b, now_ms);
	enum jembatan_result result = JEMBATAN_OK;
	struct counts sum = now, one;

	for (size_t i = 0; i < SOCIAL_ROLES && result == JEMBATAN_OK; i++) {
		result = load(b, i, &one);
		roll(&one, &now);
		if (i == b->role) {
			one.month_micro += b->change_micro;
			if (one.month_micro < 0)
				one.month_micro = 0;
			*out_own = one;
		}
		sum.quarter_units += one.quarter_units;
		sum.day_units += one.day_units;
		sum.month_units += one.month_units;
		sum.month_micro += one.month_micro;
	}
	*out_sum = sum;
	return result;
}

static enum jembatan_result store(struct social_budget *b, struct counts *c)
{
	struct kit_text *value = kit_text_new(VALUE_BYTES);

	c->mark_day = b->mark_day;
	kit_text_printf(value, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
			" %" PRId64 " %" PRId64 " %" PRId64 "\n", c->quarter, c->quarter_units, c->day,
			c->day_units, c->month, c->month_units, c->month_micro, c->warned_month,
			c->mark_day);
	kit_text_add_string(value, kit_text_string(b->marks));
	enum jembatan_result result = jembatan_state_put(b->ctx, keys[b->role],
							 kit_text_bytes(value));

	kit_text_free(value);
	if (result == JEMBATAN_OK) {
		b->change_micro = 0;
		b->is_changed = false;
	}
	return result;
}

/* ---- limits ------------------------------------------------------------ */

static enum jembatan_result used_up(struct social_budget *b, int64_t wait_ms, const char *what,
				    const char *option)
{
	jembatan_delay(b->ctx, wait_ms);
	return jembatan_explain(b->ctx, JEMBATAN_RETRY,
				"the budget of %s is used up (%s, %s): it goes on by itself when that "
				"time is over, or with a higher one after `jembatan reload`", what,
				option, jembatan_where(b->ctx, option, NULL));
}

/* Polls stop before replies do. */
static int64_t limit_for(enum social_role role, int64_t limit)
{
	return role == SOCIAL_DELIVER ? limit : limit - limit / 10;
}

static void windows_of(const struct social_budget *b, const struct counts *sum,
		       struct window out[WINDOWS])
{
	out[0] = (struct window){ "a month", "budget_month", b->per_month, sum->month_units,
				  month_begins_ms(sum->month + 1) };
	out[1] = (struct window){ "a day", "budget_day", b->per_day, sum->day_units,
				  (sum->day + 1) * DAY_MS + b->day_begins_ms };
	out[2] = (struct window){ "in 15 minutes", "budget_15min", b->per_15min, sum->quarter_units,
				  (sum->quarter + 1) * QUARTER_MS };
}

static enum jembatan_result judge(struct social_budget *b, const struct counts *sum, int64_t units,
				  int64_t micro, int64_t now_ms)
{
	char what[80], money[32];
	struct window windows[WINDOWS];

	if (b->cost_micro > 0 && micro > 0 &&
	    sum->month_micro + micro > limit_for(b->role, b->cost_micro)) {
		social_money_show(b->cost_micro, money);
		(void)snprintf(what, sizeof(what), "%.8s %s a month", b->currency, money);
		return used_up(b, month_begins_ms(sum->month + 1) - now_ms, what, "budget_cost");
	}
	windows_of(b, sum, windows);
	for (size_t i = 0; i < WINDOWS; i++) {
		const struct window *w = &windows[i];

		if (w->limit == 0 || w->used + units <= limit_for(b->role, w->limit))
			continue;
		(void)snprintf(what, sizeof(what), "%" PRId64 " requests %s", w->limit, w->words);
		return used_up(b, w->ends_ms - now_ms, what, w->option);
	}
	return JEMBATAN_OK;
}

/* ---- the pace ---------------------------------------------------------- */

/* The first half of a window may be used at will. From there on what is left to
 * polls is spread over what is left of the time, so that a flood in the morning
 * does not blind a channel until the evening. 0: at will. */
static int64_t each_ms(const struct window *w, int64_t now_ms)
{
	int64_t left = limit_for(SOCIAL_POLL, w->limit) - w->used;

	if (w->limit == 0 || w->used * 2 < w->limit || w->ends_ms <= now_ms)
		return 0;
	return (w->ends_ms - now_ms) / (left > 1 ? left : 1);
}

static int64_t pace_of(const struct social_budget *b, const struct counts *sum, int64_t now_ms)
{
	struct window windows[WINDOWS];
	int64_t slowest_ms = 0;

	windows_of(b, sum, windows);
	for (size_t i = 0; i < WINDOWS; i++)
		if (each_ms(&windows[i], now_ms) > slowest_ms)
			slowest_ms = each_ms(&windows[i], now_ms);
	return slowest_ms;
}

/* sum: with these units. No wait is longer than its window. */
static void slow_down(struct social_budget *b, const struct counts *sum, int64_t units,
		      int64_t now_ms)
{
	int64_t from_ms = now_ms + social_budget_wait_ms(b), next_ms = from_ms;
	struct window windows[WINDOWS];

	windows_of(b, sum, windows);
	for (size_t i = 0; i < WINDOWS; i++) {
		int64_t wait_ms = units * each_ms(&windows[i], now_ms);
		int64_t then_ms = from_ms + wait_ms < windows[i].ends_ms ? from_ms + wait_ms :
									  windows[i].ends_ms;

		if (wait_ms > 0 && then_ms > next_ms)
			next_ms = then_ms;
	}
	b->next_poll_ms = next_ms;
	b->paced_ms = now_ms;
}

int64_t social_budget_wait_ms(struct social_budget *b)
{
	int64_t now_ms = jembatan_now_ms(b->ctx);

	/* Set back, a clock must not hold us up. */
	return now_ms < b->paced_ms || b->next_poll_ms < now_ms ? 0 : b->next_poll_ms - now_ms;
}

/* ---- spending ---------------------------------------------------------- */

/* Then nothing need be counted. */
static bool is_unlimited(const struct social_budget *b)
{
	return b->per_15min == 0 && b->per_day == 0 && b->per_month == 0 && b->price_count == 0;
}

/* Four fifths gone: said once a month. */
static void warn_early(struct social_budget *b, struct counts *own, const struct counts *sum,
		       int64_t micro)
{
	char used[32], all[32];

	if (b->cost_micro == 0 || own->warned_month >= sum->month ||
	    sum->month_micro + micro < b->cost_micro - b->cost_micro / 5)
		return;
	own->warned_month = sum->month;
	social_money_show(sum->month_micro + micro, used);
	social_money_show(b->cost_micro, all);
	jembatan_log(b->ctx, JEMBATAN_WARNING,
		     "%s %s of this month's %s are used (budget_cost): at nine tenths polls stop, the "
		     "last tenth is for replies", b->currency, used, all);
}

enum jembatan_result social_budget_spend(struct social_budget *b, int64_t units, int64_t micro)
{
	int64_t now_ms = jembatan_now_ms(b->ctx);
	struct counts own, sum;

	if (is_unlimited(b))
		return JEMBATAN_OK;
	enum jembatan_result result = load_all(b, now_ms, &own, &sum);

	if (result == JEMBATAN_OK)
		result = judge(b, &sum, units, micro, now_ms);
	if (result != JEMBATAN_OK)
		return result;
	warn_early(b, &own, &sum, micro);
	own.quarter_units += units;
	own.day_units += units;
	own.month_units += units;
	own.month_micro += micro;
	result = store(b, &own);
	if (result != JEMBATAN_OK)
		return result;
	b->last_micro = micro;
	sum.quarter_units += units;
	sum.day_units += units;
	sum.month_units += units;
	if (b->role == SOCIAL_POLL)
		slow_down(b, &sum, units, now_ms);
	return result;
}

/* What changed since gets to disk, with the marks. */
static enum jembatan_result flush(struct social_budget *b, struct counts *out_sum)
{
	struct counts own;
	enum jembatan_result result = load_all(b, jembatan_now_ms(b->ctx), &own, out_sum);

	return result == JEMBATAN_OK && b->is_changed ? store(b, &own) : result;
}

enum jembatan_result social_budget_settle(struct social_budget *b, int64_t micro)
{
	struct counts sum;

	b->is_changed |= micro != b->last_micro;
	b->change_micro += micro - b->last_micro;
	b->last_micro = micro;
	return flush(b, &sum);
}

enum jembatan_result social_budget_note(struct social_budget *b, int64_t micro)
{
	b->last_micro = 0;
	return social_budget_settle(b, micro);
}

bool social_budget_is_new(struct social_budget *b, const char *thing, const char *id)
{
	const char *const parts[] = { thing, id };
	int64_t day = jembatan_now_ms(b->ctx) / DAY_MS;
	char mark[65];

	if (b->mark_day < day) {
		b->mark_day = day;
		kit_text_clear(b->marks);
	}
	kit_digest(parts, 2, mark);
	mark[MARK_BYTES] = '\0';
	const struct jembatan_bytes all = kit_text_bytes(b->marks);
	const char *text = all.data;

	for (size_t i = 0; i + MARK_BYTES <= all.size; i += MARK_BYTES)
		if (memcmp(text + i, mark, MARK_BYTES) == 0)
			return false;
	kit_text_add(b->marks, mark, MARK_BYTES);
	b->is_changed = true;
	return true;
}

enum jembatan_result social_budget_look(struct social_budget *b, struct social_budget_view *out)
{
	struct counts sum;
	enum jembatan_result result = flush(b, &sum);

	if (result != JEMBATAN_OK)
		return result;
	*out = (struct social_budget_view){
		.quarter_left = b->per_15min > 0 ? b->per_15min - sum.quarter_units : -1,
		.day_left = b->per_day > 0 ? b->per_day - sum.day_units : -1,
		.month_left = b->per_month > 0 ? b->per_month - sum.month_units : -1,
		.quarter = b->per_15min,
		.day = b->per_day,
		.month = b->per_month,
		.cost_micro = sum.month_micro,
		.cost_limit_micro = b->cost_micro,
		.pace_ms = pace_of(b, &sum, jembatan_now_ms(b->ctx)),
		.has_prices = b->price_count > 0,
		.currency = b->currency,
	};
	return result;
}
