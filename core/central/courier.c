/* courier.c: the thread, and how calls go to and fro. A call is on one of five
 * rings: kept back, ordered, under way, ended, arrived. All of them and the errand
 * are under one lock; one wake-up serves many calls. What runs in the thread:
 * loop, client, sockets, surplus, upload, what writes a request's body, and what
 * these call. They keep no state but that of their own objects, and log nothing.
 *
 * What the thread must do at once (an errand) its owner waits for. So nothing
 * is shared that either may still change: a request is the thread's until its
 * call is back, the options are until the errand with other ones is done. */
#include "central/courier.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/thread.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/poison.h"

#define STACK_BYTES (512u * 1024u)

struct ring {
	struct ring *next, *before;
};

enum place { ORDERED, UNDER_WAY, BACK };

struct courier_call {
	struct ring ring; /* first: a ring's member is its call */
	struct courier *courier;
	enum place place;
	struct client_request request;
	client_on_done *on_done;
	void *data;
	struct client_call *sent; /* the thread's; NULL once it has ended */
	struct client_answer answer;
	struct buf body;
	char detail[CLIENT_DETAIL_MAX];
};

typedef void courier_errand(struct courier *c, const void *data);

struct courier {
	struct loop *loop; /* the owner's */
	struct loop_fd *watch;
	int wanted, told; /* wake the thread, and its owner */
	struct loop *inner; /* the thread's, as the next two */
	struct loop_fd *inner_watch;
	struct client *client;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t is_done;
	struct ring kept_back; /* while the owner's loop is held */
	struct ring ordered, under_way, ended, arrived;
	courier_errand *errand; /* NULL: none */
	const void *errand_data;
	uint64_t looks, seen; /* of the watchdog */
};

/* ---- rings ---- */

static void ring_init(struct ring *r)
{
	r->next = r->before = r;
}

static bool ring_is_empty(const struct ring *r)
{
	return r->next == r;
}

static void ring_remove(struct ring *r)
{
	r->before->next = r->next;
	r->next->before = r->before;
	ring_init(r);
}

static void ring_add(struct ring *list, struct ring *r)
{
	r->before = list->before;
	r->next = list;
	list->before->next = r;
	list->before = r;
}

/* All of `from` to the end of `to`; the first of them, or `to`. */
static struct ring *ring_move(struct ring *from, struct ring *to)
{
	struct ring *first = from->next;

	if (ring_is_empty(from))
		return to;
	first->before = to->before;
	to->before->next = first;
	to->before = from->before;
	to->before->next = to;
	ring_init(from);
	return first;
}

static struct courier_call *call_of(struct ring *r)
{
	return (struct courier_call *)(void *)r;
}

static void free_call(struct courier_call *call)
{
	buf_done(&call->body);
	free(call);
}

static void free_calls(struct ring *list)
{
	while (!ring_is_empty(list)) {
		struct courier_call *call = call_of(list->next);
		ring_remove(&call->ring);
		free_call(call);
	}
}

/* ---- in the thread ---- */

static void tell(void *data)
{
	struct courier *c = data;

	ASSERT(eventfd_write(c->told, 1) == 0);
}

static void on_end(void *data, const struct client_answer *a)
{
	struct courier_call *call = data;
	struct courier *c = call->courier;

	call->sent = NULL;
	call->answer = *a;
	buf_add(&call->body, a->body.data, a->body.size);
	if (a->detail)
		str_copy(call->detail, sizeof(call->detail), a->detail);
	pthread_mutex_lock(&c->lock);
	ring_remove(&call->ring);
	ring_add(&c->ended, &call->ring);
	call->place = BACK;
	pthread_mutex_unlock(&c->lock);
	loop_defer(c->inner, tell, c); /* once for all that end in this turn */
}

static void on_wanted(void *data, unsigned events UNUSED)
{
	struct courier *c = data;
	eventfd_t count;

	ASSERT(eventfd_read(c->wanted, &count) == 0);
	if (FAULT_PLANTED("courier-hangs"))
		poll(NULL, 0, -1);
	pthread_mutex_lock(&c->lock);
	for (struct ring *r = c->ordered.next; r != &c->ordered; r = r->next)
		call_of(r)->place = UNDER_WAY;
	struct ring *next = ring_move(&c->ordered, &c->under_way);
	courier_errand *errand = c->errand;
	c->seen = c->looks;
	pthread_mutex_unlock(&c->lock);
	for (; next != &c->under_way; next = next->next) {
		struct courier_call *call = call_of(next);
		if (call->request.write_body)
			call->request.body = call->request.write_body(call->request.draft);
		call->sent = client_start(c->client, &call->request, on_end, call);
	}
	if (!errand)
		return;
	errand(c, c->errand_data);
	pthread_mutex_lock(&c->lock);
	c->errand = NULL;
	pthread_cond_signal(&c->is_done);
	pthread_mutex_unlock(&c->lock);
}

static void *run(void *data)
{
	struct courier *c = data;

	loop_run(c->inner);
	return NULL;
}

static void take_options(struct courier *c, const void *data)
{
	client_set_options(c->client, data);
}

static void let_go(struct courier *c UNUSED, const void *data)
{
	const struct courier_call *call = data;

	if (call->sent)
		client_cancel(call->sent);
}

static void stop(struct courier *c, const void *data UNUSED)
{
	loop_stop(c->inner);
}

/* ---- its owner ---- */

static void wake(struct courier *c)
{
	ASSERT(eventfd_write(c->wanted, 1) == 0);
}

/* With the lock held, which is given up meanwhile. What was ordered before it
 * has begun when it is done. */
static void send_on(struct courier *c, courier_errand *errand, const void *data)
{
	c->errand = errand;
	c->errand_data = data;
	wake(c);
	while (c->errand)
		pthread_cond_wait(&c->is_done, &c->lock);
}

static void hand_over(struct courier_call *call)
{
	struct client_answer *a = &call->answer;

	a->body = buf_bytes(&call->body);
	a->detail = *call->detail ? call->detail : NULL;
	if (a->detail)
		log_debug("central", "libcurl %d: %s", a->curl_code, a->detail);
	call->on_done(call->data, a);
	free_call(call);
}

void courier_collect(struct courier *c)
{
	pthread_mutex_lock(&c->lock);
	ring_move(&c->ended, &c->arrived);
	pthread_mutex_unlock(&c->lock);
	/* One at a time: on_done may cancel another of them. */
	while (!ring_is_empty(&c->arrived)) {
		struct courier_call *call = call_of(c->arrived.next);
		ring_remove(&call->ring);
		hand_over(call);
	}
}

static void on_told(void *data, unsigned events UNUSED)
{
	struct courier *c = data;
	eventfd_t count;

	ASSERT(eventfd_read(c->told, &count) == 0);
	courier_collect(c);
}

static void order_kept_back(void *data)
{
	struct courier *c = data;

	pthread_mutex_lock(&c->lock);
	bool some = !ring_is_empty(&c->kept_back);
	ring_move(&c->kept_back, &c->ordered);
	pthread_mutex_unlock(&c->lock);
	if (some)
		wake(c);
}

struct courier_call *courier_start(struct courier *c, const struct client_request *r,
				   client_on_done *on_done, void *data)
{
	struct courier_call *call = xcalloc(1, sizeof(*call));

	call->courier = c;
	call->request = *r;
	call->on_done = on_done;
	call->data = data;
	buf_init(&call->body, CLIENT_ANSWER_MAX);
	pthread_mutex_lock(&c->lock);
	bool is_held = loop_is_held(c->loop);
	bool is_first = ring_is_empty(&c->ordered);
	ring_add(is_held ? &c->kept_back : &c->ordered, &call->ring);
	pthread_mutex_unlock(&c->lock);
	if (is_held)
		loop_when_let_go(c->loop, order_kept_back, c);
	else if (is_first)
		wake(c);
	return call;
}

void courier_cancel(struct courier_call *call)
{
	struct courier *c = call->courier;

	pthread_mutex_lock(&c->lock);
	if (call->place == UNDER_WAY)
		send_on(c, let_go, call);
	ring_remove(&call->ring);
	pthread_mutex_unlock(&c->lock);
	free_call(call);
}

void courier_set_options(struct courier *c, const struct client_options *options)
{
	pthread_mutex_lock(&c->lock);
	send_on(c, take_options, options);
	pthread_mutex_unlock(&c->lock);
}

bool courier_is_alive(struct courier *c)
{
	pthread_mutex_lock(&c->lock);
	bool is_alive = c->seen == c->looks;
	c->looks++;
	pthread_mutex_unlock(&c->lock);
	wake(c);
	return is_alive;
}

/* ---- life ---- */

struct courier *courier_new(struct loop *loop, const struct client_options *options)
{
	struct courier *c = xcalloc(1, sizeof(*c));

	ring_init(&c->kept_back);
	ring_init(&c->ordered);
	ring_init(&c->under_way);
	ring_init(&c->ended);
	ring_init(&c->arrived);
	ASSERT(pthread_mutex_init(&c->lock, NULL) == 0);
	ASSERT(pthread_cond_init(&c->is_done, NULL) == 0);
	c->wanted = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT(c->wanted >= 0 && c->told >= 0);
	c->loop = loop;
	c->watch = loop_fd_add(loop, c->told, LOOP_READ, on_told, c);
	c->inner = loop_new();
	c->inner_watch = loop_fd_add(c->inner, c->wanted, LOOP_READ, on_wanted, c);
	c->client = client_new(c->inner, options);
	ASSERT(thread_start(&c->thread, "courier", STACK_BYTES, run, c) == 0);
	return c;
}

void courier_free(struct courier *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	send_on(c, stop, NULL);
	pthread_mutex_unlock(&c->lock);
	ASSERT(pthread_join(c->thread, NULL) == 0);
	client_free(c->client);
	loop_fd_remove(c->inner_watch);
	loop_free(c->inner);
	loop_fd_remove(c->watch);
	loop_defer_cancel(c->loop, c);
	free_calls(&c->kept_back);
	free_calls(&c->ordered);
	free_calls(&c->under_way);
	free_calls(&c->ended);
	free_calls(&c->arrived);
	close(c->wanted);
	close(c->told);
	pthread_cond_destroy(&c->is_done);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
