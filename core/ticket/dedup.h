/* dedup.h: is this complaint one that we have? An index of the complaints of a
 * window of time, in memory; what it decides follows from the rows in it and
 * their order alone. Knows no store, no channel and no clock.
 *
 * The life of a message (in T2, one call after the other):
 *	dedup_index_expire(i, now_ms);
 *	dedup_index_read(i, &input, &f);         text to fingerprint
 *	dedup_index_decide(i, &f, &answer);      incident, decision, evidence
 *	... store fingerprint_pack(&f), answer.incident (or a new one) ...
 *	dedup_index_add(i, id, incident, now_ms, &f);
 *	dedup_index_take_back(i, id);            what was added is not to be after all
 * After a restart: dedup_index_add for each stored row of the window, in the
 * order of its first adding, and the index decides exactly as before. No text
 * is read again. What decides is the redelivery's business elsewhere (`same` of
 * the design: instance and remote id); here it is repost, related, separate. */
#ifndef TICKET_DEDUP_H
#define TICKET_DEDUP_H

#include "ticket/dedup_pair.h"

#define DEDUP_CANDIDATES 8u
#define DEDUP_OWN 3u /* and so many of the same author in the incident found */
#define DEDUP_WINDOW_MS (INT64_C(30) * 86400000)

enum dedup_decision {
	DEDUP_SEPARATE = 0, /* a complaint of its own */
	DEDUP_REVIEW,       /* of its own until a person has looked */
	DEDUP_RELATED,      /* another reporter, the same incident: own ticket, linked */
	DEDUP_REPOST        /* the same reporter (or nobody says otherwise): same ticket */
};
const char *dedup_decision_name(enum dedup_decision d); /* "separate" ... */

/* Scores are probabilities. 0 < separate <= review <= automatic < 1. */
struct dedup_settings {
	int64_t window_ms;
	double automatic; /* from here on joined by itself; more where it joins several or rivals */
	double review;    /* from here on listed as "probably the same" */
	double separate;  /* from here on listed as "probably not"; below: not listed */
};
struct dedup_settings dedup_settings_preset(void);

struct dedup_candidate {
	uint64_t id, incident;
	double score;
	bool is_repost; /* of REPOST: same author, or the same words and no author against it */
	unsigned shared; /* 1 << enum evidence_kind: what of its author is the same */
	struct dedup_features features; /* of the pair, for the evidence */
};

struct dedup_answer {
	enum dedup_decision decision;
	uint64_t incident; /* of RELATED and REPOST; of REVIEW: the proposed one */
	uint64_t nearest;  /* id of the member that fits best */
	double score;      /* of the incident: mean over the members compared at first,
			     and some points for a story told in other words */
	size_t count;      /* candidates compared, best first */
	struct dedup_candidate candidates[DEDUP_CANDIDATES + DEDUP_OWN];
};

struct dedup_index;

/* The model is borrowed. Free with dedup_index_free. */
struct dedup_index *dedup_index_new(const struct dedup_model *m,
				    const struct dedup_settings *settings);
void dedup_index_free(struct dedup_index *i); /* NULL is fine */
/* So many are about to be added to the empty index: room for them at once is cheaper
 * than growing with each, which it does by itself too. */
void dedup_index_expect(struct dedup_index *i, size_t count);
/* Others from now on; what a shorter window left out stays out. */
void dedup_index_set(struct dedup_index *i, const struct dedup_settings *settings);

/* Forget what was added longer than the window before now_ms, in that order. */
void dedup_index_expire(struct dedup_index *i, int64_t now_ms);

/* The weights depend on what stands in the window now: store what this gave,
 * do not read the text again later. The same words weigh what they weighed when they
 * were said first, however many say them since. */
void dedup_index_read(const struct dedup_index *i, const struct dedup_input *input,
		      struct fingerprint *out);

void dedup_index_decide(struct dedup_index *i, const struct fingerprint *f,
			struct dedup_answer *out);
/* Beside its own incident: f are new words of what lies there. */
void dedup_index_decide_change(struct dedup_index *i, const struct fingerprint *f, uint64_t own,
			       struct dedup_answer *out);

/* Ids ascend. added_ms: now; the fingerprint's own time may lie long before,
 * and only what lies within a window of it is compared. */
void dedup_index_add(struct dedup_index *i, uint64_t id, uint64_t incident, int64_t added_ms,
		     const struct fingerprint *f);
/* Take back what was added last, down to this id: as if it had never been. */
void dedup_index_take_back(struct dedup_index *i, uint64_t id);

/* After a person's split or join; false when id is not in the window. */
bool dedup_index_move(struct dedup_index *i, uint64_t id, uint64_t incident);
/* Take an erased message out of all answers (its row is to be deleted too).
 * Its counts stay until it expires, so that nothing else changes. */
bool dedup_index_forget(struct dedup_index *i, uint64_t id);

size_t dedup_index_count(const struct dedup_index *i); /* records in the window */
uint64_t dedup_index_oldest(const struct dedup_index *i); /* its id; 0: none */
size_t dedup_index_bytes(const struct dedup_index *i); /* memory held */

/* One line of evidence for people: the features that weighed most, with their
 * share of the score; no words of anybody. The caller frees. */
char *dedup_explain(const struct dedup_model *m, const struct dedup_features *f);

#endif
