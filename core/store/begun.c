/* begun.c: see begun.h. */
#include "store/begun.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/db_inside.h"
#include "base/poison.h"

#define MARK "a store was begun here\n"

static bool is_there(const struct db *db, const char *name)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/%s", db->data_dir, name);
	struct stat st;
	return lstat(path, &st) == 0 && st.st_size > 0;
}

/* A key that the settings name may lie anywhere, and be made before the first start. */
enum jembatan_result begun_check(struct db *db, const struct db_secrets *secrets, struct why *why)
{
	bool has_key = secrets->now == NULL && is_there(db, "master.key");
	if (!has_key && !is_there(db, "lock"))
		return JEMBATAN_OK;
	return why_set(why, JEMBATAN_CONFIG, "the store %s/jembatan.db is gone or empty, and %s: put it back "
		       "with `jembatan restore BACKUP`; to begin with an empty one, move all that is in "
		       "%s elsewhere first, and keep the key, since it opens the backups", db->data_dir,
		       has_key ? "its master.key is there" : "there was one in this folder", db->data_dir);
}

enum jembatan_result begun_check_file(struct db *db, const struct db_secrets *secrets,
				      struct why *why)
{
	return is_there(db, "jembatan.db") ? JEMBATAN_OK : begun_check(db, secrets, why);
}

/* A full disk stops no start: the next one tries again. */
void begun_note(struct db *db)
{
	struct stat st;
	if (fstat(db->lock_fd, &st) == 0 && st.st_size == 0 &&
	    (pwrite(db->lock_fd, MARK, strlen(MARK), 0) < 0 || fsync(db->lock_fd) != 0))
		log_warning("store", "cannot write %s/lock: %s", db->data_dir, strerror(errno));
}
