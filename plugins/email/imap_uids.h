/* imap_uids.h: a set of message numbers as sorted ranges, with a ceiling. When
 * a mailbox has more holes than that, the set keeps the lowest numbers and
 * says so: the rest is searched for later, once these have been read. */
#ifndef EMAIL_IMAP_UIDS_H
#define EMAIL_IMAP_UIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAP_RANGES_MAX 4096u

struct imap_range {
	uint32_t first, last;
};

/* Plain values; all zero is the empty set. */
struct imap_uids {
	struct imap_range ranges[IMAP_RANGES_MAX];
	size_t count;
	bool cut;       /* numbers above `ceiling` were left out */
	uint32_t ceiling;
};

void imap_uids_clear(struct imap_uids *u);
/* Add first..last (first <= last), in any order, twice is once. */
void imap_uids_add(struct imap_uids *u, uint32_t first, uint32_t last);
/* Once all have been added, before any of the functions below. */
void imap_uids_settle(struct imap_uids *u);
bool imap_uids_is_empty(const struct imap_uids *u);
/* The lowest number; 0 when empty. */
uint32_t imap_uids_lowest(const struct imap_uids *u);
/* Drop everything up to and including uid. */
void imap_uids_drop(struct imap_uids *u, uint32_t uid);
/* The lowest numbers, at most `max` of them, as IMAP writes a set ("3,5:9"),
 * as many ranges as fit into size bytes. Returns the highest number written;
 * 0 when the set is empty. The set is not changed. */
uint32_t imap_uids_write(const struct imap_uids *u, size_t max, char *out, size_t size);

#endif
