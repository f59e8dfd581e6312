/* social.c: the connector for social networks: its options, and which network's
 * functions serve an instance. */
#include "social/social_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const schemes[] = { "https", "http", NULL };
static const char *const networks[] = {
	"bluesky",
	"facebook",
	"instagram",
	"mastodon",
	"telegram",
	"other",
	"x",
	"youtube",
	NULL,
};
static const char *const vocabularies[] = { "tweet", "post", NULL };

static const struct jembatan_option options[] = {
	{ "network", JEMBATAN_CHOICE, JEMBATAN_REQUIRED, NULL, 0, 0, networks,
	  "Which network; other: any, with posts entered by hand alone." },
	{ "url", JEMBATAN_URL, 0, NULL, 0, 0, schemes,
	  "Where its API is: the server of our account." },
	{ "access_token", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "Our account's token (Mastodon: read and write:statuses; Telegram: the bot's)." },
	{ "account", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "Our account (Bluesky: its handle, such as dinas.bsky.social, or its did; Facebook: the Page's "
	  "id; Instagram: the account's id; X: its number, where the token is the app's and not the "
	  "account's)." },
	{ "app_secret_old", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "The secret before, while Meta changes to the new one; remove it afterwards." },
	{ "verify_token", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "Facebook, Instagram: a word of our own that is typed in beside the callback URL." },
	{ "app_id", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "Facebook, Instagram: the app's id, to ask once a day when the access token ends; without it "
	  "`jembatan status` says \"not known\"." },
	{ "graph_version", JEMBATAN_STRING, 0, "v23.0", 0, 0, NULL,
	  "Facebook, Instagram: the Graph API's version." },
	{ "backfill", JEMBATAN_DURATION, 0, "7d", 3600000, 7776000000, NULL,
	  "Facebook, Instagram: how old a post may be whose comments are looked through for what no "
	  "webhook brought." },
	{ "backfill_every", JEMBATAN_DURATION, 0, "15m", 1000, 86400000, NULL,
	  "Facebook, Instagram: how often." },
	{ "password", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "Bluesky: an app password, not the account's own." },
	{ "deep_sweep", JEMBATAN_DURATION, 0, "1d", 1000, 604800000, NULL,
	  "Bluesky: how often all of the list is read, for posts with a false date and for "
	  "deletions." },
	{ "refresh_token", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "X, YouTube: a consent's token from elsewhere; without it `jembatan oauth` brings one. Those "
	  "that are given in exchange are kept sealed." },
	{ "client_id", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "X, YouTube: the app's id; the account consents by `jembatan oauth`." },
	{ "client_secret", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "X, YouTube: the app's secret (X: if it is a confidential one)." },
	{ "redirect_url", JEMBATAN_URL, 0, NULL, 0, 0, schemes,
	  "X, YouTube: the callback URL as registered at the app; preset: X https://localhost/, YouTube "
	  "http://localhost." },
	{ "app_secret", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "Webhooks are signed with it (Facebook, Instagram: the app's secret, which signs our calls too; "
	  "X: its consumer secret)." },
	{ "vocabulary", JEMBATAN_CHOICE, 0, "tweet", 0, 0, vocabularies,
	  "X: the words of its API that requests use; answers are understood in both." },
	{ "webhook_url", JEMBATAN_URL, 0, NULL, 0, 0, schemes,
	  "Telegram: our address for webhooks, https://HOST/hook/INSTANCE; without it we ask." },
	{ "webhook_secret", JEMBATAN_SECRET, 0, NULL, 0, 0, NULL,
	  "Telegram: a word of our own that each webhook must bear." },
	{ "greeting", JEMBATAN_STRING, 0,
	  "Ini layanan pengaduan. Tulis keluhan Anda di sini: apa yang terjadi, di mana, dan kapan; foto "
	  "boleh ditambahkan. Anda akan menerima nomor laporan.", 0, 0, NULL,
	  "Telegram: the answer to /start, /help and /lapor alone; empty: none." },
	{ "rules", JEMBATAN_LIST, 0, NULL, 0, 0, NULL,
	  "What is a complaint: \"complaint: hashtag lapor\", \"ignore: word lomba\"; the first that "
	  "holds decides, where none does a person looks." },
	{ "examples", JEMBATAN_LIST, 0, NULL, 0, 0, NULL,
	  "Posts and what the rules must make of them: \"complaint: [mention] text\"; `jembatan "
	  "check` tries them." },
	{ "watch", JEMBATAN_STRING, 0, NULL, 0, 0, NULL,
	  "Mastodon, X, YouTube, Facebook, Instagram: at which ages a post is looked at again, for "
	  "whether it was edited or deleted: \"1d 7d\", or \"off\"; preset: X \"1d 7d\", since each "
	  "look costs a post's price, the others more often." },
	{ "media_max", JEMBATAN_BYTES, 0, "25MiB", 65536, 104857600, NULL,
	  "A larger file is not fetched and listed as missing." },
	{ "api", JEMBATAN_BOOLEAN, 0, "true", 0, 0, NULL,
	  "false: nothing is asked of the network or sent there (withdrawn, too dear); posts come by "
	  "`jembatan intake add` alone." },
	SOCIAL_BUDGET_OPTIONS,
	KIT_HTTP_OPTIONS,
	{ NULL, JEMBATAN_STRING, 0, NULL, 0, 0, NULL, NULL },
};

static const struct social_network *const all[] = {
	&bluesky_network,
	&facebook_network,
	&instagram_network,
	&mastodon_network,
	&telegram_network,
	&other_network,
	&x_network,
	&youtube_network,
};

static const struct social_network *network_of(struct jembatan_context *ctx)
{
	const char *name = jembatan_get_string(ctx, "network");

	for (size_t i = 0; name && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static enum jembatan_result check_needs(struct jembatan_context *ctx,
					const struct social_network *network)
{
	bool asks = jembatan_get_integer(ctx, "api") != 0;

	for (const char *const *name = network->needs; asks && name && *name; name++) {
		const char *value = jembatan_get_string(ctx, *name);

		if (!value || *value == '\0')
			return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: %s needs `%s`",
						jembatan_where(ctx, "network", NULL),
						network->name, *name);
	}
	return JEMBATAN_OK;
}

static enum jembatan_result social_check(struct jembatan_context *ctx)
{
	const struct social_network *network = network_of(ctx);
	struct social_budget *budget;
	struct social_rules *rules;

	if (!network)
		return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: there is no such network",
					jembatan_where(ctx, "network", NULL));
	enum jembatan_result result = check_needs(ctx, network);

	if (result == JEMBATAN_OK && network->check && jembatan_get_integer(ctx, "api") != 0)
		result = network->check(ctx);
	if (result == JEMBATAN_OK)
		result = social_watch_check(ctx);
	if (result == JEMBATAN_OK)
		result = social_budget_new(ctx, network->budget, &budget);
	if (result == JEMBATAN_OK) {
		social_budget_free(budget);
		result = social_rules_new(ctx, &rules);
	}
	if (result == JEMBATAN_OK)
		social_rules_free(rules);
	return result;
}

/* Without what only a network's servers could tell: for preview() too. */
static enum jembatan_result make(struct jembatan_context *ctx, struct social **out)
{
	struct social *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->ctx = ctx;
	s->network = network_of(ctx);
	s->is_by_hand = s->network == &other_network || jembatan_get_integer(ctx, "api") == 0;
	s->arena = kit_arena_new();
	s->role = SOCIAL_ROLES; /* none yet */
	enum jembatan_result result = social_rules_new(ctx, &s->rules);

	if (result == JEMBATAN_OK)
		result = social_budget_new(ctx, s->network->budget, &s->budget);
	if (result == JEMBATAN_OK) {
		if (s->network->open)
			s->network->open(s);
		*out = s;
		return result;
	}
	social_rules_free(s->rules);
	kit_arena_free(s->arena);
	free(s);
	return result;
}

static void social_close(struct jembatan_context *ctx, void *data)
{
	struct social *s = data;

	(void)ctx;
	if (s->network->close)
		s->network->close(s);
	kit_http_free(s->http);
	social_budget_free(s->budget);
	social_rules_free(s->rules);
	free(s->facts);
	kit_arena_free(s->arena);
	free(s->url);
	free(s);
}

static enum jembatan_result social_open(struct jembatan_context *ctx, const char *cursor,
					void **out_self)
{
	struct social *s;
	enum jembatan_result result = social_check(ctx);

	if (result == JEMBATAN_OK)
		result = make(ctx, &s);
	if (result != JEMBATAN_OK)
		return result;
	const char *written = jembatan_get_string(ctx, "url");
	const char *url = written ? written : s->network->url ? s->network->url : "";
	size_t length = strlen(url);
	char *own = strdup(url);

	if (!own)
		abort();
	while (length > 0 && own[length - 1] == '/')
		own[--length] = '\0';
	s->url = own;
	if (cursor && strlen(cursor) < sizeof(s->cursor))
		memcpy(s->cursor, cursor, strlen(cursor) + 1);
	struct kit_http_options http = kit_http_options_get(ctx);
	const char *const origins[] = { s->url };

	http.origins = origins;
	http.origin_count = 1;
	s->http = kit_http_new(ctx, &http);
	*out_self = s;
	return JEMBATAN_OK;
}

/* Each process serves one of them, and spends in its name. */
static void begin_call(struct social *s, enum social_role role)
{
	kit_arena_reset(s->arena);
	if (s->role == role)
		return;
	s->role = role;
	social_budget_set_role(s->budget, role);
	social_facts_load(s);
}

static enum jembatan_result social_poll(struct jembatan_context *ctx, void *data)
{
	struct social *s = data;

	begin_call(s, SOCIAL_POLL);
	bool is_paced = !(ctx->mode & JEMBATAN_MODE_DRY);
	int64_t wait_ms = is_paced ? social_budget_wait_ms(s->budget) : 0;

	if (wait_ms > 0) {
		jembatan_delay(ctx, wait_ms);
		return JEMBATAN_IDLE;
	}
	enum jembatan_result result = s->is_by_hand ? JEMBATAN_IDLE : s->network->poll(s);

	if (result == JEMBATAN_OK && is_paced && (wait_ms = social_budget_wait_ms(s->budget)) > 0)
		jembatan_delay(ctx, wait_ms);
	social_facts_put(s);
	/* An answer of no use is not a record of no use: it is asked for again, and
	 * the failure is seen. */
	return result == JEMBATAN_DATA ? JEMBATAN_RETRY : result;
}

static enum jembatan_result social_reply(struct jembatan_context *ctx, void *data,
					 const struct jembatan_reply *reply,
					 struct jembatan_delivery *out)
{
	struct social *s = data;

	(void)ctx;
	begin_call(s, SOCIAL_DELIVER);
	if (s->is_by_hand || social_hand_is_link(reply->reply_to)) {
		out->outcome = reply->flags & JEMBATAN_SETTLE ? JEMBATAN_UNKNOWN : JEMBATAN_REFUSED;
		return jembatan_explain(ctx, JEMBATAN_OK,
					"the post was entered by hand: answer it there yourself");
	}
	return s->network->reply(s, reply, out);
}

static enum jembatan_result social_fetch(struct jembatan_context *ctx, void *data,
					 const char *reference, struct jembatan_spool *spool)
{
	struct social *s = data;

	(void)ctx;
	begin_call(s, SOCIAL_DELIVER);
	return s->is_by_hand ? social_fetch_public(s, reference, spool) :
			       s->network->fetch(s, reference, spool);
}

static enum jembatan_result social_request(struct jembatan_context *ctx, void *data,
					   const struct jembatan_request *request,
					   struct jembatan_response *out)
{
	struct social *s = data;

	(void)ctx;
	begin_call(s, SOCIAL_REQUEST);
	out->status = 404;
	if (!s->network->request)
		return JEMBATAN_OK;
	enum jembatan_result result = s->network->request(s, request, out);

	social_facts_put(s);
	return result;
}

static enum jembatan_result social_consent(struct jembatan_context *ctx, void *data,
					   const char *answer, const char **out_url)
{
	struct social *s = data;

	begin_call(s, SOCIAL_DELIVER);
	if (!s->network->consent || s->is_by_hand)
		return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: the token is made in the network's own "
					"settings: see docs/social.en.md", s->network->name);
	return s->network->consent(s, answer, out_url);
}

static enum jembatan_result social_preview(struct jembatan_context *ctx,
					   struct jembatan_bytes sample)
{
	struct social *s;
	enum jembatan_result result = make(ctx, &s);

	if (result != JEMBATAN_OK)
		return result;
	bool is_by_hand = false;

	result = social_hand_show(s, sample, &is_by_hand);
	if (!is_by_hand)
		result = s->network->show(s, sample);
	social_close(ctx, s);
	return result;
}

static const struct jembatan_operations operations = {
	.size = sizeof(operations),
	.check = social_check,
	.open = social_open,
	.poll = social_poll,
	.request = social_request,
	.reply = social_reply,
	.fetch = social_fetch,
	.preview = social_preview,
	.close = social_close,
	.consent = social_consent,
};

static const struct jembatan_connector connector = {
	.abi_major = JEMBATAN_ABI_MAJOR,
	.abi_minor = JEMBATAN_ABI_MINOR,
	.size = sizeof(connector),
	.name = "social",
	.version = "0.1.0",
	.summary = "social networks: mentions, files, replies under the post",
	.capabilities = JEMBATAN_CAN_POLL | JEMBATAN_CAN_REQUEST | JEMBATAN_CAN_REPLY |
			JEMBATAN_CAN_FETCH | JEMBATAN_CAN_PREVIEW |
			JEMBATAN_CAN_HAND | JEMBATAN_CAN_CONSENT,
	.options = options,
	.operations = &operations,
};

const struct jembatan_connector *jembatan_connector_entry(void)
{
	return &connector;
}
