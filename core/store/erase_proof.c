/* erase_proof.c: a map of three-byte beginnings sorts out nearly every place; the
 * rest is looked up among the sorted keys. */
#include "store/erase_proof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/db_inside.h"
#include "base/poison.h"

#define KEY SEAL_WRAPPED_SIZE
#define SLICE (4u * 1024u * 1024u)
#define MAP_BITS (1u << 24)

struct erase_proof {
	char *path[2];
	size_t file; /* which is read */
	int fd;
	unsigned char *keys, *map, *room;
	size_t count, kept; /* kept: bytes of room from the slice before */
	struct erase_proven result;
};

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, KEY);
}

static size_t begins(const unsigned char *at)
{
	return (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
}

struct erase_proof *erase_proof_new(struct db *db, struct jembatan_bytes keys)
{
	struct erase_proof *p = xcalloc(1, sizeof(*p));
	p->path[0] = xasprintf("%s/jembatan.db", db->data_dir);
	p->path[1] = xasprintf("%s/jembatan.db-wal", db->data_dir);
	p->fd = -1;
	p->count = keys.size / KEY;
	p->keys = xmalloc(p->count * KEY + 1);
	if (p->count > 0)
		memcpy(p->keys, keys.data, p->count * KEY);
	qsort(p->keys, p->count, KEY, by_bytes);
	p->map = xcalloc(1, MAP_BITS / 8);
	p->room = xmalloc(SLICE + KEY);
	for (size_t i = 0; i < p->count; i++) {
		size_t at = begins(p->keys + i * KEY);
		p->map[at / 8] |= (unsigned char)(1u << at % 8);
	}
	p->result.keys = (int64_t)p->count;
	return p;
}

void erase_proof_free(struct erase_proof *p)
{
	if (p == NULL)
		return;
	close_fd(&p->fd);
	free(p->path[0]);
	free(p->path[1]);
	free(p->keys);
	free(p->map);
	free(p->room);
	free(p);
}

static void search(struct erase_proof *p, size_t size)
{
	for (size_t i = 0; i + KEY <= size; i++) {
		size_t at = begins(p->room + i);
		if ((p->map[at / 8] & 1u << at % 8) != 0 &&
		    bsearch(p->room + i, p->keys, p->count, KEY, by_bytes) != NULL)
			p->result.found++;
	}
}

enum jembatan_result erase_proof_slice(struct erase_proof *p, bool *out_more, struct why *why)
{
	*out_more = true;
	if (p->fd < 0)
		p->fd = open(p->path[p->file], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = p->fd >= 0 ? read(p->fd, p->room + p->kept, SLICE) : -1;
	if (n < 0 && errno != ENOENT)
		return why_set(why, JEMBATAN_RETRY, "cannot read %s: %s", p->path[p->file],
			       strerror(errno));
	if (n <= 0) {
		close_fd(&p->fd);
		p->fd = -1;
		p->kept = 0;
		*out_more = ++p->file < COUNT_OF(p->path);
		return JEMBATAN_OK;
	}
	size_t size = p->kept + (size_t)n;
	search(p, size);
	p->result.bytes += n;
	/* One may lie across the end. */
	p->kept = size < KEY - 1 ? size : KEY - 1;
	memmove(p->room, p->room + size - p->kept, p->kept);
	return JEMBATAN_OK;
}

struct erase_proven erase_proof_result(const struct erase_proof *p)
{
	return p->result;
}
