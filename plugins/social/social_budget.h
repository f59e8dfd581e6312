/* social_budget.h: what may be asked of a network: units (requests; on YouTube
 * its quota units) in 15 minutes, a day and a month, and money in a month. What
 * is spent is on disk before the call, so a kill never forgets it. Poll, request
 * and deliver run in processes of their own: each keeps its own count under
 * "budget.<role>" and adds those of the others. */
#ifndef SOCIAL_BUDGET_H
#define SOCIAL_BUDGET_H

#include <jembatan/kit.h>

enum social_role { SOCIAL_POLL, SOCIAL_REQUEST, SOCIAL_DELIVER, SOCIAL_ROLES };

/* Millionths of the currency for one thing: a post read, a reply. */
struct social_price {
	const char *thing;
	int64_t micro;
};

/* A network's own figures; options put others in their place. 0: no limit. */
struct social_budget_preset {
	int64_t per_15min, per_day, per_month;
	int64_t cost_micro; /* a month */
	const struct social_price *prices; /* ends with a NULL thing; or NULL */
	int day_begins_minutes; /* after 00:00 UTC */
};

/* For the plugin's option table. */
#define SOCIAL_BUDGET_OPTIONS \
	{ "budget_15min", JEMBATAN_INTEGER, 0, NULL, 0, 1000000, NULL, \
	  "At most so many requests (YouTube: quota units) in 15 minutes; 0: no limit; preset: what " \
	  "the network allows. From half of it on polls slow down, the last tenth is for replies." }, \
	{ "budget_day", JEMBATAN_INTEGER, 0, NULL, 0, 100000000, NULL, \
	  "The same for a day." }, \
	{ "budget_month", JEMBATAN_INTEGER, 0, NULL, 0, 1000000000, NULL, \
	  "The same for a month (UTC)." }, \
	{ "budget_cost", JEMBATAN_STRING, 0, NULL, 0, 0, NULL, \
	  "What a month (UTC) may cost, such as \"25\" or \"12.50\"; then nothing more is asked until " \
	  "the next one. The last tenth is kept for replies." }, \
	{ "prices", JEMBATAN_MAP, 0, NULL, 0, 0, NULL, \
	  "Thing to price, where it is another than the preset (X: mention, post, user, media, reply, " \
	  "reply_url)." }, \
	{ "currency", JEMBATAN_STRING, 0, "USD", 0, 0, NULL, \
	  "Of budget_cost and prices; it is only shown." }

/* "12.5" to millionths. False: no such number, or 100 million and more. Pure. */
bool social_money_read(const char *text, int64_t *out_micro);
/* "12.50", "0.0315": two to four digits behind the point. Pure. */
void social_money_show(int64_t micro, char out[32]);

struct social_budget;

/* preset NULL: no limits, no prices. CONFIG, explained, when an option is no
 * number or price. Without state: for check() and preview() too. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_budget_new(struct jembatan_context *ctx, const struct social_budget_preset *preset,
		  struct social_budget **out);
void social_budget_free(struct social_budget *budget);
/* Whose count the spending goes to; POLL at first. */
void social_budget_set_role(struct social_budget *budget, enum social_role role);

/* Millionths for one of these; 0: it costs nothing. */
int64_t social_budget_price(const struct social_budget *budget, const char *thing);
/* Before a call that uses so many units and costs at most so much: OK, and it is
 * on disk; RETRY, explained, with the delay told: it is used up. Polls leave a
 * tenth of each budget to replies. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_budget_spend(struct social_budget *budget, int64_t units, int64_t micro);
/* How long polls should wait, so that what is left of a window, once half of it is
 * used, lasts until its end; 0: not at all. Lost with the process. */
int64_t social_budget_wait_ms(struct social_budget *budget);
/* What the last spending really cost. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_budget_settle(struct social_budget *budget, int64_t micro);
/* What came without being asked for (a webhook's event): counted, never refused. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_budget_note(struct social_budget *budget, int64_t micro);
/* Is this thing charged now for the first time today (UTC)? It is remembered. */
bool social_budget_is_new(struct social_budget *budget, const char *thing, const char *id);

/* What is left and used, of all roles together. */
struct social_budget_view {
	int64_t quarter_left, day_left, month_left; /* -1: no limit */
	int64_t quarter, day, month;                /* the limits */
	int64_t pace_ms; /* polls: one unit in so much time; 0: at will */
	int64_t cost_micro, cost_limit_micro;       /* this month; 0: no limit */
	bool has_prices;
	const char *currency;
};
JEMBATAN_MUST_CHECK enum jembatan_result
social_budget_look(struct social_budget *budget, struct social_budget_view *out);

#endif
