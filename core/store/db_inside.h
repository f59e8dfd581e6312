/* db_inside.h: internal to core/store. What a struct db is made of. */
#ifndef STORE_DB_INSIDE_H
#define STORE_DB_INSIDE_H

#include "base/log.h"
#include "store/db.h"
#include "store/fresh.h"
#include "store/inbox_files.h"
#include "store/keys.h"
#include "store/log_sync.h"
#include "store/migrate.h"
#include "store/recent.h"
#include "store/seal.h"
#include "store/tally.h"

#define DB_LOCAL_KEY_SIZE 32u
#define DB_TIMES 1024u

struct db {
	struct sql sql;
	char *data_dir;
	int lock_fd;
	int keep_fd;    /* spool/keep */
	struct seal_master master;
	struct box_key next;  /* configured, and not in use yet */
	bool has_next, has_own_key; /* own: DATA_DIR/master.key */
	uint8_t local_key[DB_LOCAL_KEY_SIZE];
	struct buf plain, sealed, wrapped; /* scratch, one call each */
	struct inbox_files files;
	struct tally tally;
	struct keys keys;
	struct fresh fresh;
	struct recent recent;
	bool has_aliases;  /* some thread has another name */
	bool near_keys;    /* of records: see struct ticket_keys */
	bool has_unreachable; /* some address cannot be reached for a while */
	bool has_suspects; /* a record is in quarantine or has killed its parser */
	struct { bool known, on; } replies; /* whether they are on */
	struct { bool known, any; } waiting; /* follow-ups that wait for their report */
	bool reads_on;     /* readings share one lock */
	bool owed;         /* a planted bug holds the last commit back */
	struct log_sync log;
	bool syncs_itself; /* SQLite, at each commit: PRAGMA synchronous = FULL */
	bool goes_ahead;   /* the open transaction: of the disk */
	bool has_written;  /* the last commit: anything at all */
	bool unsynced;     /* so the last one did, and it is not known to be there */
	int sync_error;    /* errno's word: the disk refused it */
	int64_t commit_began_us;
	int wal_pages;     /* by the last commit */
	uint64_t commits;
	uint32_t commit_us[DB_TIMES];
	int64_t usual_commit_us;
	struct log_trouble checkpoint_trouble;
};

/* As db_open, with another list of migrations (tests). */
MUST_CHECK enum jembatan_result db_open_steps(const char *data_dir,
					      const struct secret *master_key,
					      const struct migrate_steps *steps, struct db **out,
					      struct why *why);

/* Values of the whole installation or of an instance, by the master key. The
 * scratch is used: the result is borrowed until the next call. */
struct jembatan_bytes db_seal(struct db *db, const char *label, struct jembatan_bytes plain);
MUST_CHECK enum jembatan_result db_unseal(struct db *db, const char *label,
					  struct jembatan_bytes sealed,
					  struct jembatan_bytes *out, struct why *why);
/* Before reading the table `tally`: what this transaction has changed so far. */
MUST_CHECK enum jembatan_result db_write_tally(struct db *db, struct why *why);
/* The keyed hash under which a child's record key is stored: the key itself
 * may be a plain digest of somebody's address. */
struct digest db_record_key(const struct db *db, const struct digest *record_key);

#endif
