/* facebook_parse.c: who wrote what on or about the Page. The same words have the
 * same revision on both ways, so that a backfill repeats nothing. */
#include "social/facebook.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 16u

static const char *words_revision(const char *text, struct kit_arena *arena)
{
	char hex[65];

	kit_digest(&text, 1, hex);
	hex[16] = '\0';
	return kit_arena_strdup(arena, hex);
}

static void add_file(struct jembatan_attachment *files, struct jembatan_message *m,
		     const char *url)
{
	if (!url || strncmp(url, "http", 4) != 0 || m->attachment_count == FILES_MAX)
		return;
	files[m->attachment_count++].reference = url;
	m->attachments = files;
}

static const char *extra_of(struct social *s, const char *id, const char *url, const char *item)
{
	json_t *extra = json_pack("{s:s}", "network", "facebook");

	if (!url && id)
		url = kit_arena_printf(s->arena, "https://www.facebook.com/%s", id);
	if (url)
		(void)json_object_set_new(extra, "url", json_string(url));
	if (item)
		(void)json_object_set_new(extra, "item", json_string(item));
	const char *text = social_json(s->arena, extra);

	json_decref(extra);
	return text;
}

/* All that stands on the Page is said to it. */
static unsigned facts_of(const struct social *s, const struct jembatan_message *m, bool is_reply)
{
	bool is_own = s->own_id[0] != '\0' && m->author.id && strcmp(m->author.id, s->own_id) == 0;

	return SOCIAL_MENTION | (is_reply ? SOCIAL_REPLY : 0) | (is_own ? SOCIAL_OWN : 0);
}

static void finish(struct social *s, struct social_post *post, bool is_reply)
{
	struct jembatan_message *m = &post->message;

	post->facts = facts_of(s, m, is_reply);
	if (m->text && *m->text == '\0')
		m->text = NULL;
	if (!m->revision && m->id)
		m->revision = words_revision(m->text, s->arena);
	if (m->kind == JEMBATAN_NEW && !m->text && m->attachment_count == 0) {
		m->kind = JEMBATAN_UNREADABLE;
		m->text = "the post has neither words nor files";
	}
}

/* ---- webhooks ---------------------------------------------------------- */

static enum jembatan_kind kind_of(const char *item, const char *verb)
{
	static const char *const posts[] = { "status", "post", "photo", "video", "share", "comment",
					     "note", "link", "album", "mention" };
	bool is_post = false;

	if (item && (strcmp(item, "like") == 0 || strcmp(item, "reaction") == 0))
		return JEMBATAN_REACTION;
	for (size_t i = 0; item && i < sizeof(posts) / sizeof(posts[0]); i++)
		is_post = is_post || strcmp(item, posts[i]) == 0;
	if (!is_post || !verb)
		return JEMBATAN_IGNORED;
	if (strcmp(verb, "add") == 0)
		return JEMBATAN_NEW;
	if (strcmp(verb, "edited") == 0 || strcmp(verb, "edit") == 0)
		return JEMBATAN_EDIT;
	if (strcmp(verb, "remove") == 0 || strcmp(verb, "delete") == 0)
		return JEMBATAN_DELETION;
	return JEMBATAN_IGNORED; /* hide, unhide, block: nothing that was said */
}

static void read_value_files(struct social *s, json_t *value, struct jembatan_message *m)
{
	struct jembatan_attachment *files =
		kit_arena_alloc(s->arena, FILES_MAX * sizeof(struct jembatan_attachment));
	json_t *one;
	size_t i;

	add_file(files, m, kit_json_string(value, "photo"));
	json_array_foreach(json_object_get(value, "photos"), i, one)
		if (json_is_string(one))
			add_file(files, m, json_string_value(one));
	add_file(files, m, kit_json_string(value, "video"));
	/* A photo's own post has it as its link. */
	const char *item = kit_json_string(value, "item");

	if (m->attachment_count == 0 && item &&
	    (strcmp(item, "photo") == 0 || strcmp(item, "video") == 0))
		add_file(files, m, kit_json_string(value, "link"));
}

bool facebook_read_change(struct social *s, const char *field, json_t *value, int64_t entry_ms,
			  struct social_post *out)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	struct jembatan_message *m = &post.message;
	const char *item = kit_json_string(value, "item"), *verb = kit_json_string(value, "verb");
	const char *comment = meta_id(s, value, "comment_id"), *thread = meta_id(s, value, "post_id");
	const char *parent = meta_id(s, value, "parent_id");
	bool is_comment = comment != NULL;

	m->id = comment ? comment : thread;
	if (!m->id)
		return false;
	m->kind = field && (strcmp(field, "feed") == 0 || strcmp(field, "mention") == 0) ?
		  kind_of(item, verb) : JEMBATAN_IGNORED;
	m->thread = thread;
	/* A comment's parent is the post, or another comment. */
	m->reply_to = is_comment ? (parent ? parent : thread) : NULL;
	m->author.id = meta_id(s, value, "from.id");
	m->author.name = kit_json_string(value, "from.name");
	if (!m->author.id) {
		m->author.id = meta_id(s, value, "sender_id");
		m->author.name = kit_json_string(value, "sender_name");
	}
	m->arrived_ms = m->sent_ms = meta_time(value, "created_time");
	if (m->kind != JEMBATAN_NEW || m->arrived_ms == 0)
		m->arrived_ms = entry_ms > m->arrived_ms ? entry_ms : m->arrived_ms;
	m->text = kit_json_string(value, "message");
	if (m->kind == JEMBATAN_DELETION) {
		m->revision = "deleted"; /* as social_tell_deleted says it */
		m->text = NULL;
	} else if (m->kind == JEMBATAN_REACTION || m->kind == JEMBATAN_IGNORED) {
		m->id = NULL; /* of the post that it is about: not that post */
		m->revision = NULL;
	}
	read_value_files(s, value, m);
	m->extra = extra_of(s, comment ? comment : thread, kit_json_string(value, "permalink_url"),
			    item);
	finish(s, &post, is_comment);
	*out = post;
	return true;
}

/* ---- the Graph API ----------------------------------------------------- */

/* An attachment has an image of its own, or those of an album. */
static void read_attachment(json_t *one, struct jembatan_attachment *files,
			    struct jembatan_message *m)
{
	json_t *list = kit_json_at(one, "subattachments.data"), *sub;
	const char *type = kit_json_string(one, "type");
	size_t i;

	json_array_foreach(list, i, sub)
		add_file(files, m, kit_json_string(sub, "media.image.src"));
	/* The picture of a link that is shared is nobody's photo. */
	if (json_array_size(list) == 0 && (!type || strcmp(type, "share") != 0))
		add_file(files, m, kit_json_string(one, "media.image.src"));
}

bool facebook_read_record(struct social *s, json_t *of, json_t *comment, struct social_post *out)
{
	json_t *record = comment ? comment : of, *one;
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	struct jembatan_message *m = &post.message;
	struct jembatan_attachment *files =
		kit_arena_alloc(s->arena, FILES_MAX * sizeof(struct jembatan_attachment));
	size_t i;

	m->id = meta_id(s, record, "id");
	if (!m->id)
		return false;
	m->thread = comment ? meta_id(s, of, "id") : m->id;
	if (comment) {
		const char *parent = meta_id(s, comment, "parent.id");

		m->reply_to = parent ? parent : m->thread;
	}
	m->author.id = meta_id(s, record, "from.id");
	m->author.name = kit_json_string(record, "from.name");
	m->arrived_ms = m->sent_ms = meta_time(record, "created_time");
	m->text = kit_json_string(record, "message");
	json_array_foreach(kit_json_at(record, "attachments.data"), i, one)
		read_attachment(one, files, m);
	if (json_object_get(record, "attachment"))
		read_attachment(json_object_get(record, "attachment"), files, m);
	m->extra = extra_of(s, m->id, kit_json_string(record, "permalink_url"),
			    comment ? "comment" : "post");
	finish(s, &post, comment != NULL);
	*out = post;
	return true;
}
