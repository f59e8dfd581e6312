/* duplicates.c: `jembatan duplicates --offline FILE`: what the daemon would
 * decide about these complaints, without a daemon and without storing. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "config/settings.h"
#include "ticket/dedup.h"
#include "ticket/dedup_lines.h"
#include "base/poison.h"

struct offline {
	struct dedup_model *model;
	struct dedup_index *index;
	bool explain, measure;
	char **ids; /* of each record, to name incidents */
	size_t count, room;
	int64_t newest_ms;
	size_t in_window_most, bytes_most;
	uint64_t *spent_ns; /* per record, with measure */
};

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void make_room(struct offline *o)
{
	if (o->count < o->room)
		return;
	o->room = o->room * 2 + 1024;
	o->ids = xrealloc(o->ids, o->room, sizeof(*o->ids));
	o->spent_ns = xrealloc(o->spent_ns, o->room, sizeof(*o->spent_ns));
}

static void print_evidence(struct offline *o, const struct dedup_answer *a)
{
	if (o->explain && a->count > 0) {
		CLEANUP(free_pointer) char *why = dedup_explain(o->model, &a->candidates[0].features);
		cli_say(stdout, "\t%.3f\t%s\t%s", a->score, o->ids[a->nearest - 1], why);
	}
}

static void decide(struct offline *o, struct dedup_line *line)
{
	struct dedup_answer answer;
	struct fingerprint f;
	make_room(o);
	uint64_t id = ++o->count, started = cpu_ns();
	o->ids[id - 1] = xstrdup(line->id);
	/* The window follows the arrival; a record that is late by its own time
	 * arrives now. */
	if (line->input.time_ms > o->newest_ms)
		o->newest_ms = line->input.time_ms;
	line->input.time_ms = o->newest_ms;
	dedup_index_expire(o->index, o->newest_ms);
	dedup_index_read(o->index, &line->input, &f);
	dedup_index_decide(o->index, &f, &answer);
	bool joined = answer.decision == DEDUP_REPOST || answer.decision == DEDUP_RELATED;
	uint64_t incident = joined ? answer.incident : id;
	dedup_index_add(o->index, id, incident, o->newest_ms, &f);
	o->spent_ns[id - 1] = cpu_ns() - started;
	cli_say(stdout, "%s\t%s\t%s", line->id, o->ids[incident - 1], dedup_decision_name(answer.decision));
	print_evidence(o, &answer);
	putchar('\n');
	if (dedup_index_count(o->index) > o->in_window_most) {
		o->in_window_most = dedup_index_count(o->index);
		o->bytes_most = dedup_index_bytes(o->index);
	}
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void print_measure(struct offline *o)
{
	uint64_t sum = 0;
	if (!o->measure || o->count == 0)
		return;
	for (size_t i = 0; i < o->count; i++)
		sum += o->spent_ns[i];
	qsort(o->spent_ns, o->count, sizeof(*o->spent_ns), by_size);
	fprintf(stderr, "%zu records: %.1f us CPU a record, median %.1f, p99 %.1f, most %.1f; "
		"at most %zu in the window, %.0f bytes each\n", o->count,
		(double)sum / 1000 / (double)o->count, (double)o->spent_ns[o->count / 2] / 1000,
		(double)o->spent_ns[o->count * 99 / 100] / 1000,
		(double)o->spent_ns[o->count - 1] / 1000, o->in_window_most,
		(double)o->bytes_most / (double)o->in_window_most);
}

static enum jembatan_result read_line(void *data, struct jembatan_bytes text, struct why *why)
{
	struct offline *o = data;
	struct dedup_line line;
	enum jembatan_result r = dedup_line_read(o->model, text, &line, why);
	if (r != JEMBATAN_OK)
		return r;
	decide(o, &line);
	dedup_line_done(&line);
	return JEMBATAN_OK;
}

/* What is wrong elsewhere is no matter here: so it is with a secret, which not
 * everybody who may try out a file may read. */
static bool is_wrong_here(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		if (strstr(problems->items[i].text, "\"duplicates") != NULL)
			return true;
	return false;
}

bool cli_duplicates_settings(const struct cli *c, struct dedup_settings *out)
{
	struct problems problems;
	*out = dedup_settings_preset();
	if (access(c->config, F_OK) != 0)
		return true;
	problems_init(&problems);
	struct settings *s = settings_load(c->config, &problems);
	bool good = s != NULL && !is_wrong_here(&problems);
	if (good) {
		out->window_ms = s->duplicates.window_ms;
		out->automatic = s->duplicates.automatic / 100.0;
		out->review = s->duplicates.review / 100.0;
		out->separate = s->duplicates.separate / 100.0;
	} else {
		problems_print(&problems, stderr);
	}
	problems_done(&problems);
	settings_free(s);
	return good;
}

int cli_duplicates_offline(const char *path, const struct dedup_settings *settings, bool explain,
			   bool measure)
{
	struct offline o = { .explain = explain, .measure = measure, .newest_ms = INT64_MIN };
	struct why why = { "" };
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file == NULL) {
		fprintf(stderr, "jembatan duplicates: %s: %s\n", path, strerror(errno));
		return EX_NOINPUT;
	}
	/* No row leaves this process: any key will do. */
	enum jembatan_result r = dedup_model_load(dedup_model_folder(), bytes_text("offline"), &o.model,
						  &why);
	if (r == JEMBATAN_OK) {
		o.index = dedup_index_new(o.model, settings);
		r = cli_each_line(file, "duplicates", read_line, &o);
		print_measure(&o);
	} else {
		fprintf(stderr, "jembatan duplicates: %s\n", why.text);
	}
	for (size_t i = 0; i < o.count; i++)
		free(o.ids[i]);
	free(o.ids);
	free(o.spent_ns);
	dedup_index_free(o.index);
	dedup_model_free(o.model);
	if (file != stdin)
		fclose(file);
	return r == JEMBATAN_OK ? EX_OK : r == JEMBATAN_CONFIG ? EX_CONFIG : EX_DATAERR;
}
