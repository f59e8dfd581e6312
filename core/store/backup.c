/* backup.c: making copies and reading them.
 *
 * The database is copied within one read transaction: SQLite's log keeps that
 * state while others commit. Files are copied afterwards; a row never names a
 * file before it is there, so only erasing may have taken one meanwhile. */
#include "config.h"

#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/jx.h"
#include "store/migrate.h"
#include "base/poison.h"

#define PAGES_AT_ONCE 256
#define PIECE (256u * 1024u)
#define MANIFEST_MAX (64u * 1024u)
#define SUMS_MAX (512u * 1024u * 1024u)
#define BUSY_MS 10000

struct copying {
	const char *from, *to; /* folders */
	struct buf tokens, sums; /* a line each */
	struct backup_facts facts;
	int64_t total;
	backup_progress *progress;
	void *data;
};

char *backup_place(const char *parent, int64_t now_ms)
{
	char time[32], name[32];
	size_t n = 0;
	clock_format(now_ms, 0, time);
	for (const char *p = time; *p != '\0'; p++)
		if (*p != '-' && *p != ':')
			name[n++] = *p;
	name[n] = '\0';
	return xasprintf("%s/jembatan-%s", parent, name);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

void backup_remove(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

enum jembatan_result backup_sync(const char *folder, struct why *why)
{
	CLEANUP(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) != 0 || fsync(fd) != 0)
		return why_set(why, JEMBATAN_RETRY, "cannot sync %s: %s", folder, strerror(errno));
	return JEMBATAN_OK;
}

enum jembatan_result backup_copy(const char *from, const char *to, struct digest *out,
				 int64_t *out_bytes, struct why *why)
{
	CLEANUP(close_fd) int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (in < 0)
		return why_set(why, errno == ENOENT ? JEMBATAN_GONE : JEMBATAN_CONFIG,
			       "cannot read %s: %s", from, strerror(errno));
	CLEANUP(close_fd) int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
					0600);
	if (fd < 0)
		return why_set(why, JEMBATAN_RETRY, "cannot make %s: %s", to, strerror(errno));
	struct digest_state *s = digest_begin((struct jembatan_bytes){ 0 });
	CLEANUP(free_pointer) char *piece = xmalloc(PIECE);
	int64_t bytes = 0;
	ssize_t n;
	while ((n = read(in, piece, PIECE)) > 0) {
		digest_raw(s, piece, (size_t)n);
		bytes += n;
		if (file_write_all(fd, piece, (size_t)n) != JEMBATAN_OK)
			break;
	}
	int saved = errno;
	*out = digest_end(s);
	*out_bytes = bytes;
	if (n != 0)
		return why_set(why, JEMBATAN_RETRY, "cannot copy %s to %s: %s", from, to,
			       strerror(saved));
	return JEMBATAN_OK;
}

static enum jembatan_result digest_file(const char *path, struct digest *out, int64_t *out_bytes,
					struct why *why)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct digest_state *s = digest_begin((struct jembatan_bytes){ 0 });
	CLEANUP(free_pointer) char *piece = xmalloc(PIECE);
	int64_t bytes = 0;
	ssize_t n = -1;
	while (fd >= 0 && (n = read(fd, piece, PIECE)) > 0) {
		digest_raw(s, piece, (size_t)n);
		bytes += n;
	}
	int saved = errno;
	*out = digest_end(s);
	*out_bytes = bytes;
	return n == 0 ? JEMBATAN_OK :
	       why_set(why, JEMBATAN_RETRY, "cannot read %s: %s", path, strerror(saved));
}

static void tell(struct copying *c, const char *what)
{
	if (c->progress != NULL)
		c->progress(c->data, what, c->facts.bytes, c->total);
}

static void add_sum(struct copying *c, const struct digest *d, const char *name)
{
	char hex[BACKUP_HEX_SIZE];
	digest_hex(d->bytes, DIGEST_SIZE, hex);
	CLEANUP(free_pointer) char *line = xasprintf("%s  %s\n", hex, name);
	buf_add(&c->sums, line, strlen(line));
}

/* ---- the database ------------------------------------------------------ */

static enum jembatan_result open_base(const char *folder, int flags, struct sql *out,
				      struct why *why)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/jembatan.db", folder);
	*out = (struct sql){ .folder = folder };
	if (sqlite3_open_v2(path, &out->handle, flags | SQLITE_OPEN_NOFOLLOW |
			    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		return sql_failed(out, why);
	sqlite3_busy_timeout(out->handle, BUSY_MS);
	return JEMBATAN_OK;
}

static enum jembatan_result step_through(struct copying *c, struct sql *from, struct sql *to,
					 struct why *why)
{
	int64_t page_size = 0;
	enum jembatan_result r = sql_get_number(from, why, &page_size, "PRAGMA page_size",
						SQL_NOTHING);
	if (r != JEMBATAN_OK)
		return r;
	sqlite3_backup *b = sqlite3_backup_init(to->handle, "main", from->handle, "main");
	if (b == NULL)
		return sql_failed(to, why);
	int code;
	do {
		code = sqlite3_backup_step(b, PAGES_AT_ONCE);
		c->total = page_size * sqlite3_backup_pagecount(b);
		c->facts.bytes = c->total - page_size * sqlite3_backup_remaining(b);
		tell(c, "bytes of the database");
	} while (code == SQLITE_OK);
	if (sqlite3_backup_finish(b) != SQLITE_OK)
		return sql_failed(to, why);
	return code == SQLITE_DONE ? JEMBATAN_OK : sql_failed(from, why);
}

static enum jembatan_result list_files(struct copying *c, struct sql *from, struct why *why)
{
	static const char text[] = "SELECT DISTINCT token FROM kept ORDER BY token";
	CLEANUP(sql_end) sqlite3_stmt *s = sql_query(from, text, SQL_NOTHING);
	enum jembatan_result r;
	while (sql_next(from, s, &r, why)) {
		struct jembatan_bytes token = sql_column_bytes(s, 0);
		buf_add(&c->tokens, token.data, token.size);
		buf_add_char(&c->tokens, '\n');
	}
	return r;
}

/* A state of one moment, whatever is committed meanwhile. */
static enum jembatan_result copy_state(struct copying *c, struct sql *from, struct sql *to,
				       struct why *why)
{
	int64_t rows = 0;
	enum jembatan_result r = sql_script(from, "BEGIN", why);
	if (r == JEMBATAN_OK)
		r = sql_get_number(from, why, &rows, "SELECT count(*) FROM sqlite_schema",
				   SQL_NOTHING);
	if (r == JEMBATAN_OK)
		r = sql_get_number(from, why, &c->facts.schema, "PRAGMA user_version", SQL_NOTHING);
	if (r == JEMBATAN_OK && rows == 0)
		r = why_set(why, JEMBATAN_GONE, "there is no store in %s yet", c->from);
	if (r == JEMBATAN_OK)
		r = sql_script(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", why);
	if (r == JEMBATAN_OK)
		r = step_through(c, from, to, why);
	if (r == JEMBATAN_OK)
		r = list_files(c, from, why);
	sql_rollback(from);
	return r;
}

static enum jembatan_result copy_base(struct copying *c, struct why *why)
{
	struct sql from = { 0 }, to = { 0 };
	struct digest d;
	enum jembatan_result r = open_base(c->from, SQLITE_OPEN_READWRITE, &from, why);
	if (r == JEMBATAN_OK)
		r = open_base(c->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &to, why);
	if (r == JEMBATAN_OK)
		r = copy_state(c, &from, &to, why);
	sql_close(&to);
	sql_close(&from);
	CLEANUP(free_pointer) char *path = xasprintf("%s/jembatan.db", c->to);
	if (r == JEMBATAN_OK && chmod(path, 0600) != 0)
		r = why_set(why, JEMBATAN_RETRY, "cannot set the mode of %s: %s", path,
			    strerror(errno));
	if (r == JEMBATAN_OK)
		r = digest_file(path, &d, &c->facts.bytes, why);
	if (r == JEMBATAN_OK)
		add_sum(c, &d, "jembatan.db");
	return r;
}

/* ---- the files --------------------------------------------------------- */

static enum jembatan_result copy_file(struct copying *c, const char *token, struct why *why)
{
	CLEANUP(free_pointer) char *from = xasprintf("%s/spool/keep/%s", c->from, token);
	CLEANUP(free_pointer) char *name = xasprintf("keep/%s", token);
	CLEANUP(free_pointer) char *to = xasprintf("%s/%s", c->to, name);
	struct digest d;
	int64_t bytes = 0;
	enum jembatan_result r = backup_copy(from, to, &d, &bytes, why);
	c->facts.files++;
	if (r == JEMBATAN_GONE) {
		c->facts.missing++;
		return JEMBATAN_OK;
	}
	if (r != JEMBATAN_OK)
		return r;
	c->facts.bytes += bytes;
	add_sum(c, &d, name);
	tell(c, "bytes with the files");
	return JEMBATAN_OK;
}

/* Those that the copied state names. */
static enum jembatan_result copy_files(struct copying *c, struct why *why)
{
	enum jembatan_result r = JEMBATAN_OK;
	char *rest = NULL;
	c->total = 0;
	buf_add_char(&c->tokens, '\0');
	for (char *token = strtok_r(c->tokens.data, "\n", &rest); token != NULL && r == JEMBATAN_OK;
	     token = strtok_r(NULL, "\n", &rest))
		r = copy_file(c, token, why);
	return r;
}

/* ---- the manifest ------------------------------------------------------ */

static enum jembatan_result write_manifest(struct copying *c, struct why *why)
{
	char hex[BACKUP_HEX_SIZE], made[32];
	struct digest d = digest_sha256(buf_bytes(&c->sums));
	digest_hex(d.bytes, DIGEST_SIZE, hex);
	clock_format(c->facts.made_ms, 0, made);
	json_t *m = json_pack("{s:i,s:s,s:I,s:s,s:I,s:I,s:I,s:I,s:s,s:s}", "format", BACKUP_FORMAT,
			      "made", made, "made_ms", (json_int_t)c->facts.made_ms, "program",
			      PACKAGE_VERSION, "schema", (json_int_t)c->facts.schema, "files",
			      (json_int_t)c->facts.files, "missing", (json_int_t)c->facts.missing,
			      "bytes", (json_int_t)c->facts.bytes, "sha256sums", hex, "master_key",
			      "not in this backup: keep it apart; without it nobody can read this");
	CLEANUP(free_pointer) char *text = jx_dump(m);
	json_decref(m);
	CLEANUP(free_pointer) char *sums = xasprintf("%s/SHA256SUMS", c->to);
	CLEANUP(free_pointer) char *path = xasprintf("%s/manifest.json", c->to);
	d = digest_sha256(bytes_text(text));
	digest_hex(d.bytes, DIGEST_SIZE, c->facts.digest);
	if (buf_is_full(&c->sums) || buf_is_full(&c->tokens))
		return why_set(why, JEMBATAN_DATA, "there are too many files for one backup");
	enum jembatan_result r = file_write(sums, 0600, buf_bytes(&c->sums), why);
	return r == JEMBATAN_OK ? file_write(path, 0600, bytes_text(text), why) : r;
}

static enum jembatan_result fill(struct copying *c, struct why *why)
{
	CLEANUP(free_pointer) char *keep = xasprintf("%s/keep", c->to);
	if (mkdir(c->to, 0700) != 0 || mkdir(keep, 0700) != 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot make folder %s: %s", c->to,
			       strerror(errno));
	enum jembatan_result r = copy_base(c, why);
	if (r == JEMBATAN_OK)
		r = copy_files(c, why);
	if (r == JEMBATAN_OK)
		r = write_manifest(c, why);
	return r == JEMBATAN_OK ? backup_sync(c->to, why) : r;
}

enum jembatan_result backup_make(const char *data_dir, const char *place, int64_t now_ms,
				 backup_progress *progress, void *data, struct backup_facts *out,
				 struct why *why)
{
	CLEANUP(free_pointer) char *partial = xasprintf("%s.partial", place);
	CLEANUP(free_pointer) char *parent = xstrdup(place);
	struct copying c = { .from = data_dir, .to = partial, .progress = progress, .data = data,
			     .facts = { .format = BACKUP_FORMAT, .made_ms = now_ms } };
	if (access(place, F_OK) == 0 || access(partial, F_OK) == 0)
		return why_set(why, JEMBATAN_CONFIG, "%s is there already", place);
	buf_init(&c.tokens, SUMS_MAX);
	buf_init(&c.sums, SUMS_MAX);
	enum jembatan_result r = fill(&c, why);
	if (r == JEMBATAN_OK && rename(partial, place) != 0)
		r = why_set(why, JEMBATAN_RETRY, "cannot rename %s: %s", partial, strerror(errno));
	buf_done(&c.tokens);
	buf_done(&c.sums);
	if (r != JEMBATAN_OK) {
		backup_remove(partial);
		return r;
	}
	char *slash = strrchr(parent, '/');
	ASSERT(slash != NULL);
	slash[slash == parent] = '\0';
	*out = c.facts;
	return file_sync_dir(parent, why);
}

/* ---- reading ----------------------------------------------------------- */

static enum jembatan_result read_sums(const char *place, const char *wanted, struct buf *out,
				      struct why *why)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/SHA256SUMS", place);
	char hex[BACKUP_HEX_SIZE];
	enum jembatan_result r = file_read(path, out, why);
	if (r != JEMBATAN_OK)
		return r;
	struct digest d = digest_sha256(buf_bytes(out));
	digest_hex(d.bytes, DIGEST_SIZE, hex);
	return str_equal(hex, wanted) ? JEMBATAN_OK :
	       why_set(why, JEMBATAN_DATA, "%s is not as the manifest says: this backup was changed "
		       "or damaged", path);
}

static enum jembatan_result check_versions(const char *place, const struct backup_facts *f,
					   struct why *why)
{
	if (f->format > BACKUP_FORMAT)
		return why_set(why, JEMBATAN_DATA, "the backup %s has format %lld, this program knows "
			       "up to %d: use the newer program", place, (long long)f->format,
			       BACKUP_FORMAT);
	if (f->schema > (int64_t)migrate_all.count)
		return why_set(why, JEMBATAN_DATA, "the backup %s has schema %lld, this program knows "
			       "up to %zu: use the newer program", place, (long long)f->schema,
			       migrate_all.count);
	return JEMBATAN_OK;
}

static enum jembatan_result read_manifest(const char *place, struct backup_facts *out,
					  char sums[BACKUP_HEX_SIZE], struct why *why)
{
	CLEANUP(free_pointer) char *path = xasprintf("%s/manifest.json", place);
	CLEANUP(buf_done) struct buf text;
	CLEANUP(jx_decref) json_t *m = NULL;
	buf_init(&text, MANIFEST_MAX);
	enum jembatan_result r = file_read(path, &text, why);
	if (r == JEMBATAN_OK)
		r = jx_parse(buf_bytes(&text), &m, why);
	if (r != JEMBATAN_OK)
		return why_prefix(why, JEMBATAN_DATA, "%s is no backup", place);
	*out = (struct backup_facts){
		.format = jx_integer(m, "format", 0), .schema = jx_integer(m, "schema", 0),
		.made_ms = jx_integer(m, "made_ms", 0), .files = jx_integer(m, "files", 0),
		.missing = jx_integer(m, "missing", 0), .bytes = jx_integer(m, "bytes", 0),
	};
	const char *hex = jx_text(m, "sha256sums");
	if (out->format <= 0 || out->schema <= 0 || out->made_ms <= 0 || hex == NULL ||
	    strlen(hex) != BACKUP_HEX_SIZE - 1)
		return why_set(why, JEMBATAN_DATA, "%s is no manifest of a backup", path);
	memcpy(sums, hex, BACKUP_HEX_SIZE);
	struct digest d = digest_sha256(buf_bytes(&text));
	digest_hex(d.bytes, DIGEST_SIZE, out->digest);
	return check_versions(place, out, why);
}

enum jembatan_result backup_read(const char *place, struct backup_facts *out, struct why *why)
{
	char sums[BACKUP_HEX_SIZE];
	return read_manifest(place, out, sums, why);
}

/* A name in SHA256SUMS: the database, or a file right below keep. */
static char *target_of(const char *to, const char *name)
{
	if (str_equal(name, "jembatan.db"))
		return xasprintf("%s/jembatan.db", to);
	const char *token = str_starts(name, "keep/") ? name + strlen("keep/") : "";
	if (token[0] == '\0' || token[0] == '.' || strchr(token, '/') != NULL)
		return NULL;
	return xasprintf("%s/spool/keep/%s", to, token);
}

static enum jembatan_result unpack_line(const char *place, const char *to, char *line,
					int64_t *bytes, struct why *why)
{
	char hex[BACKUP_HEX_SIZE];
	struct digest d;
	int64_t size = 0;
	size_t at = BACKUP_HEX_SIZE - 1;
	CLEANUP(free_pointer) char *target = strlen(line) > at + 2 ? target_of(to, line + at + 2) :
					     NULL;
	if (target == NULL)
		return why_set(why, JEMBATAN_DATA, "%s/SHA256SUMS names what is no part of a backup",
			       place);
	line[at] = '\0';
	CLEANUP(free_pointer) char *from = xasprintf("%s/%s", place, line + at + 2);
	enum jembatan_result r = backup_copy(from, target, &d, &size, why);
	if (r != JEMBATAN_OK)
		return r == JEMBATAN_GONE ? JEMBATAN_DATA : r;
	digest_hex(d.bytes, DIGEST_SIZE, hex);
	*bytes += size;
	return str_equal(hex, line) ? JEMBATAN_OK :
	       why_set(why, JEMBATAN_DATA, "%s is not as it was written: this backup was changed or "
		       "damaged", from);
}

enum jembatan_result backup_unpack(const char *place, const char *to, backup_progress *progress,
				   void *data, struct why *why)
{
	struct backup_facts facts;
	char wanted[BACKUP_HEX_SIZE];
	CLEANUP(buf_done) struct buf sums;
	int64_t bytes = 0;
	bool has_base = false;
	buf_init(&sums, SUMS_MAX);
	enum jembatan_result r = read_manifest(place, &facts, wanted, why);
	if (r == JEMBATAN_OK)
		r = read_sums(place, wanted, &sums, why);
	if (r != JEMBATAN_OK)
		return r;
	CLEANUP(free_pointer) char *text = xstrndup(sums.size > 0 ? sums.data : "", sums.size);
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL && r == JEMBATAN_OK;
	     line = strtok_r(NULL, "\n", &rest)) {
		has_base |= strlen(line) > BACKUP_HEX_SIZE + 1 &&
			    str_equal(line + BACKUP_HEX_SIZE + 1, "jembatan.db");
		r = unpack_line(place, to, line, &bytes, why);
		if (progress != NULL)
			progress(data, "bytes checked", bytes, facts.bytes);
	}
	if (r == JEMBATAN_OK && !has_base)
		r = why_set(why, JEMBATAN_DATA, "%s holds no database", place);
	return r;
}
