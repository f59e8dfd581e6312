/* telegram_parse.c: messages of people, their edits, and what is none. A message
 * is known by its chat and its number within it. */
#include "social/telegram_parse.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES INT64_C(20000000) /* what bots may download */
#define SECOND_MAX INT64_C(7258118400)   /* the year 2200 */

static const char *id_at(json_t *from, const char *path, struct kit_arena *arena)
{
	char buffer[64];

	return kit_arena_strdup(arena, kit_json_id(from, path, buffer));
}

static int64_t time_at(json_t *from, const char *path)
{
	int64_t seconds = 0;

	return kit_json_integer(from, path, &seconds) && seconds > 0 && seconds < SECOND_MAX ?
		       seconds * 1000 : 0;
}

bool telegram_read_id(const char *id, char out_chat[24], int64_t *out_message)
{
	const char *colon = id ? strchr(id, ':') : NULL;
	size_t n = colon ? (size_t)(colon - id) : 0;
	char *end;

	if (n == 0 || n >= 24 || strspn(id, "-0123456789") != n)
		return false;
	*out_message = strtoll(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || *out_message <= 0)
		return false;
	memcpy(out_chat, id, n);
	out_chat[n] = '\0';
	return true;
}

size_t telegram_prefix(const char *text, size_t units)
{
	size_t n = 0;

	while (text[n] != '\0') {
		unsigned char c = (unsigned char)text[n];
		size_t bytes = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		size_t wide = bytes == 4 ? 2 : 1;

		if (wide > units)
			break;
		units -= wide;
		n += bytes;
	}
	return n;
}

/* ---- who and where ----------------------------------------------------- */

static void read_author(json_t *message, struct kit_arena *arena, struct jembatan_author *out)
{
	const char *first = kit_json_string(message, "from.first_name");
	const char *last = kit_json_string(message, "from.last_name");
	const char *username = kit_json_string(message, "from.username");

	out->id = id_at(message, "from.id", arena);
	if (first && last && *last)
		out->name = kit_arena_printf(arena, "%s %s", first, last);
	else
		out->name = first && *first ? first : last;
	if (username && *username)
		out->handle = kit_arena_printf(arena, "@%s", username);
}

/* Forum groups keep their topics apart. */
static const char *thread_of(json_t *message, const char *chat, struct kit_arena *arena)
{
	const char *topic = json_is_true(kit_json_at(message, "is_topic_message")) ?
			    id_at(message, "message_thread_id", arena) : NULL;

	return topic ? kit_arena_printf(arena, "%s/%s", chat, topic) : chat;
}

static bool is_private(json_t *message)
{
	const char *type = kit_json_string(message, "chat.type");

	return type && strcmp(type, "private") == 0;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* "@name" as a whole word, in any case. */
static bool names(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; n > 0 && (at = strchr(at, '@')) != NULL; at++) {
		size_t i = 0;

		while (i < n && lower(at[1 + i]) == lower(name[i]))
			i++;
		char after = i == n ? lower(at[1 + n]) : 'a';

		if (i == n && !(after >= 'a' && after <= 'z') && !(after >= '0' && after <= '9') &&
		    after != '_')
			return true;
	}
	return false;
}

static unsigned facts_of(json_t *message, const char *text, const struct telegram_self *self)
{
	char buffer[64];
	unsigned facts = 0;
	const char *by = kit_json_id(message, "from.id", buffer);

	if (*self->id && by && strcmp(by, self->id) == 0)
		facts |= SOCIAL_OWN;
	if (json_is_true(kit_json_at(message, "from.is_bot")))
		facts |= SOCIAL_BOT;
	if (is_private(message))
		facts |= SOCIAL_PRIVATE | SOCIAL_MENTION;
	if (text && names(text, self->username))
		facts |= SOCIAL_MENTION;
	if (kit_json_at(message, "reply_to_message")) {
		const char *to = kit_json_id(message, "reply_to_message.from.id", buffer);

		facts |= SOCIAL_REPLY;
		if (*self->id && to && strcmp(to, self->id) == 0)
			facts |= SOCIAL_MENTION; /* an answer to what we wrote */
	}
	return facts;
}

/* ---- commands ---------------------------------------------------------- */

/* "/lapor@our_bot jalan rusak": what stands behind it. *out_help: a command that
 * asks for nothing but help; *out_is_ours: it is a command that we know. */
static const char *skip_command(const char *text, const struct telegram_self *self,
				bool *out_is_ours, bool *out_help)
{
	static const char *const known[] = { "/start", "/help", "/bantuan", "/lapor", "/keluhan" };
	size_t name = strcspn(text, " \n\t@"), end = strcspn(text, " \n\t");

	if (text[0] != '/')
		return text;
	/* Of another bot in the group. */
	if (text[name] == '@' && *self->username &&
	    (end - name - 1 != strlen(self->username) || !names(text, self->username)))
		return text;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i]) != name || strncmp(text, known[i], name) != 0)
			continue;
		const char *rest = text + end + strspn(text + end, " \n\t");

		*out_is_ours = true;
		/* What stands behind /start is the parameter of a link. */
		*out_help = i < 3 || *rest == '\0';
		return *out_help ? "" : rest;
	}
	return text;
}

/* ---- files ------------------------------------------------------------- */

struct file_kind {
	const char *key, *media_type;
};

static void add_file(json_t *file, const char *media_type, struct kit_arena *arena,
		     struct jembatan_message *m)
{
	const char *id = kit_json_string(file, "file_id");
	const char *type = kit_json_string(file, "mime_type");
	int64_t size = 0;
	struct jembatan_attachment *a = kit_arena_alloc(arena, sizeof(struct jembatan_attachment));

	a->name = kit_json_string(file, "file_name");
	a->media_type = type ? type : media_type;
	/* One that bots may not download is listed as missing. */
	if (id && *id && (!kit_json_integer(file, "file_size", &size) || size <= FILE_MAX_BYTES))
		a->reference = id;
	m->attachments = a;
	m->attachment_count = 1;
}

static void read_file(json_t *message, struct kit_arena *arena, struct jembatan_message *m)
{
	static const struct file_kind kinds[] = {
		{ "document", NULL }, { "video", "video/mp4" }, { "audio", NULL },
		{ "voice", "audio/ogg" }, { "video_note", "video/mp4" },
	};
	json_t *photos = json_object_get(message, "photo");

	/* Sizes of one photo, the largest last. */
	if (json_array_size(photos) > 0) {
		add_file(json_array_get(photos, json_array_size(photos) - 1), "image/jpeg", arena, m);
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		json_t *file = json_object_get(message, kinds[i].key);

		if (json_is_object(file)) {
			add_file(file, kinds[i].media_type, arena, m);
			return;
		}
	}
}

static bool degrees(json_t *from, const char *path, double limit, double *out)
{
	json_t *value = kit_json_at(from, path);
	double number = json_number_value(value);

	if (!json_is_number(value) || number > limit || number < -limit)
		return false;
	*out = number;
	return true;
}

static void read_place(json_t *message, struct kit_arena *arena, struct jembatan_message *m)
{
	json_t *venue = kit_json_at(message, "venue");
	const char *title = kit_json_string(venue, "title"), *street = kit_json_string(venue, "address");

	if (degrees(message, "location.latitude", 90, &m->place.latitude) &&
	    degrees(message, "location.longitude", 180, &m->place.longitude))
		m->flags |= JEMBATAN_HAS_POSITION;
	if (title || street)
		m->place.address = kit_arena_printf(arena, "%s%s%s", title ? title : "",
						    title && street ? ", " : "", street ? street : "");
}

/* One's own number, shared by the button for it. */
static void read_contact(json_t *message, struct kit_arena *arena, struct jembatan_message *m)
{
	char own[64], number[20];
	const char *of = kit_json_id(message, "contact.user_id", own);
	const char *phone = kit_json_string(message, "contact.phone_number");
	const char *text;

	if (!phone || !of || !m->author.id || strcmp(of, m->author.id) != 0)
		return;
	text = *phone == '+' ? phone : kit_arena_printf(arena, "+%s", phone);
	m->author.phone = kit_phone_e164(text, number) ? kit_arena_strdup(arena, number) : text;
}

/* ---- a message --------------------------------------------------------- */

static const char *words_of(json_t *message)
{
	const char *text = kit_json_string(message, "text");

	return text ? text : kit_json_string(message, "caption");
}

/* Other words, another revision; and going back to the first ones is one too. */
static const char *revision_of(json_t *message, struct kit_arena *arena)
{
	const char *edited = id_at(message, "edit_date", arena);
	char hex[65], buffer[64];
	const char *parts[] = { words_of(message), NULL };
	json_t *photos = json_object_get(message, "photo");

	if (!edited)
		return NULL;
	parts[1] = kit_json_id(json_array_get(photos, 0), "file_unique_id", buffer);
	kit_digest(parts, 2, hex);
	return kit_arena_printf(arena, "%s-%.16s", edited, hex);
}

static const char *extra_of(json_t *message, struct kit_arena *arena)
{
	json_t *extra = json_pack("{s:s}", "network", "telegram");
	static const char *const kept[] = { "chat.type", "chat.title", "media_group_id" };
	static const char *const as[] = { "chat", "group", "album" };
	const char *group = kit_json_string(message, "chat.username");
	char buffer[64];
	const char *number = kit_json_id(message, "message_id", buffer);

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = kit_json_string(message, kept[i]);

		if (value)
			(void)json_object_set_new(extra, as[i], json_string(value));
	}
	if (group && number && !is_private(message))
		(void)json_object_set_new(extra, "url", json_string(kit_arena_printf(
			arena, "https://t.me/%s/%s", group, number)));
	const char *text = social_json(arena, extra);

	json_decref(extra);
	return text;
}

/* What somebody points at, with "@bot lapor ini", belongs to what he says. */
static const char *with_parent(json_t *message, const char *text, struct kit_arena *arena)
{
	json_t *parent = kit_json_at(message, "reply_to_message");
	const char *words = parent ? words_of(parent) : NULL;

	if (!words || *words == '\0' || json_is_true(kit_json_at(parent, "from.is_bot")))
		return NULL;
	return kit_arena_printf(arena, "%s\n\n> %s", text ? text : "", words);
}

static void read_message(json_t *message, const struct telegram_self *self, bool is_edit,
			 struct kit_arena *arena, struct telegram_update *out)
{
	struct jembatan_message *m = &out->post.message;
	const char *number = id_at(message, "message_id", arena), *text = words_of(message);
	char buffer[64];
	const char *parent = kit_json_id(message, "reply_to_message.message_id", buffer);
	bool is_command = false;

	out->post.said = text; /* with its command */
	m->id = kit_arena_printf(arena, "%s:%s", out->chat, number);
	m->revision = revision_of(message, arena);
	m->thread = thread_of(message, out->chat, arena);
	if (parent)
		m->reply_to = kit_arena_printf(arena, "%s:%s", out->chat, parent);
	read_author(message, arena, &m->author);
	m->sent_ms = time_at(message, "date");
	m->arrived_ms = is_edit ? time_at(message, "edit_date") : m->sent_ms;
	m->extra = extra_of(message, arena);
	read_file(message, arena, m);
	read_place(message, arena, m);
	read_contact(message, arena, m);
	out->post.facts = facts_of(message, text, self);
	if (out->post.facts & SOCIAL_BOT)
		m->flags |= JEMBATAN_AUTOMATIC;
	if (text)
		text = skip_command(text, self, &is_command, &out->wants_help);
	if (is_command)
		out->post.facts |= SOCIAL_MENTION;
	m->text = text && *text ? text : NULL;
	m->full_text = m->text ? with_parent(message, m->text, arena) : NULL;
	if (is_edit)
		m->kind = JEMBATAN_EDIT;
	/* Joined, pinned, a sticker, a poll, a command alone: nothing was said. */
	if (!m->text && m->attachment_count == 0 && !(m->flags & JEMBATAN_HAS_POSITION) &&
	    !m->author.phone)
		m->kind = JEMBATAN_IGNORED;
}

bool telegram_read_update(json_t *update, const struct telegram_self *self,
			  struct kit_arena *arena, int64_t *out_id, struct telegram_update *out)
{
	struct telegram_update u = {
		.post = { .message = { .size = sizeof(u.post.message), .kind = JEMBATAN_NEW } },
	};
	json_t *message = json_object_get(update, "message");
	bool is_edit = !json_is_object(message);
	int64_t number = 0;

	if (!kit_json_integer(update, "update_id", out_id))
		return false;
	if (is_edit)
		message = json_object_get(update, "edited_message");
	u.chat = json_is_object(message) ? id_at(message, "chat.id", arena) : NULL;
	u.is_record = u.chat != NULL && kit_json_integer(message, "message_id", &number);
	if (u.is_record) {
		u.moved_to = id_at(message, "migrate_to_chat_id", arena);
		u.moved_from = id_at(message, "migrate_from_chat_id", arena);
		if (u.moved_to)
			u.moved_from = u.chat;
		else if (u.moved_from)
			u.moved_to = u.chat;
		read_message(message, self, is_edit, arena, &u);
	}
	*out = u;
	return true;
}
