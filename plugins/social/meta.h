/* meta.h: what Facebook Pages and Instagram have in common: the Graph API with its
 * two kinds of limit, signed webhooks, and a walk over what they did not bring. */
#ifndef META_H
#define META_H

#include "social/social_watch.h"

/* s->own. */
struct meta {
	struct kit_text *answer; /* of the handshake; lives until the next request */
	int64_t full_until_ms;   /* a limit is nearly used up: polls wait until then */
	int64_t percent;         /* of a limit, as the last answer said */
	/* The walk under way; since_ms 0: none. */
	int64_t started_ms, since_ms;
	const struct meta_walk *leg; /* which of its lists */
	char *page; /* URL of its next page; NULL: the first */
	unsigned pages;
	bool is_loaded;
	int64_t walked_ms; /* when the last whole walk began; 0: never */
	int64_t done;      /* Instagram: the last of the queue that was fetched */
	struct social_watch watch; /* posts and comments to look at again */
	bool is_leg_told;  /* that a list may not be read was logged */
	bool knows_token;  /* what is known of its end was read, or asked for */
	int64_t token_asked_ms;
};

void meta_open(struct social *s);
void meta_close(struct social *s);
/* The options that both need, beyond the table. */
enum jembatan_result meta_check(struct jembatan_context *ctx);

/* ---- the API (meta.c) -------------------------------------------------- */

enum meta_act {
	META_FINE,
	META_TOKEN,   /* refused, expired, not allowed */
	META_PROOF,   /* app_secret is another app's */
	META_SLOW,    /* a limit */
	META_MISSING, /* the thing asked for is not there, or not for us */
	META_REQUEST, /* it will never be taken like this */
	META_PASSING,
	META_UNLISTED /* as the HTTP status says */
};

enum meta_act meta_act_of(int64_t code, int64_t subcode);

/* How long until a limit ends, from what stands in the headers: minutes in
 * X-Business-Use-Case-Usage, seconds in Retry-After (given as ms; -1: none).
 * -1: nobody says. *out_percent: the highest use of either header. Pure. */
int64_t meta_wait_ms(const char *app_usage, const char *business_usage, int64_t retry_after_ms,
		     int64_t *out_percent);

/* The URL of "<version>/<path>" with its query, in the arena. */
JEMBATAN_PRINTF(2, 3) const char *
meta_url(struct social *s, const char *format, ...);

/* With the token and its proof (app_secret), to `url`'s origin alone. Failures are explained; *out: the
 * answer as JSON (also of an error; or NULL), which the caller json_decref's. */
struct meta_answer {
	enum meta_act act;
	int64_t code, subcode; /* of an error; 0: none */
	unsigned status;
	enum jembatan_outcome outcome; /* for reply() */
	int64_t wait_ms;               /* with META_SLOW */
	json_t *root;
};
JEMBATAN_MUST_CHECK enum jembatan_result
meta_call(struct social *s, const char *method, const char *url, const char *form,
	  struct meta_answer *out);

/* The same with another token than ours. secret: a part of the URL that stands in no
 * sentence; or NULL. */
JEMBATAN_MUST_CHECK enum jembatan_result
meta_call_as(struct social *s, const char *token, const char *url, const char *secret,
	     struct meta_answer *out);

/* POST of a reply: judges the answer, whose `id` is the remote id. */
enum jembatan_result meta_send(struct social *s, const char *url, const char *form,
			       struct jembatan_delivery *out);

/* SETTLE: is a reply of ours with this text in the list at `url`? SENT, with its
 * id; NOT_SENT when the list is whole and it is not there; else UNKNOWN. */
enum jembatan_result meta_find_own(struct social *s, const char *url, const char *field,
				   const char *text, struct jembatan_delivery *out);

/* "name=value&..." escaped; values may be NULL (left out). Ends with a NULL name. */
const char *meta_form(struct social *s, const char *const *pairs);

/* ---- webhooks (meta_hook.c) -------------------------------------------- */

/* Handshake and signature; a signed body is parsed and handed to take(), with
 * each change of each entry. */
typedef enum jembatan_result meta_take_change(struct social *s, json_t *root, json_t *entry,
					      json_t *change);
enum jembatan_result meta_request(struct social *s, const struct jembatan_request *request,
				  struct jembatan_response *out, const char *object,
				  meta_take_change *take);
/* Each change of a body that was parsed. False: it is none of this object's. */
JEMBATAN_MUST_CHECK enum jembatan_result
meta_take_body(struct social *s, json_t *root, const char *object, meta_take_change *take);
/* A body that holds this change alone, as the message's raw bytes. */
void meta_set_raw(struct social *s, json_t *root, json_t *entry, json_t *change,
		  struct jembatan_message *m);

/* ---- what webhooks did not bring (meta_walk.c) -------------------------- */

struct meta_walk {
	const char *path, *fields; /* of the list */
	const char *comment_fields;
	const char *time; /* where a record has its time */
	/* item: a post, or a medium; comment: below it, or NULL. is_new: not known
	 * from an earlier walk, but for an hour's overlap. */
	enum jembatan_result (*take)(struct social *s, json_t *item, json_t *comment,
				     bool is_new);
	/* The list knows neither `since` nor `next`: what is young enough is taken each
	 * time, and the core knows what it has had. */
	bool is_plain;
	/* Walked after this one; without permission it is left out. NULL: none. */
	const struct meta_walk *next;
};
/* One page of the walk, when it is time for one. */
enum jembatan_result meta_walk_poll(struct social *s, const struct meta_walk *walk);
/* Reads the cursor; done: Instagram's. */
void meta_walk_load(struct social *s);
JEMBATAN_MUST_CHECK enum jembatan_result
meta_walk_save(struct social *s, int64_t walked_ms, int64_t done);

/* ---- edited or deleted later (meta_watch.c) ------------------------------- */

/* A record of a list, or of a look: what is new is taken, what has other words
 * than before is an edit, all else is known. parent (or NULL): below what it
 * stands, by whom. */
struct meta_parent {
	const char *by, *text;
};
JEMBATAN_MUST_CHECK enum jembatan_result
meta_watch_take(struct social *s, json_t *record, struct social_post *post, bool is_new,
		const struct meta_parent *parent);

/* Is this a refusal of one thing, not of the channel? */
bool meta_is_its_own(enum jembatan_result result, const struct meta_answer *answer);

/* What a network asks to see one of its messages again (by the message's id), and
 * how it reads the answer: through meta_watch_take. */
struct meta_look {
	const char *(*url)(struct social *s, const char *id); /* NULL: it cannot */
	enum jembatan_result (*take)(struct social *s, const char *id, json_t *answer);
};
/* Some of those whose time has come; after a poll that brought nothing else. */
JEMBATAN_MUST_CHECK enum jembatan_result
meta_watch_look(struct social *s, const struct meta_look *look);
/* At which ages. */
#define META_AGES \
	"15m 30m 1h 2h 3h 4h 6h 8h 12h 16h 1d 30h 36h 2d 60h 3d 4d 5d 6d 7d"

/* ---- the token's end (meta_token.c) --------------------------------------- */

/* Asked once a day, with app_id; kept in the state, where alarms look for it. What
 * cannot be asked is logged and holds nothing up. */
void meta_token_look(struct social *s);

/* ---- small things (meta.c) ------------------------------------------------ */

/* Seconds, or "2021-08-19T09:14:16+0000"; 0: neither. */
int64_t meta_time(json_t *from, const char *path);
/* An id in the arena; NULL: there is none, or it cannot stand in a URL's path. */
const char *meta_id(struct social *s, json_t *from, const char *path);

#endif
