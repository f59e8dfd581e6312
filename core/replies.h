/* replies.h: the way back to the citizen: what is to be told becomes rows, rows
 * that are due are given to the deliver child of their instance, and its answer
 * goes by the table of reply/outcome.h. Its parts of the turn stand behind those
 * of the centre, so that what happened and what is told of it are committed
 * together; no call leaves before its row is on disk as sending. */
#ifndef CORE_REPLIES_H
#define CORE_REPLIES_H

#include "base/loop.h"
#include "config/settings.h"
#include "intake/intake.h"
#include "store/hold.h"
#include "store/replies.h"

struct replies;

struct replies_options {
	struct loop *loop;
	struct db *db;
	struct intake *intake;
	const struct hold *hold; /* borrowed; while it is active nothing leaves */
	void (*on_turn)(void *data);
	void *data;
};
/* The settings are held until others come. */
struct replies *replies_new(const struct replies_options *o, struct settings *settings);
void replies_free(struct replies *r); /* NULL is fine; after intake_free */
/* Other settings, or other texts: read anew. */
void replies_take_settings(struct replies *r, struct settings *settings);
/* Begin nothing more; what is under way ends. */
void replies_stop(struct replies *r);
bool replies_is_idle(const struct replies *r);

/* ---- the turn ---- */
bool replies_wants_turn(const struct replies *r);
MUST_CHECK enum jembatan_result replies_write(struct replies *r, struct why *why);
void replies_committed(struct replies *r);
void replies_aborted(struct replies *r);

/* ---- for people ---- */

/* A row that is held, or was not sent, goes (again); DATA when it cannot. */
MUST_CHECK enum jembatan_result replies_release(struct replies *r, int64_t id, const char *actor,
						struct why *why);
/* One that waits is kept back until it is released. */
MUST_CHECK enum jembatan_result replies_hold(struct replies *r, int64_t id, const char *actor,
					     struct why *why);

struct replies_way {
	const char *instance, *connector, *guarantee;
	bool is_shadow;
	bool is_closed;       /* credentials or configuration */
	const char *alarm;    /* or NULL */
	int64_t expires_days; /* of its token; INT64_MAX: not known */
	int64_t next_due_ms;  /* -1: none */
	unsigned in_flight;
	int64_t unreachable;  /* addresses to which nothing is tried there for a while */
};
/* The n-th instance that answers, false at the end. Borrowed until the next call. */
bool replies_way(struct replies *r, size_t n, struct replies_way *out);
/* Why no text can be filled in; NULL: they can. */
const char *replies_trouble(const struct replies *r);

/* The text of an event for a ticket's first reporter, as it would leave now.
 * Citizen's words: for terminals. DATA: none is sent, and why says why. */
MUST_CHECK enum jembatan_result replies_preview(struct replies *r, int64_t ticket_id,
						enum reply_event event, int status,
						struct arena *arena, const char **out_subject,
						const char **out_text, struct why *why);

#endif
