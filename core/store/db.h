/* db.h: the store: one SQLite database (WAL, synced at each commit, STRICT tables),
 * its migrations and its keys. Only core/store knows SQL. Foreign keys are
 * declared and kept by our statements: no row that others point at is ever
 * deleted. Builds for tests (--enable-faults) have SQLite enforce them; a
 * release asks when a backup is put back (restore.c).
 *
 * Every function of this room that changes something must be called between
 * db_begin and db_commit; nothing may be told outward before db_commit has
 * returned OK. After any failure inside a transaction: db_abort, and nothing
 * of it has happened. RETRY: the disk is full or busy; try the turn again. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/why.h"

struct db;

/* Open or create DATA_DIR/jembatan.db and DATA_DIR/spool/keep, migrate it (a
 * backup copy is made before a migration of a store that holds something), and
 * open the keys. master_key NULL: DATA_DIR/master.key, made with mode 0600 at
 * the first start. CONFIG when the key does not fit the store, when the key is
 * missing though the store is not empty, or when the store is newer than this
 * program. Takes an exclusive lock: RETRY "another jembatand works here". */
MUST_CHECK enum jembatan_result db_open(const char *data_dir, const struct secret *master_key,
					struct db **out, struct why *why);
/* The same where a change of the key may be on its way: `old` is the key before
 * `now`, or NULL. Whichever fits is in use; see store/master.h. */
struct db_secrets {
	const struct secret *now, *old;
};
MUST_CHECK enum jembatan_result db_open_keys(const char *data_dir,
					     const struct db_secrets *secrets, struct db **out,
					     struct why *why);
void db_close(struct db *db); /* NULL is fine; aborts what is open */

MUST_CHECK enum jembatan_result db_begin(struct db *db, struct why *why);
MUST_CHECK enum jembatan_result db_commit(struct db *db, struct why *why);
void db_abort(struct db *db);

/* A transaction whose db_commit goes ahead of the disk: it returns while a thread
 * still syncs it, and the next transaction may begin. Nothing of it, nor of what came
 * after, may be told outward before db_sync has said OK. It has happened all the same:
 * db_abort does not take it back. One such commit is on its way at most: db_commit
 * waits for the one before and, when the disk has refused that, is refused too. */
MUST_CHECK enum jembatan_result db_begin_ahead(struct db *db, struct why *why);
/* OK: all that was committed is on the disk. IDLE: not yet, and `wait` is false.
 * RETRY: the disk refused; each db_begin tries again before it begins. */
MUST_CHECK enum jembatan_result db_sync(struct db *db, bool wait, struct why *why);
/* An eventfd, readable when a sync has ended, well or not; its reader clears it. */
int db_sync_fd(const struct db *db);

bool db_in_transaction(const struct db *db);

/* Several readings follow before the next transaction: they share the locks of
 * one. Ended by db_begin and by idle work; nothing to do inside a transaction. */
void db_read_on(struct db *db);

/* A key of this installation for keyed hashes (same keys, author evidence). */
struct jembatan_bytes db_local_key(const struct db *db);

/* Idle work in small slices: checkpoint the WAL. */
void db_idle(struct db *db);
/* The same when the WAL has grown too long to wait for an idle moment: when
 * db_wants_relief, between transactions, and nobody waits for an acknowledgement. */
bool db_wants_relief(struct db *db);
void db_relieve(struct db *db);

/* How long a commit takes these days, in microseconds; 0 before the first. */
int64_t db_usual_commit_us(const struct db *db);

/* Commits so far and how long the slowest of the last 1,024 took. */
struct db_stats {
	uint64_t commits;
	int64_t p99_commit_us;
	int64_t size_bytes, wal_bytes;
};
void db_stats(struct db *db, struct db_stats *out);

#endif
