/* journal.c: see journal.h. One write() per line; with `sync` the line is on
 * the disk before journal_write returns. */
#include "journal.h"

#include "base/file.h"
#include "base/jx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/poison.h"

struct journal {
	int fd;
	bool sync;
	off_t size; /* of what was written whole */
};

static enum jembatan_result replay_line(const char *line, size_t size, journal_replay *replay,
					void *owner)
{
	const struct jembatan_bytes text = { line, size };
	json_t *event = NULL;
	enum jembatan_result result = jx_parse(text, &event, NULL);

	if (result == JEMBATAN_OK)
		result = replay(owner, event);
	json_decref(event);
	return result;
}

static enum jembatan_result replay_all(struct journal *j, const char *path,
				       journal_replay *replay, void *owner, struct why *why)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0;
	unsigned number = 0;
	ssize_t size;
	enum jembatan_result result = JEMBATAN_OK;

	if (!file)
		return why_set(why, JEMBATAN_CONFIG, "cannot read %s: %s", path, strerror(errno));
	while (result == JEMBATAN_OK && (size = getline(&line, &capacity, file)) > 0) {
		if (line[size - 1] != '\n')
			break; /* cut by a crash: it was never answered */
		number++;
		if (replay_line(line, (size_t)size, replay, owner) != JEMBATAN_OK)
			result = why_set(why, JEMBATAN_CONFIG,
					 "%s line %u is not an event of a fake centre", path,
					 number);
		j->size += size;
	}
	free(line);
	(void)fclose(file);
	return result;
}

enum jembatan_result journal_open(const char *path, bool sync, journal_replay *replay, void *owner,
				  struct journal **out, struct why *why)
{
	struct journal *j;
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot open %s: %s", path, strerror(errno));
	j = xcalloc(1, sizeof(*j));
	j->fd = fd;
	j->sync = sync;
	if (replay_all(j, path, replay, owner, why) != JEMBATAN_OK) {
		journal_close(j);
		return JEMBATAN_CONFIG;
	}
	if (ftruncate(fd, j->size) < 0) {
		journal_close(j);
		return why_set(why, JEMBATAN_CONFIG, "cannot cut %s: %s", path, strerror(errno));
	}
	*out = j;
	return JEMBATAN_OK;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	close_fd(&j->fd);
	free(j);
}

enum jembatan_result journal_write(struct journal *j, const json_t *event)
{
	CLEANUP(free_pointer) char *text = json_dumps(event, JSON_COMPACT | JSON_PRESERVE_ORDER);
	size_t size;

	ASSERT(text);
	size = strlen(text);
	text[size] = '\n'; /* in place of the NUL: one write for the whole line */
	if (file_write_all(j->fd, text, size + 1) != JEMBATAN_OK ||
	    (j->sync && fdatasync(j->fd) < 0)) {
		/* Half a line must not stay in front of the next one. */
		(void)!ftruncate(j->fd, j->size);
		return JEMBATAN_RETRY;
	}
	j->size += (off_t)size + 1;
	return JEMBATAN_OK;
}

enum jembatan_result journal_empty(struct journal *j)
{
	if (ftruncate(j->fd, 0) < 0)
		return JEMBATAN_RETRY;
	j->size = 0;
	return JEMBATAN_OK;
}
