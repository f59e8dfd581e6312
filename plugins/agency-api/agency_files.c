/* agency_files.c: see agency_files.h.
 *
 * A file is complete when size and time of change have stood still for
 * `settle`, seen at two looks at least; thirty times as long when its last line
 * has no end, since that is how half a copy looks; at once when NAME.done lies
 * beside it. Names that begin with . or ~ and other endings than csv, jsonl and
 * those of spreadsheets are nobody's business, so writers may use .part or .tmp
 * and rename. */
#include "agency-api/agency_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define TORN_TIMES 30
#define MARK ".done"

/* When a stamp was seen first. */
struct sight {
	char stamp[AGENCY_STAMP_SIZE];
	int64_t since_ms;
};

struct agency_files {
	const struct agency_files_options *options;
	struct agency_file found[AGENCY_FILES_MAX];
	struct sight sights[AGENCY_FILES_MAX], before[AGENCY_FILES_MAX];
	size_t count, sight_count, before_count;
	bool is_growing;
};

struct agency_files *agency_files_new(const struct agency_files_options *options)
{
	struct agency_files *files = calloc(1, sizeof(*files));

	if (!files)
		abort();
	files->options = options;
	return files;
}

void agency_files_free(struct agency_files *files)
{
	free(files);
}

/* ---- one file ---------------------------------------------------------- */

static bool ends_with(const char *name, const char *const *endings)
{
	size_t size = strlen(name);

	for (; *endings; endings++)
		if (size > strlen(*endings) &&
		    strcasecmp(name + size - strlen(*endings), *endings) == 0)
			return true;
	return false;
}

static bool is_ours(const char *name, bool *out_is_table)
{
	static const char *const texts[] = { ".csv", ".jsonl", NULL };
	static const char *const tables[] = { ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", NULL };

	if (*name == '.' || *name == '~' || strlen(name) > 200)
		return false;
	*out_is_table = ends_with(name, tables);
	return *out_is_table || ends_with(name, texts);
}

/* Changes with name, size and time of change. */
static void make_stamp(const char *name, const struct stat *st, char out[AGENCY_STAMP_SIZE])
{
	char numbers[80], digest[65];
	const char *parts[2] = { name, numbers };

	(void)snprintf(numbers, sizeof(numbers), "%jd %jd %ld", (intmax_t)st->st_size,
		       (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	kit_digest(parts, 2, digest);
	(void)snprintf(out, AGENCY_STAMP_SIZE, "%.16s", digest);
}

static bool is_same_file(const struct agency_file *file, const struct stat *st)
{
	char stamp[AGENCY_STAMP_SIZE];

	make_stamp(file->name, st, stamp);
	return strcmp(stamp, file->stamp) == 0;
}

static bool has_mark(int dir, const char *name)
{
	char mark[300];
	struct stat st;

	(void)snprintf(mark, sizeof(mark), "%s" MARK, name);
	return fstatat(dir, mark, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Does its last line end? In UTF-16 too. */
static bool is_ended(int dir, const struct agency_file *file)
{
	int fd = openat(dir, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char tail[2] = { 0 };
	bool ended = false;

	if (fd < 0)
		return false;
	if (file->size >= 2 && pread(fd, tail, 2, (off_t)file->size - 2) == 2)
		ended = tail[1] == '\n' || (tail[0] == '\n' && tail[1] == '\0');
	(void)close(fd);
	return ended;
}

/* ---- looking ----------------------------------------------------------- */

static int64_t seen_since(struct agency_files *files, const char *stamp, int64_t now_ms)
{
	int64_t since_ms = now_ms;

	for (size_t i = 0; i < files->before_count; i++)
		if (strcmp(files->before[i].stamp, stamp) == 0)
			since_ms = files->before[i].since_ms;
	if (since_ms > now_ms) /* the clock was put back */
		since_ms = now_ms;
	struct sight *sight = &files->sights[files->sight_count++];

	memcpy(sight->stamp, stamp, sizeof(sight->stamp));
	sight->since_ms = since_ms;
	return since_ms;
}

static bool is_complete(struct agency_files *files, int dir, const struct agency_file *file,
			int64_t now_ms)
{
	int64_t stood_ms = now_ms - seen_since(files, file->stamp, now_ms);
	int64_t settle_ms = files->options->settle_ms;

	if (has_mark(dir, file->name))
		return true;
	if (files->options->needs_done)
		return false;
	if (stood_ms > 0 && stood_ms >= settle_ms &&
	    (file->is_table || stood_ms >= TORN_TIMES * settle_ms || is_ended(dir, file)))
		return true;
	files->is_growing = true;
	return false;
}

static enum jembatan_result consider(struct agency_files *files, int dir, const char *name,
				     int64_t now_ms, struct kit_why *why)
{
	struct agency_file *file = &files->found[files->count];
	bool is_table;
	struct stat st;

	if (!is_ours(name, &is_table) ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0)
		return JEMBATAN_OK;
	if (files->sight_count == AGENCY_FILES_MAX)
		return kit_why_set(why, JEMBATAN_RETRY,
				   "the folder holds more than %u exports: move old ones away, or "
				   "use drop_folder",
				   AGENCY_FILES_MAX);
	*file = (struct agency_file){
		.size = (int64_t)st.st_size,
		.changed_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000,
		.is_table = is_table,
	};
	(void)snprintf(file->name, sizeof(file->name), "%s", name);
	make_stamp(name, &st, file->stamp);
	files->count += is_complete(files, dir, file, now_ms);
	return JEMBATAN_OK;
}

static int by_change(const void *a, const void *b)
{
	const struct agency_file *x = a, *y = b;

	if (x->changed_ms != y->changed_ms)
		return x->changed_ms < y->changed_ms ? -1 : 1;
	return strcmp(x->name, y->name);
}

static enum jembatan_result unreadable(const char *path, int error, struct kit_why *why)
{
	return kit_why_set(why, JEMBATAN_GONE,
			   "the folder %s cannot be read (%s): make it, or mend its path or "
			   "permissions",
			   path, strerror(error));
}

enum jembatan_result agency_files_look(struct agency_files *files, int64_t now_ms,
				       const struct agency_file **out, size_t *out_count,
				       bool *out_growing, struct kit_why *why)
{
	DIR *dir = opendir(files->options->path);
	enum jembatan_result result = JEMBATAN_OK;
	struct dirent *entry;

	if (!dir)
		return unreadable(files->options->path, errno, why);
	memcpy(files->before, files->sights, sizeof(files->before));
	files->before_count = files->sight_count;
	files->sight_count = files->count = 0;
	files->is_growing = false;
	errno = 0;
	while (result == JEMBATAN_OK && (entry = readdir(dir)) != NULL) {
		result = consider(files, dirfd(dir), entry->d_name, now_ms, why);
		errno = 0;
	}
	if (result == JEMBATAN_OK && errno != 0)
		result = unreadable(files->options->path, errno, why);
	(void)closedir(dir);
	if (result != JEMBATAN_OK)
		return result;
	qsort(files->found, files->count, sizeof(files->found[0]), by_change);
	*out = files->found;
	*out_count = files->count;
	*out_growing = files->is_growing;
	return JEMBATAN_OK;
}

bool agency_files_sees(const struct agency_files *files, const char *stamp)
{
	for (size_t i = 0; i < files->sight_count; i++)
		if (strcmp(files->sights[i].stamp, stamp) == 0)
			return true;
	return false;
}

static enum jembatan_result try_folder(const char *path, int mode, struct kit_why *why)
{
	DIR *dir = opendir(path);

	if (!dir)
		return unreadable(path, errno, why);
	(void)closedir(dir);
	if (mode && faccessat(AT_FDCWD, path, mode, AT_EACCESS) != 0)
		return kit_why_set(why, JEMBATAN_GONE,
				   "files cannot be moved in %s (%s): mend its permissions, and "
				   "name it in ReadWritePaths= of the unit",
				   path, strerror(errno));
	return JEMBATAN_OK;
}

enum jembatan_result agency_files_try(const char *path, bool moves, struct kit_why *why)
{
	char archive[4096];
	enum jembatan_result result = try_folder(path, moves ? W_OK | X_OK : 0, why);

	if (result != JEMBATAN_OK || !moves)
		return result;
	(void)snprintf(archive, sizeof(archive), "%.4000s/" AGENCY_ARCHIVE, path);
	return try_folder(archive, W_OK | X_OK, why);
}

/* ---- loading ----------------------------------------------------------- */

/* False: it ends early. */
static bool read_all(int fd, char *data, size_t size)
{
	size_t got = 0;
	ssize_t n = 1;

	while (got < size && n > 0) {
		n = read(fd, data + got, size - got);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			got += (size_t)n;
	}
	return got == size;
}

static void digest_content(struct jembatan_bytes bytes, char out[AGENCY_CONTENT_SIZE])
{
	char digest[65];

	/* The one digest of the kit that takes bytes with NULs, as UTF-16 has them. */
	kit_signature_make("content", bytes, digest);
	(void)snprintf(out, AGENCY_CONTENT_SIZE, "%.32s", digest);
}

static int open_folder(const struct agency_files *files)
{
	return open(files->options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum jembatan_result agency_files_load(const struct agency_files *files,
				       const struct agency_file *file, struct jembatan_bytes *out,
				       char out_content[AGENCY_CONTENT_SIZE], struct kit_why *why)
{
	int dir = open_folder(files);
	int fd = dir >= 0 ? openat(dir, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) :
			    -1;
	int error = errno;
	size_t size = (size_t)file->size;
	struct stat st;
	char *data;
	bool is_same;

	if (dir >= 0)
		(void)close(dir);
	if (fd < 0 && error == ENOENT)
		return JEMBATAN_GONE;
	if (fd < 0)
		return kit_why_set(why, JEMBATAN_RETRY,
				   "%s cannot be read (%s): mend its permissions", file->name,
				   strerror(error));
	data = malloc(size + 1);
	if (!data)
		abort();
	/* Changed while it was read: it is not what we stamped. */
	is_same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_same_file(file, &st) &&
		  read_all(fd, data, size) && fstat(fd, &st) == 0 && is_same_file(file, &st);
	(void)close(fd);
	if (!is_same) {
		free(data);
		return JEMBATAN_GONE;
	}
	data[size] = '\0';
	*out = (struct jembatan_bytes){ data, size };
	digest_content(*out, out_content);
	return JEMBATAN_OK;
}

/* ---- the archive ------------------------------------------------------- */

/* A name that is free there: its own, else with the stamp in front. */
static int move(int dir, int archive, const struct agency_file *file, char to[300])
{
	(void)snprintf(to, 300, "%s", file->name);
	if (renameat2(dir, file->name, archive, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	(void)snprintf(to, 300, "%s-%s", file->stamp, file->name);
	return renameat2(dir, file->name, archive, to, 0);
}

/* What changed at the last moment goes back, to be read again. */
static int move_if_same(int dir, int archive, const struct agency_file *file)
{
	char to[300], mark[300];
	struct stat st;

	if (fstatat(dir, file->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!is_same_file(file, &st))
		return 0;
	if (move(dir, archive, file, to) != 0)
		return -1;
	if (fstatat(archive, to, &st, AT_SYMLINK_NOFOLLOW) == 0 && !is_same_file(file, &st))
		return renameat2(archive, to, dir, file->name, RENAME_NOREPLACE);
	(void)snprintf(mark, sizeof(mark), "%s" MARK, file->name);
	(void)unlinkat(dir, mark, 0);
	return 0;
}

enum jembatan_result agency_files_archive(const struct agency_files *files,
					  const struct agency_file *file, struct kit_why *why)
{
	int dir = open_folder(files);
	int archive = dir >= 0 ? openat(dir, AGENCY_ARCHIVE,
					O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) :
				 -1;
	bool done = archive >= 0 && move_if_same(dir, archive, file) == 0;
	int error = errno;

	if (archive >= 0)
		(void)close(archive);
	if (dir >= 0)
		(void)close(dir);
	if (done)
		return JEMBATAN_OK;
	return kit_why_set(why, JEMBATAN_RETRY,
			   "%s was taken and cannot be moved into " AGENCY_ARCHIVE
			   " (%s); it is not taken again. See the permissions of both folders",
			   file->name, strerror(error));
}
