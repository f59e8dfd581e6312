/* loop.c: the event loop. Level-triggered epoll; timers in a binary heap on
 * clock_mono_ms(), so that a held clock holds them too; signals by signalfd.
 * A turn is: wait, ready fds, due timers, deferred work. What is removed
 * during a turn is freed at its end, so no event ever meets freed memory. */
#include "base/loop.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/poison.h"

#define EVENTS_PER_TURN 256
#define SIGNAL_COUNT 65

struct loop_fd {
	struct loop *loop;
	int fd;
	unsigned events;
	loop_on_fd *on; /* NULL once removed */
	void *data;
	struct loop_fd *next_dead;
};

struct loop_timer {
	struct loop *loop;
	loop_on_timer *on;
	void *data;
	int64_t due_mono_ms;
	uint64_t serial;  /* order among equal times */
	size_t heap_slot; /* NOT_SET when not in the heap */
};
#define NOT_SET SIZE_MAX

struct deferred {
	loop_on_timer *on; /* NULL once cancelled */
	void *data;
};

struct deferred_list {
	struct deferred *items;
	size_t count, capacity;
};

struct loop {
	int epoll;
	size_t fd_count, timer_count;
	struct loop_fd *dead;
	struct loop_timer **heap;
	size_t heap_count, heap_capacity;
	uint64_t serial;
	struct deferred_list waiting, running, held;
	bool is_held;
	int signal_fd;
	struct loop_fd *signal_watch;
	sigset_t signals, old_signals;
	struct {
		loop_on_signal *on;
		void *data;
	} on_signal[SIGNAL_COUNT];
	bool stopped;
	uint64_t turns;
};

struct loop *loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT(l->epoll >= 0);
	l->signal_fd = -1;
	sigemptyset(&l->signals);
	return l;
}

static void free_dead(struct loop *l)
{
	while (l->dead) {
		struct loop_fd *f = l->dead;
		l->dead = f->next_dead;
		free(f);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->signal_watch) {
		loop_fd_remove(l->signal_watch);
		close(l->signal_fd);
		sigprocmask(SIG_SETMASK, &l->old_signals, NULL);
	}
	ASSERT(l->fd_count == 0);
	ASSERT(l->timer_count == 0);
	free_dead(l);
	free(l->heap);
	free(l->waiting.items);
	free(l->running.items);
	free(l->held.items);
	close(l->epoll);
	free(l);
}

/* ---- fds ---- */

static struct epoll_event event_for(struct loop_fd *f, unsigned events)
{
	struct epoll_event e = { .events = 0, .data.ptr = f };
	if (events & LOOP_READ)
		e.events |= EPOLLIN;
	if (events & LOOP_WRITE)
		e.events |= EPOLLOUT;
	return e;
}

struct loop_fd *loop_fd_add(struct loop *l, int fd, unsigned events, loop_on_fd *on, void *data)
{
	ASSERT(on);
	struct loop_fd *f = xcalloc(1, sizeof(*f));
	*f = (struct loop_fd){ .loop = l, .fd = fd, .events = events, .on = on, .data = data };
	struct epoll_event e = event_for(f, events);
	ASSERT(epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) == 0);
	l->fd_count++;
	return f;
}

void loop_fd_set(struct loop_fd *f, unsigned events)
{
	if (events == f->events)
		return;
	f->events = events;
	struct epoll_event e = event_for(f, events);
	ASSERT(epoll_ctl(f->loop->epoll, EPOLL_CTL_MOD, f->fd, &e) == 0);
}

void loop_fd_remove(struct loop_fd *f)
{
	if (!f)
		return;
	ASSERT(f->on);
	ASSERT(epoll_ctl(f->loop->epoll, EPOLL_CTL_DEL, f->fd, NULL) == 0);
	f->on = NULL;
	f->next_dead = f->loop->dead;
	f->loop->dead = f;
	f->loop->fd_count--;
}

static void run_fds(const struct epoll_event *ready, int count)
{
	for (int i = 0; i < count; i++) {
		struct loop_fd *f = ready[i].data.ptr;
		unsigned events = 0;
		if (ready[i].events & EPOLLIN)
			events |= LOOP_READ;
		if (ready[i].events & EPOLLOUT)
			events |= LOOP_WRITE;
		if (ready[i].events & (EPOLLHUP | EPOLLERR))
			events |= LOOP_HANGUP;
		if (f->on)
			f->on(f->data, events);
	}
}

/* ---- timers ---- */

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
	if (a->due_mono_ms != b->due_mono_ms)
		return a->due_mono_ms < b->due_mono_ms;
	return a->serial < b->serial;
}

static void heap_place(struct loop *l, size_t slot, struct loop_timer *t)
{
	l->heap[slot] = t;
	t->heap_slot = slot;
}

static void heap_rise(struct loop *l, size_t slot, struct loop_timer *t)
{
	while (slot > 0 && is_before(t, l->heap[(slot - 1) / 2])) {
		heap_place(l, slot, l->heap[(slot - 1) / 2]);
		slot = (slot - 1) / 2;
	}
	heap_place(l, slot, t);
}

static void heap_sink(struct loop *l, size_t slot, struct loop_timer *t)
{
	for (;;) {
		size_t child = 2 * slot + 1;
		if (child + 1 < l->heap_count && is_before(l->heap[child + 1], l->heap[child]))
			child++;
		if (child >= l->heap_count || is_before(t, l->heap[child]))
			break;
		heap_place(l, slot, l->heap[child]);
		slot = child;
	}
	heap_place(l, slot, t);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_on_timer *on, void *data)
{
	ASSERT(on);
	struct loop_timer *t = xcalloc(1, sizeof(*t));
	*t = (struct loop_timer){ .loop = l, .on = on, .data = data, .heap_slot = NOT_SET };
	l->timer_count++;
	return t;
}

void loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
	struct loop *l = t->loop;
	loop_timer_stop(t);
	if (__builtin_add_overflow(clock_mono_ms(), delay_ms > 0 ? delay_ms : 0, &t->due_mono_ms))
		t->due_mono_ms = INT64_MAX;
	t->serial = ++l->serial;
	if (l->heap_count == l->heap_capacity) {
		l->heap_capacity = l->heap_capacity ? 2 * l->heap_capacity : 16;
		l->heap = xrealloc(l->heap, l->heap_capacity, sizeof(struct loop_timer *));
	}
	heap_rise(l, l->heap_count++, t);
}

void loop_timer_stop(struct loop_timer *t)
{
	struct loop *l = t->loop;
	size_t slot = t->heap_slot;
	if (slot == NOT_SET)
		return;
	t->heap_slot = NOT_SET;
	struct loop_timer *last = l->heap[--l->heap_count];
	if (last == t)
		return;
	if (slot > 0 && is_before(last, l->heap[(slot - 1) / 2]))
		heap_rise(l, slot, last);
	else
		heap_sink(l, slot, last);
}

bool loop_timer_is_set(const struct loop_timer *t)
{
	return t->heap_slot != NOT_SET;
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	loop_timer_stop(t);
	t->loop->timer_count--;
	free(t);
}

/* Timers set from here on have a higher serial and a later or equal time: they
 * sort behind all that are due now and wait for the next turn. */
static void run_timers(struct loop *l)
{
	int64_t now = clock_mono_ms();
	uint64_t last_serial = l->serial;
	while (l->heap_count > 0) {
		struct loop_timer *t = l->heap[0];
		if (t->due_mono_ms > now || t->serial > last_serial)
			break;
		loop_timer_stop(t);
		t->on(t->data);
	}
}

/* ---- deferred work ---- */

static void add_once(struct deferred_list *list, loop_on_timer *on, void *data)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].on == on && list->items[i].data == data)
			return;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 16;
		list->items = xrealloc(list->items, list->capacity, sizeof(*list->items));
	}
	list->items[list->count++] = (struct deferred){ on, data };
}

void loop_defer(struct loop *l, loop_on_timer *on, void *data)
{
	add_once(&l->waiting, on, data);
}

static void cancel_in(struct deferred_list *list, const void *data)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].data == data)
			list->items[i].on = NULL;
}

void loop_defer_cancel(struct loop *l, const void *data)
{
	cancel_in(&l->waiting, data);
	cancel_in(&l->running, data);
	cancel_in(&l->held, data);
}

static void run_list(struct deferred_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].on)
			list->items[i].on(list->items[i].data);
	list->count = 0;
}

/* What is deferred while this runs waits for the next turn. */
static void run_deferred(struct loop *l)
{
	struct deferred_list now = l->waiting;
	l->waiting = l->running;
	l->running = now;
	run_list(&l->running);
}

void loop_hold(struct loop *l)
{
	l->is_held = true;
}

bool loop_is_held(const struct loop *l)
{
	return l->is_held;
}

void loop_when_let_go(struct loop *l, loop_on_timer *on, void *data)
{
	ASSERT(l->is_held);
	add_once(&l->held, on, data);
}

void loop_let_go(struct loop *l)
{
	l->is_held = false;
	run_list(&l->held);
}

/* ---- signals ---- */

static void on_signal_fd(void *data, unsigned events UNUSED)
{
	struct loop *l = data;
	struct signalfd_siginfo info;
	while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo < SIGNAL_COUNT && l->on_signal[info.ssi_signo].on)
			l->on_signal[info.ssi_signo].on(l->on_signal[info.ssi_signo].data,
							(int)info.ssi_signo);
}

void loop_signal(struct loop *l, int signal, loop_on_signal *on, void *data)
{
	ASSERT(signal > 0 && signal < SIGNAL_COUNT);
	l->on_signal[signal].on = on;
	l->on_signal[signal].data = data;
	sigaddset(&l->signals, signal);
	sigprocmask(SIG_BLOCK, &l->signals, l->signal_watch ? NULL : &l->old_signals);
	l->signal_fd = signalfd(l->signal_fd, &l->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	ASSERT(l->signal_fd >= 0);
	if (!l->signal_watch)
		l->signal_watch = loop_fd_add(l, l->signal_fd, LOOP_READ, on_signal_fd, l);
}

/* ---- turns ---- */

static int wait_for(const struct loop *l, int64_t wait_ms)
{
	if (l->waiting.count > 0)
		return 0;
	if (l->heap_count > 0) {
		int64_t left = l->heap[0]->due_mono_ms - clock_mono_ms();
		if (left < 0)
			left = 0;
		if (wait_ms < 0 || left < wait_ms)
			wait_ms = left;
	}
	if (wait_ms < 0)
		return -1;
	return wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

bool loop_turn(struct loop *l, int64_t wait_ms)
{
	struct epoll_event ready[EVENTS_PER_TURN];
	int count = epoll_wait(l->epoll, ready, EVENTS_PER_TURN, wait_for(l, wait_ms));
	ASSERT(count >= 0 || errno == EINTR);
	run_fds(ready, count);
	run_timers(l);
	run_deferred(l);
	free_dead(l);
	l->turns++;
	return !l->stopped;
}

void loop_run(struct loop *l)
{
	while (!l->stopped)
		loop_turn(l, -1);
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}

uint64_t loop_turns(const struct loop *l)
{
	return l->turns;
}
