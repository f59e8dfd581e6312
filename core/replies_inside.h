/* replies_inside.h: the insides of the way back: ways (one an instance) and the
 * calls under way. Shared by replies.c (the turn), replies_plan.c (what happened
 * becomes rows) and replies_letter.c (a row becomes a message). Not for others. */
#ifndef CORE_REPLIES_INSIDE_H
#define CORE_REPLIES_INSIDE_H

#include "base/log.h"
#include "replies.h"
#include "reply/address.h"
#include "reply/outcome.h"
#include "reply/templates.h"
#include "store/inbox.h"

struct way {
	struct way *next;
	struct replies *replies;
	char name[40];
	int64_t id; /* of the instance */
	const struct instance_settings *settings;
	const struct reply_channel *channel;
	int64_t since_ms;    /* what arrived before is not answered */
	int64_t expires_ms;  /* of its token; 0: not known */
	int64_t access_ms;   /* until then it may read what people write; 0: not known */
	int64_t next_due_ms; /* -1: none */
	unsigned in_flight;
	bool is_closed;
	unsigned failures;
	int64_t not_before_mono_ms;
	char alarm[300];
	struct log_trouble trouble;
	int expiry_told, access_told; /* days, as last logged */
};

enum send_state {
	SEND_CLAIMED, /* of a turn that is not committed yet */
	SEND_ASKED,
	SEND_ANSWERED,
	SEND_WRITTEN  /* its result is in a turn that is not committed yet */
};

struct send { /* a call under way */
	struct send *next;
	struct way *way; /* NULL: its instance is not configured any more */
	struct replies *replies;
	enum send_state state;
	struct arena *arena;
	struct reply_row row;
	const struct reply_channel *channel;
	struct msg_reply letter;
	struct reply_answer answer;
	const char *remote_id;
};

struct replies {
	struct replies_options o;
	struct settings *settings; /* held */
	struct reply_templates *templates; /* NULL: trouble says why */
	char trouble[300];
	struct way *ways;
	bool ways_known, is_on;
	struct send *sends;
	struct loop_timer *timer, *gather;
	int64_t answered_mono_ms; /* the first answer that is not written; 0: none */
	struct arena *arena; /* of one step */
	bool is_recovered, stopping, more_news;
	int64_t unasked_after; /* questions: tickets up to this one were looked at */
	int64_t asked_mono_ms; /* when they were begun anew */
};

/* replies_ways.c */
struct way *replies_way_of(struct replies *r, int64_t instance_id);
/* Inside a transaction: which instances answer. Their rows are there once
 * intake has started them. */
MUST_CHECK enum jembatan_result replies_find_ways(struct replies *r, struct why *why);
void replies_sweep_ways(struct replies *r); /* those without settings */
/* Of its token: 0: it has ended; INT64_MAX: not known. */
int64_t replies_days_left(const struct way *w);
/* Of the consent to read what people write, which holds no reply. */
int64_t replies_access_days(const struct way *w);
void replies_tell_expiry(struct way *w); /* log both, at 14, 7, 3, 1 and 0 days */
void replies_note_way(struct way *w, const struct reply_verdict *v);

/* replies_plan.c, in the transaction: news and questions become rows. */
MUST_CHECK enum jembatan_result replies_plan(struct replies *r, struct why *why);
/* A question did not leave, or not get through: when none of this ticket may any more,
 * nobody is waited for. */
MUST_CHECK enum jembatan_result replies_question_over(struct replies *r, int64_t ticket_id,
						      struct why *why);

/* replies_author.c: a message, and in it the names by which its author is reached today;
 * as inbox_get. */
MUST_CHECK enum jembatan_result replies_message(struct replies *r, int64_t message_id,
						struct arena *arena, struct inbox_row *out,
						struct why *why);

/* replies_reach.c: what failed may say that its channel cannot reach this person. */
extern const char replies_not_tried[];
MUST_CHECK enum jembatan_result replies_note_failure(struct replies *r,
						     const struct reply_row *failed,
						     struct why *why);
MUST_CHECK enum jembatan_result replies_is_reachable(struct replies *r, const struct way *w,
						     const struct reply_row *row, bool *out,
						     struct why *why);

/* replies_letter.c: what leaves for this row. DATA: nothing may or can, and why
 * says why; texts live in the arena. */
MUST_CHECK enum jembatan_result replies_letter(struct replies *r, const struct way *w,
					       const struct reply_row *row, struct arena *arena,
					       struct msg_reply *out, struct why *why);
/* The one that it tells once more on the very way on which that did not get through;
 * id 0: none. */
MUST_CHECK enum jembatan_result replies_told_before(struct replies *r, const struct reply_row *row,
						    struct arena *arena, struct reply_row *out,
						    struct why *why);
/* May this event go out at this hour? The moment when it may. */
int64_t replies_waking_ms(const struct replies *r, const struct way *w,
			  const struct reply_row *row, int64_t now_ms);

#endif
