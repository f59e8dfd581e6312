/* social_common.c: what every network does with a post, an id and a limit. */
#include "social/social.h"

#include <stdlib.h>
#include <string.h>

#define EXTRA_BYTES ((size_t)48 * 1024)
#define CONTEXT_BYTES ((size_t)256 * 1024)
#define DAY_MS INT64_C(86400000)

enum jembatan_result social_hand_over(struct social *s, const struct jembatan_message *message)
{
	enum jembatan_result result = s->ctx->host->emit(s->ctx, message);

	if (result != JEMBATAN_DATA)
		return result;
	const struct jembatan_message bare = {
		.size = sizeof(bare),
		.id = message->id,
		.revision = message->revision,
		.kind = JEMBATAN_UNREADABLE,
		.text = "it breaks the limits of a message",
		.arrived_ms = message->arrived_ms,
	};
	return s->ctx->host->emit(s->ctx, &bare);
}

enum jembatan_result social_take(struct social *s, struct social_post *post)
{
	const struct social_facts facts = { post->facts,
					    post->said ? post->said : post->message.text,
					    post->language };
	struct jembatan_message *m = &post->message;
	bool is_nobodys = (post->facts & (SOCIAL_OWN | SOCIAL_REPOST | SOCIAL_BOT)) != 0;

	if (m->arrived_ms > s->newest_ms && m->arrived_ms <= jembatan_now_ms(s->ctx))
		s->newest_ms = m->arrived_ms;
	/* What cannot be read asks no rule, but is nobody's complaint either when a
	 * bot or we ourselves wrote it. */
	if (m->kind == JEMBATAN_NEW || m->kind == JEMBATAN_EDIT || is_nobodys) {
		switch (social_rules_judge(s->rules, &facts)) {
		case SOCIAL_COMPLAINT:
			break;
		case SOCIAL_REVIEW:
			m->flags |= JEMBATAN_UNSURE;
			break;
		case SOCIAL_IGNORE:
			/* An edit may belong to a ticket: only the core knows. */
			if (m->kind == JEMBATAN_EDIT && !is_nobodys)
				m->flags |= JEMBATAN_UNSURE;
			else
				m->kind = JEMBATAN_IGNORED;
			break;
		}
	}
	return social_hand_over(s, m);
}

enum jembatan_result social_begin(struct social *s, const char *id, json_t *record, bool *out_skip)
{
	char *text = json_dumps(record, JSON_COMPACT | JSON_ENCODE_ANY);

	if (!text)
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "a record cannot be kept as JSON");
	enum jembatan_result result =
		jembatan_begin(s->ctx, id, (struct jembatan_bytes){ text, strlen(text) },
			       "application/json");
	free(text);
	*out_skip = result == JEMBATAN_DATA;
	return *out_skip ? JEMBATAN_OK : result;
}

enum jembatan_result social_tell_deleted(struct social *s, const char *id)
{
	json_t *record = json_pack("{s:s,s:b}", "id", id, "deleted", 1);
	const struct jembatan_message m = {
		.size = sizeof(m), .id = id, .revision = "deleted", .kind = JEMBATAN_DELETION,
		.arrived_ms = jembatan_now_ms(s->ctx),
	};
	bool is_skipped = false;
	enum jembatan_result result = social_begin(s, id, record, &is_skipped);

	json_decref(record);
	return result != JEMBATAN_OK || is_skipped ? result : jembatan_emit(s->ctx, &m);
}

enum jembatan_result social_fetch_public(struct social *s, const char *reference,
					 struct jembatan_spool *spool)
{
	const struct kit_http_request request = {
		.size = sizeof(request),
		.url = reference,
		.follow = true,
		.into = spool,
		.body_ceiling = (size_t)jembatan_get_integer(s->ctx, "media_max"),
	};
	struct kit_http_response response = { 0 };

	return kit_http_send(s->http, &request, &response);
}

void social_add_context(struct jembatan_message *message, struct kit_arena *arena,
			const char *by, const char *text)
{
	struct kit_text *all;
	const char *own = message->full_text ? message->full_text : message->text;

	if (!text || *text == '\0' || message->kind == JEMBATAN_UNREADABLE)
		return;
	all = kit_text_new(CONTEXT_BYTES);
	kit_text_printf(all, "%s\n\n> %s:\n> ", own ? own : "", by ? by : "?");
	for (const char *c = text; *c != '\0'; c++) {
		kit_text_add(all, c, 1);
		if (*c == '\n')
			kit_text_add(all, "> ", 2);
	}
	if (!kit_text_is_full(all))
		message->full_text = kit_arena_strdup(arena, kit_text_string(all));
	kit_text_free(all);
}

int64_t social_reset_wait_ms(const char *reset, int64_t now_ms)
{
	size_t n = reset ? strspn(reset, "0123456789") : 0;
	int64_t at_ms = 0;

	if (n > 0 && n <= 8 && reset[n] == '\0')
		at_ms = now_ms + 1000 * (int64_t)strtoll(reset, NULL, 10);
	else if (!reset || kit_time_parse(reset, NULL, 0, &at_ms) != JEMBATAN_OK)
		return -1;
	int64_t wait_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	return wait_ms < DAY_MS ? wait_ms : DAY_MS;
}

const char *social_json(struct kit_arena *arena, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);
	const char *out = text && strlen(text) <= EXTRA_BYTES ? kit_arena_strdup(arena, text) : NULL;

	free(text);
	return out;
}

bool social_id_is_above(const char *id, const char *other)
{
	size_t a = strlen(id), b = strlen(other);

	return a != b ? a > b : strcmp(id, other) > 0;
}
