/* records.h: the complaints of the fake agency app: JSON objects with "id",
 * "created_at" and "updated_at". Safe to call from any thread. */
#ifndef FAKE_RECORDS_H
#define FAKE_RECORDS_H

#include "base/why.h"
#include <jansson.h>

struct records;

struct records *records_new(void);
void records_free(struct records *r);

/* A file with a list of objects. CONFIG and the reason when it is none. */
MUST_CHECK enum jembatan_result records_load(struct records *r, const char *path,
					     struct why *why);
/* Adds one, or changes the keys given of the one with the same id; what was
 * not given is made: a 19-digit id, created_at and updated_at (now). DATA when
 * it is not an object. The id goes to *out_id; the caller frees. */
MUST_CHECK enum jembatan_result records_put(struct records *r, json_t *record, char **out_id);
void records_clear(struct records *r);

/* Those with updated_at >= since_ms, sorted by a key and then by id; the
 * caller's list. The objects in it never change. */
json_t *records_select(struct records *r, const char *sort_by, bool descending, int64_t since_ms);
/* The caller's reference, or NULL. */
json_t *records_find(struct records *r, const char *id);

/* "2026-11-21T22:42:00.5Z", also with an offset, to milliseconds; -1 when it
 * is no time. */
int64_t records_time(const char *text);

#endif
