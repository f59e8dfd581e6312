/* db.c: opening, transactions, checkpoints.
 *
 * Crash safety: WAL with synchronous=FULL syncs the log inside COMMIT, so a
 * commit that returned OK survives a power cut. A commit that goes ahead is made
 * with synchronous=NORMAL, which writes the same log and leaves the sync to us; it
 * survives one when log_sync.c has synced that log. A commit that failed may still
 * appear after a crash (its frames may have reached the disk): that is why a
 * redelivery must be recognised, and why a push is `sending` before it is. */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "store/begun.h"
#include "store/db_inside.h"
#include "store/erase.h"
#include "store/master_inside.h"
#include "store/memory.h"
#include "store/restore.h"
#include "base/poison.h"

#define WAL_IDLE_PAGES 128 /* 1 MiB: worth a checkpoint when idle */
#define WAL_PAGE_BYTES 8192
#define WAL_MAX_PAGES 2048 /* 16 MiB: checkpoint even when busy: the turn waits for it */

static enum jembatan_result take_lock(struct db *db, struct why *why)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/lock", db->data_dir);
	db->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (db->lock_fd < 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot open %s: %s", path, strerror(errno));
	if (flock(db->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return JEMBATAN_OK;
	return why_set(why, JEMBATAN_RETRY,
		       "another jembatand works here (%s): stop it, or give this one a folder of "
		       "its own", db->data_dir);
}

static enum jembatan_result make_folders(struct db *db, struct why *why)
{
	CLEANUP(free_pointer) char *keep = xasprintf("%s/spool/keep", db->data_dir);
	enum jembatan_result r = file_make_dirs(keep, 0700, why);
	if (r != JEMBATAN_OK)
		return r;
	db->keep_fd = open(keep, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (db->keep_fd < 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot open folder %s: %s", keep,
			       strerror(errno));
	return JEMBATAN_OK;
}

static int on_wal(void *user, sqlite3 *handle, const char *name, int pages)
{
	(void)handle;
	(void)name;
	((struct db *)user)->wal_pages = pages;
	((struct db *)user)->has_written = true;
	return SQLITE_OK;
}

static int on_journal_mode(void *is_wal, int columns, char **values, char **names)
{
	(void)names;
	*(bool *)is_wal = columns == 1 && str_equal(values[0], "wal");
	return 0;
}

/* Of a new database: three sealed messages of usual size fit into 8 KiB, only
 * one into 4 KiB. Measured: 4.7 KB stored a message instead of 6.5. */
static const char page_size[] = "PRAGMA page_size = 8192";
#ifdef JEMBATAN_FAULTS /* where a mistake of ours is to show itself at once; see db.h */
#define FOREIGN_KEYS "ON"
#else
#define FOREIGN_KEYS "OFF"
#endif
static const char pragmas[] =
	"PRAGMA synchronous = FULL;"
	"PRAGMA foreign_keys = " FOREIGN_KEYS ";"
	"PRAGMA secure_delete = ON;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA cache_size = -8192;" /* 8 MiB; the kernel keeps the rest of the file */
	"PRAGMA journal_size_limit = 67108864;";

/* SQLite gives the log and its index the mode of the database. */
static enum jembatan_result open_handle(struct db *db, struct why *why)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/jembatan.db", db->data_dir);
	CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot open %s: %s", path, strerror(errno));
	close_fd(&fd);
	fd = -1;
	/* Its statistics of memory lock a mutex at each allocation. Ignored when
	 * SQLite is at work already, as in a second store of a test. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	memory_use_lists();
	if (sqlite3_open_v2(path, &db->sql.handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
			    SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		return sql_failed(&db->sql, why);
	sqlite3_db_config(db->sql.handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Else it plans anew whenever a value is bound that stands beside a column
	 * of a partial index's condition: queries say such conditions themselves. */
	sqlite3_db_config(db->sql.handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	sqlite3_busy_timeout(db->sql.handle, 1000);
	bool is_wal = false;
	enum jembatan_result r = sql_script(&db->sql, page_size, why);
	if (r != JEMBATAN_OK)
		return r;
	if (sqlite3_exec(db->sql.handle, "PRAGMA journal_mode = WAL", on_journal_mode, &is_wal,
			 NULL) != SQLITE_OK)
		return sql_failed(&db->sql, why);
	if (!is_wal)
		return why_set(why, JEMBATAN_CONFIG,
			       "the file system of %s cannot hold the store (no shared memory): "
			       "use a local disk", db->data_dir);
	sqlite3_wal_hook(db->sql.handle, on_wal, db); /* in place of the automatic checkpoint */
	r = sql_script(&db->sql, pragmas, why);
	db->syncs_itself = true;
	if (r == JEMBATAN_OK && FAULT_PLANTED("fsync-off"))
		r = sql_script(&db->sql, "PRAGMA synchronous = OFF", why);
	return r;
}

/* SQLite has made it by now. What a killed process left in it may not be on the disk,
 * though we read it. */
static enum jembatan_result open_log(struct db *db, struct why *why)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/jembatan.db-wal", db->data_dir);
	enum jembatan_result r = log_sync_open(&db->log, path, why);
	int error = r == JEMBATAN_OK ? log_sync_again(&db->log) : 0;
	if (error != 0)
		return why_set(why, JEMBATAN_RETRY, "the log under %s could not be synced: %s",
			       db->data_dir, strerror(error));
	return r;
}

/* The key is tried before a migration touches anything. */
static enum jembatan_result open_keys_and_schema(struct db *db, const struct db_secrets *secrets,
						 const struct migrate_steps *steps, struct why *why)
{
	int64_t version = 0;
	bool keyed = false;
	enum jembatan_result r = migrate_check(&db->sql, steps, &version, why);
	if (r == JEMBATAN_OK && version > 0) {
		int64_t n = 0;
		r = sql_get_number(&db->sql, why, &n, "SELECT count(*) FROM meta", SQL_NOTHING);
		keyed = n > 0;
	}
	if (r == JEMBATAN_OK && !keyed)
		r = begun_check(db, secrets, why);
	if (r == JEMBATAN_OK)
		r = master_find(db, secrets, keyed, why);
	if (r == JEMBATAN_OK) {
		CLEANUP(free_pointer) char *backup = xasprintf("%s/backup", db->data_dir);
		r = migrate_run(&db->sql, steps, version, backup, why);
	}
	if (r == JEMBATAN_OK)
		r = master_settle(db, keyed, why);
	if (r == JEMBATAN_OK)
		begun_note(db);
	return r;
}

/* Tests open stores as earlier releases had them. */
static enum jembatan_result look_for(struct db *db, const char *table, const char *query,
				     bool *out, struct why *why)
{
	int64_t n = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &n, "SELECT count(*) FROM sqlite_schema"
						" WHERE name = ?1", SQL_VALUES(sql_text(table)));
	if (r == JEMBATAN_OK && n != 0)
		r = sql_get_number(&db->sql, why, &n, query, SQL_NOTHING);
	*out = n != 0;
	return r;
}

/* What is asked for each message only when there is something to find. */
static enum jembatan_result look_around(struct db *db, struct why *why)
{
	int64_t n = 0;
	enum jembatan_result r = sql_get_number(&db->sql, why, &n,
						"SELECT EXISTS (SELECT 1 FROM skip)"
						" OR EXISTS (SELECT 1 FROM quarantine)",
						SQL_NOTHING);
	db->has_suspects = n != 0;
	if (r == JEMBATAN_OK)
		r = look_for(db, "thread_alias", "SELECT EXISTS (SELECT 1 FROM thread_alias)",
			     &db->has_aliases, why);
	if (r == JEMBATAN_OK)
		r = look_for(db, "flag", "SELECT EXISTS (SELECT 1 FROM flag WHERE name = 'near_keys')",
			     &db->near_keys, why);
	if (r == JEMBATAN_OK)
		r = look_for(db, "unreachable", "SELECT EXISTS (SELECT 1 FROM unreachable)",
			     &db->has_unreachable, why);
	return r;
}

static enum jembatan_result open_store(const char *data_dir, const struct db_secrets *secrets,
				       const struct migrate_steps *steps, struct db **out,
				       struct why *why)
{
	struct db *db = xcalloc(1, sizeof(*db));
	db->data_dir = xstrdup(data_dir);
	db->sql.folder = db->data_dir;
	db->lock_fd = db->keep_fd = -1;
	db->log = (struct log_sync)LOG_SYNC_NONE;
	buf_init(&db->plain, SEAL_VALUE_MAX);
	buf_init(&db->sealed, SEAL_VALUE_MAX + 2 * BOX_OVERHEAD); /* head, raw */
	buf_init(&db->wrapped, SEAL_WRAPPED_SIZE);
	enum jembatan_result r = make_folders(db, why);
	if (r == JEMBATAN_OK)
		r = take_lock(db, why);
	if (r == JEMBATAN_OK)
		r = restore_check(db->data_dir, why);
	if (r == JEMBATAN_OK)
		r = begun_check_file(db, secrets, why);
	if (r == JEMBATAN_OK)
		r = open_handle(db, why);
	if (r == JEMBATAN_OK)
		r = open_keys_and_schema(db, secrets, steps, why);
	if (r == JEMBATAN_OK)
		r = look_around(db, why);
	if (r == JEMBATAN_OK)
		r = open_log(db, why);
	if (r == JEMBATAN_OK)
		tally_watch(&db->tally, &db->sql, &db->keys, &db->recent);
	if (r != JEMBATAN_OK) {
		db_close(db);
		return r;
	}
	*out = db;
	return JEMBATAN_OK;
}

enum jembatan_result db_open_steps(const char *data_dir, const struct secret *master_key,
				   const struct migrate_steps *steps, struct db **out,
				   struct why *why)
{
	return open_store(data_dir, &(struct db_secrets){ master_key, NULL }, steps, out, why);
}

enum jembatan_result db_open_keys(const char *data_dir, const struct db_secrets *secrets,
				  struct db **out, struct why *why)
{
	return open_store(data_dir, secrets, &migrate_all, out, why);
}

enum jembatan_result db_open(const char *data_dir, const struct secret *master_key, struct db **out,
			     struct why *why)
{
	return db_open_steps(data_dir, master_key, &migrate_all, out, why);
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	if (db->sql.handle != NULL) {
		db_abort(db);
		sql_close(&db->sql);
	}
	log_sync_done(&db->log);
	inbox_files_done(&db->files);
	tally_done(&db->tally);
	fresh_done(&db->fresh);
	recent_done(&db->recent);
	buf_done(&db->plain);
	buf_done(&db->sealed);
	buf_done(&db->wrapped);
	close_fd(&db->keep_fd);
	close_fd(&db->lock_fd); /* last: it lets the next process in */
	free(db->data_dir);
	mem_wipe(db, sizeof(*db));
	free(db);
}

bool db_in_transaction(const struct db *db)
{
	return db->sql.in_transaction;
}

struct jembatan_bytes db_local_key(const struct db *db)
{
	return bytes_of(db->local_key, sizeof(db->local_key));
}

void db_read_on(struct db *db)
{
	struct why why;
	if (!db->sql.in_transaction && !db->owed && !db->reads_on)
		db->reads_on = sql_run(&db->sql, &why, "BEGIN", SQL_NOTHING) == JEMBATAN_OK;
}

static void end_reading(struct db *db)
{
	struct why why;
	if (db->reads_on && sql_run(&db->sql, &why, "COMMIT", SQL_NOTHING) != JEMBATAN_OK)
		sql_rollback(&db->sql);
	db->reads_on = false;
}

static enum jembatan_result refused(struct db *db, struct why *why)
{
	return why_set(why, JEMBATAN_RETRY, "what was stored last is not on the disk: the log under %s "
		       "could not be synced: %s", db->data_dir, strerror(db->sync_error));
}

/* Before anything else is written behind it. */
static enum jembatan_result sync_again(struct db *db, struct why *why)
{
	if (db->sync_error == 0)
		return JEMBATAN_OK;
	db->sync_error = log_sync_again(&db->log);
	if (db->sync_error != 0)
		return refused(db, why);
	db->unsynced = false;
	return JEMBATAN_OK;
}

static enum jembatan_result who_syncs(struct db *db, bool sqlite, struct why *why)
{
	if (db->syncs_itself == sqlite || FAULT_PLANTED("fsync-off"))
		return JEMBATAN_OK;
	enum jembatan_result r = sql_script(&db->sql, sqlite ? "PRAGMA synchronous = FULL" :
					    "PRAGMA synchronous = NORMAL", why);
	if (r == JEMBATAN_OK)
		db->syncs_itself = sqlite;
	return r;
}

static enum jembatan_result begin(struct db *db, bool ahead, struct why *why)
{
	ASSERT(!db->sql.in_transaction);
	end_reading(db);
	if (db->owed && sql_script(&db->sql, "COMMIT", why) == JEMBATAN_OK)
		db->owed = false;
	enum jembatan_result r = sync_again(db, why);
	if (r == JEMBATAN_OK)
		r = who_syncs(db, !ahead, why);
	if (r == JEMBATAN_OK)
		r = sql_script(&db->sql, "BEGIN IMMEDIATE", why);
	db->sql.in_transaction = r == JEMBATAN_OK;
	db->goes_ahead = ahead;
	return r;
}

enum jembatan_result db_begin(struct db *db, struct why *why)
{
	return begin(db, false, why);
}

enum jembatan_result db_begin_ahead(struct db *db, struct why *why)
{
	return begin(db, true, why);
}

/* Copies the log into the database without waiting for readers. */
static void checkpoint(struct db *db)
{
	struct why why = { "" };
	int in_log = 0, copied = 0;
	end_reading(db);
	if (sync_again(db, &why) != JEMBATAN_OK)
		return; /* told already, when it was refused */
	if (sqlite3_wal_checkpoint_v2(db->sql.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log,
				      &copied) != SQLITE_OK) {
		(void)sql_failed(&db->sql, &why);
		log_trouble(&db->checkpoint_trouble, "store", why.text);
		return;
	}
	log_trouble_over(&db->checkpoint_trouble, "store", "the checkpoint");
	if (copied == in_log)
		db->wal_pages = 0;
}

/* Smoothed; one that the disk held up for long counts as four usual ones. */
static void note_commit(struct db *db, int64_t us)
{
	int64_t usual = db->usual_commit_us;
	db->commit_us[db->commits++ % DB_TIMES] = (uint32_t)us;
	if (usual == 0)
		db->usual_commit_us = us;
	else
		db->usual_commit_us += ((us < 4 * usual ? us : 4 * usual) - usual) / 8;
}

int64_t db_usual_commit_us(const struct db *db)
{
	return db->usual_commit_us;
}

static enum jembatan_result commit_now(struct db *db, struct why *why)
{
	/* After some failures SQLite has rolled back by itself. */
	if (sqlite3_get_autocommit(db->sql.handle))
		return why_set(why, JEMBATAN_RETRY,
			       "the disk under %s failed earlier in this transaction: nothing of "
			       "it was stored", db->data_dir);
	if (FAULT_PLANTED("commit-early")) {
		db->owed = true;
		return tally_write(&db->tally, &db->sql, why);
	}
	static const char text[] = "COMMIT";
	enum jembatan_result r = tally_write(&db->tally, &db->sql, why);
	return r == JEMBATAN_OK ? sql_run(&db->sql, why, text, SQL_NOTHING) : r;
}

enum jembatan_result db_sync(struct db *db, bool wait, struct why *why)
{
	if (!db->unsynced)
		return JEMBATAN_OK;
	if (db->sync_error == 0 && !wait && log_sync_is_under_way(&db->log))
		return JEMBATAN_IDLE;
	if (db->sync_error == 0) {
		db->sync_error = log_sync_wait(&db->log);
		note_commit(db, db->log.ended_us - db->commit_began_us);
	}
	if (db->sync_error != 0)
		return refused(db, why);
	db->unsynced = false;
	return JEMBATAN_OK;
}

int db_sync_fd(const struct db *db)
{
	return db->log.ended;
}

enum jembatan_result db_commit(struct db *db, struct why *why)
{
	ASSERT(db->sql.in_transaction);
	FAULT_POINT("db.commit.before");
	enum jembatan_result r = db_sync(db, true, why);
	db->commit_began_us = clock_mono_us();
	db->has_written = false;
	if (r == JEMBATAN_OK)
		r = commit_now(db, why);
	if (r != JEMBATAN_OK)
		return r;
	FAULT_POINT("db.commit.after");
	db->unsynced = db->goes_ahead && db->has_written && !FAULT_PLANTED("fsync-off");
	if (db->unsynced)
		log_sync_begin(&db->log);
	else
		note_commit(db, clock_mono_us() - db->commit_began_us);
	db->sql.in_transaction = false;
	fresh_clear(&db->fresh);
	inbox_files_committed(&db->files);
	return JEMBATAN_OK;
}

void db_abort(struct db *db)
{
	if (!db->sql.in_transaction)
		return;
	sql_rollback(&db->sql);
	db->sql.in_transaction = false;
	db->replies.known = false;
	tally_forget(&db->tally);
	keys_forget_all(&db->keys);
	recent_forget_all(&db->recent);
	fresh_clear(&db->fresh);
	inbox_files_aborted(&db->files);
}

/* To empty the log the database must grow: while there is room for both. */
static int64_t wal_limit(const struct db *db)
{
	struct statvfs v;
	if (fstatvfs(db->keep_fd, &v) != 0)
		return WAL_MAX_PAGES;
	int64_t fits = (int64_t)(v.f_bavail * v.f_frsize) / WAL_PAGE_BYTES / 4;
	return fits < WAL_IDLE_PAGES ? WAL_IDLE_PAGES : fits < WAL_MAX_PAGES ? fits : WAL_MAX_PAGES;
}

bool db_wants_relief(struct db *db)
{
	return !db->sql.in_transaction && !db->owed && db->wal_pages > WAL_IDLE_PAGES &&
	       db->wal_pages > wal_limit(db);
}

void db_relieve(struct db *db)
{
	if (db_wants_relief(db))
		checkpoint(db);
}

void db_idle(struct db *db)
{
	end_reading(db);
	if (!db->sql.in_transaction && !db->owed && db->wal_pages > WAL_IDLE_PAGES)
		checkpoint(db);
}

enum jembatan_result db_empty_log(struct db *db, struct why *why)
{
	end_reading(db);
	if (db->sql.in_transaction || db->owed)
		return why_set(why, JEMBATAN_RETRY, "a transaction is open");
	enum jembatan_result r = sync_again(db, why);
	if (r != JEMBATAN_OK)
		return r;
	if (sqlite3_wal_checkpoint_v2(db->sql.handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
				      NULL) != SQLITE_OK)
		return sql_failed(&db->sql, why);
	db->wal_pages = 0;
	return JEMBATAN_OK;
}

static int compare_us(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static int64_t file_size(const struct db *db, const char *name)
{
	struct stat st;
	CLEANUP(free_pointer) char *path = xasprintf("%s/%s", db->data_dir, name);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

void db_stats(struct db *db, struct db_stats *out)
{
	*out = (struct db_stats){
		.commits = db->commits,
		.size_bytes = file_size(db, "jembatan.db"),
		.wal_bytes = file_size(db, "jembatan.db-wal"),
	};
	size_t n = db->commits < DB_TIMES ? (size_t)db->commits : DB_TIMES;
	if (n == 0)
		return;
	uint32_t sorted[DB_TIMES];
	memcpy(sorted, db->commit_us, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare_us);
	out->p99_commit_us = sorted[(n - 1) * 99 / 100];
}

struct jembatan_bytes db_seal(struct db *db, const char *label, struct jembatan_bytes plain)
{
	buf_clear(&db->sealed);
	seal_value(&db->master, label, plain, &db->sealed);
	return buf_bytes(&db->sealed);
}

enum jembatan_result db_unseal(struct db *db, const char *label, struct jembatan_bytes sealed,
			       struct jembatan_bytes *out, struct why *why)
{
	buf_clear(&db->plain);
	enum jembatan_result r = seal_value_open(&db->master, label, sealed, &db->plain, why);
	if (r == JEMBATAN_OK)
		*out = buf_bytes(&db->plain);
	return r;
}

enum jembatan_result db_write_tally(struct db *db, struct why *why)
{
	return db->sql.in_transaction ? tally_write(&db->tally, &db->sql, why) : JEMBATAN_OK;
}

struct digest db_record_key(const struct db *db, const struct digest *record_key)
{
	return digest_hmac(db_local_key(db), bytes_of(record_key->bytes, DIGEST_SIZE));
}
