/* dedup.c: the index of a window: read, decide, add, expire. */
#include "ticket/dedup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ticket/dedup_index.h"
#include "base/poison.h"

/* A wrong join costs more the more it joins, and where two incidents are like it one
 * of them is wrong: more than `automatic` is asked then, for each member beyond the
 * first (of at most so many), and for the second incident's score. */
#define MORE_A_MEMBER 0.05
#define MORE_MEMBERS 4u
#define MORE_A_RIVAL 0.5
#define MORE_MOST 0.95
/* Who tells a story in words of his own is never as like it as who repeats it. */
#define MORE_IF_TOLD 0.06

struct dedup_index {
	const struct dedup_model *model;
	struct dedup_settings settings;
	struct window *window;
	struct counts *counts;
	struct dedup_query *query;
};

const char *dedup_decision_name(enum dedup_decision d)
{
	static const char *const names[] = { "separate", "review", "related", "repost" };
	return names[d];
}

struct dedup_settings dedup_settings_preset(void)
{
	return (struct dedup_settings){
		.window_ms = DEDUP_WINDOW_MS, .automatic = 0.5, .review = 0.45, .separate = 0.25,
	};
}

struct dedup_index *dedup_index_new(const struct dedup_model *m,
				    const struct dedup_settings *settings)
{
	struct dedup_index *i = xcalloc(1, sizeof(*i));
	i->model = m;
	i->settings = *settings;
	i->window = window_new();
	i->counts = counts_new();
	i->query = dedup_query_new();
	return i;
}

void dedup_index_free(struct dedup_index *i)
{
	if (i == NULL)
		return;
	window_free(i->window);
	counts_free(i->counts);
	dedup_query_free(i->query);
	free(i);
}

void dedup_index_expect(struct dedup_index *i, size_t count)
{
	window_expect(i->window, count);
}

void dedup_index_set(struct dedup_index *i, const struct dedup_settings *settings)
{
	i->settings = *settings;
}

void dedup_index_expire(struct dedup_index *i, int64_t now_ms)
{
	struct window_slot s;
	while (window_first(i->window) < window_end(i->window)) {
		window_get(i->window, window_first(i->window), &s);
		if (s.added_ms >= now_ms - i->settings.window_ms)
			return;
		counts_drop(i->counts, s.record.marks, s.record.mark_count);
		window_drop_first(i->window);
	}
}

void dedup_index_read(const struct dedup_index *i, const struct dedup_input *input,
		      struct fingerprint *out)
{
	struct window_slot same;
	fingerprint_read(i->model, i->counts, input, out);
	if (out->mark_count == 0 || !window_find_same(i->window, out, &same))
		return;
	for (size_t k = 0; k < out->mark_count; k++)
		out->marks[k].weight = same.record.marks[k].weight;
}

static bool is_near(const struct dedup_index *i, const struct fingerprint *f,
		    const struct dedup_record *other)
{
	int64_t apart_ms = f->time_ms - other->time_ms;
	return apart_ms <= i->settings.window_ms && apart_ms >= -i->settings.window_ms;
}

/* What says that both are of one author: never a name alone. */
static unsigned shared_evidence(const struct fingerprint *f, const struct dedup_record *other)
{
	unsigned kinds = 0;
	for (size_t a = 0; a < f->evidence_count; a++)
		for (size_t b = 0; b < other->evidence_count; b++)
			if (evidence_is_same(f->evidence[a], other->evidence[b]))
				kinds |= 1u << evidence_kind_of(f->evidence[a]);
	return kinds;
}

/* Nobody says who wrote it. */
static bool is_silent(const struct fingerprint *f)
{
	bool silent = true;
	for (size_t e = 0; e < f->evidence_count; e++)
		silent = silent && !evidence_is_strong(f->evidence[e]);
	return silent;
}

/* "Lampu jalan mati" is said by many: the same words prove something when they
 * name a place, or are many. */
static bool says_enough(const struct dedup_features *x)
{
	return x->value[FEATURE_shared_place] >= 0.4f || x->value[FEATURE_light] >= 2.5f;
}

/* Same author; or the same words as one whose author is not known to be
 * another. */
static bool is_repost(bool silent, const struct dedup_features *x)
{
	bool nobody = silent || !x->other_has_author;
	return x->author_same || (x->near_identical && nobody && !x->author_conflict &&
				  x->value[FEATURE_name_other] < 0.5f && says_enough(x));
}

/* Into the list, best first. */
static void compare_with(struct dedup_index *i, const struct fingerprint *f,
			 const struct window_slot *s, struct dedup_answer *out)
{
	struct dedup_candidate c;
	if (s->forgotten || !is_near(i, f, &s->record) ||
	    !dedup_compare(i->query, &s->record, &c.features))
		return;
	c.id = s->id;
	c.incident = s->incident;
	c.score = dedup_score(i->model, &c.features);
	c.is_repost = is_repost(is_silent(f), &c.features);
	c.shared = shared_evidence(f, &s->record);
	size_t at = out->count++;
	for (; at > 0 && out->candidates[at - 1].score < c.score; at--)
		out->candidates[at] = out->candidates[at - 1];
	out->candidates[at] = c;
}

/* Candidates of other incidents than `own` (0: all) with their scores. */
static void compare_all(struct dedup_index *i, const struct fingerprint *f, uint64_t own,
			struct dedup_answer *out)
{
	uint32_t numbers[DEDUP_CANDIDATES];
	struct window_slot s;
	size_t found = window_find(i->window, f, numbers, DEDUP_CANDIDATES);
	for (size_t n = 0; n < found; n++)
		window_fetch(i->window, numbers[n]);
	dedup_query_set(i->query, f);
	for (size_t n = 0; n < found; n++) {
		window_get(i->window, numbers[n], &s);
		if (s.incident != own)
			compare_with(i, f, &s, out);
	}
}

static bool is_told(const struct dedup_candidate *c)
{
	return c->features.value[FEATURE_told] > 0;
}

/* Of the member that is told again, in other words; 0 if none is. */
static double best_told(const struct dedup_answer *a, uint64_t incident)
{
	for (size_t n = 0; n < a->count; n++)
		if (a->candidates[n].incident == incident && is_told(&a->candidates[n]))
			return a->candidates[n].score;
	return 0;
}

/* Mean over the members of the candidate's incident. Where one is told again in other
 * words, those that say nothing of its place speak neither for it nor against it. */
static double incident_score(const struct dedup_answer *a, uint64_t incident, unsigned *members)
{
	double sum = 0, told = best_told(a, incident);
	unsigned counted = 0;
	*members = 0;
	for (size_t n = 0; n < a->count; n++) {
		const struct dedup_candidate *c = &a->candidates[n];
		if (c->incident != incident)
			continue;
		++*members;
		if (c->score < told && !is_told(c) && !dedup_is_elsewhere(&c->features))
			continue;
		sum += c->score;
		counted++;
	}
	return sum / counted;
}

/* The incident that fits best, and what is asked of it. */
static double find_incident(const struct dedup_index *i, struct dedup_answer *out)
{
	double rival = 0, more_if_told = 0;
	unsigned members = 0, most = 0;
	for (size_t n = 0; n < out->count; n++) {
		uint64_t incident = out->candidates[n].incident;
		double score = incident_score(out, incident, &members);
		if (score > out->score) {
			rival = out->score;
			most = members;
			out->score = score;
			out->incident = incident;
			out->nearest = out->candidates[n].id;
			more_if_told = is_told(&out->candidates[n]) ? MORE_IF_TOLD : 0;
		} else if (incident != out->incident && score > rival) {
			rival = score;
		}
	}
	unsigned more = most > MORE_MEMBERS ? MORE_MEMBERS : most > 0 ? most - 1 : 0;
	double asked = fmin(i->settings.automatic + MORE_A_MEMBER * more + MORE_A_RIVAL * rival,
			    MORE_MOST);
	out->score = fmin(out->score + more_if_told, 1);
	return fmax(asked, i->settings.automatic);
}

/* Among the members of the incident found. Words alone join nobody to a report
 * that somebody else has joined already, nor to one of which not all was looked at. */
static bool find_repost(const struct fingerprint *f, struct dedup_answer *a)
{
	bool other = false, any = false;
	size_t members = 0;
	for (size_t n = 0; n < a->count; n++) {
		members += a->candidates[n].incident == a->incident;
		other |= a->candidates[n].incident == a->incident &&
			 a->candidates[n].features.author_conflict;
	}
	other |= members >= DEDUP_CANDIDATES && !is_silent(f);
	for (size_t n = 0; n < a->count; n++) {
		struct dedup_candidate *c = &a->candidates[n];
		c->is_repost = c->is_repost && c->incident == a->incident &&
			       (c->features.author_same || !other);
		any |= c->is_repost;
	}
	return any;
}

static bool has_own(const struct dedup_answer *a)
{
	for (size_t n = 0; n < a->count; n++)
		if (a->candidates[n].incident == a->incident && a->candidates[n].features.author_same)
			return true;
	return false;
}

/* What the author himself said of the incident is not among the candidates where many
 * say the same. */
static void compare_own(struct dedup_index *i, const struct fingerprint *f,
			struct dedup_answer *out)
{
	uint32_t numbers[DEDUP_OWN];
	struct window_slot s;
	if (is_silent(f) || has_own(out))
		return;
	size_t found = window_find_own(i->window, f, out->incident, numbers, DEDUP_OWN);
	for (size_t n = 0; n < found; n++) {
		window_get(i->window, numbers[n], &s);
		compare_with(i, f, &s, out);
	}
}

void dedup_index_decide(struct dedup_index *i, const struct fingerprint *f,
			struct dedup_answer *out)
{
	dedup_index_decide_change(i, f, 0, out);
}

void dedup_index_decide_change(struct dedup_index *i, const struct fingerprint *f, uint64_t own,
			       struct dedup_answer *out)
{
	out->decision = DEDUP_SEPARATE;
	out->incident = out->nearest = 0;
	out->score = 0;
	out->count = 0;
	compare_all(i, f, own, out);
	double asked = find_incident(i, out);
	if (out->count > 0 && out->score >= asked) {
		compare_own(i, f, out);
		out->decision = find_repost(f, out) ? DEDUP_REPOST : DEDUP_RELATED;
	} else if (out->count > 0 && out->score >= i->settings.separate)
		out->decision = DEDUP_REVIEW;
}

void dedup_index_add(struct dedup_index *i, uint64_t id, uint64_t incident, int64_t added_ms,
		     const struct fingerprint *f)
{
	window_add(i->window, id, incident, added_ms, f);
	counts_add(i->counts, f->marks, f->mark_count);
}

void dedup_index_take_back(struct dedup_index *i, uint64_t id)
{
	struct window_slot s;
	while (window_end(i->window) > window_first(i->window)) {
		window_get(i->window, window_end(i->window) - 1, &s);
		if (s.id < id)
			return;
		counts_drop(i->counts, s.record.marks, s.record.mark_count);
		window_drop_last(i->window);
	}
}

/* By halving: ids ascend. */
static bool find_id(const struct dedup_index *i, uint64_t id, uint32_t *number,
		    struct window_slot *out)
{
	uint32_t low = window_first(i->window), high = window_end(i->window);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		window_get(i->window, middle, out);
		if (out->id == id) {
			*number = middle;
			return true;
		}
		if (out->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool dedup_index_move(struct dedup_index *i, uint64_t id, uint64_t incident)
{
	struct window_slot s;
	uint32_t number;
	if (!find_id(i, id, &number, &s))
		return false;
	window_set(i->window, number, incident, s.forgotten);
	return true;
}

bool dedup_index_forget(struct dedup_index *i, uint64_t id)
{
	struct window_slot s;
	uint32_t number;
	if (!find_id(i, id, &number, &s))
		return false;
	window_set(i->window, number, s.incident, true);
	return true;
}

size_t dedup_index_count(const struct dedup_index *i)
{
	return window_end(i->window) - window_first(i->window);
}

uint64_t dedup_index_oldest(const struct dedup_index *i)
{
	struct window_slot s;
	if (dedup_index_count(i) == 0)
		return 0;
	window_get(i->window, window_first(i->window), &s);
	return s.id;
}

size_t dedup_index_bytes(const struct dedup_index *i)
{
	return window_bytes(i->window);
}

char *dedup_explain(const struct dedup_model *m, const struct dedup_features *f)
{
	const double *w = dedup_model_weights(m) + 1;
	bool said[FEATURE_COUNT] = { false };
	struct buf out;
	buf_init(&out, 1024);
	for (int n = 0; n < 6; n++) {
		int best = -1;
		double most = 0.3;
		for (int i = 0; i < FEATURE_COUNT; i++)
			if (!said[i] && fabs(w[i] * (double)f->value[i]) > most) {
				most = fabs(w[i] * (double)f->value[i]);
				best = i;
			}
		if (best < 0)
			break;
		said[best] = true;
		buf_printf(&out, "%s%s %+.1f", n > 0 ? ", " : "", dedup_feature_name((enum dedup_feature)best),
			   w[best] * (double)f->value[best]);
	}
	return buf_take(&out);
}
