/* restore.c: unpack beside, hold, swap.
 *
 * Until the mark `restore.unfinished` is on disk, nothing of the old store has
 * been touched. From then on no daemon starts here (an empty store would be
 * taken for a first start), until the last rename is synced and the mark gone.
 * The new store is in hold before it is in its place. */
#include "store/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "store/audit.h"
#include "store/db_inside.h"
#include "store/outbox_rows.h"
#include "base/poison.h"

#define MARK "restore.unfinished"
#define STAGE "restore.new"

struct restoring {
	const struct restore_options *o;
	char *stage, *mark, *aside;
	bool resumed; /* an earlier one was cut off in the middle of its renames */
	struct restore_done done;
};

static char *in(const char *folder, const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

static bool is_there(const char *folder, const char *name)
{
	CLEANUP(free_pointer) char *path = in(folder, name);
	struct stat st;
	return lstat(path, &st) == 0;
}

enum jembatan_result restore_check(const char *data_dir, struct why *why)
{
	if (!is_there(data_dir, MARK))
		return JEMBATAN_OK;
	return why_set(why, JEMBATAN_CONFIG, "putting back a backup into %s was cut off: run "
		       "`jembatan restore` again", data_dir);
}

static enum jembatan_result failed(struct why *why, const char *what, const char *path)
{
	return why_set(why, JEMBATAN_RETRY, "cannot %s %s: %s", what, path, strerror(errno));
}

/* ---- making it ready --------------------------------------------------- */

static enum jembatan_result take_lock(const char *data_dir, int *out_fd, struct why *why)
{
	CLEANUP(free_pointer) char *path = in(data_dir, "lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failed(why, "open", path);
	*out_fd = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return JEMBATAN_OK;
	return why_set(why, JEMBATAN_RETRY, "jembatand works in %s: stop it first", data_dir);
}

/* The copy before a migration has no files of its own: they are still here. */
static enum jembatan_result link_files(const struct restoring *x, const char *keep,
				       struct why *why)
{
	CLEANUP(free_pointer) char *from = in(x->o->data_dir, "spool/keep");
	DIR *d = opendir(from);
	if (d == NULL)
		return errno == ENOENT ? JEMBATAN_OK : failed(why, "read", from);
	enum jembatan_result r = JEMBATAN_OK;
	for (const struct dirent *e; r == JEMBATAN_OK && (e = readdir(d)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		CLEANUP(free_pointer) char *old = in(from, e->d_name);
		CLEANUP(free_pointer) char *new = in(keep, e->d_name);
		if (link(old, new) != 0)
			r = failed(why, "link", new);
	}
	closedir(d);
	return r;
}

static enum jembatan_result unpack_file(struct restoring *x, const char *keep, struct why *why)
{
	CLEANUP(free_pointer) char *to = in(x->stage, "jembatan.db");
	struct digest d;
	struct stat st;
	enum jembatan_result r = backup_copy(x->o->from, to, &d, &x->done.facts.bytes, why);
	if (r == JEMBATAN_OK && stat(x->o->from, &st) == 0)
		x->done.facts.made_ms = (int64_t)st.st_mtim.tv_sec * 1000;
	digest_hex(d.bytes, DIGEST_SIZE, x->done.facts.digest);
	return r == JEMBATAN_OK ? link_files(x, keep, why) : r;
}

static enum jembatan_result unpack(struct restoring *x, struct why *why)
{
	const struct restore_options *o = x->o;
	CLEANUP(free_pointer) char *keep = in(x->stage, "spool/keep");
	struct stat st;
	backup_remove(x->stage);
	if (stat(o->from, &st) != 0)
		return why_set(why, JEMBATAN_GONE, "there is no backup %s: %s", o->from,
			       strerror(errno));
	enum jembatan_result r = JEMBATAN_OK;
	if (S_ISDIR(st.st_mode))
		r = backup_read(o->from, &x->done.facts, why);
	if (r == JEMBATAN_OK)
		r = file_make_dirs(keep, 0700, why);
	if (r != JEMBATAN_OK)
		return r;
	return S_ISDIR(st.st_mode) ? backup_unpack(o->from, x->stage, o->progress, o->data, why) :
				     unpack_file(x, keep, why);
}

static enum jembatan_result read_key(const struct restoring *x, struct secret **out,
				     struct why *why)
{
	CLEANUP(free_pointer) char *path = in(x->o->data_dir, "master.key");
	CLEANUP(buf_done) struct buf text;
	buf_init(&text, 4096);
	enum jembatan_result r = file_read(path, &text, why);
	if (r == JEMBATAN_GONE)
		return why_set(why, JEMBATAN_CONFIG, "the master key %s is missing, and it is in no "
			       "backup: put it back first from where you keep its copy", path);
	if (r == JEMBATAN_OK)
		*out = secret_new(text.data, text.size);
	if (text.data != NULL)
		mem_wipe(text.data, text.size);
	return r;
}

/* In one transaction, so the store is never put in its place without. */
static enum jembatan_result hold(struct restoring *x, struct db *db, struct why *why)
{
	const struct restore_options *o = x->o;
	char text[160], made[32];
	struct outbox_counts counts = { 0 };
	clock_format(x->done.facts.made_ms, 0, made);
	snprintf(text, sizeof(text), "the backup of %s was put back; what was pushed since is unknown",
		 made);
	enum jembatan_result r = db_begin(db, why);
	if (r == JEMBATAN_OK)
		r = hold_start(db, x->done.facts.made_ms, o->now_ms, o->means, why);
	if (r == JEMBATAN_OK)
		r = audit_add(db, AUDIT_CENTRAL, 0, "jembatan", "restored", text, o->now_ms, why);
	if (r == JEMBATAN_OK)
		r = outbox_rows_count(db, &counts, why);
	if (r == JEMBATAN_OK)
		r = db_commit(db, why);
	if (r != JEMBATAN_OK)
		db_abort(db);
	x->done.held = counts.by_state[OUTBOX_UNKNOWN] + counts.by_state[OUTBOX_QUEUED];
	return r;
}

static enum jembatan_result check_whole(struct db *db, struct why *why)
{
	int64_t bad = 0;
	enum jembatan_result r =
		sql_get_number(&db->sql, why, &bad, "SELECT count(*) FROM pragma_quick_check"
			       " WHERE quick_check <> 'ok'", SQL_NOTHING);
	if (r == JEMBATAN_OK && bad != 0)
		return why_set(why, JEMBATAN_DATA, "the database in this backup is damaged");
	return r;
}

/* Told, not refused: this copy may be the only one. 1.3 s for a million
 * complaints, half of what the check above takes. */
static enum jembatan_result count_astray(struct db *db, int64_t *out, struct why *why)
{
	return sql_get_number(&db->sql, why, out, "SELECT count(*) FROM pragma_foreign_key_check",
			      SQL_NOTHING);
}

/* Opening checks the key and brings an older schema up. */
static enum jembatan_result prepare(struct restoring *x, struct why *why)
{
	struct secret *own = NULL;
	struct db_secrets keys = x->o->keys;
	struct db *db = NULL;
	enum jembatan_result r = unpack(x, why);
	if (r == JEMBATAN_OK && x->o->keys.now == NULL)
		r = read_key(x, &own, why);
	if (own != NULL)
		keys.now = own;
	if (r == JEMBATAN_OK)
		r = db_open_keys(x->stage, &keys, &db, why);
	if (r == JEMBATAN_OK)
		r = check_whole(db, why);
	if (r == JEMBATAN_OK)
		r = count_astray(db, &x->done.astray, why);
	if (r == JEMBATAN_OK)
		r = hold(x, db, why);
	db_close(db);
	secret_free(own);
	return r == JEMBATAN_OK ? backup_sync(x->stage, why) : r;
}

/* ---- the swap ---------------------------------------------------------- */

/* What root puts back must be the daemon's. */
static enum jembatan_result give_to_owner(const char *path, const char *data_dir, struct why *why)
{
	struct stat st;
	if (geteuid() != 0)
		return JEMBATAN_OK;
	if (stat(data_dir, &st) != 0 || lchown(path, st.st_uid, st.st_gid) != 0)
		return failed(why, "give away", path);
	return JEMBATAN_OK;
}

static enum jembatan_result give_all(const struct restoring *x, struct why *why)
{
	const char *dir = x->o->data_dir;
	CLEANUP(free_pointer) char *base = in(x->stage, "jembatan.db");
	CLEANUP(free_pointer) char *spool = in(x->stage, "spool");
	CLEANUP(free_pointer) char *keep = in(x->stage, "spool/keep");
	enum jembatan_result r = give_to_owner(base, dir, why);
	if (r == JEMBATAN_OK)
		r = give_to_owner(spool, dir, why);
	if (r == JEMBATAN_OK)
		r = give_to_owner(keep, dir, why);
	DIR *d = r == JEMBATAN_OK ? opendir(keep) : NULL;
	for (const struct dirent *e; d != NULL && r == JEMBATAN_OK && (e = readdir(d)) != NULL;) {
		CLEANUP(free_pointer) char *path = in(keep, e->d_name);
		if (e->d_name[0] != '.')
			r = give_to_owner(path, dir, why);
	}
	if (d != NULL)
		closedir(d);
	return r;
}

/* When an earlier run was cut off, what is aside is the old store, and what
 * stands in its place may be half of that run's. */
static enum jembatan_result move_aside(const struct restoring *x, const char *name,
				       struct why *why)
{
	CLEANUP(free_pointer) char *from = in(x->o->data_dir, name);
	CLEANUP(free_pointer) char *to = in(x->aside, name);
	if (!is_there(x->o->data_dir, name))
		return JEMBATAN_OK;
	if (x->resumed && is_there(x->aside, name)) {
		backup_remove(from);
		return JEMBATAN_OK;
	}
	return rename(from, to) == 0 ? JEMBATAN_OK : failed(why, "move aside", from);
}

static enum jembatan_result move_in(const struct restoring *x, const char *name, struct why *why)
{
	CLEANUP(free_pointer) char *from = in(x->stage, name);
	CLEANUP(free_pointer) char *to = in(x->o->data_dir, name);
	return rename(from, to) == 0 ? JEMBATAN_OK : failed(why, "move into place", to);
}

static enum jembatan_result swap(struct restoring *x, struct why *why)
{
	/* The log first: a database without its log is still whole, a log
	 * without its database would be taken for the next one's. */
	static const char *const names[] = { "jembatan.db-shm", "jembatan.db-wal", "jembatan.db",
					     "spool" };
	enum jembatan_result r = JEMBATAN_OK;
	FAULT_POINT("restore.marked");
	if (mkdir(x->aside, 0700) != 0 && errno != EEXIST)
		return failed(why, "make", x->aside);
	r = give_to_owner(x->aside, x->o->data_dir, why);
	for (size_t i = 0; i < COUNT_OF(names) && r == JEMBATAN_OK; i++) {
		r = move_aside(x, names[i], why);
		FAULT_POINT("restore.aside");
	}
	if (r == JEMBATAN_OK)
		r = file_sync_dir(x->aside, why);
	if (r == JEMBATAN_OK)
		r = move_in(x, "spool", why);
	FAULT_POINT("restore.mid");
	if (r == JEMBATAN_OK)
		r = move_in(x, "jembatan.db", why);
	if (r == JEMBATAN_OK)
		r = file_sync_dir(x->o->data_dir, why);
	FAULT_POINT("restore.moved");
	if (r == JEMBATAN_OK && unlink(x->mark) != 0)
		r = failed(why, "remove", x->mark);
	return r == JEMBATAN_OK ? file_sync_dir(x->o->data_dir, why) : r;
}

/* The name of the folder for the old store stands in the mark. */
static enum jembatan_result read_mark(struct restoring *x, struct why *why)
{
	CLEANUP(buf_done) struct buf text;
	buf_init(&text, 4096);
	enum jembatan_result r = file_read(x->mark, &text, why);
	if (r == JEMBATAN_GONE) {
		char time[32];
		clock_format(x->o->now_ms, 0, time);
		CLEANUP(free_pointer) char *name = xasprintf("before-restore-%s", time);
		x->aside = in(x->o->data_dir, name);
		return JEMBATAN_OK;
	}
	if (r == JEMBATAN_OK) {
		x->resumed = true;
		x->aside = xstrndup(text.data, text.size);
	}
	return r;
}

static enum jembatan_result run(struct restoring *x, struct why *why)
{
	bool had_store = is_there(x->o->data_dir, "jembatan.db");
	enum jembatan_result r = read_mark(x, why);
	if (r != JEMBATAN_OK)
		return r;
	if (had_store && !x->o->replace && !x->resumed)
		return why_set(why, JEMBATAN_DATA, "there is a store in %s: with --replace it is kept "
			       "aside and the backup takes its place", x->o->data_dir);
	r = prepare(x, why);
	if (r == JEMBATAN_OK)
		r = give_all(x, why);
	if (r == JEMBATAN_OK)
		r = file_write(x->mark, 0600, bytes_text(x->aside), why);
	if (r == JEMBATAN_OK)
		r = swap(x, why);
	backup_remove(x->stage);
	if (r == JEMBATAN_OK && !had_store && !x->resumed)
		backup_remove(x->aside); /* nothing of worth is in it */
	else if (r == JEMBATAN_OK)
		x->done.aside = xstrdup(x->aside);
	return r;
}

enum jembatan_result restore_run(const struct restore_options *o, struct restore_done *out,
				 struct why *why)
{
	CLEANUP(close_fd) int lock = -1;
	struct restoring x = { .o = o, .stage = in(o->data_dir, STAGE),
			       .mark = in(o->data_dir, MARK) };
	enum jembatan_result r = file_make_dirs(o->data_dir, 0700, why);
	if (r == JEMBATAN_OK)
		r = take_lock(o->data_dir, &lock, why);
	if (r == JEMBATAN_OK)
		r = run(&x, why);
	if (r == JEMBATAN_OK)
		*out = x.done;
	free(x.stage);
	free(x.mark);
	free(x.aside);
	return r;
}
