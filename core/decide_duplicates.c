/* decide_duplicates.c: is this complaint one that we have? A repost joins its
 * ticket and is not sent again; what other people say of the same incident is
 * linked. Anonim and rahasia are never relaxed by it, and nothing joins a
 * ticket that would not be sent: a complaint too many is better than none. */
#include "decide_inside.h"
#include "decide_know.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scout.h"
#include "base/buf.h"
#include "central/status.h"
#include "compare.h"
#include "intake/batch.h"
#include "store/follows.h"
#include "ticket/person.h"
#include "ticket/propose.h"
#include "ticket/ticket.h"
#include "base/poison.h"

#define EVIDENCE_MOST 5u
/* A repost says nothing new. Below this share of its words that stand in the
 * other, it is an addition: a citizen's words get where the ticket gets. */
#define NOTHING_NEW 0.8f

/* ---- what is compared -------------------------------------------------- */

/* Who wrote it, as keyed hashes. An id means something within its instance only;
 * phone and mail are the same wherever they stand. */
static size_t author_evidence(struct decide *d, const struct inbox_row *row,
			      struct evidence out[EVIDENCE_MOST])
{
	const struct dedup_model *model = compare_model(d->compare);
	const struct jembatan_author *a = &row->message.message.author;
	char phone[PHONE_SIZE];
	size_t n = 0;
	if (person_phone(a->phone, phone))
		n += evidence_of(model, EVIDENCE_PHONE, phone, &out[n]);
	n += evidence_of(model, EVIDENCE_MAIL, a->mail, &out[n]);
	const char *const accounts[] = { a->id, a->handle };
	for (size_t i = 0; i < COUNT_OF(accounts); i++)
		if (accounts[i] != NULL)
			n += evidence_of(model, EVIDENCE_ACCOUNT,
					 arena_printf(d->arena, "i%lld.%zu/%s",
						      (long long)row->instance_id, i, accounts[i]),
					 &out[n]);
	n += evidence_of(model, EVIDENCE_NAME, a->name != NULL ? a->name : a->mail, &out[n]);
	return n;
}

const char *decide_words(struct decide *d, const struct jembatan_message *m)
{
	if (m->subject == NULL || m->text == NULL)
		return m->text != NULL ? m->text : m->subject;
	return arena_printf(d->arena, "%s\n%s", m->subject, m->text);
}

static const char *place_words(struct decide *d, const struct jembatan_place *p)
{
	const char *const parts[] = { p->address, p->village, p->district };
	const char *out = NULL;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (parts[i] != NULL)
			out = out == NULL ? parts[i] : arena_printf(d->arena, "%s, %s", out, parts[i]);
	return out;
}

/* own: as in compare_decide. */
static void compare(struct decide *d, const struct inbox_row *row, const struct instance_settings *s,
		    int64_t own, struct fingerprint *f, struct dedup_answer *answer)
{
	const struct jembatan_message *m = &row->message.message;
	struct tokens_memo *memo = scout_memo(d->scout, &row->message);
	struct evidence evidence[EVIDENCE_MOST];
	int64_t arrived_ms = m->arrived_ms != 0 ? m->arrived_ms : row->received_ms;
	struct dedup_input input = {
		.text = decide_words(d, m),
		.location = place_words(d, &m->place),
		.channel = s != NULL ? s->connector : NULL,
		.time_ms = arrived_ms < row->received_ms ? arrived_ms : row->received_ms,
		.zone_minutes = d->o.settings->central.zone_minutes,
		.evidence = evidence,
		.evidence_count = author_evidence(d, row, evidence),
		.memo = memo != NULL ? memo : d->memo,
	};
	compare_decide(d->compare, &input, own, f, answer);
}

/* ---- may it join? ------------------------------------------------------ */

static bool is_shadow(const struct instance_settings *s)
{
	return s != NULL && s->push == PUSH_SHADOW;
}

/* What joins it gets where the ticket gets, or has got. */
static bool is_open(enum ticket_state state, const struct instance_settings *s, bool is_repost)
{
	switch (state) {
	case TICKET_REVIEW:
	case TICKET_QUEUED:
	case TICKET_PUSHED:
	case TICKET_UNKNOWN:
	case TICKET_REFUSED:
		return true;
	case TICKET_SHADOW:
		return is_shadow(s);
	case TICKET_LINKED: /* the centre has it: an addition would not get there */
		return is_repost;
	case TICKET_INCOMPLETE: /* what comes now may say what is missing */
	case TICKET_ARCHIVED:
	case TICKET_REJECTED:
		return false;
	}
	return false;
}

bool decide_relaxes(const struct jembatan_message *m, const struct ticket *t)
{
	return ((m->flags & JEMBATAN_SECRET_REPORT) != 0 && !t->secret) ||
	       ((m->flags & JEMBATAN_ANONYMOUS) != 0 && !t->anonymous);
}

/* The centre is done with it: who says it again means that it is not solved. */
static bool is_closed(struct decide *d, int64_t ticket_id)
{
	struct follow_row follow;
	return follows_get(d->o.db, ticket_id, d->arena, &follow, NULL) == JEMBATAN_OK &&
	       status_is_closed(follow.state);
}

enum jembatan_result decide_may_join(struct decide *d, const struct inbox_row *row,
				     const struct instance_settings *s, int64_t ticket_id,
				     bool is_repost, struct ticket_row *out,
				     struct ticket *out_form, bool *out_may, struct why *why)
{
	const struct jembatan_message *m = &row->message.message;
	struct ticket t = { 0 };
	*out_may = false;
	if (ticket_id == 0)
		return JEMBATAN_OK;
	enum jembatan_result r = tickets_read(d->o.db, ticket_id, d->arena, out, &t, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_DATA || r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	*out_may = is_open(out->state, s, is_repost) && !decide_relaxes(m, &t) &&
		   (!is_repost || (!t.secret && (m->flags & JEMBATAN_SECRET_REPORT) == 0 &&
				   !is_closed(d, ticket_id)));
	*out_form = t;
	return JEMBATAN_OK;
}

/* ---- what it is -------------------------------------------------------- */

struct finding {
	struct duplicate_row row;
	struct ticket_row ticket; /* that it joins; id 0: none */
	bool adds;                /* it says more than that one, or */
	bool brings;              /* has files that it does not have */
};

/* "same phone, same mail; contained_95 +2.1": no words of anybody. */
static const char *evidence_line(struct decide *d, const struct dedup_candidate *c)
{
	static const char *const names[] = { NULL, "same phone", "same mail", "same account",
					     "same name", "same phone in the text" };
	CLEANUP(free_pointer) char *features = dedup_explain(compare_model(d->compare), &c->features);
	const char *out = "";
	for (unsigned kind = 1; kind < COUNT_OF(names); kind++)
		if ((c->shared & 1u << kind) != 0)
			out = arena_printf(d->arena, "%s%s%s", out, *out != '\0' ? ", " : "", names[kind]);
	if (c->features.near_identical)
		out = arena_printf(d->arena, "%s%s", out, *out != '\0' ? ", same words" : "same words");
	return arena_printf(d->arena, "%s%s%s", out, *out != '\0' ? "; " : "", features);
}

static const struct dedup_candidate *candidate(const struct dedup_answer *a, uint64_t id)
{
	for (size_t n = 0; n < a->count; n++)
		if (a->candidates[n].id == id)
			return &a->candidates[n];
	return NULL;
}

static bool says_more(const struct dedup_candidate *c)
{
	return !c->features.near_identical && c->features.of_query < NOTHING_NEW;
}

/* It says more, or brings pictures. */
static enum jembatan_result look_what_it_adds(struct decide *d, const struct inbox_row *row,
					      bool says_more, struct finding *out, struct why *why)
{
	out->brings = false;
	out->adds = says_more;
	if (out->adds)
		return JEMBATAN_OK;
	enum jembatan_result r = decide_brings_files(d, row, &out->ticket, &out->brings, why);
	out->adds = out->brings;
	return r;
}

/* An accusation, in however few words, goes by itself; unless a person read these very
 * words and said that they accuse nobody. */
static enum jembatan_result look_if_it_accuses(struct decide *d, const struct inbox_row *row,
					       const struct duplicate_row *twin,
					       const struct ticket *form, bool *out_accuses,
					       struct why *why)
{
	struct inbox_row known;
	*out_accuses = decide_know_accuses(d, &row->message.message, form);
	if (!*out_accuses || !str_equal(form->proposal.classification_words, PROPOSE_PERSON))
		return JEMBATAN_OK;
	enum jembatan_result r = inbox_get(d->o.db, twin->message_id, d->arena, &known, why);
	if (r == JEMBATAN_OK)
		*out_accuses = !decide_same_words(&row->message.message, &known.message.message);
	return r;
}

/* The ticket that a repost joins: one of the same author before one whose author
 * is not known. */
static enum jembatan_result find_ticket(struct decide *d, const struct inbox_row *row,
					const struct instance_settings *s,
					const struct dedup_answer *a, struct finding *out,
					struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	for (size_t n = 0; n < 2 * a->count && r == JEMBATAN_OK; n++) {
		const struct dedup_candidate *c = &a->candidates[n % a->count];
		struct duplicate_row twin;
		struct ticket form = { 0 };
		bool may = false, accuses = false;
		if (!c->is_repost || c->features.author_same != (n < a->count))
			continue;
		r = duplicates_get(d->o.db, (int64_t)c->id, d->arena, &twin, why);
		if (r == JEMBATAN_GONE) {
			r = JEMBATAN_OK;
			continue;
		}
		if (r == JEMBATAN_OK)
			r = decide_may_join(d, row, s, twin.ticket_id, true, &out->ticket, &form, &may,
					    why);
		if (r == JEMBATAN_OK && may)
			r = look_what_it_adds(d, row, says_more(c), out, why);
		if (r == JEMBATAN_OK && may)
			r = look_if_it_accuses(d, row, &twin, &form, &accuses, why);
		/* What came from the centre takes no addition from here. */
		if (accuses || (out->adds && out->ticket.state == TICKET_LINKED))
			may = false;
		if (r == JEMBATAN_OK && may) {
			out->row.nearest = (int64_t)c->id;
			return r;
		}
	}
	out->ticket = (struct ticket_row){ 0 };
	out->adds = out->brings = false;
	return r;
}

static bool never_joins(const struct jembatan_message *m)
{
	return (m->flags & JEMBATAN_FROM_CENTRE) != 0 || m->tracking_id != NULL;
}

static enum jembatan_result find(struct decide *d, const struct inbox_row *row,
				 const struct instance_settings *s, const struct dedup_answer *a,
				 struct finding *out, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	out->row.message_id = row->id;
	if (a->decision == DEDUP_SEPARATE)
		return r;
	out->row.permille = (unsigned)lround(a->score * 1000);
	out->row.nearest = (int64_t)a->nearest;
	out->row.decision = DUPLICATE_REVIEW;
	if (a->decision != DEDUP_REVIEW) {
		out->row.decision = DUPLICATE_RELATED;
		out->row.incident = (int64_t)a->incident;
	}
	if (a->decision == DEDUP_REPOST && !never_joins(&row->message.message))
		r = find_ticket(d, row, s, a, out, why);
	if (out->ticket.id != 0)
		out->row.decision = DUPLICATE_REPOST;
	const struct dedup_candidate *c = candidate(a, (uint64_t)out->row.nearest);
	if (c != NULL)
		out->row.evidence = evidence_line(d, c);
	return r;
}

/* The same post by its link. A copy says nothing that the post does not; the post may
 * say more than was copied. */
static enum jembatan_result find_copy(struct decide *d, const struct inbox_row *row,
				      const struct instance_settings *s,
				      const struct dedup_answer *a, struct finding *out,
				      struct why *why)
{
	struct duplicate_row twin;
	struct ticket form = { 0 };
	int64_t message_id = 0;
	bool may = false, accuses = false;
	enum jembatan_result r = never_joins(&row->message.message) ? JEMBATAN_OK :
				 decide_find_copy(d, row, &message_id, why);
	if (r != JEMBATAN_OK || message_id == 0)
		return r;
	r = duplicates_of_message(d->o.db, message_id, d->arena, &twin, why);
	if (r == JEMBATAN_OK)
		r = decide_may_join(d, row, s, twin.ticket_id, true, &out->ticket, &form, &may, why);
	const struct dedup_candidate *c = r == JEMBATAN_OK ? candidate(a, (uint64_t)twin.id) : NULL;
	if (r == JEMBATAN_OK && may)
		r = look_what_it_adds(d, row, !decide_is_copy(&row->message.message) &&
				      (c == NULL || says_more(c)), out, why);
	if (r == JEMBATAN_OK && may)
		r = look_if_it_accuses(d, row, &twin, &form, &accuses, why);
	if (r != JEMBATAN_OK || !may || accuses ||
	    (out->adds && out->ticket.state == TICKET_LINKED)) {
		*out = (struct finding){ .row = { .message_id = row->id } };
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	}
	out->row.decision = DUPLICATE_REPOST;
	out->row.permille = 1000;
	out->row.incident = twin.incident;
	out->row.nearest = twin.id;
	out->row.evidence = "the same link";
	return r;
}

/* ---- the decision ------------------------------------------------------ */

static enum jembatan_result fold(struct decide *d, const struct inbox_row *row,
				 const struct finding *f, struct why *why)
{
	const char *reference = f->ticket.reference;
	if (f->adds)
		return decide_join(d, row, f->ticket.id,
				   arena_printf(d->arena, "%s (score %u %%): `jembatan duplicates split "
						"m%lld` undoes it", f->brings ?
						"the same report again, with files that it did not have" :
						"the same person says more of it", f->row.permille / 10,
						(long long)row->id), why);
	const char *note = arena_printf(d->arena, "m%lld says it again (score %u %%): nothing is sent "
					"twice; `jembatan duplicates split m%lld` undoes it",
					(long long)row->id, f->row.permille / 10, (long long)row->id);
	const char *reason = arena_printf(d->arena, "the same report again: added to %s", reference);
	enum jembatan_result r = decide_note(d, f->ticket.id, DECIDE_ACTOR, "repost", note, why);
	return r != JEMBATAN_OK ? r :
	       decide_leave(d, row, INBOX_REPOST, f->ticket.id, reason, why);
}

static enum jembatan_result decide_alone(struct decide *d, const struct inbox_row *row,
					 const struct instance_settings *s,
					 const struct decide_quoted *quoted, int64_t *out_ticket_id,
					 struct why *why)
{
	enum jembatan_result r = decide_make_ticket(d, row, s, out_ticket_id, why);
	return r == JEMBATAN_OK && quoted->is_elsewhere && *out_ticket_id != 0 ?
	       decide_note(d, *out_ticket_id, DECIDE_ACTOR, "quotes",
			   "it names a report that is not here: is it in another system?", why) : r;
}

enum jembatan_result decide_new_complaint(struct decide *d, const struct inbox_row *row,
					  const struct instance_settings *s, struct why *why)
{
	struct fingerprint f;
	struct dedup_answer answer;
	struct finding finding = { .row = { .message_id = row->id } };
	struct decide_quoted quoted = { .handled = false };
	int64_t ticket_id = 0;
	enum jembatan_result r = JEMBATAN_OK;
	if (!never_joins(&row->message.message))
		r = decide_quotes(d, row, s, &quoted, why);
	if (r != JEMBATAN_OK || quoted.handled)
		return r;
	if (!compare_is_on(d->compare))
		return decide_alone(d, row, s, &quoted, &ticket_id, why);
	compare(d, row, s, 0, &f, &answer);
	r = find_copy(d, row, s, &answer, &finding, why);
	if (r == JEMBATAN_OK && finding.ticket.id == 0)
		r = find(d, row, s, &answer, &finding, why);
	if (r == JEMBATAN_OK && finding.ticket.id != 0) {
		ticket_id = finding.ticket.id;
		r = fold(d, row, &finding, why);
	} else if (r == JEMBATAN_OK) {
		/* What it names says more than what it is like. */
		r = quoted.message_id != 0 ? decide_link_quoted(d, &quoted, &finding.row, why) : r;
		if (r == JEMBATAN_OK)
			r = decide_alone(d, row, s, &quoted, &ticket_id, why);
	}
	/* What became no ticket is nothing to compare with. */
	return r == JEMBATAN_OK && ticket_id != 0 ? compare_add(d->compare, &finding.row, &f, why) : r;
}

/* Which other report the new words are like. They stay where they are, and a person
 * is asked: what was taken for one report may be in two tickets at the centre by now. */
static enum jembatan_result look_what_it_is_like(struct decide *d, const struct dedup_answer *a,
						 const struct duplicate_row *before,
						 struct duplicate_row *change, struct why *why)
{
	const struct dedup_candidate *c = candidate(a, a->nearest);
	struct duplicate_row other;
	if (a->decision == DEDUP_SEPARATE || c == NULL)
		return JEMBATAN_OK;
	enum jembatan_result r = duplicates_get(d->o.db, (int64_t)c->id, d->arena, &other, why);
	if (r == JEMBATAN_GONE || (r == JEMBATAN_OK && other.ticket_id == before->ticket_id))
		return JEMBATAN_OK;
	change->decision = DUPLICATE_REVIEW;
	change->permille = (unsigned)lround(a->score * 1000);
	change->nearest = other.id;
	change->evidence = arena_printf(d->arena, "the changed text; %s", evidence_line(d, c));
	return r;
}

enum jembatan_result decide_compare_change(struct decide *d, const struct inbox_row *row,
					   const struct instance_settings *s,
					   const struct inbox_row *first, struct why *why)
{
	struct fingerprint f;
	struct dedup_answer answer;
	struct duplicate_row before;
	int64_t due_ms;
	/* What waits for its files is decided once more. */
	if (!compare_is_on(d->compare) || fetch_hold(d->o.fetch, row, &due_ms))
		return JEMBATAN_OK;
	enum jembatan_result r = duplicates_of_message(d->o.db, first->id, d->arena, &before, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_OK : r;
	compare(d, row, s, before.incident, &f, &answer);
	struct duplicate_row change = { .message_id = row->id, .incident = before.incident,
					.nearest = before.id,
					.evidence = "other words of the same report" };
	r = look_what_it_is_like(d, &answer, &before, &change, why);
	return r == JEMBATAN_OK ? compare_add(d->compare, &change, &f, why) : r;
}
