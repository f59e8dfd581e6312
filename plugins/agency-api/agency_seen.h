/* agency_seen.h: which records this process has already brought to disk, so
 * that the overlap costs no requests for details and no frames. Only a saving:
 * it forgets all when it is full, and the core knows duplicates by itself. */
#ifndef AGENCY_SEEN_H
#define AGENCY_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agency_seen;

struct agency_seen *agency_seen_new(void);
void agency_seen_free(struct agency_seen *seen);

/* The first 16 hex digits of a digest as a key; never 0. */
uint64_t agency_seen_key(const char *digest_hex);
bool agency_seen_has(const struct agency_seen *seen, uint64_t key);
/* Brought, but not yet on disk. */
void agency_seen_note(struct agency_seen *seen, uint64_t key);
/* The checkpoint has succeeded: what was noted counts from now on. */
void agency_seen_commit(struct agency_seen *seen);
/* It has not: what was noted is brought again. */
void agency_seen_abort(struct agency_seen *seen);

#endif
