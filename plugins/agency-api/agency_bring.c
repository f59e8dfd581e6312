/* agency_bring.c: a record on its way to the core: its bytes first, then what
 * they mean. Knows no network, so preview and fuzzers use it too. */
#include "agency-api/agency_bring.h"

/* Kept byte for byte, and shown; what is behind it goes on. */
static enum jembatan_result bring_unreadable(const struct agency_mapping *m,
					     const struct agency_record *record,
					     const char *reason,
					     struct kit_arena *arena)
{
	struct jembatan_message message;

	if (record->where)
		reason = kit_arena_printf(arena, "%s: %s", record->where, reason);
	jembatan_log(m->ctx, JEMBATAN_WARNING, "record %s cannot be read: %s",
		     record->id ? record->id : "without id", reason);
	agency_parse_unreadable(record, reason, arena, &message);
	return jembatan_emit(m->ctx, &message);
}

static enum jembatan_result emit_all(const struct agency_mapping *m,
				     const struct agency_messages *messages,
				     const struct agency_record *record)
{
	struct jembatan_message nothing = {
		.size = sizeof(nothing),
		.id = record->id,
		.revision = record->revision,
		.kind = JEMBATAN_IGNORED,
		.arrived_ms = record->has_created ? record->created_ms : 0,
		.raw_type = "application/json",
	};
	enum jembatan_result result = JEMBATAN_OK;

	if (messages->count == 0)
		return jembatan_emit(m->ctx, &nothing);
	for (size_t i = 0; i < messages->count && result == JEMBATAN_OK; i++)
		result = jembatan_emit(m->ctx, &messages->list[i]);
	return result;
}

enum jembatan_result agency_bring(const struct agency_mapping *m,
				  struct jembatan_bytes bytes,
				  const struct agency_record *record,
				  enum jembatan_result parsed,
				  const char *reason, struct kit_arena *arena)
{
	struct agency_messages messages = { 0 };
	struct kit_why why = { "" };
	enum jembatan_result result =
		jembatan_begin(m->ctx, record->id, bytes, "application/json");

	if (result == JEMBATAN_DATA)
		return JEMBATAN_OK; /* in quarantine already */
	if (result != JEMBATAN_OK)
		return result;
	if (parsed != JEMBATAN_OK)
		return bring_unreadable(m, record, reason, arena);
	if (agency_parse_messages(m, bytes, record, arena, &messages, &why) !=
	    JEMBATAN_OK)
		return bring_unreadable(m, record, why.text, arena);
	result = emit_all(m, &messages, record);
	agency_messages_done(&messages);
	return result;
}

enum jembatan_result agency_bring_bad(struct jembatan_context *ctx, const char *id,
				      struct jembatan_bytes bytes, const char *type,
				      const char *reason)
{
	char revision[65];
	struct jembatan_message message = {
		.size = sizeof(message),
		.id = id,
		.revision = revision,
		.kind = JEMBATAN_UNREADABLE,
		.text = reason,
		.raw_type = type,
	};
	enum jembatan_result result = jembatan_begin(ctx, id, bytes, type);

	if (result == JEMBATAN_DATA)
		return JEMBATAN_OK; /* in quarantine already */
	if (result != JEMBATAN_OK)
		return result;
	kit_signature_make("revision", bytes, revision);
	return jembatan_emit(ctx, &message);
}
