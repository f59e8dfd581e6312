/* polls_write.c: what a reading changes. A state moves forward only; the raw
 * words, the log and the follow-ups are kept whatever the state does; each of
 * them is announced once. The comparison writes its findings and nothing else. */
#include "central/polls_inside.h"

#include "base/clock.h"
#include "store/audit.h"
#include "store/follow_words.h"
#include "store/instances.h"

#include <stdio.h>
#include <string.h>

#include "base/poison.h"

#define WHERE "central"

static enum jembatan_result add_audit(struct polls *p, int64_t ticket_id, const char *what,
				      const char *text, struct why *why)
{
	return audit_add(p->outbox->db, AUDIT_TICKET, ticket_id, NULL, what, text,
			 clock_now_ms(), why);
}

static int64_t next_due(struct polls *p, const struct follow_row *row)
{
	int64_t since = row->changed_ms ? row->changed_ms : row->created_ms;

	return status_next_ms(polls_settings(p), row->state, since, row->failures, clock_now_ms(),
			      (uint64_t)row->ticket_id);
}

/* ---- a status ------------------------------------------------------------ */

enum jembatan_result outbox_take_status(struct db *db, const struct settings_status *s,
					const struct status_reading *reading,
					struct follow_row *row, const char *actor,
					enum status_change *out, struct why *why)
{
	struct status_held held = { row->state, row->changed_ms, row->log_ms };
	int64_t now = clock_now_ms();
	int state = row->state;
	/* Where the words were erased nothing tells what was said before. */
	bool is_new_word = false, said_before = row->is_erased ||
						(str_equal(row->name, reading->name) &&
						 str_equal(row->code, reading->code));
	const char *what = NULL;
	char text[160] = "";
	enum jembatan_result r = JEMBATAN_OK;

	*out = status_compare(s, &held, reading, &state);
	switch (*out) {
	case STATUS_SAME:
		if (reading->log_ms > row->log_ms)
			row->log_ms = reading->log_ms;
		break;
	case STATUS_MOVED:
		what = "status";
		snprintf(text, sizeof(text), "%s -> %s",
			 row->changed_ms ? status_name(row->state) : "pushed", status_name(state));
		row->state = state;
		row->changed_ms = now;
		row->log_ms = reading->log_ms;
		break;
	case STATUS_BACKWARDS:
		what = said_before ? NULL : "status_late";
		snprintf(text, sizeof(text), "the centre says %s, which lies before %s: kept",
			 status_name(state), status_name(row->state));
		break;
	case STATUS_WORD_UNKNOWN:
		what = said_before ? NULL : "status_unknown";
		snprintf(text, sizeof(text), "the centre uses a word that is not known; still %s",
			 status_name(row->state));
		if (!said_before)
			r = follow_words_note(db, reading->code, reading->name, now, &is_new_word,
					      why);
		break;
	}
	if (is_new_word)
		log_warning(WHERE, "the centre uses a status word that is not known: see `jembatan "
			    "central words`, then add it to central.status.words");
	row->name = reading->name ? reading->name : "";
	row->code = reading->code;
	if (r == JEMBATAN_OK && what)
		r = audit_add(db, AUDIT_TICKET, row->ticket_id, actor, what, text, now, why);
	return r;
}

static enum jembatan_result add_entries(struct polls *p, int64_t ticket_id,
					const struct follow_entry *list, size_t count,
					size_t *out_new, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;

	*out_new = 0;
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++) {
		struct follow_entry e = list[i];
		bool is_new = false;
		e.seen_ms = clock_now_ms();
		r = follows_add_entry(p->outbox->db, ticket_id, &e, &is_new, why);
		*out_new += is_new && !e.is_ours;
	}
	return r;
}

static enum jembatan_result write_entries(struct polls *p, const struct poll *q, struct why *why)
{
	size_t lines = 0, replies = 0;
	char text[80];
	enum jembatan_result r = add_entries(p, q->row.ticket_id, q->complaint.entries,
					     q->complaint.entry_count, &lines, why);

	if (r == JEMBATAN_OK)
		r = add_entries(p, q->row.ticket_id, q->replies, q->reply_count, &replies, why);
	if (r != JEMBATAN_OK || replies == 0)
		return r;
	snprintf(text, sizeof(text), "%zu new follow-ups at the centre", replies);
	return add_audit(p, q->row.ticket_id, "followed_up", text, why);
}

/* It was moved to another institution since we looked last. */
static enum jembatan_result note_institution(struct polls *p, struct follow_row *row,
					     const struct lapor_v3_complaint *c, struct why *why)
{
	const char *before = row->institution_id;
	char text[160];

	row->institution = c->institution;
	if (!c->institution_id || str_equal(before, c->institution_id))
		return JEMBATAN_OK;
	row->institution_id = c->institution_id;
	if (!before)
		return JEMBATAN_OK;
	snprintf(text, sizeof(text), "%.60s -> %.60s", before, c->institution_id);
	return add_audit(p, row->ticket_id, "moved", text, why);
}

static enum jembatan_result write_read(struct polls *p, const struct poll *q,
				       struct follow_row *row, struct why *why)
{
	const struct lapor_v3_complaint *c = &q->complaint;
	struct status_reading reading = { .name = c->name, .code = c->code,
					  .last_note = c->last_note, .log_ms = c->log_ms };
	enum status_change change;
	enum jembatan_result r = outbox_take_status(p->outbox->db, polls_settings(p), &reading, row,
						    NULL, &change, why);

	if (r == JEMBATAN_OK)
		r = note_institution(p, row, c, why);
	if (r == JEMBATAN_OK)
		r = write_entries(p, q, why);
	row->failures = row->missing = 0;
	row->asked_ms = clock_now_ms();
	p->readings++;
	p->moved += change == STATUS_MOVED;
	return r;
}

static enum jembatan_result write_status(struct polls *p, struct poll *q, struct why *why)
{
	struct follow_row row;
	enum jembatan_result r;

	if (q->result == POLL_LOST)
		return JEMBATAN_OK; /* still due */
	r = follows_get(p->outbox->db, q->row.ticket_id, q->arena, &row, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	if (q->result == POLL_READ) {
		r = write_read(p, q, &row, why);
	} else {
		row.failures++;
		row.missing += q->result == POLL_MISSING;
		if (q->result == POLL_MISSING && row.missing == 1)
			r = add_audit(p, row.ticket_id, "missing",
				      "the centre says that it has no such complaint", why);
	}
	/* While it was being asked the last who could hear of it may have been erased. */
	if (row.due_ms >= 0)
		row.due_ms = next_due(p, &row);
	return r == JEMBATAN_OK ? follows_put(p->outbox->db, &row, why) : r;
}

/* ---- the comparison ------------------------------------------------------ */

static const char *asked_institution(const struct polls *p, const struct ticket *t)
{
	const struct central_options *o = p->outbox->options;
	const char *route_to = central_route_to(o, t);

	return route_to ? route_to : central_ids(o, t).disposition_id;
}

/* The institution that we gave it to. Only where that is not what the settings
 * say for all, the ticket itself is read. */
static const char *asked_of(const struct polls *p, const struct poll *q,
			    const struct follow_row *row, const char *theirs)
{
	struct ticket t = { .instance = row->instance };
	struct ticket_row stored;
	const char *asked = asked_institution(p, &t);

	if (str_equal(asked, theirs) ||
	    tickets_read(p->outbox->db, row->ticket_id, q->arena, &stored, &t, NULL) != JEMBATAN_OK)
		return asked;
	return asked_institution(p, &t);
}

static enum jembatan_result differ(struct polls *p, const struct poll *q,
				   enum difference_kind kind, const char *ours,
				   const char *theirs, struct why *why)
{
	struct difference d = { .ticket_id = q->row.ticket_id, .kind = kind, .ours = ours,
				.theirs = theirs };

	return differences_put(p->outbox->db, &d, p->run_ms, why);
}

static enum jembatan_result compare_read(struct polls *p, const struct poll *q,
					 const struct follow_row *row, struct why *why)
{
	const struct settings_central *settings = p->outbox->options->central;
	const struct lapor_v3_complaint *c = &q->complaint;
	const char *asked = asked_of(p, q, row, c->institution_id);
	struct status_held held = { row->state, row->changed_ms, row->log_ms };
	struct status_reading reading = { .name = c->name, .code = c->code,
					  .last_note = c->last_note, .log_ms = c->log_ms };
	int state;
	enum jembatan_result r = JEMBATAN_OK;
	enum status_change change = status_compare(&settings->status, &held, &reading, &state);

	if (asked && c->institution_id && !str_equal(asked, c->institution_id))
		r = differ(p, q, DIFFERENCE_ROUTING, asked, c->institution_id, why);
	/* One that has moved on since the last reading is only news. */
	if (r == JEMBATAN_OK && (change == STATUS_BACKWARDS || change == STATUS_WORD_UNKNOWN))
		r = differ(p, q, DIFFERENCE_STATUS, status_name(row->state), status_name(state),
			   why);
	if (r == JEMBATAN_OK && c->content && settings->reference_line &&
	    !strstr(c->content, row->reference))
		r = differ(p, q, DIFFERENCE_CONTENT, row->reference, NULL, why);
	return r;
}

static enum jembatan_result write_check(struct polls *p, struct poll *q, struct why *why)
{
	struct follow_row row;
	enum jembatan_result r;

	if (q->result == POLL_LOST)
		return JEMBATAN_OK; /* asked again */
	r = follows_get(p->outbox->db, q->row.ticket_id, q->arena, &row, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	if (q->result == POLL_READ)
		r = compare_read(p, q, &row, why);
	else
		r = differ(p, q, q->result == POLL_MISSING ? DIFFERENCE_MISSING :
							     DIFFERENCE_UNREADABLE,
			   row.tracking_id, NULL, why);
	return r == JEMBATAN_OK ? follows_set_checked(p->outbox->db, row.ticket_id, p->run_ms, why) :
				  r;
}

static enum jembatan_result end_comparison(struct polls *p, struct why *why)
{
	struct db *db = p->outbox->db;
	int64_t count = 0, new_ones = 0;
	char text[160];
	enum jembatan_result r = differences_end(db, p->run_ms, &count, &new_ones, why);

	if (r == JEMBATAN_OK)
		r = instances_flag_set(db, "central.compare_ended_ms", p->run_ms, why);
	if (r == JEMBATAN_OK)
		r = instances_flag_set(db, "central.compared_ms", p->run_ms, why);
	snprintf(text, sizeof(text), "%lld differences, %lld of them new", (long long)count,
		 (long long)new_ones);
	if (r == JEMBATAN_OK)
		r = audit_add(db, AUDIT_CENTRAL, 0, NULL, "compared", text, clock_now_ms(), why);
	if (r != JEMBATAN_OK)
		return r;
	p->ended_ms = p->compared_ms = p->run_ms;
	if (new_ones > 0)
		log_warning(WHERE, "compared with the centre: %s: see `jembatan central "
			    "differences`", text);
	else
		log_notice(WHERE, "compared with the centre: %s", text);
	return r;
}

static enum jembatan_result begin_comparison(struct polls *p, struct why *why)
{
	const struct settings_central *c = p->outbox->options->central;
	struct db *db = p->outbox->db;
	int64_t now = clock_now_ms();
	int64_t run_ms = p->check_wanted || c->status.reconcile_at_ms < 0 ? now :
			 status_nightly_ms(&c->status, c->zone_minutes, now);
	/* A new installation has nothing to compare before its first night. */
	bool is_first = p->run_ms == 0 && !p->check_wanted;
	enum jembatan_result r = instances_flag_set(db, "central.compare_run_ms", run_ms, why);

	if (r == JEMBATAN_OK && is_first)
		r = instances_flag_set(db, "central.compare_ended_ms", run_ms, why);
	if (r != JEMBATAN_OK)
		return r;
	p->run_ms = run_ms;
	p->check_wanted = false;
	if (is_first)
		p->ended_ms = run_ms;
	return r;
}

enum jembatan_result polls_nightly(struct polls *p, struct why *why)
{
	struct follow_row one;
	size_t left = 0;
	enum jembatan_result r;

	if (p->run_ms <= p->ended_ms)
		return begin_comparison(p, why);
	r = follows_unchecked(p->outbox->db, p->run_ms, 1, p->outbox->arena, &one, &left, why);
	return r == JEMBATAN_OK && left == 0 ? end_comparison(p, why) : r;
}

/* ---- lists and words ----------------------------------------------------- */

static enum jembatan_result write_names(struct polls *p, const struct poll *q, struct why *why)
{
	enum names_kind kind = q->kind == POLL_TEMPLATES ? NAMES_TEMPLATE : NAMES_INSTITUTION;
	struct db *db = p->outbox->db;
	int64_t now = clock_now_ms();
	char text[60];

	p->names_wanted[kind] = false;
	if (q->result == POLL_LOST)
		return JEMBATAN_OK;
	/* What we have is better than an empty or broken list; in an hour again. */
	if (q->result != POLL_READ || q->name_count == 0) {
		int64_t later = now - polls_settings(p)->institutions_every_ms + 3600 * 1000;
		p->names_ms[kind] = later < now ? later : now;
		return instances_flag_set(db, kind == NAMES_TEMPLATE ? "central.templates_ms" :
								       "central.institutions_ms",
					  p->names_ms[kind], why);
	}
	enum jembatan_result r = names_replace(db, kind, q->names, q->name_count, now, why);
	p->names_ms[kind] = now;
	if (r != JEMBATAN_OK || kind == NAMES_TEMPLATE)
		return r;
	snprintf(text, sizeof(text), "%zu institutions", q->name_count);
	log_info(WHERE, "the list of institutions was read: %s", text);
	return r;
}

enum jembatan_result polls_look_at_words(struct polls *p, struct why *why)
{
	struct follow_word words[FOLLOW_WORDS_MAX];
	struct db *db = p->outbox->db;
	size_t count = 0;

	arena_reset(p->outbox->arena);
	enum jembatan_result r = follow_words_list(db, p->outbox->arena, words, &count, why);
	for (size_t i = 0; i < count && r == JEMBATAN_OK; i++)
		if (status_of_words(polls_settings(p), words[i].name, words[i].code) !=
		    STATUS_UNKNOWN)
			r = follow_words_remove(db, words[i].code, words[i].name, why);
	return r;
}

enum jembatan_result poll_write(struct polls *p, struct poll *q, struct why *why)
{
	switch (q->kind) {
	case POLL_STATUS:
		return write_status(p, q, why);
	case POLL_CHECK:
		return write_check(p, q, why);
	case POLL_INSTITUTIONS:
	case POLL_TEMPLATES:
		break;
	}
	return write_names(p, q, why);
}
