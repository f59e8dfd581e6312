/* x.c: mentions of an account on X: walked to the end newest first, taken oldest
 * first; since_id moves only when all of a walk is on disk. */
#include "social/x.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_PAGE 10u  /* most walks find little, and what is asked for is reserved */
#define FULL_PAGE 100u
#define LEAST_PAGE 5u
#define WALK_BYTES ((size_t)64 * 1024 * 1024)
#define REACHABLE 800u  /* X shows no older mentions */
#define AGES "1d 7d"    /* a look costs as much as five mentions */

static const struct social_price prices[] = {
	{ "mention", 1000 }, { "post", 5000 }, { "user", 10000 }, { "media", 5000 },
	{ "reply", 10000 }, { "reply_url", 200000 }, { NULL, 0 },
};

static const struct social_budget_preset budget = {
	.per_15min = 300, .cost_micro = INT64_C(25000000), .prices = prices,
};

/* ---- a post ------------------------------------------------------------ */

enum jembatan_result x_take(struct social *s, json_t *record, const struct x_us *us, bool is_asked)
{
	struct social_post post;
	struct x_traits traits = { 0 };

	if (!x_read_post(record, us, s->arena, &post, &traits)) {
		const struct jembatan_message other = { .size = sizeof(other),
							.kind = JEMBATAN_IGNORED };

		return jembatan_emit(s->ctx, &other);
	}
	if (is_asked)
		post.facts |= SOCIAL_MENTION;
	x_note(s, post.message.id, &traits);
	enum jembatan_result result = social_take(s, &post);

	/* What a webhook brings comes by the poll as well. */
	if (result == JEMBATAN_OK && s->role == SOCIAL_POLL && post.message.kind == JEMBATAN_NEW) {
		struct x *x = s->own;
		int64_t now_ms = jembatan_now_ms(s->ctx);

		social_watch_note(&x->watch, post.message.id, post.message.revision,
				  post.message.sent_ms > 0 ? post.message.sent_ms : now_ms, now_ms);
	}
	return result;
}

static enum jembatan_result take_one(struct social *s, json_t *post, json_t *includes, bool is_asked)
{
	const struct x_us us = x_us(s);
	json_t *record = x_record(post, includes);
	bool is_skipped = false;
	char buffer[64];

	if (!record)
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "a post of X's is no object");
	enum jembatan_result result = social_begin(s, kit_json_id(post, "id", buffer), record,
						   &is_skipped);
	if (result == JEMBATAN_OK && !is_skipped)
		result = x_take(s, record, &us, is_asked);
	json_decref(record);
	return result;
}

/* Within a page the newest stands first. */
static enum jembatan_result take_page(struct social *s, json_t *page)
{
	json_t *posts = json_object_get(page, "data");
	json_t *includes = json_object_get(page, "includes");
	enum jembatan_result result = JEMBATAN_OK;

	for (size_t i = json_array_size(posts); i > 0 && result == JEMBATAN_OK; i--)
		result = take_one(s, json_array_get(posts, i - 1), includes, true);
	return result;
}

/* ---- the walk ---------------------------------------------------------- */

static void forget_walk(struct x *x)
{
	for (size_t i = 0; i < x->walk.count; i++)
		json_decref(x->walk.pages[i]);
	free(x->walk.next_token);
	x->walk = (struct x_walk){ .count = 0 };
}

/* An app that reads with a token of its own pays as for anybody's posts. */
static const char *mention_price(const struct social *s)
{
	return jembatan_get_string(s->ctx, "account") && !jembatan_get_string(s->ctx, "refresh_token") ?
	       "post" : "mention";
}

int64_t x_post_costs(const struct social *s)
{
	const char *const things[] = { mention_price(s), "user", "post", "user", "media" };
	int64_t micro = 0;

	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
		micro += social_budget_price(s->budget, things[i]);
	return micro;
}

/* As many posts as the money that is left allows. */
static enum jembatan_result choose_size(struct social *s, unsigned *out_size)
{
	const struct x *x = s->own;
	unsigned size = x->walk.next_token ? FULL_PAGE : FIRST_PAGE;
	struct social_budget_view view;
	int64_t each = x_post_costs(s), left;
	enum jembatan_result result = social_budget_look(s->budget, &view);

	if (result != JEMBATAN_OK)
		return result;
	left = view.cost_limit_micro - view.cost_limit_micro / 10 - view.cost_micro;
	if (view.cost_limit_micro > 0 && each > 0 && left / each < size)
		size = left / each > LEAST_PAGE ? (unsigned)(left / each) : LEAST_PAGE;
	*out_size = size;
	return JEMBATAN_OK;
}

static const char *page_url(struct social *s, unsigned size)
{
	const struct x *x = s->own;
	const char *since = "", *token = "";
	char start[32];

	if (s->cursor[0] != '\0') {
		since = kit_arena_printf(s->arena, "&since_id=%s", s->cursor);
	} else if (s->ctx->start_ms > 0) {
		kit_time_format_rfc3339(s->ctx->start_ms, 0, start);
		since = kit_arena_printf(s->arena, "&start_time=%s", start);
	}
	if (x->walk.next_token) {
		char *escaped = kit_url_escape(x->walk.next_token);

		token = kit_arena_printf(s->arena, "&pagination_token=%s", escaped);
		free(escaped);
	}
	return kit_arena_printf(s->arena, "%s/2/users/%s/mentions?max_results=%u%s%s%s", s->url,
				s->own_id, size, since, token, x_fields(s));
}

static enum jembatan_result fetch_page(struct social *s, json_t **out)
{
	struct x *x = s->own;
	struct kit_http_response response = { 0 };
	struct kit_why why = { "" };
	unsigned size = 0;
	enum jembatan_result result = choose_size(s, &size);

	if (result != JEMBATAN_OK)
		return result;
	result = x_get(s, page_url(s, size), size * x_post_costs(s), &response);
	/* The token of a page does not live for ever: from the first one again. */
	if (response.status == 400 && x->walk.next_token)
		forget_walk(x);
	if (result == JEMBATAN_OK && kit_json_parse(response.body, out, &why) != JEMBATAN_OK)
		return jembatan_explain(s->ctx, JEMBATAN_RETRY, "X's answer: %s", why.text);
	x->walk.bytes += response.body.size;
	return result;
}

/* 200 with errors: what could not be shown. Without data and meta it is no page. */
static enum jembatan_result look_at_errors(struct social *s, json_t *page)
{
	json_t *errors = json_object_get(page, "errors");
	const char *type = kit_json_string(errors, "0.type");
	const char *word = type ? strrchr(type, '/') : NULL;

	word = word && strlen(word) < 48 ? word + 1 : "no reason";
	if (!json_object_get(page, "data") && !json_object_get(page, "meta"))
		return jembatan_explain(s->ctx, JEMBATAN_RETRY, "X does not show the mentions (%s)",
					word);
	if (json_array_size(errors) > 0)
		jembatan_log(s->ctx, JEMBATAN_NOTICE,
			     "X left out %zu things that posts refer to (the first: %s)",
			     json_array_size(errors), word);
	return JEMBATAN_OK;
}

static void keep_page(struct social *s, json_t *page)
{
	struct x_walk *walk = &((struct x *)s->own)->walk;
	const char *next = kit_json_string(page, "meta.next_token");

	walk->posts += json_array_size(json_object_get(page, "data"));
	walk->pages[walk->count++] = page;
	free(walk->next_token);
	walk->next_token = next && *next ? strdup(next) : NULL;
	if (walk->posts >= REACHABLE)
		jembatan_log(s->ctx, JEMBATAN_WARNING,
			     "%zu mentions came at once, and X shows no more than the latest %u: older "
			     "ones may be missing; look at the account by hand", walk->posts, REACHABLE);
	if (walk->next_token && (walk->count == X_PAGES_MAX || walk->bytes > WALK_BYTES)) {
		jembatan_log(s->ctx, JEMBATAN_WARNING,
			     "more pages of mentions than can be held: what is older is left out");
		free(walk->next_token);
		walk->next_token = NULL;
	}
}

static const char *newest_of(struct social *s)
{
	const struct x_walk *walk = &((struct x *)s->own)->walk;
	const char *newest = s->cursor;
	char buffer[64];

	for (size_t i = 0; i < walk->count; i++) {
		json_t *posts = json_object_get(walk->pages[i], "data"), *one;
		size_t k;

		json_array_foreach(posts, k, one) {
			const char *id = kit_json_id(one, "id", buffer);

			if (id && strlen(id) < sizeof(s->cursor) &&
			    id[strspn(id, "0123456789")] == '\0' && social_id_is_above(id, newest))
				newest = kit_arena_strdup(s->arena, id);
		}
	}
	return newest;
}

/* All that the walk has brought, oldest page first. */
static enum jembatan_result take_walk(struct social *s)
{
	struct x *x = s->own;
	const char *newest = newest_of(s);
	size_t posts = x->walk.posts;
	enum jembatan_result result = JEMBATAN_OK;

	for (size_t i = x->walk.count; i > 0 && result == JEMBATAN_OK; i--) {
		result = take_page(s, x->walk.pages[i - 1]);
		if (result == JEMBATAN_OK)
			result = x_notes_put(s);
		if (result == JEMBATAN_OK) /* before the cursor: what comes again is noted once */
			result = social_watch_keep(&x->watch, s);
		if (result == JEMBATAN_OK && i > 1)
			result = jembatan_checkpoint(s->ctx, NULL);
	}
	if (result == JEMBATAN_OK && strcmp(newest, s->cursor) != 0) {
		result = jembatan_checkpoint(s->ctx, newest);
		if (result == JEMBATAN_OK)
			memmove(s->cursor, newest, strlen(newest) + 1);
	} else if (result == JEMBATAN_OK && posts > 0) {
		result = jembatan_checkpoint(s->ctx, NULL);
	}
	forget_walk(x);
	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}

static enum jembatan_result x_poll(struct social *s)
{
	struct x *x = s->own;
	json_t *page = NULL;
	enum jembatan_result result = x_learn_me(s);

	if (result == JEMBATAN_OK)
		result = social_watch_load(&x->watch, s);
	if (result == JEMBATAN_OK)
		result = fetch_page(s, &page);
	if (result == JEMBATAN_OK)
		result = x_settle_page(s, page, mention_price(s));
	if (result == JEMBATAN_OK)
		result = look_at_errors(s, page);
	if (result != JEMBATAN_OK) {
		json_decref(page);
		return result;
	}
	keep_page(s, page);
	if (x->walk.next_token)
		return JEMBATAN_OK;
	result = take_walk(s);
	if (result != JEMBATAN_IDLE || (s->ctx->mode & JEMBATAN_MODE_DRY))
		return result;
	result = x_look_again(s);
	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}

/* ---- samples ----------------------------------------------------------- */

/* A page of an answer, an answer about one post, a webhook's body, or a post. */
static enum jembatan_result show_root(struct social *s, json_t *root)
{
	json_t *data = json_object_get(root, "data"), *record = x_event_record(root);
	char buffer[64];

	if (json_is_array(data) || (!data && json_object_get(root, "meta")))
		return take_page(s, root);
	if (record) {
		const struct x_us us = { kit_json_id(data, "filter.user_id", buffer), "" };
		const struct x_us nobody = { "", "" };
		bool is_skipped = false;
		enum jembatan_result result = social_begin(s, NULL, root, &is_skipped);

		if (result == JEMBATAN_OK && !is_skipped)
			result = x_take(s, record, us.id ? &us : &nobody, true);
		json_decref(record);
		return result;
	}
	return json_is_object(data) && json_object_get(data, "id") ?
	       take_one(s, data, json_object_get(root, "includes"), true) :
	       take_one(s, root, NULL, true);
}

static enum jembatan_result x_show(struct social *s, struct jembatan_bytes sample)
{
	struct kit_why why = { "" };
	json_t *root = NULL;

	if (kit_json_parse(sample, &root, &why) != JEMBATAN_OK) {
		enum jembatan_result began = jembatan_begin(s->ctx, NULL, sample, "text/plain");

		return began != JEMBATAN_OK ? began :
		       jembatan_explain(s->ctx, JEMBATAN_DATA, "the sample: %s", why.text);
	}
	enum jembatan_result result = show_root(s, root);

	json_decref(root);
	return result;
}

/* ---- options ----------------------------------------------------------- */

static enum jembatan_result x_check(struct jembatan_context *ctx)
{
	const char *account = jembatan_get_string(ctx, "account");
	bool has_refresh = jembatan_get_string(ctx, "refresh_token") != NULL;

	if (has_refresh && !jembatan_get_string(ctx, "client_id"))
		return jembatan_explain(ctx, JEMBATAN_CONFIG, "%s: x with refresh_token needs `client_id`",
					jembatan_where(ctx, "refresh_token", NULL));
	if (!jembatan_get_string(ctx, "client_id") && !jembatan_get_string(ctx, "access_token"))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: x needs `client_id`, and then `jembatan oauth`; or `access_token`",
					jembatan_where(ctx, "network", NULL));
	if (account && (*account == '\0' || account[strspn(account, "0123456789")] != '\0'))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: `account` is the account's number at X, not its name",
					jembatan_where(ctx, "account", NULL));
	return JEMBATAN_OK;
}

static void x_open(struct social *s)
{
	struct x *x = calloc(1, sizeof(*x));

	if (!x)
		abort();
	social_watch_init(&x->watch, s, AGES);
	s->own = x;
}

static void x_close(struct social *s)
{
	struct x *x = s->own;

	forget_walk(x);
	kit_auth_free(x->auth);
	kit_text_free(x->notes);
	free(x);
}

const struct social_network x_network = {
	.name = "x",
	.url = "https://api.x.com",
	.budget = &budget,
	.check = x_check,
	.open = x_open,
	.close = x_close,
	.poll = x_poll,
	.reply = x_reply,
	.consent = x_consent,
	.fetch = social_fetch_public,
	.request = x_request,
	.show = x_show,
};
