/* facts_view.c: a connector's facts, lines of "name value" in its state, one value
 * for each of its roles. All of it comes from outside: names that are not known,
 * and values that are no number where one is expected, are left out. */
#include "facts_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jx.h"
#include "base/text.h"
#include "store/instances.h"
#include "base/poison.h"

#define VALUE_BYTES 2048u
#define WORD_BYTES 40u

enum fact {
	QUARTER_LEFT, QUARTER, DAY_LEFT, DAY, MONTH_LEFT, MONTH, PACE, COST, COST_LIMIT, NEWEST,
	TOKEN_ENDS, TOKEN_RENEWS, TOKEN_LASTS, TOKEN_UNKNOWN, ACCESS_ENDS, FACTS
};

static const char *const names[FACTS] = {
	[QUARTER_LEFT] = "budget_15min_left", [QUARTER] = "budget_15min",
	[DAY_LEFT] = "budget_day_left", [DAY] = "budget_day",
	[MONTH_LEFT] = "budget_month_left", [MONTH] = "budget_month",
	[PACE] = "budget_pace_ms",
	[COST] = "cost_micro", [COST_LIMIT] = "cost_limit_micro", [NEWEST] = "newest_ms",
	[TOKEN_ENDS] = "token_ends_ms", [TOKEN_RENEWS] = "token_renews",
	[TOKEN_LASTS] = "token_lasts", [TOKEN_UNKNOWN] = "token_unknown",
	[ACCESS_ENDS] = "access_ends_ms",
};

struct facts {
	char network[WORD_BYTES], currency[WORD_BYTES];
	int64_t values[FACTS];
	bool known[FACTS], any;
};

/* ---- reading ----------------------------------------------------------- */

static void take_word(char out[WORD_BYTES], const char *value)
{
	if (out[0] == '\0')
		str_copy(out, WORD_BYTES, value);
	for (char *c = out; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c > 126 || *c == '"' || *c == '\\')
			*c = '.';
}

/* Of several roles the first says it, but for the newest post. */
static void take_number(struct facts *f, enum fact which, const char *value)
{
	char *end;
	int64_t number = strtoll(value, &end, 10);
	if (end == value || *end != '\0')
		return;
	if (!f->known[which] || (which == NEWEST && number > f->values[which]))
		f->values[which] = number;
	f->known[which] = true;
}

static void take_line(struct facts *f, char *line)
{
	char *value = strchr(line, ' ');
	if (value == NULL)
		return;
	*value++ = '\0';
	f->any = true;
	if (str_equal(line, "network"))
		take_word(f->network, value);
	else if (str_equal(line, "currency"))
		take_word(f->currency, value);
	for (unsigned i = 0; i < FACTS; i++)
		if (str_equal(line, names[i]))
			take_number(f, (enum fact)i, value);
}

static void read_value(struct app *a, int64_t id, const char *key, struct facts *f)
{
	struct buf value;
	buf_init(&value, VALUE_BYTES);
	if (instances_state_get(a->db, id, key, &value, NULL) == JEMBATAN_OK &&
	    !buf_is_full(&value)) {
		CLEANUP(free_pointer) char *text = buf_take(&value);
		char *rest = text, *line;
		while ((line = strsep(&rest, "\n")) != NULL)
			take_line(f, line);
	}
	buf_done(&value);
}

static bool read_facts(struct app *a, const struct intake_status *s, struct facts *out)
{
	static const char *const keys[] = { "facts.poll", "facts.request", "facts.deliver" };
	*out = (struct facts){ .any = false };
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		read_value(a, s->id, keys[i], out);
	return out->any;
}

/* ---- status ------------------------------------------------------------ */

static void add_window(struct buf *out, const struct facts *f, enum fact left, enum fact limit,
		       const char *window)
{
	if (!f->known[left] || !f->known[limit] || f->values[limit] <= 0)
		return;
	buf_printf(out, "%s%" PRId64 "/%" PRId64 " %s", out->size > 0 ? ", " : "",
		   f->values[left] > 0 ? f->values[left] : 0, f->values[limit], window);
}

static void add_money(struct buf *out, int64_t micro)
{
	buf_printf(out, "%" PRId64 ".%02" PRId64, micro / 1000000, micro / 10000 % 100);
}

static json_t *text_of(struct buf *text)
{
	json_t *out = text->size > 0 ? json_stringn(text->data, text->size) : json_null();
	buf_done(text);
	return out;
}

static json_t *budget_text(const struct facts *f)
{
	struct buf text;
	buf_init(&text, 400);
	add_window(&text, f, QUARTER_LEFT, QUARTER, "15min");
	add_window(&text, f, DAY_LEFT, DAY, "day");
	add_window(&text, f, MONTH_LEFT, MONTH, "month");
	if (text.size > 0 && f->values[PACE] > 0)
		buf_printf(&text, ", slowed to one in %" PRId64 " s", (f->values[PACE] + 999) / 1000);
	return text_of(&text);
}

static json_t *cost_text(const struct facts *f)
{
	struct buf text;
	buf_init(&text, 400);
	if (f->known[COST]) {
		buf_printf(&text, "%s ", f->currency);
		add_money(&text, f->values[COST]);
	}
	if (f->known[COST] && f->values[COST_LIMIT] > 0) {
		buf_add_text(&text, " of ");
		add_money(&text, f->values[COST_LIMIT]);
	}
	return text_of(&text);
}

static json_t *token_text(const struct facts *f)
{
	char time[32];
	if (f->values[TOKEN_RENEWS] != 0)
		return json_string("renews itself");
	if (f->values[TOKEN_UNKNOWN] != 0)
		return json_string("not known");
	bool has_end = f->values[TOKEN_ENDS] > 0;
	if (has_end)
		clock_format(f->values[TOKEN_ENDS], 0, time);
	if (!has_end && f->values[TOKEN_LASTS] == 0)
		return json_null();
	if (f->values[ACCESS_ENDS] <= 0)
		return json_string(has_end ? time : "never");
	char access[32];
	clock_format(f->values[ACCESS_ENDS], 0, access);
	return json_sprintf("%s; may read until %s", has_end ? time : "never", access);
}

void facts_view_status(struct control_peer *p)
{
	struct app *a = control_app(p);
	struct intake_status s;
	struct facts f;
	for (size_t n = 0; intake_status(a->intake, n, &s); n++) {
		if (!read_facts(a, &s, &f))
			continue;
		json_t *row = json_pack("{s:s,s:s,s:s,s:o,s:o,s:o}", "type", "channel", "instance",
					s.name, "network", f.network, "budget", budget_text(&f), "cost",
					cost_text(&f), "token", token_text(&f));
		if (f.currency[0] != '\0')
			json_object_set_new(row, "currency", json_string(f.currency));
		for (unsigned i = 0; i < FACTS; i++)
			if (f.known[i])
				json_object_set_new(row, names[i], json_integer(f.values[i]));
		control_row(p, row);
	}
}

/* ---- metrics ----------------------------------------------------------- */

static const struct {
	const char *name, *help;
	enum fact fact;
	double scale;
} families[] = {
	{ "channel_budget_15min_left", "Requests left in these 15 minutes.", QUARTER_LEFT, 1 },
	{ "channel_budget_day_left", "Requests left today.", DAY_LEFT, 1 },
	{ "channel_budget_month_left", "Requests left this month.", MONTH_LEFT, 1 },
	{ "channel_budget_pace_seconds", "Polls are slowed to one request in this time.", PACE, 1e-3 },
	{ "channel_cost", "This month's cost, in the channel's currency.", COST, 1e-6 },
	{ "channel_cost_limit", "What a month may cost.", COST_LIMIT, 1e-6 },
	{ "channel_newest_seconds", "Time of the newest post seen.", NEWEST, 1e-3 },
	{ "channel_token_ends_seconds", "When its token ends.", TOKEN_ENDS, 1e-3 },
	{ "channel_access_ends_seconds", "Until when it may read what people write.", ACCESS_ENDS,
	  1e-3 },
};

void facts_view_metrics(struct app *a, struct buf *out)
{
	struct intake_status s;
	struct facts f;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		bool has_head = false;
		for (size_t n = 0; intake_status(a->intake, n, &s); n++) {
			if (!read_facts(a, &s, &f) || !f.known[families[i].fact])
				continue;
			if (!has_head)
				buf_printf(out, "# TYPE jembatan_%s gauge\n# HELP jembatan_%s %s\n",
					   families[i].name, families[i].name, families[i].help);
			has_head = true;
			buf_printf(out, "jembatan_%s{instance=\"%s\"} %.6f\n", families[i].name, s.name,
				   (double)f.values[families[i].fact] * families[i].scale);
		}
	}
}
