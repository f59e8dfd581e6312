/* inbox_files.c: from a child's folder into spool/keep, and out of it again.
 *
 * A file is renamed and the folder synced before the transaction that names
 * it, so a committed row never names a file that a power cut can take. The
 * other way round, a crash between both leaves a file without a row: the sweep
 * takes it, but never one that this process kept and has not committed. */
#include "store/inbox_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "store/db_inside.h"
#include "store/inbox.h"
#include "base/poison.h"

#define TOKEN_MAX 128u
#define SWEEP_SLICE 256u

/* A token is a file name that a child chose. */
static bool token_is_good(const char *token)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t n = strlen(token);
	return n > 0 && n <= TOKEN_MAX && token[0] != '.' && strspn(token, allowed) == n;
}

static struct inbox_file *find_fresh(struct inbox_files *f, const char *token)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->fresh[i].token, token) == 0)
			return &f->fresh[i];
	return NULL;
}

static void add_fresh(struct inbox_files *f, const char *token)
{
	if (find_fresh(f, token) != NULL)
		return;
	if (f->count == f->capacity) {
		f->capacity = f->capacity != 0 ? f->capacity * 2 : 16;
		f->fresh = xrealloc(f->fresh, f->capacity, sizeof(*f->fresh));
	}
	f->fresh[f->count++] = (struct inbox_file){ .token = xstrdup(token) };
}

static void add_doomed(struct inbox_files *f, char *token)
{
	if (f->doomed_count == f->doomed_capacity) {
		f->doomed_capacity = f->doomed_capacity != 0 ? f->doomed_capacity * 2 : 16;
		f->doomed = xrealloc(f->doomed, f->doomed_capacity, sizeof(*f->doomed));
	}
	f->doomed[f->doomed_count++] = token;
}

void inbox_files_done(struct inbox_files *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->fresh[i].token);
	for (size_t i = 0; i < f->doomed_count; i++)
		free(f->doomed[i]);
	free(f->fresh);
	free(f->doomed);
	if (f->sweeping != NULL)
		closedir(f->sweeping);
	*f = (struct inbox_files){ 0 };
}

enum jembatan_result inbox_files_name(struct db *db, const char *token, unsigned subject,
				      int64_t subject_id, struct why *why)
{
	struct inbox_file *file = find_fresh(&db->files, token);
	if (file != NULL)
		file->named = true;
	return sql_run(&db->sql, why, "INSERT INTO kept (token, subject, subject_id)"
		       " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
		       SQL_VALUES(sql_text(token), sql_number(subject), sql_number(subject_id)));
}

void inbox_files_doom(struct db *db, const char *token)
{
	struct inbox_file *file = find_fresh(&db->files, token);
	if (file != NULL)
		file->doomed = true;
}

void inbox_files_forget(struct db *db, const char *token)
{
	add_fresh(&db->files, token);
	find_fresh(&db->files, token)->doomed = true;
}

void inbox_files_committed(struct inbox_files *f)
{
	size_t left = 0;
	for (size_t i = 0; i < f->count; i++) {
		struct inbox_file *file = &f->fresh[i];
		if (file->named)
			free(file->token);
		else if (file->doomed)
			add_doomed(f, file->token);
		else
			f->fresh[left++] = *file;
	}
	f->count = left;
}

void inbox_files_aborted(struct inbox_files *f)
{
	for (size_t i = 0; i < f->count; i++)
		f->fresh[i].named = f->fresh[i].doomed = false;
}

/* Rename first and look afterwards, where the child cannot change it. */
static enum jembatan_result keep_one(struct db *db, const char *instance_name, const char *token,
				     uint64_t size, struct why *why)
{
	if (token == NULL || !token_is_good(token))
		return why_set(why, JEMBATAN_DATA, "the connector gave a file a name it may not");
	CLEANUP(free_pointer) char *from = xasprintf("%s/spool/%s/%s", db->data_dir, instance_name,
						     token);
	int code = renameat2(AT_FDCWD, from, db->keep_fd, token, RENAME_NOREPLACE);
	if (code != 0 && errno != ENOENT)
		return why_set(why, errno == EEXIST ? JEMBATAN_DATA : JEMBATAN_RETRY,
			       "cannot bring a file into %s/spool/keep: %s", db->data_dir,
			       strerror(errno));
	struct stat st;
	if (fstatat(db->keep_fd, token, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return why_set(why, JEMBATAN_DATA, "the connector named a file that is not there");
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    (uint64_t)st.st_size != box_file_size(size)) {
		if (code == 0)
			unlinkat(db->keep_fd, token, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
		return why_set(why, JEMBATAN_DATA,
			       "the connector named a file that has not the size it said");
	}
	add_fresh(&db->files, token);
	return JEMBATAN_OK;
}

static enum jembatan_result sync_keep(struct db *db, struct why *why)
{
	FAULT_POINT("keep.renamed");
	if (fsync(db->keep_fd) == 0)
		return JEMBATAN_OK;
	return why_set(why, JEMBATAN_RETRY, "cannot sync %s/spool/keep: %s", db->data_dir,
		       strerror(errno));
}

enum jembatan_result inbox_keep_files(struct db *db, const char *instance_name,
				      const struct inbox_item *items, size_t count, struct why *why)
{
	size_t kept = 0;
	ASSERT(strchr(instance_name, '/') == NULL && instance_name[0] != '.');
	for (size_t i = 0; i < count; i++) {
		const struct msg_message *m = items[i].message;
		for (size_t k = 0; k < m->file_count + m->raw_spooled_count; k++) {
			bool is_raw = k >= m->file_count;
			const char *token = is_raw ? m->raw_spooled[0].token : m->files[k].token;
			uint64_t size = is_raw ? m->raw_spooled[0].size : m->files[k].size;
			if (token == NULL && !is_raw)
				continue; /* by reference, or missing */
			enum jembatan_result r = keep_one(db, instance_name, token, size, why);
			if (r != JEMBATAN_OK)
				return r;
			kept++;
		}
	}
	return kept != 0 ? sync_keep(db, why) : JEMBATAN_OK;
}

enum jembatan_result inbox_keep_raw(struct db *db, const char *instance_name,
				    const struct msg_begin *begin, struct why *why)
{
	if (begin->spooled_count == 0)
		return JEMBATAN_OK;
	ASSERT(strchr(instance_name, '/') == NULL && instance_name[0] != '.');
	enum jembatan_result r = keep_one(db, instance_name, begin->spooled->token,
					  begin->spooled->size, why);
	return r == JEMBATAN_OK ? sync_keep(db, why) : r;
}

void inbox_drop_file(struct db *db, const char *token)
{
	inbox_files_doom(db, token);
}

enum jembatan_result inbox_open_file(struct db *db, const char *token, int *out_fd, struct why *why)
{
	int fd = -1;
	if (token_is_good(token))
		fd = openat(db->keep_fd, token, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return why_set(why, JEMBATAN_GONE, "a kept file is not in %s/spool/keep any more",
			       db->data_dir);
	*out_fd = fd;
	return JEMBATAN_OK;
}

/* Exactly size bytes, then the authenticated end, with this digest. */
static enum jembatan_result read_exactly(struct box_reader *reader,
					 const struct msg_spooled *spooled, char *out,
					 struct why *why)
{
	size_t have = 0, n = 0;
	char more;
	do {
		enum jembatan_result r = box_reader_next(reader, out + have,
							 spooled->size - have, &n, why);
		if (r != JEMBATAN_OK)
			return r;
		have += n;
	} while (n > 0 && have < spooled->size);
	enum jembatan_result r = box_reader_next(reader, &more, 1, &n, why);
	if (r != JEMBATAN_OK)
		return r;
	struct digest d = digest_sha256(bytes_of(out, have));
	if (have == spooled->size && n == 0 &&
	    digest_equal(d.bytes, spooled->sha256.data, DIGEST_SIZE))
		return JEMBATAN_OK;
	return why_set(why, JEMBATAN_DATA, "a kept file is not what was written");
}

enum jembatan_result inbox_files_read(struct db *db, const struct msg_spooled *spooled,
				      struct buf *out, struct why *why)
{
	CLEANUP(close_fd) int fd = -1;
	struct box_key key;
	if (spooled->token == NULL || spooled->key.size != BOX_KEY_SIZE ||
	    spooled->sha256.size != DIGEST_SIZE)
		return why_set(why, JEMBATAN_DATA, "a kept file has no key");
	char *room = buf_reserve(out, spooled->size);
	if (room == NULL)
		return why_set(why, JEMBATAN_DATA, "a kept file is larger than %zu bytes",
			       out->ceiling);
	enum jembatan_result r = inbox_open_file(db, spooled->token, &fd, why);
	if (r != JEMBATAN_OK)
		return r;
	memcpy(key.bytes, spooled->key.data, BOX_KEY_SIZE);
	struct box_reader *reader = box_reader_new(&key, fd);
	mem_wipe(&key, sizeof(key));
	r = read_exactly(reader, spooled, room, why);
	box_reader_free(reader);
	if (r == JEMBATAN_OK)
		buf_grew(out, spooled->size);
	return r;
}

static void remove_unnamed(struct db *db, const char *token)
{
	static const char text[] = "SELECT EXISTS (SELECT 1 FROM kept WHERE token = ?1)";
	int64_t named = 1;
	if (FAULT_PLANTED("sweep-all"))
		unlinkat(db->keep_fd, token, 0);
	if (find_fresh(&db->files, token) == NULL &&
	    sql_get_number(&db->sql, NULL, &named, text, SQL_VALUES(sql_text(token))) ==
	    JEMBATAN_OK && named == 0)
		unlinkat(db->keep_fd, token, 0);
}

static bool start_walk(struct db *db)
{
	int fd = openat(db->keep_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		db->files.sweeping = fdopendir(fd);
	if (fd >= 0 && db->files.sweeping == NULL)
		close(fd);
	return db->files.sweeping != NULL;
}

void inbox_sweep(struct db *db)
{
	struct inbox_files *f = &db->files;
	/* A file lives as long as a row that a power cut could bring back. */
	if (db_sync(db, true, NULL) != JEMBATAN_OK)
		return;
	for (size_t n = 0; n < SWEEP_SLICE && f->doomed_count > 0; n++) {
		char *token = f->doomed[--f->doomed_count];
		remove_unnamed(db, token);
		free(token);
	}
	if (f->swept || (f->sweeping == NULL && !start_walk(db)))
		return;
	for (size_t n = 0; n < SWEEP_SLICE; n++) {
		const struct dirent *e = readdir(f->sweeping);
		if (e == NULL) {
			closedir(f->sweeping);
			f->sweeping = NULL;
			f->swept = true;
			return;
		}
		if (e->d_name[0] != '.')
			remove_unnamed(db, e->d_name);
	}
}
