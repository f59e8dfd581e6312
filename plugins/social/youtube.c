/* youtube.c: comments under our channel's videos. The list has the newest first,
 * and no way to ask for what is new: so each walk goes back to a while before the
 * newest of the last one, and now and then days back, for edits and answers in
 * old threads. The cursor moves when a walk is over. Every call costs units. */
#include "social/mastodon_parse.h"
#include "social/youtube.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define OVERLAP_MS HOUR_MS
#define DEEP_EVERY_MS (6 * HOUR_MS)
#define DEEP_BACK_MS (7 * 24 * HOUR_MS)
#define PAGES_MAX 200u  /* of one walk */
#define THREADS_MAX 20u /* whose further answers are read, on one page */
#define WRITE_UNITS 50
#define LIMIT_WAIT_MS 60000
#define AGES "1h 6h 1d 3d 7d" /* a unit for fifty comments */
#define TEXT_BYTES ((size_t)64 * 1024)

/* ---- requests ---------------------------------------------------------- */

static const char *reason_of(json_t *root)
{
	const char *reason = kit_json_string(root, "error.errors.0.reason");

	return reason ? reason : "";
}

/* 403 says many things here. */
static enum jembatan_result judge_refusal(struct social *s, enum jembatan_result result,
					  const char *reason, struct kit_http_response *response)
{
	int64_t now_ms = jembatan_now_ms(s->ctx);

	if (strcmp(reason, "quotaExceeded") == 0 || strcmp(reason, "dailyLimitExceeded") == 0) {
		response->retry_after_ms = youtube_reset_ms(now_ms) - now_ms;
		jembatan_delay(s->ctx, response->retry_after_ms);
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"YouTube's quota of today is used up: it goes on after midnight in "
					"California");
	}
	if (strcmp(reason, "rateLimitExceeded") == 0 || strcmp(reason, "userRateLimitExceeded") == 0) {
		response->retry_after_ms = LIMIT_WAIT_MS;
		jembatan_delay(s->ctx, LIMIT_WAIT_MS);
		return jembatan_explain(s->ctx, JEMBATAN_RETRY, "YouTube asks to slow down");
	}
	return result;
}

/* Google's addresses; with another `url` its tokens come from there too. */
static void make_auth(struct social *s, struct youtube *y)
{
	struct kit_auth_options options = { .size = sizeof(options), .kind = KIT_AUTH_BEARER };

	options.token = jembatan_get_string(s->ctx, "access_token");
	options.refresh_token = jembatan_get_string(s->ctx, "refresh_token");
	options.by_consent = !options.token && !options.refresh_token;
	if (options.refresh_token || options.by_consent) {
		options.kind = KIT_AUTH_OAUTH2;
		options.client_id = jembatan_get_string(s->ctx, "client_id");
		options.client_secret = jembatan_get_string(s->ctx, "client_secret");
		options.token_url = jembatan_get_string(s->ctx, "url") ?
			kit_arena_printf(s->arena, "%s/token", s->url) :
			"https://oauth2.googleapis.com/token";
		s->token_renews = true;
	}
	y->auth = kit_auth_new(s->ctx, s->http, &options);
}

enum jembatan_result youtube_ask(struct social *s, const char *url, const char *body, int64_t units,
				 struct kit_http_response *response, json_t **out_root)
{
	struct youtube *y = s->own;
	const struct kit_http_request request = {
		.size = sizeof(request),
		.method = body ? "POST" : NULL,
		.url = url,
		.body = { body, body ? strlen(body) : 0 },
		.content_type = body ? "application/json" : NULL,
	};

	*out_root = NULL;
	*response = (struct kit_http_response){ .retry_after_ms = -1, .outcome = JEMBATAN_NOT_SENT };
	enum jembatan_result result = social_budget_spend(s->budget, units, 0);

	if (result != JEMBATAN_OK)
		return result;
	if (!y->auth)
		make_auth(s, y);
	result = kit_auth_send(y->auth, &request, response);
	if (kit_json_parse(response->body, out_root, NULL) != JEMBATAN_OK)
		*out_root = NULL;
	if (result != JEMBATAN_OK)
		return judge_refusal(s, result, reason_of(*out_root), response);
	return *out_root ? result : jembatan_explain(s->ctx, JEMBATAN_RETRY,
						     "YouTube's answer is not JSON");
}

static const char *own_channel(struct social *s)
{
	return jembatan_get_string(s->ctx, "account") ? jembatan_get_string(s->ctx, "account") : "";
}

/* ---- comments ---------------------------------------------------------- */

enum jembatan_result youtube_take_comment(struct social *s, json_t *comment, int64_t *newest_ms)
{
	struct social_post post;
	bool is_skipped = false;
	enum jembatan_result result;

	if (!youtube_read_comment(comment, own_channel(s), s->arena, &post)) {
		const struct jembatan_message other = { .size = sizeof(other),
							.kind = JEMBATAN_IGNORED };

		result = social_begin(s, NULL, comment, &is_skipped);
		return result != JEMBATAN_OK || is_skipped ? result : jembatan_emit(s->ctx, &other);
	}
	if (s->ctx->start_ms > 0 && post.message.arrived_ms < s->ctx->start_ms)
		return JEMBATAN_OK;
	if (post.message.sent_ms > *newest_ms)
		*newest_ms = post.message.sent_ms;
	result = social_begin(s, post.message.id, comment, &is_skipped);
	if (result != JEMBATAN_OK || is_skipped)
		return result;
	result = social_take(s, &post);
	if (result == JEMBATAN_OK && s->role == SOCIAL_POLL && post.message.kind == JEMBATAN_NEW)
		social_watch_note(&((struct youtube *)s->own)->watch, post.message.id,
				  post.message.revision, post.message.sent_ms, jembatan_now_ms(s->ctx));
	return result;
}

static enum jembatan_result take_list(struct social *s, json_t *comments, int64_t *newest_ms)
{
	enum jembatan_result result = JEMBATAN_OK;
	json_t *one;
	size_t i;

	json_array_foreach(comments, i, one)
		if (result == JEMBATAN_OK)
			result = youtube_take_comment(s, one, newest_ms);
	return result;
}

/* thread: escaped. */
static const char *answers_url(struct social *s, const char *thread)
{
	return kit_arena_printf(s->arena, "%s/comments?part=snippet&textFormat=plainText&maxResults="
				"100&parentId=%s", s->url, thread);
}

/* The list shows some of a thread's answers; the others are asked for. */
static enum jembatan_result take_answers(struct social *s, json_t *thread, size_t *budget,
					 int64_t *newest_ms)
{
	json_t *shown = kit_json_at(thread, "replies.comments"), *root = NULL;
	const char *id = kit_json_string(thread, "id");
	struct kit_http_response response;
	int64_t total = 0;

	if (!kit_json_integer(thread, "snippet.totalReplyCount", &total) || !id || *budget == 0 ||
	    total <= (int64_t)json_array_size(shown))
		return take_list(s, shown, newest_ms);
	--*budget;
	char *escaped = kit_url_escape(id);
	enum jembatan_result result = youtube_ask(s, answers_url(s, escaped), NULL, YOUTUBE_READ_UNITS,
						  &response, &root);

	free(escaped);
	if (result == JEMBATAN_GONE) /* deleted since */
		result = JEMBATAN_OK;
	if (result == JEMBATAN_OK)
		result = take_list(s, json_object_get(root, "items"), newest_ms);
	json_decref(root);
	return result;
}

/* *out_older: all of it is older than where the walk ends. Older comes first, so
 * that an answer follows what it answers. */
static enum jembatan_result take_threads(struct social *s, json_t *threads, bool asks,
					 int64_t stop_ms, int64_t *newest_ms, bool *out_older)
{
	enum jembatan_result result = JEMBATAN_OK;
	size_t budget = asks ? THREADS_MAX : 0;

	*out_older = true;
	for (size_t i = json_array_size(threads); i > 0 && result == JEMBATAN_OK; i--) {
		json_t *thread = json_array_get(threads, i - 1);
		json_t *top = kit_json_at(thread, "snippet.topLevelComment");
		const char *at = kit_json_string(top, "snippet.publishedAt");
		int64_t ms = 0;

		if (!at || kit_time_parse(at, NULL, 0, &ms) != JEMBATAN_OK || ms >= stop_ms)
			*out_older = false;
		result = youtube_take_comment(s, top ? top : thread, newest_ms);
		if (result == JEMBATAN_OK && top)
			result = take_answers(s, thread, &budget, newest_ms);
	}
	return result;
}

static void begin_walk(struct social *s, struct youtube *y)
{
	int64_t now_ms = jembatan_now_ms(s->ctx);
	int64_t known_ms = s->cursor[0] ? strtoll(s->cursor, NULL, 10) : 0;
	bool is_deep = now_ms - y->deep_ms >= DEEP_EVERY_MS;

	y->pages = 0;
	y->newest_ms = known_ms;
	y->stop_ms = known_ms - (is_deep ? DEEP_BACK_MS : OVERLAP_MS);
	if (y->stop_ms < s->ctx->start_ms)
		y->stop_ms = s->ctx->start_ms;
	if (is_deep)
		y->deep_ms = now_ms;
}

static enum jembatan_result end_walk(struct social *s, struct youtube *y)
{
	char cursor[32];

	y->page[0] = '\0';
	(void)snprintf(cursor, sizeof(cursor), "%" PRId64, y->newest_ms);
	enum jembatan_result result = social_watch_keep(&y->watch, s); /* before the cursor */

	if (result == JEMBATAN_OK)
		result = jembatan_checkpoint(s->ctx, cursor);
	if (result == JEMBATAN_OK)
		memcpy(s->cursor, cursor, sizeof(cursor));
	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}

/* What has come is on disk before the next page; the cursor waits for the end. */
static enum jembatan_result go_on(struct social *s, struct youtube *y, json_t *root, bool is_older)
{
	const char *next = kit_json_string(root, "nextPageToken");

	if (!next || *next == '\0' || is_older || ++y->pages >= PAGES_MAX ||
	    strlen(next) >= sizeof(y->page))
		return end_walk(s, y);
	enum jembatan_result result = jembatan_checkpoint(s->ctx, NULL);

	if (result == JEMBATAN_OK)
		memcpy(y->page, next, strlen(next) + 1);
	return result;
}

static enum jembatan_result youtube_poll(struct social *s)
{
	struct youtube *y = s->own;
	struct kit_http_response response;
	json_t *root = NULL;
	bool is_older = false;
	enum jembatan_result result = social_watch_load(&y->watch, s);

	if (result != JEMBATAN_OK)
		return result;
	if (y->page[0] == '\0')
		begin_walk(s, y);
	char *own = kit_url_escape(own_channel(s)), *page = kit_url_escape(y->page);
	const char *url = kit_arena_printf(
		s->arena, "%s/commentThreads?part=snippet,replies&order=time&textFormat=plainText&"
		"maxResults=100&allThreadsRelatedToChannelId=%s%s%s", s->url, own,
		*page ? "&pageToken=" : "", page);

	result = youtube_ask(s, url, NULL, YOUTUBE_READ_UNITS, &response, &root);

	free(own);
	free(page);
	/* A token that is not taken any more: the walk begins anew. */
	if (result == JEMBATAN_CONFIG && response.status == 400 && y->page[0] != '\0') {
		y->page[0] = '\0';
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "YouTube does not know the page any more");
	}
	if (result == JEMBATAN_OK && !json_is_array(json_object_get(root, "items")))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "YouTube's comments are not a list");
	if (result == JEMBATAN_OK)
		result = take_threads(s, json_object_get(root, "items"), true, y->stop_ms,
				      &y->newest_ms, &is_older);
	if (result == JEMBATAN_OK)
		result = go_on(s, y, root, is_older);
	json_decref(root);
	if (result != JEMBATAN_IDLE || (s->ctx->mode & JEMBATAN_MODE_DRY))
		return result;
	result = youtube_look_again(s);
	return result == JEMBATAN_OK ? JEMBATAN_IDLE : result;
}

/* A page of threads or comments, a thread, or a comment. */
static enum jembatan_result youtube_show(struct social *s, struct jembatan_bytes sample)
{
	struct kit_why why = { "" };
	json_t *root = NULL;
	int64_t newest_ms = 0;
	bool is_older = false;

	if (kit_json_parse(sample, &root, &why) != JEMBATAN_OK) {
		enum jembatan_result began = jembatan_begin(s->ctx, NULL, sample, "text/plain");

		return began != JEMBATAN_OK ? began :
		       jembatan_explain(s->ctx, JEMBATAN_DATA, "the sample: %s", why.text);
	}
	json_t *items = kit_json_at(root, "items");
	json_t *list = json_is_array(items) ? json_incref(items) : json_pack("[O]", root);
	enum jembatan_result result = take_threads(s, list, false, 0, &newest_ms, &is_older);

	json_decref(list);
	json_decref(root);
	return result;
}

/* ---- replies ----------------------------------------------------------- */

static bool is_same_words(const char *a, const char *b)
{
	struct kit_text *left = kit_text_new(TEXT_BYTES), *right = kit_text_new(TEXT_BYTES);

	mastodon_squeeze(a, left);
	mastodon_squeeze(b, right);
	bool it_is = strcmp(kit_text_string(left), kit_text_string(right)) == 0;

	kit_text_free(left);
	kit_text_free(right);
	return it_is;
}

/* Does it stand in the thread, by us, in these words? */
static enum jembatan_result settle(struct social *s, const char *thread, const char *text,
				   struct jembatan_delivery *out)
{
	struct kit_http_response response;
	json_t *root = NULL, *one;
	char *escaped = kit_url_escape(thread);
	size_t i;
	enum jembatan_result result = youtube_ask(s, answers_url(s, escaped), NULL, YOUTUBE_READ_UNITS,
						  &response, &root);

	free(escaped);
	out->outcome = JEMBATAN_UNKNOWN;
	if (result == JEMBATAN_OK && !kit_json_at(root, "nextPageToken"))
		out->outcome = JEMBATAN_NOT_SENT;
	json_array_foreach(json_object_get(root, "items"), i, one) {
		const char *by = kit_json_string(one, "snippet.authorChannelId.value");
		const char *id = kit_json_string(one, "id");
		const char *words = kit_json_string(one, "snippet.textOriginal");

		if (result == JEMBATAN_OK && by && id && words && strcmp(by, own_channel(s)) == 0 &&
		    strlen(id) < sizeof(out->remote_id) && is_same_words(words, text)) {
			memcpy(out->remote_id, id, strlen(id) + 1);
			out->outcome = JEMBATAN_SENT;
		}
	}
	json_decref(root);
	return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
}

static enum jembatan_result judge(struct social *s, enum jembatan_result result, json_t *root,
				  const struct kit_http_response *response,
				  struct jembatan_delivery *out)
{
	const char *id = kit_json_string(root, "id"), *reason = reason_of(root);

	out->outcome = response->outcome;
	if (result == JEMBATAN_OK && id && strlen(id) < sizeof(out->remote_id)) {
		memcpy(out->remote_id, id, strlen(id) + 1);
	} else if (response->status / 100 == 2) {
		out->outcome = JEMBATAN_UNKNOWN;
	} else if (response->status == 0 && response->outcome == JEMBATAN_NOT_SENT &&
		   result == JEMBATAN_RETRY) {
		out->outcome = JEMBATAN_NOT_SENT; /* the budget, or no connection */
	} else if (result == JEMBATAN_RETRY && response->retry_after_ms >= 0) {
		out->outcome = JEMBATAN_LATER;
		out->at_ms = jembatan_now_ms(s->ctx) + response->retry_after_ms;
	} else if (strcmp(reason, "commentsDisabled") == 0) {
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_OK, "not reached: comments are closed there");
	} else if (result == JEMBATAN_AUTH) {
		out->outcome = JEMBATAN_NOT_SENT; /* with a right token it can go */
	}
	return result;
}

static enum jembatan_result youtube_reply(struct social *s, const struct jembatan_reply *reply,
					  struct jembatan_delivery *out)
{
	struct kit_http_response response;
	const char *to = reply->reply_to, *text = reply->text ? reply->text : "";
	json_t *root = NULL;

	if (!to || *to == '\0') {
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "there is no comment to answer");
	}
	const char *thread = youtube_thread_of(to, s->arena);

	if (reply->flags & JEMBATAN_SETTLE)
		return settle(s, thread, text, out);
	json_t *body = json_pack("{s:{s:s,s:s}}", "snippet", "parentId", thread, "textOriginal", text);
	const char *json = body ? social_json(s->arena, body) : NULL;

	json_decref(body);
	if (!json) {
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "the reply is not valid text");
	}
	enum jembatan_result result = youtube_ask(s, kit_arena_printf(s->arena, "%s/comments?part=snippet",
							      s->url), json, WRITE_UNITS, &response,
					  &root);

	result = judge(s, result, root, &response, out);
	json_decref(root);
	return result;
}

/* ---- opening ----------------------------------------------------------- */

static void youtube_open(struct social *s)
{
	struct youtube *y = calloc(1, sizeof(*y));

	if (!y)
		abort();
	social_watch_init(&y->watch, s, AGES);
	s->own = y;
}

static void youtube_close(struct social *s)
{
	struct youtube *y = s->own;

	kit_auth_free(y->auth);
	free(y);
}

static enum jembatan_result youtube_consent(struct social *s, const char *answer,
					    const char **out_url)
{
	struct youtube *y = s->own;
	const char *redirect = jembatan_get_string(s->ctx, "redirect_url");
	/* A refresh token comes with the first consent alone, if it is not asked for. */
	const struct kit_consent_options how = {
		.size = sizeof(how),
		.authorize_url = "https://accounts.google.com/o/oauth2/v2/auth",
		.redirect_url = redirect ? redirect : "http://localhost",
		.scope = "https://www.googleapis.com/auth/youtube.force-ssl",
		.more = { "access_type", "offline", "prompt", "consent" },
	};

	if (jembatan_get_string(s->ctx, "access_token") && !jembatan_get_string(s->ctx, "refresh_token"))
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG, "%s: `access_token` is used: take it out "
					"first", jembatan_where(s->ctx, "access_token", NULL));
	if (!y->auth)
		make_auth(s, y);
	return kit_consent(y->auth, &how, answer, s->arena, out_url);
}

static enum jembatan_result youtube_check(struct jembatan_context *ctx)
{
	const char *refresh = jembatan_get_string(ctx, "refresh_token");

	bool is_account = refresh || !jembatan_get_string(ctx, "access_token");

	if (is_account && (!jembatan_get_string(ctx, "client_id") ||
			!jembatan_get_string(ctx, "client_secret")))
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: youtube needs client_id and client_secret, and then `jembatan "
					"oauth`", jembatan_where(ctx, "network", NULL));
	return JEMBATAN_OK;
}

static const char *const needs[] = { "account", NULL };

/* 10,000 units a day, from midnight in California. */
static const struct social_budget_preset budget = {
	.per_day = 10000, .day_begins_minutes = 8 * 60,
};

const struct social_network youtube_network = {
	.name = "youtube",
	.url = "https://www.googleapis.com/youtube/v3",
	.budget = &budget,
	.needs = needs,
	.check = youtube_check,
	.open = youtube_open,
	.close = youtube_close,
	.poll = youtube_poll,
	.reply = youtube_reply,
	.consent = youtube_consent,
	.fetch = social_fetch_public,
	.show = youtube_show,
};
