/* instagram.c: comments and mentions. A webhook may name ids alone, and Meta keeps
 * no history of mentions: the ids are on disk before it is answered, and poll()
 * fetches what they stand for, in order, until it has it or it is gone. */
#include "social/instagram.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WANTED_KEY "instagram.wanted" /* written by request() alone */
#define DONE_KEY "instagram.done"     /* written by poll() alone */
#define WANTED_BYTES ((size_t)60 * 1024)
#define COMMENT_FIELDS "id,text,timestamp,username,from,parent_id"
#define MEDIA_FIELDS "id,caption,media_type,media_url,permalink,timestamp,username"

/* ---- the queue --------------------------------------------------------- */

static size_t read_queue(struct social *s, struct instagram_wanted *out, size_t room)
{
	struct jembatan_bytes bytes;
	size_t count = 0;

	if (jembatan_state_get(s->ctx, WANTED_KEY, &bytes) != JEMBATAN_OK)
		return 0;
	const char *at = bytes.data, *end = at + bytes.size;

	while (at < end && count < room) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t size = stop ? (size_t)(stop - at) : (size_t)(end - at);

		if (instagram_wanted_read(at, size, &out[count]))
			count++;
		at += size + 1;
	}
	return count;
}

static int64_t read_done(struct social *s)
{
	struct jembatan_bytes bytes;
	char text[32];

	if (jembatan_state_get(s->ctx, DONE_KEY, &bytes) != JEMBATAN_OK || bytes.size >= sizeof(text))
		return 0;
	memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
	return strtoll(text, NULL, 10);
}

/* What was fetched leaves; RETRY: it is full, Meta is asked to come again. */
static enum jembatan_result want(struct social *s, const struct instagram_wanted *wanted)
{
	struct instagram_wanted *all = calloc(INSTAGRAM_WANTED_MAX, sizeof(*all));
	struct instagram_wanted next = *wanted;
	struct kit_text *text = kit_text_new(WANTED_BYTES);
	size_t count, kept = 0;
	int64_t done = read_done(s), last = done;

	if (!all)
		abort();
	count = read_queue(s, all, INSTAGRAM_WANTED_MAX);
	for (size_t i = 0; i < count; i++) {
		if (all[i].number > last)
			last = all[i].number;
		if (all[i].number <= done)
			continue;
		instagram_wanted_write(&all[i], text);
		kept++;
	}
	free(all);
	next.number = last + 1;
	instagram_wanted_write(&next, text);
	enum jembatan_result result = kept < INSTAGRAM_WANTED_MAX - 1 ?
		jembatan_state_put(s->ctx, WANTED_KEY, kit_text_bytes(text)) : JEMBATAN_RETRY;

	kit_text_free(text);
	return result == JEMBATAN_OK ? result :
	       jembatan_explain(s->ctx, JEMBATAN_RETRY, "what a webhook names could not be kept: "
				"Meta sends it again");
}

/* ---- webhooks ---------------------------------------------------------- */

static enum jembatan_result take_change(struct social *s, json_t *root, json_t *entry,
					json_t *change)
{
	struct meta *meta = s->own;
	struct social_post post = { .message = { .size = sizeof(post.message),
						 .kind = JEMBATAN_IGNORED } };
	const char *field = kit_json_string(change, "field");
	json_t *value = json_object_get(change, "value");
	struct instagram_wanted wanted;

	if (instagram_is_wanted(field, value, &wanted)) {
		enum jembatan_result result = meta->is_loaded ? want(s, &wanted) : JEMBATAN_OK;

		if (result != JEMBATAN_OK)
			return result;
	} else if (field && strcmp(field, "comments") == 0) {
		(void)instagram_read_comment(s, value, NULL, &post);
		/* The comment says no time; the entry does. */
		if (post.message.arrived_ms == 0)
			post.message.arrived_ms = post.message.sent_ms = meta_time(entry, "time");
	}
	meta_set_raw(s, root, entry, change, &post.message);
	return social_take(s, &post);
}

static enum jembatan_result instagram_request(struct social *s,
					      const struct jembatan_request *request,
					      struct jembatan_response *out)
{
	struct meta *meta = s->own;

	meta->is_loaded = true; /* no preview: ids go into the queue */
	return meta_request(s, request, out, "instagram", take_change);
}

/* ---- what the queue names ---------------------------------------------- */

static const char *url_of(struct social *s, const struct instagram_wanted *w)
{
	if (!w->is_mention)
		return meta_url(s, "%s?fields=" COMMENT_FIELDS ",media%%7Bid,permalink%%7D", w->comment);
	if (w->comment[0])
		return meta_url(s, "%s?fields=mentioned_comment.comment_id(%s)%%7Bid,text,timestamp,"
				"username,media%%7Bid,permalink%%7D%%7D", s->own_id, w->comment);
	return meta_url(s, "%s?fields=mentioned_media.media_id(%s)%%7B" MEDIA_FIELDS "%%7D", s->own_id,
			w->media);
}

static enum jembatan_result take_wanted(struct social *s, const struct instagram_wanted *w,
					json_t *answer, bool is_new)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	bool is_post = w->is_mention ? instagram_read_mention(s, w, answer, &post) :
				       instagram_read_comment(s, answer, NULL, &post);

	if (!is_post)
		post.message.kind = JEMBATAN_IGNORED;
	return meta_watch_take(s, answer, &post, is_new, NULL);
}

/* IDLE: the queue is empty. */
static enum jembatan_result work_queue(struct social *s)
{
	struct meta *meta = s->own;
	struct instagram_wanted *all = calloc(INSTAGRAM_WANTED_MAX, sizeof(*all)), w = { 0 };
	struct meta_answer answer = { .root = NULL };

	if (!all)
		abort();
	size_t count = read_queue(s, all, INSTAGRAM_WANTED_MAX);

	for (size_t i = 0; i < count; i++)
		if (all[i].number > meta->done && (w.number == 0 || all[i].number < w.number))
			w = all[i];
	free(all);
	if (w.number == 0)
		return JEMBATAN_IDLE;
	enum jembatan_result result = meta_call(s, NULL, url_of(s, &w), NULL, &answer);

	if (result == JEMBATAN_OK)
		result = take_wanted(s, &w, answer.root, true);
	else if (result == JEMBATAN_GONE || result == JEMBATAN_DATA) {
		/* Deleted meanwhile, or of a private account: the next one. */
		jembatan_log(s->ctx, JEMBATAN_NOTICE, "a post that a webhook named is not there any "
			     "more, or not for us");
		result = JEMBATAN_OK;
	}
	json_decref(answer.root);
	if (result == JEMBATAN_OK)
		result = meta_walk_save(s, meta->walked_ms, w.number);
	if (result == JEMBATAN_OK)
		result = social_watch_keep(&meta->watch, s);
	else
		social_watch_forget(&meta->watch);
	if (result == JEMBATAN_OK) {
		const char *done = kit_arena_printf(s->arena, "%" PRId64, w.number);

		result = jembatan_state_put(s->ctx, DONE_KEY,
					    (struct jembatan_bytes){ done, strlen(done) });
	}
	return result;
}

/* ---- the walk ---------------------------------------------------------- */

static enum jembatan_result take_record(struct social *s, json_t *item, json_t *comment,
					bool is_new)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	const struct meta_parent parent = { NULL, kit_json_string(item, "caption") };

	if (!comment) /* our own medium */
		return JEMBATAN_OK;
	if (!instagram_read_comment(s, comment, item, &post))
		post.message.kind = JEMBATAN_IGNORED;
	if (post.facts & SOCIAL_OWN)
		return JEMBATAN_OK;
	return meta_watch_take(s, comment, &post, is_new, &parent);
}

/* A medium that we are tagged in, with the id that it would have if its caption
 * named us. Not to be looked at again: only the list shows it. */
static enum jembatan_result take_tagged(struct social *s, json_t *item, json_t *comment,
					bool is_new)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	struct instagram_wanted w = { .is_mention = true };
	char buffer[64];
	const char *id = kit_json_id(item, "id", buffer);
	json_t *answer = json_pack("{s:O}", "mentioned_media", item);
	bool is_skipped = false;

	if (id)
		memcpy(w.media, id, strlen(id) + 1);
	bool is_post = is_new && !comment && instagram_place_read(
		kit_arena_printf(s->arena, "m:%s:", w.media), &w) &&
		instagram_read_mention(s, &w, answer, &post) && !(post.facts & SOCIAL_OWN);
	enum jembatan_result result = is_post ? social_begin(s, post.message.id, item, &is_skipped) :
						JEMBATAN_OK;

	if (is_post && result == JEMBATAN_OK && !is_skipped)
		result = social_take(s, &post);
	json_decref(answer);
	return result;
}

static const struct meta_walk tags = {
	.path = "tags",
	.fields = MEDIA_FIELDS,
	.time = "timestamp",
	.take = take_tagged,
	.is_plain = true,
};

static const struct meta_walk walk = {
	.path = "media",
	.fields = "id,caption,permalink,timestamp,comments.limit(50)%7B" COMMENT_FIELDS "%7D",
	.comment_fields = "fields=" COMMENT_FIELDS,
	.time = "timestamp",
	.take = take_record,
	.next = &tags,
};

static const char *look_url(struct social *s, const char *id)
{
	struct instagram_wanted w;

	return instagram_place_read(id, &w) ? url_of(s, &w) : NULL;
}

static enum jembatan_result take_look(struct social *s, const char *id, json_t *answer)
{
	struct instagram_wanted w;

	return instagram_place_read(id, &w) ? take_wanted(s, &w, answer, false) : JEMBATAN_OK;
}

static const struct meta_look look = { look_url, take_look };

static enum jembatan_result instagram_poll(struct social *s)
{
	struct meta *meta = s->own;

	meta_token_look(s);
	meta_walk_load(s);
	enum jembatan_result result = social_watch_load(&meta->watch, s);

	if (result == JEMBATAN_OK)
		result = work_queue(s);
	if (result == JEMBATAN_IDLE)
		result = meta_walk_poll(s, &walk);
	return result == JEMBATAN_IDLE ? meta_watch_look(s, &look) : result;
}

/* A webhook's body, a page of /media or of comments, the answer about a mention. */
static enum jembatan_result instagram_show(struct social *s, struct jembatan_bytes sample)
{
	struct kit_why why = { "" };
	json_t *root = NULL, *one, *comment;
	size_t i, k;
	enum jembatan_result result = kit_json_parse(sample, &root, &why);

	if (result != JEMBATAN_OK) {
		result = jembatan_begin(s->ctx, NULL, sample, "text/plain");
		return result != JEMBATAN_OK ? result :
		       jembatan_explain(s->ctx, JEMBATAN_DATA, "the sample: %s", why.text);
	}
	s->own_id[0] = '\0'; /* a sample may be of any account */
	if (json_object_get(root, "object")) {
		result = jembatan_begin(s->ctx, NULL, sample, "application/json");
		if (result == JEMBATAN_OK)
			result = meta_take_body(s, root, "instagram", take_change);
	} else if (!json_is_array(json_object_get(root, "data"))) {
		struct instagram_wanted w = { .is_mention = !json_object_get(root, "text") };
		char buffer[64];
		const char *id = kit_json_id(root, "mentioned_comment.id", buffer);

		if (id)
			memcpy(w.comment, id, strlen(id) + 1);
		result = take_wanted(s, &w, root, true);
	}
	json_array_foreach(json_object_get(root, "data"), i, one) {
		if (result == JEMBATAN_OK && json_object_get(one, "text"))
			result = take_record(s, root, one, true);
		json_array_foreach(kit_json_at(one, "comments.data"), k, comment)
			if (result == JEMBATAN_OK)
				result = take_record(s, one, comment, true);
	}
	json_decref(root);
	return result;
}

/* ---- replies ----------------------------------------------------------- */

/* Under our own media it can be looked for, under others' it cannot. */
static enum jembatan_result settle(struct social *s, const struct instagram_wanted *w,
				   const char *text, struct jembatan_delivery *out)
{
	out->outcome = JEMBATAN_UNKNOWN;
	if (w->is_mention)
		return jembatan_explain(s->ctx, JEMBATAN_OK,
					"Instagram cannot be asked for replies under others' posts");
	return meta_find_own(s, meta_url(s, "%s/replies?fields=id,text,from&limit=100", w->comment),
			     "text", text, out);
}

/* As a message's id would name it. */
static void name_as_comment(struct jembatan_delivery *out)
{
	size_t size = strlen(out->remote_id);

	if (size == 0 || size + 3 > sizeof(out->remote_id))
		return;
	memmove(out->remote_id + 2, out->remote_id, size + 1);
	memcpy(out->remote_id, "c:", 2);
}

static enum jembatan_result instagram_reply(struct social *s, const struct jembatan_reply *reply,
					    struct jembatan_delivery *out)
{
	struct instagram_wanted w;
	const char *text = reply->text ? reply->text : "";

	if (!instagram_place_read(reply->reply_to, &w)) {
		out->outcome = JEMBATAN_REFUSED;
		return jembatan_explain(s->ctx, JEMBATAN_DATA, "there is no comment to answer");
	}
	const char *const pairs[] = { "message", text, "media_id", w.is_mention ? w.media : NULL,
				      "comment_id", w.is_mention && w.comment[0] ? w.comment : NULL,
				      NULL };
	const char *url = w.is_mention ? meta_url(s, "%s/mentions", s->own_id) :
					 meta_url(s, "%s/replies", w.comment);
	enum jembatan_result result = reply->flags & JEMBATAN_SETTLE ?
				      settle(s, &w, text, out) :
				      meta_send(s, url, meta_form(s, pairs), out);

	name_as_comment(out);
	return result;
}

static const char *const needs[] = { "account", "access_token", "app_secret", "verify_token", NULL };

const struct social_network instagram_network = {
	.name = "instagram",
	.url = "https://graph.facebook.com",
	.needs = needs,
	.check = meta_check,
	.open = meta_open,
	.close = meta_close,
	.poll = instagram_poll,
	.request = instagram_request,
	.reply = instagram_reply,
	.fetch = social_fetch_public,
	.show = instagram_show,
};
