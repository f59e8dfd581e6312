/* msg.c: the tables of fields. A tag is never given a second meaning: packed
 * messages are kept in the store. */
#include "base/msg.h"

#include <string.h>

#include "base/poison.h"

const char *msg_role_name(enum msg_role role)
{
	switch (role) {
	case MSG_ROLE_POLL:
		return "poll";
	case MSG_ROLE_REQUEST:
		return "request";
	case MSG_ROLE_DELIVER:
		return "deliver";
	case MSG_ROLE_TOOL:
		return "tool";
	}
	return "unknown";
}

static const struct field option_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_option, name),
	FIELD(2, FIELD_TEXT, struct msg_option, entry),
	FIELD(3, FIELD_TEXT, struct msg_option, value),
	FIELD(4, FIELD_TEXT, struct msg_option, where),
	FIELD_END
};

static const struct field manifest_option_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_manifest_option, name),
	FIELD(2, FIELD_U32, struct msg_manifest_option, type),
	FIELD(3, FIELD_U32, struct msg_manifest_option, flags),
	FIELD(4, FIELD_TEXT, struct msg_manifest_option, preset),
	FIELD(5, FIELD_I64, struct msg_manifest_option, minimum),
	FIELD(6, FIELD_I64, struct msg_manifest_option, maximum),
	FIELD(7, FIELD_TEXT, struct msg_manifest_option, choices),
	FIELD(8, FIELD_TEXT, struct msg_manifest_option, help),
	FIELD_END
};

const struct field msg_manifest_fields[] = {
	FIELD(1, FIELD_U32, struct msg_manifest, abi_major),
	FIELD(2, FIELD_U32, struct msg_manifest, abi_minor),
	FIELD(3, FIELD_TEXT, struct msg_manifest, name),
	FIELD(4, FIELD_TEXT, struct msg_manifest, version),
	FIELD(5, FIELD_TEXT, struct msg_manifest, summary),
	FIELD(6, FIELD_U32, struct msg_manifest, capabilities),
	FIELD_LIST_OF(7, struct msg_manifest, options, option_count, manifest_option_fields,
		      struct msg_manifest_option),
	FIELD(8, FIELD_TEXT, struct msg_manifest, confinement),
	FIELD(9, FIELD_BOOL, struct msg_manifest, confinement_degraded),
	FIELD_END
};

static const struct field skip_fields[] = {
	FIELD(1, FIELD_BYTES, struct msg_skip, key),
	FIELD_END
};

static const struct field grant_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_grant, path),
	FIELD(2, FIELD_BOOL, struct msg_grant, writable),
	FIELD_END
};

const struct field msg_open_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_open, instance),
	FIELD(2, FIELD_U32, struct msg_open, role),
	FIELD(3, FIELD_U32, struct msg_open, mode),
	FIELD(4, FIELD_TEXT, struct msg_open, cursor),
	FIELD(5, FIELD_I64, struct msg_open, start_ms),
	FIELD_LIST_OF(6, struct msg_open, options, option_count, option_fields, struct msg_option),
	FIELD_LIST_OF(7, struct msg_open, skips, skip_count, skip_fields, struct msg_skip),
	FIELD(8, FIELD_I64, struct msg_open, attachment_max_bytes),
	FIELD_LIST_OF(9, struct msg_open, grants, grant_count, grant_fields, struct msg_grant),
	FIELD_END
};

static const struct field spooled_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_spooled, token),
	FIELD(2, FIELD_SIZE, struct msg_spooled, size),
	FIELD(3, FIELD_BYTES, struct msg_spooled, sha256),
	FIELD(4, FIELD_BYTES, struct msg_spooled, key),
	FIELD_END
};

const struct field msg_begin_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_begin, id),
	FIELD(2, FIELD_TEXT, struct msg_begin, raw_type),
	FIELD_LIST_OF(3, struct msg_begin, spooled, spooled_count, spooled_fields,
		      struct msg_spooled),
	FIELD(4, FIELD_BOOL, struct msg_begin, kept_raw),
	FIELD_END
};

static const struct field file_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_file, name),
	FIELD(2, FIELD_TEXT, struct msg_file, media_type),
	FIELD(3, FIELD_TEXT, struct msg_file, reference),
	FIELD(4, FIELD_TEXT, struct msg_file, token),
	FIELD(5, FIELD_SIZE, struct msg_file, size),
	FIELD(6, FIELD_BYTES, struct msg_file, sha256),
	FIELD(7, FIELD_BYTES, struct msg_file, key),
	FIELD(8, FIELD_TEXT, struct msg_file, missing),
	FIELD_END
};

const struct field msg_message_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_message, message.id),
	FIELD(2, FIELD_TEXT, struct msg_message, message.revision),
	FIELD(3, FIELD_U32, struct msg_message, message.kind),
	FIELD(4, FIELD_U32, struct msg_message, message.flags),
	FIELD(5, FIELD_TEXT, struct msg_message, message.thread),
	FIELD(6, FIELD_TEXT, struct msg_message, message.reply_to),
	FIELD(7, FIELD_TEXT, struct msg_message, message.author.id),
	FIELD(8, FIELD_TEXT, struct msg_message, message.author.name),
	FIELD(9, FIELD_TEXT, struct msg_message, message.author.phone),
	FIELD(10, FIELD_TEXT, struct msg_message, message.author.mail),
	FIELD(11, FIELD_TEXT, struct msg_message, message.author.handle),
	FIELD(12, FIELD_TEXT, struct msg_message, message.author.identity_number),
	FIELD(13, FIELD_TEXT, struct msg_message, message.subject),
	FIELD(14, FIELD_TEXT, struct msg_message, message.text),
	FIELD(15, FIELD_TEXT, struct msg_message, message.full_text),
	FIELD(16, FIELD_I64, struct msg_message, message.sent_ms),
	FIELD(17, FIELD_I64, struct msg_message, message.arrived_ms),
	FIELD(18, FIELD_TEXT, struct msg_message, message.incident_date),
	FIELD(19, FIELD_TEXT, struct msg_message, message.category),
	FIELD(20, FIELD_TEXT, struct msg_message, message.status),
	FIELD(21, FIELD_TEXT, struct msg_message, message.place.province),
	FIELD(22, FIELD_TEXT, struct msg_message, message.place.regency),
	FIELD(23, FIELD_TEXT, struct msg_message, message.place.district),
	FIELD(24, FIELD_TEXT, struct msg_message, message.place.village),
	FIELD(25, FIELD_TEXT, struct msg_message, message.place.address),
	FIELD(26, FIELD_TEXT, struct msg_message, message.place.code),
	FIELD(27, FIELD_TEXT, struct msg_message, message.place.code_system),
	FIELD(28, FIELD_DOUBLE, struct msg_message, message.place.latitude),
	FIELD(29, FIELD_DOUBLE, struct msg_message, message.place.longitude),
	FIELD(30, FIELD_TEXT, struct msg_message, message.tracking_id),
	FIELD(31, FIELD_TEXT, struct msg_message, message.raw_type),
	FIELD(32, FIELD_TEXT, struct msg_message, message.extra),
	FIELD_LIST_OF(33, struct msg_message, files, file_count, file_fields, struct msg_file),
	FIELD_LIST_OF(34, struct msg_message, raw_spooled, raw_spooled_count, spooled_fields,
		      struct msg_spooled),
	FIELD(35, FIELD_BOOL, struct msg_message, text_cut),
	FIELD(36, FIELD_TEXT, struct msg_message, message.thread_alias),
	FIELD_END
};

const struct field msg_checkpoint_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_checkpoint, cursor),
	FIELD_END
};

const struct field msg_receipt_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_receipt, remote_id),
	FIELD(2, FIELD_TEXT, struct msg_receipt, reference),
	FIELD(3, FIELD_TEXT, struct msg_receipt, reason),
	FIELD(4, FIELD_U32, struct msg_receipt, state),
	FIELD(5, FIELD_I64, struct msg_receipt, at_ms),
	FIELD(6, FIELD_TEXT, struct msg_receipt, thread),
	FIELD(7, FIELD_TEXT, struct msg_receipt, thread_alias),
	FIELD_END
};

const struct field msg_state_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_state, key),
	FIELD(2, FIELD_BOOL, struct msg_state, found),
	FIELD_END
};

const struct field msg_log_fields[] = {
	FIELD(1, FIELD_U32, struct msg_log, level),
	FIELD(2, FIELD_TEXT, struct msg_log, text),
	FIELD_END
};

const struct field msg_result_fields[] = {
	FIELD(1, FIELD_U32, struct msg_result, result),
	FIELD(2, FIELD_TEXT, struct msg_result, why),
	FIELD(3, FIELD_I64, struct msg_result, delay_ms),
	FIELD(4, FIELD_BOOL, struct msg_result, watching),
	FIELD_END
};

static const struct field header_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_header, name),
	FIELD(2, FIELD_TEXT, struct msg_header, value),
	FIELD_END
};

const struct field msg_request_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_request, method),
	FIELD(2, FIELD_TEXT, struct msg_request, path),
	FIELD(3, FIELD_TEXT, struct msg_request, query),
	FIELD(4, FIELD_TEXT, struct msg_request, peer),
	FIELD_LIST_OF(5, struct msg_request, headers, header_count, header_fields,
		      struct msg_header),
	FIELD_END
};

const struct field msg_response_fields[] = {
	FIELD(1, FIELD_U32, struct msg_response, result),
	FIELD(2, FIELD_U32, struct msg_response, status),
	FIELD(3, FIELD_TEXT, struct msg_response, media_type),
	FIELD(4, FIELD_TEXT, struct msg_response, why),
	FIELD_END
};

const struct field msg_reply_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_reply, reference),
	FIELD(2, FIELD_TEXT, struct msg_reply, event),
	FIELD(3, FIELD_TEXT, struct msg_reply, thread),
	FIELD(4, FIELD_TEXT, struct msg_reply, reply_to),
	FIELD(5, FIELD_TEXT, struct msg_reply, to),
	FIELD(6, FIELD_TEXT, struct msg_reply, to_kind),
	FIELD(7, FIELD_TEXT, struct msg_reply, subject),
	FIELD(8, FIELD_TEXT, struct msg_reply, text),
	FIELD(9, FIELD_TEXT, struct msg_reply, language),
	FIELD(10, FIELD_TEXT, struct msg_reply, extra),
	FIELD(11, FIELD_U32, struct msg_reply, flags),
	FIELD(12, FIELD_I64, struct msg_reply, window_until_ms),
	FIELD_END
};

const struct field msg_delivered_fields[] = {
	FIELD(1, FIELD_U32, struct msg_delivered, outcome),
	FIELD(2, FIELD_TEXT, struct msg_delivered, remote_id),
	FIELD(3, FIELD_TEXT, struct msg_delivered, why),
	FIELD(4, FIELD_I64, struct msg_delivered, at_ms),
	FIELD(5, FIELD_U32, struct msg_delivered, result),
	FIELD_END
};

const struct field msg_consent_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_consent, answer),
	FIELD_END
};

const struct field msg_consented_fields[] = {
	FIELD(1, FIELD_U32, struct msg_consented, result),
	FIELD(2, FIELD_TEXT, struct msg_consented, why),
	FIELD(3, FIELD_TEXT, struct msg_consented, url),
	FIELD_END
};

const struct field msg_fetch_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_fetch, reference),
	FIELD_END
};

const struct field msg_fetched_fields[] = {
	FIELD(1, FIELD_U32, struct msg_fetched, result),
	FIELD(2, FIELD_TEXT, struct msg_fetched, why),
	FIELD_LIST_OF(3, struct msg_fetched, spooled, spooled_count, spooled_fields,
		      struct msg_spooled),
	FIELD_END
};

const struct field msg_sample_fields[] = {
	FIELD(1, FIELD_BOOL, struct msg_sample, last),
	FIELD_END
};

static const struct field argument_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_argument, name),
	FIELD(2, FIELD_TEXT, struct msg_argument, value),
	FIELD_END
};

const struct field msg_command_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_command, name),
	FIELD_LIST_OF(2, struct msg_command, arguments, argument_count, argument_fields,
		      struct msg_argument),
	FIELD_END
};

const struct field msg_progress_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_progress, text),
	FIELD(2, FIELD_I64, struct msg_progress, done),
	FIELD(3, FIELD_I64, struct msg_progress, total),
	FIELD_END
};

const struct field msg_end_fields[] = {
	FIELD(1, FIELD_U32, struct msg_end, exit_code),
	FIELD(2, FIELD_TEXT, struct msg_end, why),
	FIELD_END
};

const struct field msg_web_open_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_web_open, listen),
	FIELD(2, FIELD_TEXT, struct msg_web_open, address_header),
	FIELD(3, FIELD_SIZE, struct msg_web_open, connections),
	FIELD(4, FIELD_SIZE, struct msg_web_open, per_address),
	FIELD(5, FIELD_SIZE, struct msg_web_open, body_max_bytes),
	FIELD(6, FIELD_I64, struct msg_web_open, header_ms),
	FIELD(7, FIELD_I64, struct msg_web_open, body_ms),
	FIELD(8, FIELD_I64, struct msg_web_open, answer_ms),
	FIELD(9, FIELD_BOOL, struct msg_web_open, log_json),
	FIELD(10, FIELD_U32, struct msg_web_open, log_level),
	FIELD_END
};

const struct field msg_web_state_fields[] = {
	FIELD(1, FIELD_TEXT, struct msg_web_state, listening),
	FIELD(2, FIELD_TEXT, struct msg_web_state, why),
	FIELD(3, FIELD_TEXT, struct msg_web_state, confinement),
	FIELD(4, FIELD_BOOL, struct msg_web_state, degraded),
	FIELD_END
};

const struct field msg_web_request_fields[] = {
	FIELD(1, FIELD_U32, struct msg_web_request, room),
	FIELD(2, FIELD_TEXT, struct msg_web_request, instance),
	FIELD(3, FIELD_TEXT, struct msg_web_request, method),
	FIELD(4, FIELD_TEXT, struct msg_web_request, path),
	FIELD(5, FIELD_TEXT, struct msg_web_request, query),
	FIELD(6, FIELD_TEXT, struct msg_web_request, peer),
	FIELD_LIST_OF(7, struct msg_web_request, headers, header_count, header_fields, struct msg_header),
	FIELD_END
};

const struct field msg_web_answer_fields[] = {
	FIELD(1, FIELD_U32, struct msg_web_answer, status),
	FIELD(2, FIELD_U32, struct msg_web_answer, problem),
	FIELD(3, FIELD_TEXT, struct msg_web_answer, media_type),
	FIELD(4, FIELD_TEXT, struct msg_web_answer, detail_id),
	FIELD(5, FIELD_TEXT, struct msg_web_answer, detail_en),
	FIELD(6, FIELD_TEXT, struct msg_web_answer, location),
	FIELD(7, FIELD_TEXT, struct msg_web_answer, allow),
	FIELD(8, FIELD_U32, struct msg_web_answer, retry_after_s),
	FIELD_END
};

const struct field msg_web_counts_fields[] = {
	FIELD(1, FIELD_SIZE, struct msg_web_counts, connections),
	FIELD(2, FIELD_SIZE, struct msg_web_counts, requests_under_way),
	FIELD(3, FIELD_SIZE, struct msg_web_counts, requests),
	FIELD(4, FIELD_SIZE, struct msg_web_counts, cut),
	FIELD(5, FIELD_SIZE, struct msg_web_counts, too_many),
	FIELD(6, FIELD_SIZE, struct msg_web_counts, too_large),
	FIELD(7, FIELD_SIZE, struct msg_web_counts, late),
	FIELD_END
};

#define SHORT_MAX 1024u

static enum jembatan_result check_lengths(const struct msg_message *m, struct why *why)
{
	const char *const shorts[] = {
		m->message.id, m->message.revision, m->message.thread, m->message.reply_to,
		m->message.author.id, m->message.author.name, m->message.author.phone,
		m->message.author.mail, m->message.author.handle, m->message.tracking_id,
		m->message.raw_type, m->message.thread_alias,
	};
	for (size_t i = 0; i < COUNT_OF(shorts); i++)
		if (shorts[i] != NULL && strlen(shorts[i]) > SHORT_MAX)
			return why_set(why, JEMBATAN_DATA, "a message's id, thread or name is too long");
	const char *const texts[] = { m->message.subject, m->message.text, m->message.full_text,
				      m->message.extra };
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i] != NULL && strlen(texts[i]) > MSG_TEXT_MAX)
			return why_set(why, JEMBATAN_DATA, "a message's text is too long");
	return JEMBATAN_OK;
}

enum jembatan_result msg_message_unpack(struct jembatan_bytes in, struct arena *arena,
					struct msg_message *out, struct why *why)
{
	struct msg_message m = { 0 };
	m.message.size = sizeof(m.message);
	enum jembatan_result r = field_unpack(msg_message_fields, in, arena, &m, why);
	if (r == JEMBATAN_OK)
		r = check_lengths(&m, why);
	if (r != JEMBATAN_OK)
		return r;
	if ((unsigned)m.message.kind > JEMBATAN_IGNORED)
		return why_set(why, JEMBATAN_DATA, "a message's kind %u is unknown",
			       (unsigned)m.message.kind);
	*out = m;
	return JEMBATAN_OK;
}

const char *msg_argument(const struct msg_command *c, const char *name)
{
	for (size_t i = 0; i < c->argument_count; i++)
		if (str_equal(c->arguments[i].name, name))
			return c->arguments[i].value;
	return NULL;
}

/* raw: or NULL. */
static struct digest id_digest(const char *id, const struct digest *raw)
{
	struct digest_state *s = digest_begin(bytes_text(NULL));
	digest_part_text(s, id);
	if (raw != NULL)
		digest_part(s, bytes_of(raw->bytes, DIGEST_SIZE));
	return digest_end(s);
}

struct msg_record_keys msg_record_keys(const char *id, const struct digest *raw)
{
	if (id == NULL)
		return (struct msg_record_keys){ .record = *raw };
	return (struct msg_record_keys){ id_digest(id, raw), id_digest(id, NULL) };
}
