/* metrics.c: OpenMetrics: each family once, its samples together, # EOF last. */
#include "config.h"

#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "facts_view.h"
#include "reload.h"
#include "replies.h"
#include "tallies.h"
#include "web_child.h"
#include "base/poison.h"

/* ---- families and samples ---- */

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# TYPE jembatan_%s %s\n# HELP jembatan_%s %s\n", name, type, name, help);
}

static void sample(struct buf *out, const char *name, int64_t value)
{
	buf_printf(out, "jembatan_%s %" PRId64 "\n", name, value);
}

/* Values of labels are our own words: no escapes are needed. */
static void labelled(struct buf *out, const char *name, const char *label, const char *value,
		     int64_t number)
{
	buf_printf(out, "jembatan_%s{%s=\"%s\"} %" PRId64 "\n", name, label, value, number);
}

static void seconds(struct buf *out, const char *name, const char *label, const char *value,
		    int64_t us)
{
	buf_printf(out, "jembatan_%s{%s=\"%s\"} %.6f\n", name, label, value, (double)us / 1e6);
}

/* ---- the daemon and its store ---- */

static void write_store(struct app *a, const struct tallies *t, struct buf *out)
{
	family(out, "build", "info", "Version of the daemon.");
	buf_printf(out, "jembatan_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	family(out, "up_seconds", "gauge", "Time since the start.");
	sample(out, "up_seconds", (clock_now_ms() - a->started_ms) / 1000);
	family(out, "messages_in_stage", "gauge", "Messages by stage.");
	for (int s = INBOX_NEW; s <= INBOX_REPOST; s++)
		labelled(out, "messages_in_stage", "stage", inbox_stage_name((enum inbox_stage)s),
			 t->inbox.by_stage[s]);
	family(out, "tickets_in_state", "gauge", "Tickets by state.");
	for (int s = 0; s < TICKET_STATE_COUNT; s++)
		labelled(out, "tickets_in_state", "state", ticket_state_name((enum ticket_state)s),
			 t->tickets[s]);
	family(out, "quarantined", "gauge", "Records that nobody could read.");
	sample(out, "quarantined", t->quarantined);
	family(out, "commits", "counter", "Transactions since the start.");
	sample(out, "commits_total", (int64_t)t->db.commits);
	family(out, "commit_p99_seconds", "gauge", "Of the last commits to disk.");
	buf_printf(out, "jembatan_commit_p99_seconds %.6f\n", (double)t->db.p99_commit_us / 1e6);
	family(out, "store_bytes", "gauge", "Size of the store's files.");
	sample(out, "store_bytes", t->db.size_bytes + t->db.wal_bytes);
}

/* ---- instances ---- */

enum per_instance { MESSAGES, REPEATS, POLLS, DEATHS, LAST_OK, DELAY_50, DELAY_99, FAMILIES };

static const struct {
	const char *name, *type, *help;
} instance_families[FAMILIES] = {
	[MESSAGES] = { "instance_messages", "gauge", "Messages stored." },
	[REPEATS] = { "instance_repeats", "counter", "Redeliveries that were recognised." },
	[POLLS] = { "instance_polls", "counter", "Polls since the start." },
	[DEATHS] = { "instance_deaths", "counter", "Deaths of its children since the start." },
	[LAST_OK] = { "instance_last_ok_seconds", "gauge", "When the channel last worked." },
	[DELAY_50] = { "instance_commit_delay_p50_seconds", "gauge",
		       "From handing over to the commit: the median." },
	[DELAY_99] = { "instance_commit_delay_p99_seconds", "gauge",
		       "From handing over to the commit: 99 of 100." },
};

static enum jembatan_result write_instance(struct app *a, enum per_instance which,
					   const struct intake_status *s, struct buf *out,
					   struct why *why)
{
	struct inbox_counts counts;
	enum jembatan_result r = inbox_count(a->db, s->id, &counts, why);
	const char *name = instance_families[which].name;
	if (r != JEMBATAN_OK)
		return r;
	switch (which) {
	case MESSAGES:
		labelled(out, name, "instance", s->name, counts.total);
		break;
	case REPEATS:
		labelled(out, "instance_repeats_total", "instance", s->name, counts.repeats);
		break;
	case POLLS:
		labelled(out, "instance_polls_total", "instance", s->name, (int64_t)s->polls);
		break;
	case DEATHS:
		labelled(out, "instance_deaths_total", "instance", s->name, (int64_t)s->deaths);
		break;
	case LAST_OK:
		seconds(out, name, "instance", s->name, s->last_ok_ms * 1000);
		break;
	case DELAY_50:
		seconds(out, name, "instance", s->name, s->commit_p50_us);
		break;
	case DELAY_99:
		seconds(out, name, "instance", s->name, s->commit_p99_us);
		break;
	case FAMILIES:
		break;
	}
	return JEMBATAN_OK;
}

static enum jembatan_result write_instances(struct app *a, struct buf *out, struct why *why)
{
	struct intake_status s;
	enum jembatan_result r = JEMBATAN_OK;
	for (unsigned f = 0; f < FAMILIES && r == JEMBATAN_OK; f++) {
		family(out, instance_families[f].name, instance_families[f].type,
		       instance_families[f].help);
		for (size_t n = 0; r == JEMBATAN_OK && intake_status(a->intake, n, &s); n++)
			r = write_instance(a, (enum per_instance)f, &s, out, why);
	}
	return r;
}

/* ---- replies ---- */

static void write_replies(const struct tallies *t, struct buf *out)
{
	family(out, "replies_in_state", "gauge", "Replies to citizens by state.");
	for (unsigned n = 0; n < REPLY_STATES; n++)
		labelled(out, "replies_in_state", "state", reply_state_name((enum reply_state)n),
			 t->replies.by_state[n]);
	family(out, "citizens_not_reached", "gauge", "Replies that reached nobody.");
	sample(out, "citizens_not_reached", t->replies.missed);
}

/* ---- the centre ---- */

static void write_central(struct app *a, const struct tallies *t, struct buf *out)
{
	const struct outbox_stats *s = &t->central;
	family(out, "outbox_in_state", "gauge", "Pushes by state.");
	for (int n = OUTBOX_QUEUED; n <= OUTBOX_UNKNOWN; n++)
		labelled(out, "outbox_in_state", "state", outbox_state_name((enum outbox_state)n),
			 t->outbox.by_state[n]);
	if (a->outbox == NULL)
		return;
	family(out, "central_reachable", "gauge", "1: nothing is known against the centre.");
	sample(out, "central_reachable", str_equal(s->breaker, "closed"));
	family(out, "central_paused", "gauge", "1: a person has paused pushing.");
	sample(out, "central_paused", s->paused);
	family(out, "central_in_flight", "gauge", "Requests under way.");
	sample(out, "central_in_flight", (int64_t)s->in_flight);
	family(out, "central_answer_p99_seconds", "gauge", "Of the last answers.");
	buf_printf(out, "jembatan_central_answer_p99_seconds %.3f\n", (double)s->p99_ms / 1000.0);
	family(out, "central_budget", "gauge", "Requests a day, at most; 0: any number.");
	sample(out, "central_budget", (int64_t)s->budget);
	family(out, "central_budget_used", "gauge", "Requests today.");
	sample(out, "central_budget_used", (int64_t)s->budget_used);
}

/* ---- jembatan-web ---- */

static void write_web(struct app *a, struct buf *out)
{
	struct web_child_status s;
	if (!web_child_status(a->web, &s))
		return;
	family(out, "web_connections", "gauge", "Connections open.");
	sample(out, "web_connections", (int64_t)s.counts.connections);
	family(out, "web_requests_under_way", "gauge", "Requests that wait for their commit.");
	sample(out, "web_requests_under_way", (int64_t)s.counts.requests_under_way);
	family(out, "web_requests", "counter", "Requests since its start.");
	sample(out, "web_requests_total", (int64_t)s.counts.requests);
	family(out, "web_turned_away", "counter", "Requests not taken, by reason.");
	labelled(out, "web_turned_away_total", "reason", "deadline", (int64_t)s.counts.cut);
	labelled(out, "web_turned_away_total", "reason", "address", (int64_t)s.counts.too_many);
	labelled(out, "web_turned_away_total", "reason", "size", (int64_t)s.counts.too_large);
	labelled(out, "web_turned_away_total", "reason", "late", (int64_t)s.counts.late);
	family(out, "web_deaths", "counter", "Deaths of jembatan-web since the daemon's start.");
	sample(out, "web_deaths_total", (int64_t)s.deaths);
}

/* ---- alarms ---- */

static bool replies_alarm(struct app *a, const struct tallies *t)
{
	struct replies_way w;
	bool any = replies_trouble(a->replies) != NULL || t->replies.missed > 0 ||
		   t->replies.by_state[REPLY_HELD] > 0;
	for (size_t n = 0; replies_way(a->replies, n, &w) && !any; n++)
		any = w.alarm != NULL;
	return any;
}

static void write_alarms(struct app *a, const struct tallies *t, struct buf *out)
{
	struct intake_status i;
	struct web_child_status web;
	family(out, "alarm", "gauge", "1: `jembatan status` says what to do.");
	labelled(out, "alarm", "where", "store", a->store_alarm[0] != '\0');
	labelled(out, "alarm", "where", "reload", reload_alarm(a->reload) != NULL);
	labelled(out, "alarm", "where", "quarantine", t->quarantined > 0);
	labelled(out, "alarm", "where", "central", tallies_alarms(a, t) != 0);
	labelled(out, "alarm", "where", "replies", replies_alarm(a, t));
	if (web_child_status(a->web, &web))
		labelled(out, "alarm", "where", "web", web.alarm != NULL || web.degraded);
	family(out, "instance_alarm", "gauge", "1: `jembatan status` says what to do.");
	for (size_t n = 0; intake_status(a->intake, n, &i); n++)
		labelled(out, "instance_alarm", "instance", i.name,
			 i.alarm != NULL || i.degraded || i.silent || i.quiet);
}

enum jembatan_result metrics_write(struct app *a, struct buf *out, struct why *why)
{
	struct tallies t;
	enum jembatan_result r = tallies_take(a, &t, why);
	if (r != JEMBATAN_OK)
		return r;
	write_store(a, &t, out);
	r = write_instances(a, out, why);
	facts_view_metrics(a, out);
	write_central(a, &t, out);
	write_replies(&t, out);
	write_alarms(a, &t, out);
	write_web(a, out);
	buf_add_text(out, "# EOF\n");
	return r;
}
