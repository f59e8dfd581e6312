/* ticket_key.c: which messages are the same, and which have changed. All keyed:
 * a digest of a short text or a phone number could be guessed otherwise. */
#include "ticket/ticket.h"

#include <string.h>

#include "base/poison.h"

static void add_files(struct digest_state *d, const struct msg_message *m)
{
	for (size_t i = 0; i < m->file_count; i++) {
		digest_part_text(d, m->files[i].name);
		digest_part_text(d, m->files[i].reference);
		digest_part(d, m->files[i].sha256);
	}
}

static bool has_author(const struct jembatan_author *a)
{
	return a->id != NULL || a->phone != NULL || a->mail != NULL;
}

#define NEAR_CUT 2u /* characters at the end of an id */
#define NEAR_SIZE 4u /* of what the store keeps: the rest is the id's own */

static void lie_near(struct ticket_keys keys, const char *instance, const char *id,
		     struct digest *key)
{
	size_t n = strlen(id);
	struct digest_state *d = digest_begin(keys.local);

	digest_part_text(d, "near");
	digest_part_text(d, instance);
	digest_part(d, bytes_of(id, n > NEAR_CUT ? n - NEAR_CUT : 0));
	struct digest near = digest_end(d);
	memcpy(key->bytes, near.bytes, NEAR_SIZE);
}

struct digest ticket_same_key(struct ticket_keys keys, const char *instance,
			      const struct msg_message *m)
{
	const struct jembatan_message *message = &m->message;
	struct digest_state *d = digest_begin(keys.local);
	bool has_id = message->id != NULL && *message->id != '\0';

	digest_part_text(d, has_id ? "id" : has_author(&message->author) ? "author" : "raw");
	digest_part_text(d, instance);
	if (has_id) {
		digest_part_text(d, message->id);
		struct digest key = digest_end(d);
		if (keys.near)
			lie_near(keys, instance, message->id, &key);
		return key;
	}
	digest_part_text(d, message->author.id);
	digest_part_text(d, message->author.phone);
	digest_part_text(d, message->author.mail);
	digest_part_text(d, message->subject);
	digest_part_text(d, message->text);
	add_files(d, m);
	/* Two people who say the same without a name are told apart by what
	 * else stands in their raw bytes. */
	if (!has_author(&message->author)) {
		if (m->raw_spooled_count > 0)
			digest_part(d, m->raw_spooled[0].sha256);
		else
			digest_part(d, message->raw);
	}
	return digest_end(d);
}

struct digest ticket_revision_digest(struct jembatan_bytes hmac_key, const struct msg_message *m)
{
	const struct jembatan_message *message = &m->message;
	struct digest_state *d = digest_begin(hmac_key);
	unsigned flags = message->flags & (JEMBATAN_ANONYMOUS | JEMBATAN_SECRET_REPORT);

	if (message->revision != NULL && *message->revision != '\0') {
		digest_part_text(d, "revision");
		digest_part_text(d, message->revision);
		return digest_end(d);
	}
	digest_part_text(d, "content");
	digest_part(d, bytes_of(&flags, sizeof(flags)));
	digest_part_text(d, message->subject);
	digest_part_text(d, message->text);
	digest_part_text(d, message->full_text);
	digest_part_text(d, message->incident_date);
	digest_part_text(d, message->category);
	digest_part_text(d, message->place.province);
	digest_part_text(d, message->place.regency);
	digest_part_text(d, message->place.district);
	digest_part_text(d, message->place.village);
	digest_part_text(d, message->place.address);
	digest_part_text(d, message->place.code);
	add_files(d, m);
	return digest_end(d);
}
