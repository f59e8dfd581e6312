/* replies.h: what is said to citizens: news (what happened, written by the
 * store itself in the transaction in which it does) and replies (one row for
 * each event and address). A reply is `sending` on disk before it leaves. */
#ifndef STORE_REPLIES_H
#define STORE_REPLIES_H

#include "store/db.h"

enum reply_event { /* stored as its number: never renumber */
	REPLY_RECEIVED = 0,
	REPLY_NUMBER = 1,
	REPLY_QUESTION = 2, /* something is missing */
	REPLY_STATUS = 3,
	REPLY_RESEND = 4 /* the channel cannot show us the message */
};
#define REPLY_EVENTS 5u
const char *reply_event_name(enum reply_event event);

enum reply_state { /* stored as its number: never renumber */
	REPLY_QUEUED = 0,
	REPLY_SENDING = 1,
	REPLY_SENT = 2,
	REPLY_DELIVERED = 3,
	REPLY_READ = 4,
	REPLY_FAILED = 5,  /* it will never arrive like this */
	REPLY_UNKNOWN = 6, /* it may have gone out: being settled */
	REPLY_DROPPED = 7, /* not sent, and why says so */
	REPLY_HELD = 8     /* a person lets it go */
};
#define REPLY_STATES 9u
const char *reply_state_name(enum reply_state state);

enum reply_news_kind { /* stored as its number: never renumber */
	REPLY_NEWS_JOINED = 0, REPLY_NEWS_NUMBER = 1, REPLY_NEWS_STATUS = 2,
	REPLY_NEWS_QUESTION = 3, REPLY_NEWS_RESEND = 4, REPLY_NEWS_FAILED = 5
};

struct reply_news {
	int64_t id, at_ms;
	enum reply_news_kind kind;
	int64_t ticket_id;  /* 0: none */
	int64_t message_id; /* only to its author; 0: to every reporter */
	int64_t reply_id;   /* FAILED: which */
	int status;         /* STATUS: central/status.h's */
	int64_t after_id;   /* the reporters up to this message have been told */
};

struct reply_row {
	int64_t id;
	int64_t ticket_id;   /* 0: RESEND has none */
	int64_t message_id;  /* whose author is told */
	int64_t instance_id; /* the way */
	enum reply_event event;
	enum reply_state state;
	int status;             /* of STATUS */
	const char *to_kind;    /* "id", "phone", "mail", "handle", "record" */
	struct digest address_key;
	const char *reference;  /* ours, the same on every try; ours alone */
	bool waiting;           /* behind another one of this ticket and address */
	bool settling;          /* SENDING: asked, not sent */
	unsigned attempts, settles;
	unsigned put_off;       /* so often the channel asked to wait */
	bool repeated;          /* sent again although it may have gone out */
	int64_t due_ms, created_ms;
	int64_t started_ms;     /* when it last may have left; 0: never */
	int64_t sent_ms;        /* 0: it is not known to be out */
	int64_t fallback_of;    /* the reply that did not get through; 0: none */
	bool missed;            /* nothing reached this citizen: listed */
	const char *why;        /* one sentence, no citizens' words; or NULL */
};

/* Is anything to be told at all? While it is off no news is written. */
MUST_CHECK enum jembatan_result replies_set_on(struct db *db, bool on, struct why *why);

/* ---- news ---- */

/* QUESTION, RESEND, FAILED; the store writes the others by itself. Nothing
 * happens while replies are off. */
MUST_CHECK enum jembatan_result replies_news_add(struct db *db, const struct reply_news *news,
						 int64_t now_ms, struct why *why);
/* Oldest first. */
MUST_CHECK enum jembatan_result replies_news(struct db *db, size_t limit, struct reply_news *out,
					     size_t *out_count, struct why *why);
/* The reporters up to this message have been told. */
MUST_CHECK enum jembatan_result replies_news_move(struct db *db, int64_t id, int64_t after_id,
						  struct why *why);
MUST_CHECK enum jembatan_result replies_news_done(struct db *db, int64_t id, struct why *why);
/* When the author of a message last wrote to its instance, as far as is known. */
MUST_CHECK enum jembatan_result replies_last_contact(struct db *db, int64_t message_id,
						     int64_t *out_ms, struct why *why);
/* The messages that belong to a ticket as reports of their own, oldest first. */
MUST_CHECK enum jembatan_result replies_reporters(struct db *db, int64_t ticket_id,
						  int64_t after_id, size_t limit, int64_t *out_ids,
						  size_t *out_count, struct why *why);

/* ---- replies ---- */

/* Keyed hash of a remote id; of an address (kind and value as normalised). */
struct digest replies_remote_key(const struct db *db, int64_t instance_id, const char *remote_id);
struct digest replies_address_key(const struct db *db, const char *kind, const char *address);

/* Of the row: ticket, message, instance, event, status, state (QUEUED, HELD or
 * DROPPED), to_kind, address_key, due_ms, fallback_of, why. It waits behind
 * those of the same ticket and address. Makes the reference; sets *out_id. */
MUST_CHECK enum jembatan_result replies_add(struct db *db, const struct reply_row *row,
					    const char *ticket_reference, int64_t now_ms,
					    int64_t *out_id, struct why *why);
/* Has this address been told anything of this ticket (event -1), or this
 * event? Fallbacks and dropped ones count too. */
MUST_CHECK enum jembatan_result replies_was_told(struct db *db, int64_t ticket_id,
						 const struct digest *address_key, int event,
						 bool *out, struct why *why);
/* Has this address been told this event since then, of whatever ticket or none? */
MUST_CHECK enum jembatan_result replies_was_told_since(struct db *db,
						       const struct digest *address_key,
						       enum reply_event event, int64_t since_ms,
						       bool *out, struct why *why);
/* The state at the centre that this address was last to be told; -1: none. */
MUST_CHECK enum jembatan_result replies_last_status(struct db *db, int64_t ticket_id,
						    const struct digest *address_key, int *out,
						    struct why *why);
/* Was any of its reporters asked what is missing? */
MUST_CHECK enum jembatan_result replies_was_asked(struct db *db, int64_t ticket_id, bool *out,
						  struct why *why);
/* May it still leave to one of them, or has it left? */
MUST_CHECK enum jembatan_result replies_question_lives(struct db *db, int64_t ticket_id, bool *out,
						       struct why *why);
/* Did the question leave, as far as is known, to any of them? */
MUST_CHECK enum jembatan_result replies_question_left(struct db *db, int64_t ticket_id, bool *out,
						      struct why *why);
/* What was never tried and is overtaken by something newer is dropped. */
MUST_CHECK enum jembatan_result replies_overtake(struct db *db, int64_t ticket_id,
						 const struct digest *address_key,
						 enum reply_event event, const char *reason,
						 int64_t *out_count, struct why *why);
/* Does one that replaces this one wait behind it? (A number or a question a
 * receipt, a number a question, a state an older one.) */
MUST_CHECK enum jembatan_result replies_is_overtaken(struct db *db, const struct reply_row *row,
						     bool *out, struct why *why);
/* At most limit rows of this way that are due and wait for nothing, oldest
 * first; nothing is changed. */
MUST_CHECK enum jembatan_result replies_due(struct db *db, int64_t instance_id, int64_t now_ms,
					    size_t limit, struct arena *arena,
					    struct reply_row *out, size_t *out_count,
					    struct why *why);
/* When the next of this way is due; -1: none. */
MUST_CHECK enum jembatan_result replies_next_due(struct db *db, int64_t instance_id,
						 int64_t *out_due_ms, struct why *why);
/* Rows that are `sending`: at a start, of a process that died. */
MUST_CHECK enum jembatan_result replies_in_flight(struct db *db, size_t limit,
						  struct arena *arena, struct reply_row *out,
						  size_t *out_count, struct why *why);
/* How many left for this address since then, and when the oldest of them did. */
MUST_CHECK enum jembatan_result replies_sent_since(struct db *db,
						   const struct digest *address_key,
						   int64_t since_ms, int64_t *out_count,
						   int64_t *out_oldest_ms, struct why *why);
/* Write state, settling, attempts, settles, put_off, repeated, due_ms, started_ms,
 * sent_ms, missed, why; remote_key: learned now, or NULL. The next one that
 * waited for it may go. */
MUST_CHECK enum jembatan_result replies_update(struct db *db, const struct reply_row *row,
					       const struct digest *remote_key, struct why *why);
/* A row that is over goes (again) at due_ms, behind what is open for its ticket
 * and address; what was counted of its tries is forgotten. */
MUST_CHECK enum jembatan_result replies_reopen(struct db *db, int64_t id, int64_t due_ms,
					       struct why *why);
MUST_CHECK enum jembatan_result replies_get(struct db *db, int64_t id, struct arena *arena,
					    struct reply_row *out, struct why *why);
/* By our reference, else by the remote's id. GONE: none of ours. */
MUST_CHECK enum jembatan_result replies_find(struct db *db, const char *reference,
					     const struct digest *remote_key, struct arena *arena,
					     struct reply_row *out, struct why *why);

struct replies_filter {
	int state;         /* -1: all */
	bool missed;       /* only citizens who were not reached */
	int64_t ticket_id; /* 0: all */
	int64_t after_id;  /* pages */
};
MUST_CHECK enum jembatan_result replies_list(struct db *db, const struct replies_filter *filter,
					     size_t limit, struct arena *arena,
					     struct reply_row *out, size_t *out_count,
					     struct why *why);

struct replies_counts {
	int64_t by_state[REPLY_STATES];
	int64_t missed;
};
MUST_CHECK enum jembatan_result replies_count(struct db *db, struct replies_counts *out,
					      struct why *why);

#endif
