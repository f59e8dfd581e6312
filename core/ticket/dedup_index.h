/* dedup_index.h: inside dedup: the window's records and their postings. */
#ifndef TICKET_DEDUP_INDEX_H
#define TICKET_DEDUP_INDEX_H

#include "ticket/dedup.h"
#include "ticket/dedup_keys.h"

#define POSTING_LOOK 12u    /* newest records of a key that are looked at */

struct window;

struct window_slot {
	uint64_t id, incident;
	int64_t added_ms;
	bool forgotten;
	struct dedup_record record; /* borrowed until the record expires */
};

struct window *window_new(void);
void window_free(struct window *w);
/* Before the first is added: room for so many, at once. It grows by itself too. */
void window_expect(struct window *w, size_t count);
/* Record number of the added one: numbers ascend by one. */
uint32_t window_add(struct window *w, uint64_t id, uint64_t incident, int64_t added_ms,
		    const struct fingerprint *f);
/* The oldest record's number, and one past the newest's. */
uint32_t window_first(const struct window *w);
uint32_t window_end(const struct window *w);
void window_get(const struct window *w, uint32_t number, struct window_slot *out);
/* It is wanted soon: what it says is on its way from here on. */
void window_fetch(const struct window *w, uint32_t number);
void window_set(struct window *w, uint32_t number, uint64_t incident, bool forgotten);
void window_drop_first(struct window *w);
void window_drop_last(struct window *w); /* undoes window_add */
size_t window_bytes(const struct window *w);

/* The best candidates for f, at most max, best first: the same words before all others. */
size_t window_find(struct window *w, const struct fingerprint *f, uint32_t *out, size_t max);
/* The newest record of the very same words; false when there is none. */
bool window_find_same(struct window *w, const struct fingerprint *f, struct window_slot *out);
/* The newest records of f's author in an incident, at most max. */
size_t window_find_own(struct window *w, const struct fingerprint *f, uint64_t incident,
		       uint32_t *out, size_t max);

#endif
