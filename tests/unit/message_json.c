/* message_json.c: a message as a JSON object. */
#include "message_json.h"

static const char *const kinds[] = { "new", "follow_up", "edit", "deletion",
				     "reaction", "receipt", "system",
				     "unreadable", "ignored" };

static void put(json_t *line, const char *name, const char *value)
{
	if (value)
		(void)json_object_set_new(line, name, json_string(value));
}

static void put_number(json_t *line, const char *name, int64_t value)
{
	if (value)
		(void)json_object_set_new(line, name, json_integer(value));
}

static void put_attachments(json_t *line, const struct jembatan_message *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->attachment_count; i++) {
		json_t *one = json_object();

		put(one, "name", m->attachments[i].name);
		put(one, "type", m->attachments[i].media_type);
		put(one, "url", m->attachments[i].reference);
		(void)json_array_append_new(list, one);
	}
	if (m->attachment_count > 0)
		(void)json_object_set(line, "attachments", list);
	json_decref(list);
}

static void put_flags(json_t *line, const struct jembatan_message *m)
{
	static const char *const names[] = { "anonymous", "secret", "automatic",
					     "from_centre" };

	for (unsigned i = 0; i < 4; i++)
		if (m->flags & (1u << i))
			(void)json_object_set_new(line, names[i], json_true());
	if (m->flags & JEMBATAN_HAS_POSITION) {
		(void)json_object_set_new(line, "latitude", json_real(m->place.latitude));
		(void)json_object_set_new(line, "longitude",
					  json_real(m->place.longitude));
	}
}

json_t *message_json(const struct jembatan_message *m)
{
	json_t *line = json_object();

	put(line, "id", m->id);
	put(line, "revision", m->revision);
	put(line, "kind", kinds[m->kind]);
	put(line, "author_id", m->author.id);
	put(line, "name", m->author.name);
	put(line, "phone", m->author.phone);
	put(line, "mail", m->author.mail);
	put(line, "subject", m->subject);
	put(line, "text", m->text);
	put_number(line, "sent_ms", m->sent_ms);
	put_number(line, "arrived_ms", m->arrived_ms);
	put(line, "category", m->category);
	put(line, "status", m->status);
	put(line, "province", m->place.province);
	put(line, "regency", m->place.regency);
	put(line, "district", m->place.district);
	put(line, "village", m->place.village);
	put(line, "address", m->place.address);
	put(line, "tracking_id", m->tracking_id);
	put(line, "thread", m->thread);
	put(line, "thread_alias", m->thread_alias);
	put(line, "reply_to", m->reply_to);
	put(line, "identity_number", m->author.identity_number);
	put_flags(line, m);
	put(line, "extra", m->extra);
	put_attachments(line, m);
	put_number(line, "raw_bytes", (int64_t)m->raw.size);
	return line;
}
