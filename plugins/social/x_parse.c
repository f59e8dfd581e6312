/* x_parse.c: who wrote what to whom, from a post of the API v2. */
#include "social/x_parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_BYTES ((size_t)256 * 1024)
#define FILES_MAX 16u
#define PARENTS_MAX 4u
#define LINKS_MAX 64u

json_t *x_either(json_t *object, const char *post_word, const char *tweet_word)
{
	json_t *value = json_object_get(object, post_word);

	return value ? value : json_object_get(object, tweet_word);
}

static json_t *posts_of(json_t *includes)
{
	return x_either(includes, "posts", "tweets");
}

static json_t *references_of(json_t *post)
{
	return x_either(post, "referenced_posts", "referenced_tweets");
}

static bool is_text(json_t *from, const char *path, const char *wanted)
{
	const char *text = kit_json_string(from, path);

	return text && strcmp(text, wanted) == 0;
}

json_t *x_find(json_t *list, const char *name, const char *id)
{
	char buffer[64];
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *its = kit_json_id(one, name, buffer);

		if (id && its && strcmp(its, id) == 0)
			return one;
	}
	return NULL;
}

/* ---- records ----------------------------------------------------------- */

static void keep(json_t *into, const char *name, json_t *one)
{
	json_t *list = json_object_get(into, name);

	if (!one)
		return;
	if (!list) {
		list = json_array();
		(void)json_object_set_new(into, name, list);
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_array_get(list, i) == one)
			return;
	(void)json_array_append(list, one);
}

static void keep_author(json_t *into, json_t *post, json_t *includes)
{
	char buffer[64];

	keep(into, "users", x_find(json_object_get(includes, "users"), "id",
				   kit_json_id(post, "author_id", buffer)));
}

static void keep_files(json_t *into, json_t *post, json_t *includes)
{
	json_t *one;
	size_t i;

	json_array_foreach(kit_json_at(post, "attachments.media_keys"), i, one)
		if (i < FILES_MAX)
			keep(into, "media", x_find(json_object_get(includes, "media"), "media_key",
						   json_string_value(one)));
}

json_t *x_record(json_t *post, json_t *includes)
{
	json_t *kept = json_object(), *reference;
	char buffer[64];
	size_t i;

	keep_author(kept, post, includes);
	keep_files(kept, post, includes);
	keep(kept, "places", x_find(json_object_get(includes, "places"), "id",
				    kit_json_string(post, "geo.place_id")));
	json_array_foreach(references_of(post), i, reference) {
		json_t *parent = i < PARENTS_MAX ? x_find(posts_of(includes), "id",
							  kit_json_id(reference, "id", buffer)) : NULL;

		keep(kept, "posts", parent);
		keep_author(kept, parent, includes);
	}
	return json_pack("{s:O,s:o}", "data", post, "includes", kept);
}

json_t *x_event_record(json_t *body)
{
	json_t *event = json_object_get(body, "data");
	const char *type = kit_json_string(event, "event_type");
	json_t *post = json_object_get(event, "payload");
	json_t *includes = json_object_get(event, "includes");

	if (!type || strcmp(type, "post.mention.create") != 0 || !json_is_object(post))
		return NULL;
	return x_record(post, includes ? includes : json_object_get(body, "includes"));
}

/* ---- text -------------------------------------------------------------- */

struct link {
	const char *shown, *real;
	size_t size;
};

static size_t read_links(json_t *entities, struct link out[LINKS_MAX])
{
	json_t *one;
	size_t i, count = 0;

	json_array_foreach(json_object_get(entities, "urls"), i, one) {
		const char *shown = kit_json_string(one, "url");
		const char *real = kit_json_string(one, "expanded_url");
		bool is_file = kit_json_string(one, "media_key") != NULL;

		if (shown && *shown && (real || is_file) && count < LINKS_MAX)
			out[count++] = (struct link){ shown, is_file ? "" : real, strlen(shown) };
	}
	return count;
}

/* X escapes three characters; shortened links are shown as what they lead to, and
 * the one that stands for a file is left out. */
static const char *unfold(const char *text, json_t *entities, struct kit_arena *arena)
{
	static const struct link escapes[] = {
		{ "&amp;", "&", 5 }, { "&lt;", "<", 4 }, { "&gt;", ">", 4 },
	};
	struct link links[LINKS_MAX];
	size_t count = read_links(entities, links);
	struct kit_text *out = kit_text_new(TEXT_BYTES);

	while (*text != '\0') {
		const struct link *hit = NULL;

		for (size_t i = 0; i < 3 && *text == '&'; i++)
			if (strncmp(text, escapes[i].shown, escapes[i].size) == 0)
				hit = &escapes[i];
		for (size_t i = 0; i < count && !hit && *text == 'h'; i++)
			if (strncmp(text, links[i].shown, links[i].size) == 0)
				hit = &links[i];
		kit_text_add(out, hit ? hit->real : text, hit ? strlen(hit->real) : 1);
		text += hit ? hit->size : 1;
	}
	char *kept = kit_arena_strdup(arena, kit_text_string(out));
	size_t n = strlen(kept);

	while (n > 0 && (kept[n - 1] == ' ' || kept[n - 1] == '\n'))
		kept[--n] = '\0';
	kit_text_free(out);
	return n > 0 ? kept : NULL;
}

/* A long post has all its words elsewhere; `text` is cut then. */
static const char *words_of(json_t *post, struct kit_arena *arena)
{
	json_t *note = x_either(post, "note_post", "note_tweet");
	const char *text = kit_json_string(note, "text");

	if (text && *text)
		return unfold(text, json_object_get(note, "entities"), arena);
	text = kit_json_string(post, "text");
	return text && *text ? unfold(text, json_object_get(post, "entities"), arena) : NULL;
}

/* ---- who and what ------------------------------------------------------ */

static bool is_us(json_t *mention, const struct x_us *us)
{
	char buffer[64];
	const char *id = kit_json_id(mention, "id", buffer);
	const char *handle = kit_json_string(mention, "username");

	if (*us->id == '\0' && *us->handle == '\0')
		return true; /* nobody knows better */
	return (*us->id && id && strcmp(id, us->id) == 0) ||
	       (*us->handle && handle && strcasecmp(handle, us->handle) == 0);
}

/* from: where what was written begins; the names before it came by themselves. */
static bool names_us(json_t *entities, const struct x_us *us, int64_t from)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(entities, "mentions"), i, one) {
		int64_t start = from;

		if (is_us(one, us) && (!kit_json_integer(one, "start", &start) || start >= from))
			return true;
	}
	return false;
}

static bool is_summoning(json_t *record, json_t *post, const struct x_us *us)
{
	json_t *note = x_either(post, "note_post", "note_tweet"), *reference;
	char buffer[64], author[64];
	int64_t from = 0;
	size_t i;

	if (!kit_json_integer(post, "display_text_range.0", &from))
		from = 0;
	if (names_us(json_object_get(post, "entities"), us, from) ||
	    names_us(json_object_get(note, "entities"), us, from))
		return true;
	json_array_foreach(references_of(post), i, reference) {
		json_t *parent = x_find(posts_of(json_object_get(record, "includes")), "id",
					kit_json_id(reference, "id", buffer));
		const char *by = kit_json_id(parent, "author_id", author);

		if (is_text(reference, "type", "quoted") && by && *us->id && strcmp(by, us->id) == 0)
			return true;
	}
	return false;
}

static unsigned facts_of(json_t *post, json_t *author, const struct x_us *us, const char *author_id)
{
	json_t *note = x_either(post, "note_post", "note_tweet"), *one;
	unsigned facts = names_us(json_object_get(post, "entities"), us, 0) ||
			 names_us(json_object_get(note, "entities"), us, 0) ? SOCIAL_MENTION : 0;
	size_t i;

	if (*us->id && author_id && strcmp(author_id, us->id) == 0)
		facts |= SOCIAL_OWN;
	if (is_text(author, "affiliation.description", "Automated"))
		facts |= SOCIAL_BOT;
	json_array_foreach(references_of(post), i, one) {
		if (is_text(one, "type", "retweeted") || is_text(one, "type", "reposted"))
			facts |= SOCIAL_REPOST;
		if (is_text(one, "type", "replied_to"))
			facts |= SOCIAL_REPLY;
	}
	return facts;
}

static void read_author(json_t *author, struct kit_arena *arena, struct jembatan_author *out)
{
	const char *handle = kit_json_string(author, "username");
	const char *name = kit_json_string(author, "name");

	if (handle && *handle)
		out->handle = kit_arena_printf(arena, "@%s", handle);
	if (name && *name)
		out->name = name;
}

/* ---- what it refers to ------------------------------------------------- */

/* The largest film, else the picture. */
static const char *address_of(json_t *media)
{
	const char *best = NULL, *url = kit_json_string(media, "url");
	int64_t best_rate = -1, rate;
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(media, "variants"), i, one) {
		const char *its = kit_json_string(one, "url");

		if (!its || !is_text(one, "content_type", "video/mp4"))
			continue;
		if (!kit_json_integer(one, "bit_rate", &rate))
			rate = 0;
		if (rate > best_rate) {
			best_rate = rate;
			best = its;
		}
	}
	if (!best)
		best = url && *url ? url : kit_json_string(media, "preview_image_url");
	return best && *best ? best : NULL;
}

static void read_files(json_t *record, json_t *post, struct kit_arena *arena,
		       struct jembatan_message *m)
{
	json_t *keys = kit_json_at(post, "attachments.media_keys"), *one;
	json_t *media = kit_json_at(record, "includes.media");
	struct jembatan_attachment *files;
	size_t i;

	if (json_array_size(keys) == 0)
		return;
	files = kit_arena_alloc(arena, FILES_MAX * sizeof(struct jembatan_attachment));
	json_array_foreach(keys, i, one) {
		if (m->attachment_count == FILES_MAX)
			break;
		/* Without an address it is listed as missing. */
		files[m->attachment_count++].reference =
			address_of(x_find(media, "media_key", json_string_value(one)));
	}
	m->attachments = files;
}

static void read_place(json_t *record, json_t *post, struct jembatan_message *m)
{
	json_t *place = x_find(kit_json_at(record, "includes.places"), "id",
			       kit_json_string(post, "geo.place_id"));
	json_t *at = kit_json_at(post, "geo.coordinates.coordinates");
	const char *name = kit_json_string(place, "full_name");

	if (name && *name)
		m->place.address = name;
	if (json_array_size(at) == 2 && json_is_number(json_array_get(at, 0)) &&
	    json_is_number(json_array_get(at, 1))) {
		m->place.longitude = json_number_value(json_array_get(at, 0));
		m->place.latitude = json_number_value(json_array_get(at, 1));
		if (m->place.longitude >= -180 && m->place.longitude <= 180 &&
		    m->place.latitude >= -90 && m->place.latitude <= 90)
			m->flags |= JEMBATAN_HAS_POSITION;
	}
}

/* The post that this one answers or quotes, as people quote: with "> ". */
static void add_parent(json_t *record, json_t *parent, struct kit_arena *arena, struct kit_text *out)
{
	char buffer[64];
	json_t *author = x_find(kit_json_at(record, "includes.users"), "id",
				kit_json_id(parent, "author_id", buffer));
	const char *handle = kit_json_string(author, "username");
	const char *text = words_of(parent, arena);

	if (!text)
		return;
	kit_text_printf(out, "\n\n> @%s: ", handle ? handle : "?");
	for (; *text != '\0'; text++)
		kit_text_add(out, *text == '\n' ? "\n> " : text, *text == '\n' ? 3 : 1);
}

/* full_text: with its parents; reply_to: the one that it answers. */
static void read_parents(json_t *record, json_t *post, struct kit_arena *arena,
			 struct jembatan_message *m)
{
	struct kit_text *all = kit_text_new(TEXT_BYTES);
	json_t *reference;
	char buffer[64];
	size_t i, size;

	kit_text_add_string(all, m->text);
	size = kit_text_bytes(all).size;
	json_array_foreach(references_of(post), i, reference) {
		const char *id = kit_json_id(reference, "id", buffer);
		json_t *parent = x_find(posts_of(json_object_get(record, "includes")), "id", id);

		if (is_text(reference, "type", "replied_to"))
			m->reply_to = kit_arena_strdup(arena, id);
		if (parent && i < PARENTS_MAX)
			add_parent(record, parent, arena, all);
	}
	if (kit_text_bytes(all).size > size)
		m->full_text = kit_arena_strdup(arena, kit_text_string(all));
	kit_text_free(all);
}

/* X still says Indonesian as it was said before 1989. */
static const char *language_of(json_t *post)
{
	const char *language = kit_json_string(post, "lang");

	return language && strcmp(language, "in") == 0 ? "id" : language;
}

static const char *extra_of(json_t *post, const char *id, const char *handle,
			    struct kit_arena *arena)
{
	const char *url = kit_arena_printf(arena, "https://x.com/%s/status/%s",
					   handle ? handle + 1 : "i/web", id);
	json_t *extra = json_pack("{s:s,s:s*,s:s}", "network", "x", "url", url, "visibility",
				  "public");
	const char *language = language_of(post);

	if (language)
		(void)json_object_set_new(extra, "language", json_string(language));
	const char *text = social_json(arena, extra);

	json_decref(extra);
	return text;
}

/* The first of its versions is what the ticket is of; each edit is another id. */
static void read_ids(json_t *post, const char *id, struct kit_arena *arena,
		     struct jembatan_message *m, struct x_traits *traits)
{
	json_t *history = x_either(post, "edit_history_post_ids", "edit_history_tweet_ids"), *one;
	const char *first = id;
	size_t i;

	json_array_foreach(history, i, one) {
		const char *other = json_string_value(one);

		if (other && *other && strlen(other) <= 32 && !social_id_is_above(other, first))
			first = other;
	}
	m->id = kit_arena_strdup(arena, first);
	m->revision = id;
	traits->id = id;
	traits->is_edited = strcmp(first, id) != 0;
}

bool x_read_post(json_t *record, const struct x_us *us, struct kit_arena *arena,
		 struct social_post *out, struct x_traits *traits)
{
	struct social_post found = { .message = { .size = sizeof(found.message) } };
	struct jembatan_message *m = &found.message;
	json_t *post = json_object_get(record, "data");
	char buffer[64];
	const char *id = kit_arena_strdup(arena, kit_json_id(post, "id", buffer)), *at;

	if (!id || *id == '\0' || strlen(id) > 32)
		return false;
	m->author.id = kit_arena_strdup(arena, kit_json_id(post, "author_id", buffer));
	json_t *author = x_find(kit_json_at(record, "includes.users"), "id", m->author.id);

	read_ids(post, id, arena, m, traits);
	read_author(author, arena, &m->author);
	found.facts = facts_of(post, author, us, m->author.id);
	found.language = language_of(post);
	traits->is_summoning = is_summoning(record, post, us);
	at = kit_json_string(post, "created_at");
	if (at && kit_time_parse(at, NULL, 0, &m->sent_ms) == JEMBATAN_OK)
		m->arrived_ms = m->sent_ms;
	m->text = words_of(post, arena);
	read_files(record, post, arena, m);
	read_place(record, post, m);
	m->extra = extra_of(post, id, m->author.handle, arena);
	if (m->text)
		read_parents(record, post, arena, m);
	if (found.facts & SOCIAL_BOT)
		m->flags |= JEMBATAN_AUTOMATIC;
	if (!m->text && m->attachment_count == 0) {
		m->kind = JEMBATAN_UNREADABLE;
		m->text = "the post has neither words nor files";
	}
	*out = found;
	return true;
}
