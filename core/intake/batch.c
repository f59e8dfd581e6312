/* batch.c: collecting what a child hands over until it is committed. */
#include "intake/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "reply/receipts.h"
#include "store/audit.h"
#include "store/instances.h"
#include "store/threads.h"
#include "ticket/ticket.h"
#include "base/poison.h"

/* A record of several messages: small ones keep its bytes beside each. */
#define SHARED_RAW_MAX (64u * 1024u)
#define REASON_MAX 400u /* a plugin's sentence: stored in clear, so kept short */
#define REFERENCE_MAX 64u

void batch_init(struct batch *b, size_t max_messages)
{
	*b = (struct batch){ .arena = arena_new(), .max = max_messages };
}

void batch_done(struct batch *b)
{
	arena_free(b->arena);
	free(b->items);
	free(b->bad);
	free(b->states);
	free(b->receipts);
	free(b->acks);
	*b = (struct batch){ 0 };
}

void batch_clear(struct batch *b)
{
	arena_reset(b->arena);
	b->count = b->bytes = b->bad_count = b->state_count = b->receipt_count = b->ack_count = 0;
	b->cursor = NULL;
	b->answers = b->ready = b->kept = false;
}

bool batch_is_empty(const struct batch *b)
{
	return b->count == 0 && b->bad_count == 0 && b->state_count == 0 &&
	       b->receipt_count == 0 && b->ack_count == 0 && b->cursor == NULL && !b->answers;
}

bool batch_is_full(const struct batch *b)
{
	return b->count >= b->max || b->bytes >= BATCH_BYTES_MAX || b->bad_count >= BATCH_LIST_MAX ||
	       b->receipt_count >= BATCH_LIST_MAX;
}

void batch_record_init(struct batch_record *r)
{
	*r = (struct batch_record){ .arena = arena_new() };
	buf_init(&r->raw, FRAME_BLOB_MAX);
}

void batch_record_done(struct batch_record *r)
{
	arena_free(r->arena);
	buf_done(&r->raw);
	*r = (struct batch_record){ 0 };
}

void batch_record_close(struct batch_record *r)
{
	r->open = false;
	r->emitted = 0;
	arena_reset(r->arena);
	buf_clear(&r->raw);
	r->begin = (struct msg_begin){ 0 };
	r->why.text[0] = '\0';
}

/* The same keys as the host's for its skip list. */
static struct msg_record_keys record_keys(const struct batch *b, const struct msg_begin *begin,
					  struct jembatan_bytes raw)
{
	struct digest d = { 0 };
	if (b->replayed != NULL)
		d = *b->replayed;
	else if (begin->spooled_count == 1 && begin->spooled->sha256.size == DIGEST_SIZE)
		memcpy(d.bytes, begin->spooled->sha256.data, DIGEST_SIZE);
	else
		d = digest_sha256(raw);
	return msg_record_keys(begin->id, &d);
}

static struct msg_begin copy_begin(struct arena *arena, const struct msg_begin *from)
{
	struct msg_begin out = {
		.id = arena_strdup(arena, from->id),
		.raw_type = arena_strdup(arena, from->raw_type),
	};
	if (from->spooled_count == 1) {
		const struct msg_spooled *s = from->spooled;
		struct msg_spooled copy = {
			.token = arena_strdup(arena, s->token),
			.size = s->size,
			.sha256 = { arena_memdup(arena, s->sha256.data, s->sha256.size), s->sha256.size },
			.key = { arena_memdup(arena, s->key.data, s->key.size), s->key.size },
		};
		out.spooled = arena_memdup(arena, &copy, sizeof(copy));
		out.spooled_count = 1;
	}
	return out;
}

static void add_bad(struct batch *b, struct batch_record *r, const char *reason, bool death)
{
	char sentence[REASON_MAX];
	str_copy(sentence, sizeof(sentence), reason);
	b->bad = xrealloc(b->bad, b->bad_count + 1, sizeof(*b->bad));
	b->bad[b->bad_count++] = (struct batch_bad){
		.keys = r->keys,
		.begin = copy_begin(b->arena, &r->begin),
		.raw = { arena_memdup(b->arena, r->raw.data, r->raw.size), r->raw.size },
		.reason = arena_strdup(b->arena, sentence),
		.death = death,
	};
	b->bytes += r->raw.size;
}

void batch_unusable(struct batch_record *r, const char *why)
{
	if (r->open && why != NULL)
		str_copy(r->why.text, sizeof(r->why.text), why);
}

static const char *reason_of(const struct batch_record *r)
{
	return r->why.text[0] != '\0' ? r->why.text : "the connector made nothing of this record";
}

void batch_end_record(struct batch *b, struct batch_record *r, const char *reason)
{
	if (r->open && r->emitted == 0)
		add_bad(b, r, reason != NULL ? reason : reason_of(r), false);
	else if (r->open && b->count > 0)
		b->items[b->count - 1].record = r->keys; /* read to its end */
	batch_record_close(r);
}

void batch_death(struct batch *b, struct batch_record *r, const char *reason)
{
	if (r->open) {
		/* A raw file went with the first message; it is kept once. */
		if (r->emitted > 0)
			r->begin.spooled_count = 0;
		add_bad(b, r, reason, true);
	}
	batch_record_close(r);
}

void batch_end_call(struct batch *b, struct batch_record *r, const struct msg_result *result)
{
	switch ((enum jembatan_result)result->result) {
	case JEMBATAN_RETRY:
	case JEMBATAN_AUTH:
	case JEMBATAN_CONFIG:
		batch_record_close(r);
		return;
	case JEMBATAN_FATAL:
		/* As if it had died of it: twice, and the record is skipped. But
		 * what was read may not be blamed for what came after it. */
		if (r->emitted > 0)
			batch_record_close(r);
		batch_death(b, r, result->why != NULL ? result->why : reason_of(r));
		return;
	case JEMBATAN_DATA:
		batch_end_record(b, r, result->why);
		return;
	case JEMBATAN_OK:
	case JEMBATAN_IDLE:
	case JEMBATAN_GONE:
		batch_end_record(b, r, NULL);
	}
}

enum jembatan_result batch_begin(struct batch *b, struct batch_record *r, const struct frame *f,
				 struct why *why)
{
	batch_end_record(b, r, NULL);
	struct msg_begin begin = { 0 };
	struct jembatan_bytes meta = { arena_memdup(r->arena, f->meta.data, f->meta.size),
				       f->meta.size };
	enum jembatan_result result = field_unpack(msg_begin_fields, meta, r->arena, &begin, why);
	if (result != JEMBATAN_OK)
		return result;
	if (begin.spooled_count > 1)
		return why_set(why, JEMBATAN_DATA, "a record has two raw files");
	r->begin = begin;
	buf_add(&r->raw, f->blob.data, f->blob.size);
	r->keys = record_keys(b, &r->begin, f->blob);
	r->open = true;
	if (begin.kept_raw)
		batch_end_record(b, r, "it killed the connector before, with bytes that differ at each "
				 "reading: it is kept unread");
	return JEMBATAN_OK;
}

struct digest batch_thread_key(struct jembatan_bytes local_key, const char *instance,
			       const char *thread)
{
	if (thread == NULL)
		return (struct digest){ 0 };
	struct digest_state *s = digest_begin(local_key);
	digest_part_text(s, "thread");
	digest_part_text(s, instance);
	digest_part_text(s, thread);
	return digest_end(s);
}

static struct inbox_item *new_item(struct batch *b)
{
	if (b->count == b->capacity) {
		b->capacity = b->capacity != 0 ? b->capacity * 2 : 64;
		b->items = xrealloc(b->items, b->capacity, sizeof(*b->items));
	}
	struct inbox_item *item = &b->items[b->count++];
	*item = (struct inbox_item){ 0 };
	return item;
}

/* The bytes that belong to this message: its own, else those of its record. */
static void choose_raw(struct batch *b, struct batch_record *r, const struct frame *f,
		       struct msg_message *m, struct inbox_item *item)
{
	if (f->blob.size > 0) {
		item->raw = (struct jembatan_bytes){
			arena_memdup(b->arena, f->blob.data, f->blob.size), f->blob.size };
	} else if (m->raw_spooled_count == 0 && r->open &&
		   (r->emitted == 0 || r->raw.size <= SHARED_RAW_MAX)) {
		if (r->begin.spooled_count == 1 && r->emitted == 0) {
			struct msg_begin copy = copy_begin(b->arena, &r->begin);
			m->raw_spooled = copy.spooled;
			m->raw_spooled_count = 1;
		} else if (r->raw.size > 0) {
			item->raw = (struct jembatan_bytes){
				arena_memdup(b->arena, r->raw.data, r->raw.size), r->raw.size };
		}
	}
	if (m->message.raw_type == NULL)
		m->message.raw_type = arena_strdup(b->arena, r->begin.raw_type);
	m->message.raw = item->raw;
	b->bytes += item->raw.size;
}

enum jembatan_result batch_message(struct batch *b, struct batch_record *r, const struct frame *f,
				   struct ticket_keys keys, const char *instance,
				   struct why *why)
{
	struct jembatan_bytes meta = { arena_memdup(b->arena, f->meta.data, f->meta.size),
				       f->meta.size };
	struct msg_message *m = arena_alloc(b->arena, sizeof(*m));
	enum jembatan_result result = msg_message_unpack(meta, b->arena, m, why);
	if (result != JEMBATAN_OK)
		return result;
	if (m->raw_spooled_count > 1)
		return why_set(why, JEMBATAN_DATA, "a message has two raw files");
	if (b->count + 1 >= b->max && FAULT_PLANTED("drop-on-full")) {
		r->emitted++;
		return JEMBATAN_OK;
	}
	struct inbox_item *item = new_item(b);
	choose_raw(b, r, f, m, item);
	item->message = m;
	item->same_key = ticket_same_key(keys, instance, m);
	item->revision = ticket_revision_digest(keys.local, m);
	item->thread_key = batch_thread_key(keys.local, instance, m->message.thread);
	item->thread_alias = batch_thread_key(keys.local, instance, m->message.thread_alias);
	if (r->open)
		r->emitted++;
	b->bytes += meta.size;
	return JEMBATAN_OK;
}

void batch_add_state(struct batch *b, const char *key, struct jembatan_bytes value)
{
	b->states = xrealloc(b->states, b->state_count + 1, sizeof(*b->states));
	b->states[b->state_count++] = (struct batch_state){
		.key = arena_strdup(b->arena, key),
		.value = { arena_memdup(b->arena, value.data, value.size), value.size },
	};
}

/* Ours look so; anything else that a channel echoes may be personal data. */
static bool is_reference(const char *s)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-";
	return s != NULL && strnlen(s, REFERENCE_MAX + 1) <= REFERENCE_MAX &&
	       s[strspn(s, allowed)] == '\0';
}

void batch_add_receipt(struct batch *b, const struct msg_receipt *r,
		       struct jembatan_bytes local_key, const char *instance)
{
	b->receipts = xrealloc(b->receipts, b->receipt_count + 1, sizeof(*b->receipts));
	b->receipts[b->receipt_count++] = (struct batch_receipt){
		.reference = is_reference(r->reference) ? arena_strdup(b->arena, r->reference) : NULL,
		.remote_id = arena_strdup(b->arena, r->remote_id),
		.state = r->state,
		.at_ms = r->at_ms,
		.reason = arena_strdup(b->arena, r->reason),
		.thread_key = batch_thread_key(local_key, instance, r->thread),
		.thread_alias = batch_thread_key(local_key, instance, r->thread_alias),
	};
}

void batch_add_ack(struct batch *b, uint8_t type, uint32_t seq)
{
	b->acks = xrealloc(b->acks, b->ack_count + 1, sizeof(*b->acks));
	b->acks[b->ack_count++] = (struct batch_ack){ type, seq, clock_mono_us() };
}

static enum jembatan_result write_bad(struct batch_bad *bad, struct db *db, int64_t instance_id,
				      int64_t now_ms, struct why *why)
{
	if (bad->death) {
		unsigned deaths = 0;
		enum jembatan_result r = skips_count_death(db, instance_id, &bad->keys, now_ms, &deaths,
							   why);
		/* One death may be chance; the record comes again at the restart. */
		if (r != JEMBATAN_OK || deaths < 2)
			return r;
	}
	int64_t id = 0;
	enum jembatan_result r = quarantine_add(db, instance_id, &bad->keys.record, &bad->begin, bad->raw,
						bad->reason, now_ms, &id, why);
	if (r != JEMBATAN_OK)
		return r;
	return audit_add(db, AUDIT_QUARANTINE, id, "jembatan", "quarantined", bad->reason, now_ms,
			 why);
}

/* Whom we wrote to by one of his names has told the other. */
static enum jembatan_result join_names(const struct batch_receipt *r, struct db *db,
				       int64_t instance_id, int64_t now_ms, struct why *why)
{
	static const struct digest none;
	struct digest thread = r->thread_key;
	if (memcmp(&r->thread_key, &none, sizeof(none)) == 0 ||
	    memcmp(&r->thread_alias, &none, sizeof(none)) == 0)
		return JEMBATAN_OK;
	enum jembatan_result result = threads_find(db, instance_id, &thread, why);
	return result == JEMBATAN_OK ? threads_join(db, instance_id, &r->thread_alias, &thread,
						    r->at_ms != 0 ? r->at_ms : now_ms, 0, why) :
						    result;
}

/* Of something that somebody else sent there: nothing follows. */
static enum jembatan_result write_receipt(const struct batch_receipt *r, struct db *db,
					  int64_t instance_id, int64_t now_ms, struct why *why)
{
	struct digest key = { 0 };
	struct reply_receipt receipt = { .reference = r->reference, .state = r->state,
					 .at_ms = r->at_ms, .instance_id = instance_id,
					 .reason = r->reason };
	if (r->remote_id != NULL) {
		key = replies_remote_key(db, instance_id, r->remote_id);
		receipt.remote_key = &key;
	}
	enum jembatan_result result = reply_take_receipt(db, &receipt, now_ms, why);
	if (result == JEMBATAN_OK)
		result = join_names(r, db, instance_id, now_ms, why);
	return result == JEMBATAN_GONE ? JEMBATAN_OK : result;
}

enum jembatan_result batch_write_state(struct batch *b, struct db *db, int64_t instance_id,
					 struct why *why)
{
	for (size_t i = 0; i < b->state_count; i++) {
		enum jembatan_result r = instances_state_put(db, instance_id, b->states[i].key,
							     b->states[i].value, why);
		if (r != JEMBATAN_OK)
			return r;
	}
	return JEMBATAN_OK;
}

enum jembatan_result batch_write(struct batch *b, struct db *db, int64_t instance_id,
				 bool is_replay, int64_t now_ms, struct why *why)
{
	/* What a replay cannot read is in quarantine already. */
	for (size_t i = 0; i < b->bad_count && !is_replay; i++) {
		enum jembatan_result r = write_bad(&b->bad[i], db, instance_id, now_ms, why);
		if (r != JEMBATAN_OK)
			return r;
	}
	enum jembatan_result r = batch_write_state(b, db, instance_id, why);
	if (r != JEMBATAN_OK)
		return r;
	for (size_t i = 0; i < b->receipt_count; i++) {
		r = write_receipt(&b->receipts[i], db, instance_id, now_ms, why);
		if (r != JEMBATAN_OK)
			return r;
	}
	if (b->count == 0 && b->cursor == NULL)
		return JEMBATAN_OK;
	return inbox_add(db, instance_id, b->items, b->count, b->cursor, now_ms, why);
}
