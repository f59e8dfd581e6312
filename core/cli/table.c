/* table.c: rows as text: aligned columns for lists, sentences for the rest.
 * Whatever comes from outside is made printable first. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jx.h"
#include "base/text.h"
#include "base/poison.h"

#define COLUMNS_MAX 8u
#define WIDTH_MAX 60u

enum cell { CELL_TEXT, CELL_NUMBER, CELL_TIME, CELL_TIME_OR_NEVER };

struct column {
	const char *key, *title;
	enum cell cell;
};

struct layout {
	const char *type;
	struct column columns[COLUMNS_MAX];
};

static const struct layout layouts[] = {
	{ "instance", { { "name", "INSTANCE", CELL_TEXT }, { "connector", "CONNECTOR", CELL_TEXT },
		{ "state", "STATE", CELL_TEXT }, { "push", "PUSH", CELL_TEXT },
		{ "messages", "MESSAGES", CELL_NUMBER }, { "repeats", "REPEATS", CELL_NUMBER },
		{ "last_ok_ms", "LAST OK", CELL_TIME_OR_NEVER } } },
	{ "channel", { { "instance", "CHANNEL", CELL_TEXT }, { "network", "NETWORK", CELL_TEXT },
		{ "budget", "BUDGET LEFT", CELL_TEXT }, { "cost", "COST THIS MONTH", CELL_TEXT },
		{ "newest_ms", "NEWEST POST", CELL_TIME_OR_NEVER }, { "token", "TOKEN ENDS", CELL_TEXT } } },
	{ "ticket", { { "reference", "TICKET", CELL_TEXT }, { "tracking_id", "TRACKING", CELL_TEXT },
		{ "state", "STATE", CELL_TEXT }, { "centre", "AT THE CENTRE", CELL_TEXT },
		{ "instance", "INSTANCE", CELL_TEXT },
		{ "created_ms", "MADE", CELL_TIME }, { "title", "TITLE", CELL_TEXT },
		{ "reason", "REASON", CELL_TEXT } } },
	{ "review", { { "reference", "TICKET", CELL_TEXT }, { "instance", "INSTANCE", CELL_TEXT },
		{ "created_ms", "MADE", CELL_TIME }, { "title", "TITLE", CELL_TEXT },
		{ "reason", "REASON", CELL_TEXT }, { "agencies", "AGENCY", CELL_TEXT },
		{ "agency_margin", "SURE", CELL_TEXT }, { "agency_words", "BY", CELL_TEXT } } },
	{ "known", { { "what", "KNOWN", CELL_TEXT }, { "value", "IS", CELL_TEXT },
		{ "margin", "SURE", CELL_TEXT }, { "how", "HOW", CELL_TEXT } } },
	{ "message", { { "id", "MESSAGE", CELL_NUMBER }, { "instance", "INSTANCE", CELL_TEXT },
		{ "kind", "KIND", CELL_TEXT }, { "stage", "STAGE", CELL_TEXT },
		{ "received_ms", "RECEIVED", CELL_TIME }, { "repeats", "REPEATS", CELL_NUMBER },
		{ "reason", "REASON", CELL_TEXT } } },
	{ "attachment", { { "message", "OF MESSAGE", CELL_NUMBER }, { "number", "FILE", CELL_NUMBER },
		{ "media_type", "TYPE", CELL_TEXT }, { "bytes", "BYTES", CELL_NUMBER },
		{ "state", "IS", CELL_TEXT }, { "why", "WHY", CELL_TEXT } } },
	{ "duplicate", { { "message", "MESSAGE", CELL_TEXT }, { "reference", "TICKET", CELL_TEXT },
		{ "decision", "DECISION", CELL_TEXT }, { "percent", "SCORE %", CELL_NUMBER },
		{ "like", "LIKE", CELL_TEXT }, { "like_reference", "OF", CELL_TEXT },
		{ "title", "TITLE", CELL_TEXT }, { "evidence", "EVIDENCE", CELL_TEXT } } },
	{ "push", { { "id", "PUSH", CELL_NUMBER }, { "reference", "REFERENCE", CELL_TEXT },
		{ "step", "STEP", CELL_TEXT }, { "state", "STATE", CELL_TEXT },
		{ "attempts", "TRIES", CELL_NUMBER }, { "started_ms", "STARTED", CELL_TIME_OR_NEVER },
		{ "why", "WHY", CELL_TEXT } } },
	{ "record", { { "id", "RECORD", CELL_NUMBER }, { "instance", "INSTANCE", CELL_TEXT },
		{ "at_ms", "SINCE", CELL_TIME }, { "bytes", "BYTES", CELL_NUMBER },
		{ "reason", "REASON", CELL_TEXT } } },
	{ "backup", { { "made_ms", "MADE", CELL_TIME }, { "bytes", "BYTES", CELL_NUMBER },
		{ "place", "PLACE", CELL_TEXT }, { "key", "NEEDS KEY", CELL_TEXT },
		{ "digest", "DIGEST", CELL_TEXT } } },
	{ "key", { { "mark", "MASTER KEY", CELL_TEXT }, { "state", "IS", CELL_TEXT },
		{ "old", "BEFORE", CELL_TEXT }, { "next", "NEXT", CELL_TEXT },
		{ "done", "DONE", CELL_NUMBER }, { "total", "OF", CELL_NUMBER },
		{ "ended_ms", "CHANGED", CELL_TIME_OR_NEVER } } },
	{ "key_file", { { "mark", "KEY", CELL_TEXT }, { "place", "FILE", CELL_TEXT } } },
	{ "erasable", { { "what", "WHAT", CELL_TEXT }, { "id", "NUMBER", CELL_NUMBER },
		{ "reference", "TICKET", CELL_TEXT }, { "state", "STATE", CELL_TEXT },
		{ "tracking_id", "TRACKING", CELL_TEXT } } },
	{ "erased", { { "messages", "MESSAGES", CELL_NUMBER }, { "tickets", "TICKETS", CELL_NUMBER },
		{ "records", "QUARANTINED", CELL_NUMBER }, { "files", "FILES", CELL_NUMBER },
		{ "fingerprints", "FINGERPRINTS", CELL_NUMBER }, { "replies", "REPLIES", CELL_NUMBER },
		{ "keys", "KEYS", CELL_NUMBER }, { "found", "STILL THERE", CELL_NUMBER } } },
	{ "access", { { "at_ms", "TIME", CELL_TIME }, { "actor", "WHO", CELL_TEXT },
		{ "what", "WHAT", CELL_TEXT }, { "subject", "OF", CELL_TEXT },
		{ "number", "NUMBER", CELL_NUMBER }, { "reference", "TICKET", CELL_TEXT } } },
	{ "followed", { { "centre", "AT THE CENTRE", CELL_TEXT }, { "says", "IN ITS WORDS", CELL_TEXT },
		{ "institution_id", "LIES WITH", CELL_TEXT },
		{ "institution", "INSTITUTION", CELL_TEXT },
		{ "changed_ms", "SINCE", CELL_TIME_OR_NEVER },
		{ "asked_ms", "LAST READ", CELL_TIME_OR_NEVER },
		{ "due_ms", "READ AGAIN", CELL_TIME_OR_NEVER } } },
	{ "entry", { { "at_ms", "TIME", CELL_TIME }, { "kind", "KIND", CELL_TEXT },
		{ "from", "FROM", CELL_TEXT }, { "text", "TEXT", CELL_TEXT } } },
	{ "institution", { { "id", "ID", CELL_TEXT }, { "name", "INSTITUTION", CELL_TEXT } } },
	{ "difference", { { "reference", "TICKET", CELL_TEXT },
		{ "tracking_id", "TRACKING", CELL_TEXT }, { "what", "WHAT", CELL_TEXT },
		{ "ours", "OURS", CELL_TEXT }, { "theirs", "THEIRS", CELL_TEXT },
		{ "first_ms", "SINCE", CELL_TIME }, { "accepted", "ACCEPTED", CELL_TEXT } } },
	{ "import", { { "line", "LINE", CELL_NUMBER }, { "tracking_id", "TRACKING", CELL_TEXT },
		{ "reference", "TICKET", CELL_TEXT }, { "what", "WHAT", CELL_TEXT },
		{ "why", "WHY", CELL_TEXT } } },
	{ "handed", { { "line", "LINE", CELL_NUMBER }, { "what", "WHAT", CELL_TEXT },
		{ "message", "MESSAGE", CELL_TEXT }, { "why", "WHY", CELL_TEXT } } },
	{ "word", { { "word", "WORD", CELL_TEXT }, { "code", "CODE", CELL_TEXT },
		{ "times", "TIMES", CELL_NUMBER }, { "first_ms", "SINCE", CELL_TIME } } },
	{ "reply", { { "id", "REPLY", CELL_NUMBER }, { "ticket", "TICKET", CELL_TEXT },
		{ "event", "EVENT", CELL_TEXT }, { "status", "STATUS", CELL_TEXT },
		{ "instance", "BY", CELL_TEXT }, { "state", "STATE", CELL_TEXT },
		{ "sent_ms", "SENT", CELL_TIME_OR_NEVER }, { "why", "WHY", CELL_TEXT } } },
	{ "way", { { "instance", "ANSWERS BY", CELL_TEXT }, { "connector", "CONNECTOR", CELL_TEXT },
		{ "state", "STATE", CELL_TEXT }, { "guarantee", "GUARANTEE", CELL_TEXT },
		{ "in_flight", "UNDER WAY", CELL_NUMBER },
		{ "unreachable", "UNREACHABLE", CELL_NUMBER } } },
	{ "event", { { "at_ms", "TIME", CELL_TIME }, { "what", "STEP", CELL_TEXT },
		{ "actor", "BY", CELL_TEXT }, { "why", "WHY", CELL_TEXT } } },
	{ "live", { { "what", "WHAT", CELL_TEXT }, { "result", "RESULT", CELL_TEXT },
		{ "detail", "DETAIL", CELL_TEXT } } },
	{ "reload", { { "name", "PART", CELL_TEXT }, { "what", "IS", CELL_TEXT } } },
	{ "problem", { { "file", "FILE", CELL_TEXT }, { "line", "LINE", CELL_NUMBER },
		{ "text", "PROBLEM", CELL_TEXT } } },
	{ "note", { { "file", "FILE", CELL_TEXT }, { "line", "LINE", CELL_NUMBER },
		{ "text", "NOTE", CELL_TEXT } } },
	{ "backfill", { { "messages", "MESSAGES", CELL_NUMBER },
		{ "unreadable", "UNREADABLE", CELL_NUMBER },
		{ "oldest_ms", "OLDEST", CELL_TIME_OR_NEVER },
		{ "newest_ms", "NEWEST", CELL_TIME_OR_NEVER } } },
};

struct cli_table {
	json_t *rows;
	json_t *alarms; /* printed last */
};

struct cli_table *cli_table_new(void)
{
	struct cli_table *t = xcalloc(1, sizeof(*t));
	t->rows = json_array();
	t->alarms = json_array();
	return t;
}

void cli_table_row(void *data, json_t *row)
{
	struct cli_table *t = data;
	bool is_alarm = str_equal(jx_text(row, "type"), "alarm");
	json_array_append(is_alarm ? t->alarms : t->rows, row);
}

static const struct layout *layout_of(json_t *row)
{
	const char *view = jx_text(row, "view"), *type = view != NULL ? view : jx_text(row, "type");
	for (size_t i = 0; i < COUNT_OF(layouts); i++)
		if (str_equal(layouts[i].type, type))
			return &layouts[i];
	return NULL;
}

/* The caller frees. */
static char *cell_text(json_t *row, const struct column *c)
{
	char number[64];
	if (c->cell == CELL_TIME || c->cell == CELL_TIME_OR_NEVER) {
		char time[32];
		int64_t ms = jx_integer(row, c->key, 0);
		if (ms == 0 && c->cell == CELL_TIME_OR_NEVER)
			return xstrdup("-");
		clock_format(ms, 0, time);
		return xstrdup(time);
	}
	const char *text = jx_is_true(row, c->key) ? "yes" : jx_id(row, c->key, number);
	return text != NULL ? text_printable(text, 400) : xstrdup("-");
}

static bool is_last(const struct layout *l, size_t column)
{
	return column + 1 == COLUMNS_MAX || l->columns[column + 1].key == NULL;
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
	size_t n = text_count_graphemes(text);
	for (size_t i = n; right && i < width; i++)
		fputc(' ', out);
	fputs(text, out);
	for (size_t i = n; !right && !last && i < width; i++)
		fputc(' ', out);
	fputs(last ? "\n" : "  ", out);
}

/* Rows from `from` that share a layout; returns the first that does not. */
static size_t print_run(json_t *rows, size_t from, const struct layout *l, FILE *out)
{
	size_t width[COLUMNS_MAX] = { 0 }, end = from;
	for (size_t c = 0; c < COLUMNS_MAX && l->columns[c].key != NULL; c++)
		width[c] = strlen(l->columns[c].title);
	for (; end < json_array_size(rows) && layout_of(json_array_get(rows, end)) == l; end++) {
		for (size_t c = 0; c < COLUMNS_MAX && l->columns[c].key != NULL; c++) {
			CLEANUP(free_pointer) char *text = cell_text(json_array_get(rows, end),
								     &l->columns[c]);
			size_t n = text_count_graphemes(text);
			if (n > width[c])
				width[c] = n < WIDTH_MAX ? n : WIDTH_MAX;
		}
	}
	for (size_t c = 0; c < COLUMNS_MAX && l->columns[c].key != NULL; c++)
		print_cell(out, l->columns[c].title, width[c], l->columns[c].cell == CELL_NUMBER,
			   is_last(l, c));
	for (size_t i = from; i < end; i++) {
		for (size_t c = 0; c < COLUMNS_MAX && l->columns[c].key != NULL; c++) {
			CLEANUP(free_pointer) char *text = cell_text(json_array_get(rows, i),
								     &l->columns[c]);
			print_cell(out, text, width[c], l->columns[c].cell == CELL_NUMBER,
				   is_last(l, c));
		}
	}
	return end;
}

static void print_counts(FILE *out, json_t *counts)
{
	const char *key;
	json_t *value;
	bool first = true;
	json_object_foreach(counts, key, value) {
		if (json_integer_value(value) == 0)
			continue;
		cli_say(out, "%s%lld %s", first ? "" : ", ", (long long)json_integer_value(value), key);
		first = false;
	}
	fputs(first ? "none\n" : "\n", out);
}

static void print_daemon(json_t *row, FILE *out)
{
	cli_say(out, "jembatand %s, up %lld s, data in %s%s\n", jx_text(row, "version"),
		(long long)(jx_integer(row, "up_ms", 0) / 1000), jx_text(row, "data_dir"),
		jx_is_true(row, "stopping") ? ", stopping" : "");
	fprintf(out, "messages  %lld, %lld redeliveries, %lld edits; %lld records in quarantine\n",
		(long long)jx_integer(row, "messages", 0), (long long)jx_integer(row, "repeats", 0),
		(long long)jx_integer(row, "edits", 0), (long long)jx_integer(row, "quarantined", 0));
	fputs("tickets   ", out);
	print_counts(out, jx_at(row, "tickets"));
}

static void print_central(json_t *row, FILE *out)
{
	cli_say(out, "centre    %s%s%s", jx_text(row, "state"),
		jx_text(row, "url") != NULL ? ", " : "",
		jx_text(row, "url") != NULL ? jx_text(row, "url") : "");
	if (jx_at(row, "in_flight") != NULL)
		fprintf(out, ", %lld under way, p50 %lld ms, p99 %lld ms",
			(long long)jx_integer(row, "in_flight", 0),
			(long long)jx_integer(row, "p50_ms", 0), (long long)jx_integer(row, "p99_ms", 0));
	fputs("\npushes    ", out);
	print_counts(out, jx_at(row, "outbox"));
}

static void print_follow(json_t *row, FILE *out)
{
	char last[32], compared[32];
	int64_t last_ms = jx_integer(row, "last_answer_ms", 0);
	int64_t compared_ms = jx_integer(row, "compared_ms", 0);
	clock_format(last_ms, 0, last);
	clock_format(compared_ms, 0, compared);
	fprintf(out, "statuses  %lld followed, last answer %s, compared %s, %lld differences\n",
		(long long)jx_integer(row, "followed", 0), last_ms != 0 ? last : "never",
		compared_ms != 0 ? compared : "never", (long long)jx_integer(row, "differences", 0));
	fputs("          ", out);
	print_counts(out, jx_at(row, "states"));
}

static void print_replies(json_t *row, FILE *out)
{
	fprintf(out, "replies   ");
	print_counts(out, jx_at(row, "states"));
	if (jx_integer(row, "not_reached", 0) > 0)
		fprintf(out, "          %lld citizens not reached\n",
			(long long)jx_integer(row, "not_reached", 0));
}

static void print_web(json_t *row, FILE *out)
{
	cli_say(out, "web       %s%s%s, %lld under way, %lld answered\n", jx_text(row, "state"),
		jx_text(row, "listening") != NULL ? ", " : "",
		jx_text(row, "listening") != NULL ? jx_text(row, "listening") : "",
		(long long)jx_integer(row, "waiting", 0), (long long)jx_integer(row, "answered", 0));
}

static void print_retention(json_t *row, FILE *out)
{
	fprintf(out, "retention %s; destroyed so far: the words of %lld tickets, %lld messages, %lld "
		"quarantined records\n", jx_is_true(row, "on") ? "on" : "off",
		(long long)jx_integer(row, "tickets", 0), (long long)jx_integer(row, "messages", 0),
		(long long)jx_integer(row, "records", 0));
}

/* A reply as it would leave: a citizen's words may be in it. */
static void print_letter(json_t *row, FILE *out)
{
	if (jx_text(row, "subject") != NULL)
		cli_say(out, "%s\n\n", jx_text(row, "subject"));
	cli_say_bytes(out, jx_text(row, "text"), strlen(jx_text(row, "text")));
	fputc('\n', out);
}

static void print_alarm(json_t *row, FILE *out)
{
	CLEANUP(free_pointer) char *text = text_printable(jx_text(row, "text"), 1000);
	cli_say(out, "ALARM     %s: %s\n", jx_text(row, "where"), text);
}

void cli_table_print(struct cli_table *t, FILE *out)
{
	size_t i = 0;
	while (i < json_array_size(t->rows)) {
		json_t *row = json_array_get(t->rows, i);
		const struct layout *l = layout_of(row);
		const char *type = jx_text(row, "type");
		if (l != NULL) {
			if (i > 0)
				fputc('\n', out);
			i = print_run(t->rows, i, l, out);
			continue;
		}
		if (str_equal(type, "daemon"))
			print_daemon(row, out);
		else if (str_equal(type, "central"))
			print_central(row, out);
		else if (str_equal(type, "follow"))
			print_follow(row, out);
		else if (str_equal(type, "replies"))
			print_replies(row, out);
		else if (str_equal(type, "web"))
			print_web(row, out);
		else if (str_equal(type, "retention"))
			print_retention(row, out);
		else if (str_equal(type, "letter"))
			print_letter(row, out);
		i++;
	}
	for (i = 0; i < json_array_size(t->alarms); i++)
		print_alarm(json_array_get(t->alarms, i), out);
	json_decref(t->rows);
	json_decref(t->alarms);
	free(t);
}
