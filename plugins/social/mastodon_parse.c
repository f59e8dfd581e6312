/* mastodon_parse.c: who wrote what to whom, from a status of the REST API. */
#include "social/mastodon_parse.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES ((size_t)256 * 1024)
#define FILES_MAX 16u

/* ---- text -------------------------------------------------------------- */

static bool is_end(char c)
{
	return c == '\0' || c == ' ' || c == '\n' || c == '\t';
}

/* "@lapor (https://...)" is how the kit shows a link; here the name says it. */
static const char *skip_address(const char *at)
{
	if (strncmp(at, " (http", 6) != 0)
		return at;
	const char *end = at + strcspn(at, ")\n");

	return *end == ')' ? end + 1 : at;
}

const char *mastodon_text(const char *html, struct kit_arena *arena)
{
	struct kit_text *all, *out;
	const char *text;

	if (!html || *html == '\0')
		return NULL;
	all = kit_text_new(TEXT_BYTES);
	out = kit_text_new(TEXT_BYTES);
	if (kit_html_text((struct jembatan_bytes){ html, strlen(html) }, "utf-8", all) != JEMBATAN_OK)
		kit_text_add_string(all, " [...]"); /* some of it could not be read */
	text = kit_text_string(all);
	while (*text != '\0') {
		bool is_name = *text == '@' || *text == '#';
		size_t n = is_name ? 0 : 1;

		while (is_name ? !is_end(text[n]) : !is_end(text[n - 1]) && text[n] != '\0')
			n++;
		kit_text_add(out, text, n);
		text = is_name ? skip_address(text + n) : text + n;
	}
	const char *kept = kit_arena_strdup(arena, kit_text_string(out));

	kit_text_free(all);
	kit_text_free(out);
	return *kept ? kept : NULL;
}

void mastodon_squeeze(const char *text, struct kit_text *out)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80 || (*text >= '0' && *text <= '9') ||
		    (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'))
			kit_text_add(out, text, 1);
}

/* ---- a status ---------------------------------------------------------- */

static const char *id_at(json_t *from, const char *path, struct kit_arena *arena)
{
	char buffer[64];

	return kit_arena_strdup(arena, kit_json_id(from, path, buffer));
}

static int64_t time_at(json_t *from, const char *path)
{
	const char *text = kit_json_string(from, path);
	int64_t ms = 0;

	return text && kit_time_parse(text, NULL, 0, &ms) == JEMBATAN_OK ? ms : 0;
}

static bool names_us(json_t *status, const char *own_id)
{
	char buffer[64];
	json_t *one;
	size_t i;

	/* A notification of kind `mention` says it where our id is not known. */
	if (*own_id == '\0')
		return json_array_size(json_object_get(status, "mentions")) > 0;
	json_array_foreach(json_object_get(status, "mentions"), i, one) {
		const char *id = kit_json_id(one, "id", buffer);

		if (id && strcmp(id, own_id) == 0)
			return true;
	}
	return false;
}

static unsigned facts_of(json_t *status, const char *own_id, const char *author_id)
{
	const char *visibility = kit_json_string(status, "visibility");
	unsigned facts = names_us(status, own_id) ? SOCIAL_MENTION : 0;

	if (*own_id != '\0' && author_id && strcmp(author_id, own_id) == 0)
		facts |= SOCIAL_OWN;
	if (json_is_object(kit_json_at(status, "reblog")))
		facts |= SOCIAL_REPOST;
	if (json_is_true(kit_json_at(status, "account.bot")))
		facts |= SOCIAL_BOT;
	if (visibility && strcmp(visibility, "direct") == 0)
		facts |= SOCIAL_PRIVATE;
	if (kit_json_at(status, "in_reply_to_id"))
		facts |= SOCIAL_REPLY;
	return facts;
}

static void read_author(json_t *status, struct kit_arena *arena, struct jembatan_author *out)
{
	const char *acct = kit_json_string(status, "account.acct");
	const char *name = kit_json_string(status, "account.display_name");

	out->id = id_at(status, "account.id", arena);
	if (acct && *acct)
		out->handle = kit_arena_printf(arena, "@%s", acct);
	if (name && *name)
		out->name = name;
}

static void read_files(json_t *status, struct kit_arena *arena, struct jembatan_message *m)
{
	json_t *list = json_object_get(status, "media_attachments"), *one;
	struct jembatan_attachment *files =
		kit_arena_alloc(arena, FILES_MAX * sizeof(struct jembatan_attachment));
	size_t i;

	json_array_foreach(list, i, one) {
		const char *url = kit_json_string(one, "url");

		if (m->attachment_count == FILES_MAX)
			break;
		/* Without an address it is being worked on: listed as missing. */
		files[m->attachment_count++].reference = url && *url ? url : NULL;
	}
	if (m->attachment_count > 0)
		m->attachments = files;
}

static const char *extra_of(json_t *status, struct kit_arena *arena)
{
	json_t *extra = json_pack("{s:s}", "network", "mastodon");
	static const char *const kept[] = { "url", "visibility", "language" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		json_t *value = kit_json_at(status, kept[i]);

		if (json_is_string(value))
			(void)json_object_set(extra, kept[i], value);
	}
	const char *visibility = kit_json_string(status, "visibility");

	/* Our answer to it is as private: the core may tell it of a secret report. */
	if (visibility && strcmp(visibility, "direct") == 0)
		(void)json_object_set_new(extra, "private", json_true());
	const char *text = social_json(arena, extra);

	json_decref(extra);
	return text;
}

/* A warning that stands before the text is part of what was written. */
static const char *words_of(json_t *status, struct kit_arena *arena)
{
	const char *warning = kit_json_string(status, "spoiler_text");
	const char *text = mastodon_text(kit_json_string(status, "content"), arena);

	if (!warning || *warning == '\0')
		return text;
	return text ? kit_arena_printf(arena, "%s\n\n%s", warning, text) : warning;
}

bool mastodon_read_status(json_t *status, const char *own_id, struct kit_arena *arena,
			  struct social_post *out)
{
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	struct jembatan_message *m = &post.message;

	m->id = id_at(status, "id", arena);
	if (!m->id || *m->id == '\0')
		return false;
	read_author(status, arena, &m->author);
	post.facts = facts_of(status, own_id, m->author.id);
	post.language = kit_json_string(status, "language");
	m->revision = kit_json_string(status, "edited_at");
	m->reply_to = id_at(status, "in_reply_to_id", arena);
	m->sent_ms = m->arrived_ms = time_at(status, "created_at");
	m->text = words_of(status, arena);
	m->extra = extra_of(status, arena);
	read_files(status, arena, m);
	if (post.facts & SOCIAL_PRIVATE)
		m->flags |= JEMBATAN_SECRET_REPORT; /* who writes so wants no readers */
	if (post.facts & SOCIAL_BOT)
		m->flags |= JEMBATAN_AUTOMATIC;
	if (!m->text && m->attachment_count == 0) {
		m->kind = JEMBATAN_UNREADABLE;
		m->text = "the post has neither words nor files";
	}
	*out = post;
	return true;
}
