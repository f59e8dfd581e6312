/* batch.h: what one child has handed over and the store does not have yet:
 * messages, records to quarantine, state, cursor, and who waits for the
 * commit. Bounded by count and bytes; a full batch is committed without a
 * cursor, which is safe because a redelivery is recognised. */
#ifndef INTAKE_BATCH_H
#define INTAKE_BATCH_H

#include "base/msg.h"
#include "store/inbox.h"
#include "store/quarantine.h"

#define BATCH_BYTES_MAX (8u * 1024u * 1024u)
#define BATCH_LIST_MAX 256u

/* The record that the child is at (begin). */
struct batch_record {
	bool open;
	struct msg_record_keys keys;
	struct msg_begin begin; /* copied into buffers of its own */
	struct buf raw;
	struct arena *arena;
	size_t emitted;
	struct why why; /* why it cannot be used, as the connector says; "": not said */
};

struct batch_bad {
	struct msg_record_keys keys;
	struct msg_begin begin;
	struct jembatan_bytes raw;
	const char *reason;
	bool death; /* count a death first; quarantine from the second on */
};

struct batch_state {
	const char *key;
	struct jembatan_bytes value;
};

struct batch_receipt {
	const char *reference; /* ours; or NULL */
	const char *remote_id; /* or NULL; stored only as a keyed hash */
	unsigned state;        /* enum jembatan_receipt_state */
	int64_t at_ms;
	const char *reason;    /* or NULL */
	struct digest thread_key, thread_alias; /* of one person; zero: not said */
};

struct batch_ack {
	uint8_t type; /* MSG_CHECKPOINT, MSG_STATE_PUT: answered by COMMITTED */
	uint32_t seq;
	int64_t asked_mono_us;
};

struct batch {
	struct arena *arena;
	struct inbox_item *items;
	size_t count, capacity, max, bytes;
	struct batch_bad *bad;
	size_t bad_count;
	struct batch_state *states;
	size_t state_count;
	struct batch_receipt *receipts;
	size_t receipt_count;
	struct batch_ack *acks;
	size_t ack_count;
	const char *cursor; /* NULL: unchanged */
	bool answers;       /* responses wait for its commit */
	bool ready;         /* to be committed in this turn */
	bool kept;          /* its files stand in spool/keep */
	/* A replay: of the bytes in quarantine, as which its record is known;
	 * the plugin may cut them another way today. NULL: no replay. */
	const struct digest *replayed;
};

void batch_init(struct batch *b, size_t max_messages);
void batch_done(struct batch *b);
void batch_clear(struct batch *b);
bool batch_is_empty(const struct batch *b);
bool batch_is_full(const struct batch *b);

void batch_record_init(struct batch_record *r);
void batch_record_done(struct batch_record *r);
void batch_record_close(struct batch_record *r);

/* The child begins a record. An earlier one of which nothing came goes to
 * quarantine, and so does at once one that is kept raw. */
MUST_CHECK enum jembatan_result batch_begin(struct batch *b, struct batch_record *r,
					    const struct frame *f, struct why *why);
/* A message came. DATA condemns the child. */
MUST_CHECK enum jembatan_result batch_message(struct batch *b, struct batch_record *r,
					      const struct frame *f, struct ticket_keys keys,
					      const char *instance, struct why *why);
/* The connector says why it cannot use the record that it is at. */
void batch_unusable(struct batch_record *r, const char *why);
/* Close the record; without a message it goes to quarantine for `reason`, or, when
 * that is NULL, for what the connector said of it. */
void batch_end_record(struct batch *b, struct batch_record *r, const char *reason);
/* The call ended, perhaps with a record open. One that has to be tried again is
 * closed: it comes again. */
void batch_end_call(struct batch *b, struct batch_record *r, const struct msg_result *result);
/* The child died on this record, before its first message or after some: those
 * are stored, and the second death puts the record itself into quarantine. */
void batch_death(struct batch *b, struct batch_record *r, const char *reason);
void batch_add_state(struct batch *b, const char *key, struct jembatan_bytes value);
void batch_add_receipt(struct batch *b, const struct msg_receipt *r,
		       struct jembatan_bytes local_key, const char *instance);
void batch_add_ack(struct batch *b, uint8_t type, uint32_t seq);

/* Keyed hash of (instance, thread); zero for NULL. */
struct digest batch_thread_key(struct jembatan_bytes local_key, const char *instance,
			       const char *thread);

/* Inside the app's transaction: the state only. Also what a dry run puts there:
 * a token that was exchanged is the only one that still works. */
MUST_CHECK enum jembatan_result batch_write_state(struct batch *b, struct db *db,
						  int64_t instance_id, struct why *why);
/* Inside the app's transaction: everything of the batch. */
MUST_CHECK enum jembatan_result batch_write(struct batch *b, struct db *db, int64_t instance_id,
					    bool is_replay, int64_t now_ms, struct why *why);

#endif
