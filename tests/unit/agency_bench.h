/* agency_bench.h: the connector against the fake app: options, polls, restarts,
 * and what is safe after each. One at a time. */
#ifndef TESTS_AGENCY_BENCH_H
#define TESTS_AGENCY_BENCH_H

#include "../fake/drive.h"
#include "kit/testctx.h"

#define BENCH_ROWS 64
#define BENCH_KEPT 4096

struct bench {
	struct drive app;
	struct testctx_option rows[BENCH_ROWS + 1];
	size_t row_count;
	struct testctx *t;
	void *self;
	char *cursor; /* of the last checkpoint that succeeded */
	size_t taken; /* emits that are on disk or lost */
	char *kept[BENCH_KEPT]; /* "id revision" of what is on disk */
	size_t kept_count;
};

extern struct bench bench;

/* Start the app with these arguments (NULL: none), and `count` records: ids
 * from 5571685772206594001 on, changed one a second, each third one in the
 * same second as the one before. */
void bench_start(const char *const *arguments, int count);
void bench_stop(void);

/* Options. bench_set copies; the second sets url to a path of the app. */
void bench_set(const char *name, const char *key, const char *value);
void bench_set_url(const char *path);

/* Open with the last cursor. */
enum jembatan_result bench_open(void);
/* The process dies: what has not been checkpointed is lost. */
void bench_kill(void);
/* Poll once; what a successful checkpoint covers is kept. */
enum jembatan_result bench_poll(void);
/* Poll once, with a checkpoint that fails: all of it is lost. */
enum jembatan_result bench_poll_lost(void);
/* Until it says something else than OK; at most 500 times. */
enum jembatan_result bench_poll_all(void);

/* How often the id (its last digits, from 1 on) has been kept. */
size_t bench_count(int number);
/* Each of 1 .. count at least once? */
bool bench_has_all(int count);
/* Change the record as if the citizen had: updated now. */
void bench_touch(int number);
/* Add a record as JSON. */
void bench_add(const char *record);
void bench_fault(const char *spec);
void bench_no_fault(void);
/* Requests of an operation so far. */
int64_t bench_requests(const char *operation);

#endif
