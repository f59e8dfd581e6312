/* test_loop.c: the event loop with a held clock. */
#include "base/clock.h"
#include "base/loop.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static struct loop *loop;
static char trace[256];

static void setup(void)
{
	clock_hold(1000000, 5000);
	loop = loop_new();
	trace[0] = '\0';
}

static void teardown(void)
{
	loop_free(loop);
	clock_release();
}

/* A callback that writes its letter into the trace. */
static void mark(void *data)
{
	size_t n = strlen(trace);
	ck_assert_uint_lt(n + 1, sizeof(trace));
	trace[n] = *(const char *)data;
	trace[n + 1] = '\0';
}

static char letter_a[] = "a", letter_b[] = "b", letter_c[] = "c";

START_TEST(timers_fire_in_the_order_of_their_times)
{
	struct loop_timer *a = loop_timer_new(loop, mark, letter_a);
	struct loop_timer *b = loop_timer_new(loop, mark, letter_b);
	struct loop_timer *c = loop_timer_new(loop, mark, letter_c);
	loop_timer_set(a, 30);
	loop_timer_set(b, 10);
	loop_timer_set(c, 30);
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "");
	clock_advance(10);
	loop_turn(loop, -1);
	ck_assert_str_eq(trace, "b");
	clock_advance(100);
	loop_turn(loop, -1);
	ck_assert_str_eq(trace, "bac");
	ck_assert(!loop_timer_is_set(a));
	loop_timer_free(a);
	loop_timer_free(b);
	loop_timer_free(c);
}
END_TEST

START_TEST(a_timer_set_anew_fires_once_and_a_stopped_one_never)
{
	struct loop_timer *a = loop_timer_new(loop, mark, letter_a);
	struct loop_timer *b = loop_timer_new(loop, mark, letter_b);
	loop_timer_set(a, 10);
	loop_timer_set(a, 50);
	loop_timer_set(b, 10);
	loop_timer_stop(b);
	clock_advance(20);
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "");
	clock_advance(40);
	loop_turn(loop, 0);
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "a");
	loop_timer_free(a);
	loop_timer_free(b);
}
END_TEST

#define MANY 500
static int64_t last_due;
static size_t fired;
static struct {
	struct loop_timer *timer;
	int64_t due;
} many[MANY];

static void in_order(void *data)
{
	int64_t due = *(int64_t *)data;
	ck_assert_int_ge(due, last_due);
	last_due = due;
	fired++;
}

START_TEST(many_timers_set_and_stopped_at_random_stay_in_order)
{
	uint32_t seed = 12345;
	last_due = 0;
	fired = 0;
	for (size_t i = 0; i < MANY; i++) {
		many[i].timer = loop_timer_new(loop, in_order, &many[i].due);
		seed = seed * 1664525u + 1013904223u;
		many[i].due = seed % 1000;
		loop_timer_set(many[i].timer, many[i].due);
	}
	for (size_t i = 0; i < MANY; i += 3)
		loop_timer_stop(many[i].timer);
	clock_advance(1000);
	loop_turn(loop, 0);
	ck_assert_uint_eq(fired, MANY - (MANY + 2) / 3);
	for (size_t i = 0; i < MANY; i++)
		loop_timer_free(many[i].timer);
}
END_TEST

static struct loop_timer *again;

static void set_again(void *data)
{
	mark(data);
	loop_timer_set(again, 0);
}

START_TEST(a_timer_set_again_in_its_callback_waits_for_the_next_turn)
{
	again = loop_timer_new(loop, set_again, letter_a);
	loop_timer_set(again, 0);
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "a");
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "aa");
	loop_timer_free(again);
}
END_TEST

static void free_itself(void *data)
{
	mark(data);
	loop_timer_free(again);
	again = NULL;
}

START_TEST(a_timer_may_free_itself)
{
	again = loop_timer_new(loop, free_itself, letter_a);
	loop_timer_set(again, 0);
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "a");
	ck_assert_ptr_null(again);
}
END_TEST

struct pair {
	int fds[2];
	struct loop_fd *watch, *other;
	unsigned events;
	int calls;
};

static void remove_both(void *data, unsigned events)
{
	struct pair *p = data;
	p->calls++;
	p->events = events;
	loop_fd_remove(p->watch);
	loop_fd_remove(p->other);
	p->watch = p->other = NULL;
}

START_TEST(a_callback_may_remove_itself_and_another_that_is_ready)
{
	struct pair p = { .calls = 0 };
	int second[2];
	ck_assert_int_eq(pipe(p.fds), 0);
	ck_assert_int_eq(pipe(second), 0);
	ck_assert_int_eq(write(p.fds[1], "x", 1), 1);
	ck_assert_int_eq(write(second[1], "x", 1), 1);
	p.watch = loop_fd_add(loop, p.fds[0], LOOP_READ, remove_both, &p);
	p.other = loop_fd_add(loop, second[0], LOOP_READ, remove_both, &p);
	loop_turn(loop, -1);
	loop_turn(loop, 0);
	ck_assert_int_eq(p.calls, 1);
	ck_assert_uint_eq(p.events, LOOP_READ);
	for (int i = 0; i < 2; i++) {
		close(p.fds[i]);
		close(second[i]);
	}
}
END_TEST

static void note_events(void *data, unsigned events)
{
	struct pair *p = data;
	p->calls++;
	p->events = events;
}

START_TEST(a_hangup_is_reported_even_when_nothing_was_asked_for)
{
	struct pair p = { .calls = 0 };
	ck_assert_int_eq(pipe(p.fds), 0);
	p.watch = loop_fd_add(loop, p.fds[0], 0, note_events, &p);
	loop_turn(loop, 0);
	ck_assert_int_eq(p.calls, 0);
	close(p.fds[1]);
	loop_turn(loop, -1);
	ck_assert_uint_eq(p.events, LOOP_HANGUP);
	loop_fd_remove(p.watch);
	close(p.fds[0]);
}
END_TEST

START_TEST(the_events_of_an_fd_can_be_changed)
{
	struct pair p = { .calls = 0 };
	ck_assert_int_eq(pipe(p.fds), 0);
	p.watch = loop_fd_add(loop, p.fds[1], 0, note_events, &p);
	loop_turn(loop, 0);
	ck_assert_int_eq(p.calls, 0);
	loop_fd_set(p.watch, LOOP_WRITE);
	loop_turn(loop, -1);
	ck_assert_uint_eq(p.events, LOOP_WRITE);
	loop_fd_remove(p.watch);
	close(p.fds[0]);
	close(p.fds[1]);
}
END_TEST

static void defer_twice(void *data)
{
	mark(data);
	loop_defer(loop, mark, letter_c);
	loop_defer(loop, mark, letter_c);
}

START_TEST(deferred_work_runs_once_at_the_end_of_the_turn)
{
	struct loop_timer *a = loop_timer_new(loop, defer_twice, letter_a);
	struct loop_timer *b = loop_timer_new(loop, mark, letter_b);
	loop_timer_set(a, 0);
	loop_timer_set(b, 0);
	loop_turn(loop, -1);
	ck_assert_str_eq(trace, "abc");
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "abc");
	loop_timer_free(a);
	loop_timer_free(b);
}
END_TEST

static void defer_again(void *data)
{
	mark(data);
	loop_defer(loop, defer_again, data);
}

START_TEST(work_deferred_by_deferred_work_runs_in_the_next_turn_at_once)
{
	loop_defer(loop, defer_again, letter_a);
	loop_turn(loop, -1);
	ck_assert_str_eq(trace, "a");
	loop_turn(loop, -1);
	ck_assert_str_eq(trace, "aa");
	loop_defer_cancel(loop, letter_a);
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "aa");
}
END_TEST

static void cancel_b(void *data)
{
	mark(data);
	loop_defer_cancel(loop, letter_b);
}

START_TEST(deferred_work_can_cancel_what_comes_after_it)
{
	loop_defer(loop, cancel_b, letter_a);
	loop_defer(loop, mark, letter_b);
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "a");
}
END_TEST

START_TEST(what_waits_for_a_held_loop_runs_once_when_it_is_let_go)
{
	loop_hold(loop);
	ck_assert(loop_is_held(loop));
	loop_when_let_go(loop, mark, letter_a);
	loop_when_let_go(loop, mark, letter_b);
	loop_when_let_go(loop, mark, letter_c);
	loop_when_let_go(loop, mark, letter_a);
	loop_defer_cancel(loop, letter_b);
	loop_turn(loop, 0);
	ck_assert_str_eq(trace, "");
	loop_let_go(loop);
	ck_assert_str_eq(trace, "ac");
	ck_assert(!loop_is_held(loop));
	loop_hold(loop);
	loop_let_go(loop);
	ck_assert_str_eq(trace, "ac");
}
END_TEST

static int got_signal;

static void on_signal(void *data UNUSED, int signal)
{
	got_signal = signal;
}

static void stop(void *data UNUSED)
{
	loop_stop(loop);
}

START_TEST(a_signal_arrives_as_an_event)
{
	loop_signal(loop, SIGUSR1, on_signal, NULL);
	loop_signal(loop, SIGUSR2, on_signal, NULL);
	raise(SIGUSR1);
	ck_assert_int_eq(got_signal, 0);
	loop_turn(loop, -1);
	ck_assert_int_eq(got_signal, SIGUSR1);
	raise(SIGUSR2);
	loop_turn(loop, -1);
	ck_assert_int_eq(got_signal, SIGUSR2);
}
END_TEST

START_TEST(run_ends_after_the_turn_that_asked_for_it)
{
	struct loop_timer *a = loop_timer_new(loop, stop, NULL);
	struct loop_timer *b = loop_timer_new(loop, mark, letter_b);
	loop_timer_set(a, 0);
	loop_timer_set(b, 0);
	loop_run(loop);
	ck_assert_str_eq(trace, "b");
	ck_assert_uint_eq(loop_turns(loop), 1);
	ck_assert(!loop_turn(loop, 0));
	loop_timer_free(a);
	loop_timer_free(b);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("loop");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, timers_fire_in_the_order_of_their_times);
	tcase_add_test(t, a_timer_set_anew_fires_once_and_a_stopped_one_never);
	tcase_add_test(t, many_timers_set_and_stopped_at_random_stay_in_order);
	tcase_add_test(t, a_timer_set_again_in_its_callback_waits_for_the_next_turn);
	tcase_add_test(t, a_timer_may_free_itself);
	tcase_add_test(t, a_callback_may_remove_itself_and_another_that_is_ready);
	tcase_add_test(t, a_hangup_is_reported_even_when_nothing_was_asked_for);
	tcase_add_test(t, the_events_of_an_fd_can_be_changed);
	tcase_add_test(t, deferred_work_runs_once_at_the_end_of_the_turn);
	tcase_add_test(t, work_deferred_by_deferred_work_runs_in_the_next_turn_at_once);
	tcase_add_test(t, deferred_work_can_cancel_what_comes_after_it);
	tcase_add_test(t, what_waits_for_a_held_loop_runs_once_when_it_is_let_go);
	tcase_add_test(t, a_signal_arrives_as_an_event);
	tcase_add_test(t, run_ends_after_the_turn_that_asked_for_it);
	return unit_run("loop", t);
}
