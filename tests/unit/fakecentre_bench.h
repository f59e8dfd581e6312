/* fakecentre_bench.h: words for the tests of the fake centre, which runs as a
 * child. Whatever must not fail is checked inside. */
#ifndef TESTS_FAKECENTRE_BENCH_H
#define TESTS_FAKECENTRE_BENCH_H

#include "../fake/drive.h"

#define BENCH_CREATE "/complaints/complaint"

extern struct drive centre;

/* Starts it with these further options, ended by NULL (or NULL). */
void bench_start(const char *const *more);
void bench_setup(void);    /* without options */
void bench_teardown(void); /* it must end well on SIGTERM */

/* A complaint that is right; the caller's. */
json_t *bench_complaint(const char *reference);
/* Takes the reference. */
CURLcode bench_send(const char *path, json_t *body);
CURLcode bench_create(const char *reference);
void bench_route(const char *to); /* of the first complaint */
int64_t bench_upload(const char *name, const char *content);
void bench_field(curl_mime *form, const char *name, const char *value);
long bench_followup(const char *id, const char *content);
void bench_fault(const char *spec);

/* The last answer, and one number of it (-1: not there). */
json_t *bench_answer(void);
int64_t bench_number(const char *path);
json_t *bench_get(const char *path);
/* A number, or the size of a list, in /_state. */
int64_t bench_state(const char *path);

#endif
