/* sockets.c: the loop watches libcurl's sockets, each until it is closed. */
#include "central/sockets.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/poison.h"

/* One of libcurl's sockets, watched until it is closed: a kept connection that
 * were left and taken up for each request would cost five system calls each
 * time. libcurl 7.88 closes a socket whose connect failed before it says that
 * it is to be watched no more, and the next socket may have its number by then.
 * So the loop watches a duplicate, which is ours to close, and the inode tells
 * one socket from the next. */
struct watched {
	struct sockets *sockets;
	curl_socket_t fd;
	int duplicate;
	ino_t inode;
	unsigned events;
	bool is_told; /* of its end, by on_closing */
	bool is_idle; /* kept, and of no request */
	struct loop_fd *loop_fd;
};

struct sockets {
	struct loop *loop;
	struct surplus *surplus;
	struct watched **watched; /* by the number of their socket */
	size_t watched_count;
	sockets_on_ready *on_ready;
	void *data;
};

static void unwatch(struct sockets *s, curl_socket_t fd)
{
	struct watched *w = (size_t)fd < s->watched_count ? s->watched[fd] : NULL;

	if (!w)
		return;
	s->watched[fd] = NULL;
	loop_fd_remove(w->loop_fd);
	close(w->duplicate);
	free(w);
}

static void on_socket(void *data, unsigned events)
{
	struct watched *w = data;
	int bits = 0;

	/* The peer closes it: libcurl sees that when it wants to use it. */
	if (w->is_idle) {
		unwatch(w->sockets, w->fd);
		return;
	}
	if (events & LOOP_READ)
		bits |= CURL_CSELECT_IN;
	if (events & LOOP_WRITE)
		bits |= CURL_CSELECT_OUT;
	if (events & LOOP_HANGUP)
		bits |= CURL_CSELECT_IN | CURL_CSELECT_ERR;
	w->sockets->on_ready(w->sockets->data, w->fd, bits);
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void watch(struct sockets *s, curl_socket_t fd, unsigned events)
{
	struct watched *w = xcalloc(1, sizeof(*w));

	while ((size_t)fd >= s->watched_count) {
		size_t count = s->watched_count > 0 ? 2 * s->watched_count : 64;
		s->watched = xrealloc(s->watched, count, sizeof(struct watched *));
		memset(s->watched + s->watched_count, 0,
		       (count - s->watched_count) * sizeof(struct watched *));
		s->watched_count = count;
	}
	*w = (struct watched){ .sockets = s, .fd = fd, .inode = inode_of(fd), .events = events,
			       .is_told = surplus_knows(s->surplus, fd) };
	w->duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	ASSERT(w->duplicate >= 0);
	w->loop_fd = loop_fd_add(s->loop, w->duplicate, events, on_socket, w);
	s->watched[fd] = w;
}

void sockets_watch(struct sockets *s, curl_socket_t fd, int what)
{
	struct watched *w = (size_t)fd < s->watched_count ? s->watched[fd] : NULL;
	unsigned events = 0;

	if (what & CURL_POLL_IN)
		events |= LOOP_READ;
	if (what & CURL_POLL_OUT)
		events |= LOOP_WRITE;
	if (what == CURL_POLL_REMOVE) {
		/* Still watched for reading, it tells of its end by itself. The
		 * resolver's sockets are closed without a word. */
		if (w && w->events == LOOP_READ && w->is_told)
			w->is_idle = true;
		else
			unwatch(s, fd);
		return;
	}
	/* One of the resolver's may have been closed and opened since. */
	if (w && !w->is_told && w->inode != inode_of(fd)) {
		unwatch(s, fd);
		w = NULL;
	}
	if (!w) {
		watch(s, fd, events);
	} else {
		w->is_idle = false;
		if (w->events != events)
			loop_fd_set(w->loop_fd, events);
		w->events = events;
	}
}

/* Without this the duplicate would keep the connection open. */
static void on_closing(void *data, curl_socket_t fd)
{
	unwatch(data, fd);
}

struct sockets *sockets_new(struct loop *loop, sockets_on_ready *on_ready, void *data)
{
	struct sockets *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->on_ready = on_ready;
	s->data = data;
	s->surplus = surplus_new(on_closing, s);
	return s;
}

struct surplus *sockets_surplus(struct sockets *s)
{
	return s->surplus;
}

void sockets_free(struct sockets *s)
{
	if (!s)
		return;
	surplus_free(s->surplus);
	free(s->watched);
	free(s);
}
