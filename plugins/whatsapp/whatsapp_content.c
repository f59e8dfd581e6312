/* whatsapp_content.c: the types of messages. Nothing here trusts a value to be
 * of the kind that the documentation says: what is not there is left out. */
#include "whatsapp/whatsapp_content.h"
#include "whatsapp/whatsapp_parse.h"

#include <stdio.h>
#include <string.h>

/* A message says 4,096 characters; forms and lists of contacts say more. */
#define TEXT_CEILING ((size_t)64 * 1024)
#define PHONES_MAX 10u

struct piece {
	json_t *message; /* of which this is the content */
	json_t *body;    /* the object named as the type; or NULL */
	struct kit_arena *arena;
	struct jembatan_message *out;
	json_t *extra;
};

static const char *own_string(struct kit_arena *arena, const char *text)
{
	return text && *text ? kit_arena_strdup(arena, text) : NULL;
}

static void keep(const struct piece *p, const char *name, json_t *value)
{
	if (value)
		(void)json_object_set(p->extra, name, value);
}

static void keep_string(const struct piece *p, const char *name, const char *value)
{
	if (value && *value)
		(void)json_object_set_new(p->extra, name, json_string(value));
}

static void take_builder(const struct piece *p, struct kit_text *text)
{
	p->out->text = own_string(p->arena, kit_text_string(text));
	kit_text_free(text);
}

/* ---- plain ones -------------------------------------------------------- */

static void read_text(const struct piece *p)
{
	p->out->text = kit_json_string(p->body, "body");
}

/* The name is the sender's; what decides is the type that Meta names. */
static void read_media(const struct piece *p)
{
	struct jembatan_attachment *file = kit_arena_alloc(p->arena, sizeof(*file));
	const char *sha256 = kit_json_string(p->body, "sha256");
	char buffer[64];
	const char *id = kit_json_id(p->body, "id", buffer);

	p->out->text = kit_json_string(p->body, "caption");
	*file = (struct jembatan_attachment){
		.name = kit_json_string(p->body, "filename"),
		.media_type = kit_json_string(p->body, "mime_type"),
	};
	/* Without an id there is nothing to fetch: it is listed as missing. */
	if (id && *id)
		file->reference = kit_arena_printf(p->arena, "%s %s", id, sha256 ? sha256 : "");
	p->out->attachments = file;
	p->out->attachment_count = 1;
	if (json_is_true(kit_json_at(p->body, "voice")))
		(void)json_object_set_new(p->extra, "voice", json_true());
}

/* It says what an emoji says. */
static void read_sticker(const struct piece *p)
{
	read_media(p);
	p->out->kind = JEMBATAN_REACTION;
}

static void read_reaction(const struct piece *p)
{
	const char *emoji = kit_json_string(p->body, "emoji");

	p->out->kind = JEMBATAN_REACTION;
	p->out->reply_to = kit_json_string(p->body, "message_id");
	p->out->text = emoji && *emoji ? emoji : NULL;
}

/* A word that was chosen, not written: it answers something that was sent, and by
 * itself it is no complaint. */
static void read_choice(const struct piece *p)
{
	p->out->kind = JEMBATAN_FOLLOW_UP;
	p->out->flags |= JEMBATAN_UNSURE;
}

static void read_button(const struct piece *p)
{
	const char *text = kit_json_string(p->body, "text");

	read_choice(p);
	p->out->text = text ? text : kit_json_string(p->body, "payload");
	keep_string(p, "payload", kit_json_string(p->body, "payload"));
}

static bool is_position(double value, double limit)
{
	return value >= -limit && value <= limit;
}

static void add_part(struct kit_text *text, const char *value)
{
	if (!value || !*value)
		return;
	if (kit_text_bytes(text).size > 0)
		kit_text_add_string(text, ", ");
	kit_text_add_string(text, value);
}

/* Also as words: a location may be all that somebody sends. */
static void read_location(const struct piece *p)
{
	json_t *latitude = kit_json_at(p->body, "latitude");
	json_t *longitude = kit_json_at(p->body, "longitude");
	struct kit_text *text = kit_text_new(TEXT_CEILING);

	add_part(text, kit_json_string(p->body, "name"));
	add_part(text, kit_json_string(p->body, "address"));
	p->out->place.address = own_string(p->arena, kit_text_string(text));
	if (json_is_number(latitude) && json_is_number(longitude) &&
	    is_position(json_number_value(latitude), 90) &&
	    is_position(json_number_value(longitude), 180)) {
		p->out->flags |= JEMBATAN_HAS_POSITION;
		p->out->place.latitude = json_number_value(latitude);
		p->out->place.longitude = json_number_value(longitude);
		kit_text_printf(text, "%s(%.6f, %.6f)", kit_text_bytes(text).size > 0 ? " " : "",
				p->out->place.latitude, p->out->place.longitude);
	}
	if (kit_text_bytes(text).size > 0)
		p->out->text = kit_arena_printf(p->arena, "Lokasi: %s", kit_text_string(text));
	kit_text_free(text);
}

static void read_contacts(const struct piece *p)
{
	struct kit_text *text = kit_text_new(TEXT_CEILING);
	json_t *one;
	size_t i, k;

	json_array_foreach(p->body, i, one) {
		const char *name = kit_json_string(one, "name.formatted_name");
		json_t *phones = kit_json_at(one, "phones"), *phone;

		kit_text_printf(text, "%sKontak: %s", i > 0 ? "\n" : "", name ? name : "-");
		json_array_foreach(phones, k, phone) {
			const char *number = kit_json_string(phone, "phone");

			if (number && k < PHONES_MAX)
				kit_text_printf(text, ", %s", number);
		}
	}
	take_builder(p, text);
}

/* A catalogue's order is no complaint; the words beside it may be one. */
static void read_order(const struct piece *p)
{
	const char *text = kit_json_string(p->body, "text");

	if (text && *text)
		p->out->text = text;
	else
		p->out->kind = JEMBATAN_IGNORED;
	keep(p, "order", p->body);
}

/* Another number, with it another id (Meta's changelog of August 2026); the older
 * form names numbers only. A number may get another owner, who takes nothing along
 * when it is the other name. */
static void read_change(const struct piece *p)
{
	const char *before = kit_json_string(p->body, "previous_user_id");
	const char *now = kit_json_string(p->body, "user_id");
	char old[64], new[64];
	const char *from = kit_json_id(p->message, "from", old);
	const char *number = kit_json_id(p->body, "wa_id", new);

	if (!number)
		number = kit_json_id(p->body, "new_wa_id", new);
	p->out->thread = p->out->thread_alias = NULL;
	if (!wa_is_user_id(now) && !wa_is_number(number))
		return;
	/* Who says so is reached under the new names from now on. */
	p->out->author.id = kit_arena_strdup(p->arena, wa_is_user_id(now) ? now : number);
	p->out->author.phone = wa_is_number(number) ? kit_arena_printf(p->arena, "+%s", number) : NULL;
	if (wa_is_user_id(before) && wa_is_user_id(now)) {
		p->out->thread = before;
		p->out->thread_alias = now;
	} else if (wa_is_number(from)) {
		p->out->thread = p->out->author.id;
		p->out->thread_alias = kit_arena_strdup(p->arena, from);
	}
}

static void read_system(const struct piece *p)
{
	const char *type = kit_json_string(p->body, "type");

	p->out->kind = JEMBATAN_SYSTEM;
	if (type && (strcmp(type, "user_changed_number") == 0 ||
		     strcmp(type, "user_changed_user_id") == 0))
		read_change(p);
	keep(p, "system", p->body);
}

static void read_welcome(const struct piece *p)
{
	p->out->kind = JEMBATAN_IGNORED;
}

/* ---- interactive ------------------------------------------------------- */

static void add_value(struct kit_text *text, const char *name, json_t *value)
{
	if (json_is_string(value))
		kit_text_printf(text, "%s: %s\n", name, json_string_value(value));
	else if (json_is_integer(value))
		kit_text_printf(text, "%s: %lld\n", name, (long long)json_integer_value(value));
	else if (json_is_real(value))
		kit_text_printf(text, "%s: %g\n", name, json_real_value(value));
	else if (json_is_boolean(value))
		kit_text_printf(text, "%s: %s\n", name, json_is_true(value) ? "ya" : "tidak");
}

/* The answers of a form, one a line; lists of choices too. */
static void add_answers(struct kit_text *text, json_t *answers)
{
	const char *name;
	json_t *value, *item;
	size_t i;

	json_object_foreach(answers, name, value) {
		if (strcmp(name, "flow_token") == 0)
			continue;
		json_array_foreach(value, i, item)
			add_value(text, name, item);
		add_value(text, name, value);
	}
}

static void drop_last_break(struct piece *p)
{
	size_t size = p->out->text ? strlen(p->out->text) : 0;

	if (size > 0 && p->out->text[size - 1] == '\n')
		p->out->text = kit_arena_strndup(p->arena, p->out->text, size - 1);
}

/* A form that a citizen filled in: JSON within a string, and not always an
 * object. */
static void read_form(const struct piece *p, json_t *reply)
{
	const char *json = kit_json_string(reply, "response_json");
	struct kit_text *text = kit_text_new(TEXT_CEILING);
	struct piece own = *p;
	json_t *answers = NULL;

	if (json && kit_json_parse((struct jembatan_bytes){ json, strlen(json) }, &answers, NULL) ==
			    JEMBATAN_OK && json_is_object(answers))
		add_answers(text, answers);
	if (kit_text_bytes(text).size == 0)
		kit_text_add_string(text, json ? json : kit_json_string(reply, "body"));
	json_decref(answers);
	take_builder(p, text);
	drop_last_break(&own);
	p->out->kind = JEMBATAN_NEW;
	keep_string(p, "form", kit_json_string(reply, "name"));
}

static void read_interactive(const struct piece *p)
{
	static const char *const choices[] = { "button_reply", "list_reply" };
	json_t *form = kit_json_at(p->body, "nfm_reply");

	if (form) {
		read_form(p, form);
		return;
	}
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		json_t *choice = kit_json_at(p->body, choices[i]);

		if (!choice)
			continue;
		p->out->text = kit_json_string(choice, "title");
		keep_string(p, "choice", kit_json_string(choice, "id"));
	}
	if (p->out->text)
		read_choice(p);
	else
		p->out->kind = JEMBATAN_IGNORED; /* kept; it answers nothing */
}

/* ---- what cannot be shown ---------------------------------------------- */

static void read_unsupported(const struct piece *p)
{
	p->out->kind = JEMBATAN_UNREADABLE;
	p->out->text = "WhatsApp cannot hand this kind of message over: ask for it in words";
	keep_string(p, "unsupported", kit_json_string(p->body, "type"));
	keep(p, "errors", kit_json_at(p->message, "errors"));
}

static void read_unknown(const struct piece *p)
{
	p->out->kind = JEMBATAN_UNREADABLE;
	p->out->text = "a kind of message that this connector does not know";
	keep(p, "errors", kit_json_at(p->message, "errors"));
}

/* ---- by type ----------------------------------------------------------- */

static void read_edit(const struct piece *p);
static void read_revoke(const struct piece *p);

static const struct {
	const char *type;
	void (*read)(const struct piece *);
} types[] = {
	{ "text", read_text },
	{ "image", read_media },
	{ "video", read_media },
	{ "document", read_media },
	{ "audio", read_media },
	{ "sticker", read_sticker },
	{ "location", read_location },
	{ "contacts", read_contacts },
	{ "button", read_button },
	{ "interactive", read_interactive },
	{ "reaction", read_reaction },
	{ "order", read_order },
	{ "system", read_system },
	{ "request_welcome", read_welcome },
	{ "edit", read_edit },
	{ "revoke", read_revoke },
	{ "unsupported", read_unsupported },
};

static void read_type(struct piece *p, const char *type)
{
	p->body = type ? json_object_get(p->message, type) : NULL;
	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].type, type) == 0) {
			types[i].read(p);
			return;
		}
	}
	read_unknown(p);
}

/* The same id with new words, however the two arrive. */
static void read_edit(const struct piece *p)
{
	const char *original = kit_json_string(p->body, "original_message_id");
	json_t *message = kit_json_at(p->body, "message");
	const char *type = kit_json_string(message, "type");
	struct piece inner = { .message = message, .arena = p->arena, .out = p->out,
			       .extra = p->extra };

	if (!original || !type || strcmp(type, "edit") == 0 || strcmp(type, "revoke") == 0) {
		read_unknown(p);
		return;
	}
	read_type(&inner, type);
	if (p->out->kind == JEMBATAN_UNREADABLE)
		return;
	p->out->kind = JEMBATAN_EDIT;
	p->out->revision = p->out->id;
	p->out->id = original;
}

static void read_revoke(const struct piece *p)
{
	const char *original = kit_json_string(p->body, "original_message_id");

	p->out->kind = original ? JEMBATAN_DELETION : JEMBATAN_IGNORED;
	if (!original)
		return;
	p->out->revision = p->out->id;
	p->out->id = original;
}

static void read_context(const struct piece *p)
{
	const char *answers = kit_json_string(p->message, "context.id");

	if (answers && *answers)
		p->out->reply_to = answers;
	if (json_is_true(kit_json_at(p->message, "context.forwarded")) ||
	    json_is_true(kit_json_at(p->message, "context.frequently_forwarded")))
		(void)json_object_set_new(p->extra, "forwarded", json_true());
	keep_string(p, "group_id", kit_json_string(p->message, "group_id"));
	keep(p, "referral", kit_json_at(p->message, "referral"));
}

void wa_content_fill(json_t *message, struct kit_arena *arena, struct jembatan_message *out,
		     json_t *extra)
{
	const char *type = kit_json_string(message, "type");
	struct piece p = { .message = message, .arena = arena, .out = out, .extra = extra };

	keep_string(&p, "type", type);
	read_context(&p);
	read_type(&p, type);
}
