/* loop.h: one thread, one epoll, timers on the monotonic clock, signals as
 * events, work deferred to the end of a turn (group commits), and a hold on what
 * is to leave the process (until a commit is on the disk). */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/why.h"

#define LOOP_READ 1u
#define LOOP_WRITE 2u
#define LOOP_HANGUP 4u /* always reported */

struct loop;
struct loop_fd;
struct loop_timer;

typedef void loop_on_fd(void *data, unsigned events);
typedef void loop_on_timer(void *data);
typedef void loop_on_signal(void *data, int signal);

struct loop *loop_new(void);
void loop_free(struct loop *l); /* everything added must be gone */

/* The loop does not own fd. Safe to call from any callback, also to remove
 * the one that is running. */
struct loop_fd *loop_fd_add(struct loop *l, int fd, unsigned events, loop_on_fd *on, void *data);
void loop_fd_set(struct loop_fd *f, unsigned events);
void loop_fd_remove(struct loop_fd *f); /* NULL is fine; before close(fd) */

struct loop_timer *loop_timer_new(struct loop *l, loop_on_timer *on, void *data);
void loop_timer_set(struct loop_timer *t, int64_t delay_ms); /* one shot; sets anew */
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_is_set(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t); /* NULL is fine */

/* Block the signal and deliver it here (signalfd). SIGCHLD: reap in `on`. */
void loop_signal(struct loop *l, int signal, loop_on_signal *on, void *data);

/* Run `on` once at the end of this turn, after all ready fds and timers, or of
 * the next one when called outside. The same pair is run once per turn. */
void loop_defer(struct loop *l, loop_on_timer *on, void *data);
/* Forget what is deferred for `data`, before it is freed. */
void loop_defer_cancel(struct loop *l, const void *data);

/* While a loop is held, whoever would send or answer asks to be called when it is
 * let go, which runs them at once. The loop itself goes on: it stops nobody who
 * does not ask. The same pair is run once; loop_defer_cancel forgets it too. */
void loop_hold(struct loop *l);
void loop_let_go(struct loop *l);
bool loop_is_held(const struct loop *l);
void loop_when_let_go(struct loop *l, loop_on_timer *on, void *data); /* only while held */

void loop_run(struct loop *l); /* until loop_stop */
void loop_stop(struct loop *l);
/* One turn, waiting at most wait_ms (0: not at all; -1: until something).
 * Returns false after loop_stop. For tests and drains. */
bool loop_turn(struct loop *l, int64_t wait_ms);
uint64_t loop_turns(const struct loop *l); /* progress, for the watchdog */

#endif
