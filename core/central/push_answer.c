/* push_answer.c: from an answer to a result. */
#include "central/push.h"

#include "base/log.h"
#include "central/outbox_inside.h"
#include "store/tickets.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/poison.h"

#define PAGES_MAX 200u

static const char *describe(struct push *p, const struct client_answer *a, bool lacks_id)
{
	if (p->other)
		return arena_printf(p->arena, "the centre answered with %s, the number of %s",
				    p->result.id, p->other);
	if (a->is_too_long)
		return arena_printf(p->arena, "the answer was longer than %u bytes, or its head "
				    "than %u", CLIENT_ANSWER_MAX, CLIENT_HEAD_MAX);
	if (a->curl_code != CURLE_OK && a->any_sent)
		return arena_printf(p->arena, "the answer was lost after the request had left (%s)",
				    a->error);
	if (a->curl_code != CURLE_OK)
		return arena_printf(p->arena, "the centre was not reached (%s)", a->error);
	if (lacks_id)
		return arena_printf(p->arena, "the centre answered %u without a number", a->status);
	return arena_printf(p->arena, "the centre answered %u", a->status);
}

/* A file of ours was not what was stored: the request was cut on our side, so
 * the centre cannot have taken it. */
static bool was_cut_by_us(struct push *p)
{
	for (size_t i = 0; i < p->upload_count; i++) {
		const char *failure = upload_failure(p->uploads[i]);
		if (!failure)
			continue;
		p->is_local = true;
		p->result.how = arena_strdup(p->arena, failure);
		p->result.outcome = OUTCOME_REFUSED; /* a report's file is left out */
		if (p->row.kind == OUTBOX_FOLLOW_UP) {
			p->result.outcome = OUTCOME_NOT_SENT; /* again, without files */
			p->row.file_ids = "[]";
		}
		return true;
	}
	return false;
}

static void note(struct push *p, enum jembatan_result r, bool is_there, const struct why *why)
{
	p->result.evidence = r != JEMBATAN_OK ? STEP_NO_EVIDENCE :
			     is_there	      ? STEP_PRESENT :
						STEP_ABSENT;
	if (r != JEMBATAN_OK)
		p->result.how = arena_strdup(p->arena, why->text);
}

/* False: it may stand on a further page. */
static bool read_page(struct push *p, const struct settings_central *c,
		      const struct client_answer *a)
{
	struct why why = { "" };
	bool found = false, more = false;
	enum jembatan_result r = lapor_v3_has_follow_up(a->body, p->content, p->row.reference,
							c->reference_line, &found, &more, &why);

	if (r == JEMBATAN_OK && !found && more && p->page < PAGES_MAX)
		return false;
	if (r == JEMBATAN_OK && !found && more)
		r = why_set(&why, JEMBATAN_DATA, "more than %u pages of follow-ups", PAGES_MAX);
	note(p, r, found, &why);
	return true;
}

/* Whether a finished one may have been given this number; from now on one has. */
static bool was_given(struct outbox *o, const char *number)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	if (!o->finished.first)
		memset(o->numbers, 0, sizeof(o->numbers));
	for (const char *c = number; *c; c++)
		h = (h ^ (uint8_t)*c) * 16777619u;
	uint64_t *word = &o->numbers[h >> 26], bit = (uint64_t)1 << (h >> 20 & 63);
	bool is_set = (*word & bit) != 0;
	*word |= bit;
	return is_set;
}

/* Two reports cannot have one number: then the answer is another's, or wrong. */
static void read_other(struct push *p)
{
	struct outbox *o = p->outbox;
	struct why why;

	p->other = NULL;
	if (!*p->result.id || p->row.kind != OUTBOX_CREATE || p->action == OUTCOME_FILE)
		return;
	bool looks = was_given(o, p->result.id);
	if (p->row.complaint_id)
		return;
	/* Not written yet, so the store does not know them. */
	for (const struct push *q = looks ? o->finished.first : NULL; q && !p->other; q = q->next)
		if (q->row.ticket_id != p->row.ticket_id && q->row.kind == OUTBOX_CREATE &&
		    q->action != OUTCOME_FILE && str_equal(q->result.id, p->result.id))
			p->other = arena_strdup(p->arena, q->row.reference);
	if (!p->other && tickets_other_with(o->db, p->row.ticket_id, p->result.id, p->arena,
					    &p->other, &why) != JEMBATAN_OK)
		log_error("central", "%s: whose number it is cannot be told: %s",
			  p->row.reference, why.text);
}

static bool read_evidence(struct push *p, const struct settings_central *c,
			  const struct client_answer *a)
{
	struct why why = { "" };
	enum jembatan_result r;

	if (p->row.kind == OUTBOX_FOLLOW_UP)
		return read_page(p, c, a);
	if (p->row.complaint_id) {
		struct lapor_v3_status s;
		r = lapor_v3_status(a->body, &s, &why);
		note(p, r, r == JEMBATAN_OK &&
			   (!p->route_to || str_equal(s.disposition_id, p->route_to)), &why);
		return true;
	}
	r = lapor_v3_lookup(a->body, a->status, c->lookup_match, p->result.id, &why);
	read_other(p);
	if (p->other)
		r = why_set(&why, JEMBATAN_DATA, "%s", describe(p, a, false));
	p->result.is_anothers = p->other != NULL;
	note(p, r, *p->result.id != '\0', &why);
	return true;
}

static void read_id(struct push *p, const struct settings_central *c,
		    const struct client_answer *a)
{
	if (a->curl_code != CURLE_OK || a->status < 200 || a->status >= 300)
		return;
	if (p->action == OUTCOME_CREATE)
		lapor_v3_complaint_id(a->body, c->create_id, p->result.id);
	else if (p->action == OUTCOME_FILE)
		lapor_v3_file_id(a->body, p->result.id);
}

bool push_read_answer(struct push *p, const struct central_options *o,
		      const struct client_answer *a, bool is_singled_out)
{
	struct outcome_facts f = { .action = p->action,
				   .curl_code = a->curl_code,
				   .any_sent = a->any_sent,
				   .status = a->status,
				   .is_singled_out = is_singled_out,
				   .not_sent_statuses = o->central->not_sent_statuses,
				   .not_sent_status_count = o->central->not_sent_status_count };

	p->result = (struct step_result){ .retry_after_ms = a->retry_after_ms };
	p->result.is_last_file = p->file_index + 1 >= p->file_count;
	p->is_local = false;
	if (was_cut_by_us(p))
		return true;
	read_id(p, o->central, a);
	read_other(p);
	p->result.is_anothers = p->other != NULL;
	f.has_id = *p->result.id != '\0' && !p->other;
	p->verdict = outcome_of(&f);
	p->result.outcome = p->verdict.outcome;
	p->result.how = describe(p, a, p->verdict.outcome == OUTCOME_UNKNOWN && a->status < 300);
	if (p->action == OUTCOME_ASK && p->verdict.outcome == OUTCOME_DONE)
		return read_evidence(p, o->central, a);
	return true;
}
