/* migrate.c: one step, one transaction. */
#include "store/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/poison.h"

enum jembatan_result migrate_check(struct sql *sql, const struct migrate_steps *steps,
				   int64_t *out_version, struct why *why)
{
	int64_t version = 0, application = 0;
	enum jembatan_result r = sql_get_number(sql, why, &version, "PRAGMA user_version",
						SQL_NOTHING);
	if (r == JEMBATAN_OK)
		r = sql_get_number(sql, why, &application, "PRAGMA application_id", SQL_NOTHING);
	if (r != JEMBATAN_OK)
		return r;
	if (version != 0 && application != MIGRATE_APPLICATION_ID)
		return why_set(why, JEMBATAN_CONFIG,
			       "the database in %s belongs to another program: choose another "
			       "folder", sql->folder);
	if (version > (int64_t)steps->count)
		return why_set(why, JEMBATAN_CONFIG,
			       "the store in %s has schema %lld, this program knows up to %zu: "
			       "install the newer program again, or put back the backup that was "
			       "made before it",
			       sql->folder, (long long)version, steps->count);
	*out_version = version;
	return JEMBATAN_OK;
}

/* VACUUM INTO does not sync what it wrote, and a migration must not begin
 * before the copy is safe. It takes an empty file, so the mode is ours. */
static enum jembatan_result backup(struct sql *sql, int64_t version, const char *dir,
				   struct why *why)
{
	enum jembatan_result r = file_make_dirs(dir, 0700, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(free_pointer) char *path = xasprintf("%s/before-schema-%lld-%lld.db", dir,
						     (long long)version + 1,
						     (long long)clock_now_ms());
	CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
					0600);
	if (fd < 0)
		return why_set(why, JEMBATAN_RETRY, "cannot make the backup %s: %s", path,
			       strerror(errno));
	FAULT_POINT("migrate.copying");
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(sql->handle, "VACUUM INTO ?1", -1, &s, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(s, 1, path, -1, SQLITE_STATIC);
	if (code == SQLITE_OK && sqlite3_step(s) != SQLITE_DONE)
		code = SQLITE_ERROR;
	if (code != SQLITE_OK)
		r = sql_failed(sql, why);
	else if (fsync(fd) != 0)
		r = why_set(why, JEMBATAN_RETRY, "cannot write the backup %s: %s", path,
			    strerror(errno));
	sqlite3_finalize(s);
	if (r != JEMBATAN_OK) {
		unlink(path);
		return r;
	}
	log_notice("store", "backup before a new schema: %s", path);
	return file_sync_dir(dir, why);
}

/* When the copy NAME was made; 0: it is none. */
static long long made_ms(const char *name)
{
	const char *at = strrchr(name, '-');
	return str_starts(name, "before-schema-") && at != NULL ? strtoll(at + 1, NULL, 10) : 0;
}

/* The newest copies stay. */
static void remove_old_copies(const char *dir)
{
	size_t count;
	do {
		char oldest[NAME_MAX + 1] = "";
		DIR *d = opendir(dir);
		const struct dirent *e;
		count = 0;
		while (d != NULL && (e = readdir(d)) != NULL) {
			if (made_ms(e->d_name) == 0)
				continue;
			count++;
			if (oldest[0] == '\0' || made_ms(e->d_name) < made_ms(oldest))
				str_copy(oldest, sizeof(oldest), e->d_name);
		}
		if (d != NULL)
			closedir(d);
		CLEANUP(free_pointer) char *path = xasprintf("%s/%s", dir, oldest);
		if (count > MIGRATE_COPIES_MAX && unlink(path) != 0)
			return;
	} while (count > MIGRATE_COPIES_MAX + 1);
}

static enum jembatan_result apply(struct sql *sql, const char *text, int64_t version,
				  struct why *why)
{
	char mark[96];
	snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %lld;",
		 MIGRATE_APPLICATION_ID, (long long)version);
	enum jembatan_result r = sql_script(sql, "BEGIN IMMEDIATE", why);
	if (r == JEMBATAN_OK)
		r = sql_script(sql, text, why);
	FAULT_POINT("migrate.mid");
	if (r == JEMBATAN_OK)
		r = sql_script(sql, mark, why);
	FAULT_POINT("migrate.marked");
	if (r == JEMBATAN_OK)
		r = sql_script(sql, "COMMIT", why);
	if (r != JEMBATAN_OK)
		sql_rollback(sql);
	return r;
}

enum jembatan_result migrate_run(struct sql *sql, const struct migrate_steps *steps,
				 int64_t version, const char *backup_dir, struct why *why)
{
	if (version == (int64_t)steps->count)
		return JEMBATAN_OK;
	enum jembatan_result r = JEMBATAN_OK;
	if (version > 0)
		r = backup(sql, version, backup_dir, why);
	FAULT_POINT("migrate.copied");
	for (int64_t v = version; r == JEMBATAN_OK && v < (int64_t)steps->count; v++) {
		r = apply(sql, steps->steps[v], v + 1, why);
		FAULT_POINT("migrate.step");
	}
	if (r == JEMBATAN_OK)
		remove_old_copies(backup_dir);
	return r == JEMBATAN_OK ? r : why_prefix(why, r, "bringing the store to schema %zu",
						 steps->count);
}
