/* email_maildir.c: see email_maildir.h.
 *
 * Names in a Maildir have no order, and mtime is the mail's date (a mail moved
 * here from another folder keeps an old one). But ctime is set by the kernel
 * whenever a name is given: by the delivery's link or rename, and by new/ ->
 * cur/. So whatever appears in these folders has a ctime of now, and nobody can
 * date it back: the cursor is the highest ctime taken, less an overlap of an
 * hour for clocks that are put back and network file systems. Files are taken in
 * order of ctime, so that everything below the cursor has been taken.
 *
 * Within a process, names that have been looked at are remembered by their
 * unique part (before ":2,"): a poll of 20,000 seen files is two readdirs and no
 * stat. After a restart each file is asked for its ctime once; the few within
 * the overlap are read again and known to the core by their id. */
#include "email/email_maildir.h"
#include "email/email_parse.h"

#include <glib.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OVERLAP_MS (INT64_C(3600) * 1000)
#define FILES_MAX 1000000u
#define FIRST_BYTES (1024u * 1024u) /* read of a mail that is too large */
#define TURN_MS 20000

static const char *const folders[] = { "new", "cur" };

/* A file to take. */
struct found {
	char *name; /* within its folder */
	unsigned folder;
	int64_t ctime_ms, mtime_ms;
	int64_t size;
};

struct maildir_source {
	const struct maildir_options *options;
	int64_t high_ms;    /* the cursor: highest ctime taken; 0: none */
	GHashTable *seen;   /* unique parts, as a set */
	GArray *pending;    /* of struct found, by ctime */
	size_t at;          /* the next one in pending */
	bool has_complained; /* of a file that cannot be read */
};

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t timespec_ms(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void found_clear(gpointer data)
{
	struct found *f = data;

	g_free(f->name);
}

struct maildir_source *maildir_source_new(const struct maildir_options *options,
					  const char *cursor)
{
	struct maildir_source *self = g_new0(struct maildir_source, 1);

	self->options = options;
	self->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->pending = g_array_new(FALSE, TRUE, sizeof(struct found));
	g_array_set_clear_func(self->pending, found_clear);
	if (cursor != NULL && strncmp(cursor, "v1 ", 3) == 0)
		self->high_ms = g_ascii_strtoll(cursor + 3, NULL, 10);
	return self;
}

void maildir_source_free(struct maildir_source *self)
{
	if (self == NULL)
		return;
	g_hash_table_destroy(self->seen);
	g_array_free(self->pending, TRUE);
	g_free(self);
}

/* ---- looking ------------------------------------------------------------------- */

static int folder_open(const struct maildir_source *self, unsigned folder)
{
	char *path = g_build_filename(self->options->path, folders[folder], NULL);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	g_free(path);
	return fd;
}

static char *unique_part(const char *name)
{
	return g_strndup(name, strcspn(name, ":"));
}

static struct found *pending_at(const struct maildir_source *self, size_t index)
{
	return &g_array_index(self->pending, struct found, index);
}

/* A name that has not been looked at: to be taken, or older than the cursor. */
static void consider(struct jembatan_context *ctx, struct maildir_source *self, int dir,
		     unsigned folder, const char *name)
{
	char *unique = unique_part(name);
	struct stat st;

	if (g_hash_table_contains(self->seen, unique) ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)) {
		g_free(unique); /* gone again, or no mail */
		return;
	}
	struct found found = { .folder = folder,
			       .ctime_ms = timespec_ms(st.st_ctim),
			       .mtime_ms = timespec_ms(st.st_mtim),
			       .size = (int64_t)st.st_size };

	g_hash_table_add(self->seen, unique);
	if (found.ctime_ms < self->high_ms - OVERLAP_MS || found.mtime_ms < ctx->start_ms)
		return;
	found.name = g_strdup(name);
	g_array_append_val(self->pending, found);
}

static enum jembatan_result scan(struct jembatan_context *ctx, struct maildir_source *self,
				 unsigned folder)
{
	int fd = folder_open(self, folder);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (dir == NULL) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		return jembatan_explain(ctx, error == EACCES || error == ENOENT ? JEMBATAN_CONFIG
										: JEMBATAN_RETRY,
					"%s: cannot read the folder \"%s\" of the Maildir (%s): "
					"check the path and its permissions",
					jembatan_where(ctx, "maildir", NULL), folders[folder],
					g_strerror(error));
	}
	while (g_hash_table_size(self->seen) < FILES_MAX && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			consider(ctx, self, fd, folder, entry->d_name);
	}
	closedir(dir);
	if (g_hash_table_size(self->seen) >= FILES_MAX)
		return jembatan_explain(ctx, JEMBATAN_CONFIG,
					"%s: more than %u files in one Maildir: move old ones away",
					jembatan_where(ctx, "maildir", NULL), FILES_MAX);
	return JEMBATAN_OK;
}

static gint by_ctime(gconstpointer a, gconstpointer b)
{
	const struct found *x = a, *y = b;

	return x->ctime_ms < y->ctime_ms ? -1 : x->ctime_ms > y->ctime_ms;
}

/* What has appeared since the last look. new/ first: a file that moves to cur/
 * meanwhile is then seen twice, not never. */
static enum jembatan_result look(struct jembatan_context *ctx, struct maildir_source *self)
{
	enum jembatan_result result = JEMBATAN_OK;

	/* The clock was put back behind the cursor: it says nothing any more. */
	if (self->high_ms > jembatan_now_ms(ctx) + OVERLAP_MS)
		self->high_ms = 0;
	g_array_set_size(self->pending, 0);
	self->at = 0;
	for (unsigned i = 0; i < 2 && result == JEMBATAN_OK; i++)
		result = scan(ctx, self, i);
	g_array_sort(self->pending, by_ctime);
	return result;
}

/* ---- taking -------------------------------------------------------------------- */

/* The file's bytes, all of them or the first; false: it is not there any more. */
static bool load(const struct maildir_source *self, const struct found *f, char **out_data,
		 size_t *out_size, uint64_t *out_whole)
{
	int dir = folder_open(self, f->folder);
	int fd = dir >= 0 ? openat(dir, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	struct stat st = { 0 };
	size_t want, got = 0;
	ssize_t n = 1;

	int error = errno;

	if (dir >= 0)
		close(dir);
	errno = error;
	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		st.st_size = 0;
	*out_whole = 0;
	want = (size_t)st.st_size;
	if (want > self->options->mail_max_bytes) {
		want = FIRST_BYTES < self->options->mail_max_bytes ? FIRST_BYTES
								  : self->options->mail_max_bytes;
		*out_whole = (uint64_t)st.st_size;
	}
	*out_data = g_malloc(want + 1);
	while (got < want && n > 0) {
		n = read(fd, *out_data + got, want - got);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			got += (size_t)n;
	}
	close(fd);
	*out_size = got;
	return true;
}

/* It has moved from new/ to cur/, or its flags changed: look at it again. */
static void forget(struct maildir_source *self, const char *name)
{
	char *unique = unique_part(name);

	g_hash_table_remove(self->seen, unique);
	g_free(unique);
}

static enum jembatan_result take(struct jembatan_context *ctx, struct maildir_source *self,
				 const struct found *f, size_t *out_bytes)
{
	char *data = NULL;
	size_t size = 0;
	uint64_t whole = 0;

	if (!load(self, f, &data, &size, &whole)) {
		if (errno != ENOENT && !self->has_complained)
			jembatan_log(ctx, JEMBATAN_WARNING,
				     "a file of the Maildir cannot be read (%s): check the "
				     "permissions; it will be tried again",
				     g_strerror(errno));
		self->has_complained = self->has_complained || errno != ENOENT;
		forget(self, f->name);
		return JEMBATAN_OK;
	}
	struct mail mail = { .raw = { data, size },
			     .arrived_ms = f->mtime_ms,
			     .whole_size = whole };
	enum jembatan_result result = mail_take(ctx, &mail, self->options->own);

	*out_bytes += size;
	g_free(data);
	return result;
}

static enum jembatan_result take_batch(struct jembatan_context *ctx, struct maildir_source *self)
{
	enum jembatan_result result = JEMBATAN_OK;
	int64_t high = self->high_ms;
	size_t bytes = 0, end = self->at;
	char cursor[40];

	while (result == JEMBATAN_OK && end < self->pending->len &&
	       end - self->at < self->options->batch_count &&
	       bytes < self->options->batch_bytes) {
		const struct found *f = pending_at(self, end++);

		result = take(ctx, self, f, &bytes);
		if (f->ctime_ms > high)
			high = f->ctime_ms;
	}
	snprintf(cursor, sizeof cursor, "v1 %" PRId64, high);
	if (result == JEMBATAN_OK)
		result = jembatan_checkpoint(ctx, cursor);
	if (result != JEMBATAN_OK)
		return result;
	self->high_ms = high;
	self->at = end;
	return JEMBATAN_OK;
}

/* What was not committed is to be found again. */
static void give_back(struct maildir_source *self)
{
	for (size_t i = self->at; i < self->pending->len; i++)
		forget(self, pending_at(self, i)->name);
	g_array_set_size(self->pending, 0);
	self->at = 0;
}

enum jembatan_result maildir_source_poll(struct jembatan_context *ctx, struct maildir_source *self)
{
	int64_t until = mono_ms() + TURN_MS;
	enum jembatan_result result = JEMBATAN_OK;

	if (self->at == self->pending->len)
		result = look(ctx, self);
	while (result == JEMBATAN_OK && self->at < self->pending->len && mono_ms() < until &&
	       !jembatan_stopping(ctx))
		result = take_batch(ctx, self);
	if (result != JEMBATAN_OK) {
		give_back(self);
		return result;
	}
	return self->at < self->pending->len ? JEMBATAN_OK : JEMBATAN_IDLE;
}
