/* bluesky_parse.c: who wrote what to whom, from the views of the lexicon
 * app.bsky. Offsets within texts count bytes and may lie: each is checked. */
#include "social/bluesky_parse.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES ((size_t)64 * 1024)
#define FILES_MAX 16u
#define FACETS_MAX 100u
#define URI_BYTES 512u

static const char digits32[] = "234567abcdefghijklmnopqrstuvwxyz";

/* ---- addresses --------------------------------------------------------- */

static bool is_made_of(const char *s, size_t size, const char *others)
{
	for (size_t i = 0; i < size; i++) {
		bool is_plain = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
				(s[i] >= '0' && s[i] <= '9');

		if (!is_plain && (s[i] == '\0' || !strchr(others, s[i])))
			return false;
	}
	return size > 0;
}

/* "at://did:plc:abc/app.bsky.feed.post/key" to did and key; borrowed. */
static bool split_uri(const char *uri, const char **out_did, size_t *out_did_size,
		      const char **out_key)
{
	static const char middle[] = "/" BLUESKY_POSTS "/";

	if (!uri || strlen(uri) > URI_BYTES || strncmp(uri, "at://did:", 9) != 0)
		return false;
	const char *did = uri + 5, *end = strchr(did, '/');

	if (!end || strncmp(end, middle, sizeof(middle) - 1) != 0)
		return false;
	*out_did = did;
	*out_did_size = (size_t)(end - did);
	*out_key = end + sizeof(middle) - 1;
	return is_made_of(did, *out_did_size, ":._-%") &&
	       is_made_of(*out_key, strlen(*out_key), "._~:-");
}

bool bluesky_is_post_uri(const char *uri)
{
	const char *did, *key;
	size_t size;

	return split_uri(uri, &did, &size, &key);
}

/* ---- record keys ------------------------------------------------------- */

static bool read_tid(const char *key, uint64_t *out)
{
	uint64_t value = 0;

	if (strlen(key) != 13 || !strchr("234567ab", key[0]))
		return false;
	for (size_t i = 0; i < 13; i++) {
		const char *digit = strchr(digits32, key[i]);

		if (!digit)
			return false;
		value = value << 5 | (uint64_t)(digit - digits32);
	}
	*out = value;
	return true;
}

/* A TID is microseconds and a clock's number; the last second of the one and all
 * of the other are ours to choose. */
void bluesky_reply_key(const char *reference, const char *parent_uri, char out[14])
{
	const uint64_t ours = (UINT64_C(1) << 30) - 1;
	const char *const parts[] = { "bluesky reply", reference, parent_uri };
	char hex[65];
	const char *did, *key;
	size_t size;
	uint64_t value = 0, age;

	kit_digest(parts, 3, hex);
	hex[16] = '\0';
	value = strtoull(hex, NULL, 16) & (UINT64_MAX >> 2);
	if (split_uri(parent_uri, &did, &size, &key) && read_tid(key, &age))
		value = (age & ~ours) | (value & ours);
	for (size_t i = 13; i > 0; i--) {
		out[i - 1] = digits32[value & 31];
		value >>= 5;
	}
	out[13] = '\0';
}

/* ---- texts ------------------------------------------------------------- */

struct facet {
	size_t begin, end;
	const char *link; /* or NULL */
	const char *did;  /* who is named; or NULL */
};

static bool is_boundary(const char *text, size_t size, size_t at)
{
	return at == size || ((unsigned char)text[at] & 0xc0) != 0x80;
}

static bool read_facet(json_t *one, const char *text, size_t size, struct facet *out)
{
	int64_t begin = 0, end = 0;
	json_t *feature;
	size_t i;

	if (!kit_json_integer(one, "index.byteStart", &begin) ||
	    !kit_json_integer(one, "index.byteEnd", &end) || begin < 0 || end <= begin ||
	    (uint64_t)end > size || !is_boundary(text, size, (size_t)begin) ||
	    !is_boundary(text, size, (size_t)end))
		return false;
	*out = (struct facet){ .begin = (size_t)begin, .end = (size_t)end };
	json_array_foreach(json_object_get(one, "features"), i, feature) {
		const char *type = kit_json_string(feature, "$type");

		if (type && strcmp(type, "app.bsky.richtext.facet#link") == 0)
			out->link = kit_json_string(feature, "uri");
		else if (type && strcmp(type, "app.bsky.richtext.facet#mention") == 0)
			out->did = kit_json_string(feature, "did");
	}
	return true;
}

static bool names(json_t *record, const char *did)
{
	const char *text = kit_json_string(record, "text");
	size_t size = text ? strlen(text) : 0, i;
	struct facet facet;
	json_t *one;

	json_array_foreach(json_object_get(record, "facets"), i, one)
		/* Who we are may not be known: then it is whoever is named. */
		if (i < FACETS_MAX && read_facet(one, text ? text : "", size, &facet) && facet.did &&
		    (*did == '\0' || strcmp(facet.did, did) == 0))
			return true;
	return false;
}

/* Does the text show all of the link, but for its scheme? */
static bool is_shown(const char *link, const char *text, size_t size)
{
	const char *rest = strstr(link, "://");

	rest = rest ? rest + 3 : link;
	return (strlen(link) == size && strncmp(link, text, size) == 0) ||
	       (strlen(rest) == size && strncmp(rest, text, size) == 0);
}

/* Links are shortened for the eye: what they lead to stands behind them. */
static const char *words_of(json_t *record, struct kit_arena *arena)
{
	const char *text = kit_json_string(record, "text");
	json_t *facets = json_object_get(record, "facets"), *one;
	size_t size = text ? strlen(text) : 0, done = 0, i;
	struct kit_text *out;
	struct facet facet;

	if (size == 0)
		return NULL;
	if (json_array_size(facets) == 0)
		return text;
	out = kit_text_new(TEXT_BYTES);
	json_array_foreach(facets, i, one) {
		/* They stand in order, or one is left out. */
		if (i >= FACETS_MAX || !read_facet(one, text, size, &facet) || !facet.link ||
		    facet.begin < done ||
		    is_shown(facet.link, text + facet.begin, facet.end - facet.begin))
			continue;
		kit_text_add(out, text + done, facet.end - done);
		kit_text_printf(out, " (%s)", facet.link);
		done = facet.end;
	}
	kit_text_add_string(out, text + done);
	const char *words = kit_text_is_full(out) ? text :
						    kit_arena_strdup(arena, kit_text_string(out));

	kit_text_free(out);
	return words;
}

json_t *bluesky_link_facets(const char *text)
{
	json_t *facets = NULL;

	for (const char *at = text; (at = strstr(at, "https://")) != NULL;) {
		size_t size = strcspn(at, " \t\n<>\"");

		while (size > 8 && strchr(".,;:!?)", at[size - 1]))
			size--;
		if (size > 8) {
			char *link = strndup(at, size);
			json_t *one = json_pack("{s:{s:I,s:I},s:[{s:s,s:s}]}", "index", "byteStart",
						(json_int_t)(at - text), "byteEnd",
						(json_int_t)(at - text) + (json_int_t)size, "features",
						"$type", "app.bsky.richtext.facet#link", "uri", link);

			if (!facets)
				facets = json_array();
			(void)json_array_append_new(facets, one);
			free(link);
		}
		at += size;
	}
	return facets;
}

/* ---- a post ------------------------------------------------------------ */

static int64_t time_at(json_t *from, const char *path)
{
	const char *text = kit_json_string(from, path);
	int64_t ms = 0;

	return text && kit_time_parse(text, NULL, 0, &ms) == JEMBATAN_OK ? ms : 0;
}

/* What a post shows: images, a quote, or a quote with images. */
static const char *embed_type(json_t *record)
{
	const char *type = kit_json_string(record, "embed.$type");

	return type ? type : "";
}

static json_t *media_of(json_t *record)
{
	bool is_both = strcmp(embed_type(record), "app.bsky.embed.recordWithMedia") == 0;

	return kit_json_at(record, is_both ? "embed.media" : "embed");
}

static const char *quoted_uri(json_t *record)
{
	bool is_both = strcmp(embed_type(record), "app.bsky.embed.recordWithMedia") == 0;
	bool is_quote = strcmp(embed_type(record), "app.bsky.embed.record") == 0;

	return is_both ? kit_json_string(record, "embed.record.record.uri") :
	       is_quote ? kit_json_string(record, "embed.record.uri") : NULL;
}

size_t bluesky_context_uris(json_t *view, const char *out[2])
{
	const char *const found[] = { kit_json_string(view, "record.reply.parent.uri"),
				      quoted_uri(json_object_get(view, "record")) };
	size_t count = 0;

	for (size_t i = 0; i < 2; i++)
		if (bluesky_is_post_uri(found[i]))
			out[count++] = found[i];
	return count;
}

static bool is_bot(json_t *labels)
{
	json_t *one;
	size_t i;

	json_array_foreach(labels, i, one) {
		const char *value = kit_json_string(one, "val");

		if (value && strcmp(value, "bot") == 0 && !json_is_true(json_object_get(one, "neg")))
			return true;
	}
	return false;
}

static unsigned facts_of(json_t *view, json_t *record, const char *own_did, const char *author)
{
	const char *reason = kit_json_string(view, "reason");
	bool is_mention = reason ? strcmp(reason, "mention") == 0 : false;
	unsigned facts = is_mention || names(record, own_did) ? SOCIAL_MENTION : 0;

	if (*own_did != '\0' && author && strcmp(author, own_did) == 0)
		facts |= SOCIAL_OWN;
	if (is_bot(kit_json_at(view, "author.labels")))
		facts |= SOCIAL_BOT;
	if (json_is_object(json_object_get(record, "reply")))
		facts |= SOCIAL_REPLY;
	return facts;
}

/* An image is named by its post and its digest; its address is asked for when it
 * is fetched. A film has none that is one file. */
static void read_files(json_t *record, struct kit_arena *arena, struct jembatan_message *m)
{
	json_t *media = media_of(record), *one;
	struct jembatan_attachment *files =
		kit_arena_alloc(arena, FILES_MAX * sizeof(struct jembatan_attachment));
	size_t i;

	json_array_foreach(json_object_get(media, "images"), i, one) {
		const char *cid = kit_json_string(one, "image.ref.$link");
		struct jembatan_attachment *file = &files[m->attachment_count];

		if (m->attachment_count == FILES_MAX)
			break;
		file->media_type = kit_json_string(one, "image.mimeType");
		if (cid && is_made_of(cid, strlen(cid), ""))
			file->reference = kit_arena_printf(arena, "%s %s", m->id, cid);
		m->attachment_count++;
	}
	if (json_is_object(json_object_get(media, "video")) && m->attachment_count < FILES_MAX)
		files[m->attachment_count++].media_type = kit_json_string(media, "video.mimeType");
	if (m->attachment_count > 0)
		m->attachments = files;
}

static const char *extra_of(const char *uri, const char *language, struct kit_arena *arena)
{
	const char *did, *key;
	size_t size;
	json_t *extra = json_pack("{s:s}", "network", "bluesky");

	if (split_uri(uri, &did, &size, &key))
		(void)json_object_set_new(extra, "url", json_string(kit_arena_printf(
			arena, "https://bsky.app/profile/%.*s/post/%s", (int)size, did, key)));
	if (language)
		(void)json_object_set_new(extra, "language", json_string(language));
	const char *text = social_json(arena, extra);

	json_decref(extra);
	return text;
}

static void read_author(json_t *view, struct kit_arena *arena, struct jembatan_author *out)
{
	const char *handle = kit_json_string(view, "author.handle");
	const char *name = kit_json_string(view, "author.displayName");

	out->id = kit_json_string(view, "author.did");
	if (handle && *handle && strcmp(handle, "handle.invalid") != 0)
		out->handle = kit_arena_printf(arena, "@%s", handle);
	if (name && *name)
		out->name = name;
}

bool bluesky_read_post(json_t *view, const char *own_did, struct kit_arena *arena,
		       struct social_post *out)
{
	json_t *record = json_object_get(view, "record");
	struct social_post post = { .message = { .size = sizeof(post.message) } };
	struct jembatan_message *m = &post.message;
	const char *root = kit_json_string(record, "reply.root.uri");

	m->id = kit_json_string(view, "uri");
	if (!bluesky_is_post_uri(m->id) || !json_is_object(record))
		return false;
	read_author(view, arena, &m->author);
	post.facts = facts_of(view, record, own_did, m->author.id);
	post.language = kit_json_string(record, "langs.0");
	m->revision = kit_json_string(view, "cid");
	m->thread = bluesky_is_post_uri(root) ? root : m->id;
	m->reply_to = kit_json_string(record, "reply.parent.uri");
	m->sent_ms = time_at(record, "createdAt");
	m->arrived_ms = time_at(view, "indexedAt");
	m->text = words_of(record, arena);
	m->extra = extra_of(m->id, post.language, arena);
	read_files(record, arena, m);
	if (post.facts & SOCIAL_BOT)
		m->flags |= JEMBATAN_AUTOMATIC;
	if (!m->text && m->attachment_count == 0) {
		m->kind = JEMBATAN_UNREADABLE;
		m->text = "the post has neither words nor files";
	}
	*out = post;
	return true;
}
