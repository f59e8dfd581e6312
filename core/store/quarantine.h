/* quarantine.h: records kept byte for byte that nobody could understand, and
 * the skip list: records that killed their parser. */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "base/msg.h"
#include "store/db.h"

struct quarantine_row {
	int64_t id, instance_id, at_ms;
	const char *remote_id; /* unsealed; or NULL */
	const char *raw_type;
	const char *reason;    /* one sentence, no citizens' words */
	size_t size;
	bool dropped, replayed;
};

/* Keep a record: raw inline or spooled (already in spool/keep). The same
 * record_key again only updates reason and time. */
MUST_CHECK enum jembatan_result quarantine_add(struct db *db, int64_t instance_id,
					       const struct digest *record_key,
					       const struct msg_begin *begin,
					       struct jembatan_bytes raw, const char *reason,
					       int64_t now_ms, int64_t *out_id, struct why *why);
MUST_CHECK enum jembatan_result quarantine_list(struct db *db, int64_t after_id, size_t limit,
						struct arena *arena, struct quarantine_row *out,
						size_t *out_count, struct why *why);
MUST_CHECK enum jembatan_result quarantine_get(struct db *db, int64_t id, struct arena *arena,
					       struct quarantine_row *out, struct why *why);
MUST_CHECK enum jembatan_result quarantine_raw(struct db *db, int64_t id, struct buf *out,
					       struct why *why);
/* It was read in the end, or a person gave it up (bytes stay until retention). */
MUST_CHECK enum jembatan_result quarantine_set_replayed(struct db *db, int64_t id, struct why *why);
MUST_CHECK enum jembatan_result quarantine_set_dropped(struct db *db, int64_t id, struct why *why);
MUST_CHECK enum jembatan_result quarantine_count(struct db *db, int64_t *out_waiting,
						 struct why *why);

/* A child died or hung while on this record: *out_deaths so far, with these
 * bytes. The first with these bytes also counts against its id. */
MUST_CHECK enum jembatan_result skips_count_death(struct db *db, int64_t instance_id,
						  const struct msg_record_keys *keys,
						  int64_t now_ms, unsigned *out_deaths,
						  struct why *why);
/* Keys with two deaths or more, for msg_open: of records, and of ids that killed
 * in two forms or more. */
MUST_CHECK enum jembatan_result skips_list(struct db *db, int64_t instance_id, struct arena *arena,
					   const struct msg_skip **out, size_t *out_count,
					   struct why *why);
/* It was read: neither the record nor its id is suspected any more. */
MUST_CHECK enum jembatan_result skips_remove(struct db *db, int64_t instance_id,
					     const struct msg_record_keys *keys, struct why *why);

#endif
