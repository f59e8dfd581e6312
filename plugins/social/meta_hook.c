/* meta_hook.c: webhooks of Meta's: the handshake, the signature over the exact
 * bytes, and the envelope. What is signed is stored before it is answered. */
#include "social/meta.h"

#include <stdlib.h>
#include <string.h>

void meta_set_raw(struct social *s, json_t *root, json_t *entry, json_t *change,
		  struct jembatan_message *m)
{
	json_t *alone = json_pack("{s:O?,s:[{s:O?,s:O?,s:[O]}]}", "object",
				  json_object_get(root, "object"), "entry", "id",
				  json_object_get(entry, "id"), "time", json_object_get(entry, "time"),
				  "changes", change);
	char *text = alone ? json_dumps(alone, JSON_COMPACT) : NULL;

	if (text) {
		m->raw = (struct jembatan_bytes){ kit_arena_strdup(s->arena, text), strlen(text) };
		m->raw_type = "application/json";
	}
	free(text);
	json_decref(alone);
}

enum jembatan_result meta_take_body(struct social *s, json_t *root, const char *object,
				    meta_take_change *take)
{
	const char *its = kit_json_string(root, "object");
	json_t *entry, *change;
	enum jembatan_result result = JEMBATAN_OK;
	size_t i, k, taken = 0;

	json_array_foreach(json_object_get(root, "entry"), i, entry) {
		char buffer[64];
		const char *id = kit_json_id(entry, "id", buffer);
		bool is_ours = its && strcmp(its, object) == 0 &&
			       (s->own_id[0] == '\0' || (id && strcmp(id, s->own_id) == 0));

		json_array_foreach(json_object_get(entry, "changes"), k, change) {
			if (!is_ours || result != JEMBATAN_OK)
				continue;
			result = take(s, root, entry, change);
			taken++;
		}
	}
	if (result != JEMBATAN_OK || taken > 0)
		return result;
	/* Of another page, or another kind: kept, nothing follows. */
	const struct jembatan_message other = { .size = sizeof(other), .kind = JEMBATAN_IGNORED };

	return jembatan_emit(s->ctx, &other);
}

enum jembatan_result meta_request(struct social *s, const struct jembatan_request *request,
				  struct jembatan_response *out, const char *object,
				  meta_take_change *take)
{
	struct meta *meta = s->own;
	struct kit_why why = { "" };
	json_t *root = NULL;

	kit_text_clear(meta->answer);
	out->media_type = "text/plain";
	if (strcmp(request->method, "GET") == 0) {
		/* Meta asks at each change of the callback URL. */
		out->status = kit_hub_answer(request->query,
					     jembatan_get_string(s->ctx, "verify_token"),
					     meta->answer) ? 200 : 403;
		out->body = kit_text_bytes(meta->answer);
		return JEMBATAN_OK;
	}
	if (strcmp(request->method, "POST") != 0 || !kit_hub_is_signed(s->ctx, request)) {
		out->status = strcmp(request->method, "POST") == 0 ? 401 : 405;
		return JEMBATAN_OK;
	}
	/* Understood or not: once it is stored there is nothing to send again. */
	out->status = 200;
	enum jembatan_result result = kit_json_parse(request->body, &root, &why);

	if (result != JEMBATAN_OK)
		return jembatan_explain(s->ctx, result, "a signed webhook cannot be read: %s",
					why.text);
	result = meta_take_body(s, root, object, take);
	if (result == JEMBATAN_RETRY)
		out->status = 503; /* it was not stored: once more, please */
	json_decref(root);
	return result;
}
