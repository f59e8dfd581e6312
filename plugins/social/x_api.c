/* x_api.c: calls to X: what they cost, whose token they bear, what its refusals
 * mean, and the little that deliver must know of a post. */
#include "social/x.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_WAIT_MS INT64_C(900000)   /* X's window */
#define CREDIT_WAIT_MS INT64_C(3600000)
#define NOTES_BYTES ((size_t)48 * 1024)
#define ME_KEY "x.me"

/* ---- our account ------------------------------------------------------- */

bool x_speaks_post(const struct social *s)
{
	return strcmp(jembatan_get_string(s->ctx, "vocabulary"), "post") == 0;
}

struct x_us x_us(const struct social *s)
{
	const struct x *x = s->own;
	const char *account = jembatan_get_string(s->ctx, "account");

	return (struct x_us){ s->own_id[0] || !account ? s->own_id : account, x->handle };
}

static struct kit_auth *auth_of(struct social *s)
{
	struct x *x = s->own;
	const char *refresh = jembatan_get_string(s->ctx, "refresh_token");
	const char *secret = jembatan_get_string(s->ctx, "client_secret");
	const char *access = jembatan_get_string(s->ctx, "access_token");
	bool is_account = refresh || !access;
	const struct kit_auth_options options = {
		.size = sizeof(options),
		.kind = is_account ? KIT_AUTH_OAUTH2 : KIT_AUTH_BEARER,
		.token = access,
		.token_url = kit_arena_printf(s->arena, "%s/2/oauth2/token", s->url),
		.client_id = jembatan_get_string(s->ctx, "client_id"),
		.client_secret = secret,
		.client_in_header = secret != NULL,
		.refresh_token = refresh,
		.by_consent = is_account && !refresh,
	};

	if (!x->auth)
		x->auth = kit_auth_new(s->ctx, s->http, &options);
	s->token_renews = is_account;
	return x->auth;
}

enum jembatan_result x_consent(struct social *s, const char *answer, const char **out_url)
{
	const char *redirect = jembatan_get_string(s->ctx, "redirect_url");
	const struct kit_consent_options how = {
		.size = sizeof(how),
		.authorize_url = "https://x.com/i/oauth2/authorize",
		.redirect_url = redirect ? redirect : "https://localhost/",
		.scope = "tweet.read tweet.write users.read offline.access",
	};

	if (!jembatan_get_string(s->ctx, "client_id"))
		return jembatan_explain(s->ctx, JEMBATAN_CONFIG, "%s: set `client_id`, without `access_token`",
					jembatan_where(s->ctx, "network", NULL));
	enum jembatan_result result = jembatan_get_string(s->ctx, "refresh_token") ||
				      !jembatan_get_string(s->ctx, "access_token") ?
		kit_consent(auth_of(s), &how, answer, s->arena, out_url) :
		jembatan_explain(s->ctx, JEMBATAN_CONFIG, "%s: `access_token` is used: take it out first",
				 jembatan_where(s->ctx, "access_token", NULL));

	/* It may be another account's. */
	if (result == JEMBATAN_OK && answer)
		result = jembatan_state_put(s->ctx, ME_KEY, (struct jembatan_bytes){ "", 0 });
	return result;
}

/* Another token may be another account's. */
static void token_mark(struct social *s, char out[65])
{
	const char *refresh = jembatan_get_string(s->ctx, "refresh_token");
	const char *access = jembatan_get_string(s->ctx, "access_token");
	const char *const parts[] = { refresh ? refresh : access };

	kit_digest(parts, 1, out);
	out[16] = '\0';
}

static bool take_me(struct social *s, const char *id, const char *handle)
{
	struct x *x = s->own;

	if (!id || *id == '\0' || strlen(id) >= sizeof(s->own_id) ||
	    id[strspn(id, "0123456789")] != '\0')
		return false;
	memcpy(s->own_id, id, strlen(id) + 1);
	if (handle && strlen(handle) < sizeof(x->handle))
		memcpy(x->handle, handle, strlen(handle) + 1);
	return true;
}

static bool remember_me(struct social *s, const char *mark)
{
	struct jembatan_bytes value;
	char text[160], *id, *handle;

	if (jembatan_state_get(s->ctx, ME_KEY, &value) != JEMBATAN_OK || value.size >= sizeof(text))
		return false;
	memcpy(text, value.data, value.size);
	text[value.size] = '\0';
	id = strchr(text, ' ');
	handle = id ? strchr(id + 1, ' ') : NULL;
	if (!handle || strncmp(text, mark, strlen(mark)) != 0)
		return false;
	*handle = '\0';
	return take_me(s, id + 1, handle + 1);
}

enum jembatan_result x_learn_me(struct social *s)
{
	const char *account = jembatan_get_string(s->ctx, "account");
	char mark[65], buffer[64];
	json_t *root = NULL;
	unsigned status = 0;

	token_mark(s, mark);
	if (s->own_id[0] != '\0' || take_me(s, account, NULL) || remember_me(s, mark))
		return JEMBATAN_OK;
	enum jembatan_result result =
		x_ask(s, kit_arena_printf(s->arena, "%s/2/users/me", s->url),
		      social_budget_price(s->budget, "user"), &root, &status);
	const char *handle = kit_json_string(root, "data.username");

	if (result == JEMBATAN_OK && !take_me(s, kit_json_id(root, "data.id", buffer), handle))
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY,
					  "X does not say whose token this is");
	else if (result == JEMBATAN_AUTH && status == 403)
		result = jembatan_explain(s->ctx, JEMBATAN_AUTH,
					  "X does not say whose token this is: with an app's own token, "
					  "write the account's number into `account`");
	if (result == JEMBATAN_OK) {
		const char *me = kit_arena_printf(s->arena, "%s %s %s", mark, s->own_id,
						  handle ? handle : "");

		result = jembatan_state_put(s->ctx, ME_KEY,
					    (struct jembatan_bytes){ me, strlen(me) });
	}
	json_decref(root);
	return result;
}

/* ---- calls ------------------------------------------------------------- */

static int64_t wait_of(struct social *s, const struct kit_http_response *response)
{
	static const char *const limits[][2] = {
		{ "x-app-limit-24hour-remaining", "x-app-limit-24hour-reset" },
		{ "x-user-limit-24hour-remaining", "x-user-limit-24hour-reset" },
	};
	int64_t now_ms = response->server_ms > 0 ? response->server_ms : jembatan_now_ms(s->ctx);
	int64_t wait_ms = social_reset_wait_ms(kit_http_header(s->http, "x-rate-limit-reset"), now_ms);

	for (size_t i = 0; i < 2; i++) {
		const char *left = kit_http_header(s->http, limits[i][0]);
		bool is_over = left && strcmp(left, "0") == 0;
		int64_t day_ms = social_reset_wait_ms(kit_http_header(s->http, limits[i][1]), now_ms);

		if (is_over && day_ms > wait_ms)
			wait_ms = day_ms;
	}
	if (wait_ms < 0)
		wait_ms = response->retry_after_ms;
	return wait_ms > 0 ? wait_ms : wait_ms == 0 ? 1000 : LIMIT_WAIT_MS;
}

static enum jembatan_result judge(struct social *s, enum jembatan_result result,
				  struct kit_http_response *response)
{
	const char *left = kit_http_header(s->http, "x-rate-limit-remaining");

	switch (response->status) {
	case 402:
		response->retry_after_ms = CREDIT_WAIT_MS;
		response->outcome = JEMBATAN_NOT_SENT;
		jembatan_delay(s->ctx, CREDIT_WAIT_MS);
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"X's credits are used up, or its own spending limit is reached "
					"(402): buy credits in the Developer Console; it is asked again "
					"every hour");
	case 429:
		response->retry_after_ms = wait_of(s, response);
		jembatan_delay(s->ctx, response->retry_after_ms);
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"X asks to slow down (429): it goes on by itself when the limit "
					"ends");
	case 400:
		return jembatan_explain(s->ctx, JEMBATAN_RETRY,
					"X does not understand the request (400): has it changed its "
					"words? Try `vocabulary: %s`", x_speaks_post(s) ? "tweet" : "post");
	default:
		break;
	}
	/* The last one of this window: the next poll waits for the new one. */
	if (result == JEMBATAN_OK && s->role == SOCIAL_POLL && left && strcmp(left, "0") == 0)
		jembatan_delay(s->ctx, wait_of(s, response));
	return result;
}

enum jembatan_result x_call(struct social *s, struct kit_http_request *request, int64_t micro,
			    struct kit_http_response *out)
{
	struct kit_auth *auth = auth_of(s);
	enum jembatan_result result = social_budget_spend(s->budget, 1, micro);

	*out = (struct kit_http_response){ .retry_after_ms = -1, .outcome = JEMBATAN_NOT_SENT };
	if (result != JEMBATAN_OK)
		return result;
	request->size = sizeof(*request);
	result = judge(s, kit_auth_send(auth, request, out), out);
	/* What X refuses costs nothing. */
	if (out->status / 100 == 4) {
		enum jembatan_result settled = social_budget_settle(s->budget, 0);

		result = settled == JEMBATAN_OK ? result : settled;
	}
	return result;
}

enum jembatan_result x_get(struct social *s, const char *url, int64_t micro,
			   struct kit_http_response *out)
{
	struct kit_http_request request = { .url = url };

	return x_call(s, &request, micro, out);
}

enum jembatan_result x_ask(struct social *s, const char *url, int64_t micro, json_t **out,
			   unsigned *out_status)
{
	struct kit_http_response response;
	struct kit_why why = { "" };
	enum jembatan_result result = x_get(s, url, micro, &response);

	if (out_status)
		*out_status = response.status;
	if (result == JEMBATAN_OK && kit_json_parse(response.body, out, &why) != JEMBATAN_OK)
		result = jembatan_explain(s->ctx, JEMBATAN_RETRY, "X's answer: %s", why.text);
	return result;
}

static int64_t cost_of(struct social *s, json_t *list, const char *thing, const char *name,
		       const char *price)
{
	char buffer[64];
	int64_t cost = 0;
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *id = kit_json_id(one, name, buffer);

		if (id && social_budget_is_new(s->budget, thing, id))
			cost += social_budget_price(s->budget, price);
	}
	return cost;
}

enum jembatan_result x_settle_page(struct social *s, json_t *page, const char *price)
{
	json_t *includes = json_object_get(page, "includes");
	int64_t micro = cost_of(s, json_object_get(page, "data"), "post", "id", price);

	micro += cost_of(s, x_either(includes, "posts", "tweets"), "post", "id", "post");
	micro += cost_of(s, json_object_get(includes, "users"), "user", "id", "user");
	micro += cost_of(s, json_object_get(includes, "media"), "media", "media_key", "media");
	return social_budget_settle(s->budget, micro);
}

const char *x_fields(const struct social *s)
{
	if (x_speaks_post(s))
		return "&post.fields=attachments,conversation_id,created_at,display_text_range,entities,geo,"
		       "id,lang,note_post,text"
		       "&expansions=author_id,attachments.media_keys,edit_history_post_ids,geo.place_id,"
		       "referenced_posts"
		       "&user.fields=id,name,username&media.fields=media_key,preview_image_url,type,url,"
		       "variants&place.fields=full_name";
	return "&tweet.fields=attachments,author_id,conversation_id,created_at,display_text_range,"
	       "edit_history_tweet_ids,entities,geo,id,lang,note_tweet,referenced_tweets,text"
	       "&expansions=author_id,attachments.media_keys,geo.place_id,referenced_tweets.id,"
	       "referenced_tweets.id.author_id"
	       "&user.fields=affiliation,id,name,username&media.fields=media_key,preview_image_url,type,"
	       "url,variants&place.fields=full_name";
}

const char *x_history_fields(const struct social *s)
{
	return x_speaks_post(s) ? "&post.fields=id&expansions=edit_history_post_ids" :
				  "&tweet.fields=edit_history_tweet_ids,id";
}

/* ---- what deliver must know of a post ---------------------------------- */

/* Lines "<first id> <newest id> <+ or ->": - stands for: did not summon us. */
void x_note(struct social *s, const char *first_id, const struct x_traits *traits)
{
	struct x *x = s->own;

	if (!traits->is_edited && traits->is_summoning)
		return;
	if (!x->notes)
		x->notes = kit_text_new(NOTES_BYTES / 2);
	kit_text_printf(x->notes, "%s %s %c\n", first_id, traits->id,
			traits->is_summoning ? '+' : '-');
}

/* Poll and request write each its own. */
static const char *notes_key(enum social_role role)
{
	return role == SOCIAL_REQUEST ? "x.notes.request" : "x.notes.poll";
}

static const char *load_notes(struct social *s, enum social_role role)
{
	struct jembatan_bytes value;

	if (jembatan_state_get(s->ctx, notes_key(role), &value) != JEMBATAN_OK)
		return "";
	return kit_arena_strndup(s->arena, value.data, value.size);
}

enum jembatan_result x_notes_put(struct social *s)
{
	struct x *x = s->own;
	struct jembatan_bytes added;

	if (!x->notes || (added = kit_text_bytes(x->notes)).size == 0)
		return JEMBATAN_OK;
	const char *old = load_notes(s, s->role);
	struct kit_text *all = kit_text_new(NOTES_BYTES);

	/* The oldest make room. */
	while (strlen(old) + added.size > NOTES_BYTES && *old != '\0') {
		const char *end = strchr(old, '\n');

		old = end ? end + 1 : "";
	}
	kit_text_add_string(all, old);
	kit_text_add(all, added.data, added.size);
	enum jembatan_result result = jembatan_state_put(s->ctx, notes_key(s->role),
							 kit_text_bytes(all));

	kit_text_free(all);
	if (result == JEMBATAN_OK)
		kit_text_clear(x->notes);
	return result;
}

static void find_in(struct social *s, const char *line, const char *first_id, const char **newest,
		    bool *is_quiet)
{
	size_t n = strlen(first_id);

	while (*line != '\0') {
		size_t size = strcspn(line, "\n");

		if (size > n + 3 && strncmp(line, first_id, n) == 0 && line[n] == ' ') {
			const char *id = kit_arena_strndup(s->arena, line + n + 1, size - n - 3);

			if (!social_id_is_above(*newest, id)) {
				*newest = id;
				*is_quiet = line[size - 1] == '-';
			}
		}
		line += size + (line[size] == '\n');
	}
}

const char *x_notes_find(struct social *s, const char *first_id, bool *out_is_quiet)
{
	const char *newest = first_id;

	*out_is_quiet = false;
	find_in(s, load_notes(s, SOCIAL_POLL), first_id, &newest, out_is_quiet);
	find_in(s, load_notes(s, SOCIAL_REQUEST), first_id, &newest, out_is_quiet);
	return newest;
}
