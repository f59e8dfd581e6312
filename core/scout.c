/* scout.c: the thread and its jobs. A job is the thread's while it is at it, and
 * its owner's before and after; who has it is written under the lock. */
#include "scout.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

#include "ticket/tokens.h"
#include "base/poison.h"

#define STACK_BYTES (1024u * 1024u)

enum who { NOBODY, THREAD, DONE, OWNER };

struct job {
	struct scout_job asked;
	enum who who; /* under the lock */
	struct arena *arena;
	struct tokens_memo *memo;
	struct ticket ticket;
	enum jembatan_result result;
	struct why why;
};

struct scout {
	bool is_useful, is_running;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t is_wanted, is_done;
	bool stops;
	size_t count, next; /* next: the first that the thread has not looked at */
	struct job jobs[SCOUT_MAX];
};

/* ---- in the thread ---- */

static void understand(struct job *j)
{
	struct understand_options options = j->asked.options;

	options.propose.memo = j->memo;
	arena_reset(j->arena);
	j->result = understand_message(j->asked.message, &options, j->arena, &j->ticket, &j->why);
}

/* The next that nobody has; NULL: none. With the lock held. */
static struct job *next_job(struct scout *s)
{
	while (s->next < s->count) {
		struct job *j = &s->jobs[s->next++];
		if (j->who == NOBODY)
			return j;
	}
	return NULL;
}

static void *run(void *data)
{
	struct scout *s = data;

	pthread_mutex_lock(&s->lock);
	while (!s->stops) {
		struct job *j = next_job(s);
		if (j == NULL) {
			pthread_cond_wait(&s->is_wanted, &s->lock);
			continue;
		}
		j->who = THREAD;
		pthread_mutex_unlock(&s->lock);
		understand(j);
		pthread_mutex_lock(&s->lock);
		j->who = DONE;
		pthread_cond_signal(&s->is_done);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- its owner ---- */

struct scout *scout_new(bool is_useful)
{
	struct scout *s = xcalloc(1, sizeof(*s));

	s->is_useful = is_useful;
	ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
	ASSERT(pthread_cond_init(&s->is_wanted, NULL) == 0);
	ASSERT(pthread_cond_init(&s->is_done, NULL) == 0);
	return s;
}

bool scout_is_useful(const struct scout *s)
{
	return s->is_useful;
}

static void begin_running(struct scout *s)
{
	int error = thread_start(&s->thread, "scout", STACK_BYTES, run, s);
	if (error != 0) {
		log_warning("decide", "no thread can be started (%s): messages are understood one by one",
			    strerror(error));
		s->is_useful = false;
		return;
	}
	for (size_t i = 0; i < SCOUT_MAX; i++) {
		s->jobs[i].arena = arena_new();
		s->jobs[i].memo = tokens_memo_new();
	}
	s->is_running = true;
}

void scout_begin(struct scout *s, const struct scout_job *jobs, size_t count)
{
	ASSERT(count <= SCOUT_MAX);
	if (s->is_useful && !s->is_running && count > 0)
		begin_running(s);
	if (!s->is_useful || count == 0)
		return;
	pthread_mutex_lock(&s->lock);
	ASSERT(s->count == 0);
	for (size_t i = 0; i < count; i++) {
		s->jobs[i].asked = jobs[i];
		s->jobs[i].who = NOBODY;
	}
	s->count = count;
	s->next = 0;
	pthread_cond_signal(&s->is_wanted);
	pthread_mutex_unlock(&s->lock);
}

/* With the lock held. */
static struct job *find(struct scout *s, const struct msg_message *message)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->jobs[i].asked.message == message)
			return &s->jobs[i];
	return NULL;
}

bool scout_take(struct scout *s, const struct msg_message *message, struct ticket *out,
		enum jembatan_result *out_result, struct why *why)
{
	pthread_mutex_lock(&s->lock);
	struct job *j = find(s, message);
	while (j != NULL && j->who == THREAD)
		pthread_cond_wait(&s->is_done, &s->lock);
	bool is_there = j != NULL && j->who == DONE;
	if (j != NULL && j->who == NOBODY)
		j->who = OWNER;
	pthread_mutex_unlock(&s->lock);
	if (!is_there)
		return false;
	*out = j->ticket;
	*out_result = j->result;
	if (j->result != JEMBATAN_OK)
		*why = j->why;
	return true;
}

struct tokens_memo *scout_memo(struct scout *s, const struct msg_message *message)
{
	pthread_mutex_lock(&s->lock);
	const struct job *j = find(s, message);
	struct tokens_memo *memo = j != NULL && j->who == DONE ? j->memo : NULL;
	pthread_mutex_unlock(&s->lock);
	return memo;
}

void scout_end(struct scout *s)
{
	pthread_mutex_lock(&s->lock);
	s->next = s->count; /* it begins none of them any more */
	for (size_t i = 0; i < s->count; i++)
		while (s->jobs[i].who == THREAD)
			pthread_cond_wait(&s->is_done, &s->lock);
	s->count = 0;
	pthread_mutex_unlock(&s->lock);
}

void scout_free(struct scout *s)
{
	if (s == NULL)
		return;
	scout_end(s);
	if (s->is_running) {
		pthread_mutex_lock(&s->lock);
		s->stops = true;
		pthread_cond_signal(&s->is_wanted);
		pthread_mutex_unlock(&s->lock);
		ASSERT(pthread_join(s->thread, NULL) == 0);
	}
	for (size_t i = 0; i < SCOUT_MAX && s->is_running; i++) {
		arena_free(s->jobs[i].arena);
		tokens_memo_free(s->jobs[i].memo);
	}
	pthread_cond_destroy(&s->is_wanted);
	pthread_cond_destroy(&s->is_done);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
