/* records.c: what a plugin hands over. BEGIN is flushed before begin() returns,
 * so that a record which kills its parser has already reached the core.
 * Everything is checked and cut here; the core checks again, since a frame may
 * come from a child that has been taken over. */
#include "connector/host.h"

#include "base/fault.h"
#include "base/jx.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

#include "base/poison.h"

#define KEY_MAX 1024u
#define LINE_MAX_BYTES 1024u
#define PARAGRAPH_MAX 4096u
#define CURSOR_MAX (64u * 1024u)
#define ATTACHMENTS_MAX 100u
#define RECEIPT_SIZE_0_1 offsetof(struct jembatan_receipt, thread)
#define MESSAGE_SIZE_0_1 offsetof(struct jembatan_message, thread_alias)

/* A key tells records apart, so it is never cut: one that is too long or not
 * text is replaced by its digest, the same each time. */
static const char *key_text(struct host *h, const char *key)
{
	if (!key || (strlen(key) <= KEY_MAX && text_is_utf8(key, strlen(key))))
		return key;
	char hex[2 * DIGEST_SIZE + 1];
	struct digest d = digest_sha256(bytes_text(key));
	digest_hex(d.bytes, DIGEST_SIZE, hex);
	return arena_printf(h->scratch, "sha256:%s", hex);
}

static bool is_listed(const struct host *h, const struct digest *key)
{
	for (size_t i = 0; i < h->open.skip_count; i++)
		if (h->open.skips[i].key.size == DIGEST_SIZE &&
		    memcmp(h->open.skips[i].key.data, key->bytes, DIGEST_SIZE) == 0)
			return true;
	return false;
}

enum records_skip records_skip(const struct host *h, const char *id, struct jembatan_bytes raw)
{
	if (h->open.skip_count == 0)
		return RECORDS_READ;
	struct digest bytes = digest_sha256(raw);
	struct msg_record_keys keys = msg_record_keys(id, &bytes);
	if (is_listed(h, &keys.record))
		return RECORDS_LEAVE;
	return id != NULL && is_listed(h, &keys.id) ? RECORDS_KEEP_RAW : RECORDS_READ;
}

/* Large raw bytes go through the spool: the frame then names the file. A
 * request's body does not: nobody who forges one makes us write to the disk. */
static enum jembatan_result spool_raw(struct host *h, struct jembatan_bytes *raw,
				      struct msg_spooled *spooled, size_t *out_count)
{
	const char *token;
	size_t most = h->call == HOST_CALL_REQUEST ? FRAME_BLOB_MAX : FRAME_PIECE_MAX;
	*out_count = 0;
	if (raw->size <= most)
		return JEMBATAN_OK;
	enum jembatan_result r = spool_whole(&h->spool, *raw, &token, &h->why);
	if (r != JEMBATAN_OK)
		return r;
	ASSERT(spool_name(&h->spool, token, spooled));
	*raw = bytes_text(NULL);
	*out_count = 1;
	return JEMBATAN_OK;
}

static enum jembatan_result send_begin(struct host *h, const char *id, struct jembatan_bytes raw,
				       const char *raw_type, bool kept_raw)
{
	struct msg_spooled spooled;
	struct msg_begin begin = { .id = id, .spooled = &spooled, .kept_raw = kept_raw,
				   .raw_type = host_clean(h, raw_type, LINE_MAX_BYTES, NULL) };
	h->begun = digest_sha256(raw);
	h->has_begun = !kept_raw;
	enum jembatan_result r = spool_raw(h, &raw, &spooled, &begin.spooled_count);
	if (r == JEMBATAN_OK)
		r = link_send(&h->link, MSG_BEGIN, h->call_seq, msg_begin_fields, &begin, raw,
			      &h->why);
	if (r == JEMBATAN_OK)
		r = link_flush(&h->link, &h->why);
	FAULT_POINT("host-begun");
	return r;
}

enum jembatan_result records_send_begin(struct host *h, const char *id, struct jembatan_bytes raw,
					const char *raw_type)
{
	return send_begin(h, id, raw, raw_type, false);
}

enum jembatan_result records_begin(struct jembatan_context *context, const char *id,
				   struct jembatan_bytes raw, const char *raw_type)
{
	struct host *h = host_of(context);
	if (!host_may(h, HOST_CALL_POLL | HOST_CALL_REQUEST | HOST_CALL_PREVIEW, "begin()"))
		return JEMBATAN_CONFIG;
	arena_reset(h->scratch);
	id = key_text(h, id);
	enum records_skip skip = records_skip(h, id, raw);
	if (skip == RECORDS_LEAVE) {
		h->has_begun = false; /* what is explained now is of this record */
		return JEMBATAN_DATA;
	}
	/* The request's body holds it and has been begun. */
	if (h->call == HOST_CALL_REQUEST)
		return JEMBATAN_OK;
	enum jembatan_result r = send_begin(h, id, raw, raw_type, skip == RECORDS_KEEP_RAW);
	return r == JEMBATAN_OK && skip == RECORDS_KEEP_RAW ? JEMBATAN_DATA : r;
}

void records_unusable(struct host *h)
{
	/* In the other calls the answer itself says why. */
	if (h->call != HOST_CALL_POLL || !h->has_begun)
		return;
	arena_reset(h->scratch);
	const struct msg_result unusable = { .result = JEMBATAN_DATA, .why = host_explained(h) };
	if (link_send(&h->link, MSG_UNUSABLE, h->call_seq, msg_result_fields, &unusable,
		      bytes_text(NULL), NULL) == JEMBATAN_FATAL)
		h->link.stopping = true;
}

/* ---- emit ---- */

static void clean_lines(struct host *h, struct jembatan_message *m)
{
	const char **const lines[] = {
		&m->author.id, &m->author.name, &m->author.phone, &m->author.mail,
		&m->author.handle, &m->author.identity_number, &m->incident_date, &m->category,
		&m->status, &m->place.province, &m->place.regency, &m->place.district,
		&m->place.village, &m->place.code, &m->place.code_system, &m->tracking_id,
		&m->raw_type,
	};
	const char **const keys[] = { &m->id, &m->revision, &m->thread, &m->reply_to,
				      &m->thread_alias };
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		*lines[i] = host_clean(h, *lines[i], LINE_MAX_BYTES, NULL);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		*keys[i] = key_text(h, *keys[i]);
}

static enum jembatan_result check_extra(struct host *h, const char *extra)
{
	json_t *value = NULL;
	if (!extra)
		return JEMBATAN_OK;
	if (strlen(extra) > MSG_TEXT_MAX)
		return why_set(&h->why, JEMBATAN_DATA, "a message's `extra` exceeds %u bytes",
			       MSG_TEXT_MAX);
	enum jembatan_result r = jx_parse(bytes_text(extra), &value, &h->why);
	if (r != JEMBATAN_OK)
		return why_prefix(&h->why, r, "a message's `extra`");
	if (!json_is_object(value))
		r = why_set(&h->why, JEMBATAN_DATA, "a message's `extra` is not a JSON object");
	json_decref(value);
	return r;
}

static enum jembatan_result fill_file(struct host *h, const struct jembatan_attachment *from,
				      struct msg_file *out)
{
	struct msg_spooled spooled;
	*out = (struct msg_file){
		.name = host_clean(h, from->name, LINE_MAX_BYTES, NULL),
		.media_type = host_clean(h, from->media_type, LINE_MAX_BYTES, NULL),
		.reference = from->reference,
	};
	/* A cut reference would fetch something else: it is used whole or not. */
	if (from->reference && (strlen(from->reference) > PARAGRAPH_MAX ||
				!text_is_utf8(from->reference, strlen(from->reference)))) {
		out->reference = NULL;
		out->missing = "its reference is too long or not text";
	} else if (from->spool && spool_name(&h->spool, from->spool, &spooled)) {
		out->token = spooled.token;
		out->size = spooled.size;
		out->sha256 = spooled.sha256;
		out->key = spooled.key;
	} else if (from->spool) {
		return why_set(&h->why, JEMBATAN_DATA, "an attachment names a spool token that is "
			       "not from this batch: a bug of the plugin");
	} else if (!from->reference) {
		out->missing = h->spool_why.text[0] ? host_clean(h, h->spool_why.text,
								 LINE_MAX_BYTES, NULL)
						    : "the channel did not give it";
	}
	return JEMBATAN_OK;
}

static enum jembatan_result fill_files(struct host *h, struct msg_message *m)
{
	const struct jembatan_attachment *from = m->message.attachments;
	size_t count = m->message.attachment_count;
	if (count > ATTACHMENTS_MAX)
		return why_set(&h->why, JEMBATAN_DATA,
			       "a message has %zu attachments; %u are taken", count,
			       ATTACHMENTS_MAX);
	struct msg_file *files = arena_alloc(h->scratch, count * sizeof(*files));
	for (size_t i = 0; i < count; i++) {
		enum jembatan_result r = fill_file(h, &from[i], &files[i]);
		if (r != JEMBATAN_OK)
			return r;
	}
	m->files = files;
	m->file_count = count;
	m->message.attachments = NULL;
	m->message.attachment_count = 0;
	return JEMBATAN_OK;
}

/* The message as it will travel, in h->scratch. */
static enum jembatan_result prepare(struct host *h, const struct jembatan_message *from,
				    struct msg_message *out)
{
	*out = (struct msg_message){ 0 };
	struct jembatan_message *m = &out->message;
	if (from->size < MESSAGE_SIZE_0_1)
		return why_set(&h->why, JEMBATAN_CONFIG,
			       "a message has size %zu, not %zu: set it to sizeof; a bug of the "
			       "plugin",
			       from->size, sizeof(*from));
	/* An older plugin's ends earlier. */
	memcpy(m, from, from->size < sizeof(*m) ? from->size : sizeof(*m));
	m->size = sizeof(*m);
	if ((unsigned)m->kind > JEMBATAN_IGNORED)
		return why_set(&h->why, JEMBATAN_DATA, "a message has the unknown kind %u",
			       (unsigned)m->kind);
	clean_lines(h, m);
	m->subject = host_clean(h, m->subject, PARAGRAPH_MAX, &out->text_cut);
	m->text = host_clean(h, m->text, MSG_TEXT_MAX, &out->text_cut);
	m->full_text = host_clean(h, m->full_text, MSG_TEXT_MAX, &out->text_cut);
	m->place.address = host_clean(h, m->place.address, PARAGRAPH_MAX, NULL);
	enum jembatan_result r = check_extra(h, m->extra);
	return r == JEMBATAN_OK ? fill_files(h, out) : r;
}

static bool was_begun(const struct host *h, struct jembatan_bytes raw)
{
	struct digest d = digest_sha256(raw);
	return h->has_begun && memcmp(d.bytes, h->begun.bytes, DIGEST_SIZE) == 0;
}

enum jembatan_result records_emit(struct jembatan_context *context,
				  const struct jembatan_message *message)
{
	struct host *h = host_of(context);
	struct msg_message m;
	struct msg_spooled spooled;
	if (!host_may(h, HOST_CALL_POLL | HOST_CALL_REQUEST | HOST_CALL_PREVIEW, "emit()"))
		return JEMBATAN_CONFIG;
	arena_reset(h->scratch);
	enum jembatan_result r = prepare(h, message, &m);
	if (r != JEMBATAN_OK) {
		host_log(h, JEMBATAN_WARNING, h->why.text);
		return r;
	}
	struct jembatan_bytes raw = m.message.raw;
	m.message.raw = bytes_text(NULL);
	if (raw.size > 0 && was_begun(h, raw))
		raw = bytes_text(NULL);
	m.raw_spooled = &spooled;
	r = spool_raw(h, &raw, &spooled, &m.raw_spooled_count);
	if (r == JEMBATAN_OK)
		r = link_send(&h->link, MSG_MESSAGE, h->call_seq, msg_message_fields, &m, raw,
			      &h->why);
	h->spool_why.text[0] = '\0';
	FAULT_POINT("host-emitted");
	return r;
}

/* ---- what is on disk ---- */

enum jembatan_result records_settle(struct host *h)
{
	uint32_t seq = h->ahead;
	if (h->not_stored.text[0])
		return why_set(&h->why, JEMBATAN_FATAL, "%s", h->not_stored.text);
	if (seq == 0)
		return JEMBATAN_OK;
	h->ahead = 0;
	enum jembatan_result r = host_await_commit(h, seq);
	FAULT_POINT("host-committed");
	if (r == JEMBATAN_OK)
		return r;
	h->link.stopping = true;
	h->not_stored = h->why; /* what came behind it builds on it */
	return JEMBATAN_FATAL;
}

/* The frame that asks for the commit; what is begun next belongs behind it. */
static enum jembatan_result send_checkpoint(struct host *h, const char *cursor,
					    const char *function, uint32_t *out_seq)
{
	const struct msg_checkpoint checkpoint = { .cursor = cursor };
	if (!host_may(h, HOST_CALL_POLL, function))
		return JEMBATAN_CONFIG;
	if (cursor && (strlen(cursor) > CURSOR_MAX || !text_is_utf8(cursor, strlen(cursor))))
		return why_set(&h->why, JEMBATAN_CONFIG,
			       "the plugin's cursor is not text or exceeds 64 KiB: a bug of the "
			       "plugin");
	enum jembatan_result r = records_settle(h);
	if (r != JEMBATAN_OK)
		return r;
	uint32_t seq = h->link.next_seq++;
	arena_reset(h->scratch);
	if (link_send(&h->link, MSG_CHECKPOINT, seq, msg_checkpoint_fields, &checkpoint,
		      bytes_text(NULL), &h->why) != JEMBATAN_OK ||
	    link_flush(&h->link, &h->why) != JEMBATAN_OK)
		return JEMBATAN_FATAL;
	FAULT_POINT("host-checkpoint");
	/* The core has the names of all files that it is to keep. */
	spool_forget(&h->spool);
	h->has_begun = false;
	*out_seq = seq;
	return JEMBATAN_OK;
}

enum jembatan_result records_checkpoint(struct jembatan_context *context, const char *cursor)
{
	struct host *h = host_of(context);
	uint32_t seq;
	enum jembatan_result r = send_checkpoint(h, cursor, "checkpoint()", &seq);
	if (r != JEMBATAN_OK)
		return r;
	r = host_await_commit(h, seq);
	FAULT_POINT("host-committed");
	return r;
}

enum jembatan_result records_checkpoint_ahead(struct jembatan_context *context, const char *cursor)
{
	struct host *h = host_of(context);
	enum jembatan_result r = send_checkpoint(h, cursor, "checkpoint_ahead()", &h->ahead);
	if (r == JEMBATAN_OK)
		FAULT_POINT("host-ahead");
	return r;
}

enum jembatan_result records_receipt(struct jembatan_context *context,
				     const struct jembatan_receipt *receipt)
{
	struct host *h = host_of(context);
	if (!host_may(h, HOST_CALL_POLL | HOST_CALL_REQUEST | HOST_CALL_PREVIEW, "receipt()"))
		return JEMBATAN_CONFIG;
	if (receipt->size < RECEIPT_SIZE_0_1 || (unsigned)receipt->state > JEMBATAN_RECEIPT_FAILED)
		return why_set(&h->why, JEMBATAN_CONFIG,
			       "a receipt has a wrong size or state: a bug of the plugin");
	bool has_threads = receipt->size >= sizeof(*receipt);
	arena_reset(h->scratch);
	const struct msg_receipt out = {
		.remote_id = key_text(h, receipt->remote_id),
		.reference = key_text(h, receipt->reference),
		.reason = host_clean(h, receipt->reason, LINE_MAX_BYTES, NULL),
		.state = receipt->state,
		.at_ms = receipt->at_ms,
		.thread = has_threads ? key_text(h, receipt->thread) : NULL,
		.thread_alias = has_threads ? key_text(h, receipt->thread_alias) : NULL,
	};
	return link_send(&h->link, MSG_RECEIPT, h->call_seq, msg_receipt_fields, &out,
			 bytes_text(NULL), &h->why);
}
