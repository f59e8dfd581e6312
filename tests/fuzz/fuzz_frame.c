/* fuzz_frame.c: what a mad child may send. An input that begins with 'F' is a
 * stream of frames; else its first byte picks a table and the rest is fields.
 * What unpacks must pack again to something that unpacks to the same bytes. */
#include "base/msg.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any {
	struct msg_manifest manifest;
	struct msg_open open;
	struct msg_begin begin;
	struct msg_message message;
	struct msg_checkpoint checkpoint;
	struct msg_receipt receipt;
	struct msg_state state;
	struct msg_log log;
	struct msg_result result;
	struct msg_request request;
	struct msg_response response;
	struct msg_reply reply;
	struct msg_delivered delivered;
	struct msg_fetch fetch;
	struct msg_fetched fetched;
	struct msg_sample sample;
	struct msg_command command;
	struct msg_progress progress;
	struct msg_end end;
};

static const struct {
	uint8_t type;
	const struct field *table;
} tables[] = {
	{ MSG_OPEN, msg_open_fields },
	{ MSG_REQUEST, msg_request_fields },
	{ MSG_REPLY, msg_reply_fields },
	{ MSG_FETCH, msg_fetch_fields },
	{ MSG_CONSENT, msg_consent_fields },
	{ MSG_COMMITTED, msg_result_fields },
	{ MSG_VALUE, msg_state_fields },
	{ MSG_SAMPLE, msg_sample_fields },
	{ MSG_MANIFEST, msg_manifest_fields },
	{ MSG_BEGIN, msg_begin_fields },
	{ MSG_MESSAGE, msg_message_fields },
	{ MSG_CHECKPOINT, msg_checkpoint_fields },
	{ MSG_RECEIPT, msg_receipt_fields },
	{ MSG_LOG, msg_log_fields },
	{ MSG_RESPONSE, msg_response_fields },
	{ MSG_DELIVERED, msg_delivered_fields },
	{ MSG_FETCHED, msg_fetched_fields },
	{ MSG_CONSENTED, msg_consented_fields },
	{ MSG_COMMAND, msg_command_fields },
	{ MSG_PROGRESS, msg_progress_fields },
	{ MSG_END, msg_end_fields },
};

static bool unpack(const struct field *table, struct jembatan_bytes in, struct arena *arena,
		   union any *out)
{
	struct why why;
	memset(out, 0, sizeof(*out));
	return field_unpack(table, in, arena, out, &why) == JEMBATAN_OK;
}

static void there_and_back(const struct field *table, struct jembatan_bytes in)
{
	struct arena *arena = arena_new();
	struct buf once, twice;
	union any value;
	buf_init(&once, 16 * FRAME_META_MAX);
	buf_init(&twice, 16 * FRAME_META_MAX);
	if (unpack(table, in, arena, &value)) {
		field_pack(table, &value, &once);
		ASSERT(!buf_is_full(&once));
		ASSERT(unpack(table, buf_bytes(&once), arena, &value));
		field_pack(table, &value, &twice);
		ASSERT(once.size == twice.size &&
		       (once.size == 0 || memcmp(once.data, twice.data, once.size) == 0));
	}
	if (table == msg_message_fields) {
		memset(&value, 0, sizeof(value));
		if (msg_message_unpack(in, arena, &value.message, NULL) == JEMBATAN_OK)
			ASSERT(value.message.message.kind <= JEMBATAN_IGNORED);
	}
	buf_done(&once);
	buf_done(&twice);
	arena_free(arena);
}

static void stream(struct jembatan_bytes in)
{
	struct frame frame;
	size_t used;
	while (frame_parse(in, &frame, &used, NULL) == JEMBATAN_OK) {
		ASSERT(used >= FRAME_HEADER_SIZE && used <= in.size);
		ASSERT(used == FRAME_HEADER_SIZE + frame.meta.size + frame.blob.size);
		for (size_t i = 0; i < COUNT_OF(tables); i++)
			if (tables[i].type == frame.type)
				there_and_back(tables[i].table, frame.meta);
		in = bytes_of((const char *)in.data + used, in.size - used);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 'F')
		stream(bytes_of(data + 1, size - 1));
	else
		there_and_back(tables[data[0] % COUNT_OF(tables)].table,
			       bytes_of(data + 1, size - 1));
	return 0;
}
