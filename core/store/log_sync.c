/* log_sync.c: see log_sync.h. */
#include "store/log_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/poison.h"

#define STACK_BYTES (128u * 1024u)
#define PIECE (1024u * 1024u)

enum jembatan_result log_sync_open(struct log_sync *s, const char *path, struct why *why)
{
	ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
	ASSERT(pthread_cond_init(&s->changed, NULL) == 0);
	s->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (s->fd < 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot open %s: %s", path, strerror(errno));
	s->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->ended < 0)
		return why_set(why, JEMBATAN_CONFIG, "cannot make an eventfd: %s", strerror(errno));
	return JEMBATAN_OK;
}

static int sync_now(const struct log_sync *s)
{
	return fdatasync(s->fd) == 0 ? 0 : errno;
}

static void *run(void *data)
{
	struct log_sync *s = data;
	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->wanted && !s->stopping)
			pthread_cond_wait(&s->changed, &s->lock);
		if (!s->wanted)
			break;
		pthread_mutex_unlock(&s->lock);
		int error = sync_now(s);
		pthread_mutex_lock(&s->lock);
		s->wanted = false;
		s->error = error;
		s->ended_us = clock_mono_us();
		pthread_cond_broadcast(&s->changed);
		ASSERT(eventfd_write(s->ended, 1) == 0);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

void log_sync_done(struct log_sync *s)
{
	if (s->has_thread) {
		pthread_mutex_lock(&s->lock);
		s->stopping = true;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
		ASSERT(pthread_join(s->thread, NULL) == 0);
		s->has_thread = false;
	}
	close_fd(&s->fd);
	close_fd(&s->ended);
}

void log_sync_begin(struct log_sync *s)
{
	if (!s->has_thread)
		s->has_thread = thread_start(&s->thread, "log", STACK_BYTES, run, s) == 0;
	pthread_mutex_lock(&s->lock);
	ASSERT(!s->wanted);
	if (s->has_thread) {
		s->wanted = true;
		pthread_cond_broadcast(&s->changed);
	} else { /* the system has none left: then here */
		s->error = sync_now(s);
		s->ended_us = clock_mono_us();
		ASSERT(eventfd_write(s->ended, 1) == 0);
	}
	pthread_mutex_unlock(&s->lock);
}

bool log_sync_is_under_way(struct log_sync *s)
{
	pthread_mutex_lock(&s->lock);
	bool wanted = s->wanted;
	pthread_mutex_unlock(&s->lock);
	return wanted;
}

int log_sync_wait(struct log_sync *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->wanted)
		pthread_cond_wait(&s->changed, &s->lock);
	int error = s->error;
	pthread_mutex_unlock(&s->lock);
	return error;
}

int log_sync_again(struct log_sync *s)
{
	CLEANUP(free_pointer) char *piece = xmalloc(PIECE);
	off_t at = 0;
	for (;;) {
		ssize_t n = pread(s->fd, piece, PIECE, at);
		if (n < 0)
			return errno;
		if (n == 0)
			return at > 0 ? sync_now(s) : 0;
		ssize_t done = 0;
		while (done < n) {
			ssize_t k = pwrite(s->fd, piece + done, (size_t)(n - done), at + done);
			if (k < 0)
				return errno;
			done += k;
		}
		at += n;
	}
}
