/* restore.h: putting a backup back. The daemon is stopped; the store is made
 * ready beside the old one, in hold, and takes its place by renames. Killed at
 * any line, the folder holds the old store, or the new one, or says that this
 * was not finished and is to be done again. */
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H

#include "store/db.h"
#include "store/backup.h"
#include "store/hold.h"

struct restore_options {
	const char *data_dir;
	const char *from;  /* a backup's folder; or a database from data_dir/backup */
	struct db_secrets keys; /* now NULL: data_dir/master.key */
	bool replace;      /* there may be a store: it is kept aside */
	enum hold_means means;
	int64_t now_ms;
	backup_progress *progress;
	void *data;
};

struct restore_done {
	struct backup_facts facts;
	char *aside; /* where the old store is now, or NULL; the caller frees */
	int64_t held; /* actions whose outcome is now unknown */
	int64_t astray; /* rows that point at one that is not there: a mistake of ours */
};

/* RETRY: a daemon works here, or the disk; DATA: the backup is damaged, newer
 * than this program, or there is a store and `replace` was not said; CONFIG:
 * the master key is missing or another. */
MUST_CHECK enum jembatan_result restore_run(const struct restore_options *o,
					    struct restore_done *out, struct why *why);

/* Internal to core/store: CONFIG while a restore in this folder is unfinished. */
MUST_CHECK enum jembatan_result restore_check(const char *data_dir, struct why *why);

#endif
