/* social.h: what the networks have in common. A network is a table of functions
 * (mastodon.c); social.c reads the options and picks one. */
#ifndef SOCIAL_H
#define SOCIAL_H

#include "social/social_budget.h"
#include "social/social_rules.h"

/* A post as a network's parser leaves it: the rules have not been asked yet. */
struct social_post {
	struct jembatan_message message; /* size set; kind: NEW unless it says otherwise */
	unsigned facts;       /* SOCIAL_... */
	const char *language; /* or NULL */
	const char *said;     /* what the rules judge; NULL: the message's text */
};

/* One use of the connector. */
struct social {
	struct jembatan_context *ctx;
	const struct social_network *network;
	char *url; /* of the API, without a slash at its end */
	struct kit_http *http;
	struct social_rules *rules;
	struct kit_arena *arena;
	char cursor[64]; /* the last one on disk; "" at the first start */
	char own_id[64]; /* our account's; "" as long as nobody was asked */
	bool is_by_hand; /* nothing is asked or sent */
	void *own;       /* the network's, from its open() */
	struct social_budget *budget; /* of network->budget and the options */
	enum social_role role; /* which of the operations this process serves */
	/* What `jembatan status` shows. A network says when its token ends (unix ms),
	 * that it is renewed by itself, never ends, or that nobody told us; and until
	 * when it may read what people write. */
	int64_t newest_ms, token_ends_ms, access_ends_ms;
	bool token_renews, token_lasts, token_unknown;
	char *facts; /* as written last, at facts_ms */
	int64_t facts_ms;
};

struct social_network {
	const char *name;
	const char *url; /* preset of `url`; NULL: must be set */
	const struct social_budget_preset *budget; /* NULL: no limits, no prices */
	const char *const *needs; /* options that must be set; ends with NULL */
	/* Beyond the table and the rules; no network. NULL: nothing. */
	enum jembatan_result (*check)(struct jembatan_context *ctx);
	/* Set up and take down `own`, also for show(), then without http. NULL: none. */
	void (*open)(struct social *s);
	void (*close)(struct social *s);
	enum jembatan_result (*poll)(struct social *s);
	enum jembatan_result (*reply)(struct social *s, const struct jembatan_reply *reply,
				      struct jembatan_delivery *out);
	enum jembatan_result (*fetch)(struct social *s, const char *reference,
				      struct jembatan_spool *spool);
	/* NULL: this network calls nobody. */
	enum jembatan_result (*request)(struct social *s, const struct jembatan_request *request,
					struct jembatan_response *out);
	/* See connector.h; NULL: an account of this network consents in another way. */
	enum jembatan_result (*consent)(struct social *s, const char *answer,
					const char **out_url);
	/* A page, a webhook or one record: emits, asks nobody. */
	enum jembatan_result (*show)(struct social *s, struct jembatan_bytes sample);
};

extern const struct social_network bluesky_network;
extern const struct social_network facebook_network;
extern const struct social_network instagram_network;
extern const struct social_network mastodon_network;
extern const struct social_network other_network;
extern const struct social_network telegram_network;
extern const struct social_network x_network;
extern const struct social_network youtube_network;

/* By its rules: kind and flags; then handed over. One that the host does not
 * take is kept by its bytes. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_take(struct social *s, struct social_post *post);

/* The same without the rules, as when a person chose it. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_hand_over(struct social *s, const struct jembatan_message *message);

/* The post with this id is gone. What we hold of it stays; its ticket gets a note. */
JEMBATAN_MUST_CHECK enum jembatan_result social_tell_deleted(struct social *s, const char *id);

/* Posts that a person copied (JEMBATAN_CAN_HAND). *out_is_by_hand: false, and
 * nothing was done: the sample is something else. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_hand_show(struct social *s, struct jembatan_bytes sample, bool *out_is_by_hand);
/* Is this message id a link, since nothing better is known of a copied post? */
bool social_hand_is_link(const char *id);

/* A file at a public address of any host: without credentials, by the guard. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_fetch_public(struct social *s, const char *reference, struct jembatan_spool *spool);

/* One record of a page: its own bytes reach the core before they are read.
 * *out_skip: it is in quarantine, go on with the next. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_begin(struct social *s, const char *id, json_t *record, bool *out_skip);

/* After a call: what status shows gets to disk, if it has changed. load: at the
 * first call, what an earlier process knew. */
void social_facts_put(struct social *s);
void social_facts_load(struct social *s);

/* A post that this one answers or quotes, behind its own words in full_text: by
 * whom (or NULL) and what (or NULL: nothing is added). Strings of the arena. */
void social_add_context(struct jembatan_message *message, struct kit_arena *arena,
			const char *by, const char *text);

/* What stands in one of the reset headers, as time to wait: unix seconds, ISO
 * 8601, or seconds from now (below 10^8). -1: neither. At most a day. Pure. */
int64_t social_reset_wait_ms(const char *reset, int64_t now_ms);

/* A compact JSON text in the arena; NULL when it is longer than an `extra` may be. */
const char *social_json(struct kit_arena *arena, json_t *value);

/* Is this id (digits) higher than that one? Shorter ones are lower. */
bool social_id_is_above(const char *id, const char *other);

#endif
