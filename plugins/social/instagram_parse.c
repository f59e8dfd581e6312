/* instagram_parse.c: who wrote what about us on Instagram. */
#include "social/instagram.h"
#include "social/social_links.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- ids --------------------------------------------------------------- */

static bool is_number(const char *s, size_t size)
{
	return size > 0 && size < 40 && strspn(s, "0123456789") >= size;
}

static bool copy_id(json_t *from, const char *path, char out[64])
{
	char buffer[64];
	const char *id = kit_json_id(from, path, buffer);

	if (!id || !is_number(id, strlen(id)))
		return false;
	memcpy(out, id, strlen(id) + 1);
	return true;
}

bool instagram_place_read(const char *id, struct instagram_wanted *out)
{
	struct instagram_wanted w = { 0, false, "", "" };
	const char *colon = id && strncmp(id, "m:", 2) == 0 ? strchr(id + 2, ':') : NULL;

	if (id && strncmp(id, "c:", 2) == 0 && is_number(id + 2, strlen(id + 2))) {
		memcpy(w.comment, id + 2, strlen(id + 2) + 1);
	} else if (colon && is_number(id + 2, (size_t)(colon - id - 2)) &&
		   (colon[1] == '\0' || is_number(colon + 1, strlen(colon + 1)))) {
		w.is_mention = true;
		memcpy(w.media, id + 2, (size_t)(colon - id - 2));
		memcpy(w.comment, colon + 1, strlen(colon + 1) + 1);
	} else {
		return false;
	}
	*out = w;
	return true;
}

bool instagram_is_wanted(const char *field, json_t *value, struct instagram_wanted *out)
{
	struct instagram_wanted w = { 0, false, "", "" };

	if (!field || !json_is_object(value))
		return false;
	if (strcmp(field, "mentions") == 0) {
		w.is_mention = true;
		(void)copy_id(value, "comment_id", w.comment);
		if (!copy_id(value, "media_id", w.media))
			return false;
	} else if (strcmp(field, "comments") == 0 && !kit_json_string(value, "text")) {
		if (!copy_id(value, "id", w.comment))
			return false;
	} else {
		return false;
	}
	*out = w;
	return true;
}

/* "7 m 123 456": a dash stands for nothing. */
void instagram_wanted_write(const struct instagram_wanted *w, struct kit_text *out)
{
	kit_text_printf(out, "%" PRId64 " %c %s %s\n", w->number, w->is_mention ? 'm' : 'c',
			w->media[0] ? w->media : "-", w->comment[0] ? w->comment : "-");
}

bool instagram_wanted_read(const char *line, size_t size, struct instagram_wanted *out)
{
	struct instagram_wanted w = { 0, false, "", "" };
	char text[160], kind;

	if (size >= sizeof(text))
		return false;
	memcpy(text, line, size);
	text[size] = '\0';
	if (sscanf(text, "%" SCNd64 " %c %63s %63s", &w.number, &kind, w.media, w.comment) != 4)
		return false;
	w.is_mention = kind == 'm';
	if (strcmp(w.media, "-") == 0)
		w.media[0] = '\0';
	if (strcmp(w.comment, "-") == 0)
		w.comment[0] = '\0';
	if ((w.media[0] && !is_number(w.media, strlen(w.media))) ||
	    (w.comment[0] && !is_number(w.comment, strlen(w.comment))))
		return false;
	*out = w;
	return true;
}

/* ---- posts ------------------------------------------------------------- */

static void finish(struct social *s, struct social_post *post, const char *url, bool is_own)
{
	struct jembatan_message *m = &post->message;
	json_t *extra = json_pack("{s:s}", "network", "instagram");
	char hex[65];

	if (url)
		(void)json_object_set_new(extra, "url", json_string(url));
	m->extra = social_json(s->arena, extra);
	json_decref(extra);
	if (m->text && *m->text == '\0')
		m->text = NULL;
	kit_digest(&m->text, 1, hex);
	m->revision = kit_arena_strndup(s->arena, hex, 16);
	post->facts |= SOCIAL_MENTION | (is_own ? SOCIAL_OWN : 0);
	if (!m->text && m->attachment_count == 0) {
		m->kind = JEMBATAN_UNREADABLE;
		m->text = "the comment has no words";
	}
}

/* Who mentions us is known by name alone. */
static void read_author(struct social *s, json_t *from, struct jembatan_author *out)
{
	const char *name = kit_json_string(from, "from.username");

	if (!name)
		name = kit_json_string(from, "username");
	out->id = meta_id(s, from, "from.id");
	if (name && *name) {
		out->handle = kit_arena_printf(s->arena, "@%s", name);
		if (!out->id)
			out->id = out->handle;
	}
}

bool instagram_read_comment(struct social *s, json_t *comment, json_t *media, struct social_post *out)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	struct jembatan_message *m = &post.message;
	char id[64], parent[64];

	if (!copy_id(comment, "id", id))
		return false;
	m->id = kit_arena_printf(s->arena, "c:%s", id);
	read_author(s, comment, &m->author);
	m->thread = meta_id(s, media ? media : comment, media ? "id" : "media.id");
	if (copy_id(comment, "parent_id", parent)) {
		m->reply_to = kit_arena_printf(s->arena, "c:%s", parent);
		post.facts |= SOCIAL_REPLY;
	}
	m->arrived_ms = m->sent_ms = meta_time(comment, "timestamp");
	m->text = kit_json_string(comment, "text");
	const char *url = kit_json_string(media ? media : comment, media ? "permalink" : "media.permalink");

	finish(s, &post, url, m->author.id && s->own_id[0] && strcmp(m->author.id, s->own_id) == 0);
	*out = post;
	return true;
}

static void read_media(struct social *s, json_t *media, struct jembatan_message *m)
{
	struct jembatan_attachment *file = kit_arena_alloc(s->arena, sizeof(*file));
	const char *url = kit_json_string(media, "media_url");

	m->text = kit_json_string(media, "caption");
	if (!url || strncmp(url, "https://", 8) != 0)
		return;
	file->reference = url;
	m->attachments = file;
	m->attachment_count = 1;
}

/* As it is for a copy by hand; NULL: it is none. */
static const char *link_of(struct social *s, const char *permalink)
{
	struct social_link link;

	return permalink && social_link_read("instagram", "", permalink, s->arena, &link) ? link.url :
											    NULL;
}

bool instagram_read_mention(struct social *s, const struct instagram_wanted *w, json_t *answer,
			    struct social_post *out)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	struct jembatan_message *m = &post.message;
	json_t *record = json_object_get(answer, w->comment[0] ? "mentioned_comment" :
								 "mentioned_media");

	if (!json_is_object(record))
		return false;
	m->id = kit_arena_printf(s->arena, "m:%s:%s", w->media, w->comment);
	m->thread = w->comment[0] ? NULL : link_of(s, kit_json_string(record, "permalink"));
	if (!m->thread)
		m->thread = kit_arena_strdup(s->arena, w->media);
	read_author(s, record, &m->author);
	m->arrived_ms = m->sent_ms = meta_time(record, "timestamp");
	if (w->comment[0])
		m->text = kit_json_string(record, "text");
	else
		read_media(s, record, m);
	finish(s, &post, kit_json_string(record, w->comment[0] ? "media.permalink" : "permalink"), false);
	*out = post;
	return true;
}
