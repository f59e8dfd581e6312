/* inbox.h: T1, what came in, sealed per message; and T2's first half, the
 * message leaving its stage. Raw comes first: a row is never without it unless
 * the record had none. */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

#include "base/msg.h"
#include "store/db.h"
#include "ticket/ticket.h"

enum inbox_stage { /* stored as its number: never renumber */
	INBOX_NEW = 0,      /* waits for its decision */
	INBOX_TICKET = 1,   /* became a ticket of its own */
	INBOX_FOLLOW_UP = 2, /* joined a ticket as follow-up, edit, note */
	INBOX_LINKED = 3,   /* came from the centre: linked, never pushed */
	INBOX_STORED = 4,   /* automatic, reaction, system ...: kept, no ticket */
	INBOX_BEFORE_START = 5, /* older than `start`: waits for a backfill */
	INBOX_REVIEW = 6,   /* a person decides before there is a ticket */
	INBOX_REPOST = 7    /* said again what a ticket says: it joined it, nothing is sent */
};
const char *inbox_stage_name(enum inbox_stage stage);

enum inbox_verdict {
	INBOX_IS_NEW = 0,
	INBOX_IS_SAME, /* known, same content: counted, nothing new happens */
	INBOX_IS_EDIT  /* known id, other content: a row of its own, edit_of set */
};

/* One message on its way in. */
struct inbox_item {
	const struct msg_message *message; /* its files stand in spool/<instance> */
	struct jembatan_bytes raw;    /* or empty, when raw_spooled or none */
	struct digest same_key;       /* ticket_same_key() */
	struct digest revision;       /* ticket_revision_digest() */
	struct digest thread_key;     /* all zero: no thread */
	struct digest thread_alias;   /* another name of it; all zero: none */
	struct msg_record_keys record; /* zero: none. Read after all: it is no suspect any
					  more, and replayed */
	/* set by inbox_add */
	enum inbox_verdict verdict;
	int64_t id;                   /* the row; for SAME the row it repeats */
};

/* Bring spooled files of the items from spool/<instance_name>/ into
 * spool/keep/ (rename, then fsync of the directory) before the transaction.
 * Files that are missing or have another size are an error (DATA): that
 * child's batch is refused. Idempotent. */
MUST_CHECK enum jembatan_result inbox_keep_files(struct db *db, const char *instance_name,
						 const struct inbox_item *items, size_t count,
						 struct why *why);
/* The same for the raw file of a record that goes to quarantine. */
MUST_CHECK enum jembatan_result inbox_keep_raw(struct db *db, const char *instance_name,
					       const struct msg_begin *begin, struct why *why);

/* How this store's same_keys are made, from its beginning on; `local` is borrowed. */
struct ticket_keys inbox_keys(const struct db *db);

/* T1 for one instance's batch: rows, seen keys and cursor (NULL: unchanged).
 * The verdict comes from the UNIQUE index on (instance, same_key, revision),
 * never from looking first. A SAME's files are removed from keep afterwards by
 * inbox_sweep. The messages are borrowed until the transaction ends. */
MUST_CHECK enum jembatan_result inbox_add(struct db *db, int64_t instance_id,
					  struct inbox_item *items, size_t count,
					  const char *cursor, int64_t now_ms, struct why *why);

struct inbox_row {
	int64_t id, instance_id, received_ms;
	enum inbox_stage stage;
	int64_t ticket_id;    /* 0: none */
	int64_t edit_of;      /* message id; 0: none */
	int64_t repeats;      /* redeliveries counted */
	struct digest thread_key; /* 16 bytes of it count; all zero: no thread, or erased */
	struct msg_message message; /* unsealed, in the arena */
	const char *reason;   /* why it left its stage; or NULL */
};

/* Two messages of one thread, under whatever name. */
bool inbox_is_same_thread(const struct inbox_row *a, const struct inbox_row *b);

/* Oldest first, at most limit rows in INBOX_NEW with due <= now. out has room
 * for limit. What the open transaction brought is given as inbox_add got it: it
 * points into that, not into the arena. A row that cannot be unsealed is moved to quarantine by the
 * caller: it comes back with message.message.size == 0. */
MUST_CHECK enum jembatan_result inbox_take(struct db *db, int64_t now_ms, size_t limit,
					   struct arena *arena, struct inbox_row *out,
					   size_t *out_count, struct why *why);
/* The row has got its product: stage, ticket and one sentence why. */
MUST_CHECK enum jembatan_result inbox_leave(struct db *db, int64_t id, enum inbox_stage stage,
					    int64_t ticket_id, const char *reason, struct why *why);
/* The same of a row that inbox_take gave: for less. */
MUST_CHECK enum jembatan_result inbox_decide(struct db *db, const struct inbox_row *row,
					     enum inbox_stage stage, int64_t ticket_id,
					     const char *reason, struct why *why);
/* Decide it later. */
MUST_CHECK enum jembatan_result inbox_defer(struct db *db, int64_t id, int64_t due_ms,
					    struct why *why);
/* Attachments were fetched, or given up: write the row's message with its new
 * list of files. Their spooled files stand in spool/keep already. */
MUST_CHECK enum jembatan_result inbox_set_files(struct db *db, int64_t id,
						const struct msg_message *m, struct why *why);
/* GONE when there is none. */
MUST_CHECK enum jembatan_result inbox_get(struct db *db, int64_t id, struct arena *arena,
					  struct inbox_row *out, struct why *why);
/* Append the exact raw bytes; GONE when the record had none. */
MUST_CHECK enum jembatan_result inbox_raw(struct db *db, int64_t id, struct buf *out,
					  struct why *why);
/* The newest message with this same key (a remote id) or in this thread that
 * belongs to a ticket: for follow-ups. GONE when unknown. */
MUST_CHECK enum jembatan_result inbox_find(struct db *db, int64_t instance_id,
					   const struct digest *same_key,
					   const struct digest *thread_key, int64_t *out_message_id,
					   int64_t *out_ticket_id, struct why *why);
/* The same, of those older than a message: for the next one further back. */
MUST_CHECK enum jembatan_result inbox_find_before(struct db *db, int64_t instance_id,
						  const struct digest *same_key,
						  const struct digest *thread_key,
						  int64_t before_id, int64_t *out_message_id,
						  int64_t *out_ticket_id, struct why *why);
/* Does an older message with this same key or in this thread still wait for its
 * decision? */
MUST_CHECK enum jembatan_result inbox_waits(struct db *db, int64_t instance_id, int64_t before_id,
					    const struct digest *same_key,
					    const struct digest *thread_key, bool *out_waits,
					    struct why *why);
/* Whether a row still waits for its decision, and whether an older one of its
 * thread does that came at since_ms or later. */
struct inbox_look {
	bool waits, has_older;
};
MUST_CHECK enum jembatan_result inbox_thread_look(struct db *db, const struct inbox_row *row,
						  const struct digest *thread_key,
						  int64_t since_ms, struct inbox_look *out,
						  struct why *why);
/* Rows of the row's thread that wait and came after it, until until_ms, oldest
 * first, at most limit. */
MUST_CHECK enum jembatan_result inbox_of_thread(struct db *db, const struct inbox_row *row,
						const struct digest *thread_key, int64_t until_ms,
						size_t limit, struct arena *arena,
						struct inbox_row *out, size_t *out_count,
						struct why *why);
/* Rows of one ticket, oldest first, at most limit. */
MUST_CHECK enum jembatan_result inbox_of_ticket(struct db *db, int64_t ticket_id, size_t limit,
						struct arena *arena, struct inbox_row *out,
						size_t *out_count, struct why *why);
/* All rows by their ids, whatever their stage. */
MUST_CHECK enum jembatan_result inbox_walk(struct db *db, int64_t after_id, size_t limit,
					   struct arena *arena, struct inbox_row *out,
					   size_t *out_count, struct why *why);
/* INBOX_BEFORE_START rows of an instance that arrived at since_ms or later go
 * back to INBOX_NEW. */
MUST_CHECK enum jembatan_result inbox_release_before_start(struct db *db, int64_t instance_id,
							   int64_t since_ms, int64_t *out_count,
							   struct why *why);

/* Sets what inbox_add would say of the item, and writes nothing. */
MUST_CHECK enum jembatan_result inbox_foresee(struct db *db, int64_t instance_id,
					      struct inbox_item *item, struct why *why);

/* Does a message of it wait for its decision? */
MUST_CHECK enum jembatan_result inbox_has_new(struct db *db, int64_t instance_id, bool *out_has,
					      struct why *why);

struct inbox_counts {
	int64_t by_stage[8];
	int64_t total, repeats, edits;
	int64_t oldest_new_ms; /* 0: none waits */
};
/* instance_id 0: all. Cheap: kept as running counts. */
MUST_CHECK enum jembatan_result inbox_count(struct db *db, int64_t instance_id,
					    struct inbox_counts *out, struct why *why);

/* Inside a transaction: this file of keep was brought for a row that does not
 * want it any more; it goes with the commit. */
void inbox_drop_file(struct db *db, const char *token);
/* Open a kept file for reading by its token and key: *out_fd is positioned for
 * a box_reader. */
MUST_CHECK enum jembatan_result inbox_open_file(struct db *db, const char *token, int *out_fd,
						struct why *why);
/* Remove kept files that no row names (a crash between rename and commit, and
 * SAME's), a slice per call: at start and in idle time. Never one whose
 * transaction is still to come. */
void inbox_sweep(struct db *db);

#endif
