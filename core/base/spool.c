/* spool.c: writing sealed files. A token is handed out only after the file and
 * its folder have been fsynced: the core renames the file before it commits
 * the row, so after a power cut a row never names a file that is not there. */
#include "base/spool.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/poison.h"

#define PRESET_MAX_BYTES (25 * 1024 * 1024)
#define TOKEN_RANDOM 16u
#define TOKEN_SIZE (2 * TOKEN_RANDOM + 1)

struct jembatan_spool {
	int fd;
	char token[TOKEN_SIZE];
	char *path; /* NULL: nothing is kept */
	struct box_key key;
	struct box_writer *writer;
	int64_t size, max_bytes;
	enum jembatan_result failed; /* the first failure, or OK */
};

struct spooled {
	struct spooled *next;
	char token[TOKEN_SIZE];
	char *path;
	size_t size;
	struct digest sha256;
	struct box_key key;
	bool named;
};

void spool_init(struct spool *s, const char *folder, int64_t max_bytes)
{
	*s = (struct spool){ .folder = folder,
			     .max_bytes = max_bytes > 0 ? max_bytes : PRESET_MAX_BYTES };
}

void spool_forget(struct spool *s)
{
	while (s->complete) {
		struct spooled *file = s->complete;
		s->complete = file->next;
		if (file->path && !file->named)
			unlink(file->path);
		free(file->path);
		mem_wipe(file, sizeof(*file));
		free(file);
	}
}

int64_t spool_file_max_bytes(int64_t attachment_max_bytes)
{
	int64_t max = attachment_max_bytes > 0 ? attachment_max_bytes : PRESET_MAX_BYTES;
	return max < INT64_MAX / 4 ? 2 * max + 16 * 1024 * 1024 : INT64_MAX;
}

static void free_file(struct jembatan_spool *file)
{
	close_fd(&file->fd);
	box_writer_free(file->writer);
	free(file->path);
	mem_wipe(file, sizeof(*file));
	free(file);
}

void spool_abandon(struct jembatan_spool *file)
{
	if (!file)
		return;
	if (file->path)
		unlink(file->path);
	free_file(file);
}

enum jembatan_result spool_start(struct spool *s, int64_t max_bytes, struct jembatan_spool **out,
				 struct why *why)
{
	uint8_t random[TOKEN_RANDOM];
	struct jembatan_spool *file = xcalloc(1, sizeof(*file));
	file->max_bytes = max_bytes;
	digest_random(random, sizeof(random));
	digest_hex(random, sizeof(random), file->token);
	if (s->folder)
		file->path = xasprintf("%s/%s", s->folder, file->token);
	file->fd = file->path ? open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
			      : open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (file->fd < 0) {
		int saved = errno;
		free_file(file);
		return why_set(why, JEMBATAN_RETRY, "cannot write into the spool: %s",
			       strerror(saved));
	}
	box_key_random(&file->key);
	file->writer = box_writer_new(&file->key, file->fd);
	*out = file;
	return JEMBATAN_OK;
}

enum jembatan_result spool_add(struct jembatan_spool *file, struct jembatan_bytes piece,
			       struct why *why)
{
	if (file->failed != JEMBATAN_OK)
		return why_set(why, file->failed, "this spool file has failed before");
	if (piece.size > (uint64_t)(file->max_bytes - file->size))
		return file->failed = why_set(why, JEMBATAN_DATA,
					      "larger than the ceiling of %lld bytes",
					      (long long)file->max_bytes);
	file->size += (int64_t)piece.size;
	return file->failed = box_writer_add(file->writer, piece, why);
}

static enum jembatan_result make_durable(struct spool *s, struct jembatan_spool *file,
					 struct why *why)
{
	if (!file->path)
		return JEMBATAN_OK;
	if (fsync(file->fd) != 0)
		return why_set(why, JEMBATAN_RETRY, "cannot sync a spool file: %s",
			       strerror(errno));
	return file_sync_dir(s->folder, why);
}

enum jembatan_result spool_finish(struct spool *s, struct jembatan_spool *file,
				  const char **out_token, struct why *why)
{
	uint64_t size;
	struct digest sha256;
	enum jembatan_result r = file->failed;
	if (r != JEMBATAN_OK)
		why_set(why, r, "an attachment could not be kept: it is too large, or the disk "
			"is full");
	else
		r = box_writer_end(file->writer, &size, &sha256, why);
	if (r == JEMBATAN_OK)
		r = make_durable(s, file, why);
	if (r != JEMBATAN_OK) {
		spool_abandon(file);
		return r;
	}
	struct spooled *done = xcalloc(1, sizeof(*done));
	*done = (struct spooled){ .next = s->complete, .path = file->path, .size = (size_t)size,
				  .sha256 = sha256, .key = file->key };
	memcpy(done->token, file->token, TOKEN_SIZE);
	file->path = NULL;
	free_file(file);
	s->complete = done;
	*out_token = done->token;
	return JEMBATAN_OK;
}

enum jembatan_result spool_whole(struct spool *s, struct jembatan_bytes content,
				 const char **out_token, struct why *why)
{
	struct jembatan_spool *file;
	enum jembatan_result r = spool_start(s, spool_file_max_bytes(s->max_bytes), &file, why);
	if (r != JEMBATAN_OK)
		return r;
	r = spool_add(file, content, why);
	if (r == JEMBATAN_OK)
		return spool_finish(s, file, out_token, why);
	spool_abandon(file);
	return r;
}

bool spool_name(struct spool *s, const char *token, struct msg_spooled *out)
{
	for (struct spooled *file = s->complete; file; file = file->next) {
		if (!str_equal(file->token, token))
			continue;
		file->named = true;
		*out = (struct msg_spooled){
			.token = file->token,
			.size = file->size,
			.sha256 = bytes_of(file->sha256.bytes, DIGEST_SIZE),
			.key = bytes_of(file->key.bytes, BOX_KEY_SIZE),
		};
		return true;
	}
	return false;
}
