/* meta_token.c: when our token ends, and until when it may read what people write.
 * Meta tells it whom asks with the app's own token (app_id and app_secret). */
#include "social/meta.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "meta.token" /* "MARK asked ends access", times in ms; ends 0: never */
#define EVERY_MS INT64_C(86400000)
#define AGAIN_MS INT64_C(3600000)

struct known {
	char mark[20];
	int64_t asked_ms, ends_ms, access_ms;
};

/* Another token, or another app, is asked for anew. */
static void mark_of(struct social *s, char out[20])
{
	const char *const parts[] = { jembatan_get_string(s->ctx, "access_token"),
				      jembatan_get_string(s->ctx, "app_id") };
	char hex[65];

	kit_digest(parts, 2, hex);
	memcpy(out, hex, 16);
	out[16] = '\0';
}

/* False: nothing is known of this token. *out_other: of another one it is. */
static bool read_known(struct social *s, const char *mark, struct known *out, bool *out_other)
{
	struct jembatan_bytes value;
	struct known k = { "", 0, 0, 0 };
	char text[120];

	*out_other = false;
	if (jembatan_state_get(s->ctx, KEY, &value) != JEMBATAN_OK || value.size >= sizeof(text))
		return false;
	memcpy(text, value.data, value.size);
	text[value.size] = '\0';
	*out_other = sscanf(text, "%19s %" SCNd64 " %" SCNd64 " %" SCNd64, k.mark, &k.asked_ms,
			    &k.ends_ms, &k.access_ms) != 4 || strcmp(k.mark, mark) != 0;
	if (!*out_other)
		*out = k;
	return !*out_other;
}

static bool put(struct social *s, const char *key, const char *text)
{
	return jembatan_state_put(s->ctx, key, (struct jembatan_bytes){ text, strlen(text) }) ==
	       JEMBATAN_OK;
}

static const char *time_text(struct social *s, int64_t at_ms)
{
	return at_ms > 0 ? kit_arena_printf(s->arena, "%" PRId64, at_ms) : "";
}

/* The two times where the core looks for them; an empty one: none. The last put
 * says that all are there. */
static bool keep(struct social *s, const struct known *k)
{
	const char *line = k->asked_ms == 0 ? "" :
		kit_arena_printf(s->arena, "%s %" PRId64 " %" PRId64 " %" PRId64, k->mark,
				 k->asked_ms, k->ends_ms, k->access_ms);

	return put(s, "token_expires", time_text(s, k->ends_ms)) &&
	       put(s, "access_expires", time_text(s, k->access_ms)) && put(s, KEY, line);
}

static void show(struct social *s, const struct known *k)
{
	s->token_unknown = !k;
	s->token_ends_ms = k ? k->ends_ms : 0;
	s->token_lasts = k && k->ends_ms == 0;
	s->access_ends_ms = k && k->access_ms > 0 && (k->ends_ms == 0 || k->access_ms < k->ends_ms) ?
			    k->access_ms : 0;
}

static int64_t seconds_at(json_t *data, const char *name)
{
	int64_t seconds = 0;

	return kit_json_integer(data, name, &seconds) && seconds > 0 && seconds < INT64_MAX / 1000 ?
	       seconds * 1000 : 0;
}

static bool ask(struct social *s, struct known *out)
{
	const char *token = jembatan_get_string(s->ctx, "access_token");
	const char *app = kit_arena_printf(s->arena, "%s|%s", jembatan_get_string(s->ctx, "app_id"),
					   jembatan_get_string(s->ctx, "app_secret"));
	char *escaped = kit_url_escape(token);
	struct meta_answer answer = { .root = NULL };
	enum jembatan_result result =
		meta_call_as(s, app, meta_url(s, "debug_token?input_token=%s", escaped), escaped,
			     &answer);
	json_t *data = json_object_get(answer.root, "data");

	free(escaped);
	/* One that is not valid says so at each call; its end is of no use. */
	bool is_told = result == JEMBATAN_OK && json_is_true(json_object_get(data, "is_valid"));

	if (is_told) {
		out->ends_ms = seconds_at(data, "expires_at");
		out->access_ms = seconds_at(data, "data_access_expires_at");
	}
	json_decref(answer.root);
	return is_told;
}

/* What cannot be asked or kept is tried again in an hour. */
static void ask_and_keep(struct social *s, const char *mark)
{
	struct meta *meta = s->own;
	int64_t now_ms = jembatan_now_ms(s->ctx);
	struct known k = { .asked_ms = now_ms };

	memcpy(k.mark, mark, sizeof(k.mark));
	meta->token_asked_ms = now_ms - EVERY_MS + AGAIN_MS;
	if (!ask(s, &k)) {
		jembatan_log(s->ctx, JEMBATAN_WARNING, "Meta does not say when the access token ends: "
			     "is app_id (and app_secret) that of the token's app?");
	} else if (keep(s, &k)) {
		meta->token_asked_ms = now_ms;
		show(s, &k);
	}
}

void meta_token_look(struct social *s)
{
	struct meta *meta = s->own;
	const char *app = jembatan_get_string(s->ctx, "app_id");
	struct known k = { "", 0, 0, 0 };
	char mark[20] = "";
	bool is_other = false;

	if (s->ctx->mode & JEMBATAN_MODE_DRY)
		return;
	mark_of(s, mark);
	if (!meta->knows_token) {
		bool is_known = read_known(s, mark, &k, &is_other);

		show(s, is_known ? &k : NULL);
		meta->token_asked_ms = k.asked_ms;
		/* The end of an earlier token is no alarm of this one. */
		meta->knows_token = !is_other || keep(s, &k);
	}
	if (app && *app && jembatan_now_ms(s->ctx) - meta->token_asked_ms >= EVERY_MS)
		ask_and_keep(s, mark);
}
