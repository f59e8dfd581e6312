/* social_facts.c: what `jembatan status` shows of a network: what is left of the
 * budget, this month's cost, the newest post, the token's end. */
#include "social/social.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_BYTES ((size_t)1024)
#define HOOK_EVERY_MS INT64_C(60000)

static const char *const keys[] = { "facts.poll", "facts.request", "facts.deliver" };

static void add(struct kit_text *out, const char *name, int64_t value)
{
	kit_text_printf(out, "%s %" PRId64 "\n", name, value);
}

static void add_window(struct kit_text *out, const char *name, int64_t limit, int64_t left)
{
	char left_name[48];

	if (limit <= 0)
		return;
	(void)snprintf(left_name, sizeof(left_name), "%s_left", name);
	add(out, name, limit);
	add(out, left_name, left > 0 ? left : 0);
}

static void write_budget(const struct social_budget_view *v, struct kit_text *out)
{
	add_window(out, "budget_15min", v->quarter, v->quarter_left);
	add_window(out, "budget_day", v->day, v->day_left);
	add_window(out, "budget_month", v->month, v->month_left);
	if (v->pace_ms > 0)
		add(out, "budget_pace_ms", v->pace_ms);
	if (!v->has_prices)
		return;
	add(out, "cost_micro", v->cost_micro);
	if (v->cost_limit_micro > 0)
		add(out, "cost_limit_micro", v->cost_limit_micro);
	kit_text_printf(out, "currency %.8s\n", v->currency);
}

static bool is_as_written(const struct social *s, const struct kit_text *text)
{
	return s->facts && strcmp(s->facts, kit_text_string(text)) == 0;
}

void social_facts_load(struct social *s)
{
	struct jembatan_bytes value;
	char text[1025];
	const char *newest;

	if (jembatan_state_get(s->ctx, keys[s->role], &value) != JEMBATAN_OK ||
	    value.size >= sizeof(text))
		return;
	memcpy(text, value.data, value.size);
	text[value.size] = '\0';
	newest = strstr(text, "newest_ms ");
	if (newest)
		s->newest_ms = strtoll(newest + 10, NULL, 10);
}

void social_facts_put(struct social *s)
{
	struct social_budget_view view;
	struct kit_text *text;
	int64_t now_ms = jembatan_now_ms(s->ctx);

	/* A webhook's answer waits for this: not with each. */
	if ((s->ctx->mode & JEMBATAN_MODE_DRY) ||
	    (s->role == SOCIAL_REQUEST && now_ms - s->facts_ms < HOOK_EVERY_MS))
		return;
	if (social_budget_look(s->budget, &view) != JEMBATAN_OK)
		return;
	text = kit_text_new(FACTS_BYTES);
	kit_text_printf(text, "network %s\n", s->network->name);
	write_budget(&view, text);
	if (s->newest_ms > 0)
		add(text, "newest_ms", s->newest_ms);
	if (s->token_ends_ms > 0)
		add(text, "token_ends_ms", s->token_ends_ms);
	if (s->access_ends_ms > 0)
		add(text, "access_ends_ms", s->access_ends_ms);
	if (s->token_renews)
		add(text, "token_renews", 1);
	if (s->token_lasts)
		add(text, "token_lasts", 1);
	if (s->token_unknown)
		add(text, "token_unknown", 1);
	/* Only shown: when it cannot be stored the next call tries again. */
	if (!is_as_written(s, text) &&
	    jembatan_state_put(s->ctx, keys[s->role], kit_text_bytes(text)) == JEMBATAN_OK) {
		free(s->facts);
		s->facts = strdup(kit_text_string(text));
	}
	s->facts_ms = now_ms;
	kit_text_free(text);
}
