/* x.h: what the files of X's network share. Not for others. */
#ifndef X_H
#define X_H

#include "social/social_watch.h"
#include "social/x_parse.h"

#define X_PAGES_MAX 200u

/* A walk over the mentions, newest first: its pages are kept until the last one
 * is there, then taken oldest first, and only then since_id moves. */
struct x_walk {
	json_t *pages[X_PAGES_MAX];
	size_t count, posts, bytes;
	char *next_token; /* NULL: the walk has not begun */
};

struct x {
	struct kit_auth *auth; /* made at the first call */
	char handle[64];       /* of our account; "" */
	struct x_walk walk;
	struct kit_text *notes; /* lines that are not on disk yet */
	struct social_watch watch;
};

/* ---- x_api.c ---- */

bool x_speaks_post(const struct social *s); /* the newer vocabulary in requests */
/* s->own_id, and the handle where it is known. */
JEMBATAN_MUST_CHECK enum jembatan_result x_learn_me(struct social *s);
/* See connector.h. */
enum jembatan_result x_consent(struct social *s, const char *answer, const char **out_url);
/* The account as far as it is known without asking X. */
struct x_us x_us(const struct social *s);
/* Spends (micro: what it costs at most), sends with our token, and says what X's
 * refusals mean. RETRY with status 0 and outcome NOT_SENT: the budget is used up. */
JEMBATAN_MUST_CHECK enum jembatan_result
x_call(struct social *s, struct kit_http_request *request, int64_t micro,
       struct kit_http_response *out);
/* The same for a GET; never DATA. */
JEMBATAN_MUST_CHECK enum jembatan_result
x_get(struct social *s, const char *url, int64_t micro, struct kit_http_response *out);
/* GET, as JSON: the caller json_decref's. */
JEMBATAN_MUST_CHECK enum jembatan_result
x_ask(struct social *s, const char *url, int64_t micro, json_t **out, unsigned *out_status);
/* What a page really cost: each thing once a day. price: of its posts. */
JEMBATAN_MUST_CHECK enum jembatan_result
x_settle_page(struct social *s, json_t *page, const char *price);
/* "&tweet.fields=...&expansions=...", in the vocabulary of the option. */
const char *x_fields(const struct social *s);
/* No more than which versions of a post there are. */
const char *x_history_fields(const struct social *s);

/* Of posts that were edited, or that may not be answered: kept for deliver. */
void x_note(struct social *s, const char *first_id, const struct x_traits *traits);
JEMBATAN_MUST_CHECK enum jembatan_result x_notes_put(struct social *s);
/* The newest version's id (in the arena). *out_is_quiet: its author did not
 * summon us. */
const char *x_notes_find(struct social *s, const char *first_id, bool *out_is_quiet);

/* ---- x_reply.c, x_hook.c ---- */

enum jembatan_result x_reply(struct social *s, const struct jembatan_reply *reply,
			     struct jembatan_delivery *out);
enum jembatan_result x_request(struct social *s, const struct jembatan_request *request,
			       struct jembatan_response *out);

/* ---- x_watch.c ---- */

/* Some mentions of the last days: edited, or deleted? OK: on disk. */
JEMBATAN_MUST_CHECK enum jembatan_result x_look_again(struct social *s);

/* ---- x.c ---- */

/* What a post with all that hangs on it costs at most. */
int64_t x_post_costs(const struct social *s);

/* One record ({"data", "includes"}) by the rules. is_asked: it comes from the
 * mentions themselves, which name us in any case. */
JEMBATAN_MUST_CHECK enum jembatan_result
x_take(struct social *s, json_t *record, const struct x_us *us, bool is_asked);

#endif
