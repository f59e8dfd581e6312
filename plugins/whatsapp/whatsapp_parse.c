/* whatsapp_parse.c: the envelope of a webhook, who sent what, and states of what
 * we sent. One body may hold several entries, changes and messages, the same
 * one twice, and kinds that nobody has told us of. */
#include "whatsapp/whatsapp_parse.h"
#include "whatsapp/whatsapp_content.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define EXTRA_CEILING ((size_t)64 * 1024)
#define FIELD "messages"

/* One `value` on its way. */
struct walk {
	const struct wa_own *own;
	struct kit_arena *arena;
	struct wa_batch *out;
	size_t message_room, receipt_room;
	json_t *entry, *change, *value;
	json_t *people; /* id to its entry in contacts[] of this value */
	bool is_ours;
};

/* ---- ids --------------------------------------------------------------- */

bool wa_is_user_id(const char *s)
{
	if (!s || !(s[0] >= 'A' && s[0] <= 'Z') || !(s[1] >= 'A' && s[1] <= 'Z') || s[2] != '.')
		return false;
	s += 3;
	if (strncmp(s, "ENT.", 4) == 0)
		s += 4;
	size_t n = 0;
	while (isalnum((unsigned char)s[n]) && n <= 128)
		n++;
	return n >= 1 && n <= 128 && s[n] == '\0';
}

bool wa_is_number(const char *s)
{
	size_t n = s ? strspn(s, "0123456789") : 0;
	return n >= 5 && n <= 18 && s[n] == '\0';
}

bool wa_media_read(const char *reference, struct wa_media *out)
{
	size_t n = strspn(reference, "0123456789");
	const char *rest = reference + n;
	struct wa_media m = { "", "" };

	if (n == 0 || n >= sizeof(m.id) || *rest != ' ' || strlen(rest + 1) >= sizeof(m.sha256))
		return false;
	memcpy(m.id, reference, n);
	memcpy(m.sha256, rest + 1, strlen(rest + 1));
	*out = m;
	return true;
}

/* Borrowed from the JSON or the arena. */
static const char *id_at(const struct walk *w, json_t *from, const char *path)
{
	char buffer[64];
	const char *id = kit_json_id(from, path, buffer);

	return id == buffer ? kit_arena_strdup(w->arena, id) : id;
}

static int64_t time_at(json_t *from)
{
	int64_t seconds;

	if (!kit_json_integer(from, "timestamp", &seconds) || seconds <= 0 ||
	    seconds > INT64_C(7258118400)) /* the year 2200 */
		return 0;
	return seconds * 1000;
}

/* ---- bytes of a single message ----------------------------------------- */

/* A webhook that holds this part alone: it can be read, replayed and erased
 * without its neighbours. */
static struct jembatan_bytes alone(const struct walk *w, const char *list, json_t *part,
				   json_t *contact)
{
	json_t *value = json_object();
	struct jembatan_bytes raw = { NULL, 0 };

	(void)json_object_set(value, "messaging_product",
			      kit_json_at(w->value, "messaging_product"));
	(void)json_object_set(value, "metadata", kit_json_at(w->value, "metadata"));
	if (contact)
		(void)json_object_set_new(value, "contacts", json_pack("[O]", contact));
	(void)json_object_set_new(value, list, json_pack("[O]", part));
	json_t *root = json_pack("{s:O?,s:[{s:O?,s:[{s:O?,s:o}]}]}", "object",
				 json_object_get(w->out->root, "object"), "entry", "id",
				 json_object_get(w->entry, "id"), "changes", "field",
				 json_object_get(w->change, "field"), "value", value);
	char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	if (text) {
		raw.size = strlen(text);
		raw.data = kit_arena_strndup(w->arena, text, raw.size);
	}
	free(text);
	return raw;
}

/* ---- messages ---------------------------------------------------------- */

static struct jembatan_message *new_message(struct walk *w)
{
	struct wa_batch *b = w->out;

	if (b->message_count == w->message_room) {
		w->message_room = w->message_room ? 2 * w->message_room : 8;
		b->messages = realloc(b->messages, w->message_room * sizeof(*b->messages));
		if (!b->messages)
			abort();
	}
	struct jembatan_message *m = &b->messages[b->message_count++];
	*m = (struct jembatan_message){ .size = sizeof(*m), .raw_type = "application/json" };
	return m;
}

/* So that a batch of thousands does not look through thousands for each. */
static void list_people(struct walk *w)
{
	static const char *const ids[] = { "wa_id", "user_id" };
	json_t *contacts = json_object_get(w->value, "contacts"), *one;
	size_t i;

	w->people = json_object();
	json_array_foreach(contacts, i, one) {
		for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++) {
			const char *id = kit_json_string(one, ids[k]);

			if (id && !json_object_get(w->people, id))
				(void)json_object_set(w->people, id, one);
		}
	}
}

/* The sender's entry in contacts[]; where neither side names anybody, and one
 * stands there for one message, it is that one. */
static json_t *find_contact(const struct walk *w, const char *from, const char *user_id)
{
	json_t *contacts = json_object_get(w->value, "contacts");
	json_t *found = user_id ? json_object_get(w->people, user_id) : NULL;

	if (!found && from)
		found = json_object_get(w->people, from);
	if (!found && !from && !user_id && json_array_size(contacts) == 1 &&
	    json_array_size(json_object_get(w->value, FIELD)) == 1)
		found = json_array_get(contacts, 0);
	return found;
}

static const char *first_user_id(const char *a, const char *b, const char *c, const char *d)
{
	const char *const all[] = { a, b, c, d };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (wa_is_user_id(all[i]))
			return all[i];
	return NULL;
}

/* The business-scoped id stays with a person, a phone number may be hidden or
 * change: the one is the key, the other is kept beside it. */
static json_t *read_author(const struct walk *w, json_t *message, struct jembatan_author *out)
{
	const char *from = id_at(w, message, "from");
	const char *from_id = kit_json_string(message, "from_user_id");
	json_t *contact = find_contact(w, from, from_id);
	const char *wa_id = contact ? id_at(w, contact, "wa_id") : NULL;
	const char *user_id = first_user_id(from_id, from, contact ?
					    kit_json_string(contact, "user_id") : NULL, wa_id);
	const char *number = wa_is_number(from) ? from : wa_is_number(wa_id) ? wa_id : NULL;

	out->id = user_id ? user_id : number ? number : from ? from : wa_id;
	if (number)
		out->phone = kit_arena_printf(w->arena, "+%s", number);
	if (contact) {
		out->name = kit_json_string(contact, "profile.name");
		out->handle = kit_json_string(contact, "profile.username");
	}
	return contact;
}

static const char *dump_extra(const struct walk *w, json_t *extra)
{
	char *text = json_object_size(extra) > 0 ? json_dumps(extra, JSON_COMPACT) : NULL;
	const char *out = NULL;

	if (text && strlen(text) <= EXTRA_CEILING)
		out = kit_arena_strdup(w->arena, text);
	free(text);
	json_decref(extra);
	return out;
}

static void add_message(struct walk *w, json_t *message)
{
	struct jembatan_message *m = new_message(w);
	json_t *extra = json_object();
	json_t *contact = read_author(w, message, &m->author);

	m->id = id_at(w, message, "id");
	/* A redelivery is the same whatever stands around it; what WhatsApp could
	 * not show at first may come again with its content. */
	m->revision = kit_json_string(message, "type");
	m->thread = m->author.id;
	/* Who was known by his number alone goes on in the same thread. */
	if (m->author.phone && wa_is_user_id(m->author.id))
		m->thread_alias = m->author.phone + 1;
	m->arrived_ms = m->sent_ms = time_at(message);
	wa_content_fill(message, w->arena, m, extra);
	if (!w->is_ours)
		m->kind = JEMBATAN_IGNORED;
	m->raw = alone(w, FIELD, message, contact);
	m->extra = dump_extra(w, extra);
}

/* What belongs to no message: kept, nothing follows. */
static void add_other(struct walk *w, enum jembatan_kind kind)
{
	struct jembatan_message *m = new_message(w);
	json_t *root = json_pack("{s:O?,s:[{s:O?,s:[O]}]}", "object",
				 json_object_get(w->out->root, "object"), "entry", "id",
				 json_object_get(w->entry, "id"), "changes", w->change);
	char *text = json_dumps(root, JSON_COMPACT);

	m->kind = kind;
	if (text)
		m->raw = (struct jembatan_bytes){ kit_arena_strdup(w->arena, text), strlen(text) };
	free(text);
	json_decref(root);
}

/* ---- receipts ---------------------------------------------------------- */

static bool state_of(const char *word, enum jembatan_receipt_state *out)
{
	static const struct {
		const char *word;
		enum jembatan_receipt_state state;
	} words[] = {
		{ "sent", JEMBATAN_RECEIPT_SENT },
		{ "delivered", JEMBATAN_RECEIPT_DELIVERED },
		{ "read", JEMBATAN_RECEIPT_READ },
		{ "played", JEMBATAN_RECEIPT_READ },
		{ "failed", JEMBATAN_RECEIPT_FAILED },
	};

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0) {
			*out = words[i].state;
			return true;
		}
	}
	return false;
}

/* The code and Meta's sentence. */
static const char *reason_of(const struct walk *w, json_t *status)
{
	static const char *const places[] = { "errors.0.error_data.details", "errors.0.message",
					      "errors.0.title" };
	int64_t code = 0;
	const char *words = NULL;

	for (size_t i = 0; !words && i < sizeof(places) / sizeof(places[0]); i++)
		words = kit_json_string(status, places[i]);
	if (!kit_json_integer(status, "errors.0.code", &code) && !words)
		return NULL;
	return kit_arena_printf(w->arena, "%lld %.500s", (long long)code, words ? words : "");
}

static bool is_of_group(json_t *status)
{
	const char *type = kit_json_string(status, "recipient_type");

	return type && strcmp(type, "individual") != 0;
}

static void add_receipt(struct walk *w, json_t *status)
{
	struct wa_batch *b = w->out;
	enum jembatan_receipt_state state;
	const char *number = id_at(w, status, "recipient_id");
	const char *user_id = kit_json_string(status, "recipient_user_id");
	/* Of a group, the one is not the other's. */
	bool names_both = wa_is_number(number) && wa_is_user_id(user_id) &&
			  !is_of_group(status);

	/* Of another number, or a word that has no meaning here. */
	if (!w->is_ours || !state_of(kit_json_string(status, "status"), &state))
		return;
	if (b->receipt_count == w->receipt_room) {
		w->receipt_room = w->receipt_room ? 2 * w->receipt_room : 8;
		b->receipts = realloc(b->receipts, w->receipt_room * sizeof(*b->receipts));
		if (!b->receipts)
			abort();
	}
	b->receipts[b->receipt_count++] = (struct jembatan_receipt){
		.size = sizeof(struct jembatan_receipt),
		.remote_id = kit_json_string(status, "id"),
		.reference = kit_json_string(status, "biz_opaque_callback_data"),
		.state = state,
		.reason = state == JEMBATAN_RECEIPT_FAILED ? reason_of(w, status) : NULL,
		.at_ms = time_at(status),
		.thread = names_both ? user_id : NULL,
		.thread_alias = names_both ? number : NULL,
	};
}

/* ---- the envelope ------------------------------------------------------ */

static bool is_ours(const struct walk *w)
{
	char number[64], account[64];
	const char *to = kit_json_id(w->value, "metadata.phone_number_id", number);
	const char *of = kit_json_id(w->entry, "id", account);

	if (w->own->phone_number_id && to && strcmp(to, w->own->phone_number_id) != 0)
		return false;
	return !w->own->account_id || !of || strcmp(of, w->own->account_id) == 0;
}

static void add_value(struct walk *w)
{
	json_t *messages = json_object_get(w->value, FIELD);
	json_t *statuses = json_object_get(w->value, "statuses"), *one;
	const char *field = kit_json_string(w->change, "field");
	int64_t code = 0;
	size_t i;

	w->is_ours = is_ours(w);
	if (!field || strcmp(field, FIELD) != 0 ||
	    (!json_is_array(messages) && !json_is_array(statuses))) {
		if (kit_json_integer(w->value, "errors.0.code", &code))
			w->out->alarm_code = (int)(code & 0x7fffffff);
		add_other(w, code != 0 ? JEMBATAN_SYSTEM : JEMBATAN_IGNORED);
		return;
	}
	list_people(w);
	json_array_foreach(messages, i, one)
		add_message(w, one);
	json_decref(w->people);
	json_array_foreach(statuses, i, one)
		add_receipt(w, one);
}

/* A single message keeps the exact bytes that came. */
static void use_whole_body(struct wa_batch *b)
{
	if (b->message_count == 1 && b->receipt_count == 0)
		b->messages[0].raw = (struct jembatan_bytes){ NULL, 0 };
}

enum jembatan_result wa_parse(struct jembatan_bytes body, const struct wa_own *own,
			      struct kit_arena *arena, struct wa_batch *out, struct kit_why *why)
{
	struct wa_batch batch = { 0 };
	struct walk w = { .own = own, .arena = arena, .out = &batch };
	enum jembatan_result result = kit_json_parse(body, &batch.root, why);
	size_t i, k;

	if (result != JEMBATAN_OK)
		return result;
	json_array_foreach(json_object_get(batch.root, "entry"), i, w.entry) {
		json_array_foreach(json_object_get(w.entry, "changes"), k, w.change) {
			w.value = json_object_get(w.change, "value");
			add_value(&w);
		}
	}
	if (batch.message_count == 0 && batch.receipt_count == 0)
		new_message(&w)->kind = JEMBATAN_IGNORED;
	use_whole_body(&batch);
	*out = batch;
	return JEMBATAN_OK;
}

void wa_batch_done(struct wa_batch *batch)
{
	free(batch->messages);
	free(batch->receipts);
	json_decref(batch->root);
	*batch = (struct wa_batch){ 0 };
}
