/* status.c: the state of the whole in rows: the daemon and its store, each
 * instance, the centre, and every alarm with what to do about it. */
#include "config.h"

#include "status.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/jx.h"
#include "commands_replies.h"
#include "duplicates_view.h"
#include "facts_view.h"
#include "follow_view.h"
#include "reload.h"
#include "retention.h"
#include "rotate.h"
#include "tallies.h"
#include "web_child.h"
#include "base/poison.h"

void status_alarm(struct control_peer *p, const char *where, const char *text)
{
	control_row(p, json_pack("{s:s,s:s,s:s}", "type", "alarm", "where", where, "text", text));
}

static void daemon_row(struct control_peer *p, const struct tallies *t)
{
	struct app *a = control_app(p);
	json_t *by_state = json_object(), *by_stage = json_object();
	for (int s = 0; s < TICKET_STATE_COUNT; s++)
		json_object_set_new(by_state, ticket_state_name((enum ticket_state)s),
				    json_integer(t->tickets[s]));
	for (int s = INBOX_NEW; s <= INBOX_REPOST; s++)
		json_object_set_new(by_stage, inbox_stage_name((enum inbox_stage)s),
				    json_integer(t->inbox.by_stage[s]));
	control_row(p, json_pack("{s:s,s:s,s:s,s:I,s:b,s:I,s:I,s:I,s:I,s:o,s:o,s:I,s:I,s:I,s:I}",
		"type", "daemon", "version", PACKAGE_VERSION, "data_dir", a->settings->data_dir,
		"up_ms", (json_int_t)(clock_now_ms() - a->started_ms), "stopping", a->stopping,
		"messages", (json_int_t)t->inbox.total, "repeats", (json_int_t)t->inbox.repeats,
		"edits", (json_int_t)t->inbox.edits, "quarantined", (json_int_t)t->quarantined,
		"tickets", by_state, "stages", by_stage, "commits", (json_int_t)t->db.commits,
		"commit_p99_us", (json_int_t)t->db.p99_commit_us, "store_bytes",
		(json_int_t)t->db.size_bytes, "oldest_undecided_ms",
		(json_int_t)t->inbox.oldest_new_ms));
	if (a->store_alarm[0] != '\0')
		status_alarm(p, "store", a->store_alarm);
	if (reload_alarm(a->reload) != NULL)
		status_alarm(p, "reload", reload_alarm(a->reload));
	if (t->quarantined > 0)
		status_alarm(p, "quarantine", "records wait that nobody could read: `jembatan quarantine list`");
}

static enum jembatan_result instance_row(struct control_peer *p, const struct intake_status *s,
					 struct why *why)
{
	struct inbox_counts counts;
	enum jembatan_result r = inbox_count(control_app(p)->db, s->id, &counts, why);
	if (r != JEMBATAN_OK)
		return r;
	control_row(p, json_pack(
		"{s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s?,s:s?,s:I,s:I,s:I}",
		"type", "instance", "name", s->name, "connector", s->connector, "push", s->push,
		"state", s->state, "paused", s->paused, "degraded", s->degraded,
		"watching", s->watching, "last_ok_ms",
		(json_int_t)s->last_ok_ms, "start_ms", (json_int_t)s->start_ms, "deaths",
		(json_int_t)s->deaths, "polls", (json_int_t)s->polls, "messages",
		(json_int_t)counts.total, "repeats", (json_int_t)counts.repeats, "before_start",
		(json_int_t)counts.by_stage[INBOX_BEFORE_START], "pid", (json_int_t)s->pid,
		"confinement", s->confinement, "alarm", s->alarm, "commit_p50_us",
		(json_int_t)s->commit_p50_us, "commit_p99_us", (json_int_t)s->commit_p99_us,
		"checkpoints", (json_int_t)s->checkpoints));
	if (s->alarm != NULL)
		status_alarm(p, s->name, s->alarm);
	if (s->degraded)
		status_alarm(p, s->name, "its connector runs with less confinement than it should: see "
			  "`jembatan status --json`, field confinement");
	/* A live process is not a live channel. */
	if (s->silent && s->alarm == NULL)
		status_alarm(p, s->name, "no poll has succeeded for three intervals: is the channel there?");
	if (s->quiet)
		status_alarm(p, s->name, s->every_ms > 0 ?
			     "no message has come for as long as `quiet_alarm` says, although the polls "
			     "succeed: does the channel still bring them here?" :
			     "no message has come for as long as `quiet_alarm` says: does whoever sends "
			     "them still know the way here?");
	return JEMBATAN_OK;
}

/* The breaker's words are for engineers. */
static const char *central_state(const struct outbox_stats *s, bool is_held)
{
	if (is_held)
		return "in hold";
	if (s->paused)
		return "paused";
	return str_equal(s->breaker, "closed") ? "working" : str_equal(s->breaker, "open") ?
	       "waiting" : s->breaker;
}

static const char *central_advice(const char *trouble)
{
	if (str_equal(trouble, "busy"))
		return "it asks us to slow down; pushes go on by themselves";
	if (str_equal(trouble, "credentials"))
		return "it refuses our credentials: see central.secret and central.guid, then `jembatan "
		       "reload`; reports wait";
	if (str_equal(trouble, "redirected"))
		return "it leads elsewhere: see central.url, then `jembatan reload`; reports wait";
	return "it cannot be reached or fails; reports wait and go on by themselves when it is back";
}

static void alarm_held(struct control_peer *p, const struct hold *hold)
{
	char text[300], made[32];
	clock_format(hold->made_ms, 0, made);
	snprintf(text, sizeof(text), "the backup of %s was put back: what was pushed since is unknown, "
		 "and nothing leaves. Settle `jembatan unknown list`, then `jembatan restore --release`",
		 made);
	status_alarm(p, "central", text);
}

static void alarm_quiet(struct control_peer *p, int64_t quiet_ms)
{
	char text[200];
	snprintf(text, sizeof(text), "it asks us to wait %lld more minutes (Retry-After), and reports wait; "
		 "`jembatan resume central` asks it at once", (long long)(quiet_ms / 60000));
	status_alarm(p, "central", text);
}

static void central_row(struct control_peer *p, const struct tallies *t)
{
	struct app *a = control_app(p);
	const struct outbox_stats *s = &t->central;
	json_t *by_state = json_object();
	for (int n = OUTBOX_QUEUED; n <= OUTBOX_UNKNOWN; n++)
		json_object_set_new(by_state, outbox_state_name((enum outbox_state)n),
				    json_integer(t->outbox.by_state[n]));
	if (a->outbox == NULL) {
		control_row(p, json_pack("{s:s,s:s,s:o}", "type", "central", "state", "not configured",
					 "outbox", by_state));
		return;
	}
	control_row(p, json_pack(
		"{s:s,s:s,s:s,s:o,s:i,s:i,s:i,s:i,s:I,s:I,s:s,s:I,s:I,s:I}",
		"type", "central", "state", central_state(s, a->hold.active), "url",
		a->settings->central.url, "outbox", by_state, "in_flight", (int)s->in_flight, "parallel",
		(int)s->parallel, "budget", (int)s->budget, "budget_used", (int)s->budget_used, "p50_ms",
		(json_int_t)s->p50_ms, "p99_ms", (json_int_t)s->p99_ms, "last_error", s->last_error,
		"last_error_ms", (json_int_t)s->last_error_ms, "last_ok_ms", (json_int_t)s->last_ok_ms,
		"oldest_queued_ms", (json_int_t)t->outbox.oldest_queued_ms));
}

static void central_alarms(struct control_peer *p, const struct tallies *t)
{
	static const struct {
		enum tallies_alarm alarm;
		const char *text;
	} plain[] = {
		{ TALLIES_UNKNOWN, "pushes whose outcome is unknown wait for a person: `jembatan unknown "
		  "list`" },
		{ TALLIES_REFUSED, "the centre refused tickets: `jembatan unknown list --refused`" },
		{ TALLIES_LATE, "statuses have not been read for two hours: is the day's budget used up, or "
		  "does the centre not answer questions?" },
		{ TALLIES_WORDS, "the centre uses status words that are not known: `jembatan central "
		  "words`, then central.status.words" },
		{ TALLIES_DIFFERENCES, "what the centre says differs from what we hold: `jembatan central "
		  "differences`" },
	};
	unsigned found = tallies_alarms(control_app(p), t);
	if ((found & TALLIES_HELD) != 0)
		alarm_held(p, &control_app(p)->hold);
	if ((found & TALLIES_TROUBLE) != 0)
		status_alarm(p, "central", central_advice(t->central.trouble));
	if ((found & TALLIES_QUIET) != 0)
		alarm_quiet(p, t->central.quiet_ms);
	for (size_t i = 0; i < COUNT_OF(plain); i++)
		if ((found & (unsigned)plain[i].alarm) != 0)
			status_alarm(p, "central", plain[i].text);
}

static void web_row(struct control_peer *p)
{
	struct web_child_status s;
	if (!web_child_status(control_app(p)->web, &s))
		return;
	control_row(p, json_pack("{s:s,s:s,s:s?,s:s?,s:b,s:I,s:I,s:I,s:I,s:s?}", "type", "web", "state",
				 s.state, "listening", s.listening, "confinement", s.confinement,
				 "degraded", s.degraded, "waiting", (json_int_t)s.waiting, "answered",
				 (json_int_t)s.answered, "deaths", (json_int_t)s.deaths, "pid",
				 (json_int_t)s.pid, "alarm", s.alarm));
	if (s.alarm != NULL)
		status_alarm(p, "web", s.alarm);
	if (s.degraded)
		status_alarm(p, "web", "jembatan-web runs with less confinement than it should: see "
			  "`jembatan status --json`, field confinement");
}

void status_command(struct control_peer *p, const struct msg_command *c)
{
	struct why why;
	struct tallies t;
	struct intake_status s;
	(void)c;
	enum jembatan_result r = tallies_take(control_app(p), &t, &why);
	if (r == JEMBATAN_OK)
		daemon_row(p, &t);
	for (size_t n = 0; r == JEMBATAN_OK && intake_status(control_app(p)->intake, n, &s); n++)
		r = instance_row(p, &s, &why);
	if (r == JEMBATAN_OK) {
		facts_view_status(p);
		central_row(p, &t);
		follow_view_status(p, &t);
		central_alarms(p, &t);
		replies_status(p, &t);
		web_row(p);
		duplicates_view_status(p);
		retention_status(p);
		rotate_status(p);
	}
	if (r != JEMBATAN_OK)
		control_fail(p, r, &why);
	else
		control_end(p, EX_OK, "%s", "");
}
