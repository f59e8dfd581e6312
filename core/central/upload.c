/* upload.c: reading a sealed file while it is sent. */
#include "central/upload.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/poison.h"

struct upload {
	struct box_reader *reader;
	int fd;
	size_t size, given;
	struct digest sha256;
	struct digest_state *hashing; /* NULL once compared */
	struct why why;
	bool failed;
};

enum jembatan_result upload_open(const struct msg_file *file, int fd, struct upload **out,
				 struct why *why)
{
	struct box_key key;

	if (file->key.size != sizeof(key.bytes) || file->sha256.size != DIGEST_SIZE) {
		close(fd);
		return why_set(why, JEMBATAN_DATA, "its key or digest is not there");
	}
	struct upload *u = xcalloc(1, sizeof(*u));
	memcpy(key.bytes, file->key.data, sizeof(key.bytes));
	memcpy(u->sha256.bytes, file->sha256.data, DIGEST_SIZE);
	u->fd = fd;
	u->size = file->size;
	u->reader = box_reader_new(&key, fd);
	u->hashing = digest_begin((struct jembatan_bytes){ 0 });
	mem_wipe(&key, sizeof(key));
	*out = u;
	return JEMBATAN_OK;
}

void upload_free(struct upload *u)
{
	if (!u)
		return;
	if (u->hashing)
		(void)digest_end(u->hashing);
	box_reader_free(u->reader);
	close(u->fd);
	free(u);
}

size_t upload_size(const struct upload *u)
{
	return u->size;
}

static enum jembatan_result fail(struct upload *u, const char *sentence)
{
	u->failed = true;
	if (sentence)
		why_set(&u->why, JEMBATAN_DATA, "%s", sentence);
	return JEMBATAN_DATA;
}

/* The promised size has been read: nothing may follow, and all of it must be
 * what was stored. */
static enum jembatan_result check_end(struct upload *u)
{
	char more;
	size_t n = 0;

	if (box_reader_next(u->reader, &more, sizeof(more), &n, &u->why) != JEMBATAN_OK)
		return fail(u, NULL);
	if (n != 0)
		return fail(u, "the file in the spool is longer than what was stored");
	struct digest is = digest_end(u->hashing);
	u->hashing = NULL;
	if (!digest_equal(is.bytes, u->sha256.bytes, DIGEST_SIZE))
		return fail(u, "the file in the spool is not what was stored (SHA-256 differs)");
	return JEMBATAN_OK;
}

enum jembatan_result upload_next(struct upload *u, void *out, size_t max, size_t *out_size)
{
	size_t left = u->size - u->given;
	size_t n = 0;

	if (u->failed)
		return JEMBATAN_DATA;
	if (left > 0) {
		if (box_reader_next(u->reader, out, max < left ? max : left, &n, &u->why) !=
		    JEMBATAN_OK)
			return fail(u, NULL);
		if (n == 0)
			return fail(u, "the file in the spool is shorter than what was stored");
		digest_raw(u->hashing, out, n);
		u->given += n;
	}
	if (u->given == u->size && u->hashing && check_end(u) != JEMBATAN_OK)
		return JEMBATAN_DATA;
	*out_size = n;
	return JEMBATAN_OK;
}

const char *upload_failure(const struct upload *u)
{
	return u->failed ? u->why.text : NULL;
}
